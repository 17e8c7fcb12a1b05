"""Group-time effects without covariates, from cells: exact for balanced panels and for repeated cross-sections."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import HEADING, CellArrays, within_window
from analysis.staggered.design import NEVER, Design, Plan, effect_plan, keep_effects
from analysis.staggered.group_time import GroupTime


@dataclass(frozen=True)
class CellEffects:
    """`group_time` with a row of influence per office, and what it was computed from.

    `ledger`: cohorts left out or counted as never-treated. `plan.omitted`: effects without anybody to compare with.
    """

    group_time: GroupTime
    arrays: CellArrays
    plan: Plan
    ledger: pd.DataFrame


def cell_effects(arrays: CellArrays, design: Design) -> CellEffects:
    """ATT(g, t) = (ȳ_g,t − ȳ_g,b) − (ȳ_C,t − ȳ_C,b), with weighted means over the persons of all offices.

    The influence of office o on a mean over a set S is Σ_o w(y − ȳ_S) / Σ_S w; that of an effect is the four of them
    with their signs. Adding up offices' squares gives the standard error clustered on office, without a correction
    for their number. Persons who are the same every month and persons who are new give the same formula.
    Callaway and Sant'Anna (2021), theorems 1 and 2, equations 2.3 and 2.5.
    Raises ProblemsFound without adoption groups or without anybody to compare with.
    """
    arrays, ledger = within_window(arrays, design)
    return effects_of_plan(arrays, checked_plan(arrays, design), ledger)


def effects_of_plan(arrays: CellArrays, plan: Plan, ledger: pd.DataFrame) -> CellEffects:
    """Effects of `plan` with their influence by office."""
    total = _Sums(arrays.wy.sum(axis=0), arrays.w.sum(axis=0), plan)
    shares, share_influence = group_shares(arrays)
    groups = arrays.cohorts[arrays.cohorts < NEVER]
    group_time = GroupTime(
        table=_table(arrays, plan, total),
        influence=_influence(arrays, plan, total),
        units=arrays.offices,
        clusters=arrays.offices,
        groups=dict(zip(groups.tolist(), shares.tolist(), strict=True)),
        share_influence=share_influence,
    )
    return CellEffects(group_time, arrays, plan, ledger)


def checked_plan(arrays: CellArrays, design: Design) -> Plan:
    """The effects that the cells can give; ProblemsFound when there are none."""
    groups = arrays.cohorts[arrays.cohorts < NEVER]
    problems = []
    if not len(groups):
        what = "ingen tar i bruk tiltaket i en måned som har en måned før seg i vinduet."
        problems.append(Problem("oppstartsmåned", what, "Utvid perioden bakover, eller se etter feil i kolonnen."))
    elif design.control == "never" and arrays.cohorts[-1] != NEVER:
        what = "ingen er uten tiltak i hele perioden, så det er ingen å sammenligne med."
        problems.append(Problem("sammenligningsgruppen", what, "Velg dem som ennå ikke har startet (not_yet)."))
    stop_if_any(HEADING, problems)
    plan = effect_plan(design, arrays.cohorts, arrays.months)
    weight = _Sums(arrays.w.sum(axis=0), arrays.w.sum(axis=0), plan)
    plan = keep_effects(plan, np.minimum.reduce(weight.weights()) > 0, "empty_cell")
    if plan.table.empty:
        what = "ingen gruppe og måned har noen å sammenligne med."
        mend = "Velg en annen sammenligningsgruppe eller en lengre periode."
        stop_if_any(HEADING, [Problem("sammenligningsgruppen", what, mend)])
    return plan


def effects(wy: np.ndarray, w: np.ndarray, plan: Plan) -> np.ndarray:
    """ATT (…, K) from sums (…, C, T) of any number of samples at once; NaN where a mean has nobody behind it."""
    sums = _Sums(wy, w, plan)
    with np.errstate(divide="ignore", invalid="ignore"):
        att = sums.mean("own", "at") - sums.mean("own", "before")
        att -= sums.mean("other", "at") - sums.mean("other", "before")
    att[..., plan.at == plan.before] = 0.0
    return att


def leave_one_out(arrays: CellArrays, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Effects (O, K) and shares of the groups (O, G) when each office in turn is left out."""
    w = _without(arrays.w)
    found = effects(_without(arrays.wy), w, plan)
    return found, shares_of(_without(arrays.sizes)[:, arrays.cohorts < NEVER])


