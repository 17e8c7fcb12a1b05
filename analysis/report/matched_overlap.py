"""How far the scores of the two groups overlap before matching."""

from collections.abc import Iterator

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.matched_numbers import Numbers
from analysis.report.writer import capital

ROLES = ("treated", "comparison")


def overlap(m: Numbers) -> Iterator[Block]:
    """Histogram of the scores before matching; none for a method that made no scores."""
    table = m.w.material.tables["overlap"]
    table = table[table["sample"].eq("unadjusted")]
    if table.empty:
        return
    arms = {role: table[table["arm"].eq(role)].sort_values("bin_low") for role in ROLES}
    labels = {role: capital(m.w.text(m.card.arm(role).label)) for role in ROLES}
    edges = [*arms["treated"]["bin_low"], float(arms["treated"]["bin_high"].iloc[-1])]
    data = {
        "x_label": m.w.label("matched.overlap_x"),
        "y_label": m.w.label("matched.overlap_y"),
        "x_ticks": m.w.ticks(0, 1),
        "y_ticks": m.w.ticks(0, float(table["share"].max()), percent=True),
        "edges": [float(edge) for edge in edges],
        "series": [
            {"label": labels[role], "share": [float(share) for share in arms[role]["share"]], "style": style}
            for style, role in enumerate(ROLES)
        ],
    }
    caption = m.say("matched.overlap_caption")
    yield blocks.figure("fig-overlapp", "overlap", caption, _alt(m, arms), data, _table(m, arms, labels))


def _alt(m: Numbers, arms: dict[str, pd.DataFrame]) -> Runs:
    lowest = {f"low_{role}": Ref(float(arms[role]["share"].iloc[0]), "overlap", role, "share") for role in ROLES}
    return m.say("matched.overlap_alt", **lowest, outside=m.matching_ref("share_treated_outside"))


def _table(m: Numbers, arms: dict[str, pd.DataFrame], labels: dict[str, str]) -> Block:
    book = m.w.book
    columns = [blocks.column(m.w.label("matched.overlap_x"))]
    columns += [blocks.column(label, right=True) for label in labels.values()]
    rows = []
    for place, bins in enumerate(arms["treated"].to_dict("records")):
        ends = [book.number(Ref(float(bins[name]), "overlap", "treated", name), 2) for name in ("bin_low", "bin_high")]
        shares = [Ref(float(frame["share"].iloc[place]), "overlap", role, "share") for role, frame in arms.items()]
        texts = (f" {book.catalogue['interval_word']} ".join(ends), *(book.percent(share) for share in shares))
        rows.append([m.w.runs(text) for text in texts])
    return blocks.table("", [], columns, rows)
