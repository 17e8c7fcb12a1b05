"""Matching of treated to comparison persons on a scalar score.

Conventions are those of MatchIt 4.7 and are stated at each function; ties follow one documented rule, so that a
result can be repeated from the same scores pair by pair.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.problems import Problem, ProblemsFound
from analysis.scores import Scores, stop_at_one_group, treated_rows

LINKS = ("logit", "linear_logit")
ORDERS = ("largest", "smallest", "data")
NO_PARTNER_NEAR, PARTNERS_TAKEN, NOT_CHOSEN = "no_comparison_within_caliper", "comparisons_taken", "not_chosen"
HEADING = "Matchingen ga ingen par:"


@dataclass(frozen=True, kw_only=True)
class MatchingSpec:
    """How to match: `ratio` comparison persons per treated, nearest first.

    `link` is the scale of the distance: the probability, or its logit. `caliper` is the largest allowed distance
    in standard deviations (ddof 1) of the score over all persons, both groups, limit included; None for no limit.
    `order` says who chooses first without replacement: the largest score, the smallest, or the first row.
    """

    method: str = "nearest"
    link: str = "logit"
    caliper: float | None = 0.2
    replace: bool = False
    ratio: int = 1
    order: str = "largest"

    def __post_init__(self):
        for name, allowed in (("method", tuple(METHODS)), ("link", LINKS), ("order", ORDERS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"unknown {name} {getattr(self, name)!r}; known: {', '.join(allowed)}")
        if not isinstance(self.ratio, int) or isinstance(self.ratio, bool) or self.ratio < 1:
            raise ValueError(f"ratio must be a whole number of 1 or more, not {self.ratio!r}")
        if self.caliper is not None and not 0 <= self.caliper < float("inf"):
            raise ValueError(f"caliper must be None or a number of 0 or more, not {self.caliper!r}")


@dataclass(frozen=True)
class Match:
    """Rows are positions in the input, from 0.

    `weights` (n,): 1 for a matched treated person, 0 for those left out; comparison persons get the sum of 1/k
    over the treated they serve (k = partners of that treated), divided by the mean of the non-zero ones, so that
    they add up to the number of distinct comparison persons in use. Estimand: the effect on the matched treated.
    `pairs`: treated_row, comparison_row, pair (number of the treated person's set), distance.
    `dropped`: row, reason, for everyone of weight 0. `caliper_width`: in units of the distance, None without.
    """

    weights: np.ndarray
    pairs: pd.DataFrame
    dropped: pd.DataFrame
    caliper_width: float | None


@dataclass(frozen=True)
class _Line:
    """All persons sorted by score, stable by row, on places 1 … n; places 0 and n + 1 are infinitely far away.

    `left[p]` and `right[p]` are the nearest place at or beyond p that holds a comparison person (or an end).
    """

    row: np.ndarray
    place: np.ndarray
    score: np.ndarray
    left: np.ndarray
    right: np.ndarray


def match(scores: Scores, treated, spec: MatchingSpec) -> Match:
    """Match on fitted `scores`; `treated` (n,) holds 0 and 1. See `match_distance`."""
    return match_distance(scores.probability if spec.link == "logit" else scores.linear, treated, spec)


def match_distance(distance, treated, spec: MatchingSpec) -> Match:
    """Match on `distance` (n,), on whichever scale it has (the spec's `link` is not used).

    Raises `ProblemsFound` when nobody gets a partner and ValueError for missing or infinite distances.
    """
    distance = np.asarray(distance, dtype="float64")
    treated = treated_rows(treated, len(distance))
    if not np.isfinite(distance).all():
        raise ValueError("distance holds missing or infinite values")
    stop_at_one_group(HEADING, treated)
    width = None if spec.caliper is None else spec.caliper * float(np.std(distance, ddof=1))
    line = _sorted_line(distance, treated)
    pairs = METHODS[spec.method](line, _choosing_order(distance, treated, spec.order), spec, width)
    if pairs.empty:
        raise ProblemsFound(HEADING, [_nobody_near(spec)])
    weights = _att_weights(pairs, treated)
    return Match(weights, pairs, _dropped(line, treated, weights, width), width)


def pair_clusters(found: Match) -> np.ndarray:
    """Cluster number of each row (n,) for standard errors; −1 for rows of weight 0.

    Without replacement the cluster is the matched set (Abadie and Spiess 2022, JASA 117(538)). With replacement,
    sets that share a comparison person form one cluster.
    """
    n = len(found.weights)
    edges = (found.pairs["treated_row"].to_numpy(), found.pairs["comparison_row"].to_numpy())
    _, label = connected_components(coo_array((np.ones(len(edges[0])), edges), shape=(n, n)), directed=False)
    clusters = np.full(n, -1, dtype=np.int64)
    used = found.weights > 0
    clusters[used] = np.unique(label[used], return_inverse=True)[1]
    return clusters


def _sorted_line(distance: np.ndarray, treated: np.ndarray) -> _Line:
    n = len(distance)
    row = np.argsort(distance, kind="stable")
    place = np.empty(n, dtype=np.int64)
    place[row] = np.arange(1, n + 1)
    score = np.concatenate([[-np.inf], distance[row], [np.inf]])
    stop = np.concatenate([[True], ~treated[row], [True]])
    places = np.arange(n + 2)
    left = np.maximum.accumulate(np.where(stop, places, 0))
    right = np.minimum.accumulate(np.where(stop, places, n + 1)[::-1])[::-1]
    return _Line(row, place, score, left, right)


def _choosing_order(distance: np.ndarray, treated: np.ndarray, order: str) -> np.ndarray:
    """Rows of the treated, first chooser first; equal scores keep row order whichever way the order runs."""
    rows = np.flatnonzero(treated)
    if order == "data":
        return rows
    sign = -1.0 if order == "largest" else 1.0
    return rows[np.argsort(sign * distance[rows], kind="stable")]


def _nearest(line: _Line, choosers: np.ndarray, spec: MatchingSpec, width: float | None) -> pd.DataFrame:
    """Nearest neighbours, `spec.ratio` rounds: everyone's first partner before anyone's second.

    Tie rule: of the nearest comparison person to the left and to the right on the sorted line the nearer is taken;
    at equal distance the one fewer places away, then the left. From the second round a treated person looks
    outside the places already matched to them.
    """
    limit = sys.float_info.max if width is None else width
    find = _rounds_with_replacement if spec.replace else _rounds_without_replacement
    own, partner = find(line, line.place[choosers], spec.ratio, limit)
    pairs = pd.DataFrame({"treated_row": line.row[own - 1], "comparison_row": line.row[partner - 1]})
    pairs["distance"] = np.abs(line.score[own] - line.score[partner])
    pairs = pairs.sort_values("treated_row", kind="stable", ignore_index=True)
    pairs.insert(2, "pair", np.unique(pairs["treated_row"], return_inverse=True)[1])
    return pairs


def _rounds_with_replacement(line: _Line, own: np.ndarray, ratio: int, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of treated and of partners: two pointers per treated person move outwards, all treated at once."""
    low, high = line.left[own], line.right[own]
    last = len(line.score) - 1
    owners, partners = [], []
    for _ in range(ratio):
        to_left, to_right = line.score[own] - line.score[low], line.score[high] - line.score[own]
        go_left = (to_left < to_right) | ((to_left == to_right) & (own - low <= high - own))
        near = np.where(go_left, to_left, to_right) <= limit
        owners.append(own[near])
        partners.append(np.where(go_left, low, high)[near])
        low = np.where(go_left, line.left[np.maximum(low - 1, 0)], low)
        high = np.where(go_left, high, line.right[np.minimum(high + 1, last)])
    return np.concatenate(owners), np.concatenate(partners)


def _rounds_without_replacement(
    line: _Line, own: np.ndarray, ratio: int, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Places of treated and of partners, greedily in the given order, in O(n α(n)).

    Two union-find forests give the nearest free place to the left and to the right. Plain lists: element access is
    several times faster than in numpy arrays.
    """
    score, left, right = line.score.tolist(), line.left.tolist(), line.right.tolist()
    low, high = own.tolist(), own.tolist()
    chosen: list[tuple[int, int]] = []
    for _ in range(ratio):
        for number, place in enumerate(own.tolist()):
            left_place, right_place = _root(left, low[number]), _root(right, high[number])
            to_left, to_right = score[place] - score[left_place], score[right_place] - score[place]
            go_left = to_left < to_right or (to_left == to_right and place - left_place <= right_place - place)
            if (to_left if go_left else to_right) > limit:
                continue
            partner = left_place if go_left else right_place
            left[partner], right[partner] = partner - 1, partner + 1
            (low if go_left else high)[number] = partner
            chosen.append((place, partner))
    places = np.array(chosen, dtype=np.int64).reshape(-1, 2)
    return places[:, 0], places[:, 1]


def _root(parent: list[int], place: int) -> int:
    """Root of the tree that `place` stands in; every visited place is moved up to its grandparent."""
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place


METHODS: dict[str, Callable[..., pd.DataFrame]] = {"nearest": _nearest}


def _att_weights(pairs: pd.DataFrame, treated: np.ndarray) -> np.ndarray:
    partners = pairs.groupby("pair")["comparison_row"].transform("size").to_numpy()
    weights = np.bincount(pairs["comparison_row"], weights=1.0 / partners, minlength=len(treated))
    weights /= weights[weights > 0].mean()
    weights[pairs["treated_row"].to_numpy()] = 1.0
    return weights


def _dropped(line: _Line, treated: np.ndarray, weights: np.ndarray, width: float | None) -> pd.DataFrame:
    """Everyone of weight 0 and why; a treated person either had nobody near enough, or others took them."""
    rows = np.flatnonzero(weights == 0)
    place = line.place[rows]
    nearest = np.minimum(
        line.score[place] - line.score[line.left[place]], line.score[line.right[place]] - line.score[place]
    )
    far = nearest > (sys.float_info.max if width is None else width)
    reason = np.where(treated[rows], np.where(far, NO_PARTNER_NEAR, PARTNERS_TAKEN), NOT_CHOSEN)
    return pd.DataFrame({"row": rows, "reason": reason})


def _nobody_near(spec: MatchingSpec) -> Problem:
    width = str(spec.caliper).replace(".", ",")
    what = f"ingen i sammenligningsgruppen ligger innenfor kaliperen på {width} standardavvik."
    return Problem("kaliper", what, "Øk kaliperen, forenkle formelen eller velg en annen sammenligningsgruppe.")
