"""The workbook holds every number of the report as it was released, shown as the report prints it."""

import datetime as dt
import io
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

import openpyxl
import pytest
import stages
from office_readers import held, released, strange_sheets
from planted import NUMBER, TENOR_RULE, written
from workbook_models import NAMES, report, small

from analysis.leakscan import Finding, scan_file
from analysis.report import xlsx
from analysis.report.data_columns import Number, labels
from analysis.report.language import MINUS, NBSP, Language
from analysis.report.number_formats import decimals, number_format
from analysis.tables import RELEASED
from analysis.yamlio import read_yaml

SOFT_HYPHEN = "\u00ad"


def opened(model):
    return openpyxl.load_workbook(io.BytesIO(xlsx.render(model)))


@pytest.fixture(scope="module", params=NAMES)
def book(request):
    """A report and its workbook."""
    return report(request.param), opened(report(request.param))


def grid(sheet):
    """Heads and cells of the first native table on a sheet."""
    (area, *_) = (table.ref for table in sheet.tables.values())
    rows = list(sheet[area])
    return [cell.value for cell in rows[0]], rows[1:]


def text(runs):
    return "".join(run["text"] for run in runs).replace(SOFT_HYPHEN, "")


def shown(value, pattern, mark):
    """A number as a spreadsheet shows it under a pattern of ours."""
    above, below, zero = (part or None for part in pattern.split(";"))
    part = zero if value == 0 else below if value < 0 else above
    body = re.search(r"[#0][#0,]*(\.0+)?", part)[0]
    number = Decimal(repr(float(abs(value)))) * (100 if "%" in part else 1)
    rounded = number.quantize(Decimal(1).scaleb(-len(body.partition(".")[2])), rounding=ROUND_HALF_UP)
    digits = f"{rounded:,}" if "," in body else str(rounded)
    whole, _, rest = digits.partition(".")
    thousands = {",": NBSP, ".": ","}[mark]
    spelled = whole.replace(",", thousands) + (mark + rest if rest else "")
    return part.replace(body, spelled).replace('"', "")


def test_sheets_are_the_tables_and_figures_of_the_report_by_number(book):
    model, workbook = book
    words = model["files"]
    names = [name for name, table in held(model) if table is not None]
    assert workbook.sheetnames == [words["first_sheet"], *names, words["last_sheet"]]
    assert len(names) > 3


def test_every_number_stands_as_released(book):
    model, workbook = book
    for name, table in held(model):
        _, rows = grid(workbook[name])
        for printed, cells in zip(table["rows"], rows, strict=True):
            wanted = Counter(value for cell in printed for value in released(cell, model["numbers"]))
            assert Counter(cell.value for cell in cells if isinstance(cell.value, (int, float))) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_another_reader_reads_the_same_numbers(name):
    model = report(name)
    content = xlsx.render(model)
    assert strange_sheets(content, model) == []
    tables = [(sheet, table["rows"]) for sheet, table in held(model) if table is not None]
    runs = [(sheet, run) for sheet, rows in tables for row in rows for cell in row for run in cell if "number" in run]
    sheet, name = runs[0][0], runs[0][1]["number"]
    other = {**model["numbers"], name: {**model["numbers"][name], "value": 123.456}}
    assert sheet in strange_sheets(content, {**model, "numbers": other})


def test_every_cell_reads_as_printed(book):
    """As the same text, or as a number whose format shows it."""
    model, workbook = book
    mark = "." if model["lang"] == "en" else ","
    for name, table in held(model):
        heads, rows = grid(workbook[name])
        for place, head in enumerate(labels(table, model["files"])):
            for printed, cells in zip(table["rows"], rows, strict=True):
                cell, wanted = cells[heads.index(head)], text(printed[place])
                if isinstance(cell.value, (int, float)):
                    literal = re.fullmatch('"([^"]*)"', cell.number_format)
                    assert (literal[1] if literal else shown(cell.value, cell.number_format, mark)) == wanted.strip()
                else:
                    assert (cell.value or "") == wanted


