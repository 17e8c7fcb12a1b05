"""Known answers, R's answers and properties of the intervals and tests for shares."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from analysis import proportions
from analysis.proportions import (
    agresti_caffo,
    agresti_coull,
    clopper_pearson,
    cluster_t,
    fisher,
    jeffreys,
    mee,
    miettinen_nurminen,
    newcombe,
    pooled_z,
    wald,
    wald_difference,
    wilson,
    wilson_corrected,
    wilson_effective,
)

REFERENCE = Path(__file__).parent / "reference" / "proportions"
R_RESULTS = json.loads((REFERENCE / "p_public.json").read_text())["results"]
ONE_SAMPLE = [result for result in R_RESULTS if "n2" not in result["case"]]
TWO_SAMPLES = [result for result in R_RESULTS if "n2" in result["case"]]
SINGLE_ARM = json.loads((REFERENCE / "single_arm_36_49.json").read_text())

NOVEMBER = (109, 367, 59, 250)
MAY = (113, 367, 61, 250)
ONE_SHARE = (wilson, wilson_corrected, clopper_pearson, jeffreys)
DIFFERENCES = (newcombe, miettinen_nurminen, mee)
# Not cut at the ends of the scale, so only the properties that do not speak of the ends hold.
UNCUT_SHARE = (agresti_coull, wald)
UNCUT_DIFFERENCES = (agresti_caffo, wald_difference)
R_NAMES = {wilson_corrected: "wilson_cc", wald_difference: "wald"}

levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@st.composite
def arms(draw, most=400):
    n = draw(st.integers(1, most))
    return draw(st.integers(0, n) | st.sampled_from([0, n])), n


def bounds(interval):
    return interval.low, interval.high


def points(interval):
    return tuple(round(100 * bound, 2) for bound in bounds(interval))


def case_name(result):
    case = result["case"]
    return " ".join(f"{case[f'x{arm}']}/{case[f'n{arm}']}" for arm in (1, 2) if f"n{arm}" in case)


# Known answers


@pytest.mark.parametrize(
    ("counts", "difference", "newcombe_points", "score_points", "z_p", "fisher_p"),
    [
        (NOVEMBER, 6.1003, (-1.08, 12.96), (-1.08, 13.02), 0.0947, 0.0982),
        (MAY, 6.3902, (-0.86, 13.33), (-0.86, 13.38), 0.0833, 0.0845),
    ],
)
def test_the_hpmt_differences_have_their_known_intervals_and_p_values(
    counts, difference, newcombe_points, score_points, z_p, fisher_p
):
    assert 100 * newcombe(*counts).estimate == pytest.approx(difference, abs=5e-5)
    assert points(newcombe(*counts)) == newcombe_points
    assert points(miettinen_nurminen(*counts)) == score_points
    assert round(pooled_z(*counts).p_value, 4) == z_p
    assert round(fisher(*counts).p_value, 4) == fisher_p


@pytest.mark.parametrize(("icc", "p"), [(0, 0.109), (0.01, 0.160), (0.02, 0.205), (0.05, 0.310), (0.10, 0.422)])
def test_the_hpmt_p_value_rises_with_the_assumed_icc_as_known(icc, p):
    result = cluster_t(*NOVEMBER, offices1=9, offices2=9, icc=icc, cv=0)
    assert result.df == 16
    assert round(result.p_value, 3) == p


def test_unequal_office_sizes_add_the_known_amount_to_the_hpmt_p_value():
    even, uneven, very_uneven = (
        cluster_t(*NOVEMBER, offices1=9, offices2=9, icc=0.02, cv=cv).p_value for cv in (0, 0.4, 0.7)
    )
    # data-disclosure B5: cv 0.4 adds 0.013 and cv 0.7 adds 0.04, as printed there.
    assert uneven - even == pytest.approx(0.013, abs=1e-3)
    assert very_uneven - even == pytest.approx(0.04, abs=1e-3)


def test_the_published_miettinen_nurminen_interval_of_newcombes_first_example_is_reproduced():
    # Newcombe (1998), table II, example (a): 56/70 against 48/80.
    interval = miettinen_nurminen(56, 70, 48, 80)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.0528, 0.3382)


def test_thirty_six_of_forty_nine_has_its_known_intervals():
    for interval, key in ((wilson, "wilson"), (clopper_pearson, "beta"), (jeffreys, "jeffreys")):
        assert bounds(interval(36, 49)) == pytest.approx(SINGLE_ARM[key], abs=5.1e-7)
    assert [round(100 * bound, 1) for bound in bounds(wilson(36, 49))] == [59.7, 83.8]
    assert [round(100 * bound, 1) for bound in bounds(clopper_pearson(36, 49))] == [58.9, 85.1]


@pytest.mark.parametrize("offices", [3, 5, 7, 10])
@pytest.mark.parametrize("icc", [0.02, 0.05, 0.1])
def test_thirty_six_of_forty_nine_from_hidden_offices_has_its_known_intervals(offices, icc):
    interval = wilson_effective(36, 49, offices=offices, icc=icc)
    assert interval.estimate == 36 / 49
    assert bounds(interval) == pytest.approx(SINGLE_ARM[f"wilson_offices{offices}_icc{icc}"], abs=5.1e-5)


# Answers of R and of statsmodels where it is right


@pytest.mark.parametrize("result", ONE_SAMPLE, ids=case_name)
@pytest.mark.parametrize("interval", [*ONE_SHARE, *UNCUT_SHARE])
def test_the_interval_of_one_share_is_that_of_r(interval, result):
    ours = interval(result["case"]["x1"], result["case"]["n1"])
    assert bounds(ours) == pytest.approx(result[R_NAMES.get(interval, interval.__name__)], abs=1e-12)
    assert ours.method == interval.__name__


@pytest.mark.parametrize("result", TWO_SAMPLES, ids=case_name)
def test_the_difference_of_two_shares_is_that_of_r(result):
    counts = [result["case"][key] for key in ("x1", "n1", "x2", "n2")]
    assert newcombe(*counts).estimate == pytest.approx(result["diff"], abs=1e-14)
    assert bounds(newcombe(*counts)) == pytest.approx(result["newcombe"], abs=1e-12)
    for interval in (miettinen_nurminen, mee, *UNCUT_DIFFERENCES):
        r_name = R_NAMES.get(interval, interval.__name__)
        assert bounds(interval(*counts)) == pytest.approx(result[r_name], abs=1e-11)
        assert interval(*counts).method == interval.__name__
    assert fisher(*counts).p_value == pytest.approx(result["fisher_p"], abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(arms(), arms(), levels)
def test_the_intervals_agree_with_statsmodels_where_it_is_right(first, second, level):
    (k, n), alpha = first, 1 - level
    assert bounds(wilson(k, n, level=level)) == pytest.approx(
        proportion_confint(k, n, alpha=alpha, method="wilson"), abs=1e-12
    )
    assert bounds(clopper_pearson(k, n, level=level)) == pytest.approx(
        proportion_confint(k, n, alpha=alpha, method="beta"), abs=1e-10
    )
    assert bounds(newcombe(*first, *second, level=level)) == pytest.approx(
        confint_proportions_2indep(*first, *second, method="newcomb", compare="diff", alpha=alpha), abs=1e-12
    )


# Properties


@settings(max_examples=100, deadline=None)
@given(arms(), levels)
def test_the_interval_of_one_share_lies_in_0_to_1_and_holds_the_share(arm, level):
    for interval in (found(*arm, level=level) for found in ONE_SHARE):
        assert 0 <= interval.low <= interval.estimate + 1e-12
        assert interval.estimate - 1e-12 <= interval.high <= 1


@settings(max_examples=100, deadline=None)
@given(arms(), levels)
def test_counting_failures_instead_mirrors_the_interval_of_one_share(arm, level):
    k, n = arm
    for found in ONE_SHARE:
        mirrored = found(n - k, n, level=level)
        assert bounds(found(k, n, level=level)) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-11)


@settings(max_examples=100, deadline=None)
@given(arms(), arms(), levels)
def test_the_interval_of_a_difference_lies_within_one_and_holds_the_difference(first, second, level):
    for interval in (found(*first, *second, level=level) for found in DIFFERENCES):
        assert interval.estimate == first[0] / first[1] - second[0] / second[1]
        assert -1 <= interval.low <= interval.estimate <= interval.high <= 1


@settings(max_examples=100, deadline=None)
@given(arms(), arms(), levels)
def test_swapping_the_arms_mirrors_the_interval_of_a_difference(first, second, level):
    for found in DIFFERENCES:
        swapped = found(*second, *first, level=level)
        assert bounds(found(*first, *second, level=level)) == pytest.approx((-swapped.high, -swapped.low), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(arms(), arms(), levels)
def test_counting_failures_instead_mirrors_the_interval_of_a_difference(first, second, level):
    (k1, n1), (k2, n2) = first, second
    for found in DIFFERENCES:
        mirrored = found(n1 - k1, n1, n2 - k2, n2, level=level)
        assert bounds(found(*first, *second, level=level)) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(arms(), arms())
def test_the_tests_do_not_care_which_arm_comes_first(first, second):
    for test in (pooled_z, fisher):
        assert test(*first, *second).p_value == pytest.approx(test(*second, *first).p_value, abs=1e-12)
        assert 0 <= test(*first, *second).p_value <= 1
    assert pooled_z(*first, *second).statistic == pytest.approx(-pooled_z(*second, *first).statistic, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(arms(), arms(), st.integers(2, 9))
def test_more_persons_with_the_same_shares_narrow_every_interval(first, second, factor):
    larger_first, larger_second = ([factor * count for count in arm] for arm in (first, second))
    for found in ONE_SHARE:
        assert width(found(*larger_first)) < width(found(*first))
    for found in DIFFERENCES:
        assert width(found(*larger_first, *larger_second)) < width(found(*first, *second))


@settings(max_examples=60, deadline=None)
@given(arms(), arms(), st.integers(2, 9))
def test_the_pooled_z_grows_with_the_root_of_the_number_of_persons(first, second, factor):
    larger = [factor * count for count in (*first, *second)]
    assert pooled_z(*larger).statistic == pytest.approx(
        math.sqrt(factor) * pooled_z(*first, *second).statistic, rel=1e-9, abs=1e-12
    )


@settings(max_examples=60, deadline=None)
@given(arms(), arms(), levels)
def test_a_miettinen_nurminen_bound_solves_the_score_equation_with_a_numerical_likelihood(first, second, level):
    z = norm.ppf((1 + level) / 2)
    interval = miettinen_nurminen(*first, *second, level=level)
    for bound, sign in ((interval.low, 1), (interval.high, -1)):
        if abs(bound) < 1:
            surplus = interval.estimate - bound
            assert surplus == pytest.approx(sign * z * restricted_std_error(*first, *second, bound), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(arms(), arms(), levels)
def test_the_uncut_intervals_mirror_when_failures_are_counted_or_arms_swapped(first, second, level):
    (k1, n1), (k2, n2) = first, second
    for found in UNCUT_SHARE:
        mirrored = found(n1 - k1, n1, level=level)
        assert bounds(found(k1, n1, level=level)) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-12)
    for found in UNCUT_DIFFERENCES:
        swapped = found(k2, n2, k1, n1, level=level)
        assert bounds(found(k1, n1, k2, n2, level=level)) == pytest.approx((-swapped.high, -swapped.low), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(arms(), levels)
def test_agresti_coull_has_the_middle_of_wilson_and_is_never_narrower(arm, level):
    # Brown, Cai and DasGupta (2001), section 3.1.3.
    around, score = agresti_coull(*arm, level=level), wilson(*arm, level=level)
    assert around.low + around.high == pytest.approx(score.low + score.high, abs=1e-12)
    assert width(around) >= width(score) - 1e-12


@settings(max_examples=60, deadline=None)
@given(arms(), arms(), levels)
def test_mee_is_never_wider_than_miettinen_nurminen(first, second, level):
    assert width(mee(*first, *second, level=level)) <= width(miettinen_nurminen(*first, *second, level=level)) + 1e-12


def test_thirty_six_of_forty_nine_has_every_stored_interval():
    for interval, key in ((wald, "normal"), (agresti_coull, "agresti_coull"), (wilson_corrected, "wilson_cc")):
        assert bounds(interval(36, 49)) == pytest.approx(SINGLE_ARM[key], abs=5.1e-7)


def width(interval):
    return interval.high - interval.low


def restricted_std_error(k1, n1, k2, n2, delta):
    """Standard error under p1 − p2 = delta, with the shares found by bisection on the slope of the likelihood."""
    low, high = max(0.0, delta), min(1.0, 1 + delta)
    for _ in range(200):
        p1 = (low + high) / 2
        p2 = p1 - delta
        terms = ((k1, p1), (k1 - n1, 1 - p1), (k2, p2), (k2 - n2, 1 - p2))
        slope = sum(count / max(share, 1e-300) for count, share in terms if count)
        low, high = (p1, high) if slope > 0 else (low, p1)
    variance = p1 * (1 - p1) / n1 + max(p2 * (1 - p2), 0.0) / n2
    return math.sqrt(variance * (n1 + n2) / (n1 + n2 - 1))


# One share from hidden offices


@settings(max_examples=60, deadline=None)
@given(arms(), levels)
def test_without_correlation_hidden_offices_change_nothing(arm, level):
    found = wilson_effective(*arm, offices=1, icc=0.0, level=level)
    assert bounds(found) == bounds(wilson(*arm, level=level))


@settings(max_examples=60, deadline=None)
@given(arms(most=60), st.integers(1, 10))
def test_with_full_correlation_each_hidden_office_counts_as_one_person(arm, offices):
    k, n = arm
    assume(offices <= n)
    found = wilson_effective(k * offices, n * offices, offices=n, icc=1.0)
    assert bounds(found) == pytest.approx(bounds(wilson(k, n)), abs=1e-12)


# Two arms of offices


def test_the_cluster_interval_is_the_written_formula():
    result = cluster_t(30, 120, 10, 80, offices1=6, offices2=5, icc=0.04, cv=0.5, level=0.9)
    effect1, effect2 = 1 + (1.25 * 20 - 1) * 0.04, 1 + (1.25 * 16 - 1) * 0.04
    std_error = math.sqrt(0.25 * 0.75 / 120 * effect1 + 0.125 * 0.875 / 80 * effect2)
    assert (result.df, result.level) == (9, 0.9)
    assert result.estimate == 0.125
    assert result.std_error == pytest.approx(std_error, rel=1e-14)
    assert result.design_effect_treated == pytest.approx(effect1, rel=1e-14)
    assert result.design_effect_comparison == pytest.approx(effect2, rel=1e-14)
    assert result.p_value == pytest.approx(2 * t.sf(0.125 / std_error, 9), rel=1e-12)
    reach = t.ppf(0.95, 9) * std_error
    assert bounds(result) == pytest.approx((0.125 - reach, 0.125 + reach), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(arms(), arms(), st.floats(0, 1), st.floats(0, 2))
def test_the_cluster_interval_mirrors_when_the_arms_change_places(first, second, icc, cv):
    assume(min(first[1], second[1]) >= 7)
    assume(first[0] not in (0, first[1]))
    there = cluster_t(*first, *second, offices1=7, offices2=4, icc=icc, cv=cv)
    back = cluster_t(*second, *first, offices1=4, offices2=7, icc=icc, cv=cv)
    assert bounds(there) == pytest.approx((-back.high, -back.low), abs=1e-12)
    assert there.p_value == pytest.approx(back.p_value, abs=1e-12)
    assert there.low <= there.estimate <= there.high
    assert there.design_effect_treated == back.design_effect_comparison


@settings(max_examples=60, deadline=None)
@given(arms(), arms(), st.floats(0, 0.9), st.floats(0.01, 0.1))
def test_a_higher_icc_never_lowers_the_cluster_p_value(first, second, icc, more):
    assume(min(first[1], second[1]) >= 4)
    assume(second[0] not in (0, second[1]))
    low, high = (cluster_t(*first, *second, offices1=4, offices2=4, icc=value) for value in (icc, icc + more))
    assert high.std_error >= low.std_error
    assert high.p_value >= low.p_value


@pytest.mark.parametrize("counts", [(0, 20, 0, 30), (20, 20, 0, 30), (20, 20, 30, 30)])
def test_the_cluster_formula_is_silent_when_neither_arm_varies(counts):
    result = cluster_t(*counts, offices1=3, offices2=3, icc=0.05)
    assert result.std_error == 0
    assert all(math.isnan(value) for value in (result.statistic, result.p_value, *bounds(result)))


# The edges


@pytest.mark.parametrize("counts", [(0, 12, 0, 9), (12, 12, 9, 9)])
def test_equal_shares_at_the_edge_give_p_value_one(counts):
    assert pooled_z(*counts) == proportions.Test(0.0, 1.0, "pooled_z")
    assert fisher(*counts).p_value == 1.0


def test_bounds_at_the_edge_are_exactly_0_and_1():
    for found in ONE_SHARE:
        assert found(0, 13).low == 0.0
        assert found(13, 13).high == 1.0
    for found in DIFFERENCES:
        assert found(13, 13, 0, 7).high == 1.0
        assert found(0, 13, 7, 7).low == -1.0


@pytest.mark.parametrize("arm", [(0, 0), (1, -3), (-1, 5), (6, 5), (2.5, 5), (2, 5.5), (math.nan, 5)])
def test_impossible_counts_are_refused_everywhere(arm):
    for found in (*ONE_SHARE, *UNCUT_SHARE):
        with pytest.raises(ValueError, match="."):
            found(*arm)
    for found in (*DIFFERENCES, *UNCUT_DIFFERENCES, pooled_z, fisher):
        with pytest.raises(ValueError, match="."):
            found(*arm, 3, 7)
        with pytest.raises(ValueError, match="."):
            found(3, 7, *arm)
    with pytest.raises(ValueError, match="."):
        wilson_effective(*arm, offices=2, icc=0.1)
    with pytest.raises(ValueError, match="."):
        cluster_t(3, 7, *arm, offices1=2, offices2=2, icc=0.1)


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, math.nan])
def test_an_impossible_level_is_refused_everywhere(level):
    for found in (*ONE_SHARE, *UNCUT_SHARE):
        with pytest.raises(ValueError, match="level"):
            found(3, 7, level=level)
    for found in (*DIFFERENCES, *UNCUT_DIFFERENCES):
        with pytest.raises(ValueError, match="level"):
            found(3, 7, 2, 8, level=level)
    with pytest.raises(ValueError, match="level"):
        wilson_effective(3, 7, offices=2, icc=0.1, level=level)
    with pytest.raises(ValueError, match="level"):
        cluster_t(3, 7, 2, 8, offices1=2, offices2=2, icc=0.1, level=level)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"icc": -0.01}, "correlation"),
        ({"icc": 1.01}, "correlation"),
        ({"icc": math.nan}, "correlation"),
        ({"cv": -0.1}, "variation"),
        ({"cv": math.inf}, "variation"),
        ({"offices1": 0}, "offices"),
        ({"offices2": 9}, "8 persons cannot come from 9 offices"),
        ({"offices1": 1, "offices2": 1}, "degrees of freedom"),
    ],
)
def test_impossible_assumptions_about_offices_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        cluster_t(3, 7, 2, 8, **{"offices1": 2, "offices2": 2, "icc": 0.1} | changed)


@pytest.mark.parametrize(("offices", "icc"), [(0, 0.1), (8, 0.1), (2, -0.1), (2, 1.1)])
def test_impossible_hidden_offices_are_refused(offices, icc):
    with pytest.raises(ValueError, match="offices|correlation"):
        wilson_effective(3, 7, offices=offices, icc=icc)
