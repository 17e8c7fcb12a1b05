"""Squares of amounts stay in the restricted folder, and so does who stands out in a sum."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from treated_reports import KEY, MATCHED, TRIAL, released, restricted, study

from analysis.release import release
from analysis.tables import DOMINATED, OFFICE_CELLS, RELEASED

TREATING = ("public", "nav", "ssb", "research", "opensafely")
SECOND = ["sum_y2", "sum_w2", "sum_w2y", "sum_w2y2"]
OF_PERSONS = ["sum_y2", "sum_w2y", "sum_w2y2"]
KEYS = ["sample", "arm", "month", "event_time", "outcome"]


def beside(before, after):
    """A treated table beside what it was, by the keys of the cells."""
    keys = {name: before[name].astype("str") for name in KEYS}
    own = {name: after[name].astype("str") for name in KEYS}
    return before.assign(**keys).merge(after.assign(**own), on=KEYS, suffixes=("", "_shown"), validate="1:1")


@pytest.mark.parametrize(("name", "key"), [*product([TRIAL], TREATING), (MATCHED, "nav"), (MATCHED, "opensafely")])
def test_a_square_that_leaves_is_a_published_count_and_never_one_of_an_amount(name, key):
    both = beside(study(name)[1]["cells"], released(name, key).tables["cells"])
    assert len(both) > 0
    amounts = ~both["outcome"].isin(yes_or_no(both))
    assert both.loc[amounts, [f"{column}_shown" for column in [*OF_PERSONS, "sum_y", "sum_wy"]]].isna().all(axis=None)
    for column in SECOND:
        shown = both[both[f"{column}_shown"].notna()]
        published = shown["n_shown"] if column == "sum_w2" else shown["sum_y_shown"]
        assert (shown[f"{column}_shown"] == published).all()


def yes_or_no(cells):
    same = cells["sum_y"].eq(cells["sum_y2"]).groupby(cells["outcome"]).transform("all")
    return set(cells.loc[same, "outcome"])


def test_one_of_the_studies_holds_amounts():
    cells = study(MATCHED)[1]["cells"]
    assert not set(cells["outcome"]) <= yes_or_no(cells)


@pytest.mark.parametrize("key", ["nav"])
def test_weights_of_persons_leave_no_sum_of_their_own(key):
    card, tables = study(MATCHED)
    cells = tables["cells"].assign(sum_w=tables["cells"]["n"] * 1.1, sum_w2=tables["cells"]["n"] * 1.4)
    found = release(restricted(card, key), {**tables, "cells": cells}, key=KEY).tables["cells"]
    assert found[["sum_w", "sum_wy", "sum_w2", "sum_w2y", "sum_w2y2"]].isna().all(axis=None)
    assert found["n"].notna().any()


@pytest.mark.parametrize("key", ["public", "nav"])
def test_sums_of_offices_leave_without_squares(key):
    card, tables = study(TRIAL)
    row = dict.fromkeys(OFFICE_CELLS, 7.5) | {"office_id": "0301", "county": "Oslo", "outcome": "hours"}
    row |= {"adoption_month": 24_000, "month": 24_001, "horizon_months": 12, "n": 40}
    found = release(restricted(card, key), {**tables, "office_cells": pd.DataFrame([row])}, key=KEY)
    assert found.tables["office_cells"][OF_PERSONS].isna().all(axis=None)


def shown_amounts(cells):
    """How many effects on the amount, and how many others, stand under `nav`, which hides and does not round."""
    card, tables = study(MATCHED)
    found = release(restricted(card, "nav"), {**tables, "cells": cells}, key=KEY).tables["estimates"]
    amounts = found["outcome"].eq("annual_earnings_usd")
    return [int(found.loc[rows, "estimate"].notna().sum()) for rows in (amounts, ~amounts)]


def test_an_effect_on_an_amount_stands_where_nobody_stands_out_and_only_there():
    cells = study(MATCHED)[1]["cells"]
    amounts, others = shown_amounts(cells)
    assert amounts > 0
    rich = cells["outcome"].eq("annual_earnings_usd") & cells["arm"].eq("participants")
    assert shown_amounts(cells.assign(**{DOMINATED: rich})) == [0, others]
    assert shown_amounts(cells.drop(columns=DOMINATED)) == [0, others]


@pytest.mark.parametrize(("name", "key"), [(TRIAL, "public"), (TRIAL, "open"), (MATCHED, "open")])
def test_who_stands_out_is_no_column_of_what_leaves(name, key):
    card, tables = study(name)
    told = {**tables, "cells": tables["cells"].assign(**{DOMINATED: np.arange(len(tables["cells"])) % 2 == 0})}
    found = release(card, told) if key == "open" else release(restricted(card, key), told, key=KEY)
    assert not any(DOMINATED in table.columns for table in found.tables.values())
    if key == "open":
        assert tuple(found.tables["cells"].columns) == RELEASED["cells"]
        plain = {**tables, "cells": tables["cells"].drop(columns=DOMINATED, errors="ignore")}
        for one, other in zip(found.tables.values(), release(card, plain).tables.values(), strict=True):
            pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("name", [TRIAL, MATCHED])
def test_every_design_of_persons_tells_it_of_its_restricted_cells(name):
    cells = study(name)[1]["cells"]
    assert cells[DOMINATED].dtype == bool
    assert set(cells.columns) == {*RELEASED["cells"], DOMINATED}
