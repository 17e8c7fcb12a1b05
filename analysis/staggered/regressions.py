"""Two-way fixed effects from cells: the coefficients, office by office, that a regression on persons would give.

y = D β + a level per person + a level per month. D is the same for everybody of a cell, so that in a balanced panel
levels per person give what levels per office and adoption group give, and cells are enough.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.staggered.bootstrap import SignFlip, restricted_wild
from analysis.staggered.cell_arrays import CellArrays, selected_offices, within_window
from analysis.staggered.design import NEVER, Design
from analysis.staggered.inference import stop_at_one_cluster

HEADING = "Regresjonen kan ikke beregnes:"


@dataclass(frozen=True)
class Regression:
    """Coefficients of a two-way fixed effects regression.

    `event_times` (k,), None for the static one; `coefficient` (k,); `influence` (G, k) by office of `offices`: their
    squares add up to CR0. `n_rows` person-months, `n_levels` persons (or cells, with new persons every month) and
    `n_months` levels; `reference` the event time that is 0 by construction.
    """

    event_times: np.ndarray | None
    coefficient: np.ndarray
    influence: np.ndarray
    offices: np.ndarray
    n_rows: int
    n_levels: int
    n_months: int
    reference: int | None


def static_effect(arrays: CellArrays, design: Design) -> Regression:
    """One coefficient for all months from adoption on. Biased when effects change with time since adoption.

    Goodman-Bacon (2021), J. Econometrics 225(2). See `static_weights` for why.
    """
    arrays, _ = within_window(arrays, design)
    treated = (arrays.months >= arrays.cohorts[:, None]).astype("float64")
    return _regression(arrays, treated[:, :, None], design, None, None)


def event_study(arrays: CellArrays, design: Design) -> Regression:
    """A coefficient per month since adoption, but for the last month before adoption may be felt; no binned ends.

    Coefficients mix effects of other months when groups differ: Sun and Abraham (2021), J. Econometrics 225(2).
    Raises ProblemsFound without never-treated persons, when the coefficients are not determined.
    """
    arrays, _ = within_window(arrays, design)
    if arrays.cohorts[-1] != NEVER:
        what = "uten personer som aldri får tiltaket, er månedene etter oppstart ikke bestemt."
        mend = "Bruk gruppe-måned-effektene med dem som ennå ikke har startet."
        stop_if_any(HEADING, [Problem("hendelsesstudien", what, mend)])
    since = np.where(arrays.cohorts[:, None] < NEVER, arrays.months - arrays.cohorts[:, None], NEVER)
    reference = -1 - design.anticipation
    times = np.setdiff1d(np.unique(since[since < NEVER]), [reference])
    return _regression(arrays, (since[:, :, None] == times).astype("float64"), design, times, reference)


def static_weights(arrays: CellArrays, design: Design) -> pd.DataFrame:
    """Weight of each group and month in the static coefficient: group, month, weight; they add up to 1.

    The static coefficient is the weighted sum of the effects of these cells if trends are parallel; negative weights
    are why it can miss. De Chaisemartin and D'Haultfœuille (2020), American Economic Review 110(9), theorem 1.
    """
    arrays, _ = within_window(arrays, design)
    treated = (arrays.months >= arrays.cohorts[:, None]).astype("float64")
    x, _, w = _partialled(arrays, treated[:, :, None])
    rest = x[..., 0].reshape(-1, len(arrays.cohorts), len(arrays.months))
    pull = (rest * w.reshape(rest.shape)).sum(axis=0) * treated
    c, t = np.nonzero(treated)
    return pd.DataFrame({"group": arrays.cohorts[c], "month": arrays.months[t], "weight": pull[c, t] / pull.sum()})


def convention_rows(found: Regression, *, level: float = 0.95) -> pd.DataFrame:
    """Standard errors under each convention, a row per coefficient and convention; `fixest` is the one to quote.

    All scale the same CR0; K counts the levels that the convention counts. `inference`, `convention` (names G and K),
    `event_time`, estimate, std_error, df, statistic, p_value, conf_low, conf_high.
    """
    g, n, k = len(found.offices), found.n_rows, len(found.coefficient)
    stop_at_one_cluster(g)
    nested, full = k + found.n_months, k + found.n_levels + found.n_months - 1
    few = g / (g - 1)
    conventions = (
        ("fixest", few * (n - 1) / (n - nested), g - 1, f"G/(G-1)*(N-1)/(N-K), nested levels not counted, K={nested}"),
        ("cr0", 1.0, np.inf, "no factor"),
        ("no_k", few, g - 1, "G/(G-1)"),
        ("linearmodels", n / (n - full), n - full, f"N/(N-K), all levels counted, K={full}"),
        ("statsmodels_lsdv", few * (n - 1) / (n - full), np.inf, f"G/(G-1)*(N-1)/(N-K), all levels, K={full}"),
    )
    raw = np.sqrt((found.influence**2).sum(axis=0))
    return pd.concat(
        [
            _tested(found, np.sqrt(factor) * raw, float(df), level).assign(
                inference=f"cr1_{name}" if name != "cr0" else "cr0", convention=f"{text}, {_law(df)}, G={g}"
            )
            for name, factor, df, text in conventions
        ],
        ignore_index=True,
    )


def wild_p(arrays: CellArrays, design: Design, *, seed: int, draws: int = 99_999) -> SignFlip:
    """Restricted wild cluster bootstrap of the static coefficient being 0, by office; see `restricted_wild`.

    From cells what it is from persons, when the same persons are there every month.
    """
    arrays, _ = within_window(arrays, design)
    o, c, t = np.nonzero(arrays.w > 0)
    w = arrays.w[o, c, t]
    x = (arrays.months[t] >= arrays.cohorts[c]).astype("float64")
    row = np.unique(o * len(arrays.cohorts) + c, return_inverse=True)[1]
    levels = np.hstack([(row[:, None] == np.unique(row)), (t[:, None] == np.arange(1, len(arrays.months)))])
    return restricted_wild(arrays.wy[o, c, t] / w, x, levels.astype("float64"), o, weights=w, seed=seed, draws=draws)


def left_out_coefficients(arrays: CellArrays, design: Design, *, dynamic: bool = False) -> np.ndarray:
    """Coefficients (G, k) without each office in turn; NaN where they are not determined without it."""
    estimate = event_study if dynamic else static_effect
    whole = estimate(arrays, design)
    found = np.full((len(arrays.offices), len(whole.coefficient)), np.nan)
    for o in range(len(arrays.offices)):
        try:
            left = estimate(selected_offices(arrays, np.arange(len(arrays.offices)) != o), design)
        except ProblemsFound:
            continue
        if not dynamic:
            found[o] = left.coefficient
        else:
            found[o, np.isin(whole.event_times, left.event_times)] = left.coefficient
    return found


def _regression(
    arrays: CellArrays, x: np.ndarray, design: Design, times: np.ndarray | None, reference: int | None
) -> Regression:
    """Regression on x (C, T, k)."""
    rest, place, w = _partialled(arrays, x)
    product = np.einsum("rtk,rtl->kl", rest * w[:, :, None], rest, optimize=True)
    _stop_if_undetermined(product, np.einsum("ctk,ct->k", x * x, arrays.w.sum(axis=0)))
    inverse = np.linalg.inv(product)
    shape = (-1, len(arrays.months))
    mean_w = arrays.w.reshape(shape)
    y = np.divide(arrays.wy.reshape(shape), mean_w, out=np.zeros_like(mean_w), where=mean_w > 0)
    y_rest = _without_levels(y[:, :, None], mean_w)[:, :, 0]
    own = rest[place]
    coefficient = inverse @ np.einsum("rtk,rt->k", own, mean_w * y_rest, optimize=True)
    residual = mean_w * (y_rest - own @ coefficient)
    scores = np.einsum("rtk,rt->rk", own, residual, optimize=True)
    by_office = scores.reshape(len(arrays.offices), -1, x.shape[2]).sum(axis=1)
    persons = arrays.n.max(axis=2)
    levels = int(persons.sum()) if design.sampling == "panel" else int((persons > 0).sum())
    return Regression(
        times, coefficient, by_office @ inverse, arrays.offices, int(arrays.n.sum()), levels, len(arrays.months),
        reference,
    )  # fmt: skip


def _partialled(arrays: CellArrays, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x without levels: (rows, T, k), the row of each office and cohort, and weights (rows, T).

    With the same persons every month all offices of a cohort share one row, which saves the work of the others.
    """
    n_offices, n_cohorts = len(arrays.offices), len(arrays.cohorts)
    if arrays.balanced:
        w, place = arrays.w.sum(axis=0), np.tile(np.arange(n_cohorts), n_offices)
        return _without_levels(x, w), place, w
    w = arrays.w.reshape(n_offices * n_cohorts, -1)
    rows = np.broadcast_to(x, (n_offices, *x.shape)).reshape(n_offices * n_cohorts, *x.shape[1:])
    return _without_levels(rows, w), np.arange(n_offices * n_cohorts), w


