"""The plan tried on made-up studies as a section of the annex: what was put in, and what the analysis made of it."""

from collections.abc import Iterator

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.writer import Writer

BLANK = "–"


def certificate(w: Writer) -> Iterator[Block]:
    """What was drawn and tried, and a row per analysis and effect; the cohort must have a certificate."""
    table = w.material.tables["certificate"]
    rows = [_row_of(own) for _, own in table.iterrows()]
    words = w.book.catalogue["certificate"]
    yield w.paragraph("certificate.intro", studies=rows[0].studies)
    columns = [
        blocks.column(label, right=name != "effect", width=1.6 if name == "effect" else 1.0)
        for name, label in words["columns"].items()
    ]
    yield blocks.table(
        "tab-proving",
        w.say("certificate.caption"),
        columns,
        [list(_cells(w, row)) for row in rows],
        w.say("certificate.note"),
    )


def _row_of(own: pd.Series) -> Row:
    return Row("certificate", f"{own['analysis']}/{own['effect']:g}", own)


def _cells(w: Writer, row: Row) -> Iterator[Runs]:
    yield w.say(f"certificate.analyses.{row.text('analysis')}", effect=row.effect)
    yield w.runs(w.book.points(row.mean)) if row.mean else w.runs(BLANK)
    yield _pair(w, "points", row.bias, row.bias_mc)
    for name in ("coverage", "interval_rejections", "test_rejections"):
        yield _pair(w, "percent", getattr(row, name), getattr(row, f"{name}_mc"))


def _pair(w: Writer, unit: str, value: Ref, error: Ref) -> Runs:
    """A figure and how far drawing so few may have moved it; a dash where there is none."""
    return w.say(f"certificate.pairs.{unit}", value=value, error=error) if value and error else w.runs(BLANK)
