"""Cells of a description: every mean is the mean of the group's own values at that time, and nothing is compared."""

import described
import numpy as np
import pandas as pd
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.describe import EARLIEST, describe, describe_baseline, empty_estimates
from analysis.months import month_number
from analysis.problems import ProblemsFound
from analysis.tables import BALANCE, DOMINATED, ESTIMATES, RELEASED, SUMS

NOTHING = {"aggregates": pd.DataFrame(), "offices": pd.DataFrame()}
POWERS = ("sum_y", "sum_y2", "sum_w", "sum_wy", "sum_w2", "sum_w2y", "sum_w2y2")


def cells_of(shape, **changes):
    persons = described.baseline(shape)
    card = stages.changed(described.card(shape), **changes)
    return describe(card, months=described.months(shape), baseline=persons, **NOTHING)


def direct(shape, arm, outcome, **at):
    """The values of a group at one time, straight from the panel."""
    persons = described.baseline(shape)
    panel = described.months(shape).merge(persons[["person_id", "arm"]])
    for column, value in at.items():
        panel = panel[panel[column] == value]
    return panel.loc[panel["arm"] == arm, outcome].dropna()


@pytest.mark.parametrize("shape", described.SHAPES)
def test_the_table_has_the_columns_of_the_contract_and_a_cell_stands_once(shape):
    found = described.tables(shape)["cells"]
    assert tuple(found.columns) == (*RELEASED["cells"], DOMINATED)
    assert not found.duplicated(["sample", "arm", "month", "event_time", "outcome"]).any()
    assert set(found["sample"]) == {"all"}
    assert (found["n"] > 0).all()
    assert found[list(SUMS)].notna().all(axis=None)


def test_with_one_time_zero_a_cell_has_month_and_event_time():
    found = cells_of("clusters")
    assert found[["month", "event_time"]].notna().all(axis=None)
    assert set(found["month"] - found["event_time"]) == {described.ZERO}
    for arm in ("deltakere", "andre"):
        cell = found.query("arm == @arm and outcome == 'work_days' and event_time == 12").iloc[0]
        values = direct("clusters", arm, "work_days", event_time=12)
        assert cell["n"] == len(values)
        assert cell["sum_y"] == pytest.approx(values.sum(), abs=1e-12)
        assert cell["sum_y2"] == pytest.approx((values**2).sum(), abs=1e-9)


def test_with_starts_of_their_own_cells_stand_by_event_time_inside_the_window():
    found = cells_of("starts")
    assert found["month"].isna().all()
    assert (found["event_time"].min(), found["event_time"].max()) == (EARLIEST, 36)
    values = direct("starts", "andre", "in_work_last_day", event_time=24)
    cell = found.query("arm == 'andre' and outcome == 'in_work_last_day' and event_time == 24").iloc[0]
    assert (cell["n"], cell["sum_y"]) == (len(values), values.sum())


def test_an_outcome_measured_in_one_month_has_one_cell_per_group():
    found = cells_of("single")
    hired = found[found["outcome"] == "hired"]
    assert hired["arm"].tolist() == ["deltakere"]
    assert hired["event_time"].isna().all()
    assert hired["month"].tolist() == [described.ZERO + 9]
    assert (hired["n"].iloc[0], hired["sum_y"].iloc[0]) == (49, 36)
    assert found.query("outcome == 'ordinary_work_last_day'")["event_time"].notna().all()


def test_a_series_adds_up_the_offices_of_each_group_and_no_other_unit():
    found = described.tables("series")["cells"]
    start = month_number("2020-10")
    cell = found.query("arm == 'andre' and event_time == 0").iloc[0]
    counts = described.aggregates().query("unit_type == 'office' and month == @start")
    own = counts[counts["unit_id"].isin(["0302", "0303", "0304", "0305"])]
    assert (cell["month"], cell["n"], cell["sum_y"]) == (start, 200, own["numerator"].sum())
    assert [cell[name] for name in POWERS] == [cell["sum_y"], cell["sum_y"], 200, cell["sum_y"], 200] + [
        cell["sum_y"],
        cell["sum_y"],
    ]


