"""Our own check of a finished PDF beside the validators: language, title, figures in words, headers with a scope."""

import io
from collections.abc import Iterator

import pikepdf

from analysis.report import pdf

REGIONS = {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}


def faults(content: bytes, lang: str) -> list[str]:
    """What is missing, in words; nothing for a document that can be read aloud."""
    with pikepdf.open(io.BytesIO(content)) as document:
        return [*_about(document, lang), *(fault for tag in tags(document) for fault in _of(tag))]


def _about(document: pikepdf.Pdf, lang: str) -> Iterator[str]:
    root = document.Root
    if str(root.get("/Lang", "")) != REGIONS[lang]:
        yield "language"
    if not str(document.docinfo.get("/Title", "")).strip():
        yield "title"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle", False):
        yield "title not shown"
    if not root.get("/MarkInfo", {}).get("/Marked", False) or "/StructTreeRoot" not in root:
        yield "not tagged"
    if "/Outlines" not in root:
        yield "no bookmarks"


def tags(document: pikepdf.Pdf) -> Iterator[pikepdf.Dictionary]:
    """Every element of the tree of tags, in no order that means anything."""
    waiting = pdf._children(document.Root.StructTreeRoot) if "/StructTreeRoot" in document.Root else []
    while waiting:
        element = waiting.pop()
        yield element
        waiting += pdf._children(element)


def _of(tag: pikepdf.Dictionary) -> Iterator[str]:
    kind = str(tag.S)
    if kind in ("/Figure", "/Formula") and not str(tag.get("/Alt", "")).strip():
        yield f"{kind[1:].lower()} without words"
    if kind == "/TH" and _scope(tag) not in ("/Row", "/Column", "/Both"):
        yield "header without scope"
    if kind == "/Table":
        cells = [cell for row in _rows(tag) for cell in pdf._children(row)]
        if not any(str(cell.S) == "/TH" for cell in cells):
            yield "table without headers"


def _rows(table: pikepdf.Dictionary) -> Iterator[pikepdf.Dictionary]:
    for child in pdf._children(table):
        yield from [child] if str(child.S) == "/TR" else [row for row in pdf._children(child) if str(row.S) == "/TR"]


def _scope(cell: pikepdf.Dictionary) -> str | None:
    attributes = cell.get("/A", pikepdf.Array())
    attributes = list(attributes) if isinstance(attributes, pikepdf.Array) else [attributes]
    return next((str(item["/Scope"]) for item in attributes if "/Scope" in item), None)
