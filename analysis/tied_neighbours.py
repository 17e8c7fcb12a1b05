"""Who is nearest to whom when everyone at the distance of the k-th nearest counts.

Register data are full of equal rows: distances are computed once per distinct row, and pairs of persons are never
written out.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy


class Nearest(Protocol):
    """Who is nearest to whom, between distinct rows: each focal row and its nearest donor rows."""

    def gathered(self, of_donors: np.ndarray) -> np.ndarray:
        """Sum over the nearest donor rows, per focal row."""
        ...

    def handed(self, of_focal: np.ndarray) -> np.ndarray:
        """Sum over the focal rows that have a donor row among their nearest, per donor row."""
        ...


@dataclass(frozen=True)
class _Sparse:
    table: "scipy.sparse.csr_array"

    def gathered(self, of_donors: np.ndarray) -> np.ndarray:
        return self.table @ of_donors

    def handed(self, of_focal: np.ndarray) -> np.ndarray:
        return self.table.T @ of_focal


@dataclass(frozen=True)
class _Intervals:
    """On a line the nearest are an interval first … last − 1 of the sorted donor rows."""

    first: np.ndarray
    last: np.ndarray
    n_donors: int

    def gathered(self, of_donors: np.ndarray) -> np.ndarray:
        running = np.concatenate([[0.0], np.cumsum(of_donors)])
        return running[self.last] - running[self.first]

    def handed(self, of_focal: np.ndarray) -> np.ndarray:
        used = self._running(np.ones(len(of_focal))) > 0.5
        # Sums of differences leave rounding where nobody was nearest.
        return np.where(used, self._running(of_focal), 0.0)

    def _running(self, values: np.ndarray) -> np.ndarray:
        n = self.n_donors + 1
        return np.cumsum(np.bincount(self.first, values, n) - np.bincount(self.last, values, n))[:-1]


@dataclass(frozen=True)
class Side:
    """One direction: persons `focal` (rows) matched to `donors` (rows), and the distinct row that each stands in."""

    focal: np.ndarray
    donors: np.ndarray
    focal_group: np.ndarray
    donor_group: np.ndarray
    nearest: Nearest


def tied_neighbours(points: np.ndarray, is_focal: np.ndarray, k: int, tolerance: float) -> Side:
    """Nearest persons outside `is_focal` (n,) of each person in it, by Euclidean distance between `points` (n, p).

    Tied are those whose squared distance is within `tolerance` of the k-th smallest; there must be k donors.
    """
    focal, donors = np.flatnonzero(is_focal), np.flatnonzero(~is_focal)
    focal_points, focal_group = _distinct(points[focal])
    donor_points, donor_group = _distinct(points[donors])
    reach = _reach(focal_points, donor_points, np.bincount(donor_group), k, tolerance)
    if points.shape[1] == 1:
        line = donor_points[:, 0]
        first = np.searchsorted(line, focal_points[:, 0] - reach, side="left")
        last = np.searchsorted(line, focal_points[:, 0] + reach, side="right")
        nearest: Nearest = _Intervals(first, last, len(line))
    else:
        nearest = _Sparse(_within(focal_points, donor_points, reach))
    return Side(focal, donors, focal_group, donor_group, nearest)


def _distinct(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sorted distinct rows, and for each row which of them it is."""
    distinct, group = np.unique(points, axis=0, return_inverse=True)
    return distinct, group.reshape(-1)


def _reach(focal: np.ndarray, donors: np.ndarray, counts: np.ndarray, k: int, tolerance: float) -> np.ndarray:
    """Distance within which donors count as nearest: that of the k-th, and what is tied with it.

    A hair is added, since a distance computed anew may differ in the last bit.
    """
    wanted = min(k, len(donors))
    distance, index = scipy.spatial.cKDTree(donors).query(focal, k=np.arange(1, wanted + 1))
    enough = np.argmax(np.cumsum(counts[index], axis=1) >= k, axis=1)
    kth = distance[np.arange(len(focal)), enough]
    return np.sqrt(kth**2 + tolerance) * (1 + 1e-12) + 1e-15


def _within(focal: np.ndarray, donors: np.ndarray, reach: np.ndarray) -> "scipy.sparse.csr_array":
    lists = scipy.spatial.cKDTree(donors).query_ball_point(focal, reach)
    ends = np.concatenate([[0], np.cumsum([len(own) for own in lists])])
    index = np.concatenate([np.asarray(own, dtype=np.int64) for own in lists])
    return scipy.sparse.csr_array((np.ones(len(index)), index, ends), shape=(len(focal), len(donors)))
