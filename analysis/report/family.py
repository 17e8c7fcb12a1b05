"""All estimators of a staggered cohort side by side: what each compares with and weighs, and why they differ."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.staggered_numbers import BLANK, Numbers, bounded
from analysis.report.staggered_truth import is_everybody
from analysis.report.writer import capital
from analysis.tables import ATT, FAMILY_SPEC, MAIN, STATIC

# Groups of the figure: the same average by other ways, other averages, and the regression.
SAME, OTHERS, REGRESSION = "same", "others", "regression"
KINDS = ("treated_vs_never", "earlier_vs_later", "later_vs_earlier")
COLUMNS = {"estimator": 1.7, "compares": 2.2, "weighs": 1.8}


def family(m: Numbers) -> Iterator[Block]:
    """The figure, the table, why the numbers differ, and what the regression is made of; nothing without others."""
    found = whole(m)
    if len(found) < 2:
        return
    yield m.paragraph("family.intro", headline=name_of(m, m.estimator))
    if (figure := _forest(m, found)) is not None:
        yield figure
    yield _table(m, found)
    yield blocks.bullets(_reasons(m, found))
    yield from _bacon(m, found)


def headline_compares(m: Numbers) -> str:
    """What the estimator of the conclusion compares with."""
    row = next(row for row in whole(m) if row.text("estimator") == m.estimator)
    return m.word(f"family.compares.{row.text('compares')}")


def sources(m: Numbers) -> Iterator[Block]:
    """Where the estimators are from."""
    names = {row.text("estimator") for row in _rows(m)}
    if len(names) > 1:
        known = m.w.book.catalogue["family"]["sources"]
        yield m.paragraph("family.sourced", told=[m.word(f"family.sources.{name}") for name in known if name in names])


def whole(m: Numbers) -> list[Row]:
    """The overall averages of everybody who adopted, in the order of the table; the regression last."""
    rows = _rows(m)
    return [row for row in rows if row.text("spec") in (MAIN, FAMILY_SPEC, STATIC)]


def single(m: Numbers) -> list[Row]:
    """The same of single offices."""
    return [row for row in _rows(m) if ";unit=" in row.text("spec")]


def _rows(m: Numbers) -> list[Row]:
    table = m.w.material.tables["family"]
    return [Row("family", f"{row['estimator']}/{row['spec']}", row) for _, row in table.iterrows()]


def name_of(m: Numbers, estimator: str) -> str:
    """What an estimator is called."""
    return m.word(f"family.names.{estimator}")


def _group(row: Row) -> str:
    if row.text("estimator") == STATIC:
        return REGRESSION
    return SAME if row.text("estimand") == ATT else OTHERS


def _forest(m: Numbers, found: list[Row]) -> Block | None:
    """Points with their intervals; points alone where nothing has an interval."""
    drawn = [row for row in found if row.estimate]
    drawn.sort(key=lambda row: (SAME, OTHERS, REGRESSION).index(_group(row)))
    rows = [_forest_row(m, row) for row in drawn]
    ends = [row[name] for row in rows for name in ("estimate", "low", "high") if row[name] is not None]
    truth = _truth(m)
    marked = [] if truth is None else [{"value": truth.value, "label": m.label("family.truth")}]
    data = {
        "header_left": m.label("family.columns.estimator"),
        "header_right": m.w.label("axis.estimate"),
        "x_label": m.w.label("axis.points"),
        "rows": rows,
        "references": [{"value": 0, "label": ""}, *marked],
        "x_ticks": m.w.ticks(min(0, *ends), max(0, *ends), points=True),
    }
    columns = [_column(m, "estimator"), m.column("estimate"), m.column("interval")]
    source = blocks.table("", [], columns, [[_name(m, row), *m.points(row)] for row in drawn])
    low, high = (end(drawn, key=lambda row: row.text("estimate")) for end in (min, max))
    names = {"low_name": name_of(m, low.text("estimator")), "high_name": name_of(m, high.text("estimator"))}
    alt = m.say("family.alt", low=low, high=high, **names, truth=truth)
    bars = any(bounded(row) for row in drawn)
    caption = m.say("family.forest_caption", truth=truth, bars=bars)
    return blocks.figure("fig-estimatorer", "forest", caption, alt, data, source)


def _forest_row(m: Numbers, row: Row) -> dict[str, Any]:
    book, interval = m.w.book, bounded(row)
    text = book.points(row.estimate, sign=True) + (f" ({book.points_interval(row)})" if interval else "")
    ends = {name: float(row.text(f"conf_{name}")) if interval else None for name in ("low", "high")}
    return {
        "label": m.label(f"family.short.{row.text('estimator')}"),
        "group": m.label(f"family.groups.{_group(row)}"),
        "estimate": float(row.text("estimate")),
        **ends,
        "text": book.plain(text),
        "style": 0 if row.text("estimator") == m.estimator else 1,
    }


def _truth(m: Numbers) -> Ref | None:
    """What was put into made-up data for all who adopted, at the main horizon; None where one number was not put in."""
    if m.card.synthetic is None:
        return None
    for place, effect in enumerate(m.card.synthetic.effects):
        own = effect.outcome == m.primary and effect.horizon == m.horizon and effect.month is None
        if own and is_everybody(m, effect):
            return Ref(effect.value, "cohort", f"synthetic/effects/{place}", "value")
    return None


def _name(m: Numbers, row: Row) -> Runs:
    return m.w.runs(capital(name_of(m, row.text("estimator"))))


def _column(m: Numbers, name: str) -> dict[str, Any]:
    return blocks.column(m.label(f"family.columns.{name}"), width=COLUMNS[name])


def _table(m: Numbers, found: list[Row]) -> Block:
    """Estimator, estimate, interval or rank, what it compares with, and what it weighs."""
    ranked = any(row.rank for row in found)
    columns = [_column(m, "estimator"), m.column("estimate"), m.column("interval")]
    columns += [m.column("rank", right=False, width=1.1)] if ranked else []
    columns += [_column(m, "compares"), _column(m, "weighs")]
    rows = [[_name(m, row), *m.points(row), *([_rank(m, row)] if ranked else []), *_described(m, row)] for row in found]
    lost = [row for row in found if not row.estimate]
    note = m.word("family.note", ranked=ranked)
    note += "".join(" " + _lost(m, row) for row in lost)
    return blocks.table("tab-estimatorer", m.say("family.caption"), columns, rows, m.w.runs(note))


def _rank(m: Numbers, row: Row) -> Runs:
    return m.say("family.rank", row=row) if row.rank else m.w.runs(BLANK)


def _described(m: Numbers, row: Row) -> list[Runs]:
    return [m.say(f"family.compares.{row.text('compares')}"), m.say(f"family.weighs.{row.text('weighs')}")]


def _lost(m: Numbers, row: Row) -> str:
    """Why an estimator has no number; a reason in a word has its sentence in the catalogue."""
    reason, known = str(row.text("reason")), m.w.book.catalogue["family"]["reasons"]
    told = m.word(f"family.reasons.{reason}") if reason in known else m.w.book.literal(reason)
    return m.word("family.lost", name=capital(name_of(m, row.text("estimator"))), reason=told)


def _reasons(m: Numbers, found: list[Row]) -> Iterator[Runs]:
    """What makes each number its own, in the order of the table."""
    for row in found:
        name = row.text("estimator")
        if name != "two_stage" and row.estimate:
            two = name == "imputation" and any(other.text("estimator") == "two_stage" for other in found)
            yield m.say(f"family.why.{name}", row=row, two=two)


def _bacon(m: Numbers, found: list[Row]) -> Iterator[Block]:
    """What two-way fixed effects is an average of; nothing where all adopted at once."""
    table = m.w.material.tables["bacon"]
    static = next((row for row in found if row.text("estimator") == STATIC and row.estimate), None)
    if len(table) < 2 or static is None:
        return
    sums = _kinds(table)
    yield m.paragraph("family.bacon.intro", static=static, late=sums.get("later_vs_earlier"))
    points = [
        {
            "label": m.label(f"family.bacon.kinds.{kind}"),
            "x": own["weight"].tolist(),
            "y": own["estimate"].tolist(),
            "style": style,
        }
        for style, kind in enumerate(KINDS)
        if len(own := table[table["kind"].eq(kind)])
    ]
    data = {
        "x_label": m.label("family.bacon.x"),
        "y_label": m.w.label("axis.points"),
        "x_ticks": m.w.ticks(0, float(table["weight"].max()), percent=True),
        "y_ticks": m.w.ticks(min(0, table["estimate"].min()), max(0, table["estimate"].max()), points=True),
        "target": float(static.text("estimate")),
        "points": points,
        "lines": [],
    }
    caption = m.say("family.bacon.caption")
    alt = m.say("family.bacon.alt", kinds=[_kind_text(m, kind, row) for kind, row in sums.items()], static=static)
    yield blocks.figure("fig-bacon", "funnel", caption, alt, data, _bacon_table(m, table))


def _kinds(table: pd.DataFrame) -> dict[str, Row]:
    """Weight and weighted mean of each kind of comparison."""
    found = {}
    for kind in KINDS:
        own = table[table["kind"].eq(kind)]
        if len(own):
            weight = float(own["weight"].sum())
            mean = float(own["weight"] @ own["estimate"]) / weight
            found[kind] = Row("bacon", kind, {"weight": weight, "estimate": mean})
    return found


def _kind_text(m: Numbers, kind: str, row: Row) -> str:
    return m.word("family.bacon.kind", label=m.word(f"family.bacon.kinds.{kind}"), row=row)


def _bacon_table(m: Numbers, table: pd.DataFrame) -> Block:
    columns = [m.column("kind", right=False, width=2.0), m.column("group", right=False)]
    columns += [m.column("against", right=False), m.column("weight"), m.column("estimate")]
    rows = []
    for _, one in table.sort_values("weight", ascending=False, kind="stable").iterrows():
        row = Row("bacon", "/".join((one["kind"], one["group"], one["compared"])), one)
        other = m.word("family.bacon.never") if one["compared"] == "never" else m.month(one["compared"])
        texts = (
            capital(m.word(f"family.bacon.kinds.{one['kind']}")),
            m.month(one["group"]),
            other,
            m.w.book.percent(row.weight),
            m.w.book.points(row.estimate, sign=True),
        )
        rows.append([m.w.runs(text) for text in texts])
    return blocks.table("", [], columns, rows)
