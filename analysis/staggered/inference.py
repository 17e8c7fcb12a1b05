"""Standard errors and intervals of many estimates at once: clustered influences, and leaving one office out."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy

from analysis.problems import Problem, stop_if_any
from analysis.tables import FEW_OFFICES

HEADING = "Usikkerheten kan ikke beregnes:"
# The jackknife is the headline below so many offices, or so many on either side of the comparison: with six treated of
# a hundred, clustered influences cover 87 % and the jackknife 92 % (docs/validation.md). Below FEW_TREATED treated
# ones no asymptotic p-value is given.
MANY_OFFICES = 50
MANY_ON_A_SIDE = 25
FEW_TREATED = 6
ONE_OFFICE = "single_office_behind_estimate"
# A standard error below this part of the outcome's size is rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Uncertainty:
    """How sure R estimates are, by one way of reckoning.

    `covariance` (R, R); `df` infinite for the normal; `reason` (R,): why a p-value or a standard error is missing,
    empty otherwise. Missing numbers are NaN.
    """

    inference: str
    convention: str
    cluster_level: str
    n_clusters: int
    std_error: np.ndarray
    df: float
    statistic: np.ndarray
    p_value: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    conf_level: float
    covariance: np.ndarray
    reason: tuple[str, ...]


def cluster_sums(influence: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Influences (units, R) added up within clusters: (G, R), clusters in sorted order."""
    codes, names = pd.factorize(np.asarray(clusters), sort=True)
    if len(names) == len(codes):
        return influence[np.argsort(codes)]
    sums = np.zeros((len(names), influence.shape[1]))
    np.add.at(sums, codes, influence)
    return sums


def clustered(
    estimate: np.ndarray,
    sums: np.ndarray,
    *,
    corrected: bool = True,
    level: float = 0.95,
    cluster_level: str = "office",
    scale: float = 0.0,
) -> Uncertainty:
    """From influences by cluster `sums` (G, R): V = Σ ψψ′, times G/(G − 1) with t(G − 1) when `corrected`.

    Uncorrected with the normal distribution is the convention of R's did. ProblemsFound for a single cluster.
    """
    g = len(sums)
    stop_at_one_cluster(g)
    covariance = sums.T @ sums * (g / (g - 1) if corrected else 1.0)
    name = f"clustered influences, G/(G-1), t(G-1), G={g}" if corrected else f"R did: clustered, no factor, z, G={g}"
    inference = "cluster" if corrected else "cluster_r_did"
    df = float(g - 1) if corrected else float("inf")
    return uncertainty(
        estimate, covariance, df, inference=inference, convention=name, cluster_level=cluster_level, n_clusters=g,
        level=level, scale=scale,
    )  # fmt: skip


def independent(
    estimate: np.ndarray, covariance: np.ndarray, n: int, *, level: float = 0.95, scale: float = 0.0
) -> Uncertainty:
    """From the covariance (R, R) of `analysis.staggered.moments`, with `n` independent persons and the normal."""
    name = f"independent persons, no factor, z, n={n}"
    return uncertainty(
        estimate, covariance, float("inf"), inference="person", convention=name, cluster_level="person", n_clusters=n,
        level=level, scale=scale,
    )  # fmt: skip


def jackknife(estimate: np.ndarray, left_out: np.ndarray, *, level: float = 0.95, scale: float = 0.0) -> Uncertainty:
    """Delete one office: V = (G − 1)/G · Σ (θ₋g − θ)(θ₋g − θ)′, t(G − 1). `left_out` (G, R).

    CR3 of MacKinnon, Nielsen and Webb (2023), J. Applied Econometrics 38(5), centred at the estimate. An estimate that
    is undefined without one of the offices (a group of one office) has no standard error, and says so.
    """
    g = len(left_out)
    stop_at_one_cluster(g)
    apart = left_out - estimate
    covariance = (g - 1) / g * (apart.T @ apart)
    name = f"delete-one-office jackknife, (G-1)/G, t(G-1), G={g}"
    return uncertainty(
        estimate, covariance, float(g - 1), inference="jackknife", convention=name, cluster_level="office",
        n_clusters=g, level=level, scale=scale, missing=ONE_OFFICE,
    )  # fmt: skip


