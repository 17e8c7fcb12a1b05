"""What a report says of staggered adoption, and of counts over time with a comparison: which section stands where."""

from collections.abc import Iterator
from typing import Any

from analysis.report import (
    family,
    family_synthetic,
    series,
    staggered_groups,
    staggered_method,
    staggered_results,
    staggered_summary,
    staggered_time,
    staggered_truth,
)
from analysis.report.blocks import Block
from analysis.report.book import Row
from analysis.report.described import Described
from analysis.report.specifications import specifications
from analysis.report.staggered_numbers import Numbers
from analysis.report.writer import Writer


class Staggered:
    """Sections of a report on staggered adoption."""

    def __init__(self, writer: Writer):
        self.numbers = Numbers(writer)
        self.described = Described(writer)

    def decisive(self) -> Row:
        """The row that the conclusion rests on."""
        return self.numbers.decisive()

    def summary(self) -> Iterator[Block]:
        """The conclusion, who adopted, and how far the groups differ."""
        yield from staggered_summary.summary(self.numbers)
        yield from series.summary(self.numbers)

    def keyfigures(self) -> Block:
        """The estimate, beside the regression's where the two differ in kind."""
        return staggered_summary.keyfigures(self.numbers)

    def data(self) -> Iterator[Block]:
        """Who adopted when, whom they are compared with, what the errors are, and what must be assumed."""
        return staggered_method.data(self.numbers)

    def results(self) -> Iterator[Block]:
        """The averages, each group, what a plain regression gives, and other ways to reckon."""
        yield from staggered_results.averages(self.numbers)
        yield from staggered_groups.groups(self.numbers)
        yield from staggered_results.regression(self.numbers)
        yield from family.family(self.numbers)
        yield from family_synthetic.synthetic(self.numbers)
        yield from staggered_results.uncertainty(self.numbers)
        yield from specifications(self.numbers.w)
        yield from series.results(self.numbers)

    def over_time(self) -> Iterator[Block]:
        """The estimate by time since adoption, and the groups over time."""
        yield from staggered_time.event_study(self.numbers)
        yield from series.over_time(self.numbers)
        yield from self.described.over_time()

    def balance(self) -> Iterator[Block]:
        """What the groups were like; nothing is matched here."""
        shown = not self.numbers.w.material.tables["balance"].empty
        yield self.numbers.paragraph("staggered.unlike", shown=shown)
        if shown:
            yield from self.described.balance()

    def benchmark(self) -> Iterator[Block]:
        """What was put into made-up data beside what was found."""
        yield from staggered_truth.truth(self.numbers)
        yield from series.truth(self.numbers)

    def flow(self) -> dict[str, Any]:
        """Boxes of the flow diagram."""
        return self.described.flow()

    def method(self) -> Iterator[Block]:
        """The estimators and their errors."""
        yield from staggered_method.method(self.numbers)
        yield from series.method(self.numbers)
