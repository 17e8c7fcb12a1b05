"""Power, smallest detectable effect and number of offices or persons needed, in closed form.

Shares and differences are 0–1; ICC is the intra-cluster correlation; `persons` is the mean number of persons per office
and `cv` the coefficient of variation of office sizes. Every function of a trial of offices rests on one sentence: the
difference over its standard error is noncentral t with (offices in both arms − 2) degrees of freedom. The chance of
being significant in the wrong direction is not counted as power there (it is 0.0008 where power is 0.2); the tests of
persons count it, as their R namesakes do.

References: Donner and Klar (2000) Design and Analysis of Cluster Randomization Trials; Eldridge, Ashby and Kerry (2006)
Int. J. Epidemiology 35, 1292–1300 (unequal sizes); Teerenstra et al. (2012) Statistics in Medicine 31, 2169–2178 (two
dates); Cohen (1988) Statistical Power Analysis, chapters 2 and 6. Equal to clusterPower 0.7.0 and pwr 1.3-0.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import scipy

ROOT_TOLERANCE = 1e-13
QUANTILES = ("t", "normal")
# Where a search for a number of offices or persons gives up.
MOST = 1e9


@dataclass(frozen=True)
class Offices:
    """A design with whole offices in two arms.

    `treated` and `comparison` are numbers of offices (they need not be whole while a number is sought), `persons` the
    mean number per office, `cv` the coefficient of variation of office sizes, `icc` the correlation inside an office.
    """

    treated: float
    comparison: float
    persons: float
    icc: float
    cv: float = 0.0

    def __post_init__(self) -> None:
        if min(self.treated, self.comparison) <= 0 or self.treated + self.comparison <= 2:
            raise ValueError("two arms of offices need more than two offices together")
        if not 1 <= self.persons < math.inf:
            raise ValueError(f"an office has at least one person, got {self.persons}")
        if not 0 <= self.icc <= 1:
            raise ValueError(f"the intra-cluster correlation must lie in [0, 1], got {self.icc}")
        if not 0 <= self.cv < math.inf:
            raise ValueError(f"the coefficient of variation of office sizes must be at least 0, got {self.cv}")

    @property
    def df(self) -> float:
        return self.treated + self.comparison - 2

    @property
    def design_effect(self) -> float:
        """1 + ((1 + cv²)·m − 1)·ICC: how many times offices multiply the variance of a mean."""
        return 1 + ((1 + self.cv**2) * self.persons - 1) * self.icc

    def std_error(self, variance_treated: float, variance_comparison: float) -> float:
        """Standard error of a difference between arms, from the variance of one person in each arm."""
        arms = ((variance_treated, self.treated), (variance_comparison, self.comparison))
        return math.sqrt(sum(variance * self.design_effect / (offices * self.persons) for variance, offices in arms))


def even_offices(offices: float, *, persons: float, icc: float, cv: float = 0.0) -> Offices:
    """A design with `offices` in each arm."""
    return Offices(offices, offices, persons, icc, cv)


def power_of_offices(ratio: float, df: float, *, level: float = 0.95, quantiles: str = "t") -> float:
    """Power when the true difference is `ratio` standard errors: P(T > t), T noncentral t(df), without the far tail.

    `quantiles="normal"` takes the normal instead, which promises too much when offices are few. Raises ValueError for a
    level outside (0, 1), df ≤ 0 and another name.
    """
    tail = _tail(level)
    if quantiles not in QUANTILES:
        raise ValueError(f"quantiles must be one of {QUANTILES}, got {quantiles!r}")
    if quantiles == "normal":
        return float(scipy.special.ndtr(abs(ratio) + scipy.special.ndtri(tail)))
    if df <= 0:
        raise ValueError("no degrees of freedom")
    return float(scipy.stats.nct.sf(-scipy.special.stdtrit(df, tail), df, abs(ratio)))


def ratio_needed(df: float, *, power: float = 0.8, level: float = 0.95, quantiles: str = "t") -> float:
    """How many standard errors a difference must be for this power: the root in noncentrality of `power_of_offices`."""
    _require_power(power, level)
    reach = 10.0
    while power_of_offices(reach, df, level=level, quantiles=quantiles) < power:
        reach *= 4
    return _root(lambda ratio: power_of_offices(ratio, df, level=level, quantiles=quantiles) - power, 0.0, reach)


# Whole offices, outcome measured once


def binary_power(
    p_treated: float,
    p_comparison: float,
    design: Offices,
    *,
    pooled: bool = False,
    level: float = 0.95,
    quantiles: str = "t",
) -> float:
    """Power to see that two shares differ when whole offices were assigned (clusterPower's `cpa.binary`).

    SE² = deff·Σ p(1 − p)/(offices·persons), with each arm's own share, or with the mean of both if `pooled`. Raises
    ValueError for shares outside [0, 1], or neither of which varies.
    """
    variances = [_bernoulli(share) for share in (p_treated, p_comparison)]
    if pooled:
        variances = [_bernoulli((p_treated + p_comparison) / 2)] * 2
    std_error = design.std_error(*variances)
    if std_error == 0:
        raise ValueError("neither share varies")
    return power_of_offices((p_treated - p_comparison) / std_error, design.df, level=level, quantiles=quantiles)


def binary_smallest(
    p_comparison: float,
    design: Offices,
    *,
    power: float = 0.8,
    rising: bool = True,
    pooled: bool = False,
    level: float = 0.95,
    quantiles: str = "t",
) -> float:
    """The share in the treated arm nearest p_comparison that is seen with this power; nan if no share within 0–1 is."""
    _require_power(power, level)

    def missing(share: float) -> float:
        return binary_power(share, p_comparison, design, pooled=pooled, level=level, quantiles=quantiles) - power

    end = 1 - 1e-12 if rising else 1e-12
    return _root(missing, p_comparison, end)


def binary_offices(
    p_treated: float,
    p_comparison: float,
    *,
    persons: float,
    icc: float,
    cv: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
    quantiles: str = "t",
) -> float:
    """Offices needed in each arm for this power (not rounded up); nan if the shares are equal."""
    _require_power(power, level)
    if p_treated == p_comparison:
        return math.nan

    def missing(offices: float) -> float:
        design = even_offices(offices, persons=persons, icc=icc, cv=cv)
        return binary_power(p_treated, p_comparison, design, level=level, quantiles=quantiles) - power

    return _number_needed(missing, 1 + 1e-6)


def continuous_power(
    difference: float, sd: float, design: Offices, *, level: float = 0.95, quantiles: str = "t"
) -> float:
    """Power to see a difference between means with standard deviation `sd` in both arms, whole offices assigned."""
    return power_of_offices(
        difference / design.std_error(_variance(sd), _variance(sd)), design.df, level=level, quantiles=quantiles
    )


def continuous_smallest(
    sd: float, design: Offices, *, power: float = 0.8, level: float = 0.95, quantiles: str = "t"
) -> float:
    """The smallest difference between means that is seen with this power."""
    ratio = ratio_needed(design.df, power=power, level=level, quantiles=quantiles)
    return ratio * design.std_error(_variance(sd), _variance(sd))


def continuous_offices(
    difference: float,
    sd: float,
    *,
    persons: float,
    icc: float,
    cv: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
) -> float:
    """Offices needed in each arm to see a difference between means with this power (not rounded up)."""
    _require_power(power, level)
    if difference == 0:
        return math.nan
    return _root(
        lambda offices: (
            continuous_power(difference, sd, even_offices(offices, persons=persons, icc=icc, cv=cv), level=level)
            - power
        ),
        1 + 1e-6,
        MOST,
    )


# Whole offices, outcome measured before and after


@dataclass(frozen=True)
class TwoDates:
    """A design with whole offices seen at two dates.

    `office_correlation` is that of an office with itself over time, `person_correlation` that of a person with
    themselves given the office (0 when other persons are asked the second time).
    """

    design: Offices
    office_correlation: float
    person_correlation: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("office", self.office_correlation), ("person", self.person_correlation)):
            if not -1 <= value <= 1:
                raise ValueError(f"the correlation over time of an {name} must lie in [-1, 1], got {value}")

    def std_error(self, variance: float) -> float:
        """Standard error of a difference-in-differences (Teerenstra et al. 2012).

        The variance of one office's change is 2·[V·ICC·(1 − ρ_c) + V·(1 − ICC)·(1 − ρ_s)/m]: `variance` V of one
        person, ρ_c the correlation of offices and ρ_s that of persons. Unequal offices multiply the first term by
        1 + cv², as in the design effect of one date.
        """
        design = self.design
        between = variance * design.icc * (1 - self.office_correlation) * (1 + design.cv**2)
        within = variance * (1 - design.icc) * (1 - self.person_correlation) / design.persons
        return math.sqrt(2 * (between + within) * (1 / design.treated + 1 / design.comparison))


def did_binary_power(share: float, difference: float, dates: TwoDates, *, level: float = 0.95) -> float:
    """Power to see a difference-in-differences of shares about `share` (clusterPower's `cpa.did.binary`)."""
    return power_of_offices(difference / dates.std_error(_bernoulli(share)), dates.design.df, level=level)


def did_binary_smallest(share: float, dates: TwoDates, *, power: float = 0.8, level: float = 0.95) -> float:
    """The smallest difference-in-differences of shares about `share` that is seen with this power."""
    return ratio_needed(dates.design.df, power=power, level=level) * dates.std_error(_bernoulli(share))


def did_continuous_power(difference: float, sd: float, dates: TwoDates, *, level: float = 0.95) -> float:
    """Power to see a difference-in-differences of means with standard deviation `sd` at both dates."""
    return power_of_offices(difference / dates.std_error(_variance(sd)), dates.design.df, level=level)


# Persons assigned one by one


def arcsine_difference(p1: float, p2: float) -> float:
    """Cohen's h = 2·asin√p1 − 2·asin√p2."""
    _bernoulli(p1), _bernoulli(p2)
    return 2 * math.asin(math.sqrt(p1)) - 2 * math.asin(math.sqrt(p2))


def two_shares_power(p1: float, p2: float, n1: float, n2: float, *, level: float = 0.95) -> float:
    """Power to see that two shares of independent persons differ, by the arcsine (R's `pwr.2p2n.test`), both tails."""
    ratio = arcsine_difference(p1, p2) * math.sqrt(_per_pair(n1, n2))
    critical = -float(scipy.special.ndtri(_tail(level)))
    return float(scipy.special.ndtr(ratio - critical) + scipy.special.ndtr(-critical - ratio))


def two_shares_persons(p1: float, p2: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """Persons needed in each of two equal arms (R's `pwr.2p.test`; not rounded up); nan if the shares are equal."""
    _require_power(power, level)
    if p1 == p2:
        return math.nan
    return _number_needed(lambda n: two_shares_power(p1, p2, n, n, level=level) - power, 1e-9)


def two_shares_smallest(
    p2: float, n1: float, n2: float, *, power: float = 0.8, rising: bool = True, level: float = 0.95
) -> float:
    """The share of arm 1 nearest p2 that is seen with this power; nan if none within 0–1 is."""
    _require_power(power, level)
    return _root(lambda share: two_shares_power(share, p2, n1, n2, level=level) - power, p2, 1.0 if rising else 0.0)


def two_means_power(standardised: float, n1: float, n2: float, *, level: float = 0.95) -> float:
    """Power of the two-sample t-test for a difference in standard deviations (R's `pwr.t2n.test`), both tails."""
    df = n1 + n2 - 2
    if df <= 0:
        raise ValueError("no degrees of freedom")
    critical, noncentrality = (
        -float(scipy.special.stdtrit(df, _tail(level))),
        standardised * math.sqrt(_per_pair(n1, n2)),
    )
    # By symmetry P(T < −t) is P(T > t) with the other sign; scipy's cdf has no number so far out, its sf has 0.
    far = scipy.stats.nct.sf(critical, df, -abs(noncentrality))
    return float(scipy.stats.nct.sf(critical, df, abs(noncentrality)) + far)


def two_means_smallest(n1: float, n2: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """The smallest difference in standard deviations that the two-sample t-test sees with this power."""
    _require_power(power, level)
    reach = 100 / math.sqrt(_per_pair(n1, n2))
    return _root(lambda standardised: two_means_power(standardised, n1, n2, level=level) - power, 0.0, reach)


def _number_needed(missing: Callable[[float], float], low: float) -> float:
    """The number of offices or persons at which power is enough, from `low` up; nan if 1e9 are too few."""
    high = 2.0
    while missing(high) < 0:
        if high >= MOST:
            return math.nan
        low, high = high, 2 * high
    return _root(missing, low, high)


def _root(missing: Callable[[float], float], low: float, high: float) -> float:
    """Where `missing` crosses zero between an end with too little power and one with enough; nan if it never does."""
    if missing(high) < 0:
        return math.nan
    return float(scipy.optimize.brentq(missing, low, high, xtol=ROOT_TOLERANCE, rtol=4 * 2.0**-52, maxiter=500))


def _per_pair(n1: float, n2: float) -> float:
    if min(n1, n2) <= 0:
        raise ValueError("an arm needs persons")
    return n1 * n2 / (n1 + n2)


def _bernoulli(share: float) -> float:
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, got {share}")
    return share * (1 - share)


def _variance(sd: float) -> float:
    if not 0 < sd < math.inf:
        raise ValueError(f"the standard deviation must be above 0, got {sd}")
    return sd**2


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"the level must lie between 0 and 1, got {level}")
    return (1 - level) / 2


def _require_power(power: float, level: float) -> None:
    """Power starts at half the significance level where there is no difference, and never reaches 1."""
    if not 2 * _tail(level) <= power < 1:
        raise ValueError(f"power must lie between the significance level and 1, got {power}")
