"""Optimal and full matching on a list of possible pairs: any distance, caliper and strata.

Both are assignments on a sparse table, solved exactly by scipy's shortest augmenting paths (Jonker and Volgenant
1987, Computing 38(4)), component by component.
"""

import numpy as np
import scipy

from analysis.matching.near_edges import Edges

BATCH = 1_000  # small components are solved together: one call costs more than a small problem


def most_pairs(edges: Edges, ratio: int = 1) -> Edges:
    """As many treated as possible with a partner, then as many pairs (at most `ratio` each), then least distance.

    Each comparison person is used once. The three aims go together: a matching that reaches the most treated can
    be grown to the most pairs without losing any of them (transversal matroid).
    """
    own = np.unique(edges.treated_row, return_inverse=True)[1]
    other = np.unique(edges.comparison_row, return_inverse=True)[1]
    copies = np.arange(ratio)
    left = (own[:, None] * ratio + copies).ravel()
    label = _components(own, other)
    # Leaving someone out costs more than all distances of the component together; a first partner twice as much.
    size = np.bincount(label[np.unique(own, return_index=True)[1]]) * ratio + 1.0
    longest = np.zeros(len(size))
    np.maximum.at(longest, label, edges.distance)
    cost = np.where(longest > 0, longest, 1.0) * size
    skip = np.zeros(len(np.unique(own)) * ratio)
    skip[left] = np.repeat(cost[label], ratio) * np.where(left % ratio == 0, 2.0, 1.0)
    chosen = cheapest_choice(left, np.repeat(other, ratio), np.repeat(edges.distance, ratio), skip) // ratio
    return Edges(edges.treated_row[chosen], edges.comparison_row[chosen], edges.distance[chosen])


def cheapest_cover(edges: Edges) -> Edges:
    """Stars that cover everyone who stands in `edges`, at the least total distance: full matching.

    Everyone to their nearest costs Σm; pairing two persons saves m + m − distance. The cheapest cover pairs those
    of the greatest total saving and sends everyone else to their nearest.
    """
    own_rows, own = np.unique(edges.treated_row, return_inverse=True)
    other_rows, other = np.unique(edges.comparison_row, return_inverse=True)
    near_own, near_other = _nearest_edge(own, edges.distance), _nearest_edge(other, edges.distance)
    saving = edges.distance[near_own][own] + edges.distance[near_other][other] - edges.distance
    useful = np.flatnonzero(saving > 0)
    chosen = useful[cheapest_choice(own[useful], other[useful], -saving[useful], np.zeros(len(own_rows)))]
    lone_own = np.setdiff1d(np.arange(len(own_rows)), own[chosen])
    lone_other = np.setdiff1d(np.arange(len(other_rows)), other[chosen])
    cover = np.unique(np.concatenate([chosen, near_own[lone_own], near_other[lone_other]]))
    cover = _stars(own, other, cover)
    return Edges(edges.treated_row[cover], edges.comparison_row[cover], edges.distance[cover])


def _nearest_edge(end: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The shortest edge at each end 0 … m − 1; of equal ones the first."""
    order = np.lexsort((distance, end))
    return order[np.r_[True, np.diff(end[order]) > 0]]


def _stars(own: np.ndarray, other: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """The cover without edges whose both ends have others; in a cheapest cover those have no length."""
    degree, other_degree = np.bincount(own[cover]), np.bincount(other[cover])
    kept = np.ones(len(cover), dtype=bool)
    for place in np.flatnonzero((degree[own[cover]] > 1) & (other_degree[other[cover]] > 1)):
        a, b = own[cover[place]], other[cover[place]]
        if degree[a] > 1 and other_degree[b] > 1:
            degree[a] -= 1
            other_degree[b] -= 1
            kept[place] = False
    return cover[kept]


def cheapest_choice(left: np.ndarray, right: np.ndarray, cost: np.ndarray, skip: np.ndarray) -> np.ndarray:
    """Edges chosen: each left end takes one edge or pays its `skip`, each right end is taken once at most.

    `left`, `right` and `cost` (m,) describe the edges; the answer holds edge numbers.
    """
    if not len(left):
        return np.empty(0, dtype=np.int64)
    label = _components(left, right)
    first = np.unique(left, return_index=True)[1]
    batch = np.cumsum(np.bincount(label[first])) // BATCH
    order = np.argsort(batch[label], kind="stable")
    starts = np.flatnonzero(np.diff(batch[label][order])) + 1
    parts = np.split(order, starts)
    return np.concatenate([part[_solved(left[part], right[part], cost[part], skip)] for part in parts])


def _components(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Number of the connected component of each edge."""
    size = int(left.max()) + 1
    total = size + int(right.max()) + 1
    ends = (left, right + size)
    label = scipy.sparse.csgraph.connected_components(
        scipy.sparse.coo_array((np.ones(len(left)), ends), shape=(total, total)), directed=False
    )[1]
    return np.unique(label[left], return_inverse=True)[1]


def _solved(left: np.ndarray, right: np.ndarray, cost: np.ndarray, skip: np.ndarray) -> np.ndarray:
    ids, row = np.unique(left, return_inverse=True)
    column_ids, column = np.unique(right, return_inverse=True)
    own = np.arange(len(ids))
    # A column of one's own stands for being left out. All costs are lifted above 0, since scipy takes 0 for no edge.
    costs = np.concatenate([cost, skip[ids]])
    lifted = costs - costs.min() + max(float(np.ptp(costs)), 1e-300) / len(ids) + 1e-300
    rows, columns = np.concatenate([row, own]), np.concatenate([column, len(column_ids) + own])
    table = scipy.sparse.coo_array((lifted, (rows, columns)), shape=(len(ids), len(column_ids) + len(ids))).tocsr()
    taken_row, taken_column = scipy.sparse.csgraph.min_weight_full_bipartite_matching(table)
    real = taken_column < len(column_ids)
    key = row.astype(np.int64) * len(column_ids) + column
    order = np.argsort(key)
    wanted = taken_row[real].astype(np.int64) * len(column_ids) + taken_column[real]
    return order[np.searchsorted(key, wanted, sorter=order)]
