"""What each study costs, side by side: in the order of the other tables, never by cost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Book
from analysis.report.comparison_study import Study
from analysis.report.cost_rows import Costs, compared_cells
from analysis.tables import COST_TABLE

WIDTHS = {"study": 1.4, "participant": 1.2, "person": 2.2, "year": 0.6, "basis": 0.9}


def compared_costs(book: Book, studies: Sequence[Study], name: str) -> Block | None:
    """A row per study of the comparison report; None where no study has assumptions on cost."""
    found = [(study, Costs(study.w.material.tables[COST_TABLE])) for study in studies]
    rows = [
        [study.w.runs(cell) for cell in (study.name, *_cells(study.w.book, costs, study.w.material.grade))]
        for study, costs in found
    ]
    return _table(book, rows, name) if any(costs for _, costs in found) else None


def portal_costs(
    book: Book, comparison: pd.DataFrame, tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str], name: str
) -> Block | None:
    """The same for the start page, by rows of the comparison; `tables` and `titles` by cohort."""
    rows, some = [], False
    for _, row in comparison.iterrows():
        cohort = row["cohort"]
        costs = Costs(tables[cohort], f"{cohort}/{COST_TABLE}")
        rows.append([book.runs(cell) for cell in (titles[cohort], *_cells(book, costs, row))])
        some = some or bool(costs)
    return _table(book, rows, name) if some else None


def _cells(book: Book, costs: Costs, grade: Mapping[str, Any]) -> list[str]:
    return compared_cells(book, costs, verbs=grade["verbs"], grade=grade["grade"])


def _table(book: Book, rows: Iterable[Sequence[Runs]], name: str) -> Block:
    labels = book.catalogue["cost"]["compare"]["columns"]
    columns = [blocks.column(labels[key], right=key in ("participant", "year"), width=WIDTHS[key]) for key in WIDTHS]
    caption, note = book.say("cost.compare.caption"), book.say("cost.compare.note")
    return blocks.table(name, caption, columns, rows, note)
