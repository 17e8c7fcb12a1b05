"""Estimates of staggered adoption over offices: Callaway and Sant'Anna from cells, and what stands beside them.

The headline is the average effect over all groups and months since adoption (`simple`), of the card's main outcome at
its main horizon. Two-way fixed effects is there to be seen failing: it is biased when effects differ between groups or
change with time since adoption (Goodman-Bacon 2021, J. Econometrics 225(2)).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.attrition import attrition_rows, stated_rows
from analysis.card_staggered import HEADLINE
from analysis.cards import Card
from analysis.control_rows import staggered_controls
from analysis.estimate_family import People, family, family_table, overall_rows
from analysis.office_cells import is_panel, people_at, people_by_month
from analysis.placebo_offices import placebo_offices
from analysis.problems import ProblemsFound
from analysis.results import estimates
from analysis.series.results import SeriesResult, series_results
from analysis.spill_over import staggered_spill_over
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.design import NEVER
from analysis.staggered.event_periods import Periods, event_covariance
from analysis.staggered.inference import FEW_TREATED, ONE_OFFICE
from analysis.staggered.parameters import COUNTS, parameters
from analysis.staggered.person_effects import complete_rows
from analysis.staggered.persons import Roles
from analysis.staggered.regressions import event_study, static_effect
from analysis.staggered.result import StaggeredResult
from analysis.staggered.rows import regression_rows, to_rows
from analysis.staggered_adjusted import adjusted_result
from analysis.staggered_analysis import (
    Analysis,
    Source,
    analysed,
    effects_from_cells,
    main_horizon,
    not_estimated,
    placed_row,
    ranked,
    source_of,
)
from analysis.staggered_missing import staggered_missing
from analysis.tables import FEW_OFFICES, MAIN

# Event times of the placebo: the year before adoption, without the month that is subtracted.
BEFORE = (-12, -2)
PLACEBO = "placebo_before"
RANKS = ("placebo_rank", "permutation")


@dataclass(frozen=True)
class StaggeredEstimates:
    """`estimates` per design.md; `office_cells` (OFFICE_CELLS), from which
    `staggered_analysis.effects_from_cells` gives them again;
    `ledger`: outcome, horizon_months, reason, group, persons, offices of adoption groups that were left out;
    `attrition`: who is left of the cohort behind the headline, steps counted from 1; `series`: what a series of counts
    gives beside the headline; `family`: tables of all estimators beside each other, by name as released; `events`: the
    event study in periods (`event_covariance`); `influence`: the headline without each office (office_id, estimate);
    `missing` (MISSING): what those whose outcome is not known could have made of it; `placebo_offices`: offices that
    never adopted, made to look as if they had."""

    estimates: pd.DataFrame
    office_cells: pd.DataFrame
    ledger: pd.DataFrame
    attrition: pd.DataFrame
    series: SeriesResult
    family: dict[str, pd.DataFrame]
    events: pd.DataFrame
    influence: pd.DataFrame
    missing: pd.DataFrame
    placebo_offices: pd.DataFrame


def estimate_staggered(
    card: Card,
    baseline: pd.DataFrame,
    months: pd.DataFrame,
    aggregates: pd.DataFrame,
    offices: pd.DataFrame,
    **identity: str,
) -> StaggeredEstimates:
    """Every number of a cohort with staggered adoption. `identity` holds cohort, plan_hash and run_id.

    Rows: the main result with group, dynamic and calendar averages and group-time effects (`spec` main); the placebo
    before adoption; the other control group, base and unit; two-way fixed effects by convention; other outcomes and
    horizons as simple averages. `cluster_level` says what the n_offices columns count, office or county.
    Raises ProblemsFound where nothing can be estimated.
    """
    source = source_of(card, baseline, months, aggregates, offices)
    common = {**identity, "data_kind": card.data_kind, "design": card.design, "conf_level": card.inference.level}
    main = analysed(card, source, card.outcomes.primary, main_horizon(card))
    universal = analysed(card, source, card.outcomes.primary, main_horizon(card), base="universal")
    adjusted = _adjusted(card, baseline, months, main)
    beside = series_results(card, source.cells, aggregates, offices, outcome=card.outcomes.primary)
    others = family(card, source, People(baseline, months, offices))
    own = _main_rows(card, main) if adjusted is None else _adjusted_rows(card, main, adjusted)
    rows = [
        *(own if card.staggered.estimator == HEADLINE else _beside_another(own)),
        *_placebo_rows(card, universal),
        *_choice_rows(card, source),
        *_regression_rows(card, source, main),
        *others.rows,
        *negative_control_rows(card, baseline, months, aggregates, offices),
        *staggered_spill_over(card, source),
    ]
    tables = {"family": family_table(rows, card.staggered.control), **others.tables}
    if card.staggered.estimator == HEADLINE:
        rows += _other_rows(card, source)
    rows += beside.rows
    left = [stated_rows(0, "", {}, {}), *_attrition(card, main, baseline, months, offices)]
    attrition = pd.concat(left, ignore_index=True)
    return StaggeredEstimates(
        estimates(rows, **common),
        source.cells,
        _ledger(card, main),
        attrition,
        beside,
        tables,
        event_covariance(universal.result, Periods(card.checks.period_months, card.checks.periods)),
        _influence(card, main.result if adjusted is None else adjusted),
        staggered_missing(card, baseline, months, offices),
        placebo_offices(card, source.cells),
    )


def _influence(card: Card, result: StaggeredResult) -> pd.DataFrame:
    """The headline without each office or county in turn; no rows where it rests on another estimator or on persons."""
    if result.left_out is None or card.staggered.estimator != HEADLINE:
        return pd.DataFrame({"office_id": pd.Series(dtype="str"), "estimate": pd.Series(dtype="float64")})
    (row,) = np.flatnonzero((result.table["term"] == "simple").to_numpy(bool))
    return pd.DataFrame({"office_id": result.offices.astype(str), "estimate": result.left_out[:, row]})


def _beside_another(rows: Iterator[dict]) -> Iterator[dict]:
    """The rows where the card's conclusion rests on another estimator."""
    for row in rows:
        yield row | {"role": "sensitivity"}


