"""Serial correlation, matched groups and one group: published reductions, exact tails, and the roots' own promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm, t

from analysis.detectable import lowest_p, of_error, of_one_share, of_two_shares, tenths
from analysis.planning import ARGUMENTS, Planned, power_found, power_words
from analysis.power import TwoDates, did_binary_power, even_offices, two_shares_power
from analysis.power_designs import (
    Months,
    change_variance,
    error_power,
    error_smallest,
    matched_std_error,
    office_covariance,
    offices_for,
    one_share_power,
    one_share_smallest,
    serial_did_std_error,
)
from analysis.problems import ProblemsFound


def test_one_month_on_either_side_is_teerenstras_formula():
    design = even_offices(12, persons=30, icc=0.05, cv=0.4)
    error = serial_did_std_error(0.4, design, Months(1, 1, 0.6))
    assert error_power(0.08, error, 22) == pytest.approx(
        did_binary_power(0.4, 0.08, TwoDates(design, office_correlation=0.6)), abs=1e-12
    )


def test_the_change_has_the_variance_of_burlig_preonas_and_woerman():
    before, after, rho, sigma2 = 5, 3, 0.7, 0.01
    at = np.arange(before + after)
    covariance = sigma2 * rho ** np.abs(at[:, None] - at)
    off = lambda block: block[~np.eye(len(block), dtype=bool)].mean()  # noqa: E731
    psi_b, psi_a = off(covariance[:before, :before]), off(covariance[before:, before:])
    psi_x = covariance[:before, before:].mean()
    expected = (before + after) / (before * after) * sigma2 + (before - 1) / before * psi_b
    expected += (after - 1) / after * psi_a - 2 * psi_x
    assert change_variance(covariance, before) == pytest.approx(expected, rel=1e-13)


def test_without_serial_correlation_more_months_are_more_offices():
    design = even_offices(10, persons=20, icc=0.03)
    one, many = (serial_did_std_error(0.3, design, Months(n, n, 0.0)) for n in (1, 12))
    assert many == pytest.approx(one / math.sqrt(12), rel=1e-12)


def test_drawn_offices_have_the_standard_error_of_the_formula():
    design, months = even_offices(8, persons=25, icc=0.1), Months(4, 4, 0.8)
    rng = np.random.default_rng(7)
    root = np.linalg.cholesky(office_covariance(0.24, design, months))
    paths = rng.standard_normal((4000, 16, 8)) @ root.T
    change = paths[:, :, 4:].mean(axis=2) - paths[:, :, :4].mean(axis=2)
    found = (change[:, :8].mean(axis=1) - change[:, 8:].mean(axis=1)).std()
    assert found == pytest.approx(serial_did_std_error(0.4, design, months), rel=0.04)


def test_matching_with_nothing_lost_is_the_plain_difference():
    assert matched_std_error(0.4, 100, 300) == pytest.approx(math.sqrt(0.24 * (1 / 100 + 1 / 300)), rel=1e-14)
    assert matched_std_error(0.4, 100, 300, r_squared=0.75) == pytest.approx(matched_std_error(0.4, 100, 300) / 2)


def test_the_exact_power_counts_what_scipys_exact_test_rejects():
    n, known, share = 49, 0.6, 0.75
    tails = [k for k in range(n + 1) if binomtest(k, n, known, alternative="greater").pvalue <= 0.025]
    expected = sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in tails)
    assert one_share_power(share, known, n) == pytest.approx(expected, abs=1e-12)
    assert one_share_power(known + 1e-12, known, n) <= 0.025


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 0.95), st.integers(20, 400))
def test_the_smallest_difference_of_one_group_has_exactly_the_power_asked_for(known, n):
    found = one_share_smallest(known, n)
    if math.isfinite(found):
        other = known + found if known <= 0.5 else known - found
        assert one_share_power(other, known, n) == pytest.approx(0.8, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.001, 0.5), st.one_of(st.floats(2, 300), st.just(math.inf)))
def test_the_smallest_difference_has_exactly_the_power_asked_for(error, df):
    assert error_power(error_smallest(error, df), error, df) == pytest.approx(0.8, abs=1e-9)


def test_design_power_is_of_the_planned_difference_and_never_of_the_estimate():
    found = of_error(0.02, math.nan, difference=0.05, level=0.95)
    assert found.power == pytest.approx(norm.cdf(2.5 - norm.ppf(0.975)), abs=1e-12)
    assert found.smallest == pytest.approx(0.02 * (norm.ppf(0.975) + norm.ppf(0.8)), abs=1e-12)
    bloom = 0.02 * (t.ppf(0.975, 16) + t.ppf(0.8, 16))
    assert of_error(0.02, 16, difference=0.05, level=0.95).smallest == pytest.approx(bloom, rel=0.01)


def test_shares_of_persons_and_of_one_group_use_the_closed_forms():
    assert of_two_shares(0.3, 90, 110, difference=0.05, level=0.95).power == two_shares_power(0.35, 0.3, 90, 110)
    down = of_two_shares(0.97, 90, 110, difference=0.05, level=0.95).power
    assert down == pytest.approx(two_shares_power(0.92, 0.97, 90, 110), rel=1e-12)
    assert of_one_share(36 / 49, 49, difference=0.05, level=0.95).power == one_share_power(36 / 49 - 0.05, 36 / 49, 49)


def test_tenths_never_say_none_or_all():
    assert [tenths(power) for power in (0.02, 0.0499, 0.05, 0.36, 0.949, 0.95, 1.0)] == [0, 0, 1, 4, 9, 10, 10]


def test_one_county_among_eleven_is_never_below_one_in_eleven():
    assert lowest_p(11) == pytest.approx(1 / 11)
    with pytest.raises(ValueError, match="true assignment"):
        lowest_p(0)


def test_the_fewest_offices_are_the_fewest():
    assert offices_for(lambda n: n / 100) == 80
    assert offices_for(lambda _: 1.0) == 2
    assert math.isnan(offices_for(lambda _: 0.1))


@pytest.mark.parametrize("design", ARGUMENTS)
def test_every_design_can_be_planned_and_sees_more_of_a_larger_difference(design):
    found = power_found(design, Planned(persons=200, offices=15))
    assert found.power[0] < found.power[1] < found.power[2]
    words = power_words(design, Planned(persons=200, offices=15))
    assert words[0].startswith("Forutsatt: ")
    assert sum("prosentpoeng oppdages i" in line for line in words) == 3


def test_needed_offices_are_enough_and_one_fewer_is_not():
    needed = int(power_found("did", Planned()).needed[1])
    power = [power_found("did", Planned(offices=offices)).power[1] for offices in (needed - 1, needed)]
    assert power[0] < 0.8 <= power[1]


def test_impossible_plans_are_refused_all_at_once():
    with pytest.raises(ProblemsFound) as caught:
        power_found("magic", Planned(icc=2, base=0))
    assert len(caught.value.problems) == 3
