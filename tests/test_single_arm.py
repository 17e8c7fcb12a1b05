"""One group alone: how many would tip the difference, and what a prior makes of the share."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from analysis.priors import JEFFREYS, Prior
from analysis.proportions import jeffreys, wilson
from analysis.single_arm import posterior, sceptical_prior, tipping_point

shares = st.integers(1, 99).map(lambda percent: percent / 100)


@st.composite
def counts(draw):
    n = draw(st.integers(1, 300))
    return draw(st.integers(0, n)), n


@pytest.mark.parametrize(
    ("benchmark", "persons", "low", "high"), [(0.25, 24, 18, 29), (0.23, 25, 19, 30), (0.54, 10, 3, 15)]
)
def test_the_tipping_points_of_thirty_six_of_forty_nine_are_known(benchmark, persons, low, high):
    found = tipping_point(36, 49, benchmark)
    assert (found.persons, found.low, found.high) == (persons, low, high)
    # 24 fewer is 12 of 49, 24.5 %: below one in four, and 23 fewer is above it.
    assert (36 - persons) / 49 <= benchmark < (36 - persons + 1) / 49


@settings(max_examples=100, deadline=None)
@given(counts(), shares)
def test_the_tipping_point_is_the_fewest_persons_that_bring_the_share_down_to_the_benchmark(arm, benchmark):
    k, n = arm
    found = tipping_point(k, n, benchmark)
    printed = Fraction(str(benchmark))
    assert found.persons == next(c for c in range(k + 1) if Fraction(k - c, n) <= printed or c == k)
    assert 0 <= found.low <= found.persons <= found.high <= k


@settings(max_examples=60, deadline=None)
@given(counts(), shares)
def test_the_tipping_range_is_empty_exactly_when_the_interval_lies_below_the_benchmark(arm, benchmark):
    found, interval = tipping_point(*arm, benchmark), wilson(*arm)
    assert (found.low == 0) == (interval.low <= benchmark or arm[0] == 0)
    if interval.high <= benchmark:
        assert found.high == 0


@settings(max_examples=60, deadline=None)
@given(counts(), shares, shares)
def test_a_higher_benchmark_never_asks_for_more_persons(arm, first, second):
    low, high = sorted((first, second))
    assert tipping_point(*arm, high).persons <= tipping_point(*arm, low).persons


def test_a_benchmark_that_is_hit_exactly_asks_for_no_person_more():
    # 0.1 + 0.2 and its like: in floats 10·0.3 is above 3 and 0.7·10 below 7.
    assert tipping_point(3, 10, 0.3).persons == 0
    assert tipping_point(7, 10, 0.7).persons == 0
    assert tipping_point(10, 10, 0.9).persons == 1


def test_the_posterior_of_jeffreys_prior_has_jeffreys_interval():
    found, interval = posterior(36, 49, JEFFREYS), jeffreys(36, 49)
    assert (found.low, found.high) == (interval.low, interval.high)
    assert found.mean == 36.5 / 50


def test_a_sceptic_who_believes_in_one_in_four_like_twenty_persons_ends_at_known_shares():
    found = posterior(36, 49, sceptical_prior(0.25, 20))
    assert found.mean == 41 / 69
    assert (found.low, found.high) == pytest.approx(beta(41, 28).ppf([0.025, 0.975]), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(counts(), st.floats(0.3, 40), st.floats(0.3, 40))
def test_the_posterior_is_the_normalised_product_of_likelihood_and_prior(arm, a, b):
    k, n = min(arm[0], 60), min(arm[1], 60)
    k = min(k, n)
    found = posterior(k, n, Prior(a, b), level=0.9)

    def density(x):
        return math.exp((a + k - 1) * math.log(x) + (b + n - k - 1) * math.log1p(-x) - peak)

    middle = min(max((a + k) / (a + b + n), 1e-9), 1 - 1e-9)
    peak = (a + k - 1) * math.log(middle) + (b + n - k - 1) * math.log1p(-middle)
    inside, _ = quad(density, found.low, found.high, limit=200)
    below, _ = quad(density, 0, found.low, limit=200)
    above, _ = quad(density, found.high, 1, limit=200)
    assert inside / (below + inside + above) == pytest.approx(0.9, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(counts(), shares, st.floats(0.5, 200))
def test_a_sceptical_posterior_lies_between_the_share_and_the_belief(arm, benchmark, weight):
    k, n = arm
    mean = posterior(k, n, sceptical_prior(benchmark, weight)).mean
    assert min(k / n, benchmark) - 1e-12 <= mean <= max(k / n, benchmark) + 1e-12
    assert mean == pytest.approx((k + weight * benchmark) / (n + weight), abs=1e-12)


def test_impossible_questions_are_refused():
    for message, ask in (
        ("count", lambda: tipping_point(50, 49, 0.3)),
        ("benchmark", lambda: tipping_point(36, 49, 25)),
        ("level", lambda: tipping_point(36, 49, 0.3, level=95)),
        ("positive", lambda: Prior(0, 1)),
        ("centred", lambda: sceptical_prior(0, 20)),
        ("centred", lambda: sceptical_prior(0.3, 0)),
        ("count", lambda: posterior(50, 49, JEFFREYS)),
        ("level", lambda: posterior(3, 9, JEFFREYS, level=0)),
    ):
        with pytest.raises(ValueError, match=message):
            ask()
