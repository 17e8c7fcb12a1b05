"""Figures with two axes: series over time, and how the scores of the groups overlap."""

import itertools
from collections.abc import Sequence

from matplotlib.axes import Axes

from analysis.report import canvas
from analysis.report.canvas import INK, LEAD, PENS, RULE, SMALL, SOFT, WIDTH, Paper

PLOT_HEIGHT = 170.0
# More markers than this would hide the line that they stand on.
MOST_MARKERS = 16


def plot(data: dict, entries: Sequence[tuple[str, dict]], mark: str | None, *, note: float = 0.0) -> tuple[Paper, Axes]:
    """Return a sheet with legend, y label, ticks and x label, and its axes; `note` is room above the axes."""
    left = max(canvas.text_width(tick["label"]) for tick in data["y_ticks"]) + 9
    above = canvas.wrapped(data["y_label"], WIDTH)
    below = canvas.wrapped(data["x_label"], WIDTH - left)
    head = canvas.legend_height(entries)
    top = head + 4 + len(above) * LEAD + note + 5
    sheet = canvas.paper(top + PLOT_HEIGHT + canvas.TICK_ROOM + len(below) * LEAD + 4, mark)
    right = max(6.0, canvas.text_width(data["x_ticks"][-1]["label"]) / 2 + 1)
    axes = sheet.axes(left, top, WIDTH - left - right, PLOT_HEIGHT)
    canvas.legend(sheet, entries)
    sheet.lines(0, head + 4 + len(above) * LEAD / 2, above, color=SOFT)
    canvas.write_x_label(sheet, below, (left + WIDTH) / 2, top + PLOT_HEIGHT + canvas.TICK_ROOM)
    canvas.set_ticks(axes.xaxis, data["x_ticks"])
    canvas.set_ticks(axes.yaxis, data["y_ticks"])
    axes.grid(axis="y", color=RULE, lw=0.6)
    axes.set_axisbelow(True)
    return sheet, axes


def _pen_line(style: int) -> dict:
    pen = PENS[style]
    return {"color": pen.colour, "marker": pen.marker, "ms": pen.size - 1.4, "ls": pen.line, "lw": 1.6}


def time(data: dict, mark: str | None) -> Paper:
    """Series over time with bands for their intervals; `zero` marks a moment, named above the plot.

    A series with `bars` has a bar at each point instead: between few points there is nothing to show.
    """
    series, zero = data["series"], data["zero"]
    entries = [(one["label"], _pen_line(one["style"])) for one in series]
    sheet, axes = plot(data, entries, mark, note=LEAD if zero else 0.0)
    x_groups = [one["x"] for one in series]
    y_groups = [one[key] or [] for one in series for key in ("y", "low", "high")]
    axes.set_xlim(canvas.limits(*x_groups, canvas.tick_values(data["x_ticks"])))
    axes.set_ylim(canvas.limits(*y_groups, canvas.tick_values(data["y_ticks"])))
    for one in series:
        _draw_series(axes, one)
    if axes.get_ylim()[0] < 0 < axes.get_ylim()[1] and min(canvas.tick_values(data["y_ticks"])) < 0:
        axes.axhline(0, color=INK, lw=0.9, zorder=1)
    if zero:
        _draw_moment(sheet, axes, zero)
    return sheet


def _draw_series(axes: Axes, one: dict) -> None:
    y = canvas.with_gaps(one["y"])
    if one["low"] and one["high"]:
        (_draw_bars if one.get("bars") else _draw_band)(axes, one)
    axes.plot(one["x"], y, markevery=_marker_gap(y), **_pen_line(one["style"]))


def _draw_band(axes: Axes, one: dict) -> None:
    colour = PENS[one["style"]].colour
    low, high = (canvas.with_gaps(one[end]) for end in ("low", "high"))
    axes.fill_between(one["x"], low, high, color=colour, alpha=0.16, lw=0)


def _draw_bars(axes: Axes, one: dict) -> None:
    colour = PENS[one["style"]].colour
    for x, low, high in zip(one["x"], canvas.with_gaps(one["low"]), canvas.with_gaps(one["high"]), strict=True):
        axes.plot([x, x], [low, high], color=colour, lw=1.7, solid_capstyle="butt", marker="_", ms=7, mew=1.5)


def _marker_gap(values: Sequence[float]) -> int:
    """Points from one marker to the next: every point of a short series, a few of a long one."""
    return max(1, len(values) // MOST_MARKERS)


def _draw_moment(sheet: Paper, axes: Axes, zero: dict) -> None:
    axes.axvline(zero["value"], color=INK, lw=0.9, ls=(0, (1.5, 2)), zorder=1)
    frame, (low, high) = axes.get_position(), axes.get_xlim()
    half = canvas.text_width(zero["label"], size=SMALL) / 2
    x = (frame.x0 + (zero["value"] - low) / (high - low) * frame.width) * WIDTH
    y = (1 - frame.y1) * sheet.height - LEAD / 2 - 1
    sheet.text(min(max(x, half), WIDTH - half), y, zero["label"], ha="center", size=SMALL, color=SOFT)


def overlap(data: dict, mark: str | None) -> Paper:
    """Shares per interval as steps, one pen per group, with the marker of the pen in the middle of each step."""
    series, edges = data["series"], data["edges"]
    entries = [(one["label"], _pen_line(one["style"])) for one in series]
    sheet, axes = plot(data, entries, mark)
    axes.set_xlim(canvas.limits(edges, canvas.tick_values(data["x_ticks"]), margin=0.005))
    top = canvas.limits(*(one["share"] for one in series), canvas.tick_values(data["y_ticks"]))[1]
    axes.set_ylim(0, top)
    middles = [(left + right) / 2 for left, right in itertools.pairwise(edges)]
    for one in series:
        look, shares = _pen_line(one["style"]), canvas.with_gaps(one["share"])
        axes.stairs(shares, edges, color=look["color"], ls=look["ls"], lw=1.6)
        axes.stairs(shares, edges, color=look["color"], fill=True, alpha=0.1, lw=0)
        axes.plot(middles, shares, **look | {"ls": "none"})
    return sheet


def histogram(data: dict, mark: str | None) -> Paper:
    """Shares per interval as filled steps, one pen per part; `zero` marks a value, named above the plot.

    The first part is filled dark and the others light, so that the figure can be read in grey.
    """
    series, edges, zero = data["series"], data["edges"], data["zero"]
    looks = [{"color": PENS[one["style"]].colour, "alpha": 0.25 if one["style"] else 0.75} for one in series]
    entries = [(one["label"], {**look, "lw": 7}) for one, look in zip(series, looks, strict=True)]
    sheet, axes = plot(data, entries, mark, note=LEAD)
    axes.set_xlim(canvas.limits(edges, canvas.tick_values(data["x_ticks"]), margin=0.005))
    top = canvas.limits(*(one["share"] for one in series), canvas.tick_values(data["y_ticks"]))[1]
    axes.set_ylim(0, top)
    for one, look in zip(series, looks, strict=True):
        axes.stairs(one["share"], edges, **look, fill=True, lw=0)
        axes.stairs(one["share"], edges, color=look["color"], lw=0.8)
    _draw_moment(sheet, axes, zero)
    return sheet
