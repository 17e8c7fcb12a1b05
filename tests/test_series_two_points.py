"""Two published shares without denominators: rounding, how many it takes, and Newcombe's interval."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from analysis.proportions import newcombe
from analysis.series.two_points import SCENARIOS, difference_interval, excludes_zero, largest_correlation, two_points

Z = float(ndtri(0.975))
FEW = settings(max_examples=40, deadline=None)
shares = st.floats(0.02, 0.98)


@FEW
@given(n=st.integers(2, 400), k1=st.integers(0, 400), k2=st.integers(0, 400))
def test_independent_points_have_newcombes_interval(n, k1, k2):
    k1, k2 = min(k1, n), min(k2, n)
    found = newcombe(k2, n, k1, n)
    assert difference_interval(k1 / n, k2 / n, n, 0.0, Z) == pytest.approx((found.low, found.high), abs=1e-12)


def test_the_published_fall_of_62_to_52_is_9_to_11_points_and_needs_189_independent_persons_at_each_date():
    found = two_points(0.62, 0.52)
    assert (found.difference, found.low, found.high) == pytest.approx((-0.10, -0.11, -0.09), abs=1e-12)
    assert found.needed_n == {"independent": 189, "half_overlap": 111, "same_persons": 34}
    assert found.table["n"].tolist() == [50, 100, 200, 500, 1000, 2000, 5000] * 3
    alone = found.table[found.table["scenario"] == "independent"].set_index("n")["distinguishable"]
    assert alone.tolist() == [False, False, True, True, True, True, True]


@FEW
@given(before=shares, after=shares, scenario=st.sampled_from(sorted(SCENARIOS)))
def test_from_the_needed_number_on_the_interval_excludes_zero_and_not_one_person_before(before, after, scenario):
    if abs(before - after) < 1e-3:
        return
    needed = two_points(before, after).needed_n[scenario]
    phi = SCENARIOS[scenario] * largest_correlation(before, after)
    assert all(excludes_zero(difference_interval(before, after, n, phi, Z)) for n in (needed, needed + 1, 3 * needed))
    assert needed == 1 or not excludes_zero(difference_interval(before, after, needed - 1, phi, Z))


@FEW
@given(before=shares, after=shares)
def test_persons_who_are_in_both_make_fewer_enough_and_the_mirror_image_needs_as_many(before, after):
    found, mirror = two_points(before, after), two_points(1 - before, 1 - after)
    if abs(before - after) < 1e-3:
        return
    assert found.needed_n["same_persons"] <= found.needed_n["half_overlap"] <= found.needed_n["independent"]
    assert mirror.needed_n["independent"] == pytest.approx(found.needed_n["independent"], abs=1)


def test_equal_points_are_told_apart_by_no_number_and_decimals_narrow_what_rounding_leaves_open():
    assert set(two_points(0.5, 0.5).needed_n.values()) == {None}
    found = two_points(0.624, 0.518, printed_decimals=1)
    assert found.high - found.low == pytest.approx(0.002, abs=1e-12)


def test_all_and_nobody_can_be_compared():
    found = two_points(0.0, 1.0)
    assert found.needed_n["independent"] <= 5
    assert (found.low, found.high) == pytest.approx((0.99, 1.0), abs=1e-12)


@pytest.mark.parametrize("share", [-0.1, 1.2])
def test_a_share_outside_0_to_1_is_a_mistake_of_the_program(share):
    with pytest.raises(ValueError, match="not between"):
        two_points(share, 0.5)
