"""Shares and differences of persons sampled as whole offices, by linearised variances as in survey sampling.

The offices are taken as drawn from many, each with all its persons. With z_g the sum of an office's influence on the
estimate, V = G/(G − 1) Σ z_g².

References: Binder (1983), International Statistical Review 51(3) (linearisation); Korn and Graubard (1998), Survey
Methodology 24(2) (`beta`); Rao and Scott (1984), Annals of Statistics 12(1) (`likelihood`); Kish (1965), Survey
Sampling (design effect).
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.problems import Problem, ProblemsFound
from analysis.trials.cluster_robust import refuse_one_cluster
from analysis.trials.found import Found, t_found
from analysis.trials.least_squares import Fit, least_squares

HEADING = "Andelen kan ikke få noe intervall:"


@dataclass(frozen=True)
class _Share:
    """A share of `persons`, its variance by `offices` offices, and the t quantile of the level."""

    share: float
    variance: float
    persons: int
    offices: int
    quantile: float
    level: float

    @property
    def effect(self) -> float:
        """Variance over that of as many independent persons, share·(1 − share)/n."""
        return self.variance * self.persons / (self.share * (1 - self.share))


def clustered_share(y, clusters, *, method: str = "logit", level: float = 0.95) -> Found:
    """The share of persons with outcome `y` (n,) of 0 and 1, with an interval by `clusters` (n,), t(G − 1).

    `mean`: share ± t·se. `logit`: the same for the log odds, with se/(share(1 − share)). `likelihood`: the shares whose
    log-likelihood lies at most t²/2 · effect · n/(n − 1) below the top. `beta`: Clopper and Pearson's bounds with
    effective counts, n_eff = n/effect · (t_{n−1}/t_{G−1})². No test: there is no share to test against.

    Raises `ProblemsFound` when all have the same outcome or all offices the same share, since the offices then say
    nothing about the uncertainty, and as `least_squares`; ValueError for other outcomes than 0 and 1 and other methods.
    """
    if method not in BOUNDS:
        raise ValueError(f"method must be one of {', '.join(BOUNDS)}, got {method!r}")
    fit = _mean(y, clusters)
    if not np.isin(fit.y, (0.0, 1.0)).all():
        raise ValueError("a share needs an outcome of zeros and ones")
    offices = fit.n_clusters
    variance = _variance(fit, "")
    _require_spread(fit, variance)
    quantile = float(scipy.stats.t.ppf(0.5 + level / 2, offices - 1))
    share = _Share(float(fit.beta[0]), variance, len(fit.y), offices, quantile, level)
    low, high = BOUNDS[method](share)
    return Found(
        estimate=share.share,
        inference=f"survey_{method}",
        convention="linearised variance by office, G/(G-1); t(G-1)",
        std_error=float(np.sqrt(variance)),
        df=float(offices - 1),
        low=low,
        high=high,
        clusters=offices,
    )


def sampling_design_effect(y, clusters) -> float:
    """Variance of the mean of `y` by office over that of as many independent persons, s²/n with s² over n − 1.

    Raises `ProblemsFound` when `y` does not vary, and as `least_squares`.
    """
    fit = _mean(y, clusters)
    variance = _variance(fit, "")
    if fit.no_spread(float(np.sqrt(variance)), "") and not np.ptp(fit.y):
        _stop("alle har samme utfall.")
    return float(variance * len(fit.y) / fit.y.var(ddof=1))


def clustered_difference(y, x, clusters, name: str, *, level: float = 0.95) -> Found:
    """The coefficient of `name` in least squares, linearised variance by office, with t(G − k).

    `x` (n, k) and `clusters` as for `least_squares`. Raises as it, and `ProblemsFound` where one office decides the
    coefficient alone or there are no more offices than columns.
    """
    fit = least_squares(y, x, clusters)
    refuse_one_cluster(fit, name)
    freedom = fit.n_clusters - len(fit.names)
    if freedom < 1:
        what = f"{fit.n_clusters} kontorer er for få til {len(fit.names)} kolonner."
        raise ProblemsFound(HEADING, [Problem("kontor", what, "Ta ut kovariater.")])
    return t_found(
        fit.coefficient(name),
        np.sqrt(_variance(fit, name)),
        freedom,
        inference="survey_difference",
        convention="linearised variance by office, G/(G-1); t(G-k)",
        clusters=fit.n_clusters,
        level=level,
    )


def _mean(y, clusters) -> Fit:
    return least_squares(y, (("",), np.ones((len(y), 1))), clusters)


def _variance(fit: Fit, name: str) -> float:
    influence = fit.scores @ fit.contrast(name)
    return float(fit.n_clusters / (fit.n_clusters - 1) * (influence @ influence))


def _stop(what: str) -> None:
    raise ProblemsFound(HEADING, [Problem("utfallet", what, "Bruk et eksakt intervall for andelen.")])


def _require_spread(fit: Fit, variance: float) -> None:
    if fit.y.min() == fit.y.max():
        _stop("alle har samme utfall.")
    if fit.no_spread(float(np.sqrt(variance)), ""):
        _stop("alle kontorene har nøyaktig samme andel.")


def _mean_bounds(share: _Share) -> tuple[float, float]:
    reach = share.quantile * np.sqrt(share.variance)
    return float(share.share - reach), float(share.share + reach)


def _logit_bounds(share: _Share) -> tuple[float, float]:
    centre = scipy.special.logit(share.share)
    reach = share.quantile * np.sqrt(share.variance) / (share.share * (1 - share.share))
    return float(scipy.special.expit(centre - reach)), float(scipy.special.expit(centre + reach))


def _likelihood_bounds(share: _Share) -> tuple[float, float]:
    n, centre = share.persons, scipy.special.logit(share.share)
    allowed = share.quantile**2 / 2 * share.effect * n / (n - 1)

    def fall(log_odds: float) -> float:
        def likelihood(at: float) -> float:
            return n * (share.share * at - np.logaddexp(0.0, at))

        return likelihood(centre) - likelihood(log_odds) - allowed

    # A distance d from the top takes at least n·(d·least − log(1 + e^|centre|)) off, least the smaller share.
    far = (allowed / n + np.logaddexp(0.0, abs(centre)) + 1) / min(share.share, 1 - share.share)
    low = scipy.optimize.brentq(fall, centre - far, centre, xtol=1e-13)
    high = scipy.optimize.brentq(fall, centre, centre + far, xtol=1e-13)
    return float(scipy.special.expit(low)), float(scipy.special.expit(high))


def _beta_bounds(share: _Share) -> tuple[float, float]:
    tail = (1 - share.level) / 2
    independent = -scipy.stats.t.ppf(tail, share.persons - 1)
    effective = share.persons / share.effect * (independent / share.quantile) ** 2
    yes, no = effective * share.share, effective * (1 - share.share)
    return float(scipy.stats.beta.ppf(tail, yes, no + 1)), float(scipy.stats.beta.ppf(1 - tail, yes + 1, no))


BOUNDS = {"logit": _logit_bounds, "likelihood": _likelihood_bounds, "beta": _beta_bounds, "mean": _mean_bounds}
