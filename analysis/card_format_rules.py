"""Rules about the options of a file that depend on its format. See `card_rules`."""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_parts import mapping, mappings
from analysis.strict import Finding

FILE_FORMATS = ("csv", "stata", "spss", "sas", "sas_xport", "xlsx", "parquet")
# Which formats use an option; what is not here suits them all.
USED_BY: dict[str, tuple[str, ...]] = {
    "path": FILE_FORMATS,
    "package": FILE_FORMATS,
    "sha256": FILE_FORMATS,
    "delimiter": ("csv",),
    "compression": ("csv",),
    "encoding": ("csv", "sas_xport"),
    "labels": ("stata", "spss"),
    "sheet": ("xlsx",),
    "query": ("postgresql",),
    "order": ("postgresql",),
    "connection": ("postgresql",),
}
# At its default an option changes nothing, and a card that was written out with its defaults can be read again.
NEUTRAL: dict[str, Any] = {"delimiter": ";", "compression": "none", "encoding": "utf-8", "labels": False, "order": []}
NEEDED = ("path", "sheet", "query", "order", "connection")


def options_suit_the_format(data: dict[str, Any]) -> Iterator[Finding]:
    """Every option that a format needs is there, and none that it does not use."""
    for place, file in enumerate(mappings(data.get("files"))):
        chosen = file.get("format")
        if chosen not in (*FILE_FORMATS, "postgresql"):  # a tuple: what stands there may be a list
            continue
        for option, formats in USED_BY.items():
            given = file.get(option) not in (None, NEUTRAL.get(option))
            if given and chosen not in formats:
                what = f"brukes ikke når format er {chosen}, bare for {', '.join(formats)}."
                yield ("files", place, option), what, f"Fjern {option}."
            if not given and chosen in formats and option in NEEDED:
                yield ("files", place, option), f"mangler, men formatet {chosen} bruker den.", f"Fyll inn {option}."


def connections_have_one_place(data: dict[str, Any]) -> Iterator[Finding]:
    """A connection is described by an environment variable or by a service, not both."""
    for place, file in enumerate(mappings(data.get("files"))):
        connection = file.get("connection")
        given = [key for key in ("environment", "service") if mapping(connection).get(key) is not None]
        if isinstance(connection, dict) and len(given) != 1:
            what = f"fant {' og '.join(given) or 'ingenting'}."
            yield ("files", place, "connection"), what, "Oppgi nøyaktig én av: environment, service."


FORMAT_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    options_suit_the_format,
    connections_have_one_place,
)
