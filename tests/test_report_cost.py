"""What reports say of cost: no single number where the interval has no end, and every number from the table."""

import re
from copy import deepcopy
from dataclasses import replace
from functools import cache

import cost_reports
import pandas as pd
import printed
import printed_numbers
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report import canvas, figures, html, pdf, tornado_figure
from analysis.report.book import Book
from analysis.report.cost import cost_sections
from analysis.report.cost_rows import NAMES, Costs, compared_cells, is_sure
from analysis.report.language import Language
from analysis.report.model import numbered
from analysis.report.writer import Writer
from analysis.yamlio import read_yaml

CODES = ("nb", "nn", "en")
SHARED = stages.STRINGS.parents[1]
TURNS = cost_reports.turns()
OPEN_WORDS = {
    "nb": ("kan ikke oppgis som ett tall", "ingen øvre grense", "utelukker ikke at ingen flere kommer i arbeid"),
    "nn": ("kan ikkje oppgivast som eitt tal", "inga øvre grense", "utelukkar ikkje at ingen fleire kjem i arbeid"),
    "en": ("cannot be stated as one number", "no upper limit", "do not exclude that nobody else comes into work"),
}
CELL_WORDS = {"nb": "ingen øvre grense", "nn": "inga øvre grense", "en": "no upper limit"}
CONDITION = {"nb": "dersom forskjellen skyldes innsatsen", "nn": "dersom skilnaden kjem av innsatsen"}
CONDITION["en"] = "if the difference is due to the intervention"


@cache
def catalogue(code):
    return read_yaml(stages.STRINGS.with_name(f"{code}.yaml")).data


def report(material, code="nb"):
    """The section on cost alone."""
    book = Book(Language.of(code, catalogue(code)), catalogue(code))
    sections = numbered(list(cost_sections(Writer(material, book))))
    return {"sections": sections, "numbers": book.numbers}


def words(material, code="nb"):
    return said_in(report(material, code))


def said_in(found):
    """The running text of a section."""
    texts = [b["runs"] for part in found["sections"] for b in part["blocks"] if b["type"] == "paragraph"]
    return " ".join(printed.text(runs) for runs in texts).replace("\u00a0", " ")


def single_figures(numbers):
    """Numbers that are a cost per further person in work, without the lower end of an interval that has no other."""
    about = ("per_person", "sensitivity/per_person")
    rows = [number["source"] for number in numbers.values() if number["source"]["row"].startswith(about)]
    return [row["column"] for row in rows if row["column"] != "conf_low"]


def test_a_card_without_assumptions_has_no_such_section():
    assert report(stages.material(stages.MENTOR))["sections"] == []
    assert "kostnad" not in [part["id"] for part in stages.report(stages.MENTOR)["sections"]]


def test_the_section_comes_after_the_uncertainty_and_before_what_it_means():
    order = [part["id"] for part in stages.report(stages.HPMT)["sections"]]
    assert order.index("usikkerhet") < order.index("kostnad") < order.index("betydning")


@pytest.mark.parametrize("code", CODES)
def test_hpmt_has_no_single_cost_per_person_in_any_language(code):
    material = stages.material(stages.HPMT)
    assert single_figures(report(material, code)["numbers"]) == []
    for sentence in OPEN_WORDS[code]:
        assert sentence in words(material, code)


@pytest.mark.parametrize("code", CODES)
@given(further=st.floats(1, 1e6), middle=st.floats(-0.4, 0.4), below=st.floats(0.001, 0.5), above=st.floats(0.001, 0.5))
@settings(max_examples=12, deadline=None)
def test_an_interval_with_zero_never_gives_a_single_cost_without_its_words(code, further, middle, below, above):
    estimates = cost_reports.effect(middle, middle - below, middle + above)
    assumed = {"value": further, "low": further / 2, "high": further * 2, "certainty": "assumed"}
    material = cost_reports.material(stages.HPMT, estimates, other_treated=assumed, **cost_reports.ONLY_COSTS)
    ended = middle - below > 0
    found = report(material, code)
    said = said_in(found)
    assert bool(single_figures(found["numbers"])) == ended
    if middle - below <= 0 < middle + above:
        assert all(sentence in said for sentence in OPEN_WORDS[code])
    book = Book(Language.of(code, catalogue(code)), catalogue(code))
    costs = Costs(material.tables["cost"])
    for grade in ("low", "high"):
        cell = book.plain(compared_cells(book, costs, verbs="randomised", grade=grade)[1])
        assert (CELL_WORDS[code] in cell) == (middle - below <= 0 < middle + above)
        assert bool(re.search(r"\d", cell)) == (middle + above > 0)
    assert bool(single_figures(book.numbers)) == ended


