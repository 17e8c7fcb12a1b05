"""The numbers of a check as references: its own, and those of each row of its table."""

from collections.abc import Mapping
from typing import Any

from analysis.checks import Check
from analysis.report.book import Ref, Row


def own_values(check: Check) -> Row:
    """Value, threshold and the other numbers of the check itself."""
    return Row("checks", check.name, {"value": check.value, "threshold": check.threshold, **check.values})


def table_rows(check: Check) -> list[Row]:
    """Rows of the check's table; ``honest_did/2`` is the third row of `honest_did`."""
    return [Row("checks", f"{check.name}/{number}", record) for number, record in enumerate(check.table)]


def count(check: Check, number: int, of: str) -> Ref:
    """How many rows, or distinct values of `of`, stand in the table."""
    return Ref(number, "checks", f"{check.name}/", of)


class Renamed:
    """A row read under other names, such as ``conf_low`` for its ``calibrated_low``; the reference keeps its own."""

    def __init__(self, row: Row, names: Mapping[str, str]):
        self._row, self._names = row, names

    def __getattr__(self, column: str) -> Ref:
        if column not in self._names:
            raise AttributeError(column)
        return getattr(self._row, self._names[column])

    def text(self, column: str) -> Any:
        """A value that is a name, not a number to print."""
        return self._row.text(self._names[column])
