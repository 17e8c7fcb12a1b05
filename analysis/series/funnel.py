"""Shares against how many are behind them, with the limits that chance alone gives: a funnel.

Binomial limits take every unit to have the same underlying share. Over-dispersed limits let the units differ by a
standard deviation τ, found from winsorised z-scores, so that a few odd units do not widen the limits for all
(Spiegelhalter 2005, Statistics in Medicine 24, 1185–1202, and Quality and Safety in Health Care 14, 347–351). Unlike
there the mean square is divided by what it is for tossed coins, so that drawing in the ends hides no spread.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

WINSORISED = 0.1
_END = scipy.stats.norm.ppf(1 - WINSORISED)
# Mean square of a standard normal variable whose ends are drawn in so far.
NORMAL = 2 * WINSORISED * _END**2 + 1 - 2 * WINSORISED - 2 * _END * scipy.stats.norm.pdf(_END)
LEVELS = (0.95, 0.998)
POINTS = 40


@dataclass(frozen=True)
class Funnel:
    """`target` the share of all together; `scale` φ, mean winsorised z² over that under chance; `spread` τ (share);
    `units` n, share, z, z_over (in over-dispersed errors); `limits` n, level, low, high, low_over, high_over."""

    target: float
    scale: float
    spread: float
    units: pd.DataFrame
    limits: pd.DataFrame


def funnel(n: np.ndarray, y: np.ndarray) -> Funnel:
    """The funnel of units with `y` of `n` (U,)."""
    target = float(y.sum() / n.sum())
    variance = target * (1 - target) / n
    share = y / n
    z = (share - target) / np.sqrt(variance)
    kept = np.clip(z, *np.quantile(z, [WINSORISED, 1 - WINSORISED]))
    scale = float((kept**2).mean() / NORMAL)
    spread = _spread(scale, variance)
    units = pd.DataFrame({"n": n, "share": share, "z": z, "z_over": (share - target) / np.sqrt(variance + spread**2)})
    return Funnel(target, scale, spread, units, _limits(target, spread, n))


def _spread(scale: float, variance: np.ndarray) -> float:
    """τ by the moments of U·φ with weights 1/variance (DerSimonian and Laird 1986); 0 where U·φ < U − 1."""
    weights, count = 1 / variance, len(variance)
    excess = count * scale - (count - 1)
    return float(np.sqrt(max(0.0, excess / (weights.sum() - (weights**2).sum() / weights.sum()))))


def _limits(target: float, spread: float, n: np.ndarray) -> pd.DataFrame:
    grid = np.geomspace(n.min(), n.max(), POINTS)
    rows = []
    for level in LEVELS:
        z = scipy.stats.norm.ppf(0.5 + level / 2)
        plain = z * np.sqrt(target * (1 - target) / grid)
        over = z * np.sqrt(target * (1 - target) / grid + spread**2)
        bounds = [np.clip(target + side, 0, 1) for side in (-plain, plain, -over, over)]
        names = ("low", "high", "low_over", "high_over")
        rows.append(pd.DataFrame({"n": grid, "level": level, **dict(zip(names, bounds, strict=True))}))
    return pd.concat(rows, ignore_index=True)
