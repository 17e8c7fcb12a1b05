"""Balance: how alike the groups are before and after matching or weighting.

One table feeds table, plot and text, so that they cannot disagree. There are no p-values: balance is a property
of the sample at hand (Imai, King and Stuart 2008, JRSS A 171(2), section 6).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.balance_measures import (
    DENOMINATORS,
    Arms,
    Column,
    arms,
    columns,
    distribution_distance,
    mean_and_variance,
    overlap_loss,
    pair_distance,
    ratio,
    spread,
    standardised,
    stratum_distance,
)
from analysis.balance_sizes import (
    ARMS,
    SAMPLES,
    checked_weights,
    effective_sample_size,
    sample_sizes,
    sampling,
)
from analysis.balance_support import overlap_table, support
from analysis.problems import stop_if_any
from analysis.scores import as_float64, missing_values, treated_rows

__all__ = [
    "ARMS",
    "DENOMINATORS",
    "SAMPLES",
    "balance_table",
    "effective_sample_size",
    "overlap_table",
    "sample_sizes",
    "support",
]

HEADING = "Balansetabellen kan ikke beregnes:"
COLUMNS = (
    "covariate",
    "kind",
    "sample",
    "mean_treated",
    "mean_comparison",
    "smd",
    "variance_ratio",
    "ks",
    "pp_difference",
    "sd_treated",
    "sd_comparison",
    "ecdf_mean",
    "overlap_loss",
    "pair_distance",
)


@dataclass(frozen=True)
class Groups:
    """What is compared: the arms before and after, the pairs or strata, and the choice of denominator.

    `pairs`: positions of the treated and the comparison person of each pair; `subclass` (n,), −1 for none.
    """

    treated: np.ndarray
    plain: Arms
    adjusted: Arms
    denominator: str = "treated"
    pairs: tuple[np.ndarray, np.ndarray] | None = None
    subclass: np.ndarray | None = None
    overlap: bool = False


def balance_table(
    covariates: pd.DataFrame,
    treated,
    weights,
    *,
    s_d_denominator: str = "treated",
    sampling_weights=None,
    subclass=None,
    pairs: pd.DataFrame | None = None,
    overlap: bool = False,
) -> pd.DataFrame:
    """One row per covariate and sample, in the order of the columns.

    Columns: covariate, kind (binary or numeric), sample (unadjusted, adjusted), mean_treated, mean_comparison, smd,
    variance_ratio (numeric only), ks, pp_difference (binary only; percentage points, that is 100 times the
    difference between shares), sd_treated, sd_comparison, ecdf_mean, overlap_loss (with `overlap`; 0 for identical
    distributions) and pair_distance (adjusted only). Text and categories become one share per level, named
    ``column_level`` (the second level only when there are two).

    smd = (mean_treated − mean_comparison) / sd, with sd as in `balance_measures.spread`: unless it is «weighted»
    from the unadjusted sample, whatever the weights; that of everyone when it is zero. Variance of a share:
    p(1 − p); otherwise Σw(x − m)²/(1 − Σw²) with weights of sum 1. ks: largest distance between the weighted
    distribution functions, ecdf_mean their mean distance over distinct values. pair_distance: mean |x₁ − x₀| / sd
    over `pairs` (treated_row, comparison_row: positions), or over all pairs that share a `subclass` (n,; −1 for
    none). `sampling_weights` (n,) weigh the unadjusted sample, and multiply `weights` in the adjusted one.
    Conventions of MatchIt 4.7 and of cobalt 4.5 with standardised binaries.
    Raises `ProblemsFound` for missing values, ValueError when an arm has no weight.
    """
    covariates = checked_covariates(covariates)
    options = {"s_d_denominator": s_d_denominator, "sampling_weights": sampling_weights, "overlap": overlap}
    groups = compared_groups(treated, weights, subclass=subclass, pairs=pairs, n=len(covariates), **options)
    rows = [row for column in columns(covariates) for row in column_rows(column, groups)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def checked_covariates(covariates: pd.DataFrame) -> pd.DataFrame:
    """Numbers as float64; `ProblemsFound` names the columns with missing values."""
    covariates = as_float64(covariates)
    stop_if_any(HEADING, missing_values(covariates))
    return covariates


def compared_groups(
    treated, weights, *, n: int, s_d_denominator="treated", sampling_weights=None, subclass=None, pairs=None, overlap
) -> Groups:
    """The `Groups` of a table over `n` rows; ValueError for an unknown denominator and for weights that do not fit."""
    if s_d_denominator not in DENOMINATORS:
        raise ValueError(f"unknown s_d_denominator {s_d_denominator!r}; known: {', '.join(DENOMINATORS)}")
    if pairs is not None and subclass is not None:
        raise ValueError("give pairs or subclass, not both")
    treated = treated_rows(treated, n)
    s = sampling(sampling_weights, treated)
    adjusted = arms(checked_weights(weights, treated) * s, treated)
    rows = None if pairs is None else (pairs["treated_row"].to_numpy(), pairs["comparison_row"].to_numpy())
    strata = None if subclass is None else np.asarray(subclass)
    return Groups(treated, arms(s, treated), adjusted, s_d_denominator, rows, strata, overlap)


def column_rows(column: Column, groups: Groups) -> list[dict[str, float | str]]:
    """The two rows of one covariate, unadjusted and adjusted."""
    sd = spread(column, groups.plain, groups.adjusted, groups.treated, groups.denominator)
    order = None if column.binary else np.argsort(column.values, kind="stable")
    rows = [
        {"covariate": column.name, "sample": sample, **_measures(column, weighted, sd, order)}
        for sample, weighted in zip(SAMPLES, (groups.plain, groups.adjusted), strict=True)
    ]
    if groups.overlap:
        for row, weighted in zip(rows, (groups.plain, groups.adjusted), strict=True):
            row["overlap_loss"] = overlap_loss(column, weighted, groups.treated, sd)
    rows[1]["pair_distance"] = _standardised_pair_distance(column, groups, sd)
    return rows


def _measures(column: Column, weighted: Arms, sd: float, order: np.ndarray | None) -> dict[str, float | str]:
    mean1, variance1 = mean_and_variance(column, weighted.treated)
    mean0, variance0 = mean_and_variance(column, weighted.comparison)
    difference = mean1 - mean0
    ecdf_mean, ks = distribution_distance(column, weighted.signed, order)
    return {
        "kind": "binary" if column.binary else "numeric",
        "mean_treated": mean1,
        "mean_comparison": mean0,
        "smd": standardised(difference, sd),
        "variance_ratio": np.nan if column.binary else ratio(variance1, variance0),
        "ks": ks,
        "pp_difference": 100 * difference if column.binary else np.nan,
        "sd_treated": float(np.sqrt(variance1)),
        "sd_comparison": float(np.sqrt(variance0)),
        "ecdf_mean": ecdf_mean,
    }


def _standardised_pair_distance(column: Column, groups: Groups, sd: float) -> float:
    if groups.pairs is not None:
        distance = pair_distance(column, groups.pairs)
    elif groups.subclass is not None:
        distance = stratum_distance(column, groups.treated, groups.subclass)
    else:
        return float("nan")
    return standardised(distance, sd)
