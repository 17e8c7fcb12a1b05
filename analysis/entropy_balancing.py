"""Entropy balancing: the weights nearest to equal ones that make the covariate means agree exactly.

Hainmueller (2012), Political Analysis 20(1), sections 3.2–3.3; for the ATT it is also a logit score fitted to
balance (Zhao and Percival 2017, J. Causal Inference 5(1)). The residual imbalance is always measured, never
inferred from a solver's word.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from analysis.balance_measures import columns
from analysis.balance_sizes import sampling
from analysis.problems import Problem, stop_if_any
from analysis.scores import as_float64, missing_values, stop_at_one_group, treated_rows

ESTIMANDS = ("ATT", "ATC", "ATE")
HEADING = "Entropibalanseringen kan ikke beregnes:"
RESIDUAL = 1e-10  # largest accepted imbalance in standard deviations
ITERATIONS = 200
DEPENDENT = 1e-12  # smallest accepted eigenvalue of the correlation matrix of the balanced columns
NEAR_ZERO = 1e-13  # largest imbalance, in orthonormal columns, at which Newton's method has nothing more to gain


@dataclass(frozen=True)
class EntropyBalance:
    """`weights` (n,): sampling weights included, with the sum of the sampling weights in each arm.

    `residual`: largest |weighted mean − target| over balanced columns and reweighted arms, in standard deviations of
    the target group (of everyone when that is zero). `design` (n, k): orthonormal combinations of the balanced
    columns, centred at the target. `iterations` per reweighted arm.
    """

    weights: np.ndarray
    residual: float
    design: np.ndarray
    estimand: str
    iterations: dict[str, int]
    balanced: tuple[str, ...]


@dataclass(frozen=True)
class _Balanced:
    """The columns to balance: `values` (n, k) minus the target, over `spread` (k,); `names` in the same order."""

    names: tuple[str, ...]
    values: np.ndarray
    spread: np.ndarray


def entropy_weights(
    covariates: pd.DataFrame, treated, *, estimand: str = "ATT", moments: int = 1, sampling_weights=None
) -> EntropyBalance:
    """Weights that minimise Σ w log(w/s) with the covariate means of each reweighted arm equal to the target's.

    The target is the treated (ATT), the comparison group (ATC) or everyone (ATE, both arms reweighted). Text and
    categories enter as shares; `moments` above 1 balances the powers of numeric covariates too. Newton's method on
    the dual, the logarithm of Σ s exp(z'λ) with z centred at the target, with backtracking.

    Raises `ProblemsFound` for missing values, an empty group, and means that no weights can reach, naming the
    covariates; and whenever the residual imbalance exceeds 1e-10 standard deviations.
    """
    if estimand not in ESTIMANDS:
        raise ValueError(f"unknown estimand {estimand!r}; known: {', '.join(ESTIMANDS)}")
    if moments < 1:
        raise ValueError(f"moments must be 1 or more, not {moments!r}")
    treated = treated_rows(treated, len(covariates))
    stop_at_one_group(HEADING, treated)
    covariates = as_float64(covariates)
    stop_if_any(HEADING, missing_values(covariates))
    s = sampling(sampling_weights, treated)
    target = {"ATT": treated, "ATC": ~treated, "ATE": np.ones_like(treated)}[estimand]
    balanced = _balanced_columns(covariates, np.where(target, s, 0.0), moments)
    design = _orthonormal(balanced.values)
    weights, iterations, problems = s.copy(), {}, []
    for arm, own in (("treated", treated), ("comparison", ~treated)):
        if (own == target).all():
            continue
        weights[own], iterations[arm] = _tilted(design[own], s[own])
        problems += _unreached(balanced, own, weights[own], arm)
    stop_if_any(HEADING, problems)
    arms = [own for own in (treated, ~treated) if not (own == target).all()]
    residual = max(float(_imbalance(balanced, own, weights[own]).max(initial=0.0)) for own in arms)
    return EntropyBalance(weights, residual, design, estimand, iterations, balanced.names)


def _balanced_columns(covariates: pd.DataFrame, target_weights: np.ndarray, moments: int) -> _Balanced:
    names, values, spreads = [], [], []
    share = target_weights / target_weights.sum()
    for column in columns(covariates):
        scale = column.values.std() or 1.0
        centred = (column.values - column.values.mean()) / scale
        for power in range(1, 2 if column.binary else moments + 1):
            x = centred**power
            mean = float(share @ x)
            sd = float(np.sqrt(share @ (x - mean) ** 2))
            names.append(column.name if power == 1 else f"{column.name}^{power}")
            values.append(x - mean)
            spreads.append(sd if sd > 1e-8 * (x.std() or 1.0) else x.std() or 1.0)
    return _Balanced(tuple(names), np.column_stack(values), np.array(spreads))


def _orthonormal(values: np.ndarray) -> np.ndarray:
    """Combinations of the columns with mean square 1, without those that follow from the others."""
    norm = np.sqrt((values**2).mean(axis=0))
    kept = norm > 0
    scaled = values[:, kept] / norm[kept]
    eigenvalues, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    own = eigenvalues > DEPENDENT * max(len(eigenvalues), 1)
    return scaled @ (vectors[:, own] / np.sqrt(eigenvalues[own]))


def _tilted(z: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, int]:
    """s exp(z'λ) at the λ that minimises log Σ s exp(z'λ), with the sum of `s`; and the number of steps.

    Stops without an answer when the dual falls below log min(s/Σs), which it cannot do when an answer exists: its
    minimum is minus the relative entropy of the weights.
    """
    base = np.log(s, where=s > 0, out=np.full(len(s), -np.inf)) - np.log(s.sum())
    floor = base[np.isfinite(base)].min() - 1e-6
    lam = np.zeros(z.shape[1])
    value, p = _dual(z, base, lam)
    steps = 0
    while steps < ITERATIONS and value >= floor:
        gradient = p @ z
        if np.abs(gradient).max(initial=0.0) <= NEAR_ZERO:
            break
        hessian = (z * p[:, None]).T @ z - np.outer(gradient, gradient)
        direction = -np.linalg.lstsq(hessian, gradient, rcond=1e-15)[0]
        found = _backtracked(z, base, lam, value, gradient, direction)
        if found is None:
            break
        lam, value, p = found
        steps += 1
    return p * s.sum(), steps


def _dual(z: np.ndarray, base: np.ndarray, lam: np.ndarray) -> tuple[float, np.ndarray]:
    """log Σ exp(base + z'λ), and the shares of its terms."""
    exponent = base + z @ lam
    top = exponent.max()
    terms = np.exp(exponent - top)
    total = terms.sum()
    return float(top + np.log(total)), terms / total


def _backtracked(z, base, lam, value: float, gradient: np.ndarray, direction: np.ndarray):
    """First of the steps 1, ½, ¼, … that lowers the dual enough; None when none does.

    Close to the minimum the dual is flat to the last bit, and a step is taken when the imbalance shrinks instead.
    """
    slope = float(gradient @ direction)
    worst = np.abs(gradient).max()
    for halvings in range(40):
        step = 0.5**halvings
        new = lam + step * direction
        new_value, p = _dual(z, base, new)
        flat = abs(new_value - value) <= 1e-12 and np.abs(p @ z).max() < 0.9 * worst
        if flat or (slope < 0 and new_value <= value + 1e-4 * step * slope and new_value < value):
            return new, new_value, p
    return None


def _imbalance(balanced: _Balanced, own: np.ndarray, w: np.ndarray) -> np.ndarray:
    """|weighted mean − target| in standard deviations, per balanced column (k,)."""
    return np.abs(w @ balanced.values[own] / w.sum()) / balanced.spread


def _unreached(balanced: _Balanced, own: np.ndarray, w: np.ndarray, arm: str) -> list[Problem]:
    """One problem when the weights of an arm miss the target, naming the covariates that keep it out of reach."""
    missed = _imbalance(balanced, own, w)
    if (missed <= RESIDUAL).all():
        return []
    group = "sammenligningsgruppen" if arm == "comparison" else "tiltaksgruppen"
    values = balanced.values[own]
    outside = _outside_range(values) if values.any() else np.zeros(0, dtype=bool)
    if not outside.any():
        outside = _outside_hull(values)
    if outside.any():
        what = f"ingen vekter i {group} kan gi målgruppens gjennomsnitt for {_listed(balanced.names, outside)}."
        mend = "Slå sammen sjeldne kategorier, ta ut kovariaten, eller avgrens utvalget til overlappen."
        return [Problem("kovariater", what, mend)]
    names = _listed(balanced.names, missed > RESIDUAL)
    what = f"vektene i {group} nådde ikke målgruppens gjennomsnitt for {names} (største avvik {missed.max():.1e} SD)."
    return [Problem("kovariater", what, "Ta ut kovariater eller momenter.")]


def _listed(names: tuple[str, ...], chosen: np.ndarray) -> str:
    return ", ".join(f"«{name}»" for name, own in zip(names, chosen, strict=True) if own)


def _outside_range(values: np.ndarray) -> np.ndarray:
    """Columns whose target, 0, lies outside the range of the arm, or at its end while the arm varies."""
    low, high = values.min(axis=0), values.max(axis=0)
    slack = 1e-12 * np.abs(values).max(axis=0)
    return (low > -slack) & (high > slack) | (high < slack) & (low < -slack)


def _outside_hull(values: np.ndarray) -> np.ndarray:
    """Columns of a direction b with z'b ≥ 0 for everyone in the arm and > 0 for someone; none when there is none."""
    scaled = np.unique(values, axis=0)
    scaled = scaled / np.maximum(np.abs(scaled).max(axis=0), 1e-300)
    answer = scipy.optimize.linprog(
        -scaled.sum(axis=0), A_ub=-scaled, b_ub=np.zeros(len(scaled)), bounds=(-1, 1), method="highs"
    )
    if answer.x is None or (scaled @ answer.x).max() < 1e-6:
        return np.zeros(values.shape[1], dtype=bool)
    return np.abs(answer.x) > 1e-6
