"""What reports on published figures without a comparison share: facts, empty sections, and what is needed."""

import re
from collections.abc import Iterator
from typing import Any

from analysis.needs import needs
from analysis.published import Figures
from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref
from analysis.report.writer import Writer, capital

MONTH = re.compile(r"\d{4}-\d{2}")
CASELOAD = "users_per_adviser"


def needed(w: Writer, *, estimated: bool) -> Iterator[Block]:
    """What the source lacks before an effect can be estimated, or estimated more surely, as a list."""
    figures = Figures.model_validate(w.material.figures)
    keys = needs(w.material.card, figures)
    if keys:
        yield w.paragraph("needs.intro_sharper" if estimated else "needs.intro")
        yield blocks.bullets(w.say(f"needs.items.{key}") for key in keys)


def fact_time(w: Writer, fact: dict[str, Any]) -> str:
    """When a figure of a source was measured: a month, or the source's own words for it."""
    time = fact["time"] or "–"
    return w.book.language.month(time) if MONTH.fullmatch(time) else w.own(time)


class Stated:
    """A report on figures that nothing is estimated from; a section that does not apply is empty."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card

    def facts(self) -> dict[str, dict[str, Any]]:
        """Facts of the source by id."""
        return {fact["id"]: fact for fact in self.w.material.facts}

    def count(self, name: str) -> Ref:
        """A whole number that the source states."""
        return Ref(int(self.facts()[name]["value"]), "facts", name, "value")

    def decisive(self) -> None:
        """Nothing has a direction to decide."""
        return

    def keyfigures(self) -> Block | None:
        """No large numbers."""
        return None

    def over_time(self) -> Iterator[Block]:
        """Nothing over time."""
        return iter(())

    def balance(self) -> Iterator[Block]:
        """No groups to hold against each other."""
        return iter(())

    def benchmark(self) -> Iterator[Block]:
        """Published figures have no benchmark."""
        return iter(())

    def method(self) -> Iterator[Block]:
        """Nothing was worked out."""
        return iter(())

    def flow_of(self, common: str) -> dict[str, Any]:
        """Boxes of the flow: what the source says in all, then each group."""
        boxes = []
        for _, row in self.w.material.tables["attrition"].iterrows():
            label = next(self.w.text(arm.label) for arm in self.card.arms if arm.id == row["arm"])
            persons, offices = (Ref(row[name], "attrition", row["arm"], name) for name in ("persons", "offices"))
            boxes.append([self.w.word("flow.stated", label=label, persons=persons, offices=offices, derived=False)])
        return {"common": [common], "arms": boxes, "aside": {}}

    def caseloads(self) -> Block | None:
        """Users per adviser as the source has them; None if it has none."""
        found = [fact for fact in self.w.material.facts if fact["unit"] == CASELOAD and fact["value"] is not None]
        if not found:
            return None
        names = ("what", "value", "certainty")
        columns = [
            blocks.column(self.w.label(f"exposures.caseload_columns.{name}"), right=name == "value", width=width)
            for name, width in zip(names, (2.4, 1.0, 1.2), strict=True)
        ]
        rows = [
            [
                self.w.runs(capital(self.w.text(fact["what"]))),
                self.w.runs(
                    self.w.book.mark(Ref(fact["value"], "facts", fact["id"], "value"), fact["value"], CASELOAD)
                ),
                self.w.say(f"certainties.{fact['certainty']}"),
            ]
            for fact in found
        ]
        return blocks.table("tab-portefolje", self.w.say("exposures.caseload"), columns, rows)
