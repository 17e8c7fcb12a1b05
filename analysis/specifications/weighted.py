"""Weighted differences between two groups, for many weights at once, observed and with outcomes that changed places."""

from collections.abc import Sequence

import numpy as np


def permuted_differences(
    weights: np.ndarray,
    treated: np.ndarray,
    values: np.ndarray,
    columns: Sequence[int],
    strata: np.ndarray,
    *,
    draws: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Differences (S,) between the weighted means of the groups, and (draws, S) when outcomes are permuted.

    `weights` (S, n), 0 or more; `treated` (n,); `values` (n, K), NaN where not known, of which specification s reads
    column `columns[s]`; `strata` (n,). In each draw all K values of a person, known or not, move together to another
    person of the stratum, the same for all specifications. NaN where a group has nobody known. An estimate is
    Σwy/Σw over the known of the treated, minus the same of the others.
    """
    sums = _Sums(weights, treated, values, np.asarray(columns))
    rng = np.random.default_rng(seed)
    order = np.argsort(strata, kind="stable")
    found = np.empty((draws, len(weights)))
    place = np.empty(len(strata), dtype=np.int64)
    for draw in range(draws):
        place[order] = np.argsort(strata + rng.random(len(strata)))
        found[draw] = sums.differences(place)
    return sums.differences(np.arange(len(strata))), found


class _Sums:
    """Everything that stays the same from draw to draw."""

    def __init__(self, weights: np.ndarray, treated: np.ndarray, values: np.ndarray, columns: np.ndarray):
        # Weights are alike in many specifications; each distinct row is multiplied once.
        distinct, self.row = np.unique(weights, axis=0, return_inverse=True)
        self.groups = [
            (side, np.ascontiguousarray(distinct[:, side])) for side in map(np.flatnonzero, (treated, ~treated))
        ]
        known = np.isfinite(values)
        patterns, self.pattern = np.unique(known, axis=1, return_inverse=True)
        with np.errstate(invalid="ignore"):
            # From the common mean, so that sums keep their digits; a difference does not see it.
            filled = np.where(known, values - np.nanmean(values, axis=0), 0.0)
        self.table = np.hstack([filled, patterns.astype("float64")])
        self.column, self.width = columns, values.shape[1]

    def differences(self, place: np.ndarray) -> np.ndarray:
        """Differences (S,) when row i has the outcomes of person `place[i]`."""
        means = []
        for side, weight in self.groups:
            sums = weight @ self.table[place[side]]
            total = sums[:, self.width :][self.row, self.pattern[self.column]]
            with np.errstate(invalid="ignore", divide="ignore"):
                means.append(np.where(total > 0, sums[self.row, self.column] / total, np.nan))
        return means[0] - means[1]
