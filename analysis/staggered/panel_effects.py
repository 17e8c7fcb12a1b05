"""Group-time effects of a panel: one logit per group and control set, all months by matrix products."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.months import month_text
from analysis.problems import Problem, stop_if_any
from analysis.staggered.covariates import Columns, dependent_problems, regression_problems
from analysis.staggered.design import Design, Plan, keep_effects
from analysis.staggered.doubly_robust import METHODS, Effects, Model, basis, effects, group_odds, model
from analysis.staggered.group_time import GroupTime
from analysis.staggered.logits import overlap_problems
from analysis.staggered.person_plan import Cohorts, PersonEffects, cohort_ledger, group_shares, person_plan
from analysis.staggered.persons import HEADING, Persons

BLOCK = 4_000_000  # changes (persons × effects) in memory at a time, 32 MB for each array of them
COMPARISON = "sammenligningspersonene"


@dataclass(frozen=True)
class _Job:
    """Effects `rows` (of the plan) of one group that share `members` (persons) and covariates, hence one logit."""

    rows: np.ndarray
    members: np.ndarray
    treated: np.ndarray
    weights: np.ndarray
    columns: Columns
    where: str


def panel_effects(persons: Persons, design: Design, *, method: str) -> PersonEffects:
    """ATT(g, t) by `method` (of `METHODS`), with covariates as they are in the base month of each effect.

    With clusters the influence is summed by office as it is made, and never kept for persons and effects at once.
    Raises `ProblemsFound`, for all groups at once, when covariates separate a group from its comparison persons or
    hardly overlap, when some follow from others, and when there are too few persons for the regression.
    Sources: see `analysis.staggered.doubly_robust`; Callaway and Sant'Anna (2021), equations 2.2–2.7.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    cohorts = person_plan(persons.adoption, persons.months, design)
    behind = _behind(persons, cohorts, cohorts.plan)
    some = np.minimum(behind["n_treated"], behind["n_comparison"]) > 0
    plan, (unit, units) = keep_effects(cohorts.plan, some, "empty_cell"), _units(persons)
    att, influence = np.zeros(len(plan.table)), np.zeros((len(units), len(plan.table)))
    problems: dict[tuple[str, str], Problem] = {}
    for job in _jobs(persons, cohorts, plan):
        shared = _model(job, method)
        if isinstance(shared, list):
            problems |= {(problem.where, problem.mend): problem for problem in shared}
        elif not problems:
            for rows in _blocks(job):
                change = _change(persons, plan.at[rows], plan.before[rows], job.members)
                found = effects(change, shared)
                att[rows] = found.att
                _add_influence(influence, found, change, rows, unit[job.members], by_run=persons.cluster is not None)
    stop_if_any(HEADING, problems.values())
    shares, share_influence = group_shares(cohorts.cohorts, cohorts.number, persons.weights, unit, len(units))
    counts = {name: count[some] for name, count in behind.items()}
    table = plan.table.assign(att=att, **counts, treated_mean=_treated_mean(persons, cohorts, plan))
    group_time = GroupTime(table, influence, units, units, shares, share_influence)
    return PersonEffects(group_time, plan, cohort_ledger(persons.adoption, persons.months, design))


def _units(persons: Persons) -> tuple[np.ndarray, np.ndarray]:
    """Number of the unit of each person, and the labels of the units: offices, or persons without them."""
    if persons.cluster is None:
        return np.arange(len(persons.person)), persons.person
    return persons.cluster, persons.offices


def _jobs(persons: Persons, cohorts: Cohorts, plan: Plan) -> Iterator[_Job]:
    """The jobs in the order of groups and control sets; the base month itself is 0 and in none of them."""
    base = plan.before if len(persons.columns) > 1 else np.zeros_like(plan.before)
    keys = np.column_stack([plan.own, plan.start, plan.own_inside, base])
    rows = np.flatnonzero(plan.at != plan.before)
    distinct, number = np.unique(keys[rows], axis=0, return_inverse=True)
    for which, (own, start, _, month) in enumerate(distinct):
        members = np.flatnonzero((cohorts.number == own) | (cohorts.number >= start))
        columns = persons.columns_at(month)
        for some, known in _known(persons, plan, rows[number.ravel() == which], members):
            yield _Job(
                rows=some,
                members=known,
                treated=cohorts.number[known] == own,
                weights=persons.weights[known],
                columns=Columns(columns.values[known], columns.names),
                where=f"gruppen fra {month_text(int(cohorts.cohorts[own]))}",
            )


