import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.sensitivity.leave_one_out import leave_one_out

OFFICES = ["a", "b", "c", "d"]


def test_four_offices_by_hand():
    found = leave_one_out(0.04, [0.05, 0.03, -0.01, 0.045], OFFICES)
    assert [found.lowest, found.without_lowest] == [-0.01, "c"]
    assert [found.highest, found.without_highest] == [0.05, "a"]
    assert found.influence == pytest.approx((-0.01, 0.01, 0.05, -0.005))
    assert [found.most_influential, found.sign_turns, found.verdict_turns] == ["c", ("c",), ()]
    spread = np.array([0.05, 0.03, -0.01, 0.045]) - 0.02875
    assert found.std_error == pytest.approx(np.sqrt(3 / 4 * (spread**2).sum()))


def test_the_jackknife_of_a_mean_is_its_standard_error():
    x = np.array([3.0, 5, 8, 1, 7])
    found = leave_one_out(x.mean(), (x.sum() - x) / 4, list("abcde"))
    assert found.std_error == pytest.approx(x.std(ddof=1) / np.sqrt(5), rel=1e-12)
    assert found.most_influential == "d"


def test_offices_that_turn_the_verdict_are_named():
    ends = [[0.01, 0.09], [-0.01, 0.07], [-0.05, 0.03], [0.02, 0.08]]
    found = leave_one_out(0.04, [0.05, 0.03, -0.01, 0.05], OFFICES, interval=(0.01, 0.07), intervals=ends)
    assert found.verdict_turns == ("b", "c")
    found = leave_one_out(0.04, [0.05, 0.03, -0.01, 0.05], OFFICES, interval=(-0.01, 0.09), intervals=ends)
    assert found.verdict_turns == ("a", "d")


def test_an_office_that_cannot_be_left_out_is_named_and_counted_nowhere():
    ends = [[0.01, 0.1], [np.nan, np.nan], [0.01, 0.1], [0.0, 0.1]]
    found = leave_one_out(0.04, [0.05, np.nan, 0.03, 0.04], OFFICES, interval=(0.01, 0.07), intervals=ends)
    assert found.undetermined == ("b",)
    assert np.isnan(found.influence[1])
    assert [found.lowest, found.highest, found.sign_turns, found.verdict_turns] == [0.03, 0.05, (), ("d",)]
    assert found.std_error == pytest.approx(np.sqrt(2 / 3 * 2e-4))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: leave_one_out(0.1, [0.1, 0.2], ["a", "a"]),
        lambda: leave_one_out(0.1, [0.1, 0.2], ["a"]),
        lambda: leave_one_out(np.nan, [0.1, 0.2], ["a", "b"]),
        lambda: leave_one_out(0.1, [0.1, np.nan], ["a", "b"]),
        lambda: leave_one_out(0.1, [0.1, 0.2], ["a", "b"], interval=(0, 1)),
        lambda: leave_one_out(0.1, [0.1, 0.2], ["a", "b"], interval=(0, 1), intervals=[[0, 1]]),
    ],
)
def test_answers_that_do_not_belong_together_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must|belong"):
        wrong()


def test_one_odd_office_among_many_alike_is_found():
    rng = np.random.default_rng(18)
    means = rng.normal(0.02, 0.01, 18)
    means[11] = 0.60
    found = leave_one_out(means.mean(), (means.sum() - means) / 17, [f"kontor {i}" for i in range(18)])
    assert found.most_influential == found.without_lowest == "kontor 11"
    assert found.influence[11] > 10 * max(abs(x) for i, x in enumerate(found.influence) if i != 11)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(-1, 1), st.randoms(use_true_random=False))
def test_the_range_holds_all_and_the_order_of_offices_does_not_matter(values, estimate, random):
    names = [str(i) for i in range(len(values))]
    found = leave_one_out(estimate, values, names)
    assert found.lowest == min(values)
    assert found.highest == max(values)
    order = list(range(len(values)))
    random.shuffle(order)
    again = leave_one_out(estimate, [values[i] for i in order], [names[i] for i in order])
    assert again.std_error == pytest.approx(found.std_error, abs=1e-12)
    assert set(again.sign_turns) == set(found.sign_turns)
    assert max(map(abs, again.influence)) == max(map(abs, found.influence))
