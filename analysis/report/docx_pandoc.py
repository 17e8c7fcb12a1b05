"""Pandoc's tree of a document as plain data, and pandoc itself, which writes it as a Word file."""

import datetime as dt
import functools
import json
import os
import subprocess
from collections.abc import Sequence
from typing import Any

import pypandoc
from lxml import etree

from analysis.report.html import math

API = (1, 23, 1)
# No file but those that are named, nothing from a user's own folder, no colours for code, and no warning passed over.
SETTINGS = ("--sandbox", f"--data-dir={os.devnull}", "--syntax-highlighting=none", "--fail-if-warnings")

Node = dict[str, Any]


def node(kind: str, content: Any = None) -> Node:
    """One element of the tree."""
    return {"t": kind} if content is None else {"t": kind, "c": content}


def attributes(name: str = "", **pairs: str) -> list[Any]:
    """An identifier and pairs of key and value; `style` is the name of a style in the reference document."""
    keys = {"style": "custom-style"}
    return [name, [], [[keys.get(key, key), value] for key, value in pairs.items()]]


def words(text: str) -> Node:
    """Text as it stands; nothing in it is markup."""
    return node("Str", text)


def span(inlines: Sequence[Node], name: str = "", **pairs: str) -> Node:
    """Part of a paragraph that has a bookmark, a style or a language."""
    return node("Span", [attributes(name, **pairs), list(inlines)])


def link(inlines: Sequence[Node], target: str) -> Node:
    """A link to a page, or to a bookmark as ``#name``."""
    return node("Link", [attributes(), list(inlines), [target, ""]])


def footnote(inlines: Sequence[Node]) -> Node:
    """A mark in the text, and its note at the foot of the page."""
    return node("Note", [node("Para", list(inlines))])


def word_run(xml: str) -> Node:
    """What only Word knows, as WordprocessingML inside a paragraph."""
    return node("RawInline", ["openxml", xml])


def word_block(xml: str) -> Node:
    """What only Word knows, as WordprocessingML between paragraphs."""
    return node("RawBlock", ["openxml", xml])


def paragraph(inlines: Sequence[Node], style: str | None = None) -> Node:
    """A paragraph, in a style of the reference document when one is named."""
    plain = node("Para", list(inlines))
    return plain if style is None else division([plain], style=style)


def division(blocks: Sequence[Node], **pairs: str) -> Node:
    """Blocks that share a style or a language."""
    return node("Div", [attributes(**pairs), list(blocks)])


def written(blocks: Sequence[Node], *, tag: str, date: str, reference: str | os.PathLike) -> bytes:
    """Return the blocks as a Word file in the styles of `reference`.

    `tag` is that of the language (``nb-NO``) and `date` ``2026-11-21``. Whatever pandoc warns of raises ValueError.
    """
    tree = {"pandoc-api-version": API, "meta": {"lang": node("MetaString", tag)}, "blocks": list(blocks)}
    midnight = dt.datetime.combine(dt.date.fromisoformat(date), dt.time(), tzinfo=dt.UTC)
    arguments = ["--from=json", "--to=docx", f"--reference-doc={os.fspath(reference)}", "--output=-"]
    return _pandoc(arguments, json.dumps(tree).encode(), SOURCE_DATE_EPOCH=str(int(midnight.timestamp())))


def default_reference() -> bytes:
    """The reference document that comes with pandoc."""
    return _pandoc(["--print-default-data-file=reference.docx"], b"")


@functools.cache
def formula(mathml: str) -> Node:
    """A formula in MathML as a node that Word shows as a formula. ValueError for one that pandoc cannot read."""
    root = math(mathml)
    for name in root.iter("mi"):
        # Pandoc reads an upright name as one letter times the next, and a text as it stands.
        if name.attrib.pop("mathvariant", None) == "normal":
            name.tag = "mtext"
    tree = json.loads(_pandoc(["--from=html", "--to=json"], etree.tostring(root, encoding="utf-8")))
    found = [inline for block in tree["blocks"] for inline in block["c"]]
    if [inline["t"] for inline in found] != ["Math"]:
        raise ValueError(f"pandoc finds no formula in {mathml}")
    return node("Math", [node("DisplayMath"), found[0]["c"][1]])


def _pandoc(arguments: Sequence[str], content: bytes, **environment: str) -> bytes:
    """What pandoc makes of `content`."""
    command = [pypandoc.get_pandoc_path(), *SETTINGS, *arguments]
    ran = subprocess.run(command, input=content, capture_output=True, env={**os.environ, **environment}, check=False)
    if ran.returncode:
        raise ValueError(f"pandoc refuses the report: {ran.stderr.decode('utf-8', 'replace').strip()}")
    return ran.stdout
