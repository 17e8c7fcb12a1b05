"""Cardinality matching: the largest sample whose covariate means are as close as the tolerances say."""

import numpy as np
import pandas as pd
import scipy

from analysis.balance_measures import Column, arms, columns, spread
from analysis.matching.found import NOT_CHOSEN, Match
from analysis.matching.line_optimal import match_optimal
from analysis.matching.sets import HEADING, checked_sampling, no_pairs
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.scores import as_float64, missing_values, stop_at_one_group, treated_rows

TREATED_NOT_CHOSEN = "treated_not_chosen"
OPTIMAL, LIMIT_REACHED = 0, 1  # statuses of scipy.optimize.milp


def match_cardinality(
    covariates: pd.DataFrame,
    treated,
    *,
    tolerance: float | dict[str, float] = 0.05,
    ratio: int | None = 1,
    pair_on=None,
    time_limit: float = 120.0,
    accept_unproved: bool = False,
    sampling_weights=None,
) -> Match:
    """The most persons with |mean of treated − mean of comparison| ≤ tolerance·sd in every column of `covariates`.

    `tolerance` in standard deviations of the treated before matching (as in the balance table), one for all or by
    column; text and categories count as one share per level. `ratio` comparison persons per treated; None keeps
    every treated person and finds the largest comparison group like them (profile matching). `pair_on`: score (n,)
    or coordinates (n, p) on which the chosen are then paired at the least total distance (needs `ratio`). Everyone
    chosen has weight 1. Estimand: the effect on the chosen treated.

    Solved by HiGHS to proved optimality. When `time_limit` seconds end first, `ProblemsFound` tells so and how far
    it came, or with `accept_unproved` the best found is returned with `Match.proved` False. Also `ProblemsFound`
    for missing values, an empty group, and when no sample meets the tolerances.

    Source: Zubizarreta, Paredes and Rosenbaum (2014), Annals of Applied Statistics 8(1); profile matching: Cohn and
    Zubizarreta (2022), Epidemiology 33(5).
    """
    treated = treated_rows(treated, len(covariates))
    stop_at_one_group(HEADING, treated)
    if ratio is not None and (isinstance(ratio, bool) or not isinstance(ratio, int) or ratio < 1):
        raise ValueError(f"ratio must be None or a whole number of 1 or more, not {ratio!r}")
    if ratio is None and pair_on is not None:
        raise ValueError("pair_on needs a ratio")
    covariates = as_float64(covariates)
    stop_if_any(HEADING, missing_values(covariates))
    answer = _solved(_constraints(covariates, treated, tolerance, ratio), treated, ratio, time_limit)
    proved = _proved(answer, accept_unproved, time_limit)
    return _match(answer.x > 0.5, treated, ratio, pair_on, proved, checked_sampling(sampling_weights, len(treated)))


def _constraints(
    covariates: pd.DataFrame, treated: np.ndarray, tolerance, ratio: int | None
) -> "scipy.optimize.LinearConstraint":
    """Rows of coefficients over the n choices; the means are multiplied out by the number of comparison persons."""
    names, widths = _tolerances(covariates, tolerance)
    rows, upper = [], []
    for name in names:
        for column in columns(covariates[[name]]):
            allowed = widths[name] * _spread(column, treated)
            for sign in (1.0, -1.0):
                rows.append(_mean_row(sign * column.values, treated, allowed, ratio))
                upper.append(0.0)
    if ratio is not None:
        rows.append(np.where(treated, float(ratio), -1.0))
        upper.append(0.0)
    lower = np.full(len(rows), -np.inf)
    if ratio is not None:
        lower[-1] = 0.0
    return scipy.optimize.LinearConstraint(
        scipy.sparse.vstack([scipy.sparse.csr_array(row[None, :]) for row in rows]), lower, upper
    )


def _mean_row(values: np.ndarray, treated: np.ndarray, allowed: float, ratio: int | None) -> np.ndarray:
    """Coefficients of Σ(mean of treated − value − allowed) ≤ 0 over the chosen comparison persons, in units of sd.

    With a ratio the treated vary too: their mean times the number of comparison persons is ratio·Σ of their values.
    """
    centre = values[treated].mean()
    shifted = values - centre
    scale = max(float(np.abs(shifted).max()), 1e-300)
    of_treated = np.zeros(len(values)) if ratio is None else ratio * shifted
    return np.where(treated, of_treated, -shifted - allowed) / scale


