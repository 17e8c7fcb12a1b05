"""Groups of persons that a reader may try to count, and when the answer tells too much.

Groups: every declared cell; every cell of the cross-classifications that a declared cell lies in, the categories that
are not printed included; every difference between a declared cell and one inside it, in another report too (n − k,
matched and not, followed and lost); and every atom. Shares of 0 and 100 % are pairs of cells that differ in an outcome
alone: everybody in the larger has the same outcome if nobody, or everybody, is in the smaller.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from analysis.disclosure.cliques import Layout
from analysis.disclosure.declared import Cell, Classification, Dimension

# Cross-classifications with more cells than this are tried by their atoms and declared cells alone.
MOST_CELLS = 20_000
# Rows of a square of cells against cells that are held in memory at once.
AT_A_TIME = 512
ROUNDING = ("rounding", "redact_and_round")


class Rule(Protocol):
    """What an audit needs of a profile (`analysis.disclosure.profiles.Profile`)."""

    method: str
    threshold: int
    base: int | None
    zeros_hidden: bool
    persons_per_arm: int
    residual_df: int
    dominance: tuple[int, float] | None
    p_ratio: float | None


@dataclass(frozen=True, order=True)
class Target:
    """The persons in `larger` and not in `smaller`, a cell inside it or nothing."""

    larger: Cell
    smaller: Cell | None = None

    def __str__(self) -> str:
        return f"«{self.larger}»" if self.smaller is None else f"«{self.larger}» uten «{self.smaller}»"


@dataclass(frozen=True, order=True)
class SameOutcome:
    """Everybody in `group` has the same outcome if `rest` is empty."""

    group: Cell
    rest: Target

    def __str__(self) -> str:
        return f"«{self.group}»"


def targets(classification: Classification, cells: Sequence[Cell], atoms: Layout) -> list[Target]:
    """Every group to try, each once: boxes, then differences that are no boxes."""
    boxes = set(cells) | set(crossed_cells(classification, cells, atoms))
    boxes |= {classification.canonical(atoms.cell_of(variable)) for variable in range(atoms.size)}
    found = {Target(box) for box in boxes}
    found |= {difference(classification, larger, smaller) for larger, smaller in nested(classification, cells)}
    return sorted(found, key=lambda target: (target.smaller is not None, target.larger, target.smaller or Cell()))


def crossed_cells(classification: Classification, cells: Sequence[Cell], atoms: Layout) -> Iterator[Cell]:
    """Of each set of dimensions that a declared cell names, every combination of categories that are told apart."""
    for names in sorted({tuple(name for name, _ in item.parts) for item in cells}):
        merged = [atoms.categories.get(name, ((),)) for name in names]
        if all(name in atoms.categories for name in names) and math.prod(map(len, merged)) <= MOST_CELLS:
            for groups in itertools.product(*merged):
                parts = ((name, tuple(sorted(group))) for name, group in zip(names, groups, strict=True))
                yield classification.canonical(Cell(tuple(parts)))


def difference(classification: Classification, larger: Cell, smaller: Cell) -> Target:
    """A cell less one inside it, as a box where it is one: where they differ in one dimension."""
    known = {dimension.name: dimension.categories for dimension in classification.dimensions}
    outer, inner = dict(larger.parts), dict(smaller.parts)
    apart = [name for name in inner if set(inner[name]) != set(outer.get(name, known[name]))]
    if len(apart) != 1:
        return Target(larger, smaller)
    name = apart[0]
    left = tuple(sorted(set(outer.get(name, known[name])) - set(inner[name])))
    return Target(Cell(tuple(sorted({**outer, name: left}.items()))))


def nested(classification: Classification, cells: Sequence[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """Pairs (larger, smaller) of different canonical cells, the one inside the other."""
    meant = np.array([_meant(classification, item) for item in cells], dtype="float32")
    for start in range(0, len(cells), AT_A_TIME):
        # How many categories each cell means that the larger ones do not.
        outside = (1 - meant[start : start + AT_A_TIME]) @ meant.T
        for outer, inner in np.argwhere(outside == 0):
            if start + outer != inner:
                yield cells[start + outer], cells[inner]


def _meant(classification: Classification, item: Cell) -> list[bool]:
    """Whether each category of each dimension is meant."""
    parts = dict(item.parts)
    meant = ((one.categories, set(parts.get(one.name, one.categories))) for one in classification.dimensions)
    return [category in chosen for categories, chosen in meant for category in categories]


def same_outcomes(classification: Classification, boxes: Iterable[Cell]) -> list[SameOutcome]:
    """Pairs of boxes that differ in one outcome dimension, where one part of the larger has one category."""
    boxes, found = set(boxes), set()
    for dimension in (one for one in classification.dimensions if one.outcome):
        for group, chosen, left in _pairs(dimension, boxes):
            for rest, everybody in ((left, chosen), (chosen, left)):
                if len(everybody) == 1:
                    found.add(SameOutcome(group, Target(_with(group, dimension.name, rest))))
    return sorted(found)


def _pairs(dimension: Dimension, boxes: set[Cell]) -> Iterator[tuple[Cell, tuple[str, ...], tuple[str, ...]]]:
    """Each group with the categories of the dimension that a box in it chooses, and those that it leaves."""
    around: dict[Cell, set[tuple[str, ...]]] = {}
    for box in boxes:
        chosen = [what for name, what in box.parts if name == dimension.name]
        if chosen:
            around.setdefault(_without(box, dimension.name), set()).add(chosen[0])
    for others, choices in around.items():
        every = {tuple(sorted(dimension.categories))} if others in boxes else set()
        for whole, chosen in itertools.permutations(sorted(choices | every), 2):
            if set(chosen) < set(whole):
                group = others if whole in every else _with(others, dimension.name, whole)
                yield group, chosen, tuple(sorted(set(whole) - set(chosen)))


def _without(box: Cell, name: str) -> Cell:
    return Cell(tuple(part for part in box.parts if part[0] != name))


def _with(box: Cell, name: str, categories: tuple[str, ...]) -> Cell:
    return Cell(tuple(sorted({**dict(box.parts), name: categories}.items())))


def gives_away(bounds: tuple[float, float], truth: tuple[float, float], rule: Rule) -> bool:
    """Whether whole-number bounds on a count break the guarantee of the profile, the truth being somewhere in `truth`.

    Of a true count a from 1 (0 where zeros are hidden) to threshold − 1: rounding keeps at least `base` whole numbers;
    suppression keeps `threshold` or more possible, and for a above zero something less than a.
    """
    low, high = bounds
    first = max(0 if rule.zeros_hidden else 1, truth[0], low)
    last = min(rule.threshold - 1, truth[1], high)
    if first > last:
        return False
    base = kept_values(rule)
    if base:
        return high - low + 1 < base
    return high < rule.threshold or max(first, 1) <= low <= last


def kept_values(rule: Rule) -> int | None:
    """How many whole numbers stay possible for a small count where counts are rounded; None where they are not."""
    return rule.base if rule.method in ROUNDING else None
