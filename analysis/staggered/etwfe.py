"""Wooldridge's extended two-way fixed effects from cells: a coefficient for every treated group and month.

A dummy for each treated cell of group and month takes that cell out of the estimation of the levels of groups and
months. So the levels are fitted to the other cells alone, and the coefficient is what the mean of the treated cell has
above them: on the outcome's own scale with ordinary least squares, and as the average marginal effect with a logit.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy

from analysis.months import month_text
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.staggered.cell_arrays import HEADING, CellArrays, within_window
from analysis.staggered.cell_effects import CellEffects, checked_plan, effects_of_plan
from analysis.staggered.design import NEVER, Design, Plan
from analysis.staggered.estimated import Estimated, held_shares, of_group_time
from analysis.staggered.imputation import imputation_plan
from analysis.staggered.left_out import without_each
from analysis.staggered.two_way import TwoWay, two_way

NEWTON_STEP = 1e-12  # largest change of a linear predictor at the end
NEWTON_ITERATIONS = 50
LONGEST_STEP = 3.0
# Beyond this log odds (a share of 1e-11) there is nothing to be seen in any data: the levels run off to infinity.
SEPARATED = 25.0
ROUNDING = 1e-12


@dataclass(frozen=True)
class ExtendedCells:
    """`cells`: effects by group and month with influence by office; `left_out`: effects (O, K) and shares of groups
    (O, G) without each office."""

    cells: CellEffects
    left_out: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Levels:
    """Fits of samples (…): linear predictor (…, C, T), NaN where not determined, and the least squares of the last
    step, whose weights are those of the fit's information."""

    linear: np.ndarray
    step: TwoWay


def etwfe(arrays: CellArrays, design: Design) -> Estimated:
    """Least squares of y on levels of groups and months and a dummy for every treated group and month.

    `design.control` not_yet: dummies from g − anticipation on, the same as imputation with levels per group;
    never: for every month of a group but the base month, the same as Sun and Abraham and as Callaway and Sant'Anna
    with those never treated. Averages weigh as Callaway and Sant'Anna's do.
    Wooldridge (2021), «Two-way fixed effects, the two-way Mundlak regression, and difference-in-differences
    estimators». Raises ProblemsFound when nothing can be estimated.
    """
    return _estimated("etwfe", arrays, design)


def etwfe_logit(arrays: CellArrays, design: Design) -> Estimated:
    """The same with a pooled logit, for outcomes that are shares: average marginal effects on the treated.

    ATT(g, t) = ȳ_gt − expit(α_g + λ_t): trends are parallel in log odds, not in shares. Errors by the delta method,
    clustered by office, and by leaving offices out.
    Wooldridge (2023), «Simple approaches to nonlinear difference-in-differences with panel data», The Econometrics
    Journal 26(3). Raises ProblemsFound when a group or a month has nobody, or everybody, with the
    outcome before adoption; ValueError for outcomes outside 0–1.
    """
    return _estimated("etwfe_logit", arrays, design)


def _estimated(name: str, arrays: CellArrays, design: Design) -> Estimated:
    design = replace(design, base="universal")
    found = extended_cells(arrays, design, logistic=name == "etwfe_logit")
    based = design.control == "never"
    return of_group_time(name, found.cells, design, left_out=found.left_out, based=based)


def extended_cells(arrays: CellArrays, design: Design, *, logistic: bool) -> ExtendedCells:
    """Effects by group and month; see `etwfe` and `etwfe_logit`."""
    arrays, ledger = within_window(arrays, design)
    plan, fitted = _plan(arrays, design), _fitted_cells(arrays, design)
    w, wy = arrays.w, arrays.wy + (arrays.centre * arrays.w if logistic else 0.0)
    if logistic and ((wy < -ROUNDING * w).any() or (wy > (1 + ROUNDING) * w).any()):
        raise ValueError("a logit is for outcomes between 0 and 1")
    levels = _levels(w.sum(axis=0) * fitted, wy.sum(axis=0) * fitted, logistic)
    _stop_if_undetermined(arrays, levels, w.sum(axis=0) * fitted, wy.sum(axis=0) * fitted)
    cells = effects_of_plan(arrays, plan, ledger)
    att = _effects(w.sum(axis=0), wy.sum(axis=0), levels.linear, plan, logistic)
    group_time = replace(
        cells.group_time,
        table=cells.group_time.table.assign(att=att),
        influence=_influence(w, wy, fitted, levels, plan, logistic),
    )
    cells = replace(cells, group_time=group_time)
    return ExtendedCells(cells, _left_out(arrays, w, wy, fitted, plan, logistic))


