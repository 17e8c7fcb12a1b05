"""What a released cell rests on: the row of estimates that it is or was taken from, its specification, its method."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.provenance import ROOT
from analysis.results import IDENTITY
from analysis.tables import COST_TABLE, MAIN
from analysis.trace.cells import FIRST_LINE, Cell
from analysis.trace.folder import Folder, same

METHODS = ROOT / "docs" / "methods.md"
ESTIMATES = "estimates"
# Tables that pass on a row of a cohort's estimates, and their columns for the same numbers.
PASSED_ON: dict[str, dict[str, str]] = {
    "comparison": {name: name for name in ("estimate", "conf_low", "conf_high")},
    "horizons": {name: name for name in ("estimate", "conf_low", "conf_high")},
    "synthesis": {"estimate": "estimate"},
    COST_TABLE: {"value": "estimate", "conf_low": "conf_low", "conf_high": "conf_high"},
    "checks": {name: name for name in ("conf_low", "conf_high")},
}
# Names of months after the start in those tables.
MONTHS = ("horizon_months", "months")
# The row of the costs that is taken from the estimates.
EFFECT = "effect"


@dataclass(frozen=True)
class Estimate:
    """A row of a cohort's estimates: its line, its id and its columns as text."""

    cohort: str
    line: int
    id: str
    row: Mapping[str, Any]

    def identity(self) -> list[str]:
        """The columns that tell this row from all others, with what stands in them."""
        known = [(name, self.row[name]) for name in IDENTITY if name != "cohort"]
        return [f"{name} {value}" for name, value in known if value is not None]


def estimates_behind(folder: Folder, cohort: str, cell: Cell) -> list[Estimate]:
    """The rows of the cohort's estimates that a cell is in, or was taken from."""
    name = f"{cohort}/{ESTIMATES}.csv"
    if not folder.has(name):
        return []
    if cell.file == name:
        return [_estimate(folder, cohort, line) for line in cell.lines]
    table = Path(cell.file).stem
    for row in cell.rows:
        if table == COST_TABLE and row.get("quantity") != EFFECT:
            return _effect(folder, cohort)
        found = _same_numbers(folder, cohort, row, PASSED_ON.get(table, {}))
        if found:
            return found
    return []


def _effect(folder: Folder, cohort: str) -> list[Estimate]:
    """The estimate that the costs of a cohort are reckoned from."""
    costs = folder.table(f"{cohort}/{COST_TABLE}.csv").to_dict("records")
    effect = next((row for row in costs if row["quantity"] == EFFECT), None)
    return [] if effect is None else _same_numbers(folder, cohort, effect, PASSED_ON[COST_TABLE])


def _same_numbers(folder: Folder, cohort: str, row: Mapping[str, Any], columns: Mapping[str, str]) -> list[Estimate]:
    """The first row of the estimates with the same numbers, at the same time where one is said."""
    asked = {theirs: row[own] for own, theirs in columns.items() if row.get(own) is not None}
    if not asked:
        return []
    months = [row[name] for name in MONTHS if row.get(name) is not None]
    asked |= {"horizon_months": months[0]} if months else {}
    asked |= {name: row[name] for name in ("outcome", "inference") if row.get(name) is not None}
    for place, other in enumerate(folder.table(f"{cohort}/{ESTIMATES}.csv").to_dict("records")):
        if all(same(other[name], value) for name, value in asked.items()):
            return [_estimate(folder, cohort, place + FIRST_LINE)]
    return []


def _estimate(folder: Folder, cohort: str, line: int) -> Estimate:
    name, place = f"{cohort}/{ESTIMATES}.csv", line - FIRST_LINE
    row = folder.table(name).iloc[place].to_dict()
    return Estimate(cohort, line, folder.ids(name).iloc[place], row)


def overrides(card: Mapping[str, Any], spec: str) -> list[str]:
    """The keys of the card that a specification changes, with their values; none for the main one and for those that
    are made by the method itself (placebo dates, ties, scenarios)."""
    changed = next((row for row in card["sensitivity"] if row["name"] == spec), None)
    if changed is None:
        return []
    return [text for key, value in changed.items() if key not in ("name", "title") for text in _leaves(key, value)]


def _leaves(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(f"{key}.{name}", one)
    elif value is None or isinstance(value, str | int | float | list):
        yield f"{key}: {'ingen' if value is None else str(value).lower() if isinstance(value, bool) else value}"


def specification_words(card: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """What a row's specification is, in words."""
    spec = row["spec"]
    if spec == MAIN:
        return "main, hovedvalget i kortet"
    changed = overrides(card, spec)
    if changed:
        return f"{spec}, en følsomhetsrad i kortet som endrer {'; '.join(changed)}"
    choices = [part for part in spec.split(";") if "=" in part]
    if choices:
        return f"{spec}, der {' og '.join(part.replace('=', ' er ') for part in choices)}"
    return f"{spec}, som metoden selv lager ved siden av hovedvalget"


def method_sections(names: list[str]) -> list[str]:
    """Headings of the registry of methods that name one of these estimators or inferences, in their order."""
    if not METHODS.is_file():
        return []
    heads = re.findall(r"^#+ (.+)$", METHODS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [head.replace("`", "") for name in names for head in heads if f"`{name}`" in head]
    return list(dict.fromkeys(found))
