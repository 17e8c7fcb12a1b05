"""Numbers as they stand in finished files, held against the report model that the files were made from."""

import json
import re
from typing import Any

import lxml.html
import pypdfium2

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Parts of the model that no reader meets: what numbers are made of, and where figures draw them.
UNPRINTED = ("numbers", "provenance", "schema")


def numbers(text: str) -> set[str]:
    """Every number of a text as it is written."""
    return {found.rstrip(".,") for found in NUMBER.findall(text)}


def of_model(model: dict[str, Any]) -> set[str]:
    """Every number that stands in a text of the model, and the numbers of its figures and tables."""
    return {
        number for text in _texts({k: v for k, v in model.items() if k not in UNPRINTED}) for number in numbers(text)
    }


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        own = [str(value["number"])] if isinstance(value.get("number"), int) else []
        # Two signs of an index stand beside each other in print.
        own += [re.sub(r"[\s_(){}]", "", value["typst"])] if "typst" in value else []
        return own + [text for part in value.values() for text in _texts(part)]
    return [text for part in value for text in _texts(part)] if isinstance(value, list) else []


def of_page(content: bytes) -> set[str]:
    """Every number that a reader of a web page meets: its text, and descriptions of figures."""
    root = lxml.html.document_fromstring(content.decode("utf-8"))
    for element in root.xpath("//script | //style"):
        element.getparent().remove(element)
    said = [str(text) for text in root.xpath("//@aria-label | //@alttext | //@title | //meta/@content[../@name]")]
    return numbers(" ".join([" ".join(root.itertext()), *said]))


def of_paper(content: bytes) -> tuple[set[str], int]:
    """Every number in the text of a PDF, and how many pages it has."""
    document = pypdfium2.PdfDocument(content)
    return numbers(" ".join(page.get_textpage().get_text_range() for page in document)), len(document)


def strangers(files: dict[str, bytes], stem: str) -> dict[str, set[str]]:
    """By kind of file the numbers of ``<stem>.html`` and ``<stem>.pdf`` that ``<stem>.json`` does not have."""
    known = of_model(json.loads(files[f"{stem}.json"]))
    paper, pages = of_paper(files[f"{stem}.pdf"])
    page = of_page(files[f"{stem}.html"])
    return {"html": page - known, "pdf": paper - known - {str(number) for number in range(1, pages + 1)}}
