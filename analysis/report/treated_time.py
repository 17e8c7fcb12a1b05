"""The main outcome over time in treated tables: each group as its published counts give it, and effects by time.

A hidden number is a gap in the line, never a point at zero.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row, estimate
from analysis.report.charts import span_ticks
from analysis.report.group_means import MEAN, decimals, time_words
from analysis.report.treated_numbers import HIDDEN, Shown, bounded
from analysis.report.writer import capital
from analysis.tables import MAIN

SAMPLES = ("matched", "all")
CURVE = "curve"
# Most points that have a bar each, and months from adoption that are drawn: further out few offices are left.
MOST_BARS, DRAWN = 40, 36
# Points of the curve that are shown, at least, as a share of all.
LEAST_SHOWN = 0.25
# Times in the table of groups at most, before only the start and the horizons are told.
FEW_TIMES = 6


def over_time(s: Shown) -> Iterator[Block]:
    """Each group of the main outcome, and the difference by time where it is shown."""
    groups = Groups(s, s.card.outcomes.primary)
    if groups.times:
        # A report that only describes has every outcome in a table of its own.
        yield from [] if s.card.analysis == "describe" else [groups.table(groups.told())]
        if groups.enough():
            yield groups.figure()
        else:
            yield s.w.paragraph("treated.no_curve")
    if s.primary is not None:
        yield from _differences(s)


def described(s: Shown) -> Iterator[Block]:
    """Every outcome in each group, where nothing was to be estimated."""
    found = [groups for name in s.card.outcome_names() if (groups := Groups(s, name)).times]
    for groups in found:
        yield groups.table(groups.told(), f"tab-{groups.outcome.replace('_', '-')}")
    if not found:
        yield s.w.paragraph("treated.no_groups")


class Groups:
    """The cells of an outcome, in the sample that the headline is of."""

    def __init__(self, s: Shown, outcome: str):
        self.s, self.outcome = s, outcome
        cells = s.table("cells")
        own = cells[cells["outcome"].eq(self.outcome) & cells["event_time"].notna()]
        sample = next((name for name in SAMPLES if own["sample"].eq(name).any()), None)
        own = own if sample is None else own[own["sample"].eq(sample)]
        self.cells = own.drop_duplicates(["arm", "event_time"]).set_index(["arm", "event_time"])
        self.arms = [arm.id for arm in s.card.arms if own["arm"].eq(arm.id).any()]
        self.times = sorted(int(time) for time in own["event_time"].unique())
        self.share = s.w.unit(self.outcome)["share"]

    def ref(self, arm: str, time: int, column: str) -> Ref:
        """A number of a cell; the mean is made of its sums."""
        if (arm, time) not in self.cells.index:
            return Ref(None, "cells", f"{arm}/{time}", column)
        row = self.cells.loc[(arm, time)]
        value = _mean(row) if column == MEAN else row[column]
        return Ref(value, "cells", f"{row['sample']}/{arm}/{time}", column)

    def seen(self) -> list[int]:
        """Times at which a group has a mean that is shown."""
        return [time for time in self.times if any(self.ref(arm, time, MEAN) for arm in self.arms)]

    def enough(self) -> bool:
        """Whether what is shown is a curve: more than one time, and not mostly gaps."""
        points = [bool(self.ref(arm, time, MEAN)) for arm in self.arms for time in self.times]
        return len(self.seen()) > 1 and sum(points) >= LEAST_SHOWN * len(points)

    def told(self) -> list[int]:
        """Times of the table: all where they are few, otherwise the start and the horizons."""
        if len(self.times) <= FEW_TIMES:
            return self.times
        wanted = [time for time in self.times if time in (0, *self.s.card.horizons)]
        return wanted or [self.times[0], self.times[-1]]

    def table(self, times: list[int], name: str = "tab-grupper") -> Block:
        """Persons, persons with the outcome and the mean of each group at these times."""
        s = self.s
        yes = ("yes",) if self.share else ()
        names = ("group", "time", "persons", *yes, "share" if self.share else "mean")
        columns = s.columns(names, ("group", "time"), group=1.8, time=1.6)
        rows = [self._row(arm, time) for arm in self.arms for time in times]
        caption = s.say("over_time", share=self.share, label=s.w.unit(self.outcome)["label"])
        return blocks.table(name, caption, columns, rows, s.say("groups_note"))

    def _row(self, arm: str, time: int) -> list[Runs]:
        s = self.s
        yes = [s.count(self.ref(arm, time, "sum_y"))] if self.share else []
        texts = (capital(s.labels[arm]), time_words(s.w, time, "row"), s.count(self.ref(arm, time, "n")), *yes)
        return s.cells([*texts, self.mean(arm, time)])

    def mean(self, arm: str, time: int) -> str:
        """A mean with as many decimals as its base carries, or a dash."""
        mean, n = self.ref(arm, time, MEAN), self.ref(arm, time, "n")
        if not mean or not n:
            return HIDDEN
        return self.s.w.book.percent(mean, n) if self.share else self.s.w.book.number(mean, decimals(mean.value))

    def figure(self) -> Block:
        """A line for each group, with gaps where a number is hidden and the start marked."""
        s, seen = self.s, self.seen()
        series = [self._line(arm, style) for style, arm in enumerate(self.arms)]
        values = [value for one in series for value in one["y"] if value is not None]
        unit = s.w.unit(self.outcome)["unit"]
        data = {
            "x_label": s.w.label("axis.months"),
            "y_label": s.w.label("axis.percent") if self.share else s.w.label("axis.mean", unit=unit),
            "x_ticks": span_ticks(s.w, self.times[0], self.times[-1]),
            "y_ticks": s.w.ticks(min(0.0, *values), max(values), percent=self.share),
            "zero": {"value": 0, "label": s.w.label("axis.start")} if self.times[0] < 0 else None,
            "series": series,
        }
        hidden = sum(one["y"].count(None) for one in series)
        lines = [self._ends(arm, seen) for arm in self.arms]
        gaps = Ref(hidden, "cells", self.outcome, "status")
        alt = s.say("curve_alt", lines=[line for line in lines if line], gaps=gaps)
        return blocks.figure("fig-grupper", "time", s.say("curve", share=self.share), alt, data, self._source())

    def _line(self, arm: str, style: int) -> dict[str, Any]:
        means = [self.ref(arm, time, MEAN) for time in self.times]
        y = [float(mean.value) if mean else None for mean in means]
        return {
            "label": capital(self.s.labels[arm]),
            "x": self.times,
            "y": y,
            "low": None,
            "high": None,
            "style": style,
        }

    def _ends(self, arm: str, seen: list[int]) -> str | None:
        """The first and the last number of a group that is shown, in words."""
        own = [time for time in seen if self.ref(arm, time, MEAN)]
        if not own:
            return None
        first, last = (time_words(self.s.w, time) for time in (own[0], own[-1]))
        values = {"first": self.mean(arm, own[0]), "last": self.mean(arm, own[-1])}
        return self.s.w.word("treated.curve_ends", label=self.s.labels[arm], when=first, then=last, **values)

    def _source(self) -> Block:
        return self.table(self.times, "")


def _mean(row: pd.Series) -> float | None:
    known = pd.notna(row["sum_wy"]) and pd.notna(row["sum_w"]) and row["sum_w"] > 0
    return float(row["sum_wy"] / row["sum_w"]) if known else None


def _differences(s: Shown) -> Iterator[Block]:
    """The effect at each time that has one, where more than one is shown."""
    spec = CURVE if s.card.trial is not None else MAIN
    frame = s.same_time(s.dynamic_rows(spec)) if spec == MAIN else s.dynamic_rows(spec)
    found = [estimate(row) for _, row in frame.drop_duplicates("event_time").iterrows()]
    shown = [row for row in found if row.estimate and abs(row.text("event_time")) <= DRAWN]
    if len(shown) > 1:
        yield _event_study(s, found, shown)
    elif found:
        yield s.w.paragraph("treated.no_event_study")


def _event_study(s: Shown, found: list[Row], shown: list[Row]) -> Block:
    adopted = s.card.trial is None
    times = [int(row.text("event_time")) for row in shown]
    drawn = [_drawn(row) for row in shown]
    ends = [value for one in drawn for value in one.values() if value is not None]
    axis = s.w.label("staggered.event_axis") if adopted else s.w.label("axis.months")
    zero = s.w.label("staggered.event_zero") if adopted else s.w.label("axis.start")
    series = {"label": s.label("event_series"), "x": times, "style": 0, "bars": len(shown) <= MOST_BARS}
    series |= {name: [one[name] for one in drawn] for name in ("y", "low", "high")}
    data = {
        "x_label": axis,
        "y_label": s.w.label("axis.points"),
        "x_ticks": span_ticks(s.w, min(times), max(times)),
        "y_ticks": s.w.ticks(min(0, *ends), max(0, *ends), points=True),
        "zero": {"value": 0, "label": zero},
        "series": [series],
    }
    columns = s.columns(("time", "difference", "interval"), ("time",), time=1.5)
    rows = [s.cells([capital(_when(s, row, adopted=adopted)), *s.effect(row)]) for row in found]
    words = {name: _when(s, shown[place], adopted=adopted) for name, place in (("when", 0), ("then", -1))}
    alt = s.say("event_alt", first=shown[0], last=shown[-1], **words)
    source = blocks.table("", [], columns, rows)
    return blocks.figure("fig-hendelse", "time", s.say("event"), alt, data, source)


def _drawn(row: Row) -> dict[str, float | None]:
    low, high = (float(row.text(f"conf_{end}")) if bounded(row) else None for end in ("low", "high"))
    return {"y": float(row.text("estimate")), "low": low, "high": high}


def _when(s: Shown, row: Row, *, adopted: bool) -> str:
    time = int(row.text("event_time"))
    if not adopted:
        return time_words(s.w, time)
    key = "start" if time == 0 else "after" if time > 0 else "before"
    return s.w.word(f"staggered.since.{key}", time=row.event_time)
