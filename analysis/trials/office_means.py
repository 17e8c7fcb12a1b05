"""Tests on one number per office, and the sums by office that they and the permutation test need."""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.newton import newton
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.trials.allocations import HEADING, allocation
from analysis.trials.found import Found, t_found
from analysis.trials.permutation import checked_sums

CONVENTIONS = {
    ("equal", "equal"): "pooled variance",
    ("equal", "unequal"): "Welch",
    ("sizes", "equal"): "weighted by persons, pooled variance",
}
SAME = 1e-13


@dataclass(frozen=True, eq=False)
class Totals:
    """By office, in order of its label: `labels`, `sums` Σy and `sizes` n, each (G,)."""

    labels: np.ndarray
    sums: np.ndarray
    sizes: np.ndarray


def totals(y, offices) -> Totals:
    """Sums and sizes of persons' outcomes `y` (n,) by `offices` (n,). ValueError on missing values."""
    y, offices = _outcomes(y), np.asarray(offices)
    if offices.shape != y.shape:
        raise ValueError(f"offices has shape {offices.shape}, expected {y.shape}")
    labels, code = np.unique(offices, return_inverse=True)
    return Totals(labels, np.bincount(code, weights=y), np.bincount(code).astype("float64"))


def residual_sums(y, covariates, offices, *, link: str = "identity") -> np.ndarray:
    """Σ(y − ŷ) by office (G,), in order of its label, from a regression on `covariates` (n, k) without treatment.

    Without treatment the residuals are the same whatever was drawn, so a permutation test of them is exact. `link`
    `identity`: least squares; `logit`: logistic regression of a binary y. A constant is added; columns that follow
    from others do no harm. Raises ProblemsFound when the logistic fit does not converge, ValueError on missing values.
    Source: Gail et al. (1996), Statistics in Medicine 15, 1069-1092; Hayes and Moulton (2017), Cluster Randomised
    Trials, section 10.3.2 (two stages).
    """
    if link not in ("identity", "logit"):
        raise ValueError(f"unknown link {link!r}; known: identity, logit")
    y = _outcomes(y)
    basis = _basis(np.asarray(covariates, dtype="float64"), len(y))
    fitted = basis @ (basis.T @ y) / len(y) if link == "identity" else _expected(y, basis)
    return totals(y - fitted, offices).sums


def office_means_t(
    sums,
    sizes,
    treated,
    *,
    strata=None,
    weights: str = "equal",
    variances: str = "equal",
    level: float = 0.95,
) -> Found:
    """Difference in the average office's mean, treated minus comparison, by a t-test on one mean per office.

    By office (G,): `sums` Σy (or Σ of residuals), `sizes` n, `treated` 0 or 1. Least squares of the G means on
    treatment, and on `strata` if given (pairs: the paired t-test), with G − 1 − S degrees of freedom, S strata.
    `weights` `sizes`: each office counts its persons. `variances` `unequal`: Welch's test, without strata and
    weights. Where all means of a group are alike there is no standard error, and all but the estimate is nan.

    Raises ProblemsFound when too few offices are left to estimate a variance, or strata hold one group only.
    Source: Donner and Klar (2000), Design and Analysis of Cluster Randomization Trials, section 6.2; Welch (1947).
    """
    drawn = allocation(treated, strata=strata)
    sums, sizes = checked_sums(sums, sizes, len(drawn.treated))
    if (weights, variances) not in CONVENTIONS or (variances == "unequal" and strata is not None):
        raise ValueError(f"no office t-test with weights {weights!r}, variances {variances!r} and these strata")
    means = sums / sizes
    if variances == "unequal":
        estimate, error, df = _welch(means, drawn.treated)
    else:
        places = drawn.places()
        estimate, error, df = _regression(means, drawn.treated, places, sizes if weights == "sizes" else None)
    within = "" if strata is None else f", within {len(drawn.places())} strata"
    convention = f"{CONVENTIONS[weights, variances]}{within}, G={len(sizes)}"
    common = {"inference": "office_means_t", "convention": convention, "clusters": len(sizes)}
    if not error > SAME * np.abs(means).max():
        return Found(estimate=estimate, **common)
    return t_found(estimate, error, df, level=level, **common)


def _regression(means, treated, places, weights) -> tuple[float, float, float]:
    """Coefficient of treatment, its classical standard error and its degrees of freedom."""
    w = np.ones(len(means)) if weights is None else weights
    y, t = means.copy(), treated.astype("float64")
    for place in places:
        y[place] -= np.average(y[place], weights=w[place])
        t[place] -= np.average(t[place], weights=w[place])
    df, information = len(means) - 1 - len(places), float(w @ t**2)
    _stop_if_too_few(df, information)
    estimate = float(w @ (t * y)) / information
    return estimate, float(np.sqrt(w @ (y - estimate * t) ** 2 / df / information)), float(df)


def _welch(means: np.ndarray, treated: np.ndarray) -> tuple[float, float, float]:
    one, other = means[treated], means[~treated]
    _stop_if_too_few(min(len(one), len(other)) - 1, 1.0)
    parts = np.array([one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)])
    freedom = np.array([len(one) - 1, len(other) - 1])
    bottom = float((parts**2 / freedom).sum())
    df = float(parts.sum() ** 2 / bottom) if bottom > 0 else float("nan")
    return float(one.mean() - other.mean()), float(np.sqrt(parts.sum())), df


def _stop_if_too_few(df: float, information: float) -> None:
    what = "det er for få kontorer i gruppene til å regne ut en usikkerhet mellom kontorer."
    mend = "Bruk færre strata, eller oppgi tallene uten usikkerhet."
    stop_if_any(HEADING, [Problem("kontorer", what, mend)] if df <= 0 or information <= 0 else [])


def _outcomes(y) -> np.ndarray:
    found = np.asarray(y, dtype="float64")
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ValueError("y must hold one finite number for each person")
    return found


def _basis(covariates: np.ndarray, n: int) -> np.ndarray:
    """Orthogonal columns of mean square 1 that span the constant and the covariates (n, rank)."""
    columns = covariates.reshape(n, -1)
    if not np.isfinite(columns).all():
        raise ValueError("covariates must hold finite numbers")
    centred = columns - columns.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    # A column whose spread is rounding of its mean is a constant.
    moving = spread > 1e-12 * np.maximum(1e-300, np.abs(columns).max(axis=0))
    left, size, _ = np.linalg.svd(centred[:, moving] / spread[moving], full_matrices=False)
    kept = size > 1e-10 * size.max(initial=0.0)
    return np.column_stack([np.ones(n), left[:, kept] * np.sqrt(n)])


def _expected(y: np.ndarray, basis: np.ndarray) -> np.ndarray:
    if not np.isin(y, (0, 1)).all():
        raise ValueError("a logistic regression needs outcomes 0 and 1")
    fit = newton(basis, y, np.ones(len(y)))
    if not fit.converged:
        what = "den logistiske regresjonen av utfallet på kovariatene finner ikke noe svar."
        raise ProblemsFound(HEADING, [Problem("kovariater", what, "Ta ut kovariater som alene avgjør utfallet.")])
    return scipy.special.expit(basis @ fit.params)
