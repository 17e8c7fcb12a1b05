"""What every way of matching gives: weights, pairs, and who was left out and why."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

NO_PARTNER_NEAR, PARTNERS_TAKEN, NOT_CHOSEN = "no_comparison_within_caliper", "comparisons_taken", "not_chosen"
NO_PARTNER_IN_STRATUM, OUTSIDE_SUPPORT = "no_comparison_in_stratum", "outside_common_support"


@dataclass(frozen=True)
class Match:
    """Rows are positions in the input, from 0.

    `weights` (n,): 1 for a matched treated person, 0 for those left out; comparison persons get the sum of 1/k
    over the treated they serve (k = partners of that treated), divided by the mean of the non-zero ones, so that
    they add up to the number of distinct comparison persons in use. Estimand: the effect on the matched treated.
    `pairs`: treated_row, comparison_row, pair (number of the treated person's set), distance.
    `dropped`: row, reason, for everyone of weight 0. `caliper_width`: in units of the distance, None without.
    `subclass` (n,): number of the matched set or stratum, −1 for who is in none; None for methods without sets.
    `sampling_weights` (n,): those given to the matching, for `analysis_weights`; None without.
    `proved`: False only when a search for the optimum ended at its time limit.
    """

    weights: np.ndarray
    pairs: pd.DataFrame
    dropped: pd.DataFrame
    caliper_width: float | None = None
    subclass: np.ndarray | None = None
    sampling_weights: np.ndarray | None = None
    proved: bool = True

    @property
    def analysis_weights(self) -> np.ndarray:
        """Weights (n,) for balance and estimates: `weights` times the sampling weights where there are any."""
        return self.weights if self.sampling_weights is None else self.weights * self.sampling_weights


def pair_clusters(found: Match) -> np.ndarray:
    """Cluster number of each row (n,) for standard errors; −1 for rows of weight 0.

    Without replacement the cluster is the matched set (Abadie and Spiess 2022, JASA 117(538)). With replacement,
    sets that share a comparison person form one cluster.
    """
    n = len(found.weights)
    edges = (found.pairs["treated_row"].to_numpy(), found.pairs["comparison_row"].to_numpy())
    _, label = scipy.sparse.csgraph.connected_components(
        scipy.sparse.coo_array((np.ones(len(edges[0])), edges), shape=(n, n)), directed=False
    )
    clusters = np.full(n, -1, dtype=np.int64)
    used = found.weights > 0
    clusters[used] = np.unique(label[used], return_inverse=True)[1]
    return clusters
