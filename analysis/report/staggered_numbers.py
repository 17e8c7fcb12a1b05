"""The numbers of a cohort with staggered adoption, found once for all sections, and how its times are worded.

Times are months from adoption (``3 måneder etter innføring``). A cohort in
which everybody is measured at a horizon after a start of their own has its estimates once per horizon.
"""

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report.blocks import Block, Runs, column
from analysis.report.book import Ref, Row, estimate
from analysis.report.writer import Writer
from analysis.tables import MAIN

STATIC = "twfe_static"
SIMPLE, GROUP, DYNAMIC = "simple", "group", "dynamic"
# The convention of the static regression that is quoted.
QUOTED = "cr1_fixest"
PLACED = ("placebo_rank", "permutation")
SIZES = re.compile(r"\bG=(\d+)")
BASE = re.compile(r"base month (-?\d+)")
BLANK = "–"


class Numbers:
    """Estimates, checks and times of one cohort with staggered adoption."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.primary = self.card.outcomes.primary
        self.series = self.card.design == "aggregated_series"
        self.design = self.card.staggered
        self.estimator = self.design.estimator
        primary = writer.rows(role="primary", outcome=self.primary, status="estimated")
        if primary.empty:
            raise ValueError(f"no primary estimate of {self.primary}")
        self.headline = str(primary["inference"].iloc[0])
        self.horizon = self._main_horizon(primary)
        # Adoption groups with an estimate: one, or several that can be unlike each other.
        self.several = len(self.groups()) > 1

    def _main_horizon(self, primary: pd.DataFrame) -> int | None:
        """The horizon that the conclusion is about; None where time is counted from adoption alone."""
        known = [int(months) for months in primary["horizon_months"].dropna()]
        return next((months for months in self.card.horizons if months in known), None)

    def rows(self, outcome: str, *, horizon: int | None = None, **wanted: Any) -> pd.DataFrame:
        """Rows of an outcome at a horizon, the main one by default, or without one."""
        found = self.w.rows(outcome=outcome, **wanted)
        months = found["horizon_months"]
        return found[months.isna() | months.eq(self.horizon if horizon is None else horizon)]

    def effects(self, outcome: str, term: str, *, horizon: int | None = None, spec: str = MAIN) -> pd.DataFrame:
        """Estimates of one kind of average under the headline inference."""
        return self.rows(
            outcome,
            horizon=horizon,
            estimator=self.estimator,
            term=term,
            spec=spec,
            inference=self.headline,
            status="estimated",
        )

    def overall(self, outcome: str, *, horizon: int | None = None, spec: str = MAIN) -> Row | None:
        """The average over all groups and months after adoption; None where there is none."""
        found = self.effects(outcome, SIMPLE, horizon=horizon, spec=spec)
        return None if found.empty else estimate(found.iloc[0])

    def decisive(self) -> Row:
        """The row that the conclusion rests on."""
        return estimate(self.rows(self.primary, role="primary", status="estimated").iloc[0])

    def outcomes(self) -> list[str]:
        """Outcomes with an estimate, in the order of the card."""
        return [name for name in self.card.outcome_names() if self.overall(name, horizon=self.horizon) is not None]

    def horizons(self, outcome: str) -> list[int | None]:
        """Horizons with an estimate, in the order of time; one None where time is counted from adoption alone."""
        found = self.w.rows(outcome=outcome, estimator=self.estimator, term=SIMPLE, spec=MAIN)[
            "horizon_months"
        ].dropna()
        return sorted({int(months) for months in found}) or [None]

    def groups(self, outcome: str | None = None, *, horizon: int | None = None) -> list[tuple[str, Row]]:
        """Adoption month and estimate of each group, in the order of adoption."""
        found = self.effects(outcome or self.primary, GROUP, horizon=horizon).sort_values("group")
        return [(str(row["group"]), estimate(row)) for _, row in found.iterrows()]

    def dynamic(self) -> list[tuple[int, Row]]:
        """Time since adoption and estimate, in the order of time."""
        found = self.effects(self.primary, DYNAMIC).sort_values("event_time")
        return [(int(row["event_time"]), estimate(row)) for _, row in found.iterrows()]

    def static(self) -> Row | None:
        """The two-way fixed effects regression with one coefficient."""
        found = self.rows(self.primary, estimator=STATIC, inference=QUOTED, status="estimated")
        return None if found.empty else estimate(found.iloc[0])

    def placed(self) -> Row | None:
        """Where the estimate stands among those with adoption moved between offices."""
        found = self.rows(self.primary, estimator=self.estimator, term=SIMPLE, spec=MAIN)
        found = found[found["inference"].isin(PLACED)]
        return None if found.empty else estimate(found.iloc[0])

    def specs(self) -> list[tuple[str, Row]]:
        """Title and estimate of each other choice in the analysis."""
        found = self.rows(self.primary, estimator=self.estimator, term=SIMPLE, status="estimated")
        # The first row of a choice has its headline inference.
        found = found[found["spec"].ne(MAIN) & ~found["inference"].isin(PLACED)].drop_duplicates("spec")
        known = self.w.book.catalogue["staggered"]["specs"]
        titles = {spec: self.word(f"staggered.specs.{spec}") for spec in known}
        literal = self.w.book.literal
        return [(titles.get(row["spec"], literal(str(row["spec"]))), estimate(row)) for _, row in found.iterrows()]

    def clusters(self, row: Row) -> Ref:
        """The number of clusters that a convention names; missing where it names none."""
        return self._told(row, SIZES)

    def base(self, row: Row) -> Ref:
        """The time that is subtracted from an estimate, counted from adoption."""
        return self._told(row, BASE)

    def _told(self, row: Row, pattern: re.Pattern) -> Ref:
        found = pattern.search(str(row.text("convention")))
        return Ref(int(found[1]) if found else None, *_where(row))

    def since(self, row: Row) -> str:
        """A time since adoption in words, from the row that holds it."""
        return self.counted(row.event_time)

    def counted(self, ref: Ref) -> str:
        """A number of months from adoption in words."""
        key = "start" if ref.value == 0 else "after" if ref.value > 0 else "before"
        return self.word(f"staggered.since.{key}", time=ref)

    def month(self, text: str) -> str:
        """An adoption group by its month: ``januar 2010``."""
        return self.w.book.language.month(text)

    def shared(self) -> dict[str, Any]:
        """What every sentence may name."""
        horizon = None if self.horizon is None else Ref(self.horizon, "cohort", "horizons", "0")
        units = self.w.book.catalogue["staggered"]["units"][self.design.unit]
        lag = Ref(self.design.lag, "cohort", "staggered", "lag")
        shared = {"control": self.design.control, "series": self.series, "horizon": horizon, "lag": lag}
        return {**shared, **units, "several": self.several}

    def word(self, key: str, **values: Any) -> str:
        """A text of the catalogue."""
        return self.w.word(key, **{**self.shared(), **values})

    def say(self, key: str, **values: Any) -> Runs:
        """The same as runs."""
        return self.w.runs(self.word(key, **values))

    def label(self, key: str, **values: Any) -> str:
        """The same as plain text."""
        return self.w.book.plain(self.word(key, **values))

    def paragraph(self, key: str, **values: Any) -> Block:
        """The same as a paragraph."""
        return {"type": "paragraph", "style": None, "runs": self.say(key, **values)}

    def column(self, name: str, *, width: float = 1.0, right: bool = True, **values: Any) -> dict[str, Any]:
        """A column of a table."""
        return column(self.label(f"staggered.columns.{name}", **values), right=right, width=width)

    def points(self, row: Row) -> list[Runs]:
        """A difference in percentage points and its interval; a dash where one is missing."""
        book = self.w.book
        value = book.points(row.estimate, sign=True) if row.estimate else BLANK
        return [self.w.runs(value), self.w.runs(book.points_interval(row) if bounded(row) else BLANK)]

    def counts(self, row: Row, *names: str) -> Iterator[Runs]:
        """Numbers of persons or units behind a row; units of another kind than the analysis has are named."""
        level = row.text("cluster_level")
        for name in names:
            ref = getattr(row, name)
            text = self.w.book.number(ref) if ref else BLANK
            if ref and name.startswith("n_offices") and level in ("office", "county") and level != self.design.unit:
                text = self.word(f"staggered.counted.{level}", n=ref)
            yield self.w.runs(text)


def bounded(row: Row) -> bool:
    """Whether an estimate has an interval that says something: not the base, which is 0 by construction."""
    return bool(row.conf_low) and bool(row.conf_high) and row.text("conf_low") < row.text("conf_high")


def _where(row: Row) -> tuple[str, str, str]:
    """Table, row and column of a convention."""
    source = row.convention.source()
    return source["table"], source["row"], source["column"]
