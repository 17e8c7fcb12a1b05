"""What a source would have to tell before an effect could be estimated from it: keys of `needs.items`."""

from collections.abc import Iterator

from analysis.cards import Card
from analysis.published import Figures

NEEDS = (
    *("figures", "outcome", "denominators", "comparator", "baseline", "series"),
    *("arm_sizes", "measured", "offices", "icc", "adoption", "time_zero", "horizon", "curve"),
)


def needs(card: Card, figures: Figures) -> tuple[str, ...]:
    """Keys of `NEEDS` that the source lacks, in that order; worked out from the card and from which facts there are."""
    found = set(_needed(card, figures))
    return tuple(key for key in NEEDS if key in found)


def _needed(card: Card, figures: Figures) -> Iterator[str]:
    yield from PARTS[figures.part](card, figures)
    if card.time_zero.certainty == "absent" or (card.time_zero.month is None and figures.part == "two_points"):
        yield "time_zero"
    if not card.horizons and figures.part in ("single_arm", "benchmarks"):
        yield "horizon"


def _two_arms(card: Card, figures: Figures) -> Iterator[str]:
    stated = figures.two_arms
    if stated is None or stated.arms is None:
        yield "arm_sizes"
    if stated is not None and stated.counted == "at_most":
        yield "measured"
    if not card.assignment.randomised:
        yield "baseline"
    if card.assignment.unit == "office":
        yield "icc"
        if card.assignment.offices_treated is None or card.assignment.offices_comparison is None:
            yield "offices"


def _single_arm(card: Card, figures: Figures) -> Iterator[str]:
    yield from ("comparator", "offices")


def _two_points(card: Card, figures: Figures) -> Iterator[str]:
    yield from ("denominators", "comparator", "series", "offices")


def _exposures(card: Card, figures: Figures) -> Iterator[str]:
    yield from ("outcome", "comparator", "adoption")


def _no_figures(card: Card, figures: Figures) -> Iterator[str]:
    yield from ("figures", "measured", "curve")
    if figures.no_figures is None or figures.no_figures.persons is None:
        yield "arm_sizes"
    if not card.assignment.randomised:
        yield "comparator"


def _benchmarks(card: Card, figures: Figures) -> Iterator[str]:
    yield "comparator"
    if any(item.persons is None for item in figures.benchmarks or []):
        yield "denominators"


PARTS = {
    "two_arms": _two_arms,
    "single_arm": _single_arm,
    "two_points": _two_points,
    "exposures": _exposures,
    "no_figures": _no_figures,
    "benchmarks": _benchmarks,
}
