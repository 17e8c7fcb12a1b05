"""Rules of the assumptions on cost: ranges hold their value, and what has no source is called an assumption."""

from collections.abc import Iterator
from typing import Any

from analysis.card_cost import ACCOUNT_KEYS, ASSUMED
from analysis.card_parts import mapping, mappings
from analysis.strict import Finding


def _assumptions(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, item in mapping(data.get("cost")).items():
        if isinstance(item, dict):
            yield name, item


def ranges_hold_their_value(data: dict[str, Any]) -> Iterator[Finding]:
    """A range has both ends, and the value lies between them."""
    for name, item in _assumptions(data):
        ends = [item.get("low"), item.get("high")]
        if ends.count(None) == 1:
            missing = "low" if ends[0] is None else "high"
            yield ("cost", name), f"spennet mangler {missing}.", "Oppgi både low og high, eller ingen av dem."
        numbers = [ends[0], item.get("value"), ends[1]]
        if all(isinstance(number, int | float) for number in numbers) and numbers != sorted(numbers):
            yield ("cost", name), "verdien ligger utenfor spennet.", "low ≤ value ≤ high."


def what_has_no_source_is_assumed(data: dict[str, Any]) -> Iterator[Finding]:
    """A reader must see which numbers somebody has stated; a source that is named stands in the card."""
    listed = [source.get("id") for source in mappings(data.get("sources"))]
    for name, item in _assumptions(data):
        source, certainty = item.get("source"), item.get("certainty")
        if source is None and isinstance(certainty, str) and certainty != ASSUMED:
            what = f"«{certainty}» krever en kilde."
            yield ("cost", name, "certainty"), what, f"Oppgi source, eller skriv certainty: {ASSUMED}."
        if isinstance(source, str) and listed and source not in listed:
            yield ("cost", name, "source"), f"kilden «{source}» står ikke i kortet.", "Legg den til under sources."


def accounts_are_whole(data: dict[str, Any]) -> Iterator[Finding]:
    """What a month of work is worth takes all the keys, or none."""
    cost = mapping(data.get("cost"))
    missing = [name for name in ACCOUNT_KEYS if cost.get(name) is None]
    if missing and len(missing) < len(ACCOUNT_KEYS):
        mend = f"Oppgi alle: {', '.join(ACCOUNT_KEYS)}. Uten dem regnes bare kostnaden."
        yield ("cost",), f"regnskapene mangler {', '.join(missing)}.", mend
    if len(missing) == len(ACCOUNT_KEYS) and cost.get("half_life") is not None:
        yield ("cost", "half_life"), "brukes ikke uten regnskapene.", f"Oppgi også {', '.join(ACCOUNT_KEYS)}."


COST_RULES = (ranges_hold_their_value, what_has_no_source_is_assumed, accounts_are_whole)
