"""What ties do to a result: the average over them, or the range over other ways of breaking them.

Persons with equal scores are equally good partners, and which of them is taken is chance. Register covariates are
full of equal persons, so the result is told with the spread that this chance gives it.
"""

from dataclasses import dataclass

import numpy as np

from analysis.matching.found import Match
from analysis.matching.nearest import nearest_partners
from analysis.matching.neighbour_task import Task, prepared
from analysis.matching.neighbours import match
from analysis.matching.spec import MatchingSpec
from analysis.scores import Scores

TIED = 1e-5  # squared distances this near the k-th smallest count as tied, in squared standard deviations


@dataclass(frozen=True)
class TieRange:
    """Weighted mean difference of an outcome, treated minus comparison.

    `estimate`: under the documented tie rule (row order). `low`, `median`, `high`: over `draws` random orders of
    equal persons. `averaged`: with every focal person's weight shared over all equally near partners
    (`tie_averaged_weights`), None where the score alone does not decide: without replacement, with covariate rules,
    Mahalanobis.
    """

    estimate: float
    low: float
    median: float
    high: float
    draws: int
    averaged: float | None


def tie_range(
    scores: Scores | None, treated, spec: MatchingSpec, outcome, *, draws: int = 20, seed: int = 0, **given
) -> TieRange:
    """The estimate for `outcome` (n,) and how far it moves when ties are broken otherwise.

    Without replacement a match is made anew for every draw, so 20 draws cost twenty matches.

    Scores, chooser's order and seed stay; only who comes first among equals changes. `given` as in
    `neighbours.match_distance`. The same seed gives the same draws.
    """
    if draws < 1:
        raise ValueError(f"draws must be 1 or more, not {draws!r}")
    outcome, treated = np.asarray(outcome, dtype="float64"), np.asarray(treated).astype(bool)
    rng = np.random.default_rng(seed)
    drawn = [
        _difference(match(scores, treated, spec, labels=rng.permutation(len(treated)), **given), treated, outcome)
        for _ in range(draws)
    ]
    averaged = None
    if has_averaged_weights(spec):
        weights = tie_averaged_weights(scores, treated, spec, **given)
        sampling = given.get("sampling_weights")
        averaged = _mean_gap(weights if sampling is None else weights * np.asarray(sampling), treated, outcome)
    return TieRange(
        estimate=_difference(match(scores, treated, spec, **given), treated, outcome),
        low=float(min(drawn)),
        median=float(np.median(drawn)),
        high=float(max(drawn)),
        draws=draws,
        averaged=averaged,
    )


def has_averaged_weights(spec: MatchingSpec) -> bool:
    """Whether ties can be averaged over: unlimited replacement on the score alone."""
    rules = spec.covariate_calipers or spec.covariate_calipers_sd or spec.antiexact or spec.within
    return spec.method == "nearest" and spec.unlimited and not rules


def tie_averaged_weights(
    scores: Scores, treated, spec: MatchingSpec, *, tolerance: float = TIED, **given
) -> np.ndarray:
    """Weights (n,) as those of `Match`, with each focal person's shared equally over all equally near partners.

    Equally near is everyone whose squared distance is at most that of the k-th nearest plus `tolerance`, in squared
    standard deviations (ddof 1) of the score, and within the caliper; 0 for exact ties alone. The default is that
    of `abadie_imbens` and of R's Matching. Source: Abadie and Imbens (2006), Econometrica 74(1), section 2.
    """
    if not has_averaged_weights(spec):
        raise ValueError("tie-averaged weights need unlimited replacement on the score, without covariate rules")
    given.pop("sampling_weights", None)
    distance = scores.probability if spec.link == "logit" else scores.linear
    task = prepared(distance, treated, spec, **given)
    own, partner = nearest_partners(task)
    farthest = np.zeros(len(task.score))
    np.maximum.at(farthest, own, np.abs(task.score[own] - task.score[partner]))
    if tolerance > 0:
        farthest = np.sqrt(farthest**2 + tolerance * np.var(task.score[task.rows], ddof=1))
    if task.width is not None:
        farthest = np.minimum(farthest, task.width)
    weights = _shared(task, np.unique(own), farthest)
    weights /= weights[weights > 0].mean()
    weights[own] = 1.0
    return weights


def _shared(task: Task, own: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Weight of each person (n,): each of the focal rows `own` shares 1 over the partners within its `reach`."""
    stratum = np.zeros(len(task.score), dtype=np.int64) if task.stratum is None else task.stratum
    weights = np.zeros(len(task.score))
    partners = np.flatnonzero(task.partner)
    for code in np.unique(stratum[own]):
        rows, focal = partners[stratum[partners] == code], own[stratum[own] == code]
        value, which, count = np.unique(task.score[rows], return_inverse=True, return_counts=True)
        weights[rows] = _shared_on_a_line(value, count, task.score[focal], reach[focal])[which]
    return weights


def _shared_on_a_line(value: np.ndarray, count: np.ndarray, x: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Weight per person at each distinct `value`, of which there are `count`, from persons at `x`.

    Running sums of where each reach starts and ends. The ends are set by the distance itself, since x ± reach is
    rounded and could lose the very partner that defines the reach.
    """
    first, end = np.searchsorted(value, x - reach), np.searchsorted(value, x + reach, side="right")
    first -= (first > 0) & (np.abs(value[np.maximum(first - 1, 0)] - x) <= reach)
    end += (end < len(value)) & (np.abs(value[np.minimum(end, len(value) - 1)] - x) <= reach)
    before = np.concatenate([[0], np.cumsum(count)])
    each = 1.0 / (before[end] - before[first])
    size = len(value) + 1
    total = np.cumsum(np.bincount(first, each, size) - np.bincount(end, each, size))
    covered = np.cumsum(np.bincount(first, minlength=size) - np.bincount(end, minlength=size)) > 0
    return np.where(covered, total, 0.0)[:-1]


def _difference(found: Match, treated: np.ndarray, outcome: np.ndarray) -> float:
    return _mean_gap(found.analysis_weights, treated, outcome)


def _mean_gap(weights: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> float:
    means = [
        np.average(outcome[used], weights=weights[used])
        for arm in (treated, ~treated)
        for used in [arm & (weights > 0)]
    ]
    return float(means[0] - means[1])
