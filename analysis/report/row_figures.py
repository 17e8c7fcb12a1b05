"""Figures of rows: labels to the left, a common axis in the middle, and often text to the right."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from analysis.report import canvas
from analysis.report.canvas import INK, LEAD, PENS, RULE, SMALL, SOFT, WIDTH, Paper

GAP = 12.0
INDENT = 8.0
ROW_PAD = 7.0
LEAST_PLOT = 110.0


@dataclass(frozen=True)
class Line:
    """One line of a figure of rows; a heading has no row of data behind it."""

    label: tuple[str, ...]
    text: tuple[str, ...]
    row: dict | None
    indent: float = 0.0

    @property
    def height(self) -> float:
        """Points from the top of this line to the top of the next."""
        return max(len(self.label), len(self.text)) * LEAD + ROW_PAD


@dataclass(frozen=True)
class Columns:
    """Where the columns stand: the width of the labels, the left edge and width of the plot, and the text."""

    label: float
    plot: float
    plot_width: float
    text: float


def _columns(labels: Sequence[str], texts: Sequence[str]) -> Columns:
    label = min(max(canvas.text_width(text, weight="semibold") for text in labels) + INDENT, WIDTH * 0.36)
    text = min(max((canvas.text_width(text, weight="semibold") for text in texts), default=0) + 1, WIDTH * 0.25)
    plot = label + GAP
    end = WIDTH - (text + GAP if text > 1 else GAP)
    if end - plot < LEAST_PLOT:
        raise ValueError("no room for the plot between labels and text")
    return Columns(label, plot, end - plot, WIDTH - text)


def _line(row: dict, columns: Columns, *, text: str = "", indent: float = 0.0) -> Line:
    label = canvas.wrapped(row["label"], columns.label - indent)
    return Line(label, canvas.wrapped(text, WIDTH - columns.text + 1) if text else (), row, indent)


def _heading(text: str, columns: Columns) -> Line:
    return Line(canvas.wrapped(text, columns.label, weight="semibold"), (), None)


def _middles(lines: Sequence[Line]) -> list[float]:
    """Return the middle of each line, from the top of the first."""
    ends = itertools.accumulate(line.height for line in lines)
    return [end - line.height / 2 for end, line in zip(ends, lines, strict=True)]


@dataclass(frozen=True)
class Rows:
    """A sheet on which the rows are written and the axes are ready; `middles` are the y of the rows on the axes."""

    sheet: Paper
    axes: Axes
    lines: tuple[Line, ...]
    middles: tuple[float, ...]
    columns: Columns
    top: float


def _rows(lines: Sequence[Line], columns: Columns, data: dict, *, top: float, mark: str | None) -> Rows:
    plot = sum(line.height for line in lines)
    below = canvas.wrapped(data["x_label"], WIDTH - columns.plot)
    sheet = canvas.paper(top + plot + canvas.TICK_ROOM + len(below) * LEAD + 4, mark)
    axes = sheet.axes(columns.plot, top, columns.plot_width, plot)
    axes.set_ylim(plot, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    canvas.set_ticks(axes.xaxis, data["x_ticks"])
    canvas.write_x_label(sheet, below, columns.plot + columns.plot_width / 2, top + plot + canvas.TICK_ROOM)
    middles = tuple(_middles(lines))
    for line, middle in zip(lines, middles, strict=True):
        _write_line(sheet, line, top + middle, columns)
    return Rows(sheet, axes, tuple(lines), middles, columns, top)


def _write_line(sheet: Paper, line: Line, y: float, columns: Columns) -> None:
    if line.row is None:
        sheet.lines(0, y, line.label, weight="semibold")
        return
    sheet.lines(line.indent, y, line.label)
    sheet.lines(columns.text, y, line.text)


def _interval(axes: Axes, y: float, low: float, high: float, pen: canvas.Pen, **look: Any) -> None:
    """Draw an interval with its ends marked: a dashed line alone would leave them in doubt."""
    axes.plot([low, high], [y, y], color=pen.colour, lw=1.7, ls=pen.line, solid_capstyle="butt", **look)
    axes.plot([low, high], [y, y], color=pen.colour, ls="none", marker="|", ms=6.5, mew=1.5)


def _reference_levels(references: Sequence[dict], columns: Columns, x_limits: tuple[float, float]) -> list[tuple]:
    """Return (reference, x in points, level) for each label above the plot, kept inside the sheet."""
    low, high = x_limits
    spans, places = [], []
    for reference in references:
        half = canvas.text_width(reference["label"], size=SMALL) / 2
        x = columns.plot + (reference["value"] - low) / (high - low) * columns.plot_width
        x = min(max(x, half), WIDTH - half)
        places.append(x)
        spans.append((x - half, x + half))
    return list(zip(references, places, canvas.levels(spans), strict=True))


def _head_height(placed: Sequence[tuple], extra: float) -> float:
    named = [level for reference, _, level in placed if reference["label"]]
    return extra + (max(named) + 1) * LEAD + 2 if named else extra


def _draw_references(rows: Rows, placed: Sequence[tuple]) -> None:
    """Draw the reference lines: the first whole and dark, the others broken."""
    for number, (reference, x, level) in enumerate(placed):
        look = {"color": INK, "lw": 0.9} if number == 0 else {"color": SOFT, "lw": 0.9, "ls": (0, (4, 2.5))}
        rows.axes.axvline(reference["value"], zorder=0, **look)
        rows.sheet.text(x, rows.top - 3 - (level + 0.5) * LEAD, reference["label"], ha="center", size=SMALL, color=SOFT)


def forest(data: dict, mark: str | None) -> Paper:
    """Estimates with intervals, one row each, under headings in the order of the model."""
    rows = data["rows"]
    groups = [row["group"] for row in rows if row["group"]]
    labels = [data["header_left"], *groups, *(row["label"] for row in rows)]
    columns = _columns(labels, [data["header_right"], *(row["text"] for row in rows)])
    lines = []
    for group, members in itertools.groupby(rows, key=lambda row: row["group"]):
        lines += [_heading(group, columns)] if group else []
        lines += [_line(row, columns, text=row["text"], indent=INDENT if group else 0.0) for row in members]
    numbers = [[row[key] for row in rows] for key in ("estimate", "low", "high")]
    span = canvas.limits(*numbers, *map(canvas.tick_values, (data["x_ticks"], data["references"])))
    left, right = _headers(data, columns)
    placed = _reference_levels(data["references"], columns, span)
    height = max(len(left), len(right)) * LEAD + 6
    drawing = _rows(lines, columns, data, top=_head_height(placed, height), mark=mark)
    drawing.axes.set_xlim(span)
    drawing.sheet.lines(0, len(left) * LEAD / 2, left, weight="semibold")
    drawing.sheet.lines(columns.text, len(right) * LEAD / 2, right, weight="semibold")
    _draw_references(drawing, placed)
    for line, y in zip(drawing.lines, drawing.middles, strict=True):
        if line.row:
            _draw_estimate(drawing.axes, line.row, y)
    return drawing.sheet


def _headers(data: dict, columns: Columns) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the headings of the label column and the text column as lines."""
    left = canvas.wrapped(data["header_left"], columns.label, weight="semibold")
    return left, canvas.wrapped(data["header_right"], WIDTH - columns.text + 1, weight="semibold")


