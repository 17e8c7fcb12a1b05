from itertools import combinations
from time import perf_counter

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from trial_offices import COVARIATES, changes, offices, persons, r_answers, small_trials

from analysis.problems import ProblemsFound
from analysis.trials.inversion import values_left
from analysis.trials.office_means import residual_sums, totals
from analysis.trials.permutation import differences, permutation_test

R_NAMES = {"persons": "pooled", "offices": "cluster_mean"}


def on_reference(statistic, **options):
    data = offices()
    return permutation_test(data["sums"], data["sizes"], data["treated"], statistic=statistic, **options)


def statistic_of(sums, sizes, chosen, statistic):
    if statistic == "offices":
        return (sums / sizes)[chosen].mean() - (sums / sizes)[~chosen].mean()
    return sums[chosen].sum() / sizes[chosen].sum() - sums[~chosen].sum() / sizes[~chosen].sum()


def p_at(delta, sums, sizes, treated, statistic):
    """The p-value of the effect `delta`, written out allocation by allocation."""
    without = sums - delta * sizes * treated
    seen, found = statistic_of(without, sizes, treated, statistic), []
    for members in combinations(range(len(sums)), int(treated.sum())):
        chosen = np.isin(np.arange(len(sums)), members)
        found.append(abs(statistic_of(without, sizes, chosen, statistic)) >= abs(seen) - 1e-10)
    return np.mean(found)


@pytest.mark.parametrize("statistic", R_NAMES)
@pytest.mark.parametrize(("r_name", "column"), [("ri_complete", None), ("ri_pairs", "pair")])
def test_estimate_and_p_value_are_those_of_r(statistic, r_name, column):
    found = on_reference(statistic, strata=None if column is None else offices()[column])
    golden, name = r_answers()[r_name], R_NAMES[statistic]
    assert found.n_allocations == golden["n_assign"] == len(found.distribution)
    assert found.exact
    assert found.estimate == pytest.approx(golden[f"stat_{name}"], abs=1e-14)
    assert found.p_value == pytest.approx(golden[f"p_{name}"], abs=1e-15)
    assert (found.inference, found.clusters) == ("permutation", 18)
    assert found.convention == f"average over {statistic}, allocations enumerated: {golden['n_assign']}, G=18"
    assert found.smallest_p == 2 / golden["n_assign"]


def test_changes_of_24_offices_have_the_p_value_of_r():
    change, treated = changes()
    golden = r_answers("i_did24_a")["ri"]
    found = permutation_test(change, np.ones(24), treated, statistic="offices")
    assert found.n_allocations == golden["n_assign"]
    assert found.estimate == pytest.approx(golden["stat"], abs=1e-14)
    assert found.p_value == pytest.approx(golden["p"], abs=1e-15)
    assert found.smallest_p == 1 / golden["n_assign"]


def test_the_p_value_is_that_of_scipy():
    rng = np.random.default_rng(3)
    means = rng.normal(size=9)
    treated = np.arange(9) < 4
    expected = stats.permutation_test(
        (means[treated], means[~treated]), lambda a, b, axis: a.mean(axis) - b.mean(axis), n_resamples=np.inf
    )
    found = permutation_test(means, np.ones(9), treated)
    # scipy doubles the smaller tail where we count both.
    assert np.sort(found.distribution) == pytest.approx(np.sort(expected.null_distribution), abs=1e-14)
    assert found.p_value == np.mean(np.abs(expected.null_distribution) >= abs(expected.statistic) - 1e-10)


@pytest.mark.parametrize("statistic", R_NAMES)
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_just_inside_the_interval_p_is_above_and_just_outside_below(statistic, level):
    found = on_reference(statistic, level=level)
    data = offices()
    for delta, inside in [(found.low + 1e-9, 1), (found.low - 1e-9, 0), (found.high - 1e-9, 1), (found.high + 1e-9, 0)]:
        shifted = data["sums"] - delta * data["sizes"] * data["treated"]
        p = permutation_test(shifted, data["sizes"], data["treated"], statistic=statistic).p_value
        assert (p > 1 - level + 1e-9) == bool(inside)


