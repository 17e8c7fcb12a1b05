"""Least squares of persons who belong to clusters, kept as sums by cluster.

The columns are turned into orthonormal ones first. In those coordinates the bread is the unit matrix, so every
clustered inference works on one k × k matrix and one k-vector per cluster, whatever units the covariates have, and a
million persons cost a few passes over the data.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.scores import as_float64

HEADING = "Regresjonen kan ikke beregnes:"
# Share of a column's squares that earlier columns leave unexplained, below which it counts as following from them.
DEPENDENT = 1e-12
ROUNDS = 1e4  # condition of the products above which the columns are made orthonormal in two rounds
PART = 16384  # rows worked on at a time, so that copies stay in the processor's cache
LEAST_ROWS = 64  # rows of a cluster that a part should hold, for else small products cost more than the rows
LOOK = 1024  # rows looked at before the whole column is, to tell whether it is constant


@dataclass(frozen=True)
class Fit:
    """Weighted least squares of `y` (n,) on `x` (n, k), rows in the caller's order, `clusters` numbered 0 … G − 1.

    `beta` (k,) belongs to `names`; `residuals` (n,) are y − x·beta; `weights` (n,) or None; `bread` (k, k) is
    (X′WX)⁻¹. With Z = X·`root`, so that Z′WZ = I and bread = root·root′: `grams` (G, k, k) are Z_g′W_gZ_g and
    `scores` (G, k) are Z_g′W_g·residuals_g. `labels` (G,) are the caller's clusters.
    """

    beta: np.ndarray
    names: tuple[str, ...]
    residuals: np.ndarray
    y: np.ndarray
    x: np.ndarray
    clusters: np.ndarray
    labels: np.ndarray
    weights: np.ndarray | None
    bread: np.ndarray
    root: np.ndarray
    grams: np.ndarray
    scores: np.ndarray

    @property
    def n_clusters(self) -> int:
        return len(self.labels)

    def coefficient(self, name: str) -> float:
        return float(self.beta[self.place(name)])

    def contrast(self, name: str) -> np.ndarray:
        """q (k,) with q·γ = the coefficient `name`, γ being the coefficients of the orthonormal columns."""
        return self.root[self.place(name)]

    def place(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(f"no column {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)

    def no_spread(self, std_error: float, name: str) -> bool:
        """Whether a standard error is nothing but rounding, as when the outcome does not vary."""
        largest = np.abs(self.y).max() * (1.0 if self.weights is None else np.sqrt(self.weights.max()))
        return bool(std_error <= 1e-12 * largest * np.linalg.norm(self.contrast(name)))

    def members(self) -> list[np.ndarray]:
        """Row numbers of each cluster."""
        order = np.argsort(short(self.clusters), kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.clusters))[:-1])


def least_squares(y, x, clusters, *, weights=None) -> Fit:
    """Coefficients of `y` (n,) on the columns of `x`, with what clustered inferences need of every cluster.

    `x` is a DataFrame of numbers or a pair (names, array (n, k)), and holds every column of the regression: the
    constant too, and dummies for fixed effects. `clusters` (n,) are labels of any kind. `weights` (n,), positive:
    Σ w(y − xβ)² is minimised.

    Raises `ProblemsFound` for columns that follow from others, fewer than two clusters and fewer rows than
    coefficients; ValueError for missing values and weights that are not positive.

    Source: Cholesky QR in two rounds, Yamamoto and others (2015), Electronic Transactions on Numerical Analysis 44.
    """
    names, table = _columns(x)
    y, w = _vector("y", y, len(table)), _weights(weights, len(table))
    codes, labels = _codes(clusters, len(table))
    _stop_at_too_few(*table.shape)
    constant = _constant_column(table)
    parts = _Parts(table, y, w, codes, len(labels), *_shifts(table, y, constant))
    root, grams, pulls = _orthonormal(parts, names, constant)
    gamma = pulls.sum(axis=0)
    root = _unshifted(root, parts.shift, table, constant)
    beta = root @ gamma
    if constant is not None:
        beta[constant] += parts.level / table[0, constant]
    return Fit(
        beta=beta,
        names=names,
        residuals=y - table @ beta,
        y=y,
        x=table,
        clusters=codes,
        labels=labels,
        weights=w,
        bread=root @ root.T,
        root=root,
        grams=grams,
        scores=pulls - grams @ gamma,
    )


def dummies(labels, name: str) -> pd.DataFrame:
    """0/1 columns of fixed effects: one for each of the `labels` (n,) but the first in order, to stand in `x`."""
    codes, kinds = pd.factorize(pd.Series(labels), sort=True)
    return pd.DataFrame({f"{name} {kind}": (codes == place) * 1.0 for place, kind in enumerate(kinds) if place})


def short(codes: np.ndarray) -> np.ndarray:
    """The same numbers in 16 bits where they fit: numpy sorts those by counting, many times as fast as longer ones."""
    return codes.astype("int16") if codes.max(initial=0) < 2**15 else codes


@dataclass(frozen=True)
class _Parts:
    """The rows in parts that fit in the cache, with `shift` (k,) taken from the columns and `level` from y."""

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    codes: np.ndarray
    n_clusters: int
    shift: np.ndarray
    level: float

    def sums(self, root: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Z_g′W_gZ_g (G, k, k) and Z_g′W_g(y_g − level) (G, k) with Z = (x − shift)·root, or x − shift."""
        g, k = self.n_clusters, self.x.shape[1]
        grams, pulls = np.zeros((g, k, k)), np.zeros((g, k))
        for z, y, bounds in self._parts(root):
            for cluster in np.flatnonzero(np.diff(bounds)):
                own = slice(bounds[cluster], bounds[cluster + 1])
                grams[cluster] += z[own].T @ z[own]
                pulls[cluster] += y[own] @ z[own]
        return grams, pulls

    def _parts(self, root: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Z and y times √w, sorted by cluster within the part, and where each cluster begins in it."""
        step = max(PART, LEAST_ROWS * self.n_clusters)
        codes = short(self.codes)
        for first in range(0, len(codes), step):
            rows = slice(first, first + step)
            x, y, own = self.x[rows], self.y[rows] - self.level, codes[rows]
            w = None if self.weights is None else np.sqrt(self.weights[rows])
            if (own[1:] < own[:-1]).any():
                order = np.argsort(own, kind="stable")
                x, y, w = x.take(order, axis=0), y[order], None if w is None else w[order]
            z = x - self.shift
            z = z if root is None else z @ root
            bounds = np.concatenate([[0], np.cumsum(np.bincount(own, minlength=self.n_clusters))])
            yield (z, y, bounds) if w is None else (z * w[:, None], y * w, bounds)


def _orthonormal(
    parts: _Parts, names: tuple[str, ...], constant: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(root, grams, pulls) with orthonormal columns (x − shift)·root; refuses columns that follow from others."""
    grams, pulls = parts.sums()
    total = grams.sum(axis=0)
    size = np.sqrt(np.diag(total))
    size = np.where(size > 0, size, 1.0)
    scaled = total / np.outer(size, size)
    stop_if_any(HEADING, _dependent_columns(scaled, names, constant))
    root = np.linalg.inv(np.linalg.cholesky(scaled)).T / size[:, None]
    if np.linalg.cond(scaled) > ROUNDS:
        grams, pulls = parts.sums(root)
    else:
        grams, pulls = root.T @ grams @ root, pulls @ root
    last = np.linalg.inv(np.linalg.cholesky(grams.sum(axis=0))).T
    return root @ last, last.T @ grams @ last, pulls @ last


def _shifts(table: np.ndarray, y: np.ndarray, constant: int | None) -> tuple[np.ndarray, float]:
    """What is taken from columns and outcome when there is a constant: the first row's values.

    It spares the digits that a high level, such as a calendar year, would cost.
    """
    if constant is None:
        return np.zeros(table.shape[1]), 0.0
    return np.where(np.arange(table.shape[1]) == constant, 0.0, table[0]), float(y[0])


def _columns(x) -> tuple[tuple[str, ...], np.ndarray]:
    if isinstance(x, pd.DataFrame):
        x = as_float64(x)
        text = [str(name) for name in x.columns if not pd.api.types.is_float_dtype(x[name])]
        if text:
            raise ValueError(f"columns must be numeric: {text}")
        x = (x.columns, x.to_numpy())
    names, table = tuple(map(str, x[0])), np.ascontiguousarray(x[1], dtype="float64")
    if table.ndim != 2 or table.shape[1] != len(names) or len(set(names)) < len(names):
        raise ValueError("x needs one distinct name per column")
    if not np.isfinite(table).all():
        raise ValueError("x holds missing or infinite values; leave these rows out and account for them")
    return names, table


def _vector(what: str, values, n: int) -> np.ndarray:
    found = pd.Series(values).to_numpy(dtype="float64", na_value=np.nan)
    if found.shape != (n,):
        raise ValueError(f"{what} has {len(found)} rows, expected {n}")
    if not np.isfinite(found).all():
        raise ValueError(f"{what} holds missing or infinite values; leave these rows out and account for them")
    return found


def _weights(weights, n: int) -> np.ndarray | None:
    if weights is None:
        return None
    found = _vector("weights", weights, n)
    if (found <= 0).any():
        raise ValueError("weights must be above 0; leave out rows of weight 0")
    return found


def _codes(clusters, n: int) -> tuple[np.ndarray, np.ndarray]:
    codes, labels = pd.factorize(pd.Series(clusters), sort=True)
    if len(codes) != n:
        raise ValueError(f"clusters have {len(codes)} rows, expected {n}")
    if (codes < 0).any():
        raise ValueError("clusters hold missing values")
    if len(labels) < 2:
        problem = Problem("kontor", "alle hører til samme kontor.", "Det trengs minst to for å regne ut usikkerhet.")
        raise ProblemsFound(HEADING, [problem])
    return codes, np.asarray(labels)


def _stop_at_too_few(n: int, k: int) -> None:
    if n <= k:
        what = f"{n} rader er for få til {k} koeffisienter."
        raise ProblemsFound(HEADING, [Problem("utvalg", what, "Ta ut kovariater.")])


def _constant_column(table: np.ndarray) -> int | None:
    """Place of the first column that has one value, not 0, in all rows."""
    likely = np.flatnonzero((table[:LOOK] == table[0]).all(axis=0) & (table[0] != 0))
    return next((int(place) for place in likely if (table[:, place] == table[0, place]).all()), None)


def _dependent_columns(scaled: np.ndarray, names: tuple[str, ...], constant: int | None) -> list[Problem]:
    """One problem per column that earlier columns (the constant first) explain, told with those it follows from."""
    if np.linalg.eigvalsh(scaled)[0] >= DEPENDENT:
        return []
    before = [] if constant is None else [constant]
    problems = []
    for place in [place for place in range(len(names)) if place != constant]:
        own = scaled[np.ix_(before, before)]
        weight = np.linalg.solve(own, scaled[before, place])
        if scaled[place, place] - weight @ scaled[before, place] >= DEPENDENT:
            before.append(place)
            continue
        others = [names[other] for other, share in zip(before, weight, strict=True) if abs(share) > 1e-6]
        problems.append(_follows(names[place], others, None if constant is None else names[constant]))
    return problems


def _follows(name: str, others: list[str], constant: str | None) -> Problem:
    if not others:
        same = "har samme verdi i alle rader." if constant else "er null i alle rader."
        return Problem(f"kolonnen «{name}»", same, "Ta den ut.")
    listed = ", ".join(f"«{other}»" for other in others)
    return Problem(f"kolonnen «{name}»", f"kan regnes ut av {listed}.", "Ta ut én av dem.")


def _unshifted(root: np.ndarray, shift: np.ndarray, table: np.ndarray, constant: int | None) -> np.ndarray:
    """The same orthonormal columns from x itself: what was taken from the columns is put back through the constant."""
    if constant is None:
        return root
    moved = root.copy()
    moved[constant] -= shift @ root / table[0, constant]
    return moved
