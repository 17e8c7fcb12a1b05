"""Reporting checklists: every item of every guideline is there, answered, in three languages, or the report stops."""

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import language_rules
import printed
import pytest
import stages
from cards import minimal_card, write_answers, write_cohort

from analysis.cards import Design, read_card
from analysis.checklist import (
    FILE,
    LIBRARY,
    LISTS,
    Library,
    Section,
    finished_checklist,
    list_files,
    read_checklist,
    unanswered,
)
from analysis.cli import main
from analysis.problems import ProblemsFound
from analysis.report.checklist import chosen
from analysis.strict import read_strict
from analysis.yamlio import read_yaml

SHIPPED = sorted(path.parent.name for path in stages.COHORTS.glob("*/cohort.yaml"))
GUIDELINES = read_yaml(LISTS / LIBRARY).data["guidelines"]
# Published numbers of items and sub-items; CONSORT's extension, DiD and additions as docs/methods.md tells.
SIZES = {"consort_2010": 37, "consort_2025": 42, "target": 39, "strobe": 34, "record": 13, "trend": 22, "epoc_its": 7}
ANSWER = "Det er ikke oppgitt."


def told(action):
    with pytest.raises(ProblemsFound) as found:
        action()
    return str(found.value)


def lists(folder, **changed):
    """A folder of lists of two items with texts of files changed: library, matched_did."""
    library = """
guidelines:
  one: {name: ONE, source: First, numbers: "1 2"}
  two: {name: TWO, source: Second, numbers: "1a"}
items:
  aim: {text: Formål, numbers: {one: "1", two: "1a"}}
  money: {text: Penger, numbers: {one: "2"}}
answers:
  - {items: [aim], section: fasit}
  - {items: [aim], section: bakgrunn}
  - {items: [money], data_kind: [synthetic], not_relevant: Oppdiktet.}
  - {items: [money], ask: true}
"""
    texts = {LIBRARY: library, "matched_did.yaml": "guidelines: [one]\n", **changed}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def answers(folder, text):
    path = folder / FILE
    path.write_text(text, encoding="utf-8")
    return path


def items_of(folder, kind="restricted", own=None):
    return {item["id"]: item["answers"] for item in read_checklist("matched_did", kind, folder, own)["items"]}


def test_the_cohort_answers_before_the_design_and_the_design_before_all(tmp_path):
    folder = lists(tmp_path, **{"matched_did.yaml": "guidelines: [one]\nanswers: [{items: [aim], section: metode}]\n"})
    first, *others = items_of(folder)["aim"]
    assert (first, others) == ({"section": "metode"}, [{"section": "fasit"}, {"section": "bakgrunn"}])
    own = answers(tmp_path, f"answers: [{{items: [aim, money], not_told: {ANSWER}}}]\n")
    assert items_of(folder, own=own) == dict.fromkeys(
        ("aim", "money"), [{"not_told": {"nb": ANSWER, "nn": None, "en": None}}]
    )


def test_an_answer_holds_for_its_kinds_of_data_and_what_is_asked_is_open(tmp_path):
    folder = lists(tmp_path)
    assert [*items_of(folder, "synthetic")["money"][0]] == ["not_relevant"]
    assert items_of(folder, "restricted")["money"] == []
    own = tmp_path / "cohorts" / FILE
    problems = unanswered(read_checklist("matched_did", "open", folder, own), own)
    assert [str(problem) for problem in problems] == [
        f"  {own}, money: punktet er ikke besvart: Penger. Svar med section, text, not_told, not_relevant."
    ]


def test_a_list_names_only_the_items_of_its_guidelines(tmp_path):
    folder = lists(tmp_path, **{"matched_did.yaml": "guidelines: [two]\n"})
    found = read_checklist("matched_did", "open", folder, None)
    assert [(item["id"], item["numbers"][0]["numbers"]) for item in found["items"]] == [("aim", ["1a"])]
    assert [one["source"] for one in found["guidelines"]] == ["Second"]


