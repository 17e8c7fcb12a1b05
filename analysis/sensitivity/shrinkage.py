"""Subgroups: is the effect another in some of them, and what is the best guess for each?

Only subgroups stated beforehand in the card belong here. Effects of G subgroups with standard errors are tested
against being one and the same, and drawn towards their mean by how little each is known: an extreme subgroup is in
part extreme by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.synthesis import Study, synthesise

# Part of the variance of subgroups that they can share at most.
MOST_SHARED = 0.95


@dataclass(frozen=True)
class InteractionTest:
    """Test that all subgroups have the same effect: `statistic` (χ² with `df`, or F with `df` and `df_residual`)."""

    statistic: float
    df: int
    df_residual: float
    p_value: float


@dataclass(frozen=True)
class ShrunkEffect:
    """A subgroup's own `estimate` and `std_error`, and after shrinkage `shrunk` with `low` to `high`.

    `weight` (0–1): how much of the subgroup's own estimate is left; the rest is the mean of all.
    """

    name: str
    estimate: float
    std_error: float
    weight: float
    shrunk: float
    shrunk_error: float
    low: float
    high: float


@dataclass(frozen=True)
class Subgroups:
    """The `effects` in the order given, their `mean` with `mean_error`, `spread` τ between them, and `interaction`."""

    effects: tuple[ShrunkEffect, ...]
    mean: float
    mean_error: float
    spread: float
    interaction: InteractionTest


def interaction_test(estimates, covariance, *, df_residual: float = np.inf) -> InteractionTest:
    """Wald test that G `estimates` (G,) with `covariance` (G, G), or standard errors (G,), are equal.

    (Cb)′(C V C′)⁻¹Cb with C the G − 1 differences from the last: χ²(G − 1), Cochran's Q where V is diagonal. With
    `df_residual`, for few offices, the statistic over G − 1 is held against F(G − 1, df_residual). Subgroups that
    share offices are correlated: then hand in the covariance. ValueError for fewer than two subgroups or a
    covariance that is none. Source: Cochran (1954), Biometrics 10, 101–129; Borenstein and Higgins (2013), Prevention
    Science 14, 134–143.
    """
    b, v = np.asarray(estimates, dtype="float64"), np.asarray(covariance, dtype="float64")
    v = np.diag(v**2) if v.ndim == 1 else v
    if b.ndim != 1 or len(b) < 2 or v.shape != (len(b), len(b)) or not (np.isfinite(b).all() and np.isfinite(v).all()):
        raise ValueError("there must be at least two estimates, and a standard error or a row of covariances for each")
    contrast = np.column_stack([np.eye(len(b) - 1), -np.ones(len(b) - 1)])
    middle = contrast @ v @ contrast.T
    if not np.allclose(v, v.T) or np.linalg.eigvalsh(middle).min() <= 1e-12 * np.trace(middle):
        raise ValueError("covariance must be symmetric, and the differences must have a positive one")
    difference, df = contrast @ b, len(b) - 1
    wald = float(difference @ np.linalg.solve(middle, difference))
    if np.isinf(df_residual):
        return InteractionTest(wald, df, df_residual, float(scipy.stats.chi2.sf(wald, df)))
    return InteractionTest(wald / df, df, df_residual, float(scipy.stats.f.sf(wald / df, df, df_residual)))


def shrunk_subgroups(
    names: Sequence[str],
    estimates,
    covariance,
    *,
    measure: str,
    method: str = "reml",
    test: str = "knha",
    level: float = 0.95,
    df_residual: float | None = None,
) -> Subgroups:
    """Empirical-Bayes effects of G subgroups with `covariance` (G, G) or errors (G,), and the test that they are one.

    θ̃_i = λ_i y_i + (1 − λ_i) μ, λ_i = τ²/(τ² + s_i²), with τ² by `method` and μ as in `analysis.synthesis`; variance
    λ_i s_i² + (1 − λ_i)² Var(μ), times t(G − 1) for `knha`. With `df_residual` the errors are known so well, Var(μ) is
    1/Σ(s² + τ²)⁻¹ and the interval t(df_residual): G − 1 says next to nothing of two or three subgroups.
    Subgroups that share offices: what an office moves in all of them alike is no difference between them, so `own_part`
    of each variance stands for s_i² above; the errors are those of θ̃ = Hy under the whole covariance, with H_ij =
    λ_i·[i = j] + (1 − λ_i)·a_j and a_j the weights of μ.
    τ² is taken as known, so with few subgroups the intervals are somewhat narrow; with τ² = 0 every subgroup gets the
    mean. ProblemsFound as for `synthesise`.
    Source: Efron and Morris (1975), JASA 70, 311–319; Morris (1983), JASA 78, 47–55; metafor's blup.
    """
    y, given = np.asarray(estimates, dtype="float64"), np.asarray(covariance, dtype="float64")
    v = np.diag(given**2) if given.ndim == 1 else given
    own = given**2 if given.ndim == 1 else own_part(v)
    rows = zip(names, y, np.sqrt(own), strict=True)
    studies = [Study(name, float(value), float(error), measure) for name, value, error in rows]
    whole = synthesise(studies, method=method, test=test if df_residual is None else "z", level=level)
    tau2, mean_weights, shared = whole.tau2.value, np.array(whole.weights), v - np.diag(own)
    weight = tau2 / (tau2 + own)
    shrunk = weight * y + (1 - weight) * whole.estimate
    hat = np.diag(weight) + np.outer(1 - weight, mean_weights)
    together = np.einsum("ij,jk,ik->i", hat, shared, hat)
    error = np.sqrt(weight * own + (1 - weight) ** 2 * whole.std_error**2 + together)
    half = scipy.stats.t.ppf(0.5 + level / 2, whole.df if df_residual is None else df_residual) * error
    columns = np.column_stack([y, np.sqrt(np.diag(v)), weight, shrunk, error, shrunk - half, shrunk + half]).tolist()
    effects = tuple(ShrunkEffect(str(name), *row) for name, row in zip(names, columns, strict=True))
    interaction = interaction_test(y, given, df_residual=np.inf if df_residual is None else df_residual)
    mean_error = float(np.sqrt(whole.std_error**2 + mean_weights @ shared @ mean_weights))
    return Subgroups(effects, whole.estimate, mean_error, float(np.sqrt(tau2)), interaction)


def own_part(covariance: np.ndarray) -> np.ndarray:
    """The part (G,) of each variance in V (G, G) that is not shared: v_ii·(1 − r), r the mean covariance over the mean
    variance, from 0 to `MOST_SHARED`.

    Differences between two subgroups keep their variance then: d_1 + d_2 = v_11 + v_22 − 2 v_12; between more, on
    average. A covariance from few offices is too uncertain for more than one number to be taken from it.
    """
    apart = covariance[~np.eye(len(covariance), dtype=bool)]
    variances = np.diag(covariance)
    return variances * (1 - np.clip(apart.mean() / variances.mean(), 0.0, MOST_SHARED))