def test_a_single_figure_for_an_open_interval_would_be_found():
    """The defect that the test above looks for, planted."""
    material = stages.material(stages.HPMT)
    table = material.tables["cost"].copy()
    row = table["quantity"].eq("per_person")
    table.loc[row, ["value", "conf_high", "status"]] = [245_000.0, 999_000.0, "bounded"]
    changed = replace(material, tables={**material.tables, "cost": table})
    assert "value" in single_figures(report(changed)["numbers"])
    assert OPEN_WORDS["nb"][0] not in words(changed)


@pytest.mark.parametrize("code", CODES)
def test_a_cost_per_person_is_conditional_unless_the_evidence_carries_it(code):
    assert CONDITION[code] in words(TURNS["cost: clear"], code).lower()
    assert CONDITION[code] in words(stages.material(stages.HPMT), code).lower()
    # What stands over the accounts is always conditional.
    before, _, _ = words(TURNS["cost: trusted"], code).partition(catalogue(code)["cost"]["assuming"][:30])
    assert CONDITION[code] not in before.lower()


@pytest.mark.parametrize(
    ("verbs", "grade", "sure"),
    [
        ("randomised", "high", True),
        ("did_checked", "moderate", True),
        ("randomised", "low", False),
        ("adjusted", "high", False),
        ("description", "moderate", False),
    ],
)
def test_only_a_trusted_effect_is_priced_without_a_condition(verbs, grade, sure):
    assert is_sure(verbs, grade) == sure


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "clear",
            "hver ekstra person i arbeid 150 000 kroner (95 prosent konfidensintervall (KI): 100 000 til 300 000)",
        ),
        ("clear", "svarer forskjellen til +6,7 personer i arbeid (95 prosent KI: 3,3 til 10,0)"),
        ("clear", "For samfunnet etter 4 måneder (KI: 3 til 8)"),
        ("against", "Da er det ingen kostnad per ekstra person i arbeid å oppgi."),
        ("against", "For samfunnet aldri; for offentlige budsjetter aldri."),
        ("cheaper", "Innsatsen er 12 000 kroner billigere per deltaker."),
        ("cheaper", "ingen merkostnad å dele på flere i arbeid."),
        ("the same", "Kostnaden er den samme."),
        ("another outcome", "ikke regnet ut: hovedutfallet er ikke andelen i arbeid på et tidspunkt."),
        ("no comparison", "ikke regnet ut: det er ingen sammenligningsgruppe."),
        ("no interval", "ikke regnet ut: forskjellen i andel i arbeid har ikke noe intervall."),
    ],
)
def test_each_turn_has_its_sentence(name, sentence):
    assert sentence in words(TURNS[f"cost: {name}"])


def test_without_accounts_there_is_no_table_of_them_and_the_figure_is_about_the_participant():
    found = report(TURNS["cost: only costs"])
    assert "tab-regnskap" not in printed.blocks_of(found, "table")
    figure = printed.blocks_of(found, "figure")["fig-kostnad"]
    assert printed.text(figure["caption"]).startswith("Merkostnaden per deltaker")


def test_the_cost_per_person_moves_with_each_assumption_in_words_where_it_has_no_end():
    hpmt = {row[0]: row[1:] for row in printed.rows_of(report(stages.material(stages.HPMT)), "tab-per-person")}
    ends = hpmt["Andre kostnader per person, med innsatsen, kroner"]
    assert [end.replace("\u00a0", " ") for end in ends] == [
        "minst 31 000, ingen øvre grense",
        "minst 252 000, ingen øvre grense",
    ]
    turning = printed.rows_of(report(TURNS["cost: cheaper at one end"]), "tab-per-person")[0]
    assert [end.replace("\u00a0", " ") for end in turning[1:]] == ["ingen merkostnad", "200 000"]


def test_every_assumption_stands_in_the_table_with_source_or_as_assumed():
    rows = printed.rows_of(report(stages.material(stages.HPMT)), "tab-forutsetninger")
    cost = stages.card(stages.HPMT).cost.assumptions()
    assert len(rows) == len(cost)
    for row, item in zip(rows, cost.values(), strict=True):
        assert ("antatt" in row[3]) == (item.certainty == "assumed")
        assert (item.source or "antatt") in row[3]
    assert rows[0][1:3] == ["900\u00a0000", "800\u00a0000 til 1\u00a0100\u00a0000"]


@pytest.mark.parametrize("name", [*TURNS])
def test_every_number_is_that_of_its_row(name):
    table = TURNS[name].tables["cost"]
    rows = {"/".join(row[list(NAMES)].dropna()): row for _, row in table.iterrows()}
    assert len(rows) == len(table)
    own = [number for number in report(TURNS[name])["numbers"].values() if number["source"]["table"] == "cost"]
    assert len(own) > 15
    for number in own:
        assert rows[number["source"]["row"]][number["source"]["column"]] == number["value"]


