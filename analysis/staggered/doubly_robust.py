"""Effects of one adoption group against one comparison group in many months, given covariates; persons observed twice.

With D = 1 in the group, Δy the change from the base month, and W the sum of the weights:

    ATT = Σ (own − other)·(Δy − z′β),   own = wD/ΣwD,   other = w(1 − D)·odds / Σw(1 − D)·odds

Outcome regression: other = 0. Inverse probability (Hajek): β = 0. Doubly robust: both, β by least squares among the
comparison persons. Improved: odds that balance z, and β by least squares weighted with these odds.

Source: Sant'Anna and Zhao (2020), Journal of Econometrics 219(1), sections 2 and 3; Abadie (2005), Review of Economic
Studies 72(1), for inverse probability; Heckman, Ichimura and Todd (1997), ibid. 64(4), for regression.
"""

from dataclasses import dataclass

import numpy as np

from analysis.staggered.logits import Odds, balancing_odds, logit_odds

METHODS = ("reg", "ipw", "dr", "dr_improved")


@dataclass(frozen=True)
class Effects:
    """Estimates of `m` months and the influence of `n` persons, kept as a few numbers a person until it is summed.

    `att` (m,). The influence of person i on month t is on_change[i]·Δy[t, i] + features[i] @ slopes[:, t], scaled so
    that the estimate minus the truth is about its sum over persons.
    """

    att: np.ndarray
    on_change: np.ndarray
    features: np.ndarray
    slopes: np.ndarray

    def influence(self, change: np.ndarray) -> np.ndarray:
        """(m, n), `change` (m, n) being what the effects were estimated from."""
        return change * self.on_change + (self.features @ self.slopes).T

    def influence_sums(self, change: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Sums of the influence over runs of persons, (m, runs); `starts`: where each run begins, the first at 0."""
        sums = np.add.reduceat(change * self.on_change, starts, axis=1)
        return sums + (np.add.reduceat(self.features, starts, axis=0) @ self.slopes).T


def basis(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Columns (n, k) of the same span as `x`, constant first, orthonormal under `weights`.

    Every estimate is the same in any basis; this one keeps normal equations of cubes and incomes accurate.
    """
    share = weights / weights.sum()
    z = x - share @ x
    z /= np.sqrt(share @ z**2).clip(min=1e-300)
    z[:, 0] = 1.0
    if z.shape[1] > 1:
        root = np.linalg.cholesky((z[:, 1:] * share[:, None]).T @ z[:, 1:])
        z[:, 1:] = z[:, 1:] @ np.linalg.inv(root).T
    return z


def group_odds(z: np.ndarray, treated: np.ndarray, weights: np.ndarray, method: str) -> Odds | None:
    """The odds that the method asks for, None for outcome regression."""
    if method == "reg":
        return None
    return balancing_odds(z, treated, weights) if method == "dr_improved" else logit_odds(z, treated, weights)


@dataclass(frozen=True)
class Model:
    """What the effects of all months share: made once, whatever is estimated with it.

    `own`, `other` (n,): shares of the group and, by their odds, of the comparison persons. `fitted` (n,): weights of
    the regression, `inverse` (k, k) of its normal equations; None for inverse probability. `on_change`, `features` as
    in `Effects`.
    """

    z: np.ndarray
    own: np.ndarray
    other: np.ndarray
    fitted: np.ndarray | None
    inverse: np.ndarray | None
    on_change: np.ndarray
    features: np.ndarray
    odds: Odds | None


def model(z: np.ndarray, treated: np.ndarray, weights: np.ndarray, *, method: str, odds: Odds | None) -> Model:
    """`z` (n, k) of `basis`, `treated` and `weights` (n,), `odds` from `group_odds` for the same persons."""
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    own, other = _shares(treated, weights, odds)
    on_change, fitted, inverse = own - other, None, None
    if method != "ipw":
        fitted = weights * ~treated * (odds.odds if method == "dr_improved" else 1.0)
        inverse = np.linalg.inv((z * fitted[:, None]).T @ z)
        on_change = on_change - fitted * (z @ (inverse @ (on_change @ z)))
    features = [on_change[:, None] * z, own[:, None], other[:, None], *([] if odds is None else [odds.score])]
    return Model(z, own, other, fitted, inverse, on_change, np.hstack(features), odds)


def effects(change: np.ndarray, by: Model) -> Effects:
    """Effects of the months of `change` (m, n). The influence holds what the estimation of γ and β adds; for the
    improved method that is zero by its construction."""
    coefficients = np.zeros((by.z.shape[1], len(change)))
    if by.fitted is not None:
        coefficients = by.inverse @ (change @ (by.z * by.fitted[:, None])).T
    own_mean = change @ by.own - (by.own @ by.z) @ coefficients
    other_mean = change @ by.other - (by.other @ by.z) @ coefficients
    slopes = [-coefficients, -own_mean[None], other_mean[None]]
    if by.odds is not None:
        weighted = by.z * by.other[:, None]
        moved = (change @ weighted).T - weighted.T @ by.z @ coefficients - np.outer(by.other @ by.z, other_mean)
        slopes.append(-by.odds.inverse @ moved)
    return Effects(own_mean - other_mean, by.on_change, by.features, np.vstack(slopes))


def _shares(treated: np.ndarray, weights: np.ndarray, odds: Odds | None) -> tuple[np.ndarray, np.ndarray]:
    own = weights * treated
    other = np.zeros_like(own) if odds is None else weights * ~treated * odds.odds
    return own / own.sum(), other / other.sum() if odds is not None else other
