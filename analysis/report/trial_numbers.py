"""The numbers of a trial that drew offices, found once for all sections, and how they are worded."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.report.blocks import Block, Runs, column, paragraph
from analysis.report.book import Ref, Row, estimate
from analysis.report.group_means import GroupMeans, decimals, time_words
from analysis.report.writer import Writer, capital
from analysis.tables import MAIN

TEST, HOLM = "permutation", "holm"
DEFAULTS = ("statsmodels_default", "fixest_default")
BLANK = "–"


class Numbers:
    """Estimates, tests and shares of one trial."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.primary = self.card.outcomes.primary
        self.horizon = self.card.horizons[0]
        self.means = GroupMeans(writer)
        self.headline = str(writer.rows(role="primary")["inference"].iloc[0])

    def rows(self, outcome: str, horizon: int, **wanted: Any) -> pd.DataFrame:
        """Rows of an outcome at a horizon."""
        return self.w.rows(outcome=outcome, horizon_months=horizon, **wanted)

    def only(self, outcome: str, horizon: int, **wanted: Any) -> Row | None:
        """The first estimated row with these values."""
        found = self.rows(outcome, horizon, status="estimated", **wanted)
        return None if found.empty else estimate(found.iloc[0])

    def decisive(self) -> Row:
        """The row that the conclusion rests on."""
        return estimate(self.w.rows(role="primary").iloc[0])

    def effect(self, outcome: str, horizon: int, spec: str = MAIN) -> Row | None:
        """The difference under the headline's inference."""
        found = self.rows(outcome, horizon, spec=spec, status="estimated", inference=self.headline)
        found = found[found["term"].str.endswith("_difference")]
        return None if found.empty else estimate(found.iloc[0])

    def test(self, outcome: str, horizon: int) -> Row | None:
        """The test by the draw."""
        return self.only(outcome, horizon, spec=MAIN, inference=TEST)

    def holm(self, outcome: str, horizon: int) -> Row | None:
        """The same test when all the others are counted."""
        return self.only(outcome, horizon, inference=HOLM)

    def icc(self, term: str, method: str = "anova") -> Row | None:
        """The intraclass correlation of the main outcome at the main horizon, or its design effect."""
        return self.only(self.primary, self.horizon, estimator=method, term=term)

    def disagrees(self) -> bool:
        """Whether the interval leaves zero out though the draw itself gives such a difference often."""
        check = self.w.material.check("permutation")
        return check is not None and check.text_id.endswith("interval_only")

    def average(self) -> str:
        """What counts one in the headline: persons or offices."""
        return self.card.trial.average

    def other_average(self) -> str:
        """The specification with the other average."""
        return {"persons": "office_average", "offices": "person_average"}[self.average()]

    def shares(self, outcome: str, horizon: int) -> list[str]:
        """The share, or mean, of each group in words, the treated first."""
        cells = [self.means.cell(outcome, self.card.arm(role), horizon) for role in ("treated", "comparison")]
        return [BLANK if cell is None else self.means.long(cell) for cell in cells]

    def when(self, horizon: int) -> str:
        """``18 måneder etter start``."""
        return time_words(self.w, horizon, "row")

    def clusters(self, row: Row) -> Ref:
        """Offices of both groups."""
        return self.summed(row, "n_offices_treated", "n_offices_comparison")

    def summed(self, row: Row, one: str, other: str) -> Ref:
        """Two counts of a row together, as a reference to both."""
        value = row.text(one) + row.text(other)
        source = getattr(row, one).source()
        return Ref(value, source["table"], source["row"], f"{one}+{other}")

    def shared(self) -> dict[str, Any]:
        """What every sentence may name."""
        horizon = Ref(self.horizon, "cohort", "horizons", "0")
        return {"horizon": horizon, "average": self.average(), "strata": self.card.trial.strata is not None}

    def word(self, key: str, **values: Any) -> str:
        """A text of the catalogue."""
        return self.w.word(key, **{**self.shared(), **values})

    def say(self, key: str, **values: Any) -> Runs:
        """The same as runs."""
        return self.w.runs(self.word(key, **values))

    def label(self, key: str, **values: Any) -> str:
        """The same as plain text."""
        return self.w.book.plain(self.word(key, **values))

    def paragraph(self, *keys: str, **values: Any) -> Block:
        """Texts of the catalogue as one paragraph."""
        return paragraph(self.w.runs(" ".join(self.word(key, **values) for key in keys)))

    def column(self, name: str, *, width: float = 1.0, right: bool = True) -> dict[str, Any]:
        """A column of a table."""
        return column(self.label(f"trial.columns.{name}"), right=right, width=width)

    def row_label(self, outcome: str, horizon: int) -> str:
        """Outcome and time as the header of a row."""
        return f"{capital(self.w.unit(outcome)['label'])}, {self.when(horizon)}"

    def difference(self, row: Row | None, outcome: str) -> list[str]:
        """A difference and its interval in the unit of the outcome; a dash where one is missing."""
        if row is None or not row.estimate:
            return [BLANK, BLANK]
        book, unit = self.w.book, self.w.unit(outcome)
        if unit["share"]:
            value, interval = book.points(row.estimate, sign=True), book.points_interval
        else:
            digits = decimals(row.text("estimate"))
            value = f"{book.number(row.estimate, digits, sign=True)} {unit['unit']}"

            def interval(found: Row) -> str:
                return book.number_interval(found, digits)

        return [value, interval(row) if bounded(row) else BLANK]

    def p(self, row: Row | None) -> str:
        """A p-value for a column."""
        return self.w.book.p_value(row.p_value, bare=True) if row is not None and row.p_value else BLANK

    def cells(self, texts: Iterator[str] | list[str]) -> list[Runs]:
        """Texts as cells of a row."""
        return [self.w.runs(text) for text in texts]


def bounded(row: Row) -> bool:
    """Whether a row has an interval."""
    return bool(row.conf_low) and bool(row.conf_high)


def freedom(row: Row) -> Ref | None:
    """Degrees of freedom where a row has a finite number of them; tests by the draw keep their allocations there."""
    by_lot = row.text("inference") in (TEST, HOLM, "anderson_rubin")
    return None if by_lot or not row.df or np.isinf(row.text("df")) else row.df
