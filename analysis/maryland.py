"""The Maryland scale of scientific methods, from 1 (before and after, or two groups as they are) to 5 (lots drawn).

It looks at design and execution only, and stands beside the grade. Ceilings by design as the What Works Centre for
Local Economic Growth uses the scale (Guide to scoring evidence using the Maryland Scientific Methods Scale, 2016):
execution can lower what the design could give.
"""

from collections.abc import Collection
from dataclasses import dataclass

from analysis.cards import Card

RANDOMISED = 5
COMPARED_CHANGES = 3
ADJUSTED = 2
UNCOMPARED = 1
# No outcome is held against anything.
OFF_THE_SCALE = 0


@dataclass(frozen=True)
class Maryland:
    """`score` after execution, `design` what the design can give at most; both 0 to 5, 0 for off the scale."""

    score: int
    design: int


def ceiling(card: Card) -> int:
    """What the design can give at most."""
    if card.design.endswith("_randomised"):
        return RANDOMISED
    if card.design in ("matched_did", "staggered_did"):
        return COMPARED_CHANGES
    if card.design == "aggregated_series":
        return COMPARED_CHANGES if card.staggered is not None else UNCOMPARED
    if card.design == "single_arm":
        return UNCOMPARED if card.matching is None else ADJUSTED
    return OFF_THE_SCALE if card.design == "exposures" else ADJUSTED


def maryland(card: Card, *, execution_steps: int, gate_missing: Collection[str]) -> Maryland:
    """The level of a cohort: `execution_steps` down for execution, and checks of its gate that do not hold.

    A trial loses a level for each step, down to that of compared changes; the others lose one if their gate is not
    passed.
    """
    design = ceiling(card)
    if design == RANDOMISED:
        return Maryland(max(COMPARED_CHANGES, design - execution_steps), design)
    return Maryland(max(min(design, UNCOMPARED), design - bool(gate_missing)), design)
