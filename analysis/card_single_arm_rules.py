"""Rules of the card about one group without a comparison of its own. See `card_rules` for how rules are written."""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_parts import mapping, mappings
from analysis.strict import Finding

KEY = ("published", "single_arm", "benchmarks")


def is_matched(data: dict[str, Any]) -> bool:
    """Whether the differences of a delivery are estimated by matching persons."""
    design = data.get("design")
    wanted = design == "matched_did" or (design == "single_arm" and data.get("matching") is not None)
    return wanted and data.get("analysis") != "describe" and data.get("data_kind") != "published"


def one_group_is_compared_by_matching(data: dict[str, Any]) -> Iterator[Finding]:
    """A delivered group without a comparison of its own is matched with others, or only described."""
    if data.get("design") != "single_arm" or not data.get("files") or data.get("analysis") == "describe":
        return
    if data.get("matching") is None:
        mend = "Fyll inn matching når leveransen har personer å sammenligne med, eller skriv analysis: describe."
        yield ("matching",), "mangler, og uten den har designet single_arm ingen å sammenligne med.", mend


def bands_can_be_used(data: dict[str, Any]) -> Iterator[Finding]:
    """A band has its ends in order, a name of its own, and a source that the card lists."""
    listed = [source.get("id") for source in mappings(data.get("sources"))]
    bands = mappings(mapping(mapping(data.get("published")).get("single_arm")).get("benchmarks"))
    names = [band.get("id") for band in bands]
    for place, band in enumerate(bands):
        low, high = band.get("low"), band.get("high")
        if _number(low) and _number(high) and low > high:
            yield (*KEY, place, "low"), f"fant {low}, som er over high ({high}).", "Bytt om low og high."
        if band.get("id") is not None and band["id"] in names[:place]:
            yield (*KEY, place, "id"), f"«{band['id']}» er brukt før.", "Hvert navn kan bare stå én gang."
        source = band.get("source")
        if isinstance(source, str) and listed and source not in listed:
            yield (*KEY, place, "source"), f"kilden «{source}» står ikke i kortet.", "Legg den til under sources."


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


SINGLE_ARM_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    one_group_is_compared_by_matching,
    bands_can_be_used,
)
