"""Estimates of staggered adoption over offices: Callaway and Sant'Anna from cells, and what stands beside them.

The headline is the average effect over all groups and months since adoption (`simple`), of the card's main outcome at
its main horizon. Two-way fixed effects is there to be seen failing: it is biased when effects differ between groups or
change with time since adoption (Goodman-Bacon 2021, J. Econometrics 225(2)).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.office_cells import arrays_of, office_cells, people_at
from analysis.plan import plan_hash
from analysis.problems import ProblemsFound
from analysis.results import estimates
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import CellEffects, cell_effects
from analysis.staggered.design import AGGREGATES, NEVER, Design
from analysis.staggered.inference import FEW_TREATED, MANY_OFFICES, ONE_OFFICE
from analysis.staggered.parameters import COUNTS, Parameters, parameters
from analysis.staggered.permutation import Permutation, permutation
from analysis.staggered.person_effects import person_effects
from analysis.staggered.persons import Roles
from analysis.staggered.regressions import event_study, static_effect
from analysis.staggered.result import StaggeredResult, cell_result, person_result
from analysis.staggered.rows import regression_rows, to_rows
from analysis.tables import FEW_OFFICES, MAIN

# Event times of the placebo: the year before adoption, without the month that is subtracted.
BEFORE = (-12, -2)
PLACEBO = "placebo_before"
RANKS = ("placebo_rank", "permutation")


@dataclass(frozen=True)
class StaggeredEstimates:
    """`estimates` per design.md; `office_cells` (OFFICE_CELLS), from which `effects_from_cells` gives them again;
    `ledger`: outcome, horizon_months, reason, group, persons, offices of adoption groups that were left out."""

    estimates: pd.DataFrame
    office_cells: pd.DataFrame
    ledger: pd.DataFrame


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
    table = office_cells(card, baseline, months, aggregates, offices)
    common = {**identity, "data_kind": card.data_kind, "design": card.design, "conf_level": card.inference.level}
    main = _cell_analysis(card, table, card.outcomes.primary, main_horizon(card))
    adjusted = _adjusted(card, baseline, months)
    rows = [
        *(_main_rows(card, main) if adjusted is None else _adjusted_rows(card, main, adjusted)),
        *_placebo_rows(card, table),
        *_choice_rows(card, table),
        *_regression_rows(card, main),
        *_other_rows(card, table),
    ]
    return StaggeredEstimates(estimates(rows, **common), table, _ledger(card, main))


def effects_from_cells(
    card: Card, table: pd.DataFrame, outcome: str, horizon: int | None, *, unit: str | None = None, **changes: Any
) -> CellEffects:
    """The effects of one outcome and horizon from released cells; `changes` are keys of the design."""
    design = replace(design_of(card), **changes)
    return cell_effects(arrays_of(table, outcome, horizon, unit or card.staggered.unit), design)


def design_of(card: Card) -> Design:
    """The card's choices; persons are others each month, and so may those be who are counted."""
    chosen = card.staggered
    return Design(control=chosen.control, base=chosen.base, anticipation=chosen.anticipation, sampling="cross_section")


def main_horizon(card: Card) -> int | None:
    """Months after time zero of the headline; None for counts, whose months are the calendar's."""
    return None if card.design == "aggregated_series" else card.horizons[0]


def seed_of(card: Card) -> int:
    """The seed of all that is drawn, from the plan: another plan, another seed."""
    return int(plan_hash(card)[:8], 16)


@dataclass(frozen=True)
class _Analysis:
    """One outcome at one horizon with one kind of unit."""

    result: StaggeredResult
    effects: CellEffects
    horizon: int | None
    unit: str


