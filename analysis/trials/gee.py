"""Generalised estimating equations for persons in clusters, with standard errors for few clusters.

Mean g⁻¹(x'β), g the identity or the logit; working covariance φA^½RA^½ with A = 1 or μ(1 − μ), R the identity or
exchangeable with correlation α. R⁻¹ = (I − cJ)/(1 − α), c = α/(1 + (n − 1)α), so everything is made of sums over
clusters, and the bias corrections, n × n matrices in the papers, of k × k matrices: with H = DBD'V⁻¹, S = D'V⁻¹D and
u = D'V⁻¹(y − μ) of one cluster, D'V⁻¹ f(I − H)(y − μ) = f(I − SB) u.

References: Liang and Zeger (1986), Biometrika 73(1); Mancl and DeRouen (2001), Biometrics 57(1); Kauermann and Carroll
(2001), JASA 96(456); Fay and Graubard (2001), Biometrics 57(4); t(G − 2) and a comparison of the corrections: Li and
Redden (2015), Statistics in Medicine 34(2). Jackknife: Yan and Fine (2004), Statistics in Medicine 23(6).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.problems import Problem, ProblemsFound
from analysis.trials.cluster_robust import clustered_found, without_test
from analysis.trials.cluster_totals import cluster_sizes, cluster_squares, cluster_sums, gives_the_outcome
from analysis.trials.found import Found
from analysis.trials.least_squares import Fit, least_squares
from analysis.trials.logit_start import logit_start

HEADING = "Den generaliserte estimeringslikningen (GEE) kan ikke løses:"
LINKS = ("identity", "logit")
WORKING = ("independence", "exchangeable")
STEP = 1e-11  # largest last change of a coefficient, its column of mean square 1, or of α
ITERATIONS = 200
ALONE = 1e-9  # 1 − eigenvalue of S B below which a cluster alone decides a direction
FAY_GRAUBARD = 0.75  # their bound b: no residual grows by more than 1/√(1 − b) = 2
LEAST = 2 / 3  # of −1/(m − 1), where the working correlation of a cluster of m persons has no inverse
LARGEST = 1 - 1e-8


@dataclass(frozen=True)
class GeeFit:
    """A fitted model: `params` (k,) on the scale of the link, working correlation `alpha`, dispersion `phi`.

    `plain` is least squares on the same persons, with their columns and clusters.
    """

    plain: Fit
    link: str
    working: str
    params: np.ndarray
    alpha: float
    phi: float


@dataclass(frozen=True)
class _Moments:
    """`score` (G, k) and `information` (G, k, k) of each cluster at given β and α, less the factor 1/φ."""

    score: np.ndarray
    information: np.ndarray


def gee(
    y,
    x,
    clusters,
    name: str,
    *,
    link: str = "identity",
    correction: str = "mancl_derouen",
    working: str = "exchangeable",
    level: float = 0.95,
) -> Found:
    """The coefficient of `name`: a difference in the outcome (`identity`) or a log odds ratio (`logit`), t(G − 2).

    `y` (n,), `x` and `clusters` as for `least_squares`: `x` holds the constant too. `correction` is one of
    `CORRECTIONS`: `robust` (none), `mancl_derouen`, `kauermann_carroll`, `fay_graubard`, or `jackknife`. Raises as
    `gee_fit` and `gee_std_error`; `ProblemsFound` for fewer than three clusters. Where every office's residuals sum to
    0 the standard error is rounding, and there is no test and no interval.
    """
    if correction not in CORRECTIONS:
        raise ValueError(f"correction must be one of {', '.join(CORRECTIONS)}, got {correction!r}")
    fit = gee_fit(y, x, clusters, link=link, working=working)
    groups = fit.plain.n_clusters
    if groups < 3:
        _stop("kontor", "to kontorer gir ingen frihetsgrader.", "Modellen trenger minst tre kontorer.")
    column = fit.plain.place(name)
    std_error = gee_std_error(fit, name, correction=correction)
    found = clustered_found(
        fit.params[column],
        std_error,
        groups - 2,
        inference=f"gee_{correction}",
        convention=f"{link} link; {working} working correlation; t(G-2)",
        clusters=groups,
        level=level,
    )
    return without_test(found) if fit.plain.no_spread(std_error, name) else found


def gee_fit(y, x, clusters, *, link: str = "identity", working: str = "exchangeable") -> GeeFit:
    """Coefficients by Fisher scoring, with α and φ by moments of the Pearson residuals r at every step.

    φ = Σr²/n and α = Σ rᵢrⱼ/(φ·pairs) over all pairs of one cluster, no degrees of freedom taken off (geepack's
    convention). α is never below −⅔/(m − 1) with m the largest cluster: there its mean counts three times as much as
    among independent persons, and as α falls to −1/(m − 1) it would come to count for everything.

    Raises as `least_squares`; also `ProblemsFound` for a logit that the columns separate, for an outcome that they give
    exactly or that is the same for all of a cluster, and for iterations that do not settle; ValueError for other links
    and working correlations, and for a logit of other values than 0 and 1.
    """
    if link not in LINKS or working not in WORKING:
        raise ValueError(f"link is one of {LINKS} and working one of {WORKING}, got {link!r} and {working!r}")
    return _fit(least_squares(y, x, clusters), link, working)


def gee_std_error(fit: GeeFit, name: str, *, correction: str) -> float:
    """Standard error of the coefficient of `name` at the fit's own β and α.

    Raises `ProblemsFound` where one cluster alone decides the coefficient, as with a single treated office: then its
    residuals say nothing, and every sandwich would be too small.
    """
    column = fit.plain.place(name)
    if correction == "jackknife":
        return _jackknife(fit, column)
    moments = _moments(fit)
    bread = np.linalg.inv(moments.information.sum(axis=0))
    root = np.linalg.cholesky(bread)
    eigenvalues, vectors = np.linalg.eigh(root.T @ moments.information @ root)
    along = np.einsum("a,gab->gb", root[column], vectors)
    _require_shared(eigenvalues, along, name)
    if correction == "fay_graubard":
        own = np.einsum("gab,ba->ga", moments.information, bread)
        influence = (moments.score / np.sqrt(1 - np.minimum(own, FAY_GRAUBARD))) @ bread[column]
    else:
        grown = np.where(eigenvalues < 1 - ALONE, CORRECTIONS[correction](eigenvalues), 0.0)
        influence = (along * grown * np.einsum("gab,ga->gb", vectors, moments.score @ root)).sum(axis=1)
    return float(np.sqrt(influence @ influence))


def _untouched(eigenvalues: np.ndarray) -> np.ndarray:
    return np.ones_like(eigenvalues)


def _inverse(eigenvalues: np.ndarray) -> np.ndarray:
    return 1 / np.maximum(1 - eigenvalues, ALONE)


def _inverse_root(eigenvalues: np.ndarray) -> np.ndarray:
    return np.sqrt(_inverse(eigenvalues))


# What each correction does to the eigenvalues of a cluster's leverage S B; None: not a function of them.
CORRECTIONS: dict[str, Callable[[np.ndarray], np.ndarray] | None] = {
    "robust": _untouched,
    "mancl_derouen": _inverse,
    "kauermann_carroll": _inverse_root,
    "fay_graubard": None,
    "jackknife": None,
}


def _require_shared(eigenvalues: np.ndarray, along: np.ndarray, name: str) -> None:
    """Directions that one cluster alone decides must not touch the coefficient."""
    lengths = np.sqrt((along**2).sum(axis=1, keepdims=True))
    if ((eigenvalues >= 1 - ALONE) & (np.abs(along) > np.sqrt(ALONE) * lengths)).any():
        what = "ett kontor bestemmer koeffisienten alene, så usikkerheten kan ikke regnes ut."
        _stop(f"kolonnen «{name}»", what, "Bruk permutasjon av kontorene.")


def _stop(where: str, what: str, mend: str) -> None:
    raise ProblemsFound(HEADING, [Problem(where, what, mend)])


def _fit(design: Fit, link: str, working: str) -> GeeFit:
    params = logit_start(design) if link == "logit" else design.beta
    if gives_the_outcome(design):
        what = "er gitt av kolonnene, så det er ingenting å regne usikkerhet av."
        _stop("utfallet", what, "Se på definisjonen av utfallet.")
    scale = np.sqrt((design.x**2).mean(axis=0))
    alpha, phi = _correlation(design, link, working, params)
    for _ in range(ITERATIONS):
        step = _step(design, link, params, alpha)
        params = params + step
        before, (alpha, phi) = alpha, _correlation(design, link, working, params)
        if np.abs(step * scale).max() <= STEP * max(1.0, np.abs(params * scale).max()) and abs(alpha - before) <= STEP:
            return GeeFit(design, link, working, params, alpha, phi)
    what = "modellen med arbeidskorrelasjon faller ikke til ro."
    raise ProblemsFound(HEADING, [Problem("kolonnene", what, "Ta ut kovariater, eller regn uten korrelasjon.")])


def _rows(design: Fit, link: str, params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A^-½D (n, k) and the Pearson residuals A^-½(y − μ) (n,)."""
    linear = design.x @ params
    if link == "identity":
        return design.x, design.y - linear
    mean = scipy.special.expit(linear)
    deviation = np.sqrt(mean * (1 - mean))
    return design.x * deviation[:, None], (design.y - mean) / deviation


