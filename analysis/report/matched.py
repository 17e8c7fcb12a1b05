"""What a report says of a matched cohort with persons: which section stands where; each has a module of its own."""

from collections.abc import Iterator
from typing import Any

from analysis.report import (
    matched_balance,
    matched_method,
    matched_people,
    matched_results,
    matched_summary,
    matched_time,
    matched_truth,
)
from analysis.report.blocks import Block
from analysis.report.book import Row
from analysis.report.matched_numbers import Numbers
from analysis.report.writer import Writer


class Matched:
    """Sections of a matched difference-in-differences report."""

    def __init__(self, writer: Writer):
        self.numbers = Numbers(writer)

    def decisive(self) -> Row:
        """The row that the conclusion rests on."""
        return self.numbers.decisive()

    def summary(self) -> Iterator[Block]:
        """The conclusion, who it is about, the other outcomes, and how near a known answer it comes."""
        return matched_summary.summary(self.numbers)

    def keyfigures(self) -> Block:
        """The matched answer, beside the trial's where there is one."""
        return matched_summary.keyfigures(self.numbers)

    def data(self) -> Iterator[Block]:
        """How persons were matched, what the errors are, and what must be assumed."""
        return matched_method.data(self.numbers)

    def results(self) -> Iterator[Block]:
        """A table per outcome, the forest plot, and every way to match."""
        return matched_results.results(self.numbers)

    def over_time(self) -> Iterator[Block]:
        """The difference at each horizon, and the groups before and after."""
        return matched_time.over_time(self.numbers)

    def balance(self) -> Iterator[Block]:
        """How alike the groups became, and who is left in the estimate."""
        yield from matched_balance.balance(self.numbers)
        yield from matched_people.who_is_left(self.numbers)

    def benchmark(self) -> Iterator[Block]:
        """How near a known answer the matched one comes."""
        return matched_truth.benchmark(self.numbers)

    def flow(self) -> dict[str, Any]:
        """Boxes of the flow diagram."""
        return matched_people.flow(self.numbers)

    def method(self) -> Iterator[Block]:
        """The estimator, its errors, and how scores and pairs are made."""
        return matched_method.method(self.numbers)
