"""What was changed after the plan was locked: when, why, and what the planned analysis gives beside the performed."""

import datetime as dt
from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row, estimate
from analysis.report.writer import Writer
from analysis.results import estimate_id
from analysis.tables import DESCRIBES, NOT_A_CARD, OTHER_DELIVERY

KNOWN_REASONS = (OTHER_DELIVERY, NOT_A_CARD, DESCRIBES)
MISSING = "–"


def deviation_blocks(w: Writer) -> Iterator[Block]:
    """The changes, and the planned beside the performed headline or the reason why it is not there."""
    keys = w.material.provenance["deviations"]
    locked = dt.date.fromisoformat(w.material.provenance["plan_locked"])
    yield w.paragraph("deviations.intro", date=w.book.language.date(locked))
    yield _changes(w, keys)
    planned = w.material.tables["planned"]
    if planned.empty:
        yield w.paragraph("deviations.no_planned")
        return
    row = planned.iloc[0]
    if row["status"] == "estimated":
        yield _beside(w, Row("planned", estimate_id(row), row))
    else:
        known = row["reason"] in KNOWN_REASONS
        why = w.word(f"deviations.reasons.{row['reason']}") if known else row["reason"]
        yield w.paragraph("deviations.not_run", why=why)


def _changes(w: Writer, keys: list[str]) -> Block:
    """A row per dated change of a key; a key without one is told as not entered in the card."""
    names = dict(w.book.catalogue["deviations"]["parts"].items())
    rows = []
    for key in keys:
        told = [item for item in w.material.card.deviations if item.key == key]
        for item in told:
            rows.append([names.get(key, key), w.book.language.date(item.date), w.text(item.reason)])
        if not told:
            rows.append([names.get(key, key), MISSING, w.word("deviations.untold")])
    columns = [blocks.column(w.label(f"deviations.columns.{name}")) for name in ("part", "date", "reason")]
    columns[2]["width"] = 2.4
    return blocks.table("tab-avvik", w.say("deviations.caption"), columns, [[w.runs(c) for c in row] for row in rows])


def _beside(w: Writer, planned: Row) -> Block:
    """Planned and performed headline, each with its outcome, interval and number of treated."""
    performed = w.rows(role="primary")
    rows = [_line(w, "planned", planned)]
    if len(performed):
        rows.append(_line(w, "performed", estimate(performed.iloc[0])))
    names = ("analysis", "outcome", "estimate", "interval", "treated")
    words = ("analysis", "outcome")
    columns = [blocks.column(w.label(f"deviations.columns.{name}"), right=name not in words) for name in names]
    return blocks.table("tab-planlagt", w.say("deviations.beside"), columns, rows)


def _line(w: Writer, name: str, row: Row) -> list[Runs]:
    share = w.unit(row.text("outcome"))["share"]
    interval = MISSING
    if row.conf_low and row.conf_high:
        interval = w.book.points_interval(row) if share else w.book.number_interval(row)
    value = MISSING
    if row.estimate:
        value = w.book.points(row.estimate, sign=True) if share else w.book.number(row.estimate, sign=True)
    treated = w.book.number(row.n_treated) if row.n_treated else MISSING
    label = w.unit(row.text("outcome"))["label"]
    cells = (w.word(f"deviations.{name}"), label, value, interval, treated)
    return [w.runs(cell) for cell in cells]
