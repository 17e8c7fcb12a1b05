"""Where a unit's change stands among all units, and which places the uncertainty leaves open.

The interval of a unit's rank counts the units that can be told from it: 1 + those that distinctly fell more, to U −
those that distinctly fell less (Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic Studies 91(1),
with single-step Bonferroni; Goldstein and Spiegelhalter 1996, Journal of the Royal Statistical Society A 159).
It holds the true rank with at least the stated probability, for that unit.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.series.noise import Noise, counting_variance
from analysis.series.units import Units


@dataclass(frozen=True)
class RankIntervals:
    """For each unit (U,): `rank` of the lowest value as 1, `low` and `high` ranks, `distinct` others told from it."""

    rank: np.ndarray
    low: np.ndarray
    high: np.ndarray
    distinct: np.ndarray


def rank_intervals(value: np.ndarray, variance: np.ndarray, *, level: float) -> RankIntervals:
    """Ranks of independent values (U,) with variances (U,); each pair's interval has the level 1 − α/(U − 1)."""
    count = len(value)
    limit = scipy.stats.norm.ppf(1 - (1 - level) / (2 * max(count - 1, 1)))
    gap = value[:, None] - value[None, :]
    distance = gap / np.sqrt(np.where(np.eye(count, dtype=bool), 1.0, variance[:, None] + variance[None, :]))
    below, above = (distance > limit).sum(axis=1), (distance < -limit).sum(axis=1)
    return RankIntervals((gap > 0).sum(axis=1) + 1, 1 + below, count - above, below + above)


@dataclass(frozen=True)
class UnitChanges:
    """The change in share of each unit (U,), its variance, and the interval of its rank, the largest fall first."""

    change: np.ndarray
    variance: np.ndarray
    ranks: RankIntervals


def unit_changes(units: Units, noise: Noise, weights: np.ndarray, *, level: float) -> UnitChanges:
    """Weighted sums Σ_t w_t p_ut (weights (T,) sum to 0) and their variance w'(σ²R(ρ) + counting)w."""
    change = units.shares @ weights
    slow = float(weights @ (noise.covariance(np.zeros(len(weights))) - noise.lasting) @ weights)
    variance = slow + counting_variance(units) @ weights**2
    return UnitChanges(change, variance, rank_intervals(change, variance, level=level))


def after_less_before(units: Units, before: int) -> np.ndarray:
    """Weights (T,) of the mean over the months after start less the month with index `before`."""
    weights = np.zeros(len(units.months))
    weights[units.start :] = 1 / (len(weights) - units.start)
    weights[before] -= 1
    return weights
