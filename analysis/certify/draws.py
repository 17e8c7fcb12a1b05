"""What simulated studies say of an analysis: bias, coverage and rejections, with the error of having drawn so few.

Source: Morris, White and Crowther (2019), Statistics in Medicine 38, 2074–2102, table 6.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Drawn:
    """One simulated study: its estimate, its interval, and the p-value of its test (nan where there is none)."""

    estimate: float
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan


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


def summarised(drawn: Sequence[Drawn], *, effect: float, level: float, bounds: Bounds | None = None) -> dict[str, Any]:
    """Plain data on studies whose true effect is `effect`: shares 0–1, each with its Monte Carlo error (`_mc`).

    `interval_rejections` and `test_rejections` are power where the effect is not 0. None where nothing was drawn that
    has it. `faults`: which of bias, coverage, interval and test are beyond the bounds.
    """
    bounds = bounds or Bounds()
    kept = [one for one in drawn if math.isfinite(one.estimate)]
    estimates = np.array([one.estimate for one in kept])
    found: dict[str, Any] = {"effect": effect, "studies": len(drawn), "estimated": len(kept), "faults": []}
    if len(kept) < 2:
        return found | {"faults": ["estimate"]}
    sd = float(estimates.std(ddof=1))
    found |= {"mean": float(estimates.mean()), "bias": float(estimates.mean() - effect)}
    found |= {"bias_mc": sd / math.sqrt(len(kept)), "sd": sd}
    closed = [one for one in kept if math.isfinite(one.low) and math.isfinite(one.high)]
    found |= _share("coverage", [one.low <= effect <= one.high for one in closed])
    found |= _share("interval_rejections", [one.low > 0 or one.high < 0 for one in closed])
    tested = [one for one in kept if math.isfinite(one.p_value)]
    found |= _share("test_rejections", [one.p_value < 1 - level - 1e-12 for one in tested])
    return found | {"faults": _faults(found, level, bounds)}


def _share(name: str, happened: Sequence[bool]) -> dict[str, float | None]:
    if not happened:
        return {name: None, f"{name}_mc": None}
    share = float(np.mean(happened))
    # Where all or none happened, the error is that of one study more that went the other way.
    spread = share * (1 - share) or 1 / (len(happened) + 1)
    return {name: share, f"{name}_mc": math.sqrt(spread / len(happened))}


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
