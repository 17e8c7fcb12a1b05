"""What units do by themselves: noise, regression to the mean, ranks with intervals, and the funnel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import toeplitz

from analysis.series.funnel import funnel
from analysis.series.noise import Noise, counting_variance, noise_of
from analysis.series.ranks import after_less_before, rank_intervals, unit_changes
from analysis.series.to_the_mean import to_the_mean
from analysis.series.units import Units

FEW = settings(max_examples=40, deadline=None)
LASTING, SLOW, RHO = 0.02, 0.03, 0.7
COUNT, MONTHS, START = 40, 36, 24


def units(rng, *, count=COUNT, size=2000.0, lasting=LASTING, slow=SLOW):
    """Units that move by themselves and nothing else; the first is treated, to no effect."""
    errors = slow * rng.normal(size=(count, MONTHS))
    for t in range(1, MONTHS):
        errors[:, t] = RHO * errors[:, t - 1] + np.sqrt(1 - RHO**2) * errors[:, t]
    share = (0.5 + lasting * rng.normal(size=(count, 1)) + errors).clip(0.02, 0.98)
    n = np.full(share.shape, size)
    y = rng.binomial(n.astype(int), share).astype("float64")
    names = np.array([f"u{u:02d}" for u in range(count)])
    return Units(names, np.arange(MONTHS) + 24_240, n, y, np.arange(count) == 0, START)


def test_the_parts_of_the_noise_are_found():
    found = [noise_of(units(np.random.default_rng(seed))) for seed in range(4)]
    assert np.sqrt(np.mean([one.lasting for one in found])) == pytest.approx(LASTING, rel=0.25)
    assert np.sqrt(np.mean([one.slow for one in found])) == pytest.approx(SLOW, rel=0.1)
    assert np.mean([one.rho for one in found]) == pytest.approx(RHO, abs=0.06)


def test_units_that_differ_by_counting_alone_have_no_other_noise():
    found = noise_of(units(np.random.default_rng(5), size=100.0, lasting=0.0, slow=0.0))
    assert found.lasting + found.slow < 0.1 * 0.25 / 100


def test_with_one_month_and_no_slow_chance_the_prediction_is_james_and_steins_shrinkage():
    made = units(np.random.default_rng(6))
    made = Units(made.names, made.months, made.n, made.y, made.treated, 1)
    noise = Noise(lasting=4e-4, slow=0.0, rho=0.0, units=39, months=1)
    found = to_the_mean(made, noise, chosen=0, later=np.array([5]), level=0.95)
    counting = counting_variance(made)[0, 0]
    deviation = made.shares[0, 0] - made.shares[1:, 0].mean()
    assert found.lasts == pytest.approx(4e-4 / (4e-4 + counting), rel=1e-12)
    assert found.expected == pytest.approx(-(1 - found.lasts) * deviation, abs=1e-12)


@pytest.mark.parametrize("ahead", [1, 4])
def test_in_one_known_month_a_slow_deviation_fades_by_rho_and_a_lasting_one_stays(ahead):
    made = units(np.random.default_rng(7), size=1e9)
    noise = Noise(lasting=LASTING**2, slow=SLOW**2, rho=RHO, units=39, months=24)
    found = to_the_mean(made, noise, chosen=0, later=np.array([ahead]), level=0.95)
    deviation = made.shares[0, 0] - made.shares[1:, 0].mean()
    kept = (LASTING**2 + SLOW**2 * RHO**ahead) / (LASTING**2 + SLOW**2)
    assert found.expected == pytest.approx((kept - 1) * deviation, rel=1e-5)
    assert found.change == pytest.approx(found.elsewhere + found.expected + found.rest, abs=1e-15)


def test_a_unit_chosen_for_its_bad_month_falls_as_expected_and_the_rest_holds_zero():
    """Without an effect: the worst of 40 units in the month of choice is taken for treated."""
    rests, falls, expected, held = [], [], [], 0
    noise = Noise(LASTING**2, SLOW**2, RHO, 39, START)
    for seed in range(200):
        made = units(np.random.default_rng(1000 + seed))
        worst = np.arange(COUNT) == made.shares[:, START - 1].argmax()
        made = Units(made.names, made.months, made.n, made.y, worst, START)
        found = to_the_mean(made, noise, chosen=START - 1, later=np.array([START + 5]), level=0.95)
        rests.append(found.rest)
        falls.append(found.change - found.elsewhere)
        expected.append(found.expected)
        held += found.low <= 0 <= found.high
    assert np.mean(falls) < -0.03
    assert np.mean(expected) == pytest.approx(np.mean(falls), abs=3 * np.std(rests) / np.sqrt(200))
    assert held / 200 == pytest.approx(0.95, abs=0.035)


values = st.lists(st.floats(-1, 1), min_size=2, max_size=12)


@FEW
@given(values, st.floats(1e-6, 1.0))
def test_a_rank_lies_in_its_interval_and_the_places_add_up(listed, variance):
    value = np.array(listed)
    found = rank_intervals(value, np.full(len(value), variance), level=0.95)
    assert ((found.low <= found.rank) & (found.rank <= found.high)).all()
    assert ((found.low >= 1) & (found.high <= len(value))).all()
    assert (found.distinct == (found.low - 1) + (len(value) - found.high)).all()


@FEW
@given(values, st.floats(1e-6, 1.0), st.randoms(use_true_random=False))
def test_more_uncertainty_gives_no_narrower_interval_and_order_and_shift_change_nothing(listed, variance, random):
    value = np.array(listed)
    order = np.array(random.sample(range(len(value)), len(value)))
    found, wider = (rank_intervals(value, np.full(len(value), v), level=0.95) for v in (variance, 4 * variance))
    assert (wider.low <= found.low).all()
    assert (wider.high >= found.high).all()
    moved = rank_intervals(value[order], np.full(len(value), variance), level=0.95)
    assert (moved.low == found.low[order]).all()
    assert (moved.high == found.high[order]).all()


def test_certain_values_have_one_rank_and_equal_values_every_rank():
    sure = rank_intervals(np.array([0.3, -0.2, 0.1]), np.full(3, 1e-12), level=0.95)
    assert sure.rank.tolist() == sure.low.tolist() == sure.high.tolist() == [3, 1, 2]
    same = rank_intervals(np.zeros(11), np.ones(11), level=0.95)
    assert set(same.low) == {1}
    assert set(same.high) == {11}
    assert set(same.distinct) == {0}


def test_the_interval_holds_the_true_rank_at_least_as_often_as_it_says():
    rng, truth = np.random.default_rng(8), np.linspace(-0.05, 0.05, 11)
    variance = np.full(11, 0.02**2)
    held = np.zeros(11)
    for _ in range(400):
        found = rank_intervals(truth + 0.02 * rng.normal(size=11), variance, level=0.95)
        held += (found.low <= np.arange(1, 12)) & (np.arange(1, 12) <= found.high)
    assert (held / 400 >= 0.95).all()


def test_the_variance_of_a_change_is_that_of_its_noise():
    made, noise = units(np.random.default_rng(9)), Noise(LASTING**2, SLOW**2, RHO, 39, START)
    weights = after_less_before(made, START - 1)
    found = unit_changes(made, noise, weights, level=0.95)
    assert weights.sum() == pytest.approx(0, abs=1e-15)
    assert found.change == pytest.approx(made.shares[:, START:].mean(axis=1) - made.shares[:, START - 1], abs=1e-15)
    whole = SLOW**2 * toeplitz(RHO ** np.arange(MONTHS)) + np.diag(counting_variance(made)[3])
    assert found.variance[3] == pytest.approx(weights @ whole @ weights, rel=1e-12)


def test_coin_tossing_units_keep_inside_the_funnel_and_have_no_spread():
    rng = np.random.default_rng(10)
    n = rng.integers(30, 900, 400).astype("float64")
    found = funnel(n, rng.binomial(n.astype(int), 0.5).astype("float64"))
    assert found.scale == pytest.approx(1, abs=0.1)
    assert found.spread < 0.015
    assert (found.units["z"].abs() > 1.96).mean() == pytest.approx(0.05, abs=0.03)


def test_units_that_differ_lie_outside_the_narrow_limits_and_inside_the_wide():
    rng = np.random.default_rng(11)
    n = rng.integers(100, 900, 600).astype("float64")
    found = funnel(n, rng.binomial(n.astype(int), (0.5 + 0.06 * rng.normal(size=600)).clip(0, 1)).astype("float64"))
    assert found.scale > 2
    assert found.spread == pytest.approx(0.06, rel=0.1)
    assert (found.units["z"].abs() > 1.96).mean() > 0.25
    assert (found.units["z_over"].abs() > 1.96).mean() == pytest.approx(0.05, abs=0.02)
    limits = found.limits
    assert (limits["low_over"] <= limits["low"]).all()
    assert (limits["high_over"] >= limits["high"]).all()
    assert (limits.loc[limits["level"] == 0.998, "high"].to_numpy() > limits.loc[limits["level"] == 0.95, "high"]).all()


def test_one_odd_unit_does_not_widen_the_limits_for_all():
    n = np.full(50, 400.0)
    y = np.tile([190.0, 200.0, 210.0, 195.0, 205.0], 10)
    odd = y.copy()
    odd[0] = 380.0
    assert funnel(n, odd).scale < 1.3 * max(funnel(n, y).scale, 1.0)
