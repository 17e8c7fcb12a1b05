"""The report's tables as an Excel workbook, with the released numbers behind every printed one.

Written from the model alone. Nothing is a formula: every text is written as one, whatever it looks like.
"""

import datetime as dt
import io
from typing import Any

from xlsxwriter import Workbook

from analysis.report import code_book, front_sheet, sheets
from analysis.report.workbook_page import Page, Styles


def render(report: dict[str, Any]) -> bytes:
    """Return the workbook, the same bytes for the same report.

    First a sheet that explains and links to the others, then one sheet per table (``T1``) and per figure (``F1``), last
    the code book. Two columns of one table with the same name raise ValueError.
    """
    stream = io.BytesIO()
    workbook = Workbook(stream, {"in_memory": True})
    _describe(workbook, report)
    styles, held, words = Styles(workbook), sheets.sheets(report), report["files"]
    front = Page(workbook, styles, report, words["first_sheet"], sheets.warning(report))
    front_sheet.write(front, held)
    for sheet in held:
        Page(workbook, styles, report, sheet.name, sheet.warning).write_sheet(sheet)
    back = Page(workbook, styles, report, words["last_sheet"], sheets.warning(report))
    code_book.write(back, held)
    workbook.close()
    return stream.getvalue()


def _describe(workbook: Workbook, report: dict[str, Any]) -> None:
    """Properties of the file; made-up data say so there too."""
    workbook.set_properties(
        {
            "title": report["title"],
            "subject": report["subtitle"],
            "author": report["author"],
            "category": report["banner"]["heading"] if report["banner"] else "",
            "comments": f"{sheets.warning(report)} {report['description']}".strip(),
            "created": dt.datetime.combine(dt.date.fromisoformat(report["date"]), dt.time()),
        }
    )
    workbook.set_custom_property("Language", report["formats"]["tag"])
