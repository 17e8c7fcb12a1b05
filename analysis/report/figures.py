"""The figures of a report: drawn with matplotlib as SVG, turned into PNG, and made accessible for a web page.

Every label arrives as finished text. What the painters work out is where things stand on the sheet.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import typst
from lxml import etree

from analysis.report import (
    canvas,
    curve_figure,
    flow_figure,
    plot_figures,
    row_figures,
    series_figures,
    tornado_figure,
)

PAINTERS: dict[str, Callable[[dict, str | None], canvas.Paper]] = {
    "forest": row_figures.forest,
    "time": plot_figures.time,
    "balance": row_figures.balance,
    "overlap": plot_figures.overlap,
    "histogram": plot_figures.histogram,
    "flow": flow_figure.flow,
    "range": row_figures.ranges,
    "funnel": series_figures.funnel,
    "curve": curve_figure.curve,
    "tornado": tornado_figure.tornado,
}

# Figures that are kept: more than any report has.
MOST_FIGURES = 64
DOTS_PER_INCH = 200
# A page as large as the drawing on it.
SHEET = b"""#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg")"""
SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
FONT = re.compile(r"(?:(?P<weight>\d+|bold|italic|oblique)\s+)?(?P<size>[\d.]+)px\s+(?P<family>.+)")


@dataclass(frozen=True)
class Drawn:
    """A finished figure: SVG from matplotlib, its name in the text, and what it shows in words."""

    svg: bytes
    title: str
    alt: str


def draw(kind: str, data: dict, *, mark: str | None = None, font_folder: Path = canvas.FONT_FOLDER) -> bytes:
    """Return a figure as SVG, the same bytes for the same data.

    `mark` stands in the lower right corner, so that a figure copied from a report of synthetic data still says so.
    An unknown kind, a missing font, and text without room raise ValueError.
    """
    return _svg(kind, json.dumps(data), mark, font_folder)


@lru_cache(maxsize=MOST_FIGURES)
def _svg(kind: str, data: str, mark: str | None, font_folder: Path) -> bytes:
    """`draw` of data as text: the web page and the PDF of a report, and its summary in English, show the same ones."""
    if kind not in PAINTERS:
        raise ValueError(f"unknown kind of figure: {kind}")
    with canvas.drawing(font_folder):
        return canvas.svg(PAINTERS[kind](json.loads(data), mark))


def draw_png(kind: str, data: dict, *, mark: str | None = None, font_folder: Path = canvas.FONT_FOLDER) -> bytes:
    """Return the figure that `draw` returns as PNG, for programs that show no SVG; it raises as `draw` does."""
    return _png(kind, json.dumps(data), mark, font_folder)


@lru_cache(maxsize=MOST_FIGURES)
def _png(kind: str, data: str, mark: str | None, font_folder: Path) -> bytes:
    """`draw_png` of data as text. Typst turns the drawing of `draw` into dots, which takes less time than drawing it
    once more with matplotlib (docs/performance.md) and makes a smaller file."""
    content, warnings = typst.compile_with_warnings(
        SHEET,
        font_paths=[font_folder],
        ignore_system_fonts=True,
        format="png",
        ppi=DOTS_PER_INCH,
        sys_inputs={"svg": _svg(kind, data, mark, font_folder).decode("utf-8")},
    )
    if warnings:
        raise ValueError("Typst warns: " + "; ".join(warning.message for warning in warnings))
    return content


def draw_anew() -> None:
    """Forget the figures that were drawn, for whoever measures how long they take."""
    _svg.cache_clear()
    _png.cache_clear()


def drawn(block: dict, *, label: str, mark: str | None = None) -> Drawn:
    """Return the figure of a block of the report; one without a description raises ValueError."""
    title, alt = named(block, label=label)
    return Drawn(draw(block["kind"], block["data"], mark=mark), title, alt)


def named(block: dict, *, label: str) -> tuple[str, str]:
    """Return the name of a figure in the text and its description; one without raises ValueError."""
    alt = "".join(run["text"] for run in block["alt"]).strip()
    if not alt:
        raise ValueError(f"figure {block['id']} has no alt text")
    return f"{label}\N{NO-BREAK SPACE}{block['number']}", alt


def accessible_svg(svg: bytes, prefix: str, title: str, alt: str) -> str:
    """Return the figure as inline SVG with a name, a description and no style attribute.

    `prefix` keeps the ids of several figures on one page apart. An empty title or description raises ValueError.
    """
    if not title.strip() or not alt.strip():
        raise ValueError(f"the figure {prefix!r} has no title or no alt text")
    root = etree.fromstring(svg, etree.XMLParser(remove_comments=True, resolve_entities=False))
    for element in list(root.iter(f"{SVG}metadata", f"{SVG}style")):
        element.getparent().remove(element)
    for element in root.iter(etree.Element):
        _prefix_ids(element, prefix)
        _spread_style(element, prefix)
    _name(root, prefix, title, alt)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _prefix_ids(element: etree._Element, prefix: str) -> None:
    if "id" in element.attrib:
        element.set("id", prefix + element.get("id"))
    target = element.attrib.pop(XLINK, None)
    if target:
        element.set("href", f"#{prefix}{target.removeprefix('#')}")
    if "clip-path" in element.attrib:
        element.set("clip-path", element.get("clip-path").replace("url(#", f"url(#{prefix}"))


def _spread_style(element: etree._Element, prefix: str) -> None:
    """Turn the style attribute, which a strict policy blocks, into presentation attributes, which it allows."""
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            _spread_font(element, value)
        elif name:
            element.set(name, value.replace("url(#", f"url(#{prefix}"))


def _spread_font(element: etree._Element, value: str) -> None:
    found = FONT.fullmatch(value)
    if not found:
        raise ValueError(f"unknown font declaration {value!r}")
    if found["weight"]:
        element.set("font-weight", found["weight"])
    element.set("font-size", found["size"])
    element.set("font-family", found["family"].replace("'", ""))


def _name(root: etree._Element, prefix: str, title: str, alt: str) -> None:
    """Give the root its name and role; matplotlib's own style sheet is kept as two inherited attributes."""
    for number, (tag, text) in enumerate((("title", title), ("desc", alt))):
        element = etree.Element(SVG + tag, id=prefix + tag)
        element.text = text
        root.insert(number, element)
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    root.set("class", "chart")
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}title {prefix}desc")
