"""Everything there is to say about balance, in one object: table, love plot and text read the same numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.balance import balance_table, overlap_table, sample_sizes, support
from analysis.balance_clusters import across_clusters, cluster_balance
from analysis.balance_measures import columns, standardised
from analysis.scores import as_float64, treated_rows


@dataclass(frozen=True)
class Balance:
    """Balance of one specification.

    `table`: see `balance_table`. `sizes`: see `sample_sizes`. `profile`: see `profile_table`. With scores:
    `support` and `overlap` (see `balance.support`, `balance.overlap_table`). With clusters: `by_cluster` and
    `across` (see `balance_clusters`). What was not asked for is None.
    """

    table: pd.DataFrame
    sizes: pd.DataFrame
    profile: pd.DataFrame
    support: dict[str, float | int] | None = None
    overlap: pd.DataFrame | None = None
    by_cluster: pd.DataFrame | None = None
    across: pd.DataFrame | None = None

    def worst(self, sample: str = "adjusted") -> tuple[str, float]:
        """The covariate furthest out of balance, and its absolute standardised difference."""
        own = self.table[self.table["sample"] == sample].set_index("covariate")["smd"].abs()
        return str(own.idxmax()), float(own.max())

    def above(self, limit: float, sample: str = "adjusted") -> list[str]:
        """Covariates whose absolute standardised difference exceeds `limit`, worst first."""
        own = self.table[self.table["sample"] == sample].set_index("covariate")["smd"].abs()
        return own[own > limit].sort_values(ascending=False, kind="stable").index.tolist()

    def size(self, row: str, arm: str) -> float:
        """One cell of `sizes`: `row` is all, all_ess, matched, matched_ess, unmatched or discarded."""
        return float(self.sizes.set_index("sample").loc[row, arm])

    def love(self, measure: str = "smd") -> pd.DataFrame:
        """What a love plot draws: covariate, sample, value, low, high; worst first before adjustment.

        `value` is absolute (a variance ratio r counts as max(r, 1/r)); `low` and `high` span the clusters when
        there are any, for measures of `balance_clusters.MEASURES`, and are missing otherwise.
        """
        long = self.table[["covariate", "sample", measure]].rename(columns={measure: "value"})
        value = long["value"].abs()
        if measure == "variance_ratio":
            value = np.maximum(value, 1 / value.mask(value == 0))
        long = long.assign(value=value, low=np.nan, high=np.nan)
        if self.across is not None:
            own = self.across[self.across["measure"] == measure].rename(columns={"min": "low", "max": "high"})
            long = long.drop(columns=["low", "high"]).merge(
                own[["covariate", "sample", "low", "high"]], on=["covariate", "sample"], how="left"
            )
        before = long[long["sample"] == "unadjusted"].set_index("covariate")["value"]
        return long.sort_values("covariate", key=lambda c: -c.map(before), kind="stable", ignore_index=True)

    def tidy(self) -> pd.DataFrame:
        """Rows covariate, sample, measure, cluster, value; cluster is empty for everyone together."""
        tables = [self.table.assign(cluster="")]
        if self.by_cluster is not None:
            tables.append(self.by_cluster.assign(cluster=self.by_cluster["cluster"].astype(str)))
        keys = ["covariate", "sample", "cluster"]
        long = pd.concat(
            [t.drop(columns="kind").melt(keys, var_name="measure", value_name="value") for t in tables],
            ignore_index=True,
        )
        return long[["covariate", "sample", "measure", "cluster", "value"]].dropna(subset=["value"], ignore_index=True)


def balance_of(
    covariates: pd.DataFrame,
    treated,
    weights,
    *,
    scores=None,
    clusters=None,
    discarded=None,
    s_d_denominator: str = "treated",
    sampling_weights=None,
    subclass=None,
    pairs: pd.DataFrame | None = None,
) -> Balance:
    """The whole `Balance` of `weights` (n,); options as in `balance_table`, `scores`, `clusters` and `discarded` (n,).

    Raises `ProblemsFound` for missing covariate values, ValueError for weights that leave an arm empty.
    """
    common = {"s_d_denominator": s_d_denominator, "sampling_weights": sampling_weights}
    by_cluster = None if clusters is None else cluster_balance(covariates, treated, weights, clusters, **common)
    return Balance(
        table=balance_table(covariates, treated, weights, subclass=subclass, pairs=pairs, overlap=True, **common),
        sizes=sample_sizes(weights, treated, discarded=discarded, sampling_weights=sampling_weights),
        profile=profile_table(covariates, treated, weights, sampling_weights=sampling_weights),
        support=None if scores is None else support(scores, treated),
        overlap=None if scores is None else overlap_table(scores, treated, weights),
        by_cluster=by_cluster,
        across=None if by_cluster is None else across_clusters(by_cluster),
    )


def profile_table(covariates: pd.DataFrame, treated, weights, *, arm: str = "treated", sampling_weights=None):
    """Who is left in the estimate against who was there: the matched persons of `arm` and all of them.

    Columns: covariate, kind, n_all, n_left, mean_all, mean_left, mean_lost (weight 0), difference (left − all), smd
    (difference over the standard deviation of all in the arm) and pp_difference (shares, percentage points).
    """
    treated = treated_rows(treated, len(covariates))
    rows = np.flatnonzero(treated if arm == "treated" else ~treated)
    s = np.ones(len(rows)) if sampling_weights is None else np.asarray(sampling_weights, dtype="float64")[rows]
    w = np.asarray(weights, dtype="float64")[rows] * s
    if not w.sum() > 0:
        raise ValueError(f"no {arm} person has any weight")
    table = as_float64(covariates.iloc[rows])
    found = [_profile_row(column, w, s) for column in columns(table)]
    counts = {"n_all": len(rows), "n_left": int((w > 0).sum())}
    order = ["covariate", "kind", "n_all", "n_left", "mean_all", "mean_left", "mean_lost", "difference", "smd"]
    return pd.DataFrame([row | counts for row in found], columns=[*order, "pp_difference"])


def _profile_row(column, w: np.ndarray, s: np.ndarray) -> dict[str, float | str]:
    lost = np.where(w > 0, 0.0, s)
    mean_all, mean_left = (float(v @ column.values / v.sum()) for v in (s, w))
    variance = mean_all * (1 - mean_all) if column.binary else float(s @ (column.values - mean_all) ** 2 / s.sum())
    difference = mean_left - mean_all
    return {
        "covariate": column.name,
        "kind": "binary" if column.binary else "numeric",
        "mean_all": mean_all,
        "mean_left": mean_left,
        "mean_lost": float(lost @ column.values / lost.sum()) if lost.sum() > 0 else float("nan"),
        "difference": difference,
        "smd": standardised(difference, float(np.sqrt(variance))) if variance > 0 else 0.0,
        "pp_difference": 100 * difference if column.binary else float("nan"),
    }