def test_every_mistake_of_a_cohorts_answers_is_told_at_once(tmp_path):
    own = answers(
        tmp_path,
        "answers:\n"
        "  - {items: [aim, purpose], section: innledning}\n"
        "  - {items: [aim], text: A, not_told: B}\n"
        "  - {items: [money]}\n"
        "  - {items: [money], ask: true}\n",
    )
    said = told(lambda: items_of(lists(tmp_path), own=own))
    for words in (
        "linje 2, answers.0.items: purpose er ikke et punkt i listen. Punktene i listen: aim, money.",
        "answers.0.section",
        "linje 3, answers.1: har text, not_told. Skriv ett av dem: section, text, not_told, not_relevant.",
        "linje 3, answers.1.items: punktet «aim» er besvart to ganger. Behold ett svar.",
        "linje 4, answers.2: har ikke noe svar.",
        "answers.3.ask: nøkkelen er ukjent.",
    ):
        assert words in said, words


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('numbers: {one: "2"}', 'numbers: {one: "3"}', "items.money.numbers.one: 3 finnes ikke. Numrene til one: 1 2."),
        ('numbers: {one: "2"}', 'numbers: {two: "1a"}', "guidelines.one.numbers: 2 står ikke ved noe punkt."),
        ("  money: {", "  aim: {", "items.aim: nøkkelen står to ganger."),
        ("[aim], section: fasit", "[aims], section: fasit", "answers.0.items: aims er ikke et punkt i listen."),
        ("[synthetic]", "[made_up]", "answers.2.data_kind.0"),
    ],
)
def test_a_mistake_of_the_library_is_told(tmp_path, old, new, words):
    folder = lists(tmp_path)
    text = (folder / LIBRARY).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / LIBRARY).write_text(text.replace(old, new), encoding="utf-8")
    assert words in told(lambda: items_of(folder))


def test_a_design_of_an_unknown_guideline_is_told(tmp_path):
    folder = lists(tmp_path, **{"matched_did.yaml": "guidelines: [one, three]\n"})
    assert "guidelines.1: «three» finnes ikke. Lovlig: one, two." in told(lambda: items_of(folder))


@pytest.mark.parametrize("design", get_args(Design))
def test_the_list_of_every_design_has_all_items_of_its_guidelines(design):
    library = read_strict(LISTS / LIBRARY, Library, lambda data: ())
    found = read_checklist(design, "restricted", LISTS, None)
    listed = {name: set() for name in read_yaml(list_files(design)[1]).data["guidelines"]}
    for item in found["items"]:
        for name, numbers in library.items[item["id"]].numbers.items():
            if name in listed:
                listed[name] |= set(numbers.split())
    assert listed == {name: set(library.guidelines[name].numbers.split()) for name in listed}
    assert [one["name"]["nb"] for one in found["guidelines"]] == [library.guidelines[name].name.nb for name in listed]


def test_the_guidelines_have_as_many_numbers_as_are_published():
    assert {name: len(set(GUIDELINES[name]["numbers"].split())) for name in SIZES} == SIZES


def test_every_list_is_of_a_design():
    assert {path.stem for path in LISTS.glob("*.yaml")} == {*get_args(Design), Path(LIBRARY).stem}


def texts(value):
    """Every text in the three languages, however deep; a name of one form is none."""
    if isinstance(value, dict) and "nb" in value:
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


@pytest.mark.parametrize(
    "path", [*LISTS.glob("*.yaml"), *stages.COHORTS.glob(f"*/{FILE}")], ids=lambda path: str(path)[-40:]
)
def test_every_text_stands_in_three_languages_without_slips(path):
    data = read_yaml(path).data
    words = [*data.get("items", {}).values(), *data.get("answers", [])]
    assert all(isinstance(one.get(key, {}), dict) for one in words for key in ("text", "not_told", "not_relevant"))
    for text in texts(data):
        assert set(text) == {"nb", "nn", "en"}, text
        slips = [
            (slip, text[code])
            for code in text
            for slip, pattern in language_rules.SLIPS[code].items()
            if re.search(pattern, text[code])
        ]
        reserved = [word for code in text for word in language_rules.RESERVED[code] if re.search(word, text[code])]
        assert slips == reserved == [], text


@pytest.mark.parametrize("cohort", SHIPPED)
def test_every_item_of_a_shipped_cohort_is_answered(cohort):
    assert stages.checklist(cohort)["items"]


