"""The event study in periods of several months, with its covariance: where HonestDiD and the pre-test start.

Months are merged so that periods are fewer than offices: otherwise the covariance has not full rank.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.sensitivity.honest_did.event_study import EventStudy, event_study
from analysis.staggered.result import StaggeredResult

# Of each period by each other: `estimate` against the reference period 0, the last before adoption; `first`, `last` are
# months since adoption, `offices` those that the covariance rests on.
COLUMNS = ("period", "other", "first", "last", "estimate", "covariance", "offices", "inference")
# Three offices for each period on a side leave some to tell the covariance from.
OFFICES_PER_PERIOD = 3


@dataclass(frozen=True)
class Periods:
    """`width` months a period, at most `most` of them on each side of the reference."""

    width: int = 3
    most: int = 4


def event_covariance(result: StaggeredResult, wanted: Periods) -> pd.DataFrame:
    """Means over periods of `width` months of the dynamic effects less that of the last period before adoption.

    `result` must have the universal base. θ_p = mean over the months of p − mean over those of the reference, with
    the headline's covariance of the months: A V A′. A row per pair of periods (COLUMNS); none where the months have no
    covariance by office, or no whole period lies on one of the sides.
    """
    rows = np.flatnonzero((result.table["term"] == "dynamic").to_numpy(dtype=bool))
    found = result.uncertainty()
    times = result.table["event_time"].iloc[rows].astype(int).to_numpy()
    known = np.isfinite(np.diag(found.covariance)[rows]) & np.isfinite(found.std_error[rows])
    start = -result.design.anticipation
    known |= times == start - 1  # the base month is 0 by definition
    months = dict(zip(times[known].tolist(), rows[known].tolist(), strict=True))
    most = min(wanted.most, (len(result.offices) - 1) // OFFICES_PER_PERIOD)
    spans = _spans(months, start, Periods(wanted.width, most))
    if 0 not in spans or not (min(spans) < 0 < max(spans)):
        return pd.DataFrame(columns=list(COLUMNS))
    means = _weights(spans, months, len(result.table))
    numbers = [number for number in spans if number != 0]
    change = np.array([means[number] - means[0] for number in numbers])
    used = np.flatnonzero(change.any(axis=0))
    change = change[:, used]
    covariance = change @ np.nan_to_num(found.covariance[np.ix_(used, used)]) @ change.T
    estimates = change @ result.table["estimate"].to_numpy()[used]
    return _table({n: spans[n] for n in numbers}, estimates, covariance, found.n_clusters, found.inference)


def _spans(months: dict[int, int], start: int, wanted: Periods) -> dict[int, range]:
    """Whole periods by number, outwards from the start until one has a month that is not known."""
    spans = {}
    for direction, first in ((-1, 0), (1, 1)):
        for step in range(wanted.most + (1 if direction < 0 else 0)):
            number = first + direction * step
            low = start + (number - 1) * wanted.width
            span = range(low, low + wanted.width)
            if not all(month in months for month in span):
                break
            spans[number] = span
    return dict(sorted(spans.items()))


def _weights(spans: dict[int, range], months: dict[int, int], size: int) -> dict[int, np.ndarray]:
    """Weights (R,) of the result's rows in the mean of each period."""
    found = {}
    for number, span in spans.items():
        found[number] = np.zeros(size)
        found[number][[months[month] for month in span]] = 1 / len(span)
    return found


def _table(
    spans: dict[int, range], estimates: np.ndarray, covariance: np.ndarray, offices: int, inference: str
) -> pd.DataFrame:
    rows = [
        (one, other, span[0], span[-1], float(estimates[i]), float(covariance[i, j]), offices, inference)
        for i, (one, span) in enumerate(spans.items())
        for j, other in enumerate(spans)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def study_of(table: pd.DataFrame) -> EventStudy:
    """The event study of a table of `event_covariance`; the target is the mean over the periods after adoption.

    Raises ProblemsFound where the covariance has not full rank.
    """
    own = table.drop_duplicates("period").sort_values("period")
    periods = own["period"].to_numpy()
    covariance = table.pivot(index="period", columns="other", values="covariance").loc[periods, periods].to_numpy()
    after = int((periods > 0).sum())
    return event_study(periods, own["estimate"].to_numpy(), covariance, reference=0, target=np.full(after, 1 / after))
