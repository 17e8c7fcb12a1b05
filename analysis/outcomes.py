"""The outcome library: definitions in config/outcomes.yaml, and the functions that make one outcome from another."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd

from analysis.yamlio import read_yaml

LIBRARY = Path(__file__).resolve().parent.parent / "config" / "outcomes.yaml"


@dataclass(frozen=True)
class Outcome:
    """What is measured. `unit` is a text per language for amounts and None for shares."""

    name: str
    label: dict[str, str]
    phrase: dict[str, str]
    definition: dict[str, str]
    kind: Literal["share", "amount"]
    timing: Literal["point", "ever"]
    role: Literal["work", "process"]
    unit: dict[str, str] | None = None
    source: str | None = None
    function: str | None = None


def above_zero(values: pd.Series) -> pd.Series:
    """1.0 where the amount is above zero, 0.0 where it is zero, missing where it is missing."""
    return (values > 0).astype("float64").where(values.notna())


FUNCTIONS: dict[str, Callable[[pd.Series], pd.Series]] = {"above_zero": above_zero}


@cache
def load_outcomes(path: Path = LIBRARY) -> dict[str, Outcome]:
    """Read the library. A malformed entry is a programming error and raises TypeError or KeyError."""
    return {name: _outcome(name, entry) for name, entry in read_yaml(path).data.items()}


def _outcome(name: str, entry: dict) -> Outcome:
    made = entry.pop("from", None) or {}
    outcome = Outcome(name=name, source=made.get("outcome"), function=made.get("function"), **entry)
    if outcome.function is not None and outcome.function not in FUNCTIONS:
        raise KeyError(f"{name}: no function {outcome.function}")
    return outcome


def sources(names: list[str]) -> list[str]:
    """The outcomes that must stand in the delivery so that all of `names` can be made."""
    library = load_outcomes()
    return list(dict.fromkeys(library[name].source or name for name in names))


def with_derived(panel: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """`panel` with a column for each of `names`, made from its source where the library says so."""
    library = load_outcomes()
    for name in names:
        outcome = library[name]
        if outcome.function is not None:
            panel = panel.assign(**{name: FUNCTIONS[outcome.function](panel[outcome.source])})
    return panel
