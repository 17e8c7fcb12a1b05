"""Several studies of one question as one number: random effects by restricted likelihood, with Hartung-Knapp's test.

Study i of k reports y_i with standard error s_i; y_i ~ N(θ_i, s_i²) and θ_i ~ N(μ, τ²). Reported are μ, the mean over
studies like these, how much they differ (τ², I², H²), and where the effect of a further study would lie (the
prediction interval). Only studies of one `measure` are put together. Source: Viechtbauer (2010), Journal of
Statistical Software 36(3), whose R package metafor is the reference to 1e-6.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from analysis.problems import Problem, stop_if_any

NAN = float("nan")
# What a number measures. Ratios enter as logarithms: their sampling distribution is near normal only there.
MEASURES = {
    "risk_difference": "differanse i andel",
    "mean_difference": "differanse i gjennomsnitt",
    "log_risk_ratio": "logaritmen av forholdet mellom andeler",
    "log_odds_ratio": "logaritmen av oddsforholdet",
}
METHODS = ("reml", "paule_mandel", "dersimonian_laird", "maximum_likelihood", "fixed")
TESTS = ("knha", "adhoc", "t", "z")
PREDICTIONS = ("metafor", "riley")
FEWEST_FOR_PREDICTION = 3
GRID = 200  # values of τ² between which a top of the likelihood is looked for
SMALLEST_TAU2 = 1e-8  # of the smallest s²: below it τ² is 0
HEADING = "Undersøkelsene kan ikke slås sammen:"


@dataclass(frozen=True)
class Study:
    """One study's `estimate` with `std_error`, in units of `measure` (shares 0–1, ratios as natural logarithms).

    `base_rate`: the share with the outcome (0–1) in its comparison group, to be shown beside it; nan if unknown.
    """

    name: str
    estimate: float
    std_error: float
    measure: str
    base_rate: float = NAN


@dataclass(frozen=True)
class Spread:
    """A measure of how much studies differ, with its Q-profile interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Synthesis:
    """Mean effect of `k` studies of one `measure`, in its units.

    `estimate`, `std_error`, `df` (inf for the normal), `statistic`, `p_value`, `low`, `high` at `level`; `method` of
    τ² and `test`. `factor`: what `test` multiplies the variance by; below 1 with `knha` means an interval narrower
    than a t-interval without it. `tau2`, `i2` (0–1, share of the variance that is between studies), `h2`; `q` with
    `q_df` and `q_p_value`, Cochran's test that all are alike. `prediction_low`, `prediction_high` with
    `prediction_df`: the interval of a further study's effect; nan below three studies and for `fixed`. `weights` (k,)
    sum to 1, in the order of the studies. `base_rates` (k,), nan where unknown.
    """

    measure: str
    method: str
    test: str
    k: int
    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    low: float
    high: float
    level: float
    factor: float
    tau2: Spread
    i2: Spread
    h2: Spread
    q: float
    q_df: int
    q_p_value: float
    prediction_low: float
    prediction_high: float
    prediction_df: float
    weights: tuple[float, ...]
    base_rates: tuple[float, ...]


