"""Matching with replacement: the tie-averaged estimate and its standard error.

Abadie and Imbens (2006), Econometrica 74(1); standard error under equal variances and bias adjustment: Abadie,
Drukker, Herr and Imbens (2004), Stata Journal 4(3), sections 2–4. Everyone at the distance of the k-th nearest counts
equally, so that the order of the rows decides nothing. Register data are full of equal rows: distances are computed
once per distinct row, and pairs are never written out.
"""

from dataclasses import dataclass

import numpy as np

from analysis.did import Effect
from analysis.problems import Problem, ProblemsFound
from analysis.scores import DEPENDENT, stop_at_one_group, treated_rows
from analysis.tied_neighbours import Side, tied_neighbours
from analysis.weighted_effects import effect

ESTIMANDS = ("ATT", "ATC", "ATE")
METRICS = ("inverse_variance", "mahalanobis")
HEADING = "Matching med tilbakelegging kan ikke beregnes:"
TIED = 1e-5  # squared distances this near the k-th smallest count as tied (in squared standard deviations)


@dataclass(frozen=True)
class MatchedEffect:
    """`effect`: the estimate with its uncertainty. `weights` (n,): 1 for each person whose effect is asked for, plus
    the shares in which a person stands for others; for balance tables. `n_pairs`: pairs of persons, ties included.
    """

    effect: Effect
    weights: np.ndarray
    n_pairs: int


def matched_effect(
    y,
    treated,
    values,
    *,
    k: int = 1,
    estimand: str = "ATT",
    metric: str = "inverse_variance",
    bias_covariates=None,
    tolerance: float = TIED,
    level: float = 0.95,
) -> MatchedEffect:
    """Mean over the target of y₁ − y₀, with the unseen outcome the mean of the k nearest in the other group.

    `values` (n,) scores or (n, p) numbers to be near in. `metric`: inverse_variance (Euclidean over each column's
    standard deviation) or mahalanobis (covariance of everyone). With replacement; all donors whose squared distance
    is within `tolerance` of the k-th smallest count equally. `bias_covariates` (n, q) subtracts the difference
    that least squares among the used donors predicts from what distance is left. The variance is that of the
    population effect with equal outcome variances: Σ(τᵢ − τ)²/N² + s²Σ(K² − K′)/N², K and K′ the sums of the shares
    in which a donor stands for others and of their squares (ATE: K² + 2K − K′); the score counts as known. Normal
    quantiles.

    Raises `ProblemsFound` for an empty group or fewer than k in a group that is drawn from, and for columns that
    follow from each other; ValueError for missing numbers and unknown options.
    """
    _refuse_options(estimand, metric, k, tolerance)
    y, treated = np.asarray(y, dtype="float64"), treated_rows(treated, len(y))
    points = _points(values, metric, len(y))
    if y.ndim != 1 or not np.isfinite(y).all():
        raise ValueError("the outcome must be one finite number per row")
    stop_at_one_group(HEADING, treated)
    sides = _sides(points, treated, k, estimand, tolerance)
    extra = None if bias_covariates is None else _points(bias_covariates, None, len(y))
    return _estimated(y, treated, sides, estimand, extra, level)


def _refuse_options(estimand: str, metric: str, k: int, tolerance: float) -> None:
    if estimand not in ESTIMANDS:
        raise ValueError(f"unknown estimand {estimand!r}; known: {', '.join(ESTIMANDS)}")
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; known: {', '.join(METRICS)}")
    if k < 1 or tolerance < 0:
        raise ValueError("k must be 1 or more and tolerance 0 or more")


def _points(values, metric: str | None, n: int) -> np.ndarray:
    """`values` as (n, p), scaled so that the metric is the Euclidean distance."""
    x = np.asarray(values, dtype="float64")
    x = x[:, None] if x.ndim == 1 else x
    if x.shape[0] != n or not np.isfinite(x).all():
        raise ValueError(f"values must be finite, with {n} rows")
    if metric is None:
        return x
    spread = x.std(axis=0, ddof=1)
    x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if metric == "inverse_variance" or x.shape[1] == 1:
        return x
    eigenvalues, vectors = np.linalg.eigh(np.cov(x.T))
    if eigenvalues[0] < DEPENDENT:
        what = "noen av dem er konstante eller kan regnes ut av hverandre."
        raise ProblemsFound(HEADING, [Problem("kolonnene", what, "Ta ut minst én av dem.")])
    return x @ (vectors / np.sqrt(eigenvalues))