def test_the_sums_of_a_series_are_those_of_its_persons():
    """Counting persons and adding up office counts gives the same cells."""
    made = described.aggregates().query("unit_type == 'office'")
    arms = described.offices().set_index("office_id")["arm"]
    rows = [
        {"arm": arms[row.unit_id], "month": row.month, "only_medical_in_plan": float(place < row.numerator)}
        for row in made.itertuples()
        for place in range(row.denominator)
    ]
    persons = pd.DataFrame(rows)
    persons["person_id"] = np.arange(len(persons), dtype="int32")
    months = persons.assign(event_time=(persons["month"].astype("Int16") - month_number("2020-10")))
    card = stages.changed(described.card("series"), design="matched_did")
    wanted = describe(card, months=months.drop(columns="arm"), baseline=persons[["person_id", "arm"]], **NOTHING)
    keys = ["arm", "month"]
    found = described.tables("series")["cells"].sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(
        found, wanted.sort_values(keys, ignore_index=True), check_dtype=False, check_column_type=False
    )


def test_an_office_without_a_group_stops_the_description():
    offices = described.offices().iloc[1:]
    with pytest.raises(ProblemsFound, match="Gruppene kan ikke beskrives") as caught:
        describe(
            described.card("series"),
            months=pd.DataFrame(),
            baseline=pd.DataFrame(),
            aggregates=described.aggregates(),
            offices=offices,
        )
    assert "uten gruppe: 1." in str(caught.value)


def test_a_person_without_a_group_is_a_programming_error():
    persons = described.baseline("clusters")
    with pytest.raises(ValueError, match="arm"):
        describe(
            described.card("clusters"),
            months=described.months("clusters"),
            baseline=persons.iloc[1:],
            **NOTHING,
        )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(-1e6, 1e6), st.booleans()), min_size=2, max_size=40))
def test_means_lie_between_the_smallest_and_the_largest_value(rows):
    people = [("deltakere" if arm == "a" else "andre", value if known else float("nan")) for arm, value, known in rows]
    persons = pd.DataFrame({"person_id": range(len(people)), "arm": [arm for arm, _ in people]})
    months = persons[["person_id"]].assign(
        month=np.int16(described.ZERO), event_time=pd.array([0] * len(people), dtype="Int16")
    )
    for name in described.card("clusters").outcome_names():
        months[name] = [value for _, value in people]
    found = describe(described.card("clusters"), months=months, baseline=persons, **NOTHING)
    for _, cell in found.iterrows():
        known = [value for arm, value in people if arm == cell["arm"] and not np.isnan(value)]
        assert cell["n"] == len(known)
        assert min(known) - 1e-6 <= cell["sum_wy"] / cell["sum_w"] <= max(known) + 1e-6


def test_nothing_is_estimated():
    assert list(empty_estimates().columns) == list(ESTIMATES)
    assert len(empty_estimates()) == 0


def test_background_is_told_as_means_of_known_values_and_not_compared():
    persons = described.baseline("clusters")
    found = describe_baseline(described.card("clusters"), persons).set_index("covariate")
    assert tuple(found.reset_index()[list(BALANCE)].columns) == BALANCE
    own = persons[persons["arm"] == "deltakere"]
    assert found.loc["age", "mean_treated"] == pytest.approx(own["age"].mean(), abs=1e-12)
    assert found.loc["woman", "mean_treated"] == pytest.approx(own["woman"].dropna().mean(), abs=1e-12)
    assert found["kind"].to_dict() == {"age": "numeric", "woman": "binary"}
    assert found[["smd", "variance_ratio", "ks", "pp_difference"]].isna().all(axis=None)


def test_a_cohort_without_background_has_a_table_without_rows():
    found = describe_baseline(described.card("starts"), described.baseline("starts"))
    assert list(found.columns) == list(BALANCE)
    assert found.empty
