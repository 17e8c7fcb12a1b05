"""Effects by imputation: what the untreated months say that the treated ones would have been without treatment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import HEADING, CellArrays, within_window
from analysis.staggered.cell_effects import CellEffects, checked_plan, effects_of_plan
from analysis.staggered.design import Design, Plan
from analysis.staggered.estimated import (
    Convention,
    Estimated,
    held_shares,
    of_group_time,
    simple_weights,
    with_untreated,
)
from analysis.staggered.two_way import TwoWay, connected, two_way

LEVELS = ("office", "cohort")
AUTHORS = Convention("cluster_bjs", 1.0, np.inf, "Borusyak, Jaravel, Spiess: clustered, no factor, z")
# Numbers in memory at a time.
BATCH_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Imputed:
    """Effects (K) by imputation from cells, and the parts of their influence, from which every variance is made.

    `cells.group_time.influence` (O, K) is the authors'. `spread` (O, K): each office's part in an effect, of which
    `untreated` (O, K) is what its untreated months give; `weight` (O, K): the office's share of the treated persons.
    `left_out`: effects (O, K) and shares of groups (O, G) without each office.
    `cell_weights` (C, T): what the mean outcome of each cohort's untreated month weighs in the simple average.
    """

    cells: CellEffects
    spread: np.ndarray
    weight: np.ndarray
    left_out: tuple[np.ndarray, np.ndarray]
    cell_weights: np.ndarray


def imputation(arrays: CellArrays, design: Design, *, levels: str = "office") -> Estimated:
    """Average effects of Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91(6), theorem 2.

    y = level + month is fitted to untreated cells (before g − anticipation); the effect of a treated cell is what lies
    above. `levels` per office and adoption group, or per adoption group: in a balanced panel the same, and the same as
    levels per person. Averages weigh as Callaway and Sant'Anna's do. Variance: their equation (8), with residual
    effects averaged by group and month over offices; conservative. Beside it the delete-one-office jackknife. Both hold
    the weights of groups fixed.
    `design.control` and `base` do not matter: every untreated month is compared with.
    Raises ProblemsFound when nothing can be imputed.
    """
    found = imputed_cells(arrays, design, levels=levels)
    made = of_group_time(
        "imputation", found.cells, design, left_out=found.left_out, conventions=(AUTHORS,), based=False
    )
    return replace(made, weights=with_untreated(made.weights, found.cells.arrays, found.cell_weights))


def imputed_cells(arrays: CellArrays, design: Design, *, levels: str = "office") -> Imputed:
    """Effects by group and month; see `imputation`."""
    if levels not in LEVELS:
        raise ValueError(f"levels must be one of {', '.join(LEVELS)}, not {levels!r}")
    arrays, ledger = within_window(arrays, design)
    plan = imputation_plan(arrays, design)
    if levels == "office":
        arrays, lost = _with_untreated_months(arrays, design)
        ledger = pd.concat([ledger, lost], ignore_index=True) if len(lost) else ledger
        plan = imputation_plan(arrays, design) if len(lost) else plan
    cells = effects_of_plan(arrays, plan, ledger)
    rows = _Rows.of(arrays, design, levels)
    att, spread, weight, cell_weights = _parts(rows, cells)
    table = cells.group_time.table.assign(att=att)
    group_time = replace(
        cells.group_time,
        table=table,
        influence=spread - weight * _residual_means(rows, plan),
        share_influence=np.zeros_like(cells.group_time.share_influence),
    )
    cells = replace(cells, group_time=group_time)
    return Imputed(cells, spread, weight, _left_out(arrays, rows, plan, levels), cell_weights)


def imputation_plan(arrays: CellArrays, design: Design) -> Plan:
    """Group and month of every effect: from g − anticipation on, as long as anybody is untreated."""
    plan = checked_plan(arrays, replace(design, control="not_yet", base="universal"))
    keep = (plan.table["event_time"] >= -design.anticipation).to_numpy()
    late = plan.omitted["month"] - plan.omitted["group"] >= -design.anticipation
    what = "ingen gruppe har en måned med tiltak der noen ennå ikke har startet."
    mend = "Utvid perioden, eller ta med kontorer uten tiltak."
    stop_if_any(HEADING, [] if keep.any() else [Problem("sammenligningsgruppen", what, mend)])
    arrays_of_plan = {name: getattr(plan, name)[keep] for name in ("own", "at", "before", "start", "own_inside")}
    return Plan(
        table=plan.table[keep].reset_index(drop=True),
        omitted=plan.omitted[late].reset_index(drop=True),
        **arrays_of_plan,
    )


@dataclass(frozen=True)
class _Rows:
    """The offices and cohorts that are there (R): sums (R, T), untreated months, and the level (of L) each has."""

    office: np.ndarray
    cohort: np.ndarray
    level: np.ndarray
    w: np.ndarray
    wy: np.ndarray
    untreated: np.ndarray
    fit: TwoWay

    @staticmethod
    def of(arrays: CellArrays, design: Design, levels: str) -> "_Rows":
        office, cohort = np.nonzero((arrays.n > 0).any(axis=2))
        w, wy = arrays.w[office, cohort], arrays.wy[office, cohort]
        untreated = _untreated(arrays, design)
        level = np.arange(len(office)) if levels == "office" else cohort
        sums = [_added(part * untreated[cohort], level, int(level.max()) + 1) for part in (w, wy)]
        if not connected(sums[0]):
            what = "månedene uten tiltak henger ikke sammen: noen kontorer har ingen måned felles med de andre."
            mend = "Avgrens perioden eller kontorene, eller bruk nivå per oppstartsgruppe."
            stop_if_any(HEADING, [Problem("måneder uten tiltak", what, mend)])
        return _Rows(office, cohort, level, w, wy, untreated[cohort], two_way(*sums))

    def rest(self) -> np.ndarray:
        """Σw(y − level − month) (R, T); 0 where nobody is, NaN in months that nobody is untreated."""
        expected = self.fit.level[self.level][:, None] + self.fit.month
        return np.where(self.w > 0, self.wy - self.w * expected, 0.0)


def _untreated(arrays: CellArrays, design: Design) -> np.ndarray:
    """Mask (C, T) of months that nothing is felt in yet."""
    return arrays.months < arrays.cohorts[:, None] - design.anticipation


def _with_untreated_months(arrays: CellArrays, design: Design) -> tuple[CellArrays, pd.DataFrame]:
    """Without offices and cohorts that are only seen treated, which have no level; and a ledger of them."""
    lost = (arrays.w * _untreated(arrays, design)).sum(axis=2) <= 0
    lost &= (arrays.w > 0).any(axis=2)
    persons = arrays.n.max(axis=2)
    rows = [
        ("no_untreated_months", int(arrays.cohorts[c]), int(persons[lost[:, c], c].sum()), int(lost[:, c].sum()))
        for c in np.flatnonzero(lost.any(axis=0))
    ]
    ledger = pd.DataFrame(rows, columns=["reason", "group", "persons", "offices"])
    if not lost.any():
        return arrays, ledger
    kept = {name: np.where(lost[:, :, None], 0.0, getattr(arrays, name)) for name in ("n", "w", "wy")}
    arrays = replace(arrays, sizes=np.where(lost, 0.0, arrays.sizes), **kept)
    arrays, _ = within_window(arrays, design)
    there = (arrays.n > 0).any(axis=(0, 2))
    kept = {name: getattr(arrays, name)[:, there] for name in ("n", "w", "wy", "sizes")}
    return replace(arrays, cohorts=arrays.cohorts[there], **kept), ledger


def _parts(rows: _Rows, cells: CellEffects) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Effects (K,), each office's part in them and its weight (O, K), and the weights of untreated months (C, T)."""
    plan, n_offices = cells.plan, len(cells.arrays.offices)
    rest = rows.rest()
    own = rows.cohort[:, None] == plan.own
    at = np.where(own, rows.w[:, plan.at], 0.0)
    total = at.sum(axis=0)
    above = np.where(own, rest[:, plan.at], 0.0) / total
    by_month, by_level = _asked(rows, plan, at / total)
    g_month, g_level = rows.fit.gradients(by_month, by_level)
    left = np.where(rows.untreated, rest, 0.0)
    untreated = left @ g_month.T + left.sum(axis=1, keepdims=True) * g_level.T[rows.level]
    spread = _added(above - untreated, rows.office, n_offices)
    simple = simple_weights(cells)
    pull = rows.w * rows.untreated * ((simple @ g_month) + (simple @ g_level)[rows.level][:, None])
    cell_weights = -_added(pull, rows.cohort, len(cells.arrays.cohorts))
    return above.sum(axis=0), spread, _added(at / total, rows.office, n_offices), cell_weights


