"""Notebooks: their source, and what their cells put out."""

import json
from collections.abc import Iterator

from analysis.filetext.contract import UNREADABLE, WHOLE_FILE, Inside, Part, Refused, base64_bytes, decoded
from analysis.filetext.markup import MEDIA_SUFFIX, data_plots
from analysis.filetext.plain import structured_text

READ_WITH_THE_SOURCE = ("text/plain", "text/markdown", "text/latex")


def notebook(content: bytes, inside: Inside) -> Iterator[Part]:
    """A notebook as it is written, then each output and attachment in its own format."""
    yield from structured_text(content)
    tree = json.loads(decoded(content))
    if not isinstance(tree, dict):
        yield Refused(WHOLE_FILE, UNREADABLE.format(suffix=".ipynb"))
        return
    for number, cell in enumerate(tree.get("cells", []), start=1):
        bundles = [output.get("data", {}) for output in cell.get("outputs", [])]
        bundles.extend(cell.get("attachments", {}).values())
        for bundle in bundles:
            for media_type, value in bundle.items():
                yield from _output(f"celle {number}", media_type, value, inside)


def _output(place: str, media_type: str, value: object, inside: Inside) -> Iterator[Part]:
    yield from (Refused(place, part.reason) for part in data_plots(media_type))
    text = "".join(value) if isinstance(value, list) else value
    if not isinstance(text, str) or media_type in READ_WITH_THE_SOURCE:
        return
    if _is_base64(media_type):
        yield from inside(place, MEDIA_SUFFIX.get(media_type, ""), base64_bytes(text))
    else:
        yield from inside(place, ".html", text.encode())


def _is_base64(media_type: str) -> bool:
    return media_type.startswith(("image/", "application/")) and not media_type.endswith(("+xml", "json", "javascript"))
