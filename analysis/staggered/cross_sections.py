"""The effect of one adoption group in one month from repeated cross-sections: other persons, or not all, each month.

The estimate is the difference, month minus base, of

    Σ own·(y − z′β₁) + Σ all·z′(β₁ − β₀) − Σ other·(y − z′β₀)

with the shares own = wD/ΣwD and other = w(1 − D)·odds/Σw(1 − D)·odds over the persons of the month, all = wD/ΣwD over
the group's persons of both months, and β₁ and β₀ from least squares in the month, in the group and among its
comparison persons. Doubly robust: all of it (the locally efficient estimator). Outcome regression: other = 0 and
β₁ = 0. Inverse probability (Hajek): β₁ = β₀ = 0. It is assumed that who is observed, given the adoption group, has the
same distribution in both months.

Source: Sant'Anna and Zhao (2020), Journal of Econometrics 219(1), sections 2.2 and 3.2; Abadie (2005), section 3.2.2.
"""

from dataclasses import dataclass

import numpy as np

from analysis.staggered.logits import Odds, logit_odds

METHODS = ("reg", "ipw", "dr")


@dataclass(frozen=True)
class Section:
    """The persons of one month: outcome (n,), basis (n, k), who is in the group (n,), weights (n,)."""

    y: np.ndarray
    z: np.ndarray
    treated: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class SectionEffect:
    """The estimate, and the influence of each person-month of the month and of the base, scaled to be summed."""

    att: float
    influence: np.ndarray
    influence_base: np.ndarray


@dataclass(frozen=True)
class _Part:
    """One month's part: its value; the influence of its persons; how it moves with γ (k,) and with `all` (k,)."""

    value: float
    influence: np.ndarray
    by_score: np.ndarray
    by_all: np.ndarray


def section_odds(month: Section, base: Section, method: str) -> Odds | None:
    """One logit of group membership on the persons of both months, month first; None for outcome regression."""
    if method == "reg":
        return None
    stacked = (np.concatenate(pair) for pair in ((month.z, base.z), (month.treated, base.treated)))
    return logit_odds(*stacked, np.concatenate([month.weights, base.weights]))


def section_effect(month: Section, base: Section, *, method: str, odds: Odds | None) -> SectionEffect:
    """The effect, with `odds` from `section_odds`; both sections in the same basis.

    The influence holds what the estimation of γ, β₁ and β₀ adds, as the derivative in each person's weight gives it.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    group = np.concatenate([month.weights * month.treated, base.weights * base.treated])
    everyone = group / group.sum()
    z = np.concatenate([month.z, base.z])
    n, target = len(month.y), everyone @ z
    odds_of = (None, None) if odds is None else (odds.odds[:n], odds.odds[n:])
    late, early = (_part(s, o, target, method) for s, o in zip((month, base), odds_of, strict=True))
    influence = np.concatenate([late.influence, -early.influence])
    influence += everyone * ((z - target) @ (late.by_all - early.by_all))
    if odds is not None:
        influence -= odds.score @ (odds.inverse @ (late.by_score - early.by_score))
    return SectionEffect(late.value - early.value, influence[:n], influence[n:])


def _part(section: Section, odds: np.ndarray | None, target: np.ndarray, method: str) -> _Part:
    """One month's part; `target` (k,): Σ all·z."""
    y, z, k = section.y, section.z, section.z.shape[1]
    own_weight, other_weight = section.weights * section.treated, section.weights * ~section.treated
    own = own_weight / own_weight.sum()
    other = np.zeros(len(y))
    if odds is not None:
        other = other_weight * odds / (other_weight @ odds)
    own_fit, other_fit = np.zeros(k), np.zeros(k)
    influence = np.zeros(len(y))
    if method == "dr":
        own_fit, moved = _least_squares(y, z, own_weight, target - own @ z)
        influence += moved
    if method != "ipw":
        other_fit, moved = _least_squares(y, z, other_weight, other @ z - target)
        influence += moved
    own_left, other_left = y - z @ own_fit, y - z @ other_fit
    own_mean, other_mean = own @ own_left, other @ other_left
    influence += own * (own_left - own_mean) - other * (other_left - other_mean)
    by_score = (other * (other_left - other_mean)) @ z
    value = own_mean + target @ (own_fit - other_fit) - other_mean
    return _Part(float(value), influence, by_score, own_fit - other_fit)


def _least_squares(
    y: np.ndarray, z: np.ndarray, weights: np.ndarray, pull: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (k,), and the influence of each person on `pull`·coefficients (n,)."""
    weighted = z * weights[:, None]
    inverse = np.linalg.inv(weighted.T @ z)
    coefficients = inverse @ (y @ weighted)
    return coefficients, weights * (y - z @ coefficients) * (z @ (inverse @ pull))
