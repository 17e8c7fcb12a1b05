"""Who is in which group of a subgrouping, and which subgroupings were stated before the outcomes were seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_subgroups import Subgroup, SubgroupPart
from analysis.cards import Card
from analysis.problems import Problem, stop_if_any

HEADING = "Undergruppene kan ikke dannes:"


def group_of(variable: Subgroup, values: pd.Series) -> pd.Series:
    """The group's id of each person, missing for whoever lacks the characteristic or is in none of the groups.

    Raises ProblemsFound where the card names numbers and the column holds text, or the other way round.
    """
    numeric = pd.api.types.is_numeric_dtype(values)
    stop_if_any(HEADING, [found for part in variable.groups for found in _unlike(variable, part, numeric)])
    found = pd.Series(None, index=values.index, dtype="str")
    for part in variable.groups:
        found[_inside(part, values)] = part.id
    return found


def _unlike(variable: Subgroup, part: SubgroupPart, numeric: bool) -> list[Problem]:
    given = [*(part.values or []), *(bound for bound in (part.at_least, part.at_most) if bound is not None)]
    if all(isinstance(value, str) != numeric for value in given):
        return []
    held, mend = ("tall", "uten") if numeric else ("tekst", "i")
    what = f"gruppen {part.id} har verdier av en annen type enn kjennetegnet {variable.by}, som er {held}."
    return [Problem(f"subgroups.{variable.name}", what, f"Skriv verdiene {mend} anførselstegn, med values.")]


def _inside(part: SubgroupPart, values: pd.Series) -> np.ndarray:
    if part.values is not None:
        return values.isin(part.values).to_numpy(bool)
    numbers = values.to_numpy("float64", na_value=np.nan)
    low = -np.inf if part.at_least is None else part.at_least
    return (numbers >= low) & (numbers <= (np.inf if part.at_most is None else part.at_most))


def exploratory(card: Card, lock: Mapping[str, Any] | None) -> frozenset[str]:
    """Names of the subgroupings that were not stated beforehand: by the card, or because the locked plan lacks them.

    A subgrouping is the plan's where characteristic, groups and expected direction are; its words may change. Without
    a lock the card is believed.
    """
    said = {item.name for item in card.subgroups if item.exploratory}
    if lock is None:
        return frozenset(said)
    planned = [Subgroup.model_validate(item) for item in lock["plan"].get("subgroups", [])]
    kept = {item.name: _fixed(item) for item in planned if not item.exploratory}
    return frozenset(said | {item.name for item in card.subgroups if kept.get(item.name) != _fixed(item)})


def _fixed(item: Subgroup) -> tuple[Any, ...]:
    """What may not change: labels and reason are words."""
    groups = tuple((part.id, part.values, part.at_least, part.at_most) for part in item.groups)
    return item.by, groups, item.direction
