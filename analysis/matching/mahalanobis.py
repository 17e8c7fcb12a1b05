"""Nearest neighbours in several covariates, also within a caliper on the score."""

import numpy as np

from analysis.matching.free import FreePartners
from analysis.matching.metric import whitened
from analysis.matching.nearest import Rows, choosing_order, inside_then_outside, uses_of, wanted_partners
from analysis.matching.neighbour_task import Rules, Task
from analysis.scores import distinct_rows


def mahalanobis_partners(task: Task) -> Rows:
    """Rows of focal persons and of partners, one entry per pair.

    Everyone's first partner is found before anyone's second, in the choosers' order. Of equally near partners the
    first row is taken. Covariate rows that are equal are one point of the tree, so that any number of ties is cheap.
    """
    choosers = choosing_order(task)
    wanted = wanted_partners(task, choosers)
    points = _points(task)

    def search(task, choosers, wanted, uses, stratum, rules):
        return _greedily(task, points, choosers, wanted, uses, stratum, rules)

    if task.cluster is None:
        return search(task, choosers, wanted, uses_of(task), task.stratum, task.rules)
    return inside_then_outside(task, choosers, wanted, search)


def pair_distances(task: Task, own: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Distance of each pair in the metric of the specification."""
    at, point = _points(task)
    return np.sqrt(((at[point[own]] - at[point[partner]]) ** 2).sum(axis=1))


def _points(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the distinct covariate rows (m, k), and which of them each person has (n,).

    The metric is that of everyone who is not discarded.
    """
    columns = task.covariates[list(task.spec.distance_columns)]
    kept = task.rows
    point, first = distinct_rows(columns)
    kept_columns = columns.iloc[kept]
    every = whitened(kept_columns.reset_index(drop=True), task.treated[kept], task.spec.metric)
    at = np.full((len(first), every.shape[1]), np.nan)
    at[point[kept]] = every
    return at, point


def _greedily(
    task: Task,
    points: tuple[np.ndarray, np.ndarray],
    choosers: np.ndarray,
    wanted: np.ndarray,
    uses: np.ndarray,
    stratum: np.ndarray | None,
    rules: Rules,
) -> Rows:
    at, point = points
    if task.width is not None:
        rules = rules.near(task.score, task.width)
    label = np.arange(len(uses)) if task.label is None else task.label
    code = np.zeros(len(uses), dtype=np.int64) if stratum is None else stratum
    free = _free_by_stratum(at, point, label, code, np.flatnonzero(task.partner & (uses > 0)))
    uses = uses.copy()
    own_rows: list[int] = []
    partner_rows: list[int] = []
    mine: list[list[int]] = [[] for _ in choosers]
    groups = [free.get(key) for key in code[choosers].tolist()]
    for group, numbers in _numbers_by_group(groups):
        group.look_up(numbers, at[point[choosers[numbers]]])
    for turn in range(int(wanted.max(initial=0))):
        for number in np.flatnonzero(wanted > turn).tolist():
            group = groups[number]
            own = int(choosers[number])
            found = -1 if group is None else group.nearest(number, own, mine[number], uses, rules)
            if found < 0:
                continue
            mine[number].append(found)
            own_rows.append(own)
            partner_rows.append(found)
            uses[found] -= 1
            if uses[found] == 0:
                group.close(found)
    return np.array(own_rows, dtype=np.int64), np.array(partner_rows, dtype=np.int64)


def _free_by_stratum(
    at: np.ndarray, point: np.ndarray, label: np.ndarray, code: np.ndarray, rows: np.ndarray
) -> dict[int, "FreePartners"]:
    rows = rows[np.lexsort((label[rows], point[rows], code[rows]))]
    starts = np.flatnonzero(np.diff(code[rows], prepend=code[rows[0]] - 1)) if len(rows) else []
    return {int(code[part[0]]): FreePartners(at, point, label, part) for part in np.split(rows, starts)[1:]}


def _numbers_by_group(groups: list) -> list[tuple["FreePartners", np.ndarray]]:
    """Each group with the numbers of its choosers."""
    numbers: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        if group is not None:
            numbers.setdefault(id(group), []).append(number)
    return [(groups[found[0]], np.array(found)) for found in numbers.values()]
