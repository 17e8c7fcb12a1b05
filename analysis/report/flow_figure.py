"""The flow of persons and offices: boxes and arrows, from those considered to those analysed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from analysis.report import canvas
from analysis.report.canvas import LEAD, SIZE, SOFT, WIDTH, Paper

BOX_PAD = 7.0
BOX_GAP = 20.0
COMMON_WIDTH = 218.0
ASIDE_LEFT = WIDTH / 2 + 24


@dataclass(frozen=True)
class Box:
    """A box of the flow, with its text broken into lines that fit."""

    left: float
    top: float
    width: float
    lines: tuple[str, ...]

    @property
    def bottom(self) -> float:
        """The lower edge, when the box is as high as its text needs."""
        return self.top + _box_height(self.lines)

    @property
    def middle(self) -> float:
        """The x of the arrows that meet the box."""
        return self.left + self.width / 2


def _box_height(lines: Sequence[str]) -> float:
    return len(lines) * LEAD + 2 * BOX_PAD - 2


def _box(left: float, top: float, width: float, text: str) -> Box:
    return Box(left, top, width, canvas.wrapped(text, width - 2 * BOX_PAD))


def flow(data: dict, mark: str | None) -> Paper:
    """Boxes in one column, what was left out beside them, then a column for each arm."""
    if not 1 <= len(data["arms"]) <= 3:
        raise ValueError("a flow has one to three arms")
    unknown = sorted(key for key in data["aside"] if key not in map(str, range(len(data["common"]))))
    if unknown:
        raise ValueError(f"no box for the text beside it: {unknown}")
    common, asides, end = _common_boxes(data)
    arms = _arm_boxes(data["arms"], end)
    bottom = max(box.bottom for box in itertools.chain(common, asides, *arms))
    sheet = canvas.paper(bottom + 2, mark)
    axes = sheet.axes(0, 0, WIDTH, sheet.height)
    axes.set(xlim=(0, WIDTH), ylim=(sheet.height, 0))
    axes.axis("off")
    _draw_trunk(axes, common, asides, arms)
    for box in itertools.chain(common, asides, *arms):
        _draw_box(sheet, axes, box)
    return sheet


def _common_boxes(data: dict) -> tuple[list[Box], list[Box], float]:
    """Return the boxes of the first column, those beside it, and where the arms begin."""
    common, asides, top = [], [], 1.0
    for number, text in enumerate(data["common"]):
        common.append(_box((WIDTH - COMMON_WIDTH) / 2, top, COMMON_WIDTH, text))
        top = common[-1].bottom + BOX_GAP
        if str(number) in data["aside"]:
            asides.append(_box(ASIDE_LEFT, top - BOX_GAP / 2, WIDTH - ASIDE_LEFT - 1, data["aside"][str(number)]))
            top = asides[-1].bottom + BOX_GAP / 2 + 2
    return common, asides, top + (BOX_GAP / 2 if common and len(data["arms"]) > 1 else 0)


def _arm_boxes(arms: Sequence[Sequence[str]], top: float) -> list[list[Box]]:
    """Return the boxes of each arm; boxes of the same step stand at the same height."""
    room = (WIDTH - 2) / len(arms)
    width = COMMON_WIDTH if len(arms) == 1 else room - 14
    columns: list[list[Box]] = [[] for _ in arms]
    for step in itertools.zip_longest(*arms):
        placed = [
            _box(1 + room * number + (room - width) / 2, top, width, text) if text else None
            for number, text in enumerate(step)
        ]
        for column, box in zip(columns, placed, strict=True):
            column += [box] if box else []
        top = max(box.bottom for box in placed if box) + BOX_GAP
    return columns


def _draw_trunk(axes: Axes, common: Sequence[Box], asides: Sequence[Box], arms: Sequence[Sequence[Box]]) -> None:
    """Draw the arrows: down each column, out to what was left out, and from the last common box to each arm."""
    for column in (common, *arms):
        for above, below in itertools.pairwise(column):
            _arrow(axes, (above.middle, above.bottom), (below.middle, below.top))
    for box in asides:
        middle = (box.top + box.bottom) / 2
        _arrow(axes, (WIDTH / 2, middle), (box.left, middle))
    starts = [column[0] for column in arms if column]
    if not common or not starts:
        return
    fork = starts[0].top - BOX_GAP * 0.75
    axes.plot([WIDTH / 2] * 2, [common[-1].bottom, fork], color=SOFT, lw=1.1)
    axes.plot([min(b.middle for b in starts), max(b.middle for b in starts)], [fork] * 2, color=SOFT, lw=1.1)
    for box in starts:
        _arrow(axes, (box.middle, fork), (box.middle, box.top))


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "-|>,head_width=0.22,head_length=0.45", "color": SOFT, "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=look)


def _draw_box(sheet: Paper, axes: Axes, box: Box) -> None:
    _stop_if_over(box)
    style = "round,pad=0,rounding_size=3"
    height = box.bottom - box.top
    axes.add_patch(
        FancyBboxPatch((box.left, box.top), box.width, height, boxstyle=style, fc="#f5f6f7", ec=SOFT, lw=0.9)
    )
    sheet.lines(box.middle, (box.top + box.bottom) / 2, box.lines, ha="center", size=SIZE)


def _stop_if_over(box: Box) -> None:
    """Raise ValueError when the text of a box, or the box itself, reaches over an edge."""
    widest = max(canvas.text_width(line) for line in box.lines)
    if widest > box.width or box.left < 0 or box.left + box.width > WIDTH:
        raise ValueError(f"the text {' '.join(box.lines)!r} does not fit its box")
