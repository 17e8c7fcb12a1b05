"""Resampling of influences: multiplier bootstrap with simultaneous bands, and sign flips that are enumerated."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy

MULTIPLIERS = ("mammen", "rademacher")
# Sign vectors that are enumerated at most; by symmetry G offices have 2^(G − 1).
ENUMERATED = 1 << 17
CHUNK = 4096


@dataclass(frozen=True)
class Bands:
    """Multiplier bootstrap of R estimates: pointwise standard errors, and bands that hold for a family together.

    `critical` (R,): the standard errors that the band of the estimate's family reaches to each side.
    """

    std_error: np.ndarray
    critical: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    conf_level: float
    draws: int
    seed: int
    multipliers: str


@dataclass(frozen=True)
class SignFlip:
    """p-values (R,) of θ = 0 from sign flips; `enumerated` tells whether all of them were tried, else from `seed`."""

    p_value: np.ndarray
    flips: int
    enumerated: bool
    seed: int | None


def multiplier_bands(
    estimate: np.ndarray,
    sums: np.ndarray,
    *,
    seed: int,
    families: np.ndarray | None = None,
    draws: int = 9999,
    multipliers: str = "mammen",
    level: float = 0.95,
) -> Bands:
    """θ* − θ = Σ ξ_g ψ_g with independent ξ of mean 0 and variance 1, from influences by cluster `sums` (G, R).

    Standard errors are interquartile ranges over the normal's; the band is θ ± c·se, c the `level` quantile of the
    largest |θ* − θ|/se of a family, and never below the pointwise one. `families` (R,) labels; all one without.
    Callaway and Sant'Anna (2021), algorithm 1. Estimates without variance are NaN and take no part in c.
    """
    if multipliers not in MULTIPLIERS:
        raise ValueError(f"unknown multipliers {multipliers!r}; known: {', '.join(MULTIPLIERS)}")
    rng = np.random.default_rng(seed)
    drawn = np.vstack([_multipliers(rng, n, len(sums), multipliers) @ sums for n in _sizes(draws)])
    upper, lower = np.quantile(drawn, [0.75, 0.25], axis=0)
    se = (upper - lower) / (scipy.stats.norm.ppf(0.75) - scipy.stats.norm.ppf(0.25))
    se = np.where(se > 1e-14 * np.abs(drawn).max(initial=0.0), se, np.nan)
    critical = _critical(np.abs(drawn) / se, np.zeros(len(se)) if families is None else np.asarray(families), level)
    return Bands(se, critical, estimate - critical * se, estimate + critical * se, level, draws, seed, multipliers)


def _critical(reach: np.ndarray, families: np.ndarray, level: float) -> np.ndarray:
    critical = np.full(reach.shape[1], np.nan)
    pointwise = float(scipy.stats.norm.ppf((1 + level) / 2))
    for family in np.unique(families):
        own = (families == family) & ~np.isnan(reach).any(axis=0)
        if own.any():
            critical[own] = max(float(np.quantile(reach[:, own].max(axis=1), level)), pointwise)
    return critical


def sign_flip(estimate: np.ndarray, sums: np.ndarray, *, seed: int, draws: int = 99_999) -> SignFlip:
    """Share of sign vectors s with |Σ s_g ψ_g| ≥ |θ|: a score bootstrap of the influences `sums` (G, R).

    All 2^(G − 1) of them up to `ENUMERATED`, otherwise `draws` from `seed` with the estimate counted among them.
    Kline and Santos (2012), J. Econometric Methods 1(1), with unrestricted scores.
    """
    g = len(sums)
    enumerated = g - 1 <= int(np.log2(ENUMERATED))
    rng = np.random.default_rng(seed)
    batches = all_signs(g) if enumerated else (_multipliers(rng, n, g, "rademacher") for n in _sizes(draws))
    reach = np.abs(estimate) * (1 - 1e-12)
    count, flips = np.zeros(sums.shape[1]), 0
    for signs in batches:
        count += (np.abs(signs @ sums) >= reach).sum(axis=0)
        flips += len(signs)
    p = count / flips if enumerated else (1 + count) / (1 + flips)
    return SignFlip(np.where(np.isfinite(estimate), p, np.nan), flips, enumerated, None if enumerated else seed)


def restricted_wild(y, x, controls, clusters, *, weights=None, seed: int, draws: int = 99_999) -> SignFlip:
    """Wild cluster bootstrap of one coefficient in least squares, its null imposed, signs enumerated when they can be.

    y (n,) on x (n,) and `controls` (n, k), which hold the constant; rows may be persons, or cells with `weights` as the
    regressors are the same within. The t-value is clustered (its factor drops out). Cameron, Gelbach and
    Miller (2008), Review of Economics and Statistics 90(3); enumerated as in Webb (2023).
    """
    y, x, z = (np.asarray(part, dtype="float64") for part in (y, x, controls))
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype="float64")
    _, code = np.unique(np.asarray(clusters), return_inverse=True)
    g = int(code.max()) + 1
    inverse = np.linalg.pinv((z * w[:, None]).T @ z)
    x_left = x - z @ (inverse @ (z.T @ (w * x)))
    null = y - z @ (inverse @ (z.T @ (w * y)))
    spread = w * x_left * x_left
    sums = {"score": _by(code, w * x_left * null, g), "spread": _by(code, spread, g)}
    held = np.stack([_by(code, w * x_left * z[:, j], g) for j in range(z.shape[1])], axis=1)
    moved = np.stack([_by(code, w * null * z[:, j], g) for j in range(z.shape[1])], axis=1)
    mixing = np.diag(sums["score"]) - moved @ inverse @ held.T
    observed = _t_values(np.ones((1, g)), sums["score"], mixing, sums["spread"])[0]
    enumerated = g - 1 <= int(np.log2(ENUMERATED))
    rng = np.random.default_rng(seed)
    batches = all_signs(g) if enumerated else (_multipliers(rng, n, g, "rademacher") for n in _sizes(draws))
    count, flips = 0, 0
    for signs in batches:
        found = _t_values(signs, sums["score"], mixing, sums["spread"])
        count, flips = count + int((np.abs(found) >= abs(observed) * (1 - 1e-10)).sum()), flips + len(signs)
    p = count / flips if enumerated else (1 + count) / (1 + flips)
    return SignFlip(np.array([p]), flips, enumerated, None if enumerated else seed)


def all_signs(g: int) -> Iterator[np.ndarray]:
    """All sign vectors of g offices up to a common sign, (chunk, g) at a time: the first office keeps its sign."""
    for start in range(0, 1 << (g - 1), CHUNK):
        number = np.arange(start, min(start + CHUNK, 1 << (g - 1)))
        bits = (number[:, None] >> np.arange(g - 1)) & 1
        yield np.column_stack([np.ones(len(number)), 1.0 - 2.0 * bits])


def _t_values(signs: np.ndarray, score: np.ndarray, mixing: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Coefficient over its clustered error, for each row of signs; `mixing` (G, G) maps signs to scores by cluster."""
    coefficient = signs @ score / spread.sum()
    scores = signs @ mixing - coefficient[:, None] * spread
    return coefficient / np.sqrt((scores**2).sum(axis=1))


def _by(code: np.ndarray, values: np.ndarray, g: int) -> np.ndarray:
    return np.bincount(code, weights=values, minlength=g)


def _sizes(draws: int) -> list[int]:
    return [min(CHUNK, draws - start) for start in range(0, draws, CHUNK)]


def _multipliers(rng: np.random.Generator, n: int, g: int, kind: str) -> np.ndarray:
    if kind == "rademacher":
        return rng.integers(0, 2, (n, g)) * 2.0 - 1.0
    root = np.sqrt(5)
    low, high = (1 - root) / 2, (1 + root) / 2
    return np.where(rng.random((n, g)) < (root + 1) / (2 * root), low, high)
