"""Cells as arrays: sums in their places, and deliveries that cannot be used."""

import numpy as np
import pytest
from staggered_cases import BY, START, arrays_of, staggered_panel

from analysis.cells import cells
from analysis.problems import ProblemsFound
from analysis.staggered.cell_arrays import cell_arrays
from analysis.staggered.design import NEVER


def test_every_sum_is_in_its_place():
    panel = staggered_panel(1)
    arrays = arrays_of(panel, "y", weight="w")
    own = panel[(panel["office_id"] == "k01") & (panel["month"] == START + 2)]
    c = arrays.cohorts.tolist().index(START + 5)
    assert arrays.n[1, c, 2] == len(own)
    assert arrays.w[1, c, 2] == pytest.approx(own["w"].sum())
    assert arrays.wy[1, c, 2] == pytest.approx((own["w"] * (own["y"] - arrays.centre)).sum())
    assert arrays.cohorts.tolist() == [START + 3, START + 5, NEVER]
    assert arrays.balanced


def test_cells_of_subgroups_are_added_up():
    panel = staggered_panel(1).assign(sex=lambda p: p["person_id"] % 2)
    split = cells(panel, outcomes=["y"], by=[*BY, "sex"], weight=None)
    assert cell_arrays(split).wy == pytest.approx(arrays_of(panel, "y").wy, abs=1e-9)


def test_one_outcome_has_to_be_named():
    both = cells(staggered_panel(1).assign(z=1.0), outcomes=["y", "z"], by=BY, weight=None)
    with pytest.raises(ValueError, match="several outcomes"):
        cell_arrays(both)
    assert cell_arrays(both, outcome="z").centre == 1


def test_missing_months_and_offices_are_told_together():
    panel = staggered_panel(1)
    panel = panel[panel["month"] != START + 4].assign(office_id=lambda p: p["office_id"].where(p["office_id"] != "k03"))
    with pytest.raises(ProblemsFound) as told:
        arrays_of(panel, "y")
    assert len(told.value.problems) == 2
    assert "2000-05" in str(told.value)


def test_no_cells_are_refused():
    with pytest.raises(ProblemsFound, match="ingen celler"):
        cell_arrays(cells(staggered_panel(1), outcomes=["y"], by=BY, weight=None), outcome="z")


def test_persons_must_belong_to_cells():
    persons = staggered_panel(1).drop_duplicates("person_id").assign(size=1.0, office_id="nowhere")
    with pytest.raises(ValueError, match="no cell has"):
        arrays_of(staggered_panel(1), "y", persons=persons)


def test_the_centre_changes_no_sum():
    panel = staggered_panel(1)
    arrays = arrays_of(panel.assign(y=panel["y"] + 1e6), "y")
    assert arrays.centre == pytest.approx(panel["y"].mean() + 1e6)
    assert np.abs(arrays.wy.sum()) < 1e-5
