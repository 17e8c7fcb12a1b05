"""Weights from propensity scores: who stands for whom, by estimand.

ATT, ATC and ATE: Hirano, Imbens and Ridder (2003), Econometrica 71(4). Overlap weights (ATO): Li, Morgan and
Zaslavsky (2018), JASA 113(521). Matching weights (ATM): Li and Greene (2013), Int. J. Biostatistics 9(2). Limits on
the score: Crump, Hotz, Imbens and Mitnik (2009), Biometrika 96(1).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.balance_sizes import sampling
from analysis.problems import Problem, ProblemsFound
from analysis.scores import stop_at_one_group, treated_rows

ESTIMANDS = ("ATT", "ATC", "ATE", "ATO", "ATM")
HEADING = "Vektene kan ikke beregnes:"
OUTSIDE_LIMITS = "score_outside_limits"


@dataclass(frozen=True)
class Weighting:
    """Weights of everyone, in the order of the input.

    `weights` (n,): 0 or more, sampling weights included. `slope` (n,): derivative of each weight by the logit of the
    score, for standard errors that know that the score was estimated. `dropped`: row (position from 0), reason.
    `n_truncated`: weights that were cut to the largest accepted one.
    """

    weights: np.ndarray
    slope: np.ndarray
    dropped: pd.DataFrame
    estimand: str
    n_truncated: int = 0


def score_weights(
    probability,
    treated,
    *,
    estimand: str = "ATT",
    stabilise: bool = False,
    score_limits: tuple[float, float] | None = None,
    truncate_at: float | None = None,
    sampling_weights=None,
) -> Weighting:
    """Inverse-probability weights from scores `probability` (n,).

    With p the score, treated and comparison persons get — ATT: 1 and p/(1−p); ATC: (1−p)/p and 1; ATE: 1/p and
    1/(1−p); ATO: 1−p and p; ATM: min(p, 1−p) over the probability of the arm that the person is in. `stabilise`
    multiplies by the share of the arm, which changes no estimate that divides by the sum of weights. Persons with a
    score outside `score_limits` (inclusive) get weight 0. `truncate_at` (0.5–1) cuts weights above that quantile
    (type 7) of the arm's positive weights down to it, before `sampling_weights` (n,) are multiplied on.

    Raises `ProblemsFound` when one group is empty or a weight would be infinite; ValueError for wrong options.
    """
    _refuse_options(estimand, score_limits, truncate_at)
    p = np.asarray(probability, dtype="float64")
    treated = treated_rows(treated, len(p))
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("scores must be probabilities between 0 and 1, none missing")
    inside = np.ones(len(p), dtype=bool) if score_limits is None else _inside(p, score_limits)
    _stop_at_empty_arm(treated, inside)
    s = sampling(sampling_weights, treated)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights, slope = _by_estimand(p, treated, estimand)
    _stop_at_infinite(weights[inside], treated[inside])
    if stabilise:
        factor = np.where(treated, s[treated].sum(), s[~treated].sum()) / s.sum()
        weights, slope = weights * factor, slope * factor
    weights, slope = np.where(inside, weights, 0.0), np.where(inside, slope, 0.0)
    cut = _cut(weights, treated, truncate_at)
    above = weights > cut
    weights, slope = np.where(above, cut, weights), np.where(above, 0.0, slope)
    dropped = pd.DataFrame({"row": np.flatnonzero(~inside), "reason": OUTSIDE_LIMITS})
    return Weighting(weights * s, slope * s, dropped, estimand, int(above.sum()))


def _refuse_options(estimand: str, score_limits, truncate_at) -> None:
    if estimand not in ESTIMANDS:
        raise ValueError(f"unknown estimand {estimand!r}; known: {', '.join(ESTIMANDS)}")
    if score_limits is not None and not 0 <= score_limits[0] < score_limits[1] <= 1:
        raise ValueError(f"score_limits must rise within 0 and 1, not {score_limits!r}")
    if truncate_at is not None and not 0.5 <= truncate_at < 1:
        raise ValueError(f"truncate_at must be a quantile from 0.5 to below 1, not {truncate_at!r}")


def _inside(p: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return (p >= limits[0]) & (p <= limits[1])


def _stop_at_empty_arm(treated: np.ndarray, inside: np.ndarray) -> None:
    stop_at_one_group(HEADING, treated)
    for own, name in ((treated, "tiltaksgruppen"), (~treated, "sammenligningsgruppen")):
        if not (own & inside).any():
            what = f"ingen i {name} har en skår innenfor grensene."
            raise ProblemsFound(HEADING, [Problem("skårgrenser", what, "Gjør grensene videre.")])


def _by_estimand(p: np.ndarray, treated: np.ndarray, estimand: str) -> tuple[np.ndarray, np.ndarray]:
    """Weight of each person, and its derivative by logit(p), where dp/dlogit = p(1 − p)."""
    q = 1 - p
    nothing, one = np.zeros_like(p), np.ones_like(p)
    odds, against = p / q, q / p
    if estimand == "ATT":
        return np.where(treated, one, odds), np.where(treated, nothing, odds)
    if estimand == "ATC":
        return np.where(treated, against, one), np.where(treated, -against, nothing)
    if estimand == "ATE":
        return np.where(treated, 1 / p, 1 / q), np.where(treated, -against, odds)
    if estimand == "ATO":
        return np.where(treated, q, p), np.where(treated, -p * q, p * q)
    own, ratio = np.where(treated, p, q), np.where(treated, against, odds)
    rare = own <= 0.5
    return np.where(rare, one, ratio), np.where(rare, nothing, np.where(treated, -ratio, ratio))


def _stop_at_infinite(weights: np.ndarray, treated: np.ndarray) -> None:
    endless = ~np.isfinite(weights)
    if not endless.any():
        return
    groups = (("tiltaksgruppen", treated), ("sammenligningsgruppen", ~treated))
    problems = [
        Problem(name, f"{int((endless & own).sum())} personer ville fått uendelig vekt.", "Sett skårgrenser.")
        for name, own in groups
        if (endless & own).any()
    ]
    raise ProblemsFound(HEADING, problems)


def _cut(weights: np.ndarray, treated: np.ndarray, truncate_at: float | None) -> np.ndarray:
    """Largest accepted weight of each person, infinite without truncation."""
    if truncate_at is None:
        return np.full(len(weights), np.inf)
    one, none = (np.quantile(weights[own & (weights > 0)], truncate_at) for own in (treated, ~treated))
    return np.where(treated, one, none)
