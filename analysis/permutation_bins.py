"""What other draws would have shown, as a histogram that may be released: the raw differences lead back to offices."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.tables import PERMUTATION
from analysis.trials.permutation import PermutationFound

BINS = 40
SLACK = 1e-9


def permutation_bins(found: PermutationFound, **named: Any) -> pd.DataFrame:
    """Columns PERMUTATION: number of allocations with a difference in each bin, for one outcome and horizon (`named`).

    Bins are counted from 0 outwards with a width that divides the observed difference, so that those `as_far` are
    exactly the allocations behind the p-value: their share is p. A difference on an edge counts outwards.
    """
    values, seen = np.asarray(found.distribution), abs(found.estimate)
    width = _width(values, seen)
    steps = np.floor(np.abs(values) / width + SLACK).astype("int64")
    # A value within rounding of 0 is on no side; the right one takes it.
    negative = (values < 0) & (np.abs(values) > SLACK * width)
    place = np.where(negative, -steps - 1, steps)
    bins, counts = np.unique(place, return_counts=True)
    every = np.arange(bins.min(), bins.max() + 1)
    count = np.zeros(len(every), dtype="int64")
    count[bins - bins.min()] = counts
    outwards = np.where(every < 0, -every - 1, every)
    as_far = outwards >= round(seen / width)
    table = pd.DataFrame({"bin_low": every * width, "bin_high": (every + 1) * width, "count": count, "as_far": as_far})
    return table.assign(**named)[list(PERMUTATION)].astype(PERMUTATION)


def _width(values: np.ndarray, seen: float) -> float:
    """About `BINS` bins over the whole range, a whole number of them up to the observed difference."""
    whole = float(np.ptp(values)) or 1.0
    return seen / max(1, round(seen * BINS / whole)) if seen > SLACK * whole else whole / BINS
