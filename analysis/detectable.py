"""What a study as precise as this one can see: power for a pre-stated difference, and the smallest one it sees.

The standard error and degrees of freedom are those of the estimate; the difference is the card's `certify.effect`,
fixed beforehand. The estimate itself is never put in its place: «observed power» is the p-value once more and says
nothing about the design (Hoenig and Heisey 2001, The American Statistician 55(1)). What is reckoned here is design
power after the fact (Gelman and Carlin 2014, Perspectives on Psychological Science 9(6)).
"""

import math
from dataclasses import dataclass

from analysis.power import two_shares_power, two_shares_smallest
from analysis.power_designs import error_power, error_smallest, one_share_power, one_share_smallest

POWER = 0.8


@dataclass(frozen=True)
class Detectable:
    """`power` for the pre-stated difference, and `smallest`: the difference seen with power 0.8 (nan: none is)."""

    power: float
    smallest: float


def of_error(std_error: float, df: float, *, difference: float, level: float) -> Detectable:
    """From a standard error; `df` nan or infinite is the normal."""
    df = math.inf if math.isnan(df) else df
    power = error_power(difference, std_error, df, level=level)
    return Detectable(power, error_smallest(std_error, df, power=POWER, level=level))


def of_two_shares(base: float, treated: int, comparison: int, *, difference: float, level: float) -> Detectable:
    """From group sizes and the share of the comparison group, where persons are independent (arcsine).

    The difference goes up unless there is no room for it, and then down.
    """
    rising = base + difference <= 1
    other = base + difference if rising else base - difference
    power = two_shares_power(other, base, treated, comparison, level=level)
    found = two_shares_smallest(base, treated, comparison, power=POWER, rising=rising, level=level)
    return Detectable(power, abs(found - base))


def of_one_share(share: float, n: int, *, difference: float, level: float) -> Detectable:
    """One group against a share known beforehand: its own share is taken for the known one, exact binomial test."""
    up = share <= 0.5
    other = share + difference if up else share - difference
    if not 0 <= other <= 1:
        raise ValueError("no room for the difference")
    power = one_share_power(other, share, n, level=level)
    return Detectable(power, one_share_smallest(share, n, power=POWER, level=level))


def lowest_p(assignments: int) -> float:
    """The lowest p-value a rank among this many assignments can give. Above 1 − level nothing is ever seen."""
    if assignments < 1:
        raise ValueError("the true assignment is one of them")
    return 1 / assignments


def tenths(power: float) -> int:
    """Power as «x av 10»: 0 for fewer than one in ten (under 0.05), 10 for more than nine (from 0.95)."""
    return math.floor(10 * power + 0.5)
