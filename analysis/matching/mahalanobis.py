"""Nearest neighbours in several covariates, also within a caliper on the score."""

import numpy as np

from analysis.matching.free import FreePartners
from analysis.matching.metric import whitened
from analysis.matching.nearest import Rows, choosing_order, inside_then_outside, uses_of, wanted_partners
from analysis.matching.neighbour_task import Rules, Task
from analysis.matching.searchers import Searchers
from analysis.scores import distinct_rows

MOST_BANDS, FEWEST_IN_BAND = 200, 64  # of choosers with like scores


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
    if task.width is not None:
        rules = rules.near(task.score, task.width)
    code = np.zeros(len(uses), dtype=np.int64) if stratum is None else stratum
    uses = uses.copy()
    strata = _free_by_stratum(task, points, code, uses, rules)
    searchers, group = _searchers(task, strata, code, choosers, rules)
    mine: list[list[int]] = [[] for _ in choosers]
    own_rows: list[int] = []
    partner_rows: list[int] = []
    for turn in range(int(wanted.max(initial=0))):
        numbers = np.flatnonzero((wanted > turn) & (group >= 0))
        for place, parts in _by_code(group[numbers]):
            searchers[place].expect(choosers[numbers[parts]])
        for number in numbers.tolist():
            own, looking = int(choosers[number]), searchers[group[number]]
            found = looking.nearest(own, mine[number])
            if found < 0:
                continue
            mine[number].append(found)
            own_rows.append(own)
            partner_rows.append(found)
            uses[found] -= 1
            if uses[found] == 0:
                looking.partners.close(found)
    return np.array(own_rows, dtype=np.int64), np.array(partner_rows, dtype=np.int64)


def _free_by_stratum(task: Task, points, code: np.ndarray, uses: np.ndarray, rules: Rules) -> dict[int, FreePartners]:
    at, point = points
    label = np.arange(len(uses)) if task.label is None else task.label
    rows = np.flatnonzero(task.partner & (uses > 0))
    rows = rows[np.lexsort((label[rows], point[rows]))]
    return {key: FreePartners(at, point, label, rows[part], uses, rules) for key, part in _by_code(code[rows])}


def _by_code(codes: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Each code with its places, in their order."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order])) + 1
    return [(int(codes[part[0]]), part) for part in np.split(order, starts) if len(part)]


def _searchers(
    task: Task, strata: dict[int, FreePartners], code: np.ndarray, choosers: np.ndarray, rules: Rules
) -> tuple[list[Searchers], np.ndarray]:
    """Those who look among the same points, and the number of each chooser's (c,), -1 without anybody to look for."""
    searchers: list[Searchers] = []
    group = np.full(len(choosers), -1, dtype=np.int64)
    for key, numbers in _by_code(code[choosers]):
        if key not in strata:
            continue
        for own, spots in _bands(task, strata[key], choosers[numbers]):
            group[numbers[own]] = len(searchers)
            searchers.append(Searchers(strata[key], spots, rules.any))
    return searchers, group


def _bands(task: Task, partners: FreePartners, rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places in `rows` of the choosers with scores near each other, and the spots within the caliper of any of them.

    Bands half a caliper wide make most of a tree's points allowed, and keep each partner in five trees at the most.
    """
    everyone = np.arange(len(partners.open))
    if task.width is None:
        return [(np.arange(len(rows)), everyone)]
    score, span = task.score[rows], float(np.ptp(task.score[rows]))
    count = int(min(MOST_BANDS, len(rows) // FEWEST_IN_BAND, 2 * span / task.width if task.width > 0 else np.inf))
    if count < 2:
        return [(np.arange(len(rows)), everyone)]
    band = np.minimum((score - score.min()) * (count / span), count - 1).astype(np.int64)
    others = partners.rows[np.argsort(task.score[partners.rows], kind="stable")]
    values = task.score[others]
    reach = task.width + 1e-9 * (task.width + np.abs(score).max())
    found = []
    for _, own in _by_code(band):
        ends = np.searchsorted(values, [score[own].min() - reach, score[own].max() + reach])
        found.append((own, partners.spots(others[slice(*ends)])))
    return found