def _sides(
    points: np.ndarray, treated: np.ndarray, k: int, estimand: str, tolerance: float
) -> list[tuple[Side, float]]:
    directions = {"ATT": [(treated, 1.0)], "ATC": [(~treated, -1.0)], "ATE": [(treated, 1.0), (~treated, -1.0)]}
    sides = []
    for focal, sign in directions[estimand]:
        _stop_at_few_donors(int((~focal).sum()), k, sign)
        sides.append((tied_neighbours(points, focal, k, tolerance), sign))
    return sides


def _stop_at_few_donors(n: int, k: int, sign: float) -> None:
    if n < k:
        name = "sammenligningsgruppen" if sign > 0 else "tiltaksgruppen"
        raise ProblemsFound(HEADING, [Problem(name, f"har færre enn {k} personer.", "Velg færre partnere.")])


def _estimated(y, treated, sides: list[tuple[Side, float]], estimand: str, extra, level: float) -> MatchedEffect:
    """`MatchedEffect` from both directions that the estimand needs."""
    gain, scatter = np.zeros(len(y)), np.zeros(len(y))
    share, square, n_pairs = np.zeros(len(y)), np.zeros(len(y)), 0
    target = np.zeros(len(y), dtype=bool)
    for side, sign in sides:
        counts = side.nearest.gathered(np.bincount(side.donor_group).astype("float64"))
        size = np.bincount(side.focal_group)
        share[side.donors] = side.nearest.handed(size / counts)[side.donor_group]
        square[side.donors] = side.nearest.handed(size / counts**2)[side.donor_group]
        rest = y if extra is None else y - _predicted(y, extra, side.donors, share)
        gain[side.focal], scatter[side.focal] = _gains(rest, side, sign, counts)
        target[side.focal] = True
        n_pairs += int(round(float(size @ counts)))
    n, tau = int(target.sum()), float(gain[target].mean())
    variance = float((scatter[target] + (gain[target] - tau) ** 2).sum()) / (2 * n)
    stand_in = share**2 - square + (2 * share if estimand == "ATE" else 0.0)
    total = ((gain[target] - tau) ** 2).sum() + variance * stand_in[share > 0].sum()
    found = effect(
        tau,
        float(np.sqrt(max(total, 0.0))) / n,
        float("inf"),
        inference="abadie_imbens",
        convention="Abadie-Imbens, equal variances, ties averaged, normal",
        base_rate=float(np.where(treated, y - gain, y)[target].mean()),
        n_treated=int((treated & (target | (share > 0))).sum()),
        n_comparison=int((~treated & (target | (share > 0))).sum()),
        level=level,
        scale=float(np.abs(y).max()),
    )
    return MatchedEffect(found, target + share, n_pairs)


def _gains(y: np.ndarray, side: Side, sign: float, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each focal person's effect, and the variance of the outcomes that were averaged for it."""
    centre = y[side.donors].mean()
    own = y[side.donors] - centre
    mean, mean_square = (
        side.nearest.gathered(np.bincount(side.donor_group, weights=values)) / counts for values in (own, own**2)
    )
    spread = np.maximum(mean_square - mean**2, 0.0)
    gain = sign * (y[side.focal] - centre - mean[side.focal_group])
    return gain, spread[side.focal_group]


def _predicted(y: np.ndarray, extra: np.ndarray, donors: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Everyone's outcome as least squares among the donors predicts it, weighted by how much each is used."""
    root = np.sqrt(share[donors])
    x = np.column_stack([np.ones(len(y)), extra - extra[donors].mean(axis=0)])
    return x @ np.linalg.lstsq(x[donors] * root[:, None], y[donors] * root, rcond=None)[0]
