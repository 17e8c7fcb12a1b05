"""Reports to write workbooks and archives from: published figures in each language, made-up data, treated numbers, and
a small one with every turn that a table can take."""

from functools import cache
from typing import Any

import stages
import treated_reports
import trial_reports

from analysis.report import blocks
from analysis.report.book import Book, Ref, Row, read_book
from analysis.report.model import build_report, numbered

NAMES = ("hpmt nn", "hpmt en", "made up", "treated")


@cache
def report(name: str) -> dict[str, Any]:
    """A report of the pipeline's own models."""
    if name.startswith("hpmt"):
        code = name[-2:]
        return build_report(stages.material(stages.HPMT), code, stages.STRINGS.with_name(f"{code}.yaml"))
    material = trial_reports.material() if name == "made up" else treated_reports.material(treated_reports.TRIAL, "nav")
    return stages.report_of(material)


def small(code: str = "nb", *, text: str = "tekst", banner: bool = False) -> dict[str, Any]:
    """A report of one table whose columns are of every kind; `text` stands in a cell, a caption and the title."""
    book = read_book(code, stages.STRINGS.with_name(f"{code}.yaml"))
    rows = [_row(book, text, *values) for values in VALUES]
    heads = ("Hva", "Andel", "Punkt", "Tall", "Grenser", "Mange", "p", "95 % KI", "95 % KI")
    table = blocks.table(
        "tab-liten", book.runs(text), [blocks.column(head) for head in heads], rows, book.runs("Note.")
    )
    trace = blocks.section("sporbarhet", "Sporbarhet", [blocks.paragraph(book.runs("Laget av en test."))])
    return {
        "report": "liten",
        "lang": code,
        "formats": book.language.formats(),
        "title": text,
        "short_title": "A & B",
        "subtitle": "Undertittel",
        "date": "2026-11-21",
        "date_text": "21. november 2026",
        "version": "Versjon 1.0",
        "author": "Tiltakseffekt",
        "meta": [{"term": "Design", "text": "Ingen"}],
        "description": "Beskrivelse.",
        "banner": book.catalogue["banner"] if banner else None,
        "labels": book.catalogue["labels"],
        "files": book.file_words(),
        "sections": numbered([blocks.section("resultater", "Resultater", [table]), trace]),
        "numbers": book.numbers,
    }


# Share (of 17 digits), difference, count (one is not shown), bounds and p-value of each row.
VALUES = ((0.1 + 0.2, -0.0004, 12345, (-0.25, 0.1), 0.0004), (0.297, 0.061003, None, (0.0, 0.5), 0.0871))


def _row(book: Book, text: str, share: float, difference: float, count: int | None, bounds: tuple, p: float) -> list:
    row = Row("estimates", "r1", {"conf_low": bounds[0], "conf_high": bounds[1]})
    cells = (
        text,
        book.percent(Ref(share, "cells", "r1", "share")),
        book.points(Ref(difference, "estimates", "r1", "estimate"), sign=True),
        "vises ikke" if count is None else book.number(Ref(count, "cells", "r1", "n")),
        book.points_interval(row),
        f"{book.number(Ref(2, 'cells', 'r1', 'n'))} av {book.number(Ref(7, 'cells', 'r1', 'n'))}",
        book.p_value(Ref(p, "estimates", "r1", "p_value"), bare=True),
        book.percent_interval(row),
        book.number(Ref(-3, "estimates", "r1", "event_time"), absolute=True),
    )
    return [book.runs(cell) for cell in cells]
