"""Patterns of matched sets: how many of each side had the outcome, which is all that a test under hidden bias reads."""

import numpy as np
import pandas as pd

from analysis.matched_effects import SET_METHODS, Sample

COLUMNS = ("n_treated", "n_comparison", "hits_treated", "hits_comparison", "sets")
NO_SETS = pd.DataFrame(columns=list(COLUMNS)).astype("int64")


def set_patterns(sample: Sample, after: np.ndarray) -> pd.DataFrame:
    """Sets of each pattern (COLUMNS) of a 0/1 outcome `after` (n,), NaN where not known: those are left out.

    No rows for methods without sets, with replacement (persons in several sets), or for other outcomes. Sets without
    somebody on both sides say nothing and are not counted.
    """
    known = np.isfinite(after) & (sample.sets >= 0) & (sample.weight > 0)
    y = after[known]
    if sample.spec.method not in SET_METHODS or sample.spec.replace or not np.isin(y, (0, 1)).all():
        return NO_SETS
    treated = sample.treated[known]
    people = pd.DataFrame(
        {
            "set": sample.sets[known],
            "n_treated": treated,
            "n_comparison": ~treated,
            "hits_treated": treated & (y == 1),
            "hits_comparison": ~treated & (y == 1),
        }
    )
    sets = people.groupby("set").sum().astype("int64")
    both = sets[(sets["n_treated"] > 0) & (sets["n_comparison"] > 0)]
    return both.groupby(list(COLUMNS[:-1])).size().rename("sets").reset_index().astype("int64")
