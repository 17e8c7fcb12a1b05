"""The partners of one stratum as points in space, and who of them is free, while they are taken one by one."""

import numpy as np

from analysis.matching.neighbour_task import Rules

RENEWED = 8  # rows are sorted anew when one in so many is taken


class FreePartners:
    """Partners of one stratum. Those with equal covariates stand at one spot; the smallest label is taken first."""

    def __init__(
        self, at: np.ndarray, point: np.ndarray, label: np.ndarray, rows: np.ndarray, uses: np.ndarray, rules: Rules
    ):
        """`at` (m, k): coordinates of points; `point` (n,) of persons; `rows`: partners, sorted by point and label.

        `uses` (n,): how many each may still serve; the caller counts it down and tells of those who are through.
        """
        self._ids, start, count = np.unique(point[rows], return_index=True, return_counts=True)
        self._at, self._point, self._label, self._uses, self._rules = at, point, label, uses, rules
        self.rows, self._members = rows, rows.tolist()
        self._first, self._end = start.tolist(), (start + count).tolist()
        self._allowed = _pair_check(rules)
        self._by_value: np.ndarray | None = None
        self._taken = 0
        self.open = count

    def places(self, spots: np.ndarray) -> np.ndarray:
        """Coordinates (s, k) of spots."""
        return self._at[self._ids[spots]]

    def place(self, row) -> np.ndarray:
        """Coordinates of one or many persons."""
        return self._at[self._point[row]]

    def spots(self, rows: np.ndarray) -> np.ndarray:
        """The spots where `rows` stand, each once."""
        return np.unique(np.searchsorted(self._ids, self._point[rows]))

    def close(self, row: int) -> None:
        """`row` can serve nobody more."""
        self.open[np.searchsorted(self._ids, self._point[row])] -= 1
        self._taken += 1

    def first_of(self, spots: list[int], far: list[float], own: int, mine: list[int]) -> tuple[int, float]:
        """The first available row along `spots`, with its distance; −1 when there is none.

        Of equally near ones the smallest label.
        """
        best, reached = -1, np.inf
        for spot, distance in zip(spots, far, strict=True):
            if distance > reached:
                break
            row = self._member(spot, own, mine)
            if row >= 0 and (best < 0 or self._label[row] < self._label[best]):
                best, reached = row, distance
        return best, reached

    def _member(self, spot: int, own: int, mine: list[int]) -> int:
        first, end, uses = self._first[spot], self._end[spot], self._uses
        while first < end and uses[self._members[first]] == 0:
            first += 1
        self._first[spot] = first
        for row in self._members[first:end]:
            if uses[row] > 0 and row not in mine and (self._allowed is None or self._allowed(own, row)):
                return row
        return -1

    def window(self, own: int) -> slice:
        """Who may be within the last of the widths, as places among those sorted by its values; all without widths."""
        if self._by_value is None or self._taken * RENEWED > len(self._by_value):
            self._sort()
        if self._values is None:
            return slice(0, len(self._by_value))
        here, width = self._rules.values[-1][own], self._rules.widths[-1]
        # A hair wider than the caliper: the sum is rounded, and the difference itself is looked at afterwards.
        reach = width + 1e-9 * (abs(here) + width)
        return slice(*np.searchsorted(self._values, [here - reach, np.nextafter(here + reach, np.inf)]))

    def _sort(self) -> None:
        left = self.rows[self._uses[self.rows] > 0]
        if len(self._rules.widths):
            left = left[np.argsort(self._rules.values[-1][left], kind="stable")]
        self._by_value, self._taken = left, 0
        self._values = self._rules.values[-1][left] if len(self._rules.widths) else None
        self._places = self.place(left)

    def nearest_in(self, window: slice, own: int, mine: list[int]) -> int:
        """The nearest of everyone in the window who is free, allowed and not in `mine`; −1 for nobody."""
        rows = self._by_value[window]
        fits = self._uses[rows] > 0
        for values, width in zip(self._rules.values, self._rules.widths, strict=True):
            fits &= np.abs(values[rows] - values[own]) <= width
        for codes in self._rules.codes:
            fits &= codes[rows] != codes[own]
        if mine:
            fits &= ~np.isin(rows, mine)
        rows = rows[fits]
        if len(rows) == 0:
            return -1
        distance = ((self._places[window][fits] - self.place(own)) ** 2).sum(axis=1)
        near = rows[distance == distance.min()]
        return int(near[np.argmin(self._label[near])])


def _pair_check(rules: Rules):
    """Whether two rows may be together, None when there are no rules; on lists, since one pair at a time is asked."""
    if not rules.any:
        return None
    within = list(zip(rules.values.tolist(), rules.widths.tolist(), strict=True))
    codes = rules.codes.tolist()

    def allowed(own: int, row: int) -> bool:
        for values, width in within:
            if not abs(values[own] - values[row]) <= width:
                return False
        return all(code[own] != code[row] for code in codes)

    return allowed
