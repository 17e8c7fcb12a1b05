"""How much of a change is to be expected from having been chosen in a bad month: regression to the mean.

The best linear prediction of the chosen unit's later deviation from the others, given its own months before and how
units move by themselves (`noise`): E[f | b] = K_fb K_bb⁻¹ d_b (Robinson 1991, Statistical Science 6(1); with one month
and no slow chance it is James and Stein's shrinkage, Stigler 1990, Statistical Science 5(1)). What is left of the
change when that and the change of the others are taken off is not an effect, but what neither of them explains.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.series.noise import Noise, counting_variance
from analysis.series.units import Units


@dataclass(frozen=True)
class ToTheMean:
    """Parts of the chosen units' change in share from the month they were chosen to later months, and their sum.

    `change` = `elsewhere` (mean of the other units) + `expected` (back to the mean) + `rest`; `low`–`high`: the rest
    that chance alone gives room for, around `rest`. `lasts`: part of one month's deviation that is expected to last.
    """

    change: float
    elsewhere: float
    expected: float
    rest: float
    std_error: float
    low: float
    high: float
    lasts: float


def to_the_mean(units: Units, noise: Noise, *, chosen: int, later: np.ndarray, level: float) -> ToTheMean:
    """The parts for the mean over the months `later` (indices); `chosen` is the index of the month of choice.

    The months up to `chosen` tell what to expect. The rest's standard error holds the prediction's and that of the
    others' mean, with t(U − 1) for variances from U units; that they are estimated is otherwise not in it.
    """
    own = units.pooled(units.treated)
    others = units.shares[~units.treated].mean(axis=0)
    n = units.n[units.treated].sum(axis=0)
    pooled = units.y.sum(axis=0) / units.n.sum(axis=0)
    covariance = noise.covariance(pooled * (1 - pooled) / n)
    known, weights = np.arange(chosen + 1), np.full(len(later), 1 / len(later))
    deviation = own - others
    back = covariance[np.ix_(later, known)] @ np.linalg.inv(covariance[np.ix_(known, known)])
    predicted = float(weights @ (back @ deviation[known]))
    left = covariance[np.ix_(later, later)] - back @ covariance[np.ix_(known, later)]
    error = float(np.sqrt(weights @ left @ weights + _of_others(units, noise, weights, later)))
    change = float(weights @ own[later]) - own[chosen]
    elsewhere = float(weights @ others[later]) - others[chosen]
    expected = predicted - deviation[chosen]
    rest, reach = change - elsewhere - expected, scipy.stats.t.ppf(0.5 + level / 2, noise.units - 1) * error
    lasts = noise.lasts(float(covariance[chosen, chosen] - noise.lasting - noise.slow))
    parts = [float(value) for value in (change, elsewhere, expected, rest, error, rest - reach, rest + reach, lasts)]
    return ToTheMean(*parts)


def _of_others(units: Units, noise: Noise, weights: np.ndarray, later: np.ndarray) -> float:
    """Variance of the others' mean over the later months, their lasting differences left out."""
    counting = counting_variance(units)[~units.treated]
    own = noise.covariance(counting.mean(axis=0)) - noise.lasting
    return float(weights @ own[np.ix_(later, later)] @ weights) / len(counting)
