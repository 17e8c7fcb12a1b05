"""A cohort's texts in other languages, kept beside its card: cohorts/<cohort>/translations.yaml.

The card holds the plan, and a translation changes no plan: here the texts can be put into Nynorsk and English after the
plan is locked. A text is found by its Bokmål; one that has changed since has no translation any more.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.strict import Finding, Strict, Text, read_strict

FILE = "translations.yaml"


class Translations(Strict):
    """The file: a list of texts with nb, and nn or en or both."""

    texts: list[Text]


def read_translations(path: str | Path | None) -> dict[str, dict[str, str]]:
    """Texts by their Bokmål, with those of nn and en that are there; none without a file.

    Raises ProblemsFound with every mistake: an unknown key, the same Bokmål twice, a text that is in Bokmål alone.
    """
    if not path or not Path(path).is_file():
        return {}
    found = read_strict(path, Translations, _rules).texts
    return {text.nb: {code: words for code in ("nn", "en") if (words := getattr(text, code))} for text in found}


def _rules(data: dict[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    listed = data.get("texts")
    for number, one in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(one, Mapping):
            continue
        if not one.get("nn") and not one.get("en"):
            yield ("texts", number), "har verken nn eller en.", "Fyll inn minst én av dem."
        if str(one.get("nb")) in seen:
            yield ("texts", number), "den samme bokmålsteksten står flere ganger.", "La den stå én gang."
        seen.add(str(one.get("nb")))


def texts_of(value: Any) -> Iterator[dict[str, str | None]]:
    """Every text of a card or of published figures as plain data: mappings of nb, nn and en."""
    if isinstance(value, Mapping):
        if "nb" in value and set(value) <= {"nb", "nn", "en"}:
            yield dict(value)
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item)
