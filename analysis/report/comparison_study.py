"""One study as the comparison report reads it: its card, its grade, its own report, and its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.files import read_json
from analysis.questions import Questions
from analysis.report.blocks import Runs
from analysis.report.book import Book, Row
from analysis.report.material import read_material
from analysis.report.treated_numbers import point_decimals
from analysis.report.writer import Writer
from analysis.tables import COST_TABLE


@dataclass(frozen=True)
class Study:
    """`headline`: its row of the comparison; `columns`: its rows by month; `place`: question, and whether it is a
    neighbour of it; `report`: the model of its own report in the same language."""

    w: Writer
    headline: pd.Series
    columns: Mapping[int, pd.Series]
    place: tuple[int, bool]
    report: dict[str, Any]

    @property
    def cohort(self) -> str:
        """Name of its folder."""
        return self.w.material.cohort

    @property
    def card(self) -> Card:
        """Its card."""
        return self.w.material.card

    @property
    def synthetic(self) -> bool:
        """Whether its data are made up."""
        return self.card.data_kind == "synthetic"

    @property
    def name(self) -> str:
        """Its short title."""
        return self.w.text(self.card.short_title)

    def lead(self) -> Runs:
        """The main sentence of its own report, with the same numbers."""
        lead = next(block for block in self.report["sections"][0]["blocks"] if block["type"] == "paragraph")
        return self.w.book.quoted(lead["runs"], self.report["numbers"])

    def row(self, months: int) -> Row:
        """The row of one column, as references."""
        return Row("horizons", str(months), self.columns[months])

    def main(self) -> Row:
        """The headline, as references."""
        return Row("comparison", "headline", self.headline)


def read_studies(
    folder: str | Path,
    reports: Iterable[str | Path],
    comparison: pd.DataFrame,
    horizons: pd.DataFrame,
    questions: Questions,
    book: Book,
) -> list[Study]:
    """The studies of the comparison by question and design, never by effect.

    `folder` holds the review folder of each cohort; `reports` are the models of their reports in the book's language.
    """
    models = {Path(path).parent.name: read_json(path) for path in reports}
    found = []
    for _, headline in comparison.iterrows():
        cohort = headline["cohort"]
        rows = horizons[horizons["cohort"].eq(cohort)]
        material = read_material(Path(folder) / cohort, tables=(COST_TABLE,))
        decimals = point_decimals(rows["estimate"], material.provenance)
        own = Book(book.language, book.catalogue, book.numbers, f"{cohort}/", decimals)
        writer = Writer(material, own)
        columns = {int(row["months"]): row for _, row in rows.iterrows()}
        found.append(Study(writer, headline, columns, questions.place(cohort), models[cohort]))
    return sorted(found, key=lambda study: (study.place, study.headline["design_order"], study.cohort))
