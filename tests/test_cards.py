"""Cards: what is shipped validates, what is written comes back, and every mistake is told at once, in Norwegian."""

import re
from copy import deepcopy

import pytest
import yaml
from cards import minimal_card, write_cohort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cards import ANALYSIS_KEYS, Card, analysis_part, read_card
from analysis.problems import ProblemsFound
from analysis.provenance import ROOT

SHIPPED = sorted((ROOT / "cohorts").glob("*/cohort.yaml"))

BROKEN = """\
title: {nb: Prøve, nb: Prøve to}
short_title: Prøve
intervention_name: 617
data_kind: restricted
intervention: Tett Oppfølging
design: matched_did
horizon: [12]
report: {date: 21.11.2026}
background: []
population: {description: personer}
assignment: {unit: office, randomised: true, rule: loddtrekning, offices_treated: 0}
content: {intervention: a, usual_care: b}
time_zero: {description: c, month: 2011-5}
arms:
  - {id: t, role: treated, label: a}
  - {id: t, role: control, label: b}
outcomes: {primary: in_paid_wrok}
base_month: 2011-04
estimand: {quantity: att, scale: difference, description: d}
files:
  - name: persons
    path: persons.csv
    format: csv
    rows: "445"
    columns:
      person_id: lopenr
      arm: gruppe
      shoe_size: 44
covariates: []
matching: {formula: age, caliper: -0.2}
inference: {level: 95}
disclosure: {profile: open, reason: e}
sources: [{id: s, citation: 29.7}]
"""
# Line, key, what was found, and what is allowed: one for each mistake in BROKEN.
MISTAKES = [
    (1, "title.nb", "nøkkelen står to ganger", "Behold én"),
    (3, "intervention_name.nb", "«617»; skal være tekst", "anførselstegn"),
    (5, "intervention", "«Tett Oppfølging»", "små bokstaver a–z"),
    (7, "horizon", "ukjent", "Mente du horizons?"),
    (7, "horizon", "ukjent", "Lovlig her: title, short_title"),
    (8, "report.date", "«21.11.2026»", "ÅÅÅÅ-MM-DD"),
    (9, "background", "er tom", "minst 1"),
    (10, "population.eligibility", "nøkkelen mangler", "Legg den til"),
    (11, "assignment.offices_treated", "«0»", "minst 1"),
    (11, "assignment.randomised", "passer ikke med design: matched_did", "randomised: false"),
    (13, "time_zero.month", "«2011-5»", "ÅÅÅÅ-MM"),
    (16, "arms.1.role", "«control»", "treated, comparison eller benchmark"),
    (16, "arms.1.id", "«t» er brukt før", "bare stå én gang"),
    (14, "arms", "trenger en gruppe med rollen comparison", ""),
    (17, "outcomes.primary", "«in_paid_wrok» finnes ikke", "in_paid_work"),
    (1, "horizons", "mangler", "minst én måned"),
    (24, "files.0.rows", "«445»", "helt tall"),
    (28, "files.0.columns.shoe_size.column", "«44»; skal være tekst", "anførselstegn"),
    (28, "files.0.columns.shoe_size", "brukes ikke", "covariates"),
    (30, "matching.caliper", "«-0.2»", "større enn 0"),
    (31, "inference.level", "«95»", "mindre enn 1"),
    (32, "disclosure.profile", "kan ikke frigis uendret", "syntetiske data"),
    (33, "sources.0.citation", "«29.7»; skal være tekst", "anførselstegn"),
]


