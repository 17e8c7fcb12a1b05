"""Coordinates in which the straight-line distance is a Mahalanobis distance."""

import numpy as np
import pandas as pd

SINGULAR = 1e-8  # share of the largest eigenvalue below which a direction counts as having no variance


def whitened(covariates: pd.DataFrame, treated: np.ndarray, metric: str = "mahalanobis") -> np.ndarray:
    """Coordinates (n, k) whose Euclidean distance is `metric` between the rows of `covariates` (n rows).

    "mahalanobis": with the covariance pooled within the groups, Σ = Σ_g (x − m_g)(x − m_g)′ / (n − 2), inverted
    in the directions in which it has variance. "robust_mahalanobis": the same with ranks (ties averaged), their
    covariance in the whole sample rescaled to the variance of untied ranks. "scaled_euclidean": each covariate
    divided by its standard deviation pooled within the groups. Text and categories become one column per level,
    divided by √2, so that two different levels are as far apart as 0 and 1.

    Sources: Rubin (1980), Biometrics 36(2); Rosenbaum (2010), Design of Observational Studies, section 8.3.
    """
    values = _numbers(covariates)
    if metric == "robust_mahalanobis":
        ranks = pd.DataFrame(values).rank().to_numpy()
        return ranks @ _inverse_root(_untied(ranks))
    pooled = _pooled_covariance(values, treated)
    if metric == "mahalanobis":
        return values @ _inverse_root(pooled)
    spread = np.sqrt(np.diag(pooled))
    return values / np.where(spread > 0, spread, 1.0)


def _numbers(covariates: pd.DataFrame) -> np.ndarray:
    """Numeric columns as they are, the rest as one column per level divided by √2."""
    parts = []
    for name in covariates.columns:
        column = covariates[name]
        if pd.api.types.is_numeric_dtype(column):
            parts.append(column.to_numpy(dtype="float64")[:, None])
        else:
            parts.append(pd.get_dummies(column).to_numpy(dtype="float64") / np.sqrt(2))
    return np.hstack(parts)


def _pooled_covariance(values: np.ndarray, treated: np.ndarray) -> np.ndarray:
    centred = values.copy()
    for arm in (True, False):
        centred[treated == arm] -= values[treated == arm].mean(axis=0)
    return centred.T @ centred / max(len(values) - 2, 1)


def _untied(ranks: np.ndarray) -> np.ndarray:
    """Covariance of `ranks` with the variance that they would have without ties; constant columns stay at zero."""
    covariance = np.atleast_2d(np.cov(ranks, rowvar=False))
    spread = np.sqrt(np.diag(covariance))
    untied = np.std(np.arange(1, len(ranks) + 1), ddof=1)
    factor = np.where(spread > 0, untied / np.where(spread > 0, spread, 1.0), 0.0)
    return covariance * factor[:, None] * factor[None, :]


def _inverse_root(covariance: np.ndarray) -> np.ndarray:
    """A with A A′ the generalised inverse of `covariance`, taken after scaling it to a correlation matrix."""
    spread = np.sqrt(np.diag(covariance))
    scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1.0), 0.0)
    eigenvalues, vectors = np.linalg.eigh(covariance * scale[:, None] * scale[None, :])
    kept = eigenvalues > SINGULAR * max(eigenvalues[-1], 0.0)
    if not kept.any():
        return np.zeros((len(spread), 1))  # everyone is equal, and stands at one point
    return scale[:, None] * vectors[:, kept] / np.sqrt(eigenvalues[kept])
