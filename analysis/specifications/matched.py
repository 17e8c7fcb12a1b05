"""The curve of a matched cohort: every way to match times every way to read the outcome, weights held fixed.

Weights never depend on outcomes. Under the null, given the stratum, what a person's outcomes are says nothing of the
weight that a specification gives: outcomes may then change places, and every estimate is made again with one product
of matrices. Source: Rosenbaum (1984), JASA 79, 565-574; Simonsohn, Simmons and Nelson (2020).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_grid import MATCHING_AXES, SENSITIVITY, UNUSED
from analysis.card_matching import Matching, MatchingChange, overridden, uses
from analysis.card_matching_rules import (
    estimands_belong_to_the_method,
    keys_belong_to_the_method,
    values_of_the_matching_go_together,
)
from analysis.cards import Card
from analysis.event_values import event_values, has_a_change
from analysis.match_methods import People, fitted_scores, matched, people_of, scores_for
from analysis.match_persons import specifications
from analysis.panel import Panel
from analysis.plan import seed_of
from analysis.problems import ProblemsFound
from analysis.specifications.strata import fine_strata
from analysis.specifications.ways import (
    DID,
    LEVEL,
    Found,
    Way,
    axes,
    combinations,
    own_value,
    permutations_of,
    within_of,
)
from analysis.specifications.weighted import permuted_differences

LEVEL_HAS_NO_BASE = "nivået etterpå regnes ikke fra noen tidligere måned."
NO_CHANGE = "utfallet har ingen verdi før start, så det finnes ingen endring."
NOBODY = "ingen i den ene gruppen har kjent utfall."
RULES = (keys_belong_to_the_method, estimands_belong_to_the_method, values_of_the_matching_go_together)


@dataclass(frozen=True)
class _Reading:
    """How the outcome is read."""

    outcome: str
    horizon: int
    estimator: str
    base: Any


def matched_specifications(
    card: Card, panel: Panel, offices: pd.DataFrame, weights: pd.DataFrame, summary: pd.DataFrame
) -> Found:
    """Every specification of a matched cohort. `weights` and `summary` are `Matched`'s: those of the card's own rows
    are not found anew.

    A row of `sensitivity` is read as the main analysis is; one that is also a combination of the grid counts once.
    Raises ProblemsFound where the main specification's score, which the strata rest on, could not be fitted.
    """
    people = people_of(card, panel.baseline, offices)
    wanted, left_out = _wanted(card)
    formulas = {card.matching.formula, *(spec.formula for _, spec, _ in wanted)}
    fitted = fitted_scores(people, sorted(formulas))
    known = _Weights(people, fitted, _known_weights(card, people, weights, summary))
    readings = list(dict.fromkeys(reading for _, _, reading in wanted))
    values = _values(card, panel, people, readings)
    kept, rows, pairs = [], [], []
    for way, spec, reading in wanted:
        found = known.of(spec)
        if isinstance(found, str):
            left_out.append((way, found))
            continue
        kept.append(way)
        rows.append(found)
        pairs.append(readings.index(reading))
    strata = fine_strata(card, people, fitted[card.matching.formula])
    seen, drawn = permuted_differences(
        np.array(rows), people.treated, values, pairs, strata, draws=permutations_of(card), seed=seed_of(card)
    )
    return _without_missing(kept, seen, drawn, left_out)


def _without_missing(ways: list[Way], seen: np.ndarray, drawn: np.ndarray, left_out: list) -> Found:
    usable = np.isfinite(seen) & np.isfinite(drawn).all(axis=0)
    gone = [(way, NOBODY) for way, kept in zip(ways, usable, strict=True) if not kept]
    left = [way for way, kept in zip(ways, usable, strict=True) if kept]
    return Found(left, seen[usable], drawn[:, usable], [*left_out, *gone], "persons")


def _wanted(card: Card) -> tuple[list[tuple[Way, Matching, _Reading]], list[tuple[Way, str]]]:
    """Way, matching and reading of each distinct analysis, and the ways that cannot be, with the reason."""
    found: dict[tuple[str, _Reading], tuple[Way, Matching, _Reading]] = {}
    left_out = []
    own = _reading(card, {})
    named = {_key(spec): name for name, spec in specifications(card).items()}
    for way in combinations(card):
        spec, reading = _matching_of(card, way.values), _reading(card, way.values)
        reason = spec if isinstance(spec, str) else _misread(card, reading)
        if reason is not None:
            left_out.append((way, reason))
            continue
        name = named.get(_key(spec), way.name) if reading == own else way.name
        found[_key(spec), reading] = (Way(name, _used(way.values, spec, reading)), spec, reading)
    for name, spec in specifications(card).items():
        if (_key(spec), own) not in found:
            values = _used(_values_of(card, name, spec), spec, own)
            found[_key(spec), own] = (Way(name, values | {SENSITIVITY: name}), spec, own)
    return list(found.values()), left_out


def _key(spec: Matching) -> str:
    return spec.model_dump_json()


def _reading(card: Card, values: Mapping[str, Any]) -> _Reading:
    base = "base_month" if card.base_period is None else "base_period"
    return _Reading(*(values.get(axis, own_value(card, axis)) for axis in ("outcome", "horizon", "estimator", base)))


def _misread(card: Card, reading: _Reading) -> str | None:
    """Why the outcome cannot be read like that; None where it can."""
    if reading.estimator == DID:
        return None if has_a_change(reading.outcome) else NO_CHANGE
    own = _reading(card, {})
    return None if reading.base == own.base else LEVEL_HAS_NO_BASE


def _matching_of(card: Card, values: Mapping[str, Any]) -> Matching | str:
    """The matching of a combination, or why the method cannot have it."""
    changes = {axis: values[axis] for axis in MATCHING_AXES if axis in values and values[axis] != own_value(card, axis)}
    if "formula" in changes:
        changes["formula"] = next(item.formula for item in card.grid.formula if item.name == changes["formula"])
    if "within" in changes:
        changes["within"] = None if changes["within"] == "none" else {"unit": changes["within"]}
    spec = overridden(card.matching, MatchingChange.model_validate(changes))
    written = {name: value for name, value in spec.model_dump().items() if name in uses(spec.method)} | changes
    told = [what for rule in RULES for _, what, _ in rule({"matching": written})]
    return told[0] if told else spec


def _used(values: Mapping[str, Any], spec: Matching, reading: _Reading) -> dict[str, Any]:
    """The values with those marked that the analysis does not have."""
    unused = {axis for axis in MATCHING_AXES if axis not in uses(spec.method)}
    unused |= {"base_period", "base_month"} if reading.estimator == LEVEL else set()
    return {axis: UNUSED if axis in unused else value for axis, value in values.items()}


def _values_of(card: Card, name: str, spec: Matching) -> dict[str, Any]:
    """Where a sensitivity row stands on the axes of the grid."""
    own = {axis: getattr(spec, axis) for axis in ("method", "caliper", "ratio", "replace")}
    own["within"] = within_of(spec)
    if spec.formula != card.matching.formula:
        same = [item.name for item in (card.grid.formula if card.grid else []) if item.formula == spec.formula]
        own["formula"] = same[0] if same else name
    return {axis: own.get(axis, values[0]) for axis, values in axes(card).items()}


def _known_weights(
    card: Card, people: People, weights: pd.DataFrame, summary: pd.DataFrame
) -> dict[str, np.ndarray | str]:
    """What the matching of the run has found: weights (n,) of each specification, or why there are none."""
    found: dict[str, np.ndarray | str] = {}
    told = summary.set_index("spec")
    for name, spec in specifications(card).items():
        own = weights[weights["spec"] == name].set_index("person_id")["weight"]
        used = own.reindex(people.frame["person_id"]).fillna(0.0).to_numpy()
        found[_key(spec)] = used if told.at[name, "status"] == "estimated" else str(told.at[name, "reason"])
    return found


@dataclass(frozen=True)
class _Weights:
    """Weights by specification, found when first asked for."""

    people: People
    fitted: Mapping[str, Any]
    known: dict[str, np.ndarray | str]

    def of(self, spec: Matching) -> np.ndarray | str:
        """Weights (n,), or why the specification has none."""
        if _key(spec) not in self.known:
            try:
                self.known[_key(spec)] = matched(spec, self.people, scores_for(spec, self.fitted)).weights
            except ProblemsFound as error:
                self.known[_key(spec)] = "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems)
        return self.known[_key(spec)]


def _values(card: Card, panel: Panel, people: People, readings: list[_Reading]) -> np.ndarray:
    """The outcome of each person under each reading (n, K), NaN where it is not known."""
    return np.column_stack([column for reading in readings for column in _column(card, panel, people, reading)])


def _column(card: Card, panel: Panel, people: People, reading: _Reading) -> Iterator[np.ndarray]:
    key = "base_month" if card.base_period is None else "base_period"
    values = event_values(card.model_copy(update={key: reading.base}), panel)
    read = values.at if reading.estimator == LEVEL else values.change
    yield read(people.frame, reading.outcome, reading.horizon)
