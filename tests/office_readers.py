"""Word and Excel files, as readers see them that share no code with the writers, held against the report's model."""

import io
import re
from collections.abc import Iterator
from typing import Any

import lxml.html
import mammoth
from python_calamine import CalamineWorkbook

DECIMAL = re.compile(r"-?\d+(\.\d+)?")


def word_page(content: bytes) -> Any:
    """A Word file as mammoth reads it, with its foot notes."""
    return lxml.html.document_fromstring(f"<main>{mammoth.convert_to_html(io.BytesIO(content)).value}</main>")


def missing_words(page: Any, report: dict) -> list[str]:
    """Texts of the model that do not stand on the page, each after the one before it. The page loses its note marks."""
    for mark in page.xpath("//sup"):
        mark.drop_tree()
    text, place, missing = letters(page.text_content()), 0, []
    for said in (*_said(report), *notes_of(report)):
        found = text.find(letters(said), place)
        if found < 0:
            missing.append(said)
        else:
            place = found + len(letters(said))
    return missing


def _said(report: dict) -> Iterator[str]:
    """Every text from the title to the last section, in the order in which it is read."""
    yield from (report["title"], report["subtitle"])
    yield from (part for field in report["meta"] for part in (field["term"], field["text"]))
    yield report["labels"]["contents"]
    yield from (section["title"] for section in report["sections"])
    for section in report["sections"]:
        yield section["title"]
        for block in section["blocks"]:
            yield from said_by(block, report)


def strange_sheets(content: bytes, report: dict) -> list[str]:
    """Sheets whose numbers, as calamine reads them, are not those behind the table or figure of that number."""
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    strange = []
    for name, table in held(report):
        if table is None:
            continue
        cells = (value for row in workbook.get_sheet_by_name(name).to_python() for value in row)
        wanted = {float(value) for row in table["rows"] for cell in row for value in released(cell, report["numbers"])}
        if {value for value in cells if isinstance(value, float)} != wanted:
            strange.append(name)
    return strange


def letters(text):
    return re.sub(r"[\s\xad]", "", text)


def plain(runs):
    return "".join(run["text"] for run in runs)


def caption(report, block):
    return f"{report['labels'][block['type']]} {block['number']}: {plain(block['caption'])}"


def said_by(block, report):
    """Every text of a block, in the order in which it is read."""
    match block["type"]:
        case "paragraph":
            return [plain(block["runs"])]
        case "callout":
            return [block["title"], plain(block["runs"])]
        case "list":
            return [plain(item) for item in block["items"]]
        case "definitions":
            return [plain(item[part]) for item in block["items"] for part in ("term", "text")]
        case "keyfigures":
            return [
                text for item in block["items"] for text in (item["value"]["text"], item["unit"], plain(item["text"]))
            ]
        case "table":
            cells = [plain(cell) for row in block["rows"] for cell in row]
            return [caption(report, block), *(column["label"] for column in block["columns"]), *cells]
        case "figure":
            return [caption(report, block)]
        case "equation":
            return [f"{report['labels']['formula']}: {block['alt']}"]


def notes_of(report):
    """Every foot note: of tables their own, of figures the sheet that holds their numbers."""
    for section in report["sections"]:
        for block in section["blocks"]:
            if block["type"] == "table" and block["note"]:
                yield plain(block["note"])
            if block["type"] == "figure" and block["table"]:
                yield report["word"]["figure_numbers"].format(sheet=f"F{block['number']}")


def held(model):
    """Sheet name and table of every table and figure, straight from the model."""
    for section in model["sections"]:
        for block in section["blocks"]:
            if block["type"] in ("table", "figure"):
                yield (
                    f"{block['type'][0].upper()}{block['number']}",
                    block if block["type"] == "table" else block["table"],
                )


def released(cell, numbers):
    """The values behind a printed cell; what a source states as a number is read as one."""
    values = [numbers[run["number"]]["value"] for run in cell if "number" in run]
    return [float(value) if isinstance(value, str) else value for value in values if is_number(value)]


def is_number(value):
    return not isinstance(value, str) or DECIMAL.fullmatch(value)
