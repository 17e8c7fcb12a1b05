"""The numbers of a report of treated tables: any of them can be hidden, and a dash stands where one is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Runs
from analysis.report.book import Ref, Row, estimate
from analysis.report.group_means import decimals, time_words
from analysis.report.writer import Writer
from analysis.tables import MAIN

HIDDEN = "–"
# Terms whose estimate is a number of months, whatever the outcome is.
MONTHS = ("months_in_work",)
DIFFERENCES = ("risk_difference", "mean_difference")
ROLES = ("treated", "comparison")


def bounded(row: Row) -> bool:
    """Whether an estimate is shown with an interval that says something: not a base, which is 0 by construction."""
    shown = row.estimate and row.conf_low and row.conf_high
    return bool(shown) and row.text("conf_low") < row.text("conf_high")


def point_decimals(differences: pd.Series, provenance: Mapping[str, Any]) -> int:
    """Decimals of a percentage point: one, or none where every released difference is a whole number of them."""
    found = differences.dropna().astype("float64")
    rounded = "rule" in provenance["disclosure"] and len(found) > 0 and found.eq(found.round(2)).all()
    return 0 if rounded else 1


def rows_of(name: str, table: pd.DataFrame, *keys: str) -> list[Row]:
    """The rows of a released table as references, named by the columns `keys`."""
    places = ["/".join(str(row[key]) for key in keys if not pd.isna(row[key])) for _, row in table.iterrows()]
    return [Row(name, place, row) for place, (_, row) in zip(places, table.iterrows(), strict=True)]


class Shown:
    """What is shown of one cohort: its headline, and how numbers stand in cells."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        found = writer.rows(role="primary")
        self.primary = None if found.empty else estimate(found.iloc[0])
        self.labels = {arm.id: writer.text(arm.label) for arm in self.card.arms}

    def decisive(self) -> Row | None:
        """The headline, where it may be shown with its interval."""
        return self.primary if self.primary is not None and bounded(self.primary) else None

    def table(self, name: str) -> pd.DataFrame:
        """A released table."""
        return self.w.material.tables[name]

    def whole(self, **wanted: Any) -> pd.DataFrame:
        """Rows about the groups of the headline, and not about a part of them or one time only."""
        frame, group = self.w.rows(**wanted), self.primary.text("group")
        alike = frame["group"].isna() if pd.isna(group) else frame["group"].eq(group)
        return frame[alike & frame["event_time"].isna()]

    def same_time(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows at the horizon of the headline."""
        months = self.primary.text("horizon_months")
        return frame[frame["horizon_months"].isna() if pd.isna(months) else frame["horizon_months"].eq(months)]

    def is_share(self, row: Row) -> bool:
        """Whether an effect is a difference between shares."""
        return self.w.unit(row.text("outcome"))["share"] and row.text("term") not in MONTHS

    def effect(self, row: Row) -> list[str]:
        """An effect and its interval, in percentage points or the unit of its outcome."""
        book, share = self.w.book, self.is_share(row)
        if not row.estimate:
            return [HIDDEN, HIDDEN]
        digits = decimals(row.text("estimate"))
        value = book.points(row.estimate, sign=True) if share else book.number(row.estimate, digits, sign=True)
        if not bounded(row):
            return [value, HIDDEN]
        return [value, book.points_interval(row) if share else book.number_interval(row, digits)]

    def points(self, ref: Ref) -> str:
        """A difference in percentage points, or a dash."""
        return self.w.book.points(ref, sign=True) if ref else HIDDEN

    def count(self, ref: Ref) -> str:
        """A count, or a dash."""
        return self.number(ref)

    def number(self, ref: Ref, digits: int = 0) -> str:
        """A number, or a dash."""
        return self.w.book.number(ref, digits) if ref else HIDDEN

    def people(self, row: Row) -> str:
        """How many stand behind an effect in each group."""
        counts = {name: self.count(getattr(row, f"n_{name}")) for name in ROLES}
        return HIDDEN if set(counts.values()) == {HIDDEN} else self.w.word("treated.persons", **counts)

    def when(self, row: Row) -> str:
        """The time of an effect, in words of a table."""
        months = row.text("horizon_months")
        return self.w.word("treated.after_adoption") if pd.isna(months) else time_words(self.w, int(months), "row")

    def label(self, name: str, **values: Any) -> str:
        """A text of the catalogue's part on treated numbers, as plain text."""
        return self.w.label(f"treated.{name}", **values)

    def say(self, name: str, **values: Any) -> Runs:
        """The same as runs."""
        return self.w.say(f"treated.{name}", **values)

    def columns(self, names: Sequence[str], words: Sequence[str], **widths: float) -> list[dict[str, Any]]:
        """Columns by name; those of `words` stand to the left."""
        return [
            blocks.column(self.label(f"columns.{name}"), right=name not in words, width=widths.get(name, 1.0))
            for name in names
        ]

    def cells(self, texts: Iterable[str]) -> list[Runs]:
        """Texts as the cells of a row."""
        return [self.w.runs(text) for text in texts]

    def dynamic_rows(self, spec: str = MAIN) -> pd.DataFrame:
        """Effects of the headline's kind at one time each."""
        own = self.w.rows(
            outcome=self.card.outcomes.primary,
            spec=spec,
            estimator=self.primary.text("estimator"),
            inference=self.primary.text("inference"),
        )
        return own[own["event_time"].notna()].sort_values("event_time", kind="stable")
