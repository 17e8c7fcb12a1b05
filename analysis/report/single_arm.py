"""What a report says of one group without a comparison: how many, how sure, and no word about why."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.equations import equation
from analysis.report.single_arm_bands import Bands
from analysis.report.writer import Writer, capital


class SingleArm:
    """Sections of a single-arm report."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.plan = self.card.published.single_arm

    def share(self, outcome: str, inference: str = "wilson", spec: str = "main") -> Row:
        """The share of one outcome under one inference."""
        return self.w.row(outcome=outcome, inference=inference, spec=spec)

    def parts(self, outcome: str) -> list[tuple[str, int]]:
        """The source's counts behind an outcome, by the id of their fact."""
        outcomes = self.w.material.figures["single_arm"]["outcomes"]
        values = {fact["id"]: fact["value"] for fact in self.w.material.facts}
        names = next(part["numerators"] for part in outcomes if part["outcome"] == outcome)
        return [(name, int(values[name])) for name in names]

    def count(self, outcome: str) -> Ref:
        """How many had the outcome: the sum of the source's counts."""
        parts = self.parts(outcome)
        return Ref(sum(count for _, count in parts), "facts", "+".join(name for name, _ in parts), "value")

    def fewest(self, outcome: str) -> Ref:
        """How many had the outcome if nobody is added by the smaller counts."""
        name, count = max(self.parts(outcome), key=lambda part: part[1])
        return Ref(count, "facts", name, "value")

    def main(self) -> dict[str, Any]:
        """The main share and its count."""
        outcome = self.card.outcomes.primary
        return {"main": self.share(outcome), "k": self.count(outcome)}

    def decisive(self) -> None:
        """A share has no direction to decide."""
        return

    def summary(self) -> Iterator[Block]:
        """The share with its interval, and what cannot be said."""
        told = [self.w.word(f"single_arm.{name}", **self.main()) for name in ("summary", "no_comparison", "label")]
        yield blocks.paragraph(self.w.runs(" ".join(told)), "lead")

    def keyfigures(self) -> Block:
        """The main share."""
        main = self.main()
        value = self.w.runs(self.w.book.percent(main["main"].estimate, main["main"].n_treated))
        return blocks.keyfigures([(value, "", self.w.say("single_arm.key_main", **main))])

    def data(self) -> Iterator[Block]:
        """Where the counts come from, and why hidden offices matter."""
        yield self.w.paragraph("single_arm.data")
        yield self.w.paragraph("single_arm.hidden")

    def results(self) -> Iterator[Block]:
        """Counts and shares, a forest of shares, the table over hidden offices, and what stands beside the group."""
        yield self.main_table()
        yield self.forest()
        yield self.hidden_table()
        yield from Bands(self.w, self.main()).blocks()

    def main_table(self) -> Block:
        """One row per outcome."""
        names = ("outcome", "count", "share", "wilson", "exact")
        labels = {name: self.w.label(f"single_arm.columns.{name}") for name in names}
        columns = [
            blocks.column(label, right=name != "outcome", width=1.6 if name == "outcome" else 1.0)
            for name, label in labels.items()
        ]
        rows = [self._main_row(outcome) for outcome in self.card.outcome_names()]
        return blocks.table("tab-resultat", self.w.say("single_arm.caption_main"), columns, rows, self.exclusive())

    def exclusive(self) -> Runs | None:
        """What is assumed where counts are added: the largest sum, and how few they may be; None where none is."""
        added = [name for name in self.card.outcome_names() if len(self.parts(name)) > 1]
        if not added:
            return None
        most = max(added, key=lambda name: len(self.parts(name)))
        label = self.w.text(self.w.outcome(most).label)
        return self.w.say("single_arm.exclusive", most=self.count(most), fewest=self.fewest(most), label=label)

    def _main_row(self, outcome: str) -> list[Runs]:
        book, row = self.w.book, self.share(outcome)
        exact = self.share(outcome, "clopper_pearson")
        cells = [
            capital(self.w.text(self.w.outcome(outcome).label)),
            book.number(self.count(outcome)),
            book.percent(row.estimate, row.n_treated),
            book.percent_interval(row, row.n_treated),
            book.percent_interval(exact, row.n_treated),
        ]
        return [self.w.runs(cell) for cell in cells]

    def forest(self) -> Block:
        """Every outcome, then the main one under each number of hidden offices."""
        groups = self.w.book.catalogue["single_arm"]["forest_groups"]
        lines = [
            (capital(self.w.text(self.w.outcome(name).label)), groups["outcomes"], self.share(name), 0)
            for name in self.card.outcome_names()
        ]
        icc = max(self.plan.icc)
        for offices in self.plan.hidden_offices:
            label = self.w.word("single_arm.hidden_row", **self._hidden(offices, icc))
            lines.append((label, groups["hidden"], self._hidden_share(offices, icc), 1))
        rows = [self._forest_row(*line) for line in lines]
        columns = [blocks.column(self.w.label(f"single_arm.columns.{name}")) for name in ("outcome", "share", "wilson")]
        source = [[self.w.runs(text) for text in (label, *self._share_texts(row))] for label, _, row, _ in lines]
        data = {
            "header_left": self.w.label("axis.analysis"),
            "header_right": self.w.label("axis.share"),
            "x_label": self.w.label("axis.percent"),
            "rows": rows,
            "references": [],
            "x_ticks": self.w.ticks(min(row["low"] for row in rows), 1, percent=True),
        }
        caption, alt = self.w.say("single_arm.forest_caption"), self.w.say("single_arm.forest_alt", **self.main())
        return blocks.figure("fig-skogplott", "forest", caption, alt, data, blocks.table("", [], columns, source))

    def _share_texts(self, row: Row) -> tuple[str, str]:
        base = self.share(self.card.outcomes.primary).n_treated
        return self.w.book.percent(row.estimate, base), self.w.book.percent_interval(row, base)

    def _forest_row(self, label: str, group: str, row: Row, style: int) -> dict[str, Any]:
        share, interval = (self.w.book.plain(text) for text in self._share_texts(row))
        bounds = {"estimate": row.text("estimate"), "low": row.text("conf_low"), "high": row.text("conf_high")}
        return {
            "label": self.w.book.plain(label),
            "group": group,
            **bounds,
            "text": f"{share} ({interval})",
            "style": style,
        }

    def _hidden(self, offices: int, icc: float) -> dict[str, Ref]:
        plan = "published.single_arm"
        return {
            "offices": Ref(offices, "cohort", plan, "hidden_offices"),
            "icc": Ref(icc, "cohort", plan, "icc"),
        }

    def _hidden_share(self, offices: int, icc: float) -> Row:
        spec = f"offices={offices};icc={icc:g}"
        return self.share(self.card.outcomes.primary, "wilson_effective_n", spec)

    def hidden_table(self) -> Block:
        """Interval per number of offices and ICC."""
        columns = [blocks.column(self.w.label("single_arm.columns.offices"))]
        for icc in self.plan.icc:
            ref = Ref(icc, "cohort", "published.single_arm", "icc")
            columns.append(blocks.column(self.w.label("single_arm.columns.icc", icc=ref), right=True))
        base = self.share(self.card.outcomes.primary).n_treated
        rows = []
        for offices in self.plan.hidden_offices:
            first = self.w.runs(self.w.book.number(self._hidden(offices, 0)["offices"]))
            shares = [self._hidden_share(offices, icc) for icc in self.plan.icc]
            rows.append([first, *(self.w.runs(self.w.book.percent_interval(share, base)) for share in shares)])
        return blocks.table("tab-skjult", self.w.say("single_arm.caption_hidden"), columns, rows)

    def over_time(self) -> Iterator[Block]:
        """Why there is no curve."""
        yield self.w.paragraph("single_arm.no_time")

    def balance(self) -> Iterator[Block]:
        """Why there is no balance plot."""
        yield self.w.paragraph("single_arm.no_balance")

    def benchmark(self) -> Iterator[Block]:
        """Published figures have no benchmark."""
        return iter(())

    def flow(self) -> dict[str, Any]:
        """Boxes of the flow diagram."""
        row = self.w.material.tables["attrition"].iloc[0]
        persons, offices = (Ref(row[name], "attrition", row["arm"], name) for name in ("persons", "offices"))
        label = self.w.text(self.card.arm("treated").label)
        stated = self.w.word("flow.stated", label=label, persons=persons, offices=offices, derived=False)
        return {"common": [self.w.word("flow.unknown_asked")], "arms": [[stated]], "aside": {}}

    def method(self) -> Iterator[Block]:
        """Wilson's interval and the effective number."""
        yield self.w.paragraph("annex.wilson")
        yield equation(self.w, "effective_n")
