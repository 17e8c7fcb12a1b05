"""Subgroups of staggered adoption: the overall average from the offices' cells of each group's persons alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_subgroups import Subgroup
from analysis.cards import Card
from analysis.months import month_text
from analysis.problems import ProblemsFound
from analysis.staggered.parameters import COUNTS
from analysis.staggered_analysis import Analysis, analysed, main_horizon, source_of
from analysis.subgroups.effects import GroupEffects, from_left_out, not_estimated, too_few
from analysis.trial_rows import reason_of

NO_AGGREGATES = pd.DataFrame()
SIMPLE, GROUP = "simple", "group"
# No rank is reported of a group, so the fewest moved adoption dates that the card allows will do.
UNRANKED = 100


@dataclass(frozen=True)
class Adopted:
    """Staggered adoption with persons: the panel's tables, and the offices."""

    card: Card
    baseline: pd.DataFrame
    months: pd.DataFrame
    offices: pd.DataFrame

    def in_groups(self, variable: Subgroup, groups: pd.Series) -> GroupEffects:
        """The headline in each group; `groups` by person_id.

        An adoption group that cannot be estimated without one of its offices in some group of persons leaves no error
        there. It is left out of all of them, so that the same adoption groups are behind what is compared.
        """
        found = self._analyses(variable, groups, ())
        lost = sorted(set().union(*(_undefined(one) for one in found.values() if isinstance(one, Analysis))))
        if lost:
            found = self._analyses(variable, groups, lost)
        rows = {name: _row(self.card, one, lost) for name, one in found.items()}
        without = {name: _without_each(found[name]) for name, row in rows.items() if "status" not in row}
        return from_left_out(rows, without, self.card.staggered.unit)

    def _analyses(
        self, variable: Subgroup, groups: pd.Series, lost: Sequence[int]
    ) -> dict[str, Analysis | ProblemsFound]:
        """The analysis of each group, without the adoption groups `lost` (months), or why there is none."""
        adopted = self.baseline["adoption_month"].astype("Int16") + self.card.staggered.lag
        kept = self.baseline[~adopted.isin(lost).to_numpy(bool, na_value=False)]
        own, found = groups.reindex(kept["person_id"]).to_numpy(), {}
        for part in variable.groups:
            try:
                found[part.id] = self._found(kept[own == part.id])
            except ProblemsFound as error:
                found[part.id] = error
        return found

    def _found(self, baseline: pd.DataFrame) -> Analysis:
        """The analysis of these persons alone, of the main outcome at the main horizon."""
        alone = self.card.outcomes.model_copy(update={"secondary": []})
        chosen = self.card.staggered.model_copy(update={"permutations": UNRANKED})
        changes = {"outcomes": alone, "staggered": chosen, "horizons": self.card.horizons[:1]}
        card = self.card.model_copy(update=changes)
        months = self.months[self.months["person_id"].isin(baseline["person_id"])]
        source = source_of(card, baseline, months, NO_AGGREGATES, self.offices)
        return analysed(card, source, card.outcomes.primary, main_horizon(card), aggregates=(SIMPLE, GROUP))


def adopted(card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame) -> Adopted:
    """The headline of a cohort with persons: new ones every month at the main horizon, or a panel."""
    horizon = main_horizon(card)
    if horizon is not None:
        months = months[(months["event_time"] == horizon).to_numpy(bool, na_value=False)]
    return Adopted(card, baseline, months, offices)


def _undefined(found: Analysis) -> list[int]:
    """Adoption groups (months) whose effect is not defined without one of the offices."""
    table, left_out = found.result.table, found.result.left_out
    own = (table["term"] == GROUP).to_numpy(bool) & np.isnan(left_out).any(axis=0)
    return table.loc[own, "group"].astype(int).tolist()


def _place(found: Analysis) -> int:
    (place,) = np.flatnonzero((found.result.table["term"] == SIMPLE).to_numpy(bool))
    return int(place)


def _row(card: Card, found: Analysis | ProblemsFound, lost: Sequence[int]) -> dict[str, Any]:
    """Columns of the table."""
    if isinstance(found, ProblemsFound):
        return not_estimated(reason_of(found))
    place = _place(found)
    told = found.result.table.iloc[place]
    counts = {name: None if pd.isna(told[name]) else int(told[name]) for name in COUNTS}
    persons, offices = ([counts[f"n_{name}{arm}"] for arm in ("treated", "comparison")] for name in ("", "offices_"))
    reason = too_few(card, persons, offices)
    if reason is not None:
        return not_estimated(reason, **counts)
    sure = found.result.uncertainty()
    names = ("std_error", "statistic", "p_value", "conf_low", "conf_high")
    row = {name: _or_none(getattr(sure, name)[place]) for name in names}
    row |= {"estimate": float(told["estimate"]), "base_rate": float(told["base_rate"]), "df": sure.df, **counts}
    row |= {"inference": sure.inference, "convention": sure.convention, "cluster_level": card.staggered.unit}
    left = ", ".join(month_text(month) for month in lost) or None
    return row | {"adoption_left_out": left, "reason": sure.reason[place] or None}


def _without_each(found: Analysis) -> pd.Series:
    return pd.Series(found.result.left_out[:, _place(found)], index=found.result.offices)


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
