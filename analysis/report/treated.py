"""The report of numbers that are treated for disclosure: what may be shown, and a dash where a number may not.

One report serves every design: each section is made of the released tables, in which any number can be missing and
any table empty.
"""

from collections.abc import Iterator
from typing import Any

from analysis.report import treated_balance, treated_people, treated_summary, treated_time
from analysis.report.blocks import Block
from analysis.report.book import Row
from analysis.report.treated_curve import curve
from analysis.report.treated_numbers import Shown
from analysis.report.treated_results import results
from analysis.report.treated_staggered import family, honest
from analysis.report.writer import Writer


def is_treated(w: Writer) -> bool:
    """Whether the numbers were rounded or hidden."""
    return "rule" in w.material.provenance["disclosure"]


class Treated:
    """Sections of a report of treated numbers."""

    def __init__(self, writer: Writer):
        self.w, self.shown = writer, Shown(writer)

    def decisive(self) -> Row | None:
        """The headline, where it may be shown."""
        return self.shown.decisive()

    def summary(self) -> Iterator[Block]:
        """The conclusion or that there is none, and that the numbers are treated."""
        return treated_summary.summary(self.shown)

    def keyfigures(self) -> Block | None:
        """The headline and who is behind it; None where one of them is hidden."""
        return treated_summary.keyfigures(self.shown)

    def data(self) -> Iterator[Block]:
        """Who is compared with whom, and that what is printed was treated."""
        yield self.w.paragraph(f"treated.data.{self._kind()}")
        yield self.w.paragraph("treated.data.treated")

    def _kind(self) -> str:
        card = self.w.material.card
        return "described" if card.analysis == "describe" else card.design

    def results(self) -> Iterator[Block]:
        """The headline, other outcomes and analyses, and what unlike trends could do to it."""
        if self.shown.primary is None:
            yield from self._described()
            return
        yield from results(self.shown)
        yield from curve(self.shown)
        yield from family(self.shown)
        yield from honest(self.shown)

    def _described(self) -> Iterator[Block]:
        if self.w.material.card.analysis == "describe":
            yield from treated_time.described(self.shown)
        else:
            yield self.w.paragraph("treated.no_analysis")

    def over_time(self) -> Iterator[Block]:
        """The main outcome in each group, and the difference by time."""
        return treated_time.over_time(self.shown)

    def balance(self) -> Iterator[Block]:
        """How alike the groups are, and who is left of them."""
        yield from treated_balance.balance(self.shown)
        yield from treated_people.who_is_left(self.shown)

    def benchmark(self) -> Iterator[Block]:
        """Nothing: treated data have no known answer."""
        yield from ()

    def flow(self) -> dict[str, Any]:
        """Boxes of the flow diagram."""
        return treated_people.flow(self.shown)

    def method(self) -> Iterator[Block]:
        """How the numbers came to be what they are."""
        yield self.w.paragraph("treated.method")
