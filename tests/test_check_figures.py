"""Checks as a table and as figures: a word for each verdict, one figure at most, each number with its row."""

from dataclasses import replace

import pytest
import stages
from beside_reports import events, headline, lost, sets, trend_checks, without
from printed import text

from analysis.cards import read_card
from analysis.checks import Check, hidden_bias, missing
from analysis.checks.influence import one_office
from analysis.grade import grade
from analysis.report import figures
from analysis.report.book import Book
from analysis.report.check_figures import FIGURES, check_figures
from analysis.report.check_table import check_table
from analysis.report.language import Language
from analysis.report.writer import Writer
from analysis.yamlio import read_yaml

CATALOGUE = read_yaml(stages.STRINGS).data
TEAMS = read_card(stages.COHORTS / "youth_teams_synthetic" / "cohort.yaml")
PERSONS = stages.changed(stages.card(stages.NSW), outcomes__primary="any_earnings_in_year")
PLAIN = {"estimate": 0.08, "conf_low": 0.02, "conf_high": 0.14}
CALIBRATED = {"mean": 0.005, "calibrated": 0.06, "calibrated_low": -0.01, "calibrated_high": 0.13}


def controls(*, calibrated=True):
    """Twelve controls, half of them measured before the start."""
    values = {"controls": 12, "before": 6, "away": 2} | (PLAIN | CALIBRATED if calibrated else {})
    about = {"spec": "control", "outcome": "in_paid_work", "std_error": 0.02}
    rows = [
        {"event_time": (None, -12.0)[k % 2], "estimate": x, "conf_low": x - 0.04, "conf_high": x + 0.04}
        for k, x in enumerate(0.01 * k - 0.05 for k in range(12))
    ]
    return Check("negative_controls", "passed", "", values=values, table=[about | row for row in rows])


def to_the_mean():
    parts = {"change": 0.12, "elsewhere": 0.05, "expected": 0.04, "rest": 0.03, "left": 0.01}
    rows = [{"term": name, "estimate": value, "conf_low": None, "conf_high": None} for name, value in parts.items()]
    rows[3] |= {"conf_low": 0.0, "conf_high": 0.06}
    return Check("regression_to_the_mean", "noted", "", value=0.04, values=parts, table=rows)


CHECKS = [
    *(check for check in trend_checks(TEAMS, events(noise=0.02)) if check.name in FIGURES),
    one_office(headline(), without(0.1, 0.3, -0.2)),
    hidden_bias.rosenbaum_bounds(PERSONS, headline(), sets(40, 10)),
    missing.bounds(lost(-0.01)),
    to_the_mean(),
    controls(),
]

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


def writer(*checks):
    material = stages.material(stages.HPMT)
    made = replace(material, checks=list(checks), grade=grade(material.card, checks).record())
    return Writer(made, Book(Language("nb", "nb_NO"), CATALOGUE))


def figures_of(check):
    return list(check_figures(writer(check), [check]))


def cells(*checks):
    block = check_table(writer(*checks), checks)
    return [[text(cell) for cell in row] for row in block["rows"]], text(block["note"])


def test_every_kind_of_figure_is_tried_here():
    assert {check.name for check in CHECKS} == set(FIGURES)


@each_check
def test_a_check_has_one_figure_that_can_be_drawn_with_its_numbers_and_in_words(check):
    (block,) = figures_of(check)
    assert figures.draw(block["kind"], block["data"])
    assert {len(row) for row in block["table"]["rows"]} == {len(block["table"]["columns"])}
    assert len(text(block["alt"])) > 60


@each_check
def test_every_number_of_a_figure_leads_to_the_check_or_to_a_row_of_it(check):
    w = writer(check)
    assert list(check_figures(w, [check]))
    own = {"value": check.value, "threshold": check.threshold, **check.values}
    for number in w.book.numbers.values():
        name, slash, row = number["source"]["row"].partition("/")
        if number["source"]["table"] == "checks":
            assert name == check.name
            found = check.table[int(row)] if row else own
            assert slash and not row or found[number["source"]["column"]] == number["value"]


def test_offices_stand_in_the_order_of_their_estimates_and_none_is_named():
    check = one_office(headline(), without(0.3, 0.1, 0.2))
    (block,) = figures_of(check)
    assert block["data"]["points"][0]["y"] == [0.1, 0.2, 0.3]
    assert block["data"]["target"] == 0.2
    assert not any(name in str([check, block]) for name in without(0.3, 0.1, 0.2)["office_id"])


def test_nothing_to_lose_has_no_figure():
    nothing = [check for check in trend_checks(TEAMS, events(effect=0.0)) if check.name == "honest_did"]
    without_limit = hidden_bias.rosenbaum_bounds(PERSONS, headline(), sets(11, 10))
    assert [figures_of(check) for check in (*nothing, without_limit)] == [[], []]


def test_the_breakdown_value_is_marked_where_it_lies_among_the_bounds():
    (check,) = [one for one in trend_checks(TEAMS, events(noise=0.02)) if one.name == "honest_did"]
    assert figures_of(check)[0]["data"]["zero"]["value"] == check.value
    far = replace(check, value=9.0)
    (block,) = figures_of(far)
    assert block["data"]["zero"] is None
    assert "Det rommer ikke null ved noen av dem." in text(block["alt"])


def test_too_few_controls_to_calibrate_are_shown_without_the_headline():
    (few,), (enough,) = (figures_of(controls(calibrated=way)) for way in (False, True))
    assert (len(few["data"]["rows"]), len(enough["data"]["rows"])) == (12, 14)
    assert text(enough["table"]["rows"][-1][1]) == "+6,0"


def test_a_row_tells_the_verdict_in_a_word_and_what_follows():
    failed = Check("imprecision", "failed", "", downgrade=1, values={"conf_low": -0.1, "conf_high": 0.2})
    passed = Check("months_before", "passed", "", value=24.0, threshold=12.0)
    rows, note = cells(failed, passed)
    assert rows == [
        ["Presisjon", "×\u00a0Holder\u00a0ikke", "−10,0 til 20,0", "uten null i intervallet", "−1"],
        ["Måneder målt før start", "✓\u00a0Holder", "24", "minst 12", "–"],
    ]
    assert note == "Forskjeller er i prosentpoeng."


def test_a_check_without_a_number_has_a_dash_and_one_of_a_family_its_name():
    form = Check("consistency_arms", "failed", "", value=1.0, downgrade=1, values={"relation": "arms", "decimals": 0})
    unknown = Check("honest_did", "noted", "")
    rows, note = cells(form, unknown)
    assert [row[:3] for row in rows] == [
        ["Tall som skal stemme", "×\u00a0Holder\u00a0ikke", "stemmer ikke"],
        ["Skjev utvikling", "○\u00a0Opplyst", "–"],
    ]
    assert "«Opplyst» er tall uten krav." in note


def test_a_check_that_holds_the_words_back_says_so():
    failed = Check("spread", "failed", "", value=2.0, threshold=1.0, downgrade=1)
    w = writer(failed)
    w.material.grade["held_back"] = ["spread"]
    block = check_table(w, [failed])
    assert text(block["rows"][0][-1]) == "−1 og svakere ord"
    assert "sier ikke hva" not in text(block["note"])
    assert "ikke sier hva forskjellen kommer av" in text(block["note"])
