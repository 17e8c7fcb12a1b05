"""Subgroups: is the effect another in some of them, and what is the best guess for each?

Only subgroups stated beforehand in the card belong here. Effects of G subgroups with standard errors are tested
against being one and the same, and drawn towards their mean by how little each is known: an extreme subgroup is in
part extreme by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.synthesis import Study, synthesise


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
        return InteractionTest(wald, df, df_residual, float(stats.chi2.sf(wald, df)))
    return InteractionTest(wald / df, df, df_residual, float(stats.f.sf(wald / df, df, df_residual)))


def shrunk_subgroups(
    names: Sequence[str],
    estimates,
    std_errors,
    *,
    measure: str,
    method: str = "reml",
    test: str = "knha",
    level: float = 0.95,
) -> Subgroups:
    """Empirical-Bayes effects of independent subgroups, and the test that they are one.

    θ̃_i = λ_i y_i + (1 − λ_i) μ, λ_i = τ²/(τ² + s_i²), with τ² by `method` and μ as in `analysis.synthesis`; variance
    λ_i s_i² + (1 − λ_i)² Var(μ), times t(G − 1) for `knha`. τ² is taken as known, so with few subgroups the
    intervals are somewhat narrow; with τ² = 0 every subgroup gets the mean. ProblemsFound as for `synthesise`.
    Source: Efron and Morris (1975), JASA 70, 311–319; Morris (1983), JASA 78, 47–55; metafor's blup.
    """
    rows = zip(names, estimates, std_errors, strict=True)
    studies = [Study(name, float(y), float(s), measure) for name, y, s in rows]
    whole = synthesise(studies, method=method, test=test, level=level)
    y, s = (np.array([getattr(study, key) for study in studies]) for key in ("estimate", "std_error"))
    weight = whole.tau2.value / (whole.tau2.value + s**2)
    shrunk = weight * y + (1 - weight) * whole.estimate
    error = np.sqrt(weight * s**2 + (1 - weight) ** 2 * whole.std_error**2)
    half = stats.t.ppf(0.5 + level / 2, whole.df) * error
    columns = np.column_stack([y, s, weight, shrunk, error, shrunk - half, shrunk + half]).tolist()
    effects = tuple(ShrunkEffect(str(name), *row) for name, row in zip(names, columns, strict=True))
    interaction = interaction_test(y, s)
    return Subgroups(effects, whole.estimate, whole.std_error, float(np.sqrt(whole.tau2.value)), interaction)
