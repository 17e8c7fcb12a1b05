"""Subgroups in treated tables: each with its sizes and effect where they are shown, and the test between them."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref, Row
from analysis.report.charts import forest_data, forest_row
from analysis.report.subgroup_tables import Divided, label_of
from analysis.report.treated_numbers import HIDDEN, Shown, bounded
from analysis.report.writer import Writer, capital
from analysis.subgroups.names import DIFFERENCE, GROUP, INTERACTION
from analysis.tables import FEW_OFFICES

WORDS = ("group", "test")


def treated_subgroups(w: Writer) -> Iterator[dict[str, Any]]:
    """The subgroups that were stated beforehand, then those that were not; nothing where the table has none."""
    s, table = Shown(w), w.material.tables["subgroups"]
    if s.primary is None:
        return
    found = [Divided(item, table[table["name"].eq(item.name)]) for item in w.material.card.subgroups]
    found = [one for one in found if one.all(GROUP)]
    for explored, name in ((False, "subgroups"), (True, "subgroups_exploratory")):
        own = [one for one in found if one.rows["exploratory"].eq(True).any() == explored]
        if own:
            yield blocks.section(w.word(f"subgroups.ids.{name}"), w.heading(name), _blocks(s, own, explored), level=2)


def _blocks(s: Shown, found: list[Divided], explored: bool) -> Iterator[Block]:
    w, suffix = s.w, "-utforskende" if explored else ""
    if explored:
        yield blocks.callout(w.label("subgroups.warning.title"), w.say("subgroups.warning.text"))
    else:
        yield w.paragraph("treated.subgroups.intro", many=len(found) > 1)
    yield blocks.bullets(w.runs(" ".join([_reason(s, one), _verdict(s, one, explored, len(found))])) for one in found)
    rows = [(one, row) for one in found for row in one.all(GROUP)]
    yield _table(s, rows, f"tab-undergrupper{suffix}")
    drawn = [(one, row) for one, row in rows if bounded(row)]
    if drawn:
        yield _forest(s, drawn, f"fig-undergrupper{suffix}")
    differences = [(one, row) for one in found for row in one.all(DIFFERENCE) if row.estimate]
    if differences:
        yield _differences(s, differences, f"tab-gruppeforskjeller{suffix}")


def _reason(s: Shown, one: Divided) -> str:
    expected = None if one.item.direction is None else label_of(s.w, one, one.item.direction)
    what, why = capital(s.w.text(one.item.label)), s.w.text(one.item.reason)
    return s.w.word("subgroups.reason", what=what, why=why, expected=expected)


def _verdict(s: Shown, one: Divided, explored: bool, count: int) -> str:
    """What the test between the groups says: nothing where it is hidden or was not made."""
    tests = one.all(INTERACTION)
    several = count > 1 and not explored
    name = "p_holm" if several else "p_value"
    test = next((row for row in tests if getattr(row, name)), None)
    if test is None or test.text("reason") == FEW_OFFICES:
        return s.w.word("treated.subgroups.untested")
    apart = test.text(name) <= 1 - s.card.inference.level
    return s.w.word("treated.subgroups.tested", p=getattr(test, name), apart=apart, several=several, explored=explored)


def _label(s: Shown, one: Divided, row: Row) -> str:
    group = label_of(s.w, one, row.text("group"))
    return s.w.word("subgroups.row", what=capital(s.w.text(one.item.label)), group=group)


def _table(s: Shown, rows: list[tuple[Divided, Row]], name: str) -> Block:
    columns = s.columns(("subgroup", "persons", "difference", "interval"), ("subgroup",), subgroup=2.2, interval=1.3)
    told = [s.cells([_label(s, one, row), s.people(row), *_effect(s, row)]) for one, row in rows]
    return blocks.table(name, s.w.say("subgroups.caption"), columns, told, s.say("dash"))


def _effect(s: Shown, row: Row) -> list[str]:
    interval = s.w.book.points_interval(row) if bounded(row) else HIDDEN
    return [s.points(row.estimate), interval]


def _forest(s: Shown, drawn: list[tuple[Divided, Row]], name: str) -> Block:
    """Each group with its interval and sizes, and the headline as a line where it is shown."""
    rows = []
    for one, row in drawn:
        label = s.w.word("treated.subgroups.sized", group=label_of(s.w, one, row.text("group")), people=s.people(row))
        rows.append(forest_row(s.w, label, capital(s.w.text(one.item.label)), row, style=0))
    main = s.decisive()
    line = () if main is None else ({"value": main.text("estimate"), "label": s.w.label("subgroups.line")},)
    data = forest_data(s.w, rows, s.label("columns.subgroup"), line)
    alt = s.say("subgroups.alt", n=Ref(len(rows), "subgroups", "shown", "group"), main=main)
    caption = s.say("subgroups.figure", main=main)
    return blocks.figure(name, "forest", caption, alt, data, _table(s, drawn, ""))


def _differences(s: Shown, rows: list[tuple[Divided, Row]], name: str) -> Block:
    columns = s.columns(("test", "difference", "interval"), ("test",), test=2.6, interval=1.3)
    told = [s.cells([*_against(s, one, row), *_effect(s, row)]) for one, row in rows]
    return blocks.table(name, s.w.say("subgroups.tests"), columns, told, s.say("subgroups.differences_note"))


def _against(s: Shown, one: Divided, row: Row) -> list[str]:
    first = label_of(s.w, one, one.all(GROUP)[0].text("group"))
    what, group = capital(s.w.text(one.item.label)), label_of(s.w, one, row.text("group"))
    return [s.w.word("subgroups.against", what=what, group=group, other=first)]