def _without_levels(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Residuals of x (R, T, k) on levels per row and per month, weighted by w (R, T).

    Rows are taken out first; what is left for the months is a T × T system, singular by one constant.
    """
    total = w.sum(axis=1, keepdims=True)
    part = np.divide(w, total, out=np.zeros_like(w), where=total > 0)
    centred = x - np.einsum("rt,rtk->rk", part, x, optimize=True)[:, None, :]
    system = np.diag(w.sum(axis=0)) - part.T @ w
    right = np.einsum("rt,rtk->tk", w, centred, optimize=True)
    month = np.linalg.lstsq(system, right, rcond=1e-12)[0]
    return centred - month[None, :, :] + (part @ month)[:, None, :]


def _stop_if_undetermined(product: np.ndarray, size: np.ndarray) -> None:
    """`product` (k, k) of the columns without levels, `size` (k,) their sums of squares with them."""
    scale = np.sqrt(np.diag(product))
    degenerate = (scale**2 <= 1e-12 * size).any() or np.linalg.cond(product / np.outer(scale, scale)) > 1e12
    what = "tiltaket kan ikke skilles fra faste forskjeller mellom grupper og måneder."
    mend = "Se om noen er uten tiltak i hele perioden, og om alle grupper har måneder før oppstart."
    stop_if_any(HEADING, [Problem("tiltak", what, mend)] if degenerate else [])


def _tested(found: Regression, se: np.ndarray, df: float, level: float) -> pd.DataFrame:
    statistic = found.coefficient / se
    law = scipy.stats.norm if np.isinf(df) else scipy.stats.t(df)
    reach = law.ppf((1 + level) / 2) * se
    times = np.full(len(se), np.nan) if found.event_times is None else found.event_times
    return pd.DataFrame(
        {
            "event_time": pd.array(times, dtype="Int64"),
            "estimate": found.coefficient,
            "std_error": se,
            "df": df,
            "statistic": statistic,
            "p_value": 2 * law.sf(np.abs(statistic)),
            "conf_low": found.coefficient - reach,
            "conf_high": found.coefficient + reach,
        }
    )


def _law(df: float) -> str:
    return "z" if np.isinf(df) else f"t({df:g})"
