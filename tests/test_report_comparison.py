"""The comparison report: every number from a released row, nothing ranked, made-up data in a chapter of their own."""

import io
import re
import zipfile

import openpyxl
import pandas as pd
import printed
import pytest
import stages
from python_calamine import CalamineWorkbook

from analysis.compare import CohortResult, comparability, comparison
from analysis.compare_horizons import horizons
from analysis.files import read_csv, write_csv, write_json
from analysis.pooling import pooled
from analysis.questions import read_questions
from analysis.report import html, kit, pdf, xlsx
from analysis.report.comparison_report import build_comparison
from analysis.tables import COST_TEXTS

SHARED = stages.ROOT / "reports" / "_shared"
QUESTIONS = stages.ROOT / "reports" / "sammenligning" / "questions.yaml"
COHORTS = (*stages.PUBLISHED, stages.NSW)
MADE_UP = "made_up"
TABLES = {"comparison": comparison, "horizons": horizons, "pairs": comparability, "synthesis": pooled}


def made_up_card():
    """NSW as if its data were made up."""
    card = stages.card(stages.NSW)
    return card.model_copy(update={"data_kind": "synthetic"})


def result(cohort):
    card = made_up_card() if cohort == MADE_UP else stages.card(cohort)
    source = stages.NSW if cohort == MADE_UP else cohort
    return CohortResult(card, stages.estimates(source), stages.material(source).grade)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Review folders, finished reports and the tables of the comparison, as the rules leave them."""
    folder = tmp_path_factory.mktemp("review")
    reports = []
    for cohort in (*COHORTS, MADE_UP):
        source = stages.NSW if cohort == MADE_UP else cohort
        stated = stages.figures(source) if source in stages.PUBLISHED else None
        stages.write_review(folder / cohort, result(cohort).card, stages.tables(source), stated)
        report = {**stages.report(source), "data_kind": result(cohort).card.data_kind}
        path = folder / "reports" / cohort / f"{cohort}.nb.json"
        write_json(path, report)
        reports.append(path)
    results = {cohort: result(cohort) for cohort in (*COHORTS, MADE_UP)}
    for name, make in TABLES.items():
        write_csv(make(results), folder / "comparison" / f"{name}.csv")
    return folder, reports, {name: read_csv(folder / "comparison" / f"{name}.csv") for name in TABLES}


@pytest.fixture(scope="module")
def report(inputs):
    return build_comparison(*inputs, read_questions(QUESTIONS), "nb", stages.STRINGS)


def first_column(report, name):
    return [row[0] for row in printed.rows_of(report, name)]


def test_the_page_and_the_pdf_are_made_from_the_model_alone(report):
    page = html.render(report, css="", fonts={400: b"font"}, template_folder=SHARED)
    assert report["title"] in page
    assert pdf.render(report, template=SHARED / "report.typ", font_folder=SHARED / "fonts").startswith(b"%PDF")


def test_the_workbook_and_the_archive_hold_its_tables_and_no_banner_of_the_whole(report, inputs):
    names = CalamineWorkbook.from_filelike(io.BytesIO(xlsx.render(report))).sheet_names
    tables = len(printed.blocks_of(report, "table"))
    assert names == ["LES MEG", *names[1:-1], "Kodebok"]
    assert [name for name in names if name.startswith("T")] == [f"T{number + 1}" for number in range(tables)]
    with zipfile.ZipFile(io.BytesIO(kit.render(report, inputs[2]))) as archive:
        data = {name for name in archive.namelist() if name.startswith("data/")}
        assert not archive.read("LES-MEG.txt").decode().startswith("Syntetiske data")
        told = archive.read("tables/tab-tall-syntetisk.tex").decode(), archive.read("tables/tab-tall.tex").decode()
    assert [text.startswith("% Syntetiske data. ") for text in told] == [True, False]
    assert data == {f"data/{name}.dta" for name, table in inputs[2].items() if len(table)}
    assert {"data/comparison.dta", "data/horizons.dta", "data/pairs.dta"} <= data


def test_sheets_of_made_up_data_say_so_and_no_other_does(report):
    made_up = {name for name in printed.blocks_of(report, "table") if name.endswith("-syntetisk")}
    assert len(made_up) > 1
    workbook = openpyxl.load_workbook(io.BytesIO(xlsx.render(report)))
    for name, block in printed.blocks_of(report, "table").items():
        sheet = workbook[f"T{block['number']}"]
        marks = [str(sheet["A3"].value), str(sheet.oddHeader.center.text).strip()]
        assert [mark.startswith("Syntetiske data. ") for mark in marks] == [name in made_up] * 2


def test_hpmt_stands_with_both_times_and_empty_columns_say_why(report):
    row = next(row for row in printed.rows_of(report, "tab-tall") if row[0] == "HPMT mot kontrollkontorer")
    nbsp, minus = "\u00a0", "\u2212"
    assert row[1] == f"23,6{nbsp}%"
    assert row[2:4] == ["ikke målt", "ikke målt"]
    assert row[4] == f"18 md.: +6,1 ({minus}3,7 til 15,9); 24 md.: +6,4 ({minus}3,5 til 16,3)"
    assert row[5] == "fulgt for kort"
    assert row[6] == "1,26 (18 md.)"


def test_what_may_not_be_compared_says_so_in_its_cell(report):
    rows = {row[0]: row for row in printed.rows_of(report, "tab-tall")}
    assert set(rows["Mentor, hybridmodell"][2:6]) == {"kan ikke sammenlignes: annet utfall"}
    assert set(rows["Supported Employment, KLAR"][2:6]) == {"kilden oppgir ingen tall"}


def test_rows_follow_the_questions_and_never_the_effects(inputs, report):
    shown = first_column(report, "tab-tall")
    folder, reports, tables = inputs
    turned = {**tables, "horizons": tables["horizons"].assign(estimate=-tables["horizons"]["estimate"])}
    again = build_comparison(folder, reports, turned, read_questions(QUESTIONS), "nb", stages.STRINGS)
    assert first_column(again, "tab-tall") == shown
    assert shown[0] == "HPMT mot kontrollkontorer"
    assert shown == first_column(report, "tab-provd") == first_column(report, "tab-tillit")


def test_made_up_data_stand_in_the_demonstration_alone(report):
    chapter = printed.section(report, "metodedemonstrasjon")
    assert [block["id"] for block in chapter["blocks"] if block["type"] == "table"] == [
        "tab-provd-syntetisk",
        "tab-tall-syntetisk",
    ]
    assert chapter["blocks"][0]["title"] == "Syntetiske data"
    used = {
        name: {run["number"] for runs in printed.section_runs(part) for run in runs if "number" in run}
        for name, part in ((part["id"], part) for part in report["sections"])
    }
    from_made_up = {
        name for name, number in report["numbers"].items() if number["source"]["table"].startswith(f"{MADE_UP}/")
    }
    assert used["metodedemonstrasjon"] & from_made_up
    assert not any(numbers & from_made_up for name, numbers in used.items() if name != "metodedemonstrasjon")


def test_every_number_is_a_row_of_a_released_table_with_that_value(inputs, report):
    tables, counted = inputs[2], 0
    for number in report["numbers"].values():
        cohort, _, table = number["source"]["table"].rpartition("/")
        if not cohort or table not in ("horizons", "comparison"):
            continue
        own = tables[table][tables[table]["cohort"].eq(cohort)]
        if table == "horizons":
            own = own[own["months"].eq(int(number["source"]["row"]))]
        assert own[number["source"]["column"]].tolist() == [number["value"]]
        counted += 1
    assert counted > 20


def test_every_digit_of_the_tables_is_a_number_of_the_model_or_a_name(report):
    """Digits outside numbers stand in titles, names, times and what a card or the catalogue says in words."""
    for name in ("tab-tall", "tab-tall-syntetisk"):
        block = printed.blocks_of(report, "table")[name]
        for cells in block["rows"]:
            for cell in cells[1:]:
                plain = "".join(run["text"] for run in cell if "number" not in run)
                assert not re.search(r"\d", plain), plain


def test_the_sentences_are_those_of_the_reports_with_the_same_numbers(report):
    told = printed.section_text(report, "svar-hpmt")
    own = printed.section_text(stages.report(stages.HPMT), "sammendrag").split("\n")[0]
    assert own in told
    assert "Tillit til resultatet: lav." in told


def test_a_neighbour_is_marked_as_one(report):
    assert "(nabo, svarer på et annet spørsmål)" in printed.section_text(report, "svar-supported-employment")


def test_costs_stand_in_the_order_of_the_other_tables_and_in_words_where_they_have_no_end(report):
    rows = {row[0]: row[1:] for row in printed.rows_of(report, "tab-kostnad")}
    assert first_column(report, "tab-kostnad") == first_column(report, "tab-tillit")
    further, person, year, basis = rows["HPMT mot kontrollkontorer"]
    assert (further, year, basis) == ("+15\u00a0000 kroner", "2025", "2 av 15")
    assert person.startswith("ikke ett tall: minst 94\u00a0000 kroner, ingen øvre grense")
    klar = rows["Supported Employment, KLAR"]
    assert klar[:2] == [
        "+45\u00a0000 kroner",
        "ikke regnet ut: rapporten har ikke noe anslag på forskjellen i andel i arbeid",
    ]
    assert rows["Mentor, hybridmodell"] == ["ikke oppgitt", "ikke oppgitt", "–", "–"]


def test_another_cost_moves_no_row(inputs, report):
    folder, reports, tables = inputs
    path = folder / stages.HPMT / "cost.csv"
    before = path.read_text(encoding="utf-8")
    table = read_csv(path, text=COST_TEXTS)
    write_csv(table.assign(value=table["value"] * 1000), path)
    again = build_comparison(folder, reports, tables, read_questions(QUESTIONS), "nb", stages.STRINGS)
    path.write_text(before, encoding="utf-8")
    assert first_column(again, "tab-kostnad") == first_column(report, "tab-kostnad")
    assert printed.rows_of(again, "tab-kostnad") != printed.rows_of(report, "tab-kostnad")


def test_the_figure_holds_the_numbers_of_the_table_and_says_them_in_words(report):
    figure = printed.blocks_of(report, "figure")["fig-tall"]
    assert len(figure["data"]["rows"]) == 3
    assert printed.text(figure["alt"]).count("md.: ") == 3
    assert all(len(row) == 3 for row in figure["table"]["rows"])


def test_without_made_up_data_there_is_no_demonstration_and_without_numbers_no_figure(inputs):
    folder, reports, tables = inputs
    kept = {name: _without(table, (MADE_UP, stages.HPMT, stages.NSW)) for name, table in tables.items()}
    found = build_comparison(folder, reports, kept, read_questions(QUESTIONS), "nb", stages.STRINGS)
    names = [section["id"] for section in found["sections"]]
    assert "metodedemonstrasjon" not in names
    assert "fig-tall" not in printed.blocks_of(found, "figure")


def _without(table, gone):
    columns = [name for name in ("cohort", "cohort_a", "cohort_b") if name in table.columns]
    return table[~table[columns].isin(gone).any(axis=1)] if columns else pd.DataFrame(table)