def test_the_report_says_of_made_up_data_what_they_are_on_each_sheet(book):
    model, workbook = book
    first = [[str(cell.value) for row in sheet.iter_rows(max_row=3) for cell in row] for sheet in workbook]
    if model["banner"] is None:
        assert not any("yntet" in value for values in first for value in values)
        assert not workbook.properties.category
        return
    told = f"{model['banner']['heading']}. {model['banner']['text']}"
    assert all(told in values for values in first)
    assert all(sheet.oddHeader.center.text.strip() == told for sheet in workbook)
    assert told in workbook.properties.description
    assert workbook.properties.category == model["banner"]["heading"]


def test_every_link_leads_to_a_sheet_and_each_sheet_is_linked_to_and_back(book):
    model, workbook = book
    first = model["files"]["first_sheet"]
    targets = {sheet.title: [link_of(row[0]) for row in sheet.iter_rows() if row[0].hyperlink] for sheet in workbook}
    assert targets.pop(first) == [name for name in workbook.sheetnames if name != first]
    assert set(map(tuple, targets.values())) == {(first,)}


def link_of(cell):
    assert cell.hyperlink.target is None
    return re.fullmatch(r"'(.*)'!A1", cell.hyperlink.location)[1]


def test_a_sheet_is_set_up_to_be_read_and_printed(book):
    model, workbook = book
    for name, _ in held(model):
        sheet = workbook[name]
        (table,) = sheet.tables.values()
        head = int(re.search(r"\d+", table.ref)[0])
        assert (table.headerRowCount, sheet.freeze_panes) == (1, f"B{head + 1}")
        assert sheet.print_title_rows == f"${head}:${head}"
        # As many pages down as it takes, one across.
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert not sheet.merged_cells.ranges
        assert sheet["A1"].value.startswith(model["labels"]["table" if name[0] == "T" else "figure"])


def test_the_code_book_describes_every_column_of_numbers_and_every_table_behind_them(book):
    model, workbook = book
    last = workbook[model["files"]["last_sheet"]]
    first, second = ([[cell.value for cell in row] for row in last[table.ref]] for table in last.tables.values())
    wanted = []
    for name, _ in held(model):
        heads, rows = grid(workbook[name])
        wanted += [
            (name, head)
            for head, column in zip(heads, zip(*rows, strict=True), strict=True)
            if any(map(numeric, column))
        ]
    assert [tuple(row[:2]) for row in first[1:]] == wanted
    assert all(all(row) for row in (*first, *second))
    sources = {number["source"]["table"] for number in model["numbers"].values()}
    named = {name for row in first[1:] for name in row[4].split("; ")}
    assert named == {row[0] for row in second[1:]} <= sources


def numeric(cell):
    return isinstance(cell.value, (int, float))


def test_properties_of_the_file_are_those_of_the_report(book):
    model, workbook = book
    found = workbook.properties
    assert (found.title, found.subject, found.creator) == (model["title"], model["subtitle"], model["author"])
    assert found.created == dt.datetime.fromisoformat(model["date"])
    assert found.created == found.modified
    (language,) = workbook.custom_doc_props.props
    assert language.value.startswith(model["lang"])


def test_the_same_report_gives_the_same_bytes(book):
    model, _ = book
    assert xlsx.render(model) == xlsx.render(model)


def test_a_column_of_one_number_a_cell_is_numbers_and_others_keep_their_words():
    heads, rows = grid(opened(small())["T1"])
    assert heads == [
        *("Hva", "Andel", "Punkt", "Punkt: tall, som andel", "Tall"),
        *("Grenser", "Grenser: nedre, som andel", "Grenser: øvre, som andel"),
        *("Mange", "Mange: tall 1", "Mange: tall 2", "p"),
        *("95 % KI, p", "95 % KI, p: nedre", "95 % KI, p: øvre", "95 % KI, 95 % KI", "95 % KI, 95 % KI: tall"),
    ]
    values = [cell.value for cell in rows[0]]
    assert values[:5] == ["tekst", 0.1 + 0.2, "0,0", -0.0004, 12345]
    assert values[5:12] == [f"{MINUS}25,0 til 10,0", -0.25, 0.1, "2 av 7", 2, 7, 0.0004]
    assert values[12:] == [f"{MINUS}25,0 til 10,0", -0.25, 0.1, "3", -3]
    assert rows[1][4].value == "vises ikke"


