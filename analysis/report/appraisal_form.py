"""The form for risk of bias as a section of the annex: each domain with its judgement and the reason."""

from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.writer import Writer, capital


def appraisal_form(w: Writer) -> Iterator[Block]:
    """Which form was used, what it says as a whole, and its table; the cohort must have one."""
    form, words = w.material.card.appraisal, w.book.catalogue["appraisal"]
    overall = words["judgements"][form.overall()]
    yield w.paragraph("appraisal.intro", tool=words["tools"][form.tool], overall=overall)
    columns = [blocks.column(label, width=3.0 if name == "reason" else 1.2) for name, label in words["columns"].items()]
    yield blocks.table("tab-skjevhet", w.say("appraisal.caption"), columns, _rows(w, words))


def _rows(w: Writer, words: dict) -> Iterator[list[Runs]]:
    for domain in w.material.card.appraisal.domains:
        found = (words["domains"][domain.id], capital(words["judgements"][domain.judgement]), w.text(domain.reason))
        yield [w.runs(text) for text in found]
