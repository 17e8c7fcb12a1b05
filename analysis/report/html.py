"""The report as one web page: no request leaves it, no script runs in it, and it works from a file.

Also the parts that the portal shares: runs of text, equations, figures, style sheet and content security policy.
"""

import base64
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import jinja2
import lxml.html
from lxml import etree
from markupsafe import Markup, escape

from analysis.report import figures
from analysis.report.policy import policy
from analysis.web_templates import web_templates

FAMILY = "Source Sans 3"
LINK = re.compile(r"#\S+|https?://\S+|mailto:\S+|(?![^#?]*:)(?!//)[^\s\\]+")
# What MathML may hold here: elements and attributes that lay out a formula, none that run, load or style anything.
MATH_TAGS = re.compile(
    "math|mrow|mi|mn|mo|ms|mtext|mspace|mfrac|msqrt|mroot|msub|msup|msubsup|munder|mover|munderover|mtable|mtr|mtd|"
    "mstyle|mpadded|mphantom"
)
MATH_ATTRIBUTES = re.compile(
    "display|displaystyle|mathvariant|stretchy|fence|separator|form|accent|accentunder|largeop|movablelimits|lspace|"
    "rspace|width|height|depth|linethickness|scriptlevel|columnspan|rowspan"
)


def render(report: dict, *, css: str, fonts: dict[int, bytes], template_folder: str | os.PathLike) -> str:
    """Return the report as a self-contained HTML page, the same text for the same report.

    `css` is the text of report.css and `fonts` comes from `fonts.web_fonts`. A figure or equation without a
    description, a link that leads nowhere and an id used twice raise ValueError.
    """
    style = stylesheet(css, fonts)
    page = (
        environment(template_folder, report)
        .get_template("report.html.j2")
        .render(
            report=report,
            labels=report["labels"],
            outline=outline(report["sections"]),
            style=style,
            policy=policy(style),
        )
    )
    stop_if_broken(page)
    return page


def environment(template_folder: str | os.PathLike, model: dict) -> jinja2.Environment:
    """Return the templates, with what they need to show the blocks of `model`."""
    found = web_templates(template_folder)
    found.filters |= {"runs": runs, "href": href}
    found.globals |= {
        "figure": lambda block: figure(block, model),
        "equation": lambda block: equation(block, model["labels"]["formula"]),
        "refuse": refuse,
    }
    return found


def refuse(kind: str) -> None:
    """Raise ValueError for a kind of block that the templates do not know."""
    raise ValueError(f"unknown kind of block: {kind}")


def stylesheet(css: str, fonts: dict[int, bytes]) -> Markup:
    """Return `css` with the fonts inside it, ready for a style element."""
    if "</" in css:
        raise ValueError("a style sheet must not close its element")
    return Markup("".join(_font_face(weight, fonts[weight]) for weight in sorted(fonts)) + css)


def _font_face(weight: int, font: bytes) -> str:
    source = f"data:font/woff2;base64,{base64.b64encode(font).decode('ascii')}"
    return f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};src:url({source}) format("woff2")}}\n'


def outline(sections: Sequence[dict]) -> list[dict]:
    """Return the sections of level 1, each with those of level 2 that follow it as `parts`."""
    found: list[dict] = []
    for section in sections:
        if section["level"] == 1:
            found.append({**section, "parts": []})
        elif section["level"] == 2 and found:
            found[-1]["parts"].append(section)
        else:
            raise ValueError(f"section {section['id']} has no section of level 1 above it")
    return found


def runs(items: Sequence[dict]) -> Markup:
    """Return runs of text as HTML; a number of the model keeps its id in `data-n`."""
    return Markup("").join(_run(item) for item in items)


def _run(item: dict) -> Markup:
    text: Markup = escape(item["text"])
    if "number" in item:
        text = Markup('<span data-n="{}">{}</span>').format(item["number"], text)
    if item.get("strong"):
        text = Markup("<strong>{}</strong>").format(text)
    if item.get("decorative"):
        text = Markup('<span aria-hidden="true">{}</span>').format(text)
    if "href" in item:
        text = Markup('<a href="{}">{}</a>').format(href(item["href"]), text)
    return text


def href(target: str) -> str:
    """Return a link target that is safe to follow; one that would run something raises ValueError."""
    if not LINK.fullmatch(target):
        raise ValueError(f"a link may not lead to {target!r}")
    return target


def links(value: Any) -> Iterator[str]:
    """Return every link target in the blocks, however deep."""
    if isinstance(value, dict):
        yield from [value["href"]] if "href" in value else []
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from links(item)


def figure(block: dict, model: dict) -> Markup:
    """Return a figure block as inline SVG, marked when the model has a banner."""
    banner = model["banner"]
    drawn = figures.drawn(block, label=model["labels"]["figure"], mark=banner["heading"] if banner else None)
    return Markup(figures.accessible_svg(drawn.svg, f"{block['id']}-", drawn.title, drawn.alt))


def equation(block: dict, label: str) -> Markup:
    """Return an equation block as MathML with its spoken form; unknown elements raise ValueError."""
    alt = block["alt"].strip()
    if not alt:
        raise ValueError("an equation has no alt text")
    root = math(block["mathml"])
    for name, value in {"display": "block", "role": "math", "alttext": alt, "aria-label": f"{label}: {alt}"}.items():
        root.set(name, value)
    return Markup(etree.tostring(root, encoding="unicode"))


def math(mathml: str) -> etree._Element:
    """Return a formula as a math element without namespace; one that holds anything but layout raises ValueError."""
    root = _math(
        etree.fromstring(mathml, etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False))
    )
    if root.tag != "math":
        raise ValueError("the MathML of an equation must be one math element")
    return root


def _math(element: etree._Element) -> etree._Element:
    """Copy an element without its namespace; only tags and attributes that lay out a formula are let in."""
    tag = etree.QName(element).localname
    strange = sorted(name for name in element.attrib if not MATH_ATTRIBUTES.fullmatch(name))
    if not MATH_TAGS.fullmatch(tag) or strange:
        raise ValueError(f"an equation may not hold {tag} with {strange}")
    copy = etree.Element(tag, dict(element.attrib))
    copy.text, copy.tail = element.text, element.tail
    copy.extend(_math(child) for child in element)
    return copy


def stop_if_broken(page: str) -> None:
    """Raise ValueError when an id stands twice or a link inside the page leads nowhere."""
    root: Any = lxml.html.document_fromstring(page)
    ids = [str(name) for name in root.xpath("//@id")]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    targets = {str(target)[1:] for target in root.xpath("//@href") if str(target).startswith("#")}
    lost = sorted(targets - set(ids))
    if twice or lost:
        raise ValueError(f"ids used twice: {twice}; links that lead nowhere: {lost}")
