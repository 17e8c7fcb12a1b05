"""What the checks of the delivery found, told to whoever reads the report: rule by rule, never row by row."""

from collections.abc import Iterator

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.writer import Writer


def delivery_control(w: Writer) -> Iterator[Block]:
    """A bullet per warning and per error that the card accepts, with how many there were; or that there were none."""
    findings = w.material.tables["findings"]
    if findings.empty:
        yield w.paragraph("delivery.none")
        return
    yield w.paragraph("delivery.intro")
    yield blocks.bullets(_finding(w, row) for _, row in findings.iterrows())


def _finding(w: Writer, row: pd.Series) -> Runs:
    count = Ref(int(row["count"]), "findings", row["rule"], "count")
    # Names and sentences of the delivery's checks may hold signs that are markup here.
    texts = {name: w.book.literal(row[name]) for name in ("place", "what") if pd.notna(row[name])}
    texts["column"] = w.book.literal(row["column"]) if pd.notna(row["column"]) else ""
    texts["accepted"] = w.book.literal(w.own(row["accepted"])) if pd.notna(row["accepted"]) else ""
    return w.say("delivery.finding", count=count, **texts)
