"""Estimates from released cells: the same where nothing was changed, within what rounding can do where it was."""

import itertools

import numpy as np
import pandas as pd
import pytest
import treated_reports
from treated_reports import MATCHED, TRIAL

from analysis.bundle.from_cells import cell_rows
from analysis.bundle.recomputed import recomputed
from analysis.bundle.verdicts import RERUN, verdicts
from analysis.disclosure.profiles import profile, read_profiles
from analysis.release_cells import CHANGE, cells_behind, difference_of
from analysis.report.material import Material

ROUNDED, EXACT_COUNTS = ("public", "opensafely"), ("nav", "ssb")


def rule(name, made):
    return profile(read_profiles(), name, method=made.ledger["rule"]["method"])


def rerun(name, key, tmp_path, cells=None):
    """RERUN of a study under a profile, its released cells changed by `cells`."""
    made = treated_reports.released(name, key)
    tables = made.tables if cells is None else {**made.tables, "cells": cells(made.tables["cells"])}
    card = treated_reports.restricted(treated_reports.study(name)[0], key)
    origin = {"disclosure": made.ledger, "plan_hash": "", "run_id": ""}
    held = Material("invented", card, {}, tables, [], {}, origin)
    return verdicts(recomputed(held, card, tmp_path / "none.yaml", rule(key, made)))


def headline(table):
    return table[table["role"].eq("primary") & table["quantity"].eq("estimate")].iloc[0]


@pytest.mark.parametrize("key", ROUNDED + EXACT_COUNTS)
@pytest.mark.parametrize("name", [TRIAL, MATCHED])
def test_treated_cells_give_the_headline_within_what_their_rounding_can_do(name, key, tmp_path):
    table = rerun(name, key, tmp_path)
    assert list(table.columns) == list(RERUN)
    assert not table["verdict"].eq("beyond").any()
    row = headline(table)
    assert row["verdict"] == "within_rounding"
    assert abs(row["difference"]) <= row["permitted"]
    # Counts that stand as they were leave the last decimal alone.
    assert row["permitted"] < 0.2 if key in ROUNDED else row["permitted"] == pytest.approx(0.0005)


@pytest.mark.parametrize("key", ROUNDED)
def test_the_ends_are_those_of_every_count_that_the_published_ones_stand_for(key):
    """A level of two arms, by trying every true count; the true one lies between the ends."""
    card, tables = treated_reports.study(TRIAL)
    made = treated_reports.released(TRIAL, key)
    row = made.tables["estimates"].query("role == 'primary'").assign(id="headline")
    (found,) = cell_rows(card, row, made.tables["cells"], rule(key, made), {})
    used = cells_behind(card, made.tables["cells"], card.outcomes.primary, "level", card.horizons[0])
    shares = {}
    for cell in used.itertuples():
        sizes, counts = (rule(key, made).stands_for(int(value)) for value in (cell.n, cell.sum_y))
        pairs = itertools.product(*(range(low, int(high) + 1) for low, high in (counts, sizes)))
        shares[cell.treated] = [yes / size for yes, size in pairs if size]
    assert found["least"] == pytest.approx(min(shares[True]) - max(shares[False]))
    assert found["largest"] == pytest.approx(max(shares[True]) - min(shares[False]))
    true = difference_of(cells_behind(card, tables["cells"], card.outcomes.primary, "level", card.horizons[0]))
    assert found["least"] < true < found["largest"]


def test_a_change_allows_for_persons_who_are_not_known_later():
    """Two true sizes may have one published size: whoever is lost between them stood in the first month alone."""
    card, tables = treated_reports.study(MATCHED)
    made = treated_reports.released(MATCHED, "public")
    row = made.tables["estimates"].query("role == 'primary'").assign(id="headline")
    (found,) = cell_rows(card, row, made.tables["cells"], rule("public", made), {})
    used = cells_behind(card, made.tables["cells"], card.outcomes.primary, CHANGE, card.horizons[0])
    ends = 0.0
    for cell in used.itertuples():
        (n_low, n_high), (y_low, y_high) = (rule("public", made).stands_for(int(v)) for v in (cell.n, cell.sum_y))
        lost = n_high - n_low if cell.event_time < card.horizons[0] else 0
        ends += y_high / n_low - (y_low - lost) / n_high
    assert found["largest"] - found["least"] == pytest.approx(ends)
    true = difference_of(cells_behind(card, tables["cells"], card.outcomes.primary, CHANGE, card.horizons[0]))
    assert found["least"] < true < found["largest"]


def test_a_count_that_is_further_off_than_rounding_goes_is_an_error(tmp_path):
    def off(cells):
        own = (cells["arm"].eq("treated") & cells["event_time"].eq(12)).astype(bool)
        assert own.any()
        return cells.assign(sum_wy=cells["sum_wy"].where(~own, cells["sum_wy"] + 60), sum_y=cells["sum_y"] + 60 * own)

    table = rerun(TRIAL, "public", tmp_path, off)
    assert headline(table)["verdict"] == "beyond"


def test_a_hidden_cell_and_a_hidden_number_are_told_apart(tmp_path):
    gone = rerun(TRIAL, "public", tmp_path, lambda cells: cells.assign(sum_wy=np.nan))
    assert headline(gone)[["verdict", "reason"]].tolist() == ["not_recomputed", "hidden_cells"]
    assert pd.notna(headline(gone)["released"])
    hidden = rerun(MATCHED, "research", tmp_path)
    assert headline(hidden)[["verdict", "reason"]].tolist() == ["not_recomputed", "hidden"]


def test_other_persons_in_a_cell_than_in_the_estimate_are_told_and_never_judged():
    card, tables = treated_reports.study(MATCHED)
    row = tables["estimates"].query("role == 'primary'").assign(id="headline")
    cells = tables["cells"]
    earlier = cells["sample"].eq("matched") & cells["arm"].eq("cps") & cells["event_time"].eq(0)
    cells = cells.assign(n=cells["n"].where(~earlier, cells["n"] + 3))
    (found,) = cell_rows(card, row, cells, None, {})
    assert found["reason"] == "other_persons"


@pytest.mark.parametrize(
    "change", [{"term": "months_in_work"}, {"estimator": "office_average"}, {"horizon_months": pd.NA}]
)
def test_areas_averages_over_offices_and_curves_are_not_taken_for_differences_between_arms(change):
    card, tables = treated_reports.study(MATCHED)
    row = tables["estimates"].query("role == 'primary'").assign(id="headline", **change)
    (found,) = cell_rows(card, row, tables["cells"], None, {})
    assert found == {"id": "headline", "reason": "persons"}


def test_shares_of_one_group_come_with_their_interval():
    card, tables = treated_reports.study(MATCHED)
    cells = tables["cells"]
    arm, outcome = card.arm("treated").id, card.outcomes.primary
    own = cells[cells["arm"].eq(arm) & cells["outcome"].eq(outcome) & cells["sample"].eq("unmatched")]
    cell = own[own["event_time"].eq(36)].iloc[0]
    row = {"id": "share", "estimator": "share", "outcome": outcome, "group": arm, "horizon_months": 36}
    row |= {"estimate": cell["sum_y"] / cell["n"], "inference": "wilson", "status": "estimated"}
    (found,) = cell_rows(card, pd.DataFrame([row]), cells, None, {})
    assert found["estimate"] == row["estimate"]
    assert found["conf_low"] < found["estimate"] < found["conf_high"]
