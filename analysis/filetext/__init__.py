"""Every text that a reader or a program can get out of a finished file, with the place where it stands.

One reader a file type. What cannot be read as text and could hold data (data frames, archives, unknown types, plots
that carry their data) is not passed by but `Refused`. The text of a file is given in more than one view where the same
characters can be read in more than one way: an HTML file as it is written (attributes, comments, scripts) and as its
text reads when the tags are taken away, so that a number spread over two spans is whole.
"""

import functools
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pikepdf
import pypdfium2
import pyreadstat

from analysis.filetext.archive import archive_file
from analysis.filetext.binary import office, png
from analysis.filetext.contract import (
    DATA_FILE,
    EMBEDDED,
    STATA,
    UNKNOWN_TYPE,
    UNREADABLE,
    WHOLE_FILE,
    ZIP,
    Inside,
    Part,
    Refused,
    Text,
    data_file_kind,
)
from analysis.filetext.markup import markup
from analysis.filetext.notebook import notebook
from analysis.filetext.pdf import pdf
from analysis.filetext.plain import latex, running_text, structured_text, table_text
from analysis.filetext.stata import stata

__all__ = ["SUFFIXES", "UNKNOWN_TYPE", "Part", "Refused", "Text", "parts"]

PLAIN: dict[str, Callable[[bytes], Iterator[Part]]] = {
    ".png": png,
    ".dta": stata,
    ".csv": table_text,
    ".tsv": table_text,
    ".json": structured_text,
    ".jsonld": structured_text,
    ".yaml": structured_text,
    ".yml": structured_text,
    ".js": structured_text,
    ".css": structured_text,
    ".txt": running_text,
    ".md": running_text,
    ".tex": latex,
    ".bib": running_text,
}
CONTAINERS: dict[str, Callable[[bytes, Inside], Iterator[Part]]] = {
    ".html": markup,
    ".htm": markup,
    ".svg": markup,
    ".xml": markup,
    ".ipynb": notebook,
    ".pdf": pdf,
    ".docx": office,
    ".xlsx": office,
    ".zip": archive_file,
}
"""Files that can hold other files."""
SUFFIXES = frozenset(PLAIN) | frozenset(CONTAINERS)
ANNOUNCED = {".docx": ZIP, ".xlsx": ZIP, ".zip": ZIP, ".dta": STATA}
"""Data files and archives that are read all the same, where their suffix says what they are."""
NEVER_INSIDE = frozenset({".zip", ".dta"})
"""What carries data out of a document or a page; Stata files may lie in an archive alone."""

BROKEN_FILE = (
    pikepdf.PdfError,
    pypdfium2.PdfiumError,
    pyreadstat.ReadstatError,
    zipfile.BadZipFile,
    zlib.error,
    json.JSONDecodeError,
    UnicodeDecodeError,
    NotImplementedError,
    EOFError,
)
"""What the libraries raise for a file that breaks its own format, or packs it in a way they do not know."""


def parts(suffix: str, content: bytes) -> Iterator[Part]:
    """Everything in a file with this suffix (``.html``) that can be read, and everything that cannot."""
    data_kind = data_file_kind(content)
    if data_kind and data_kind != ANNOUNCED.get(suffix):
        yield Refused(WHOLE_FILE, DATA_FILE.format(kind=data_kind))
    elif suffix not in SUFFIXES:
        yield Refused(WHOLE_FILE, UNKNOWN_TYPE)
    else:
        yield from _read(suffix, content)


def _read(suffix: str, content: bytes) -> Iterator[Part]:
    inside = _in_archive if suffix == ".zip" else _in_document
    try:
        yield from PLAIN[suffix](content) if suffix in PLAIN else CONTAINERS[suffix](content, inside)
    except BROKEN_FILE:
        # Nobody has seen what is in such a file, so it is a reason to hold it back, not an accident of the scan.
        yield Refused(WHOLE_FILE, UNREADABLE.format(suffix=suffix))


def _in_document(outer: str, suffix: str, content: bytes) -> Iterator[Part]:
    """The parts of a file inside a document or a page, unless it is one that only carries data along."""
    if suffix in NEVER_INSIDE:
        yield Refused(outer, EMBEDDED)
    else:
        yield from _in_archive(outer, suffix, content)


def _in_archive(outer: str, suffix: str, content: bytes) -> Iterator[Part]:
    """The parts of a file inside a file, their places told from outside in."""
    for part in parts(suffix, content):
        if isinstance(part, Refused):
            yield Refused(outer, EMBEDDED if part.reason == UNKNOWN_TYPE else part.reason)
        else:
            yield replace(part, where=functools.partial(_nested_place, outer, part.where))


def _nested_place(outer: str, where: Callable[[int], str], position: int) -> str:
    return f"{outer}, {where(position)}"
