"""Texts with numbers in them: each number is written down with where it comes from, and marks never reach a reader."""

import jinja2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report.book import Book, Ref, Row, estimate
from analysis.report.language import Language
from analysis.results import estimate_id, estimates

NBSP, MINUS = "\u00a0", "\u2212"
CATALOGUE = {
    "interval_word": "til",
    "sum": "Av {{ n | number }} er {{ share | percent(base=n, words=True) }} prosent i arbeid.",
    "bold": "**Klart**: {{ d | points }} prosentpoeng ({{ row | points_interval }}), se [lenken](#tab-1).",
    "long": "Første linje\n  fortsetter her.\nNy linje.",
    "deep": {"er": {"her": "dypt"}},
    "empty": "{{ nothing }}",
}
ROW = {"cohort": "a", "estimator": "x", "outcome": "y", "scale": "difference", "role": "primary", "spec": "main"}


def book():
    return Book(Language("nb", "nb_NO"), CATALOGUE)


def ref(value, column="estimate"):
    return Ref(value, "estimates", "0123456789", column)


def text(runs):
    return "".join(run["text"] for run in runs)


def test_a_sentence_holds_its_numbers_as_references():
    made = book()
    runs = made.say("sum", n=ref(49, "n_treated"), share=ref(36 / 49))
    assert text(runs) == "Av 49 er 73 prosent i arbeid."
    assert [run.get("number") for run in runs] == [None, "n1", None, "n2", None]
    assert made.numbers["n2"] == {
        "value": 36 / 49,
        "text": "73",
        "unit": "percent",
        "source": {"table": "estimates", "row": "0123456789", "column": "estimate"},
    }


def test_bold_links_and_intervals_are_runs_of_their_own():
    made = book()
    row = Row("estimates", "0123456789", {"conf_low": -0.0108, "conf_high": 0.1296})
    runs = made.say("bold", d=ref(0.061), row=row)
    assert text(runs) == f"Klart: 6,1 prosentpoeng ({MINUS}1,1 til 13,0), se lenken."
    assert runs[0] == {"text": "Klart", "strong": True}
    assert runs[-2] == {"text": "lenken", "href": "#tab-1"}
    assert [number["source"]["column"] for number in made.numbers.values()] == ["estimate", "conf_low", "conf_high"]


def test_a_number_inside_bold_text_stays_a_reference():
    made = book()
    runs = made.runs(f"**{made.number(ref(3))} av {made.number(ref(4))}**")
    assert runs == [
        {"text": "3", "number": "n1", "strong": True},
        {"text": " av ", "strong": True},
        {"text": "4", "number": "n2", "strong": True},
    ]


def test_the_layout_of_the_catalogue_does_not_reach_the_reader_but_a_line_break_of_the_author_does():
    assert book().word("long") == "Første linje fortsetter her.\nNy linje."


def test_keys_with_dots_lead_down_and_a_wrong_key_is_an_error():
    assert book().word("deep.er.her") == "dypt"
    with pytest.raises(KeyError):
        book().word("deep.er.der")


def test_a_value_that_the_sentence_lacks_is_an_error_and_never_an_empty_place():
    with pytest.raises(jinja2.UndefinedError):
        book().word("empty")


def test_text_of_a_machine_is_not_read_as_markup():
    made = book()
    formula = "age + I(age**2) + I(age**3) + [x](#y)"
    assert made.runs(made.literal(formula)) == [{"text": formula}]


def test_plain_text_has_no_marks():
    made = book()
    marked = f"**{made.points(ref(0.1))}** og {made.p_value(ref(0.04))}"
    assert made.plain(marked) == f"10,0 og ={NBSP}0,04"
    assert not any("\ue000" <= letter <= "\uf8ff" for letter in made.plain(marked))


def test_values_are_plain_numbers_that_json_can_hold():
    made = book()
    made.number(ref(np.int64(185)))
    made.percent(ref(np.float64(0.5)))
    assert [type(number["value"]) for number in made.numbers.values()] == [int, float]


def test_the_direction_is_left_to_the_words_when_they_say_it():
    made = book()
    assert made.plain(made.points(ref(-0.085), absolute=True)) == "8,5"
    assert made.plain(made.number(ref(-807.2), absolute=True)) == "807"
    assert made.numbers["n1"]["value"] == -0.085


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8))
def test_each_number_gets_a_name_of_its_own_and_the_text_that_is_printed(values):
    made = book()
    runs = made.runs(" ".join(made.points(ref(value)) for value in values))
    printed = [run for run in runs if "number" in run]
    assert [run["number"] for run in printed] == [f"n{place}" for place in range(1, len(values) + 1)]
    assert [made.numbers[run["number"]]["value"] for run in printed] == values
    assert [made.numbers[run["number"]]["text"] for run in printed] == [run["text"] for run in printed]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(blacklist_categories=("Co", "Cs"), blacklist_characters="*[]"), max_size=60))
def test_any_other_text_passes_as_it_is(words):
    assert text(book().runs(words)) == words


def test_a_row_gives_references_by_column_and_nothing_else():
    frame = estimates([{**ROW, "estimate": 0.1, "horizon_months": 12}])
    row = estimate(frame.iloc[0])
    assert row.estimate.source() == {"table": "estimates", "row": estimate_id(frame.iloc[0]), "column": "estimate"}
    assert row.text("outcome") == "y"
    with pytest.raises(AttributeError):
        row.colour


def test_a_missing_value_is_false_and_zero_is_not():
    assert not ref(float("nan"))
    assert not ref(pd.NA)
    assert not ref(None)
    assert ref(0)
    assert ref(0.0)