def _cell_analysis(
    card: Card,
    table: pd.DataFrame,
    outcome: str,
    horizon: int | None,
    *,
    unit: str | None = None,
    aggregates: tuple[str, ...] = AGGREGATES,
    **changes: Any,
) -> _Analysis:
    unit = unit or card.staggered.unit
    design = replace(design_of(card), aggregates=aggregates, **changes)
    found = cell_effects(arrays_of(table, outcome, horizon, unit), design)
    options = {"outcome": outcome, "seed": seed_of(card), "level": card.inference.level}
    made = cell_result(found, design, **options, bands=card.staggered.bands)
    listed = parameters(found.group_time, design, cells=found)
    if horizon is not None:
        made = replace(made, table=made.table.assign(**_people(listed, found)))
    return _Analysis(replace(made, permutation=_ranked(card, found, listed.of_sample)), found, horizon, unit)


def _people(listed: Parameters, found: CellEffects) -> dict[str, pd.array]:
    """Persons behind each average when they are others every month: of the groups in the months of their effects, and
    of those they are compared with there, each counted once."""
    plan, size = found.plan, found.arrays.n.sum(axis=0)
    other = plan.comparison(len(size))
    counts = {"n_treated": [], "n_comparison": []}
    for used in listed.by_effect != 0:
        own, compared = np.zeros((2, *size.shape), dtype=bool)
        own[plan.own[used], plan.at[used]] = True
        np.logical_or.at(compared.T, plan.at[used], other[used])
        counts["n_treated"].append(int(size[own].sum()))
        counts["n_comparison"].append(int(size[compared].sum()))
    return {name: pd.array(values, dtype="Int64") for name, values in counts.items()}


