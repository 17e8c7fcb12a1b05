"""What optimal and full matching are asked to do, read and checked once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.matching.found import NO_PARTNER_NEAR, NOT_CHOSEN, PARTNERS_TAKEN
from analysis.matching.sets import HEADING, no_counterpart, stratum_codes
from analysis.problems import stop_if_any
from analysis.scores import as_float64, missing_values, stop_at_one_group, treated_rows


@dataclass(frozen=True)
class Task:
    """`points` (n, p) with Euclidean distance, `on` (n,) that the caliper limits to `width` (∞: no caliper).

    `codes` (n,) numbers the strata. `is_line`: one dimension, and the caliper (if any) is on that very score.
    """

    points: np.ndarray
    on: np.ndarray
    treated: np.ndarray
    codes: np.ndarray
    width: float
    is_line: bool

    @property
    def caliper_width(self) -> float | None:
        return self.width if np.isfinite(self.width) else None


def read_task(distance, treated, strata=None, caliper: float | None = None, caliper_on=None) -> Task:
    """`distance` is a score (n,) or coordinates (n, p), for Mahalanobis's distance the whitened covariates.

    `caliper` is in standard deviations (ddof 1, everyone) of `caliper_on` (n,), which is the score unless told
    otherwise. Raises `ProblemsFound` for missing values in named columns and for an empty group, ValueError for
    anything that only the program can get wrong.
    """
    points = _numbers("distance", distance)
    points = points.reshape(len(points), -1)
    treated = treated_rows(treated, len(points))
    stop_at_one_group(HEADING, treated)
    codes = stratum_codes(strata, len(points))
    if caliper is None:
        return Task(points, points[:, 0], treated, codes, np.inf, points.shape[1] == 1)
    if not 0 <= caliper < np.inf:
        raise ValueError(f"caliper must be None or a number of 0 or more, not {caliper!r}")
    if caliper_on is None and points.shape[1] != 1:
        raise ValueError("a caliper on coordinates needs caliper_on")
    on = points[:, 0] if caliper_on is None else _numbers("caliper_on", caliper_on)
    if on.shape != (len(points),):
        raise ValueError(f"caliper_on has shape {on.shape}, expected ({len(points)},)")
    return Task(points, on, treated, codes, caliper * float(np.std(on, ddof=1)), caliper_on is None)


def _numbers(name: str, values) -> np.ndarray:
    if isinstance(values, pd.Series | pd.DataFrame):
        frame = as_float64(values.to_frame() if isinstance(values, pd.Series) else values)
        stop_if_any(HEADING, missing_values(frame))
    numbers = np.asarray(values, dtype="float64")
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} holds missing or infinite values")
    return numbers


def strata_on_the_line(task: Task) -> Iterator[np.ndarray]:
    """Rows of each stratum that holds both groups, sorted by score; equal scores keep row order."""
    order = np.lexsort((task.on, task.codes))
    starts = np.flatnonzero(np.diff(task.codes[order])) + 1
    for rows in np.split(order, starts):
        if 0 < task.treated[rows].sum() < len(rows):
            yield rows


def nearest_opposite(score: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Distance (n,) from each person to the nearest of the other group; `score` sorted, both groups present."""
    place = np.arange(len(score))
    nearest = np.full(len(score), np.inf)
    for group in (treated, ~treated):
        before = np.maximum.accumulate(np.where(~group, place, -1))
        after = np.minimum.accumulate(np.where(~group, place, len(score))[::-1])[::-1]
        padded = np.r_[score, np.inf, -np.inf]
        gaps = np.minimum(score - padded[before], padded[after] - score)
        nearest[group] = gaps[group]
    return nearest


def reasons(task: Task, reachable: np.ndarray, unreachable_comparison: str = NOT_CHOSEN) -> np.ndarray:
    """Why each person (n,), should they be left out, is so; `reachable` (n,): someone near of the other group."""
    size = int(task.codes.max()) + 1
    both = np.bincount(task.codes[task.treated], minlength=size) > 0
    both &= np.bincount(task.codes[~task.treated], minlength=size) > 0
    near = np.where(task.treated, PARTNERS_TAKEN, NOT_CHOSEN).astype(object)
    far = np.where(task.treated, NO_PARTNER_NEAR, unreachable_comparison).astype(object)
    return np.where(both[task.codes], np.where(reachable, near, far), no_counterpart(task.treated))
