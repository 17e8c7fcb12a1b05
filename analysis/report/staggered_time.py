"""The estimate by time since adoption: a point with its interval before and after, with adoption and base marked."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row
from analysis.report.charts import span_ticks
from analysis.report.staggered_numbers import BLANK, Numbers, bounded
from analysis.report.writer import capital

# More times than this get a band in the place of a bar each.
MOST_BARS = 40
# Months to each side that are drawn: further out few offices are left, and their noise would hide the rest.
DRAWN = 36


def event_study(m: Numbers) -> Iterator[Block]:
    """The figure with its table, and what the time before adoption shows."""
    found = m.dynamic()
    if len(found) < 2:
        yield m.paragraph("staggered.no_event_study")
        return
    drawn = [(time, row) for time, row in found if abs(time) <= DRAWN]
    yield m.paragraph("staggered.event_study", cut=len(drawn) < len(found))
    bars = any(bounded(row) for _, row in drawn)
    caption = m.say("staggered.event_caption", bars=bars)
    yield blocks.figure("fig-hendelse", "time", caption, _alt(m, drawn, bars=bars), _data(m, drawn), _table(m, found))


def _based(found: list[tuple[int, Row]]) -> list[int]:
    """Times that are 0 by construction, because they are what is subtracted."""
    return [time for time, row in found if row.text("estimate") == 0 and not bounded(row)]


def _data(m: Numbers, found: list[tuple[int, Row]]) -> dict[str, Any]:
    times, bases = [time for time, _ in found], _based(found)
    ends = [value for _, row in found for value in _drawn(row).values() if value is not None]
    series = [_series(found, m.label("staggered.event_series"), style=0)]
    if bases:
        series.append(_base_series(bases, m.label("staggered.event_base")))
    return {
        "x_label": m.label("staggered.event_axis"),
        "y_label": m.w.label("axis.points"),
        "x_ticks": span_ticks(m.w, min(times), max(times)),
        "y_ticks": m.w.ticks(min(0, *ends), max(0, *ends), points=True),
        "zero": {"value": 0, "label": m.label("staggered.event_zero")},
        "series": series,
    }


def _drawn(row: Row) -> dict[str, float | None]:
    """Point and ends of an estimate; the ends are missing where there is no interval."""
    ends = {name: float(row.text(name)) if bounded(row) else None for name in ("conf_low", "conf_high")}
    return {"estimate": float(row.text("estimate")), **ends}


def _series(found: list[tuple[int, Row]], label: str, *, style: int) -> dict[str, Any]:
    drawn = [_drawn(row) for _, row in found]
    return {
        "label": label,
        "x": [time for time, _ in found],
        "y": [one["estimate"] for one in drawn],
        "low": [one["conf_low"] for one in drawn],
        "high": [one["conf_high"] for one in drawn],
        "style": style,
        "bars": len(found) <= MOST_BARS,
    }


def _base_series(bases: list[int], label: str) -> dict[str, Any]:
    return {"label": label, "x": bases, "y": [0.0] * len(bases), "low": None, "high": None, "style": 1}


def _table(m: Numbers, found: list[tuple[int, Row]]) -> Block:
    columns = [m.column("time", right=False, width=1.5), m.column("base", right=False, width=1.5)]
    columns += [m.column("estimate"), m.column("interval"), m.column("offices")]
    rows = [
        [
            m.w.runs(capital(m.since(row))),
            m.w.runs(_subtracted(m, time, row)),
            *m.points(row),
            *m.counts(row, "n_offices_treated"),
        ]
        for time, row in found
    ]
    return blocks.table("", [], columns, rows)


def _subtracted(m: Numbers, time: int, row: Row) -> str:
    """The time that an estimate is measured against."""
    base = m.base(row)
    if not base:
        return BLANK
    return m.word("staggered.is_base") if base.value == time else m.counted(base)


def _alt(m: Numbers, found: list[tuple[int, Row]], *, bars: bool) -> Runs:
    """Where the first and last points stand, and how far those before adoption lie from 0."""
    sentences = [m.word("staggered.event_alt", first=_ends(m, found[0][1]), last=_ends(m, found[-1][1]), bars=bars)]
    before = [row for time, row in found if time < 0 and row.text("estimate") != 0]
    if before:
        furthest = max(before, key=lambda row: abs(row.text("estimate")))
        sentences.append(m.word("staggered.event_before", row=furthest, when=m.since(furthest)))
    return m.w.runs(" ".join(sentences))


def _ends(m: Numbers, row: Row) -> str:
    return m.word("staggered.event_point", row=row, when=m.since(row))
