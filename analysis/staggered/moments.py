"""Covariance with independent persons, from T × T second moments per adoption group; no matrix persons × effects.

Second moments are of persons and never leave.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.staggered.design import NEVER, Plan


@dataclass(frozen=True)
class Moments:
    """Per cohort (C,): `mean` (C, T) weighted means, `weight` (C,) Σw, and `second` (C, T + 1, T + 1).

    `second` = Σ w² z z′ with z = (y₁ − mean₁, …, y_T − mean_T, 1).
    """

    cohorts: np.ndarray
    months: np.ndarray
    weight: np.ndarray
    mean: np.ndarray
    second: np.ndarray


def person_moments(
    panel: pd.DataFrame,
    *,
    outcome: str,
    person: str = "person_id",
    month: str = "month",
    adoption: str = "adoption_month",
    weight: str | None = None,
) -> Moments:
    """Moments of a balanced panel; a missing adoption month is never. ValueError when a person-month is missing."""
    months = np.unique(panel[month].to_numpy(dtype=np.int64))
    y, first = _wide(panel, outcome, person, month, len(months))
    adopted = first[adoption].to_numpy(dtype="float64", na_value=np.nan)
    cohorts, code = np.unique(np.where(np.isnan(adopted), NEVER, adopted).astype(np.int64), return_inverse=True)
    w = np.ones(len(first)) if weight is None else first[weight].to_numpy(dtype="float64")
    found = [_moments(y[code == c], w[code == c]) for c in range(len(cohorts))]
    sums, mean, second = (np.stack(part) for part in zip(*found, strict=True))
    return Moments(cohorts, months, sums, mean, second)


def joint_covariance(moments: Moments, plan: Plan) -> np.ndarray:
    """Covariance (K + G, K + G) of the effects of `plan` and the groups' shares, with independent persons.

    Person i of cohort c moves effect k by a·(y_t − y_b − m)·w_i with a = 1/ΣW of its side and m the mean change of
    that side, which is a row of coefficients on z; the covariance is the sum over cohorts of L second L′.
    """
    treated = moments.cohorts < NEVER
    shares = moments.weight[treated] / moments.weight[treated].sum()
    k, g = len(plan.table), int(treated.sum())
    covariance = np.zeros((k + g, k + g))
    compared = plan.comparison(len(moments.cohorts))
    for c in range(len(moments.cohorts)):
        rows, row = np.zeros((k, moments.second.shape[1])), np.zeros((g, moments.second.shape[1]))
        _add_side(rows, moments, plan, plan.own == c, 1.0, own=True, cohort=c, compared=compared)
        _add_side(rows, moments, plan, compared[:, c], -1.0, own=False, cohort=c, compared=compared)
        if treated[c]:
            row[:, -1] = ((np.arange(g) == c) - shares) / moments.weight[treated].sum()
        moved = np.vstack([rows, row])
        used = np.flatnonzero(moved.any(axis=1))
        covariance[np.ix_(used, used)] += moved[used] @ moments.second[c] @ moved[used].T
    return covariance


def _add_side(
    rows: np.ndarray,
    moments: Moments,
    plan: Plan,
    chosen: np.ndarray,
    sign: float,
    *,
    own: bool,
    cohort: int,
    compared: np.ndarray,
) -> None:
    """Add to `rows` (K, T + 1) the coefficients on z of a cohort's persons, as treated (`own`) or in comparison."""
    effect = np.flatnonzero(chosen & (plan.at != plan.before))
    at, before = plan.at[effect], plan.before[effect]
    change = moments.mean[:, at] - moments.mean[:, before]
    side = (np.arange(len(moments.cohorts)) == cohort)[None, :] if own else compared[effect]
    weight = (side * moments.weight).sum(axis=1)
    mean = (side * moments.weight * change.T).sum(axis=1) / weight
    rows[effect, at] += sign / weight
    rows[effect, before] -= sign / weight
    rows[effect, -1] += sign / weight * (change[cohort] - mean)


def _wide(panel: pd.DataFrame, outcome: str, person: str, month: str, n_months: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Outcomes (persons, T) and the first row of each person, both in the order of persons."""
    ordered = panel.sort_values([person, month], kind="stable")
    counts = ordered.groupby(person, sort=True).size().to_numpy()
    if len(ordered) != len(counts) * n_months or (counts != n_months).any():
        raise ValueError("the panel is not balanced: some person-months are missing")
    y = ordered[outcome].to_numpy(dtype="float64", na_value=np.nan).reshape(-1, n_months)
    if np.isnan(y).any():
        raise ValueError("the outcome holds missing values")
    return y, ordered.iloc[::n_months]


def _moments(y: np.ndarray, w: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    mean = w @ y / w.sum()
    z = np.column_stack([y - mean, np.ones(len(y))]) * w[:, None]
    return float(w.sum()), mean, z.T @ z
