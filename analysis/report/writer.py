"""One cohort's words: the book of numbers together with what every sentence may need from the card."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.checks import Check
from analysis.outcomes import Outcome, load_outcomes
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Book, Ref, Row, estimate
from analysis.report.language import nice_ticks
from analysis.report.material import Material
from analysis.strict import Text

# Decimals of an axis mark at most.
MOST_DECIMALS = 3


def capital(words: str) -> str:
    """Capital first letter, the rest as it is: names keep theirs."""
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Writer:
    """Says catalogue texts about one cohort in one language."""

    material: Material
    book: Book

    @property
    def code(self) -> str:
        """The language."""
        return self.book.language.code

    def text(self, words: Text | dict[str, str | None]) -> str:
        """A card's text in the report's language: its own, or a translation beside it; Bokmål where there is none."""
        texts = words.model_dump() if isinstance(words, Text) else words
        return texts.get(self.code) or self.material.translations.get(texts["nb"], {}).get(self.code) or texts["nb"]

    def own(self, text: str) -> str:
        """A name or a time that a card or source has as plain text, in the report's language where it is translated."""
        return self.text({"nb": text})

    def outcome(self, name: str) -> Outcome:
        """An outcome of the library."""
        return load_outcomes()[name]

    def context(self) -> dict[str, Any]:
        """Values that any sentence may use: names, groups, the main outcome, and the card's plain numbers."""
        card = self.material.card
        main = self.outcome(card.outcomes.primary)
        level = Ref(card.inference.level, "cohort", "inference", "level")
        return {
            "name": self.text(card.intervention_name),
            "usual_care": self.text(card.content.usual_care),
            "labels": {arm.role: self.text(arm.label) for arm in card.arms},
            "phrase": self.text(main.phrase),
            "outcome": self.text(main.label),
            "level": level,
            "card": card,
            "capital": capital,
        }

    def word(self, key: str, **values: Any) -> str:
        """A catalogue text with marked numbers."""
        return self.book.word(key, **{**self.context(), **values})

    def say(self, key: str, **values: Any) -> Runs:
        """A catalogue text as runs."""
        return self.book.runs(self.word(key, **values))

    def label(self, key: str, **values: Any) -> str:
        """A catalogue text as plain text, for labels of figures and columns."""
        return self.book.plain(self.word(key, **values))

    def paragraph(self, key: str, *, style: str | None = None, **values: Any) -> Block:
        """A paragraph from the catalogue."""
        return blocks.paragraph(self.say(key, **values), style)

    def runs(self, text: str) -> Runs:
        """Text that is not in the catalogue (card, sources), or marked numbers."""
        return self.book.runs(text)

    def heading(self, key: str) -> str:
        """A heading."""
        return self.word(f"headings.{key}")

    def ticks(self, low: float, high: float, *, percent: bool = False, points: bool = False) -> list[dict[str, Any]]:
        """Axis marks with their labels: plain numbers, per cent, or percentage points of a difference."""
        scale = 100 if percent or points else 1
        values = nice_ticks(scale * low, scale * high)
        decimals = next((n for n in range(MOST_DECIMALS) if all(round(v, n) == v for v in values)), MOST_DECIMALS)
        ending = self.book.language.percent_ending if percent else ""
        return [
            {"value": value / scale, "label": self.book.language.number(value, decimals) + ending} for value in values
        ]

    def rows(self, **wanted: Any) -> pd.DataFrame:
        """Rows of the estimates table with these values."""
        # The type too: to Python 1, 1.0 and True are one key.
        key = tuple((column, type(value), value) for column, value in wanted.items())
        if key not in self._selections:
            self._selections[key] = self._selected(wanted)
        # A frame of the caller's own, which shares the values until one of them changes.
        return self._selections[key].copy(deep=False)

    @cached_property
    def _selections(self) -> dict[tuple, pd.DataFrame]:
        """Rows that were asked for, by what was asked: a report asks for the same ones many times."""
        return {}

    def _selected(self, wanted: dict[str, Any]) -> pd.DataFrame:
        frame = self.material.estimates
        # One selection at the end: every one of them copies a wide table.
        chosen = np.ones(len(frame), dtype=bool)
        for column, value in wanted.items():
            chosen &= self._mask(column, value)
        return frame[chosen]

    def _mask(self, column: str, value: Any) -> np.ndarray:
        """True for the rows that hold `value` in `column`."""
        key = (column, type(value), value)
        if key not in self._masks:
            self._masks[key] = self.material.estimates[column].eq(value).to_numpy(bool, na_value=False)
        return self._masks[key]

    @cached_property
    def _masks(self) -> dict[tuple, np.ndarray]:
        """Where a column holds a value, by column and value: selections differ in one of them at a time."""
        return {}

    def row(self, **wanted: Any) -> Row:
        """The one row of the estimates table with these values; ValueError if there are none or several."""
        found = self.rows(**wanted)
        if len(found) != 1:
            raise ValueError(f"{len(found)} estimate rows for {wanted}")
        return estimate(found.iloc[0])

    def say_check(self, check: Check) -> Runs:
        """The sentence of a check; a limitation's stands in the card."""
        if check.text_id == "check.limitation":
            wanted = check.values["id"]
            return self.runs(next(self.text(item.text) for item in self.material.card.limitations if item.id == wanted))
        return self.say(check.text_id, **self.check_context(check))

    def check_context(self, check: Check) -> dict[str, Any]:
        """What the texts on a check may use: its numbers as references, the unit of its outcome, and names."""
        found = {"value": check.value, "threshold": check.threshold, **check.values}
        values = {name: Ref(value, "checks", check.name, name) for name, value in found.items()}
        values |= {name: value for name, value in check.values.items() if isinstance(value, str)}
        if "outcome" in check.values:
            values |= self.unit(check.values["outcome"])
        names = {"covariates": self.covariates(), "named": self.relations()}
        words = {"methods": self.book.catalogue["family"]["names"], "appraisal": self.book.catalogue["appraisal"]}
        return {**values, **names, **words}

    def unit(self, outcome: str) -> dict[str, Any]:
        """How an outcome is printed: is it a share, its unit, and its label."""
        found = self.outcome(outcome)
        unit = "" if found.unit is None else self.text(found.unit)
        return {"share": found.kind == "share", "unit": unit, "label": self.text(found.label)}

    def relations(self) -> dict[str, str]:
        """What each relation between a source's figures is about, by its id."""
        return {item["id"]: self.text(item["what"]) for item in self.material.figures.get("relations", [])}

    def covariates(self) -> dict[str, str]:
        """Labels of the background characteristics by name."""
        return {item.name: self.text(item.label) for item in self.material.card.covariates}
