"""Standard errors of least squares by cluster, with corrections and degrees of freedom for few clusters.

Everything happens in the orthonormal columns of `analysis.trials.least_squares`, where the bread is the unit matrix.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.problems import Problem, ProblemsFound
from analysis.trials.found import NAN, Found, t_found
from analysis.trials.least_squares import Fit

KINDS = ("cr0", "cr1", "cr1s", "cr1p", "cr2", "cr3")
DF = {"satterthwaite": "", "offices": "_t", "normal": "_normal"}
HEADING = "Usikkerheten kan ikke beregnes:"
FEWEST_NORMAL = 50  # clusters from which the normal distribution is accepted
GONE = 1e-10  # eigenvalue below which a direction is one cluster's own, with nothing left of it in the residuals
OWN = 1e-6  # share of a coefficient that may lie in directions of one cluster's own


@dataclass(frozen=True)
class Adjusted:
    """Scores with the residuals of each cluster adjusted by A_g, and what degrees of freedom need.

    In orthonormal columns Z, and with the working covariance Φ: `scores` (G, k) are Z_g′W_gA_ge_g, `plain` (G, k, k)
    Z_g′A_gW_gZ_g, `weighted` (G, k, k) Z_g′W_gA_gW_gZ_g, `inner` (G, k, k) Z_g′W_gA_gΦ_gA_g′W_gZ_g, and `total`
    (k, k) is Z′WΦWZ.
    """

    scores: np.ndarray
    plain: np.ndarray
    weighted: np.ndarray
    inner: np.ndarray
    total: np.ndarray

    def std_error(self, q: np.ndarray) -> float:
        return float(np.linalg.norm(self.scores @ q))

    def satterthwaite(self, q: np.ndarray) -> float:
        """(tr P)² / ‖P‖², P being the covariance of the clusters' contributions to the coefficient q under Φ.

        Bell and McCaffrey (2002), Survey Methodology 28(2); Pustejovsky and Tipton (2018), JBES 36(4).
        P = D − (u v′ + v u′ − u T u′) has low rank beside its diagonal, so no G × G matrix is made.
        """
        u, v = self.plain @ q, self.weighted @ q
        k = len(q)
        sides = np.hstack([u, v])
        mixing = np.block([[-self.total, np.eye(k)], [np.eye(k), np.zeros((k, k))]])
        diagonal = np.einsum("gij,i,j->g", self.inner, q, q)
        taken = np.einsum("gi,ij,gj->g", sides, mixing, sides)
        product = mixing @ (sides.T @ sides)
        square = (diagonal**2).sum() - 2 * (diagonal @ taken) + np.trace(product @ product)
        return float((diagonal - taken).sum() ** 2 / square)


def cluster_robust(
    fit: Fit,
    name: str,
    *,
    kind: str = "cr2",
    df: str = "satterthwaite",
    level: float = 0.95,
    shown_as_bad: bool = False,
) -> Found:
    """The coefficient `name` with its standard error by cluster.

    V = M [Σ X_g′W_gA_g e_g e_g′A_g′W_gX_g] M with M = (X′WX)⁻¹. `kind`: cr0: A_g = I; cr1, cr1s and cr1p: cr0 times
    G/(G − 1), G(n − 1)/((G − 1)(n − k)) and G/(G − k); cr2: A_g = [(I − H)(I − H)′]_g^(−1/2), which makes the
    variance unbiased when errors are independent with equal variance, weights or not; cr3: A_g = (I − H_gg)⁻¹,
    without the factor (G − 1)/G of the jackknife. `df`: satterthwaite under the same working model; offices, G − 1;
    normal. The inference is named `kind`, with _t or _normal behind it for the other two.

    Raises `ProblemsFound` for the normal distribution with fewer than 50 clusters unless `shown_as_bad` (a row to
    compare with), and when the coefficient rests on one cluster alone. With an outcome that does not vary,
    statistic, p-value and interval are missing.

    Source: Bell and McCaffrey (2002), Survey Methodology 28(2); Pustejovsky and Tipton (2018), Journal of Business
    and Economic Statistics 36(4).
    """
    _refuse_options(kind, df)
    if df == "normal" and fit.n_clusters < FEWEST_NORMAL and not shown_as_bad:
        raise ProblemsFound(HEADING, [_normal_refused(kind, fit.n_clusters)])
    adjusted, q = adjustment(fit, kind), fit.contrast(name)
    if kind in ("cr2", "cr3"):
        refuse_one_cluster(fit, name)
    found = clustered_found(
        fit.coefficient(name),
        np.sqrt(_factor(fit, kind)) * adjusted.std_error(q),
        _degrees(adjusted, q, df, fit.n_clusters),
        inference=kind + DF[df],
        convention=_convention(kind, df, fit),
        clusters=fit.n_clusters,
        level=level,
    )
    return without_test(found) if fit.no_spread(found.std_error, name) else found


def covariance(fit: Fit, kind: str = "cr2") -> np.ndarray:
    """Covariance (k, k) of all coefficients by cluster, as in `cluster_robust`."""
    _refuse_options(kind, "satterthwaite")
    sums = adjustment(fit, kind).scores @ fit.root.T
    return _factor(fit, kind) * sums.T @ sums


def clustered_found(estimate, std_error, df, *, inference, convention, clusters, level) -> Found:
    """As `t_found`, with no test and no interval where the standard error is exactly 0."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    words = {"inference": inference, "convention": convention, "clusters": clusters}
    if std_error == 0:
        return Found(estimate=float(estimate), std_error=0.0, df=float(df), **words)
    return t_found(estimate, std_error, df, level=level, **words)


def without_test(found: Found) -> Found:
    """The same without statistic, p-value and interval: rounding is not certainty."""
    return replace(found, statistic=NAN, p_value=NAN, low=NAN, high=NAN)


