"""Reports with subgroups of each design, and the turns that their text can take."""

from dataclasses import replace
from functools import cache
from typing import Any

import matched_starts
import pandas as pd
import persons_trial_reports
import stages
import staggered_reports
import trial_reports
from made import Made
from subgroup_cards import ages, subgroup, trial_table, with_subgroups

from analysis.card_subgroups import Subgroup
from analysis.cards import Card
from analysis.match_persons import match_persons
from analysis.report.material import Material
from analysis.subgroups.estimate import estimate_subgroups

TESTED = ["p_value", "p_holm"]


def of_trial(*items: Subgroup, change: Any = None, **card_changes: Any) -> Material:
    """The trial of twelve offices; `change` works on the table of subgroups."""
    own = with_subgroups(trial_reports.card(), *items).model_copy(update=card_changes)
    table = trial_table(own)
    return with_table(trial_reports.material(), own, table if change is None else change(table))


def with_table(ground: Material, card: Card, table: pd.DataFrame) -> Material:
    """The same material with a table of subgroups."""
    return replace(ground, card=card, tables={**ground.tables, "subgroups": table})


def tested(p: float) -> Any:
    """Every interaction with this p-value, after Holm's method too."""

    def changed(table: pd.DataFrame) -> pd.DataFrame:
        own = table.copy()
        own.loc[own["kind"].eq("interaction") & own["status"].eq("estimated"), TESTED] = p
        return own

    return changed


@cache
def main() -> Material:
    """Two subgroupings, one of three groups with some persons in none of them, through the files of a review."""
    own = with_subgroups(trial_reports.card(), subgroup(direction="women"), three_ages())
    made = trial_reports.tables_of(trial_reports.result())
    return stages.material_of("invented", own, {**made, "subgroups": trial_table(own)})


def three_ages(**changes: Any) -> Subgroup:
    """Ages in three groups with a year between two of them that nobody asked about."""
    groups = [
        {"id": "young", "label": "under 35 år", "at_most": 34},
        {"id": "middle", "label": "35–44 år", "at_least": 35, "at_most": 44},
        {"id": "old", "label": "over 45 år", "at_least": 46},
    ]
    return ages(**{"groups": groups, **changes})


def few() -> Material:
    """Too few treated offices for a p-value between groups."""
    limits = trial_reports.card().checks.model_copy(update={"few_treated_offices": 9})
    return of_trial(subgroup(), checks=limits)


def small() -> Material:
    """A group with too few persons, beside one that has enough."""
    return of_trial(ages(53))


def of_matched(**changes: Any) -> Material:
    """Persons who were matched, or weighted."""
    own = stages.changed(matched_starts.card(), sensitivity=[], **changes)
    own = with_subgroups(own, subgroup())
    found = match_persons(own, matched_starts.panel(), matched_starts.offices())
    table = estimate_subgroups(own, matched_starts.panel(), matched_starts.offices(), found)
    ground = matched_starts.material(sensitivity=[], **changes)
    return with_table(ground, own, table)


@cache
def of_persons(*, strata: bool = True) -> Material:
    """A trial of persons, with one subgrouping stated and one explored."""
    ground, card = persons_trial_reports.material(), persons_trial_reports.card()
    if not strata:
        card = card.model_copy(update={"trial": card.trial.model_copy(update={"strata": None})})
    found, panel = persons_trial_reports.delivered()
    return with_table(ground, card, estimate_subgroups(card, panel, found.offices))


def of_adopting(unit: str = "office") -> Material:
    """Staggered adoption with the numbers of the trial, since only the words are looked at."""
    ground = staggered_reports.material("team")
    card = with_subgroups(stages.changed(ground.card, staggered__unit=unit), subgroup())
    table = main().tables["subgroups"].query("name == 'sex'").copy()
    table.loc[table["kind"].eq("group"), "adoption_left_out"] = "2010-09, 2011-02"
    if unit == "county":
        table.loc[table["kind"].eq("interaction"), ["reason", *TESTED]] = ["few_treated_offices", None, None]
    return with_table(ground, card, table)


REASONS = ("all_outcomes_alike", "not_measured", "fewer_offices_than_limit", "stratum 2: har for få personer.")


@cache
def everything() -> Material:
    """Sentences that need not stand in one report: apart, too small, explored and apart, and nothing estimated."""
    parts = [{"id": f"r{place}", "label": f"gruppe {place}", "values": [place]} for place in range(len(REASONS))]
    items = [subgroup(direction="men"), ages(53), three_ages(name="explored", exploratory=True)]
    items += [subgroup(name="none", groups=parts)]

    def change(table: pd.DataFrame) -> pd.DataFrame:
        own = tested(0.004)(table)
        lost = own["name"].eq("none") & own["kind"].eq("group")
        own.loc[lost, ["status", "reason"]] = [["not_estimated", reason] for reason in REASONS]
        own.loc[lost, ["estimate", "conf_low", "shrunk"]] = float("nan")
        own.loc[own["name"].eq("none") & own["kind"].eq("interaction"), "status"] = "not_estimated"
        return own[~(own["name"].eq("none") & own["kind"].isin(["mean", "difference"]))]

    return of_trial(*items, change=change)


def turns() -> Made:
    """Every text of subgroups, in few reports."""
    return Made(
        {
            "subgroups": main,
            "subgroups: everything": everything,
            "subgroups: matched": of_matched,
            "subgroups: persons": of_persons,
            "subgroups: adoption by county": lambda: of_adopting("county"),
        }
    )


def more_turns() -> Made:
    """The same one at a time."""
    return Made(
        {
            "subgroups: apart, not as expected": lambda: of_trial(subgroup(direction="women"), change=tested(0.004)),
            "subgroups: apart as expected": lambda: of_trial(subgroup(direction="men"), change=tested(0.004)),
            "subgroups: several apart": lambda: of_trial(subgroup(), three_ages(), change=tested(0.0004)),
            "subgroups: explored and apart": lambda: of_trial(subgroup(exploratory=True), change=tested(0.004)),
            "subgroups: few offices": few,
            "subgroups: too small": small,
            "subgroups: weighted": lambda: of_matched(matching={"formula": "age + woman + days", "method": "ipw"}),
            "subgroups: persons without strata": lambda: of_persons(strata=False),
            "subgroups: adoption": of_adopting,
        }
    )
