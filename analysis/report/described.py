"""What a report says of groups that are described: who they are and what happened, and no word about why."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.cards import Arm
from analysis.months import month_text
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.charts import span_ticks
from analysis.report.group_means import GroupMeans, decimals, time_ref, time_words
from analysis.report.truth import truth_cells, truth_columns, truth_note
from analysis.report.writer import Writer, capital


class Described:
    """Sections of a report without an estimate."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.means = GroupMeans(writer)
        self.primary = self.card.outcomes.primary
        self.attrition = writer.material.tables["attrition"].sort_values("step")
        self.series = self.card.design == "aggregated_series"

    def decisive(self) -> None:
        """No number decides anything."""
        return

    def phrase(self, outcome: str) -> str:
        """How an outcome reads behind «andel»."""
        return self.w.text(self.w.outcome(outcome).phrase)

    def listed(self, items: list[str]) -> str:
        """``a, b og c``."""
        *first, last = items
        return f"{', '.join(first)} {self.w.word('described.and')} {last}" if first else last

    def summary(self) -> Iterator[Block]:
        """Who was followed and for how long, what is not said, and the main outcome in each group."""
        yield blocks.paragraph(self.w.runs(f"{self.followed()} {self.w.word('described.no_estimate')}"), "lead")
        yield self.w.paragraph("described.shares")
        yield blocks.bullets(self.w.runs(self.course(arm)) for arm in self.means.arms)
        if len(self.means.arms) > 1 and not self.card.assignment.randomised:
            yield self.w.paragraph("described.unlike")
        if self.card.synthetic is not None:
            yield self.w.paragraph("described.known")

    def followed(self) -> str:
        """The groups with their sizes, and how far they are followed."""
        groups = self.listed([self._group(arm) for arm in self.means.arms])
        last = self.means.cells["event_time"].max()
        after = time_ref(int(last)) if pd.notna(last) and last > 0 else None
        return self.w.word("described.followed", groups=groups, start=self._start(), after=after)

    def _start(self) -> str | None:
        """The common month of time zero, if there is one."""
        dated = self.means.cells.dropna(subset=["month", "event_time"])
        return None if dated.empty else month_text(int(dated["month"].iloc[0] - dated["event_time"].iloc[0]))

    def _group(self, arm: Arm) -> str:
        """A group with how many it has: everybody in the population, also those who leave before the end."""
        own = self.attrition[self.attrition["arm"].eq(arm.id) & self.attrition["reason"].ne("followed")]
        last = own.iloc[-1]
        sizes = {name: self._size(last, name) for name in ("persons", "offices")}
        return self.w.word("described.group", label=self.means.label(arm), **sizes)

    def _size(self, row: pd.Series, name: str) -> Ref:
        return Ref(row[name], "attrition", f"{row['reason']}/{row['arm']}", name)

    def course(self, arm: Arm) -> str:
        """The main outcome of a group at the start and the horizons, in one sentence."""
        if not self.means.times(self.primary):
            cell = self.means.cell(self.primary, arm, None)
            told = [] if cell is None else [self.means.long(cell)]
        else:
            cells = {time: self.means.cell(self.primary, arm, time) for time in self.means.told(self.primary)}
            told = [
                f"{self.means.long(cell)} {time_words(self.w, time)}"
                for time, cell in cells.items()
                if cell is not None
            ]
        words = self.listed(told) if told else self.w.word("described.not_measured")
        return f"{capital(self.means.label(arm))}: {words}."

    def keyfigures(self) -> Block | None:
        """The main outcome of each group at the main horizon."""
        times = self.means.times(self.primary)
        time = next((horizon for horizon in self.card.horizons if horizon in times), None)
        cells = [(arm, self.means.cell(self.primary, arm, time)) for arm in self.means.arms]
        words = None if time is None else time_words(self.w, time)
        figures = [
            (
                self.w.runs(self.means.short(cell)),
                "",
                self.w.say(
                    "described.key", label=capital(self.means.label(arm)), n=self.means.ref(cell, "n"), when=words
                ),
            )
            for arm, cell in cells
            if cell is not None
        ]
        return blocks.keyfigures(figures) if figures else None

    def data(self) -> Iterator[Block]:
        """How time is counted, who stands behind a number, and what each outcome is."""
        yield self.w.paragraph(self._time_key(), **self._span())
        yield self.w.paragraph("described.data_counts_offices" if self.series else "described.data_counts")
        yield self.w.paragraph("described.data_outcomes")
        outcomes = [self.w.outcome(name) for name in self.card.outcome_names()]
        yield blocks.definitions(
            (self.w.runs(capital(self.w.text(one.label))), self.w.runs(self.w.text(one.definition))) for one in outcomes
        )

    def _time_key(self) -> str:
        if self.series:
            return "described.data_series"
        return "described.data_own" if self._start() is None else "described.data_common"

    def _span(self) -> dict[str, Any]:
        """First and last month, or first and last event time, that the cells hold."""
        months, times = (self.means.cells[name].dropna() for name in ("month", "event_time"))
        first, last = (month_text(int(end)) if len(months) else None for end in (months.min(), months.max()))
        before, after = (time_ref(int(end)) if len(times) else None for end in (times.min(), times.max()))
        return {"start": self._start(), "first": first, "last": last, "before": before, "after": after}

    def results(self) -> Iterator[Block]:
        """A table per outcome with the groups at the start and the horizons, and one for outcomes measured once."""
        for outcome in self.means.outcomes():
            if outcome in self.means.drawn():
                rows = [self.means.row(self._row_label(time), outcome, time) for time in self.means.points(outcome)]
                columns = self.means.columns(self.w.label("described.columns.time"))
                name = f"tab-{outcome.replace('_', '-')}"
                yield blocks.table(name, self._caption("described.caption", outcome), columns, rows)
        once = [outcome for outcome in self.means.outcomes() if outcome not in self.means.drawn()]
        if once:
            yield self._once_table(once)

    def _once_table(self, outcomes: list[str]) -> Block:
        labels = {name: capital(self.w.unit(name)["label"]) for name in outcomes}
        rows = [self.means.row(label, name, None, unit=True) for name, label in labels.items()]
        columns = self.means.columns(self.w.label("described.columns.outcome"))
        return blocks.table("tab-en-gang", self.w.say("described.caption_once"), columns, rows)

    def _caption(self, key: str, outcome: str) -> Runs:
        return self.w.say(key, **{**self.w.unit(outcome), "phrase": self.phrase(outcome)})

    def _row_label(self, time: int) -> str:
        """An event time as the header of a row, with the calendar month where that is the same for all."""
        start = self._start()
        if start is None:
            return capital(time_words(self.w, time, "row"))
        months = self.means.cells.loc[self.means.cells["event_time"].eq(time), "month"]
        month = capital(self.w.book.language.month(month_text(int(months.iloc[0]))))
        return self.w.word("described.dated_row", month=month, when=time_words(self.w, time, "aside"))

    def over_time(self) -> Iterator[Block]:
        """A curve per group and outcome."""
        drawn = self.means.drawn()
        if not drawn:
            yield self.w.paragraph("described.no_time")
        for outcome in drawn:
            yield self._figure(outcome)

    def _figure(self, outcome: str) -> Block:
        times, unit = self.means.times(outcome), self.w.unit(outcome)
        series = [self._curve(outcome, arm, style) for style, arm in enumerate(self.means.arms)]
        values = [value for one in series for value in one["y"]]
        data = {
            "x_label": self.w.label("axis.months"),
            "y_label": self.w.label("axis.percent") if unit["share"] else self.w.label("axis.mean", **unit),
            "x_ticks": span_ticks(self.w, times[0], times[-1]),
            "y_ticks": self.w.ticks(min([0.0, *values]), max(values) or 1.0, percent=unit["share"]),
            "zero": {"value": 0, "label": self.w.label("axis.start")} if times[0] <= 0 <= times[-1] else None,
            "series": series,
        }
        columns = self.means.columns(self.w.label("described.columns.time"))
        rows = [self.means.row(self._row_label(time), outcome, time) for time in times]
        name = f"fig-tid-{outcome.replace('_', '-')}"
        caption = self._caption("described.time_caption", outcome)
        return blocks.figure(name, "time", caption, self._alt(outcome), data, blocks.table("", [], columns, rows))

    def _curve(self, outcome: str, arm: Arm, style: int) -> dict[str, Any]:
        cells = self.means.series(outcome, arm).dropna(subset=["event_time"])
        return {
            "label": capital(self.means.label(arm)),
            "x": [int(time) for time in cells["event_time"]],
            "y": [float(mean) for mean in cells["mean"]],
            "low": None,
            "high": None,
            "style": style,
        }

    def _alt(self, outcome: str) -> Runs:
        """Where each curve stands at the start and at its end."""
        sentences = [self.w.word("described.alt")]
        for arm in self.means.arms:
            times = [int(time) for time in self.means.series(outcome, arm)["event_time"].dropna()]
            ends = list(dict.fromkeys([0 if 0 in times else times[0], times[-1]])) if times else []
            told = [
                f"{self.means.short(self.means.cell(outcome, arm, time), unit=True)} {time_words(self.w, time)}"
                for time in ends
            ]
            words = self.listed(told) if told else self.w.word("described.not_measured")
            sentences.append(f"{capital(self.means.label(arm))}: {words}.")
        return self.w.runs(" ".join(sentences))

    def balance(self) -> Iterator[Block]:
        """Means of the background characteristics in each group."""
        table = self.w.material.tables["balance"]
        if table.empty:
            yield self.w.paragraph("described.no_background")
            return
        roles = [arm for arm in self.card.arms if arm.role != "benchmark"]
        columns = [blocks.column(self.w.label("matched.columns.covariate"), width=1.6)]
        columns += [blocks.column(capital(self.means.label(arm)), right=True) for arm in roles]
        rows = [self._background_row(row, roles) for _, row in table.iterrows()]
        caption, note = self.w.say("described.background"), self.w.say("described.background_note")
        yield blocks.table("tab-bakgrunn", caption, columns, rows, note)

    def _background_row(self, row: pd.Series, arms: list[Arm]) -> list[Runs]:
        refs = [Ref(row[f"mean_{arm.role}"], "balance", row["covariate"], f"mean_{arm.role}") for arm in arms]
        cells = [self._background_cell(ref, row["kind"]) if ref else "–" for ref in refs]
        label = self.w.covariates().get(row["covariate"], row["covariate"])
        return [self.w.runs(text) for text in (label, *cells)]

    def _background_cell(self, ref: Ref, kind: str) -> str:
        if kind == "binary":
            return self.w.book.percent(ref)
        return self.w.book.number(ref, decimals(ref.value))

    def benchmark(self) -> Iterator[Block]:
        """What is true in made-up data, which is all that is known of them."""
        if self.card.synthetic is None:
            return
        yield self.w.paragraph("described.truth")
        columns = truth_columns(self.w, {"outcome": 1.5, "group": 1.2, "time": 1.3, "value": 1.2})
        rows = [truth_cells(self.w, effect) for effect in self.card.synthetic.effects]
        yield blocks.table("tab-fasit", self.w.say("described.truth_caption"), columns, rows)
        yield from truth_note(self.w)

    def flow(self) -> dict[str, Any]:
        """Boxes of the flow diagram: everything delivered, then each group through the restrictions."""
        first = self.attrition[self.attrition["step"].eq(self.attrition["step"].min())]
        total = {name: self._total(first, name) for name in ("persons", "offices")}
        arms = [
            [self._box(row, self.means.label(arm)) for _, row in self.attrition.iterrows() if row["arm"] == arm.id]
            for arm in self.card.arms
        ]
        return {
            "common": [self.w.word("described.flow.all", **total)],
            "arms": [own for own in arms if own],
            "aside": {},
        }

    def _total(self, rows: pd.DataFrame, name: str) -> Ref:
        """All groups together; missing where a group's number is."""
        return Ref(rows[name].sum(skipna=False), "attrition", str(rows["reason"].iloc[0]), name)

    def _box(self, row: pd.Series, label: str) -> str:
        sizes = {name: self._size(row, name) for name in ("persons", "offices")}
        return self.w.word(f"described.flow.{row['reason']}", label=label, **sizes)

    def method(self) -> Iterator[Block]:
        """How a mean is made."""
        yield self.w.paragraph("described.method")
