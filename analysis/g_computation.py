"""The matched or weighted difference, adjusted for covariates within each arm (g-computation).

Least squares with an intercept and slopes of its own in each arm, and the difference between the two predictions
averaged over the target (Robins 1986; Ho, Imai, King and Stuart 2007, Political Analysis 15(3), on matching first).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.balance_measures import columns
from analysis.balance_sizes import checked_weights
from analysis.did import Effect
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.scores import as_float64, missing_values, treated_rows
from analysis.weighted_effects import cluster_labels, clustered, effect, stop_at_small_arm, used_outcome

TARGETS = ("treated", "comparison", "everyone")
HEADING = "Den justerte forskjellen kan ikke beregnes:"
DEPENDENT = 1e-10  # smallest accepted share of the largest eigenvalue of an arm's cross products
OUT_OF_SPAN = 1e-6  # largest accepted distance of the target's mean from what the arm's columns span, in SDs


@dataclass(frozen=True)
class _Arm:
    """One arm's prediction of the target: its mean, each person's influence on it (n,), and coefficients used."""

    mean: float
    influence: np.ndarray
    rank: int


def adjusted_effect(
    y,
    treated,
    weights,
    covariates: pd.DataFrame,
    *,
    target: str = "treated",
    clusters: Sequence = (),
    level: float = 0.95,
) -> Effect:
    """Mean over the `target` of what the arms' weighted regressions of `y` on `covariates` predict, differenced.

    `target` is treated, comparison or everyone, weighted by `weights` (n,); its covariate means count as known.
    Text and categories enter as shares. Standard error HC1, factor n/(n − k), t(n − k), or with one or two
    `clusters` CR1, t(G − 1). Raises `ProblemsFound` for missing covariates, an arm of fewer than two persons, and
    covariates that an arm cannot tell anything about where the target has them.
    """
    if target not in TARGETS:
        raise ValueError(f"unknown target {target!r}; known: {', '.join(TARGETS)}")
    treated = treated_rows(treated, len(covariates))
    w = checked_weights(weights, treated)
    used = w > 0
    y = used_outcome(y, used)
    stop_at_small_arm(treated[used])
    x, names = _design(covariates, used)
    chosen = {"treated": treated, "comparison": ~treated, "everyone": used}[target]
    mean = np.average(x[chosen], axis=0, weights=w[chosen])
    stop_if_any(HEADING, [p for own, arm in _arms(treated) for p in _unknown(x[own & used], mean, names, arm)])
    one, none = (_predicted(y, x, np.where(own, w, 0.0), mean) for own, _ in _arms(treated))
    std_error, df, convention, n_clusters = _uncertainty(one, none, used, clusters)
    return effect(
        one.mean - none.mean,
        std_error,
        df,
        inference="cluster" if clusters else "hc1",
        convention=f"g-computation, {convention}",
        base_rate=none.mean,
        n_treated=int((treated & used).sum()),
        n_comparison=int((~treated & used).sum()),
        n_clusters=n_clusters,
        level=level,
        scale=float(np.abs(y).max()),
    )


def _uncertainty(one: _Arm, none: _Arm, used: np.ndarray, clusters: Sequence) -> tuple[float, float, str, int | None]:
    """Standard error, degrees of freedom, convention and number of clusters."""
    n, k = int(used.sum()), one.rank + none.rank
    if n <= k:
        what = f"{n} personer er for få til {k} koeffisienter."
        raise ProblemsFound(HEADING, [Problem("utvalg", what, "Ta ut kovariater.")])
    influence = one.influence - none.influence
    if clusters:
        labels = [cluster_labels(own, used) for own in clusters]
        return clustered(influence, labels, (n - 1) / (n - k), "CR1")
    return float(np.sqrt(n / (n - k) * (influence @ influence))), float(n - k), "HC1, t(n-k)", None


def _arms(treated: np.ndarray) -> tuple[tuple[np.ndarray, str], tuple[np.ndarray, str]]:
    return (treated, "tiltaksgruppen"), (~treated, "sammenligningsgruppen")


def _design(covariates: pd.DataFrame, used: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Constant and columns centred and scaled over the persons in use; rows of weight 0 are 0."""
    table = as_float64(covariates[used])
    stop_if_any(HEADING, missing_values(table))
    found = list(columns(table))
    values = np.column_stack([column.values for column in found])
    spread = values.std(axis=0)
    x = np.zeros((len(used), 1 + len(found)))
    x[used, 0] = 1.0
    x[used, 1:] = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return x, [column.name for column in found]


def _unknown(x: np.ndarray, mean: np.ndarray, names: list[str], arm: str) -> list[Problem]:
    """A problem when the target's mean lies outside what the columns of an arm span."""
    eigenvalues, vectors = np.linalg.eigh(x.T @ x)
    flat = vectors[:, eigenvalues <= DEPENDENT * eigenvalues[-1]]
    missed = flat @ (flat.T @ mean)
    if np.abs(missed).max(initial=0.0) <= OUT_OF_SPAN:
        return []
    told = ", ".join(f"«{name}»" for name, m in zip(names, missed[1:], strict=True) if abs(m) > OUT_OF_SPAN)
    what = f"{arm} sier ingenting om målgruppens verdier av {told}."
    return [Problem("kovariater", what, "Ta ut kovariaten eller slå sammen sjeldne kategorier.")]


def _predicted(y: np.ndarray, x: np.ndarray, w: np.ndarray, mean: np.ndarray) -> _Arm:
    eigenvalues, vectors = np.linalg.eigh((x * w[:, None]).T @ x)
    kept = eigenvalues > DEPENDENT * eigenvalues[-1]
    basis = vectors[:, kept] / np.sqrt(eigenvalues[kept])
    z = x @ basis
    coefficients = z.T @ (w * y)
    toward = z @ (mean @ basis)
    return _Arm(float(mean @ basis @ coefficients), w * (y - z @ coefficients) * toward, int(kept.sum()))
