"""The funnel: units as points, shares against how many are behind them, between the limits that chance gives."""

from analysis.report import canvas
from analysis.report.canvas import INK, PENS, Paper
from analysis.report.plot_figures import plot


def funnel(data: dict, mark: str | None) -> Paper:
    """Points of two groups, the share of all as a line, and pairs of limits as lines of their own."""
    points, lines = data["points"], data["lines"]
    looks = [_point_look(one["style"]) for one in points]
    entries = [(one["label"], look) for one, look in zip(points, looks, strict=True)]
    entries += [(one["label"], _line_look(one["style"])) for one in lines]
    sheet, axes = plot(data, entries, mark)
    axes.set_xlim(canvas.limits(*(one["x"] for one in points), canvas.tick_values(data["x_ticks"])))
    shares = [one[key] for one in lines for key in ("low", "high")] + [one["y"] for one in points]
    axes.set_ylim(canvas.limits(*shares, canvas.tick_values(data["y_ticks"])))
    axes.axhline(data["target"], color=INK, lw=0.9, zorder=1)
    for one in lines:
        for side in ("low", "high"):
            axes.plot(one["x"], one[side], **_line_look(one["style"]))
    # The few that are looked at lie above the many.
    for one, look in reversed(list(zip(points, looks, strict=True))):
        axes.plot(one["x"], one["y"], zorder=3 - one["style"], **look)
    return sheet


def _point_look(style: int) -> dict:
    pen = PENS[style]
    return {"color": pen.colour, "marker": pen.marker, "ms": pen.size - 1.4, "ls": "none"}


def _line_look(style: int) -> dict:
    pen = PENS[2]
    return {"color": pen.colour, "marker": "none", "ls": ("-", (0, (5, 1.6)))[style], "lw": 1.2}
