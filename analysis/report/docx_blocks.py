"""The blocks of a report as blocks of pandoc's tree, each in its style of the reference document."""

import base64
from collections.abc import Callable, Iterator, Sequence

from analysis.report import canvas, figures
from analysis.report.docx_pandoc import (
    Node,
    attributes,
    division,
    footnote,
    formula,
    link,
    node,
    paragraph,
    span,
    words,
)
from analysis.report.html import href

STYLES = {None: None, "lead": "Lead", "note": "Note"}
ALIGNMENTS = {"left": node("AlignLeft"), "right": node("AlignRight")}


def section_blocks(section: dict, report: dict) -> Iterator[Node]:
    """The heading and the blocks of a section, marked with its language when that is not the report's."""
    heading = node("Header", [section["level"], attributes(section["id"]), [words(section["title"])]])
    blocks = [heading, *(made for block in section["blocks"] for made in _made(block, report))]
    yield from [division(blocks, lang=section["formats"]["tag"])] if "lang" in section else blocks


def runs(items: Sequence[dict]) -> list[Node]:
    """Runs of text; a link that would run something raises ValueError."""
    return [_run(item) for item in items]


def _run(item: dict) -> Node:
    found = words(item["text"])
    if item.get("strong"):
        found = node("Strong", [found])
    return link([found], href(item["href"])) if "href" in item else found


def _made(block: dict, report: dict) -> Iterator[Node]:
    if block["type"] not in BLOCKS:
        raise ValueError(f"unknown kind of block: {block['type']}")
    return BLOCKS[block["type"]](block, report)


def _paragraph(block: dict, report: dict) -> Iterator[Node]:
    yield paragraph(runs(block["runs"]), STYLES[block["style"]])


def _callout(block: dict, report: dict) -> Iterator[Node]:
    yield paragraph([words(block["title"])], "Callout Title")
    yield paragraph(runs(block["runs"]), "Callout")


def _list(block: dict, report: dict) -> Iterator[Node]:
    items = [[paragraph(runs(item), "List Paragraph")] for item in block["items"]]
    if block["ordered"]:
        yield node("OrderedList", [[1, node("Decimal"), node("Period")], items])
    else:
        yield node("BulletList", items)


def _definitions(block: dict, report: dict) -> Iterator[Node]:
    pairs = [[runs(item["term"]), [[node("Para", runs(item["text"]))]]] for item in block["items"]]
    yield node("DefinitionList", pairs)


def _keyfigures(block: dict, report: dict) -> Iterator[Node]:
    for item in block["items"]:
        unit = span([words(f" {item['unit']}")], style="Key Unit")
        yield paragraph([*runs([item["value"]]), unit], "Key Figure")
        yield paragraph(runs(item["text"]), "Key Text")


def _caption(block: dict, label: str, notes: Sequence[Node]) -> list[Node]:
    """Name and number of a table or figure with its text, as a target of links, and its notes."""
    whole = [words(f"{label}\N{NO-BREAK SPACE}{block['number']}: "), *runs(block["caption"])]
    return [span(whole, block["id"]), *notes]


def _table(block: dict, report: dict) -> Iterator[Node]:
    note = [footnote(runs(block["note"]))] if block["note"] else []
    caption = _caption(block, report["labels"]["table"], note)
    total = sum(column["width"] for column in block["columns"])
    columns = [[ALIGNMENTS[column["align"]], node("ColWidth", column["width"] / total)] for column in block["columns"]]
    head = [attributes(), [_row([[words(column["label"])] for column in block["columns"]])]]
    body = [attributes(), 1, [], [_row([runs(cell) for cell in row]) for row in block["rows"]]]
    foot = [attributes(), []]
    yield node("Table", [attributes(), [None, [node("Plain", caption)]], columns, head, [body], foot])


def _row(cells: Sequence[list[Node]]) -> list:
    return [attributes(), [[attributes(), node("AlignDefault"), 1, 1, [node("Plain", cell)]] for cell in cells]]


def _figure(block: dict, report: dict) -> Iterator[Node]:
    """The picture with its description, and below it the caption, whose note names the sheet with the numbers."""
    banner = report["banner"]
    label = report["labels"]["figure"]
    title, alt = figures.named(block, label=label)
    content = figures.draw_png(block["kind"], block["data"], mark=banner["heading"] if banner else None)
    source = f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
    size = attributes(width=f"{canvas.WIDTH:g}pt")
    yield paragraph([node("Image", [size, [words(alt)], [source, title]])], "Figure")
    told = report["word"]["figure_numbers"].format(sheet=f"F{block['number']}")
    yield paragraph(_caption(block, label, [footnote([words(told)])] if block["table"] else []), "Image Caption")


def _equation(block: dict, report: dict) -> Iterator[Node]:
    """The formula, and below it how it is read: Word has no place for that in the formula itself."""
    alt = block["alt"].strip()
    if not alt:
        raise ValueError("an equation has no alt text")
    yield paragraph([formula(block["mathml"])], "Equation")
    yield paragraph([words(f"{report['labels']['formula']}: {alt}")], "Note")


BLOCKS: dict[str, Callable[[dict, dict], Iterator[Node]]] = {
    "paragraph": _paragraph,
    "callout": _callout,
    "list": _list,
    "definitions": _definitions,
    "keyfigures": _keyfigures,
    "table": _table,
    "figure": _figure,
    "equation": _equation,
}
