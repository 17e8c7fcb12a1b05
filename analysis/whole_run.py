"""From a read delivery to the tables of a cohort in one process, by the same functions as the rules use.

For what is run beside the workflow: the blinded rehearsal, and the planned analysis beside the performed one.
"""

from dataclasses import fields
from typing import Any

import pandas as pd

from analysis.attrition import continued
from analysis.card_grid import has_curve
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_trial import TRIAL_DESIGNS
from analysis.cards import Card
from analysis.check_cohort import (
    MatchedTables,
    StaggeredTables,
    TrialTables,
    Verdicts,
    check_described,
    check_matched,
    check_staggered,
    check_trial,
)
from analysis.checks.trends import honest_table
from analysis.describe import describe, describe_baseline, empty_estimates
from analysis.estimate_did import estimate_did
from analysis.estimate_persons_trial import estimate_persons_trial
from analysis.estimate_staggered import estimate_staggered
from analysis.estimate_trial import estimate_trial
from analysis.intake import Delivery
from analysis.match_persons import Matched, match_persons, matched_tables
from analysis.panel import Panel, build_panel
from analysis.specification_grid import specification_grid
from analysis.subgroups.estimate import estimate_subgroups

Tables = dict[str, pd.DataFrame]


def made_tables(card: Card, delivery: Delivery, **identity: str) -> Tables:
    """Every table of a cohort with a delivery, by name. `identity` holds cohort, plan_hash and run_id.

    Raises ProblemsFound as the stages do.
    """
    panel = build_panel(card, delivery)
    made = _estimated(card, delivery, panel, identity)
    return made | _curve(card, delivery, panel, made)


def _estimated(card: Card, delivery: Delivery, panel: Panel, identity: dict[str, str]) -> Tables:
    if card.analysis == "describe":
        return _described(card, delivery, panel)
    if card.design in STAGGERED_DESIGNS:
        return _staggered(card, delivery, panel, identity) | _subgroups(card, delivery, panel)
    if card.design in TRIAL_DESIGNS:
        return _trial(card, delivery, panel, identity) | _subgroups(card, delivery, panel)
    found = match_persons(card, panel, delivery.offices)
    result = estimate_did(card, panel, found, offices=delivery.offices, **identity)
    return matched_tables(found) | _fields(result) | _subgroups(card, delivery, panel, found)


def checked(card: Card, tables: Tables) -> Verdicts:
    """The checks of the cohort's design on its tables."""
    if card.analysis == "describe":
        return check_described(card)
    if card.design in STAGGERED_DESIGNS:
        names = ("event_covariance", "honest", "influence", "office_cells", "missing", "placebo_offices")
        return check_staggered(card, tables["estimates"], StaggeredTables(*(tables[name] for name in names)))
    if card.design in TRIAL_DESIGNS:
        own = (tables[name] for name in ("estimates", "balance", "attrition"))
        return check_trial(card, *own, TrialTables(tables["missing"], tables["influence"]))
    own = (tables[name] for name in ("estimates", "balance", "matching"))
    return check_matched(card, *own, MatchedTables(*(tables[name] for name in ("influence", "sets", "missing"))))


def _fields(result: Any) -> Tables:
    """The tables of a result by the names of its fields."""
    return {field.name: getattr(result, field.name) for field in fields(result)}


def _subgroups(card: Card, delivery: Delivery, panel: Panel, matched: Matched | None = None) -> Tables:
    """The table of subgroups, of a card that states some."""
    return {"subgroups": estimate_subgroups(card, panel, delivery.offices, matched)} if card.subgroups else {}


def _curve(card: Card, delivery: Delivery, panel: Panel, made: Tables) -> Tables:
    """The tables of all declared analyses, of a card that has several."""
    if not has_curve(card):
        return {}
    beside = {**_inputs(delivery, panel), "panel_attrition": panel.attrition}
    found = specification_grid(card, made | beside)
    return {"specifications": found.specifications, "specification_tests": found.tests}


def _inputs(delivery: Delivery, panel: Panel) -> dict[str, Any]:
    return {"baseline": panel.baseline, "months": panel.months, "offices": delivery.offices}


def _described(card: Card, delivery: Delivery, panel: Panel) -> Tables:
    return {
        "estimates": empty_estimates(),
        "cells": describe(card, **_inputs(delivery, panel), aggregates=delivery.aggregates),
        "balance": describe_baseline(card, panel.baseline),
        "attrition": panel.attrition,
    }


def _staggered(card: Card, delivery: Delivery, panel: Panel, identity: dict[str, str]) -> Tables:
    inputs = {**_inputs(delivery, panel), "aggregates": delivery.aggregates}
    result = estimate_staggered(card, **inputs, **identity)
    return {
        **result.family,
        "estimates": result.estimates,
        "office_cells": result.office_cells,
        "event_covariance": result.events,
        "honest": honest_table(card, result.events),
        "influence": result.influence,
        "missing": result.missing,
        "placebo_offices": result.placebo_offices,
        "series": result.series.series,
        "funnel": result.series.funnel,
        "cells": describe(card, **inputs),
        "balance": describe_baseline(card, panel.baseline),
        "attrition": continued(panel.attrition, result.attrition),
    }


def _trial(card: Card, delivery: Delivery, panel: Panel, identity: dict[str, str]) -> Tables:
    estimated = estimate_persons_trial if card.design == "individually_randomised" else estimate_trial
    return _fields(estimated(card, **_inputs(delivery, panel), attrition=panel.attrition, **identity))
