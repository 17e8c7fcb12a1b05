"""The table of costs as a report reads it, and the words on cost that the reports and the start page share."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cost import NO_EFFECT
from analysis.report.book import Book, Row
from analysis.tables import COST, COST_TABLE

# What a number is found by.
NAMES = tuple(name for name in COST if name in ("quantity", "group", "account", "variant", "assumption", "bound"))
# Only where these hold are the words not «if the difference is due to the intervention».
SURE_VERBS, SURE_GRADES = ("randomised", "did_checked"), ("moderate", "high")


@dataclass(frozen=True)
class Costs:
    """The table of one cohort; `name` is what its numbers are said to come from."""

    table: pd.DataFrame
    name: str = COST_TABLE

    def __bool__(self) -> bool:
        return not self.table.empty

    def rows(self, quantity: str, **wanted: str) -> list[Row]:
        """Rows of a quantity with these names, in the order of the table."""
        found = self.table[self.table["quantity"].eq(quantity)]
        for column, value in wanted.items():
            found = found[found[column].eq(value)]
        return [Row(self.name, "/".join(row[list(NAMES)].dropna()), row) for _, row in found.iterrows()]

    def row(self, quantity: str, **wanted: str) -> Row:
        """The one such row; ValueError where there are none or several."""
        (row,) = self.rows(quantity, **wanted)
        return row

    def has(self, quantity: str, **wanted: str) -> bool:
        """Whether there is such a row."""
        return bool(self.rows(quantity, **wanted))

    def basis(self) -> dict[str, Any]:
        """How many assumptions there are, and how many of them have a source."""
        return {bound: self.row("assumptions", bound=bound).value for bound in ("sourced", "all")}


def is_sure(verbs: str, grade: str) -> bool:
    """Whether the difference may be worded as what the intervention brings, for a cost to be set against it."""
    return verbs in SURE_VERBS and grade in SURE_GRADES


def reason(book: Book, row: Row) -> str:
    """Why there is no cost per further person in work."""
    return book.word(f"cost.why.{row.text('reason')}") if row.text("status") == NO_EFFECT else ""


def compared_cells(book: Book, costs: Costs, *, verbs: str, grade: str) -> list[str]:
    """Further cost per participant, cost per further person in work, price year, and how much of it has a source."""
    if not costs:
        return [book.word("cost.compare.not_stated")] * 2 + ["–"] * 2
    row = costs.row("per_person")
    words = {"row": row, "sure": is_sure(verbs, grade), "why": reason(book, row)}
    return [
        book.word("cost.compare.participant", row=costs.row("participant", group="difference")),
        book.word(f"cost.compare.{row.text('status')}", **words),
        book.number(costs.row("price_year").value),
        book.word("cost.compare.basis", **costs.basis()),
    ]