def synthesise(
    studies: Iterable[Study],
    *,
    method: str = "reml",
    test: str = "knha",
    prediction: str = "metafor",
    level: float = 0.95,
) -> Synthesis:
    """The mean effect over `studies`, at least two and all of one measure.

    μ = Σw y/Σw with w = 1/(s² + τ²). `test`: `knha` multiplies Var(μ) = 1/Σw by Σw(y − μ)²/(k − 1) and takes
    t(k − 1); `adhoc` is `knha` with a factor of at least 1; `t` is t(k − 1) alone; `z` normal. `method` `fixed` has
    τ² = 0 and is always `z`: its number is about these studies only.
    Prediction, from three studies on: μ ± t·√(Var(μ) + τ²), with the degrees of freedom of the test (`metafor`, as its
    `predict` does: k − 1 for `knha`) or k − 2 (`riley`: Higgins, Thompson and Spiegelhalter 2009, JRSS A 172, 137–159).
    ProblemsFound for fewer than two studies, several measures, an unknown one, and numbers that cannot be pooled;
    ValueError for an unknown option. Source: Hartung and Knapp (2001), Statistics in Medicine 20, 3875–3889; Röver,
    Knapp and Friede (2015), BMC Medical Research Methodology 15:99 (`adhoc`).
    """
    studies = tuple(studies)
    _known_options(method, test, prediction, level)
    stop_if_any(HEADING, _hindrances(studies))
    y = np.array([study.estimate for study in studies], dtype="float64")
    v = np.array([study.std_error for study in studies], dtype="float64") ** 2
    test = "z" if method == "fixed" else test
    tau2 = tau_squared(y, v, method=method)
    mean = _mean(y, v, tau2, test, level)
    weights = _weights(v, tau2)
    return Synthesis(
        measure=studies[0].measure,
        method=method,
        test=test,
        k=len(y),
        level=level,
        **mean,
        **_homogeneity(y, v),
        **_heterogeneity(None if method == "fixed" else _q_profile(y, v, tau2, level), v),
        **_prediction(mean, tau2, None if method == "fixed" else prediction, len(y), level),
        weights=tuple((weights / weights.sum()).tolist()),
        base_rates=tuple(study.base_rate for study in studies),
    )


def beside(studies: Iterable[Study], *, test: str = "knha", level: float = 0.95) -> dict[str, Synthesis]:
    """The same studies by each way to find τ², `fixed` among them, to be shown beside the main answer."""
    studies = tuple(studies)
    return {method: synthesise(studies, method=method, test=test, level=level) for method in METHODS}


def without_each_study(studies: Sequence[Study], **options) -> dict[str, Synthesis]:
    """The synthesis without one study at a time, by the name of the one left out; at least three studies."""
    if len(studies) < FEWEST_FOR_PREDICTION:
        raise ValueError("leaving out one study needs at least three")
    rest = {study.name: [other for other in studies if other is not study] for study in studies}
    return {name: synthesise(others, **options) for name, others in rest.items()}


def on_ratio_scale(synthesis: Synthesis) -> Synthesis:
    """A synthesis of log ratios with its estimate and intervals as ratios; its errors and spread stay logarithms."""
    if not synthesis.measure.startswith("log_"):
        raise ValueError(f"{synthesis.measure} is not a logarithm")
    names = ("estimate", "low", "high", "prediction_low", "prediction_high")
    ratios = {name: float(np.exp(getattr(synthesis, name))) for name in names}
    return replace(synthesis, measure=synthesis.measure.removeprefix("log_"), **ratios)


def tau_squared(y: np.ndarray, v: np.ndarray, *, method: str = "reml") -> float:
    """Variance τ² ≥ 0 between studies with estimates `y` (k,) and variances `v` (k,), in squared units of y.

    `reml` and `maximum_likelihood`: the highest top of the (restricted) likelihood, looked for over all τ² ≥ 0;
    `paule_mandel`: Σ(y − μ)²/(s² + τ²) = k − 1; `dersimonian_laird`: by the moments of Cochran's Q; `fixed`: 0.
    Source: Veroniki and others (2016), Research Synthesis Methods 7, 55–79, sections 2.1–2.2.
    """
    if method == "fixed":
        return 0.0
    if method == "dersimonian_laird":
        w = 1 / v
        return float(max(0.0, (_cochran(y, v, 0.0) - (len(y) - 1)) / (w.sum() - (w**2).sum() / w.sum())))
    if method == "paule_mandel":
        return _crossing(y, v, len(y) - 1.0)
    return _likeliest(y, v, restricted=method == "reml")


