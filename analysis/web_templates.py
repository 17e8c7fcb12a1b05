"""The templates of web pages: text is escaped, and a name that nobody has given is an error."""

import os
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
