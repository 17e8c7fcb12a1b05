"""How much alike persons of one office are: intracluster correlation with interval, and what it costs."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

NAN = float("nan")
METHODS = ("anova", "fleiss_cuzick", "pearson")


@dataclass(frozen=True)
class Icc:
    """`value` with `low` and `high` (`interval`: searle or none); `method`; `clusters` G, `persons` N.

    `mean_size` is N/G, `cv_size` the variation of sizes, `n0` the size that stands for all in the analysis of
    variance, and `design_effect` what the correlation multiplies the variance of the mean of all persons by. nan where
    there is nothing to estimate from: a number of offices no larger than that of arms, one person in each, or one
    outcome for all. Not cut at 0: chance alone takes it below.
    """

    value: float
    low: float
    high: float
    method: str
    clusters: int
    persons: int
    mean_size: float
    cv_size: float
    n0: float
    design_effect: float
    interval: str


class _Sums(NamedTuple):
    """By office (G,): Σy, Σy², n and the number of its arm 0..A−1."""

    y: np.ndarray
    squares: np.ndarray
    n: np.ndarray
    arm: np.ndarray

    def by_arm(self, values: np.ndarray) -> np.ndarray:
        """Sums over the offices of each arm (A,)."""
        return np.bincount(self.arm, weights=values)


def icc(y, clusters, *, method: str = "anova", arms=None, level: float = 0.95) -> Icc:
    """Intracluster correlation of persons' outcomes `y` (n,) in offices `clusters` (n,).

    `arms` (n,), one per office: spread between arms is taken out, as for a trial; without it all offices are alike.
    `anova`: (MSB − MSW)/(MSB + (n₀ − 1)MSW), any outcome, with the interval of Searle's F (exact for normal outcomes
    in offices of one size). `fleiss_cuzick`: 0/1 outcomes only; without arms a growing function of the same
    F = MSB/MSW, 1 − N/((G − 1)F + N − G), so that inverting either gives the same interval, which stands with it.
    `pearson`: 0/1 outcomes only, without an interval.

    ValueError for other outcomes, missing values, and offices in two arms. Source: Ridout, Demétrio and Firth (1999),
    Biometrics 55, 137-148, sections 2.1 (ANOVA, Fleiss-Cuzick, Pearson); Searle (1971), Linear Models, section 9.8.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    sums = _sums(np.asarray(y, dtype="float64"), clusters, arms)
    if method != "anova" and not np.isin(y, (0, 1)).all():
        raise ValueError(f"{method} needs outcomes 0 and 1")
    value, low, high = _searle(sums, level)
    interval = "none" if method == "pearson" else "searle"
    if method != "anova":
        value = {"fleiss_cuzick": _fleiss_cuzick, "pearson": _pearson}[method](sums)
    if interval == "none":
        low, high = NAN, NAN
    size = sums.n.mean()
    spread = float(sums.n.std(ddof=1) / size) if len(sums.n) > 1 else NAN
    return Icc(
        value=value,
        low=low,
        high=high,
        method=method,
        clusters=len(sums.n),
        persons=int(sums.n.sum()),
        mean_size=float(size),
        cv_size=spread,
        n0=_typical_size(sums),
        design_effect=design_effect(sums.n, value),
        interval=interval,
    )


def design_effect(sizes, correlation: float) -> float:
    """1 + (Σn²/N − 1)·ICC: how many times the variance of a mean of all persons grows. `sizes` (G,) n of each office.

    The same as 1 + ((1 + cv²)·m − 1)·ICC with mean size m and cv of the sizes over G. Source: Kish (1965), Survey
    Sampling; Eldridge, Ashby and Kerry (2006), International Journal of Epidemiology 35(5), 1292-1300.
    """
    n = np.asarray(sizes, dtype="float64")
    return float(1 + ((n**2).sum() / n.sum() - 1) * correlation)


def _sums(y: np.ndarray, clusters, arms) -> _Sums:
    clusters = np.asarray(clusters)
    if y.ndim != 1 or clusters.shape != y.shape or not np.isfinite(y).all() or not len(y):
        raise ValueError("y must hold one finite number for each person, and clusters an office for each")
    labels, code = np.unique(clusters, return_inverse=True)
    arm = np.zeros(len(y), dtype=np.int64) if arms is None else np.unique(np.asarray(arms), return_inverse=True)[1]
    if arm.shape != y.shape:
        raise ValueError("arms must hold one arm for each person")
    of_office = np.zeros(len(labels), dtype=np.int64)
    of_office[code] = arm
    if (of_office[code] != arm).any():
        raise ValueError("an office must be in one arm")
    # Counted from the mean: squares of large amounts would lose the digits that tell offices apart.
    centred = y if np.isin(y, (0, 1)).all() else y - y.mean()
    counts = [np.bincount(code, weights=values) for values in (centred, centred**2, np.ones(len(y)))]
    return _Sums(*counts, of_office)


def _typical_size(s: _Sums) -> float:
    """n₀ = (N − Σ_arms Σn²/N_arm)/(G − A)."""
    sizes = s.by_arm(s.n)
    df = len(s.n) - len(sizes)
    return float((sizes.sum() - (s.by_arm(s.n**2) / sizes).sum()) / df) if df else NAN


def _searle(s: _Sums, level: float) -> tuple[float, float, float]:
    sizes = s.by_arm(s.n)
    between, within = len(s.n) - len(sizes), int(s.n.sum()) - len(s.n)
    if not between or not within:
        return NAN, NAN, NAN
    of_offices = (s.y**2 / s.n).sum()
    msb = (of_offices - (s.by_arm(s.y) ** 2 / sizes).sum()) / between
    msw = (s.squares.sum() - of_offices) / within
    # One outcome for all has no variance but that of rounding.
    if not max(msb, msw) > 1e-14 * max(s.squares.sum() / s.n.sum(), 1e-300):
        return NAN, NAN, NAN
    n0 = _typical_size(s)
    upper, lower = scipy.stats.f.ppf([0.5 - level / 2, 0.5 + level / 2], between, within)
    # (F/q − 1)/(F/q + n₀ − 1) with both sides times MSW: holds where MSW is 0 too.
    value, low, high = ((msb - q * msw) / (msb + (n0 - 1) * q * msw) for q in (1.0, lower, upper))
    return float(value), float(low), float(high)


def _fleiss_cuzick(s: _Sums) -> float:
    """1 − Σ y(n − y)/n / Σ_arms (N − G)·P(1 − P)."""
    sizes = s.by_arm(s.n)
    share = s.by_arm(s.y) / sizes
    expected = ((sizes - s.by_arm(np.ones(len(s.n)))) * share * (1 - share)).sum()
    return float(1 - (s.y * (s.n - s.y) / s.n).sum() / expected) if expected > 0 else NAN


def _pearson(s: _Sums) -> float:
    """Correlation over all pairs of persons of one office: (Σ y(y − 1) − μ²·Σ n(n − 1)) / (μ(1 − μ)·Σ n(n − 1))."""
    pairs = s.by_arm(s.n * (s.n - 1))
    with np.errstate(invalid="ignore"):
        share = np.where(pairs > 0, s.by_arm((s.n - 1) * s.y) / pairs, 0.0)
    spread = float((share * (1 - share) * pairs).sum())
    return float((s.by_arm(s.y * (s.y - 1)) - share**2 * pairs).sum()) / spread if spread > 0 else NAN
