"""Optimal 1:1 and k:1 matching without replacement: the pairs of least total distance."""

import numpy as np

from analysis.matching.found import Match
from analysis.matching.line_caliper import pairs_within
from analysis.matching.near_edges import Edges, edges_in_ranges, edges_within
from analysis.matching.netflow import line_degrees
from analysis.matching.sets import check_estimand, match_of_pairs
from analysis.matching.sparse_optimal import most_pairs
from analysis.matching.task import Task, nearest_opposite, read_task, reasons, strata_on_the_line


def match_optimal(
    distance,
    treated,
    *,
    ratio: int = 1,
    strata=None,
    caliper: float | None = None,
    caliper_on=None,
    estimand: str = "ATT",
    sampling_weights=None,
) -> Match:
    """As many treated as possible with partners, then as many pairs as possible, then the least total distance.

    `distance` is a score (n,), or coordinates (n, p) with Euclidean distance (whitened covariates: Mahalanobis).
    `ratio` comparison persons per treated; where a stratum or the caliper holds too few, a treated person gets
    fewer. `strata`: exact columns. `caliper`: standard deviations of the score, or of `caliper_on` (n,). Estimand
    ATT, or ATC with the groups' parts exchanged; ATE is refused. On a score O(n log n), except k:1 with a caliper
    that binds. Equal scores: earlier rows first. Raises as `read_task`, and `ProblemsFound` when nobody can be
    matched or more pairs are possible than `near_edges.MOST_EDGES` (coordinates; k:1 with a binding caliper).

    Source: Rosenbaum (1989), JASA 84(408).
    """
    check_estimand(estimand)
    if estimand == "ATE":
        raise ValueError("optimal matching has no estimand 'ATE'; known: ATT, ATC")
    if isinstance(ratio, bool) or not isinstance(ratio, int) or ratio < 1:
        raise ValueError(f"ratio must be a whole number of 1 or more, not {ratio!r}")
    task = read_task(distance, treated, strata, caliper, caliper_on)
    persons = task.treated
    if estimand == "ATC":
        task = Task(task.points, task.on, ~persons, task.codes, task.width, task.is_line)
    edges, reachable = (_line_pairs if task.is_line else _other_pairs)(task, ratio)
    rows = (edges.treated_row, edges.comparison_row)
    return match_of_pairs(
        *(rows if estimand == "ATT" else rows[::-1]),
        edges.distance,
        persons,
        reasons(task, reachable),
        estimand=estimand,
        sampling_weights=sampling_weights,
        caliper_width=task.caliper_width,
    )


def _other_pairs(task: Task, ratio: int) -> tuple[Edges, np.ndarray]:
    edges = edges_within(task.points, task.treated, task.codes, task.on, task.width)
    reachable = np.zeros(len(task.treated), dtype=bool)
    reachable[edges.treated_row] = reachable[edges.comparison_row] = True
    return (most_pairs(edges, ratio) if len(edges.distance) else edges), reachable


def _line_pairs(task: Task, ratio: int) -> tuple[Edges, np.ndarray]:
    """Pairs of all strata, and who (n,) has someone of the other group within the caliper."""
    reachable = np.zeros(len(task.treated), dtype=bool)
    parts = [Edges(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))]
    for rows in strata_on_the_line(task):
        near = rows[nearest_opposite(task.on[rows], task.treated[rows]) <= task.width]
        reachable[near] = True
        if len(near):
            parts.append(_stratum_pairs(task, near, ratio))
    return joined(parts), reachable


def joined(parts: list[Edges]) -> Edges:
    """One list of pairs from many."""
    return Edges(
        np.concatenate([part.treated_row for part in parts]),
        np.concatenate([part.comparison_row for part in parts]),
        np.concatenate([part.distance for part in parts]),
    )


def _stratum_pairs(task: Task, rows: np.ndarray, ratio: int) -> Edges:
    """1:1 in one pass. For k:1 the answer without a caliper holds when no pair is too long; else the sparse route."""
    score, treated = task.on[rows], task.treated[rows]
    if ratio == 1:
        own, other = pairs_within(score, treated, task.width)
        return Edges(rows[own], rows[other], np.abs(score[own] - score[other]))
    n_treated = int(treated.sum())
    n_comparison = len(rows) - n_treated
    if ratio * n_treated <= n_comparison:
        limits = (ratio, ratio), (0, 1)
    elif n_treated <= n_comparison:
        limits = (1, ratio), (1, 1)
    else:
        limits = (0, 1), (1, 1)
    pairs = pairs_of_degrees(rows, score, treated, line_degrees(score, treated, *limits))
    if pairs.distance.max() <= task.width:
        return pairs
    return most_pairs(_edges_worth_trying(rows, score, treated, ratio, task.width), ratio)


def pairs_of_degrees(rows: np.ndarray, score: np.ndarray, treated: np.ndarray, degree: np.ndarray) -> Edges:
    """The pairs that give each person of the sorted `score` so many: first with first, along the line."""
    own, other = (np.repeat(np.flatnonzero(group), degree[group]) for group in (treated, ~treated))
    return Edges(rows[own], rows[other], np.abs(score[own] - score[other]))


def _edges_worth_trying(rows, score, treated, ratio: int, width: float) -> Edges:
    """Pairs within the caliper that some optimal matching may hold.

    In an optimal matching without crossings, everyone of the comparison group between two partners is taken, and
    taken by the treated on the near side. So a treated person reaches no further than the queue of treated who
    waits there: each treated adds `ratio` to the queue, each comparison person takes one away.
    """
    step = np.where(treated, ratio, -1)
    rightwards, leftwards = _queue(step), _queue(step[::-1])[::-1]
    before = np.cumsum(~treated)  # comparison persons up to here
    own, others = np.flatnonzero(treated), np.flatnonzero(~treated)
    values = score[others]
    slack = 1e-9 * (width + np.abs(score).max())
    first = np.maximum(before[own] - leftwards[own], np.searchsorted(values, score[own] - width - slack, side="left"))
    last = np.minimum(before[own] + rightwards[own], np.searchsorted(values, score[own] + width + slack, side="right"))
    a, b = edges_in_ranges(own, others, first, last)
    distance = np.abs(score[a] - score[b])
    near = distance <= width
    return Edges(rows[a[near]], rows[b[near]], distance[near])


def _queue(step: np.ndarray) -> np.ndarray:
    """Length of the queue after each step; it never falls below 0."""
    total = np.cumsum(step)
    return total - np.minimum(np.minimum.accumulate(total), 0)