def _correlation(design: Fit, link: str, working: str, params: np.ndarray) -> tuple[float, float]:
    """α and φ of the Pearson residuals at `params`."""
    _, residual = _rows(design, link, params)
    sizes = cluster_sizes(design).astype("float64")
    square, twice_pairs = float(residual @ residual), float(sizes @ (sizes - 1))
    phi = square / len(residual)
    if working == "independence" or twice_pairs == 0:
        return 0.0, phi
    sums = cluster_sums(residual, design)
    alpha = max(float(sums @ sums - square) / (twice_pairs * phi), -LEAST / (sizes.max() - 1))
    if alpha >= LARGEST:
        what = "alle i samme kontor har samme utfall."
        _stop("utfallet", what, "Bruk en t-test av kontorenes gjennomsnitt.")
    return float(alpha), phi


def _shares(design: Fit, alpha: float) -> np.ndarray:
    """c of each cluster, (G,)."""
    return alpha / (1 + (cluster_sizes(design) - 1) * alpha)


def _step(design: Fit, link: str, params: np.ndarray, alpha: float) -> np.ndarray:
    """Fisher's step (Σ D'V⁻¹D)⁻¹ Σ D'V⁻¹(y − μ)."""
    rows, residual = _rows(design, link, params)
    sums = cluster_sums(rows, design)
    weighted = sums * _shares(design, alpha)[:, None]
    score = rows.T @ residual - weighted.T @ cluster_sums(residual, design)
    return np.linalg.solve(rows.T @ rows - weighted.T @ sums, score)


