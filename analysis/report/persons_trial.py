"""What a report says of a trial that drew persons by lot: which section stands where."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks, trial_curve, trial_results
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row, estimate
from analysis.report.described import Described
from analysis.report.trial_method import adjusted_for
from analysis.report.trial_numbers import BLANK, Numbers, bounded, freedom
from analysis.report.trial_summary import concluded
from analysis.report.trial_truth import truth
from analysis.report.writer import Writer, capital

DIFFERENCE = (
    "hat(delta) = sum_s n_s / n (overline(y)_(1 s) - overline(y)_(0 s))",
    '<math display="block"><mrow><mover><mi>δ</mi><mo>^</mo></mover><mo>=</mo><munder><mo>∑</mo><mi>s</mi></munder>'
    "<mfrac><msub><mi>n</mi><mi>s</mi></msub><mi>n</mi></mfrac><mo>(</mo>"
    "<msub><mover><mi>y</mi><mo>¯</mo></mover><mrow><mn>1</mn><mi>s</mi></mrow></msub><mo>−</mo>"
    "<msub><mover><mi>y</mi><mo>¯</mo></mover><mrow><mn>0</mn><mi>s</mi></mrow></msub><mo>)</mo></mrow></math>",
)


class PersonsTrial:
    """Sections of a report on an individually randomised trial."""

    def __init__(self, writer: Writer):
        self.numbers = Numbers(writer)
        self.described = Described(writer)
        self.attrition = writer.material.tables["attrition"].sort_values("step", kind="stable")

    def decisive(self) -> Row:
        """The row that the conclusion rests on."""
        return self.numbers.decisive()

    def summary(self) -> Iterator[Block]:
        """The conclusion, the shares behind it, the other horizons, and what the whole curve adds up to."""
        m = self.numbers
        mark = [] if m.card.synthetic is None else [*m.say("matched.truth.mark"), {"text": " "}]
        yield blocks.paragraph([*mark, *concluded(m)], "lead")
        yield blocks.paragraph(m.w.runs(" ".join(self._behind())))
        yield blocks.paragraph(m.w.runs(" ".join(self._later())))
        if m.card.synthetic is not None:
            yield m.paragraph("matched.truth.known")

    def _behind(self) -> Iterator[str]:
        m, row = self.numbers, self.numbers.decisive()
        treated, comparison = m.shares(m.primary, m.horizon)
        yield m.word("persons_trial.behind", row=row, when=m.when(m.horizon), treated=treated, comparison=comparison)
        test = m.test(m.primary, m.horizon)
        if test is not None:
            yield m.word("persons_trial.tested", row=test)

    def _later(self) -> Iterator[str]:
        m = self.numbers
        for horizon in sorted(m.card.horizons[1:]):
            row = m.effect(m.primary, horizon)
            if row is not None and bounded(row):
                yield m.word("trial.later", row=row, when=m.when(horizon))
        row = trial_curve.last_area(m)
        if row is not None and bounded(row):
            yield m.word("persons_trial.area.told", row=row)
        yield m.word(f"trial.multiplicity.{m.card.trial.multiplicity}")

    def keyfigures(self) -> Block:
        """The difference, the months that the whole curve adds up to, and how many were drawn."""
        m, row = self.numbers, self.numbers.decisive()
        items = [(m.difference(row, m.primary)[0], "points", m.say("trial.key.main", row=row))]
        months = trial_curve.last_area(m)
        if months is not None:
            told = m.say("persons_trial.key.months", row=months)
            items.append((trial_curve.months(m, months)[0], "months", told))
        persons = m.w.book.number(m.summed(row, "n_treated", "n_comparison"))
        items.append((persons, "persons", m.say("persons_trial.key.persons", row=row)))
        units = m.w.book.catalogue["persons_trial"]["key_units"]
        return blocks.keyfigures((m.w.runs(text), units[unit], words) for text, unit, words in items)

    def data(self) -> Iterator[Block]:
        """What was drawn, who is compared, and what a missing outcome is."""
        yield self.numbers.paragraph("persons_trial.compared", "trial.missing")
        yield self.numbers.paragraph("persons_trial.leaving")

    def results(self) -> Iterator[Block]:
        """Differences over outcomes and horizons, and the main one in other ways."""
        yield from trial_results.differences(self.numbers)
        yield from self._ways()

    def _ways(self) -> Iterator[Block]:
        m = self.numbers
        found = m.rows(m.primary, m.horizon, status="estimated")
        found = found[found["term"].str.endswith("_difference") & found["inference"].ne("holm")]
        yield m.paragraph("persons_trial.ways.intro")
        columns = [m.column("analysis", right=False, width=2.4), m.column("estimate"), m.column("std_error")]
        columns += [m.column("interval", width=1.2), m.column("df"), m.column("p")]
        rows = [self._way(estimate(row)) for _, row in found.iterrows()]
        caption = m.say("trial.inferences_caption", when=m.when(m.horizon))
        yield blocks.table("tab-usikkerhet", caption, columns, rows, m.say("persons_trial.ways.note"))

    def _way(self, row: Row) -> list[Runs]:
        m = self.numbers
        how = "permutation" if row.text("inference") == "permutation" else "interval"
        name = m.word(f"persons_trial.ways.{row.text('spec')}.{how}")
        error, df = row.std_error, freedom(row)
        numbers = [m.w.book.points(error) if error else BLANK, m.w.book.number(df, 1) if df else BLANK]
        value, interval = m.difference(row, m.primary)
        return m.cells([capital(name), value, numbers[0], interval, numbers[1], m.p(row)])

    def over_time(self) -> Iterator[Block]:
        """The whole course, not the best month; without a curve, the groups at the horizons."""
        found = list(trial_curve.course(self.numbers))
        return iter(found) if found else self.described.over_time()

    def balance(self) -> Iterator[Block]:
        """What the groups were like: described, not tested."""
        if not self.numbers.w.material.tables["balance"].empty:
            yield self.numbers.paragraph("trial.alike")
        yield from self.described.balance()

    def benchmark(self) -> Iterator[Block]:
        """What was put into made-up data beside what was found."""
        return truth(self.numbers, "persons_trial.truth")

    def flow(self) -> dict[str, Any]:
        """Boxes as in CONSORT: who was drawn, then the persons of each group."""
        m, first = self.numbers, self.attrition[self.attrition["step"].eq(self.attrition["step"].min())]
        common = m.word(
            "persons_trial.flow.drawn", persons=Ref(first["persons"].sum(), "attrition", "delivered", "persons")
        )
        arms = [
            [self._box(row, m.w.text(arm.label)) for _, row in self.attrition.iterrows() if row["arm"] == arm.id]
            for arm in m.card.arms
        ]
        return {"common": [common], "arms": [own for own in arms if own], "aside": {}}

    def _box(self, row: pd.Series, label: str) -> str:
        persons = Ref(row["persons"], "attrition", f"{row['reason']}/{row['arm']}", "persons")
        return self.numbers.word(f"persons_trial.flow.{row['reason']}", label=label, persons=persons)

    def method(self) -> Iterator[Block]:
        """The difference, its error, the curve and the test by the draw."""
        m = self.numbers
        yield m.paragraph("persons_trial.method.difference")
        yield blocks.equation(*DIFFERENCE, m.label("persons_trial.method.words"))
        yield m.paragraph("persons_trial.method.interval")
        yield m.paragraph("persons_trial.method.curve")
        if m.card.trial.adjustment is not None:
            yield m.paragraph("trial.method.adjusted", names=", ".join(adjusted_for(m)))
        yield m.paragraph("persons_trial.method.sources")
