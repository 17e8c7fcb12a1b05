"""Figures of the checks that have rows behind them: at most one for each, with its alternative text and its numbers.

Which checks have one stands in `FIGURES`; docs/methods.md says why the others have none.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from analysis.checks import Check
from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Row
from analysis.report.charts import points_columns
from analysis.report.check_control_figures import controls, to_the_mean
from analysis.report.check_trend_figures import before_adoption, robust_intervals
from analysis.report.check_values import count, own_values, table_rows
from analysis.report.writer import Writer


def check_figures(w: Writer, checks: Iterable[Check]) -> Iterator[Block]:
    """The figures of these checks in their order."""
    for check in checks:
        found = FIGURES[check.name](w, check) if check.name in FIGURES and check.table else None
        if found is not None:
            yield found


def without_each_office(w: Writer, check: Check) -> Block:
    """The headline without one office at a time, from the lowest to the highest; no office is named."""
    own, rows = own_values(check), table_rows(check)
    found = [row.text("estimate") for row in rows]
    ends = {name: w.label(f"check_figures.one_office.{name}") for name in ("lowest", "highest")}
    data = {
        "x_label": w.label("check_figures.one_office.x", own=own),
        "y_label": w.label("axis.points"),
        "x_ticks": [{"value": 1, "label": ends["lowest"]}, {"value": len(rows), "label": ends["highest"]}],
        "y_ticks": w.ticks(min(0, *found), max(0, *found), points=True),
        "target": own.text("estimate"),
        "points": [
            {
                "label": w.label("check_figures.one_office.point", own=own),
                "x": list(range(1, len(rows) + 1)),
                "y": found,
                "style": 0,
            }
        ],
        "lines": [_flat(w.label("check_figures.one_office.zero"), 0.0, 1, len(rows))],
    }
    column = points_columns(w)[0]
    body = [[w.runs(w.book.points(row.estimate, sign=True))] for row in rows]
    caption = w.say("check_figures.one_office.caption", own=own)
    alt = w.say("check_figures.one_office.alt", own=own)
    return blocks.figure("fig-ett-kontor", "funnel", caption, alt, data, blocks.table("", [], [column], body))


def _flat(label: str, height: float, first: float, last: float) -> dict[str, Any]:
    return {"label": label, "x": [first, last], "low": [height] * 2, "high": [height] * 2, "style": 1}


def hidden_bias(w: Writer, check: Check) -> Block | None:
    """The p-value that a hidden cause of each strength could give; none where there is no finding to explain."""
    if check.value is None:
        return None
    own, rows = own_values(check), table_rows(check)
    strengths, p_values = ([row.text(name) for row in rows] for name in ("gamma", "p_high"))
    inside = strengths[0] <= check.value <= strengths[-1]
    limit = {"value": check.value, "label": w.label("check_figures.rosenbaum.limit", own=own)}
    threshold = {"x": [strengths[0], strengths[-1]], "y": [own.text("alpha")] * 2, "low": None, "high": None}
    data = {
        "x_label": w.label("check_figures.rosenbaum.x"),
        "y_label": w.label("check_figures.rosenbaum.y"),
        "x_ticks": w.ticks(strengths[0], strengths[-1]),
        "y_ticks": w.ticks(0, max(p_values)),
        "zero": limit if inside else None,
        "series": [
            {
                "label": w.label("check_figures.rosenbaum.series"),
                "x": strengths,
                "y": p_values,
                "low": None,
                "high": None,
                "style": 0,
            },
            {**threshold, "label": w.label("check_figures.rosenbaum.threshold", own=own), "style": 1},
        ],
    }
    columns = [blocks.column(w.label(f"check_figures.rosenbaum.columns.{name}"), right=True) for name in ("gamma", "p")]
    body = [[w.runs(w.book.number(row.gamma, 2)), w.runs(w.book.p_value(row.p_high, bare=True))] for row in rows]
    caption = w.say("check_figures.rosenbaum.caption")
    alt = w.say("check_figures.rosenbaum.alt", own=own, first=rows[0], last=rows[-1])
    return blocks.figure("fig-umalt", "time", caption, alt, data, blocks.table("", [], columns, body))


def missing_outcomes(w: Writer, check: Check) -> Block:
    """How far the difference could be another if those not measured were known, by time and by whom it is about."""
    rows = sorted(table_rows(check), key=lambda row: row.text("horizon_months"))
    lines = [_bounds_line(w, row) for row in rows]
    data = {
        "header_left": w.label("check_figures.missing.columns.about"),
        "header_right": w.label("check_figures.missing.columns.bounds"),
        "x_label": w.label("axis.points"),
        "rows": lines,
        "references": [{"value": 0, "label": ""}],
        "x_ticks": w.ticks(
            min(0, *(one["low"] for one in lines)), max(0, *(one["high"] for one in lines)), points=True
        ),
    }
    names = ("time", "about", "bounds", "interval")
    columns = [
        blocks.column(w.label(f"check_figures.missing.columns.{name}"), right=name in names[2:], width=1.5)
        for name in names
    ]
    body = [
        [
            w.say("check_figures.missing.time", row=row),
            w.say(f"check_figures.missing.{row.text('method')}"),
            w.runs(_span(w, row, "low", "high")),
            w.runs(_span(w, row, "conf_low", "conf_high")),
        ]
        for row in rows
    ]
    caption = w.say("check_figures.missing.caption")
    alt = w.say(
        "check_figures.missing.alt",
        own=own_values(check),
        n=count(check, len({row.text("horizon_months") for row in rows}), "horizon_months"),
    )
    return blocks.figure("fig-manglende", "forest", caption, alt, data, blocks.table("", [], columns, body))


def _bounds_line(w: Writer, row: Row) -> dict[str, Any]:
    method = row.text("method")
    return {
        "label": w.label(f"check_figures.missing.{method}"),
        "group": w.label("check_figures.missing.time", row=row),
        "estimate": None,
        "low": row.text("low"),
        "high": row.text("high"),
        "text": w.book.plain(_span(w, row, "low", "high")),
        "style": int(method != "lee"),
    }


def _span(w: Writer, row: Row, low: str, high: str) -> str:
    if row.text(low) is None:
        return "–"
    ends = (w.book.points(getattr(row, name)) for name in (low, high))
    return f" {w.book.catalogue['interval_word']} ".join(ends)


FIGURES: dict[str, Callable[[Writer, Check], Block | None]] = {
    "pre_trends": before_adoption,
    "honest_did": robust_intervals,
    "regression_to_the_mean": to_the_mean,
    "negative_controls": controls,
    "one_office": without_each_office,
    "rosenbaum": hidden_bias,
    "missing_outcomes": missing_outcomes,
}
