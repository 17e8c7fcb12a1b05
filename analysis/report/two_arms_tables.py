"""Tables and figures of a report on two groups of which a source prints rounded shares."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row, estimate
from analysis.report.charts import forest_data, forest_row, month_ticks, points_cells, points_columns
from analysis.report.two_arms_numbers import TwoArmNumbers
from analysis.report.writer import capital


class TwoArmTables(TwoArmNumbers):
    """What is drawn and listed."""

    def main_table(self) -> Block:
        """One row per date."""
        labels = [self.w.book.catalogue["two_arms"]["columns"][name] for name in ("date", "difference")]
        arms = [self.w.text(self.card.arm(role).label) for role in ("treated", "comparison")]
        columns = [
            blocks.column(labels[0], width=1.4),
            *(blocks.column(capital(arm), right=True) for arm in arms),
            blocks.column(labels[1], right=True),
            blocks.column(self.w.label("two_arms.columns.plain"), right=True, width=1.3),
        ]
        if self._clustered():
            label = self.w.label("two_arms.columns.clustered", icc=self.icc)
            columns.append(blocks.column(label, right=True, width=1.3))
        rows = [self._main_row(self.at(month)) for month in self.dates]
        note = " ".join(dict.fromkeys(filter(None, (self.notes(month) for month in self.dates))))
        caption = self.w.say("two_arms.caption_main")
        return blocks.table("tab-resultat", caption, columns, rows, self.w.runs(note) if note else None)

    def _main_row(self, at: dict[str, Any]) -> list[Runs]:
        book = self.w.book
        cells = [
            capital(at["moment"]),
            book.percent(at["treated"].estimate, at["main"].n_treated),
            book.percent(at["comparison"].estimate, at["main"].n_comparison),
            book.points(at["main"].estimate, sign=True),
            book.points_interval(at["main"]),
            *([book.points_interval(at["clustered"])] if self._clustered() else []),
        ]
        return [self.w.runs(cell) for cell in cells]

    def forest(self) -> Block:
        """Both dates, without offices and with each ICC."""
        rows, source = [], []
        for month in self.dates:
            at = self.at(month)
            group = capital(self.moment(month))
            lines = [(self.w.word("two_arms.forest_plain"), at["main"])]
            for icc in self.plan.icc[1:]:
                ref = Ref(icc, "cohort", "published.two_arms", "icc")
                row = self.scenario(self._horizon(month), icc, 0.0)
                lines += [(self.w.word("two_arms.forest_icc", icc=ref), row)] if row else []
            exact = self.w.rows(horizon_months=self._horizon(month), inference="chan_zhang")
            lines += [(self.w.word("two_arms.forest_exact"), estimate(exact.iloc[0]))] if len(exact) else []
            for place, (label, row) in enumerate(lines):
                rows.append(forest_row(self.w, label, self.w.book.plain(group), row, style=1 if place else 0))
                source.append([self.w.runs(f"{group}, {label}"), *points_cells(self.w, row)])
        data = forest_data(self.w, rows, self.w.label("axis.analysis"))
        columns = [blocks.column(self.w.label("axis.analysis")), *points_columns(self.w)]
        first = self.at(self.dates[0])
        return blocks.figure(
            "fig-skogplott",
            "forest",
            self.w.say("two_arms.forest_caption"),
            self.w.say("two_arms.forest_alt", **first),
            data,
            blocks.table("", [], columns, source),
        )

    def icc_table(self) -> Block | None:
        """Interval and p-value per ICC and date, equally large offices."""
        if self.scenario(self._horizon(self.dates[0]), self.plan.icc_in_text, 0.0) is None:
            return None
        columns = [blocks.column(self.w.label("two_arms.columns.icc"))]
        for month in self.dates:
            named = {"moment": self.moment(month)}
            columns.append(blocks.column(self.w.label("two_arms.columns.interval_at", **named), right=True))
            columns.append(blocks.column(self.w.label("two_arms.columns.p_at", **named), right=True, width=0.8))
        rows = [self._icc_row(icc) for icc in self.plan.icc]
        n1, n2 = self._offices()
        caption = self.w.say("two_arms.caption_icc", n1=n1, n2=n2)
        return blocks.table("tab-icc", caption, columns, rows, self._icc_note())

    def _icc_row(self, icc: float) -> list[Runs]:
        book = self.w.book
        cells = [book.number(Ref(icc, "cohort", "published.two_arms", "icc"), 2)]
        for month in self.dates:
            row = self.scenario(self._horizon(month), icc, 0.0)
            cells += [book.points_interval(row), self._bare_p(row.p_value)]
        return [self.w.runs(cell) for cell in cells]

    def _icc_note(self) -> Runs:
        cv = max(self.plan.size_cv)
        uneven = self.scenario(self._horizon(self.dates[0]), self.plan.icc_in_text, cv)
        ref = Ref(cv, "cohort", "published.two_arms", "size_cv")
        return self.w.say("two_arms.note_icc", df=uneven.df, cv=ref, icc=self.icc, uneven=uneven)

    def tables_table(self) -> Block:
        """How many tables fit each date alone, and how far difference and p-values move over them."""
        names = ["date", "tables", "n_range", "d_range", "p_range", *(["pc_range"] if self._clustered() else [])]
        columns = [
            blocks.column(self.w.label(f"two_arms.columns.{name}", icc=self.icc), right=name != "date")
            for name in names
        ]
        rows = [self._tables_row(month) for month in self.dates]
        return blocks.table("tab-alle", self.w.say("two_arms.caption_tables"), columns, rows)

    def _tables_row(self, month: str) -> list[Runs]:
        book, scenarios = self.w.book, self.w.material.tables["scenarios"]
        own = scenarios[(scenarios["scope"] == "each_date_alone") & (scenarios["month"] == month)]
        count = self.fitting("each_date_alone", month)
        if own.empty:
            empty = "–" * (4 if self._clustered() else 3)
            return [self.w.runs(cell) for cell in (capital(self.moment(month)), book.number(count), *empty)]
        ends = (own["n_treated"].min(), own["n_treated"].max())
        sizes = [book.number(Ref(int(size), "scenarios", month, "n_treated")) for size in ends]
        plain = self._range(month, "pooled_z", "p_value")
        at_icc = self.plan.icc_in_text
        clustered = self._range(month, "cluster_t", "p_value", icc=at_icc) if self._clustered() else None
        difference = self._range(month, "newcombe", "estimate")
        cells = [
            capital(self.moment(month)),
            book.number(count),
            f" {book.catalogue['interval_word']} ".join(sizes),
            self._between(difference, lambda ref: book.points(ref)),
            self._between(plain, self._bare_p),
            *([] if clustered is None else [self._between(clustered, self._bare_p)]),
        ]
        return [self.w.runs(cell) for cell in cells]

    def assumed_offices(self) -> Iterator[Block]:
        """The widest interval over all tables if each group belonged to an assumed number of offices."""
        ranges = self.w.material.tables["ranges"]
        own = ranges[(ranges["scope"] == "each_date_alone") & ranges["offices"].notna()]
        if own.empty:
            return
        columns = [
            blocks.column(self.w.label(f"two_arms.columns.{name}"), right=name == "icc") for name in ("places", "icc")
        ]
        columns += [
            blocks.column(self.w.label("two_arms.columns.widest_at", moment=self.moment(month)), right=True)
            for month in self.dates
        ]
        pairs = own[["offices", "icc"]].drop_duplicates().itertuples(index=False)
        rows = [self._assumed_row(own, count, icc) for count, icc in pairs]
        caption = self.w.say("two_arms.caption_assumed")
        yield blocks.table("tab-antatt", caption, columns, rows, self.w.say("two_arms.note_assumed"))

    def _assumed_row(self, own: Any, count: float, icc: float) -> list[Runs]:
        book, place = self.w.book, f"offices={count:g};icc={icc:g}"
        at = own[(own["offices"] == count) & (own["icc"] == icc) & (own["size_cv"] == 0)].set_index(
            ["month", "quantity"]
        )
        cells = [book.number(Ref(count, "ranges", place, "offices")), book.number(Ref(icc, "ranges", place, "icc"), 2)]
        for month in self.dates:
            ends = [at.loc[(month, "conf_low"), "minimum"], at.loc[(month, "conf_high"), "maximum"]]
            low, high = (book.points(Ref(end, "ranges", f"{place}/{month}", "interval")) for end in ends)
            cells.append(f"{low} {book.catalogue['interval_word']} {high}")
        return [self.w.runs(cell) for cell in cells]

    def _between(self, row: Row, form: Any) -> str:
        if not row.minimum:
            return "–"
        low, high = form(row.minimum), form(row.maximum)
        return f"{low} {self.w.book.catalogue['interval_word']} {high}"

    def _bare_p(self, p: Ref) -> str:
        """A p-value for a column, or a dash where few offices leave none."""
        return self.w.book.p_value(p, bare=True) if p else "–"

    def time_figure(self) -> Block:
        """Shares of both groups at each date, with their intervals."""
        frames = [self.at(month) for month in self.dates]
        series = [
            {
                "label": self.w.text(self.card.arm(role).label),
                "x": [self._horizon(at["month"]) for at in frames],
                "y": [at[role].text("estimate") for at in frames],
                "low": [at[role].text("conf_low") for at in frames],
                "high": [at[role].text("conf_high") for at in frames],
                "style": style,
            }
            for style, role in enumerate(("treated", "comparison"))
        ]
        top = max(value for one in series for value in one["high"])
        data = {
            "x_label": self.w.label("axis.months"),
            "y_label": self.w.label("axis.percent"),
            "x_ticks": month_ticks(self.w, [0, *(self._horizon(month) for month in self.dates)]),
            "y_ticks": self.w.ticks(0, top, percent=True),
            "zero": {"value": 0, "label": self.w.label("axis.start")},
            "series": series,
        }
        first, last = frames[0], frames[-1]
        overlapping = all(
            at["treated"].text("conf_low") <= at["comparison"].text("conf_high")
            and at["comparison"].text("conf_low") <= at["treated"].text("conf_high")
            for at in frames
        )
        alt = self.w.say(
            "two_arms.time_alt",
            overlapping=overlapping,
            first_t=first["treated"],
            last_t=last["treated"],
            first_c=first["comparison"],
            last_c=last["comparison"],
            main=first["main"],
        )
        source = blocks.table("", [], self._time_columns(), [self._time_row(at) for at in frames])
        return blocks.figure("fig-tid", "time", self.w.say("two_arms.time_caption"), alt, data, source)

    def _time_columns(self) -> list[dict[str, Any]]:
        arms = [capital(self.w.text(self.card.arm(role).label)) for role in ("treated", "comparison")]
        interval = self.w.label("matched.columns.interval", share=True, unit="")
        labels = [arms[0], interval, arms[1], interval]
        first = blocks.column(self.w.label("two_arms.columns.date"))
        return [first, *(blocks.column(label, right=True) for label in labels)]

    def _time_row(self, at: dict[str, Any]) -> list[Runs]:
        book = self.w.book
        cells = [capital(at["moment"])]
        for role, base in (("treated", at["main"].n_treated), ("comparison", at["main"].n_comparison)):
            cells += [book.percent(at[role].estimate, base), book.percent_interval(at[role], base)]
        return [self.w.runs(cell) for cell in cells]
