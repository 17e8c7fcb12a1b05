"""Intervals that hold when trends need not be parallel, how far they may part before a finding falls, and the sets that
the data would leave without sampling error.

Restrictions: "smoothness", the trend bends by at most M from period to period (the unit is that of the outcome);
"relative_magnitudes", its steps after the start are at most M̄ times the largest before (no unit).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from analysis.sensitivity.honest_did.conditional import Test, ends
from analysis.sensitivity.honest_did.event_study import EventStudy
from analysis.sensitivity.honest_did.fixed_length import fixed_length
from analysis.sensitivity.honest_did.moments import bend_weights, relative_moments, smooth_moments

DEFAULTS = {"smoothness": "fixed_length", "relative_magnitudes": "hybrid"}
# A breakdown value is looked for in so many steps, then halved until it is sharp.
STEPS, HALVINGS, DOUBLINGS = 16, 30, 60


@dataclass(frozen=True)
class RobustInterval:
    """An interval for the target under a restriction with size `bound` (M or M̄), and the set it surrounds.

    identified_low, identified_high: `identified_set` at the estimates; nan when they themselves break the restriction.
    """

    restriction: str
    method: str
    bound: float
    level: float
    conf_low: float
    conf_high: float
    identified_low: float
    identified_high: float

    def excludes(self, value: float) -> bool:
        """Whether the interval does not hold `value`; an interval of nothing (the data refute the restriction) does."""
        return not self.conf_low <= value <= self.conf_high


def robust_interval(
    study: EventStudy, bound: float, *, restriction: str, method: str | None = None, level: float = 0.95
) -> RobustInterval:
    """Interval of `level` for the target under `restriction` of size `bound` >= 0.

    method: "fixed_length" (smoothness only, its default), "hybrid" (default of relative magnitudes: C-LF in the paper)
    or "conditional". Sets that are not connected are reported from their lowest to their highest value.
    """
    name = _method(restriction, method)
    if not 0 <= bound < np.inf:
        raise ValueError(f"the bound must be at least 0, not {bound}")
    low, high = _ends(study, bound, restriction, name, level)
    return RobustInterval(restriction, name, bound, level, low, high, *identified_set(study, bound, restriction))


def breakdown(
    study: EventStudy, *, restriction: str, value: float = 0.0, method: str | None = None, level: float = 0.95
) -> float:
    """The largest M or M̄ up to which every interval excludes `value`: 0.0 when it is inside already at 0.

    Where intervals grow steadily right to 1e-9 of itself, or of the target's standard error (of 1 for M̄) when smaller;
    otherwise the first inclusion that 16 steps show. ValueError: no bound is large enough, the trend before being 0.
    """
    interval = partial(_ends, study, restriction=restriction, method=_method(restriction, method), level=level)

    def holds(bound: float) -> bool:
        low, high = interval(bound)
        return bool(low <= value <= high)

    if holds(0.0):
        return 0.0
    high = _first_doubled(holds, study.std_error if restriction == "smoothness" else 1.0)
    steps = np.linspace(0.0, high, STEPS + 1)[1:]
    above = next(k for k, step in enumerate(steps) if holds(step))
    low, high = (0.0 if above == 0 else float(steps[above - 1])), float(steps[above])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return low


def _first_doubled(holds: Callable[[float], bool], start: float) -> float:
    """The first of start/64, start/32, … at which the interval holds the value."""
    for doubling in range(-6, DOUBLINGS):
        if holds(start * 2.0**doubling):
            return start * 2.0**doubling
    raise ValueError("no bound on the trend is large enough: the estimates before do not move")


def identified_set(study: EventStudy, bound: float, restriction: str) -> tuple[float, float]:
    """Lowest and highest value of the target if the estimates were without error; nan when the restriction is broken.

    The trend before is then the estimates before: paper, lemma 2.1.
    """
    p, steps = study.n_before, study.differences @ study.estimates
    if restriction == "relative_magnitudes":
        reach = bound * np.abs(steps[:p]).max() * np.abs(np.cumsum(study.target[::-1])).sum()
        return float(study.estimate - reach), float(study.estimate + reach)
    _method(restriction, None)
    if p > 1 and np.abs(np.diff(steps[:p])).max() > bound:
        return np.nan, np.nan
    centre = study.estimate - steps[p - 1] * (study.target @ np.arange(1, study.n_after + 1))
    reach = bound * np.abs(bend_weights(study)).sum()
    return float(centre - reach), float(centre + reach)


def _method(restriction: str, method: str | None) -> str:
    if restriction not in DEFAULTS:
        raise ValueError(f"restriction must be one of {', '.join(DEFAULTS)}, not {restriction!r}")
    if method == "fixed_length" and restriction != "smoothness":
        raise ValueError("intervals of fixed length are for smoothness")
    return method or DEFAULTS[restriction]


def _ends(study: EventStudy, bound: float, restriction: str, method: str, level: float) -> tuple[float, float]:
    if method == "fixed_length":
        found = fixed_length(study, bound, level=level)
        return found.conf_low, found.conf_high
    moments = smooth_moments if restriction == "smoothness" else relative_moments
    pieces = ends(moments(study, bound), Test(method=method, level=level))
    kept = pieces[~np.isnan(pieces[:, 0])]
    return (float(kept[:, 0].min()), float(kept[:, 1].max())) if len(kept) else (np.nan, np.nan)
