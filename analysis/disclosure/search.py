"""How little a reader needs to know: bounds on many groups of persons at once, with few linear programmes.

Every solution of the equations is a table that could be the true one. If two of them count a group so differently that
the guarantee holds, the group is safe and needs no programme of its own; a programme for all unsettled groups together
settles most of them. The groups that are left are solved one by one, and each answer helps to settle the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.disclosure.declared import Cell
from analysis.disclosure.equations import Equations
from analysis.disclosure.interval import Extreme, Reader, whole
from analysis.disclosure.targets import Rule, Target, kept_values

# A programme for all groups together that settles a smaller part of them than this is the last one.
WORTHWHILE = 0.05
TOLERANCE = 1e-6
Bounds = tuple[float, float]
Safe = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Bounded:
    """Whole-number bounds that a reader finds for a group, and the rows of the equations they rest on."""

    place: int
    bounds: Bounds
    rows: np.ndarray


def target_rows(system: Equations, targets: Sequence[Target]) -> "scipy.sparse.csr_array":
    """A row of coefficients per group, (groups, n)."""
    entries = [_entries(system, target) for target in targets]
    rows = np.repeat(np.arange(len(entries)), [len(columns) for columns, _ in entries])
    columns = np.concatenate([columns for columns, _ in entries] or [np.array([], "int64")])
    values = np.concatenate([values for _, values in entries] or [np.array([])])
    return scipy.sparse.csr_array((values, (rows, columns)), shape=(len(entries), system.matrix.shape[1]))


def _entries(system: Equations, target: Target) -> tuple[np.ndarray, np.ndarray]:
    larger = _atoms(system, target.larger)
    if target.smaller is None:
        return larger, np.ones(len(larger))
    smaller = _atoms(system, target.smaller)
    return np.concatenate([larger, smaller]), np.concatenate([np.ones(len(larger)), -np.ones(len(smaller))])


def _atoms(system: Equations, item: Cell) -> np.ndarray:
    return system.layout.atoms(item)


def unsettled(reader: Reader, rows: "scipy.sparse.csr_array", safe: Safe, enough: float) -> list[Bounded]:
    """Bounds on the groups (rows) that the solutions so far did not show to be safe.

    `enough`: a count that goes far to show it. `safe` takes the least and greatest count seen of every group, in
    fractions of persons, (groups,) each, and says which are safe whatever else is possible.
    """
    seen = _Seen(rows)
    left = _easily(reader, seen, safe, enough)
    found: list[Bounded] = []
    while len(left):
        place = int(left[0])
        row = rows[[place]].toarray()[0]
        greatest, least = seen.noted(reader.greatest(row)), seen.noted(reader.least(row))
        if not safe(*seen.spread)[place]:
            used = np.unique(np.concatenate([greatest.rows, least.rows]))
            found.append(Bounded(place, whole(least.value, greatest.value), used))
        left = left[1:]
        left = left[~safe(*seen.spread)[left]]
    return found


class _Seen:
    """The least and greatest count of each group among the solutions so far."""

    def __init__(self, rows: "scipy.sparse.csr_array"):
        self.rows = rows
        self.spread = (np.full(rows.shape[0], np.inf), np.full(rows.shape[0], -np.inf))

    def noted(self, extreme: Extreme) -> Extreme:
        if extreme.x is not None:
            self.add(extreme.x)
        return extreme

    def add(self, x: np.ndarray) -> None:
        counts = self.rows @ x
        self.spread = np.minimum(self.spread[0], counts), np.maximum(self.spread[1], counts)


def _easily(reader: Reader, seen: _Seen, safe: Safe, enough: float) -> np.ndarray:
    """The places that are left when programmes for all groups together no longer settle many."""
    left = np.arange(seen.rows.shape[0])
    while len(left) > 2:
        together = np.asarray(seen.rows[left].sum(axis=0)).ravel()
        seen.noted(reader.least(together))
        seen.add(reader.spread(seen.rows[left], enough))
        before, left = len(left), left[~safe(*seen.spread)[left]]
        if len(left) > before * (1 - WORTHWHILE):
            break
    return left


def count_is_safe(truth: tuple[np.ndarray, np.ndarray], rule: Rule) -> Safe:
    """Whether a guarantee holds that wider bounds cannot break (`targets.gives_away`), for the truth of each group."""
    first = np.maximum(truth[0], 0 if rule.zeros_hidden else 1)
    base, never_small = kept_values(rule), ~may_be_small(*truth, rule)
    first = np.maximum(truth[0], 1)

    def safe(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        lowest, highest = np.ceil(low - TOLERANCE), np.floor(high + TOLERANCE)
        if base:
            return never_small | (highest - lowest + 1 >= base)
        return never_small | ((highest >= rule.threshold) & (lowest < first))

    return safe


def may_be_small(low: np.ndarray, high: np.ndarray, rule: Rule) -> np.ndarray:
    """Whether the true count, somewhere from `low` to `high`, may be one that the profile protects."""
    return np.maximum(low, 0 if rule.zeros_hidden else 1) <= np.minimum(high, rule.threshold - 1)


def somebody_possible(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether there can be somebody in each group."""
    return np.floor(high + TOLERANCE) >= 1