def _ranked(card: Card, found: CellEffects, statistic: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Permutation:
    """The rank of the estimates among moved adoption dates, as many as the card says."""
    return permutation(
        found.arrays,
        found.plan,
        statistic,
        randomised=card.assignment.randomised,
        seed=seed_of(card),
        draws=card.staggered.permutations - 1,
        limit=card.staggered.permutations,
    )


def _main_rows(card: Card, main: _Analysis, spec: str = MAIN, primary: str | None = "simple") -> Iterator[dict]:
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


def _placed(analysis: _Analysis, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its horizon and, where counties adopted, their name instead of that of offices."""
    row = {**row, "horizon_months": analysis.horizon}
    if analysis.unit == "county" and row.get("cluster_level") == "office":
        row["cluster_level"] = "county"
        row["convention"] = row["convention"].replace("office", "county").replace("countys", "counties")
    return row


def _placebo_rows(card: Card, table: pd.DataFrame) -> Iterator[dict]:
    """The mean of the effects in the year before adoption, counted from the month before it, where none should be."""
    main = _cell_analysis(card, table, card.outcomes.primary, main_horizon(card), base="universal")
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
        permutation=_ranked(card, main.effects, mean_before),
        bands=None,
        omitted=result.omitted.iloc[:0],
    )
    for found in to_rows(alone, primary=None, spec=PLACEBO):
        if found["inference"] in (alone.headline, *RANKS):
            yield _placed(replace(main, result=alone), found) | {"role": "sensitivity"}


def _choice_rows(card: Card, table: pd.DataFrame) -> Iterator[dict]:
    """The headline with the other control group, the other base, and the other unit."""
    chosen, outcome = card.staggered, card.outcomes.primary
    control = {"never": "not_yet", "not_yet": "never"}[chosen.control]
    base = {"universal": "varying", "varying": "universal"}[chosen.base]
    choices = {f"control_{control}": {"control": control}, f"base_{base}": {"base": base}}
    if chosen.unit == "county":
        choices["unit_office"] = {"unit": "office"}
    for spec, changes in choices.items():
        yield from _simple_rows(card, table, outcome, main_horizon(card), spec, "sensitivity", **changes)


def _other_rows(card: Card, table: pd.DataFrame) -> Iterator[dict]:
    """The other outcomes, and all of them at the other horizons."""
    horizons = [None] if main_horizon(card) is None else card.horizons
    for outcome in card.outcome_names():
        for horizon in horizons:
            if (outcome, horizon) != (card.outcomes.primary, horizons[0]):
                yield from _simple_rows(card, table, outcome, horizon, MAIN, "secondary")


def _simple_rows(
    card: Card, table: pd.DataFrame, outcome: str, horizon: int | None, spec: str, role: str, **changes: Any
) -> Iterator[dict]:
    """Simple and group averages under the headline inference with their ranks, or the reason why there are none."""
    try:
        found = _cell_analysis(card, table, outcome, horizon, aggregates=("simple", "group"), **changes)
    except ProblemsFound as error:
        yield _not_estimated(outcome, horizon, spec, role, error)
        return
    for row in to_rows(found.result, primary=None, spec=spec):
        ranked = row.get("inference") in RANKS
        if row["term"] in ("simple", "group") and (ranked or row["inference"] == found.result.headline):
            yield _placed(found, row) | {"role": "sensitivity" if ranked else role}


def _not_estimated(outcome: str, horizon: int | None, spec: str, role: str, error: ProblemsFound) -> dict[str, Any]:
    return {
        "estimand": "att",
        "estimator": "callaway_santanna",
        "outcome": outcome,
        "horizon_months": horizon,
        "scale": "difference",
        "term": "simple",
        "role": role,
        "spec": spec,
        "status": "not_estimated",
        "reason": "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems),
    }


def _regression_rows(card: Card, main: _Analysis) -> Iterator[dict]:
    """Two-way fixed effects: the static coefficient under each convention, and the event study under fixest's."""
    arrays, design = main.effects.arrays, main.result.design
    options = {"outcome": card.outcomes.primary, "level": card.inference.level}
    for spec, estimator in (("twfe_static", static_effect), ("twfe_event_study", event_study)):
        try:
            found = estimator(arrays, design)
        except ProblemsFound as error:
            empty = _not_estimated(card.outcomes.primary, main.horizon, spec, "sensitivity", error)
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


def _adjusted(card: Card, baseline: pd.DataFrame, months: pd.DataFrame) -> StaggeredResult | None:
    """The main result with the card's covariates, from persons; None without a method."""
    chosen, outcome = card.staggered, card.outcomes.primary
    if chosen.method == "none":
        return None
    people = people_at(card, baseline, months, card.horizons[0]).dropna(subset=[outcome])
    roles = Roles(outcome=outcome, person=None, cluster="office_id", covariates=chosen.formula)
    design = design_of(card)

    def effects(frame: pd.DataFrame):
        return person_effects(frame, design, roles, method=chosen.method)

    found, offices = effects(people), sorted(people["office_id"].unique())
    few = len(offices) < MANY_OFFICES
    left_out = [effects(people[people["office_id"] != office]).group_time for office in _used(found, offices)]
    return person_result(
        found.group_time,
        design,
        outcome=outcome,
        seed=seed_of(card),
        level=card.inference.level,
        bands=chosen.bands,
        left_out=left_out if few else None,
        ledger=found.ledger,
        omitted=found.plan.omitted,
    )


def _used(found: Any, offices: list[str]) -> list[str]:
    """The offices that the effects rest on, in the order of the influence."""
    return sorted(set(offices) & set(np.unique(found.group_time.clusters).tolist()))


def _adjusted_rows(card: Card, main: _Analysis, adjusted: StaggeredResult) -> Iterator[dict]:
    """With covariates first, and the same without them beside; persons and offices are counted from the cells."""
    keys = ["term", "group", "month", "event_time"]
    counted = main.result.table[[*keys, *COUNTS]]
    table = adjusted.table.drop(columns=list(COUNTS)).merge(counted, on=keys, how="left", validate="1:1")
    yield from _main_rows(card, replace(main, result=replace(adjusted, table=table[adjusted.table.columns])))
    for row in _main_rows(card, main, "no_covariates", primary=None):
        if row["term"] == "simple":
            yield row | {"role": "sensitivity"}


def _ledger(card: Card, main: _Analysis) -> pd.DataFrame:
    ledger = main.result.ledger if card.staggered.method == "none" else main.effects.ledger
    return ledger.assign(outcome=card.outcomes.primary, horizon_months=main.horizon)
