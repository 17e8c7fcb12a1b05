"""Figure data and table cells that several kinds of report share."""

from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Runs
from analysis.report.book import Row
from analysis.report.writer import Writer

MOST_TICKS = 10


def forest_row(w: Writer, label: str, group: str, row: Row, *, style: int) -> dict[str, Any]:
    """One line of a forest plot of differences between shares; `label` may hold marked numbers."""
    text = f"{w.book.points(row.estimate, sign=True)} ({w.book.points_interval(row)})"
    bounds = {"estimate": row.text("estimate"), "low": row.text("conf_low"), "high": row.text("conf_high")}
    return {"label": w.book.plain(label), "group": group, **bounds, "text": w.book.plain(text), "style": style}


def forest_data(w: Writer, rows: list[dict[str, Any]], header: str, references: tuple = ()) -> dict[str, Any]:
    """Data of a forest plot of differences between shares, with zero and other reference lines."""
    low, high = min(row["low"] for row in rows), max(row["high"] for row in rows)
    return {
        "header_left": header,
        "header_right": w.label("axis.estimate"),
        "x_label": w.label("axis.points"),
        "rows": rows,
        "references": [{"value": 0, "label": ""}, *references],
        "x_ticks": w.ticks(min(low, 0), max(high, 0), points=True),
    }


def points_columns(w: Writer) -> list[dict[str, Any]]:
    """Columns for a difference in percentage points and its interval."""
    names = ("estimate", "interval")
    labels = [w.label(f"matched.columns.{name}", share=True, unit="") for name in names]
    return [blocks.column(label, right=True) for label in labels]


def points_cells(w: Writer, row: Row) -> list[Runs]:
    """A difference in percentage points and its interval."""
    return [w.runs(w.book.points(row.estimate, sign=True)), w.runs(w.book.points_interval(row))]


def span_ticks(w: Writer, low: int, high: int) -> list[dict[str, Any]]:
    """Axis marks of a monthly series from `low` to `high` months after time zero: round steps that hold zero."""
    step = next((step for step in (1, 2, 3, 6, 12, 24) if (high - low) / step <= MOST_TICKS), 60)
    first, last = -(-low // step), high // step
    return month_ticks(w, [step * place for place in range(first, last + 1)])


def month_ticks(w: Writer, months: list[int]) -> list[dict[str, Any]]:
    """Axis marks at these months after time zero."""
    distinct = pd.unique(pd.Series(months))
    return [{"value": int(month), "label": w.book.language.number(month)} for month in distinct]