def _asked(rows: _Rows, plan: Plan, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much of each month (K, T) and each level (K, L) the effects take away; `part` (R, K) weighs the rows."""
    months = (plan.at[:, None] == np.arange(rows.w.shape[1])).astype("float64")
    return months, _added(part, rows.level, rows.fit.weight.shape[0]).T


def _residual_means(rows: _Rows, plan: Plan) -> np.ndarray:
    """Σ_o w_o·(w·τ)_o / Σ_o w_o² over the offices o of each effect's group and month (K,).

    Equation (8) of the authors with offices as clusters; the weights of an estimand drop out within group and month.
    """
    own = rows.cohort[:, None] == plan.own
    w = np.where(own, rows.w[:, plan.at], 0.0)
    return (w * np.where(own, rows.rest()[:, plan.at], 0.0)).sum(axis=0) / (w * w).sum(axis=0)


def _left_out(arrays: CellArrays, rows: _Rows, plan: Plan, levels: str) -> tuple[np.ndarray, np.ndarray]:
    """Effects (O, K) and shares of groups (O, G) without each office in turn."""
    n_offices = len(arrays.offices)
    by_cohort = levels == "cohort" or arrays.balanced
    samples = _cohort_samples(arrays) if by_cohort else _row_samples(rows, n_offices)
    cohort = np.arange(len(arrays.cohorts)) if by_cohort else rows.cohort
    untreated = rows.untreated if not by_cohort else _by_cohort(rows, len(arrays.cohorts))
    found = [_imputed(w, wy, untreated, cohort, plan) for w, wy in samples]
    return np.concatenate(found), held_shares(arrays)


def _by_cohort(rows: _Rows, n_cohorts: int) -> np.ndarray:
    untreated = np.zeros((n_cohorts, rows.w.shape[1]), dtype=bool)
    untreated[rows.cohort] = rows.untreated
    return untreated


def _cohort_samples(arrays: CellArrays) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sums by cohort (P, C, T) without each office, some at a time: in a balanced panel, all that levels need."""
    n_offices, shape = len(arrays.offices), arrays.w.shape[1:]
    for chosen in _batches(n_offices, arrays.months.size * max(arrays.months.size, arrays.cohorts.size)):
        others = 1.0 - np.eye(n_offices)[chosen]
        yield tuple((others @ part.reshape(n_offices, -1)).reshape(-1, *shape) for part in (arrays.w, arrays.wy))


def _row_samples(rows: _Rows, n_offices: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sums of the rows (P, R, T), those of one office set to 0, some at a time."""
    for chosen in _batches(n_offices, rows.w.shape[1] * max(rows.w.shape)):
        others = (rows.office != chosen[:, None])[:, :, None]
        yield rows.w * others, rows.wy * others


def _batches(n: int, numbers: int) -> list[np.ndarray]:
    return np.array_split(np.arange(n), max(1, -(-n * numbers // BATCH_NUMBERS)))


def _imputed(w: np.ndarray, wy: np.ndarray, untreated: np.ndarray, cohort: np.ndarray, plan: Plan) -> np.ndarray:
    """Effects (P, K) of samples with sums (P, L, T); NaN where they cannot be imputed."""
    fit = two_way(w * untreated, wy * untreated)
    above = np.where(w > 0, wy - w * (fit.level[..., None] + fit.month[..., None, :]), 0.0)
    member = (np.arange(int(cohort.max()) + 1)[:, None] == cohort).astype("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = (member @ above) / (member @ w)
    return effect[:, plan.own, plan.at]


def _added(values: np.ndarray, place: np.ndarray, n: int) -> np.ndarray:
    """Rows of `values` added up by `place` (R,): (n, …)."""
    sums = np.zeros((n, *values.shape[1:]))
    np.add.at(sums, place, values)
    return sums
