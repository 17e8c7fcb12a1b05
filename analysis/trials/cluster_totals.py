"""Sums of persons' values over clusters."""

import numpy as np

from analysis.trials.least_squares import Fit


def cluster_sizes(fit: Fit) -> np.ndarray:
    """Persons in each cluster, (G,)."""
    return np.bincount(fit.clusters, minlength=fit.n_clusters)


def cluster_sums(values: np.ndarray, fit: Fit) -> np.ndarray:
    """Sums of `values` (n,) or (n, m) over the clusters of `fit`: (G,) or (G, m)."""
    if values.ndim == 1:
        return np.bincount(fit.clusters, values, fit.n_clusters)
    return np.column_stack([np.bincount(fit.clusters, column, fit.n_clusters) for column in values.T])


def cluster_squares(values: np.ndarray, fit: Fit) -> np.ndarray:
    """Cross-products v'v of each cluster's rows of `values` (n, m): (G, m, m)."""
    width = values.shape[1]
    squares = np.empty((fit.n_clusters, width, width))
    for i in range(width):
        for j in range(i + 1):
            own = values[:, i] * values[:, j]
            squares[:, i, j] = squares[:, j, i] = np.bincount(fit.clusters, own, fit.n_clusters)
    return squares


def gives_the_outcome(fit: Fit) -> bool:
    """Whether the columns give every outcome, so that what is left is nothing but rounding."""
    return bool(fit.residuals @ fit.residuals <= 1e-20 * (fit.y @ fit.y))
