"""Intervals and tests for one share and for the difference between two shares.

Shares and differences are 0–1 (not percentage points). Arm 1 is the treated arm and arm 2 the comparison, so a
difference is arm 1 minus arm 2. Counts are whole persons: `k` of `n`. Everything here can be computed from published
counts alone.

References: Wilson (1927) JASA 22, 209–212; Clopper and Pearson (1934) Biometrika 26, 404–413; Brown, Cai and DasGupta
(2001) Statistical Science 16, 101–133; Newcombe (1998) Statistics in Medicine 17, 873–890; Miettinen and Nurminen
(1985) Statistics in Medicine 4, 213–226; Mee (1984) Biometrics 40, 1175–1176; Farrington and Manning (1990) Statistics
in Medicine 9, 1447–1454; Agresti and Coull (1998) American Statistician 52, 119–126; Agresti and Caffo (2000) American
Statistician 54, 280–288; Donner and Klar (2000) Design and Analysis of Cluster Randomization Trials. The exact interval
of a difference stands in exact_difference.py.
"""

import math
from dataclasses import dataclass

import scipy

ROOT_TOLERANCE = 1e-13


@dataclass(frozen=True)
class Interval:
    """A share or a difference between shares with its confidence interval, all 0–1."""

    estimate: float
    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Test:
    """A two-sided test of equal shares."""

    statistic: float
    p_value: float
    method: str


@dataclass(frozen=True)
class ClusterInterval:
    """Difference between two arms of offices, with the standard error that an assumed ICC gives (shares 0–1)."""

    estimate: float
    std_error: float
    df: int
    statistic: float
    p_value: float
    low: float
    high: float
    level: float
    design_effect_treated: float
    design_effect_comparison: float


def wilson(k: int, n: int, *, level: float = 0.95) -> Interval:
    """Score interval of one share (Wilson 1927), without continuity correction.

    Raises ValueError for n < 1, k outside 0..n and a level outside (0, 1).
    """
    _require_counts(k, n)
    return Interval(k / n, *_wilson_bounds(k / n, n, _normal_quantile(level)), level, "wilson")


