"""What a report says of practice: how many offices were or did what, and nothing about what became of anyone."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.stated import Stated
from analysis.report.writer import capital


class Exposures(Stated):
    """Sections of a report on published exposures; the first breakdown carries the summary."""

    @property
    def stated(self) -> dict[str, Any]:
        """Total and breakdowns."""
        return self.w.material.figures["exposures"]

    @property
    def units(self) -> str:
        """What is counted, in the plural."""
        return self.w.word(f"exposures.units.{self.stated['unit']}")

    def summary(self) -> Iterator[Block]:
        """How many of what, and that nothing is known of outcomes."""
        first = self.stated["breakdowns"][0]
        parts = [
            self.w.word("exposures.part", count=self.count(part["fact"]), name=self.w.own(part["name"]))
            for part in first["parts"]
        ]
        yield self.w.paragraph(
            "exposures.summary",
            style="lead",
            total=self.count(self.stated["total"]),
            units=self.units,
            label=self.w.text(first["label"]),
            listed=", ".join(parts),
        )

    def keyfigures(self) -> Block:
        """The parts of the first breakdown."""
        total = self.count(self.stated["total"])
        items = [
            (
                self.w.runs(self.w.book.number(self.count(part["fact"]))),
                "",
                self.w.say("exposures.key", total=total, name=self.w.own(part["name"])),
            )
            for part in self.stated["breakdowns"][0]["parts"]
        ]
        return blocks.keyfigures(items)

    def data(self) -> Iterator[Block]:
        """Where it comes from, and how it joins other cohorts."""
        yield self.w.paragraph("exposures.data")

    def results(self) -> Iterator[Block | None]:
        """Every breakdown in one table, and users per adviser."""
        columns = [
            blocks.column(self.w.label(f"exposures.columns.{name}"), right=name == "count", width=width)
            for name, width in (("moderator", 1.4), ("category", 1.4), ("count", 0.7))
        ]
        rows = [row for breakdown in self.stated["breakdowns"] for row in self._rows(breakdown)]
        yield blocks.table("tab-resultat", self.w.say("exposures.caption", units=self.units), columns, rows)
        yield self.caseloads()

    def _rows(self, breakdown: dict[str, Any]) -> Iterator[list[Runs]]:
        for part in breakdown["parts"]:
            count = self.w.book.number(self.count(part["fact"]))
            yield [
                self.w.runs(cell)
                for cell in (capital(self.w.text(breakdown["label"])), self.w.own(part["name"]), count)
            ]

    def flow(self) -> dict[str, Any]:
        """The units of the source."""
        total = self.count(self.stated["total"])
        return self.flow_of(self.w.word("flow.offices_studied", count=total, unit=self.stated["unit"]))