def _known_options(method: str, test: str, prediction: str, level: float) -> None:
    for value, known in ((method, METHODS), (test, TESTS), (prediction, PREDICTIONS)):
        if value not in known:
            raise ValueError(f"unknown option {value!r}; known: {', '.join(known)}")
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1")


def _hindrances(studies: Sequence[Study]) -> list[Problem]:
    problems = []
    if len(studies) < 2:
        problems.append(Problem("antall", f"det er {len(studies)} undersøkelse.", "Det trengs minst to."))
    found = sorted({study.measure for study in studies})
    for measure in set(found) - set(MEASURES):
        mend = f"Kjente mål: {', '.join(MEASURES)}. Forholdstall føres som logaritmer."
        problems.append(Problem("measure", f"målet «{measure}» er ukjent.", mend))
    if len(found) > 1:
        told = " og ".join(f"«{MEASURES.get(measure, measure)}»" for measure in found)
        problems.append(Problem("measure", f"ulike mål: {told}.", "Slå sammen hvert mål for seg."))
    for study in studies:
        usable = np.isfinite(study.estimate) and np.isfinite(study.std_error) and study.std_error > 0
        if not usable:
            problems.append(Problem(study.name, "mangler anslag eller standardfeil over null.", "Ta den ut."))
    return problems


def _weights(v: np.ndarray, tau2: float) -> np.ndarray:
    return 1 / (v + tau2)


def _centre(y: np.ndarray, v: np.ndarray, tau2: float) -> float:
    w = _weights(v, tau2)
    return float((w * y).sum() / w.sum())


def _cochran(y: np.ndarray, v: np.ndarray, tau2: float) -> float:
    """Q(τ²) = Σw(y − μ)², which falls as τ² grows."""
    return float((_weights(v, tau2) * (y - _centre(y, v, tau2)) ** 2).sum())


def _mean(y: np.ndarray, v: np.ndarray, tau2: float, test: str, level: float) -> dict[str, float]:
    """μ with its error, test and interval."""
    k = len(y)
    factor = _cochran(y, v, tau2) / (k - 1) if test in ("knha", "adhoc") else 1.0
    factor = max(1.0, factor) if test == "adhoc" else factor
    df = np.inf if test == "z" else k - 1.0
    estimate, std_error = _centre(y, v, tau2), float(np.sqrt(factor / _weights(v, tau2).sum()))
    half, statistic = _quantile(level, df) * std_error, _ratio(estimate, std_error)
    return {
        "estimate": estimate,
        "std_error": std_error,
        "df": df,
        "factor": factor,
        "statistic": statistic,
        "p_value": float(2 * scipy.stats.t.sf(abs(statistic), df)),
        "low": estimate - half,
        "high": estimate + half,
    }


def _quantile(level: float, df: float) -> float:
    # scipy's t with infinite degrees of freedom is the normal.
    return float(scipy.stats.t.ppf(0.5 + level / 2, df))


def _ratio(mean: float, std_error: float) -> float:
    """Estimate over error; without an error (identical estimates under `knha`) infinite, or nan at 0."""
    if std_error > 0:
        return mean / std_error
    return float(np.copysign(np.inf, mean)) if mean else NAN


def _homogeneity(y: np.ndarray, v: np.ndarray) -> dict[str, float]:
    q, df = _cochran(y, v, 0.0), len(y) - 1
    return {"q": q, "q_df": df, "q_p_value": float(scipy.stats.chi2.sf(q, df))}


def _likeliest(y: np.ndarray, v: np.ndarray, *, restricted: bool) -> float:
    """Where the likelihood is highest: at 0, or where its slope goes from up to down."""
    # Beyond this τ² the slope is negative: Σw²(y − μ)² ≤ max w²·SS, and the trace is at least (k − 1)·min w.
    mean_square = float(((y - y.mean()) ** 2).sum() / (len(y) - 1))
    upper = mean_square + np.sqrt(mean_square**2 + 4 * mean_square * v.max())
    if not upper > 0:
        return 0.0
    grid = np.concatenate([[0.0], np.geomspace(SMALLEST_TAU2 * min(v.min(), upper), upper, GRID)])
    slopes = _slope(grid, y, v, restricted)
    tops = [0.0] + [
        float(scipy.optimize.brentq(_slope, *grid[i : i + 2], args=(y, v, restricted), xtol=1e-15 * upper, rtol=1e-14))
        for i in np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    ]
    return max(tops, key=lambda tau2: _log_likelihood(y, v, tau2, restricted))