def _main_rows(card: Card, main: Analysis, spec: str = MAIN, primary: str | None = "simple") -> Iterator[dict]:
    """Everything under the headline inference; averages over time under the others; ranks where p-values are not."""
    reasons = dict(zip(_names(main.result), main.result.uncertainty().reason, strict=True))
    for row in to_rows(main.result, primary=primary, spec=spec):
        name = (row["term"], row.get("group"), _number(row.get("event_time")))
        headline = row["inference"] == main.result.headline if "inference" in row else True
        averaged = row["term"] in ("simple", "group") or row["term"].endswith("_overall")
        ranked = row.get("inference") in RANKS and row["term"] == "dynamic" and reasons[_key(name)]
        if headline or averaged or ranked or row.get("inference") == "multiplier_band":
            yield _placed(main, row)


def _names(result: StaggeredResult) -> list[tuple]:
    """What distinguishes the rows of a result as `to_rows` writes them."""
    table = result.table
    return [
        _key((term, None if pd.isna(group) else int(group), _number(event)))
        for term, group, event in zip(table["term"], table["group"], table["event_time"], strict=True)
    ]


def _key(name: tuple) -> tuple:
    """Of a row: dynamic averages have no group, and the others are not asked for."""
    term, group, event = name
    return (term, None, event) if term == "dynamic" else (term, group, event)