def uncertainty(
    estimate: np.ndarray,
    covariance: np.ndarray,
    df: float,
    *,
    inference: str,
    convention: str,
    cluster_level: str,
    n_clusters: int,
    level: float = 0.95,
    scale: float = 0.0,
    missing: str = "",
) -> Uncertainty:
    """Student's t (the normal with infinite `df`) from a covariance; rounding beside `scale` is no certainty.

    `missing` is the reason given where the standard error is NaN.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    se = np.sqrt(np.diag(covariance))
    se = np.where(se > ROUNDING * scale, se, np.nan)
    reach = (scipy.stats.norm.ppf((1 + level) / 2) if np.isinf(df) else scipy.stats.t.ppf((1 + level) / 2, df)) * se
    statistic = estimate / se
    p = 2 * (scipy.stats.norm.sf(np.abs(statistic)) if np.isinf(df) else scipy.stats.t.sf(np.abs(statistic), df))
    return Uncertainty(
        inference=inference,
        convention=convention,
        cluster_level=cluster_level,
        n_clusters=n_clusters,
        std_error=se,
        df=df,
        statistic=statistic,
        p_value=p,
        conf_low=estimate - reach,
        conf_high=estimate + reach,
        conf_level=level,
        covariance=covariance,
        reason=tuple(missing if lost else "" for lost in np.isnan(np.diag(covariance))),
    )


def few_offices(offices: int, treated: float, comparison: float) -> bool:
    """Whether the jackknife is to be quoted: few offices in all, or on either side of the comparison."""
    return offices < MANY_OFFICES or min(treated, comparison) < MANY_ON_A_SIDE


def few_treated_rule(
    found: Uncertainty,
    n_offices_treated: np.ndarray,
    n_offices_comparison: np.ndarray | None = None,
    *,
    threshold: int = FEW_TREATED,
) -> Uncertainty:
    """The same without statistic and p-value for estimates that rest on fewer than `threshold` treated offices.

    design.md 4: a p-value from the permutation of adoption dates, or a placebo rank, stands beside it instead. With a
    single office on a side its own spread cannot be seen, its influence is 0, and clustered errors are far too small:
    then there is no standard error by office either.
    """
    treated = np.asarray(n_offices_treated)
    least = treated if n_offices_comparison is None else np.minimum(treated, n_offices_comparison)
    alone, few = (least < 2) & (found.cluster_level == "office"), treated < threshold
    reasons = tuple(_first_reason(*three) for three in zip(found.reason, alone, few, strict=True))
    gone = {name: np.where(few | alone, np.nan, getattr(found, name)) for name in ("statistic", "p_value")}
    gone |= {name: np.where(alone, np.nan, getattr(found, name)) for name in ("std_error", "conf_low", "conf_high")}
    return replace(found, **gone, reason=reasons)


def _first_reason(own: str, alone: bool, few: bool) -> str:
    return own or (ONE_OFFICE if alone else FEW_OFFICES if few else "")


def wald_p(estimate: np.ndarray, covariance: np.ndarray, *, n_clusters: int | None = None) -> tuple[float, int]:
    """p-value and degrees of freedom q of the joint test that `estimate` (q,) is 0: χ²(q), or F(q, G − 1).

    NaN when the covariance is singular, as it is with fewer clusters than estimates.
    """
    q = len(estimate)
    if q == 0 or not np.isfinite(covariance).all() or np.linalg.matrix_rank(covariance, hermitian=True) < q:
        return float("nan"), q
    wald = float(estimate @ np.linalg.solve(covariance, estimate))
    return float(
        scipy.stats.chi2.sf(wald, q) if n_clusters is None else scipy.stats.f.sf(wald / q, q, n_clusters - 1)
    ), q


def stop_at_one_cluster(n: int) -> None:
    """Raise ProblemsFound when the uncertainty would rest on one office."""
    what = "alle personene hører til ett kontor, så forskjeller mellom kontorer kan ikke anslås."
    mend = "Velg usikkerhet med uavhengige personer, og si det i rapporten."
    stop_if_any(HEADING, [Problem("klynger", what, mend)] if n < 2 else [])