def _plan(arrays: CellArrays, design: Design) -> Plan:
    if design.control == "not_yet":
        return imputation_plan(arrays, design)
    return checked_plan(arrays, replace(design, base="universal"))


def _fitted_cells(arrays: CellArrays, design: Design) -> np.ndarray:
    """Mask (C, T) of the cells without a dummy, from which levels are fitted."""
    first = arrays.cohorts[:, None] - design.anticipation
    if design.control == "not_yet":
        return arrays.months < first
    return (arrays.cohorts[:, None] == NEVER) | (arrays.months == first - 1)


def _levels(w: np.ndarray, wy: np.ndarray, logistic: bool) -> _Levels:
    """Levels of groups and months from sums (…, C, T) of the fitted cells."""
    if logistic:
        return _logit_levels(w, wy)
    step = two_way(w, wy)
    return _Levels(step.level[..., None] + step.month[..., None, :], step)


def _logit_levels(w: np.ndarray, wy: np.ndarray) -> _Levels:
    """Newton's method for all samples at once: each step is the weighted least squares of what is left.

    A sample without a finite answer is NaN. While it is in company, its outcome is set to a half, which has one.
    """
    lost = _one_sided(w, wy)
    share = np.clip(_ratio(wy.sum(axis=(-1, -2)), w.sum(axis=(-1, -2))), 1e-6, 1 - 1e-6)
    linear = np.broadcast_to(scipy.special.logit(share)[..., None, None], w.shape)
    for _ in range(NEWTON_ITERATIONS):
        linear = np.where(lost[..., None, None], 0.0, linear)
        own = np.where(lost[..., None, None], w / 2, wy)
        p = scipy.special.expit(linear)
        step = two_way(w * p * (1 - p), own - w * p)
        change = np.where(w > 0, step.level[..., None] + step.month[..., None, :], 0.0)
        largest = np.nan_to_num(np.abs(change)).max(axis=(-1, -2))
        shorter = np.minimum(1.0, LONGEST_STEP / np.maximum(largest, LONGEST_STEP))[..., None, None]
        linear = linear + shorter * (step.level[..., None] + step.month[..., None, :])
        lost = lost | (np.where(w > 0, np.abs(linear), 0.0).max(axis=(-1, -2)) > SEPARATED)
        if (largest <= NEWTON_STEP).all():
            break
    lost = lost | (largest > NEWTON_STEP)
    return _Levels(np.where(lost[..., None, None], np.nan, linear), step)


def _one_sided(w: np.ndarray, wy: np.ndarray) -> np.ndarray:
    """Whether in some group or month of a sample (…) nobody, or everybody, has the outcome."""
    return np.any([_edge(w.sum(axis=axis), wy.sum(axis=axis)).any(axis=-1) for axis in (-1, -2)], axis=0)


def _edge(total: np.ndarray, yes: np.ndarray) -> np.ndarray:
    return (total > 0) & ((yes <= ROUNDING * total) | (yes >= (1 - ROUNDING) * total))


def _effects(w: np.ndarray, wy: np.ndarray, linear: np.ndarray, plan: Plan, logistic: bool) -> np.ndarray:
    """(…, K): the mean of each treated cell of the sums (…, C, T), less what the levels say."""
    untreated = linear[..., plan.own, plan.at]
    weight = w[..., plan.own, plan.at]
    mean = np.where(weight > 0, _ratio(wy[..., plan.own, plan.at], weight), np.nan)
    return _zero_at_base(mean - (scipy.special.expit(untreated) if logistic else untreated), plan)