@pytest.mark.parametrize(
    ("number", "language", "wanted"),
    [
        (Number(0.297, f"29,7{NBSP}%", "percent", "t", "c"), "nb", f'0.0"{NBSP}"%;"{MINUS}"0.0"{NBSP}"%;0.0"{NBSP}"%'),
        (Number(0.297, "29.7%", "percent", "t", "c"), "en", f'0.0%;"{MINUS}"0.0%;0.0%'),
        (Number(0.061, "+6,1", "percentage_points", "t", "c"), "nb", f'"+"0.000;"{MINUS}"0.000;0.000'),
        (Number(-0.0004, "0,0", "percentage_points", "t", "c"), "nb", "0.000;0.000;0.000"),
        (Number(12345, f"12{NBSP}345", "number", "t", "c"), "nn", f'#,##0;"{MINUS}"#,##0;#,##0'),
        (Number(12345.6, "12,345.6", "number", "t", "c"), "en", f'#,##0.0;"{MINUS}"#,##0.0;#,##0.0'),
        (Number(-22, "22", "number", "t", "c"), "nb", f'0;"{MINUS}"0;0'),
        (Number(0.0004, f"<{NBSP}0,001", "p_value", "t", "c"), "nb", f'"<{NBSP}0,001"'),
    ],
)
def test_formats_show_what_the_report_prints(number, language, wanted):
    catalogue = read_yaml(stages.STRINGS.with_name(f"{language}.yaml")).data
    assert number_format(number, Language.of(language, catalogue).formats()) == wanted


def test_decimals_are_those_printed():
    assert [decimals(Number(1, shown, "number", "t", "c"), ",") for shown in ("1", "1,0", f"12{NBSP}345,67")] == [
        0,
        1,
        2,
    ]
    assert [decimals(Number(1, shown, "number", "t", "c"), ".") for shown in ("1", "1.0", "12,345.67")] == [0, 1, 2]


def test_text_that_looks_like_a_formula_or_a_link_stays_text():
    for words in ("=1+1", "+1", "https://example.org", "@SUM(A1)"):
        workbook = opened(small(text=words))
        cells = [cell for sheet in workbook for row in sheet.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells if cell.value is not None} <= {"s", "n"}
        assert [cell.value for cell in cells].count(words) == 3
        assert not any(cell.hyperlink and cell.hyperlink.target for cell in cells)


def test_a_title_cannot_break_the_footer():
    (footer,) = {sheet.oddFooter.left.text for sheet in opened(small(banner=True))}
    assert footer.strip() == "A && B"


def test_a_table_without_rows_has_its_heads(recwarn):
    """The comparison has one where every cohort but the synthetic ones waits for a signature."""
    model = small()
    table = model["sections"][0]["blocks"][0]
    table["rows"] = []
    sheet = opened(model)["T1"]
    assert "Andel" in [cell.value for row in sheet.iter_rows() for cell in row]
    assert not sheet.tables
    assert not recwarn.list


def test_columns_that_cannot_be_told_apart_are_refused():
    model = small()
    columns = model["sections"][0]["blocks"][0]["columns"]
    columns[1]["label"], columns[2]["label"] = "Hva: tall", "hva: TALL"
    with pytest.raises(ValueError, match="different names"):
        xlsx.render(model)


def test_a_planted_number_is_found_in_a_cell_and_in_the_properties(tmp_path):
    findings = scan_file(written(tmp_path, "a.xlsx", xlsx.render(small(text=f"Sak {NUMBER}"))))
    places = {finding.place for finding in findings if finding.rule == TENOR_RULE}
    assert any(place.startswith("xl/sharedStrings.xml") for place in places)
    assert any(place.startswith("docProps/core.xml") for place in places)
    assert NUMBER not in repr(findings)


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_workbook_is_let_through(name, tmp_path):
    assert scan_file(written(tmp_path, "a.xlsx", xlsx.render(report(name)))) == []


def test_what_is_planted_as_a_number_is_found_too(tmp_path):
    model = small()
    model["numbers"]["n1"]["value"] = int(NUMBER)
    assert Finding("a.xlsx", "xl/worksheets/sheet2.xml, celle B4", TENOR_RULE) in scan_file(
        written(tmp_path, "a.xlsx", xlsx.render(model))
    )


def test_every_released_table_is_described_in_each_language():
    for code in ("nb", "nn", "en"):
        assert set(RELEASED) <= set(small(code)["files"]["tables"])
