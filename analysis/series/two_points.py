"""Two published shares without denominators: what their difference may be, and how many persons it would need.

Nothing can be estimated from two printed shares but the difference and how far the print's rounding moves it. How sure
it is depends on the number behind each share, and on how many persons are behind both.

The interval is Newcombe's hybrid score interval, for shares of one population at two dates with the correlation φ
between the two answers of a person (Newcombe 1998, Statistics in Medicine 17, 2635–2650, method 8, eq. 1). φ = 0 gives
the interval of independent samples (Newcombe 1998, Statistics in Medicine 17, 873–890, method 10).
"""

import math
from dataclasses import dataclass

import pandas as pd
import scipy

from analysis.series.scenarios import SCENARIOS

SIZES = (50, 100, 200, 500, 1000, 2000, 5000)
LARGEST = 10**9


@dataclass(frozen=True)
class TwoPoints:
    """`difference` after less before, `low` to `high` what rounding leaves open (shares, −1 to 1).

    `needed_n`: by scenario the smallest number per date from which on the interval excludes 0; None where none does.
    `table`: rows scenario × n with low, high (the interval at that n) and distinguishable.
    """

    before: float
    after: float
    difference: float
    low: float
    high: float
    level: float
    needed_n: dict[str, int | None]
    table: pd.DataFrame


def two_points(
    before: float, after: float, *, level: float = 0.95, printed_decimals: int = 0, sizes: tuple[int, ...] = SIZES
) -> TwoPoints:
    """What two printed shares (0–1) of the same kind say, as many persons being behind the one as behind the other.

    `printed_decimals` are those of the per cent that were printed: 62 % is 61.5 to 62.5 and has 0. Scenarios:
    independent (nobody is in both), same_persons (everybody is, and no more changed than the difference needs, the
    largest correlation that the shares allow) and half_overlap (half that correlation). Offices are left out: persons
    in the same office are alike, and more are needed then. Raises ValueError for a share outside 0–1.
    """
    for share in (before, after):
        if not 0 <= share <= 1:
            raise ValueError(f"share {share} is not between 0 and 1")
    z = float(scipy.special.ndtri(0.5 + level / 2))
    off = 0.5 * 10.0 ** -(printed_decimals + 2)
    lows, highs = ([min(max(share + side, 0.0), 1.0) for share in (before, after)] for side in (-off, off))
    correlations = {name: part * largest_correlation(before, after) for name, part in SCENARIOS.items()}
    return TwoPoints(
        before=before,
        after=after,
        difference=after - before,
        low=lows[1] - highs[0],
        high=highs[1] - lows[0],
        level=level,
        needed_n={name: needed(before, after, phi, z) for name, phi in correlations.items()},
        table=_table(before, after, correlations, z, sizes),
    )


def largest_correlation(before: float, after: float) -> float:
    """φ when as many as possible answer the same at both dates: (min − p₁p₂)/√(p₁q₁p₂q₂); 0 where nothing varies."""
    spread = math.sqrt(before * (1 - before) * after * (1 - after))
    return (min(before, after) - before * after) / spread if spread > 0 else 0.0


def difference_interval(before: float, after: float, n: int, phi: float, z: float) -> tuple[float, float]:
    """Newcombe's interval of after less before at `n` persons per date, correlation `phi`, normal quantile `z`."""
    (low1, high1), (low2, high2) = (_wilson(share, n, z) for share in (before, after))
    down, up = (after - low2, high1 - before), (high2 - after, before - low1)
    under, over = (math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b)) for a, b in (down, up))
    difference = after - before
    return difference - under, difference + over


def needed(before: float, after: float, phi: float, z: float) -> int | None:
    """Smallest n per date whose interval excludes 0: the interval narrows with n, so a bisection finds it."""
    if before == after:
        return None
    low, high = 0, 1
    while not excludes_zero(difference_interval(before, after, high, phi, z)):
        low, high = high, 2 * high
        if high > LARGEST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        found = excludes_zero(difference_interval(before, after, middle, phi, z))
        low, high = (low, middle) if found else (middle, high)
    return high


def excludes_zero(interval: tuple[float, float]) -> bool:
    """Whether both ends lie on the same side of 0."""
    return interval[0] > 0 or interval[1] < 0


def _wilson(share: float, n: int, z: float) -> tuple[float, float]:
    """Wilson's bounds of a share that need not be a whole number of `n`."""
    middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def _table(
    before: float, after: float, correlations: dict[str, float], z: float, sizes: tuple[int, ...]
) -> pd.DataFrame:
    rows = []
    for name, phi in correlations.items():
        for n in sizes:
            low, high = difference_interval(before, after, n, phi, z)
            rows.append((name, n, low, high, excludes_zero((low, high))))
    return pd.DataFrame(rows, columns=["scenario", "n", "low", "high", "distinguishable"])
