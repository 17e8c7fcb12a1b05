"""Units from cells: their shares, who is left out and why, and who may stand in for whom."""

import numpy as np
import pandas as pd
import pytest
from synthetic_units import START, panel_of

from analysis.problems import ProblemsFound
from analysis.staggered.cell_arrays import cell_arrays
from analysis.staggered.design import NEVER, Design
from analysis.staggered.unit_panel import GAPS, spread, unit_panel

MONTHS = 12


def cells(adoption: dict[str, float], *, holes: tuple[tuple[str, int], ...] = ()) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = [
        (office, adopted, START + t, int(n), float(rng.binomial(int(n), 0.4)))
        for office, adopted in adoption.items()
        for t, n in enumerate(rng.integers(20, 90, MONTHS))
        if (office, t) not in holes
    ]
    made = pd.DataFrame(rows, columns=["office_id", "adoption_month", "month", "n", "sum_wy"])
    return made.assign(sum_w=made["n"].astype("float64"))


OFFICES = {"a": START + 6, "b": np.nan, "c": np.nan, "d": np.nan}


def test_shares_are_those_of_the_cells_and_months_of_adoption_those_of_the_offices():
    given = cells(OFFICES)
    panel, ledger = unit_panel(cell_arrays(given), Design(), county={"a": "X"})
    wide = given.assign(share=given["sum_wy"] / given["n"]).pivot(index="office_id", columns="month", values="share")
    assert panel.y == pytest.approx(wide.to_numpy(), abs=1e-14)
    assert panel.names.tolist() == list("abcd")
    assert panel.adoption.tolist() == [START + 6, NEVER, NEVER, NEVER]
    assert panel.county.tolist() == ["X", "", "", ""]
    assert ledger.empty


def test_offices_with_holes_and_those_that_adopted_before_the_window_are_left_out_with_the_reason():
    given = cells(OFFICES | {"e": np.nan, "f": START}, holes=(("e", 4),))
    panel, ledger = unit_panel(cell_arrays(given), Design())
    assert panel.names.tolist() == list("abcd")
    told = ledger.set_index("reason")
    assert told.loc["adopted_before_window", "offices"] == 1
    assert told.loc[GAPS, "offices"] == 1
    assert pd.isna(told.loc[GAPS, "group"])


def test_an_office_that_starts_after_the_window_is_a_donor():
    panel, _ = unit_panel(cell_arrays(cells(OFFICES | {"z": START + 40})), Design())
    assert panel.adoption[panel.names == "z"] == NEVER


def test_all_that_is_wrong_is_told_at_once():
    given = cells({"a": START + 6, "b": np.nan})
    mixed = pd.concat([given, given[given["office_id"] == "a"].assign(adoption_month=START + 8)])
    with pytest.raises(ProblemsFound) as error:
        unit_panel(cell_arrays(mixed), Design())
    text = str(error.value)
    assert "1 enheter har personer med ulike oppstartsmåneder" in text
    assert "1 enheter er uten tiltaket" in text
    with pytest.raises(ProblemsFound, match="Syntetisk kontroll"):
        unit_panel(cell_arrays(cells({"a": np.nan, "b": np.nan})), Design())


def test_an_office_is_never_held_against_its_own_county_nor_a_county_against_its_offices():
    names = ["office", "sister", "X", "Y", "other"]
    county = ["X", "X", "X", "Y", "Y"]
    panel = panel_of(np.zeros((5, 3)), [START + 1, NEVER, NEVER, NEVER, NEVER], names=names, county=county)
    assert panel.names[panel.donors(0)].tolist() == ["sister", "Y", "other"]
    assert panel.names[panel.donors(0, neighbours=False)].tolist() == ["Y", "other"]
    counted = panel_of(np.zeros((5, 3)), [NEVER, NEVER, START + 1, NEVER, NEVER], names=names, county=county)
    assert counted.names[counted.donors(2)].tolist() == ["Y", "other"]


def test_units_are_never_their_own_donors_and_those_that_adopt_are_nobodys():
    panel = panel_of(np.zeros((4, 3)), [START + 1, START + 2, NEVER, NEVER])
    assert panel.donors(0).tolist() == [2, 3]
    assert panel.donors(2).tolist() == [3]


def test_the_spread_is_that_of_units_around_the_mean_of_each_month():
    y = np.random.default_rng(2).normal(size=(6, 9)) + 50 * np.arange(9)
    assert spread(y) == pytest.approx(np.sqrt(y.var(axis=0, ddof=1).mean()), rel=1e-12)
    assert spread(y[:1]) == 0


def test_a_panel_with_a_hole_is_refused():
    with pytest.raises(ValueError, match="every month"):
        panel_of(np.array([[1.0, np.nan], [1.0, 2.0]]), [START + 1, NEVER])
