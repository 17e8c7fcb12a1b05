"""A table by each profile: what is published, what is hidden and what is said of it."""

import numpy as np
import pytest
from workspace import ROOT

from analysis.disclosure.cells import crossed, with_groups, with_total, without_total
from analysis.disclosure.profiles import profile, read_profiles
from analysis.disclosure.treatment import treat_cells, treat_table

PROFILES = read_profiles(ROOT / "config" / "disclosure.yaml")
COUNTS = np.array([[2, 9, 30], [14, 0, 22], [8, 17, 41]])
TRUE = np.array([[2, 9, 30, 41], [14, 0, 22, 36], [8, 17, 41, 66], [24, 26, 93, 143]])


def test_the_open_profile_changes_nothing():
    found = treat_table(COUNTS, PROFILES["open"])
    assert (found.values == TRUE).all()
    assert set(found.status.ravel()) == {"exact"}
    assert found.held


@pytest.mark.parametrize(("key", "method"), [("public", None), ("ssb", "rounding")])
def test_rounded_tables_hide_nothing_and_add_up(key, method):
    found = treat_table(COUNTS, profile(PROFILES, key, method=method), key=b"k")
    assert np.abs(found.values - TRUE).max() == found.largest < 3
    assert set(found.status.ravel()) == {"rounded"}
    assert (found.values[:3].sum(axis=0) == found.values[3]).all()
    assert found.values[1, 1] == 0
    assert found.held


@pytest.mark.parametrize(("key", "zeros"), [("nav", True), ("ssb", False), ("research", True)])
def test_suppressed_numbers_are_missing_and_the_others_exact(key, zeros):
    by = PROFILES[key]
    found = treat_table(COUNTS, by)
    small = (by.threshold > TRUE) & ((TRUE > 0) | zeros)
    assert (found.status[small] == "hidden").all()
    assert (np.isnan(found.values) == np.isin(found.status, ["hidden", "hidden_beside"])).all()
    shown = found.status == "exact"
    assert (found.values[shown] == TRUE[shown]).all()
    assert (found.status == "hidden_beside").sum() >= 2
    assert found.held
    assert found.optimal


def test_redacted_tables_have_sums_of_what_is_shown():
    found = treat_table(COUNTS, PROFILES["opensafely"])
    assert found.values[0].tolist()[1:] == [10, 30, 40]
    assert np.isnan(found.values[0, 0])
    assert (found.status == "hidden").sum() == 2


def test_regions_are_treated_too_and_what_has_no_cell_of_its_own_cannot_be_redacted():
    members = crossed(with_groups(["a", "a", "b"]), with_total(3))
    for key, one in PROFILES.items():
        found = treat_cells(COUNTS.ravel(), members, one, two_way=True)
        assert found.values.shape == (24,), key
        assert found.held
    only_totals = crossed(without_total(3), with_total(3))[3::4]
    with pytest.raises(ValueError, match="every atom"):
        treat_cells(COUNTS.ravel(), only_totals, PROFILES["opensafely"])


def test_three_way_suppression_says_that_it_does_not_reckon_with_whole_persons():
    counts = np.random.default_rng(2).poisson(5, size=(3, 3, 2))
    assert not treat_table(counts, PROFILES["nav"]).held
    assert treat_table(counts, PROFILES["opensafely"]).held
