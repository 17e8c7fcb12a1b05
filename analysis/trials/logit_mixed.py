"""Logit with a random intercept by cluster: log odds ratios for persons of the same office.

logit P(yes) = x'β + σu, u standard normal by cluster. The likelihood of a cluster is an integral over u, taken by
adaptive Gauss–Hermite quadrature around the most likely u; with one point that is Laplace's approximation.

References: Pinheiro and Bates (1995), Journal of Computational and Graphical Statistics 4(1), section 2; degrees of
freedom between clusters: Li and Redden (2015), BMC Medical Research Methodology 15, 38.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.problems import Problem, ProblemsFound
from analysis.trials.found import Found, t_found
from analysis.trials.least_squares import Fit, least_squares
from analysis.trials.logit import HEADING
from analysis.trials.logit_start import logit_start

POINTS = 25
START = 0.5  # σ, log odds
WIDEST = 10.0  # σ beyond which offices tell the outcome
DIFFERENCE = 1e-3  # step of the numerical derivatives, columns of mean square 1
STEP = 1e-7  # largest last change of a parameter, columns of mean square 1
ITERATIONS, HALVINGS, MODE_ITERATIONS = 50, 20, 200
MODE_STEP = 1e-12
ROUNDING = 1e-9  # of a log-likelihood


@dataclass(frozen=True)
class LogitMixedFit:
    """`params` (k,) log odds ratios within a cluster, `vcov` (k, k), `deviation` σ, and the log-likelihood."""

    names: tuple[str, ...]
    params: np.ndarray
    vcov: np.ndarray
    deviation: float
    log_likelihood: float
    clusters: int


@dataclass(frozen=True)
class _Rows:
    """Persons of a cluster who are alike in `z` (m, k), the scaled columns: `yes` (m,) of `persons` (m,)."""

    z: np.ndarray
    yes: np.ndarray
    persons: np.ndarray
    clusters: np.ndarray
    n_clusters: int

    def sums(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.clusters, values, self.n_clusters)


def logit_random_intercept(y, x, clusters, name: str, *, points: int = POINTS, level: float = 0.95) -> Found:
    """The log odds ratio of `name` between two persons of the same office, with t(G − 2).

    `y` (n,) of 0 and 1, `x` and `clusters` as for `least_squares`: `x` holds the constant too. Raises as
    `logit_mixed_fit`; `ProblemsFound` for fewer than three clusters.
    """
    fit = logit_mixed_fit(y, x, clusters, points=points)
    if fit.clusters < 3:
        _stop("kontor", "to kontorer gir ingen frihetsgrader.", "Modellen trenger minst tre kontorer.")
    if name not in fit.names:
        raise ValueError(f"no column {name!r}; there are {', '.join(fit.names)}")
    column = fit.names.index(name)
    how = "Laplace" if points == 1 else f"{points} adaptive Gauss-Hermite points"
    return t_found(
        fit.params[column],
        np.sqrt(fit.vcov[column, column]),
        fit.clusters - 2,
        inference="logit_mixed_laplace" if points == 1 else "logit_mixed_agq",
        convention=f"maximum likelihood, {how}; t(G-2)",
        clusters=fit.clusters,
        level=level,
    )


def logit_mixed_fit(y, x, clusters, *, points: int = POINTS) -> LogitMixedFit:
    """Maximum likelihood by Newton's method with numerical derivatives.

    σ is free to pass 0, where the likelihood is mirrored; when no σ > 0 is better than 0 the answer is the logit
    without offices. The covariance is the inverse of minus the second derivatives by (β, σ).

    Raises as `least_squares` and `logit_start`; `ProblemsFound` also where offices tell the outcome (σ above 10), and
    for a likelihood whose top is not found. ValueError for fewer than one point.
    """
    if points < 1:
        raise ValueError(f"quadrature needs at least one point, got {points}")
    plain = least_squares(y, x, clusters)
    scale = np.sqrt(len(plain.y))
    start = np.linalg.solve(plain.root, logit_start(plain)) / scale
    rows = _different_rows(plain)

    def value(params: np.ndarray) -> float:
        return _log_likelihood(rows, params, points)

    top = _highest(value, np.append(start, START))
    without = np.append(start, 0.0)
    if value(without) >= value(top) - ROUNDING:
        top = without
    back = plain.root * scale
    curvature = _derivatives(value, top)[1]
    inside = np.linalg.inv(-curvature)[:-1, :-1] if top[-1] else np.linalg.inv(-curvature[:-1, :-1])
    return LogitMixedFit(
        names=plain.names,
        params=back @ top[:-1],
        vcov=back @ inside @ back.T,
        deviation=float(abs(top[-1])),
        log_likelihood=value(top),
        clusters=plain.n_clusters,
    )


def _stop(where: str, what: str, mend: str) -> None:
    raise ProblemsFound(HEADING, [Problem(where, what, mend)])


def _different_rows(plain: Fit) -> _Rows:
    """Persons of a cluster who are alike as one row: without covariates, as many rows as clusters."""
    table = np.column_stack([plain.clusters, plain.x])
    rows, place = np.unique(table, axis=0, return_inverse=True)
    place = place.ravel()
    z = rows[:, 1:] @ plain.root * np.sqrt(len(plain.y))
    yes, persons = np.bincount(place, plain.y), np.bincount(place).astype("float64")
    return _Rows(z, yes, persons, rows[:, 0].astype("int64"), plain.n_clusters)


def _log_likelihood(rows: _Rows, params: np.ndarray, points: int) -> float:
    """Log-likelihood at (β of the scaled columns, σ)."""
    linear, deviation = rows.z @ params[:-1], float(params[-1])
    mode, curvature = _modes(rows, linear, deviation)
    places, weights = np.polynomial.hermite.hermgauss(points)
    width = np.sqrt(2 / curvature)
    terms = [
        np.log(weight) + place**2 + _log_density(rows, linear, deviation, mode + width * place)
        for place, weight in zip(places, weights, strict=True)
    ]
    return float((scipy.special.logsumexp(terms, axis=0) + np.log(width) - 0.5 * np.log(2 * np.pi)).sum())


def _log_density(rows: _Rows, linear: np.ndarray, deviation: float, u: np.ndarray) -> np.ndarray:
    """log P(outcomes of the cluster | u) − u²/2 of each cluster, (G,)."""
    eta = linear + deviation * u[rows.clusters]
    return rows.sums(rows.yes * eta - rows.persons * np.logaddexp(0.0, eta)) - u**2 / 2


def _modes(rows: _Rows, linear: np.ndarray, deviation: float) -> tuple[np.ndarray, np.ndarray]:
    """The u of each cluster where `_log_density` is highest, and minus its second derivative there.

    Newton's method inside a bracket that always holds the top, halved where a step would leave it.
    """
    high = abs(deviation) * rows.sums(rows.persons)
    low, u = -high, np.zeros(rows.n_clusters)
    for _ in range(MODE_ITERATIONS):
        p = scipy.special.expit(linear + deviation * u[rows.clusters])
        slope = deviation * rows.sums(rows.yes - rows.persons * p) - u
        curvature = 1 + deviation**2 * rows.sums(rows.persons * p * (1 - p))
        low, high = np.where(slope > 0, u, low), np.where(slope > 0, high, u)
        aim = u + slope / curvature
        moved = np.where((aim >= low) & (aim <= high), aim, (low + high) / 2) - u
        u = u + moved
        if np.abs(moved).max() <= MODE_STEP * max(1.0, np.abs(u).max()):
            break
    return u, curvature


def _highest(value, params: np.ndarray) -> np.ndarray:
    """Newton's method, uphill along every eigenvector of the curvature, with halved steps."""
    best = value(params)
    for _ in range(ITERATIONS):
        slope, curvature = _derivatives(value, params)
        eigenvalues, vectors = np.linalg.eigh(curvature)
        step = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(eigenvalues), 1e-6 * np.abs(eigenvalues).max()))
        for _ in range(HALVINGS):
            reached = value(params + step)
            if reached >= best - ROUNDING:
                break
            step = step / 2
        params, best = params + step, reached
        if abs(params[-1]) > WIDEST:
            what = "er nesten likt for alle i samme kontor."
            _stop("utfallet", what, "Bruk en t-test av kontorenes gjennomsnitt.")
        if np.abs(step).max() <= STEP:
            return params
    raise ProblemsFound(HEADING, [Problem("modellen", "likelihoodens topp ble ikke funnet.", "Ta ut kovariater.")])


def _derivatives(value, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope (p,) and curvature (p, p) by central differences."""
    width = len(at)
    steps = DIFFERENCE * np.eye(width)
    here = value(at)
    up, down = (np.array([value(at + sign * step) for step in steps]) for sign in (1, -1))
    curvature = np.diag((up - 2 * here + down) / DIFFERENCE**2)
    for i in range(width):
        for j in range(i):
            both = value(at + steps[i] + steps[j]) + value(at - steps[i] - steps[j])
            own = up[i] + down[i] + up[j] + down[j] - 2 * here
            curvature[i, j] = curvature[j, i] = (both - own) / (2 * DIFFERENCE**2)
    return (up - down) / (2 * DIFFERENCE), curvature
