"""The object between estimation and everything made from it: group-time effects with their influence functions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class GroupTime:
    """Effects ATT(g, t) of adoption groups g in months t, and how much each unit moves them.

    `table`, a row per effect: group (adoption month), month, base (month that is subtracted), event_time
    (month − group), att, n_treated, n_comparison (persons behind it).
    `influence` (units, rows of the table): scaled so that the estimate minus the truth is about the sum over units;
    the variance with independent units is a column's sum of squares, and with clusters that of the sums by cluster.
    `units` (units,): the label of each row of `influence`, a person or an office; `clusters` (units,): the office.
    `groups`: adoption month → share of the treated (weights included); `share_influence` (units, groups in the order
    of `groups`): the same scaling, for aggregates whose weights are estimated.
    Source: Callaway and Sant'Anna (2021), Journal of Econometrics 225(2), sections 2–4.
    """

    table: pd.DataFrame
    influence: np.ndarray
    units: np.ndarray
    clusters: np.ndarray
    groups: dict[int, float]
    share_influence: np.ndarray
