"""Logistic regression of persons in clusters: log odds ratios with corrected standard errors by cluster.

Persons of a cluster who are alike in every column count as one row of several persons, which leaves every number as
it is: the matrix that cr2 needs of a cluster is as large as the number of such rows, not of persons.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.newton import newton
from analysis.problems import Problem, ProblemsFound
from analysis.trials.cluster_robust import DF, Adjusted, clustered_found, powers
from analysis.trials.found import Found
from analysis.trials.least_squares import Fit, least_squares

KINDS = ("cr0", "cr1", "cr2", "cr3")
HEADING = "Den logistiske regresjonen kan ikke beregnes:"
ROWS = 5000  # different rows that one cluster may have under cr2: a matrix of 200 MB
INFORMATION = 1e-9  # smallest mean information along a direction, below which the outcome is told without error


@dataclass(frozen=True)
class Working:
    """The linear problem that a logistic regression ends in, one row per cluster and different row of x.

    `z` (m, k) are the columns, made orthonormal under `variance` and `persons`, and `root` (k, k) leads from x to
    them; `variance` (m,) is μ(1 − μ) of a person; `persons` (m,) counts; `residuals` (m,) are ȳ − μ; `starts`
    (G + 1,) tells where each cluster begins.
    """

    z: np.ndarray
    root: np.ndarray
    variance: np.ndarray
    persons: np.ndarray
    residuals: np.ndarray
    starts: np.ndarray


def clustered_logit(
    y, x, clusters, name: str, *, kind: str = "cr2", df: str = "satterthwaite", level: float = 0.95
) -> Found:
    """The log odds ratio of column `name` in maximum likelihood of `y` (n,) of 0 and 1 on `x`, clustered.

    `x` and `clusters` as for `least_squares`. Standard errors are those of the regression linearised at the estimate:
    residuals y − μ, columns ΦX, weights Φ⁻¹, and the working variance Φ = diag(μ(1 − μ)) taken as known. `kind` cr0,
    cr1 (times G/(G − 1)), cr2 with A_g = D B_g^(−1/2) D, B_g = D(Φ_g − Φ_gX_gMX_g′Φ_g)D, D = Φ_g^(1/2) and
    M = (X′ΦX)⁻¹, or cr3 with A_g = (I − H_gg)⁻¹. `df` as for `cluster_robust`, without the normal distribution.
    The inference is named logit_ and `kind`.

    Raises `ProblemsFound` for an outcome that does not vary or that the columns tell without error, and for more
    than 5000 different rows of x in one cluster under cr2; ValueError for an outcome that is not 0 or 1.

    Source: Pustejovsky and Tipton (2018), Journal of Business and Economic Statistics 36(4).
    """
    if kind not in KINDS or df not in ("satterthwaite", "offices"):
        raise ValueError(f"unknown kind {kind!r} or df {df!r}; known: {', '.join(KINDS)}; satterthwaite, offices")
    fit = least_squares(y, x, clusters)
    beta, working = fitted(fit)
    return logit_found(beta, working, fit, name, kind=kind, df=df, level=level)


def logit_found(beta: np.ndarray, working: Working, fit: Fit, name: str, *, kind: str, df: str, level: float) -> Found:
    """The log odds ratio with its standard error, from a fitted regression."""
    adjusted, q, g = adjustment(working, kind), working.root[fit.place(name)], fit.n_clusters
    return clustered_found(
        beta[fit.place(name)],
        np.sqrt(g / (g - 1) if kind == "cr1" else 1.0) * adjusted.std_error(q),
        adjusted.satterthwaite(q) if df == "satterthwaite" else g - 1,
        inference=f"logit_{kind}{DF[df]}",
        convention=f"logit, {kind.upper()}, {'Satterthwaite t' if df == 'satterthwaite' else 't(G-1)'}, G={g}",
        clusters=g,
        level=level,
    )


def fitted(fit: Fit) -> tuple[np.ndarray, Working]:
    """Coefficients (k,) by maximum likelihood, and the linear problem they end in."""
    x, yes, persons, starts = _different_rows(fit)
    n = persons.sum()
    z = x @ fit.root * np.sqrt(n)
    if not 0 < yes.sum() < n:
        raise ProblemsFound(HEADING, [Problem("utfallet", "er likt for alle.", "Se på definisjonen av utfallet.")])
    found = newton(z, yes, persons)
    if not found.converged or found.information < INFORMATION:
        what = "kolonnene skiller dem med og uten utfallet fullstendig."
        raise ProblemsFound(HEADING, [Problem("kovariater", what, "Slå sammen kategorier, eller bruk differansen.")])
    beta = fit.root @ found.params * np.sqrt(n)
    return beta, working(x, yes / persons, persons, starts, x @ beta)


def working(x: np.ndarray, share: np.ndarray, persons: np.ndarray, starts: np.ndarray, linear: np.ndarray) -> Working:
    """The linear problem at the log odds `linear` (m,)."""
    mean = scipy.special.expit(linear)
    variance = mean * (1 - mean)
    root = np.linalg.inv(np.linalg.cholesky((x * (persons * variance)[:, None]).T @ x)).T
    return Working(x @ root, root, variance, persons, share - mean, starts)


def _different_rows(fit: Fit) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x (m, k), persons with the outcome (m,), persons (m,) and starts (G + 1,) of what differs within clusters."""
    if not np.isin(fit.y, (0.0, 1.0)).all():
        raise ValueError("the outcome of a logistic regression must be 0 or 1")
    rows, place = np.unique(np.column_stack([fit.clusters, fit.x]), axis=0, return_inverse=True)
    place = place.ravel()
    persons = np.bincount(place).astype("float64")
    starts = np.searchsorted(rows[:, 0], np.arange(fit.n_clusters + 1))
    return rows[:, 1:], np.bincount(place, weights=fit.y), persons, starts


