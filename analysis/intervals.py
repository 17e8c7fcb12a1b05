"""Days as numbers and spans of days as arrays: merging them, and counting them month by month.

Each count is a difference array: one up in the month where a span begins to count, one down in the month after it
ceases, summed along the months. The cost is a sort of the spans and one pass over persons × months.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

# 31 December 9999, later than any window; stands for a date that is null.
NEVER = 2_932_896


@dataclass(frozen=True)
class Window:
    """The months of the panel: `months` of them from month number `first` (year·12 + month − 1)."""

    first: int
    months: int

    def __post_init__(self):
        if self.months < 1:
            raise ValueError("a window has at least one month")

    @cached_property
    def starts(self) -> np.ndarray:
        """First day of each month and of the month after the last: (months + 1,), days since 1970-01-01."""
        return first_days(np.arange(self.first, self.first + self.months + 1))

    @cached_property
    def month_of_day(self) -> np.ndarray:
        """Place of the month of each day in the window and of the day after it, the day counted from its start."""
        return np.repeat(np.arange(self.months + 1, dtype="int32"), [*np.diff(self.starts), 1])


@dataclass(frozen=True)
class Intervals:
    """Days `first` to `last` inclusive (int32, since 1970-01-01) of the person in row `row` of a chunk."""

    row: np.ndarray
    first: np.ndarray
    last: np.ndarray


def first_days(months: np.ndarray) -> np.ndarray:
    """Day number (int32, since 1970-01-01) of the first day of each month number."""
    months = np.asarray(months, dtype="int64")
    if months.size == 0:
        return months.astype("int32")
    # Few months are asked for many times: each is worked out once.
    low = months.min()
    distinct = np.arange(low, months.max() + 1) - 1970 * 12
    return distinct.astype("datetime64[M]").astype("datetime64[D]").astype("int32")[months - low]


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return int(np.datetime64(day, "D").astype("int64"))


def day_numbers(dates: pd.Series) -> np.ndarray:
    """Days since 1970-01-01 as int32; a null date is NEVER."""
    days = pd.to_datetime(dates).to_numpy("datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype("int64")).astype("int32")


def merge_intervals(intervals: Intervals) -> Intervals:
    """Overlapping and touching intervals of a person as one; ordered by person and first day."""
    if len(intervals.row) == 0:
        return intervals
    # One sort key: no day comes near 2**32, so a person's days never reach the next person's.
    row, base = intervals.row, intervals.row.astype("int64") << 32
    start, end = base + intervals.first, base + intervals.last
    if not (start[1:] >= start[:-1]).all():
        order = np.argsort(start, kind="stable")
        row, start, end = row[order], start[order], end[order]
    reach = np.maximum.accumulate(end)
    begins = np.flatnonzero(np.r_[True, start[1:] > reach[:-1] + 1])
    ends = np.r_[begins[1:], len(start)] - 1
    row = row[begins]
    base = row.astype("int64") << 32
    return Intervals(row, (start[begins] - base).astype("int32"), (reach[ends] - base).astype("int32"))


def on_last_day(intervals: Intervals, persons: int, window: Window) -> np.ndarray:
    """Whether the merged intervals hold the last day of each month: bool (persons, months)."""
    begins = _month(intervals.first, window)
    ceases = _month(intervals.last + 1, window)
    return _running_count(intervals.row, begins, ceases, persons, window).view(bool)


def on_any_day(intervals: Intervals, persons: int, window: Window) -> np.ndarray:
    """Whether the merged intervals hold at least one day of each month: bool (persons, months)."""
    return _touched(intervals, persons, window) > 0


def days_in_month(intervals: Intervals, persons: int, window: Window) -> np.ndarray:
    """Days of each month in the merged intervals: uint8 (persons, months)."""
    # Whole months, less the days before the first and after the last day. The steps may pass 255 and wrap; the
    # answer, 31 at most, is the same modulo 256.
    lengths = np.diff(window.starts).astype("uint8")
    days = _touched(intervals, persons, window)
    days *= lengths
    begins, ends = _month(intervals.first, window), _month(intervals.last, window)
    base = intervals.row.astype("int64") * window.months
    flat = days.reshape(-1)
    np.subtract.at(flat, base + begins, (intervals.first - window.starts[begins]).astype("uint8"))
    np.subtract.at(flat, base + ends, (window.starts[ends + 1] - 1 - intervals.last).astype("uint8"))
    return days


def _month(days: np.ndarray, window: Window) -> np.ndarray:
    return window.month_of_day[days - window.starts[0]]


def _touched(intervals: Intervals, persons: int, window: Window) -> np.ndarray:
    """Number of merged intervals that touch each month (16 at most)."""
    begins, ends = _month(intervals.first, window), _month(intervals.last, window)
    return _running_count(intervals.row, begins, ends + 1, persons, window)


def _running_count(row: np.ndarray, begins: np.ndarray, ceases: np.ndarray, persons: int, window: Window) -> np.ndarray:
    """Intervals counted from month `begins` to the month before `ceases`: uint8 (persons, months).

    A step down wraps to 255, which is −1 modulo 256; the counts themselves are small because the intervals are merged.
    """
    months = window.months
    steps = np.zeros(persons * months, dtype="uint8")
    base = row.astype("int64") * months
    np.add.at(steps, base + begins, np.uint8(1))
    inside = ceases < months
    np.subtract.at(steps, (base + ceases)[inside], np.uint8(1))
    steps = steps.reshape(persons, months)
    return np.cumsum(steps, axis=1, dtype="uint8", out=steps)
