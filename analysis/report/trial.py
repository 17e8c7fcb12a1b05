"""What a report says of a trial that drew offices by lot: which section stands where."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.cards import Arm
from analysis.report import trial_method, trial_permutation, trial_results, trial_summary, trial_truth
from analysis.report.blocks import Block
from analysis.report.book import Ref, Row
from analysis.report.described import Described
from analysis.report.specifications import specifications
from analysis.report.trial_numbers import Numbers
from analysis.report.writer import Writer


class Trial:
    """Sections of a report on a cluster-randomised trial."""

    def __init__(self, writer: Writer):
        self.numbers = Numbers(writer)
        self.described = Described(writer)
        self.attrition = writer.material.tables["attrition"].sort_values("step", kind="stable")

    def decisive(self) -> Row:
        """The row that the conclusion rests on."""
        return self.numbers.decisive()

    def summary(self) -> Iterator[Block]:
        """The conclusion, and how far chance alone could go."""
        return trial_summary.summary(self.numbers)

    def keyfigures(self) -> Block:
        """Difference, test and offices."""
        return trial_summary.keyfigures(self.numbers)

    def data(self) -> Iterator[Block]:
        """What was drawn, and who is compared."""
        return trial_method.data(self.numbers)

    def results(self) -> Iterator[Block]:
        """Differences, what other draws give, every inference, and how alike persons of an office are."""
        yield from trial_results.differences(self.numbers)
        yield from trial_permutation.permutation(self.numbers)
        yield from trial_results.inferences(self.numbers)
        yield from specifications(self.numbers.w)
        yield from trial_results.correlation(self.numbers)
        yield from trial_results.delivery(self.numbers)

    def over_time(self) -> Iterator[Block]:
        """The groups month by month."""
        return self.described.over_time()

    def balance(self) -> Iterator[Block]:
        """What the groups were like: described, not tested."""
        if not self.numbers.w.material.tables["balance"].empty:
            yield self.numbers.paragraph("trial.alike")
        yield from self.described.balance()

    def benchmark(self) -> Iterator[Block]:
        """What was put into made-up data beside what was found."""
        return trial_truth.truth(self.numbers)

    def flow(self) -> dict[str, Any]:
        """Boxes as in CONSORT for clusters: what was drawn, then offices and persons of each group."""
        first = self.attrition[self.attrition["step"].eq(self.attrition["step"].min())]
        total = {name: Ref(first[name].sum(), "attrition", "delivered", name) for name in ("persons", "offices")}
        arms = [
            [self._box(row, arm) for _, row in self.attrition[self.attrition["arm"].eq(arm.id)].iterrows()]
            for arm in self.numbers.card.arms
        ]
        common = [self.numbers.word("trial.flow.drawn", **total)]
        return {"common": common, "arms": [own for own in arms if own], "aside": {}}

    def _box(self, row: pd.Series, arm: Arm) -> str:
        label = self.numbers.w.text(arm.label)
        place = f"{row['reason']}/{row['arm']}"
        sizes = {name: Ref(row[name], "attrition", place, name) for name in ("persons", "offices")}
        return self.numbers.word(f"trial.flow.{row['reason']}", label=label, **sizes)

    def method(self) -> Iterator[Block]:
        """Difference, test and error."""
        return trial_method.method(self.numbers)