def clopper_pearson(k: int, n: int, *, level: float = 0.95) -> Interval:
    """Exact interval of one share (Clopper and Pearson 1934): coverage is at least `level` for every true share.

    Raises ValueError as `wilson`.
    """
    _require_counts(k, n)
    tail = _tail(level)
    low = float(scipy.special.betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(scipy.special.betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Interval(k / n, low, high, level, "clopper_pearson")


def jeffreys(k: int, n: int, *, level: float = 0.95) -> Interval:
    """Equal-tailed interval from the prior Beta(½, ½), with low = 0 at k = 0 and high = 1 at k = n.

    The two exceptions are those of Brown, Cai and DasGupta (2001); without them the coverage falls to zero as the true
    share nears 0 or 1. Raises ValueError as `wilson`.
    """
    _require_counts(k, n)
    tail = _tail(level)
    low = float(scipy.special.betaincinv(k + 0.5, n - k + 0.5, tail)) if k > 0 else 0.0
    high = float(scipy.special.betaincinv(k + 0.5, n - k + 0.5, 1 - tail)) if k < n else 1.0
    return Interval(k / n, low, high, level, "jeffreys")


def wilson_corrected(k: int, n: int, *, level: float = 0.95) -> Interval:
    """Wilson's interval with the continuity correction ½ (Newcombe 1998, Statistics in Medicine 17, 857–872, method 4).

    R's `prop.test` gives the same, except near k = n/2, where it lessens the correction because it tests the share
    one half. Raises ValueError as `wilson`.
    """
    _require_counts(k, n)
    z, half = _normal_quantile(level), 0.5 / n
    low = _wilson_bounds(k / n - half, n, z)[0] if k > 0 else 0.0
    high = _wilson_bounds(k / n + half, n, z)[1] if k < n else 1.0
    return Interval(k / n, low, high, level, "wilson_corrected")


def agresti_coull(k: int, n: int, *, level: float = 0.95) -> Interval:
    """Wald's interval after z²/2 successes and z²/2 failures are added (Agresti and Coull 1998).

    Not cut at 0 and 1, as the paper prints it: a bound outside says that the approximation does not hold there. Raises
    ValueError as `wilson`.
    """
    _require_counts(k, n)
    z = _normal_quantile(level)
    low, high = _wald_bounds([((k + z**2 / 2) / (n + z**2), n + z**2)], z)
    return Interval(k / n, low, high, level, "agresti_coull")


def wald(k: int, n: int, *, level: float = 0.95) -> Interval:
    """The textbook interval p ± z·√(p(1 − p)/n), not cut: only to show beside the others, since it covers too little.

    Raises ValueError as `wilson`.
    """
    _require_counts(k, n)
    low, high = _wald_bounds([(k / n, n)], _normal_quantile(level))
    return Interval(k / n, low, high, level, "wald")


def wilson_effective(k: int, n: int, *, offices: int, icc: float, level: float = 0.95) -> Interval:
    """Wilson interval when the n persons come from `offices` equally large offices that the source does not show.

    The share stays k/n; n is replaced by n / (1 + (n/offices − 1)·icc), which need not be whole. Raises ValueError as
    `wilson`, and for offices outside 1..n and icc outside [0, 1].
    """
    _require_counts(k, n)
    effective = n / _design_effect(n, offices=offices, icc=icc, cv=0.0)
    bounds = _wilson_bounds(k / n, effective, _normal_quantile(level))
    return Interval(k / n, *bounds, level, "wilson_effective")


def newcombe(k1: int, n1: int, k2: int, n2: int, *, level: float = 0.95) -> Interval:
    """Difference k1/n1 − k2/n2 with Newcombe's hybrid score interval (1998, method 10), ignoring offices.

    Raises ValueError as `wilson`, for either arm.
    """
    first, second = wilson(k1, n1, level=level), wilson(k2, n2, level=level)
    difference = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.low, second.high - second.estimate)
    above = math.hypot(first.high - first.estimate, second.estimate - second.low)
    return Interval(difference, max(difference - below, -1.0), min(difference + above, 1.0), level, "newcombe")


def miettinen_nurminen(k1: int, n1: int, k2: int, n2: int, *, level: float = 0.95) -> Interval:
    """Difference k1/n1 − k2/n2 with the score interval of Miettinen and Nurminen (1985), ignoring offices.

    The bounds are the differences δ at which (p1 − p2 − δ) / √v(δ) = ±z, where v is the variance at the maximum
    likelihood shares under δ, times N/(N − 1). The function exists because statsmodels 0.15.0 is wrong for it
    (`confint_proportions_2indep(method="score")`, its issue 10269). The bounds are right to 1e-9 for arms of up to some
    hundred persons, and to 1e-5 for one person against 100 000, where rounding in the cubic begins to show.

    Raises ValueError as `wilson`, for either arm.
    """
    return _score_interval(k1, n1, k2, n2, level=level, unbiased=True, method="miettinen_nurminen")


def mee(k1: int, n1: int, k2: int, n2: int, *, level: float = 0.95) -> Interval:
    """Difference k1/n1 − k2/n2 with Mee's score interval (1984): Miettinen and Nurminen's without N/(N − 1).

    Raises ValueError as `wilson`, for either arm.
    """
    return _score_interval(k1, n1, k2, n2, level=level, unbiased=False, method="mee")


def agresti_caffo(k1: int, n1: int, k2: int, n2: int, *, level: float = 0.95) -> Interval:
    """Wald's interval after one success and one failure are added in each arm (Agresti and Caffo 2000), not cut at ±1.

    The estimate is k1/n1 − k2/n2, and need not be the middle of the interval. Raises ValueError as `wilson`, for
    either arm.
    """
    _require_counts(k1, n1)
    _require_counts(k2, n2)
    added = [((k1 + 1) / (n1 + 2), n1 + 2), ((k2 + 1) / (n2 + 2), n2 + 2)]
    low, high = _wald_bounds(added, _normal_quantile(level))
    return Interval(k1 / n1 - k2 / n2, low, high, level, "agresti_caffo")


def wald_difference(k1: int, n1: int, k2: int, n2: int, *, level: float = 0.95) -> Interval:
    """The textbook interval of a difference, not cut: only to show beside the others, since it covers too little.

    Raises ValueError as `wilson`, for either arm.
    """
    _require_counts(k1, n1)
    _require_counts(k2, n2)
    low, high = _wald_bounds([(k1 / n1, n1), (k2 / n2, n2)], _normal_quantile(level))
    return Interval(k1 / n1 - k2 / n2, low, high, level, "wald_difference")


def pooled_z(k1: int, n1: int, k2: int, n2: int) -> Test:
    """Two-sided z-test of equal shares with the pooled variance, ignoring offices.

    When nobody or everybody has the outcome the shares are equal: statistic 0 and p-value 1, as for `fisher`. Raises
    ValueError as `wilson`, for either arm.
    """
    _require_counts(k1, n1)
    _require_counts(k2, n2)
    pooled = (k1 + k2) / (n1 + n2)
    if pooled in (0, 1):
        return Test(0.0, 1.0, "pooled_z")
    statistic = (k1 / n1 - k2 / n2) / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return Test(statistic, float(2 * scipy.special.ndtr(-abs(statistic))), "pooled_z")


def fisher(k1: int, n1: int, k2: int, n2: int) -> Test:
    """Fisher's exact two-sided test of equal shares; the statistic is the odds ratio of the sample.

    The odds ratio is infinite or missing when a cell is empty. Raises ValueError as `wilson`, for either arm.
    """
    _require_counts(k1, n1)
    _require_counts(k2, n2)
    result = scipy.stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]])
    return Test(float(result.statistic), float(result.pvalue), "fisher")


