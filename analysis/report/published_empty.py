"""What a report says of a source that tells of a result without a number: that there is none, and why."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref
from analysis.report.stated import Stated
from analysis.report.writer import capital


class NoFigures(Stated):
    """Sections of a report without a result; the column of differences has words in the place of a number."""

    @property
    def stated(self) -> dict[str, Any]:
        """Outcome and reason."""
        return self.w.material.figures["no_figures"]

    def summary(self) -> Iterator[Block]:
        """That the source has no figures, and why."""
        reason = self.w.text(self.stated["reason"])
        text = f"{self.w.word('no_figures.summary')} {reason}"
        yield blocks.paragraph(self.w.runs(text), "lead")

    def data(self) -> Iterator[Block]:
        """Why there is nothing to calculate on."""
        yield self.w.paragraph("no_figures.data", reason=self.w.text(self.stated["reason"]))

    def results(self) -> Iterator[Block | None]:
        """One row without a number, and users per adviser."""
        names = ("outcome", "time", "difference")
        columns = [blocks.column(self.w.label(f"no_figures.columns.{name}")) for name in names]
        label = capital(self.w.text(self.w.outcome(self.stated["outcome"]).label))
        row = [self.w.runs(cell) for cell in (label, "–", self.w.word("no_figures.none"))]
        yield blocks.table("tab-resultat", self.w.say("no_figures.caption"), columns, [row])
        yield self.caseloads()

    def flow(self) -> dict[str, Any]:
        """The groups, if the source has their size."""
        arms = self.stated["persons"]
        if arms is None:
            return self.flow_of(self.w.word("flow.unknown_numbers"))
        total = sum(self.count(arms[role]).value for role in ("treated", "comparison"))
        persons = Ref(total, "facts", f"{arms['treated']}+{arms['comparison']}", "value")
        return self.flow_of(self.w.word("flow.total", offices=None, persons=persons))
