"""The rows of a released table in two runs: moved, new and gone, and the largest movement.

Rows are known by what they are (analysis/row_keys.py), never by where they stand. Stamps of the run are no result.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.outcomes import load_outcomes
from analysis.release_files import STAMPS
from analysis.row_keys import ROW_KEYS, row_names
from analysis.trace.folder import Folder, as_number

# Of several columns that moved, the one that a table is about.
FIRST = ("estimate", "value", "share", "smd", "minimum", "mean_treated", "persons", "n")
# Scales whose numbers are shares or differences between shares, where the outcome is a share; and a term of months.
SHARES, MONTHS = ("difference", "share", "change"), "months_in_work"


@dataclass(frozen=True)
class Cell:
    """A cell before and after, as text; None is missing."""

    column: str
    before: str | None
    after: str | None

    @property
    def size(self) -> float:
        """How far a number moved; 0 for a text, or where one of them is missing."""
        one, other = as_number(self.before), as_number(self.after)
        return 0.0 if one is None or other is None else abs(other - one)


@dataclass(frozen=True)
class Row:
    """A row that is not the same in both: what it is, and the cells that differ; `kind` is moved, new or gone."""

    kind: str
    named: str
    cells: tuple[Cell, ...]
    shares: bool = False

    def movement(self, cell: Cell) -> float:
        """How far a cell moved, so that amounts and counts can stand beside shares: by their own size."""
        if self.shares:
            return cell.size
        sizes = [abs(number) for text in (cell.before, cell.after) if (number := as_number(text))]
        return cell.size / max(sizes) if sizes else 0.0


@dataclass(frozen=True)
class TableDiff:
    """A table of a cohort in two runs."""

    name: str
    rows: tuple[Row, ...]

    def count(self, kind: str) -> int:
        """Rows that moved, are new or are gone."""
        return sum(row.kind == kind for row in self.rows)

    def largest(self) -> tuple[Row, Cell] | None:
        """The cell that moved furthest, among those of the column that the table is about where that moved."""
        found = [(row, cell) for row in self.rows if row.kind == "moved" for cell in row.cells]
        if not found:
            return None
        for column in FIRST:
            own = [pair for pair in found if pair[1].column == column and pair[1].size > 0]
            if own:
                return max(own, key=lambda pair: pair[0].movement(pair[1]))
        return max(found, key=lambda pair: pair[0].movement(pair[1]))


def table_diffs(old: Folder, new: Folder, cohort: str) -> Iterator[TableDiff]:
    """The tables of a cohort (or of the comparison) that are not the same in both folders."""
    for table in ROW_KEYS:
        name = f"{cohort}/{table}.csv"
        if (old.has(name) or new.has(name)) and not same_file(old, new, name):
            rows = tuple(_rows(table, _table(old, name), _table(new, name)))
            if rows:
                yield TableDiff(table, rows)


def same_file(old: Folder, new: Folder, name: str) -> bool:
    """Whether both folders have a file, with the same bytes."""
    return old.has(name) and new.has(name) and (old.path / name).read_bytes() == (new.path / name).read_bytes()


def _table(folder: Folder, name: str) -> pd.DataFrame:
    return folder.table(name) if folder.has(name) else pd.DataFrame()


def _rows(table: str, old: pd.DataFrame, new: pd.DataFrame) -> Iterator[Row]:
    before, after = (dict(zip(row_names(table, rows), rows.to_dict("records"), strict=True)) for rows in (old, new))
    for key in [*before, *(key for key in after if key not in before)]:
        one, other = before.get(key), after.get(key)
        cells = tuple(_cells(one or {}, other or {}))
        if one is None or other is None or cells:
            kind = "new" if one is None else "gone" if other is None else "moved"
            row = other or one or {}
            yield Row(kind, _named(table, row), cells, is_share(row))


def is_share(row: Mapping[str, Any]) -> bool:
    """Whether the numbers of a row of estimates are shares, which are told in percentage points."""
    outcome = load_outcomes().get(row.get("outcome"))
    known = outcome is not None and outcome.kind == "share"
    return known and row.get("scale") in SHARES and row.get("term") != MONTHS


def _cells(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Cell]:
    for column in dict.fromkeys([*one, *other]):
        before, after = one.get(column), other.get(column)
        if column not in STAMPS and before != after and not _same_number(before, after):
            yield Cell(column, before, after)


def _same_number(before: str | None, after: str | None) -> bool:
    one, other = as_number(before), as_number(after)
    return one is not None and one == other


def _named(table: str, row: Mapping[str, Any]) -> str:
    """What a row is, in the texts of its keys; the cohort goes without saying in a table of its own."""
    keys = [key for key in ROW_KEYS[table] if key != "cohort" or table in ("comparison", "horizons")]
    return " · ".join(str(row[key]) for key in keys if row.get(key) is not None)
