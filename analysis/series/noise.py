"""What units do by themselves: lasting differences, slow chance and counting error, from those that began nothing.

The deviation of unit u from the mean of the others in month t is a_u + e_ut + c_ut: a_u has variance τ² and lasts,
e_ut has variance σ² and correlation ρ from one month to the next, c_ut has the binomial variance p(1 − p)/n.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.series.units import Units

STARTS = ((0.5, 0.3), (0.9, 0.5))
LEAST = 1e-10


@dataclass(frozen=True)
class Noise:
    """`lasting` τ², `slow` σ² (squared shares), `rho` per month, `units` behind them and `months` of each."""

    lasting: float
    slow: float
    rho: float
    units: int
    months: int

    def covariance(self, counting: np.ndarray) -> np.ndarray:
        """Covariance (T, T) of a unit's deviations in consecutive months with counting variances (T,)."""
        return (
            self.lasting + self.slow * scipy.linalg.toeplitz(self.rho ** np.arange(len(counting))) + np.diag(counting)
        )

    def lasts(self, counting: float) -> float:
        """Part of one month's deviation that is expected to last: τ²/(τ² + σ² + p(1 − p)/n), James and Stein's
        shrinkage with known variances (Efron and Morris 1975, Journal of the American Statistical Association 70)."""
        return self.lasting / (self.lasting + self.slow + counting)


def counting_variance(units: Units) -> np.ndarray:
    """Binomial variance p(1 − p)/n of each unit and month (U, T), p being that of the month in all units together."""
    pooled = units.y.sum(axis=0) / units.n.sum(axis=0)
    return pooled * (1 - pooled) / units.n


def noise_of(units: Units) -> Noise:
    """Noise of the units that began nothing, in the months before start, by maximum likelihood.

    Their own mean is taken out each month, and their deviations stretched by √(U/(U − 1)) for it; that they sum to zero
    is otherwise ignored.
    """
    own, before = ~units.treated, slice(0, units.start)
    shares, counting = units.shares[own, before], counting_variance(units)[own, before]
    count = len(shares)
    deviations = (shares - shares.mean(axis=0)) * np.sqrt(count / (count - 1))
    spread = max(float(deviations.var()), LEAST)
    found = [
        scipy.optimize.minimize(_likelihood, _start(spread, *start), args=(deviations, counting), method="Nelder-Mead")
        for start in STARTS
    ]
    lasting, slow, rho = _parts(min(found, key=lambda one: one.fun).x)
    return Noise(lasting, slow, rho, count, units.start)


def _start(spread: float, rho: float, part: float) -> np.ndarray:
    return np.array([np.log(spread * part), np.log(spread * (1 - part)), np.arctanh(rho)])


def _parts(values: np.ndarray) -> tuple[float, float, float]:
    lasting, slow = np.exp(np.clip(values[:2], np.log(LEAST), 0.0)).tolist()
    return lasting, slow, float(np.clip(np.tanh(values[2]), 0.0, 0.999))


def _likelihood(values: np.ndarray, deviations: np.ndarray, counting: np.ndarray) -> float:
    """−2 log-likelihood of normal deviations (U, T), up to a constant."""
    noise = Noise(*_parts(values), *deviations.shape)
    shared = noise.covariance(np.zeros(deviations.shape[1]))
    whole = shared[None] + counting[:, :, None] * np.eye(deviations.shape[1])
    lower = np.linalg.cholesky(whole)
    scaled = np.linalg.solve(lower, deviations[:, :, None])
    return float(2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum() + (scaled**2).sum())
