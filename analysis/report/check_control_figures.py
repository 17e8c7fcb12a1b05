"""Figures of what the design finds where there is nothing to find, and of what was to be expected anyway."""

from analysis.checks import Check
from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Row
from analysis.report.charts import forest_data, forest_row, points_cells, points_columns
from analysis.report.check_values import Renamed, own_values, table_rows
from analysis.report.writer import Writer, capital

CALIBRATED = {"estimate": "calibrated", "conf_low": "calibrated_low", "conf_high": "calibrated_high"}
PARTS = ("change", "elsewhere", "expected", "rest")


def controls(w: Writer, check: Check) -> Block:
    """Each negative control with its interval, from the lowest, and below them the headline as it is and calibrated."""
    own, found = own_values(check), sorted(table_rows(check), key=lambda row: row.text("estimate"))
    group = w.label("check_figures.controls.group")
    told = [(_control(w, row), group, row) for row in found]
    if "calibrated" in check.values:
        told += [
            (w.label("check_figures.controls.plain"), w.label("check_figures.controls.headline"), own),
            (
                w.label("check_figures.controls.calibrated"),
                w.label("check_figures.controls.headline"),
                Renamed(own, CALIBRATED),
            ),
        ]
    rows = [forest_row(w, label, of, row, style=int(of != group)) for label, of, row in told]
    data = forest_data(w, rows, w.label("check_figures.controls.header"))
    columns = [blocks.column(w.label("check_figures.controls.header"), width=2.0), *points_columns(w)]
    body = [[w.runs(label), *points_cells(w, row)] for label, _, row in told]
    caption, alt = w.say("check_figures.controls.caption"), w.say("check_figures.controls.alt", own=own)
    return blocks.figure("fig-negative", "forest", caption, alt, data, blocks.table("", [], columns, body))


def _control(w: Writer, row: Row) -> str:
    """What a control is: its outcome, and how long before the start where it is measured then."""
    label = capital(w.text(w.outcome(row.text("outcome")).label))
    if row.text("event_time") is None:
        return label
    return w.word("check_figures.controls.before", label=label, row=row)


def to_the_mean(w: Writer, check: Check) -> Block:
    """The participants' own change, and the parts that it consists of."""
    rows = {row.text("term"): row for row in table_rows(check)}
    own = own_values(check)
    lines = []
    for term in PARTS:
        ends = {name: rows[term].text(f"conf_{name}") for name in ("low", "high")}
        line = {"label": w.label(f"check_figures.to_the_mean.{term}"), "group": "", **ends}
        text = w.book.plain(w.book.points(rows[term].estimate, sign=True))
        lines.append({**line, "estimate": rows[term].text("estimate"), "text": text, "style": int(term != "change")})
    known = [one[name] for one in lines for name in ("low", "estimate", "high") if one[name] is not None]
    data = {
        "header_left": w.label("check_figures.to_the_mean.header"),
        "header_right": capital(w.label("axis.points_word")),
        "x_label": w.label("axis.points"),
        "rows": lines,
        "references": [{"value": 0, "label": ""}],
        "x_ticks": w.ticks(min(0, *known), max(0, *known), points=True),
    }
    columns = [blocks.column(w.label("check_figures.to_the_mean.header"), width=2.0), points_columns(w)[0]]
    body = [
        [w.say(f"check_figures.to_the_mean.{term}"), w.runs(w.book.points(rows[term].estimate, sign=True))]
        for term in PARTS
    ]
    caption, alt = w.say("check_figures.to_the_mean.caption", own=own), w.say("check_figures.to_the_mean.alt", own=own)
    return blocks.figure("fig-mot-snittet", "forest", caption, alt, data, blocks.table("", [], columns, body))
