"""What a test for parallel trends before the start would have missed: Roth (2022), AER: Insights 4(3).

Probabilities of passing are integrals of a multivariate Normal over a box, by Genz (1992) on a Sobol sequence whose
scrambling has a fixed seed: the points are the same every time, and the answer moves smoothly with the violation. The
joint test has closed forms. The covariance is taken as known, as in the paper.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.sensitivity.honest_did.event_study import EventStudy

KINDS = ("individual", "joint")
LOG_POINTS, SEED = 14, 2022
DOUBLINGS = 60
# A share of a cell is kept off 0, so that its Normal quantile is finite.
TINY = 1e-300


@dataclass(frozen=True)
class Pretest:
    """A test that trends before the start are parallel, of size 1 − `level`.

    kind: "individual", passed when no estimate is significant by itself (the paper's); "joint", when the Wald test of
    all is not. df: of the t or F distribution; infinite by default. critical: instead of the quantile, individual only.
    """

    kind: str = "individual"
    level: float = 0.95
    df: float = np.inf
    critical: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not 0 < self.level < 1 or not self.df > 0:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, level in (0, 1) and df above 0, not {self}")
        if self.critical is not None and (self.kind == "joint" or self.critical <= 0):
            raise ValueError("a critical value above 0 can be given for the individual tests only")

    @property
    def threshold(self) -> float:
        """Critical value of each |t|."""
        return float(scipy.stats.t.ppf((1 + self.level) / 2, self.df)) if self.critical is None else self.critical

    def passed(self, violation: np.ndarray, covariance: np.ndarray) -> tuple[float, np.ndarray]:
        """Chance that estimates N(`violation` (P,), `covariance` (P, P)) pass, and their mean (P,) if they do."""
        if self.kind == "joint":
            return self._joint(violation, covariance)
        half = self.threshold * np.sqrt(np.diag(covariance))
        return box(violation, covariance, -half, half)

    def _joint(self, violation: np.ndarray, covariance: np.ndarray) -> tuple[float, np.ndarray]:
        """E[X 1{X'V⁻¹X ≤ c}] = δ P(χ²(q + 2, λ) ≤ c), and so for F with the same denominator."""
        q, away = len(violation), float(violation @ np.linalg.solve(covariance, violation))
        if np.isinf(self.df):
            limit = scipy.stats.chi2.ppf(self.level, q)
            chance, beyond = (_noncentral_chi2(limit, q + more, away) for more in (0, 2))
        else:
            limit = scipy.stats.f.ppf(self.level, q, self.df)
            chance = _noncentral_f(limit, q, self.df, away)
            beyond = _noncentral_f(limit * q / (q + 2), q + 2, self.df, away)
        return chance, violation * (beyond / chance if chance > 0 else np.nan)


@dataclass(frozen=True)
class Missed:
    """How a pre-test meets a violation of parallel trends, δ = `before` (P,), `after` (Q,), without any effect.

    power: chance that the test shows it. bayes_factor: P(passed | δ)/P(passed | parallel); near 1 passing tells little.
    likelihood_ratio: density of the estimates seen before the start under δ, over that under parallel trends.
    expected_before, expected_after: mean estimates given that the test was passed; `after` is their mean otherwise, so
    expected_after − after is what the choosing adds. size: slope per period, or times the given shape.
    """

    size: float
    before: np.ndarray
    after: np.ndarray
    power: float
    bayes_factor: float
    likelihood_ratio: float
    expected_before: np.ndarray
    expected_after: np.ndarray


def linear_shape(study: EventStudy) -> np.ndarray:
    """The trend (R,) that rises by 1 a period and is 0 at the reference."""
    return np.concatenate([np.arange(-study.n_before, 0), np.arange(1, study.n_after + 1)]).astype("float64")


def missed(
    study: EventStudy, size: float, *, shape: np.ndarray | None = None, pretest: Pretest | None = None
) -> Missed:
    """What `pretest` makes of the violation `size` × `shape` (R,), a straight line unless given; 0 at the reference."""
    test, trend = pretest or Pretest(), size * _shape(study, shape)
    p, spread = study.n_before, study.covariance
    before, after, own = trend[:p], trend[p:], spread[:p, :p]
    chance, mean = test.passed(before, own)
    parallel = test.passed(np.zeros(p), own)[0]
    ratio = np.exp(before @ np.linalg.solve(own, study.before - before / 2))
    moved = spread[p:, :p] @ np.linalg.solve(own, mean - before)
    return Missed(size, before, after, 1 - chance, chance / parallel, float(ratio), mean, after + moved)


def detectable(
    study: EventStudy, *, share: float = 0.5, shape: np.ndarray | None = None, pretest: Pretest | None = None
) -> Missed:
    """The size above 0 of the violation (slope of a line, unless a shape is given) that the pre-test shows with chance
    `share`: smaller ones it misses more often than that. ValueError: a share at or below the test's size."""
    test, trend = pretest or Pretest(), _shape(study, shape)[: study.n_before]
    own = study.covariance[: study.n_before, : study.n_before]
    unit = 1 / np.sqrt(trend @ np.linalg.solve(own, trend))

    def excess(size: float) -> float:
        return 1 - test.passed(size * trend, own)[0] - share

    if not excess(0.0) < 0 or not share < 1:
        raise ValueError(f"the share must lie between the size of the test and 1, not {share}")
    high = next(unit * 2.0**k for k in range(DOUBLINGS) if excess(unit * 2.0**k) >= 0)
    size = scipy.optimize.brentq(excess, 0.0, high, xtol=1e-12 * high, rtol=1e-12)
    return missed(study, size, shape=shape, pretest=test)


def _shape(study: EventStudy, shape: np.ndarray | None) -> np.ndarray:
    found = linear_shape(study) if shape is None else np.asarray(shape, dtype="float64")
    if found.shape != study.estimates.shape or not np.isfinite(found).all() or not found[: study.n_before].any():
        raise ValueError("a shape has a finite number for each estimate, and not only 0 before the start")
    return found


def box(mean: np.ndarray, covariance: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[float, np.ndarray]:
    """P(low < X < high) of X ~ N(mean (P,), covariance (P, P)), and the mean (P,) of X given that; nan at chance 0.

    Genz (1992), Journal of Computational and Graphical Statistics 1(2): one coordinate after the other within its
    limits, given those before. Chance exact for P = 1, right to 1e-6 for P = 3 and 2e-5 for P = 24; mean to 1e-5 and
    2e-3 of a standard error.
    """
    root, size = np.linalg.cholesky(covariance), len(mean)
    points = scipy.stats.qmc.Sobol(size, rng=SEED).random_base2(LOG_POINTS)
    drawn, chance = np.empty_like(points), np.ones(len(points))
    for i in range(size):
        given = mean[i] + drawn[:, :i] @ root[i, :i]
        part, drawn[:, i] = _slice((low[i] - given) / root[i, i], (high[i] - given) / root[i, i], points[:, i])
        chance *= part
    total = chance.sum()
    average = chance @ drawn / total if total > 0 else np.full(size, np.nan)
    return float(total / len(points)), mean + root @ average


def _slice(low: np.ndarray, high: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chance of a standard Normal between the limits, and the quantile `at` of it there; from the nearer tail."""
    mirrored = low > 0
    low, high = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    below = scipy.special.ndtr(low)
    part = scipy.special.ndtr(high) - below
    at = np.where(mirrored, 1 - at, at)
    found = np.clip(scipy.special.ndtri(np.clip(below + at * part, TINY, 1 - 1e-16)), low, high)
    return part, np.where(mirrored, -found, found)


def _noncentral_chi2(limit: float, df: float, away: float) -> float:
    return float(scipy.stats.ncx2.cdf(limit, df, away) if away > 0 else scipy.stats.chi2.cdf(limit, df))


def _noncentral_f(limit: float, df: float, denominator: float, away: float) -> float:
    return float(
        scipy.stats.ncf.cdf(limit, df, denominator, away) if away > 0 else scipy.stats.f.cdf(limit, df, denominator)
    )
