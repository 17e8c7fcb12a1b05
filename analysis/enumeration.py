"""Every integer table that fits rounded percentages, and what inference says over all of them.

A source often gives the persons in all and the share in each arm, but neither the size of the arms nor the counts.
Whole numbers leave few possibilities: every one is listed here, in exact integer arithmetic. The same enumeration shows
what an outsider can work out from percentages that are about to be released.

Percentages are text as printed, because "30.0" says more than "30". Shares in the results are 0–1.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis import proportions
from analysis.months import FROM_START, month_number
from analysis.problems import Problem, ProblemsFound

ROUNDINGS = ("half_up", "half_even", "truncated")
MOST_TABLES = 1_000_000
COUNTS = ("n_treated", "n_comparison", "k_treated", "k_comparison")
TABLE_TYPES = {"table": "int64", "month": "str"} | dict.fromkeys(COUNTS, "int64")
QUANTITIES = ("estimate", "p_value", "conf_low", "conf_high")
FIGURES = ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")
INFERENCE_TYPES = {"inference": "str"} | dict.fromkeys(("icc", "size_cv", *FIGURES), "float64")
RANGE_TYPES = {
    "quantity": "str",
    "minimum": "float64",
    "median": "float64",
    "maximum": "float64",
    "n_tables": "int64",
    "share_below_05": "float64",
}

_PERCENT = re.compile(r"(\d+)(?:[.,](\d+))?")


@dataclass(frozen=True)
class FollowUp:
    """What a source prints for one date: the percentage with the outcome in each arm, as text.

    `month` is a calendar month (`YYYY-MM`), or months since each person's own start (`start+12`).
    """

    month: str
    treated_percent: str
    comparison_percent: str

    def __post_init__(self) -> None:
        since_start = self.month.removeprefix(FROM_START)
        if since_start == self.month or not since_start.isdigit():
            month_number(self.month)
        for percent in (self.treated_percent, self.comparison_percent):
            _printed(percent)


def count_range(n: int, percent_text: str, rounding: str = "half_up") -> tuple[int, int]:
    """The lowest and highest k in 0..n for which 100·k/n prints as `percent_text`; low > high when there is none.

    `rounding` is one of `ROUNDINGS`. Raises ValueError for another rounding, n < 1, and a percentage that is not text
    such as "29.7", "29,7" or "30".
    """
    if n < 1:
        raise ValueError(f"the number of persons must be at least 1, got {n}")
    low, high = _bounds(int(n), percent_text, rounding)
    return max(low, 0), min(high, int(n))


def count_ranges(n: np.ndarray, percent_text: str, rounding: str = "half_up") -> tuple[np.ndarray, np.ndarray]:
    """`count_range` for an array of n: two int64 arrays, lowest and highest count; low > high where none fits."""
    sizes = np.asarray(n)
    if sizes.size and sizes.min() < 1:
        raise ValueError("every number of persons must be at least 1")
    low, high = _bounds(_exact(sizes, percent_text), percent_text, rounding)
    return np.maximum(low, 0).astype("int64"), np.minimum(high, sizes).astype("int64")


def two_arm_tables(
    total: int,
    follow_ups: Iterable[FollowUp],
    *,
    rounding: str = "half_up",
    same_persons: bool = True,
    min_arm: int = 1,
) -> pd.DataFrame:
    """Every split of `total` persons in two arms, with counts, that prints as the percentages of the follow-ups.

    With `same_persons` one split holds in all months, and a table is a split with a count per arm and month; otherwise
    each month is enumerated alone and the tables are numbered within it. Rows are table and month; columns
    `TABLE_TYPES`; tables run by n_treated, then by counts. No table that fits gives an empty frame.

    Raises ValueError for a total, arm, rounding or list of follow-ups that cannot be meant, and ProblemsFound when
    more than `MOST_TABLES` tables fit: then the percentages are too coarse to be worth listing.
    """
    visits = _distinct(follow_ups)
    if min_arm < 1 or total < 2:
        raise ValueError(f"two arms of at least one person each are needed, got total {total} and min_arm {min_arm}")
    n_treated = np.arange(min_arm, total - min_arm + 1, dtype="int64")
    if same_persons:
        return _joint_tables(total, n_treated, visits, rounding)
    alone = [_joint_tables(total, n_treated, (visit,), rounding) for visit in visits]
    return pd.concat(alone, ignore_index=True)


def one_sample_tables(percent_text: str, n_low: int, n_high: int, *, rounding: str = "half_up") -> pd.DataFrame:
    """Every pair (n, k) with n in n_low..n_high whose percentage prints as `percent_text`; int64 columns n and k.

    Raises ValueError as `count_range`, and for n_low > n_high.
    """
    if n_low > n_high:
        raise ValueError(f"the lowest n ({n_low}) is above the highest ({n_high})")
    sizes = np.arange(n_low, n_high + 1, dtype="int64")
    low, high = count_ranges(sizes, percent_text, rounding)
    row, (counts,) = _unrolled(low[None, :], high[None, :], "one sample")
    return pd.DataFrame({"n": sizes[row], "k": counts})


def table_inference(
    tables: pd.DataFrame,
    *,
    level: float = 0.95,
    offices_treated: int | None = None,
    offices_comparison: int | None = None,
    iccs: Sequence[float] = (),
    size_cvs: Sequence[float] = (0.0,),
) -> pd.DataFrame:
    """The difference treated − comparison under every method: one row per table, month and inference.

    Columns: those of `two_arm_tables`, then inference (newcombe, miettinen_nurminen, pooled_z, fisher and, for each
    assumed ICC and variation of office sizes, cluster_t), icc, size_cv, and `FIGURES`. What a method does not give is
    missing; the statistic of fisher is the odds ratio. See `analysis.proportions` for the formulas.

    Raises ValueError when offices and ICCs are not given together, and when an arm is smaller than its offices (call
    `two_arm_tables` with a `min_arm` that rules such tables out).
    """
    missing = sorted(set(TABLE_TYPES) - set(tables.columns))
    if missing:
        raise ValueError(f"the tables lack columns: {missing}")
    offices = (offices_treated, offices_comparison)
    if any((count is None) == bool(len(iccs)) for count in offices):
        raise ValueError("offices_treated, offices_comparison and iccs belong together: give all of them or none")
    scenarios = [(icc, size_cv) for icc in iccs for size_cv in size_cvs]
    # The same counts of a month return in many joint tables, so each set of counts is worked through once.
    distinct = tables[list(COUNTS)].drop_duplicates()
    rows = [
        dict(zip(COUNTS, counts, strict=True)) | figures
        for counts in distinct.itertuples(index=False, name=None)
        for figures in _figures(*counts, level=level, offices=offices, scenarios=scenarios)
    ]
    figures = pd.DataFrame(rows, columns=[*COUNTS, *INFERENCE_TYPES])
    figures = figures.astype(dict.fromkeys(COUNTS, "int64") | INFERENCE_TYPES)
    return tables[list(TABLE_TYPES)].merge(figures, on=list(COUNTS), how="left")


def ranges(inference: pd.DataFrame, *, by: Sequence[str] = ("month", "inference", "icc", "size_cv")) -> pd.DataFrame:
    """How far each quantity moves over the tables: a row per group of `by` and quantity of `QUANTITIES`.

    Columns: `by`, quantity, minimum, median, maximum, n_tables (tables that have the quantity) and share_below_05
    (share of them with p < 0.05; missing for other quantities). Groups keep the order of `table_inference`. A quantity
    that a method does not give keeps its row, with n_tables 0.

    Raises ValueError for a column of `by` that `inference` does not have.
    """
    unknown = sorted(set(by) - set(inference.columns))
    if unknown:
        raise ValueError(f"no such columns to group by: {unknown}")
    groups = inference.groupby(list(by), sort=False, dropna=False)
    rows = [
        dict(zip(by, key, strict=True)) | {"quantity": quantity} | _spread(group[quantity], quantity)
        for key, group in groups
        for quantity in QUANTITIES
    ]
    types = inference.dtypes[list(by)].to_dict() | RANGE_TYPES
    return pd.DataFrame(rows, columns=[*by, *RANGE_TYPES]).astype(types)


def _printed(percent_text: str) -> tuple[int, int]:
    """ "29.7" → (297, 10): the percentage as whole units of its last decimal, and the units in one per cent."""
    match = _PERCENT.fullmatch(percent_text) if isinstance(percent_text, str) else None
    if not match:
        raise ValueError(f"a percentage is text as printed, such as '29.7', got {percent_text!r}")
    decimals = match[2] or ""
    return int(match[1] + decimals), 10 ** len(decimals)


def _bounds(n: Any, percent_text: str, rounding: str) -> tuple[Any, Any]:
    """The whole k, for an int or an integer array n, for which 100·k/n is in the interval that prints as the text.

    With U printed units and S units in one per cent, half up means 2U − 1 ≤ 200·S·k/n < 2U + 1. Half even keeps both
    ends for an even U and neither for an odd one; truncation moves the interval half a unit up.
    """
    if rounding not in ROUNDINGS:
        raise ValueError(f"unknown rounding {rounding!r}; one of {', '.join(ROUNDINGS)}")
    units, scale = _printed(percent_text)
    shift = 1 if rounding == "truncated" else 0
    lower, upper = (2 * units - 1 + shift) * n, (2 * units + 1 + shift) * n
    lower_end = rounding != "half_even" or units % 2 == 0
    upper_end = rounding == "half_even" and units % 2 == 0
    step = 200 * scale
    low = -(-lower // step) if lower_end else lower // step + 1
    high = upper // step if upper_end else -(-upper // step) - 1
    return low, high


def _exact(sizes: np.ndarray, percent_text: str) -> np.ndarray:
    """The sizes as int64, or as Python integers where the products of `_bounds` would not fit in 64 bits."""
    units, _ = _printed(percent_text)
    largest = int(sizes.max(initial=1)) * (2 * units + 2)
    return sizes.astype("int64" if largest < 2**62 else object)


def _distinct(follow_ups: Iterable[FollowUp]) -> tuple[FollowUp, ...]:
    visits = tuple(follow_ups)
    if not visits or len({visit.month for visit in visits}) < len(visits):
        raise ValueError("at least one follow-up is needed, and each month only once")
    return visits


def _joint_tables(total: int, n_treated: np.ndarray, visits: Sequence[FollowUp], rounding: str) -> pd.DataFrame:
    """Tables in which one split holds at every visit: the product of the counts that fit, for each n_treated."""
    arms = [
        count_ranges(n, percent, rounding)
        for visit in visits
        for n, percent in ((n_treated, visit.treated_percent), (total - n_treated, visit.comparison_percent))
    ]
    low, high = (np.array([arm[end] for arm in arms]) for end in (0, 1))
    row, counts = _unrolled(low, high, ", ".join(visit.month for visit in visits))
    treated = np.repeat(n_treated[row], len(visits))
    frame = pd.DataFrame(
        {
            "table": np.repeat(np.arange(1, len(row) + 1), len(visits)),
            "month": [visit.month for visit in visits] * len(row),
            "n_treated": treated,
            "n_comparison": total - treated,
            "k_treated": counts[0::2].T.ravel(),
            "k_comparison": counts[1::2].T.ravel(),
        }
    )
    return frame.astype(TABLE_TYPES)


def _unrolled(low: np.ndarray, high: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray]:
    """For each column of the (dimension × column) bounds, every combination of one whole number per dimension.

    Returns the column of each combination and a (dimension × combination) array; the last dimension runs fastest.
    """
    widths = np.maximum(high - low + 1, 0)
    # Python integers: with coarse percentages and many persons the product passes 64 bits.
    combinations = widths.astype(object).prod(axis=0)
    count = sum(combinations)
    if count > MOST_TABLES:
        raise ProblemsFound("Prosentene er for grove til at tabellene kan regnes opp.", [_too_many(where)])
    per_column = combinations.astype("int64")
    column = np.repeat(np.arange(len(per_column)), per_column)
    rest = np.arange(count) - np.repeat(np.cumsum(per_column) - per_column, per_column)
    values = np.empty((len(low), count), dtype="int64")
    for dimension in reversed(range(len(low))):
        rest, digit = np.divmod(rest, widths[dimension, column])
        values[dimension] = low[dimension, column] + digit
    return column, values


def _too_many(where: str) -> Problem:
    return Problem(
        where,
        "Mer enn en million heltallstabeller passer med prosentene.",
        "Oppgi hvor mange personer det er i hver gruppe, eller prosenter med flere desimaler.",
    )


def _figures(
    n_treated: int,
    n_comparison: int,
    k_treated: int,
    k_comparison: int,
    *,
    level: float,
    offices: tuple[int | None, int | None],
    scenarios: Iterable[tuple[float, float]],
) -> Iterator[dict[str, Any]]:
    """The rows of `table_inference` for one set of counts."""
    counts = (k_treated, n_treated, k_comparison, n_comparison)
    difference = {"estimate": k_treated / n_treated - k_comparison / n_comparison}
    for interval in (proportions.newcombe(*counts, level=level), proportions.miettinen_nurminen(*counts, level=level)):
        yield difference | {"inference": interval.method, "conf_low": interval.low, "conf_high": interval.high}
    for test in (proportions.pooled_z(*counts), proportions.fisher(*counts)):
        yield difference | {"inference": test.method, "statistic": test.statistic, "p_value": test.p_value}
    for icc, cv in scenarios:
        result = proportions.cluster_t(*counts, offices1=offices[0], offices2=offices[1], icc=icc, cv=cv, level=level)
        bounds = {"conf_low": result.low, "conf_high": result.high}
        yield asdict(result) | bounds | {"inference": "cluster_t", "icc": icc, "size_cv": cv}


def _spread(values: pd.Series, quantity: str) -> dict[str, float]:
    present = values.dropna()
    below = (present < 0.05).mean() if quantity == "p_value" else math.nan
    return {
        "minimum": present.min(),
        "median": present.median(),
        "maximum": present.max(),
        "n_tables": len(present),
        "share_below_05": below,
    }
