"""Person-months and who could be followed. Months are counted from each person's own time zero."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cards import minimal_card, minimal_frame, write_cohort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_spells import days_of, slow_covariate, slow_panel, spell, spell_lists, table

from analysis.attrition import attrition_rows
from analysis.cards import Card, History, read_card
from analysis.intake import read_delivery
from analysis.months import month_number
from analysis.outcomes import load_outcomes, rules_of
from analysis.panel import (
    Panel,
    at_horizon,
    baseline,
    build_panel,
    complete_persons,
    followed_persons,
    look_back,
    outcome_at,
    person_months,
    register_window,
)
from analysis.problems import ProblemsFound
from analysis.spell_baseline import BaselineSpec, spell_baseline
from analysis.spell_rules import EverSoFar, State, needed_types, read_spells
from analysis.tables import ATTRITION

EARNINGS, WORK = "annual_earnings_usd", "any_earnings_in_year"
DEC_2019, DEC_2020, DEC_2021 = (month_number(f"{year}-12") for year in (2019, 2020, 2021))


@dataclass(frozen=True)
class Delivery:
    """What the panel reads of the delivery of `analysis.intake`."""

    persons: pd.DataFrame
    outcomes: pd.DataFrame
    attrition: pd.DataFrame
    spells: Path | None = None
    amounts: pd.DataFrame | None = None


def card(**changes):
    return Card.model_validate(minimal_card(**changes))


def delivered_rows(persons):
    """The attrition of intake: those delivered, in the arms that they have."""
    return attrition_rows(1, "delivered", persons, dict.fromkeys(persons["arm"]))


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
    return Delivery(persons, outcomes, delivered_rows(persons))


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


# Outcomes from the registers

WORK_NOW, EDUCATION, MONTHS, G = "in_work_last_day", "in_education_last_day", "months_in_work", "earnings_above_g"
FIRST, LAST = "2019-12", "2020-06"
WINDOW = range(month_number(FIRST), month_number(LAST) + 1)
JAN_2020 = month_number("2020-01")
NO_OUTCOMES = pd.DataFrame(
    {
        "person_id": pd.Series(dtype="int32"),
        "month": pd.Series(dtype="int16"),
        "outcome": pd.Series(dtype="str"),
        "value": pd.Series(dtype="float64"),
    }
)
COVERED = ["work", "aap", "plan", "education"]


def register_card(outcomes=(WORK_NOW,), *, registers=(), **changes):
    """A described cohort with outcomes from the registers, from December 2019 to June 2020."""
    options = {
        "outcomes": {"primary": outcomes[0], "secondary": list(outcomes[1:])},
        "registers": {"first": FIRST, "last": LAST, "covers": COVERED, **dict(registers)},
        "analysis": "describe",
        "base_month": None,
        "matching": None,
        "covariates": [],
        "horizons": [2],
    }
    return card(**(options | changes))


def register_persons(zeros, *, left=None, arms=("treated", "comparison")):
    count = len(zeros)
    return pd.DataFrame(
        {
            "person_id": pd.Series(range(count), dtype="int32"),
            "office_id": pd.Series([None] * count, dtype="str"),
            "arm": pd.Series([arms[n % len(arms)] for n in range(count)], dtype="str"),
            "time_zero": pd.Series(zeros, dtype="Int16"),
            "left_on": pd.to_datetime(pd.Series(left or [None] * count)),
        }
    )


def register_delivery(folder, persons, spells=(), *, outcomes=NO_OUTCOMES, amounts=None):
    pq.write_table(spells if isinstance(spells, pa.Table) else table(spells), folder / "spells.parquet")
    return Delivery(persons, outcomes, delivered_rows(persons), folder / "spells.parquet", amounts)


def reported(rows):
    return pd.DataFrame(rows, columns=list(NO_OUTCOMES)).astype(dict(NO_OUTCOMES.dtypes))


def by_month(months, person, name):
    """The outcome of a person month by month, as 1, 0, a number, or . for missing."""
    values = months.loc[months["person_id"] == person, name]
    return ["." if pd.isna(value) else int(value) for value in values]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("delivery")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spells=spell_lists(),
    zeros=st.lists(st.integers(WINDOW[0] - 1, WINDOW[-1]), min_size=3, max_size=3),
    left=st.lists(st.none() | st.dates(date(2019, 12, 1), date(2020, 7, 31)), min_size=3, max_size=3),
    drawn=st.none() | st.dates(date(2020, 2, 1), date(2020, 6, 30)),
    told=st.lists(st.tuples(st.integers(0, 3), st.integers(WINDOW[0] - 2, WINDOW[-1] + 2)), max_size=4, unique=True),
)
def test_the_panel_of_any_delivery_equals_a_count_day_by_day(folder, spells, zeros, left, drawn, told):
    names = [WORK_NOW, "work_days", MONTHS, "part_time_last_day", "only_medical_in_plan", "hired"]
    shown = register_card(names, registers={"drawn": drawn})
    outcomes = reported([(person, month, "hired", 1.0) for person, month in told])
    months = person_months(
        shown, register_delivery(folder, register_persons(zeros, left=left), spells, outcomes=outcomes)
    )
    people = [
        {"person_id": n, "time_zero": zero, "known_until": day and day - timedelta(1)}
        for n, (zero, day) in enumerate(zip(zeros, left, strict=True))
    ]
    rules = rules_of(names)
    slow = slow_panel(people, spells, rules, WINDOW, drawn or date.max).set_index(["person_id", "month"])
    rows = sorted({*slow.index, *((person, month) for person, month in told if person < 3)})
    assert list(zip(months["person_id"], months["month"], strict=True)) == rows
    slow = slow.reindex(pd.MultiIndex.from_tuples(rows, names=slow.index.names)).reset_index()
    pd.testing.assert_frame_equal(months[list(rules)], slow[list(rules)], check_dtype=False, check_exact=True)
    hired = [1.0 if row in told else None for row in rows]
    assert months["hired"].astype(object).where(months["hired"].notna(), None).tolist() == hired
    assert months["event_time"].tolist() == [month - zeros[person] for person, month in rows]
    assert months["observed"].tolist() == months[names].notna().any(axis=1).tolist()
    assert months.dtypes.astype(str).to_dict() == {
        "person_id": "int32",
        "month": "int16",
        "event_time": "Int16",
        "observed": "bool",
        **dict.fromkeys(names, "float64"),
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spells=spell_lists(persons=4),
    zeros=st.lists(st.integers(WINDOW[0], WINDOW[0] + 3), min_size=4, max_size=4),
    left=st.lists(st.none() | st.dates(date(2019, 12, 1), date(2020, 7, 31)), min_size=4, max_size=4),
    horizon=st.integers(0, 3),
)
def test_the_panel_at_a_horizon_is_what_the_spells_alone_say(folder, spells, zeros, left, horizon):
    names = [WORK_NOW, "work_days", MONTHS, "full_time_last_day", "self_sufficient_last_day"]
    covers = sorted(needed_types(rules_of(names)))
    given_rows = register_delivery(folder, register_persons(zeros, left=left), spells)
    months = person_months(register_card(names, registers={"covers": covers}), given_rows)
    at = months[months["event_time"] == horizon].reset_index(drop=True)
    people = given_rows.persons.assign(known_until=given_rows.persons["left_on"] - timedelta(1))
    spec = BaselineSpec(rules=rules_of(names), horizons=(horizon,), covers=tuple(covers))
    alone = spell_baseline(people, given_rows.spells, spec).outcomes
    pd.testing.assert_frame_equal(
        at.drop(columns="observed"), alone.drop(columns="observed")[[*at.columns.drop("observed")]]
    )


def test_who_leaves_on_the_31st_or_the_1st_is_followed_through_the_day_before(tmp_path):
    persons = register_persons([JAN_2020] * 3, left=["2020-01-31", "2020-02-01", None])
    spells = [spell(n, "work", "2019-01-01") for n in range(3)]
    months = person_months(register_card(), register_delivery(tmp_path, persons, spells))
    assert by_month(months, 0, WORK_NOW) == [1, *"......"]  # the last day of January was not seen
    assert by_month(months, 1, WORK_NOW) == [1, 1, *"....."]
    assert by_month(months, 2, WORK_NOW) == [1] * 7
    assert months.loc[months["person_id"] == 1, "observed"].tolist() == [True, True, *[False] * 5]


def test_the_panel_begins_with_the_first_month_that_the_extracts_cover_whole():
    def begins(known_from):
        window = register_window(register_card(registers={"known_from": known_from}).registers)
        assert window.first + window.months - 1 == WINDOW[-1]
        return window.first

    assert begins(None) == WINDOW[0]
    assert begins(date(2015, 3, 17)) == WINDOW[0]
    assert begins(date(2020, 2, 1)) == JAN_2020 + 1
    assert begins(date(2020, 2, 2)) == JAN_2020 + 2
    assert begins(date(2019, 12, 31)) == JAN_2020
    with pytest.raises(ProblemsFound) as caught:
        begins(date(2020, 6, 2))
    assert "dekker ingen hel måned i perioden" in str(caught.value)


def test_months_after_the_day_the_registers_were_drawn_are_missing(tmp_path):
    shown = register_card(registers={"drawn": date(2020, 3, 30)})
    months = person_months(shown, register_delivery(tmp_path, register_persons([JAN_2020])))
    assert by_month(months, 0, WORK_NOW) == [0, 0, 0, *"...."]


def test_outcomes_from_wages_need_the_table_alone(tmp_path):
    persons = register_persons([JAN_2020, JAN_2020])
    amounts = pd.DataFrame({"person_id": [1, 1], "month": [JAN_2020, JAN_2020 + 1], "amount": [60_000.0, 60_000.0]})
    shown = register_card([G], registers={"amounts_from": "2019-02"})
    given_rows = Delivery(persons, NO_OUTCOMES, delivered_rows(persons), None, amounts)
    months = person_months(shown, given_rows)
    assert by_month(months, 0, G) == [".", *[0] * 6]  # twelve months are covered from January on
    assert by_month(months, 1, G) == [".", 0, 1, 1, 1, 1, 1]
    with pytest.raises(ProblemsFound) as caught:
        person_months(register_card([G, WORK_NOW]), given_rows)
    assert "leveransen har ingen perioder" in str(caught.value)
    assert "registers.amounts_from" in str(caught.value)


def test_an_outcome_delivered_twice_for_a_month_is_refused(tmp_path):
    twice = reported([(0, JAN_2020, "hired", 1.0), (0, JAN_2020, "hired", 0.0)])
    with pytest.raises(ValueError, match="hired is delivered twice"):
        person_months(
            register_card(["hired"]), register_delivery(tmp_path, register_persons([JAN_2020]), outcomes=twice)
        )


def test_every_outcome_that_a_card_can_choose_stands_in_a_column_of_its_own(tmp_path):
    names = list(load_outcomes())
    covers = sorted(needed_types(rules_of(names)))
    shown = register_card(names, registers={"covers": covers, "amounts_from": "2018-01"})
    amounts = pd.DataFrame({"person_id": [0], "month": [JAN_2020], "amount": [1.0]})
    told = reported([(0, JAN_2020, "hired", 1.0), (0, JAN_2020, "in_paid_work", 0.0)])
    given_rows = register_delivery(tmp_path, register_persons([JAN_2020]), outcomes=told, amounts=amounts)
    months = person_months(shown, given_rows)
    assert months.columns.tolist() == ["person_id", "month", "event_time", "observed", *names]
    assert by_month(months, 0, "hired") == [".", 1, *"....."]
    assert by_month(months, 0, "in_paid_work") == [".", 0, *"....."]
    assert by_month(months, 0, MONTHS) == [".", 0, 0, 0, 0, 0, 0]


# Starts that differ


def test_persons_with_their_own_start_are_followed_from_it(tmp_path):
    persons = register_persons([JAN_2020, JAN_2020 + 2, JAN_2020, JAN_2020 + 2], left=[None, None, "2020-03-31", None])
    panel = build_panel(register_card(), register_delivery(tmp_path, persons))
    event_times = panel.months.groupby("person_id")["event_time"].agg(["min", "max"])
    assert event_times.to_numpy().tolist() == [[-1, 5], [-3, 3], [-1, 5], [-3, 3]]
    counts = panel.attrition.set_index(["reason", "arm"])["persons"].to_dict()
    assert counts == {
        ("delivered", "treated"): 2,
        ("delivered", "comparison"): 2,
        ("followed", "treated"): 1,
        ("followed", "comparison"): 2,
    }


def test_the_order_of_persons_is_theirs_in_the_baseline_and_plays_no_part_in_the_months(tmp_path):
    persons = register_persons([JAN_2020, JAN_2020 + 2, JAN_2020 + 1])
    persons["person_id"] = pd.Series([1, 4, 9], dtype="int32")
    given_rows = register_delivery(tmp_path, persons, [spell(1, "work", "2020-01-01")])
    turned = replace(given_rows, persons=persons[::-1])
    panel, other = build_panel(with_histories(), given_rows), build_panel(with_histories(), turned)
    pd.testing.assert_frame_equal(other.months, panel.months)
    assert panel.months.groupby("person_id")["event_time"].min().to_dict() == {1: -1, 4: -3, 9: -2}
    assert other.baseline["person_id"].tolist() == [9, 4, 1]
    assert other.baseline["in_work"].tolist() == [0.0, 0.0, 1.0]


def test_a_base_in_months_from_time_zero_asks_for_each_person_s_own_month(tmp_path):
    zeros = [WINDOW[0], JAN_2020, JAN_2020 + 2, JAN_2020 + 2, JAN_2020 + 4]
    given_rows = register_delivery(tmp_path, register_persons(zeros))

    def kept(**changes):
        return build_panel(register_card(analysis="estimate", **changes), given_rows)

    # The first has no month before the start in the window, the last none two months after it.
    assert kept(base_period=-1, horizons=[1]).baseline["person_id"].tolist() == [1, 2, 3, 4]
    assert kept(base_period=-1).baseline["person_id"].tolist() == [1, 2, 3]
    assert kept().baseline["person_id"].tolist() == [0, 1, 2, 3]
    assert kept(base_period=-2).months["person_id"].unique().tolist() == [2, 3]
    assert kept().attrition["reason"].tolist() == ["delivered", "delivered", "measured", "measured"]


def test_what_is_counted_since_the_start_is_not_asked_for_before_it(tmp_path):
    estimated = register_card([WORK_NOW, MONTHS], analysis="estimate", base_period=-1)
    persons = register_persons([JAN_2020, JAN_2020])
    assert len(build_panel(estimated, register_delivery(tmp_path, persons)).baseline) == 2


def test_a_base_month_of_the_calendar_asks_for_one_start(tmp_path):
    with pytest.raises(ProblemsFound) as caught:
        build_panel(
            register_card(base_month=FIRST), register_delivery(tmp_path, register_persons([JAN_2020, WINDOW[-1]]))
        )
    assert "starttidspunktet er ikke det samme for alle: leveransen har 2 ulike måneder" in str(caught.value)


def test_comparison_persons_take_the_one_start_and_need_their_own_where_starts_differ(tmp_path):
    panel = build_panel(register_card(), register_delivery(tmp_path, register_persons([JAN_2020, None])))
    assert panel.baseline["time_zero"].tolist() == [JAN_2020] * 2
    with pytest.raises(ProblemsFound) as caught:
        build_panel(
            register_card(), register_delivery(tmp_path, register_persons([JAN_2020, None, JAN_2020 + 1, None]))
        )
    assert "2 personer mangler starttidspunkt" in str(caught.value)
    with pytest.raises(ProblemsFound, match="Panelet kan ikke bygges"):
        build_panel(register_card(), register_delivery(tmp_path, register_persons([None, None])))


# A cohort that is only described


def test_a_described_cohort_keeps_everybody_and_tells_how_many_could_be_followed(tmp_path):
    persons = register_persons([JAN_2020] * 4, left=["2020-02-10", None, None, None])
    spells = [spell(1, "work", "2020-01-01")]
    panel = build_panel(register_card(), register_delivery(tmp_path, persons, spells))
    assert panel.baseline["person_id"].tolist() == [0, 1, 2, 3]
    assert by_month(panel.months, 0, WORK_NOW) == [0, 0, *"....."]
    assert panel.attrition["persons"].tolist() == [2, 2, 1, 2]
    assert panel.attrition["step"].tolist() == [1, 1, 2, 2]


def test_the_primary_outcome_alone_decides_who_was_followed(tmp_path):
    persons = register_persons([JAN_2020, JAN_2020])
    told = reported([(0, JAN_2020 + 2, "in_paid_work", 1.0)])
    given_rows = register_delivery(tmp_path, persons, outcomes=told)
    months = person_months(register_card([WORK_NOW, "in_paid_work"]), given_rows)
    assert followed_persons(register_card([WORK_NOW, "in_paid_work"]), months).tolist() == [0, 1]
    assert followed_persons(register_card(["in_paid_work", WORK_NOW]), months).tolist() == [0]
    assert complete_persons(register_card([WORK_NOW, "in_paid_work"]), months).tolist() == [0]
    assert build_panel(register_card([WORK_NOW, "in_paid_work"]), given_rows).attrition["persons"].tolist() == [1] * 4


def test_what_spells_say_of_all_the_time_so_far_is_asked_for_at_the_horizon(monkeypatch):
    months = pd.DataFrame({"event_time": pd.array([0, 2, None], dtype="Int16")})
    assert at_horizon(months, "hired", 2).tolist() == [True] * 3
    ruled = replace(load_outcomes()["hired"], rule=EverSoFar(State("any_day", read_spells(["work"]))))
    monkeypatch.setattr("analysis.panel.load_outcomes", lambda: {"hired": ruled})
    assert at_horizon(months, "hired", 2).tolist() == [False, True, False]


def test_what_a_project_reported_once_is_complete_when_known_at_its_month(tmp_path):
    persons = register_persons([JAN_2020] * 4)
    told = reported([(n, WINDOW[-1], "hired", float(n % 2)) for n in (0, 1, 3)])
    given_rows = register_delivery(tmp_path, persons, outcomes=told)
    panel = build_panel(register_card(["hired", WORK_NOW], horizons=[3]), given_rows)
    assert panel.attrition["persons"].tolist() == [2, 2, 1, 2]
    assert complete_persons(register_card(["hired", WORK_NOW], horizons=[3]), panel.months).tolist() == [0, 1, 3]


def test_steps_go_on_from_those_of_intake(tmp_path):
    given_rows = register_delivery(tmp_path, register_persons([JAN_2020] * 2))
    outside = attrition_rows(2, "outside_population", given_rows.persons, ["treated", "comparison"])
    before = pd.concat([given_rows.attrition, outside], ignore_index=True)
    given_rows = Delivery(given_rows.persons, NO_OUTCOMES, before, given_rows.spells)
    attrition = build_panel(register_card(), given_rows).attrition
    assert attrition["step"].tolist() == [1, 1, 2, 2, 3, 3]
    assert attrition.dtypes.astype(str).to_dict() == ATTRITION


def test_a_series_of_aggregates_has_no_persons_and_the_columns_all_the_same():
    series = register_card(["only_medical_in_plan", "in_paid_work"], design="aggregated_series", registers=())
    nobody = register_persons([])
    attrition = pd.DataFrame(columns=list(ATTRITION)).astype(ATTRITION)
    panel = build_panel(series, Delivery(nobody, NO_OUTCOMES, attrition, None, None))
    assert panel.months.columns.tolist() == [
        "person_id",
        "month",
        "event_time",
        "observed",
        "only_medical_in_plan",
        "in_paid_work",
    ]
    assert panel.months.dtypes.astype(str).tolist() == ["int32", "int16", "Int16", "bool", "float64", "float64"]
    assert (len(panel.months), len(panel.baseline)) == (0, 0)
    assert panel.baseline.columns.tolist() == nobody.columns.tolist()
    assert isinstance(panel, Panel)
    assert panel.attrition.equals(attrition)


# What the registers tell of the time before

HISTORIES = {
    "in_work": {"measure": "on_the_day", "types": ["work"]},
    "work_days_2": {"measure": "days_before", "types": ["work"], "months": 2},
    "aap_months_1": {"measure": "months_before", "types": ["aap", "plan"], "months": 1},
}


def with_histories(**changes):
    covariates = [{"name": name, "label": name, "history": history} for name, history in HISTORIES.items()]
    return register_card(**{"covariates": covariates, **changes})


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spells=spell_lists(first=date(2019, 10, 1)),
    zeros=st.lists(st.integers(WINDOW[0] + 2, WINDOW[0] + 5), min_size=3, max_size=3),
    left=st.lists(st.none() | st.dates(date(2020, 1, 1), date(2020, 7, 31)), min_size=3, max_size=3),
)
def test_histories_are_counted_up_to_the_first_day_of_time_zero(folder, spells, zeros, left):
    persons = register_persons(zeros, left=left)
    months = pd.DataFrame()
    frame = baseline(with_histories(), persons, months, register_delivery(folder, persons, spells).spells)
    assert frame["person_id"].tolist() == [0, 1, 2]
    for number, (zero, day) in enumerate(zip(zeros, left, strict=True)):
        start = days_of(zero)[0]
        own = [one for one in spells if one["person_id"] == number]
        for name, history in HISTORIES.items():
            wanted = slow_covariate(look_back(History(**history)), own, start)
            gone = day is not None and day - timedelta(1) < start
            value = frame.loc[number, name]
            assert np.isnan(value) if gone or wanted is None else value == wanted, name


def test_a_history_from_before_the_registers_is_missing_and_not_zero(tmp_path):
    persons = register_persons([WINDOW[0], JAN_2020, JAN_2020 + 1])
    spells = register_delivery(tmp_path, persons).spells
    frame = baseline(with_histories(), persons.set_axis([7, 8, 9]), pd.DataFrame(), spells)
    assert frame[list(HISTORIES)].fillna(-1).to_numpy().tolist() == [[0, -1, -1], [0, -1, 0], [0, 0, 0]]
    earlier = with_histories(registers={"known_from": date(2019, 10, 1)})
    assert baseline(earlier, persons, pd.DataFrame(), spells)[list(HISTORIES)].notna().all(axis=None)
    drawn = with_histories(registers={"known_from": date(2019, 10, 1), "drawn": date(2020, 1, 1)})
    frame = baseline(drawn, persons, pd.DataFrame(), spells)
    assert frame["in_work"].notna().tolist() == [True, True, False]


def test_histories_and_earlier_outcomes_stand_beside_each_other_in_the_baseline(tmp_path):
    before = {"name": "worked_in_december", "label": "x", "outcome": WORK_NOW, "month": FIRST}
    now = {"name": "in_work", "label": "x", "history": HISTORIES["in_work"]}
    spells = [spell(0, "work", "2019-01-01", "2019-12-31"), spell(1, "work", "2020-01-01")]
    shown = register_card(covariates=[before, now])
    panel = build_panel(shown, register_delivery(tmp_path, register_persons([JAN_2020] * 2), spells))
    assert panel.baseline[["worked_in_december", "in_work"]].to_numpy().tolist() == [[1, 0], [0, 1]]


def test_a_history_needs_registers_spells_and_months(tmp_path):
    persons = register_persons([JAN_2020])
    with pytest.raises(ProblemsFound) as caught:
        baseline(with_histories(), persons, pd.DataFrame())
    assert "leveransen har ingen perioder" in str(caught.value)
    with pytest.raises(ValueError, match="registers"):
        baseline(with_histories(registers=()).model_copy(update={"registers": None}), persons, pd.DataFrame())
    with pytest.raises(ValueError, match="days_before needs months"):
        look_back(History(measure="days_before", types=["work"]))
