"""M-estimation: what the estimation of the weights adds to, or takes from, a person's influence on the estimate.

Weights taken as given leave out that the model behind them was estimated. Stacking its estimating equations ψ on
those of the weighted means puts it in: a person's influence grows by ψ times −(Σ∂ψ/∂θ)⁻¹ Σ(∂w/∂θ)(∂τ/∂w)
(Stefanski and Boos 2002, The American Statistician 56(1); Lunceford and Davidian 2004, Statistics in Medicine 23(19)).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from analysis.entropy_balancing import EntropyBalance
from analysis.scores import treated_rows
from analysis.weighting import Weighting

TARGETS = ("estimated", "fixed")


class WeightModel(Protocol):
    """A model that weights were estimated with."""

    def correction(self, pull: np.ndarray) -> np.ndarray:
        """What each person adds to the estimate through the weights, (n,); `pull` is dτ/dw of each person, (n,)."""
        ...


@dataclass(frozen=True)
class ScoreModel:
    """Logistic scores: `design` (n, k) of the fit, constant included, any basis of the same columns will do."""

    design: np.ndarray
    probability: np.ndarray
    treated: np.ndarray
    weighting: Weighting
    sampling_weights: np.ndarray | None = None

    def correction(self, pull: np.ndarray) -> np.ndarray:
        """ψ = s(A − p)x with derivative −s p(1 − p)xx′, and dw/dβ = slope·x."""
        x = _scaled(np.asarray(self.design, dtype="float64"))
        p = np.asarray(self.probability, dtype="float64")
        s = np.ones(len(p)) if self.sampling_weights is None else np.asarray(self.sampling_weights, dtype="float64")
        information = (x * (s * p * (1 - p))[:, None]).T @ x
        direction = np.linalg.lstsq(information, x.T @ (self.weighting.slope * pull), rcond=1e-13)[0]
        return s * (treated_rows(self.treated, len(p)) - p) * (x @ direction)


@dataclass(frozen=True)
class EntropyModel:
    """Entropy balancing. `targets`: the means balanced to are estimated too, or fixed numbers.

    With estimated targets the ATT has the standard error of the covariate-balancing score, which has the same
    weights; with fixed ones it is that of WeightIt 1.1 for entropy balancing.
    """

    balance: EntropyBalance
    treated: np.ndarray
    targets: str = "estimated"
    sampling_weights: np.ndarray | None = None

    def correction(self, pull: np.ndarray) -> np.ndarray:
        """ψ = w(x − target) for each reweighted arm, with derivative w(x − target)(x − target)′."""
        if self.targets not in TARGETS:
            raise ValueError(f"unknown targets {self.targets!r}; known: {', '.join(TARGETS)}")
        z, w = self.balance.design, self.balance.weights
        treated = treated_rows(self.treated, len(w))
        target = {"ATT": treated, "ATC": ~treated, "ATE": np.ones_like(treated)}[self.balance.estimand]
        s = np.ones(len(w)) if self.sampling_weights is None else np.asarray(self.sampling_weights, dtype="float64")
        share = np.where(target, s, 0.0) / s[target].sum()
        added = np.zeros(len(w))
        for own in (treated, ~treated):
            if (own == target).all():
                continue
            arm = np.where(own, w, 0.0)
            curvature = (z * arm[:, None]).T @ z
            direction = np.linalg.lstsq(curvature, z.T @ (arm * pull), rcond=1e-15)[0]
            toward = z @ direction
            added -= arm * toward
            if self.targets == "estimated":
                added += arm.sum() * share * toward
        return added


def _scaled(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.sqrt((x**2).mean(axis=0)), 1e-300)