def _draw_estimate(axes: Axes, row: dict, y: float) -> None:
    pen = PENS[row["style"]]
    if row["low"] is not None and row["high"] is not None:
        _interval(axes, y, row["low"], row["high"], pen)
    if row["estimate"] is not None:
        axes.plot(row["estimate"], y, marker=pen.marker, color=pen.colour, ms=pen.size, ls="none")


def ranges(data: dict, mark: str | None) -> Paper:
    """A bar from low to high in each row, with a point where the model gives one."""
    rows = data["rows"]
    columns = _columns([row["label"] for row in rows], [row["text"] for row in rows])
    lines = [_line(row, columns, text=row["text"]) for row in rows]
    numbers = [[row[key] for row in rows] for key in ("low", "high", "point")]
    span = canvas.limits(*numbers, *map(canvas.tick_values, (data["x_ticks"], data["references"])))
    placed = _reference_levels(data["references"], columns, span)
    drawing = _rows(lines, columns, data, top=_head_height(placed, 2), mark=mark)
    drawing.axes.set_xlim(span)
    _draw_references(drawing, placed)
    for row, y in zip(rows, drawing.middles, strict=True):
        drawing.axes.barh(y, row["high"] - row["low"], left=row["low"], height=8, color="#cfe0f2", ec=PENS[0].colour)
        if row["point"] is not None:
            drawing.axes.plot(row["point"], y, marker=PENS[0].marker, color=PENS[0].colour, ms=PENS[0].size, ls="none")
    return drawing.sheet


