"""Offices over time: mergers and splits in the window, the office at assignment, and the protected office."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.months import month_number
from analysis.offices import (
    assigned_outside_validity,
    is_protected,
    office_at_assignment,
    office_history,
    outside_population,
)
from analysis.problems import ProblemsFound

WINDOW = ("2018-01", "2021-12")


def offices(*rows):
    return pd.DataFrame(rows, columns=["office_id", "valid_from", "valid_to", "successor"]).assign(county="03")


def rules(history):
    return {finding.rule: finding.offices for finding in history.findings}


def memberships(*rows):
    return pd.DataFrame(rows, columns=["person_id", "office_id", "from_date", "to_date"])


def persons(*rows):
    frame = pd.DataFrame(rows, columns=["person_id", "time_zero"])
    return frame.assign(time_zero=frame["time_zero"].map(month_number))


def test_two_offices_with_one_successor_are_merged():
    history = office_history(
        offices(
            ("0101", "2010-01-01", "2019-12-31", "0190"),
            ("0102", "2010-01-01", "2019-12-31", "0190"),
            ("0190", "2020-01-01", None, None),
        ),
        window=WINDOW,
    )
    assert history.events[["office_id", "event", "successors"]].to_numpy().tolist() == [
        ["0101", "merged", "0190"],
        ["0102", "merged", "0190"],
    ]
    assert rules(history) == {"office_merged": ("0101", "0102", "0190")}


def test_an_office_taken_in_by_one_that_was_open_is_merged_and_both_are_told():
    history = office_history(
        offices(("0101", "2010-01-01", "2019-12-31", "0102"), ("0102", "2010-01-01", None, None)), window=WINDOW
    )
    assert rules(history) == {"office_merged": ("0101", "0102")}


def test_an_office_with_two_successors_is_split():
    history = office_history(
        offices(
            ("0101", "2010-01-01", "2019-12-31", "0191"),
            ("0101", "2010-01-01", "2019-12-31", "0192"),
            ("0191", "2020-01-01", None, None),
            ("0192", "2020-01-01", None, None),
        ),
        window=WINDOW,
    )
    assert history.events["successors"].tolist() == ["0191|0192"]
    assert rules(history) == {"office_split": ("0101", "0191", "0192")}


def test_closed_and_renumbered_offices_are_told_apart():
    history = office_history(
        offices(
            ("0101", "2010-01-01", "2019-12-31", None),
            ("0102", "2010-01-01", "2019-12-31", "0192"),
            ("0192", "2020-01-01", None, None),
        ),
        window=WINDOW,
    )
    assert rules(history) == {"office_closed": ("0101",), "office_renumbered": ("0102", "0192")}


@pytest.mark.parametrize(
    ("last_day", "told"), [("2017-11-30", False), ("2017-12-31", True), ("2021-11-30", True), ("2021-12-31", False)]
)
def test_only_changes_within_the_window_are_told(last_day, told):
    table = offices(("0101", "2010-01-01", last_day, "0102"), ("0102", "2010-01-01", None, None))
    assert bool(office_history(table, window=WINDOW).findings) == told


def test_a_successor_that_opens_too_late_is_told():
    table = offices(("0101", "2010-01-01", "2019-12-31", "0102"), ("0102", "2020-03-01", None, None))
    assert rules(office_history(table, window=WINDOW))["office_gap"] == ("0101",)


def test_every_contradiction_is_told_at_once():
    table = offices(
        ("0101", "2019-01-01", "2018-01-01", "0999"),
        ("0102", "tull", "2019-12-31", None),
        ("0103", "2010-01-01", "2018-12-31", "0104"),
        ("0104", "2019-01-01", "2019-12-31", "0103"),
        ("0105", "2010-01-01", None, "0106"),
        ("0106", "2010-01-01", None, None),
        ("0106", "2012-01-01", None, None),
    )
    with pytest.raises(ProblemsFound) as caught:
        office_history(table, window=WINDOW)
    text = str(caught.value)
    assert "kontor 0101: valid_to er før valid_from." in text
    assert "kontor 0101: etterfølgeren står ikke i tabellen." in text
    assert "kontor 0102: valid_from mangler, eller en dato kan ikke leses" in text
    assert "kontor 0103, 0104: etterfølgerne går i ring." in text
    assert "kontor 0105: kontoret har en etterfølger, men ingen sluttdato." in text
    assert "kontor 0106: kontoret står med flere perioder." in text
    assert "tull" not in text


def test_a_number_that_cannot_be_an_office_is_not_shown():
    table = offices(("01019912345", None, None, None), (None, None, None, None))
    with pytest.raises(ProblemsFound) as caught:
        office_history(table, window=WINDOW)
    assert "kontor (nummeret vises ikke): valid_from mangler" in str(caught.value)
    assert "kontornummer mangler" in str(caught.value)
    assert "01019912345" not in str(caught.value)


def test_missing_columns_are_told():
    with pytest.raises(ProblemsFound, match=r"(?s)Kontortabellen") as caught:
        office_history(pd.DataFrame({"office_id": ["0101"]}), window=WINDOW)
    assert "«successor»" in str(caught.value)


@pytest.mark.parametrize("written", ["2103", " 2103 ", "02103", "2103.0", "2103,00"])
def test_the_protected_office_is_known_however_it_is_written(written):
    assert is_protected(pd.Series([written, "2104", "12103", None])).tolist() == [True, False, False, False]


def test_the_protected_office_is_in_no_table_and_no_message():
    table = offices(
        ("2103", "2010-01-01", "2019-12-31", None),
        ("0101", "2010-01-01", "2019-12-31", "2103"),
        ("0102", "2010-01-01", None, None),
    )
    history = office_history(table, window=WINDOW)
    shown = history.offices.to_csv() + history.events.to_csv() + str(history.findings)
    assert "2103" not in shown
    with pytest.raises(ProblemsFound) as caught:
        office_history(pd.concat([table, table]), window=WINDOW)
    assert "2103" not in str(caught.value)


def test_who_was_ever_at_the_protected_office_is_outside_the_population():
    people = pd.DataFrame({"person_id": [1, 2, 3, 4], "office_id": ["0101", "2103", "0102", None]}, index=[9, 8, 7, 6])
    stays = memberships((1, "0101", "2018-01-01", None), (3, "2103.0", "2017-01-01", "2017-02-01"))
    out = outside_population(people, stays)
    assert out.tolist() == [False, True, True, False]
    assert out.index.tolist() == [9, 8, 7, 6]
    assert not outside_population(people[["person_id"]]).any()


def test_the_office_of_a_person_is_the_one_at_assignment():
    stays = memberships(
        ("a", "0101", "2017-01-01", "2018-05-31"),
        ("a", "0102", "2018-06-01", None),
        ("b", "0102", "2018-07-01", None),
        ("c", "0103", "2018-03-15", "2018-03-20"),
        ("c", "0104", "2018-03-21", None),
    )
    found = office_at_assignment(
        stays, persons(("a", "2018-03"), ("b", "2018-03"), ("c", "2018-03"), ("d", "2018-03"))
    ).set_index("person_id")
    assert found.loc["a"].tolist() == ["0101", True]
    assert found["office_id"].isna().to_dict() == {"a": False, "b": True, "c": False, "d": True}
    assert found.loc["c"].tolist() == ["0103", True]
    assert not found.loc["b", "moved"]


def test_an_earlier_office_is_no_move():
    stays = memberships(("a", "0101", "2017-01-01", "2018-02-28"), ("a", "0102", "2018-03-01", None))
    found = office_at_assignment(stays, persons(("a", "2018-03")))
    assert found[["office_id", "moved"]].to_numpy().tolist() == [["0102", False]]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 30), st.integers(0, 20)), max_size=15),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_does_not_choose_the_office(rows, random):
    day = pd.Timestamp("2018-01-01")
    months = pd.DateOffset(months=1)
    stays = memberships(*((p, f"010{o}", day + s * months, day + (s + n) * months) for p, o, s, n in rows))
    people = persons(*((person, "2019-03") for person in range(5)))
    shuffled = stays.sample(frac=1, random_state=random.randrange(1000))
    assert office_at_assignment(shuffled, people).equals(office_at_assignment(stays, people))


def test_persons_assigned_to_an_office_that_was_not_open_are_counted():
    history = office_history(
        offices(("0101", "2010-01-01", "2018-12-31", None), ("0102", "2019-01-01", None, None)), window=WINDOW
    )
    months = [month_number(month) for month in ("2018-12", "2019-01", "2018-12", "2018-12", "2018-12")]
    assigned = pd.DataFrame({"office_id": ["0101", "0101", "0102", "0777", None], "time_zero": months})
    finding = assigned_outside_validity(assigned, history)
    assert finding.offices == ("0101", "0102", "0777")
    assert finding.text.endswith(": 3.")
    assert finding.severity == "ERROR"
    assert assigned_outside_validity(assigned.iloc[[0]], history) is None
