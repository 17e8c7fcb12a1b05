"""Made-up characteristics of persons: a group's own values and its correlations of ranks, and nobody's row again.

A Gaussian copula: normal scores with the group's correlations, each turned into the group's sorted values.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

# In variances of a characteristic.
RIDGE = 0.25
# Chances of yes stay this far from none and all.
LEAST = 0.02


@dataclass(frozen=True)
class Group:
    """`persons` to draw; `marginals`: sorted values by characteristic; `factor` (k, k): Cholesky factor of the
    correlation of normal scores."""

    persons: int
    marginals: Mapping[str, np.ndarray]
    factor: np.ndarray

    def drawn(self, rng: np.random.Generator, persons: int | None = None) -> pd.DataFrame:
        """Characteristics of as many made-up persons, or of `persons`."""
        n = self.persons if persons is None else persons
        normal = rng.standard_normal((n, len(self.factor))) @ self.factor.T
        place = np.minimum((scipy.special.ndtr(normal) * self.persons).astype(int), self.persons - 1)
        return pd.DataFrame({name: values[place[:, k]] for k, (name, values) in enumerate(self.marginals.items())})


def group_of(frame: pd.DataFrame) -> Group:
    """The group whose persons are the rows of `frame`, characteristics without missing values."""
    x = numbers(frame)
    order = np.argsort(x, axis=0, kind="stable")
    marginals = {name: frame[name].to_numpy()[order[:, k]] for k, name in enumerate(frame.columns)}
    return Group(len(frame), marginals, np.linalg.cholesky(_latent_correlation(x)))


def _latent_correlation(x: np.ndarray) -> np.ndarray:
    """Correlations (k, k) of the normal scores of characteristics (n, k), positive definite."""
    scores = scipy.special.ndtri((scipy.stats.rankdata(x, axis=0) - 0.5) / len(x))
    varies, correlation = np.ptp(x, axis=0) > 0, np.eye(x.shape[1])
    if varies.any():
        correlation[np.ix_(varies, varies)] = np.corrcoef(scores[:, varies], rowvar=False)
    # Characteristics that follow from each other leave the matrix without a root; a little noise gives it one.
    return 0.999 * correlation + 0.001 * np.eye(len(correlation))


def numbers(covariates: pd.DataFrame) -> np.ndarray:
    """Characteristics as numbers (n, k); those in words by the order of their names."""
    found = [
        column.astype("float64") if pd.api.types.is_numeric_dtype(column) else pd.factorize(column, sort=True)[0]
        for _, column in covariates.items()
    ]
    return np.column_stack([np.asarray(values, dtype="float64") for values in found])


@dataclass(frozen=True)
class Line:
    """A chance that follows characteristics: constant first, then slopes on what `centre` and `scale` (k,) make of
    them."""

    coefficients: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    def values(self, x: np.ndarray) -> np.ndarray:
        """The line at characteristics (n, k), which may lie outside 0 and 1."""
        return _columns(x, self.centre, self.scale) @ self.coefficients

    def chances(self, x: np.ndarray, *, below: float = 0.0) -> np.ndarray:
        """The line kept inside LEAST and 1 − LEAST − `below`: room for an effect."""
        return np.clip(self.values(x), LEAST, 1 - LEAST - below)


def line_of(x: np.ndarray, y: np.ndarray) -> Line:
    """Ridge regression of y (n,) on x (n, k). Histories of overlapping months tell an outcome nearly exactly in the
    data, with large coefficients of both signs; in drawn persons, who have only their correlations, such a line leaves
    the scale."""
    spread = x.std(axis=0)
    centre, scale = x.mean(axis=0), np.where(spread > 0, spread, 1.0)
    columns = _columns(x, centre, scale)
    penalty = np.diag([0.0, *[RIDGE] * x.shape[1]]) * len(y)
    return Line(np.linalg.solve(columns.T @ columns + penalty, columns.T @ y), centre, scale)


def _columns(x: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(x)), (x - centre) / scale])