def _number(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _placed(analysis: Analysis, row: dict[str, Any]) -> dict[str, Any]:
    return placed_row(row, analysis.horizon, analysis.unit)


def _placebo_rows(card: Card, main: Analysis) -> Iterator[dict]:
    """The mean of the effects in the year before adoption, counted from the month before it, where none should be."""
    result, last = main.result, BEFORE[1] - card.staggered.anticipation
    chosen = (result.table["term"] == "dynamic") & result.table["event_time"].between(BEFORE[0], last)
    rows = np.flatnonzero(chosen.fillna(False).to_numpy(bool))
    if not len(rows):
        return
    statistic = parameters(main.effects.group_time, result.design, cells=main.effects).of_sample

    def mean_before(att: np.ndarray, shares: np.ndarray) -> np.ndarray:
        return statistic(att, shares)[..., rows].mean(axis=-1, keepdims=True)

    row = result.table.iloc[[rows[0]]].assign(
        term="placebo", event_time=pd.NA, base_rate=np.nan, estimate=result.table["estimate"].iloc[rows].mean()
    )
    alone = replace(
        result,
        table=row.reset_index(drop=True).astype(result.table.dtypes),
        sums=result.sums[:, rows].mean(axis=1, keepdims=True),
        left_out=result.left_out[:, rows].mean(axis=1, keepdims=True),
        person_covariance=None,
        permutation=ranked(card, main.effects, mean_before),
        bands=None,
        omitted=result.omitted.iloc[:0],
    )
    for found in to_rows(alone, primary=None, spec=PLACEBO):
        if found["inference"] in (alone.headline, *RANKS):
            yield _placed(replace(main, result=alone), found) | {"role": "sensitivity"}


def negative_control_rows(
    card: Card, baseline: pd.DataFrame, months: pd.DataFrame, aggregates: pd.DataFrame, offices: pd.DataFrame
) -> Iterator[dict]:
    """The negative controls, by the estimator of the headline; before adoption as the event study has them."""

    def source(own: Card) -> tuple[Source, str, int | None]:
        return source_of(own, baseline, months, aggregates, offices), own.outcomes.primary, main_horizon(own)

    def after(own: Card) -> Iterator[dict]:
        found, outcome, horizon = source(own)
        try:
            if own.staggered.estimator != HEADLINE:
                yield from overall_rows(own, found, People(baseline, months, offices))
                return
            main = analysed(own, found, outcome, horizon)
            adjusted = _adjusted(own, baseline, months, main)
        except ProblemsFound as error:
            yield not_estimated(outcome, horizon, "", "sensitivity", error, estimator=own.staggered.estimator)
            return
        rows = _main_rows(own, main) if adjusted is None else _adjusted_rows(own, main, adjusted)
        yield from (row for row in rows if row["role"] == "primary")

    def before(own: Card) -> Iterator[dict]:
        found = analysed(own, *source(own), base="universal", aggregates=("dynamic",))
        for row in to_rows(found.result, primary=None):
            if row["term"] == "dynamic" and row.get("inference") == found.result.headline:
                yield _placed(found, row)

    yield from staggered_controls(card, after, before)


def _choice_rows(card: Card, source: Source) -> Iterator[dict]:
    """The headline with the other control group, the other base, and the other unit."""
    chosen, outcome = card.staggered, card.outcomes.primary
    control = {"never": "not_yet", "not_yet": "never"}[chosen.control]
    base = {"universal": "varying", "varying": "universal"}[chosen.base]
    choices = {f"control_{control}": {"control": control}, f"base_{base}": {"base": base}}
    if chosen.unit == "county":
        choices["unit_office"] = {"unit": "office"}
    for spec, changes in choices.items():
        yield from _simple_rows(card, source, outcome, main_horizon(card), spec, "sensitivity", **changes)


def _other_rows(card: Card, source: Source) -> Iterator[dict]:
    """The other outcomes, and all of them at the other horizons."""
    horizons = [None] if main_horizon(card) is None else card.horizons
    for outcome in card.outcome_names():
        for horizon in horizons:
            if (outcome, horizon) != (card.outcomes.primary, horizons[0]):
                yield from _simple_rows(card, source, outcome, horizon, MAIN, "secondary")


def _simple_rows(
    card: Card, source: Source, outcome: str, horizon: int | None, spec: str, role: str, **changes: Any
) -> Iterator[dict]:
    """Simple and group averages under the headline inference with their ranks, or the reason why there are none."""
    try:
        found = analysed(card, source, outcome, horizon, aggregates=("simple", "group"), **changes)
    except ProblemsFound as error:
        yield not_estimated(outcome, horizon, spec, role, error)
        return
    for row in to_rows(found.result, primary=None, spec=spec):
        ranked = row.get("inference") in RANKS
        if row["term"] in ("simple", "group") and (ranked or row["inference"] == found.result.headline):
            yield _placed(found, row) | {"role": "sensitivity" if ranked else role}


def _regression_rows(card: Card, source: Source, main: Analysis) -> Iterator[dict]:
    """Two-way fixed effects: the static coefficient under each convention, and the event study under fixest's."""
    # From the months themselves: of a panel with gaps, the main effects hold changes between them.
    arrays = effects_from_cells(card, source.cells, card.outcomes.primary, main.horizon).arrays
    design = main.result.design
    options = {"outcome": card.outcomes.primary, "level": card.inference.level}
    for spec, estimator in (("twfe_static", static_effect), ("twfe_event_study", event_study)):
        try:
            found = estimator(arrays, design)
        except ProblemsFound as error:
            empty = not_estimated(card.outcomes.primary, main.horizon, spec, "sensitivity", error)
            yield empty | {"estimand": "none", "estimator": spec, "term": "coefficient"}
            continue
        for row in regression_rows(found, spec=spec, **options):
            if spec == "twfe_static" or row["inference"] == "cr1_fixest":
                yield _placed(main, {**row, **_behind_regression(arrays), "role": "sensitivity"} | _few(arrays))


def _behind_regression(arrays: CellArrays) -> dict[str, int]:
    adopted = arrays.cohorts < NEVER
    here = (arrays.n > 0).any(axis=2)
    return {
        "n_offices_treated": int(here[:, adopted].any(axis=1).sum()),
        "n_offices_comparison": int(here[:, ~adopted].any(axis=1).sum()),
    }


def _few(arrays: CellArrays) -> dict[str, Any]:
    """What a regression may not say with few treated units (design.md 4)."""
    treated = _behind_regression(arrays)["n_offices_treated"]
    if treated >= FEW_TREATED:
        return {}
    gone = {"p_value": None, "statistic": None, "reason": FEW_OFFICES}
    alone = {"std_error": None, "conf_low": None, "conf_high": None, "reason": ONE_OFFICE}
    return gone | (alone if treated == 1 else {})


def _adjusted(card: Card, baseline: pd.DataFrame, months: pd.DataFrame, main: Analysis) -> StaggeredResult | None:
    """The main result with the card's covariates, from persons; None without a method."""
    if card.staggered.method == "none":
        return None
    people = (
        people_by_month(card, baseline, months) if is_panel(card) else people_at(card, baseline, months, main.horizon)
    )
    return adjusted_result(card, people, few_offices=main.result.few_offices)


def _adjusted_rows(card: Card, main: Analysis, adjusted: StaggeredResult) -> Iterator[dict]:
    """With covariates first, and the same without them beside; persons and offices are counted from the cells."""
    keys = ["term", "group", "month", "event_time"]
    counted = main.result.table[[*keys, *COUNTS]]
    table = adjusted.table.drop(columns=list(COUNTS)).merge(counted, on=keys, how="left", validate="1:1")
    yield from _main_rows(card, replace(main, result=replace(adjusted, table=table[adjusted.table.columns])))
    for row in _main_rows(card, main, "no_covariates", primary=None):
        if row["term"] == "simple":
            yield row | {"role": "sensitivity"}


def _ledger(card: Card, main: Analysis) -> pd.DataFrame:
    return main.effects.ledger.assign(outcome=card.outcomes.primary, horizon_months=main.horizon)


def _attrition(
    card: Card, main: Analysis, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """Who is left without persons who lack the outcome in some month, and without groups never seen untreated."""
    chosen, first = card.staggered, main.effects.arrays.months[0]
    arms, counts = [arm.id for arm in card.arms], card.design == "aggregated_series"
    people, step = offices if counts else baseline, 1
    if is_panel(card) and chosen.missing == "drop_person":
        whole = complete_rows(months, Roles(outcome=card.outcomes.primary))
        people = people[people["person_id"].isin(months["person_id"][whole])]
        yield attrition_rows(step, "complete_months", people, arms)
        step += 1
    early = people["adoption_month"] + chosen.lag - chosen.anticipation - 1 < first
    left = people[~early.fillna(False).astype(bool)]
    if len(left) == len(people):
        return
    if counts:
        number = {arm: int(left["arm"].eq(arm).sum()) for arm in arms}
        yield stated_rows(step, "untreated_first", dict.fromkeys(arms), number)
    else:
        yield attrition_rows(step, "untreated_first", left, arms)
