"""What a report says of a matched cohort with persons, and of the trial it is held against."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.months import month_number, month_text
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.charts import forest_data, forest_row, month_ticks, points_cells, points_columns
from analysis.report.conclusion import conclusion
from analysis.report.equations import equation
from analysis.report.writer import Writer, capital
from analysis.tables import MAIN

# What must be said of why the matched answer is near the trial's, or not.
REASONS = ("balance", "lost_treated", "spread")
TRIAL_ROWS = {
    "trial_level": ("trial", "difference_in_means"),
    "trial_adjusted": ("trial", "adjusted_difference"),
    "trial_did": ("trial", "did_2x2"),
    "raw_level": ("unmatched", "difference_in_means"),
    "raw_did": ("unmatched", "did_2x2"),
}


class Matched:
    """Sections of a matched difference-in-differences report."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.horizon = self.card.horizons[0]
        cell = writer.material.tables["cells"].iloc[0]
        self.start = int(cell["month"]) - int(cell["event_time"])
        last = month_text(self.start + self.horizon)
        self.months = {"base": self.card.base_month, "last": last}
        self.primary = self.card.outcomes.primary

    def estimate(self, outcome: str, spec: str = MAIN, estimator: str = "matched_did_2x2") -> Row:
        """One matched estimate at the main horizon."""
        wanted = {"outcome": outcome, "spec": spec, "estimator": estimator, "horizon_months": self.horizon}
        return self.w.row(group="matched", **wanted)

    def plain(self, outcome: str, name: str) -> Row | None:
        """An estimate without matching (TRIAL_ROWS), with HC2 errors; None where the cohort has none."""
        group, estimator = TRIAL_ROWS[name]
        wanted = {"outcome": outcome, "group": group, "estimator": estimator, "inference": "hc2"}
        wanted["horizon_months"] = self.horizon
        return None if self.w.rows(**wanted).empty else self.w.row(**wanted)

    def mean(self, group: str, outcome: str, month: str) -> Row:
        """The mean of a group in a month."""
        event_time = month_number(month) - self.start
        return self.w.row(estimator="group_mean", group=group, outcome=outcome, event_time=event_time)

    def say(self, key: str, **values: Any) -> Runs:
        """A sentence that may name the months."""
        return self.w.say(key, **self.months, **values)

    def decisive(self) -> Row:
        """The row that the conclusion rests on."""
        return self.estimate(self.primary)

    def summary(self) -> Iterator[Block]:
        """The conclusion, who it is about, the other outcomes, and how near the trial it comes."""
        yield blocks.paragraph(conclusion(self.w, self.decisive()), "lead")
        counts = self._check("lost_treated").values
        refs = {
            name: Ref(counts[key], "checks", "lost_treated", key)
            for name, key in (("matched_treated", "matched"), ("treated", "treated"))
        }
        available = Ref(self._check("effective_sample").values["available"], "checks", "effective_sample", "available")
        text = self.w.word("matched.groups", **self.months, **refs, available=available)
        for outcome in self.card.outcomes.secondary:
            unit = self.w.unit(outcome)
            if not unit["share"]:
                text += " " + self.w.word("matched.amounts", row=self.estimate(outcome), **unit)
        yield blocks.paragraph(self.w.runs(text))
        if self.card.benchmark is not None:
            near = self.w.say_check(self._check(f"benchmark_{self.primary}"))
            yield blocks.paragraph([*self.benchmark_answer(), {"text": " "}, *near])

    def _check(self, name: str) -> Any:
        return self.w.material.check(name)

    def benchmark_answer(self) -> Runs:
        """The trial's own answer, as a level and as a change, and why the two differ."""
        treated, control = self.card.arm("treated").id, self.card.benchmark.arm
        return self.say(
            "matched.benchmark.answer",
            trial_level=self.plain(self.primary, "trial_level"),
            trial_did=self.plain(self.primary, "trial_did"),
            base_t=self.mean(f"unmatched:{treated}", self.primary, self.card.base_month),
            base_c=self.mean(f"unmatched:{control}", self.primary, self.card.base_month),
        )

    def keyfigures(self) -> Block:
        """The matched answer beside the trial's."""
        main = self.decisive()
        points = self.w.word("axis.points_word")
        figures = [("matched.key_main", main, {"main": main})]
        trial, level = self.plain(self.primary, "trial_did"), self.plain(self.primary, "trial_level")
        if trial is not None:
            figures += [
                ("matched.key_trial", trial, {"trial": trial}),
                ("matched.key_level", level, {"level_row": level}),
            ]
        return blocks.keyfigures(
            (self.w.runs(self.w.book.points(row.estimate, sign=True)), points, self.say(key, **values))
            for key, row, values in figures
        )

    def data(self) -> Iterator[Block]:
        """How persons were matched, what the errors are, and what must be assumed."""
        matching = self.card.matching
        caliper = None if matching.caliper is None else Ref(matching.caliper, "cohort", "matching", "caliper")
        yield blocks.paragraph(self.say("matched.data", caliper=caliper, replace=matching.replace))
        clusters = self.w.word(f"matched.clusters.{self.card.inference.cluster}")
        yield self.w.paragraph("matched.data_errors", clusters=clusters)
        yield self.w.paragraph("matched.assumption")

    def results(self) -> Iterator[Block]:
        """A table per outcome and the forest plot of the main one."""
        for outcome in self.card.outcome_names():
            yield self.result_table(outcome)
        yield self.forest()

    def result_rows(self, outcome: str) -> list[tuple[str, Row]]:
        """Label and estimate: the trial, without matching, matched, and every other choice."""
        named = [(name, self.plain(outcome, name)) for name in TRIAL_ROWS]
        rows = [(self.w.label(f"matched.rows.{name}", **self.months), row) for name, row in named if row is not None]
        for name, estimator in (("matched_level", "matched_difference"), ("matched_did", "matched_did_2x2")):
            label = self.w.label(f"matched.rows.{name}", **self.months)
            rows.append((label, self.estimate(outcome, estimator=estimator)))
        return rows + [(label, row) for _, label, row in self.sensitivity(outcome)]

    def sensitivity(self, outcome: str) -> list[tuple[str, str, Row]]:
        """Name, label and estimate of each sensitivity row that could be estimated."""
        rows = []
        for item in self.card.sensitivity:
            row = self.w.rows(outcome=outcome, spec=item.name, estimator="matched_did_2x2").iloc[0]
            if row["status"] == "estimated":
                label = self.w.label("matched.rows.sensitivity", title=self.w.text(item.title))
                rows.append((item.name, label, self.estimate(outcome, item.name)))
        return rows

    def result_table(self, outcome: str) -> Block:
        """Every estimate of one outcome."""
        unit = self.w.unit(outcome)
        names = ("analysis", "estimate", "interval", "n", "m")
        labels = {name: self.w.label(f"matched.columns.{name}", **unit) for name in names}
        columns = [
            blocks.column(label, right=name != "analysis", width=2.2 if name == "analysis" else 1.0)
            for name, label in labels.items()
        ]
        rows = [
            [self.w.runs(label), *self._result_cells(row, share=unit["share"])]
            for label, row in self.result_rows(outcome)
        ]
        trial = self.card.benchmark is not None
        caption = self.say("matched.caption_results", trial=trial, **unit)
        name = f"tab-{outcome.replace('_', '-')}"
        return blocks.table(name, caption, columns, rows, self._classical(outcome, unit))

    def _classical(self, outcome: str, unit: dict[str, Any]) -> Runs | None:
        """The trial's classical standard errors, for readers who know them from the literature."""
        if self.card.benchmark is None:
            return None
        names = {"level_row": "difference_in_means", "adjusted": "adjusted_difference", "did": "did_2x2"}
        wanted = {"outcome": outcome, "group": "trial", "inference": "classical", "horizon_months": self.horizon}
        rows = {key: self.w.row(estimator=estimator, **wanted) for key, estimator in names.items()}
        return self.w.say("matched.classical", **rows, **unit)

    def _result_cells(self, row: Row, *, share: bool) -> list[Runs]:
        book = self.w.book
        counts = [self.w.runs(book.number(ref)) for ref in (row.n_treated, row.n_comparison)]
        if share:
            return [*points_cells(self.w, row), *counts]
        value, interval = book.number(row.estimate, sign=True), book.number_interval(row)
        return [self.w.runs(value), self.w.runs(interval), *counts]

    def forest(self) -> Block:
        """The trial, the matched main analysis, and other choices."""
        groups = self.w.book.catalogue["matched"]["groups_in_figure"]
        lines: list[tuple[str, str, Row, int]] = []
        trial = self.plain(self.primary, "trial_did")
        if trial is not None:
            for name in ("trial_level", "trial_did"):
                label = self.w.label(f"matched.forest_rows.{name}", **self.months)
                lines.append((label, groups["trial"], self.plain(self.primary, name), 0))
        main_label = self.w.label("matched.forest_rows.trial_did", **self.months)
        lines.append((main_label, groups["matched"], self.decisive(), 1))
        titles = {item.name: self.w.text(item.title) for item in self.card.sensitivity}
        others = [(titles[name], groups["sensitivity"], row, 2) for name, _, row in self.sensitivity(self.primary)]
        rows = [forest_row(self.w, label, group, row, style=style) for label, group, row, style in lines + others]
        reference = (
            ()
            if trial is None
            else ({"value": trial.text("estimate"), "label": self.w.word("matched.trial_reference")},)
        )
        columns = [blocks.column(self.w.label("axis.analysis")), *points_columns(self.w)]
        source = [
            [self.w.runs(f"{group}: {label}"), *points_cells(self.w, row)] for label, group, row, _ in lines + others
        ]
        data = forest_data(self.w, rows, self.w.label("axis.analysis"), reference)
        numbers = blocks.table("", [], columns, source)
        return blocks.figure(
            "fig-skogplott", "forest", self.say("matched.forest_caption"), self._forest_alt(trial), data, numbers
        )

    def _forest_alt(self, trial: Row | None) -> Runs:
        spread = self._check("spread")
        if trial is None or spread is None:
            return self.w.say("matched.forest_alt_plain", main=self.decisive())
        ends = {name: Ref(spread.values[name], "checks", "spread", name) for name in ("low", "high")}
        return self.w.say("matched.forest_alt", main=self.decisive(), trial=trial, **ends)

    def over_time(self) -> Iterator[Block]:
        """Means of the matched groups, and of the trial's control group, before and after."""
        series = self._series()
        curves = [self._curve(group) for _, group in series]
        drawn = [
            {
                "label": label,
                "x": list(curve["event_time"].astype(int)),
                "y": list(curve["estimate"]),
                "low": list(curve["conf_low"]),
                "high": list(curve["conf_high"]),
                "style": style,
            }
            for style, ((label, _), curve) in enumerate(zip(series, curves, strict=True))
        ]
        data = {
            "x_label": self.w.label("axis.months"),
            "y_label": self.w.label("axis.percent"),
            "x_ticks": month_ticks(self.w, [month for one in drawn for month in one["x"]]),
            "y_ticks": self.w.ticks(0, max(value for one in drawn for value in one["high"]), percent=True),
            "zero": {"value": 0, "label": self.w.label("axis.start")},
            "series": drawn,
        }
        caption = self.w.say("matched.time_caption")
        yield blocks.figure("fig-tid", "time", caption, self._time_alt(series), data, self._time_table(series, curves))

    def _series(self) -> list[tuple[str, str]]:
        """Label and group of each curve."""
        arms = [("treated", "matched"), ("comparison", "matched")]
        groups = [
            (self.w.word(f"matched.series.{role}"), f"{sample}:{self.card.arm(role).id}") for role, sample in arms
        ]
        if self.card.benchmark is not None:
            groups.append((self.w.word("matched.series.benchmark"), f"unmatched:{self.card.benchmark.arm}"))
        return groups

    def _curve(self, group: str) -> pd.DataFrame:
        rows = self.w.rows(estimator="group_mean", group=group, outcome=self.primary)
        return rows.sort_values("event_time")

    def _time_alt(self, series: list[tuple[str, str]]) -> Runs:
        ends = {}
        for letter, (_, group) in zip("tc", series, strict=False):
            ends[f"{letter}0"] = self.mean(group, self.primary, self.card.base_month)
            ends[f"{letter}1"] = self.mean(group, self.primary, self.months["last"])
        return self.w.say("matched.time_alt", **ends)

    def _time_table(self, series: list[tuple[str, str]], curves: list[pd.DataFrame]) -> Block:
        interval = self.w.label("matched.columns.interval", share=True, unit="")
        columns = [blocks.column(self.w.label("matched.columns.month"))]
        for label, _ in series:
            columns += [blocks.column(label, right=True), blocks.column(interval, right=True)]
        rows = []
        for event_time in curves[0]["event_time"]:
            month = month_text(self.start + int(event_time))
            row = [self.w.runs(capital(self.w.book.language.month(month)))]
            for _, group in series:
                mean = self.mean(group, self.primary, month)
                row += [
                    self.w.runs(self.w.book.percent(mean.estimate)),
                    self.w.runs(self.w.book.percent_interval(mean)),
                ]
            rows.append(row)
        return blocks.table("", [], columns, rows)

    def balance(self) -> Iterator[Block]:
        """Love plot with its table, and the overlap of the scores."""
        table = self.w.material.tables["balance"]
        wide = table[table["spec"] == MAIN].pivot(index="covariate", columns="sample", values="smd")
        order = wide["unadjusted"].abs().sort_values(ascending=False).index
        names = self.w.covariates()
        rows = [
            {
                "label": names[name],
                "before": abs(wide.loc[name, "unadjusted"]),
                "after": abs(wide.loc[name, "adjusted"]),
            }
            for name in order
        ]
        limit = Ref(self.card.checks.smd_limit, "cohort", "checks", "smd_limit")
        data = {
            "x_label": self.w.label("matched.balance_axis"),
            "x_ticks": self.w.ticks(0, max(row["before"] for row in rows)),
            "threshold": {
                "value": self.card.checks.smd_limit,
                "label": self.w.label("matched.balance_limit", limit=limit),
            },
            "before_label": self.w.label("matched.balance_before"),
            "after_label": self.w.label("matched.balance_after"),
            "rows": rows,
        }
        yield blocks.paragraph(self.w.say_check(self._check("balance")))
        caption = self.w.say("matched.balance_caption")
        yield blocks.figure(
            "fig-balanse", "balance", caption, self._balance_alt(wide, limit), data, self._smd_table(wide, order)
        )
        yield self._balance_table(order)
        yield self._overlap()

    def _balance_alt(self, wide: pd.DataFrame, limit: Ref) -> Runs:
        check = self._check("balance")
        return self.w.say(
            "matched.balance_alt",
            n=Ref(len(wide), "balance", MAIN, "covariate"),
            before=Ref(float(wide["unadjusted"].abs().max()), "balance", wide["unadjusted"].abs().idxmax(), "smd"),
            after=Ref(check.value, "checks", "balance", "value"),
            covariate=self.w.covariates()[check.values["covariate"]],
            n_above=Ref(check.values["n_above"], "checks", "balance", "n_above"),
            limit=limit,
        )

    def _smd_table(self, wide: pd.DataFrame, order: pd.Index) -> Block:
        names = ("covariate", "smd_before", "smd_after")
        columns = [blocks.column(self.w.label(f"matched.columns.{name}"), right=name != "covariate") for name in names]
        rows = []
        for name in order:
            refs = [Ref(float(wide.loc[name, sample]), "balance", name, "smd") for sample in ("unadjusted", "adjusted")]
            rows.append(
                [self.w.runs(self.w.covariates()[name]), *(self.w.runs(self.w.book.number(ref, 2)) for ref in refs)]
            )
        return blocks.table("", [], columns, rows)

    def _balance_table(self, order: pd.Index) -> Block:
        """Means per group before and after matching."""
        table = self.w.material.tables["balance"]
        table = table[table["spec"] == MAIN].set_index(["covariate", "sample"])
        names = ("covariate", "treated", "before", "after", "smd_before", "smd_after")
        labels = {name: self.w.label(f"matched.columns.{name}") for name in names}
        columns = [
            blocks.column(label, right=name != "covariate", width=1.6 if name == "covariate" else 1.0)
            for name, label in labels.items()
        ]
        rows = [[self.w.runs(self.w.covariates()[name]), *self._balance_cells(table, name)] for name in order]
        caption, note = self.w.say("matched.balance_table"), self.w.say("matched.balance_note")
        return blocks.table("tab-balanse", caption, columns, rows, note)

    def _balance_cells(self, table: pd.DataFrame, name: str) -> list[Runs]:
        book = self.w.book
        before, after = table.loc[(name, "unadjusted")], table.loc[(name, "adjusted")]
        means = [(before, "mean_treated"), (before, "mean_comparison"), (after, "mean_comparison")]
        texts = []
        for row, column in means:
            ref = Ref(float(row[column]), "balance", name, column)
            texts.append(
                book.percent(ref) if row["kind"] == "binary" else book.number(ref, 1 if abs(ref.value) < 100 else 0)
            )
        texts += [book.number(Ref(float(row["smd"]), "balance", name, "smd"), 2) for row in (before, after)]
        return [self.w.runs(text) for text in texts]

    def _overlap(self) -> Block:
        """Histogram of the scores before matching."""
        table = self.w.material.tables["overlap"]
        table = table[table["sample"] == "unadjusted"]
        arms = {role: table[table["arm"] == role].sort_values("bin_low") for role in ("treated", "comparison")}
        edges = [*arms["treated"]["bin_low"], float(arms["treated"]["bin_high"].iloc[-1])]
        labels = {role: capital(self.w.text(self.card.arm(role).label)) for role in arms}
        data = {
            "x_label": self.w.label("matched.overlap_x"),
            "y_label": self.w.label("matched.overlap_y"),
            "x_ticks": self.w.ticks(0, 1),
            "y_ticks": self.w.ticks(0, float(table["share"].max()), percent=True),
            "edges": [float(edge) for edge in edges],
            "series": [
                {"label": labels[role], "share": [float(share) for share in arms[role]["share"]], "style": style}
                for style, role in enumerate(arms)
            ],
        }
        matching = self.w.material.tables["matching"].set_index("spec").loc[MAIN]
        alt = self.w.say(
            "matched.overlap_alt",
            **{f"low_{role}": Ref(float(arms[role]["share"].iloc[0]), "overlap", role, "share") for role in arms},
            outside=Ref(float(matching["share_treated_outside"]), "matching", MAIN, "share_treated_outside"),
        )
        return blocks.figure(
            "fig-overlapp",
            "overlap",
            self.w.say("matched.overlap_caption"),
            alt,
            data,
            self._overlap_table(arms, labels),
        )

    def _overlap_table(self, arms: dict[str, pd.DataFrame], labels: dict[str, str]) -> Block:
        book = self.w.book
        columns = [blocks.column(self.w.label("matched.overlap_x"))]
        columns += [blocks.column(label, right=True) for label in labels.values()]
        rows = []
        for place in range(len(arms["treated"])):
            ends = [
                book.number(Ref(float(arms["treated"].iloc[place][name]), "overlap", "treated", name), 2)
                for name in ("bin_low", "bin_high")
            ]
            shares = [
                book.percent(Ref(float(frame.iloc[place]["share"]), "overlap", role, "share"))
                for role, frame in arms.items()
            ]
            rows.append([self.w.runs(text) for text in (f" {book.catalogue['interval_word']} ".join(ends), *shares)])
        return blocks.table("", [], columns, rows)

    def benchmark(self) -> Iterator[Block]:
        """How near the trial the matched answer comes in each outcome, and why."""
        if self.card.benchmark is None:
            return
        yield blocks.paragraph(self.benchmark_answer())
        for outcome in self.card.outcome_names():
            check = self._check(f"benchmark_{outcome}")
            unit = self.w.unit(outcome)
            lead = []
            if not unit["share"]:
                rows = {name: self.plain(outcome, name) for name in ("trial_level", "trial_adjusted", "trial_did")}
                lead = [
                    *self.say("matched.benchmark.amounts", raw=self.plain(outcome, "raw_level"), **rows, **unit),
                    {"text": " "},
                ]
            yield blocks.paragraph([*lead, *self.w.say_check(check)])
        near = self._check(f"benchmark_{self.primary}").text_id.endswith("near")
        yield self.w.paragraph("matched.benchmark.why_near" if near else "matched.benchmark.why")
        yield blocks.bullets(self.w.say_check(self._check(name)) for name in REASONS if self._check(name) is not None)

    def flow(self) -> dict[str, Any]:
        """Boxes of the flow diagram from the attrition table."""
        table = self.w.material.tables["attrition"]
        everyone = table[table["reason"] == "delivered"]
        total = Ref(int(everyone["persons"].sum()), "attrition", "delivered", "persons")
        columns = [self._arm_boxes(table[table["arm"] == arm.id], self.w.text(arm.label)) for arm in self.card.arms]
        return {"common": [self.w.word("flow.delivered_all", persons=total)], "arms": columns, "aside": {}}

    def _arm_boxes(self, rows: pd.DataFrame, label: str) -> list[str]:
        keys = {"delivered": "flow.arm_delivered", "measured": "flow.measured", "matched": "flow.matched"}
        return [
            self.w.word(
                keys[row["reason"]],
                label=label,
                persons=Ref(int(row["persons"]), "attrition", row["reason"], "persons"),
            )
            for _, row in rows.sort_values("step").iterrows()
        ]

    def method(self) -> Iterator[Block]:
        """The estimator, its errors, and how scores and pairs are made."""
        yield self.w.paragraph("annex.did")
        yield equation(self.w, "did")
        yield self.w.paragraph("annex.did_words")
        order = self.w.book.catalogue["annex"]["orders"][self.card.matching.order]
        formula = self.w.book.literal(self.card.matching.formula)
        yield self.w.paragraph("annex.matching", formula=formula, order=order)
