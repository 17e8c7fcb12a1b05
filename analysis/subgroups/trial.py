"""Subgroups of a trial: the difference by intention to treat among the persons of each group.

Where offices were drawn, groups share offices, and leaving out an office moves them together. Where persons were drawn,
groups are of other persons, and their differences independent. p-values of groups are by the draw itself.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_subgroups import Subgroup
from analysis.cards import Card
from analysis.drawn_persons import drawn_persons
from analysis.plan import seed_of
from analysis.problems import ProblemsFound
from analysis.subgroups.effects import GroupEffects, from_left_out, independent, not_estimated, too_few
from analysis.trial_analysis import Analysis
from analysis.trial_people import TREATED, people_of
from analysis.trial_rows import found_row, reason_of
from analysis.trials.jackknife import left_out
from analysis.trials.person_permutation import person_permutation
from analysis.trials.stratified import standardised_means, stratified_difference

ARMS = ("treated", "comparison")


@dataclass(frozen=True)
class OfficesDrawn:
    """A trial of offices: the panel's tables, and the offices that were drawn."""

    card: Card
    baseline: pd.DataFrame
    months: pd.DataFrame
    offices: pd.DataFrame

    def in_groups(self, variable: Subgroup, groups: pd.Series) -> GroupEffects:
        """The headline in each group; `groups` by person_id."""
        own = groups.reindex(self.baseline["person_id"]).to_numpy()
        rows, without = {}, {}
        for part in variable.groups:
            rows[part.id], found = self._row(self.baseline[own == part.id])
            if found is not None:
                without[part.id] = found
        return from_left_out(rows, without, "office")

    def _row(self, baseline: pd.DataFrame) -> tuple[dict[str, Any], pd.Series | None]:
        """The group's row, and its estimate without each office where it has one."""
        outcome, horizon = self.card.outcomes.primary, self.card.horizons[0]
        try:
            people = people_of(self.card, baseline, self.months, self.offices, outcome, horizon)
        except ProblemsFound as error:
            return not_estimated(reason_of(error)), None
        analysis, counts = Analysis(self.card, outcome, horizon, people), people.counts()
        persons, offices = ([counts[f"n_{name}{arm}"] for arm in ARMS] for name in ("", "offices_"))
        reason = too_few(self.card, persons, offices) or people.reason()
        if reason is not None:
            return not_estimated(reason, **counts), None
        average = self.card.trial.average
        try:
            fit = analysis.fit(average, adjusted=False)
            row = found_row(analysis.shared, analysis.interval(fit))
            tested = analysis.permutation(average, adjusted=False)
        except ProblemsFound as error:
            return not_estimated(reason_of(error), **counts), None
        names = self._names(baseline)
        row["p_value"] = None if np.isnan(tested.p_value) else tested.p_value
        return row, pd.Series(left_out(fit, TREATED), index=names[fit.labels])

    def _names(self, baseline: pd.DataFrame) -> np.ndarray:
        """Offices of the persons with a known outcome, in the order in which `people_of` numbers them."""
        at = self.months[(self.months["event_time"] == self.card.horizons[0]).to_numpy(bool, na_value=False)]
        known = at.loc[at[self.card.outcomes.primary].notna(), "person_id"]
        arms = [self.card.arm(role).id for role in ARMS]
        own = baseline[baseline["arm"].isin(arms) & baseline["person_id"].isin(known)]
        return np.sort(own["office_id"].unique().astype(object))


@dataclass(frozen=True)
class PersonsDrawn:
    """A trial of persons: the panel's tables."""

    card: Card
    baseline: pd.DataFrame
    months: pd.DataFrame

    def in_groups(self, variable: Subgroup, groups: pd.Series) -> GroupEffects:
        """The headline in each group; `groups` by person_id."""
        people = drawn_persons(self.card, self.baseline, self.months)
        horizon = self.card.horizons[0]
        y = people.outcomes(self.card.outcomes.primary, horizon, horizon)[:, 0]
        own = groups.reindex(people.person_id).to_numpy()
        known = {part.id: np.isfinite(y) & (own == part.id) for part in variable.groups}
        rows = {name: self._row(y[kept], people.treated[kept], people.strata[kept]) for name, kept in known.items()}
        return independent(rows)

    def _row(self, y: np.ndarray, treated: np.ndarray, strata: np.ndarray) -> dict[str, Any]:
        counts = {"n_treated": int(treated.sum()), "n_comparison": int((~treated).sum())}
        reason = too_few(self.card, counts.values())
        if reason is not None:
            return not_estimated(reason, **counts)
        try:
            found = stratified_difference(y, treated, strata, level=self.card.inference.level)
            draws = {"draws": self.card.trial.draws, "seed": seed_of(self.card)}
            tested = person_permutation(y, treated, strata, **draws)
            base = standardised_means(y, treated, strata)[0]
        except ProblemsFound as error:
            return not_estimated(reason_of(error), **counts)
        row = found_row({**counts, "base_rate": base, "cluster_level": "person"}, found)
        return row | {"p_value": tested.p_value}
