"""What the readers of files hand over, and what they share."""

import base64
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BLOCK = "\x1f"
"""Stands where two texts meet that no reader reads as one: cells, paragraphs, axis labels."""

WHOLE_FILE = "hele fila"
UNKNOWN_TYPE = "filtypen kan ikke kontrolleres og skal ikke slippes ut"
UNREADABLE = "innholdet kan ikke leses som {suffix} og er derfor ikke kontrollert"
FRAME = "det er lagt inn en dataramme"
BINARY = "det er binære data i en tekstfil"
DATA_FILE = "filinnholdet er {kind} og kan bære hele datasettet"
EMBEDDED = "det er lagt inn en fil som ikke kan kontrolleres"
LOCKED = "innholdet er låst med passord og er derfor ikke kontrollert"

ZIP, STATA = "et zip-arkiv", "Stata"

MAGIC = (
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"\xff\xff\xff\xff", "Arrow"),
    (b"FEA1", "Feather"),
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"\x93NUMPY", "NumPy"),
    (b"SQLite format 3\0", "en SQLite-database"),
    (b"<stata_dta>", STATA),
    (b"$FL2", "SPSS"),
    (b"RDX3\n", "R-data"),
    (b"X\n\0\0\0", "R-data"),
    (b"PK\x03\x04", ZIP),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "et 7z-arkiv"),
    (b"\xd0\xcf\x11\xe0", "et OLE-dokument"),
)
PICKLE = re.compile(rb"\x80[\x02-\x05]|ccopy_reg\n|\((?:dp|lp)\d*\n")

# The first bytes of pickles, Parquet, Arrow (file and stream), NumPy, gzip and zip as base64 writes them.
BASE64_DATA = re.compile(
    "(?<![A-Za-z0-9+/])(?:gA[IJMN]|gASV|gAWV|Y2NvcHlf|UEFSM[Q-Za-f]|QVJST1cx|/////|k05VTVBZ|H4sI|UEsDB)"
    "[A-Za-z0-9+/]{40}"
)
# A data frame as pandas writes it in JSON, by column lists or with the types of its columns.
JSON_FRAME = re.compile(r'"columns"\s*:\s*\[[^\]]*\]\s*,\s*"index"\s*:\s*\[|"pandas_version"\s*:')
# Characters that take no room: a number stays whole to the eye with one of them in the middle. U+FFFE is what PDFium
# writes for the hyphen at the end of a line.
INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]|\ufffe\r?\n?")
JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Text:
    """A text from a file; `where` tells a reader where a position in it stands.

    decimal_comma: a comma between digits makes a decimal number; across_lines: running text, where a line break may
    fall inside a number.
    """

    content: str
    where: Callable[[int], str]
    decimal_comma: bool = False
    across_lines: bool = False


@dataclass(frozen=True)
class Refused:
    """Something in a file that must not leave, or cannot be read, whatever it says."""

    place: str
    reason: str


Part = Text | Refused
Inside = Callable[[str, str, bytes], Iterator[Part]]
"""Reads a file inside a file: where it lies, its suffix, its bytes."""


def data_file_kind(content: bytes) -> str | None:
    """What kind of data file or archive the first bytes announce, in Norwegian; None for anything else."""
    if PICKLE.match(content):
        return "en pickle"
    if content[8:12] == b"DUCK":
        return "en DuckDB-database"
    return next((name for magic, name in MAGIC if content.startswith(magic)), None)


def decoded(content: bytes) -> str:
    """Text in UTF-8, UTF-16 with its mark, or else Latin-1, without characters that take no room."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return visible(content.decode("utf-16"))
    try:
        return visible(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return visible(content.decode("latin-1"))


def visible(text: str) -> str:
    """The text without characters that take no room."""
    return text if text.isascii() else INVISIBLE.sub("", text)


def without_json_escapes(text: str) -> str:
    """The text with ``\\u0031`` and the like written out."""
    if "\\u" not in text:
        return text
    return visible(JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text))


def base64_bytes(text: str) -> bytes:
    """The bytes that base64 stands for, line breaks and missing padding forgiven."""
    letters = re.sub("[^A-Za-z0-9+/]", "", text)
    whole = len(letters) - (len(letters) % 4 == 1)
    return base64.b64decode(letters[:whole] + "=" * (-whole % 4))


def line(text: str, position: int) -> str:
    """Which line a position is on, in words."""
    return f"linje {text.count(chr(10), 0, position) + 1}"


def lined(text: str, **options: bool) -> Text:
    """A text whose places are its lines."""
    return Text(text, functools.partial(line, text), **options)


def placed(place: str, text: str, **options: bool) -> Text:
    """A text that is all in one place."""
    return Text(text, lambda _: place, **options)


def refusals(text: str) -> Iterator[Refused]:
    """Why a text may not leave whatever its digits: zero bytes, a data frame, or a data file written as base64."""
    if "\0" in text:
        yield Refused(WHOLE_FILE, BINARY)
    if frame := JSON_FRAME.search(text):
        yield Refused(line(text, frame.start()), FRAME)
    for match in BASE64_DATA.finditer(text):
        yield Refused(line(text, match.start()), EMBEDDED)
