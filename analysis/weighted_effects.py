"""Weighted differences in means, with standard errors that respect pairs, strata, offices and estimated weights.

The difference is τ = m₁ − m₀ with weighted means of the arms. Each person has an influence on it, and every standard
error is a sum of squared influences: as they are, over leverage, by cluster, or with what the estimation of the
weights adds (`m_estimation`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from analysis.balance_sizes import checked_weights
from analysis.did import Effect
from analysis.m_estimation import WeightModel
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.scores import treated_rows

INFERENCES = ("hc0", "hc1", "hc3", "cluster", "m", "m_cluster")
HEADING = "Den vektede forskjellen kan ikke beregnes:"


def weighted_effect(
    y,
    treated,
    weights,
    *,
    inference: str = "hc3",
    clusters: Sequence = (),
    model: WeightModel | None = None,
    level: float = 0.95,
) -> Effect:
    """Difference between the weighted means of `y` (n,) of treated and comparison persons.

    The slope of weighted least squares of y on treatment; the weights decide the estimand. `inference`:
    hc0, hc1 (factor n/(n − 2)), hc3 (residuals over 1 − leverage) take the weights as given, t(n − 2)
    (MacKinnon and White 1985); cluster adds up influences by each of `clusters` (one or two label columns (n,)),
    CR1, t(G − 1); two are combined as V₁ + V₂ − V₁₂ (Cameron, Gelbach and Miller 2011, JBES 29(2)), G the fewest;
    m stacks the `model` of the weights, t(n − 2); m_cluster the same by clusters, factor G/(G − 1).

    Persons of weight 0 count nowhere among the given-weights formulas, but stay in the model of the weights. Raises
    `ProblemsFound` for an arm with fewer than two persons of positive weight and for a single cluster, ValueError
    for missing outcomes among the used and options that do not fit.
    """
    _refuse_options(inference, clusters, model, level)
    means = _means(y, treated, weights)
    std_error, df, convention, n_clusters = _uncertainty(means, inference, clusters, model)
    return effect(
        means.mean1 - means.mean0,
        std_error,
        df,
        inference=inference,
        convention=convention,
        base_rate=means.mean0,
        n_treated=int((means.treated & means.used).sum()),
        n_comparison=int((~means.treated & means.used).sum()),
        n_clusters=n_clusters,
        level=level,
        scale=means.scale,
    )


def cluster_se(y, treated, weights, *clusters) -> float:
    """Cluster-robust standard error of the weighted difference, by one or two columns of labels (n,)."""
    return weighted_effect(y, treated, weights, inference="cluster", clusters=clusters).std_error


def effect(
    estimate: float,
    std_error: float,
    df: float,
    *,
    inference: str,
    convention: str,
    base_rate: float,
    n_treated: int,
    n_comparison: int,
    n_clusters: int | None = None,
    level: float = 0.95,
    scale: float = 0.0,
) -> Effect:
    """`Effect` from an estimate and its standard error, by Student's t with `df` (infinite for the normal).

    `scale` is the size of the outcome: a standard error that is rounding beside it gives no test and no interval.
    """
    found = dict.fromkeys(("statistic", "p_value", "conf_low", "conf_high"), float("nan"))
    if std_error > 1e-12 * scale:
        statistic = estimate / std_error
        reach = float(scipy.stats.t.ppf((1 + level) / 2, df)) * std_error
        found = {"statistic": statistic, "p_value": float(2 * scipy.stats.t.sf(abs(statistic), df))}
        found |= {"conf_low": estimate - reach, "conf_high": estimate + reach}
    return Effect(
        estimate=estimate,
        std_error=std_error,
        df=df,
        **found,
        conf_level=level,
        inference=inference,
        convention=convention,
        base_rate=base_rate,
        n_treated=n_treated,
        n_comparison=n_comparison,
        n_clusters=n_clusters,
    )


@dataclass(frozen=True)
class _Means:
    """Weighted means of the arms; per person (n,): `pull` = dτ/dw, `influence` = w·pull, `leverage`, `used`."""

    mean1: float
    mean0: float
    treated: np.ndarray
    used: np.ndarray
    pull: np.ndarray
    influence: np.ndarray
    leverage: np.ndarray
    scale: float


def _means(y, treated, weights) -> _Means:
    treated = treated_rows(treated, len(np.asarray(weights)))
    w = checked_weights(weights, treated)
    used = w > 0
    y = used_outcome(y, used)
    stop_at_small_arm(treated[used])
    total1, total0 = w[treated].sum(), w[~treated].sum()
    mean1, mean0 = float(w[treated] @ y[treated] / total1), float(w[~treated] @ y[~treated] / total0)
    pull = np.where(used, np.where(treated, (y - mean1) / total1, (mean0 - y) / total0), 0.0)
    leverage = w / np.where(treated, total1, total0)
    return _Means(mean1, mean0, treated, used, pull, w * pull, leverage, float(np.abs(y).max()))


def used_outcome(y, used: np.ndarray) -> np.ndarray:
    """`y` as float64 (n,) with 0 for persons of weight 0, whose outcome may be missing."""
    values = pd.Series(y).to_numpy(dtype="float64", na_value=np.nan)
    if values.shape != used.shape:
        raise ValueError(f"the outcome has shape {values.shape}, expected {used.shape}")
    values = np.where(used, values, 0.0)
    if not np.isfinite(values).all():
        raise ValueError("the outcome holds missing or infinite values; leave these rows out and account for them")
    return values


def _refuse_options(inference: str, clusters: Sequence, model: WeightModel | None, level: float) -> None:
    if inference not in INFERENCES:
        raise ValueError(f"unknown inference {inference!r}; known: {', '.join(INFERENCES)}")
    if (inference in ("cluster", "m_cluster")) != (len(clusters) > 0) or len(clusters) > 2:
        raise ValueError("one or two label columns go with inference by cluster, and only with it")
    if (inference in ("m", "m_cluster")) != (model is not None):
        raise ValueError("a model of the weights goes with inference m and m_cluster, and only with them")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")


def stop_at_small_arm(treated: np.ndarray) -> None:
    """Raise `ProblemsFound` unless there are two persons in each arm."""
    sizes = (("tiltaksgruppen", int(treated.sum())), ("sammenligningsgruppen", int((~treated).sum())))
    problems = [
        Problem(name, "har færre enn to personer med vekt.", "Gjør matchingen eller skårgrensene videre.")
        for name, size in sizes
        if size < 2
    ]
    stop_if_any(HEADING, problems)


def _uncertainty(
    means: _Means, inference: str, clusters: Sequence, model: WeightModel | None
) -> tuple[float, float, str, int | None]:
    """Standard error, degrees of freedom, the convention in words, and the number of clusters."""
    n = int(means.used.sum())
    influence = means.influence if model is None else means.influence + model.correction(means.pull)
    if inference == "cluster":
        return clustered(influence, [cluster_labels(c, means.used) for c in clusters], (n - 1) / (n - 2), "CR1")
    if inference == "m_cluster":
        everyone = np.ones(len(influence), dtype=bool)
        return clustered(influence, [cluster_labels(c, everyone) for c in clusters], 1.0, "M-estimation")
    if inference == "hc3":
        spare = 1 - means.leverage
        _stop_at_full_leverage(spare)
        influence = influence / spare
    factor = n / (n - 2) if inference == "hc1" else 1.0
    convention = "M-estimation, t(n-2)" if inference == "m" else f"{inference.upper()}, weights as given, t(n-2)"
    return float(np.sqrt(factor * (influence @ influence))), float(n - 2), convention, None


def _stop_at_full_leverage(spare: np.ndarray) -> None:
    if spare.min() < 1e-10:
        what = "én person har hele vekten i sin gruppe, så HC3 er ikke definert."
        raise ProblemsFound(HEADING, [Problem("vekter", what, "Kutt de største vektene.")])


def cluster_labels(labels, used: np.ndarray) -> np.ndarray:
    """Number of the cluster of each row, −1 for rows that are not in use."""
    values = pd.Series(np.asarray(labels))
    if len(values) != len(used):
        raise ValueError(f"clusters have {len(values)} rows, expected {len(used)}")
    if values[used].isna().any():
        raise ValueError("clusters hold missing values")
    numbers = np.full(len(used), -1, dtype=np.int64)
    numbers[used] = pd.factorize(values[used])[0]
    return numbers


def clustered(
    influence: np.ndarray, labels: list[np.ndarray], factor: float, name: str
) -> tuple[float, float, str, int]:
    """Standard error, t's degrees of freedom, convention and G from influences (n,) and one or two `labels` (n,)."""
    sizes = [int(label.max()) + 1 for label in labels]
    if min(sizes) < 2:
        what = "alle hører til samme kontor eller par."
        raise ProblemsFound(HEADING, [Problem("klynger", what, "Velg usikkerhet uten klynger.")])
    found = [_cluster_variance(influence, label) for label in labels]
    variance, g = found[0], min(sizes)
    convention = f"{name}, clusters, t(G-1), G={g}"
    if len(labels) == 2:
        both = np.where(labels[0] >= 0, labels[0] * sizes[1] + labels[1], -1)
        variance = found[0] + found[1] - _cluster_variance(influence, cluster_labels(both, both >= 0))
        convention = f"{name}, two-way clusters, t(G-1), G={g}"
        if variance <= 0:
            variance, convention = max(found), f"{name}, larger of two one-way clusterings, t(G-1), G={g}"
    return float(np.sqrt(factor * variance)), float(g - 1), convention, g


def _cluster_variance(influence: np.ndarray, label: np.ndarray) -> float:
    """G/(G − 1) times the sum of squared cluster sums."""
    sums = np.bincount(label[label >= 0], weights=influence[label >= 0])
    return len(sums) / (len(sums) - 1) * float(sums @ sums)