def adjustment(working: Working, kind: str) -> Adjusted:
    """Adjusted scores and their parts, clusters in turn."""
    largest = int(np.diff(working.starts).max())
    if kind == "cr2" and largest > ROWS:
        what = f"ett kontor har {largest} ulike rader, og cr2 for logit tåler {ROWS}."
        raise ProblemsFound(HEADING, [Problem("kovariater", what, "Grupper kovariatene, eller bruk differansen.")])
    part = _cr2_part if kind == "cr2" else _plain_part if kind != "cr3" else _cr3_part
    spans = zip(working.starts[:-1], working.starts[1:], strict=True)
    parts = [part(*_cluster(working, slice(start, end))) for start, end in spans]
    scores, plain, inner = (np.stack(each) for each in zip(*parts, strict=True))
    return Adjusted(scores, plain, plain, inner, np.eye(working.z.shape[1]))


def _cluster(working: Working, rows: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, variances and residuals of a cluster, rows of several persons scaled by √persons."""
    scale = np.sqrt(working.persons[rows])
    return working.z[rows] * scale[:, None], working.variance[rows], working.residuals[rows] * scale


def _plain_part(z: np.ndarray, v: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    gram = (z * v[:, None]).T @ z
    return e @ z, gram, gram


def _cr3_part(z: np.ndarray, v: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    score, gram, _ = _plain_part(z, v, e)
    turn = powers(np.eye(len(gram)) - gram, -1.0)
    return turn @ score, gram @ turn, turn @ gram @ turn


def _cr2_part(z: np.ndarray, v: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    deviation = np.sqrt(v)[:, None]
    heavy = z * deviation**3
    turned = deviation * (powers(np.diag(v**2) - heavy @ heavy.T, -0.5) @ (deviation * z))
    return e @ turned, (z * v[:, None]).T @ turned, (turned * v[:, None]).T @ turned