def _tolerances(covariates: pd.DataFrame, tolerance) -> tuple[list[str], dict[str, float]]:
    names = list(covariates.columns)
    widths = dict(tolerance) if isinstance(tolerance, dict) else dict.fromkeys(names, tolerance)
    unknown = [name for name in widths if name not in names]
    what = "finnes ikke blant matchingens kolonner."
    stop_if_any(HEADING, [Problem("tolerance", f"«{name}» {what}", f"Mulige: {', '.join(names)}.") for name in unknown])
    if not all(0 <= width < np.inf for width in widths.values()):
        raise ValueError("tolerances must be numbers of 0 or more")
    return [name for name in names if name in widths], widths


def _spread(column: Column, treated: np.ndarray) -> float:
    plain = arms(np.ones(len(treated)), treated)
    return spread(column, plain, plain, treated, "treated")


def _solved(
    constraints: "scipy.optimize.LinearConstraint", treated: np.ndarray, ratio: int | None, limit: float
) -> "scipy.optimize.OptimizeResult":
    gain = np.ones(len(treated))
    lowest = np.where(treated, 1.0, 0.0) if ratio is None else np.zeros(len(treated))
    return scipy.optimize.milp(
        -gain,
        integrality=np.ones(len(treated)),
        bounds=scipy.optimize.Bounds(lowest, np.ones(len(treated))),
        constraints=constraints,
        options={"time_limit": limit, "mip_rel_gap": 0.0},
    )


def _proved(answer: "scipy.optimize.OptimizeResult", accept_unproved: bool, time_limit: float) -> bool:
    """Whether the answer is the optimum; raises when there is none, or none proved and that is not accepted."""
    if answer.status == LIMIT_REACHED and (answer.x is None or not accept_unproved):
        raise ProblemsFound(HEADING, [_out_of_time(answer, time_limit)])
    if answer.x is None or answer.x.max() < 0.5:
        raise ProblemsFound(HEADING, [_no_sample()])
    return answer.status == OPTIMAL


def _match(chosen: np.ndarray, treated: np.ndarray, ratio, pair_on, proved: bool, sampling) -> Match:
    reason = np.where(treated, TREATED_NOT_CHOSEN, NOT_CHOSEN).astype(object)
    rows = np.flatnonzero(~chosen)
    dropped = pd.DataFrame({"row": rows, "reason": reason[rows]})
    if not (chosen & treated).any() or not (chosen & ~treated).any():
        raise ProblemsFound(HEADING, [_no_sample()])
    pairs, subclass = no_pairs(), None
    if pair_on is not None:
        pairs, subclass = _paired(np.flatnonzero(chosen), treated, np.asarray(pair_on, dtype="float64"), ratio)
    return Match(chosen.astype("float64"), pairs, dropped, None, subclass, sampling, proved=proved)


def _paired(rows: np.ndarray, treated: np.ndarray, points: np.ndarray, ratio: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Pairs among the chosen rows and their sets (n,)."""
    inside = match_optimal(points[rows], treated[rows], ratio=ratio)
    subclass = np.full(len(treated), -1, dtype=np.int64)
    subclass[rows] = inside.subclass
    ends = {name: rows[inside.pairs[name]] for name in ("treated_row", "comparison_row")}
    return inside.pairs.assign(**ends), subclass


def _out_of_time(answer: "scipy.optimize.OptimizeResult", time_limit: float) -> Problem:
    so_far = "Ingen løsning ble funnet." if answer.x is None else f"Beste funn: {round(-answer.fun)} personer."
    bound = getattr(answer, "mip_dual_bound", None)
    most = f" Flere enn {int(-bound + 1e-6)} er ikke mulig." if bound is not None and np.isfinite(bound) else ""
    return Problem(
        "tidsgrense",
        f"det største utvalget ble ikke bevist på {time_limit:g} sekunder. {so_far}{most}",
        "Øk tidsgrensen, øk toleransen, eller godta løsningen uten bevis.",
    )


def _no_sample() -> Problem:
    return Problem("tolerance", "ingen utvalg oppfyller toleransene.", "Øk toleransene eller bruk færre kolonner.")
