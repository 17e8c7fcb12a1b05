"""The figure of many analyses: estimates in rising order, the band of the permutations, and below what each chose."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from analysis.report import canvas
from analysis.report.canvas import INK, LEAD, PENS, RULE, SOFT, WIDTH, Paper

CURVE_HEIGHT, BETWEEN, GAP, INDENT, ROW = 150.0, 12.0, 12.0, 8.0, 14.5
# Widest labels as a part of the sheet; markers shrink with their number between these sizes.
WIDEST_LABEL, SMALLEST, LARGEST = 0.36, 1.8, 5.0
BAND = "#d9dde3"


def curve(data: dict, mark: str | None) -> Paper:
    """Points in rising order over a band, and a row of marks for every choice, under the name of its axis."""
    lines = _lines(data["groups"])
    left = max(canvas.text_width(tick["label"]) for tick in data["y_ticks"]) + 9
    labels = [part for label, *_ in lines for part in label]
    left = max(left, *(canvas.text_width(part, weight="semibold") + INDENT + GAP for part in labels), GAP)
    entries, above = _entries(data), canvas.wrapped(data["y_label"], WIDTH)
    head = canvas.legend_height(entries)
    top = head + 4 + len(above) * LEAD + 5
    below = top + CURVE_HEIGHT + BETWEEN
    rows = sum(_height(line) for line in lines)
    under = canvas.wrapped(data["x_label"], WIDTH - left)
    sheet = canvas.paper(below + rows + canvas.TICK_ROOM + len(under) * LEAD + 4, mark)
    canvas.legend(sheet, entries)
    sheet.lines(0, head + 4 + len(above) * LEAD / 2, above, color=SOFT)
    width = WIDTH - left - GAP
    _draw_curve(sheet.axes(left, top, width, CURVE_HEIGHT), data, width)
    _draw_choices(sheet, sheet.axes(left, below, width, rows), lines, data, below)
    canvas.write_x_label(sheet, under, (left + WIDTH) / 2, below + rows + canvas.TICK_ROOM)
    return sheet


def _lines(groups: Sequence[dict]) -> list[tuple[tuple[str, ...], list[int] | None]]:
    """Label and places of each line; a heading has no places."""
    room = WIDTH * WIDEST_LABEL
    found: list[tuple[tuple[str, ...], list[int] | None]] = []
    for group in groups:
        found.append((canvas.wrapped(group["label"], room, weight="semibold"), None))
        found += [(canvas.wrapped(row["label"], room - INDENT), row["at"]) for row in group["rows"]]
    return found


def _height(line: tuple[tuple[str, ...], list[int] | None]) -> float:
    return ROW + (len(line[0]) - 1) * LEAD


def _entries(data: dict) -> list[tuple[str, dict]]:
    """The legend; a band of which nothing is known is not in it."""
    labels = data["labels"]
    main = {"color": PENS[1].colour, "marker": PENS[1].marker, "ms": PENS[1].size, "ls": "none"}
    other = {"color": PENS[0].colour, "marker": PENS[0].marker, "ms": 3.6, "ls": "none"}
    band = [
        (labels["band"], {"color": BAND, "lw": 8}),
        (labels["middle"], {"color": PENS[2].colour, "ls": PENS[2].line, "lw": 1.4}),
    ]
    known = any(value is not None for value in data["band"]["low"])
    return [(labels["main"], main), (labels["other"], other), *(band if known else [])]


def _size(data: dict, width: float) -> float:
    return min(LARGEST, max(SMALLEST, 0.6 * width / len(data["points"])))


def _places(axes: Axes, data: dict) -> list[int]:
    places = list(range(1, len(data["points"]) + 1))
    axes.set_xlim(0.3, len(places) + 0.7)
    return places


def _draw_curve(axes: Axes, data: dict, width: float) -> None:
    places, band = _places(axes, data), data["band"]
    seen = [point["estimate"] for point in data["points"]]
    axes.set_ylim(canvas.limits(seen, band["low"], band["high"], canvas.tick_values(data["y_ticks"])))
    canvas.set_ticks(axes.yaxis, data["y_ticks"])
    canvas.set_ticks(axes.xaxis, [])
    axes.spines["bottom"].set_visible(False)
    low, middle, high = (canvas.with_gaps(band[name]) for name in ("low", "middle", "high"))
    axes.fill_between(places, low, high, color=BAND, lw=0, zorder=0)
    axes.plot(places, middle, color=PENS[2].colour, ls=PENS[2].line, lw=1.4, zorder=1)
    axes.axhline(0, color=INK, lw=0.9, zorder=1)
    for place, point in zip(places, data["points"], strict=True):
        pen, size = (PENS[1], PENS[1].size) if point["main"] else (PENS[0], _size(data, width))
        axes.plot(place, point["estimate"], marker=pen.marker, color=pen.colour, ms=size, ls="none", zorder=2)


def _draw_choices(sheet: Paper, axes: Axes, lines: list, data: dict, top: float) -> None:
    _places(axes, data)
    axes.set_ylim(sum(_height(line) for line in lines), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    canvas.set_ticks(axes.xaxis, data["x_ticks"])
    size = _size(data, axes.get_position().width * WIDTH)
    down = 0.0
    for line in lines:
        label, at = line
        middle, down = down + _height(line) / 2, down + _height(line)
        sheet.lines(0 if at is None else INDENT, top + middle, label, weight="semibold" if at is None else "normal")
        if at is not None:
            axes.axhline(middle, color=RULE, lw=0.6, zorder=0)
            for place in at:
                pen = PENS[1] if data["points"][place - 1]["main"] else PENS[0]
                axes.plot(place, middle, marker=pen.marker, color=pen.colour, ms=size, ls="none")
