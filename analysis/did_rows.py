"""What every row of a matched cohort's estimates holds, whoever makes it."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.did import Effect
from analysis.outcomes import load_outcomes
from analysis.tables import FEW_OFFICES, MAIN


def role_of(card: Card, outcome: str, spec: str) -> str:
    """The role of an outcome at the main horizon under a specification."""
    if spec != MAIN:
        return "sensitivity"
    return "primary" if outcome == card.outcomes.primary else "secondary"


def row_of(card: Card, outcome: str, estimator: str, role: str, spec: str, horizon: int | None = None) -> dict:
    """What a row says before it has numbers."""
    share = load_outcomes()[outcome].kind == "share"
    return {
        "estimand": card.estimand.quantity,
        "estimator": estimator,
        "outcome": outcome,
        "horizon_months": card.horizons[0] if horizon is None else horizon,
        "group": "matched",
        "scale": "difference",
        "term": "risk_difference" if share else "mean_difference",
        "role": role,
        "spec": spec,
    }


def numbers_of(card: Card, effect: Effect, people: pd.DataFrame) -> dict[str, Any]:
    """The effect's figures as columns; no asymptotic p-value rests on few treated offices."""
    figures = {name: value for name, value in asdict(effect).items() if name != "n_clusters"}
    by_cluster = effect.n_clusters is not None
    figures["cluster_level"] = card.inference.cluster if by_cluster else "none"
    offices = people["office_id"]
    if offices.notna().all():
        figures["n_offices_treated"] = offices[people["treated"]].nunique()
        figures["n_offices_comparison"] = offices[~people["treated"]].nunique()
        if card.assignment.unit != "person" and figures["n_offices_treated"] < card.checks.few_treated_offices:
            figures |= {"p_value": None, "statistic": None, "reason": FEW_OFFICES}
    return figures


def not_estimated(row: dict[str, Any], reason: str) -> dict[str, Any]:
    """The row of a number that could not be worked out."""
    return {**row, "status": "not_estimated", "reason": reason}
