"""The headline worked out from released cells: by hand the same, and nothing where a cell is hidden."""

import numpy as np
import pandas as pd
import pytest
import treated_reports
from treated_reports import KLAR, MATCHED, TRIAL

from analysis.release_cells import CHANGE, LEVEL, headline_from_cells

HORIZON = {TRIAL: 12, KLAR: 12, MATCHED: 36}


def shares(tables: dict[str, pd.DataFrame], sample: str, outcome: str, time: int) -> dict[str, float]:
    """Share with the outcome in each arm at one time, from the counts."""
    cells = tables["cells"]
    own = cells[cells["sample"].eq(sample) & cells["outcome"].eq(outcome) & cells["event_time"].eq(time)]
    return dict(zip(own["arm"], own["sum_y"] / own["n"], strict=True))


def difference(card, tables, sample, time):
    found = shares(tables, sample, card.outcomes.primary, time)
    return found[card.arm("treated").id] - found[card.arm("comparison").id]


@pytest.mark.parametrize("name", [TRIAL, KLAR])
def test_a_trials_headline_is_the_difference_between_the_shares_at_the_horizon(name):
    card, tables = treated_reports.study(name)
    found = headline_from_cells(card, tables)
    assert found["kind"] == LEVEL
    assert found["estimate"] == pytest.approx(difference(card, tables, "all", HORIZON[name]), abs=1e-6)


def test_a_matched_headline_is_the_difference_between_the_changes_and_equals_that_of_the_persons():
    card, tables = treated_reports.study(MATCHED)
    found = headline_from_cells(card, tables)
    changes = difference(card, tables, "matched", 36) - difference(card, tables, "matched", 0)
    assert (found["kind"], found["difference"]) == (CHANGE, 0.0)
    assert found["estimate"] == pytest.approx(changes, abs=1e-6)


@pytest.mark.parametrize("name", [TRIAL, MATCHED])
def test_under_a_profile_only_the_published_cells_are_used(name):
    card, tables = treated_reports.study(name)
    made = treated_reports.released(name, "public")
    found, sample = made.ledger["from_cells"], "matched" if name == MATCHED else "all"
    base = difference(card, made.tables, sample, 0) if name == MATCHED else 0.0
    assert found["estimate"] == pytest.approx(difference(card, made.tables, sample, HORIZON[name]) - base, abs=1e-6)
    primary = made.tables["estimates"].query("role == 'primary'")["estimate"].iloc[0]
    assert found["difference"] == pytest.approx(found["estimate"] - primary, abs=1e-6)


@pytest.mark.parametrize("column", ["sum_wy", "sum_w", "n"])
@pytest.mark.parametrize("time", [0, 36])
def test_one_hidden_cell_that_it_needs_hides_it(column, time):
    card, tables = treated_reports.study(MATCHED)
    cells = tables["cells"].astype({column: "float64"})
    cells.loc[cells["event_time"].eq(time) & cells["arm"].eq("cps"), column] = np.nan
    assert headline_from_cells(card, {**tables, "cells": cells}) is None


def test_a_hidden_headline_has_no_distance():
    card, tables = treated_reports.study(TRIAL)
    hidden = tables["estimates"].assign(estimate=np.nan)
    assert headline_from_cells(card, {**tables, "estimates": hidden})["difference"] is None


def test_designs_that_no_two_groups_of_cells_stand_for_have_none():
    card, tables = treated_reports.study(TRIAL)
    adopted = tables["estimates"].assign(estimator="callaway_santanna")
    assert headline_from_cells(card, {**tables, "estimates": adopted}) is None
    assert headline_from_cells(card, {**tables, "estimates": adopted.query("role != 'primary'")}) is None
    assert headline_from_cells(card, {**tables, "cells": tables["cells"].iloc[:0]}) is None
