"""The figure of one-way sensitivity: a bar for each assumption, from its lowest to its highest value."""

from analysis.report import canvas, row_figures
from analysis.report.canvas import PENS, Paper
from analysis.report.row_figures import Rows

# Open circle and filled diamond, so that the ends can be told apart in grey.
LOW = {"marker": "o", "mfc": "white", "mec": PENS[1].colour, "mew": 1.6, "ms": 6.8, "ls": "none"}
HIGH = {"marker": "D", "color": PENS[0].colour, "ms": 5.8, "ls": "none"}


def tornado(data: dict, mark: str | None) -> Paper:
    """Where the result goes at the `low` and the `high` value of each row, around the line of the main one."""
    rows = data["rows"]
    names = [(data["low_label"], LOW), (data["high_label"], HIGH)]
    numbers = [[row[key] for row in rows] for key in ("low", "high")]
    span = canvas.limits(*numbers, *map(canvas.tick_values, (data["x_ticks"], data["references"])))
    drawing = row_figures.drawn_rows(rows, data, span, names, mark)
    for row, y in zip(rows, drawing.middles, strict=True):
        _draw_bar(drawing, row, y)
    return drawing.sheet


def _draw_bar(drawing: Rows, row: dict, y: float) -> None:
    left, width = min(row["low"], row["high"]), abs(row["high"] - row["low"])
    drawing.axes.barh(y, width, left=left, height=8, color="#cfe0f2", ec=PENS[0].colour, lw=0.8)
    drawing.axes.plot(row["low"], y, **LOW)
    drawing.axes.plot(row["high"], y, **HIGH)
