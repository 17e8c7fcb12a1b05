"""Matching one cohort by its card: the main specification and every sensitivity row, in one go."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.attrition import attrition_rows
from analysis.balance import balance_table, effective_sample_size, overlap_table, support
from analysis.cards import Card, Matching
from analysis.matching import MatchingSpec, match, pair_clusters
from analysis.panel import Panel
from analysis.problems import ProblemsFound
from analysis.scores import Scores, fit_scores
from analysis.tables import BALANCE, MAIN, MATCHING


@dataclass(frozen=True)
class Matched:
    """`weights`: person_id, spec, weight, pair for persons of weight above 0; `summary`: one row per specification.

    `balance` has a row per specification, covariate and sample, `overlap` the histogram of the main score, and
    `attrition` the restrictions so far with matching as the last.
    """

    weights: pd.DataFrame
    balance: pd.DataFrame
    overlap: pd.DataFrame
    summary: pd.DataFrame
    attrition: pd.DataFrame


def specifications(card: Card) -> dict[str, Matching]:
    """The main matching of the card, then each sensitivity row with its changes, by name."""
    rows = {row.name: card.matching.model_copy(update=row.matching.changes()) for row in card.sensitivity}
    return {MAIN: card.matching, **rows}


def match_persons(card: Card, panel: Panel) -> Matched:
    """Match treated to comparison persons under every specification.

    A sensitivity row that cannot be matched keeps its row in `summary`, with the reason; the main one raises.
    """
    arms = [card.arm("treated").id, card.arm("comparison").id]
    persons = panel.baseline[panel.baseline["arm"].isin(arms)].reset_index(drop=True)
    results = {name: _matched_or_reason(card, persons, spec, name) for name, spec in specifications(card).items()}
    found = {name: result for name, result in results.items() if isinstance(result, dict)}
    used = persons[persons["person_id"].isin(found[MAIN]["weights"]["person_id"])]
    attrition = attrition_rows(len(panel.attrition["step"].unique()) + 1, "matched", used, arms)
    return Matched(
        pd.concat([result["weights"].assign(spec=name) for name, result in found.items()], ignore_index=True),
        pd.concat([result["balance"].assign(spec=name) for name, result in found.items()])[list(BALANCE)],
        found[MAIN]["overlap"],
        pd.DataFrame([_summary_row(name, results[name]) for name in results], columns=list(MATCHING)).astype(MATCHING),
        pd.concat([panel.attrition, attrition], ignore_index=True),
    )


def _matched_or_reason(card: Card, persons: pd.DataFrame, spec: Matching, name: str) -> dict[str, Any] | str:
    try:
        return _matched(card, persons, spec)
    except ProblemsFound as error:
        if name == MAIN:
            raise
        return "; ".join(problem.what for problem in error.problems)


def _matched(card: Card, persons: pd.DataFrame, spec: Matching) -> dict[str, Any]:
    """Weights, balance, overlap and summary of one specification."""
    treated = persons["treated"].to_numpy()
    scores = fit_scores(persons, spec.formula, treated)
    options = spec.model_dump(exclude={"formula"})
    found = match(scores, treated, MatchingSpec(**options))
    balance = balance_table(persons[[c.name for c in card.covariates]], treated, found.weights)
    used = found.weights > 0
    weights = pd.DataFrame(
        {
            "person_id": persons["person_id"][used],
            "weight": found.weights[used],
            "pair": pair_clusters(found)[used],
        }
    )
    return {
        "weights": weights,
        "balance": balance,
        "overlap": overlap_table(scores.probability, treated, found.weights),
        "summary": _summary(scores, treated, found.weights, balance) | options,
    }


def _summary(scores: Scores, treated: np.ndarray, weights: np.ndarray, balance: pd.DataFrame) -> dict[str, Any]:
    sizes = effective_sample_size(weights, treated).set_index("arm")
    adjusted = balance[balance["sample"] == "adjusted"]
    worst = adjusted.loc[adjusted["smd"].abs().idxmax()]
    return {
        "n_treated": sizes.loc["treated", "n"],
        "n_treated_matched": sizes.loc["treated", "n_used"],
        "n_comparison": sizes.loc["comparison", "n"],
        "n_comparison_matched": sizes.loc["comparison", "n_used"],
        "ess_comparison": sizes.loc["comparison", "ess"],
        "share_treated_outside": support(scores.probability, treated)["share_treated_outside"],
        "share_treated_lost": 1 - sizes.loc["treated", "n_used"] / sizes.loc["treated", "n"],
        "max_abs_smd": abs(worst["smd"]),
        "worst_covariate": worst["covariate"],
    }


def _summary_row(name: str, result: dict[str, Any] | str) -> dict[str, Any]:
    if isinstance(result, str):
        return {"spec": name, "status": "not_estimated", "reason": result}
    return {"spec": name, "status": "estimated", **result["summary"]}