def _slope(tau2: float | np.ndarray, y: np.ndarray, v: np.ndarray, restricted: bool) -> np.ndarray:
    """Twice the derivative of the log-likelihood at each `tau2`, of its shape."""
    w = 1 / (v + np.asarray(tau2)[..., None])
    total = w.sum(axis=-1)
    residual = y - ((w * y).sum(axis=-1) / total)[..., None]
    trace = total - (w**2).sum(axis=-1) / total if restricted else total
    return (w**2 * residual**2).sum(axis=-1) - trace


def _log_likelihood(y: np.ndarray, v: np.ndarray, tau2: float, restricted: bool) -> float:
    w = _weights(v, tau2)
    found = 0.5 * (np.log(w).sum() - _cochran(y, v, tau2))
    return float(found - 0.5 * np.log(w.sum()) if restricted else found)


def _crossing(y: np.ndarray, v: np.ndarray, target: float) -> float:
    """The τ² ≥ 0 at which Q(τ²) is `target`; 0 if Q is below it from the start."""
    if _cochran(y, v, 0.0) <= target:
        return 0.0
    upper = float(((y - y.mean()) ** 2).sum() / target)  # Q(τ²) ≤ SS/τ²
    return float(scipy.optimize.brentq(lambda tau2: _cochran(y, v, tau2) - target, 0.0, upper, xtol=1e-15 * upper))


def _q_profile(y: np.ndarray, v: np.ndarray, tau2: float, level: float) -> Spread:
    """τ² with the values at which Q is an upper and a lower quantile of χ²(k − 1): Viechtbauer (2007), Statistics in
    Medicine 26, 37–52. Both ends are 0 when the studies are more alike than chance makes them."""
    ends = scipy.stats.chi2.ppf([0.5 + level / 2, 0.5 - level / 2], len(y) - 1)
    return Spread(tau2, *(_crossing(y, v, float(end)) for end in ends))


def _heterogeneity(tau2: Spread | None, v: np.ndarray) -> dict[str, Spread]:
    """τ², I² = τ²/(τ² + s²) and H² = 1 + τ²/s², with s² the typical variance of a study (Higgins and Thompson 2002)."""
    if tau2 is None:
        return {"tau2": Spread(0.0, NAN, NAN), "i2": Spread(NAN, NAN, NAN), "h2": Spread(NAN, NAN, NAN)}
    w = 1 / v
    typical = (len(v) - 1) / (w.sum() - (w**2).sum() / w.sum())
    ends = np.array([tau2.value, tau2.low, tau2.high])
    shares, ratios = ends / (ends + typical), 1 + ends / typical
    return {"tau2": tau2, "i2": Spread(*map(float, shares)), "h2": Spread(*map(float, ratios))}


def _prediction(mean: dict[str, float], tau2: float, kind: str | None, k: int, level: float) -> dict[str, float]:
    """Ends and degrees of freedom of the interval of a further study's effect."""
    names = ("prediction_low", "prediction_high", "prediction_df")
    if kind is None or k < FEWEST_FOR_PREDICTION:
        return dict.fromkeys(names, NAN)
    df = k - 2.0 if kind == "riley" else mean["df"]
    half = _quantile(level, df) * float(np.sqrt(mean["std_error"] ** 2 + tau2))
    return dict(zip(names, (mean["estimate"] - half, mean["estimate"] + half, df), strict=True))
