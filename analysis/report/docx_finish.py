"""What pandoc leaves undone in a Word file: running heads, properties, and tables and pictures fit to be read aloud."""

import datetime as dt
import io

import docx
from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.table import CT_Tbl
from docx.shared import Length, Pt
from docx.text.paragraph import Paragraph

from analysis.report.docx_package import packed, unpacked
from analysis.report.docx_styles import LETTERS, SMALL_LETTERS, style_id
from analysis.report.docx_widths import widths

# Tables with more columns than this have smaller letters.
MANY_COLUMNS = 6
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
LIST_INDENT, LIST_HANGING = Pt(18), Pt(12)
# Styles with room above them: what follows a table in one of these needs no more.
STAND_APART = [style_id(name) for name in ("heading 1", "heading 2", "Table Caption", "Figure", "Callout Title")]


def finished(content: bytes, report: dict) -> bytes:
    """Return a Word file from pandoc as the whole report, the same bytes each time."""
    document = docx.Document(io.BytesIO(content))
    _running_heads(document, report)
    _tables(document, report)
    _pictures(document)
    _formulas(document)
    _lists(document)
    _settings(document, report["formats"])
    _properties(document, report)
    first = next(item for item in document.paragraphs if item.style.style_id == style_id("heading 1"))
    first.paragraph_format.page_break_before = True
    first.paragraph_format.space_before = Pt(0)
    stream = io.BytesIO()
    document.save(stream)
    return packed(unpacked(stream.getvalue()), dt.date.fromisoformat(report["date"]))


def _running_heads(document: Document, report: dict) -> None:
    """Short title and banner above each page, and who, which version and which page below; the first has its title."""
    section = document.sections[0]
    mark = report["banner"]["heading"] if report["banner"] else ""
    for header, title in ((section.first_page_header, ""), (section.header, report["short_title"])):
        header.paragraphs[0].add_run(f"{title}\t")
        header.paragraphs[0].add_run(mark, "Mark")
    labels = report["labels"]
    for footer in (section.first_page_footer, section.footer):
        line = footer.paragraphs[0]
        line.add_run(f"{report['author']} · {report['version']}\t{labels['page']} ")
        _field(line, "PAGE")
        line.add_run(f" {labels['of']} ")
        _field(line, "NUMPAGES")


def _field(line: Paragraph, instruction: str) -> None:
    """A number that Word works out: page, or pages in all."""
    field = OxmlElement("w:fldSimple", {qn("w:instr"): instruction})
    field.append(line.add_run("1")._r)
    line._p.append(field)


def _tables(document: Document, report: dict) -> None:
    """Give each table its name, its header column, the widths of its columns, and rows that stay on one page."""
    section = document.sections[0]
    room = Length(section.page_width - section.left_margin - section.right_margin)
    blocks = [block for part in report["sections"] for block in part["blocks"] if block["type"] == "table"]
    for table, block in zip(document.tables, blocks, strict=True):
        properties = table._tbl.tblPr
        caption = "".join(run["text"] for run in block["caption"])
        name = f"{report['labels']['table']}\N{NO-BREAK SPACE}{block['number']}"
        properties.find(qn("w:tblCaption")).set(qn("w:val"), name)
        properties.append(OxmlElement("w:tblDescription", {qn("w:val"): caption}))
        look = properties.find(qn("w:tblLook"))
        look.set(qn("w:firstColumn"), "1")
        look.set(qn("w:val"), "00A0")
        _lay_out(table._tbl, block, room)
        _stand_apart(table._tbl)


def _lay_out(table: CT_Tbl, block: dict, room: Length) -> None:
    small = len(block["columns"]) > MANY_COLUMNS
    lengths = [Pt(width) for width in widths(block, room.pt, SMALL_LETTERS if small else LETTERS)]
    for column, length in zip(table.tblGrid.gridCol_lst, lengths, strict=True):
        column.w = length
    for row in table.tr_lst:
        row.get_or_add_trPr().insert(0, OxmlElement("w:cantSplit"))
        for cell, length in zip(row.tc_lst, lengths, strict=True):
            cell.width = length
            if small:
                for line in cell.p_lst:
                    line.style = style_id("Compact Small")


def _stand_apart(table: CT_Tbl) -> None:
    """Keep what follows a table off it: Word has no distance below a table. Pandoc's empty paragraph is too much."""
    following = next(table.itersiblings(qn("w:p")), None)
    if following is not None and len(following) == 0:
        table.getparent().remove(following)
    elif following is not None and following.style not in STAND_APART:
        Paragraph(following, None).paragraph_format.space_before = Pt(10)


def _pictures(document: Document) -> None:
    """Name each picture as the text does; pandoc describes the file inside it by its address, which is the picture."""
    for shape in document.inline_shapes:
        known = shape._inline.docPr
        known.set("name", known.get("title"))
        inner = shape._inline.graphic.graphicData.pic.nvPicPr.cNvPr
        inner.set("name", known.get("title"))
        inner.set("descr", known.get("descr"))


def _formulas(document: Document) -> None:
    """Text in a formula is either text or an upright sign; pandoc says both, which Office's own rules do not allow."""
    for text in list(document.element.body.iter(f"{MATH}nor")):
        for sign in text.itersiblings(f"{MATH}sty"):
            text.getparent().remove(sign)


def _lists(document: Document) -> None:
    """Bullets and numbers stand near the margin, as in the PDF; a list in a report has one level."""
    for indent in document.part.numbering_part.element.iter(qn("w:ind")):
        indent.set(qn("w:left"), str(LIST_INDENT.twips))
        indent.set(qn("w:hanging"), str(LIST_HANGING.twips))


def _settings(document: Document, formats: dict[str, str]) -> None:
    """The language, and what separates decimals and items of a list where a reader goes on to reckon in the file."""
    settings, decimal = document.settings.element, formats["decimal"]
    item = ";" if decimal == "," else ","
    for tag, value in (("decimalSymbol", decimal), ("listSeparator", item), ("themeFontLang", formats["tag"])):
        settings.find(qn(f"w:{tag}")).set(qn("w:val"), value)


def _properties(document: Document, report: dict) -> None:
    """What the file says of itself; one of made-up data says so here too."""
    properties = document.core_properties
    properties.title = report["title"]
    properties.author = properties.last_modified_by = report["author"]
    properties.subject = report["subtitle"]
    properties.language = report["formats"]["tag"]
    properties.version = report["version"]
    banner = report["banner"]
    properties.keywords = banner["heading"] if banner else ""
    properties.comments = f"{banner['heading']}. {banner['text']}" if banner else report["description"]
    properties.created = properties.modified = dt.datetime.fromisoformat(report["date"])
    properties.revision = 1
