"""What a report says of shares from other studies: each with what makes it unlike the next."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.stated import Stated


class Benchmarks(Stated):
    """Sections of a report on shares of other studies."""

    @property
    def stated(self) -> list[dict[str, Any]]:
        """The shares in the order of the file."""
        return self.w.material.figures["benchmarks"]

    def summary(self) -> Iterator[Block]:
        """How many there are, and that they may not be held against each other."""
        count = Ref(len(self.stated), "facts", "benchmarks", "value")
        yield self.w.paragraph("benchmarks.summary", style="lead", count=count)

    def data(self) -> Iterator[Block]:
        """Where an interval is given."""
        yield self.w.paragraph("benchmarks.data")

    def results(self) -> Iterator[Block]:
        """One row per share."""
        widths = {"label": 1.8, "share": 0.7, "interval": 1.1, "count": 0.8, "trap": 2.2}
        columns = [
            blocks.column(self.w.label(f"benchmarks.columns.{name}"), right=name not in ("label", "trap"), width=width)
            for name, width in widths.items()
        ]
        rows = [self._row(item) for item in self.stated]
        yield blocks.table("tab-resultat", self.w.say("benchmarks.caption"), columns, rows)

    def _row(self, item: dict[str, Any]) -> list[Runs]:
        book, row = self.w.book, self.w.row(role="benchmark", group=item["id"])
        printed = self.facts()[item["share"]]["value"]
        decimals = len(printed.partition(".")[2])
        cells = [
            self.w.text(item["label"]),
            book.percent(row.estimate, decimals=decimals),
            book.percent_interval(row) if row.conf_low else "–",
            book.number(row.n_treated) if row.n_treated else "–",
            self.w.text(item["trap"]),
        ]
        return [self.w.runs(cell) for cell in cells]

    def flow(self) -> dict[str, Any]:
        """Many studies, no common numbers."""
        return self.flow_of(self.w.word("flow.unknown_numbers"))