@pytest.mark.parametrize("cohort", [*stages.PUBLISHED, stages.NSW])
def test_the_report_of_a_shipped_cohort_links_to_the_sections_that_answer(cohort):
    report = stages.report(cohort)
    names = [section["id"] for section in report["sections"]]
    assert names[names.index("sjekkliste") + 1] == "kilder"
    table = printed.blocks_of(report, "table")["tab-sjekkliste"]
    links = [run["href"] for row in table["rows"] for run in row[2] if "href" in run]
    assert len(links) > 10
    assert {link.removeprefix("#") for link in links} <= set(names)
    assert set(names) <= {*get_args(Section), "vedlegg", "sjekkliste"}


def test_the_counts_are_those_of_the_table():
    report = stages.report(stages.HPMT)
    intro = printed.section(report, "sjekkliste")["blocks"][0]["runs"]
    counts = [int(run["text"]) for run in intro if "number" in run]
    answered = [row[2] for row in printed.rows_of(report, "tab-sjekkliste")]
    begins = [sum(words.startswith(start) for words in answered) for start in ("Se ", "Ikke oppgitt", "Ikke relevant")]
    assert counts == [len(answered), begins[0], len(answered) - sum(begins), begins[1], begins[2]]
    assert min(begins) > 0


def test_all_items_without_an_answer_that_holds_stop_the_report_at_once():
    material = stages.material(stages.HPMT)
    items = [dict(item) for item in material.checklist["items"]]
    items[0]["answers"], items[1]["answers"] = [], [{"section": "fasit"}, {"section": "avvik"}]
    broken = replace(material, checklist={**material.checklist, "items": items})
    said = told(lambda: stages.report_of(broken))
    assert "Rapporten for hpmt er ikke skrevet." in said
    assert f"cohorts/hpmt/checklist.yaml, {items[0]['id']}: punktet er ikke besvart" in said
    assert f"{items[1]['id']}: svaret er en del som ikke står i denne rapporten (fasit, avvik)" in said
    assert said.count("\n") == 2


def test_a_section_that_is_not_there_is_passed_over_in_a_list_and_not_in_the_cohorts_own(tmp_path):
    folder = lists(tmp_path)
    found = read_checklist("matched_did", "synthetic", folder, None)["items"]
    assert chosen(found, {"bakgrunn": "Bakgrunn"}, "ny")[0][1] == {"section": "bakgrunn"}
    assert chosen(found, {"bakgrunn": "Bakgrunn", "fasit": "Fasit"}, "ny")[0][1] == {"section": "fasit"}
    own = answers(tmp_path, "answers: [{items: [aim], section: fasit}]\n")
    found = read_checklist("matched_did", "synthetic", folder, own)["items"]
    assert "(fasit)" in told(lambda: chosen(found, {"bakgrunn": "Bakgrunn"}, "ny"))


def test_a_report_without_a_checklist_has_no_such_section():
    material = replace(stages.material(stages.MENTOR), checklist={})
    assert "sjekkliste" not in [section["id"] for section in stages.report_of(material)["sections"]]


def test_the_check_names_what_is_not_answered_until_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cohorts" / "ny"
    write_cohort(folder, minimal_card(data_kind="open", licence="CC BY 4.0"))
    card = read_card(folder / "cohort.yaml")
    said = told(lambda: finished_checklist(card, LISTS, folder / FILE))
    asked = re.findall(rf"{FILE}, (\w+): punktet er ikke besvart", said)
    assert {"funding", "ethics", "conflicts"} < set(asked)
    monkeypatch.setattr("analysis.cli_check.told_of_data", lambda path, card: ([], None))
    assert main(["check", "ny"]) == 0
    out = capsys.readouterr().out
    assert f"Sjekklisten har {len(asked)} punkter som ikke er besvart." in out
    assert f"Svar i cohorts/ny/{FILE} med" in out
    assert all(f"       {name}: " in out for name in asked)
    write_answers(folder)
    assert finished_checklist(card, LISTS, folder / FILE)["items"]
    assert main(["check", "ny"]) == 0
    assert "Sjekklisten" not in capsys.readouterr().out
