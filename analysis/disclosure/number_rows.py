"""The rows of coefficients that one published number gives a reader (see `analysis.disclosure.equations`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.disclosure.cliques import Layout
from analysis.disclosure.declared import COUNT, EFFECT, MEAN, MODEL, SHARE, SUM, Cell, Classification, Group, Number
from analysis.disclosure.shown import DERIVED, Shown, count_bounds, numerator_bounds, value_bounds

# A row of coefficients by variable, its bounds, and another number that it rests on (its place, or −1).
Row = tuple[dict[int, float], float, float, int]
# How counts are printed, with the place of the number, by the cells they count.
Bases = dict[tuple[Cell, ...], dict[Shown, int]]
NOTHING = -1
INF = np.inf


@dataclass(frozen=True)
class Variables:
    """First the persons in each atom of the layout, then the sum of each amount over them."""

    classification: Classification
    layout: Layout
    measures: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.layout.size * (1 + len(self.measures))

    def summed(self, cells: Sequence[Cell], measure: str = "", factor: float = 1.0) -> dict[int, float]:
        """`factor` for each variable that the cells sum, as often as they do."""
        start = 0 if not measure else self.layout.size * (1 + self.measures.index(measure))
        found: dict[int, float] = {}
        for item in cells:
            for variable in self.layout.atoms(self.classification.canonical(item)):
                place = start + int(variable)
                found[place] = found.get(place, 0.0) + factor
        return found


def printed_bases(classification: Classification, numbers: Sequence[Number]) -> Bases:
    """Counts that a reader can divide by: each value that is printed, with a number that has it."""
    found: Bases = {}
    for place, number in enumerate(numbers):
        if number.kind == COUNT and not number.silent:
            found.setdefault(_key(classification, number.of.cells), {})[number.shown] = place
    return found


def _key(classification: Classification, cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(sorted(map(classification.canonical, cells)))


def printed_rows(variables: Variables, number: Number, bases: Bases) -> Iterator[Row]:
    """What is printed of a number; nothing where it is hidden, derived, of a model, or the value of one
    person."""
    group = number.groups[0]
    if number.kind == COUNT and number.shown.status != DERIVED:
        yield variables.summed(group.cells), *count_bounds(number.shown), NOTHING
    elif number.silent:
        return
    elif number.kind == SHARE:
        yield from _share_rows(variables, number, bases.get(_key(variables.classification, group.base), {}))
    elif number.kind == SUM:
        yield variables.summed(group.cells, number.measure), *map(float, value_bounds(number.shown)), NOTHING
    elif number.kind == MEAN:
        low, high = map(float, value_bounds(number.shown))
        total = variables.summed(group.cells, number.measure)
        yield _added(total, variables.summed(group.base, factor=-low)), 0.0, INF, NOTHING
        yield _added(total, variables.summed(group.base, factor=-high)), -INF, 0.0, NOTHING
    elif number.kind == EFFECT:
        yield from _effect_rows(variables, number)


def _share_rows(variables: Variables, number: Number, bases: dict[Shown, int]) -> Iterator[Row]:
    shown, group, doubled = number.shown, number.groups[0], 2 * number.shown.unit
    counted = variables.summed(group.cells)
    for base, place in bases.items():
        yield counted, *numerator_bounds(shown, base), place
    low, high = 2 * shown.units - 1, 2 * shown.units + 1
    # Numerator k − above ≤ k' ≤ k + below for its rounded k', and so the base.
    least = -shown.below - max(low, 0) / doubled * shown.above
    yield _added(counted, variables.summed(group.base, factor=-low / doubled)), least, INF, NOTHING
    most = shown.above + (high * shown.below - 1) / doubled
    yield _added(counted, variables.summed(group.base, factor=-high / doubled)), -INF, most, NOTHING


def _effect_rows(variables: Variables, number: Number) -> Iterator[Row]:
    first, second = number.groups
    bases = (number.truth.base, number.truth.minus_base)
    if not all(bases):
        return
    parts = [
        variables.summed(group.cells, number.measure, sign / base)
        for group, base, sign in zip((first, second), bases, (1.0, -1.0), strict=True)
    ]
    yield _added(*parts), *map(float, value_bounds(number.shown)), NOTHING


def true_rows(variables: Variables, number: Number) -> Iterator[Row]:
    """Counts behind a number, exactly; amounts are not needed to know how many persons there are."""
    truth, of_amounts = number.truth, bool(number.measure)
    if number.kind == MODEL:
        return
    groups = zip(number.groups, ((truth.value, truth.base), (truth.minus_value, truth.minus_base)), strict=False)
    for group, (value, base) in groups:
        if value is not None and not of_amounts:
            yield variables.summed(group.cells), value, value, NOTHING
        if base is not None and _differs(group, of_amounts):
            yield variables.summed(group.base), base, base, NOTHING


def _differs(group: Group, of_amounts: bool) -> bool:
    return of_amounts or group.cells != group.base


def _added(*parts: dict[int, float]) -> dict[int, float]:
    found: dict[int, float] = {}
    for part in parts:
        for variable, value in part.items():
            found[variable] = found.get(variable, 0.0) + value
    return found