def cluster_t(
    k1: int,
    n1: int,
    k2: int,
    n2: int,
    *,
    offices1: int,
    offices2: int,
    icc: float,
    cv: float = 0.0,
    level: float = 0.95,
) -> ClusterInterval:
    """Difference k1/n1 − k2/n2 when whole offices were assigned and the source shows only the sums of the arms.

    SE² = Σ over arms p(1 − p)/n · [1 + (m − 1)·icc] with m = (1 + cv²)·n/offices from the arm's own n and offices
    (Donner and Klar 2000; unequal sizes as Eldridge, Ashby and Kerry 2006, Int. J. Epidemiology 35, 1292–1300), not
    pooled; t with offices1 + offices2 − 2 degrees of freedom. `icc` is assumed, not estimated; `cv` is the coefficient
    of variation of office sizes. The interval is not cut at ±1. When neither arm varies, SE is 0 and the formula says
    nothing: statistic, p-value and bounds are missing.

    Raises ValueError as `wilson`, for offices outside 1..n, fewer than one degree of freedom, icc outside [0, 1] and
    cv < 0.
    """
    first, treated = _arm_variance(k1, n1, offices=offices1, icc=icc, cv=cv)
    second, comparison = _arm_variance(k2, n2, offices=offices2, icc=icc, cv=cv)
    df = offices1 + offices2 - 2
    if df < 1:
        raise ValueError("two arms of one office each leave no degrees of freedom")
    estimate, std_error = k1 / n1 - k2 / n2, math.sqrt(first + second)
    statistic = estimate / std_error if std_error > 0 else math.nan
    reach = float(scipy.special.stdtrit(df, 1 - _tail(level))) * std_error if std_error > 0 else math.nan
    return ClusterInterval(
        estimate=estimate,
        std_error=std_error,
        df=df,
        statistic=statistic,
        p_value=float(2 * scipy.special.stdtr(df, -abs(statistic))),
        low=estimate - reach,
        high=estimate + reach,
        level=level,
        design_effect_treated=treated,
        design_effect_comparison=comparison,
    )


def _require_counts(k: int, n: int) -> None:
    if n != int(n) or n < 1:
        raise ValueError(f"the number of persons must be a whole number of at least 1, got {n}")
    if k != int(k) or not 0 <= k <= n:
        raise ValueError(f"the count must be a whole number from 0 to {n}, got {k}")


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"the level must lie between 0 and 1, got {level}")
    return (1 - level) / 2


def _normal_quantile(level: float) -> float:
    return float(-scipy.special.ndtri(_tail(level)))