def _moments(fit: GeeFit) -> _Moments:
    design = fit.plain
    rows, residual = _rows(design, fit.link, fit.params)
    sums = cluster_sums(rows, design)
    weighted = sums * _shares(design, fit.alpha)[:, None]
    across = cluster_sums(residual, design)
    score = cluster_sums(rows * residual[:, None], design) - weighted * across[:, None]
    squares = cluster_squares(rows, design) - weighted[:, :, None] * sums[:, None, :]
    return _Moments(score / (1 - fit.alpha), squares / (1 - fit.alpha))


def _jackknife(fit: GeeFit, column: int) -> float:
    """Fully iterated: (G − parameters)/G · Σ (β without one cluster − β)², with α estimated anew each time.

    The parameters are the k coefficients, φ, and α where there is one (Yan and Fine 2004).
    """
    plain = fit.plain
    kept = [plain.clusters != g for g in range(plain.n_clusters)]
    parts = [least_squares(plain.y[own], (plain.names, plain.x[own]), plain.clusters[own]) for own in kept]
    without = np.array([_fit(part, fit.link, fit.working).params[column] for part in parts])
    groups, parameters = plain.n_clusters, len(fit.params) + 1 + (fit.working == "exchangeable")
    if groups <= parameters:
        _stop("kontor", f"{groups} kontorer er for få til {parameters} parametre.", "Ta ut kovariater.")
    return float(np.sqrt((groups - parameters) / groups * ((without - fit.params[column]) ** 2).sum()))
