"""Cells: the sums that every estimator without covariates is made of.

A cell is one combination of the `by` columns (office, adoption cohort, month …) and an outcome. Cells are
personal data until they are released, and second moments never leave.
"""

import numpy as np
import pandas as pd

from analysis.disclosure.dominance import dominated_cells
from analysis.problems import Problem, stop_if_any
from analysis.tables import DOMINATED, SUMS


def cells(
    panel: pd.DataFrame, *, outcomes: list[str], by: list[str], weight: str | None, dominance: bool = False
) -> pd.DataFrame:
    """Sum each outcome within each cell: `by`, outcome, n, Σy, Σy², Σw, Σwy, Σw², Σw²y, Σw²y².

    Left out: rows where the outcome is missing (they are not zero), and rows of weight 0 (unmatched persons stand
    behind no figure, so they must not count in n). A missing value in `by` is a cell of its own: never-treated
    persons have no adoption month. Without `weight` every weight is 1. Sorted by `by`, outcomes in the given order.
    With `dominance` the last column, DOMINATED, says whether one or two persons stand out in Σy or Σwy.
    """
    _refuse_unusable(panel, outcomes, by, weight)
    weights = _weights(panel, weight)
    number, keys = _cell_numbers(panel, by)
    parts = [_outcome_sums(panel[name], weights, number, keys, dominance).assign(outcome=name) for name in outcomes]
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return table[[*by, "outcome", *SUMS, *([DOMINATED] if dominance else [])]]


def cell_means(cells: pd.DataFrame) -> pd.DataFrame:
    """Add mean, variance and se to cells.

    mean = Σwy/Σw. variance = (Σy² − (Σy)²/n)/(n − 1), unweighted. se² = n/(n − 1) · Σw²(y − mean)²/(Σw)², the
    linearised variance of a weighted mean, which is variance/n when all weights are equal. Missing when n is 1.
    """
    n = cells["n"].astype("float64")
    mean = cells["sum_wy"] / cells["sum_w"]
    above_one = (n - 1).where(n > 1)
    # Rounding can leave a constant outcome a hair below zero.
    squares = (cells["sum_y2"] - cells["sum_y"] ** 2 / n).clip(lower=0)
    weighted = (cells["sum_w2y2"] - 2 * mean * cells["sum_w2y"] + mean**2 * cells["sum_w2"]).clip(lower=0)
    se = np.sqrt(weighted * n / above_one) / cells["sum_w"]
    return cells.assign(mean=mean, variance=squares / above_one, se=se)


def _refuse_unusable(panel: pd.DataFrame, outcomes: list[str], by: list[str], weight: str | None) -> None:
    taken = sorted(set(by) & {"outcome", DOMINATED, *SUMS})
    if taken:
        raise ValueError(f"by must not name a column of the result: {taken}")
    if not by or not outcomes or len(set(outcomes)) < len(outcomes):
        raise ValueError("by and outcomes must be non-empty and outcomes distinct")
    absent = [name for name in [*by, *outcomes, *([weight] if weight else [])] if name not in panel.columns]
    if absent:
        raise ValueError(f"columns not in the panel: {absent}")


def _weights(panel: pd.DataFrame, weight: str | None) -> np.ndarray:
    if weight is None:
        return np.ones(len(panel))
    weights = panel[weight].to_numpy(dtype="float64", na_value=np.nan)
    unusable = int((~np.isfinite(weights) | (weights < 0)).sum())
    what = f"{unusable} av {len(panel)} vekter mangler eller er negative."
    mend = "Gi personer utenfor analysen vekt 0."
    stop_if_any("Cellene kan ikke beregnes:", [Problem(f"kolonnen «{weight}»", what, mend)] if unusable else [])
    return weights


def _cell_numbers(panel: pd.DataFrame, by: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Number of the cell of each row, and the keys of the cells in that order."""
    grouped = panel.groupby(by, sort=True, dropna=False, observed=True)
    keys = grouped.size().reset_index()[by]
    return grouped.ngroup().to_numpy(), keys


def _outcome_sums(
    outcome: pd.Series, weights: np.ndarray, number: np.ndarray, keys: pd.DataFrame, dominance: bool
) -> pd.DataFrame:
    """Sums of one outcome per cell, indexed by cell number; cells without an observation are left out."""
    y = outcome.to_numpy(dtype="float64", na_value=np.nan)
    used = ~np.isnan(y) & (weights > 0)
    y, w, number = y[used], weights[used], number[used]
    terms = {"sum_y": y, "sum_y2": y * y, "sum_w": w, "sum_wy": w * y}
    terms |= {"sum_w2": w * w, "sum_w2y": w * w * y, "sum_w2y2": w * w * y * y}
    table = keys.assign(n=np.bincount(number, minlength=len(keys)))
    for name, term in terms.items():
        table[name] = np.bincount(number, weights=term, minlength=len(keys))
    if dominance:
        table[DOMINATED] = dominated_cells(y, number, table["sum_y2"].to_numpy())
        if (w != 1).any():
            table[DOMINATED] |= dominated_cells(terms["sum_wy"], number, table["sum_w2y2"].to_numpy())
    return table[table["n"] > 0]
