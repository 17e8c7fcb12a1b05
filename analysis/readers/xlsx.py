"""Excel workbooks: one sheet, with the names of the columns in its first row."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from analysis.cards import File
from analysis.csv_rows import ROW
from analysis.problems import Problem
from analysis.readers.contract import SHOWN_ROWS, Source, Unreadable, checked_names, columns_wanted, row_words
from analysis.readers.text import cell_text

ID_TARGETS = ("person_id", "office_id")
OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"
ERROR_CELL = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)([0-9]+)"')
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def open_xlsx(file: File, path: Path, label: str) -> Source:
    """The rows of the card's sheet, numbered as Excel shows them.

    A cell that holds a number has no leading zeros, and Excel turns an id such as 1-2 into a date: such cells in a
    column of ids are told, and so are cells with one of Excel's errors, which would pass as missing.
    """
    with path.open("rb") as stream:
        if stream.read(4) == OLD_OR_LOCKED:
            what = "filen er passordbeskyttet, eller fra en Excel som er eldre enn 2007."
            raise Unreadable([Problem(label, what, "Lagre den på nytt som vanlig xlsx.")])
    rows = _cells(file, path, label)
    if not rows:
        raise Unreadable([Problem(label, f"arket «{file.sheet}» er tomt.")])
    titles = [cell_text(title, file).strip() for title in rows[0]]
    names = [title or f"__column{place}" for place, title in enumerate(titles, start=1)]
    checked_names(names, f"{label}, rad 1")
    problems = [*_id_problems(file, names, rows, label), *_error_problems(file, path, names, label)]
    return Source(names, _batches(file, names, rows, problems))


def _batches(file: File, names: list[str], rows: list[list[Any]], problems: list[Problem]) -> Iterator[pa.Table]:
    body = rows[1:]
    texts = [[cell_text(row[place], file) for row in body] for place in range(len(names))]
    columns = {name: pa.array(column, pa.string()) for name, column in zip(names, texts, strict=True)}
    yield pa.table(columns | {ROW: pa.array(range(2, len(rows) + 1), pa.int64())})
    if problems:
        raise Unreadable(problems, rows_stand=True)


def _cells(file: File, path: Path, label: str) -> list[list[Any]]:
    """The sheet from its first cell on; all rows are of one length."""
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as workbook:
            return workbook.get_sheet_by_name(file.sheet).to_python(skip_empty_area=False)
    except calamine.WorksheetNotFound:
        raise Unreadable([Problem(label, f"arket «{file.sheet}» finnes ikke.", "Rett sheet i kortet.")]) from None
    # Broken bytes make the reader raise its own errors, OSError, or what Rust calls a panic, which is no Exception.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        raise _broken(label) from None


def _id_problems(file: File, names: list[str], rows: list[list[Any]], label: str) -> list[Problem]:
    found = []
    for target in ID_TARGETS:
        column = file.columns.get(target)
        if column is None or column.column not in names:
            continue
        place = names.index(column.column)
        wrong = [number for number, row in enumerate(rows[1:], start=2) if not isinstance(row[place], str | None)]
        if wrong:
            what = "cellen er et tall eller en dato, og da er nuller foran i id-en borte."
            mend = "Gjør kolonnen til tekst i Excel og fyll den på nytt, eller lever CSV."
            found.append(Problem(_place(label, column.column, wrong), what, mend))
    return found


def _error_problems(file: File, path: Path, names: list[str], label: str) -> list[Problem]:
    """The wanted columns with cells that show #I/T, #REF! and the like."""
    rows: dict[str, list[int]] = {}
    for letters, number in ERROR_CELL.findall(_sheet_xml(file, path, label)):
        place = _column_place(letters)
        if place < len(names):
            rows.setdefault(names[place], []).append(int(number))
    what, mend = "cellen viser en feil fra Excel, som #I/T eller #REF!.", "Rett formelen, eller tøm cellen."
    return [Problem(_place(label, name, rows[name]), what, mend) for name in columns_wanted(file) if name in rows]


def _place(label: str, name: str, rows: list[int]) -> str:
    return f"{label}, {row_words(len(rows), rows[:SHOWN_ROWS])}, kolonne «{name}»"


def _column_place(letters: bytes) -> int:
    """0 for A, 25 for Z, 26 for AA."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place - 1


def _sheet_xml(file: File, path: Path, label: str) -> bytes:
    """The part of the workbook that holds the card's sheet."""
    from lxml import etree

    safe = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        with zipfile.ZipFile(path) as parts:
            book = etree.fromstring(parts.read("xl/workbook.xml"), safe)
            links = etree.fromstring(parts.read("xl/_rels/workbook.xml.rels"), safe)
            key = next(sheet.get(RELATION) for sheet in book.iter("{*}sheet") if sheet.get("name") == file.sheet)
            target = next(link.get("Target") for link in links if link.get("Id") == key)
            return parts.read(posixpath.normpath(posixpath.join("/xl", target)).lstrip("/"))
    # A part that is broken or not there: zipfile, zlib and lxml each have errors of their own.
    except Exception:
        raise _broken(label) from None


def _broken(label: str) -> Unreadable:
    mend = "Er formatet riktig i kortet, og er hele filen kommet fram?"
    return Unreadable([Problem(label, "filen kan ikke leses som xlsx.", mend)])
