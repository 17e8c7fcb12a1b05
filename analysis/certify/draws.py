"""What simulated studies say of an analysis: bias, coverage and rejections, with the error of having drawn so few.

Source: Morris, White and Crowther (2019), Statistics in Medicine 38, 2074–2102, table 6.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.tables import MAIN


@dataclass(frozen=True)
class Drawn:
    """One simulated study: its estimate, its interval, and the p-value of its test (nan where there is none).

    `analysis`: the planned one, or one that the card plans beside it.
    """

    estimate: float
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan
    analysis: str = MAIN


@dataclass(frozen=True)
class Bounds:
    """How far off is too far, beyond two Monte Carlo errors.

    `bias` in standard deviations of the estimates: at a tenth, an interval of 95 % still covers 94.9 %. `coverage`:
    below its level, and `rejections`: above 1 − level where the effect is 0. Bradley's (1978) liberal bound for a test
    at 5 % is 7.5 %.
    """

    bias: float = 0.1
    coverage: float = 0.025
    rejections: float = 0.025


def summarised(
    drawn: Sequence[Drawn],
    *,
    effect: float,
    level: float,
    bounds: Bounds | None = None,
    sets: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Plain data on studies whose true effect is `effect`: shares 0–1, each with its Monte Carlo error (`_mc`).

    `sets`: of each study, which made-up persons it is about; studies of the same persons count together in the errors.
    `interval_rejections` and `test_rejections` are power where the effect is not 0. None where nothing was drawn that
    has it. `faults`: which of bias, coverage, interval and test are beyond the bounds.
    """
    bounds, codes = bounds or Bounds(), np.arange(len(drawn)) if sets is None else np.asarray(sets)
    estimates = np.array([one.estimate for one in drawn], dtype=float)
    kept = np.isfinite(estimates)
    found: dict[str, Any] = {"effect": effect, "studies": len(drawn), "estimated": int(kept.sum()), "faults": []}
    if len(np.unique(codes[kept])) < 2:
        return found | {"faults": ["estimate"]}
    low, high, p = (np.array([getattr(one, name) for one in drawn]) for name in ("low", "high", "p_value"))
    mean = float(estimates[kept].mean())
    found |= {"mean": mean, "bias": mean - effect, "bias_mc": _error(estimates[kept], codes[kept])}
    found["sd"] = float(estimates[kept].std(ddof=1))
    closed, tested = kept & np.isfinite(low) & np.isfinite(high), kept & np.isfinite(p)
    found |= _share("coverage", (low <= effect) & (effect <= high), codes, closed)
    found |= _share("interval_rejections", (low > 0) | (high < 0), codes, closed)
    found |= _share("test_rejections", p < 1 - level - 1e-12, codes, tested)
    return found | {"faults": _faults(found, level, bounds)}


def _share(name: str, happened: np.ndarray, codes: np.ndarray, asked: np.ndarray) -> dict[str, float | None]:
    if not asked.any():
        return {name: None, f"{name}_mc": None}
    return {name: float(happened[asked].mean()), f"{name}_mc": _error(happened[asked].astype(float), codes[asked])}


def _error(values: np.ndarray, codes: np.ndarray) -> float:
    """Standard error of the mean of `values`, clustered by `codes`; sd/√n where every study has persons of its own.

    Where all are alike (all or none happened), the error is that of one study more that went the other way.
    """
    n, code = len(values), np.unique(codes, return_inverse=True)[1]
    clusters = code.max() + 1
    sums = np.bincount(code, weights=values - values.mean())
    if clusters < 2 or np.ptp(values) == 0:
        return 1 / math.sqrt((n + 1) * n)
    return math.sqrt(clusters / (clusters - 1) * float(sums @ sums)) / n


def _faults(found: dict[str, Any], level: float, bounds: Bounds) -> list[str]:
    faults = []
    if abs(found["bias"]) - 2 * found["bias_mc"] > bounds.bias * found["sd"]:
        faults.append("bias")
    if found["coverage"] is not None and found["coverage"] + 2 * found["coverage_mc"] < level - bounds.coverage:
        faults.append("coverage")
    for name in ("interval", "test"):
        share, error = found[f"{name}_rejections"], found[f"{name}_rejections_mc"]
        if found["effect"] == 0 and share is not None and share - 2 * error > 1 - level + bounds.rejections:
            faults.append(name)
    return faults