BEFORE = {"marker": "o", "mfc": "white", "mec": PENS[1].colour, "mew": 1.6, "ms": 6.8, "ls": "none"}
AFTER = {"marker": "D", "color": PENS[0].colour, "ms": 5.8, "ls": "none"}


def balance(data: dict, mark: str | None) -> Paper:
    """Differences between the groups before and after matching: open circles and filled diamonds."""
    rows, threshold = data["rows"], data["threshold"]
    names = [(data["before_label"], BEFORE)]
    names += [(data["after_label"], AFTER)] if any(row["after"] is not None for row in rows) else []
    columns = _columns([row["label"] for row in rows], [])
    lines = [_line(row, columns) for row in rows]
    numbers = [[row[key] for row in rows] for key in ("before", "after")]
    span = canvas.limits(*numbers, canvas.tick_values(data["x_ticks"]), [threshold["value"]])
    placed = _reference_levels([threshold], columns, span)
    drawing = _rows(lines, columns, data, top=_head_height(placed, canvas.legend_height(names) + 4), mark=mark)
    canvas.legend(drawing.sheet, names)
    drawing.axes.set_xlim(span)
    drawing.sheet.text(
        placed[0][1], drawing.top - 3 - LEAD / 2, threshold["label"], ha="center", size=SMALL, color=SOFT
    )
    for value in {threshold["value"], -threshold["value"]}:
        if span[0] < value < span[1]:
            drawing.axes.axvline(value, color=INK, lw=0.9, ls=(0, (4, 2.5)), zorder=0)
    for row, y in zip(rows, drawing.middles, strict=True):
        _draw_pair(drawing.axes, row, y)
    return drawing.sheet


def _draw_pair(axes: Axes, row: dict, y: float) -> None:
    if row["after"] is not None:
        axes.plot([row["before"], row["after"]], [y, y], color=RULE, lw=1.2, zorder=1)
        axes.plot(row["after"], y, **AFTER)
    axes.plot(row["before"], y, **BEFORE)


def drawn_rows(
    rows: Sequence[dict], data: dict, span: tuple[float, float], names: Sequence[tuple[str, dict]], mark: str | None
) -> Rows:
    """A sheet of rows with the reference lines of `data` and a legend of `names` above, ready for what is drawn."""
    columns = _columns([row["label"] for row in rows], [row["text"] for row in rows])
    lines = [_line(row, columns, text=row["text"]) for row in rows]
    placed = _reference_levels(data["references"], columns, span)
    drawing = _rows(lines, columns, data, top=_head_height(placed, canvas.legend_height(names) + 4), mark=mark)
    canvas.legend(drawing.sheet, names)
    drawing.axes.set_xlim(span)
    _draw_references(drawing, placed)
    return drawing
