"""The templates of web pages, which escape text and refuse a name that nobody has given, and what they are set in."""

import os
from collections.abc import Iterable
from pathlib import Path

import jinja2

SHARED = Path(__file__).resolve().parent.parent / "reports" / "_shared"


def web_templates(folder: str | os.PathLike = SHARED) -> jinja2.Environment:
    """The templates of a folder; the shared ones unless told."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def plain_style() -> str:
    """The style of pages that are no report: that of reports, and a little more."""
    return "".join((SHARED / name).read_text(encoding="utf-8") for name in ("report.css", "findings.css"))


def read_web_fonts(paths: Iterable[str | os.PathLike]) -> dict[int, bytes]:
    """Weight → WOFF2 bytes, from the files that `report.fonts` cut, which are named by their weight."""
    return {int(Path(path).stem): Path(path).read_bytes() for path in paths}
