"""Estimates of a matched cohort with persons: matched difference-in-differences, its neighbours, and the benchmark."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.control_rows import matched_controls
from analysis.did_rows import not_estimated, numbers_of, role_of, row_of
from analysis.estimate_single_arm import delivered_share_rows
from analysis.event_values import EventValues, event_values, has_a_change
from analysis.group_curves import curve_rows, group_cells
from analysis.influence import NOTHING, without_each_office
from analysis.match_methods import People, people_of
from analysis.match_persons import Matched
from analysis.match_ties import AVERAGED
from analysis.matched_dr import doubly_robust_rows
from analysis.matched_effects import Sample, effects, samples
from analysis.matched_missing import matched_missing
from analysis.matched_sets import NO_SETS, set_patterns
from analysis.matched_to_the_mean import to_the_mean_rows
from analysis.panel import Panel
from analysis.plain_did import benchmark_rows, unmatched_rows
from analysis.problems import ProblemsFound
from analysis.results import estimates
from analysis.spill_over import matched_spill_over
from analysis.tables import MAIN, NO_CHANGE, ONE_GROUP


@dataclass(frozen=True)
class DidResult:
    """`estimates` per design.md, and `cells`: sums per sample (unmatched, matched), arm and month. `influence`: the
    headline without each office, where offices are known; `sets`: patterns of the matched sets (`set_patterns`);
    `missing` (MISSING): what those whose outcome is not known could have made of it."""

    estimates: pd.DataFrame
    cells: pd.DataFrame
    influence: pd.DataFrame
    sets: pd.DataFrame
    missing: pd.DataFrame


def estimate_did(
    card: Card, panel: Panel, matched: Matched, *, offices: pd.DataFrame | None = None, **identity: str
) -> DidResult:
    """Every number of a matched two-period cohort. `identity` holds cohort, plan_hash and run_id; `offices` says which
    county an office is in.

    Changes are counted from `base_month` when everybody starts in one month, otherwise from `base_period` of each
    person. Persons whose outcome is not known at a horizon are left out there; `n_treated` and `n_comparison` tell.
    """
    common = {
        **identity,
        "data_kind": card.data_kind,
        "design": card.design,
        "conf_level": card.inference.level,
    }
    values, people = event_values(card, panel), people_of(card, panel.baseline, offices)
    found = samples(card, people, matched)
    compared = [name for name in card.outcome_names() if _in_both_arms(card, values, people.frame, name)]
    sums = group_cells(card, panel, matched)
    rows = [
        *matched_rows(card, values, matched, found, compared),
        *unmatched_rows(card, panel, values, compared),
        *benchmark_rows(card, panel, values, compared),
        *curve_rows(card, sums),
        *(_beside_rows(card, panel, values, people, found[MAIN]) if MAIN in found else ()),
        *(delivered_share_rows(card, values, people.frame) if card.design == "single_arm" else ()),
    ]
    main, after = found.get(MAIN), (card.outcomes.primary, card.horizons[0])
    patterns = NO_SETS if main is None else set_patterns(main, values.at(main.people, *after))
    missing = matched_missing(card, values, main, panel.attrition)
    return DidResult(estimates(rows, **common), sums, _influence(card, values, main), patterns, missing)


def _beside_rows(
    card: Card, panel: Panel, values: EventValues, people: People, main: Sample
) -> Iterator[dict[str, Any]]:
    """What the checks read beside the estimates: negative controls, comparison persons near the intervention, and what
    was to be expected of the participants anyway."""
    yield from matched_controls(card, values, main)
    yield from matched_spill_over(card, values, people, main)
    yield from to_the_mean_rows(card, panel, main, values.base)


def _influence(card: Card, values: EventValues, main: Sample | None) -> pd.DataFrame:
    """The headline without each office in turn, the matches as they are; no rows where an office is not known."""
    outcome, horizon = card.outcomes.primary, card.horizons[0]
    if main is None or not has_a_change(outcome) or main.used["office_id"].isna().any():
        return NOTHING
    change = values.change(main.people, outcome, horizon)
    kept = np.isfinite(change) & (main.weight > 0)
    offices = main.people["office_id"].to_numpy(dtype=object)[kept]
    return without_each_office(change[kept], main.treated[kept], offices, main.weight[kept])


def _in_both_arms(card: Card, values: EventValues, people: pd.DataFrame, outcome: str) -> bool:
    """Whether the outcome is known of persons in both groups: what a project tells of its own is not."""
    known = np.isfinite(values.at(people, outcome, card.horizons[0]))
    return people.loc[known, "treated"].nunique() == 2


def matched_rows(
    card: Card, values: EventValues, matched: Matched, found: dict[str, Sample], compared: list[str]
) -> Iterator[dict[str, Any]]:
    """Per specification and outcome: DiD and level at each horizon; for the main one placebos and the range of ties."""
    for _, told in matched.summary.iterrows():
        spec = told["spec"]
        for outcome in card.outcome_names():
            empty = row_of(card, outcome, "matched_did_2x2", role_of(card, outcome, spec), spec)
            if outcome not in compared:
                yield from [not_estimated(empty, ONE_GROUP)] if spec == MAIN else []
            elif told["status"] != "estimated":
                yield not_estimated(empty, told["reason"])
            else:
                yield from _specification_rows(card, values, found[spec], outcome, spec, empty)
                if spec == MAIN and has_a_change(outcome):
                    yield from _placebos(card, values, found[spec], outcome)
                    yield from doubly_robust_rows(card, values, found[spec], outcome)
                    yield from _tie_rows(card, values, matched.ties, found[spec], outcome)


def _specification_rows(
    card: Card, values: EventValues, sample: Sample, outcome: str, spec: str, empty: dict[str, Any]
) -> list[dict[str, Any]]:
    """All rows of one specification, or the reason why a sensitivity row has none."""
    try:
        return [row for horizon in card.horizons for row in _horizon_rows(card, values, sample, outcome, spec, horizon)]
    except ProblemsFound as error:
        if spec == MAIN:
            raise
        return [not_estimated(empty, "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems))]


def _horizon_rows(
    card: Card, values: EventValues, sample: Sample, outcome: str, spec: str, horizon: int
) -> Iterator[dict[str, Any]]:
    role = role_of(card, outcome, spec)
    role = role if horizon == card.horizons[0] or role == "sensitivity" else "secondary"
    after = values.at(sample.people, outcome, horizon)
    change = row_of(card, outcome, "matched_did_2x2", role, spec, horizon)
    if has_a_change(outcome):
        yield from _effect_rows(card, sample, change, values.change(sample.people, outcome, horizon), after)
    else:
        yield not_estimated(change, NO_CHANGE)
    level_role = "sensitivity" if role == "sensitivity" else "secondary"
    level = row_of(card, outcome, "matched_difference", level_role, spec, horizon)
    yield from _effect_rows(card, sample, level, after, after)


def _effect_rows(
    card: Card, sample: Sample, row: dict[str, Any], y: np.ndarray, after: np.ndarray
) -> Iterator[dict[str, Any]]:
    """The row of the method's own standard error, and those that stand beside it."""
    own = card.estimand.quantity if sample.spec.estimand == "att" else sample.spec.estimand
    people = sample.people[(sample.weight > 0) & np.isfinite(y)]
    for number, effect in enumerate(effects(card, sample, y, after)):
        role = row["role"] if number == 0 else "sensitivity"
        yield {**row, **numbers_of(card, effect, people), "estimand": own, "role": role}