def shares_of(sizes: np.ndarray) -> np.ndarray:
    """Sizes (…, G) as shares of their sum."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sizes / sizes.sum(axis=-1, keepdims=True)


def group_shares(arrays: CellArrays) -> tuple[np.ndarray, np.ndarray]:
    """Each group's share of the treated (G,), and the influence of each office on it (O, G)."""
    own = arrays.sizes[:, arrays.cohorts < NEVER]
    total = own.sum()
    shares = own.sum(axis=0) / total
    return shares, (own - shares * own.sum(axis=1, keepdims=True)) / total


def _without(values: np.ndarray) -> np.ndarray:
    """The sum over all offices but each one; 0 where rounding would leave a crumb of the only office."""
    left = values.sum(axis=0) - values
    alone = np.count_nonzero(values, axis=0) - (values != 0) == 0
    return np.where(alone, 0.0, left)


class _Sums:
    """Gathers the sums behind each effect from (…, C, T): of its own cohort, and of those it is compared with."""

    def __init__(self, wy: np.ndarray, w: np.ndarray, plan: Plan):
        self.plan = plan
        self.wy, self.w = wy, w
        self.wy_from, self.w_from = _from_cohort_on(wy), _from_cohort_on(w)

    def pair(self, who: str, when: str) -> tuple[np.ndarray, np.ndarray]:
        plan, t = self.plan, getattr(self.plan, when)
        own = self.wy[..., plan.own, t], self.w[..., plan.own, t]
        if who == "own":
            return own
        later = self.wy_from[..., plan.start, t], self.w_from[..., plan.start, t]
        if not plan.own_inside.any():
            return later
        return later[0] - own[0] * plan.own_inside, later[1] - own[1] * plan.own_inside

    def mean(self, who: str, when: str) -> np.ndarray:
        wy, w = self.pair(who, when)
        return wy / w

    def weights(self) -> list[np.ndarray]:
        return [self.pair(who, when)[1] for who in ("own", "other") for when in ("at", "before")]


def _from_cohort_on(values: np.ndarray) -> np.ndarray:
    """Sums over the cohorts from each one to the last."""
    return np.flip(np.cumsum(np.flip(values, axis=-2), axis=-2), axis=-2)


def _influence(arrays: CellArrays, plan: Plan, total: _Sums) -> np.ndarray:
    by_office = _Sums(arrays.wy, arrays.w, plan)
    influence = np.zeros((len(arrays.offices), len(plan.table)))
    for who, when, sign in (("own", "at", 1), ("own", "before", -1), ("other", "at", -1), ("other", "before", 1)):
        wy, w = by_office.pair(who, when)
        sum_wy, sum_w = total.pair(who, when)
        influence += sign * (wy - w * (sum_wy / sum_w)) / sum_w
    influence[:, plan.at == plan.before] = 0.0
    return influence


def _table(arrays: CellArrays, plan: Plan, total: _Sums) -> pd.DataFrame:
    """Rows of `GroupTime.table`, with treated_mean and the numbers of offices beside."""
    people = arrays.n.sum(axis=0)
    persons = _Sums(people, people, plan)
    here = (arrays.n > 0).astype("float64")
    offices = _Sums(here, here, plan)
    att = effects(total.wy, total.w, plan)
    # The base month itself is in the table, as 0, so that a curve has a point there.
    return plan.table.assign(
        att=att,
        n_treated=persons.pair("own", "at")[1].astype(np.int64),
        n_comparison=persons.pair("other", "at")[1].astype(np.int64),
        n_offices_treated=(offices.pair("own", "at")[1] > 0).sum(axis=0),
        n_offices_comparison=(offices.pair("other", "at")[1] > 0).sum(axis=0),
        treated_mean=total.mean("own", "at") + arrays.centre,
    )
