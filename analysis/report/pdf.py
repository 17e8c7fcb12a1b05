"""The report as PDF/UA-1 and PDF/A-2a: Typst sets it, and a pass over the tags finishes the tables."""

import base64
import datetime as dt
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name

from analysis.report import figures
from analysis.report.html import href, links, outline

STANDARDS = ["ua-1", "a-2a"]
# A stream that ends in a carriage return, before the line feed and the word that close it.
AMBIGUOUS = b"\r\nendstream"
TABLE_BODY = Name.TBody


def render(report: dict, *, template: str | os.PathLike, font_folder: str | os.PathLike) -> bytes:
    """Return the report as a tagged PDF, the same bytes for the same report.

    `template` is the path of report.typ, `font_folder` holds the TrueType files of the report's font. A figure or
    equation without a description, a section of level 2 without one above it, a link that leads nowhere or would run
    something, a font or sign that is missing and any other warning of Typst raise ValueError.
    """
    outline(report["sections"])
    for target in links(report["sections"]):
        href(target)
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        main = _written(report, Path(folder), Path(template))
        content = _compiled(main, Path(font_folder), date=report["date"])
    return with_row_headers(content)


def _written(report: dict, folder: Path, template: Path) -> Path:
    """Write all that Typst may read into `folder`: the model without its numbers, the figures and the template."""
    sections = [_section(section, report, folder) for section in report["sections"]]
    model = {key: value for key, value in report.items() if key != "numbers"} | {"sections": sections}
    (folder / "report.json").write_text(json.dumps(model, ensure_ascii=False), encoding="utf-8")
    return Path(shutil.copyfile(template, folder / "report.typ"))


def _section(section: dict, report: dict, folder: Path) -> dict:
    return {**section, "blocks": [_block(block, report, folder) for block in section["blocks"]]}


def _block(block: dict, report: dict, folder: Path) -> dict:
    """Return a block as the template takes it: a figure becomes a file, with its name and its description as text."""
    if block["type"] == "equation" and not block["alt"].strip():
        raise ValueError("an equation has no alt text")
    if block["type"] != "figure":
        return block
    banner = report["banner"]
    drawn = figures.drawn(block, label=report["labels"]["figure"], mark=banner["heading"] if banner else None)
    name = f"{hashlib.sha256(drawn.svg).hexdigest()[:16]}.svg"
    (folder / name).write_bytes(drawn.svg)
    kept = {key: block[key] for key in ("type", "id", "number", "caption")}
    return {**kept, "alt": drawn.alt, "file": name}


def _compiled(main: Path, font_folder: Path, *, date: str) -> bytes:
    """Compile without the clock and the fonts of the machine; an unknown font is a warning, so warnings stop."""
    midnight = dt.datetime.combine(dt.date.fromisoformat(date), dt.time(), tzinfo=dt.UTC)
    try:
        content, warnings = typst.compile_with_warnings(
            main,
            root=main.parent,
            font_paths=[font_folder],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=STANDARDS,
            timestamp=int(midnight.timestamp()),
        )
    except typst.TypstError as error:
        raise ValueError(f"Typst refuses the report: {error.message} {' '.join(error.hints)}".strip()) from error
    if warnings:
        raise ValueError("Typst warns: " + "; ".join(warning.message for warning in warnings))
    return content


def with_row_headers(content: bytes) -> bytes:
    """Return the PDF with the first cell of each table row tagged as the header of that row.

    Typst 0.15 keeps row headers behind a feature that its wheel does not open.
    """
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for row in _body_rows(_children(pdf.Root.StructTreeRoot)):
            cells = [cell for cell in _children(row) if cell.S in (Name.TD, Name.TH)]
            if cells and cells[0].S == Name.TD:
                _make_row_header(cells[0])
        return saved(pdf)


def saved(pdf: pikepdf.Pdf) -> bytes:
    """The bytes of the document, in which every stream has one length.

    A stream whose last byte is a carriage return would run into the line feed before `endstream`: read as one line
    ending they make it a byte too short, and PDF/A forbids that (ISO 19005-2, 6.1.7.1). Such a stream is wrapped in
    ASCII85, which ends in another sign; streams that are made in saving cannot be, so they are then done without.
    """
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream) and item.read_raw_bytes().endswith(b"\r"):
            _wrap(item)
    kept, plain = pikepdf.ObjectStreamMode.preserve, pikepdf.ObjectStreamMode.disable
    content = _bytes(pdf, kept)
    return _bytes(pdf, plain) if AMBIGUOUS in content else content


def _bytes(pdf: pikepdf.Pdf, mode: pikepdf.ObjectStreamMode) -> bytes:
    stream = io.BytesIO()
    # Typst has compressed what is to be; doing it again would undo what wrapped streams were wrapped for.
    pdf.save(stream, deterministic_id=True, object_stream_mode=mode, compress_streams=False)
    return stream.getvalue()


def _wrap(stream: pikepdf.Stream) -> None:
    """Encode a stream once more; its other filters stay as they were, behind the new one."""
    filters, parameters = (_listed(stream.get(name)) for name in ("/Filter", "/DecodeParms"))
    known = Array([None, *parameters]) if parameters else None
    wrapped = base64.a85encode(stream.read_raw_bytes()) + b"~>"
    stream.write(wrapped, filter=Array([Name.ASCII85Decode, *filters]), decode_parms=known)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, Array) else [value]


def _children(element: Any) -> list[Dictionary]:
    """Return the elements below `element` in the tree of tags, without marks of content."""
    below = element.get("/K")
    items = list(below) if isinstance(below, Array) else [below]
    return [item for item in items if isinstance(item, Dictionary) and "/S" in item]


def _body_rows(elements: Sequence[Any]) -> Iterator[Any]:
    waiting = list(elements)
    while waiting:
        element = waiting.pop()
        below = _children(element)
        if element.S == TABLE_BODY:
            yield from below
        waiting += below


def _make_row_header(cell: Any) -> None:
    cell.S = Name.TH
    scope = Dictionary(O=Name.Table, Scope=Name.Row)
    known = cell.get("/A")
    if known is None:
        cell.A = scope
    else:
        cell.A = Array([*(known if isinstance(known, Array) else [known]), scope])
