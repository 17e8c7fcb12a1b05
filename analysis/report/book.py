"""Texts with numbers in them: every number is a reference to a released row, formatted in one place.

A template of the catalogue says ``{{ main.estimate | points }}``. The filter formats the number, writes it down in
the book with where it comes from, and leaves a mark in the text; `runs` turns marked text into runs for the renderers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
import pandas as pd

from analysis.report.language import Language
from analysis.results import estimate_id
from analysis.yamlio import read_texts

# Private-use characters that no text of ours holds: number marks around an index.
OPEN, CLOSE = "\ue000", "\ue001"
STAR, BRACKET = "\ue002", "\ue003"
# Code of the texts that were read, by text: it knows the names of the filters, and each report brings its own.
_COMPILED: dict[str, CodeType] = {}
_PIECES = re.compile(rf"{OPEN}(\d+){CLOSE}|\*\*(.+?)\*\*|\[([^\]]+)\]\((#[\w-]+|https://[^)\s]+)\)", re.DOTALL)


@dataclass(frozen=True)
class Ref:
    """A value and where it stands: released table, row and column."""

    value: Any
    table: str
    row: str
    column: str

    def __bool__(self) -> bool:
        return not pd.isna(self.value)

    def source(self) -> dict[str, str]:
        """The reference as plain data."""
        return {"table": self.table, "row": self.row, "column": self.column}


class Row:
    """One row of a released table whose attributes are references."""

    def __init__(self, table: str, row: str, values: Any):
        self._table, self._row, self._values = table, row, values

    def __getattr__(self, column: str) -> Ref:
        if column.startswith("__") or column not in self._values:
            raise AttributeError(column)
        return Ref(self._values[column], self._table, self._row, column)

    def text(self, column: str) -> Any:
        """A value that is a name, not a number to print."""
        return self._values[column]


def estimate(row: pd.Series) -> Row:
    """A row of the estimates table as references."""
    return Row("estimates", estimate_id(row), row)


def read_book(code: str, strings: str | Path, **given: Any) -> "Book":
    """An empty book in language `code`, worded by the catalogue `strings`; `given` as in Book."""
    catalogue = read_texts(strings)
    return Book(Language.of(code, catalogue), catalogue, **given)


@dataclass
class Book:
    """The numbers of one report in one language, and the catalogue that words them.

    A report on several studies has a book for each, which share `numbers`; `prefix` says whose tables they come from.
    """

    language: Language
    catalogue: dict[str, Any]
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    prefix: str = ""
    # Of percentage points: fewer where numbers were rounded before they were released.
    point_decimals: int = 1

    def __post_init__(self) -> None:
        self._templates: dict[str, jinja2.Template] = {}
        # Not optimised: a filter of a constant would be reckoned once, for the first report that reads the text.
        self.environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False, optimized=False)  # noqa: S701 - no HTML
        self.environment.filters |= {
            "percent": self.percent,
            "points": self.points,
            "number": self.number,
            "amount": self.amount,
            "p": self.p_value,
            "points_interval": self.points_interval,
            "percent_interval": self.percent_interval,
            "number_interval": self.number_interval,
            "amount_interval": self.amount_interval,
            "month": self.language.month,
            "literal": self.literal,
        }

    def in_language(self, texts: Mapping[str, str]) -> str:
        """The text of its language, or that in Bokmål where there is none."""
        return texts.get(self.language.code) or texts["nb"]

    def word(self, key: str, **values: Any) -> str:
        """The catalogue's text for `key` (parts joined by dots), with numbers as marks. KeyError without one."""
        text = self._template(key).render(**values).strip()
        # A line break with an indent comes from the layout of the catalogue, not from its author's wish.
        return re.sub(r"\s*\n +", " ", text)

    def _template(self, key: str) -> jinja2.Template:
        """The compiled text of `key`; sentences return often, in a report and in the next, and compiling takes time."""
        if key not in self._templates:
            entry: Any = self.catalogue
            for part in key.split("."):
                entry = entry[part]
            if entry not in _COMPILED:
                _COMPILED[entry] = self.environment.compile(entry)
            names = self.environment.make_globals(None)
            self._templates[key] = jinja2.Template.from_code(self.environment, _COMPILED[entry], names)
        return self._templates[key]

    def runs(self, text: str) -> list[dict[str, Any]]:
        """Marked text as runs: plain, number, **strong** and [link](#id)."""
        runs, place = [], 0
        for match in _PIECES.finditer(text):
            if match.start() > place:
                runs.append({"text": text[place : match.start()]})
            runs.extend(self._piece(match))
            place = match.end()
        if place < len(text):
            runs.append({"text": text[place:]})
        return [{**run, "text": run["text"].replace(STAR, "*").replace(BRACKET, "[")} for run in runs]

    def _piece(self, match: re.Match) -> list[dict[str, Any]]:
        if match[1] is not None:
            name = f"n{match[1]}"
            return [{"text": self.numbers[name]["text"], "number": name}]
        if match[2] is not None:
            return [{**run, "strong": True} for run in self.runs(match[2])]
        return [{"text": match[3], "href": match[4]}]

    def say(self, key: str, **values: Any) -> list[dict[str, Any]]:
        """`word` as runs."""
        return self.runs(self.word(key, **values))

    def file_words(self) -> dict[str, Any]:
        """Words of the workbook and of the kit, which are written from the model alone."""
        return {**self.catalogue["files"], "interval_word": self.catalogue["interval_word"]}

    @staticmethod
    def literal(text: str) -> str:
        """Text of a machine (a formula, a convention) that must not be read as our markup."""
        return text.replace("*", STAR).replace("[", BRACKET)

    def plain(self, text: str) -> str:
        """Marked text without marks, for places that hold text alone (figures)."""
        return "".join(run["text"] for run in self.runs(text))

    def mark(self, ref: Ref, text: str, unit: str) -> str:
        """Write a number down and return its mark."""
        value = ref.value.item() if hasattr(ref.value, "item") else ref.value
        source = ref.source()
        number = {"value": value, "text": text, "unit": unit, "source": {**source, "table": self.prefix + ref.table}}
        return self._marked(number)

    def _marked(self, number: dict[str, Any]) -> str:
        index = len(self.numbers) + 1
        self.numbers[f"n{index}"] = number
        return f"{OPEN}{index}{CLOSE}"

    def quoted(self, runs: list[dict[str, Any]], numbers: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Runs of another report with its `numbers`, whose numbers this report has from the same rows."""
        return [self._quoted(run, numbers) if "number" in run else run for run in runs]

    def _quoted(self, run: dict[str, Any], numbers: dict[str, dict[str, Any]]) -> dict[str, Any]:
        number = numbers[run["number"]]
        self._marked({**number, "source": {**number["source"], "table": self.prefix + number["source"]["table"]}})
        return {**run, "number": f"n{len(self.numbers)}"}

    def percent(self, ref: Ref, base: Ref | None = None, words: bool = False, decimals: int | None = None) -> str:
        """A share as per cent, rounded by its base; with `words` the number alone, for «29,7 prosent»."""
        size = None if base is None else float(base.value)
        text = self.language.percent(ref.value, size, decimals)
        return self.mark(ref, text.rstrip("%").rstrip() if words else text, "percent")

    def points(self, ref: Ref, sign: bool = False, absolute: bool = False, decimals: int | None = None) -> str:
        """A difference between shares in percentage points; `absolute` where the words say the direction."""
        value = abs(ref.value) if absolute else ref.value
        text = self.language.points(value, self.point_decimals if decimals is None else decimals, sign=sign)
        return self.mark(ref, text, "percentage_points")

    def number(self, ref: Ref, decimals: int = 0, sign: bool = False, absolute: bool = False) -> str:
        """A count, an amount or a statistic."""
        value = abs(ref.value) if absolute else ref.value
        return self.mark(ref, self.language.number(value, decimals, sign=sign), "number")

    def amount(self, ref: Ref, sign: bool = False, absolute: bool = False) -> str:
        """Kroner, rounded as readers need them; the words say the currency."""
        value = abs(ref.value) if absolute else ref.value
        return self.mark(ref, self.language.amount(value, sign=sign), "kroner")

    def p_value(self, ref: Ref, bare: bool = False) -> str:
        """``= 0,09``; `bare` without the equals sign, for columns."""
        text = self.language.p_value(ref.value)
        return self.mark(ref, text.removeprefix("=\u00a0") if bare else text, "p_value")

    def _between(self, low: str, high: str) -> str:
        return f"{low} {self.catalogue['interval_word']} {high}"

    def points_interval(self, row: Row) -> str:
        """``−1,1 til 13,0`` from the bounds of a difference."""
        return self._between(self.points(row.conf_low), self.points(row.conf_high))

    def percent_interval(self, row: Row, base: Ref | None = None) -> str:
        """``59,7 til 83,8`` from the bounds of a share, without the sign."""
        bounds = (self.percent(bound, base, words=True) for bound in (row.conf_low, row.conf_high))
        return self._between(*bounds)

    def number_interval(self, row: Row, decimals: int = 0) -> str:
        """Bounds of an amount."""
        return self._between(self.number(row.conf_low, decimals), self.number(row.conf_high, decimals))

    def amount_interval(self, row: Row) -> str:
        """Bounds of an amount in kroner."""
        return self._between(self.amount(row.conf_low), self.amount(row.conf_high))
