"""What every reader of a delivery gives, and how it says that a file cannot be read."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from analysis.cards import File
from analysis.csv_rows import name_problems
from analysis.problems import Problem

SHOWN_ROWS = 5
SURROGATE = re.compile("[\ud800-\udfff]")  # bytes that were no character


@dataclass(frozen=True)
class Source:
    """Names of the columns, and tables of text with them and with the row number in `ROW`, in the file's order.

    Going through `batches` may raise `Unreadable`.
    """

    names: list[str]
    batches: Iterator[pa.Table]


class Unreadable(Exception):
    """A file that is not as the card says. With `rows_stand` the rows that were read are right, so that they can be
    checked in the same round."""

    def __init__(self, problems: Iterable[Problem], *, rows_stand: bool = False):
        self.problems = list(problems)
        self.rows_stand = rows_stand
        super().__init__(len(self.problems))


def checked_names(names: list[str], where: str) -> list[str]:
    """The names, where each can be read and is there once; raises Unreadable otherwise."""
    for place, name in enumerate(names, start=1):
        if not isinstance(name, str) or not name or "\0" in name or SURROGATE.search(name):
            raise Unreadable([Problem(f"{where}, kolonne {place}", "kolonnen har ikke et navn som kan leses.")])
    if problems := name_problems(names, where):
        raise Unreadable(problems)
    return names


def columns_wanted(file: File) -> list[str]:
    """Source columns that the card names for the file."""
    named = [column.column for column in file.columns.values() if column.column]
    return list(dict.fromkeys([*named, *(outcome.column for outcome in file.outcomes), *file.keep]))


def row_words(count: int, first: list[int]) -> str:
    """``rad 3`` or ``rad 3, 7, 9 … (120 rader)``."""
    listed = ", ".join(str(row) for row in first)
    return f"rad {listed}" if count == len(first) else f"rad {listed} … ({count} rader)"
