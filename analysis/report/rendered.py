"""A report in every form: its model, the web page, PDF, Word, Excel, and a zip of tables and figures."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.files import write_bytes, write_json, write_text
from analysis.report import docx, html, kit, pdf, xlsx
from analysis.web_templates import read_web_fonts


def write_report(
    report: dict[str, Any], folder: Path, tables: Mapping[str, pd.DataFrame], *, fonts: Iterable[str], shared: Path
) -> None:
    """Write ``<report>.<language>`` as .json, .html, .pdf, .docx, .xlsx and .zip in `folder`.

    `tables`: the released tables behind the report, by name; `fonts`: small fonts for the web; `shared`: the folder of
    templates, styles and fonts.
    """
    css = (shared / "report.css").read_text(encoding="utf-8")
    page = html.render(report, css=css, fonts=read_web_fonts(fonts), template_folder=shared)
    stem = folder / f"{report['report']}.{report['lang']}"
    write_json(f"{stem}.json", report)
    write_text(f"{stem}.html", page)
    write_bytes(f"{stem}.pdf", pdf.render(report, template=shared / "report.typ", font_folder=shared / "fonts"))
    write_bytes(f"{stem}.docx", docx.render(report, reference=shared / "reference.docx"))
    write_bytes(f"{stem}.xlsx", xlsx.render(report))
    write_bytes(f"{stem}.zip", kit.render(report, tables))
