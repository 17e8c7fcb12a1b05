"""The measures behind the balance table, for one covariate at a time.

One column is held at a time, so that a table over 600,000 persons and 20 covariates needs a few arrays of n numbers.
Conventions of MatchIt 4.7 and cobalt 4.5; formulas: Austin (2009), Statistics in Medicine 28(25).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

DENOMINATORS = ("treated", "comparison", "pooled", "all", "weighted", "hedges")
NO_DIFFERENCE = 1.5e-8  # below this the raw difference is shown; a tiny spread would blow up rounding
ONE_PERSON = 1e-12  # 1 − Σw² at or below this: one person has all the weight and there is no variance
STEPS_PER_BANDWIDTH = 16
MOST_STEPS = 2**17


@dataclass(frozen=True)
class Column:
    """One row of the balance table: `values` float64 (n,), `binary` when all of them are 0 or 1."""

    name: str
    values: np.ndarray
    binary: bool


@dataclass(frozen=True)
class Arms:
    """Weights of the two arms, each of sum 1; `everyone` the weights of both together, of sum 1. All (n,)."""

    treated: np.ndarray
    comparison: np.ndarray
    everyone: np.ndarray

    @property
    def signed(self) -> np.ndarray:
        """Weights of sum 1 among the treated and −1 among the comparison persons."""
        return self.treated - self.comparison


def arms(weights: np.ndarray, treated: np.ndarray) -> Arms:
    """`Arms` of `weights` (n,), whose sum in each arm must be positive."""
    one, none = np.where(treated, weights, 0.0), np.where(treated, 0.0, weights)
    return Arms(one / one.sum(), none / none.sum(), weights / weights.sum())


def columns(covariates: pd.DataFrame) -> Iterator[Column]:
    """The rows of the table: numbers as they are, text and categories one share per level (one of two levels)."""
    for name in covariates.columns:
        own = covariates[name]
        if pd.api.types.is_numeric_dtype(own):
            values = own.to_numpy(dtype="float64")
            yield Column(str(name), values, is_binary(values))
            continue
        levels = list(own.astype("category").cat.categories)
        for level in levels[1:] if len(levels) == 2 else levels:
            yield Column(f"{name}_{level}", (own == level).to_numpy(dtype="float64"), True)


def is_binary(values: np.ndarray) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def mean_and_variance(column: Column, w: np.ndarray) -> tuple[float, float]:
    """Mean Σwx and variance of `column` with weights `w` of sum 1.

    Variance of a share: p(1 − p); otherwise Σw(x − m)²/(1 − Σw²), missing when one person has all the weight.
    """
    mean = float(w @ column.values)
    if column.binary:
        return mean, mean * float(w[column.values == 0].sum())  # 1 − mean is a rounding error off when all are 1
    rest = 1 - w @ w
    return mean, float(w @ (column.values - mean) ** 2 / rest) if rest > ONE_PERSON else float("nan")


def spread(column: Column, plain: Arms, adjusted: Arms, treated: np.ndarray, denominator: str) -> float:
    """The standard deviation that differences of means are divided by.

    Of the unadjusted sample: treated, comparison, pooled √((v₁ + v₀)/2), all (both arms as one group), hedges
    √(((n₁−1)v₁ + (n₀−1)v₀)/(n₁+n₀−2)) / (1 − 3/(4(n₁+n₀) − 9)) (Hedges 1981, J. Educational Statistics 6(2)).
    weighted: both arms as one group with the adjusted weights. When it is zero or missing: that of everyone.
    """
    everyone = plain.everyone
    if denominator in ("all", "weighted"):
        variance = mean_and_variance(column, everyone if denominator == "all" else adjusted.everyone)[1]
    else:
        of_treated, of_comparison = (mean_and_variance(column, w)[1] for w in (plain.treated, plain.comparison))
        variance = {
            "treated": of_treated,
            "comparison": of_comparison,
            "pooled": (of_treated + of_comparison) / 2,
            "hedges": _hedges(of_treated, of_comparison, int(treated.sum()), int((~treated).sum())),
        }[denominator]
    if not variance > 0:
        variance = mean_and_variance(column, everyone)[1]
    return float(np.sqrt(variance))


def _hedges(of_treated: float, of_comparison: float, n1: int, n0: int) -> float:
    if n1 + n0 <= 3:
        return float("nan")
    pooled = ((n1 - 1) * of_treated + (n0 - 1) * of_comparison) / (n1 + n0 - 2)
    return pooled / (1 - 3 / (4 * (n1 + n0) - 9)) ** 2


def standardised(difference: float, sd: float) -> float:
    return difference if abs(difference) < NO_DIFFERENCE else difference / sd


def ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else float("nan")


def distribution_distance(column: Column, signed: np.ndarray, order: np.ndarray | None) -> tuple[float, float]:
    """Mean and largest distance between the two weighted distribution functions (eCDF mean; eCDF max = KS).

    The cumulative sum of signed weights is read at the last of each run of equal values; the mean is over distinct
    values. For a share both are the absolute difference. `order` sorts the values (None for a share).
    """
    if order is None:
        difference = abs(float(signed @ column.values))
        return difference, difference
    run_ends = np.append(np.diff(column.values[order]) != 0, True)
    distance = np.abs(np.cumsum(signed[order])[run_ends])
    return float(distance.mean()), float(distance.max())


def overlap_loss(column: Column, weighted: Arms, treated: np.ndarray, sd: float) -> float:
    """1 − ∫min(f₁, f₀): 0 for identical distributions, 1 for distributions that do not meet.

    Gaussian kernel densities of x/sd with the weights of `weighted`; bandwidth 1.06·min(s, IQR/1.34)·n^(−1/5) of all
    persons of the smaller arm, whatever their weight (Scott 1992, section 6.5.1). For a share: the absolute difference.
    """
    if column.binary:
        return abs(float(weighted.signed @ column.values))
    x = column.values / sd if sd > 0 else column.values
    smaller = treated if treated.sum() <= (~treated).sum() else ~treated
    width = _bandwidth(x[smaller]) or _bandwidth(x[~smaller])
    if not width > 0:
        return float(abs(weighted.signed @ x) >= NO_DIFFERENCE)
    density, step = _densities(x, weighted, width)
    return float(min(max(1 - np.minimum(*density).sum() * step, 0.0), 1.0))


def _bandwidth(x: np.ndarray) -> float:
    if len(x) < 2:
        return 0.0
    low, high = np.quantile(x, [0.25, 0.75])
    sd = float(x.std(ddof=1))
    return 1.06 * (min(sd, (high - low) / 1.34) or sd) * len(x) ** -0.2


def _densities(x: np.ndarray, weighted: Arms, width: float) -> tuple[np.ndarray, float]:
    """Densities of the arms (2, m) on a grid, and its step: linear binning, then one product of Fourier transforms."""
    low, high = x.min() - 6 * width, x.max() + 6 * width
    m = min(int(np.ceil((high - low) / width * STEPS_PER_BANDWIDTH)) + 2, MOST_STEPS)
    step = (high - low) / (m - 1)
    place = (x - low) / step
    left = np.minimum(place.astype(np.int64), m - 2)
    share = place - left
    length = scipy.fft.next_fast_len(m, real=True)
    frequency = 2 * np.pi * np.arange(length // 2 + 1) / (length * step)
    kernel = np.exp(-0.5 * (frequency * width) ** 2)
    found = []
    for w in (weighted.treated, weighted.comparison):
        binned = np.bincount(left, w * (1 - share), m) + np.bincount(left + 1, w * share, m)
        found.append(scipy.fft.irfft(scipy.fft.rfft(binned, length) * kernel, length)[:m] / step)
    return np.array(found), step


def pair_distance(column: Column, rows: tuple[np.ndarray, np.ndarray]) -> float:
    """Mean absolute difference over pairs: `rows` are the treated and the comparison positions, one pair each."""
    one, other = rows
    return float(np.abs(column.values[one] - column.values[other]).mean()) if len(one) else float("nan")


def stratum_distance(column: Column, treated: np.ndarray, subclass: np.ndarray) -> float:
    """Mean absolute difference over all treated–comparison pairs that share a `subclass` (n,; −1 for none).

    Σ|x₁ − x₀| is the sum over gaps between neighbouring values of the gap times the pairs that it parts, so the
    pairs are never written out.
    """
    own = np.flatnonzero(subclass >= 0)
    order = own[np.lexsort((column.values[own], subclass[own]))]
    _, first, label = np.unique(subclass[order], return_index=True, return_inverse=True)
    is_treated = treated[order].astype("float64")
    total1, total0 = np.bincount(label, is_treated), np.bincount(label, 1 - is_treated)
    pairs = float(total1 @ total0)
    if pairs == 0:
        return float("nan")
    before1, before0 = (np.cumsum(side) for side in (is_treated, 1 - is_treated))
    start1, start0 = before1[first] - is_treated[first], before0[first] - (1 - is_treated[first])
    seen1, seen0 = before1 - start1[label], before0 - start0[label]
    parted = seen1 * (total0[label] - seen0) + seen0 * (total1[label] - seen1)
    gaps = np.diff(column.values[order])
    inside = label[1:] == label[:-1]
    return float((gaps * parted[:-1])[inside].sum() / pairs)
