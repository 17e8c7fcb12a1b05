"""A report of a hundred pages as PDF: Typst with our tags beside WeasyPrint on our web page.

    python benchmarks/bench_report.py [pages]

The sections of the NSW report again and again, until there are pages enough. WeasyPrint is no dependency: it is run
when it is on the path, or where WEASYPRINT says, and its PDF is untagged. Compare ratios inside one run only.
"""

import copy
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import pypdfium2  # noqa: E402
import stages  # noqa: E402

from analysis.report import figures, html, pdf  # noqa: E402
from analysis.report.fonts import web_fonts  # noqa: E402
from analysis.report.model import numbered  # noqa: E402

SHARED = ROOT / "reports" / "_shared"
PAGES = 100


def longer(report: dict[str, Any], times: int) -> dict[str, Any]:
    """The report with its sections so many times, each with names of its own."""
    sections = [_renamed(section, time) for time in range(times) for section in report["sections"]]
    return {**report, "sections": numbered(sections)}


def _renamed(section: dict[str, Any], time: int) -> dict[str, Any]:
    made = copy.deepcopy(section)
    made["id"] += f"-{time}"
    for block in made["blocks"]:
        if block.get("id"):
            block["id"] += f"-{time}"
    return _links(made, time)


def _links(value: Any, time: int) -> Any:
    if isinstance(value, dict):
        named = {key: _links(part, time) for key, part in value.items()}
        inside = isinstance(named.get("href"), str) and named["href"].startswith("#")
        return {**named, "href": f"{named['href']}-{time}"} if inside else named
    return [_links(part, time) for part in value] if isinstance(value, list) else value


def typst(report: dict[str, Any]) -> bytes:
    return pdf.render(report, template=SHARED / "report.typ", font_folder=SHARED / "fonts")


def weasyprint(command: str, page: Path) -> None:
    subprocess.run([command, "-q", str(page), str(page.with_suffix(".pdf"))], check=True)


def main(pages: int) -> None:
    own = stages.report(stages.NSW)
    each = len(pypdfium2.PdfDocument(typst(own))) - 1
    report = longer(own, -(-pages // each))
    figures.draw_anew()
    start = time.perf_counter()
    content = typst(report)
    ours = time.perf_counter() - start
    count = len(pypdfium2.PdfDocument(content))
    figures.draw_anew()
    start = time.perf_counter()
    css = (SHARED / "report.css").read_text(encoding="utf-8")
    page = html.render(report, css=css, fonts=web_fonts(SHARED / "fonts"), template_folder=SHARED)
    web = time.perf_counter() - start
    print(f"A report of {count} pages.\n")
    print("| | seconds | beside ours |\n| --- | ---: | ---: |")
    print(f"| Typst, figures drawn, tags finished (PDF/UA-1, PDF/A-2a) | {ours:.1f} | 1 |")
    print(f"| the same as one web page | {web:.1f} | {web / ours:.1f} |")
    peer = os.environ.get("WEASYPRINT") or shutil.which("weasyprint")
    if peer is None:
        print("\nWeasyPrint is not on this machine, and was not measured.\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        start = time.perf_counter()
        weasyprint(peer, path)
        theirs = time.perf_counter() - start + web
        theirs_count = len(pypdfium2.PdfDocument(path.with_suffix(".pdf")))
    what = f"WeasyPrint, web page and figures drawn ({theirs_count} pages, no tags)"
    print(f"| {what} | {theirs:.1f} | {theirs / ours:.1f} |\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES)
