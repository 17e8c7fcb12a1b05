"""A table of the report as data: printed text, and the released numbers behind it in columns of their own.

A column of nothing but numbers becomes numbers. Where a cell holds several numbers, words beside its number, or
percentage points (which a spreadsheet cannot show from a share), the text stays as printed and each number stands in a
column to the right of it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from analysis.report.blocks import Runs
from analysis.report.language import MINUS

POINTS = "percentage_points"
STATED = "stated"
KNOWN_UNITS = ("percent", POINTS, "number", "p_value")
SOFT_HYPHEN = "\u00ad"
DECIMAL = re.compile(r"-?\d+(\.\d+)?")
NUMBER, LOWER, UPPER = "number", "lower", "upper"


@dataclass(frozen=True)
class Number:
    """A released number: `value` in full precision, its `text` as printed, its unit and where it stands."""

    value: float
    text: str
    unit: str
    table: str
    column: str


Cell = str | Number


@dataclass(frozen=True)
class Column:
    """A column of data: unique label, and a cell per row; a column of numbers may hold words where one is not shown."""

    label: str
    cells: tuple[Cell, ...]
    printed: bool

    @property
    def numbers(self) -> list[Number]:
        """Its numbers, from the top."""
        return [cell for cell in self.cells if isinstance(cell, Number)]


def plain(runs: Runs | None) -> str:
    """Runs as text, without the places where a word may be divided."""
    return "".join(run["text"] for run in runs or ()).replace(SOFT_HYPHEN, "")


def labels(table: dict[str, Any], words: dict[str, Any]) -> list[str]:
    """The heads of a table's columns, made unique: one that stands twice also names the column before it.

    ValueError when that does not tell them apart.
    """
    heads = [column["label"].replace(SOFT_HYPHEN, "") for column in table["columns"]]
    found = [
        words["beside"].format(label=head, before=heads[place - 1]) if heads.count(head) > 1 and place else head
        for place, head in enumerate(heads)
    ]
    _stop_if_twice(found)
    return found


def _stop_if_twice(names: Sequence[str]) -> None:
    folded = [name.casefold() for name in names]
    if len(set(folded)) < len(folded):
        raise ValueError(f"columns of one table must have different names: {names}")


def data_columns(table: dict[str, Any], numbers: dict[str, Any], words: dict[str, Any]) -> list[Column]:
    """The columns of a table of the model; `numbers` of the report, and `words` the catalogue's block ``files``."""
    found = [
        column
        for place, label in enumerate(labels(table, words))
        for column in _spread(label, [row[place] for row in table["rows"]], numbers, words)
    ]
    _stop_if_twice([column.label for column in found])
    return found


def _spread(label: str, cells: Sequence[Runs], numbers: dict[str, Any], words: dict[str, Any]) -> Iterator[Column]:
    """One column of print as columns of data."""
    held = [_numbers(cell, numbers) for cell in cells]
    if all(_alone(cell, own) for cell, own in zip(cells, held, strict=True)):
        yield Column(label, tuple(own[0] if own else plain(cell) for cell, own in zip(cells, held, strict=True)), False)
        return
    yield Column(label, tuple(plain(cell) for cell in cells), True)
    for place, name in enumerate(_names(label, cells, held, words)):
        yield Column(name, tuple(own[place] if place < len(own) else "" for own in held), False)


def _numbers(cell: Runs, numbers: dict[str, Any]) -> list[Number]:
    """The numbers of a cell in order; what a source states as a range of numbers is text."""
    found = (numbers[run["number"]] for run in cell if "number" in run)
    return [_number(one) for one in found if not isinstance(one["value"], str) or DECIMAL.fullmatch(one["value"])]


def _number(one: dict[str, Any]) -> Number:
    """A number of the model. Sources state theirs as text, per cent as per cent."""
    stated = isinstance(one["value"], str)
    unit = one["unit"] if one["unit"] in KNOWN_UNITS and not stated else STATED
    return Number(_value(one["value"]), one["text"], unit, one["source"]["table"], one["source"]["column"])


def _value(value: Any) -> float:
    return (float(value) if "." in value else int(value)) if isinstance(value, str) else value


def _alone(cell: Runs, held: Sequence[Number]) -> bool:
    """Whether a cell loses nothing as a number: it is one, as large as it is printed, or has none."""
    if not any("number" in run for run in cell):
        return True
    return (
        len(held) == 1
        and held[0].text == plain(cell).strip()
        and not held[0].text.startswith("=")
        and held[0].unit not in (POINTS, STATED)
        and not _unsigned(held[0])
    )


def _unsigned(number: Number) -> bool:
    """Whether words say the sign of a number below zero."""
    return number.value < 0 and MINUS not in number.text and any(digit in number.text for digit in "123456789")


def _names(label: str, cells: Sequence[Runs], held: Sequence[Sequence[Number]], words: dict[str, Any]) -> list[str]:
    """Names for the numbers of a column: lower and upper where they are bounds in every row, else number."""
    roles = _common([_roles(cell, words["interval_word"]) for cell, own in zip(cells, held, strict=True) if own])
    found = []
    for place, role in enumerate(roles):
        name = words[role].format(label=label)
        if roles.count(role) > 1:
            name = words["nth"].format(label=name, n=1 + roles[:place].count(role))
        shares = {own[place].unit for own in held if len(own) > place} == {POINTS}
        found.append(words["as_share"].format(label=name) if shares else name)
    return found


def _common(rows: Sequence[list[str]]) -> list[str]:
    """The roles of the longest row, when the others begin as it does."""
    longest = max(rows, key=len, default=[])
    return longest if all(row == longest[: len(row)] for row in rows) else [NUMBER] * len(longest)


def _roles(cell: Runs, interval_word: str) -> list[str]:
    """What each number of a cell is: a bound when nothing but the interval word stands between it and its neighbour."""
    marks = [index for index, run in enumerate(cell) if "number" in run]
    roles = [NUMBER] * len(marks)
    for place, (first, second) in enumerate(pairwise(marks)):
        if plain(cell[first + 1 : second]).strip() == interval_word:
            roles[place : place + 2] = [LOWER, UPPER]
    return roles
