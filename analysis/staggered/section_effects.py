"""Group-time effects of repeated cross-sections, and of panels in which persons come and go."""

from dataclasses import dataclass

import numpy as np

from analysis.months import month_text
from analysis.problems import Problem, stop_if_any
from analysis.staggered.covariates import Columns, dependent_problems, regression_problems
from analysis.staggered.cross_sections import METHODS, Section, section_effect, section_odds
from analysis.staggered.design import Design, Plan, keep_effects
from analysis.staggered.doubly_robust import basis
from analysis.staggered.group_time import GroupTime
from analysis.staggered.logits import overlap_problems
from analysis.staggered.person_plan import Cohorts, PersonEffects, cohort_ledger, group_shares, person_plan
from analysis.staggered.persons import HEADING, CrossSections


@dataclass(frozen=True)
class _Job:
    """One effect: `rows` of the month, then of the base month (`n` of the former), and who of them is in the group."""

    rows: np.ndarray
    n: int
    treated: np.ndarray
    weights: np.ndarray
    columns: Columns
    where: str

    @property
    def halves(self) -> tuple[slice, slice]:
        """The month, and the base."""
        return slice(None, self.n), slice(self.n, None)


def section_effects(sections: CrossSections, design: Design, *, method: str) -> PersonEffects:
    """ATT(g, t) by `method` (of `METHODS`), with the covariates that each person has in the month of the row.

    Persons who come and go are treated as repeated cross-sections, and the influence is summed by person (or office),
    so that standard errors know who was seen twice. A group's share is that of its persons.
    Raises `ProblemsFound` as `panel_effects` does. Sources: see `analysis.staggered.cross_sections`.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    cohorts = person_plan(sections.adoption, sections.months, design)
    people = _people(sections, cohorts, np.ones(len(sections.y)))
    plan = keep_effects(cohorts.plan, _least(cohorts.plan, people) > 0, "empty_cell")
    unit, units = _units(sections)
    att, influence = np.zeros(len(plan.table)), np.zeros((len(units), len(plan.table)))
    problems: dict[tuple[str, str], Problem] = {}
    for k in np.flatnonzero(plan.at != plan.before):
        job = _job(sections, cohorts, plan, k)
        found = _estimate(sections, job, method)
        if isinstance(found, list):
            problems |= {(problem.where, problem.mend): problem for problem in found}
        else:
            att[k], moved = found
            influence[:, k] = np.bincount(unit[job.rows], weights=moved, minlength=len(units))
    stop_if_any(HEADING, problems.values())
    weighted = (_people(sections, cohorts, w).sum(axis=0) for w in (sections.weights * sections.y, sections.weights))
    with np.errstate(invalid="ignore"):
        mean = np.divide(*weighted)[plan.own, plan.at]
    table = plan.table.assign(att=att, **_behind(sections, plan, people), treated_mean=mean)
    shares, share_influence = _shares(sections, cohorts, unit, len(units))
    group_time = GroupTime(table, influence, units, units, shares, share_influence)
    first = _first_of_person(sections)
    return PersonEffects(group_time, plan, cohort_ledger(sections.adoption[first], sections.months, design))


def _units(sections: CrossSections) -> tuple[np.ndarray, np.ndarray]:
    """Number of the unit of each row, and the labels of the units: offices, or persons without them."""
    if sections.cluster is None:
        return sections.person, sections.labels
    return sections.cluster, sections.offices


def _people(sections: CrossSections, cohorts: Cohorts, weights: np.ndarray) -> np.ndarray:
    """Sum of `weights` (rows,) by office, cohort and month, (O, C, T); one office when there are no clusters."""
    n_offices = 1 if sections.offices is None else len(sections.offices)
    shape = (n_offices, len(cohorts.cohorts), len(sections.months))
    month = np.repeat(np.arange(shape[2]), np.diff(sections.starts))
    office = np.zeros_like(month) if sections.cluster is None else sections.cluster
    used = cohorts.number >= 0
    place = np.ravel_multi_index((office[used], cohorts.number[used], month[used]), shape)
    return np.bincount(place, weights=weights[used], minlength=int(np.prod(shape))).reshape(shape)


def _least(plan: Plan, people: np.ndarray) -> np.ndarray:
    """The fewest persons behind an effect: of the group and of the comparison, in the month and in the base."""
    size, other, effect = people.sum(axis=0), plan.comparison(people.shape[1]), np.arange(len(plan.at))
    both = (plan.at, plan.before)
    return np.minimum.reduce([*(size[plan.own, t] for t in both), *((other @ size)[effect, t] for t in both)])


def _behind(sections: CrossSections, plan: Plan, people: np.ndarray) -> dict[str, np.ndarray]:
    """Persons behind each effect in its month, and with clusters their offices; (K,) each."""
    size, present = people.sum(axis=0).astype(np.int64), people > 0
    other = plan.comparison(people.shape[1])
    counts = {"n_treated": size[plan.own, plan.at], "n_comparison": (size.T[plan.at] * other).sum(axis=1)}
    if sections.cluster is not None:
        among = [present[:, which, at].any(axis=1).sum() for which, at in zip(other, plan.at, strict=True)]
        offices = present.sum(axis=0)[plan.own, plan.at]
        counts |= {"n_offices_treated": offices, "n_offices_comparison": np.array(among)}
    return counts


def _job(sections: CrossSections, cohorts: Cohorts, plan: Plan, k: int) -> _Job:
    own, start = plan.own[k], plan.start[k]
    halves = []
    for t in (plan.at[k], plan.before[k]):
        number = cohorts.number[sections.starts[t] : sections.starts[t + 1]]
        halves.append(sections.starts[t] + np.flatnonzero((number == own) | (number >= start)))
    rows = np.concatenate(halves)
    return _Job(
        rows=rows,
        n=len(halves[0]),
        treated=cohorts.number[rows] == own,
        weights=sections.weights[rows],
        columns=Columns(sections.columns.values[rows], sections.columns.names),
        where=f"gruppen fra {month_text(int(cohorts.cohorts[own]))}",
    )


def _estimate(sections: CrossSections, job: _Job, method: str) -> tuple[float, np.ndarray] | list[Problem]:
    """The effect and the influence of each row, or why it cannot be estimated."""
    if problems := _regression_problems(job, method) if method == "reg" else _dependent(job):
        return problems
    z, y = basis(job.columns.values, job.weights), sections.y[job.rows]
    month, base = (Section(y[half], z[half], job.treated[half], job.weights[half]) for half in job.halves)
    odds = section_odds(month, base, method)
    if odds is not None:
        problems = overlap_problems(odds, job.columns, job.treated, job.weights, job.where)
        # Separation is told before what it does to regressions.
        if problems := problems or _regression_problems(job, method):
            return problems
    found = section_effect(month, base, method=method, odds=odds)
    return found.att, np.concatenate([found.influence, found.influence_base])


def _dependent(job: _Job) -> list[Problem]:
    everyone = np.arange(len(job.rows))
    return dependent_problems(job.columns, everyone, job.weights, job.where, "gruppen og sammenligningspersonene")


def _regression_problems(job: _Job, method: str) -> list[Problem]:
    """Regressions that cannot be solved, in either month and, for the doubly robust, in either arm."""
    arms = [(~job.treated, "sammenligningspersonene"), (job.treated, "gruppens personer")]
    problems = []
    for half in job.halves:
        inside = np.zeros(len(job.rows), dtype=bool)
        inside[half] = True
        for arm, who in arms[: {"ipw": 0, "reg": 1, "dr": 2}[method]]:
            members = np.flatnonzero(inside & arm)
            problems += regression_problems(job.columns, members, job.weights, job.where, f"{who} i en måned")
    return problems


def _first_of_person(sections: CrossSections) -> np.ndarray:
    first = np.empty(len(sections.labels), dtype=np.int64)
    first[sections.person[::-1]] = np.arange(len(sections.person))[::-1]
    return first


def _shares(
    sections: CrossSections, cohorts: Cohorts, unit: np.ndarray, n_units: int
) -> tuple[dict[int, float], np.ndarray]:
    """Shares of the groups, each person counting once with the mean of the weights of the person's rows."""
    first = _first_of_person(sections)
    size = len(first)
    weights = np.bincount(sections.person, weights=sections.weights, minlength=size)
    weights /= np.bincount(sections.person, minlength=size)
    return group_shares(cohorts.cohorts, cohorts.number[first], weights, unit[first], n_units)
