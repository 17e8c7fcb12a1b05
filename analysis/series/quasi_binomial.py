"""Over-dispersed binomial difference-in-differences: units and months, logit link, Pearson's scale.

logit p_ut = α_u + λ_t + δ·1[u treated, t ≥ start], var(y) = φ·n·p(1 − p). φ is Pearson's X² over its degrees of
freedom (McCullagh and Nelder 1989, Generalized Linear Models, 4.5): shares of real units vary more than tossed coins.
The effect is the mean over the treated cells after start of p less p without δ, weighted by n, with the delta method.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from analysis.series.units import Units
from analysis.trials.found import Found, t_found

EFFECT = "effect"


@dataclass(frozen=True)
class QuasiBinomial:
    """`effect`: shares, mean over the treated cells after start; `log_odds` δ; `scale` φ; `lag` correlation of the
    Pearson residuals from one month to the next, which the errors do not know of."""

    effect: Found
    log_odds: float
    scale: float
    lag: float


def quasi_binomial(units: Units, *, level: float) -> QuasiBinomial:
    """The effect with the interval of an over-dispersed binomial model, t(N − k). It takes the months of a unit to be
    independent: with `lag` above 0 the interval is too narrow. A φ below 1 counts as 1."""
    import statsmodels.api as sm  # takes a second, which other series shall not wait for

    x, after = _terms(units)
    n, y = units.n.ravel(), units.y.ravel()
    # Shares weighted by n: given two columns of counts, statsmodels 0.15 leaves n out of Pearson's scale.
    found = sm.GLM(y / n, x, family=sm.families.Binomial(), var_weights=n).fit(scale="X2", tol=1e-12)
    values, scale = x.to_numpy(), float(found.scale)
    covariance = found.cov_params().to_numpy() * max(scale, 1.0) / scale
    linear = values @ found.params.to_numpy()
    delta = float(found.params[EFFECT])
    with_it, without = scipy.special.expit(linear), scipy.special.expit(linear - delta)
    weights = np.where(after, n, 0.0) / n[after].sum()
    slope = (weights * (with_it * (1 - with_it) - without * (1 - without))) @ values
    slope[list(x.columns).index(EFFECT)] = weights @ (with_it * (1 - with_it))
    effect = t_found(
        float(weights @ (with_it - without)),
        float(np.sqrt(slope @ covariance @ slope)),
        float(found.df_resid),
        inference="quasi_binomial",
        convention=f"logit, Pearson scale phi={scale:.4f}, cells={len(n)}, months taken as independent",
        clusters=len(units.names),
        level=level,
    )
    return QuasiBinomial(effect, delta, scale, _lag(np.asarray(found.resid_pearson), units.n.shape))


def _terms(units: Units) -> tuple[pd.DataFrame, np.ndarray]:
    count, months = units.n.shape
    unit, month = np.repeat(np.arange(count), months), np.tile(np.arange(months), count)
    after = units.treated[unit] & (month >= units.start)
    frame = pd.DataFrame({"const": np.ones(count * months), EFFECT: after.astype("float64")})
    named = {f"unit_{place}": (unit == place).astype("float64") for place in range(1, count)}
    named |= {f"time_{place}": (month == place).astype("float64") for place in range(1, months)}
    return frame.assign(**named), after


def _lag(residuals: np.ndarray, shape: tuple[int, int]) -> float:
    own = residuals.reshape(shape)
    own = own - own.mean(axis=1, keepdims=True)
    return float((own[:, 1:] * own[:, :-1]).sum() / (own**2).sum())
