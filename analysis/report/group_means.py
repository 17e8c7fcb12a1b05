"""Means of groups from released cells: when they were measured, and each as a reference that can be printed."""

from typing import Any

import pandas as pd

from analysis.cards import Arm
from analysis.report import blocks
from analysis.report.blocks import Runs
from analysis.report.book import Ref
from analysis.report.writer import Writer, capital

# A mean stands in no column of its own; this is how it is made of those that are there.
MEAN = "sum_wy/sum_w"
# More horizons than this are too many for a sentence.
SENTENCE = 4


def decimals(*values: float) -> int:
    """One decimal where all are below 100, none from there."""
    return 1 if max(abs(value) for value in values) < 100 else 0


def time_ref(time: int) -> Ref:
    """An event time as a reference."""
    return Ref(time, "cells", "all", "event_time")


def time_words(w: Writer, time: int, form: str = "when") -> str:
    """An event time in words: ``ved starttidspunktet``, ``etter 18 måneder``; `form` row and aside for tables."""
    key = "start" if time == 0 else "after" if time > 0 else "before"
    return w.word(f"described.{form}.{key}", months=time_ref(time))


class GroupMeans:
    """The cells of one described cohort."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        cells = writer.material.tables["cells"]
        month = pd.to_numeric(cells["month"]).astype("Int64")
        event_time = pd.to_numeric(cells["event_time"]).astype("Int64")
        self.cells = cells.assign(month=month, event_time=event_time, mean=cells["sum_wy"] / cells["sum_w"])
        self.arms: list[Arm] = [arm for arm in self.card.arms if arm.id in set(cells["arm"])]
        ordered = self.cells.sort_values(["event_time", "month"], kind="stable")
        self._of = dict(list(ordered.groupby("outcome")))
        self._by = dict(list(ordered.groupby(["outcome", "arm"])))

    def outcomes(self) -> list[str]:
        """Outcomes with a measurement, in the card's order."""
        return [name for name in self.card.outcome_names() if name in set(self.cells["outcome"])]

    def series(self, outcome: str, arm: Arm | None = None) -> pd.DataFrame:
        """The cells of an outcome in the order of time, of one group or of all."""
        found = self._of.get(outcome) if arm is None else self._by.get((outcome, arm.id))
        return self.cells.iloc[:0] if found is None else found

    def times(self, outcome: str) -> list[int]:
        """Event times at which any group was measured."""
        return sorted(int(time) for time in self.series(outcome)["event_time"].dropna().unique())

    def drawn(self) -> list[str]:
        """Outcomes measured often enough for a curve."""
        return [name for name in self.outcomes() if len(self.times(name)) > 1]

    def points(self, outcome: str) -> list[int]:
        """Event times for a table: the start and the horizons, or both ends where nothing was measured at those."""
        times = self.times(outcome)
        return [time for time in times if time in (0, *self.card.horizons)] or sorted({times[0], times[-1]})

    def told(self, outcome: str) -> list[int]:
        """Event times for a sentence: all of `points` when they are few, otherwise start, main horizon and last."""
        points = self.points(outcome)
        if len(points) <= SENTENCE:
            return points
        return [time for time in points if time in (0, self.card.horizons[0], points[-1])]

    def cell(self, outcome: str, arm: Arm, time: int | None) -> pd.Series | None:
        """The cell at an event time, or the only one when `time` is None; None where the group was not measured."""
        found = self.series(outcome, arm)
        found = found if time is None else found[found["event_time"].eq(time)]
        return None if found.empty else found.iloc[0]

    def ref(self, cell: pd.Series, column: str = MEAN) -> Ref:
        """A number of a cell: its mean, or one of its columns."""
        when = cell["month"] if pd.isna(cell["event_time"]) else cell["event_time"]
        value = cell["mean"] if column == MEAN else cell[column]
        return Ref(value, "cells", f"{cell['outcome']}/{cell['arm']}/{when}", column)

    def count(self, cell: pd.Series | None) -> str:
        """How many stand behind a mean."""
        return "–" if cell is None else self.w.book.number(self.ref(cell, "n"))

    def short(self, cell: pd.Series | None, *, unit: bool = False) -> str:
        """A mean for a column: ``29,7 %``, or a number, with its unit on request."""
        if cell is None:
            return "–"
        ref, printed = self.ref(cell), self.w.unit(cell["outcome"])
        if printed["share"]:
            return self.w.book.percent(ref, self.ref(cell, "n"))
        text = self.w.book.number(ref, decimals(ref.value))
        return f"{text} {printed['unit']}" if unit else text

    def long(self, cell: pd.Series) -> str:
        """A mean in a sentence: ``29,7 prosent``, ``12,3 dager``."""
        if not self.w.unit(cell["outcome"])["share"]:
            return self.short(cell, unit=True)
        return self.w.word("described.percent", share=self.ref(cell), base=self.ref(cell, "n"))

    def label(self, arm: Arm) -> str:
        """Name of a group."""
        return self.w.text(arm.label)

    def columns(self, first: str) -> list[dict[str, Any]]:
        """The first column, then value and count per group."""
        found = [blocks.column(first, width=1.5)]
        for arm in self.arms:
            found.append(blocks.column(capital(self.label(arm)), right=True))
            found.append(blocks.column(self.w.label(f"described.columns.{self.counted()}"), right=True, width=0.8))
        return found

    def counted(self) -> str:
        """What a count of a cell is a count of."""
        return "observations" if self.card.design == "aggregated_series" else "persons"

    def row(self, label: str, outcome: str, time: int | None, *, unit: bool = False) -> list[Runs]:
        """Value and count of every group at one time."""
        found = [self.w.runs(label)]
        for arm in self.arms:
            cell = self.cell(outcome, arm, time)
            found += [self.w.runs(self.short(cell, unit=unit)), self.w.runs(self.count(cell))]
        return found
