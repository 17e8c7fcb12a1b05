import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_offices import persons, r_answers

from analysis.trials.icc import METHODS, design_effect, icc

GROUPS = {"all": [0, 1], "treated": [1], "control": [0]}


def part(group):
    data = persons()
    return data[data["tiltak"].isin(GROUPS[group])]


@pytest.mark.parametrize("group", GROUPS)
def test_all_three_are_those_of_r(group):
    data, golden = part(group), r_answers()["icc"][group]
    for method in METHODS:
        assert icc(data["arbeid"], data["kontor"], method=method).value == pytest.approx(golden[method], abs=1e-14)
    found = icc(data["arbeid"], data["kontor"])
    assert [found.low, found.high] == pytest.approx(golden["anova_ci_searle"], abs=1e-12)
    assert [found.clusters, found.persons] == [golden["k"], golden["N"]]
    assert [found.n0, found.mean_size, found.cv_size] == pytest.approx(
        [golden[name] for name in ("n0", "mean_size", "cv_size")], rel=1e-14
    )


@pytest.mark.parametrize("group", GROUPS)
def test_design_effects_are_those_of_r(group):
    data, golden = part(group), r_answers()["icc"][group]
    sizes = data.groupby("kontor").size()
    found = icc(data["arbeid"], data["kontor"])
    assert found.design_effect == pytest.approx(golden["deff_unequal"], rel=1e-13)
    assert design_effect(sizes, found.value) == pytest.approx(golden["deff_kish_sizes"], rel=1e-13)
    equal = np.full(len(sizes), sizes.mean())
    assert design_effect(equal, found.value) == pytest.approx(golden["deff_equal"], rel=1e-13)


def test_within_arms_the_mean_squares_are_those_of_both_arms_together():
    data, golden = persons(), r_answers()["icc"]
    parts = [golden["treated"], golden["control"]]
    msb = sum(one["msb"] * (one["k"] - 1) for one in parts) / 16
    msw = sum(one["msw"] * (one["N"] - one["k"]) for one in parts) / (617 - 18)
    n0 = sum(one["n0"] * (one["k"] - 1) for one in parts) / 16
    found = icc(data["arbeid"], data["kontor"], arms=data["tiltak"])
    assert found.n0 == pytest.approx(n0, rel=1e-13)
    assert found.value == pytest.approx((msb - msw) / (msb + (n0 - 1) * msw), abs=1e-13)
    assert found.low < found.value < found.high


def test_an_effect_of_treatment_is_not_taken_for_likeness_of_persons():
    offices = np.repeat(np.arange(8), 20)
    arms = (offices < 4).astype(int)
    y = (np.arange(160) % 20 < 5 + 10 * arms).astype(int)
    for method in METHODS:
        assert icc(y, offices, method=method).value > 0.2
        assert icc(y, offices, method=method, arms=arms).value == pytest.approx(
            {"anova": -1 / 19, "fleiss_cuzick": -1 / 19 + 1 / 380, "pearson": -1 / 19}[method], abs=0.003
        )


@pytest.mark.parametrize("group", GROUPS)
def test_fleiss_and_cuzicks_is_a_function_of_the_same_ratio_so_its_interval_is_that_of_the_ratio(group):
    data, golden = part(group), r_answers()["icc"][group]
    found = icc(data["arbeid"], data["kontor"], method="fleiss_cuzick")
    n, k, ratio = golden["N"], golden["k"], golden["msb"] / golden["msw"]
    assert found.value == pytest.approx(1 - n / ((k - 1) * ratio + n - k), abs=1e-13)
    assert [found.low, found.high] == pytest.approx(golden["anova_ci_searle"], abs=1e-12)
    without = icc(data["arbeid"], data["kontor"], method="pearson")
    assert (found.interval, without.interval) == ("searle", "none")
    assert np.isnan([without.low, without.high]).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(METHODS))
def test_order_of_persons_and_the_names_of_offices_and_outcomes_do_not_matter(seed, method):
    rng = np.random.default_rng(seed)
    offices = np.repeat(np.arange(6), rng.integers(2, 9, 6))
    y = rng.integers(0, 2, len(offices))
    order = rng.permutation(len(y))
    found = icc(y, offices, method=method)
    for other in (icc(y[order], 10 - offices[order], method=method), icc(1 - y, offices, method=method)):
        assert [other.value, other.low, other.high] == pytest.approx(
            [found.value, found.low, found.high], abs=1e-10, nan_ok=True
        )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1e3, 1e3), st.floats(0.1, 1e4))
def test_the_analysis_of_variance_does_not_mind_another_unit(seed, moved, scaled):
    rng = np.random.default_rng(seed)
    offices = np.repeat(np.arange(6), rng.integers(2, 9, 6))
    y = rng.normal(size=len(offices)) + rng.normal(size=6)[offices]
    found, other = icc(y, offices), icc(moved + scaled * y, offices)
    assert [other.value, other.low, other.high] == pytest.approx([found.value, found.low, found.high], abs=1e-8)
    assert found.low <= found.value <= found.high


def test_persons_who_are_all_alike_within_offices_have_one_and_so_have_the_bounds():
    offices = np.repeat(np.arange(4), 5)
    for method in METHODS:
        assert icc(offices % 2, offices, method=method).value == pytest.approx(1, abs=1e-12)
    found = icc(offices % 2, offices)
    assert [found.low, found.high] == [1, 1]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("y", "offices"), [([1, 0, 1], [1, 1, 1]), ([1, 0, 1], [1, 2, 3]), ([1, 1, 1, 1], [1, 1, 2, 2])]
)
def test_nothing_to_estimate_from_gives_no_interval(y, offices, method):
    found = icc(y, offices, method=method)
    assert np.isnan([found.low, found.high]).all()
    assert np.isnan(icc(y, offices).value)


def test_the_design_effect_is_one_without_likeness_and_the_size_with_nothing_but():
    assert design_effect([10, 20], 0) == 1
    assert design_effect([15, 15], 1) == 15
    assert design_effect([10, 20], 0.1) > design_effect([15, 15], 0.1)


@pytest.mark.parametrize(
    ("y", "offices", "options"),
    [
        ([0, 1], [1], {}),
        ([0, np.nan], [1, 2], {}),
        ([0, 1], [1, 1], {"arms": [0, 1]}),
        ([0, 1], [1, 1], {"arms": [0]}),
        ([0, 2], [1, 1], {"method": "pearson"}),
        ([0, 1], [1, 1], {"method": "kappa"}),
        ([], [], {}),
    ],
)
def test_what_has_no_icc_is_a_programming_error(y, offices, options):
    with pytest.raises(ValueError, match="must|needs|unknown"):
        icc(y, offices, **options)
