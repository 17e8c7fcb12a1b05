import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.trials.multiplicity import holm


def test_the_example_of_three_is_worked_out_by_hand():
    assert holm([0.02, 0.04, 0.01]) == pytest.approx([0.04, 0.04, 0.03], abs=1e-15)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_it_is_that_of_statsmodels(p_values):
    with pytest.MonkeyPatch.context() as patch:
        # It looks through all memory each time, which in the process of a suite takes a second.
        patch.setattr("gc.collect", lambda: 0)
        theirs = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(theirs, abs=1e-15)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.integers(1, 4))
def test_a_missing_test_counts_as_one_that_showed_nothing(p_values, missing):
    with_gaps = holm([*p_values, *[np.nan] * missing])
    assert np.isnan(with_gaps[len(p_values) :]).all()
    assert with_gaps[: len(p_values)] == pytest.approx(holm([*p_values, *[1.0] * missing])[: len(p_values)])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_no_adjusted_value_is_smaller_and_the_order_stays(p_values):
    p, adjusted = np.array(p_values), holm(p_values)
    assert (adjusted >= p).all()
    assert (adjusted <= 1).all()
    order = np.argsort(p)
    assert (np.diff(adjusted[order]) >= 0).all()


@pytest.mark.parametrize("wrong", [[0.1, 1.1], [-0.1], [[0.1]], 0.1])
def test_values_that_are_no_p_values_are_programming_errors(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm(wrong)


def test_no_tests_have_no_values():
    assert holm([]).shape == (0,)
