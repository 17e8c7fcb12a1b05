"""How strong an unmeasured cause of getting the treatment must be before a matched finding falls: Rosenbaum's bounds.

Two persons of a matched pair or set may differ by at most a factor Γ in their odds of treatment, Γ = 1 being a draw
by lot. For each Γ the p-value lies between `p_low` and `p_high`, whatever the unmeasured cause. All p-values are
one-sided. Source: Rosenbaum (2002), Observational Studies, 2nd ed., chapter 4. The model is about persons: where
offices were assigned, pairs of offices are what must be handed in.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

NAN = float("nan")
ALTERNATIVES = ("greater", "less")
EXACT_UP_TO = 100  # pairs with a difference; beyond it the normal approximation is as good
LARGEST_GAMMA = 1e6


@dataclass(frozen=True)
class Bounds:
    """Range of the one-sided p-value at one `gamma`."""

    gamma: float
    p_low: float
    p_high: float


@dataclass(frozen=True)
class Rosenbaum:
    """`bounds` at each Γ asked for, and `gamma_limit`, the Γ at which `p_high` reaches `alpha`.

    `gamma_limit` is nan when the finding does not hold at Γ = 1 either, inf when no Γ up to 1e6 takes it away.
    `informative`: pairs or sets that say anything (discordant ones).
    """

    bounds: tuple[Bounds, ...]
    gamma_limit: float
    alpha: float
    informative: int


def binary_pairs(
    treated_only: int, control_only: int, *, gammas=(1.0, 1.5, 2.0, 3.0), alpha: float = 0.05, alternative="greater"
) -> Rosenbaum:
    """McNemar's test under hidden bias: pairs in which only the treated, or only the control, had the outcome.

    P(Bin(D, p) ≥ `treated_only`) with D discordant pairs and p from 1/(1 + Γ) to Γ/(1 + Γ), exact. `alternative`:
    `greater` when the treated are to have the outcome more often. Source: Rosenbaum (2002), chapter 4.
    """
    _known(alternative, gammas)
    if min(treated_only, control_only) < 0:
        raise ValueError("counts cannot be negative")
    d = treated_only + control_only
    hits = treated_only if alternative == "greater" else control_only

    def p_value(odds: float) -> float:
        return float(scipy.stats.binom.sf(hits - 1, d, odds / (1 + odds)))

    return _answers(p_value, d, gammas, alpha)


def binary_sets(
    outcome, treated, sets, *, gammas=(1.0, 1.5, 2.0, 3.0), alpha: float = 0.05, alternative="greater"
) -> Rosenbaum:
    """The Mantel-Haenszel test of matched sets under hidden bias, for 0/1 `outcome`, `treated` and `sets` (n,) each.

    Each set has any number of treated and of controls. The number of treated with the outcome in a set of n, m of
    them treated and c with the outcome, is at most extended hypergeometric with odds Γ; the sum over sets is worked
    out exactly. In pairs it is McNemar's test. Source: Rosenbaum (2002), chapter 4.
    """
    _known(alternative, gammas)
    y, z = np.asarray(outcome, dtype="float64"), np.asarray(treated, dtype="float64")
    if y.shape != z.shape or y.ndim != 1 or not (np.isin(y, (0, 1)).all() and np.isin(z, (0, 1)).all()):
        raise ValueError("outcome and treated must hold 0 or 1 for each person")
    y = y if alternative == "greater" else 1 - y
    code = np.unique(np.asarray(sets), return_inverse=True)[1]
    size, with_outcome, n_treated = (np.bincount(code, weights=w).astype(int) for w in (np.ones(len(y)), y, z))
    open_ = (with_outcome > 0) & (with_outcome < size) & (n_treated > 0) & (n_treated < size)
    shapes, counts = np.unique(np.column_stack([size, with_outcome, n_treated])[open_], axis=0, return_counts=True)
    hits = int(np.bincount(code, weights=y * z)[open_].sum())

    def p_value(odds: float) -> float:
        total = np.ones(1)
        for shape, count in zip(shapes, counts, strict=True):
            total = np.convolve(total, _sum_of(int(count), _hypergeometric(*shape, odds)))
        return float(min(1.0, total[hits:].sum()))

    return _answers(p_value, int(open_.sum()), gammas, alpha)


def signed_rank(
    differences,
    *,
    gammas=(1.0, 1.5, 2.0, 3.0),
    alpha: float = 0.05,
    alternative="greater",
    zeros: str = "pratt",
    exact: bool | None = None,
) -> Rosenbaum:
    """Wilcoxon's signed rank test under hidden bias, of treated minus control in each pair: (P,).

    The rank of a pair counts with probability 1/(1 + Γ) to Γ/(1 + Γ). `zeros`: pairs without a difference are ranked
    and then left out (`pratt`, as Rosenbaum does) or left out first (`wilcoxon`, as in R's rbounds). `exact`: the
    distribution itself, or a normal one without continuity correction; None is exact up to 100 pairs.
    Source: Rosenbaum (2002), chapter 4.
    """
    _known(alternative, gammas)
    d = np.asarray(differences, dtype="float64") * (1 if alternative == "greater" else -1)
    if d.ndim != 1 or not np.isfinite(d).all() or zeros not in ("pratt", "wilcoxon"):
        raise ValueError("differences must be finite, and zeros either pratt or wilcoxon")
    d = d[d != 0] if zeros == "wilcoxon" else d
    ranks = scipy.stats.rankdata(np.abs(d))[d != 0]
    total, signs = float(ranks[d[d != 0] > 0].sum()), len(ranks)
    exact = signs <= EXACT_UP_TO if exact is None else exact

    def p_value(odds: float) -> float:
        share = odds / (1 + odds)
        if exact:
            return _exact_ranks(ranks, total, share)
        error = np.sqrt(share * (1 - share) * (ranks**2).sum())
        return float(scipy.stats.norm.sf((total - share * ranks.sum()) / error)) if signs else 1.0

    return _answers(p_value, signs, gammas, alpha)


def aligned_ranks(
    outcome, treated, sets, *, gammas=(1.0, 1.5, 2.0, 3.0), alpha: float = 0.05, alternative="greater"
) -> Rosenbaum:
    """Hodges and Lehmann's aligned rank test under hidden bias, for matched sets with one treated or one control.

    Outcomes less the mean of their set are ranked over all (n,); the statistic is the sum of the treated's ranks. In
    each set the cause that makes its expectation largest is found (and among those the largest variance), and the sum
    is taken as normal. Source: Gastwirth, Krieger and Rosenbaum (2000), JRSS B 62, 545–555; Hodges and Lehmann
    (1962), Annals of Mathematical Statistics 33, 482–497.
    """
    _known(alternative, gammas)
    y, z = np.asarray(outcome, dtype="float64"), np.asarray(treated).astype(bool)
    code = np.unique(np.asarray(sets), return_inverse=True)[1]
    if y.shape != z.shape or not np.isfinite(y).all():
        raise ValueError("outcome and treated must hold a finite number and a mark for each person")
    sign = 1 if alternative == "greater" else -1
    means = np.bincount(code, weights=y) / np.bincount(code)
    ranks = scipy.stats.rankdata(np.round(sign * (y - means[code]), 12))
    of_one, by_size = _one_against_many(ranks, z, code)
    informative = sum(int((np.ptp(scores, axis=1) > 0).sum()) for scores in by_size)

    def p_value(odds: float) -> float:
        moments = [_extreme_moments(scores, odds) for scores in by_size]
        mean, variance = (float(sum(part)) for part in zip(*moments, strict=True))
        return float(scipy.stats.norm.sf((of_one - mean) / np.sqrt(variance))) if variance > 0 else 1.0

    return _answers(p_value, informative, gammas, alpha)


def amplified(gamma: float, on_treatment: float) -> float:
    """Factor Δ on the odds of the outcome that, with Λ = `on_treatment` on the odds of treatment, does as Γ does.

    Γ = (ΛΔ + 1)/(Λ + Δ), Λ > Γ. Source: Rosenbaum and Silber (2009), JASA 104, 1398–1405.
    """
    if not on_treatment > gamma >= 1:
        raise ValueError("on_treatment must be larger than gamma, which is at least 1")
    return (gamma * on_treatment - 1) / (on_treatment - gamma)


def _known(alternative: str, gammas) -> None:
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative is one of {', '.join(ALTERNATIVES)}")
    if not len(gammas) or min(gammas) < 1:
        raise ValueError("gammas are numbers of at least 1")


def _answers(p_value: Callable[[float], float], informative: int, gammas, alpha: float) -> Rosenbaum:
    """Bounds and limit from the p-value at the given odds: Γ for the upper bound and 1/Γ for the lower."""
    bounds = tuple(Bounds(float(gamma), p_value(1 / gamma), p_value(gamma)) for gamma in gammas)
    return Rosenbaum(bounds, _limit(p_value, alpha), alpha, informative)


def _limit(p_value: Callable[[float], float], alpha: float) -> float:
    if p_value(1.0) > alpha:
        return NAN
    if p_value(LARGEST_GAMMA) <= alpha:
        return float("inf")

    # On the logarithm: the p-value is flat in Γ where Γ is large.
    def excess(log_gamma: float) -> float:
        return p_value(float(np.exp(log_gamma))) - alpha

    return float(np.exp(scipy.optimize.brentq(excess, 0.0, np.log(LARGEST_GAMMA), xtol=1e-12, rtol=1e-12)))


def _hypergeometric(n: int, c: int, m: int, odds: float) -> np.ndarray:
    """P(a of the m treated are among the c with the outcome) ∝ C(c, a)·C(n − c, m − a)·oddsᵃ, a = 0..min(c, m)."""
    a = np.arange(min(c, m) + 1)
    weights = scipy.special.comb(c, a) * scipy.special.comb(n - c, m - a) * odds ** a.astype("float64")
    return weights / weights.sum()


def _sum_of(count: int, chance: np.ndarray) -> np.ndarray:
    """Distribution of the sum of `count` independent numbers 0, 1, … with `chance`."""
    if len(chance) == 2:
        return scipy.stats.binom.pmf(np.arange(count + 1), count, chance[1])
    total = np.ones(1)
    for _ in range(count):
        total = np.convolve(total, chance)
    return total


def _exact_ranks(ranks: np.ndarray, total: float, share: float) -> float:
    """P(sum of the ranks that count ≥ `total`); ranks are doubled, so that tied ones are whole numbers."""
    doubled = np.round(2 * ranks).astype(int)
    chance = np.zeros(doubled.sum() + 1)
    chance[0] = 1.0
    for rank in doubled:
        moved = np.concatenate([np.zeros(rank), chance[: len(chance) - rank]])
        chance = (1 - share) * chance + share * moved
    return float(min(1.0, chance[round(2 * total) :].sum()))


def _one_against_many(ranks: np.ndarray, treated: np.ndarray, code: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """Sum of the scores of the ones, and the scores (sets, n) of the sets of each size n, rising in each set.

    The one is the single treated; a single control stands for it with its sign turned, and so does its set.
    """
    size, n_treated = np.bincount(code), np.bincount(code, weights=treated)
    if not (((n_treated == 1) | (n_treated == size - 1)) & (size > 1)).all():
        raise ValueError("each set must have one treated or one control, and somebody else")
    turned = (n_treated != 1)[code]
    scores, one = np.where(turned, -ranks, ranks), treated != turned
    order = np.lexsort((scores, code))
    by_size = [scores[order][size[code[order]] == n].reshape(-1, n) for n in np.unique(size)]
    return float(scores[one].sum()), by_size


def _extreme_moments(scores: np.ndarray, odds: float) -> tuple[float, float]:
    """Expectation and variance of the sum over sets of the score of the one drawn, `scores` (sets, n) rising.

    In each set the last n − a scores have weight `odds`, with the a that gives the largest expectation (the smallest
    where odds < 1), and the largest variance among those.
    """
    n = scores.shape[1]
    weights = np.where(np.arange(n) >= np.arange(1, n)[:, None], odds, 1.0)
    weights = weights / weights.sum(axis=1, keepdims=True)
    means = scores @ weights.T
    variances = scores**2 @ weights.T - means**2
    aimed = means if odds >= 1 else -means
    best = aimed.max(axis=1, keepdims=True)
    tied = aimed >= best - 1e-12 * np.abs(best)
    largest = np.where(tied, variances, -np.inf).max(axis=1)
    return float(best.sum() if odds >= 1 else -best.sum()), float(largest.sum())
