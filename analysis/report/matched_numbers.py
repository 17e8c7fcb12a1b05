"""The numbers of a matched cohort, found once for all sections, and how its times are worded.

With one start for everybody a time is a calendar month (``desember 1978``); with starts of their own it is told from
each person's start (``12 måneder etter start``).
"""

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_matching import WEIGHTING_METHODS
from analysis.checks import Check
from analysis.months import month_number, month_text
from analysis.report.blocks import Block, Runs, column
from analysis.report.book import Ref, Row, estimate
from analysis.report.charts import points_cells
from analysis.report.group_means import decimals, time_words
from analysis.report.writer import Writer
from analysis.tables import MAIN

CHANGE, LEVEL = "matched_did_2x2", "matched_difference"
# A second row of the same estimate, with the standard error for matching with replacement.
ABADIE_IMBENS = "abadie_imbens"
ONE_PARTNER = ("nearest", "mahalanobis", "optimal", "cardinality")
TRIAL_ROWS = {
    "trial_level": ("trial", "difference_in_means"),
    "trial_adjusted": ("trial", "adjusted_difference"),
    "trial_did": ("trial", "did_2x2"),
    "raw_level": ("unmatched", "difference_in_means"),
    "raw_did": ("unmatched", "did_2x2"),
}


class Numbers:
    """Estimates, checks and times of one matched cohort."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.primary = self.card.outcomes.primary
        self.horizon = self.card.horizons[0]
        self.start = self._common_start()
        self.base = self.card.base_period if self.start is None else month_number(self.card.base_month) - self.start
        # Comparison persons of one treated person: one, or several.
        self.several = self.card.matching.method not in ONE_PARTNER or self.card.matching.ratio > 1
        self.weighted = self.card.matching.method in WEIGHTING_METHODS

    def _common_start(self) -> int | None:
        """The month of everybody's time zero; None with starts of their own."""
        cells = self.w.material.tables["cells"]
        dated = cells.dropna(subset=["month", "event_time"])
        return None if dated.empty else int(dated["month"].iloc[0]) - int(dated["event_time"].iloc[0])

    def moment(self, time: int) -> str:
        """A time as a name: ``desember 1978``, or ``12 måneder etter start``."""
        if self.start is None:
            return time_words(self.w, time, "row")
        return self.w.book.language.month(month_text(self.start + time))

    def at(self, time: int) -> str:
        """A time as an adverb: ``i desember 1978``, or ``12 måneder etter start``."""
        if self.start is None:
            return self.moment(time)
        return self.w.word("matched.in_month", month=self.moment(time))

    def times(self) -> dict[str, str]:
        """The two times that every sentence may name."""
        return {"base": self.moment(self.base), "last": self.moment(self.horizon), "at_last": self.at(self.horizon)}

    def shared(self) -> dict[str, Any]:
        """What every sentence may name: the times, and whether persons were weighted rather than matched."""
        return {**self.times(), "weighted": self.weighted}

    def word(self, key: str, **values: Any) -> str:
        """A text that may name the times."""
        return self.w.word(key, **{**self.shared(), **values})

    def say(self, key: str, **values: Any) -> Runs:
        """The same as runs."""
        return self.w.runs(self.word(key, **values))

    def label(self, key: str, **values: Any) -> str:
        """The same as plain text."""
        return self.w.book.plain(self.word(key, **values))

    def rows(self, outcome: str, spec: str = MAIN, estimator: str = CHANGE) -> pd.DataFrame:
        """Matched estimates of one specification at every horizon, each with the errors of its own method."""
        wanted = {"outcome": outcome, "spec": spec, "estimator": estimator, "group": "matched"}
        found = self.w.rows(**wanted, status="estimated")
        own = found["inference"].ne(ABADIE_IMBENS)
        # Most have no other row, and a selection copies a wide table.
        return found if own.all() else found[own]

    def estimator(self, outcome: str) -> str | None:
        """What the main analysis says of an outcome: a change, a level where there is no value before, or nothing."""
        return next((name for name in (CHANGE, LEVEL) if len(self.rows(outcome, estimator=name))), None)

    def compared(self) -> list[str]:
        """Outcomes that are known in both groups."""
        return [name for name in self.card.outcome_names() if self.estimator(name) is not None]

    def estimate(self, outcome: str, spec: str = MAIN, estimator: str | None = None, horizon: int | None = None) -> Row:
        """One matched estimate, at the main horizon unless another is asked for."""
        found = self.rows(outcome, spec, estimator or self.estimator(outcome))
        at = found["horizon_months"].eq(self.horizon if horizon is None else horizon)
        places = np.flatnonzero(at.to_numpy(bool, na_value=False))
        if len(places) != 1:
            raise ValueError(f"{len(places)} rows of {estimator} for {outcome}, {spec}, horizon {horizon}")
        return estimate(found.iloc[places[0]])

    def decisive(self) -> Row:
        """The row that the conclusion rests on."""
        return self.estimate(self.primary)

    def plain(self, outcome: str, name: str) -> Row | None:
        """An estimate without matching (TRIAL_ROWS), with HC2 errors; None where the cohort has none."""
        group, estimator = TRIAL_ROWS[name]
        wanted = {"outcome": outcome, "group": group, "estimator": estimator, "inference": "hc2"}
        wanted |= {"horizon_months": self.horizon, "status": "estimated"}
        return None if self.w.rows(**wanted).empty else self.w.row(**wanted)

    def mean(self, group: str, outcome: str, time: int) -> Row:
        """The mean of a group at a time."""
        return self.w.row(estimator="group_mean", group=group, outcome=outcome, event_time=time)

    def sensitivity(self, outcome: str) -> list[tuple[str, str, Row]]:
        """Name, title and estimate of each sensitivity row that could be estimated."""
        return [
            (item.name, self.w.text(item.title), self.estimate(outcome, item.name))
            for item in self.card.sensitivity
            if len(self.rows(outcome, item.name, self.estimator(outcome)))
        ]

    def reason(self, outcome: str, spec: str) -> str:
        """Why a specification gave no estimate of an outcome."""
        return str(self.w.rows(outcome=outcome, spec=spec, status="not_estimated")["reason"].iloc[0])

    def specification(self, name: str = MAIN) -> pd.Series:
        """What one way to match found."""
        return self._specifications.loc[name]

    @cached_property
    def _specifications(self) -> pd.DataFrame:
        return self.w.material.tables["matching"].set_index("spec")

    def matching_ref(self, column: str, name: str = MAIN) -> Ref:
        """A number of it."""
        return Ref(self.specification(name)[column], "matching", name, column)

    def check(self, name: str) -> Check | None:
        """A check, if the cohort has it."""
        return self.w.material.check(name)

    def check_refs(self, name: str, **columns: str) -> dict[str, Ref]:
        """Values of a check as references, by the names that a sentence uses."""
        values = self.check(name).values
        return {key: Ref(values[column], "checks", name, column) for key, column in columns.items()}

    def print_of(self, row: Row, outcome: str) -> dict[str, Any]:
        """How a difference is printed: its unit, and the decimals that its size asks for."""
        ends = [row.text(name) for name in ("estimate", "conf_low", "conf_high")]
        return {**self.w.unit(outcome), "decimals": decimals(*ends)}

    def difference_cells(self, row: Row, outcome: str) -> list[Runs]:
        """A difference and its interval, in percentage points or in the outcome's unit."""
        unit, book = self.print_of(row, outcome), self.w.book
        if unit["share"]:
            return points_cells(self.w, row)
        value = book.number(row.estimate, unit["decimals"], sign=True)
        return [self.w.runs(value), self.w.runs(book.number_interval(row, unit["decimals"]))]

    def column(self, name: str, *, width: float = 1.0, right: bool = True, **values: Any) -> dict[str, Any]:
        """A column of a table."""
        return column(self.label(f"matched.columns.{name}", **values), right=right, width=width)

    def paragraph(self, key: str, **values: Any) -> Block:
        """A paragraph that may name the times."""
        return {"type": "paragraph", "style": None, "runs": self.say(key, **values)}
