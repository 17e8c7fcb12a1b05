"""What staggered adoption has beside its headline in treated tables: other estimators, and unlike trends."""

from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Row
from analysis.report.charts import forest_data, forest_row
from analysis.report.treated_names import units
from analysis.report.treated_numbers import HIDDEN, Shown, bounded, rows_of
from analysis.report.writer import capital
from analysis.tables import FAMILY_SPEC, MAIN, RELATIVE, STATIC

# Points that are a figure, at least.
FEWEST = 2


def family(s: Shown) -> Iterator[Block]:
    """The estimators of everybody who adopted: a table with what each compares with, and a figure of those shown."""
    rows = [row for row in rows_of("family", s.table("family"), "estimator", "spec") if _whole(row)]
    if len(rows) < FEWEST:
        return
    shown = [row for row in rows if row.estimate]
    if not shown:
        yield s.w.paragraph("treated.family_hidden")
        return
    yield _table(s, rows)
    drawn = [row for row in shown if bounded(row)]
    if len(drawn) >= FEWEST:
        yield _forest(s, drawn)


def _whole(row: Row) -> bool:
    return row.text("spec") in (MAIN, FAMILY_SPEC, STATIC)


def _name(s: Shown, row: Row) -> str:
    return capital(s.w.word(f"family.names.{row.text('estimator')}"))


def _table(s: Shown, rows: list[Row]) -> Block:
    names = {"estimator": 1.6, "difference": 0.9, "interval": 1.2, "compares": 2.0, "weighs": 1.7}
    columns = s.columns(tuple(names), ("estimator", "compares", "weighs"), **names)
    told = [s.cells([_name(s, row), *_effect(s, row), *_described(s, row)]) for row in rows]
    return blocks.table("tab-estimatorer", s.w.say("family.caption"), columns, told, s.say("dash"))


def _effect(s: Shown, row: Row) -> list[str]:
    return [s.points(row.estimate), s.w.book.points_interval(row) if bounded(row) else HIDDEN]


def _described(s: Shown, row: Row) -> list[str]:
    """What a method compares with and weighs, by the names that the table has for them."""
    told = [(part, row.text(part)) for part in ("compares", "weighs")]
    known = s.w.book.catalogue["family"]
    return [
        s.w.word(f"family.{part}.{name}", **units(s)) if isinstance(name, str) and name in known[part] else HIDDEN
        for part, name in told
    ]


def _forest(s: Shown, drawn: list[Row]) -> Block:
    main = None if s.primary is None else s.primary.text("estimator")
    rows = []
    for row in drawn:
        estimator = row.text("estimator")
        group = s.w.label("family.groups.regression") if estimator == STATIC else ""
        label = s.w.word(f"family.short.{estimator}")
        rows.append(forest_row(s.w, label, group, row, style=0 if estimator == main else 1))
    low, high = (end(drawn, key=lambda row: row.text("estimate")) for end in (min, max))
    alt = s.say("family_alt", low=low, high=high, low_name=_name(s, low), high_name=_name(s, high))
    columns = s.columns(("estimator", "difference", "interval"), ("estimator",), estimator=2.0)
    body = [s.cells([_name(s, row), *_effect(s, row)]) for row in drawn]
    data = forest_data(s.w, rows, s.label("columns.estimator"))
    caption = s.w.say("family.forest_caption", truth=None, bars=True)
    return blocks.figure("fig-estimatorer", "forest", caption, alt, data, blocks.table("", [], columns, body))


def honest(s: Shown) -> Iterator[Block]:
    """The interval for each allowed departure from parallel trends, as a figure or in a table where it is only one."""
    found = rows_of("honest", s.table("honest"), "restriction", "bound")
    own = [row for row in found if row.text("restriction") == RELATIVE and row.bound]
    shown = sorted((row for row in own if row.conf_low and row.conf_high), key=lambda row: row.text("bound"))
    if len(shown) < FEWEST:
        if found:
            yield s.w.paragraph("treated.honest_hidden")
        return
    columns = [blocks.column(s.w.label("check_figures.honest_did.bound"))]
    columns += s.columns(("difference", "interval"), ())
    body = [s.cells([s.number(row.bound, 1), s.points(row.estimate), _ends(s, row)]) for row in shown]
    low, high = ([float(row.text(f"conf_{end}")) for row in shown] for end in ("low", "high"))
    bounds = [float(row.text("bound")) for row in shown]
    middle = [float(row.text("estimate")) if row.estimate else None for row in shown]
    series = {"label": s.w.label("check_figures.honest_did.series"), "x": bounds, "y": middle, "style": 0, "bars": True}
    data = {
        "x_label": s.w.label("check_figures.honest_did.x"),
        "y_label": s.w.label("axis.points"),
        "x_ticks": s.w.ticks(bounds[0], bounds[-1]),
        "y_ticks": s.w.ticks(min(0, *low), max(0, *high), points=True),
        "zero": None,
        "series": [series | {"low": low, "high": high}],
    }
    alt, caption = s.say("honest_alt", first=shown[0], last=shown[-1]), s.w.say("check_figures.honest_did.caption")
    yield blocks.figure("fig-skjev-utvikling", "time", caption, alt, data, blocks.table("", [], columns, body))


def _ends(s: Shown, row: Row) -> str:
    return s.w.book.points_interval(row)
