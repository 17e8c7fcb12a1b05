"""Gardner's two stages from cells; regressions on persons stand in the tests of imputation, which shares its parts."""

import numpy as np
import pytest
from staggered_cases import answers, arrays_of, mpdta, staggered_panel

from analysis.staggered.design import Design
from analysis.staggered.estimated import as_result
from analysis.staggered.imputation import imputation
from analysis.staggered.two_stage import two_stage


def raw_errors(found):
    return np.sqrt((found.sums**2).sum(axis=0))


def test_county_employment_has_the_stored_values():
    found = two_stage(arrays_of(mpdta(), "lemp"), Design())
    row = int(np.flatnonzero(found.table["term"] == "simple")[0])
    stored = answers("mpdta_fixest_twfe_sunab_bjs.json")["gardner_2s"]["overall"]
    assert [found.overall(), raw_errors(found)[row]] == pytest.approx(stored, abs=1e-9)
    assert as_result(found, outcome="y").uncertainty("cluster_gmm").std_error[row] == pytest.approx(stored[1], abs=1e-9)


@pytest.mark.parametrize("share", [1.0, 0.7])
def test_estimates_weights_and_jackknife_are_those_of_imputation(share):
    arrays = arrays_of(staggered_panel(2).sample(frac=share, random_state=1), "y")
    ours, theirs = two_stage(arrays, Design()), imputation(arrays, Design())
    assert ours.table.equals(theirs.table)
    assert ours.weights.equals(theirs.weights)
    assert np.array_equal(ours.left_out, theirs.left_out, equal_nan=True)


def test_residuals_around_the_average_hold_the_spread_of_effects_too():
    arrays = arrays_of(staggered_panel(1, noise=0.0), "y")
    ours, theirs = two_stage(arrays, Design()), imputation(arrays, Design())
    row = int(np.flatnonzero(ours.table["term"] == "simple")[0])
    assert raw_errors(theirs)[row] == pytest.approx(0, abs=1e-11)
    # Four offices have five treated months with effects of 1 to 5, two have three with 1 to 3. Each
    # office moves it by its share of the treated months times how far its own mean lies from the average.
    months, offices, mean = np.array([5, 3]), np.array([4, 2]), np.array([3.0, 2.0])
    part = months / (months @ offices)
    average = float((part * offices) @ mean)
    assert ours.overall() == pytest.approx(average, abs=1e-11)
    assert raw_errors(ours)[row] == pytest.approx(np.sqrt(offices @ (part * (mean - average)) ** 2), abs=1e-11)
