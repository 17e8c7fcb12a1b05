"""Rules of the card about series: the key stands where it is read, and an office is not compared with itself.

See `card_rules` for how rules are written.
"""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_parts import mapping, mappings
from analysis.card_staggered_rules import is_estimated
from analysis.strict import Finding

OTHERS = "other_counties"


def series_stand_where_they_are_read(data: dict[str, Any]) -> Iterator[Finding]:
    """Only counts over time with an estimate have such an analysis."""
    if data.get("series") is None or data.get("design") is None:
        return
    if data["design"] != "aggregated_series" or not is_estimated(data):
        mend = "Fjern series, eller bruk designet aggregated_series med analysis: estimate og en leveranse."
        yield ("series",), "ingenting leser denne nøkkelen her.", mend


def an_office_is_not_compared_with_its_county(data: dict[str, Any]) -> Iterator[Finding]:
    """The county's figures hold the office's own, and so do the country's."""
    for place, asked in enumerate(mappings(mapping(data.get("series")).get("offices"))):
        against = asked.get("compared_with", OTHERS)
        if against in ("own_county", "country"):
            area = "fylket" if against == "own_county" else "landet"
            what = f"kontoret kan ikke sammenlignes med {area} det ligger i. Tallet for {area} inneholder kontorets"
            what += " eget, og kontorene rundt kan ha fått det samme."
            yield ("series", "offices", place, "compared_with"), what, f"Skriv compared_with: {OTHERS}."


def offices_of_a_series_are_named_once(data: dict[str, Any]) -> Iterator[Finding]:
    """Two analyses of the same office would have the same rows."""
    seen: set[str] = set()
    for place, asked in enumerate(mappings(mapping(data.get("series")).get("offices"))):
        name = str(asked.get("office"))
        if name in seen:
            yield (
                ("series", "offices", place, "office"),
                f"«{name}» er brukt før.",
                "Hvert kontor kan bare stå én gang.",
            )
        seen.add(name)


def dates_come_in_order(data: dict[str, Any]) -> Iterator[Finding]:
    """A date lies between the first and last month it can be, and the one before ends before the other begins."""
    chosen = mapping(data.get("series"))
    spans = []
    for name in ("before", "after"):
        date = mapping(chosen.get(name))
        month = str(date.get("month", ""))
        first, last = (str(date.get(end) or month) for end in ("earliest", "latest"))
        spans.append((first, last))
        if month and not first <= month <= last:
            yield ("series", name), f"{month} ligger ikke mellom earliest og latest.", "Rett månedene."
    if all(map(all, spans)) and spans[0][1] >= spans[1][0]:
        yield ("series", "after"), "tidspunktene overlapper.", "before må ligge før after."


SERIES_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    series_stand_where_they_are_read,
    an_office_is_not_compared_with_its_county,
    offices_of_a_series_are_named_once,
    dates_come_in_order,
)
