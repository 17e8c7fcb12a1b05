"""How strongly an unmeasured cause must go with both treatment and outcome to explain an effect away: the E-value.

On the scale of risk ratios: a cause that is at least E times as common in one group and makes the outcome at least E
times as likely, beside what was measured, could give all of the association; a weaker one could not. A small E-value
is no proof of confounding and a large one none of its absence. Source: VanderWeele and Ding (2017), Annals of
Internal Medicine 167, 268–274; Ding and VanderWeele (2016), Epidemiology 27, 368–377.
"""

from dataclasses import dataclass

import numpy as np
import scipy

NAN = float("nan")


@dataclass(frozen=True)
class EValue:
    """`point`: E-value of the estimate; `interval`: of the end of its interval that lies nearest no effect.

    1 means that no unmeasured cause is needed: for `interval`, that the interval holds no effect already. `ratio`,
    `low`, `high`: the risk ratio it was worked out from, nan where no interval was given.
    """

    point: float
    interval: float
    ratio: float
    low: float
    high: float


def e_value(ratio: float, low: float = NAN, high: float = NAN, *, null: float = 1.0) -> EValue:
    """E-value of a risk ratio with interval `low` to `high`: E = R + √(R(R − 1)), R = ratio/`null` or its inverse.

    `null`: the true risk ratio that the cause is to move the estimate to. ValueError unless all are positive and the
    estimate lies in its interval. Source: VanderWeele and Ding (2017), table 2.
    """
    ends = np.array([low, high])
    given = not np.isnan(ends).any()
    if not (ratio > 0 and null > 0 and np.isfinite(ratio)) or (given and not 0 <= low <= ratio <= high):
        raise ValueError("ratio and null must be positive, and ratio lie between low and high")
    return EValue(_of_ratio(ratio / null), _nearest(low / null, high / null) if given else NAN, ratio, low, high)


def e_value_odds_ratio(ratio: float, low: float = NAN, high: float = NAN, *, rare: bool) -> EValue:
    """E-value of an odds ratio: as a risk ratio where the outcome is `rare` (below 15 %), else of its square root.

    Source: VanderWeele (2017), Epidemiology 28, e58–e60 (the square root).
    """
    power = 1.0 if rare else 0.5
    return e_value(*(value**power for value in (ratio, low, high)))


def e_value_difference(difference: float, low: float, high: float, *, base_rate: float) -> EValue:
    """E-value of a difference in shares with interval, through the risk ratio (b + d)/b.

    `base_rate` b: the share with the outcome in the comparison group (0–1), taken as known, so the interval's
    E-value is somewhat too large where few are behind b; `e_value_counts` needs no such assumption. A difference
    that would take the share below 0 or above 1 is cut there (a lower end of 0 has the E-value inf).
    """
    if not 0 < base_rate < 1 or not -base_rate < difference <= 1 - base_rate or not low <= difference <= high:
        raise ValueError("base_rate, base_rate + difference must lie between 0 and 1, and difference in its interval")
    shares = np.clip([base_rate + difference, base_rate + low, base_rate + high], 0.0, 1.0)
    return e_value(*(float(share) / base_rate for share in shares))


def e_value_counts(treated_yes: int, treated: int, control_yes: int, control: int, *, level: float = 0.95) -> EValue:
    """E-value of the difference in shares of two groups, counts with the outcome of all in each.

    A cause with bounding factor B leaves a standardised difference of at least (p₁ − p₀B)·(f + (1 − f)/B), f the
    share treated. `interval` is the E-value of the B at which the lower limit of that bound, with its delta-method
    error, is 0. A negative difference is turned round: the groups change places. `low` and `high` are nan: the
    interval is that of a difference. ValueError where a group has nobody, or nobody with the outcome.
    Source: Ding and VanderWeele (2016), as in evalues.RD of R's EValue.
    """
    counts = np.array([treated_yes, treated - treated_yes, control_yes, control - control_yes], dtype="float64")
    if (counts < 0).any() or min(treated, control) < 1 or min(treated_yes, control_yes) < 1:
        raise ValueError("each group must have somebody with the outcome, and no more than there are in it")
    ratio = (treated_yes / treated) / (control_yes / control)
    sides = (treated_yes, treated, control_yes, control) if ratio >= 1 else (control_yes, control, treated_yes, treated)
    return EValue(_of_ratio(ratio), _e_of_limit(*sides, level), ratio, NAN, NAN)


def bounding_factor(on_treatment: float, on_outcome: float) -> float:
    """Largest factor by which a cause with these two risk ratios (both at least 1) can move a risk ratio.

    RR₁·RR₂/(RR₁ + RR₂ − 1), which is R when both are the E-value of R. Source: Ding and VanderWeele (2016).
    """
    if min(on_treatment, on_outcome) < 1:
        raise ValueError("both risk ratios must be at least 1")
    return on_treatment * on_outcome / (on_treatment + on_outcome - 1)


def _of_ratio(ratio: float) -> float:
    if ratio == 0 or np.isinf(ratio):
        return float("inf")
    away = max(ratio, 1 / ratio)
    return float(away + np.sqrt(away * (away - 1)))


def _nearest(low: float, high: float) -> float:
    if low <= 1 <= high:
        return 1.0
    return _of_ratio(low if low > 1 else high)


def _e_of_limit(yes: int, n: int, other_yes: int, other: int, level: float) -> float:
    """E-value of the bounding factor at which the lower limit of the bound on the difference reaches 0."""
    p1, p0, f = yes / n, other_yes / other, n / (n + other)
    z = scipy.stats.norm.ppf(0.5 + level / 2)
    variances = p1 * (1 - p1) / n, p0 * (1 - p0) / other, f * (1 - f) / (n + other)

    def limit(factor: float) -> float:
        rest = f + (1 - f) / factor
        slopes = rest, factor * rest, (p1 - p0 * factor) * (1 - 1 / factor)
        error = np.sqrt(sum(slope**2 * variance for slope, variance in zip(slopes, variances, strict=True)))
        return float((p1 - p0 * factor) * rest - z * error)

    if limit(1.0) <= 0:
        return 1.0
    # At B = p₁/p₀ the bound itself is 0, so its limit is below.
    return _of_ratio(float(scipy.optimize.brentq(limit, 1.0, p1 / p0, xtol=1e-13)))
