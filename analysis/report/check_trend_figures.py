"""Figures of trends before adoption: what was seen, what would have been missed, and what the finding withstands."""

from typing import Any

from analysis.checks import Check
from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Row
from analysis.report.charts import points_cells, points_columns
from analysis.report.check_values import count, own_values, table_rows
from analysis.report.writer import Writer
from analysis.tables import RELATIVE


def before_adoption(w: Writer, check: Check) -> Block:
    """Each period before adoption against the last one, beside the straight trend that the test would have seen."""
    own, rows = own_values(check), table_rows(check)
    numbers = [row.text("period") for row in rows]
    times = [*numbers, 0]
    trend = [own.text("slope") * time for time in times]
    seen = _points(w.label("check_figures.pre_trends.series"), numbers, rows, style=0)
    line = {"x": times, "y": trend, "low": None, "high": None, "style": 1}
    line["label"] = w.label("check_figures.pre_trends.trend", own=own)
    base = {"x": [0], "y": [0.0], "low": None, "high": None, "style": 2}
    base["label"] = w.label("check_figures.pre_trends.base")
    data = {
        "x_label": w.label("check_figures.pre_trends.x", own=own),
        "y_label": w.label("axis.points"),
        "x_ticks": [{"value": time, "label": w.book.language.number(time)} for time in times],
        "y_ticks": w.ticks(min(*seen["low"], *trend), max(*seen["high"], *trend), points=True),
        "zero": None,
        "series": [seen, line, base],
    }
    columns = [blocks.column(w.label("check_figures.pre_trends.period")), *points_columns(w)]
    body = [[w.runs(w.book.number(row.period)), *points_cells(w, row)] for row in rows]
    furthest = max(rows, key=lambda row: abs(row.text("estimate")))
    caption = w.say("check_figures.pre_trends.caption")
    alt = w.say("check_figures.pre_trends.alt", own=own, furthest=furthest)
    return blocks.figure("fig-for-innforing", "time", caption, alt, data, blocks.table("", [], columns, body))


def _points(label: str, x: list[float], rows: list[Row], *, style: int) -> dict[str, Any]:
    """Estimates with a bar each for their intervals."""
    names = {"y": "estimate", "low": "conf_low", "high": "conf_high"}
    values = {key: [row.text(name) for row in rows] for key, name in names.items()}
    return {"label": label, "x": x, **values, "style": style, "bars": True}


def robust_intervals(w: Writer, check: Check) -> Block | None:
    """The interval for each allowed departure from parallel trends, with the one at which it begins to hold zero.

    None where it holds zero anyway: then there is no finding to lose.
    """
    if check.verdict == "noted":
        return None
    own = own_values(check)
    rows = [row for row in table_rows(check) if row.text("restriction") == RELATIVE]
    bounds = [row.text("bound") for row in rows]
    seen = _points(w.label("check_figures.honest_did.series"), bounds, rows, style=0)
    inside = check.value is not None and check.value <= bounds[-1]
    limit = {"value": check.value, "label": w.label("check_figures.honest_did.limit", own=own)} if inside else None
    data = {
        "x_label": w.label("check_figures.honest_did.x"),
        "y_label": w.label("axis.points"),
        "x_ticks": w.ticks(bounds[0], bounds[-1]),
        "y_ticks": w.ticks(min(0, *seen["low"]), max(0, *seen["high"]), points=True),
        "zero": limit,
        "series": [seen],
    }
    columns = [blocks.column(w.label("check_figures.honest_did.bound")), *points_columns(w)]
    body = [[w.runs(w.book.number(row.bound, 1)), *points_cells(w, row)] for row in rows]
    caption = w.say("check_figures.honest_did.caption")
    n = count(check, len(rows), "bound")
    alt = w.say("check_figures.honest_did.alt", own=own, first=rows[0], last=rows[-1], n=n, inside=inside)
    return blocks.figure("fig-skjev-utvikling", "time", caption, alt, data, blocks.table("", [], columns, body))
