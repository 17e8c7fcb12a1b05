"""The checks of a treated cohort: verdicts, what the delivery was said of, and bounds by those who are not measured."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref, Row
from analysis.report.check_table import check_name
from analysis.report.treated_numbers import HIDDEN, Shown, rows_of
from analysis.report.writer import Writer

BOUNDS = {"bounds": ("low", "high"), "interval": ("conf_low", "conf_high")}


def treated_checks(w: Writer) -> Iterator[Block]:
    """The verdicts, whose numbers are not shown, and the bounds that are."""
    checks = [check for check in w.material.checks if check.text_id != "check.limitation" and check.verdict != "noted"]
    if checks:
        yield w.paragraph("check.treated")
        columns = [blocks.column(w.label(f"check_table.columns.{name}")) for name in ("check", "verdict")]
        rows = [[w.runs(check_name(w, check)), w.say(f"check_table.verdicts.{check.verdict}")] for check in checks]
        yield blocks.table("tab-kontroller", w.say("check_table.caption"), columns, rows)
    else:
        yield w.paragraph("uncertainty.no_checks")
    yield from _missing(Shown(w))


def treated_delivery(w: Writer) -> Iterator[Block]:
    """Which kinds of faults the delivery had, and what the card says of those that it accepts."""
    table = w.material.tables["findings"]
    if table.empty:
        yield w.paragraph("treated.delivery.none")
        return
    yield w.paragraph("treated.delivery.found", n=Ref(table["rule"].nunique(), "findings", "all", "rule"))
    reasons = list(dict.fromkeys(table["accepted"].dropna()))
    if reasons:
        yield w.paragraph("treated.delivery.accepted")
        yield blocks.bullets(w.runs(w.book.literal(str(reason))) for reason in reasons)


def _missing(s: Shown) -> Iterator[Block]:
    """Where the difference can lie when those not measured could have any outcome."""
    if "missing" not in s.w.material.tables:
        return
    found = rows_of("missing", s.table("missing"), "horizon_months", "method")
    shown = [row for row in found if row.low and row.high]
    if not shown:
        if found:
            yield s.w.paragraph("treated.missing_hidden")
        return
    lines = [_line(s, row) for row in shown]
    low, high = min(line["low"] for line in lines), max(line["high"] for line in lines)
    data = {
        "header_left": s.w.label("check_figures.missing.columns.about"),
        "header_right": s.w.label("check_figures.missing.columns.bounds"),
        "x_label": s.w.label("axis.points"),
        "rows": lines,
        "references": [{"value": 0, "label": ""}],
        "x_ticks": s.w.ticks(min(0, low), max(0, high), points=True),
    }
    names = ("time", "about", *BOUNDS)
    columns = [
        blocks.column(s.w.label(f"check_figures.missing.columns.{name}"), right=name in BOUNDS, width=1.5)
        for name in names
    ]
    body = [
        s.cells([_time(s, row), _about(s, row), *(_span(s, row, *ends) for ends in BOUNDS.values())]) for row in found
    ]
    caption, alt = (
        s.w.say("check_figures.missing.caption"),
        s.say("missing_alt", n=Ref(len(lines), "missing", "shown", "low")),
    )
    yield blocks.figure("fig-manglende", "forest", caption, alt, data, blocks.table("", [], columns, body))


def _time(s: Shown, row: Row) -> str:
    return s.w.word("check_figures.missing.time", row=row)


def _about(s: Shown, row: Row) -> str:
    return s.w.word(f"check_figures.missing.{row.text('method')}")


def _line(s: Shown, row: Row) -> dict[str, Any]:
    return {
        "label": s.w.book.plain(_about(s, row)),
        "group": s.w.book.plain(_time(s, row)),
        "estimate": None,
        "low": float(row.text("low")),
        "high": float(row.text("high")),
        "text": s.w.book.plain(_span(s, row, "low", "high")),
        "style": int(row.text("method") != "lee"),
    }


def _span(s: Shown, row: Row, low: str, high: str) -> str:
    ends = [getattr(row, name) for name in (low, high)]
    if not all(ends):
        return HIDDEN
    return f" {s.w.book.catalogue['interval_word']} ".join(s.w.book.points(end) for end in ends)
