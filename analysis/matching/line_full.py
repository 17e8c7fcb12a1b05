"""Full matching: everyone in a set of one treated and many comparison persons, or the other way round."""

import numpy as np

from analysis.matching.found import Match
from analysis.matching.line_optimal import joined, pairs_of_degrees
from analysis.matching.near_edges import Edges, edges_in_ranges, edges_within
from analysis.matching.netflow import NO_LIMIT, line_degrees
from analysis.matching.sets import HEADING, match_of_pairs
from analysis.matching.sparse_optimal import cheapest_cover
from analysis.matching.task import Task, nearest_opposite, read_task, reasons, strata_on_the_line
from analysis.problems import Problem, ProblemsFound

NO_TREATED_NEAR = "no_treated_within_caliper"


def match_full(
    distance,
    treated,
    *,
    strata=None,
    caliper: float | None = None,
    caliper_on=None,
    min_controls: int = 1,
    max_controls: int | None = None,
    max_treated: int | None = None,
    estimand: str = "ATT",
    sampling_weights=None,
) -> Match:
    """Sets of least total distance between their centre and the others; nobody is left out but for strata and caliper.

    `distance`, `strata`, `caliper` and `caliper_on` as in `match_optimal`; estimand ATT, ATC or ATE. Each treated
    person gets `min_controls` to `max_controls` comparison persons, each comparison person at most `max_treated`
    treated (1 when `min_controls` is above 1). Pairs are the edges of the stars, distances in units of the score.
    On a score without a binding caliper O(n log n); equal totals: see `netflow.line_degrees`.

    Raises as `read_task`; `ProblemsFound` when the limits leave someone over; ValueError for limits together with
    a caliper or coordinates.
    Source: Rosenbaum (1991), JRSS B 53(3); limits: Hansen (2004), JASA 99(467).
    """
    limits = _limits(min_controls, max_controls, max_treated)
    task = read_task(distance, treated, strata, caliper, caliper_on)
    limited = limits != ((1, NO_LIMIT), (1, NO_LIMIT))
    if limited and not (task.is_line and task.caliper_width is None):
        raise ValueError("limits on the sets go with a score without a caliper only")
    edges, reachable = _line_stars(task, limits) if task.is_line else _other_stars(task)
    return match_of_pairs(
        edges.treated_row,
        edges.comparison_row,
        edges.distance,
        task.treated,
        reasons(task, reachable, NO_TREATED_NEAR),
        estimand=estimand,
        sampling_weights=sampling_weights,
        caliper_width=task.caliper_width,
    )


def _limits(min_controls, max_controls, max_treated) -> tuple[tuple[int, int], tuple[int, int]]:
    for name, value in (("min_controls", min_controls), ("max_controls", max_controls), ("max_treated", max_treated)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ValueError(f"{name} must be None or a whole number of 1 or more, not {value!r}")
    if min_controls > (max_controls or NO_LIMIT) or (min_controls > 1 and (max_treated or 1) > 1):
        raise ValueError("min_controls above 1 needs max_controls as large and max_treated of 1")
    most_treated = 1 if min_controls > 1 else max_treated or NO_LIMIT
    return (min_controls, max_controls or NO_LIMIT), (1, most_treated)


def _other_stars(task: Task) -> tuple[Edges, np.ndarray]:
    edges = edges_within(task.points, task.treated, task.codes, task.on, task.width)
    reachable = np.zeros(len(task.treated), dtype=bool)
    reachable[edges.treated_row] = reachable[edges.comparison_row] = True
    return (cheapest_cover(edges) if len(edges.distance) else edges), reachable


def _line_stars(task: Task, limits) -> tuple[Edges, np.ndarray]:
    """Stars of all strata, and who (n,) has someone of the other group within the caliper."""
    reachable = np.zeros(len(task.treated), dtype=bool)
    parts = [Edges(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))]
    for rows in strata_on_the_line(task):
        _stop_if_too_tight(task.treated[rows], limits)
        near = rows[nearest_opposite(task.on[rows], task.treated[rows]) <= task.width]
        reachable[near] = True
        if len(near):
            parts.append(_stratum_stars(task, near, limits))
    return joined(parts), reachable


def _stratum_stars(task: Task, rows: np.ndarray, limits) -> Edges:
    """The answer without a caliper is the answer with it when no pair is too long; otherwise the sparse route."""
    score, treated = task.on[rows], task.treated[rows]
    stars = pairs_of_degrees(rows, score, treated, line_degrees(score, treated, *limits))
    if stars.distance.max() <= task.width:
        return stars
    return cheapest_cover(_edges_worth_trying(rows, score, treated, task.width))


def _edges_worth_trying(rows: np.ndarray, score: np.ndarray, treated: np.ndarray, width: float) -> Edges:
    """Pairs within the caliper between neighbouring runs of one group.

    A pair that reaches past a run of each group can be exchanged for two pairs that are shorter together.
    """
    own, others = np.flatnonzero(treated), np.flatnonzero(~treated)
    before = np.cumsum(~treated)[own]
    runs = np.unique(before)
    run = np.searchsorted(runs, before)
    values = score[others]
    slack = 1e-9 * (width + np.abs(score).max())
    first = np.maximum(np.r_[0, runs][run], np.searchsorted(values, score[own] - width - slack, side="left"))
    last = np.minimum(
        np.r_[runs, len(others)][run + 1], np.searchsorted(values, score[own] + width + slack, side="right")
    )
    a, b = edges_in_ranges(own, others, first, last)
    distance = np.abs(score[a] - score[b])
    near = distance <= width
    return Edges(rows[a[near]], rows[b[near]], distance[near])


def _stop_if_too_tight(treated: np.ndarray, limits) -> None:
    n_treated = int(treated.sum())
    n_comparison = len(treated) - n_treated
    (least, most), (_, most_treated) = limits
    if n_comparison > most * n_treated or n_treated * least > n_comparison * most_treated:
        what = "grensene for hvor mange som kan stå i samme sett, gir ikke plass til alle i hvert stratum."
        raise ProblemsFound(HEADING, [Problem("grensene", what, "Øk max_controls eller max_treated.")])
