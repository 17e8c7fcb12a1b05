"""The report as a Word file: pandoc writes it from the model, and a pass over it finishes what pandoc cannot."""

import os

from analysis.report.docx_blocks import section_blocks
from analysis.report.docx_finish import finished
from analysis.report.docx_front import front
from analysis.report.docx_pandoc import written
from analysis.report.html import links, outline


def render(report: dict, *, reference: str | os.PathLike) -> bytes:
    """Return the report as .docx, the same bytes for the same report.

    `reference` is the path of reference.docx, whose styles and page it has. A figure or equation without a
    description, an unknown kind of block, a section of level 2 without one above it, a link that leads nowhere or
    would run something, an id used twice and whatever pandoc warns of raise ValueError.
    """
    outline(report["sections"])
    _stop_if_broken(report["sections"])
    blocks = [*front(report), *(block for section in report["sections"] for block in section_blocks(section, report))]
    return finished(written(blocks, tag=report["formats"]["tag"], date=report["date"], reference=reference), report)


def _stop_if_broken(sections: list[dict]) -> None:
    """Raise ValueError when an id stands twice or a link inside the report leads nowhere."""
    ids = [part["id"] for section in sections for part in (section, *section["blocks"]) if "id" in part]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    lost = sorted({target[1:] for target in links(sections) if target.startswith("#")} - set(ids))
    if twice or lost:
        raise ValueError(f"ids used twice: {twice}; links that lead nowhere: {lost}")
