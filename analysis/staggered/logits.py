"""Odds that make comparison persons like the persons of an adoption group: of a logit, or balancing ones."""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.newton import HALVINGS, NEWTON_ITERATIONS, NEWTON_STEP, newton
from analysis.problems import Problem
from analysis.scores import INFORMATION
from analysis.staggered.covariates import Columns

HIGHEST_SCORE = 0.999  # a comparison person with this score counts as a thousand others
LEAST_EFFECTIVE = 5.0  # persons that the weighted comparison group must be worth at least
SEPARATED = 1e-4


@dataclass(frozen=True)
class Odds:
    """Odds p/(1 − p) = exp(z′γ) of belonging to the group, and how each person moves γ.

    `odds` (n,); `score` (n, k): each person's part of the estimating equation, 0 in sum; `inverse` (k, k) of minus its
    derivative. So `score @ inverse` (n, k) is the influence on γ. `converged` is False when there is no solution.
    """

    odds: np.ndarray
    score: np.ndarray
    inverse: np.ndarray
    converged: bool

    @property
    def largest(self) -> float:
        """The largest score p of anyone."""
        return float((self.odds / (1 + self.odds)).max())


def logit_odds(z: np.ndarray, treated: np.ndarray, weights: np.ndarray) -> Odds:
    """Maximum likelihood: Σ w(D − p)z = 0. `z` (n, k) with a constant, its columns about orthonormal."""
    fit = newton(z, weights * treated, weights)
    p = scipy.special.expit(z @ fit.params)
    score = (weights * (treated - p))[:, None] * z
    curvature = (z * (weights * p * (1 - p))[:, None]).T @ z
    return _odds(z, fit.params, score, curvature, fit.converged and fit.information >= INFORMATION)


def balancing_odds(z: np.ndarray, treated: np.ndarray, weights: np.ndarray) -> Odds:
    """Inverse probability tilting: Σ w(D − (1 − D)·exp(z′γ))z = 0, so that weighted means are equal in both groups.

    The largest value of the concave Σ w[D·z′γ − (1 − D)exp(z′γ)], by Newton's method with halved steps.
    Source: Graham, Pinto and Egel (2016), JBES 34(2); Sant'Anna and Zhao (2020), section 3.1.
    """
    own, other = weights * treated, weights * ~treated
    pull, rows, weight = own @ z, z[~treated], other[~treated]
    params = np.zeros(z.shape[1])
    params[0] = np.log(own.sum() / other.sum())
    converged = False
    value = _tilting(rows, weight, pull, params)
    for _ in range(NEWTON_ITERATIONS):
        tilted = weight * np.exp(rows @ params)
        try:
            step = np.linalg.solve((rows * tilted[:, None]).T @ rows, pull - tilted @ rows)
        except np.linalg.LinAlgError:
            break
        before = value
        for _ in range(HALVINGS):
            value = _tilting(rows, weight, pull, params + step)
            if value >= before - 1e-12 * abs(before):
                break
            step = step / 2
        params = params + step
        if np.abs(step).max() <= NEWTON_STEP:
            converged = True
            break
    with np.errstate(over="ignore", invalid="ignore"):
        odds = np.exp(z @ params)
        score = (own - other * odds)[:, None] * z
        curvature = (z * (other * odds)[:, None]).T @ z
    return _odds(z, params, score, curvature, converged)


def _tilting(rows: np.ndarray, weight: np.ndarray, pull: np.ndarray, params: np.ndarray) -> float:
    with np.errstate(over="ignore"):
        return float(pull @ params - weight @ np.exp(rows @ params))


def _odds(z: np.ndarray, params: np.ndarray, score: np.ndarray, curvature: np.ndarray, converged: bool) -> Odds:
    with np.errstate(over="ignore"):
        odds = np.exp(z @ params)
    k = z.shape[1]
    if not (converged and np.isfinite(curvature).all() and np.linalg.cond(curvature) < 1 / np.finfo(float).eps):
        return Odds(odds, score, np.zeros((k, k)), False)
    return Odds(odds, score, np.linalg.inv(curvature), True)


def overlap_problems(
    odds: Odds, columns: Columns, treated: np.ndarray, weights: np.ndarray, where: str
) -> list[Problem]:
    """What is wrong with the overlap of a group and its comparison persons: separation, extreme scores, or nothing.

    `columns` of the same persons, in the reader's units. Without covariates there is nothing that could be wrong.
    """
    if len(columns.names) == 1:
        return []
    if not odds.converged:
        return [_separation(columns.values, columns.names, treated, where)]
    other = (weights * odds.odds)[~treated]
    effective = float(other.sum() ** 2 / (other @ other))
    if odds.largest <= HIGHEST_SCORE and effective >= LEAST_EFFECTIVE:
        return []
    what = (
        f"overlappen er for liten: største tilbøyelighetsskår er {_comma(np.floor(odds.largest * 1e4) / 1e4, 4)}, og "
        f"{int((~treated).sum())} sammenligningspersoner er etter vekting verdt {_comma(effective, 1)}."
    )
    mend = "Forenkle kovariatene, avgrens utvalget til overlappen, eller velg metoden reg, som ikke bruker skåren."
    return [Problem(where, what, mend)]


def _separation(x: np.ndarray, names: tuple[str, ...], treated: np.ndarray, where: str) -> Problem:
    """The columns that tell the groups apart without an error, or that the fit did not converge.

    Maximise Σ (2D − 1)x′b subject to (2D − 1)x′b ≥ 0 and |b| ≤ 1: above zero exactly when the groups are separated
    (Konis 2007, DPhil thesis, Oxford).
    """
    scaled = np.unique(np.column_stack([treated, x / np.abs(x).max(axis=0)]), axis=0)
    signed = scaled[:, 1:] * np.where(scaled[:, :1] > 0, 1.0, -1.0)
    answer = scipy.optimize.linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs"
    )
    if answer.x is None or (signed @ answer.x).max() < SEPARATED:
        what = f"tilbøyelighetsskåren ble ikke funnet på {NEWTON_ITERATIONS} steg."
        return Problem(where, what, "Forenkle kovariatene, eller se etter kolonner med ekstreme verdier.")
    telling = [name for name, b in zip(names[1:], answer.x[1:], strict=True) if abs(b) > 1e-6]
    what = (
        f"{', '.join(f'«{name}»' for name in telling)} skiller gruppen og sammenligningspersonene uten overlapp "
        f"(største tilbøyelighetsskår er 1, {int(treated.sum())} mot {int((~treated).sum())} personer)."
    )
    mend = "Slå sammen sjeldne kategorier, ta ut kolonnen, eller avgrens utvalget til overlappen."
    return Problem(where, what, mend)


def _comma(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace(".", ",")