def adjustment(fit: Fit, kind: str) -> Adjusted:
    """The adjusted scores of a kind, and their parts."""
    if kind == "cr2" and fit.weights is not None:
        return _weighted_cr2(fit)
    turn = _turns(fit, kind)
    scores = np.einsum("gij,gj->gi", turn, fit.scores)
    plain = fit.grams @ turn
    if fit.weights is None:
        return Adjusted(scores, plain, plain, turn @ plain, np.eye(fit.grams.shape[1]))
    squares = np.stack([(z * w[:, None]).T @ (z * w[:, None]) for z, w, _ in _weighted_rows(fit)])
    weighted = squares @ turn
    return Adjusted(scores, plain, weighted, np.swapaxes(turn, 1, 2) @ weighted, squares.sum(axis=0))


def _turns(fit: Fit, kind: str) -> np.ndarray:
    """F_g (G, k, k) with Z_g′W_gA_ge_g = F_g·Z_g′W_ge_g: what A_g comes to in the orthonormal columns."""
    if kind not in ("cr2", "cr3"):
        return np.broadcast_to(np.eye(fit.grams.shape[1]), fit.grams.shape)
    return powers(np.eye(fit.grams.shape[1]) - fit.grams, -0.5 if kind == "cr2" else -1.0)


def powers(matrices: np.ndarray, exponent: float) -> np.ndarray:
    """Powers of symmetric matrices (…, k, k), with eigenvalues that are 0 but for rounding left at 0."""
    values, vectors = np.linalg.eigh(matrices)
    kept = values > GONE * np.maximum(1.0, values[..., -1:])
    raised = np.where(kept, np.where(kept, values, 1.0) ** exponent, 0.0)
    return (vectors * raised[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def _weighted_cr2(fit: Fit) -> Adjusted:
    """With weights, (I − H)(I − H)′ of a cluster is I plus a matrix within the span of Z_g and W_gZ_g.

    A basis Q_g of that span (n_g × 2k) does for the n_g × n_g matrix. Clusters are taken in turn.
    """
    squares = sum((z * w[:, None]).T @ (z * w[:, None]) for z, w, _ in _weighted_rows(fit))
    parts = [_weighted_part(z, w, e, squares) for z, w, e in _weighted_rows(fit)]
    return Adjusted(*(np.stack(part) for part in zip(*parts, strict=True)), squares)


def _weighted_part(z: np.ndarray, w: np.ndarray, e: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, ...]:
    """`scores`, `plain`, `weighted` and `inner` of one cluster."""
    heavy = z * w[:, None]
    basis = np.linalg.qr(np.hstack([z, heavy]))[0]
    light, heavy = basis.T @ z, basis.T @ heavy
    crossed = light @ heavy.T
    turn = powers(np.eye(basis.shape[1]) - crossed - crossed.T + light @ squares @ light.T, -0.5)
    turned = turn @ heavy
    return turned.T @ (basis.T @ e), light.T @ turned, heavy.T @ turned, turned.T @ turned


def _weighted_rows(fit: Fit) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Z_g, weights and residuals of each cluster."""
    for rows in fit.members():
        yield fit.x[rows] @ fit.root, fit.weights[rows], fit.residuals[rows]


def refuse_one_cluster(fit: Fit, name: str) -> None:
    """Stop when the coefficient is not determined without one of the clusters, as with one treated office."""
    values, vectors = np.linalg.eigh(np.eye(fit.grams.shape[1]) - fit.grams)
    q = fit.contrast(name)
    own = np.abs(np.einsum("gij,i->gj", vectors, q)) * (values <= GONE)
    if own.max() > OWN * np.linalg.norm(q):
        what = f"uten ett av kontorene kan «{name}» ikke anslås; tallet hviler på det kontoret alene."
        raise ProblemsFound(HEADING, [Problem("kontor", what, "Velg permutasjon av kontorene.")])


def _refuse_options(kind: str, df: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    if df not in DF:
        raise ValueError(f"unknown df {df!r}; known: {', '.join(DF)}")


def _normal_refused(kind: str, clusters: int) -> Problem:
    what = f"normalfordelingen gir for smale intervaller med færre enn {FEWEST_NORMAL} kontorer (her {clusters})."
    return Problem(f"usikkerhet «{kind}»", what, "Velg cr2, som regner med hvor få kontorene er.")


def _factor(fit: Fit, kind: str) -> float:
    g, (n, k) = fit.n_clusters, fit.x.shape
    factors: dict[str, Callable[[], float]] = {
        "cr1": lambda: g / (g - 1),
        "cr1s": lambda: g / (g - 1) * (n - 1) / (n - k),
        "cr1p": lambda: g / (g - k),
    }
    if kind == "cr1p" and g <= k:
        what = f"cr1p finnes ikke med {g} kontorer og {k} koeffisienter."
        raise ProblemsFound(HEADING, [Problem("kovariater", what, "Velg cr2, eller ta ut kovariater.")])
    return factors.get(kind, lambda: 1.0)()


def _degrees(adjusted: Adjusted, q: np.ndarray, df: str, clusters: int) -> float:
    if df == "satterthwaite":
        return adjusted.satterthwaite(q)
    return float(clusters - 1) if df == "offices" else float("inf")


def _convention(kind: str, df: str, fit: Fit) -> str:
    factors = {"cr1": ", G/(G-1)", "cr1s": ", G/(G-1)*(n-1)/(n-k)", "cr1p": ", G/(G-k)", "cr3": ", no factor"}
    laws = {"satterthwaite": "Satterthwaite t", "offices": "t(G-1)", "normal": "normal"}
    return f"{kind.upper()}{factors.get(kind, '')}, {laws[df]}, G={fit.n_clusters}"