def _influence(
    w: np.ndarray, wy: np.ndarray, fitted: np.ndarray, levels: _Levels, plan: Plan, logistic: bool
) -> np.ndarray:
    """(O, K): what an office adds to the mean of the treated cell, less what it adds through the levels.

    The score of an office is Σ w(y − μ) in each fitted cell. dμ/dη is 1, or p(1 − p) with a logit.
    """
    mu = scipy.special.expit(levels.linear) if logistic else levels.linear
    slope = (mu * (1 - mu) if logistic else np.ones_like(mu))[plan.own, plan.at][:, None]
    by_month = slope * (plan.at[:, None] == np.arange(w.shape[2]))
    by_level = slope * (plan.own[:, None] == np.arange(w.shape[1]))
    month, level = levels.step.gradients(by_month, by_level)
    scores = np.where(fitted, wy - w * np.where(fitted, mu, 0.0), 0.0)
    through = scores.sum(axis=1) @ month.T + scores.sum(axis=2) @ level.T
    own_w, own_wy = w[:, plan.own, plan.at], wy[:, plan.own, plan.at]
    mean = own_wy.sum(axis=0) / own_w.sum(axis=0)
    return _zero_at_base((own_wy - own_w * mean) / own_w.sum(axis=0) - through, plan)


def _zero_at_base(values: np.ndarray, plan: Plan) -> np.ndarray:
    """The base month is fitted exactly, so that its effect is 0 by construction and not by rounding."""
    return np.where((plan.at == plan.before) & np.isfinite(values), 0.0, values)


def _left_out(
    arrays: CellArrays, w: np.ndarray, wy: np.ndarray, fitted: np.ndarray, plan: Plan, logistic: bool
) -> tuple[np.ndarray, np.ndarray]:
    left_w, left_wy = without_each(w), without_each(wy)
    left_wy = np.where(left_w > 0, left_wy, 0.0)
    levels = _levels(left_w * fitted, left_wy * fitted, logistic)
    return _effects(left_w, left_wy, levels.linear, plan, logistic), held_shares(arrays)


def _stop_if_undetermined(arrays: CellArrays, levels: _Levels, w: np.ndarray, wy: np.ndarray) -> None:
    if np.isfinite(levels.linear[w > 0]).all():
        return
    if np.isnan(levels.step.level).all():
        what = "månedene før oppstart henger ikke sammen mellom gruppene, så de kan ikke sammenlignes."
        raise ProblemsFound(HEADING, [Problem("sammenligningsgruppen", what, "Velg en lengre periode.")])
    stop_if_any(HEADING, _one_sided_problems(arrays, w, wy) or [_runs_off()])


def _one_sided_problems(arrays: CellArrays, w: np.ndarray, wy: np.ndarray) -> list[Problem]:
    """The groups and months in which nobody, or everybody, has the outcome without treatment."""
    mend = "Bruk den lineære modellen, en lengre periode eller større grupper."
    what = "ingen eller alle har utfallet uten tiltak, så log-oddsen er ikke bestemt."
    groups = ["uten oppstart" if c == NEVER else f"med oppstart {month_text(int(c))}" for c in arrays.cohorts]
    sums = [(f"gruppen {name}", w[c], wy[c]) for c, name in enumerate(groups)]
    sums += [(f"måneden {month_text(int(m))}", w[:, t], wy[:, t]) for t, m in enumerate(arrays.months)]
    return [Problem(where, what, mend) for where, total, yes in sums if _edge(total.sum(), yes.sum())]


def _runs_off() -> Problem:
    what = f"nivåene ble ikke funnet på {NEWTON_ITERATIONS} steg."
    return Problem("logit-modellen", what, "Bruk den lineære modellen, eller slå sammen små grupper.")


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.zeros(np.shape(top)), where=np.asarray(bottom) > 0)
