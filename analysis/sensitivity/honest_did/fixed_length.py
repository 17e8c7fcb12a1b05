"""Smoothness: the shortest interval of fixed length around an estimator that is linear in the estimates.

The trend of the treated without treatment, less that of the others, may bend by at most M from one period to the next:
|(δ[t+1] − δ[t]) − (δ[t] − δ[t−1])| ≤ M. Paper, section 4 (fixed length confidence intervals, "FLCI").
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from analysis.sensitivity.honest_did.event_study import EventStudy
from analysis.sensitivity.honest_did.moments import bend_weights

# The ends of a search are widened by it, so that rounding leaves the root inside.
ROUNDING = 1e-9
# Steps of the search within the box, for each weight.
STEPS = 20


def folded_quantile(bias: float, level: float) -> float:
    """The `level` quantile of |N(bias, 1)|."""

    def above(c: float) -> float:
        return float(scipy.special.ndtr(c - bias) - scipy.special.ndtr(-c - bias)) - level

    low, high = bias + scipy.special.ndtri(level), bias + scipy.special.ndtri((1 + level) / 2)
    return float(scipy.optimize.brentq(above, max(low - ROUNDING, 0.0), high + ROUNDING, xtol=1e-14, rtol=1e-14))


@dataclass(frozen=True)
class FixedLength:
    """The interval `estimate` ± `half_length` under bends of at most `bound`.

    estimate = `weights` (R,)'estimates with standard error `std_error`; `worst_bias` over all allowed trends.
    """

    bound: float
    level: float
    estimate: float
    half_length: float
    worst_bias: float
    std_error: float
    weights: np.ndarray

    @property
    def conf_low(self) -> float:
        return self.estimate - self.half_length

    @property
    def conf_high(self) -> float:
        return self.estimate + self.half_length


@dataclass(frozen=True)
class Estimators:
    """All linear estimators of the target that a linear trend does not bias, by how they weigh bends before the start.

    Weights of the estimates (R,) are `origin` + `bends` (R, P − 1) w, and the largest bias is
    M (`fixed_bends` + Σ|w|). Standard errors are in units of the target's own.
    """

    study: EventStudy
    origin: np.ndarray
    bends: np.ndarray
    fixed_bends: float

    @classmethod
    def of(cls, study: EventStudy) -> "Estimators":
        """w[k] is the weight of the bend at −k when v'δ is written in the slope before the start and all bends."""
        p, q = study.n_before, study.n_after
        # After the start `bend_weights`; before it δ[−t] = −t s + Σ_{1≤k<t} (t − k) bend[−k].
        back = np.arange(p, 0, -1)
        before = np.column_stack([-back, np.maximum(back[:, None] - np.arange(1, p)[None, :], 0)])
        slope_and_bends = np.linalg.inv(before.T.astype("float64"))
        origin = np.concatenate([slope_and_bends[:, 0] * -(study.target @ np.arange(1, q + 1)), study.target])
        bends = np.vstack([slope_and_bends[:, 1:], np.zeros((q, p - 1))])
        return cls(study, origin, bends, float(np.abs(bend_weights(study)).sum()))

    @cached_property
    def quadratic(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Half the variance is w'Gw/2 + q'w + constant: G's factor inverted, q, and that inverse times q."""
        spread = self.study.covariance / self.study.std_error**2
        factor = np.linalg.inv(np.linalg.cholesky(self.bends.T @ spread @ self.bends))
        linear = self.bends.T @ spread @ self.origin
        return factor, linear, factor @ linear

    def least(self, price: float) -> np.ndarray:
        """w (P − 1,) with the least variance/2 + price·Σ|w|, exactly: the dual is least squares within a box."""
        factor, _, offset = self.quadratic
        if not len(offset):
            return np.zeros(0)
        if price <= 0:
            return -factor.T @ offset
        # With a gradient g in [−price, price]: w = −G⁻¹(q + g), where g has the least (q + g)'G⁻¹(q + g).
        limits = {"method": "bvls", "tol": 1e-13, "max_iter": STEPS * len(offset)}
        found = scipy.optimize.lsq_linear(factor, -offset, bounds=(-price, price), **limits)
        if not found.success:
            raise ArithmeticError("the best weights of the bends before the start were not found")
        inside = np.abs(found.x) < price * (1 - 1e-12)
        return np.where(inside, 0.0, -factor.T @ (offset + factor @ found.x))

    def weights(self, w: np.ndarray) -> np.ndarray:
        return self.origin + self.bends @ w

    def std_error(self, w: np.ndarray) -> float:
        """In units of the target's standard error."""
        weights = self.weights(w)
        return float(np.sqrt(weights @ self.study.covariance @ weights)) / self.study.std_error

    def bias(self, w: np.ndarray, bound: float) -> float:
        """Largest bias with bends of at most `bound`, in units of the target's standard error."""
        return bound * (self.fixed_bends + float(np.abs(w).sum())) / self.study.std_error


def fixed_length(study: EventStudy, bound: float, *, level: float = 0.95) -> FixedLength:
    """The shortest interval of fixed length that holds the target with probability `level`, bends up to M = `bound`.

    Half its length is χ(b, σ), the `level` quantile of |N(b, σ²)|, with b the largest bias. χ grows in b and σ and is
    convex in the estimator, so the best one has the least variance + 2·price·Σ|w| for some price, found as a root.
    Exact to rounding. ValueError: a negative bound, a level outside (0, 1).
    """
    if not (0 <= bound < np.inf and 0 < level < 1):
        raise ValueError(f"the bound must be at least 0 and the level in (0, 1), not {bound} and {level}")
    among = Estimators.of(study)
    w = _best(among, bound, level)
    weights, bias, std_error = among.weights(w), among.bias(w, bound), among.std_error(w)
    half = std_error * folded_quantile(bias / std_error, level)
    unit = study.std_error
    estimate = float(weights @ study.estimates)
    return FixedLength(bound, level, estimate, half * unit, bias * unit, std_error * unit, weights)


def _best(among: Estimators, bound: float, level: float) -> np.ndarray:
    """w (P − 1,) of the shortest interval."""
    highest = float(np.abs(among.quadratic[1]).max(initial=0.0))
    if bound == 0 or highest == 0:
        return among.least(0.0)

    def slope(price: float) -> float:
        w = among.least(price)
        return _slope(among.bias(w, bound), among.std_error(w), price, bound / among.study.std_error, level)

    if slope(highest) <= 0:
        return np.zeros(among.bends.shape[1])
    return among.least(scipy.optimize.brentq(slope, 0.0, highest, xtol=1e-13 * highest, rtol=1e-13))


def _slope(bias: float, std_error: float, price: float, unit_bias: float, level: float) -> float:
    """How χ(b, σ) moves with less Σ|w| along the best estimators, where dσ = −(price/σ) dΣ|w| and db = M dΣ|w|.

    Times the sum of the densities f₁, f₂ at the interval's ends: ∂χ/∂b = (f₁ − f₂)/(f₁ + f₂), and ∂χ/∂σ is
    (f₁ z₁ + f₂ z₂)/(f₁ + f₂), with z₁ = (χ − b)/σ, z₂ = (χ + b)/σ.
    """
    t = bias / std_error
    c = folded_quantile(t, level)
    # f₂/f₁, so that neither can vanish.
    ratio = np.exp(-2 * c * t)
    return float(((c - t) + ratio * (c + t)) * price / std_error - (1 - ratio) * unit_bias)