def _known(
    persons: Persons, plan: Plan, rows: np.ndarray, members: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Effects with the members whose outcome is known in both months; those with all of the members together."""
    if not persons.gaps:
        yield rows, members
        return
    observed = ~np.isnan(persons.y[:, members])
    both = [observed[plan.at[row]] & observed[plan.before[row]] for row in rows]
    whole = np.array([known.all() for known in both])
    if whole.any():
        yield rows[whole], members
    for row, known in zip(rows, both, strict=True):
        if not known.all():
            yield np.array([row]), members[known]


def _model(job: _Job, method: str) -> Model | list[Problem]:
    """What the months of a job share, or why its models cannot be estimated; separation is told before what it does to
    regressions."""
    comparison = np.flatnonzero(~job.treated)
    regression = regression_problems(job.columns, comparison, job.weights, job.where, COMPARISON)
    if method == "reg":
        if regression:
            return regression
        return model(basis(job.columns.values, job.weights), job.treated, job.weights, method=method, odds=None)
    everyone = np.arange(len(job.treated))
    # Columns that are free of each other among some are so among all.
    if regression and (
        problems := dependent_problems(job.columns, everyone, job.weights, job.where, "gruppen og " + COMPARISON)
    ):
        return problems
    z = basis(job.columns.values, job.weights)
    odds = group_odds(z, job.treated, job.weights, method)
    problems = overlap_problems(odds, job.columns, job.treated, job.weights, job.where)
    problems = problems or (regression if method != "ipw" else [])
    return problems or model(z, job.treated, job.weights, method=method, odds=odds)


def _blocks(job: _Job) -> list[np.ndarray]:
    size = max(1, BLOCK // len(job.members))
    return [job.rows[start : start + size] for start in range(0, len(job.rows), size)]


def _change(persons: Persons, at: np.ndarray, before: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Outcome in the months `at` minus that in the months `before` (m,) of the `members` (n,): (m, n)."""
    change = persons.y[np.ix_(at, members)]
    if len(np.unique(before)) == 1:
        change -= persons.y[before[0], members]
    else:
        change -= persons.y[np.ix_(before, members)]
    return change


def _add_influence(
    influence: np.ndarray, found: Effects, change: np.ndarray, rows: np.ndarray, unit: np.ndarray, *, by_run: bool
) -> None:
    """Put the influence of a block into (units, effects); persons of an office follow one another (`by_run`)."""
    if not by_run:
        influence[np.ix_(unit, rows)] = found.influence(change).T
        return
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    influence[np.ix_(unit[starts], rows)] = found.influence_sums(change, starts).T


def _behind(persons: Persons, cohorts: Cohorts, plan: Plan) -> dict[str, np.ndarray]:
    """Persons behind each effect, known in both of its months, and with clusters their offices; (K,) each."""
    c, other = len(cohorts.cohorts), plan.comparison(len(cohorts.cohorts))
    office = np.zeros(len(persons.adoption), dtype=np.int64) if persons.cluster is None else persons.cluster
    n_offices = int(office.max()) + 1
    pairs, of_pair = np.unique(np.column_stack([plan.at, plan.before]), axis=0, return_inverse=True)
    people = []
    for at, before in pairs if persons.gaps else pairs[:1]:
        known = (cohorts.number >= 0) & ~np.isnan(persons.y[at] + persons.y[before])
        place = office[known] * c + cohorts.number[known]
        people.append(np.bincount(place, minlength=n_offices * c).reshape(n_offices, c))
    size = np.stack([part.sum(axis=0) for part in people])
    offices = np.stack([(part > 0).sum(axis=0) for part in people])
    pair = of_pair.ravel() if persons.gaps else np.zeros(len(plan.at), dtype=np.int64)
    counts = {"n_treated": size[pair, plan.own], "n_comparison": (size[pair] * other).sum(axis=1)}
    if persons.cluster is not None:
        among = [(people[p][:, which] > 0).any(axis=1).sum() for p, which in zip(pair, other, strict=True)]
        counts |= {"n_offices_treated": offices[pair, plan.own], "n_offices_comparison": np.array(among)}
    return counts


def _treated_mean(persons: Persons, cohorts: Cohorts, plan: Plan) -> np.ndarray:
    """Weighted mean outcome of each effect's group in its month, (K,)."""
    c, mean = len(cohorts.cohorts), []
    for y in persons.y:
        known = (cohorts.number >= 0) & ~np.isnan(y)
        number, w = cohorts.number[known], persons.weights[known]
        with np.errstate(invalid="ignore"):
            mean.append(np.bincount(number, w * y[known], c) / np.bincount(number, w, c))
    return np.array(mean)[plan.at, plan.own]
