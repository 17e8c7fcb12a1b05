"""How a report looks in Word: the styles of its reference document, written as WordprocessingML.

Sizes and distances are in points. Calibri, because Word embeds no font and every reader has that one or its double.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.report.canvas import INK, PENS, RULE, SOFT, WARN, WIDTH

FONT = "Calibri"
SIZE = 11.0
LETTERS, SMALL_LETTERS = 9.5, 8.5  # in tables
ACCENT, BAR = PENS[0].colour, "#AC4400"
CALLOUT_PAPER, BANNER_PAPER, LINK = "#F5F6F7", "#FFF5E4", "#0056B4"
NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@dataclass(frozen=True)
class Look:
    """A style of paragraphs; what is None or False is as in the style that it builds on."""

    name: str
    base: str | None = "Normal"
    size: float | None = None
    bold: bool = False
    colour: str | None = None
    before: float = 0
    after: float = 0
    line: float | None = None  # of the height of a line
    left: float = 0
    right: float = 0
    hanging: float = 0
    tab: tuple[str, float] | None = None  # kind and place
    bar: str | None = None  # colour of a line to the left
    above: str | None = None  # colour of a line above
    paper: str | None = None  # colour behind the text
    with_next: bool = False
    whole_words: bool = False
    level: int | None = None  # in the outline, from 0


LOOKS = (
    Look("Normal", base=None, after=7, line=1.15),
    Look("Body Text", after=7),
    Look("First Paragraph", base="Body Text", after=7),
    Look("Lead", size=13, after=9),
    Look("Note", size=9.5, colour=SOFT, after=8),
    Look("Title", size=26, bold=True, before=14, after=4, line=1.0, whole_words=True),
    Look("Subtitle", size=14, after=16, line=1.05, whole_words=True),
    Look("Meta", after=4, left=119, hanging=119, tab=("left", 119)),
    Look("heading 1", size=17, bold=True, before=24, after=7, line=1.0, with_next=True, whole_words=True, level=0),
    Look("heading 2", size=13, bold=True, before=16, after=5, line=1.0, with_next=True, whole_words=True, level=1),
    Look("TOC Heading", size=17, bold=True, before=20, after=7, line=1.0, with_next=True, whole_words=True),
    Look("toc 1", before=4, after=2, line=1.0, whole_words=True, tab=("right", WIDTH)),
    Look("toc 2", after=2, left=14, line=1.0, whole_words=True, tab=("right", WIDTH)),
    Look("List Paragraph", after=5),
    Look("Banner", colour=WARN, after=12, left=12, right=8, bar=BAR, paper=BANNER_PAPER),
    Look("Callout", after=12, left=12, right=8, bar=ACCENT, paper=CALLOUT_PAPER),
    Look("Callout Title", base="Callout", bold=True, before=10, with_next=True),
    Look("Key Figure", size=22, bold=True, before=8, line=1.0, above=ACCENT, with_next=True, whole_words=True),
    Look("Key Text", after=8, whole_words=True),
    Look("Definition Term", bold=True, before=3, with_next=True, whole_words=True),
    Look("Definition", after=6, left=14),
    Look("caption", size=10, bold=True, after=6, line=1.05, whole_words=True),
    Look("Table Caption", base="caption", before=12, after=4, with_next=True),
    Look("Image Caption", base="caption", before=2, after=14),
    Look("Figure", before=12, line=1.0, with_next=True),
    Look("Equation", before=6, after=6, with_next=True),
    Look("Compact", size=LETTERS, before=2, after=2, line=1.0),
    Look("Compact Small", base="Compact", size=SMALL_LETTERS, before=2, after=2),
    Look("footnote text", size=9, after=2, line=1.0),
    Look("header", size=9, colour=SOFT, line=1.0, tab=("right", WIDTH), whole_words=True),
    Look("footer", size=9, colour=SOFT, line=1.0, tab=("right", WIDTH), whole_words=True),
)
# Styles of characters: name and properties in the order that Word asks for.
CHARACTERS = {
    "Strong": "<w:b/>",
    "Key Unit": f'<w:b/><w:sz w:val="{round(2 * SIZE)}"/>',
    "Meta Term": f'<w:color w:val="{SOFT[1:]}"/>',
    "Mark": f'<w:b/><w:color w:val="{WARN[1:]}"/>',
    "footnote reference": '<w:vertAlign w:val="superscript"/>',
    "Hyperlink": f'<w:color w:val="{LINK[1:]}"/><w:u w:val="single"/>',
}
TABLE = f"""
<w:style w:type="table" w:default="1" w:styleId="Table"><w:name w:val="Table"/><w:qFormat/>
<w:tblPr><w:tblInd w:w="0" w:type="dxa"/>
<w:tblBorders><w:bottom w:val="single" w:sz="4" w:color="{RULE[1:]}"/>
<w:insideH w:val="single" w:sz="4" w:color="{RULE[1:]}"/></w:tblBorders>
<w:tblCellMar><w:top w:w="30" w:type="dxa"/><w:left w:w="80" w:type="dxa"/>
<w:bottom w:w="30" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar></w:tblPr>
<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr>
<w:tcPr><w:tcBorders><w:bottom w:val="single" w:sz="8" w:color="{INK[1:]}"/></w:tcBorders>
<w:vAlign w:val="bottom"/></w:tcPr></w:tblStylePr>
<w:tblStylePr w:type="firstCol"><w:rPr><w:b/></w:rPr></w:tblStylePr></w:style>"""


def styles_xml() -> str:
    """The part ``word/styles.xml``."""
    fonts = f'<w:rFonts w:ascii="{FONT}" w:hAnsi="{FONT}" w:eastAsia="{FONT}" w:cs="{FONT}"/>'
    size = _size(SIZE)
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<w:styles {NAMESPACE}><w:docDefaults><w:rPrDefault>'
        f'<w:rPr>{fonts}<w:color w:val="{INK[1:]}"/>{size}<w:lang w:val="nb-NO"/></w:rPr></w:rPrDefault>'
        f"<w:pPrDefault/></w:docDefaults>\n{''.join(_paragraphs())}{''.join(_characters())}{TABLE}\n</w:styles>\n"
    )


def style_id(name: str) -> str:
    """The name by which a document asks for a style: ``heading 1`` → ``Heading1``, ``toc 1`` → ``TOC1``."""
    return "".join(part if part[0].isupper() else part.capitalize() for part in name.split()).replace("Toc", "TOC")


def _paragraphs() -> Iterator[str]:
    for look in LOOKS:
        base = f'<w:basedOn w:val="{style_id(look.base)}"/>' if look.base else ""
        default = "" if look.base else ' w:default="1"'
        yield (
            f'<w:style w:type="paragraph"{default} w:styleId="{style_id(look.name)}"><w:name w:val="{look.name}"/>'
            f"{base}<w:qFormat/><w:pPr>{_of_paragraph(look)}</w:pPr><w:rPr>{_of_letters(look)}</w:rPr></w:style>\n"
        )


def _of_paragraph(look: Look) -> str:
    """Properties of a paragraph in the order of the schema."""
    line = "" if look.line is None else f' w:line="{round(240 * look.line)}" w:lineRule="auto"'
    borders = _border("top", look.above, 16, 4) + _border("left", look.bar, 32, 8)
    parts = (
        "<w:keepNext/>" if look.with_next else "",
        "<w:keepLines/>" if look.with_next or look.paper else "",
        f"<w:pBdr>{borders}</w:pBdr>" if borders else "",
        f'<w:shd w:val="clear" w:color="auto" w:fill="{look.paper[1:]}"/>' if look.paper else "",
        f'<w:tabs><w:tab w:val="{look.tab[0]}" w:pos="{_twips(look.tab[1])}"/></w:tabs>' if look.tab else "",
        "<w:suppressAutoHyphens/>" if look.whole_words else "",
        f'<w:spacing w:before="{_twips(look.before)}" w:after="{_twips(look.after)}"{line}/>',
        _indents(look),
        "" if look.level is None else f'<w:outlineLvl w:val="{look.level}"/>',
    )
    return "".join(parts)


def _indents(look: Look) -> str:
    """Only what is set: lists bring their own."""
    sides = {"left": look.left, "right": look.right, "hanging": look.hanging}
    told = "".join(f' w:{side}="{_twips(size)}"' for side, size in sides.items() if size)
    return f"<w:ind{told}/>" if told else ""


def _of_letters(look: Look) -> str:
    bold = "<w:b/>" if look.bold else ""
    colour = f'<w:color w:val="{look.colour[1:]}"/>' if look.colour else ""
    return bold + colour + (_size(look.size) if look.size else "")


def _characters() -> Iterator[str]:
    yield '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
    yield '<w:name w:val="Default Paragraph Font"/></w:style>\n'
    for name, properties in CHARACTERS.items():
        yield (
            f'<w:style w:type="character" w:styleId="{style_id(name)}"><w:name w:val="{name}"/>'
            f'<w:basedOn w:val="DefaultParagraphFont"/><w:qFormat/><w:rPr>{properties}</w:rPr></w:style>\n'
        )


def _border(side: str, colour: str | None, eighths: int, space: int) -> str:
    if colour is None:
        return ""
    return f'<w:{side} w:val="single" w:sz="{eighths}" w:space="{space}" w:color="{colour[1:]}"/>'


def _size(points: float) -> str:
    return f'<w:sz w:val="{round(2 * points)}"/><w:szCs w:val="{round(2 * points)}"/>'


def _twips(points: float) -> int:
    return round(20 * points)
