"""From a read delivery to the tables of a cohort in one process, by the same functions as the rules use.

For what is run beside the workflow: the blinded rehearsal, and the planned analysis beside the performed one.
"""

from dataclasses import fields
from typing import Any

import pandas as pd

from analysis.attrition import continued
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_trial import TRIAL_DESIGNS
from analysis.cards import Card
from analysis.check_cohort import Verdicts, check_described, check_matched, check_staggered, check_trial
from analysis.describe import describe, describe_baseline, empty_estimates
from analysis.estimate_did import estimate_did
from analysis.estimate_persons_trial import estimate_persons_trial
from analysis.estimate_staggered import estimate_staggered
from analysis.estimate_trial import estimate_trial
from analysis.intake import Delivery
from analysis.match_persons import match_persons, matched_tables
from analysis.panel import Panel, build_panel

Tables = dict[str, pd.DataFrame]


def made_tables(card: Card, delivery: Delivery, **identity: str) -> Tables:
    """Every table of a cohort with a delivery, by name. `identity` holds cohort, plan_hash and run_id.

    Raises ProblemsFound as the stages do.
    """
    panel = build_panel(card, delivery)
    if card.analysis == "describe":
        return _described(card, delivery, panel)
    if card.design in STAGGERED_DESIGNS:
        return _staggered(card, delivery, panel, identity)
    if card.design in TRIAL_DESIGNS:
        return _trial(card, delivery, panel, identity)
    found = match_persons(card, panel, delivery.offices)
    result = estimate_did(card, panel, found, **identity)
    return {"estimates": result.estimates, "cells": result.cells, **matched_tables(found)}


def checked(card: Card, tables: Tables) -> Verdicts:
    """The checks of the cohort's design on its tables."""
    if card.analysis == "describe":
        return check_described(card)
    if card.design in STAGGERED_DESIGNS:
        return check_staggered(card, tables["estimates"])
    if card.design in TRIAL_DESIGNS:
        return check_trial(card, tables["estimates"], tables["balance"], tables["attrition"])
    return check_matched(card, tables["estimates"], tables["balance"], tables["matching"])


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
        "series": result.series.series,
        "funnel": result.series.funnel,
        "cells": describe(card, **inputs),
        "balance": describe_baseline(card, panel.baseline),
        "attrition": continued(panel.attrition, result.attrition),
    }


def _trial(card: Card, delivery: Delivery, panel: Panel, identity: dict[str, str]) -> Tables:
    estimated = estimate_persons_trial if card.design == "individually_randomised" else estimate_trial
    result = estimated(card, **_inputs(delivery, panel), attrition=panel.attrition, **identity)
    return {field.name: getattr(result, field.name) for field in fields(result)}
