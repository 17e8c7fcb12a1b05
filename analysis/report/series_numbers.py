"""The numbers of a series of counts beside the staggered headline, found by what they are."""

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row, estimate
from analysis.report.staggered_numbers import Numbers
from analysis.tables import MAIN

PREFERRED = "ar1_reml"


class SeriesNumbers:
    """Rows of the estimates by estimator and term, and the texts under `series` of the catalogue."""

    def __init__(self, numbers: Numbers):
        self.m, self.w, self.book = numbers, numbers.w, numbers.w.book
        self.chosen = numbers.card.series

    def table(self, estimator: str, **wanted: object) -> pd.DataFrame:
        """Rows of one estimator; `horizon` None: those without a horizon."""
        found = self.w.rows(estimator=estimator, status="estimated")
        horizon = wanted.pop("horizon", ...)
        if horizon is not ...:
            months = found["horizon_months"]
            found = found[months.isna() if horizon is None else months.eq(horizon)]
        for column, value in wanted.items():
            found = found[found[column].eq(value)]
        return found

    def row(self, estimator: str, term: str, **wanted: object) -> Row | None:
        """The row of a term; None where nothing was estimated of it."""
        found = self.table(estimator, **{"term": term, "spec": MAIN, **wanted})
        return None if found.empty else estimate(found.iloc[0])

    def treated(self) -> str:
        """The name of what began it, as the rows name it."""
        return str(self.table("interrupted_series", spec=MAIN)["group"].iloc[0])

    def word(self, key: str, **values: object) -> str:
        """A text under `series` with marked numbers."""
        return self.m.word(f"series.{key}", **values)

    def say(self, key: str, **values: object) -> Runs:
        """The same as runs."""
        return self.w.runs(self.word(key, **values))

    def paragraph(self, key: str, **values: object) -> Block:
        """The same as a paragraph."""
        return blocks.paragraph(self.say(key, **values))

    def label(self, key: str, **values: object) -> str:
        """The same as plain text."""
        return self.book.plain(self.word(key, **values))

    def column(self, name: str, *, width: float = 1.0, right: bool = True) -> dict:
        """A column of a table."""
        return blocks.column(self.label(f"columns.{name}"), right=right, width=width)

    def points(self, row: Row) -> list[Runs]:
        """A difference in percentage points and its interval."""
        return self.m.points(row)

    def month(self, text: str) -> str:
        """A month in words."""
        return self.book.language.month(text)

    def from_card(self, value: object, *path: str) -> Ref:
        """A number of the card's `series`."""
        return Ref(value, "cohort", "series", ".".join(path))
