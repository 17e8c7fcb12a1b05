"""Levels and months by weighted least squares, from sums: y = level + month, of many samples at once."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TwoWay:
    """Fits of samples (…). `level` (…, L), `month` (…, T): NaN where nobody was seen. The first month seen is 0.

    `inverse` (…, T, T): generalised inverse of the normal matrix of the months, levels taken out.
    `weight` (…, L, T): Σw; `share` (…, L, T): each level's weight by month as shares of its sum.
    Everything is NaN where levels and months do not hang together, so that months cannot be compared.
    """

    level: np.ndarray
    month: np.ndarray
    inverse: np.ndarray
    weight: np.ndarray
    share: np.ndarray

    def gradients(self, by_month: np.ndarray, by_level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights g_t (K, T) and g_l (K, L) such that Σ by_month·month + Σ by_level·level = Σ_lt w(g_t + g_l)·y.

        Of a single sample; `by_month` (K, T) and `by_level` (K, L) must be estimable: with the same sum in each row.
        """
        months = (by_month - by_level @ self.share) @ self.inverse
        total = self.weight.sum(axis=-1)
        level = _ratio(by_level, total) - months @ self.share.T
        return months, np.where(total > 0, level, 0.0)


def two_way(w: np.ndarray, wy: np.ndarray) -> TwoWay:
    """Fits from Σw and Σw·y (…, L, T) by level and month; cells without weight are not there."""
    total, seen = w.sum(axis=-1), w.sum(axis=-2) > 0
    share = _ratio(w, total[..., None])
    across = np.swapaxes(share, -1, -2)
    normal = -across @ w
    right = wy.sum(axis=-2) - (across @ wy.sum(axis=-1)[..., None])[..., 0]
    free = seen & (np.arange(w.shape[-1]) != seen.argmax(axis=-1)[..., None])
    both = free[..., :, None] & free[..., None, :]
    together = connected(w)
    normal = np.where(both & together[..., None, None], normal, 0.0)
    place = np.arange(w.shape[-1])
    normal[..., place, place] += np.where(free & together[..., None], w.sum(axis=-2), 1.0)
    inverse = np.where(both, np.linalg.inv(normal), 0.0)
    month = (inverse @ right[..., None])[..., 0]
    level = _ratio(wy.sum(axis=-1) - (w @ month[..., None])[..., 0], total)
    return TwoWay(
        level=np.where((total > 0) & together[..., None], level, np.nan),
        month=np.where(seen & together[..., None], month, np.nan),
        inverse=inverse,
        weight=w,
        share=share,
    )


def connected(w: np.ndarray) -> np.ndarray:
    """Whether every month seen can be reached from the first one, through levels seen in both; by sample (…)."""
    there = (w > 0).astype("float64")
    seen = there.any(axis=-2)
    reached = seen & (np.arange(w.shape[-1]) == seen.argmax(axis=-1)[..., None])
    while True:
        levels = (there @ reached.astype("float64")[..., None]) > 0
        further = (np.swapaxes(there, -1, -2) @ levels.astype("float64"))[..., 0] > 0
        if (further == reached).all():
            return (reached == seen).all(axis=-1)
        reached = further


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """The ratio, 0 where the bottom is 0."""
    top, bottom = np.broadcast_arrays(top, bottom)
    return np.divide(top, bottom, out=np.zeros(top.shape), where=bottom > 0)