@settings(max_examples=60, deadline=None)
@given(
    small_trials(), st.sampled_from(list(R_NAMES)), st.sampled_from([0.5, 0.8, 0.9]), st.randoms(use_true_random=False)
)
def test_the_interval_holds_exactly_the_effects_that_are_not_rejected(trial, statistic, level, chance):
    sums, sizes, treated = trial
    found = permutation_test(sums, sizes, treated, statistic=statistic, level=level)
    assert found.p_value == pytest.approx(p_at(0.0, *trial, statistic), abs=1e-15)
    assert found.low - 1e-9 <= found.estimate <= found.high + 1e-9
    tried = [chance.uniform(-2, 2) for _ in range(8)]
    for end in (found.low, found.high):
        tried += [end - 1e-6, end + 1e-6] if np.isfinite(end) else []
    for delta in tried:
        if min(abs(delta - found.low), abs(delta - found.high)) < 1e-7:
            continue
        assert (p_at(delta, *trial, statistic) > 1 - level + 1e-9) == (found.low < delta < found.high)


@settings(max_examples=30, deadline=None)
@given(small_trials(), st.floats(-1, 1), st.sampled_from(list(R_NAMES)))
def test_an_added_effect_moves_estimate_and_interval_by_itself(trial, delta, statistic):
    sums, sizes, treated = trial
    before = permutation_test(sums, sizes, treated, statistic=statistic, level=0.6)
    after = permutation_test(sums + delta * sizes * treated, sizes, treated, statistic=statistic, level=0.6)
    assert after.estimate == pytest.approx(before.estimate + delta, abs=1e-12)
    assert [after.low, after.high] == pytest.approx([before.low + delta, before.high + delta], abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(small_trials(), st.sampled_from(list(R_NAMES)))
def test_swapping_the_groups_turns_the_sign(trial, statistic):
    sums, sizes, treated = trial
    one = permutation_test(sums, sizes, treated, statistic=statistic, level=0.6)
    other = permutation_test(sums, sizes, ~treated, statistic=statistic, level=0.6)
    assert other.p_value == one.p_value
    assert [-other.high, -other.low] == pytest.approx([one.low, one.high], abs=1e-12)


def test_two_against_two_offices_can_rule_nothing_out():
    found = permutation_test([9, 8, 0, 1], [10, 10, 10, 10], [1, 1, 0, 0])
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert not found.bounded
    assert found.p_value == found.smallest_p == 2 / 6
    assert found.smallest_p > 0.05
    assert permutation_test([9, 8, 0, 1], [10, 10, 10, 10], [1, 1, 0, 0], level=0.6).bounded


@settings(max_examples=30, deadline=None)
@given(small_trials(), st.sampled_from(list(R_NAMES)), st.sampled_from([0.07, 0.1, 0.3, 1 / 3]))
def test_offices_that_are_all_alike_have_no_effect_and_an_interval_around_it(trial, statistic, share):
    _, sizes, treated = trial
    found = permutation_test(share * sizes, sizes, treated, statistic=statistic, level=0.5)
    assert found.p_value == 1
    assert found.estimate == pytest.approx(0, abs=1e-15)
    assert found.low <= found.estimate + 1e-15
    assert found.high >= found.estimate - 1e-15


def test_covariates_that_tell_who_was_drawn_are_refused():
    treated, office = np.repeat([1, 0, 1, 0], 5), np.repeat(np.arange(4), 5)
    sums, shift = (residual_sums(values, treated, office) for values in (np.arange(20), treated))
    with pytest.raises(ProblemsFound) as refused:
        permutation_test(sums, [5] * 4, [1, 0, 1, 0], shift=shift)
    assert "kovariatene avgjør" in str(refused.value)


def test_draws_that_give_the_same_difference_all_count():
    found = permutation_test([3, 3, 3, 3, 3, 3], [10] * 6, [1, 0, 1, 0, 1, 0])
    assert found.p_value == 1
    assert found.estimate == 0
    assert (found.distribution == 0).all()


def test_sampled_draws_come_near_and_are_the_same_for_one_seed():
    exact = on_reference("persons")
    found, again = (on_reference("persons", limit=1000, draws=9999, seed=11) for _ in range(2))
    assert not found.exact
    assert found.n_allocations == 10_000
    assert found.convention == "average over persons, allocations sampled with seed 11: 10000, G=18"
    assert (found.p_value, found.low) == (again.p_value, again.low)
    # Four binomial standard errors.
    assert found.p_value == pytest.approx(exact.p_value, abs=4 * np.sqrt(exact.p_value * (1 - exact.p_value) / 9999))
    assert [found.low, found.high] == pytest.approx([exact.low, exact.high], abs=0.01)
    assert found.smallest_p == 1e-4


def test_adjustment_for_baseline_gives_the_coefficient_of_least_squares():
    data = persons()
    sums = residual_sums(data["arbeid"], data[COVARIATES], data["kontor"])
    shift = residual_sums(data["tiltak"], data[COVARIATES], data["kontor"])
    by_office = totals(data["arbeid"], data["kontor"])
    treated = offices()["treated"]
    found = permutation_test(sums, by_office.sizes, treated, shift=shift)
    golden = r_answers()["ols_cov"]["CR2"]
    assert found.estimate == pytest.approx(golden["beta"][golden["coef"].index("tiltak")], abs=1e-12)
    assert found.p_value == permutation_test(sums, by_office.sizes, treated).p_value
    for delta, inside in [(found.low + 1e-9, 1), (found.low - 1e-9, 0), (found.high - 1e-9, 1), (found.high + 1e-9, 0)]:
        residuals = residual_sums(data["arbeid"] - delta * data["tiltak"], data[COVARIATES], data["kontor"])
        assert (permutation_test(residuals, by_office.sizes, treated).p_value > 0.05) == bool(inside)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_with_covariates_the_estimate_is_least_squares_whatever_the_data(seed):
    rng = np.random.default_rng(seed)
    office = np.repeat(np.arange(6), rng.integers(2, 9, 6))
    treated = rng.permutation([1, 1, 0, 0, 1, 0])
    x, y = rng.normal(size=(len(office), 2)), rng.normal(size=len(office))
    expected = sm.OLS(y, sm.add_constant(np.column_stack([treated[office], x]), has_constant="add")).fit().params[1]
    sums, shift = (residual_sums(values, x, office) for values in (y, treated[office]))
    found = permutation_test(sums, np.bincount(office), treated, shift=shift)
    assert found.estimate == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    ("others", "level", "expected"),
    [
        # |1 − 2δ| ≥ |δ|: outside a third and one.
        ([(1, 2)], 0.4, [[-np.inf, 1 / 3], [1, np.inf]]),
        # |1/2| ≥ |δ|: between the halves; one of the two is enough, or both are needed.
        ([(1, 2), (0.5, 0)], 0.6, [[-np.inf, 0.5], [1, np.inf]]),
        ([(1, 2), (0.5, 0)], 0.2, [[-0.5, 1 / 3]]),
        # The observed slope, and its opposite: half-lines. A tie counts everywhere.
        ([(1, 1)], 0.4, [[-np.inf, 0.5]]),
        ([(1, -1)], 0.4, [[-0.5, np.inf]]),
        ([(0, -1)], 0.4, [[-np.inf, np.inf]]),
        ([(1, 1), (1, -1)], 0.2, [[-0.5, 0.5]]),
    ],
)
def test_pieces_left_are_those_worked_out_by_hand(others, level, expected):
    values, slopes = np.array([(0, 1), *others], dtype="float64").T
    assert values_left(values, slopes, 0.0, 1.0, level=level) == pytest.approx(np.array(expected), abs=1e-15)


