"""Free partners in space: the nearest one of many, while they are taken one by one."""

import numpy as np
from scipy.spatial import cKDTree

from analysis.matching.neighbour_task import Rules

FIRST = 8  # neighbours asked for at first
SOME = 32  # neighbours above which looking through all rows is cheaper than asking each whether it is allowed
MANY = 256  # partners taken above which a new tree is cheaper than wading through them


class FreePartners:
    """The partners of one stratum, as points with the rows that stand at each.

    A chooser's nearest points are looked up once for all choosers, and further out only when all of them are
    taken or not allowed. When many have been taken, the tree is built anew of those that are left.
    """

    def __init__(self, at: np.ndarray, point: np.ndarray, label: np.ndarray, rows: np.ndarray):
        """`at` (m, k): coordinates of points; `point` (n,) of persons; `rows`: partners, sorted by point and label."""
        ids, start, count = np.unique(point[rows], return_index=True, return_counts=True)
        self._at, self._point, self._label, self._rows = at, point, label, rows
        self._spots = at[ids]
        self._first = start.tolist()
        self._end = (start + count).tolist()
        self._open = count.copy()
        self._spot_of = dict(zip(rows.tolist(), np.repeat(np.arange(len(ids)), count).tolist(), strict=True))
        self._members = rows.tolist()
        self._sorted: np.ndarray | None = None
        self._values: np.ndarray | None = None
        self._gone = 0
        self._lists: dict[int, tuple[list[int], list[float], float]] = {}
        self._plant(np.arange(len(ids)))

    def _plant(self, spots: np.ndarray) -> None:
        self._planted, self._taken = spots, 0
        self._tree = cKDTree(self._spots[spots], balanced_tree=False, compact_nodes=False)

    def look_up(self, numbers: np.ndarray, places: np.ndarray) -> None:
        """Remember the nearest points of the choosers `numbers` (c,), who stand at `places` (c, k)."""
        k = min(FIRST, self._tree.n)
        distance, index = self._tree.query(places, k=np.arange(1, k + 1))
        spots = self._planted[index].tolist()
        for number, spot, far in zip(numbers.tolist(), spots, distance.tolist(), strict=True):
            self._lists[number] = (spot, far, np.inf if k == self._tree.n else far[-1])

    def close(self, row: int) -> None:
        """`row` can serve nobody more."""
        self._open[self._spot_of[row]] -= 1
        self._taken += 1
        self._gone += 1

    def nearest(self, number: int, own: int, mine: list[int], uses: np.ndarray, rules: Rules) -> int:
        """Row of the nearest partner that is free, allowed and not yet in `mine`; −1 for nobody.

        Of equally near ones the smallest label. A tie with the outermost point of the list is not settled before
        the list is longer, since others as near may stand beyond it.
        """
        while True:
            spots, far, edge = self._lists[number]
            best, reached = self._first_of(spots, far, own, mine, uses, rules)
            if edge == np.inf or (best >= 0 and reached < edge):
                return best
            if rules.any and len(spots) >= SOME:
                return self._by_hand(own, mine, uses, rules)
            self._lengthen(number, own)

    def _first_of(self, spots, far, own, mine, uses, rules) -> tuple[int, float]:
        """First available row along the list, with its distance; −1 when there is none."""
        best, reached = -1, np.inf
        for spot, distance in zip(spots, far, strict=True):
            if distance > reached:
                break
            if self._open[spot] == 0:
                continue
            row = self._member(spot, own, mine, uses, rules)
            if row >= 0 and (best < 0 or self._label[row] < self._label[best]):
                best, reached = row, distance
        return best, reached

    def _member(self, spot: int, own: int, mine: list[int], uses: np.ndarray, rules: Rules) -> int:
        first, end = self._first[spot], self._end[spot]
        while first < end and uses[self._members[first]] == 0:
            first += 1
        self._first[spot] = first
        for row in self._members[first:end]:
            if uses[row] > 0 and row not in mine and (not rules.any or _allowed(rules, own, row)):
                return row
        return -1

    def _lengthen(self, number: int, own: int) -> None:
        if self._taken >= MANY:
            self._plant(np.flatnonzero(self._open))
        if self._tree.n == 0:
            self._lists[number] = ([], [], np.inf)
            return
        wide = min(4 * max(len(self._lists[number][0]), FIRST), self._tree.n)
        distance, index = self._tree.query(self._at[self._point[own]], k=np.arange(1, wide + 1))
        edge = np.inf if wide >= self._tree.n else distance[-1]
        self._lists[number] = (self._planted[index].tolist(), distance.tolist(), edge)

    def _by_hand(self, own: int, mine: list[int], uses: np.ndarray, rules: Rules) -> int:
        """The nearest by looking at every free and allowed row, within the window of the last caliper."""
        rows = self._window(own, uses, rules)
        fits = uses[rows] > 0
        for values, width in zip(rules.values, rules.widths, strict=True):
            fits &= np.abs(values[rows] - values[own]) <= width
        for codes in rules.codes:
            fits &= codes[rows] != codes[own]
        rows = rows[fits]
        if mine:
            rows = rows[~np.isin(rows, mine)]
        if len(rows) == 0:
            return -1
        distance = ((self._at[self._point[rows]] - self._at[self._point[own]]) ** 2).sum(axis=1)
        near = rows[distance == distance.min()]
        return int(near[np.argmin(self._label[near])])

    def _window(self, own: int, uses: np.ndarray, rules: Rules) -> np.ndarray:
        """Rows that can be within the last of the widths; all rows when there are no widths.

        Rows in use are left out now and then, so that what is looked through shrinks with what is left.
        """
        if self._sorted is None or self._gone >= max(MANY, len(self._sorted) // 8):
            left = self._rows[uses[self._rows] > 0]
            self._sorted = left[np.argsort(rules.values[-1][left], kind="stable")] if len(rules.widths) else left
            self._gone = 0
            self._values = rules.values[-1][self._sorted] if len(rules.widths) else None
        if self._values is None:
            return self._sorted
        here, width = rules.values[-1][own], rules.widths[-1]
        # A hair wider than the caliper: the sum is rounded, and the difference itself is looked at afterwards.
        reach = width + 1e-9 * (abs(here) + width)
        return self._sorted[
            np.searchsorted(self._values, here - reach) : np.searchsorted(self._values, here + reach, "right")
        ]


def _allowed(rules: Rules, own: int, row: int) -> bool:
    close = np.abs(rules.values[:, own] - rules.values[:, row]) <= rules.widths
    return bool(close.all() and (rules.codes[:, own] != rules.codes[:, row]).all())
