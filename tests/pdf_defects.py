"""Defects put into a finished PDF, one at a time, for the checks that must find them."""

import io
from collections.abc import Callable, Iterator

import pdf_tags
import pikepdf
from pikepdf import Dictionary, Name, Pdf, String


def spoilt(content: bytes, spoil: Callable[[Pdf], None]) -> bytes:
    """The PDF as `spoil` leaves it."""
    with pikepdf.open(io.BytesIO(content)) as document:
        spoil(document)
        kept = io.BytesIO()
        document.save(kept)
    return kept.getvalue()


def _first(document: Pdf, kind: str) -> Dictionary:
    return next(tag for tag in pdf_tags.tags(document) if str(tag.S) == kind)


def _links(document: Pdf) -> Iterator[Dictionary]:
    for page in document.pages:
        yield from (note for note in page.get("/Annots", []) if note.Subtype == Name.Link)


def untouched(document: Pdf) -> None:
    """Saved again, and nothing else."""


def unscoped(document: Pdf) -> None:
    del _first(document, "/TH")["/A"]


def wordless(document: Pdf) -> None:
    del _first(document, "/Figure")["/Alt"]


def untitled(document: Pdf) -> None:
    del document.docinfo["/Title"]


def without_title_in_metadata(document: Pdf) -> None:
    with document.open_metadata(set_pikepdf_as_editor=False) as about:
        del about["dc:title"]


def title_not_shown(document: Pdf) -> None:
    document.Root.ViewerPreferences["/DisplayDocTitle"] = False


def other_language(document: Pdf) -> None:
    document.Root["/Lang"] = String("sv-SE")


def without_language(document: Pdf) -> None:
    del document.Root["/Lang"]


def untagged(document: Pdf) -> None:
    document.Root["/MarkInfo"] = Dictionary(Marked=False)


def not_said_to_be_accessible(document: Pdf) -> None:
    with document.open_metadata(set_pikepdf_as_editor=False) as about:
        del about["pdfuaid:part"]


def not_said_to_be_archival(document: Pdf) -> None:
    with document.open_metadata(set_pikepdf_as_editor=False) as about:
        del about["pdfaid:part"]


def link_without_words(document: Pdf) -> None:
    del next(_links(document))["/Contents"]


def heading_left_out(document: Pdf) -> None:
    _first(document, "/H2").S = Name.H5


def font_left_out(document: Pdf) -> None:
    for item in document.objects:
        if isinstance(item, Dictionary) and item.get("/Type") == Name.FontDescriptor:
            for name in {"/FontFile2", "/FontFile3"} & set(item.keys()):
                del item[name]


def colours_without_profile(document: Pdf) -> None:
    del document.Root["/OutputIntents"]


def script(document: Pdf) -> None:
    document.Root["/OpenAction"] = Dictionary(S=Name.JavaScript, JS=String("app.beep()"))


def row_outside_a_table(document: Pdf) -> None:
    _first(document, "/TR").S = Name.LI
