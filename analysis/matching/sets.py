"""From matched sets to `Match`: numbers of the sets, weights for the estimand, and who was left out and why."""

import numpy as np
import pandas as pd

from analysis.matching.found import NO_PARTNER_IN_STRATUM, Match
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.scores import missing_values

NO_TREATED_IN_STRATUM = "no_treated_in_stratum"
ESTIMANDS = ("ATT", "ATC", "ATE")
HEADING = "Matchingen ga ingen par:"
PAIR_COLUMNS = ("treated_row", "comparison_row", "pair", "distance")


def check_estimand(estimand: str) -> None:
    """ValueError unless `estimand` is one of ATT, ATC and ATE."""
    if estimand not in ESTIMANDS:
        raise ValueError(f"unknown estimand {estimand!r}; known: {', '.join(ESTIMANDS)}")


def stratum_codes(strata, n: int) -> np.ndarray:
    """Number of the stratum of each row (n,), in order of first appearance; one stratum when `strata` is None.

    `strata` is a column or a frame of columns, compared value by value. Raises `ProblemsFound` naming every column
    with missing values.
    """
    if strata is None:
        return np.zeros(n, dtype=np.int64)
    frame = strata if isinstance(strata, pd.DataFrame) else pd.Series(strata).to_frame()
    if len(frame) != n:
        raise ValueError(f"strata have {len(frame)} rows, expected {n}")
    stop_if_any(HEADING, missing_values(frame))
    if frame.shape[1] == 0:
        return np.zeros(n, dtype=np.int64)
    columns = [pd.factorize(frame[name])[0] for name in frame.columns]
    codes = columns[0].astype(np.int64)
    for column in columns[1:]:
        codes = pd.factorize(codes * (int(column.max()) + 1) + column)[0].astype(np.int64)
    return codes


def complete_sets(subclass: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """`subclass` (n,) renumbered from 0 by first row; −1 for sets that lack one of the groups, as for no set."""
    inside = subclass >= 0
    size = int(subclass.max()) + 1 if len(subclass) else 0
    both = np.bincount(subclass[inside & treated], minlength=size) > 0
    both &= np.bincount(subclass[inside & ~treated], minlength=size) > 0
    kept = inside & both[np.where(inside, subclass, 0)] if size else inside
    numbers = np.full(len(subclass), -1, dtype=np.int64)
    numbers[kept] = pd.factorize(subclass[kept])[0]
    return numbers


def no_counterpart(treated: np.ndarray) -> np.ndarray:
    """Reason (n,) of those whose stratum lacks the other group."""
    return np.where(treated, NO_PARTNER_IN_STRATUM, NO_TREATED_IN_STRATUM).astype(object)


def set_weights(subclass, treated, *, estimand: str = "ATT") -> np.ndarray:
    """Weights (n,) of persons in sets `subclass` (n,); 0 for −1.

    With n₁ treated and n₀ comparison persons in the set (persons, not sampling weights): ATT gives treated 1 and
    comparison n₁/n₀, ATC treated n₀/n₁ and comparison 1, ATE treated 1 + n₀/n₁ and comparison 1 + n₁/n₀. Each group
    is then divided by the mean of its non-zero weights (MatchIt 4.7).
    """
    check_estimand(estimand)
    subclass, treated = np.asarray(subclass), np.asarray(treated, dtype=bool)
    inside = subclass >= 0
    size = int(subclass.max(initial=-1)) + 1
    n_treated = np.bincount(subclass[inside & treated], minlength=size).astype("float64")
    n_comparison = np.bincount(subclass[inside & ~treated], minlength=size).astype("float64")
    share = {
        "ATT": (np.ones(size), n_treated / n_comparison),
        "ATC": (n_comparison / n_treated, np.ones(size)),
        "ATE": (1 + n_comparison / n_treated, 1 + n_treated / n_comparison),
    }[estimand]
    weights = np.zeros(len(subclass))
    for group, own in ((treated, share[0]), (~treated, share[1])):
        rows = inside & group
        weights[rows] = own[subclass[rows]] / own[subclass[rows]].mean()
    return weights


def checked_sampling(sampling_weights, n: int) -> np.ndarray | None:
    """Sampling weights (n,) as float64, or None; they are kept beside the weights (`Match.analysis_weights`)."""
    if sampling_weights is None:
        return None
    values = np.asarray(sampling_weights, dtype="float64")
    if values.shape != (n,) or not (np.isfinite(values).all() and (values > 0).all()):
        raise ValueError(f"sampling_weights must be {n} positive numbers")
    return values


def no_pairs() -> pd.DataFrame:
    """The empty table of pairs, for methods that form strata."""
    return pd.DataFrame({name: pd.Series(dtype="float64" if name == "distance" else "int64") for name in PAIR_COLUMNS})


def match_of_sets(
    subclass: np.ndarray,
    treated: np.ndarray,
    reason,
    *,
    pairs: pd.DataFrame | None = None,
    estimand: str = "ATT",
    sampling_weights=None,
    caliper_width: float | None = None,
) -> Match:
    """`Match` of sets that hold both groups; `reason` (n,) or one text tells why a row is in none of them.

    Raises `ProblemsFound` when there is no set at all.
    """
    if not (subclass >= 0).any():
        raise ProblemsFound(HEADING, [_nobody()])
    weights = set_weights(subclass, treated, estimand=estimand)
    rows = np.flatnonzero(subclass < 0)
    reason = np.broadcast_to(np.asarray(reason, dtype=object), len(treated))
    return Match(
        weights,
        no_pairs() if pairs is None else pairs,
        pd.DataFrame({"row": rows, "reason": reason[rows]}),
        caliper_width,
        subclass,
        checked_sampling(sampling_weights, len(treated)),
    )


def match_of_pairs(treated_row, comparison_row, distance, treated: np.ndarray, reason, **options) -> Match:
    """`Match` of stars: pairs that share a person belong to one set. Sets are numbered by their first treated row.

    `options` are those of `match_of_sets`.
    """
    pairs = pd.DataFrame({"treated_row": treated_row, "comparison_row": comparison_row, "distance": distance})
    pairs = pairs.sort_values(["treated_row", "distance", "comparison_row"], ignore_index=True)
    own, other = pairs["treated_row"].to_numpy(), pairs["comparison_row"].to_numpy()
    # In a star either end is alone; a treated person with one partner belongs to the partner's set.
    alone = np.bincount(own, minlength=len(treated))[own] == 1
    centre = np.where(alone, other, own)
    pairs.insert(2, "pair", pd.factorize(centre)[0].astype(np.int64))
    subclass = np.full(len(treated), -1, dtype=np.int64)
    subclass[own] = subclass[other] = pairs["pair"]
    return match_of_sets(subclass, treated, reason, pairs=pairs, **options)


def _nobody() -> Problem:
    return Problem(
        "utvalg",
        "ingen i tiltaksgruppen har noen å sammenlignes med innenfor samme stratum og kaliper.",
        "Bruk færre eller grovere strata, øk kaliperen eller velg en annen sammenligningsgruppe.",
    )
