import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.sensitivity.e_value import (
    bounding_factor,
    e_value,
    e_value_counts,
    e_value_difference,
    e_value_odds_ratio,
)

RATIOS = st.floats(0.02, 50)


@pytest.mark.parametrize(
    ("told", "point", "interval"),
    [
        # VanderWeele and Ding (2017): smoking and lung cancer, and (as in the R package EValue) leukaemia.
        ((10.73, 8.02, 14.36), 20.947, 15.523),
        ((0.80, 0.71, 0.91), 1.809, 1.429),
    ],
)
def test_published_e_values_of_risk_ratios(told, point, interval):
    found = e_value(*told)
    assert [found.point, found.interval] == pytest.approx([point, interval], abs=1e-3)


def test_an_effect_other_than_none_can_be_what_the_estimate_is_moved_to():
    # The stored answers of the R package episensr for confounders.evalue(0.8, 0.71, 0.91, true_est = 1.2).
    assert e_value(0.8, null=1.2).point == pytest.approx(2.366, abs=1e-3)
    assert e_value(0.91, null=1.2).point == pytest.approx(1.967, abs=1e-3)
    assert e_value(0.8, 0.71, 0.91, null=1.2).interval == pytest.approx(1.967, abs=1e-3)


def test_a_common_odds_ratio_goes_by_its_square_root():
    # episensr: OR 1.47 (1.12 to 1.93), common outcome: 1.720 and 1.307.
    found = e_value_odds_ratio(1.47, 1.12, 1.93, rare=False)
    assert [found.ratio, found.low, found.point, found.interval] == pytest.approx(
        [1.212, 1.058, 1.720, 1.307], abs=1e-3
    )
    assert e_value_odds_ratio(1.47, rare=True).point == e_value(1.47).point


def test_a_difference_in_shares_goes_by_its_base_rate():
    # 30 against 20 per cent is a risk ratio of 1.5: 1.5 + sqrt(0.75).
    found = e_value_difference(0.10, 0.05, 0.15, base_rate=0.20)
    assert found.ratio == pytest.approx(1.5)
    assert found.point == pytest.approx(1.5 + np.sqrt(0.75))
    assert found.interval == pytest.approx(1.25 + np.sqrt(1.25 * 0.25))
    assert e_value_difference(0.061, -0.011, 0.130, base_rate=0.236).interval == 1.0
    lowered = e_value_difference(-0.10, -0.30, -0.05, base_rate=0.20)
    assert lowered.low == 0
    assert lowered.point == pytest.approx(2 + np.sqrt(2))
    assert lowered.interval == pytest.approx(4 / 3 + 2 / 3)


@pytest.mark.parametrize(
    "counts",
    [
        # Hammond and Horn (1958): 397 of 78 954 smokers and 51 of 108 829 others died of lung cancer.
        (397, 78954, 51, 108829),
        (60, 80, 20, 240),
    ],
)
def test_counts_give_a_limit_that_a_grid_over_bounding_factors_finds_too(counts):
    a, n1, b, n0 = counts
    p1, p0, f = a / n1, b / n0, n1 / (n1 + n0)
    grid = np.arange(1, p1 / p0, 1e-4)
    bound = (p1 - p0 * grid) * (f + (1 - f) / grid)
    error = np.sqrt(
        (f + (1 - f) / grid) ** 2 * (p1 * (1 - p1) / n1 + grid**2 * p0 * (1 - p0) / n0)
        + (p1 - p0 * grid) ** 2 * (1 - 1 / grid) ** 2 * f * (1 - f) / (n1 + n0)
    )
    factor = grid[np.flatnonzero(bound - 1.959964 * error > 0).max()]
    assert e_value_counts(*counts).interval == pytest.approx(factor + np.sqrt(factor * (factor - 1)), abs=3e-4)


def test_counts_give_the_e_value_of_their_ratio():
    found = e_value_counts(397, 78954, 51, 108829)
    assert found.ratio == pytest.approx(10.729780, abs=1e-6)
    assert found.point == pytest.approx(20.947, abs=1e-3)


def test_groups_change_places_where_the_treated_have_fewer_and_a_difference_in_doubt_needs_no_cause():
    assert e_value_counts(51, 108829, 397, 78954).interval == pytest.approx(
        e_value_counts(397, 78954, 51, 108829).interval
    )
    assert e_value_counts(51, 108829, 397, 78954).point == pytest.approx(20.947, abs=1e-3)
    # HPMT, design.md: 109 of 367 against 59 of 250, whose interval holds zero.
    assert e_value_counts(109, 367, 59, 250).interval == 1.0


def test_a_hidden_cause_as_strong_as_the_e_value_makes_just_such_a_ratio_and_no_weaker_one_does():
    # Known truth: no effect of treatment; the cause is E times as common among the treated (all of them have it), and
    # makes the outcome E times as likely.
    e = e_value(1.5).point
    have, low_risk = np.array([1.0, 1 / e]), 0.1
    risk = low_risk * (1 + have * (e - 1))
    assert risk[0] / risk[1] == pytest.approx(1.5, rel=1e-12)
    assert bounding_factor(e, e) == pytest.approx(1.5, rel=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: e_value(0.0),
        lambda: e_value(1.2, 1.3, 1.4),
        lambda: e_value_difference(0.1, 0.0, 0.2, base_rate=0.0),
        lambda: e_value_difference(-0.3, -0.4, -0.1, base_rate=0.2),
        lambda: e_value_difference(0.1, 0.2, 0.3, base_rate=0.2),
        lambda: e_value_counts(0, 10, 3, 10),
        lambda: e_value_counts(11, 10, 3, 10),
        lambda: bounding_factor(0.5, 2),
    ],
)
def test_what_is_no_ratio_is_refused(wrong):
    with pytest.raises(ValueError, match=r"must"):
        wrong()


@settings(max_examples=60, deadline=None)
@given(RATIOS, st.floats(1.01, 4), st.floats(1.01, 4))
def test_the_e_value_is_the_same_of_a_ratio_and_its_inverse_and_the_interval_needs_less(ratio, down, up):
    found = e_value(ratio, ratio / down, ratio * up)
    turned = e_value(1 / ratio, 1 / (ratio * up), down / ratio)
    assert [turned.point, turned.interval] == pytest.approx([found.point, found.interval], rel=1e-9)
    assert 1 <= found.interval <= found.point * (1 + 1e-12)
    assert bounding_factor(found.point, found.point) == pytest.approx(max(ratio, 1 / ratio), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(RATIOS, st.floats(1.0, 80), st.floats(1.0, 80))
def test_no_cause_weaker_than_the_e_value_on_both_sides_explains_the_ratio_away(ratio, first, second):
    if max(first, second) < e_value(ratio).point * (1 - 1e-9):
        assert bounding_factor(first, second) < max(ratio, 1 / ratio)
