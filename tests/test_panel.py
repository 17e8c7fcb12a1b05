"""Person-months and who could be followed. Months are counted from each person's own time zero."""

import pandas as pd
import pytest
from cards import minimal_card, minimal_frame, write_cohort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cards import Card, read_card
from analysis.intake import Delivery, read_delivery
from analysis.months import month_number
from analysis.panel import baseline, build_panel, complete_persons, outcome_at, person_months
from analysis.problems import ProblemsFound

EARNINGS, WORK = "annual_earnings_usd", "any_earnings_in_year"
DEC_2019, DEC_2020, DEC_2021 = (month_number(f"{year}-12") for year in (2019, 2020, 2021))


def card(**changes):
    return Card.model_validate(minimal_card(**changes))


def delivery(earnings, *, zero=None, arms=None):
    """Persons 0…n−1 with earnings by month number; None was not measured."""
    persons = pd.DataFrame(
        {
            "person_id": pd.Series(range(len(earnings)), dtype="int32"),
            "office_id": pd.Series([None] * len(earnings), dtype="str"),
            "arm": pd.Series(arms or ["treated", "comparison"] * (len(earnings) // 2), dtype="str"),
            "time_zero": pd.Series(zero or [DEC_2020] * len(earnings), dtype="Int16"),
        }
    )
    rows = [
        {"person_id": person, "month": month, "outcome": EARNINGS, "value": value}
        for person, months in enumerate(earnings)
        for month, value in months.items()
        if value is not None
    ]
    outcomes = pd.DataFrame(rows).astype({"person_id": "int32", "month": "int16", "outcome": "str", "value": "float64"})
    return Delivery(persons, outcomes)


FULL = {DEC_2020: 10.0, DEC_2021: 0.0}


def test_a_month_that_was_not_measured_is_missing_and_not_zero():
    months = person_months(card(), delivery([FULL, {DEC_2020: 0.0, DEC_2021: None}]))
    assert len(months) == 3
    assert months[EARNINGS].tolist() == [10.0, 0.0, 0.0]
    assert months[WORK].tolist() == [1.0, 0.0, 0.0]
    assert months["observed"].all()
    assert months.columns.tolist() == ["person_id", "month", "event_time", "observed", WORK, EARNINGS]


def test_one_outcome_may_be_missing_in_a_month_where_another_was_measured():
    two = card(outcomes={"primary": "in_paid_work", "secondary": [WORK]})
    months = person_months(two, delivery([FULL, FULL]))
    assert months["in_paid_work"].isna().all()
    assert months[WORK].notna().all()
    assert months["observed"].all()


def test_event_time_counts_from_the_person_s_own_time_zero():
    given_zero = [DEC_2020, DEC_2019, DEC_2020 + 3, None]
    months = person_months(card(), delivery([FULL] * 4, zero=given_zero))
    assert months["event_time"].dtype == "Int16"
    assert months["event_time"].fillna(-99).tolist() == [0, 12, 12, 24, -3, 9, -99, -99]


def test_rows_are_sorted_by_person_and_month():
    late_first = {DEC_2021: 1.0, DEC_2019: 2.0}
    months = person_months(card(), delivery([late_first, late_first]))
    assert months["month"].tolist() == [DEC_2019, DEC_2021] * 2
    assert months["person_id"].tolist() == [0, 0, 1, 1]


def test_complete_persons_have_every_outcome_at_the_base_month_and_at_the_main_horizon():
    earnings = [FULL, {DEC_2020: 1.0}, {DEC_2021: 1.0}, FULL, {**FULL, DEC_2019: None}, FULL]
    zero = [DEC_2020, DEC_2020, DEC_2020, DEC_2019, DEC_2020, None]
    both = delivery(earnings, zero=zero)
    months = person_months(card(), both)
    ids = complete_persons(card(), months)
    assert ids.tolist() == [0, 3, 4]
    assert ids.dtype == "int32"
    assert complete_persons(card(horizons=[24]), months).tolist() == [3]
    assert complete_persons(card(base_month=None), months).tolist() == [0, 2, 3, 4]
    assert complete_persons(card(horizons=[7]), months).tolist() == []


def test_only_the_first_horizon_decides_who_is_complete():
    months = person_months(card(), delivery([FULL, FULL]))
    assert complete_persons(card(horizons=[12, 60]), months).tolist() == [0, 1]


def test_baseline_has_a_row_per_person_with_earlier_outcomes_as_covariates():
    given_rows = delivery([{**FULL, DEC_2019: 5.0}, FULL])
    months = person_months(card(), given_rows)
    people = given_rows.persons.set_axis([8, 9])
    table = baseline(card(), people, months)
    assert table["earnings_2019"].fillna(-1).tolist() == [5.0, -1.0]
    assert table["person_id"].tolist() == [0, 1]
    assert "earnings_2019" not in people


def test_an_outcome_at_a_month_comes_in_the_order_asked_for():
    months = person_months(card(), delivery([{DEC_2020: float(n)} for n in range(4)]))
    asked = pd.Series([3, 0, 9, 2], index=["a", "b", "c", "d"])
    found = outcome_at(months, asked, EARNINGS, "2020-12")
    assert found.index.tolist() == ["a", "b", "c", "d"]
    assert found.fillna(-1).tolist() == [3.0, 0.0, -1.0, 2.0]


def test_the_panel_holds_those_who_could_be_followed_and_says_how_many_could_not():
    panel = build_panel(card(), delivery([FULL, FULL, {DEC_2020: 1.0}, FULL]))
    assert panel.attrition[["reason", "arm", "persons"]].to_dict("list") == {
        "reason": ["delivered", "delivered", "measured", "measured"],
        "arm": ["treated", "comparison"] * 2,
        "persons": [2, 2, 1, 2],
    }
    assert panel.attrition["offices"].isna().all()
    assert panel.baseline["person_id"].tolist() == [0, 1, 3]
    assert set(panel.months["person_id"]) == {0, 1, 3}


@pytest.mark.parametrize(
    ("earnings", "changes", "arm"),
    [
        ([FULL, {DEC_2020: 1.0}], {}, "gruppen comparison"),
        ([{DEC_2021: 1.0}, FULL], {}, "gruppen treated"),
        ([FULL, FULL], {"horizons": [24]}, "gruppen treated, comparison"),
    ],
)
def test_a_restriction_that_empties_an_arm_stops_with_arm_and_cause(earnings, changes, arm):
    with pytest.raises(ProblemsFound) as caught:
        build_panel(card(**changes), delivery(earnings))
    (problem,) = caught.value.problems
    assert f"{arm} etter steget" in problem.what
    assert "alle utfall målt ved base_month og ved første horisont" in problem.what


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.none() | st.floats(0, 1e6), st.none() | st.floats(0, 1e6)), min_size=4, max_size=12))
def test_who_is_followed_and_who_is_not_add_up_to_those_delivered(pairs):
    earnings = [FULL, FULL, *({DEC_2020: before, DEC_2021: after} for before, after in pairs)]
    arms = [("treated", "comparison")[person % 2] for person in range(len(earnings))]
    panel = build_panel(card(), delivery(earnings, arms=arms))
    complete = [person for person, months in enumerate(earnings) if None not in months.values()]
    assert panel.baseline["person_id"].tolist() == complete
    counts = panel.attrition.groupby("reason")["persons"].sum()
    assert counts["delivered"] == len(earnings)
    assert counts["measured"] == len(complete)
    measured = panel.months.set_index(["person_id", "month"])[EARNINGS]
    for person in complete:
        assert measured[person].to_dict() == earnings[person]


def test_a_delivery_on_disk_becomes_a_panel(tmp_path):
    path = write_cohort(tmp_path, minimal_card(), minimal_frame())
    read = read_card(path)
    panel = build_panel(read, read_delivery(read, path.parent / "data"))
    assert len(panel.months) == 36
    assert sorted(panel.months["event_time"].unique()) == [-12, 0, 12]
    assert panel.attrition["offices"].tolist() == [3, 3, 3, 3]
    assert panel.baseline["earnings_2019"].notna().all()
