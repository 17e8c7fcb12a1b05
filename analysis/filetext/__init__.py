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

from analysis.filetext.binary import OFFICE_SUFFIXES, office, png
from analysis.filetext.contract import (
    DATA_FILE,
    EMBEDDED,
    UNKNOWN_TYPE,
    UNREADABLE,
    WHOLE_FILE,
    Inside,
    Part,
    Refused,
    Text,
    data_file_kind,
)
from analysis.filetext.markup import markup
from analysis.filetext.notebook import notebook
from analysis.filetext.pdf import pdf
from analysis.filetext.plain import running_text, structured_text, table_text

__all__ = ["SUFFIXES", "UNKNOWN_TYPE", "Part", "Refused", "Text", "parts"]

PLAIN: dict[str, Callable[[bytes], Iterator[Part]]] = {
    ".png": png,
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
    ".tex": running_text,
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
}
"""Files that can hold other files."""
SUFFIXES = frozenset(PLAIN) | frozenset(CONTAINERS)

BROKEN_FILE = (
    pikepdf.PdfError,
    pypdfium2.PdfiumError,
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
    data_kind = None if suffix in OFFICE_SUFFIXES else data_file_kind(content)
    if data_kind:
        yield Refused(WHOLE_FILE, DATA_FILE.format(kind=data_kind))
    elif suffix not in SUFFIXES:
        yield Refused(WHOLE_FILE, UNKNOWN_TYPE)
    else:
        yield from _read(suffix, content)


def _read(suffix: str, content: bytes) -> Iterator[Part]:
    try:
        yield from PLAIN[suffix](content) if suffix in PLAIN else CONTAINERS[suffix](content, _inside)
    except BROKEN_FILE:
        # Nobody has seen what is in such a file, so it is a reason to hold it back, not an accident of the scan.
        yield Refused(WHOLE_FILE, UNREADABLE.format(suffix=suffix))


def _inside(outer: str, suffix: str, content: bytes) -> Iterator[Part]:
    """The parts of a file inside a file, their places told from outside in."""
    for part in parts(suffix, content):
        if isinstance(part, Refused):
            yield Refused(outer, EMBEDDED if part.reason == UNKNOWN_TYPE else part.reason)
        else:
            yield replace(part, where=functools.partial(_nested_place, outer, part.where))


def _nested_place(outer: str, where: Callable[[int], str], position: int) -> str:
    return f"{outer}, {where(position)}"