@pytest.mark.parametrize("code", CODES)
def test_no_digit_stands_in_the_section_without_a_reference(code):
    material = stages.material(stages.HPMT)
    notes = [item.note for item in material.card.cost.assumptions().values() if item.note]
    stated = [Writer(material, Book(Language.of(code, catalogue(code)), catalogue(code))).text(note) for note in notes]
    stated += [source.id for source in material.card.sources]
    for runs in printed.all_runs(report(material, code)):
        plain = "".join("" if "number" in run else run["text"] for run in runs)
        for form in sorted(stated, key=len, reverse=True):
            plain = plain.replace(form, "")
        assert not re.search(r"\d", plain), plain


def test_the_numbers_of_page_and_paper_are_those_of_the_model():
    whole = deepcopy(stages.report(stages.HPMT))
    kept = [part for part in whole["sections"] if part["id"] in ("sammendrag", "kostnad")]
    found = {**whole, "sections": numbered(kept)}
    css = (SHARED / "report.css").read_text("utf-8")
    page = html.render(found, css=css, fonts={}, template_folder=SHARED)
    paper = pdf.render(found, template=SHARED / "report.typ", font_folder=SHARED / "fonts")
    known = printed_numbers.of_model(found)
    assert printed_numbers.of_page(page.encode("utf-8")) - known == set()
    seen, pages = printed_numbers.of_paper(paper)
    assert seen - known - {str(number) for number in range(1, pages + 1)} == set()


def test_the_figure_has_a_row_per_range_the_ends_in_shapes_and_says_its_numbers():
    figure = printed.blocks_of(report(stages.material(stages.HPMT)), "figure")["fig-kostnad"]
    table = stages.material(stages.HPMT).tables["cost"].query("quantity == 'sensitivity' and account == 'society'")
    rows = figure["data"]["rows"]
    assert [[row["low"], row["high"]] for row in rows] == [
        pytest.approx(list(ends["value"] / 1000)) for _, ends in table.groupby("assumption", sort=False)
    ]
    assert len(figure["table"]["rows"]) == len(rows)
    for text in figure["table"]["rows"][0][1:]:
        assert printed.text(text).removeprefix("+") in printed.text(figure["alt"])
    assert tornado_figure.LOW["marker"] != tornado_figure.HIGH["marker"]
    drawn = figures.draw("tornado", figure["data"])
    assert drawn == figures.draw("tornado", figure["data"])
    for row in rows:
        assert row["label"].split(" ")[0] in drawn.decode("utf-8")


def test_a_bar_reaches_from_one_end_to_the_other_whichever_is_the_larger():
    row = {"label": "prøve", "text": ""}
    data = {"low_label": "lav", "high_label": "høy", "x_label": "x", "rows": [{**row, "low": 4.0, "high": -2.0}]}
    data |= {
        "references": [{"value": 1.0, "label": "midt"}],
        "x_ticks": [{"value": v, "label": str(v)} for v in (-2, 4)],
    }
    with canvas.drawing():
        axes = tornado_figure.tornado(data, None).figure.axes[0]
    (bar,) = axes.patches
    assert (bar.get_x(), bar.get_width()) == (-2.0, 6.0)
    marked = {line.get_marker(): line.get_xdata()[0] for line in axes.lines if line.get_marker() in ("o", "D")}
    assert marked == {"o": 4.0, "D": -2.0}


@pytest.mark.parametrize(
    ("kroner", "code", "text"),
    [
        (45_428.57, "nb", "45 000"),
        (45_500, "nb", "46 000"),
        (-61_773.9, "nb", "\u221262 000"),
        (9_949, "nb", "9900"),
        (9_960, "nb", "10 000"),
        (671.9, "nn", "700"),
        (0, "nb", "0"),
        (1_234_567, "en", "1,235,000"),
    ],
)
def test_amounts_are_rounded_to_thousands_and_small_ones_to_hundreds(kroner, code, text):
    assert Language.of(code, catalogue(code)).amount(kroner).replace("\u00a0", " ") == text


def test_a_cohort_without_assumptions_is_not_stated_and_says_no_number():
    book = Book(Language.of("nb", catalogue("nb")), catalogue("nb"))
    empty = Costs(pd.DataFrame(columns=stages.material(stages.HPMT).tables["cost"].columns))
    assert compared_cells(book, empty, verbs="randomised", grade="high") == ["ikke oppgitt", "ikke oppgitt", "–", "–"]
    assert book.numbers == {}
