"""What it costs, and what it is worth: plain numbers in, plain numbers out.

C = C_treated − C_comparison is what a participant costs more than one of the comparison group, and τ with its interval
[l, u] is the difference in the share in work. Everything here is a function of τ and of stated assumptions: the
interval of a result is the image of the interval of τ, and says nothing of how uncertain the assumptions are. For that
one assumption at a time is moved within its range.

Sources: docs/methods.md, section «Cost».
"""

import math
from dataclasses import dataclass, replace

CONSTANT, FADING = "constant", "fading"
SOCIETY, PUBLIC, PERSON = "society", "public", "person"
ACCOUNTS = (SOCIETY, PUBLIC, PERSON)
# What can be said of the cost per further person in work.
BOUNDED, UNBOUNDED, NONE = "bounded", "unbounded", "none"
ESTIMATED = "estimated"
NOT_DEARER, NO_EFFECT = "not_dearer", "no_effect_estimated"
# When an account is no longer in deficit.
REACHED, NEVER, AT_ONCE = "reached", "never", "at_once"
MILLION = 1e6
MONTHS_OF_YEAR = 12


@dataclass(frozen=True)
class Assumptions:
    """Kroner, users per adviser, months, and parts of 1; the keys of the card. `half_life` None: no fading variant,
    `work_month` None: no accounts."""

    adviser_year: float
    caseload_treated: float
    caseload_comparison: float
    months_treated: float
    months_comparison: float
    other_treated: float = 0.0
    other_comparison: float = 0.0
    work_month: float | None = None
    tax_share: float | None = None
    benefit_month: float | None = None
    effect_months: int | None = None
    half_life: float | None = None
    leisure_share: float = 0.0
    discount_rate: float = 0.04
    tax_cost: float = 0.2

    def variants(self) -> tuple[str, ...]:
        """How long the difference may last: unchanged, and where a half-life is stated, fading."""
        return (CONSTANT,) if self.half_life is None else (CONSTANT, FADING)


@dataclass(frozen=True)
class Effect:
    """A difference in the share in work, with its interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Answer:
    """A number with its interval; None where there is none, and `status` says why."""

    status: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


def participant_costs(given: Assumptions) -> tuple[float, float]:
    """Kroner per person in the treated and in the comparison group.

    C_g = adviser_year/caseload_g · months_g/12 + other_g
    """
    treated = given.adviser_year / given.caseload_treated * given.months_treated / MONTHS_OF_YEAR
    comparison = given.adviser_year / given.caseload_comparison * given.months_comparison / MONTHS_OF_YEAR
    return treated + given.other_treated, comparison + given.other_comparison


def further_cost(given: Assumptions) -> float:
    """C, kroner per participant."""
    treated, comparison = participant_costs(given)
    return treated - comparison


def per_person(cost: float, effect: Effect) -> Answer:
    """Kroner per further person in work, C/τ.

    Given the assumptions C is not random, so that Fieller's set (Fieller 1954, JRSS B 16, 175–185) is the image of
    [l, u]: from C/u to C/l where l > 0; from C/u without an end where l ≤ 0 < u, and then no single number is given;
    none where u ≤ 0. Where C ≤ 0 there is no further cost to divide.
    """
    if cost <= 0:
        return Answer(NOT_DEARER)
    if effect.low > 0:
        return Answer(BOUNDED, cost / effect.estimate, cost / effect.high, cost / effect.low)
    return Answer(UNBOUNDED, low=cost / effect.high) if effect.high > 0 else Answer(NONE)


def per_million(cost: float, effect: Effect) -> Answer:
    """Further persons in work per million kroner of further cost, 10⁶·τ/C: always finite, and may be below zero."""
    if cost <= 0:
        return Answer(NOT_DEARER)
    return Answer(ESTIMATED, *(MILLION * end / cost for end in (effect.estimate, effect.low, effect.high)))


def log_decay(given: Assumptions, variant: str) -> float:
    """ln q, q = (1 + r)^(−1/12), and times 2^(−1/H) where the difference fades."""
    discounted = -math.log1p(given.discount_rate) / MONTHS_OF_YEAR
    return discounted if variant == CONSTANT else discounted - math.log(2) / given.half_life


def discounted_months(given: Assumptions, months: int, variant: str) -> float:
    """S(T) = Σ q^m over m = 1, …, T: months in work, discounted to the start, of one further person in work."""
    decay = log_decay(given, variant)
    return float(months) if decay == 0 else math.exp(decay) * math.expm1(months * decay) / math.expm1(decay)


def monthly_gain(given: Assumptions, account: str) -> float:
    """Kroner that a discounted month in work adds to an account, with v = work_month, t = tax_share·v, s =
    benefit_month, ℓ = leisure_share and λ = tax_cost: public t + s, person v − t − s − ℓv, society v(1 − ℓ) + λ(t + s).
    """
    work, public = given.work_month, given.tax_share * given.work_month + given.benefit_month
    gains = {
        PUBLIC: public,
        PERSON: work * (1 - given.leisure_share) - public,
        SOCIETY: work * (1 - given.leisure_share) + given.tax_cost * public,
    }
    return gains[account]


def outlay(given: Assumptions, account: str) -> float:
    """Kroner that an account is charged at the start: C, nothing for the person, and (1 + λ)C for society."""
    charged = {PUBLIC: 1.0, PERSON: 0.0, SOCIETY: 1 + given.tax_cost}
    return charged[account] * further_cost(given)


def account_at(given: Assumptions, difference: float, account: str, variant: str) -> float:
    """Kroner per participant over T = effect_months: τ·S(T)·gain − outlay.

    society = public + person + λ·public, where W = τ·S(T), public = W(t + s) − C and person = W(v − t − s − ℓv).
    """
    months = discounted_months(given, given.effect_months, variant)
    return difference * months * monthly_gain(given, account) - outlay(given, account)


def account_of(given: Assumptions, effect: Effect, account: str, variant: str) -> Answer:
    """An account with its interval. Where work leaves a person with less, the ends change places."""
    value, *ends = (account_at(given, tau, account, variant) for tau in (effect.estimate, effect.low, effect.high))
    return Answer(ESTIMATED, value, min(ends), max(ends))


def break_even(given: Assumptions, difference: float, account: str, variant: str) -> Answer:
    """The fewest whole months that the difference must last before an account is not in deficit.

    The least T with τ·S(T)·gain ≥ outlay. S(T) = q(1 − q^T)/(1 − q) gives T = ⌈ln(1 − x(1 − q)/q)/ln q⌉ with
    x = outlay/(τ·gain); never, where S(T) does not reach x however long it lasts.
    """
    charged = outlay(given, account)
    if charged <= 0:
        return Answer(AT_ONCE, 0.0)
    gained = difference * monthly_gain(given, account)
    if gained <= 0:
        return Answer(NEVER)
    wanted, decay = charged / gained, log_decay(given, variant)
    if decay == 0:
        return Answer(REACHED, float(math.ceil(wanted)))
    # 1 − x(1 − q)/q, the part of the whole sum that is left.
    left = 1 + wanted * math.expm1(decay) / math.exp(decay)
    if left <= 0:
        return Answer(NEVER)
    months = max(1, math.floor(math.log(left) / decay))
    enough = discounted_months(given, months, variant) >= wanted
    return Answer(REACHED, float(months if enough else months + 1))


def moved(given: Assumptions, name: str, value: float) -> Assumptions:
    """The same assumptions with another value of one of them."""
    return replace(given, **{name: value})
