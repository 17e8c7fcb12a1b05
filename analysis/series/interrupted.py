"""Comparative interrupted time series: the difference between treated and other units, before and after.

d_t = α + β(t − s) + γ·1[t ≥ s] + δ(t − s)·1[t ≥ s] + season + u_t, where d_t is the treated share less that of the
others in month t and s the first month that can show the measure. γ is the change of level, δ that of trend per month.
The same as a model of both groups in which every term differs between them (Linden 2015, Stata Journal 15(2)), without
having to say how their errors go together. The others take away what is common: trend, season and shocks.

Linear in the share: what is asked for is percentage points, the counts are hundreds, and the shares are far from 0 and
1, where binomial and normal are alike and the variance is nearly constant. The over-dispersed binomial model of
`quasi_binomial` stands beside. Errors are first-order autoregressive. Its ρ by restricted likelihood, because the
moment estimate of short series is too small and its errors too (Turner et al. 2021, BMC Medical Research Methodology
21:134); Prais–Winsten with statsmodels' ρ and OLS with Newey–West's errors beside.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import scipy

from analysis.problems import Problem, ProblemsFound
from analysis.series.units import HEADING, Units
from analysis.trials.found import Found, t_found

Season = Literal["month", "harmonic", "none"]
STRONGEST = 0.99
LEVEL, SLOPE = "level", "slope"
METHODS = ("ar1_reml", "prais_winsten", "newey_west")


@dataclass(frozen=True)
class Fit:
    """Coefficients (k,) with covariance (k, k) and t degrees of freedom; `rho` of the errors, NaN for Newey–West."""

    names: tuple[str, ...]
    beta: np.ndarray
    covariance: np.ndarray
    df: float
    rho: float
    inference: str
    convention: str

    def contrast(self, weights: dict[str, float], *, level: float) -> Found:
        """The weighted sum of coefficients, with its t interval."""
        c = np.array([weights.get(name, 0.0) for name in self.names])
        options = {"inference": self.inference, "convention": self.convention, "clusters": 0, "level": level}
        return t_found(float(c @ self.beta), float(np.sqrt(c @ self.covariance @ c)), self.df, **options)

    def weights(self, x: pd.DataFrame, weights: dict[str, float]) -> np.ndarray:
        """Weights (T,) of the months in it, c'(X'R⁻¹X)⁻¹X'R⁻¹ with R of the errors' ρ; of changes they sum to 0."""
        c = np.array([weights.get(name, 0.0) for name in self.names])
        rho = 0.0 if np.isnan(self.rho) else self.rho
        solved = np.linalg.solve(scipy.linalg.toeplitz(rho ** np.arange(len(x))), x.to_numpy())
        return solved @ np.linalg.solve(x.to_numpy().T @ solved, c)


def difference(units: Units) -> np.ndarray:
    """Share of the treated units together less that of all others together (T,)."""
    return units.pooled(units.treated) - units.pooled(~units.treated)


def terms(months: np.ndarray, start: int, *, season: Season = "month") -> pd.DataFrame:
    """The terms of the model (T rows). Season `month`: a term for each month of the year but the first seen;
    `harmonic`: two pairs of sine and cosine. Raises ProblemsFound where the months are too few for the terms."""
    time = np.arange(len(months)) - start
    after = (time >= 0).astype("float64")
    frame = pd.DataFrame({"const": 1.0, "trend": time.astype("float64"), LEVEL: after, SLOPE: time * after})
    calendar = np.asarray(months) % 12
    if season == "month":
        present = np.unique(calendar)
        frame = frame.assign(**{f"month_{place + 1}": (calendar == place).astype("float64") for place in present[1:]})
    elif season == "harmonic":
        angle = 2 * np.pi * calendar / 12
        waves = {f"{name}_{k}": wave(k * angle) for k in (1, 2) for name, wave in (("sin", np.sin), ("cos", np.cos))}
        frame = frame.assign(**waves)
    if np.linalg.matrix_rank(frame.to_numpy()) < frame.shape[1] or len(frame) <= frame.shape[1] + 1:
        mend = "Velg season: harmonic eller none, eller lever en lengre serie."
        raise ProblemsFound(HEADING, [Problem("series.season", "serien er for kort for sesongleddene.", mend)])
    return frame


def fit(y: np.ndarray, x: pd.DataFrame, method: str, *, lags: int | None = None) -> Fit:
    """The model under one of METHODS; `lags` of Newey–West, by default ⌊4(T/100)^(2/9)⌋ (Newey and West 1994)."""
    if method == "newey_west":
        return _newey_west(y, x, lags)
    import statsmodels.api as sm  # takes a second, which other series shall not wait for

    rho = restricted_rho(y, x.to_numpy()) if method == "ar1_reml" else _moment_rho(y, x)
    found = sm.GLS(y, x, sigma=scipy.linalg.toeplitz(rho ** np.arange(len(y)))).fit()
    how = "restricted likelihood" if method == "ar1_reml" else "Yule-Walker, iterated"
    convention = f"AR(1) by {how}, rho={rho:.4f}, T={len(y)}, k={x.shape[1]}"
    beta, covariance = found.params.to_numpy(), found.cov_params().to_numpy()
    return Fit(tuple(x.columns), beta, covariance, float(found.df_resid), rho, method, convention)


def _newey_west(y: np.ndarray, x: pd.DataFrame, lags: int | None) -> Fit:
    import statsmodels.api as sm  # takes a second, which other series shall not wait for

    lags = int(4 * (len(y) / 100) ** (2 / 9)) if lags is None else lags
    kept = {"maxlags": lags, "use_correction": True}
    found = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds=kept, use_t=True)
    convention = f"OLS, Bartlett kernel, {lags} lags, T/(T-k), T={len(y)}, k={x.shape[1]}"
    beta, covariance = found.params.to_numpy(), found.cov_params().to_numpy()
    return Fit(tuple(x.columns), beta, covariance, float(found.df_resid), float("nan"), "newey_west", convention)


def _moment_rho(y: np.ndarray, x: pd.DataFrame) -> float:
    import statsmodels.api as sm  # takes a second, which other series shall not wait for

    model = sm.GLSAR(y, x, rho=1)
    model.iterative_fit(maxiter=50, rtol=1e-8)
    return float(np.clip(model.rho[0], -STRONGEST, STRONGEST))


def restricted_rho(y: np.ndarray, x: np.ndarray) -> float:
    """ρ that maximises the restricted likelihood −½[(T − k) log s² + log|R| + log|X'R⁻¹X|] of AR(1) errors."""
    bounds = (-STRONGEST, STRONGEST)
    return float(
        scipy.optimize.minimize_scalar(
            _restricted, bounds=bounds, args=(y, x), method="bounded", options={"xatol": 1e-8}
        ).x
    )


def _restricted(rho: float, y: np.ndarray, x: np.ndarray) -> float:
    t, k = x.shape
    factor = scipy.linalg.cho_factor(scipy.linalg.toeplitz(rho ** np.arange(t)), lower=True)
    bread = x.T @ scipy.linalg.cho_solve(factor, x)
    solved = scipy.linalg.cho_solve(factor, y)
    beta = np.linalg.solve(bread, x.T @ solved)
    residual = y - x @ beta
    variance = residual @ scipy.linalg.cho_solve(factor, residual) / (t - k)
    logs = 2 * np.log(np.diag(factor[0])).sum() + np.linalg.slogdet(bread)[1]
    return 0.5 * ((t - k) * np.log(variance) + logs)


def changes(months_after: int, horizons: dict[str, int]) -> dict[str, dict[str, float]]:
    """Weights of the coefficients by what they give: level, slope, the mean over the `months_after` months seen, and
    the change after each horizon, a number of months from the first that can show it."""
    found = {LEVEL: {LEVEL: 1.0}, SLOPE: {SLOPE: 1.0}, "mean": {LEVEL: 1.0, SLOPE: (months_after - 1) / 2}}
    return found | {name: {LEVEL: 1.0, SLOPE: float(month)} for name, month in horizons.items()}


def without_change(found: Fit, x: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What the model fits (T,), and what it would be had neither level nor trend changed (T,)."""
    kept = found.beta * np.array([name not in (LEVEL, SLOPE) for name in found.names])
    return x.to_numpy() @ found.beta, x.to_numpy() @ kept
