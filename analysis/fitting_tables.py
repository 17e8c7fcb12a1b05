"""How many integer tables fit the print of a source, and those of them that are worth listing.

With one printed decimal and a hundred thousand persons, millions of tables fit. They are counted exactly, split by
split; up to `LISTED` of them are listed, and beyond that only those at the ends: the smallest and the largest group,
and the smallest and the largest difference and statistic of each date. See `analysis.enumeration` for what fits.

Where a source gives the odds ratio beside rounded shares, that too must fit; then the persons who were measured can
often be told even when only those who were assigned are printed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from analysis.enumeration import TABLE_TYPES, FollowUp, count_range, count_ranges, two_arm_tables

LISTED = 10_000
LOWS_AND_HIGHS = ("low_treated", "high_treated", "low_comparison", "high_comparison")


@dataclass(frozen=True)
class Fitting:
    """`count`: how many tables fit (exact, any size), by month; `tables`: those listed; `complete`: are they all?

    `tables` has the columns of `analysis.enumeration.two_arm_tables`.
    """

    count: dict[str, int]
    tables: pd.DataFrame
    complete: bool


def admissible_ranges(
    total: int, follow_ups: Sequence[FollowUp], *, rounding: str = "half_up", min_arm: int = 1
) -> pd.DataFrame:
    """For every split of `total` persons and every month, the counts that print as the percentages.

    Rows: n_treated from `min_arm` to total − `min_arm`, month by month in each; columns n_treated, n_comparison, month,
    `LOWS_AND_HIGHS`, and n_tables (tables of that month and split, 0 where a low is above its high). About a second for
    a hundred thousand persons. Raises ValueError as `count_ranges`.
    """
    n = np.arange(min_arm, total - min_arm + 1, dtype="int64")
    frames = []
    for visit in follow_ups:
        ends = (
            *count_ranges(n, visit.treated_percent, rounding),
            *count_ranges(total - n, visit.comparison_percent, rounding),
        )
        frame = pd.DataFrame({"n_treated": n, "n_comparison": total - n, "month": visit.month})
        frame = frame.assign(**dict(zip(LOWS_AND_HIGHS, ends, strict=True)))
        widths = [np.maximum(ends[i + 1] - ends[i] + 1, 0) for i in (0, 2)]
        frames.append(frame.assign(n_tables=widths[0] * widths[1]))
    return pd.concat(frames, ignore_index=True).sort_values("n_treated", kind="stable", ignore_index=True)


def fitting_tables(
    total: int,
    follow_ups: Sequence[FollowUp],
    *,
    rounding: str = "half_up",
    same_persons: bool = True,
    min_arm: int = 1,
    listed: int = LISTED,
) -> Fitting:
    """Every table that fits, or, when more than `listed` do, how many there are and those at the ends.

    With `same_persons` one split holds at all dates and `count` is the same for all; otherwise each date is counted and
    listed alone. Raises ValueError as `two_arm_tables`.
    """
    options = {"rounding": rounding, "min_arm": min_arm}
    groups = [tuple(follow_ups)] if same_persons else [(visit,) for visit in follow_ups]
    found = [_group(total, visits, options, listed) for visits in groups]
    return Fitting(
        {month: number for fitting in found for month, number in fitting.count.items()},
        pd.concat([fitting.tables for fitting in found], ignore_index=True).astype(TABLE_TYPES),
        all(fitting.complete for fitting in found),
    )


def known_arm_tables(
    n_treated: int, n_comparison: int, follow_ups: Sequence[FollowUp], *, rounding: str = "half_up"
) -> Fitting:
    """Every table with these group sizes, each month numbered alone; `count` 0 where a share cannot be of its group."""
    frames, count = [], {}
    for visit in follow_ups:
        treated, comparison = (
            _counts(n, percent, rounding)
            for n, percent in ((n_treated, visit.treated_percent), (n_comparison, visit.comparison_percent))
        )
        counts = [(n_treated, n_comparison, k1, k2) for k1 in treated for k2 in comparison]
        frames.append(_numbered(visit.month, counts))
        count[visit.month] = len(counts)
    return Fitting(count, pd.concat(frames, ignore_index=True).astype(TABLE_TYPES), complete=True)


@dataclass(frozen=True)
class PrintedOdds:
    """A printed odds ratio and the interval of Woolf's method around it, as text; `level` is that of the interval."""

    estimate: str
    low: str
    high: str
    level: float = 0.95


