"""PDF files: pages as read, every string in every object, XMP, attached files, and the bytes as they stand."""

import io
from collections.abc import Iterator
from pathlib import PurePosixPath

import pikepdf
import pypdfium2

from analysis.filetext.contract import BLOCK, Inside, Part, Refused, placed, visible

SCRIPT = "det ligger skript eller et skjema i fila, og det er ikke kontrollert"
SCRIPT_KEYS = frozenset({"/JS", "/XFA"})


def pdf(content: bytes, inside: Inside) -> Iterator[Part]:
    """Everything in a PDF that can be read.

    The bytes are read too because an incremental update leaves behind text that no object refers to any more.
    """
    yield placed("fila byte for byte", content.decode("latin-1"))
    yield from _pages(content)
    with pikepdf.open(io.BytesIO(content)) as document:
        for key, value in document.docinfo.items():
            yield placed(f"metadata ({key.lstrip('/')})", visible(str(value)))
        for number, item in enumerate(document.objects, start=1):
            yield from _object(f"objekt {number}", item, inside)


def _pages(content: bytes) -> Iterator[Part]:
    document = pypdfium2.PdfDocument(content)
    try:
        for number, page in enumerate(document, start=1):
            text = page.get_textpage().get_text_range().replace("\r\n", "\n")
            yield placed(f"side {number}", visible(text), across_lines=True)
    finally:
        document.close()


def _object(place: str, item: object, inside: Inside) -> Iterator[Part]:
    direct = list(_direct(item))
    yield placed(place, visible(BLOCK.join(text for part in direct for text in _strings(part))))
    for part in direct:
        if isinstance(part, pikepdf.Stream) and (part.get("/Type") == "/Metadata" or part.get("/Subtype") == "/XML"):
            yield from inside("XMP", ".xml", part.read_bytes())
        if isinstance(part, pikepdf.Dictionary) and SCRIPT_KEYS.intersection(part.keys()):
            yield Refused(place, SCRIPT)
        if isinstance(part, pikepdf.Dictionary) and isinstance(part.get("/EF"), pikepdf.Dictionary):
            yield from _attachment(part, inside)


def _direct(item: object) -> Iterator[object]:
    """An object and what it holds itself; what it only refers to has its own turn."""
    yield item
    held = []
    if isinstance(item, pikepdf.Array):
        held = list(item)
    elif isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
        held = [value for _, value in item.items()]
    for value in held:
        if not getattr(value, "is_indirect", False):
            yield from _direct(value)


def _strings(part: object) -> list[str]:
    if isinstance(part, (pikepdf.String, pikepdf.Name)):
        return [str(part)]
    return list(part.keys()) if isinstance(part, (pikepdf.Dictionary, pikepdf.Stream)) else []


def _attachment(specification: pikepdf.Dictionary, inside: Inside) -> Iterator[Part]:
    name = str(specification.get("/UF", specification.get("/F", "")))
    yield placed("navnet på et vedlegg", name)
    # The same file often stands under both /F and /UF.
    for stream in {value.objgen: value for _, value in specification["/EF"].items()}.values():
        yield from inside(f"vedlegget «{name}»", PurePosixPath(name).suffix.lower(), stream.read_bytes())
