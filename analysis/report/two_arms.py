"""What a report says of two groups of which a source prints rounded shares."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref, Row, estimate
from analysis.report.conclusion import conclusion
from analysis.report.equations import equation
from analysis.report.two_arms_tables import TwoArmTables


class TwoArms(TwoArmTables):
    """Sections of a two-arm report."""

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
            ends = [self.over_tables(month) for month in self.dates] if reason == "several_tables_fit" else []
            words = " ".join([self.w.word(f"two_arms.not_unique.{reason}"), *filter(None, ends)])
            yield blocks.paragraph(self.w.runs(words), "lead")
            return
        first = self.at(self.dates[0])
        row = self.decisive()
        note = "" if first["clustered"] is None else self.w.word("two_arms.icc_note", icc=self.icc)
        found = conclusion(self.w, row, note and f" {note}")
        # One paragraph: the start page shows it alone, and a difference must not stand without its uncertainty.
        key = "two_arms.shares" if self.card.assignment.unit == "office" else "two_arms.shares_persons"
        yield blocks.paragraph([*self.w.say(key, **first), {"text": " "}, *found], "lead")
        includes_zero = row.text("conf_low") <= 0 <= row.text("conf_high")
        sizes = self.w.word(f"two_arms.{self._sizes()}", total=self.total(), n_dates=len(self.dates), **first)
        chance = self.w.word("two_arms.chance" if includes_zero else "two_arms.beyond_chance")
        yield blocks.paragraph(self.w.runs(f"{sizes} {chance}"))
        for month in self.dates[1:]:
            again = self.w.word("two_arms.shares_again", **self.at(month))
            yield blocks.paragraph(self.w.runs(f"{again} {self.notes(month)}".strip()))

    def _sizes(self) -> str:
        """Which sentence tells how the size of the groups is known."""
        if self.stated["arms"] is None:
            return "sizes"
        return "sizes_known" if self.stated["counted"] == "all" else "sizes_odds"

    def over_tables(self, month: str) -> str:
        """How far difference and interval move over all tables that fit at a date; nothing where none does."""
        ranges = [self._range(month, "newcombe", name) for name in ("estimate", "conf_low", "conf_high")]
        if ranges[0] is None or not ranges[0].minimum:
            return ""
        difference, low, high = ranges
        ends = {"difference": difference, "low": low, "high": high}
        return self.w.word("two_arms.over_tables", when=self.when(month), **ends)

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
        base = self.w.runs(self.w.book.percent(first["comparison"].estimate, first["main"].n_comparison))
        items.append((base, "", self.w.say("two_arms.key_base", **first)))
        return blocks.keyfigures(items)

    def data(self) -> Iterator[Block]:
        """How counts were recovered from percentages, and why offices matter."""
        scenarios = self.w.material.tables["scenarios"]
        joint = scenarios[scenarios["scope"] == "as_assumed"]
        count = self.fitting("as_assumed", self.dates[0])
        text = self.w.word(f"two_arms.{self._data_key()}", total=self.total(), n_joint=count, **self._assumed())
        if self.unique:
            counts = joint[joint["month"] == self.dates[0]].iloc[0]
            k1, k2 = (Ref(int(counts[name]), "scenarios", "as_assumed", name) for name in ("k_treated", "k_comparison"))
            text += " " + self.w.word("two_arms.data_unique", k1=k1, k2=k2, **self.at(self.dates[0]))
        yield blocks.paragraph(self.w.runs(text))
        if not self.listed:
            yield self.w.paragraph("two_arms.only_ends")
        if self.card.assignment.unit == "office":
            yield self.w.paragraph("two_arms.offices" if all(self._offices()) else "two_arms.offices_unknown")

    def _data_key(self) -> str:
        """Which paragraph tells what was searched."""
        if self.stated["arms"] is not None:
            return "data_odds" if self.odds() and self.stated["counted"] == "at_most" else "data_arms"
        if self.stated["counted"] == "at_most":
            return "data_at_most"
        return "data" if self.plan.same_persons else "data_alone"

    def _assumed(self) -> dict[str, Any]:
        """What the card assumes of the groups, and what the source states of them."""
        names = ("min_counted_share", "min_arm_share")
        plan = {name: Ref(getattr(self.plan, name), "cohort", "published.two_arms", name) for name in names}
        arms = self.stated["arms"]
        sizes = {} if arms is None else {f"all_{role}": self.count(arms[role]) for role in ("treated", "comparison")}
        return {**plan, **sizes, "odds": self.odds()}

    def results(self) -> Iterator[Block]:
        """Main table, forest plot, the table over ICC, and every table of whole numbers date by date."""
        if self.unique:
            yield self.main_table()
            yield blocks.paragraph(self.w.runs(" ".join(self.tests(month) for month in self.dates)))
            yield self.forest()
            yield self.icc_table()
        alone = [self.fitting("each_date_alone", month).value for month in self.dates]
        if not self.unique or any(count != 1 for count in alone):
            yield self.w.paragraph(self._below())
            yield self.tables_table()
        yield from self.assumed_offices()

    def _below(self) -> str:
        """Which sentence the p-values of all tables allow, date by date."""
        ranges = self.w.material.tables["ranges"]
        alone = ranges[(ranges["scope"] == "each_date_alone") & (ranges["quantity"] == "p_value")]
        alone = alone[alone["offices"].isna()]
        if not set(self.dates) <= set(alone["month"]):
            return "two_arms.none_fit"
        if not alone["n_tables"].any():
            return "two_arms.alone"
        if alone["share_below_05"].min() == 1:
            return "two_arms.all_below"
        return "two_arms.some_below" if alone["share_below_05"].max() > 0 else "two_arms.none_below"

    def tests(self, month: str) -> str:
        """p-values and a second interval without offices, at one date."""
        names = {"z": "pooled_z", "fisher": "fisher", "mn": "miettinen_nurminen"}
        rows = {key: self.w.row(horizon_months=self._horizon(month), inference=name) for key, name in names.items()}
        key = "two_arms.tests" if rows["z"].p_value else "two_arms.tests_without_p"
        dates = {"when": self.when(month), "moment": self.moment(month)}
        exact = self.w.rows(horizon_months=self._horizon(month), inference="chan_zhang")
        words = [self.w.word(key, **dates, **rows)]
        if len(exact):
            words.append(self.w.word("two_arms.exact", row=estimate(exact.iloc[0])))
        return " ".join(words)

    def balance(self) -> Iterator[Block]:
        """Why there is no balance plot."""
        yield self.w.paragraph("two_arms.no_balance")

    def benchmark(self) -> Iterator[Block]:
        """Published figures have no benchmark."""
        return iter(())

    def flow(self) -> dict[str, Any]:
        """Boxes of the flow diagram: the source's totals, then the groups."""
        counts = [ref.value for ref in self._offices() if ref] if self.card.assignment.unit == "office" else []
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

    def over_time(self) -> Iterator[Block]:
        """Shares of both groups at each date, where there are several."""
        if not self.unique or len(self.dates) < 2:
            return
        yield self.time_figure()
        key = "two_arms.time_note" if self.card.assignment.unit == "office" else "two_arms.time_note_persons"
        yield self.w.paragraph(key, style="note")
