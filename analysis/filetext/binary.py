"""PNG pictures, and Word and Excel files, which are archives of markup."""

import io
import zipfile
import zlib
from collections.abc import Iterator

from analysis.filetext.archive import TOO_LARGE, names_and_comments, not_bounded
from analysis.filetext.contract import EMBEDDED, LOCKED, UNREADABLE, WHOLE_FILE, Inside, Part, Refused, decoded, placed

TRAILING = "det ligger data etter slutten på bildet"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_PIXELS = frozenset(b"IHDR PLTE IDAT IEND tRNS cHRM gAMA sBIT sRGB bKGD hIST pHYs tIME acTL fcTL fdAT".split())
CHUNK_FRAME = 12
OFFICE_SUFFIXES = frozenset({".docx", ".xlsx"})
XML_SUFFIXES = frozenset({".xml", ".rels", ".vml"})
FONT_SUFFIXES = frozenset({".ttf", ".otf", ".odttf", ".fntdata"})


def png(content: bytes) -> Iterator[Part]:
    """Every chunk that is not pixels or colour, as text, and anything that lies after the picture."""
    if not content.startswith(PNG_SIGNATURE):
        yield Refused(WHOLE_FILE, UNREADABLE.format(suffix=".png"))
        return
    end = len(PNG_SIGNATURE)
    for kind, body in _chunks(content):
        end += len(body) + CHUNK_FRAME
        if kind not in PNG_PIXELS:
            yield placed(f"bildets metadata ({kind.decode('latin-1')})", _chunk_text(kind, body))
    if end < len(content):
        yield Refused("slutten av fila", TRAILING)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and body of each chunk, up to the one that ends the picture."""
    position, kind = len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        length = int.from_bytes(content[position : position + 4], "big")
        kind, body = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        if len(kind) < 4 or len(body) < length:
            raise EOFError("the picture ends inside a chunk")
        yield kind, body
        position += length + CHUNK_FRAME


def _chunk_text(kind: bytes, body: bytes) -> str:
    """A chunk as text: keyword, then the text, unpacked where the chunk says that it is packed.

    eXIf and private chunks may hold UTF-16; without its zero bytes it reads as Latin-1.
    """
    keyword, _, rest = body.partition(b"\0")
    if kind in (b"zTXt", b"iCCP"):
        rest = zlib.decompress(rest[1:])
    elif kind == b"iTXt":
        text = rest[2:].split(b"\0", 2)[-1]
        rest = zlib.decompress(text) if rest[:1] == b"\1" else text
    else:
        rest = rest.replace(b"\0", b"")
    return decoded(keyword + b"\n" + rest)


def office(content: bytes, inside: Inside) -> Iterator[Part]:
    """The members of a Word or Excel file, and their names and comments."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        yield placed("navn og merknader i arkivet", names_and_comments(archive))
        if not_bounded(members):
            yield Refused(WHOLE_FILE, TOO_LARGE)
            return
        for member in members:
            if member.flag_bits & 1:
                yield Refused(member.filename, LOCKED)
            elif member.file_size or not member.is_dir():
                yield from _member(member.filename, archive.read(member), inside)


def _member(name: str, content: bytes, inside: Inside) -> Iterator[Part]:
    # What comes after the last point: the relations of a whole file are named .rels and nothing before it.
    suffix = f".{name.rpartition('.')[2]}".lower()
    if suffix in OFFICE_SUFFIXES:
        # A workbook in a document is the usual way in which the data behind a chart follow it out.
        yield Refused(name, EMBEDDED)
    elif suffix not in FONT_SUFFIXES:
        yield from inside(name, ".xml" if suffix in XML_SUFFIXES else suffix, content)
