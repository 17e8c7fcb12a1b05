"""A sheet of the workbook: what all of them share, and a table of the report with its caption and note."""

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from analysis.report.canvas import WARN
from analysis.report.data_columns import Cell, Column, Number
from analysis.report.number_formats import number_format
from analysis.report.sheets import Sheet

# A sentence of a note stands in a row of its own.
SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-ZÆØÅ])")
LINK = "#0063C1"
TABLE_STYLE = "Table Style Light 1"
A4 = 9
# Widths in digits, as spreadsheets count: of numbers, and of text between a narrow and a wide column. Bold and indented
# text takes more; ordinary letters are narrower than digits.
NUMBERS, NARROW, WIDE = 13, 12, 44
ROOM = 2
LETTERS = 1.1
LINE = 15.0  # points


class Exact(float):
    """A number that is written so that the same one is read: xlsxwriter writes 16 digits, and some need 17."""

    def __format__(self, spec: str) -> str:
        return repr(float(self))


class Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, workbook: Workbook):
        self._workbook = workbook
        self._numbers: dict[str, Format] = {}
        wrapped = {"text_wrap": True, "valign": "top"}
        head = {**wrapped, "bold": True, "bottom": 1, "top": 1}
        self.title = workbook.add_format({"bold": True, "font_size": 14})
        self.caption = workbook.add_format({"bold": True, "font_size": 12})
        self.heading = workbook.add_format(head)
        self.heading_beside = workbook.add_format({**head, "align": "left", "indent": 1})
        self.heading_of_numbers = workbook.add_format({**head, "align": "right", "indent": 1})
        self.term = workbook.add_format({**wrapped, "bold": True})
        self.text = workbook.add_format(wrapped)
        self.text_beside = workbook.add_format({**wrapped, "align": "left", "indent": 1})
        self.warning = workbook.add_format({"bold": True, "font_color": WARN})
        self.link = workbook.add_format({"font_color": LINK, "underline": 1, "valign": "top"})

    def number(self, pattern: str) -> Format:
        """The format with this pattern."""
        if pattern not in self._numbers:
            look = {"num_format": pattern, "align": "right", "indent": 1, "valign": "top"}
            self._numbers[pattern] = self._workbook.add_format(look)
        return self._numbers[pattern]


class Page:
    """A worksheet with the page set-up, header and footer of the workbook; rows are counted from 0."""

    def __init__(self, workbook: Workbook, styles: Styles, report: dict[str, Any], name: str, warning: str):
        self.report, self.styles, self.name = report, styles, name
        self.words, self.warning = report["files"], warning
        self.sheet = workbook.add_worksheet(name)
        self._set_up()

    def _set_up(self) -> None:
        labels = self.report["labels"]
        self.sheet.set_paper(A4)
        self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)
        if self.warning:
            self.sheet.set_header(f"&C {_escaped(self.warning)}")
        pages = f"{labels['page']} &P {labels['of']} &N"
        self.sheet.set_footer(f"&L {_escaped(self.report['short_title'])}&C {self.name}&R {pages}")

    def write_top(self, title: str, style: Format) -> int:
        """Write title, way back and banner; return the row below them."""
        self.sheet.write_string(0, 0, title, style)
        row = 1
        if self.name != self.words["first_sheet"]:
            first = self.words["first_sheet"]
            self.write_link(row, first, self.words["back"].format(sheet=first))
            row += 1
        if self.warning:
            self.sheet.write_string(row, 0, self.warning, self.styles.warning)
            row += 1
        return row

    def write_link(self, row: int, sheet: str, text: str) -> None:
        """Write a link to the top of another sheet in the first column."""
        self.sheet.write_url(row, 0, f"internal:'{sheet}'!A1", self.styles.link, text)

    def write_sheet(self, sheet: Sheet) -> None:
        """Write a table of the report."""
        head = self.write_top(sheet.caption, self.styles.caption)
        self.write_table(head, self._table_name(), sheet.columns, [width(column) for column in sheet.columns])
        self.sheet.freeze_panes(head + 1, 1)
        self.sheet.repeat_rows(head)
        if sheet.note:
            for place, sentence in enumerate(SENTENCE.split(sheet.note), start=head + sheet.rows + 2):
                self.sheet.write_string(place, 0, sentence)

    def _table_name(self) -> str:
        """``Tabell_1``: a name such as T1 would be a cell."""
        kind = "table" if self.name.startswith("T") else "figure"
        return f"{self.report['labels'][kind]}_{self.name[1:]}"

    def write_table(self, head: int, name: str, columns: Sequence[Column], widths: Sequence[float]) -> None:
        """Write a native table with its heads at row `head`; `widths` in characters."""
        area = (head, 0, head + len(columns[0].cells), len(columns) - 1)
        options = {
            "name": name,
            "style": TABLE_STYLE,
            "autofilter": False,
            "columns": [
                {"header": column.label, "header_format": self._heading(place, column)}
                for place, column in enumerate(columns)
            ],
        }
        if not columns[0].cells:
            # A native table has at least one row of data; the heads of an empty one are cells.
            for place, column in enumerate(columns):
                self.sheet.write_string(head, place, column.label, self._heading(place, column))
        elif self.sheet.add_table(*area, options) != 0:
            raise ValueError(f"the table on sheet {self.name} cannot be written")
        for place, column in enumerate(columns):
            self.sheet.set_column(place, place, widths[place])
            for row, cell in enumerate(column.cells, start=head + 1):
                self._write(row, place, cell)
        self.set_height(head, [column.label for column in columns], [wide / LETTERS for wide in widths])
        for row, cells in enumerate(zip(*(column.cells for column in columns), strict=True), start=head + 1):
            self.set_height(row, [cell if isinstance(cell, str) else "" for cell in cells], widths)
        # Text as printed may look like a number of the reader's own language, and that is no mistake.
        self.sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})

    def _heading(self, place: int, column: Column) -> Format:
        if column.numbers:
            return self.styles.heading_of_numbers
        return self.styles.heading_beside if place else self.styles.heading

    def set_height(self, row: int, texts: Sequence[str], widths: Sequence[float]) -> None:
        """Make a row as high as its wrapped texts; not every program does that by itself."""
        lines = (len(textwrap.wrap(text, int(wide * LETTERS))) for text, wide in zip(texts, widths, strict=True))
        self.sheet.set_row(row, LINE * max(1, *lines))

    def _write(self, row: int, place: int, cell: Cell) -> None:
        if isinstance(cell, Number):
            pattern = number_format(cell, self.report["formats"])
            self.sheet.write_number(row, place, Exact(cell.value), self.styles.number(pattern))
        elif cell:
            self.sheet.write_string(row, place, cell, self.styles.text_beside if place else self.styles.text)


def _escaped(text: str) -> str:
    """Text for a header or footer, where & begins a code."""
    return text.replace("&", "&&")


def width(column: Column) -> float:
    """How wide a column is, in characters: as wide as its text, within bounds; longer text is wrapped."""
    longest_word = ROOM + max(len(word) for word in column.label.split())
    if column.numbers:
        return max(NUMBERS, longest_word)
    longest = max((len(str(cell)) for cell in column.cells), default=0)
    return max(min(max(longest + ROOM, NARROW), WIDE), longest_word)
