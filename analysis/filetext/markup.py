"""HTML, SVG and XML: as they are written, and as they read."""

import functools
import html
import itertools
import re
from collections.abc import Iterator

from analysis.filetext.contract import (
    BLOCK,
    Inside,
    Part,
    Refused,
    Text,
    base64_bytes,
    decoded,
    line,
    refusals,
    visible,
    without_json_escapes,
)

DATA_PLOT = "{kind} bærer dataene bak figuren"
DATA_PLOTS = (
    ("Plotly.newPlot(", "en Plotly-figur"),
    ("Plotly.react(", "en Plotly-figur"),
    ("application/vnd.plotly", "en Plotly-figur"),
    ("vegaEmbed(", "en Vega-figur"),
    ("vega.github.io/schema", "en Vega-figur"),
    ("application/vnd.vega", "en Vega-figur"),
    ("Bokeh.safely(", "en Bokeh-figur"),
    ("docs_json", "en Bokeh-figur"),
    ("application/vnd.bokehjs", "en Bokeh-figur"),
    ("application/vnd.holoviews", "en HoloViews-figur"),
    ("application/vnd.apache.", "en Arrow-tabell"),
    ("application/vnd.dataresource", "en dataramme"),
)
MEDIA_SUFFIX = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "application/json": ".json",
    "application/pdf": ".pdf",
}
FONT_MAGIC = (b"wOFF", b"wOF2", b"OTTO", b"\0\1\0\0", b"true")
# Lines of base64 after the first are long, and a short last one ends at a quote: words that follow are not taken in.
DATA_URI = re.compile(
    r"""data:([\w.+/-]*)[^,"'()<>\s]{0,80};base64,\s*"""
    r"""([A-Za-z0-9+/]*(?:\s+[A-Za-z0-9+/]{60,})*(?:\s+[A-Za-z0-9+/]+={0,2}(?=\s*["')]))?={0,2})"""
)
SHORTEST_BLOB = 100

ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"[^"]*|'[^']*|[^\s"'>]*)$""")
CELL = re.compile(r'<c [^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"')
BLANKS = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
LONGEST_TAG_TOLD = 2000

# Elements whose text runs on into the next: HTML, SVG, and the rich text of a worksheet.
INLINE_NAMES = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|nobr|output|q|s|samp|small|span|"
    "strike|strong|sub|sup|time|tt|u|var|wbr|tspan|textpath|r|t|rpr"
)
# In the languages of Word and of drawings in Office files, everything runs on but these.
OFFICE_INLINE_NAMES = r"[wa]:(?!(?:p|tc|tr|tbl|tab|sectPr|body)[\s/>])\w+"
NO_BREAK_HYPHEN = re.compile(r"<w:noBreakHyphen\s*/>")
BREAK = re.compile(r"<(?:[wa]:br|w:cr|br)(?=[\s/>])[^>]*>", re.IGNORECASE)
INLINE = re.compile(
    rf"<!--.*?-->|</?(?:{OFFICE_INLINE_NAMES}|{INLINE_NAMES})(?=[\s/>])[^>]*>", re.DOTALL | re.IGNORECASE
)
TAG = re.compile(r"<[A-Za-z/!?][^>]*>")
BREAK_MARK = "\x1e"


def markup(content: bytes, inside: Inside) -> Iterator[Part]:
    """A markup file as it is written, as it reads, and the files laid into it as base64."""
    text = decoded(content)
    yield from data_plots(text)
    yield from _data_uris(text, inside)
    bare = DATA_URI.sub(_without_blob, text)
    yield from refusals(bare)
    source = _resolved(bare)
    yield Text(source, functools.partial(_place, source))
    read = _as_read(source)
    yield Text(read, functools.partial(_place_of_block, source, read), across_lines=True)


def data_plots(text: str) -> Iterator[Refused]:
    """Plots that carry their data frame along, told once for each kind of mark."""
    for mark, kind in DATA_PLOTS:
        position = text.find(mark)
        if position >= 0:
            yield Refused(line(text, position), DATA_PLOT.format(kind=kind))


def _data_uris(text: str, inside: Inside) -> Iterator[Part]:
    for match in DATA_URI.finditer(text):
        content = base64_bytes(match[2])
        if not content.startswith(FONT_MAGIC):
            place = f"innebygd innhold på {line(text, match.start())}"
            yield from inside(place, MEDIA_SUFFIX.get(match[1].lower(), ""), content)


def _without_blob(match: re.Match[str]) -> str:
    """A data URI without its content, if it is long enough to be content; line breaks stay, so lines still count."""
    return "\n" * match[2].count("\n") if len(match[2]) >= SHORTEST_BLOB else match.group()


def _resolved(text: str) -> str:
    """The source with its character codes, of markup and of scripts, written out."""
    return visible(without_json_escapes(html.unescape(text) if "&" in text else text))


def _place(text: str, position: int) -> str:
    """Comment, attribute, worksheet cell or line at a position."""
    before = text[max(0, position - LONGEST_TAG_TOLD) : position]
    tag, here = before.rfind("<"), line(text, position)
    if before.rfind("<!--") > before.rfind("-->"):
        return f"kommentar, {here}"
    if tag > before.rfind(">") and (attribute := ATTRIBUTE.search(before[tag:])):
        return f"attributtet {attribute[1]}, {here}"
    cells = CELL.findall(before[before.rfind("</c>") + 1 :])
    return f"celle {cells[-1]}" if cells else here


def _as_read(source: str) -> str:
    """The text when the tags are taken away: runs joined, blocks kept apart, white space as one blank."""
    joined = INLINE.sub("", BREAK.sub(BREAK_MARK, NO_BREAK_HYPHEN.sub("-", source)))
    return BLANKS.sub(" ", TAG.sub(BLOCK, joined)).replace(BREAK_MARK, "\n")


def _place_of_block(source: str, read: str, position: int) -> str:
    """Where the block begins that a position in the text as read belongs to: as many blocks in, in the source."""
    masked = _masked(source)
    number = read.count(BLOCK, 0, position)
    tag = next(itertools.islice(TAG.finditer(masked), number - 1, None), None) if number else None
    inner = masked[tag.end() :] if tag else masked
    return _place(source, len(source) - len(inner.lstrip()))


def _masked(source: str) -> str:
    """The source with all that runs on blanked out, every position kept."""
    joined = NO_BREAK_HYPHEN.sub(_blank, BREAK.sub(_blank, source))
    return INLINE.sub(_blank, joined)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
