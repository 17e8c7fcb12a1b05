"""Tables and figure of subgroups: each group, and how far they are from each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.card_subgroups import Subgroup
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row, estimate
from analysis.report.charts import forest_data, forest_row
from analysis.report.writer import Writer, capital
from analysis.subgroups.names import DIFFERENCE, GROUP, INTERACTION

BLANK = "–"


@dataclass(frozen=True)
class Divided:
    """One subgrouping: what the card says of it, and its rows of the table."""

    item: Subgroup
    rows: pd.DataFrame

    def all(self, kind: str) -> list[Row]:
        """Its rows of a kind, in the order of the card."""
        found = self.rows[self.rows["kind"].eq(kind)]
        return [Row("subgroups", _place(row), row) for _, row in found.iterrows()]

    def only(self, kind: str) -> Row:
        """The one row of a kind."""
        (row,) = self.all(kind)
        return row


def _place(row: pd.Series) -> str:
    return "/".join(str(row[name]) for name in ("name", "kind", "group") if not pd.isna(row[name]))


def label_of(w: Writer, one: Divided, group: str) -> str:
    """A group's name in the card."""
    return next(w.text(part.label) for part in one.item.groups if part.id == group)


def group_table(w: Writer, found: list[Divided], name: str) -> Block:
    """Each group: persons, its own estimate, and the one drawn towards the mean."""
    balanced = any(row.max_abs_smd for one in found for row in one.all(GROUP))
    widths = {"group": 2.0, "persons": 1.1, "estimate": 1.0, "interval": 1.2, "shrunk": 1.7}
    widths |= {"worst": 1.5} if balanced else {}
    columns = [_column(w, key, width) for key, width in widths.items()]
    rows = [_group_cells(w, one, row, balanced) for one in found for row in one.all(GROUP)]
    note = w.say("subgroups.note", balanced=balanced, shared=w.material.card.design != "individually_randomised")
    return blocks.table(name, w.say("subgroups.caption"), columns, rows, note)


def _column(w: Writer, key: str, width: float = 1.0) -> dict[str, Any]:
    words = key in ("group", "test", "worst")
    return blocks.column(w.label(f"subgroups.columns.{key}"), right=not words, width=width)


def _group_cells(w: Writer, one: Divided, row: Row, balanced: bool) -> list[Runs]:
    book = w.book
    label = w.word("subgroups.row", what=capital(w.text(one.item.label)), group=label_of(w, one, row.text("group")))
    cells = [label, w.word("subgroups.persons", row=row) if row.n_treated else BLANK]
    cells += [book.points(row.estimate, sign=True) if row.estimate else BLANK, _interval(w, row)]
    cells.append(w.word("subgroups.shrunk", row=row) if row.shrunk else BLANK)
    if balanced:
        worst = w.covariates().get(row.text("worst_covariate"), row.text("worst_covariate"))
        cells.append(f"{book.number(row.max_abs_smd, 2)} ({worst})" if row.max_abs_smd else BLANK)
    return [w.runs(cell) for cell in cells]


def _interval(w: Writer, row: Row) -> str:
    return w.book.points_interval(row) if row.conf_low else BLANK


def forest_figure(w: Writer, found: list[Divided], name: str) -> Block | None:
    """A forest plot with the headline as a line; None where no group has an interval."""
    rows = [
        forest_row(w, label_of(w, one, row.text("group")), capital(w.text(one.item.label)), row, style=0)
        for one in found
        for row in one.all(GROUP)
        if row.conf_low
    ]
    if not rows:
        return None
    main = estimate(w.rows(role="primary").iloc[0])
    line = {"value": main.text("estimate"), "label": w.label("subgroups.line")}
    data = forest_data(w, rows, w.label("subgroups.columns.group"), (line,))
    words = w.say("subgroups.alt", main=main.estimate)
    source = group_table(w, found, name)
    return blocks.figure(name, "forest", w.say("subgroups.figure"), words, data, source)


def rows_of_tests(w: Writer, one: Divided, *, several: bool) -> Iterator[list[Runs]]:
    """Every group against the first; the test that all are one in a line of its own where there are more than two."""
    differences, test = one.all(DIFFERENCE), one.only(INTERACTION)
    if not differences:
        return
    first = next(row.text("group") for row in one.all(GROUP) if row.shrunk)
    for row in differences:
        names = {"group": label_of(w, one, row.text("group")), "other": label_of(w, one, first)}
        label = w.word("subgroups.against", what=capital(w.text(one.item.label)), **names)
        cells = [label, w.book.points(row.estimate, sign=True), _interval(w, row)]
        yield [w.runs(cell) for cell in (*cells, *_p(w, test if len(differences) == 1 else None, several))]
    if len(differences) > 1:
        label = w.word("subgroups.all", what=capital(w.text(one.item.label)))
        yield [w.runs(cell) for cell in (label, BLANK, BLANK, *_p(w, test, several))]


def _p(w: Writer, test: Row | None, several: bool) -> list[str]:
    names = ("p_value", "p_holm") if several else ("p_value",)
    refs = [None if test is None else getattr(test, name) for name in names]
    return [w.book.p_value(ref, bare=True) if ref else BLANK for ref in refs]


def table_of_tests(w: Writer, rows: list[list[Runs]], name: str, *, several: bool) -> Block:
    """The table of those rows."""
    widths = {"test": 2.6, "difference": 1.0, "interval": 1.3, "p": 0.8} | ({"holm": 0.8} if several else {})
    columns = [_column(w, key, width) for key, width in widths.items()]
    return blocks.table(name, w.say("subgroups.tests"), columns, rows, w.say("subgroups.tests_note", several=several))