def _placebos(card: Card, values: EventValues, sample: Sample, outcome: str) -> Iterator[dict[str, Any]]:
    """The same difference-in-differences between two times before the intervention, where nothing should differ."""
    base = values.at(sample.people, outcome, values.base)
    for time in values.placebo_times(sample.used, outcome):
        change = base - values.at(sample.people, outcome, time)
        spec = f"placebo_{values.name_of(time)}"
        row = row_of(card, outcome, "matched_did_2x2", "sensitivity", spec, 0) | {"term": "placebo"}
        yield from _effect_rows(card, sample, row, change, base)


def _tie_rows(
    card: Card, values: EventValues, ties: pd.DataFrame, sample: Sample, outcome: str
) -> Iterator[dict[str, Any]]:
    """How far the main estimate moves when equal persons come in another order, and the average where it is defined."""
    change = values.change(sample.people, outcome, card.horizons[0])
    people = sample.people[["person_id", "treated"]].assign(change=change).dropna(subset=["change"])
    drawn = ties.merge(people, on="person_id")
    drawn["wy"] = drawn["weight"] * drawn["change"]
    sums = drawn.groupby(["draw", "treated"])[["weight", "wy"]].sum()
    means = (sums["wy"] / sums["weight"]).unstack("treated")
    gaps = means[True] - means[False] if len(means) else pd.Series(dtype="float64")
    chance = gaps[gaps.index != AVERAGED]
    found = {} if chance.empty else {"low": chance.min(), "median": chance.median(), "high": chance.max()}
    found |= {"averaged": gaps[AVERAGED]} if AVERAGED in gaps.index else {}
    for name, gap in found.items():
        row = row_of(card, outcome, "matched_did_2x2", "sensitivity", f"ties_{name}")
        yield {**row, "estimate": float(gap), "inference": "none", "cluster_level": "none"}
