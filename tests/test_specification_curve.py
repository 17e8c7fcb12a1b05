import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.sensitivity.specification_curve import specification_curve


def test_three_specifications_and_four_permutations_by_hand():
    drawn = [[0.01, 0.02, -0.03], [0.05, 0.06, 0.09], [-0.06, -0.07, -0.01], [0.0, 0.01, 0.0]]
    p, p_drawn = [0.01, 0.20, 0.04], [[0.5, 0.5, 0.5], [0.04, 0.03, 0.01], [0.01, 0.01, 0.5], [0.9, 0.9, 0.9]]
    found = specification_curve(
        ["ny", "vid", "hoved"], [0.06, 0.02, 0.05], drawn, p_values=p, permuted_p_values=p_drawn
    )
    assert found.names == ("vid", "hoved", "ny")
    assert found.estimates == (0.02, 0.05, 0.06)
    # |medians| drawn: 0.01, 0.06, 0.06, 0; on one side: 2, 3, 3, 1; significant on one side: 0, 3, 2, 0.
    assert [found.median.statistic, found.median.p_value] == pytest.approx([0.05, 3 / 5])
    assert [found.same_sign.statistic, found.same_sign.p_value] == [3, 3 / 5]
    assert [found.significant.statistic, found.significant.p_value] == [2, 3 / 5]
    assert found.band[1] == pytest.approx((-0.015, 0.005, 0.015))
    assert found.permutations == 4


def test_significant_results_in_both_directions_do_not_add_up():
    found = specification_curve(
        list("abcd"), [0.1, 0.1, -0.1, -0.1], np.zeros((9, 4)), p_values=[0.01] * 4, permuted_p_values=np.ones((9, 4))
    )
    assert found.significant.statistic == 2
    assert found.significant.p_value == pytest.approx(0.1)


def estimates(y, draws):
    """Five ways to take a difference in means of alike outcomes, for each draw of who is treated: (draws, 5)."""
    half = draws.shape[1] // 2
    ways = [y, np.clip(y, -1, 1), np.sign(y), stats.rankdata(y) / len(y) - 0.5, y**3]
    return np.column_stack([(draws @ way - (1 - draws) @ way) / half for way in ways])


def shuffled(rng, n, times):
    return (np.argsort(rng.random((times, n)), axis=1) < n // 2).astype(float)


def test_with_no_effect_the_joint_p_values_hold_their_level_and_with_one_they_find_it():
    rng, draws = np.random.default_rng(2020), 300
    p = np.zeros((draws, 2))
    for row in p:
        every = estimates(rng.normal(size=40), shuffled(rng, 40, 100))
        found = specification_curve(list("abcde"), every[0], every[1:])
        row[:] = found.median.p_value, found.same_sign.p_value
    level = 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    assert (p <= 0.05).mean(axis=0).max() <= level
    assert (p[:, 0] <= 0.05).mean() > 0.01
    # All five of five on one side is no evidence: it happens by chance alone in most draws.
    assert np.median(p[:, 1]) > 0.5
    treated = shuffled(rng, 40, 200)
    every = estimates(rng.normal(size=40) + 2 * treated[0], treated)
    assert specification_curve(list("abcde"), every[0], every[1:]).median.p_value < 0.02


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: specification_curve(["a"], [0.1], [0.1, 0.2]),
        lambda: specification_curve(["a"], [0.1, 0.2], [[0.1, 0.2]]),
        lambda: specification_curve([], [], np.zeros((3, 0))),
        lambda: specification_curve(["a"], [np.nan], [[0.1]]),
        lambda: specification_curve(["a"], [0.1], [[np.nan]]),
        lambda: specification_curve(["a"], [0.1], [[0.2]], p_values=[0.1]),
        lambda: specification_curve(["a"], [0.1], [[0.2]], p_values=[0.1], permuted_p_values=[[np.nan]]),
    ],
)
def test_curves_that_cannot_be_compared_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must|belong"):
        wrong()


CURVES = st.integers(1, 6).flatmap(
    lambda s: st.lists(st.lists(st.floats(-1, 1), min_size=s, max_size=s), min_size=2, max_size=15)
)


@settings(max_examples=40, deadline=None)
@given(CURVES, st.floats(1.0, 4.0))
def test_turning_all_signs_changes_no_test_and_a_larger_effect_is_no_less_extreme(rows, more):
    seen, drawn = np.array(rows[0]), np.array(rows[1:])
    names = [str(i) for i in range(len(seen))]
    found, turned = specification_curve(names, seen, drawn), specification_curve(names, -seen, -drawn)
    assert [turned.median, turned.same_sign] == [found.median, found.same_sign]
    assert specification_curve(names, more * seen, drawn).median.p_value <= found.median.p_value
    assert 1 / (1 + len(drawn)) <= found.median.p_value <= 1
    assert list(found.estimates) == sorted(seen)
    assert (np.diff(np.array(found.band), axis=0) >= -1e-12).all()
