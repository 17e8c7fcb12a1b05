"""Exact matching: persons who are equal in every chosen column form a set."""

from analysis.matching.found import Match
from analysis.matching.sets import HEADING, complete_sets, match_of_sets, no_counterpart, stratum_codes
from analysis.scores import stop_at_one_group, treated_rows


def match_exact(strata, treated, *, estimand: str = "ATT", sampling_weights=None) -> Match:
    """`strata`: frame (n, p) of columns compared value by value; `treated` (n,) of 0 and 1. Estimand ATT, ATC, ATE.

    A set without one of the groups is dropped. There are no pairs: the sets stand in `subclass`. Raises
    `ProblemsFound` for missing values (naming the column), an empty group and when no set holds both groups.
    """
    treated = treated_rows(treated, len(strata))
    stop_at_one_group(HEADING, treated)
    sets = complete_sets(stratum_codes(strata, len(treated)), treated)
    reason = no_counterpart(treated)
    return match_of_sets(sets, treated, reason, estimand=estimand, sampling_weights=sampling_weights)
