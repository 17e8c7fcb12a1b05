"""A corrected report: its version on the title page, and what each version corrected."""

from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.writer import Writer


def version_words(w: Writer) -> str:
    """The version as the title page has it; that of a corrected report with the date and where it is explained."""
    report = w.material.card.report
    if not report.errata:
        return report.version
    date = w.book.language.date(report.errata[-1].date)
    return w.word("errata.corrected", version=report.version, date=date, title=w.heading("errata"))


def errata_blocks(w: Writer) -> Iterator[Block]:
    """What each version corrected, the newest first."""
    yield w.paragraph("errata.intro")
    yield blocks.bullets(
        w.runs(
            w.word("errata.item", version=item.version, date=w.book.language.date(item.date), text=w.text(item.text))
        )
        for item in reversed(w.material.card.report.errata)
    )
