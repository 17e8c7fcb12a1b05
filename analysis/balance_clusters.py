"""Balance office by office, and its range across offices."""

import numpy as np
import pandas as pd

from analysis.balance import COLUMNS, checked_covariates, column_rows, compared_groups
from analysis.balance_measures import Column, columns
from analysis.balance_sizes import sampling
from analysis.scores import treated_rows

MEASURES = ("smd", "variance_ratio", "ks")


def cluster_balance(
    covariates: pd.DataFrame,
    treated,
    weights,
    clusters,
    *,
    s_d_denominator: str = "treated",
    sampling_weights=None,
    overlap: bool = False,
) -> pd.DataFrame:
    """The rows of `balance_table` within each cluster, with `cluster` as the first column, in sorted order.

    Standard deviations are computed anew within the cluster (cobalt's convention); levels of text and whether a
    covariate is a share are settled over all clusters, so that every cluster has the same rows. A cluster where
    one arm holds no weight has nothing to compare and no rows: `clusters_left_out` tells which.
    """
    covariates = checked_covariates(covariates)
    treated, weights = treated_rows(treated, len(covariates)), np.asarray(weights, dtype="float64")
    s = sampling(sampling_weights, treated)
    numbers, names = _cluster_numbers(clusters, len(covariates))
    left_out = _left_out(numbers, len(names), treated, weights * s)
    groups = {}
    for number in np.flatnonzero(~left_out):
        own = np.flatnonzero(numbers == number)
        options = {"s_d_denominator": s_d_denominator, "sampling_weights": s[own], "overlap": overlap}
        groups[number] = own, compared_groups(treated[own], weights[own], n=len(own), **options)
    rows = [
        {"cluster": names[number], "place": number} | row
        for column in columns(covariates)
        for number, (own, group) in groups.items()
        for row in column_rows(Column(column.name, column.values[own], column.binary), group)
    ]
    table = pd.DataFrame(rows, columns=["cluster", "place", *COLUMNS])
    return table.sort_values("place", kind="stable", ignore_index=True).drop(columns="place")


def clusters_left_out(treated, weights, clusters) -> list:
    """Names of the clusters where one of the arms holds no weight."""
    w = np.asarray(weights, dtype="float64")
    numbers, names = _cluster_numbers(clusters, len(w))
    out = _left_out(numbers, len(names), treated_rows(treated, len(w)), w)
    return [name for name, gone in zip(names, out, strict=True) if gone]


def across_clusters(table: pd.DataFrame) -> pd.DataFrame:
    """Smallest, mean and largest absolute value over clusters, from the rows of `cluster_balance`.

    Columns: covariate, sample, measure (smd, variance_ratio, ks), min, mean, max, n_clusters (those with a value)
    and worst (the cluster of the largest). A variance ratio r counts as max(r, 1/r), and its mean is
    the geometric one. Every cluster counts alike.
    """
    long = table.melt(["cluster", "covariate", "sample"], list(MEASURES), "measure", "value")
    long["covariate"] = pd.Categorical(long["covariate"], long["covariate"].drop_duplicates())
    values = long["value"].abs()
    ratios = long["measure"].eq("variance_ratio")
    long["value"] = values.mask(ratios, np.maximum(values, 1 / values.mask(values == 0)))
    long["log"] = np.log(long["value"].where(ratios))
    keys = ["covariate", "sample", "measure"]
    grouped = long.groupby(keys, observed=True, sort=False)
    found = grouped["value"].agg(["min", "mean", "max", "count"]).rename(columns={"count": "n_clusters"}).reset_index()
    geometric = np.exp(grouped["log"].mean()).to_numpy()
    found["mean"] = found["mean"].mask(found["measure"].eq("variance_ratio"), geometric)
    known = long.dropna(subset=["value"]).sort_values("value", ascending=False, kind="stable").drop_duplicates(keys)
    found = found.merge(known[[*keys, "cluster"]].rename(columns={"cluster": "worst"}), on=keys, how="left")
    return found.assign(covariate=found["covariate"].astype(str))


def _cluster_numbers(clusters, n: int) -> tuple[np.ndarray, list]:
    """Number of the cluster of each row, and the sorted names."""
    numbers, names = pd.factorize(pd.Series(np.asarray(clusters)), sort=True)
    if len(numbers) != n:
        raise ValueError(f"clusters have {len(numbers)} rows, expected {n}")
    if (numbers < 0).any():
        raise ValueError("clusters hold missing values")
    return numbers, list(names)


def _left_out(numbers: np.ndarray, n_clusters: int, treated: np.ndarray, w: np.ndarray) -> np.ndarray:
    weight1, weight0 = (np.bincount(numbers, np.where(own, w, 0.0), n_clusters) for own in (treated, ~treated))
    return (weight1 <= 0) | (weight0 <= 0)
