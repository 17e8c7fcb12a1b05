"""The analyses that a card declares: every combination of its grid, as values by axis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from analysis.card_grid import AXES, NONE, OWN, PERMUTATIONS, SENSITIVITY, way_of_card, word
from analysis.card_matching import Matching
from analysis.cards import Card
from analysis.event_values import has_a_change
from analysis.tables import MAIN

DID, LEVEL = "did", "level"
SIMPLE = "simple"


@dataclass(frozen=True, eq=False)
class Way:
    """One analysis: its name, and its value on every axis. Two ways are never equal."""

    name: str
    values: dict[str, Any]

    @property
    def choices(self) -> str:
        """``method=ipw;caliper=none``."""
        return ";".join(f"{axis}={word(value)}" for axis, value in self.values.items())


@dataclass(frozen=True)
class Found:
    """What the ways of a card give.

    `ways` (S) have `estimates` (S,) and, under permutation, `permuted` (B, S); `left_out`: the others with the reason.
    `level`: what was permuted: persons, adoption_dates or offices.
    """

    ways: Sequence[Way]
    estimates: np.ndarray
    permuted: np.ndarray
    left_out: Sequence[tuple[Way, str]]
    level: str


def permutations_of(card: Card) -> int:
    """How many there are."""
    return PERMUTATIONS if card.grid is None else card.grid.permutations


def within_of(spec: Matching) -> str:
    """Where partners are looked for first."""
    return spec.within.unit if spec.within else NONE


def axes(card: Card) -> dict[str, list[Any]]:
    """Values by axis, what the rest of the card has chosen first; none where it declares no grid."""
    if card.grid is None:
        return {}
    declared = {axis: getattr(card.grid, axis) for axis in AXES[way_of_card(card)]}
    return {axis: [own_value(card, axis), *map(_plain, values)] for axis, values in declared.items() if values}


def _plain(value: Any) -> Any:
    return getattr(value, "name", value)


def own_value(card: Card, axis: str) -> Any:
    """What the card has chosen on an axis."""
    if axis in ("method", "caliper", "ratio", "replace"):
        return getattr(card.matching, axis)
    if axis in ("control", "anticipation"):
        return getattr(card.staggered, axis)
    if axis in ("base_period", "base_month"):
        return getattr(card, axis)
    return {
        "formula": lambda: OWN,
        "within": lambda: within_of(card.matching),
        "estimator": lambda: DID if has_a_change(card.outcomes.primary) else LEVEL,
        "outcome": lambda: card.outcomes.primary,
        "horizon": lambda: card.horizons[0],
        "weighting": lambda: SIMPLE,
        "average": lambda: card.trial.average,
        "adjusted": lambda: False,
    }[axis]()


def combinations(card: Card) -> Iterator[Way]:
    """Every combination of the axes, numbered in the order of the card; the first, or only, is the main analysis."""
    found = axes(card) or {SENSITIVITY: [OWN]}
    for number, values in enumerate(product(*found.values())):
        name = MAIN if number == 0 else f"grid_{number:03d}"
        yield Way(name, dict(zip(found, values, strict=True)))
