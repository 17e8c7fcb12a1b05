"""Estimate every subgrouping of a card by its own design's headline."""

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

from analysis.card_subgroups import Subgroup
from analysis.card_trial import TRIAL_DESIGNS
from analysis.cards import Card
from analysis.match_persons import Matched
from analysis.panel import Panel
from analysis.subgroups.effects import GroupEffects
from analysis.subgroups.matched import matched_headline
from analysis.subgroups.members import exploratory, group_of
from analysis.subgroups.staggered import adopted
from analysis.subgroups.table import subgroup_table
from analysis.subgroups.trial import OfficesDrawn, PersonsDrawn


class Headline(Protocol):
    """A design's main number, that can be asked of some of the persons."""

    def in_groups(self, variable: Subgroup, groups: pd.Series) -> GroupEffects: ...


def estimate_subgroups(
    card: Card,
    panel: Panel,
    offices: pd.DataFrame,
    matched: Matched | None = None,
    *,
    lock: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """SUBGROUPS for all subgroupings of `card`; `matched` where persons were matched.

    A group with too few persons or offices keeps its row, with the reason. What `lock` does not hold is exploratory.
    Raises ProblemsFound where a group's values are of another type than the characteristic.
    """
    headline, people = _headline(card, panel, offices, matched), panel.baseline.set_index("person_id")
    groups = {item.name: group_of(item, people[item.by]) for item in card.subgroups}
    found = {item.name: headline.in_groups(item, groups[item.name]) for item in card.subgroups}
    unplaced = {name: _unplaced(panel.baseline, own) for name, own in groups.items()}
    return subgroup_table(card, found, unplaced, exploratory(card, lock))


def _headline(card: Card, panel: Panel, offices: pd.DataFrame, matched: Matched | None) -> Headline:
    if card.design in TRIAL_DESIGNS:
        drawn = (card, panel.baseline, panel.months)
        return PersonsDrawn(*drawn) if card.design == "individually_randomised" else OfficesDrawn(*drawn, offices)
    if card.staggered is not None:
        return adopted(card, panel.baseline, panel.months, offices)
    return matched_headline(card, panel, matched)


def _unplaced(baseline: pd.DataFrame, groups: pd.Series) -> dict[str, int]:
    """Persons of each arm who are in none of the groups."""
    without = baseline[groups.isna().to_numpy()]
    treated = without["treated"].astype(bool)
    return {"n_treated": int(treated.sum()), "n_comparison": int((~treated).sum())}
