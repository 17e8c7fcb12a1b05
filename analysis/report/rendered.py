"""A report in every form: its model, the web page and the PDF."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from analysis.files import write_bytes, write_json, write_text
from analysis.report import html, pdf
from analysis.report.fonts import read_web_fonts


def write_report(report: dict[str, Any], folder: Path, *, fonts: Iterable[str], shared: Path) -> None:
    """Write ``<report>.<language>`` as .json, .html and .pdf in `folder`.

    `fonts`: small fonts for the web; `shared`: the folder of templates, styles and fonts.
    """
    css = (shared / "report.css").read_text(encoding="utf-8")
    page = html.render(report, css=css, fonts=read_web_fonts(fonts), template_folder=shared)
    stem = folder / f"{report['report']}.{report['lang']}"
    write_json(f"{stem}.json", report)
    write_text(f"{stem}.html", page)
    write_bytes(f"{stem}.pdf", pdf.render(report, template=shared / "report.typ", font_folder=shared / "fonts"))
