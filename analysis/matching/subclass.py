"""Subclassification: sets of neighbouring scores, cut at quantiles of the group that the estimand is about."""

import numpy as np

from analysis.matching.found import Match
from analysis.matching.sets import HEADING, check_estimand, match_of_sets
from analysis.matching.task import read_task
from analysis.problems import Problem, ProblemsFound


def match_subclass(
    score, treated, *, subclasses=6, min_n: int = 1, estimand: str = "ATT", sampling_weights=None
) -> Match:
    """Subclasses of `score` (n,), numbered from 0 by rising score. Estimand ATT, ATC or ATE.

    `subclasses`: how many, or the probabilities strictly between 0 and 1 to cut at. The limits are type-7 quantiles
    of the treated (ATT), the comparison group (ATC) or everyone (ATE); intervals are closed to the left and hold
    everybody. A subclass with fewer than `min_n` of a group then gets the nearest of the neighbours (see
    `_repaired`). Raises `ProblemsFound` for an empty group and when a group is too small for so many subclasses.

    Source: Rosenbaum and Rubin (1984), JASA 79(387); conventions of MatchIt 4.7.
    """
    check_estimand(estimand)
    task = read_task(score, treated)
    if not task.is_line:
        raise ValueError("subclassification needs one score per person")
    treated = task.treated
    focal = {"ATT": treated, "ATC": ~treated, "ATE": np.ones(len(treated), dtype=bool)}[estimand]
    limits = np.quantile(task.on[focal], _probabilities(subclasses))
    subclass = np.searchsorted(limits[1:-1], task.on, side="right").astype(np.int64)
    size = len(limits) - 1
    if min_n * size > min(treated.sum(), (~treated).sum()):
        raise ProblemsFound(HEADING, [_too_many(size)])
    for group in (treated, ~treated):
        rows = np.flatnonzero(group)
        rows = rows[np.argsort(task.on[rows], kind="stable")]
        counts = _repaired(task.on[rows], np.bincount(subclass[rows], minlength=size), min_n)
        subclass[rows] = np.repeat(np.arange(size), counts)
    return match_of_sets(subclass, treated, "", estimand=estimand, sampling_weights=sampling_weights)


def _probabilities(subclasses) -> np.ndarray:
    if isinstance(subclasses, int) and not isinstance(subclasses, bool):
        if subclasses < 1:
            raise ValueError("subclasses must be 1 or more")
        return np.arange(subclasses + 1) / subclasses
    inner = np.asarray(subclasses, dtype="float64")
    if inner.ndim != 1 or not (np.diff(np.r_[0.0, inner, 1.0]) > 0).all():
        raise ValueError("subclasses must be a number, or rising probabilities between 0 and 1")
    return np.r_[0.0, inner, 1.0]


def _repaired(score: np.ndarray, counts: np.ndarray, min_n: int) -> np.ndarray:
    """Numbers per subclass (k,), each at least `min_n`, of one group with sorted `score`.

    The first subclass that lacks someone gets the nearest person of the nearest subclass above or below that can be
    reached from one with persons to spare; every subclass on the way passes one on. Each round fills one gap.
    """
    counts = counts.copy()
    while (counts < min_n).any():
        short = int(np.flatnonzero(counts < min_n)[0])
        spare = np.flatnonzero(counts > min_n)
        below, above = spare[spare < short], spare[spare > short]
        begin = int(counts[:short].sum())
        end = begin + int(counts[short])
        from_below = len(below) > 0 and (
            len(above) == 0 or _gap(score, begin, begin - 1, end) < _gap(score, begin, end, end)
        )
        counts[below[-1] if from_below else above[0]] -= 1
        counts[short] += 1
    return counts


def _gap(score: np.ndarray, begin: int, candidate: int, end: int) -> float:
    """Distance from a candidate to the nearest in the subclass, or to the person on its other side if it is empty."""
    if begin == end:
        return float(abs(score[candidate] - score[begin - 1 if candidate >= begin else begin]))
    return float(abs(score[candidate] - score[begin if candidate < begin else end - 1]))


def _too_many(size: int) -> Problem:
    return Problem("subclasses", f"en av gruppene er for liten til {size} delklasser.", "Bruk færre delklasser.")
