"""A report of a hundred pages in every form, and as PDF beside WeasyPrint on our web page; its figures as pictures of
dots, by Typst from the drawing there is and by matplotlib drawing once more.

    python benchmarks/bench_report.py [pages]

The sections of the NSW report again and again, until there are pages enough. WeasyPrint is no dependency: it is run
when it is on the path, or where WEASYPRINT says, and its PDF is untagged. Compare ratios inside one run only.
"""

import copy
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import pypdfium2  # noqa: E402
import stages  # noqa: E402

from analysis.report import canvas, docx, figures, html, pdf, xlsx  # noqa: E402
from analysis.report.fonts import web_fonts  # noqa: E402
from analysis.report.model import numbered  # noqa: E402

SHARED = ROOT / "reports" / "_shared"
PAGES = 100


def longer(report: dict[str, Any], times: int) -> dict[str, Any]:
    """The report with its sections so many times, each but the first with names of its own."""
    sections = [_renamed(section, time) for time in range(times) for section in report["sections"]]
    return {**report, "sections": numbered(sections)}


def _renamed(section: dict[str, Any], time: int) -> dict[str, Any]:
    made = copy.deepcopy(section)
    if time == 0:
        return made
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


def timed(make: Callable[[], Any]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    make()
    return time.perf_counter() - start


def pictures(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures of a report, each once."""
    return [block for section in report["sections"] for block in section["blocks"] if block["type"] == "figure"]


def by_matplotlib(block: dict[str, Any]) -> bytes:
    """A figure drawn and written as PNG by matplotlib alone."""
    stream = io.BytesIO()
    with canvas.drawing():
        sheet = figures.PAINTERS[block["kind"]](json.loads(json.dumps(block["data"])), None)
        sheet.figure.savefig(stream, format="png", dpi=figures.DOTS_PER_INCH)
    return stream.getvalue()


def dots(report: dict[str, Any]) -> None:
    """Both ways to a picture of dots, when the drawing for page and paper is there already."""
    drawn = pictures(report)
    # Both ways read their fonts the first time.
    figures.draw_png(drawn[0]["kind"], drawn[0]["data"])
    by_matplotlib(drawn[0])
    figures.draw_anew()
    for block in drawn:
        figures.draw(block["kind"], block["data"])
    ours = timed(lambda: [figures.draw_png(block["kind"], block["data"]) for block in drawn])
    theirs = timed(lambda: [by_matplotlib(block) for block in drawn])
    print(f"{len(drawn)} figures as PNG with {figures.DOTS_PER_INCH:.0f} dots per inch.\n")
    print("| | ms per figure | beside ours |\n| --- | ---: | ---: |")
    print(f"| Typst, from the SVG | {1000 * ours / len(drawn):.0f} | 1 |")
    print(f"| matplotlib, drawn once more | {1000 * theirs / len(drawn):.0f} | {theirs / ours:.1f} |\n")


def main(pages: int) -> None:
    own = stages.report(stages.NSW)
    each = len(pypdfium2.PdfDocument(typst(own))) - 1
    forms(longer(own, -(-pages // each)))
    dots(own)


def forms(report: dict[str, Any]) -> None:
    """The report in every form, and by the peer where it is there."""
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
    word = timed(lambda: docx.render(report, reference=SHARED / "reference.docx"))
    print(f"| the same as a Word file, pictures made | {word:.1f} | {word / ours:.1f} |")
    book = timed(lambda: xlsx.render(report))
    print(f"| the same as a workbook | {book:.1f} | {book / ours:.1f} |")
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
