"""Choosers who look for their nearest partner among the same points, a tree of those who are free."""

import numpy as np
import scipy

from analysis.matching.free import FreePartners

FIRST, FIRST_WITH_RULES = 8, 16  # neighbours asked for at first
MANY = 1_000  # choosers whose neighbours are looked up at a time
SLOW = 128  # rows looked through one after the other in the time of one more neighbour from the tree
PLANTING = 256  # points planted in the time of one search on its own


class Searchers:
    """Choosers in their order, and the spots of one stratum that any of them may be paired with.

    Neighbours are looked up for many choosers at a time, and further out for one whose neighbours are all taken or
    not allowed. When that happens often, a new tree is planted of those who are left.
    """

    def __init__(self, partners: FreePartners, spots: np.ndarray, rules: bool):
        """`rules`: whether some of the spots may be forbidden to some of the choosers."""
        self.partners, self._spots, self._rules = partners, spots, rules
        self._tree: scipy.spatial.cKDTree | None = None
        self._missed = 0
        self.expect(np.empty(0, dtype=np.int64))

    def expect(self, rows: np.ndarray) -> None:
        """The choosers `rows` will come, in this order."""
        self._queue, self._next = rows, 0
        self._lists: list[tuple[list[int], list[float], float]] = []

    def nearest(self, own: int, mine: list[int]) -> int:
        """Row of the nearest partner of the next chooser `own` that is free, allowed and not in `mine`; −1: nobody.

        Of equally near ones the smallest label. A tie with the outermost point of the list is not settled before
        the list is longer, since others as near may stand beyond it.
        """
        if not self._lists:
            self._look_up()
        spots, far, edge = self._lists.pop()
        self._next += 1
        while True:
            best, reached = self.partners.first_of(spots, far, own, mine)
            if edge == np.inf or (best >= 0 and reached < edge):
                return best
            self._missed += 1
            if self._rules:
                window = self.partners.window(own)
                if (window.stop - window.start) < SLOW * len(spots):
                    return self.partners.nearest_in(window, own, mine)
            if self._planted_too_long_ago():
                self._plant()
            spots, far, edge = self._neighbours(self.partners.place([own]), 4 * max(len(spots), FIRST))[0]

    def _look_up(self) -> None:
        """Lists of the next choosers, the last of them first."""
        if self._tree is None or self._planted_too_long_ago():
            self._plant()
        places = self.partners.place(self._queue[self._next : self._next + MANY])
        self._lists = self._neighbours(places, FIRST_WITH_RULES if self._rules else FIRST)[::-1]

    def _planted_too_long_ago(self) -> bool:
        return self._missed * PLANTING >= self._tree.n > 0

    def _plant(self) -> None:
        self._spots = self._spots[self.partners.open[self._spots] > 0]
        self._tree = scipy.spatial.cKDTree(self.partners.places(self._spots), balanced_tree=False, compact_nodes=False)
        self._missed = 0

    def _neighbours(self, places: np.ndarray, most: int) -> list[tuple[list[int], list[float], float]]:
        """Spots and distances of the nearest, and how far out the list is complete, for each place."""
        k = min(most, self._tree.n)
        if k == 0:
            return [([], [], np.inf)] * len(places)
        distance, index = self._tree.query(places, k=np.arange(1, k + 1))
        edge = np.full(len(places), np.inf) if k == self._tree.n else distance[:, -1]
        return list(zip(self._spots[index].tolist(), distance.tolist(), edge.tolist(), strict=True))
