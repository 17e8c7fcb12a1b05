"""What can be said of one group alone: its share, what other published shares would ask of it, and a prior.

Nothing here is an effect. Shares are 0–1 and counts are whole persons. References: Wilson (1927) and Brown, Cai and
DasGupta (2001) for the intervals (proportions.py); Gelman et al. (2013) Bayesian Data Analysis, chapter 2;
Spiegelhalter, Abrams and Myles (2004) Bayesian Approaches to Clinical Trials, section 5.5, for sceptical priors; Yan,
Lee and Li (2009) Journal of Biopharmaceutical Statistics 19, 1085–1098, for asking at what count a conclusion tips.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import scipy

from analysis.priors import Prior
from analysis.proportions import wilson


@dataclass(frozen=True)
class Tipping:
    """Persons (whole numbers): the count that would remove the difference, and its range over the interval."""

    persons: int
    low: int
    high: int


@dataclass(frozen=True)
class Posterior:
    """Mean and equal-tailed interval of the share (0–1) given prior and counts."""

    mean: float
    low: float
    high: float


def tipping_point(k: int, n: int, benchmark: float, *, level: float = 0.95) -> Tipping:
    """How many of the k must have had the outcome anyway for the share to be no higher than `benchmark` (0–1).

    The least whole c ≥ 0 with (k − c)/n ≤ benchmark, so c = ⌈k − n·benchmark⌉; 0 when the share is not higher to begin
    with. The range puts Wilson's bounds in the place of the share, at most k: how sure the count is when the n are seen
    as a sample. The benchmark is taken as it is printed, without uncertainty of its own. Raises ValueError for counts
    that cannot be, a benchmark outside [0, 1] and a level outside (0, 1).
    """
    interval = wilson(k, n, level=level)
    if not 0 <= benchmark <= 1:
        raise ValueError(f"a benchmark share lies between 0 and 1, got {benchmark}")
    # The decimals of the print, not of the binary number nearest to them: 0.2 of 10 persons is exactly 2.
    printed = Fraction(repr(float(benchmark)))

    def persons(with_outcome: Fraction) -> int:
        return min(k, max(0, math.ceil(with_outcome - n * printed)))

    return Tipping(persons(Fraction(k)), persons(n * Fraction(interval.low)), persons(n * Fraction(interval.high)))


def sceptical_prior(benchmark: float, persons: float) -> Prior:
    """The prior of somebody who believes the share is that of others, as firmly as `persons` observed persons would.

    Mean `benchmark` (strictly between 0 and 1), weight `persons` > 0: Beta(persons·benchmark, persons·(1 − benchmark)).
    """
    if not 0 < benchmark < 1 or not 0 < persons < math.inf:
        raise ValueError(f"a prior cannot be centred on {benchmark} with the weight of {persons} persons")
    return Prior(persons * benchmark, persons * (1 - benchmark))


def posterior(k: int, n: int, prior: Prior, *, level: float = 0.95) -> Posterior:
    """Beta(a + k, b + n − k): mean and equal-tailed interval. Raises ValueError as `wilson`."""
    wilson(k, n, level=level)
    a, b, tail = prior.a + k, prior.b + n - k, (1 - level) / 2
    return Posterior(
        a / (a + b), float(scipy.special.betaincinv(a, b, tail)), float(scipy.special.betaincinv(a, b, 1 - tail))
    )
