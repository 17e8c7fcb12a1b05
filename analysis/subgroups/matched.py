"""Subgroups of a matched cohort: the matched sample, with its weights, restricted to each group.

Nobody is matched anew. Persons who were matched for being alike in the score need not be alike within a group, so each
group carries how far apart its characteristics are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.balance import balance_table
from analysis.card_subgroups import Subgroup
from analysis.cards import Card
from analysis.did_rows import numbers_of
from analysis.event_values import event_values, has_a_change
from analysis.match_methods import people_of
from analysis.match_persons import Matched
from analysis.match_tables import DENOMINATORS
from analysis.matched_effects import SET_METHODS, Sample, effects, samples
from analysis.panel import Panel
from analysis.problems import ProblemsFound
from analysis.subgroups.effects import GroupEffects, from_left_out, not_estimated, too_few
from analysis.tables import MAIN
from analysis.trial_rows import reason_of
from analysis.trials.jackknife import left_out
from analysis.trials.least_squares import least_squares

TREATED = "treated"


@dataclass(frozen=True)
class MatchedHeadline:
    """The main matched sample (n rows) with `y` (n,), what the headline is the difference in, `after` (n,), the outcome
    itself at follow-up, and `covariates` (n, k)."""

    card: Card
    sample: Sample
    y: np.ndarray
    after: np.ndarray
    covariates: pd.DataFrame

    def in_groups(self, variable: Subgroup, groups: pd.Series) -> GroupEffects:
        """The headline in each group; `groups` by person_id."""
        own = groups.reindex(self.sample.people["person_id"]).to_numpy()
        rows, without = {}, {}
        for part in variable.groups:
            inside = own == part.id
            rows[part.id] = self._row(inside)
            if "status" not in rows[part.id]:
                without[part.id] = self._without_each(inside)
        return from_left_out(rows, without, self._clusters()[0])

    def used(self, inside: np.ndarray) -> np.ndarray:
        """Who of those `inside` counts: matched, and measured at both times."""
        return inside & np.isfinite(self.y) & (self.sample.weight > 0)

    def _row(self, inside: np.ndarray) -> dict[str, Any]:
        used, treated = self.used(inside), self.sample.treated
        counts = {"n_treated": int((used & treated).sum()), "n_comparison": int((used & ~treated).sum())}
        people = self.sample.people[used]
        sides = [people.loc[people["treated"].eq(arm), "office_id"].nunique() for arm in (True, False)]
        reason = too_few(self.card, counts.values(), sides if people["office_id"].notna().all() else ())
        if reason is not None:
            return not_estimated(reason, **counts)
        try:
            effect = next(effects(self.card, self.sample, np.where(inside, self.y, np.nan), self.after))
        except ProblemsFound as error:
            return not_estimated(reason_of(error), **counts)
        return {**numbers_of(self.card, effect, people), **self._balance(inside)}

    def _balance(self, inside: np.ndarray) -> dict[str, Any]:
        """The characteristic furthest apart between the arms within the group."""
        weights, treated = np.where(self.used(inside), self.sample.weight, 0.0)[inside], self.sample.treated[inside]
        how = {"s_d_denominator": DENOMINATORS[self.sample.spec.estimand]}
        table = balance_table(self.covariates[inside].reset_index(drop=True), treated, weights, **how)
        worst = table[table["sample"] == "adjusted"].set_index("covariate")["smd"].abs()
        return {"max_abs_smd": float(worst.max()), "worst_covariate": str(worst.idxmax())}

    def _clusters(self) -> tuple[str, np.ndarray]:
        """What is left out one at a time: what the headline's error is clustered by, or persons where it is not."""
        people, sets = self.sample.people, self.sample.sets
        paired = self.sample.spec.method in SET_METHODS and (sets >= 0).any()
        if self.card.inference.cluster == "office":
            return "office", people["office_id"].to_numpy(dtype=object)
        return ("set", sets) if paired and self.card.inference.cluster == "pair" else ("person", np.arange(len(sets)))

    def _without_each(self, inside: np.ndarray) -> pd.Series:
        """The group's estimate without each cluster, the weights as they are."""
        used = self.used(inside)
        arms = {"constant": np.ones(used.sum()), TREATED: self.sample.treated[used].astype(float)}
        fit = least_squares(
            self.y[used], pd.DataFrame(arms), self._clusters()[1][used], weights=self.sample.weight[used]
        )
        return pd.Series(left_out(fit, TREATED), index=fit.labels)


def matched_headline(card: Card, panel: Panel, matched: Matched) -> MatchedHeadline:
    """The headline of a matched cohort: the change since before the start, or the level where there is no before."""
    people = people_of(card, panel.baseline)
    main = {name: getattr(matched, name) for name in matched.__dataclass_fields__}
    main |= {name: main[name][main[name]["spec"] == MAIN] for name in ("weights", "summary")}
    sample = samples(card, people, Matched(**main))[MAIN]
    values, outcome, horizon = event_values(card, panel), card.outcomes.primary, card.horizons[0]
    after = values.at(sample.people, outcome, horizon)
    y = values.change(sample.people, outcome, horizon) if has_a_change(outcome) else after
    return MatchedHeadline(card, sample, y, after, people.covariates)