def odds_ratio_tables(
    most_treated: int, most_comparison: int, visit: FollowUp, odds: PrintedOdds, *, rounding: str = "half_up"
) -> Fitting:
    """Every table with at most these group sizes whose shares, odds ratio and Woolf interval all print as stated.

    The odds ratio is (k₁/(n₁ − k₁)) / (k₂/(n₂ − k₂)) and its interval exp(log OR ± z·√(sum of 1/cell)) (Woolf 1955,
    Annals of Human Genetics 19, 251–253), which an unadjusted logistic regression gives. Printed numbers are held to
    half their last digit, both ends included.
    """
    z = float(scipy.special.ndtri(0.5 + odds.level / 2))
    arms = [
        [(n, k) for n in range(1, most + 1) for k in _counts(n, percent, rounding) if 0 < k < n]
        for most, percent in ((most_treated, visit.treated_percent), (most_comparison, visit.comparison_percent))
    ]
    counts = [
        (n1, n2, k1, k2) for n1, k1 in arms[0] for n2, k2 in arms[1] if _odds_fit((k1, n1 - k1, k2, n2 - k2), odds, z)
    ]
    return Fitting({visit.month: len(counts)}, _numbered(visit.month, counts).astype(TABLE_TYPES), complete=True)


def _odds_fit(cells: tuple[int, int, int, int], odds: PrintedOdds, z: float) -> bool:
    a, b, c, d = cells
    ratio = a * d / (b * c)
    spread = math.exp(z * math.sqrt(sum(1 / cell for cell in cells)))
    return all(
        _prints_as(value, text)
        for value, text in ((ratio, odds.estimate), (ratio / spread, odds.low), (ratio * spread, odds.high))
    )


def _prints_as(value: float, text: str) -> bool:
    decimals = len(text.replace(",", ".").partition(".")[2])
    return abs(value - float(text.replace(",", "."))) <= 0.5 * 10.0**-decimals + 1e-12


def _counts(n: int, percent: str, rounding: str) -> range:
    low, high = count_range(n, percent, rounding)
    return range(low, high + 1)


def _numbered(month: str, counts: Sequence[tuple[int, int, int, int]]) -> pd.DataFrame:
    """Tables of one month, numbered from 1; counts are n_treated, n_comparison, k_treated, k_comparison."""
    frame = pd.DataFrame(list(counts), columns=["n_treated", "n_comparison", "k_treated", "k_comparison"])
    return frame.assign(table=np.arange(1, len(frame) + 1), month=month)[list(TABLE_TYPES)]


def _group(total: int, visits: Sequence[FollowUp], options: dict, listed: int) -> Fitting:
    """Tables of visits that share one split."""
    ranges = admissible_ranges(total, visits, **options)
    per_split = ranges.groupby("n_treated")["n_tables"].agg(lambda column: math.prod(int(value) for value in column))
    number = sum(int(value) for value in per_split)
    count = {visit.month: number for visit in visits}
    if number <= listed:
        return Fitting(count, two_arm_tables(total, visits, **options), complete=True)
    possible = ranges[ranges["n_treated"].isin(per_split.index[per_split > 0])]
    return Fitting(count, _ends(possible, [visit.month for visit in visits]), complete=False)


def _ends(possible: pd.DataFrame, months: Sequence[str]) -> pd.DataFrame:
    """The tables at the ends, each complete at all months, numbered by split and counts."""
    by_split = {month: possible[possible["month"] == month].set_index("n_treated") for month in months}
    chosen = {table for month in months for table in _month_ends(by_split, month)}
    frames = [
        pd.DataFrame(
            {
                "table": number,
                "month": months,
                "n_treated": n,
                "n_comparison": int(by_split[months[0]].loc[n, "n_comparison"]),
                "k_treated": [pair[0] for pair in counts],
                "k_comparison": [pair[1] for pair in counts],
            }
        )
        for number, (n, counts) in enumerate(sorted(chosen), start=1)
    ]
    return pd.concat(frames, ignore_index=True).astype(TABLE_TYPES)


def _month_ends(by_split: dict[str, pd.DataFrame], month: str) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    """Splits with counts at every month where something of `month` is smallest or largest.

    For a given split the difference and the pooled z are both largest with most in the treated group and fewest in the
    other (Barnard's convexity), so the corners hold the ends over all counts.
    """
    at = by_split[month]
    lowest = at[["low_treated", "high_comparison"]].to_numpy()
    highest = at[["high_treated", "low_comparison"]].to_numpy()
    for corner in (lowest, highest):
        difference, statistic = _difference(at, corner)
        for place in {0, len(at) - 1, *(f(v) for v in (difference, statistic) for f in (np.argmin, np.argmax))}:
            n = int(at.index[place])
            own = (int(corner[place][0]), int(corner[place][1]))
            other = {
                name: by_split[name].loc[n, ["low_treated", "low_comparison"]] for name in by_split if name != month
            }
            counts = [own if name == month else tuple(int(value) for value in other[name]) for name in by_split]
            yield n, tuple(counts)


def _difference(at: pd.DataFrame, corner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Difference of shares and pooled z for each split at one corner of its counts."""
    n1, n2 = at.index.to_numpy(), at["n_comparison"].to_numpy()
    k1, k2 = corner[:, 0], corner[:, 1]
    pooled = (k1 + k2) / (n1 + n2)
    difference = k1 / n1 - k2 / n2
    error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return difference, np.divide(difference, error, out=np.zeros_like(difference), where=error > 0)