def problems_of(tmp_path, card):
    path = tmp_path / "cohort.yaml"
    path.write_text(card if isinstance(card, str) else yaml.safe_dump(card, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ProblemsFound) as caught:
        read_card(path)
    return caught.value


def test_the_three_shipped_cards_are_found():
    assert len(SHIPPED) >= 3


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_every_shipped_card_validates_and_comes_back_from_plain_data_as_it_was(path):
    card = read_card(path)
    plain = card.model_dump(mode="json")
    assert Card.model_validate(plain) == card
    assert Card.model_validate(plain).model_dump(mode="json") == plain


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_card_written_as_yaml_and_read_again_is_the_same_card(path, tmp_path):
    card = read_card(path)
    plain = card.model_dump(mode="json")
    copy = tmp_path / "cohort.yaml"
    copy.write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    assert read_card(copy) == card


def test_the_minimal_card_validates(tmp_path):
    card = read_card(write_cohort(tmp_path, minimal_card()))
    assert card.title.nb == "Oppfølging i Prøvefylket"
    assert card.arm("treated").id == "treated"
    assert card.outcome_names() == ["any_earnings_in_year", "annual_earnings_usd"]
    with pytest.raises(KeyError):
        card.arm("benchmark")


@pytest.mark.parametrize(("line", "key", "found", "allowed"), MISTAKES, ids=[f"{m[1]}-{m[3]}" for m in MISTAKES])
def test_each_mistake_is_told_with_file_line_key_what_was_found_and_what_is_allowed(
    tmp_path, line, key, found, allowed
):
    error = problems_of(tmp_path, BROKEN)
    where = f"{tmp_path / 'cohort.yaml'}, linje {line}, {key}"
    assert [p for p in error.problems if p.where == where and found in p.what and allowed in str(p)], str(error)


def test_all_mistakes_of_a_card_are_told_at_once_in_the_order_of_the_file(tmp_path):
    error = problems_of(tmp_path, BROKEN)
    told = {problem.where.rpartition(", ")[2] for problem in error.problems}
    assert told >= {key for _, key, _, _ in MISTAKES}
    assert len(error.problems) == 22
    lines = [int(re.search(r"linje (\d+)", problem.where)[1]) for problem in error.problems]
    assert lines == sorted(lines)
    assert f"har feil ({len(error.problems)})" in error.heading


def test_no_message_of_a_broken_card_is_in_english(tmp_path):
    text = str(problems_of(tmp_path, BROKEN))
    assert not re.search(r"\b(input|should|valid|field|required|extra|string|must)\b", text, re.IGNORECASE), text


def test_an_unknown_key_deep_in_the_card_is_told_with_the_keys_that_are_allowed_there(tmp_path):
    card = minimal_card()
    card["files"][0]["columns"]["arm"]["value"] = {}
    card["sensitivity"] = [{"name": "a", "title": "b", "matching": {"calliper": 0.1}}]
    told = {p.where.rpartition(", ")[2]: p.mend for p in problems_of(tmp_path, card).problems}
    allowed = "column, constant, row_number, earliest, values, missing, range, type"
    assert told["files.0.columns.arm.value"] == f"Mente du values? Lovlig her: {allowed}."
    assert told["sensitivity.0.matching.calliper"].startswith("Mente du caliper? Lovlig her: formula, method, link")


@pytest.mark.parametrize("written", ["0301", "29,7", "2024-01-01", "NO", "'617'"])
def test_text_that_yaml_would_bend_stays_text(tmp_path, written):
    card = yaml.safe_dump(minimal_card(intervention_name="INSERT"), allow_unicode=True).replace("INSERT", written)
    path = tmp_path / "cohort.yaml"
    path.write_text(card, encoding="utf-8")
    assert read_card(path).intervention_name.nb == written.strip("'")


@pytest.mark.parametrize("written", ["617", "29.7", "true", "1e5"])
def test_a_bare_number_where_text_is_required_is_told_to_stand_in_quotes(tmp_path, written):
    card = minimal_card()
    card["files"][0]["columns"]["office_id"] = {"constant": "INSERT"}
    error = problems_of(tmp_path, yaml.safe_dump(card, allow_unicode=True).replace("INSERT", written))
    (problem,) = error.problems
    assert problem.where.endswith("files.0.columns.office_id.constant")
    assert "skal være tekst" in problem.what
    assert problem.mend == "Sett verdien i anførselstegn."


@pytest.mark.parametrize("level", ["1e999", "-1e999"])
def test_a_number_too_large_to_hold_is_refused(tmp_path, level):
    card = yaml.safe_dump(minimal_card(inference={"level": "INSERT"}), allow_unicode=True).replace("INSERT", level)
    assert "skal være et endelig tall" in str(problems_of(tmp_path, card))


@pytest.mark.parametrize("content", ["", "# bare en merknad\n", "[]\n", "hei\n", "- a\n- b\n"])
def test_a_file_that_is_no_set_of_keys_is_told(tmp_path, content):
    assert problems_of(tmp_path, content).problems


def test_a_card_that_refers_to_itself_is_told(tmp_path):
    error = problems_of(tmp_path, "title: &a [*a]\n")
    assert "uten ende" in str(error)


def test_a_card_in_another_encoding_is_told(tmp_path):
    path = tmp_path / "cohort.yaml"
    path.write_bytes(yaml.safe_dump(minimal_card(), allow_unicode=True).encode("latin-1"))
    with pytest.raises(ProblemsFound, match="ikke UTF-8"):
        read_card(path)


def test_an_invisible_character_is_told_as_such(tmp_path):
    assert "usynlig tegn" in str(problems_of(tmp_path, "title: a\0b\n"))


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = tmp_path / "cohort.yaml"
    text = yaml.safe_dump(minimal_card(), allow_unicode=True, sort_keys=False)
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_card(path) == Card.model_validate(minimal_card())


def test_a_card_does_not_change_after_reading():
    card = Card.model_validate(minimal_card())
    with pytest.raises(ValueError, match="frozen"):
        card.design = "single_arm"


def test_the_analysis_part_has_the_analysis_keys_and_every_default():
    part = analysis_part(Card.model_validate(minimal_card()))
    assert tuple(part) == ANALYSIS_KEYS
    assert part["matching"]["caliper"] == 0.2
    assert part["checks"]["few_treated_offices"] == 6
    assert "title" not in part
    assert "report" not in part


def test_a_sensitivity_row_changes_the_keys_that_stand_in_it_and_no_more():
    rows = [{"name": "a", "title": "b", "matching": {"caliper": None}}]
    card = Card.model_validate(minimal_card(sensitivity=rows))
    assert card.sensitivity[0].matching.changes() == {"caliper": None}
    again = Card.model_validate(card.model_dump(mode="json"))
    assert again.sensitivity[0].matching.changes() == {"caliper": None}


def _places(value, key=()):
    """Every key path of plain data."""
    yield key
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, child in children:
        yield from _places(child, (*key, part))


PLACES = [place for place in _places(minimal_card()) if place]
SCALARS = [None, True, 0, -1, 1e308, "", "  ", "æ", "2020-12", "x" * 500]
STRANGE = [*SCALARS, [], [[]], [None], {}, {"a": {}}, [{"id": ["t"]}]]


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(STRANGE))
def test_whatever_stands_anywhere_gives_a_card_or_problems_and_never_a_traceback(tmp_path_factory, place, strange):
    card = deepcopy(minimal_card())
    parent = card
    for part in place[:-1]:
        parent = parent[part]
    parent[place[-1]] = strange
    path = tmp_path_factory.mktemp("card") / "cohort.yaml"
    path.write_text(yaml.safe_dump(card, allow_unicode=True), encoding="utf-8")
    try:
        result = read_card(path)
    except ProblemsFound as error:
        result = error
    places = [problem.where for problem in getattr(result, "problems", ())]
    assert isinstance(result, Card) or places
    assert all(str(path) in where for where in places)
