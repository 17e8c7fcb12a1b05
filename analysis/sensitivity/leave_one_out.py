"""Does one office carry the finding? The estimate without each office in turn.

The estimator hands in its answers with one office left out; nothing is estimated here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NAN = float("nan")


@dataclass(frozen=True)
class LeaveOneOut:
    """`lowest` and `highest` estimate without one office, and `without_lowest`, `without_highest`: which was left out.

    `influence` (G,): estimate less the one without the office, in the order given, nan where it could not be made.
    `most_influential`: the office with the largest |influence|. `std_error`: the jackknife's, over those that could.
    `sign_turns`: offices without which the sign is another; `verdict_turns`: those without which the interval holds
    zero when the whole's does not, or the other way (empty without intervals). `undetermined`: offices that cannot
    be left out, because nothing could be estimated without them. Units of the estimate.
    """

    estimate: float
    lowest: float
    highest: float
    without_lowest: str
    without_highest: str
    influence: tuple[float, ...]
    most_influential: str
    std_error: float
    sign_turns: tuple[str, ...]
    verdict_turns: tuple[str, ...]
    undetermined: tuple[str, ...]


def leave_one_out(estimate: float, left_out, offices: Sequence[str], *, interval=None, intervals=None) -> LeaveOneOut:
    """Range and influence of `left_out` (G,), the estimates without each of `offices` (G,), nan where there is none.

    `interval` (2,) of the whole and `intervals` (G, 2) without each office, both or neither: then verdicts are held
    against each other too. The jackknife's standard error is √((G − 1)/G·Σ(left_out − their mean)²).
    ValueError where lengths differ, names are repeated, or fewer than two offices could be left out.
    Source: Belsley, Kuh and Welsch (1980), Regression Diagnostics, chapter 2; Efron (1982), The Jackknife, chapter 3.
    """
    values, names = np.asarray(left_out, dtype="float64"), np.asarray(offices, dtype=object)
    made = np.isfinite(values)
    if values.shape != names.shape or values.ndim != 1 or len(set(names)) < len(names) or not np.isfinite(estimate):
        raise ValueError("there must be one estimate for each office, and no office twice")
    if made.sum() < 2:
        raise ValueError("at least two offices must be possible to leave out")
    influence = estimate - values
    lowest, highest = int(np.nanargmin(values)), int(np.nanargmax(values))
    spread = values[made] - values[made].mean()
    return LeaveOneOut(
        estimate=float(estimate),
        lowest=float(values[lowest]),
        highest=float(values[highest]),
        without_lowest=str(names[lowest]),
        without_highest=str(names[highest]),
        influence=tuple(influence.tolist()),
        most_influential=str(names[int(np.nanargmax(np.abs(influence)))]),
        std_error=float(np.sqrt((made.sum() - 1) / made.sum() * (spread**2).sum())),
        sign_turns=_named(names, made & (np.sign(values) != np.sign(estimate))),
        verdict_turns=_named(names, made & _verdict_turns(interval, intervals, len(values))),
        undetermined=_named(names, ~made),
    )


def _named(names: np.ndarray, marked: np.ndarray) -> tuple[str, ...]:
    return tuple(map(str, names[marked]))


def _verdict_turns(interval, intervals, offices: int) -> np.ndarray:
    """Whether holding zero is otherwise without each office: (G,)."""
    if (interval is None) != (intervals is None):
        raise ValueError("interval and intervals belong together")
    if interval is None:
        return np.zeros(offices, dtype=bool)
    ends = np.asarray(intervals, dtype="float64")
    if ends.shape != (offices, 2) or np.shape(interval) != (2,):
        raise ValueError("intervals must hold two ends for each office")
    return (ends[:, 0] <= 0) & (ends[:, 1] >= 0) != (interval[0] <= 0 <= interval[1])