def test_a_draw_without_difference_leaves_all_or_nothing():
    values, slopes = np.array([1.0, 0.5, -2.0]), np.zeros(3)
    assert values_left(values, slopes, 1.0, 0.0, level=0.5).tolist() == [[-np.inf, np.inf]]
    assert values_left(values, slopes, -2.0, 0.0, level=0.6).shape == (0, 2)


def test_all_draws_of_18_offices_take_well_under_a_second():
    start = perf_counter()
    on_reference("persons")
    # Measured 0.05-0.1 s; a busy machine gets leave.
    assert perf_counter() - start < 1


def test_an_office_without_persons_is_refused():
    with pytest.raises(ProblemsFound, match="Trekningen") as refused:
        permutation_test([1, 2, 0], [3, 4, 0], [1, 0, 0])
    assert "1 av 3 kontorer" in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [{"sums": [1, 2]}, {"sums": [1, 2, np.nan]}, {"statistic": "median"}, {"shift": [1, 2]}],
)
def test_wrong_shapes_and_names_are_programming_errors(wrong):
    call = {"sums": [1, 2, 3], "sizes": [4, 4, 4], "treated": [1, 0, 0], **wrong}
    with pytest.raises(ValueError, match="must hold|unknown statistic"):
        permutation_test(**call)


def test_differences_are_those_of_their_words():
    sums, sizes = np.array([1.0, 5.0, 2.0]), np.array([2.0, 10.0, 8.0])
    chosen = np.array([[1.0, 1.0, 0.0]])
    assert differences(sizes, "persons")(chosen, sums)[0] == pytest.approx(6 / 12 - 2 / 8)
    assert differences(sizes, "offices")(chosen, sums)[0] == pytest.approx(0.5 - 0.25)
