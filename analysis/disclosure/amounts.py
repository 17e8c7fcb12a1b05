"""Sums of amounts: what a reader can work out about the few persons by whom two published sums differ.

Counts may be rounded so well that nobody knows whether one or four persons make the difference, and yet two exact sums
tell what they earn. Where a group of 1 to threshold − 1 persons lies between two groups with a published sum or mean of
the same amount, the sum of that group must stay uncertain by the share p on each side (p-ratio of the profile).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.disclosure.declared import MEAN, SUM, Cell, Declared, Number
from analysis.disclosure.equations import Equations
from analysis.disclosure.interval import Reader
from analysis.disclosure.targets import Target, difference, nested

LEAST_SHARE = 0.1


@dataclass(frozen=True, order=True)
class Sum:
    """The sum of an amount over a group: that of the larger less that of the smaller cell."""

    measure: str
    larger: Cell
    smaller: Cell | None = None


def published_sums(releases: Sequence[Declared]) -> Iterator[tuple[Sum, Target]]:
    """Every published sum or mean, and every difference of two of the same amount, with the group it is about."""
    classification = releases[0].classification
    numbers = [number for one in releases for number in one.numbers if number.kind in (SUM, MEAN) and not number.silent]
    for measure in sorted({number.measure for number in numbers}):
        cells = sorted({classification.canonical(_cell(number)) for number in numbers if _matches(number, measure)})
        yield from ((Sum(measure, item), Target(item)) for item in cells)
        for larger, smaller in nested(classification, cells):
            yield Sum(measure, larger, smaller), difference(classification, larger, smaller)


def _matches(number: Number, measure: str) -> bool:
    return number.measure == measure and len(number.of.cells) == 1


def _cell(number: Number) -> Cell:
    return number.of.cells[0]


def narrow(reader: Reader, asked: Sum, share: float | None) -> np.ndarray | None:
    """The rows of the equations that tie the sum down to less than 2·share of its size; None when it stays uncertain.

    The size is that of the middle of the interval.
    """
    row = sum_row(reader.known, asked)
    greatest, least = reader.greatest(row), reader.least(row)
    width, size = greatest.value - least.value, abs(greatest.value + least.value) / 2
    if not np.isfinite(width) or width >= 2 * (share or LEAST_SHARE) * size:
        return None
    return np.unique(np.concatenate([greatest.rows, least.rows]))


def sum_row(system: Equations, asked: Sum) -> np.ndarray:
    row = system.row([asked.larger], asked.measure)
    return row if asked.smaller is None else row - system.row([asked.smaller], asked.measure)
