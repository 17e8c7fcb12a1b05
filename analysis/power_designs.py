"""Power of designs beyond the plain trial: months before and after, matched persons, and one group.

Shares and differences are 0–1. As in `analysis.power`, nothing here reads data.
References: Burlig, Preonas and Woerman (2020) J. Development Economics 144, 102458, equation 2 (serial correlation of
any form); Kish (1965) Survey Sampling, 11.2 (effective sample size); Chow, Shao and Wang (2008) Sample Size
Calculations in Clinical Research, 4.1 (exact test of one share).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.power import MOST, Offices, power_of_offices, ratio_needed


@dataclass(frozen=True)
class Months:
    """Months before and after adoption, and `serial`, the lag-one correlation (AR(1)) of an office with itself."""

    before: int
    after: int
    serial: float

    def __post_init__(self) -> None:
        if min(self.before, self.after) < 1:
            raise ValueError("a difference-in-differences needs a month before and a month after")
        if not -1 < self.serial < 1:
            raise ValueError(f"the serial correlation must lie in (-1, 1), got {self.serial}")


def office_covariance(variance: float, design: Offices, months: Months) -> np.ndarray:
    """Covariance (T, T) of an office's monthly means: V·ICC·(1 + cv²)·ρ^|s−t|, and V·(1 − ICC)/m on the diagonal.

    `variance` V is that of one person, m the persons of an office in one month; others come every month.
    """
    at = np.arange(months.before + months.after)
    shared = variance * design.icc * (1 + design.cv**2) * months.serial ** np.abs(at[:, None] - at)
    return shared + np.eye(len(at)) * variance * (1 - design.icc) / design.persons


def change_variance(covariance: np.ndarray, before: int) -> float:
    """Variance of an office's mean after minus its mean before: w'Σw, w = (−1/m …, 1/r …).

    This is (m + r)/(m·r)·σ² + (m − 1)/m·ψ_B + (r − 1)/r·ψ_A − 2·ψ_X of Burlig and others: ψ are mean covariances
    between months before, after, and across.
    """
    after = len(covariance) - before
    weights = np.concatenate([np.full(before, -1 / before), np.full(after, 1 / after)])
    return float(weights @ covariance @ weights)


def serial_did_std_error(share: float, design: Offices, months: Months) -> float:
    """Standard error of a difference-in-differences of offices over months, offices adopting together."""
    change = change_variance(office_covariance(_bernoulli(share), design, months), months.before)
    return math.sqrt(change * (1 / design.treated + 1 / design.comparison))


def matched_std_error(share: float, treated: float, effective: float, *, r_squared: float = 0.0) -> float:
    """Standard error of a matched difference of shares: V·(1 − R²)·(1/n + 1/ESS).

    `effective`: the effective number of comparison persons, (Σw)²/Σw², which is what weights and reuse leave of them.
    `r_squared`: how much of the outcome matching and the time before explain. A change from before to after is another
    outcome: V·2(1 − ρ), so that R² = 2ρ − 1 where ρ is the correlation of the two. May be negative for that reason.
    """
    if min(treated, effective) <= 1:
        raise ValueError("matched groups need more than one person each")
    if not -1 <= r_squared < 1:
        raise ValueError(f"the explained share must lie in [-1, 1), got {r_squared}")
    return math.sqrt(_bernoulli(share) * (1 - r_squared) * (1 / treated + 1 / effective))


def error_power(difference: float, std_error: float, df: float, *, level: float = 0.95) -> float:
    """Power to see a difference measured with this error: noncentral t; `df` may be infinite (the normal)."""
    if std_error <= 0:
        raise ValueError("a standard error must be above 0")
    return power_of_offices(difference / std_error, df, level=level, quantiles=_quantiles(df))


def error_smallest(std_error: float, df: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """The smallest difference that is seen with this power when it is measured with this error."""
    return ratio_needed(df, power=power, level=level, quantiles=_quantiles(df)) * std_error


def one_share_power(share: float, known: float, n: int, *, level: float = 0.95) -> float:
    """Chance that the exact binomial test of `known` says so in the right direction when the truth is `share`.

    Two-sided with equal tails, so that each tail holds at most (1 − level)/2; the test never exceeds its level.
    """
    if n < 1 or share == known:
        raise ValueError("needs persons, and a share unlike the known one")
    tail = (1 - level) / 2
    counts = np.arange(n + 1)
    tails = scipy.stats.binom.sf(counts - 1, n, known) if share > known else scipy.stats.binom.cdf(counts, n, known)
    return float(scipy.stats.binom.pmf(counts[tails <= tail], n, share).sum())


def one_share_smallest(known: float, n: int, *, power: float = 0.8, level: float = 0.95) -> float:
    """How far above (below, where `known` is over a half) a share must be to be told apart; nan if none is."""
    end = 1 - 1e-9 if known <= 0.5 else 1e-9
    if one_share_power(end, known, n, level=level) < power:
        return math.nan
    near = known + (end - known) * 1e-9
    found = scipy.optimize.brentq(
        lambda share: one_share_power(share, known, n, level=level) - power, near, end, xtol=1e-12
    )
    return abs(float(found) - known)


def offices_for(power_at: Callable[[int], float], *, power: float = 0.8) -> float:
    """Fewest offices in each arm (whole, at least 2) at which `power_at(offices)` is enough; nan if 1e9 are too few."""
    high = 2
    while power_at(high) < power:
        high *= 2
        if high > MOST:
            return math.nan
    low = high // 2
    while high - low > 1 and high > 2:
        middle = (low + high) // 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def _quantiles(df: float) -> str:
    return "t" if math.isfinite(df) else "normal"


def _bernoulli(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError(f"a share that varies lies between 0 and 1, got {share}")
    return share * (1 - share)
