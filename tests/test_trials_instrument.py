import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_offices import offices, small_trials

from analysis.trials.instrument import SHAPES, anderson_rubin, shape
from analysis.trials.permutation import permutation_test


def delivered(treated, sizes, high, low=0.0):
    return np.where(np.asarray(treated) == 1, high, low) * np.asarray(sizes)


def p_at(beta, outcome, delivery, sizes, treated):
    return permutation_test(outcome - beta * delivery, sizes, treated).p_value


def is_left(found, beta):
    return any(low <= beta <= high for low, high in found.pieces)


def test_with_full_delivery_it_is_the_permutation_interval():
    data = offices()
    sums, sizes, treated = data["sums"], data["sizes"], data["treated"]
    found = anderson_rubin(sums, delivered(treated, sizes, 1.0), sizes, treated)
    expected = permutation_test(sums, sizes, treated)
    assert (found.shape, found.role, found.exact) == ("interval", "secondary", True)
    assert [found.estimate, found.low, found.high] == pytest.approx(
        [expected.estimate, expected.low, expected.high], abs=1e-12
    )
    assert found.p_value == expected.p_value
    assert found.delivery == pytest.approx(1)


def test_half_the_delivery_doubles_estimate_and_interval():
    data = offices()
    sums, sizes, treated = data["sums"], data["sizes"], data["treated"]
    found = anderson_rubin(sums, delivered(treated, sizes, 0.5), sizes, treated)
    expected = permutation_test(sums, sizes, treated)
    assert [found.estimate, found.low, found.high] == pytest.approx(
        [2 * expected.estimate, 2 * expected.low, 2 * expected.high], abs=1e-12
    )
    assert found.delivery_p == pytest.approx(2 / 48_620)


@settings(max_examples=60, deadline=None)
@given(small_trials(smallest=4), st.integers(0, 10**6), st.sampled_from([0.5, 0.8]))
def test_the_set_holds_exactly_the_effects_that_are_not_rejected(trial, seed, level):
    outcome, sizes, treated = trial
    rng = np.random.default_rng(seed)
    delivery = np.floor(sizes * rng.uniform(0, 1, len(sizes)))
    found = anderson_rubin(outcome, delivery, sizes, treated, level=level)
    ends = found.pieces[np.isfinite(found.pieces)]
    # A step from the ends that is wider than the slack of ties, however flat the lines that cross there.
    step = 1e-4 * np.maximum(1, np.abs(ends))
    tried = [*rng.uniform(-4, 4, 10), -1e4, 1e4, *(ends - step), *(ends + step)]
    for beta in tried:
        if (np.abs(ends - beta) < step / 2).any():
            continue
        assert (p_at(beta, outcome, delivery, sizes, treated) > 1 - level + 1e-9) == is_left(found, beta)
    assert found.shape in SHAPES
    if np.isfinite(found.estimate):
        assert is_left(found, found.estimate) or np.abs(ends - found.estimate).min() < 1e-9


def test_delivery_that_the_draw_hardly_moved_leaves_everything_or_two_rays():
    sizes, treated = np.full(8, 20.0), np.arange(8) < 4
    outcome = np.array([9, 8, 9, 10, 4, 5, 3, 4.0])
    weak = anderson_rubin(outcome, np.array([3, 9, 4, 8, 2, 9, 5, 7.0]), sizes, treated)
    assert weak.shape == "complement"
    assert (weak.low, weak.high) == (-np.inf, np.inf)
    assert not is_left(weak, 0)
    assert weak.delivery_p > 0.5
    none = anderson_rubin(np.array([9, 5, 3, 8, 4, 9, 7, 2.0]), np.array([3, 9, 4, 8, 2, 9, 5, 7.0]), sizes, treated)
    assert none.shape == "line"
    assert none.pieces.tolist() == [[-np.inf, np.inf]]


def test_the_same_delivery_everywhere_says_nothing_or_that_no_effect_fits():
    sizes, treated = np.full(8, 20.0), np.arange(8) < 4
    empty = anderson_rubin([9, 8, 9, 10, 4, 5, 3, 4], np.full(8, 10.0), sizes, treated)
    assert empty.shape == "empty"
    assert np.isnan([empty.estimate, empty.low, empty.high]).all()
    assert empty.p_value == pytest.approx(2 / 70)
    line = anderson_rubin([9, 4, 9, 4, 9, 4, 9, 4], np.full(8, 10.0), sizes, treated)
    assert line.shape == "line"
    assert np.isnan(line.estimate)


def test_a_true_effect_is_left_about_as_often_as_the_level_says():
    rng, sizes, kept = np.random.default_rng(2), np.full(8, 30.0), []
    for _ in range(300):
        treated = rng.permutation(np.arange(8) < 4)
        delivery = np.floor(sizes * rng.uniform(0, 0.5, 8)) + 6 * treated
        outcome = rng.binomial(30, rng.beta(6, 18, 8)) + 0.3 * delivery
        kept.append(is_left(anderson_rubin(outcome, delivery, sizes, treated, level=0.9), 0.3))
    # 70 allocations, mirrored: a level of 0.9 keeps 1 - 6/70 = 0.914; three binomial standard errors.
    assert np.mean(kept) == pytest.approx(1 - 6 / 70, abs=3 * np.sqrt(0.914 * 0.086 / 300))


def test_sampled_draws_say_so():
    data = offices()
    found = anderson_rubin(
        data["sums"], data["sizes"] * data["treated"], data["sizes"], data["treated"], limit=100, draws=999, seed=1
    )
    assert (found.exact, found.n_allocations) == (False, 1000)
    assert found.convention == "average over persons, allocations sampled with seed 1: 1000, G=18"


@pytest.mark.parametrize(
    ("pieces", "name"),
    [
        ([], "empty"),
        ([[0, 1]], "interval"),
        ([[-np.inf, 1]], "ray"),
        ([[0, np.inf]], "ray"),
        ([[-np.inf, np.inf]], "line"),
        ([[-np.inf, 0], [1, np.inf]], "complement"),
        ([[-np.inf, 0], [1, 2]], "union"),
        ([[-np.inf, 0], [1, 2], [3, np.inf]], "union"),
    ],
)
def test_every_shape_has_its_name(pieces, name):
    assert shape(np.array(pieces, dtype="float64").reshape(-1, 2)) == name