def _wilson_bounds(share: float, n: float, z: float) -> tuple[float, float]:
    """The bounds for any real n > 0; exactly 0 at share 0 and exactly 1 at share 1."""
    denominator = 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / denominator
    reach = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / denominator
    # Rounding may leave the algebraic 0 or 1 at 1e-17, and a bound inside the estimate.
    return 0.0 if share == 0 else centre - reach, 1.0 if share == 1 else centre + reach


def _wald_bounds(arms: list[tuple[float, float]], z: float) -> tuple[float, float]:
    """The share of the one arm, or the first arm's minus the second's, ± z standard errors; arms are (share, n)."""
    middle = arms[0][0] - sum(share for share, _ in arms[1:])
    reach = z * math.sqrt(sum(share * (1 - share) / n for share, n in arms))
    return middle - reach, middle + reach


def _score_interval(k1: int, n1: int, k2: int, n2: int, *, level: float, unbiased: bool, method: str) -> Interval:
    """The differences at which the score statistic is ±z; `unbiased` multiplies its variance by N/(N − 1)."""
    _require_counts(k1, n1)
    _require_counts(k2, n2)
    z = _normal_quantile(level)
    root = math.sqrt((n1 + n2) / (n1 + n2 - 1)) if unbiased else 1.0
    difference = k1 / n1 - k2 / n2

    def excess(delta: float, target: float) -> float:
        return _score(k1, n1, k2, n2, delta) / root - target

    # The score falls from +∞ at −1 through 0 at the estimate to −∞ at 1, so each bound is alone in its bracket.
    low = scipy.optimize.bisect(excess, -1.0, difference, args=(z,), xtol=ROOT_TOLERANCE) if difference > -1 else -1.0
    high = scipy.optimize.bisect(excess, difference, 1.0, args=(-z,), xtol=ROOT_TOLERANCE) if difference < 1 else 1.0
    return Interval(difference, low, high, level, method)


def _design_effect(n: int, *, offices: int, icc: float, cv: float) -> float:
    """1 + (m − 1)·icc with m = (1 + cv²)·n/offices, the person-weighted mean office size."""
    if not 1 <= offices <= n:
        raise ValueError(f"{n} persons cannot come from {offices} offices with at least one person each")
    if not 0 <= icc <= 1:
        raise ValueError(f"the intra-cluster correlation must lie in [0, 1], got {icc}")
    if not 0 <= cv < math.inf:
        raise ValueError(f"the coefficient of variation of office sizes must be at least 0, got {cv}")
    return 1 + ((1 + cv**2) * n / offices - 1) * icc


def _arm_variance(k: int, n: int, *, offices: int, icc: float, cv: float) -> tuple[float, float]:
    """Variance of the share of an arm of offices, and the design effect in it."""
    _require_counts(k, n)
    effect = _design_effect(n, offices=offices, icc=icc, cv=cv)
    return k / n * (1 - k / n) / n * effect, effect


def _score(k1: int, n1: int, k2: int, n2: int, delta: float) -> float:
    """Mee's score statistic for the hypothesis p1 − p2 = delta; infinite where its variance is 0."""
    p1, p2 = _restricted_shares(k1, n1, k2, n2, delta)
    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    surplus = k1 / n1 - k2 / n2 - delta
    if variance > 0:
        return surplus / math.sqrt(variance)
    return math.copysign(math.inf, surplus) if surplus else 0.0


def _restricted_shares(k1: int, n1: int, k2: int, n2: int, delta: float) -> tuple[float, float]:
    """Maximum likelihood shares under p1 − p2 = delta: the closed cubic root of Farrington and Manning (1990)."""
    p1, p2, ratio = k1 / n1, k2 / n2, n2 / n1
    a = 1 + ratio
    b = -(1 + ratio + p1 + ratio * p2 + delta * (ratio + 2))
    c = delta**2 + delta * (2 * p1 + ratio + 1) + p1 + ratio * p2
    d = -p1 * delta * (1 + delta)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = math.copysign(math.sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v)
    # Rounding may carry the cosine just outside [−1, 1]; u = 0 is the triple root.
    cosine = min(max(v / u**3, -1.0), 1.0) if u else 1.0
    root = 2 * u * math.cos((math.pi + math.acos(cosine)) / 3) - b / (3 * a)
    first = min(max(root, delta, 0.0), 1.0, 1 + delta)
    return first, first - delta
