"""What a report says of two groups of which a source prints rounded shares."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from analysis.months import month_number, month_text
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.charts import forest_data, forest_row, month_ticks, points_cells, points_columns
from analysis.report.conclusion import conclusion
from analysis.report.equations import equation
from analysis.report.writer import Writer, capital
from analysis.tables import cluster_spec


class TwoArms:
    """Sections of a two-arm report; `dates` are the follow-ups in the order of the source."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.plan = self.card.published.two_arms
        self.icc = Ref(self.plan.icc_in_text, "cohort", "published.two_arms", "icc_in_text")

    @cached_property
    def dates(self) -> list[str]:
        """Months of the follow-ups."""
        start = month_number(self.card.time_zero.month)
        rows = self.w.rows(term="risk_difference")
        horizons = rows["horizon_months"].dropna().astype(int).drop_duplicates()
        return [month_text(start + horizon) for horizon in horizons]

    @property
    def unique(self) -> bool:
        """Does exactly one table of whole numbers fit?"""
        return not self.w.rows(status="not_estimated").shape[0]

    def at(self, month: str) -> dict[str, Any]:
        """Main difference, both shares and the difference with offices, at one date."""
        horizon = month_number(month) - month_number(self.card.time_zero.month)
        shares = {role: self.card.arm(role).id for role in ("treated", "comparison")}
        return {
            "month": month,
            "main": self.w.row(horizon_months=horizon, inference="newcombe"),
            **{role: self.w.row(horizon_months=horizon, term="share", group=arm) for role, arm in shares.items()},
            "clustered": self.scenario(horizon, self.plan.icc_in_text, 0.0),
            "icc": self.icc,
        }

    def scenario(self, horizon: int, icc: float, size_cv: float) -> Row | None:
        """The difference with offices taken into account; None when the card has no offices."""
        spec = cluster_spec(icc, size_cv)
        found = self.w.rows(horizon_months=horizon, spec=spec)
        return None if found.empty else self.w.row(horizon_months=horizon, spec=spec)

    def decisive(self) -> Row | None:
        """The row that the conclusion rests on: with offices where they are known."""
        if not self.unique:
            return None
        first = self.at(self.dates[0])
        return first["clustered"] or first["main"]

    def summary(self) -> Iterator[Block]:
        """The answer first: shares, uncertainty, and the second date."""
        if not self.unique:
            reason = self.w.rows(status="not_estimated").iloc[0]["reason"]
            yield self.w.paragraph(f"two_arms.not_unique.{reason}", style="lead")
            return
        first = self.at(self.dates[0])
        row = self.decisive()
        note = "" if first["clustered"] is None else self.w.word("two_arms.icc_note", icc=self.icc)
        found = conclusion(self.w, row, note and f" {note}")
        # One paragraph: the start page shows it alone, and a difference must not stand without its uncertainty.
        yield blocks.paragraph([*self.w.say("two_arms.shares", **first), {"text": " "}, *found], "lead")
        includes_zero = row.text("conf_low") <= 0 <= row.text("conf_high")
        sizes = self.w.word("two_arms.sizes", total=self.total(), n_dates=len(self.dates), **first)
        chance = self.w.word("two_arms.chance" if includes_zero else "two_arms.beyond_chance")
        yield blocks.paragraph(self.w.runs(f"{sizes} {chance}"))
        for month in self.dates[1:]:
            again = self.w.word("two_arms.shares_again", **self.at(month))
            yield blocks.paragraph(self.w.runs(f"{again} {self.notes(month)}".strip()))

    def keyfigures(self) -> Block | None:
        """Differences at both dates, and the level without the intervention."""
        if not self.unique:
            return None
        points = self.w.word("axis.points_word")
        items = []
        for place, month in enumerate(self.dates[:2]):
            at = self.at(month)
            value = self.w.runs(self.w.book.points(at["main"].estimate, sign=True))
            items.append((value, points, self.w.say("two_arms.key_second" if place else "two_arms.key_first", **at)))
        first = self.at(self.dates[0])
        base = self.w.runs(self.w.book.percent(first["comparison"].estimate))
        items.append((base, "", self.w.say("two_arms.key_base", **first)))
        return blocks.keyfigures(items)

    def total(self) -> Ref:
        """Persons in both groups together, as the source states them."""
        name = self.w.material.figures["two_arms"]["total"]
        fact = next(fact for fact in self.w.material.facts if fact["id"] == name)
        return Ref(int(fact["value"]), "facts", name, "value")

    def notes(self, month: str) -> str:
        """Notes of interpreted facts at a date, each once: an uncertain figure is never used without its note."""
        found = [
            self.w.text(fact["note"])
            for fact in self.w.material.facts
            if fact["time"] == month and fact["certainty"] == "inferred" and fact["note"]
        ]
        return " ".join(dict.fromkeys(found))

    def data(self) -> Iterator[Block]:
        """How counts were recovered from percentages, and why offices matter."""
        scenarios = self.w.material.tables["scenarios"]
        joint = scenarios[scenarios["scope"] == "as_assumed"]
        count = Ref(int(joint["table"].nunique()), "scenarios", "as_assumed", "table")
        key = "two_arms.data" if self.plan.same_persons else "two_arms.data_alone"
        text = self.w.word(key, total=self.total(), n_joint=count)
        if self.unique:
            counts = joint[joint["month"] == self.dates[0]].iloc[0]
            k1, k2 = (Ref(int(counts[name]), "scenarios", "as_assumed", name) for name in ("k_treated", "k_comparison"))
            text += " " + self.w.word("two_arms.data_unique", k1=k1, k2=k2, **self.at(self.dates[0]))
        yield blocks.paragraph(self.w.runs(text))
        if self.card.assignment.unit == "office":
            yield self.w.paragraph("two_arms.offices" if all(self._offices()) else "two_arms.offices_unknown")

    def results(self) -> Iterator[Block]:
        """Main table, forest plot, the table over ICC, and every table of whole numbers date by date."""
        if self.unique:
            yield self.main_table()
            yield blocks.paragraph(self.w.runs(" ".join(self.tests(month) for month in self.dates)))
            yield self.forest()
            yield self.icc_table()
        yield self.w.paragraph(self._below())
        yield self.tables_table()

    def _below(self) -> str:
        """Which sentence the p-values of all tables allow, date by date."""
        ranges = self.w.material.tables["ranges"]
        alone = ranges[(ranges["scope"] == "each_date_alone") & (ranges["quantity"] == "p_value")]
        if not set(self.dates) <= set(alone["month"]):
            return "two_arms.none_fit"
        if not alone["n_tables"].any():
            return "two_arms.alone"
        return "two_arms.some_below" if alone["share_below_05"].max() > 0 else "two_arms.none_below"

    def tests(self, month: str) -> str:
        """p-values and a second interval without offices, at one date."""
        names = {"z": "pooled_z", "fisher": "fisher", "mn": "miettinen_nurminen"}
        rows = {key: self.w.row(horizon_months=self._horizon(month), inference=name) for key, name in names.items()}
        key = "two_arms.tests" if rows["z"].p_value else "two_arms.tests_without_p"
        return self.w.word(key, month=month, **rows)

    def main_table(self) -> Block:
        """One row per date."""
        labels = [self.w.book.catalogue["two_arms"]["columns"][name] for name in ("date", "difference")]
        arms = [self.w.text(self.card.arm(role).label) for role in ("treated", "comparison")]
        columns = [
            blocks.column(labels[0], width=1.4),
            *(blocks.column(capital(arm), right=True) for arm in arms),
            blocks.column(labels[1], right=True),
            blocks.column(self.w.label("two_arms.columns.plain"), right=True, width=1.3),
            blocks.column(self.w.label("two_arms.columns.clustered", icc=self.icc), right=True, width=1.3),
        ]
        rows = [self._main_row(self.at(month)) for month in self.dates]
        note = " ".join(dict.fromkeys(filter(None, (self.notes(month) for month in self.dates))))
        caption = self.w.say("two_arms.caption_main")
        return blocks.table("tab-resultat", caption, columns, rows, self.w.runs(note) if note else None)

    def _main_row(self, at: dict[str, Any]) -> list[Runs]:
        book = self.w.book
        clustered = "–" if at["clustered"] is None else book.points_interval(at["clustered"])
        cells = [
            capital(book.language.month(at["month"])),
            book.percent(at["treated"].estimate),
            book.percent(at["comparison"].estimate),
            book.points(at["main"].estimate, sign=True),
            book.points_interval(at["main"]),
            clustered,
        ]
        return [self.w.runs(cell) for cell in cells]

    def forest(self) -> Block:
        """Both dates, without offices and with each ICC."""
        rows, source = [], []
        for month in self.dates:
            at = self.at(month)
            group = capital(self.w.book.language.month(month))
            lines = [(self.w.word("two_arms.forest_plain"), at["main"])]
            for icc in self.plan.icc[1:]:
                ref = Ref(icc, "cohort", "published.two_arms", "icc")
                row = self.scenario(month_number(month) - month_number(self.card.time_zero.month), icc, 0.0)
                lines += [(self.w.word("two_arms.forest_icc", icc=ref), row)] if row else []
            for place, (label, row) in enumerate(lines):
                rows.append(forest_row(self.w, label, group, row, style=1 if place else 0))
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
            columns.append(blocks.column(self.w.label("two_arms.columns.interval_at", month=month), right=True))
            columns.append(blocks.column(self.w.label("two_arms.columns.p_at", month=month), right=True, width=0.8))
        rows = [self._icc_row(icc) for icc in self.plan.icc]
        n1, n2 = self._offices()
        caption = self.w.say("two_arms.caption_icc", n1=n1, n2=n2)
        return blocks.table("tab-icc", caption, columns, rows, self._icc_note())

    def _offices(self) -> list[Ref]:
        """Offices in the treated and in the comparison group."""
        names = ("offices_treated", "offices_comparison")
        return [Ref(getattr(self.card.assignment, name), "cohort", "assignment", name) for name in names]

    def _icc_row(self, icc: float) -> list[Runs]:
        book = self.w.book
        cells = [book.number(Ref(icc, "cohort", "published.two_arms", "icc"), 2)]
        for month in self.dates:
            row = self.scenario(self._horizon(month), icc, 0.0)
            cells += [book.points_interval(row), self._bare_p(row.p_value)]
        return [self.w.runs(cell) for cell in cells]

    def _bare_p(self, p: Ref) -> str:
        """A p-value for a column, or a dash where few offices leave none."""
        return self.w.book.p_value(p, bare=True) if p else "–"

    def _icc_note(self) -> Runs:
        cv = max(self.plan.size_cv)
        uneven = self.scenario(self._horizon(self.dates[0]), self.plan.icc_in_text, cv)
        ref = Ref(cv, "cohort", "published.two_arms", "size_cv")
        return self.w.say("two_arms.note_icc", df=uneven.df, cv=ref, icc=self.icc, uneven=uneven)

    def _horizon(self, month: str) -> int:
        return month_number(month) - month_number(self.card.time_zero.month)

    def tables_table(self) -> Block:
        """How many tables fit each date alone, and how far difference and p-values move over them."""
        names = ("date", "tables", "n_range", "d_range", "p_range", "pc_range")
        columns = [
            blocks.column(self.w.label(f"two_arms.columns.{name}", icc=self.icc), right=name != "date")
            for name in names
        ]
        rows = [self._tables_row(month) for month in self.dates]
        return blocks.table("tab-alle", self.w.say("two_arms.caption_tables"), columns, rows)

    def _tables_row(self, month: str) -> list[Runs]:
        book, scenarios = self.w.book, self.w.material.tables["scenarios"]
        own = scenarios[(scenarios["scope"] == "each_date_alone") & (scenarios["month"] == month)]
        count = Ref(int(own["table"].nunique()), "scenarios", month, "table")
        if own.empty:
            return [self.w.runs(cell) for cell in (capital(book.language.month(month)), book.number(count), *"––––")]
        ends = (own["n_treated"].min(), own["n_treated"].max())
        sizes = [book.number(Ref(int(size), "scenarios", month, "n_treated")) for size in ends]
        plain = self._range(month, "pooled_z", "p_value")
        clustered = self._range(month, "cluster_t", "p_value", icc=self.plan.icc_in_text)
        difference = self._range(month, "newcombe", "estimate")
        cells = [
            capital(book.language.month(month)),
            book.number(count),
            f" {book.catalogue['interval_word']} ".join(sizes),
            self._between(difference, lambda ref: book.points(ref)),
            self._between(plain, self._bare_p),
            "–" if clustered is None else self._between(clustered, self._bare_p),
        ]
        return [self.w.runs(cell) for cell in cells]

    def _range(self, month: str, inference: str, quantity: str, icc: float | None = None) -> Row | None:
        ranges = self.w.material.tables["ranges"]
        found = ranges[
            (ranges["scope"] == "each_date_alone")
            & (ranges["month"] == month)
            & (ranges["inference"] == inference)
            & (ranges["quantity"] == quantity)
        ]
        if icc is not None:
            found = found[(found["icc"] == icc) & (found["size_cv"] == 0)]
        if found.empty:
            return None
        return Row("ranges", f"{month}/{inference}/{quantity}", found.iloc[0])

    def _between(self, row: Row, form: Any) -> str:
        if not row.minimum:
            return "–"
        low, high = form(row.minimum), form(row.maximum)
        return f"{low} {self.w.book.catalogue['interval_word']} {high}"

    def over_time(self) -> Iterator[Block]:
        """Shares of both groups at each date."""
        if not self.unique:
            return
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
        )
        source = blocks.table("", [], self._time_columns(), [self._time_row(at) for at in frames])
        yield blocks.figure("fig-tid", "time", self.w.say("two_arms.time_caption"), alt, data, source)
        yield self.w.paragraph("two_arms.time_note", style="note")

    def _time_columns(self) -> list[dict[str, Any]]:
        arms = [capital(self.w.text(self.card.arm(role).label)) for role in ("treated", "comparison")]
        interval = self.w.label("matched.columns.interval", share=True, unit="")
        labels = [arms[0], interval, arms[1], interval]
        first = blocks.column(self.w.label("two_arms.columns.date"))
        return [first, *(blocks.column(label, right=True) for label in labels)]

    def _time_row(self, at: dict[str, Any]) -> list[Runs]:
        book = self.w.book
        cells = [capital(book.language.month(at["month"]))]
        for role in ("treated", "comparison"):
            cells += [book.percent(at[role].estimate), book.percent_interval(at[role])]
        return [self.w.runs(cell) for cell in cells]

    def balance(self) -> Iterator[Block]:
        """Why there is no balance plot."""
        yield self.w.paragraph("two_arms.no_balance")

    def benchmark(self) -> Iterator[Block]:
        """Published figures have no benchmark."""
        return iter(())

    def flow(self) -> dict[str, Any]:
        """Boxes of the flow diagram: the source's totals, then the groups."""
        counts = [ref.value for ref in self._offices() if ref]
        offices = Ref(sum(counts), "cohort", "assignment", "offices") if counts else None
        total = {"offices": offices, "persons": self.total()}
        arms = self.w.material.tables["attrition"]
        boxes = []
        for _, row in arms.iterrows():
            label = next(self.w.text(arm.label) for arm in self.card.arms if arm.id == row["arm"])
            persons, count = (Ref(row[name], "attrition", row["arm"], name) for name in ("persons", "offices"))
            text = self.w.word("flow.stated", label=label, persons=persons, offices=count, derived=True)
            boxes.append([text])
        return {"common": [self.w.word("flow.total", **total)], "arms": boxes, "aside": {}}

    def method(self) -> Iterator[Block]:
        """Enumeration and the interval with offices."""
        yield self.w.paragraph("annex.enumeration")
        if all(self._offices()):
            yield self.w.paragraph("annex.cluster")
            yield equation(self.w, "cluster")
            yield self.w.paragraph("annex.cluster_words")
