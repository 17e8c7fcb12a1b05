"""Matching one cohort by its card: the main specification and every sensitivity row, in one go.

Outcomes are not read here.
"""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_matching import Matching, overridden
from analysis.cards import Card
from analysis.match_methods import People, fitted_scores, matched, matched_sets, people_of, scores_for
from analysis.match_tables import (
    across_offices,
    attrition_after,
    balance_rows,
    overlap_rows,
    summary_row,
    summary_table,
    who_is_left,
)
from analysis.match_ties import DRAWS, SEED, tie_weights
from analysis.matching import Match
from analysis.panel import Panel
from analysis.problems import ProblemsFound
from analysis.scores import Scores
from analysis.tables import BALANCE, MAIN

# The files of `Matched`, by its parts.
TABLES = {
    "weights": "weights",
    "balance": "balance",
    "overlap": "overlap",
    "summary": "matching",
    "attrition": "attrition",
    "ties": "ties",
    "cluster_balance": "cluster_balance",
    "profile": "profile",
}
PACKAGES = ("numpy", "scipy", "statsmodels", "formulaic")


@dataclass(frozen=True)
class Matched:
    """What matching gives; only the first and `ties` are about persons.

    `weights`: person_id, spec, weight, pair for persons of weight above 0, `pair` being the matched set, subclass or
    stratum, −1 without; `summary`: one row per specification (MATCHING). `balance` has a row per specification,
    covariate and sample, `overlap` the histogram of the main score, `attrition` the restrictions so far with those of
    the main specification last. `ties`: other weights that the main one would have if equal persons came in another
    order (`match_ties`). `cluster_balance`: the main balance over offices; `profile`: who is left of the treated.
    """

    weights: pd.DataFrame
    balance: pd.DataFrame
    overlap: pd.DataFrame
    summary: pd.DataFrame
    attrition: pd.DataFrame
    ties: pd.DataFrame
    cluster_balance: pd.DataFrame
    profile: pd.DataFrame


@dataclass(frozen=True)
class _Way:
    """One specification that could be matched."""

    found: Match
    sets: np.ndarray
    balance: pd.DataFrame
    summary: dict[str, Any]


def specifications(card: Card) -> dict[str, Matching]:
    """The main matching of the card, then each sensitivity row with its changes, by name."""
    return {MAIN: card.matching} | {row.name: overridden(card.matching, row.matching) for row in card.sensitivity}


def match_persons(card: Card, panel: Panel, offices: pd.DataFrame | None = None) -> Matched:
    """Match treated to comparison persons under every specification; `offices` tells their counties.

    A sensitivity row that cannot be matched keeps its row in `summary`, with the reason; the main one raises.
    """
    people, specs = people_of(card, panel.baseline, offices), specifications(card)
    fitted = fitted_scores(people, [spec.formula for spec in specs.values()])
    results = {name: _way_or_reason(spec, people, fitted, must=name == MAIN) for name, spec in specs.items()}
    found = {name: way for name, way in results.items() if isinstance(way, _Way)}
    main, scores = found[MAIN].found, scores_for(specs[MAIN], fitted)
    arms = [card.arm("treated").id, card.arm("comparison").id]
    return Matched(
        weights=pd.concat([_weight_rows(people, name, way) for name, way in found.items()], ignore_index=True),
        balance=pd.concat([way.balance.assign(spec=name) for name, way in found.items()])[list(BALANCE)],
        overlap=overlap_rows(people, scores, main),
        summary=summary_table([_summary(name, results[name]) for name in results]),
        attrition=attrition_after(panel.attrition, people, main, arms),
        ties=tie_weights(specs[MAIN], people, scores),
        cluster_balance=across_offices(specs[MAIN], people, main),
        profile=who_is_left(people, main),
    )


def _way_or_reason(spec: Matching, people: People, fitted: dict[str, Any], *, must: bool) -> _Way | str:
    try:
        scores = scores_for(spec, fitted)
        return _way(spec, people, scores)
    except ProblemsFound as error:
        if must:
            raise
        return "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems)


def _way(spec: Matching, people: People, scores: Scores | None) -> _Way:
    found = matched(spec, people, scores)
    sets, balance = matched_sets(found), balance_rows(spec, people, found)
    return _Way(found, sets, balance, summary_row(spec, people, scores, found, sets, balance))


def _weight_rows(people: People, name: str, way: _Way) -> pd.DataFrame:
    used = way.found.weights > 0
    columns = {"person_id": people.frame["person_id"][used], "weight": way.found.weights[used], "pair": way.sets[used]}
    return pd.DataFrame(columns).assign(spec=name)


def _summary(name: str, result: _Way | str) -> dict[str, Any]:
    if isinstance(result, str):
        return {"spec": name, "status": "not_estimated", "reason": result}
    return {"spec": name, "status": "estimated", **result.summary}


def matched_tables(matched: Matched) -> dict[str, pd.DataFrame]:
    """The parts of `matched` by the names of their files."""
    return {name: getattr(matched, part) for part, name in TABLES.items()}


def sidecar(card: Card, matched: Matched) -> dict[str, Any]:
    """How the matching was done, as plain data without persons: keys, conventions, seeds and versions."""
    specs = specifications(card)
    rows = matched.summary.astype(object).where(matched.summary.notna(), None).to_dict("records")
    told = {row["spec"]: row | {"card": specs[row["spec"]].model_dump(mode="json")} for row in rows}
    draws = int((matched.ties["draw"] >= 0).any()) * DRAWS
    return {
        "specifications": told,
        "ties": {"draws": draws, "seed": SEED, "averaged": bool((matched.ties["draw"] < 0).any())},
        "versions": {name: version(name) for name in PACKAGES},
    }
