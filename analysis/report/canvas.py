"""Paper, ruler and pens of the figures. Every length is in points, and y runs downwards from the top.

A figure is as wide as the text column of the PDF, so its letters keep their size there; its height follows from
what it holds.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path

FAMILY = "Source Sans 3"
FONT_FOLDER = Path(__file__).parents[2] / "reports" / "_shared" / "fonts"
WIDTH = 459.0
SIZE = 9.5
SMALL = 8.5
LEAD = 12.5
ROW = 17.0
SAMPLE = 26.0
TICK_ROOM = 21.0
CAPITAL = 0.66  # height of a capital letter of Source Sans 3, as a part of the size
INK, SOFT, RULE, WARN = "#202733", "#49515e", "#cfd3d8", "#8c3500"
POINTS_PER_INCH = 72
MOST_WIDTHS = 10_000

RC: dict[str, Any] = {
    "font.family": FAMILY,
    "font.size": SIZE,
    "svg.fonttype": "none",
    "svg.hashsalt": "tiltakseffekt",
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.8,
    "ytick.alignment": "center",
    "figure.facecolor": "white",
}


@dataclass(frozen=True)
class Pen:
    """Colour, marker and line of one style. The three colours have one luminance, so shape must tell them apart."""

    colour: str
    marker: str
    line: Any
    size: float


PENS = (
    Pen("#0063C1", "D", "-", 6.0),
    Pen("#AC4400", "o", (0, (5, 1.6)), 6.6),
    Pen("#5D6573", "s", (0, (1.6, 1.2)), 6.0),
)


@dataclass(frozen=True)
class Paper:
    """A white sheet: a matplotlib figure addressed in points from its upper left corner."""

    figure: Figure
    height: float

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Write `text` with the middle of its capital letters at `y`."""
        baseline = y + CAPITAL * style.get("size", SIZE) / 2
        self.figure.text(x / WIDTH, 1 - baseline / self.height, text, va="baseline", **style)

    def lines(self, x: float, y: float, lines: Sequence[str], **style: Any) -> None:
        """Write `lines` below each other, centred on `y` as a whole."""
        first = y - (len(lines) - 1) * LEAD / 2
        for number, line in enumerate(lines):
            self.text(x, first + number * LEAD, line, **style)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes whose frame has this upper left corner and size."""
        bottom = 1 - (top + height) / self.height
        return self.figure.add_axes((left / WIDTH, bottom, width / WIDTH, height / self.height))


def paper(height: float, mark: str | None) -> Paper:
    """Return a sheet of `height` points, and below that a line for `mark`, which follows a copied figure."""
    whole = height + (LEAD if mark else 0)
    figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, whole / POINTS_PER_INCH), dpi=POINTS_PER_INCH)
    FigureCanvasSVG(figure)
    sheet = Paper(figure, whole)
    if mark:
        sheet.text(WIDTH, whole - LEAD / 2, mark, ha="right", size=SMALL, weight="semibold", color=WARN)
    return sheet


def svg(sheet: Paper) -> bytes:
    """Return the sheet as SVG with real text and without a date."""
    stream = io.BytesIO()
    sheet.figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def use_fonts(folder: Path) -> None:
    """Let matplotlib know the font files in `folder`, instead of any of that name which the machine has.

    Raises ValueError when the folder does not hold the family; matplotlib itself would only warn.
    """
    files = [path for path in sorted(folder.glob("*.ttf")) if font_manager.get_font(path).family_name == FAMILY]
    if not files:
        raise ValueError(f"the font {FAMILY} is not in {folder.name}")
    manager = font_manager.fontManager
    if {font.fname for font in manager.ttflist if font.name == FAMILY} == {str(path) for path in files}:
        return
    manager.ttflist = [font for font in manager.ttflist if font.name != FAMILY]
    for path in files:
        manager.addfont(path)


@lru_cache(maxsize=MOST_WIDTHS)
def text_width(text: str, *, size: float = SIZE, weight: str = "normal") -> float:
    """Return the width of one line in points. Words return from figure to figure and table to table."""
    font = font_manager.FontProperties(family=FAMILY, size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]


def wrapped(text: str, width: float, *, size: float = SIZE, weight: str = "normal") -> tuple[str, ...]:
    """Break `text` at ordinary spaces and line feeds so that each line fits into `width` points.

    Raises ValueError when one word is wider than that.
    """
    found: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and text_width(longer, size=size, weight=weight) > width:
                found.append(line)
                longer = word
            line = longer
        found.append(line)
    _stop_if_wide(found, width, size=size, weight=weight)
    return tuple(found)


def _stop_if_wide(lines: Iterable[str], width: float, *, size: float, weight: str) -> None:
    for line in lines:
        if text_width(line, size=size, weight=weight) > width:
            raise ValueError(f"the text {line!r} does not fit into {width:.0f} points")


def levels(spans: Sequence[tuple[float, float]], gap: float = 5.0) -> tuple[int, ...]:
    """Return the line (0, 1, …) on which each span from left to right can stand without touching another."""
    ends: list[float] = []
    chosen = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda item: spans[item]):
        left, right = spans[index]
        level = next((number for number, end in enumerate(ends) if end + gap <= left), len(ends))
        ends[level : level + 1] = [right]
        chosen[index] = level
    return tuple(chosen)


def limits(*groups: Iterable[float | None], margin: float = 0.02) -> tuple[float, float]:
    """Return the smallest and largest of all numbers, a little apart; empty values are passed over."""
    numbers = [value for group in groups for value in group if value is not None]
    low, high = min(numbers), max(numbers)
    room = (high - low) * margin or 1.0
    return low - room, high + room


def with_gaps(values: Iterable[float | None]) -> list[float]:
    """Values to draw: a missing one is a gap."""
    return [float("nan") if value is None else value for value in values]


def write_x_label(sheet: Paper, lines: Sequence[str], middle: float, top: float) -> None:
    """Write the label of the x axis below its ticks, centred on the plot as far as the sheet allows."""
    widest = max(text_width(line) for line in lines)
    x = min(max(middle, widest / 2), WIDTH - widest / 2)
    sheet.lines(x, top + len(lines) * LEAD / 2, lines, ha="center")


def tick_values(ticks: Iterable[dict]) -> list[float]:
    """Return the positions of ticks or reference lines."""
    return [tick["value"] for tick in ticks]


def set_ticks(axis: Any, ticks: Sequence[dict]) -> None:
    """Put the labels of the model, and no others, on an axis of matplotlib."""
    axis.set_ticks(tick_values(ticks), [tick["label"] for tick in ticks])


def legend(sheet: Paper, entries: Sequence[tuple[str, dict]]) -> None:
    """Name the pens at the top of the sheet: (label, properties of the line) each.

    Our own, because matplotlib's legend leaves out labels that begin with an underscore.
    """
    x, y = 0.0, ROW / 2
    for (label, look), stacked in zip(entries, _breaks(entries), strict=True):
        if stacked:
            x, y = 0.0, y + ROW
        ends = [x / WIDTH, (x + SAMPLE / 2) / WIDTH, (x + SAMPLE) / WIDTH]
        height = [1 - y / sheet.height] * 3
        sheet.figure.add_artist(Line2D(ends, height, markevery=[1], transform=sheet.figure.transFigure, **look))
        sheet.text(x + SAMPLE + 6, y, label)
        x += _entry_width(label)


def legend_height(entries: Sequence[tuple[str, dict]]) -> float:
    """Return the height that `legend` takes."""
    return ROW * (1 + sum(_breaks(entries)))


def _entry_width(label: str) -> float:
    return SAMPLE + 6 + text_width(label) + 18


def _breaks(entries: Sequence[tuple[str, dict]]) -> list[bool]:
    """Tell for each entry whether it begins a new row."""
    found: list[bool] = []
    x = 0.0
    for label, _ in entries:
        needed = _entry_width(label)
        found.append(x > 0 and x + needed > WIDTH)
        x = needed if found[-1] else x + needed
    return found


def drawing(folder: Path = FONT_FOLDER) -> Any:
    """Return the context in which figures are drawn: our fonts and settings, and matplotlib's own afterwards."""
    use_fonts(folder)
    return mpl.rc_context(RC)
