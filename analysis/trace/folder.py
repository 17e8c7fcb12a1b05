"""A released folder whose files are read once, and what it takes for two values in it to be the same."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.files import read_json
from analysis.problems import Problem, ProblemsFound
from analysis.results import estimate_id

CLOSE = 1e-9


class Folder:
    """A released folder, by its path; texts of tables stay as they are written."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._read: dict[str, Any] = {}

    def table(self, name: str) -> pd.DataFrame:
        """A released table as text, by its path below the folder; missing values are None."""
        if name not in self._read:
            self._require(name)
            frame = pd.read_csv(self.path / name, dtype="str", keep_default_na=False).astype("object")
            self._read[name] = frame.mask(frame.isin(["NA", ""]), None)
        return self._read[name]

    def json(self, name: str) -> Any:
        """A released JSON file, by its path below the folder."""
        if name not in self._read:
            self._require(name)
            self._read[name] = read_json(self.path / name)
        return self._read[name]

    def _require(self, name: str) -> None:
        if not self.has(name):
            mend = "Kjør make, eller hent hele mappen på nytt."
            raise ProblemsFound(
                "Den frigitte mappen er ikke hel.", [Problem(f"{self.path}/{name}", "filen mangler.", mend)]
            )

    def has(self, name: str) -> bool:
        """Whether the folder has this file."""
        return (self.path / name).is_file()

    def cohorts(self) -> list[str]:
        """Cohorts with released numbers."""
        return sorted(path.parent.name for path in self.path.glob("*/provenance.json"))

    def ids(self, name: str) -> pd.Series:
        """The id of each row of a table with the columns of estimates (analysis/results.py)."""
        key = f"{name} ids"
        if key not in self._read:
            rows = self.table(name).to_dict("records")
            self._read[key] = pd.Series([estimate_id(_typed(row)) for row in rows], dtype="object")
        return self._read[key]


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of texts with its counts as numbers, which an estimate id is made of."""
    counts = ("horizon_months", "event_time")
    return {**row, **{name: None if row[name] is None else float(row[name]) for name in counts}}


def same(one: Any, value: Any) -> bool:
    """The same text, or the same number."""
    if one is None or value is None or isinstance(one, Mapping | list):
        return False
    left, right = as_number(one), as_number(value)
    if left is None or right is None:
        return str(one) == str(value)
    return math.isclose(left, right, rel_tol=CLOSE, abs_tol=CLOSE)


def as_number(text: Any) -> float | None:
    """A number, or None for what is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
