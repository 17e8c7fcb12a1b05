"""The last sheet of the workbook: unit, decimals and source of every column of numbers, and what the sources hold."""

from collections.abc import Iterable, Sequence

from analysis.report.data_columns import Column
from analysis.report.number_formats import decimals
from analysis.report.sheets import Sheet
from analysis.report.workbook_page import Page

WIDTHS = (24, 60, 54, 14, 30, 30)


def write(page: Page, held: Sequence[Sheet]) -> None:
    """Write the code book of the sheets."""
    words, last = page.words, page.words["last_sheet"]
    head = page.write_top(words["numeric_columns"], page.styles.caption)
    rows = [_described(sheet.name, column, page) for sheet in held for column in sheet.columns if column.numbers]
    if rows:
        columns = _columns(words["columns"].values(), rows)
        page.write_table(head, f"{last.replace(' ', '_')}_1", columns, WIDTHS)
        page.sheet.freeze_panes(head + 1, 0)
        page.sheet.repeat_rows(head)
        _write_sources(page, head + len(rows) + 2, held)


def _described(sheet: str, column: Column, page: Page) -> tuple[str, ...]:
    """A row about a column; where its numbers differ, all that they have."""
    numbers, words = column.numbers, page.words["units"]
    printed = sorted({decimals(number, page.report["formats"]["decimal"]) for number in numbers})
    return (
        sheet,
        column.label,
        "; ".join(dict.fromkeys(words[number.unit] for number in numbers)),
        str(printed[0]) if len(printed) == 1 else f"{printed[0]}\N{EN DASH}{printed[-1]}",
        "; ".join(dict.fromkeys(number.table for number in numbers)),
        "; ".join(dict.fromkeys(number.column for number in numbers)),
    )


def _columns(heads: Iterable[str], rows: Sequence[tuple[str, ...]]) -> list[Column]:
    return [Column(head, cells, True) for head, cells in zip(heads, zip(*rows, strict=True), strict=True)]


def _write_sources(page: Page, row: int, held: Sequence[Sheet]) -> None:
    """What each released table behind the numbers holds; one of a cohort is named ``cohort/table``."""
    words, last = page.words, page.words["last_sheet"]
    names = sorted({number.table for sheet in held for column in sheet.columns for number in column.numbers})
    rows = [(name, words["tables"][name.rpartition("/")[2]]) for name in names]
    page.sheet.write_string(row, 0, words["source_tables"], page.styles.caption)
    columns = _columns(words["source_columns"].values(), rows)
    page.write_table(row + 1, f"{last.replace(' ', '_')}_2", columns, WIDTHS[: len(columns)])
