"""One analysis of staggered adoption: an outcome at a horizon, with offices or counties as units, from cells."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_staggered import HEADLINE
from analysis.cards import Card
from analysis.office_cells import arrays_of, design_of, is_panel, office_cells, panel_people
from analysis.plan import seed_of
from analysis.problems import ProblemsFound
from analysis.staggered.cell_effects import CellEffects, cell_effects
from analysis.staggered.design import AGGREGATES, Design, Plan
from analysis.staggered.moments import joint_covariance, person_moments
from analysis.staggered.pairwise import pairwise_effects
from analysis.staggered.parameters import Parameters, parameters
from analysis.staggered.permutation import Permutation, permutation
from analysis.staggered.result import StaggeredResult, cell_result


@dataclass(frozen=True)
class Source:
    """`cells` (OFFICE_CELLS). `panels`: of a panel, the persons by month of each outcome."""

    cells: pd.DataFrame
    panels: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Analysis:
    """One outcome at one horizon (None: months are the calendar's) with one kind of unit, office or county."""

    result: StaggeredResult
    effects: CellEffects
    horizon: int | None
    unit: str


def source_of(
    card: Card, baseline: pd.DataFrame, months: pd.DataFrame, aggregates: pd.DataFrame, offices: pd.DataFrame
) -> Source:
    """What every analysis of the cohort is made from. Raises ProblemsFound where a panel is not what it should be."""
    panels = panel_people(card, baseline, months, offices) if is_panel(card) else {}
    return Source(office_cells(card, baseline, months, aggregates, offices, panels), panels)


def effects_from_cells(
    card: Card, table: pd.DataFrame, outcome: str, horizon: int | None, *, unit: str | None = None, **changes: Any
) -> CellEffects:
    """The effects of one outcome and horizon from released cells; `changes` are keys of the design.

    A panel with gaps cannot be had from cells: who is known in two months at once is not in them.
    """
    design = replace(design_of(card), **changes)
    return cell_effects(arrays_of(table, outcome, horizon, unit or card.staggered.unit), design)


def main_horizon(card: Card) -> int | None:
    """Months after time zero of the headline; None for counts and panels, whose months are the calendar's."""
    return None if card.design == "aggregated_series" or is_panel(card) else card.horizons[0]


def analysed(
    card: Card,
    source: Source,
    outcome: str,
    horizon: int | None,
    *,
    unit: str | None = None,
    aggregates: tuple[str, ...] = AGGREGATES,
    **changes: Any,
) -> Analysis:
    """Effects, averages, errors and the rank of one analysis; `changes` are keys of the design."""
    unit = unit or card.staggered.unit
    design = replace(design_of(card), aggregates=aggregates, **changes)
    made, found = estimated(card, source, outcome, horizon, unit=unit, design=design)
    listed = parameters(found.group_time, design, cells=found)
    if horizon is not None:  # persons are others every month
        made = replace(made, table=made.table.assign(**_people(listed, found)))
    return Analysis(replace(made, permutation=ranked(card, found, listed.of_sample)), found, horizon, unit)


def estimated(
    card: Card, source: Source, outcome: str, horizon: int | None, *, unit: str, design: Design
) -> tuple[StaggeredResult, CellEffects]:
    """Effects, averages and errors, without the rank, which takes the longest."""
    panel = source.panels.get(outcome)
    if panel is not None and design.missing == "pairwise":
        office = "county" if unit == "county" else "office_id"
        found = pairwise_effects(panel, design, outcome=outcome, office=office)
    else:
        found = cell_effects(arrays_of(source.cells, outcome, horizon, unit), design)
    options = {"outcome": outcome, "seed": seed_of(card), "level": card.inference.level}
    of_persons = _of_persons(panel, outcome, found.plan, card)
    return cell_result(found, design, **options, **of_persons, bands=card.staggered.bands), found


def ranked(card: Card, found: CellEffects, statistic: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Permutation:
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


def _of_persons(panel: pd.DataFrame | None, outcome: str, plan: Plan, card: Card) -> dict[str, Any]:
    """Covariance with independent persons, of a panel without gaps; nothing otherwise."""
    if panel is None or card.staggered.missing == "pairwise":
        return {}
    late = panel["adoption_month"] > panel["month"].max() + card.staggered.anticipation
    never = panel.assign(adoption_month=panel["adoption_month"].mask(late.fillna(False).astype(bool)))
    moments = person_moments(never, outcome=outcome, weight=card.staggered.weight)
    return {"joint": joint_covariance(moments, plan), "n_persons": panel["person_id"].nunique()}


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


def placed_row(row: dict[str, Any], horizon: int | None, unit: str) -> dict[str, Any]:
    """The row with its horizon and, where counties adopted, their name instead of that of offices."""
    row = {**row, "horizon_months": horizon}
    if unit == "county" and row.get("cluster_level") == "office":
        row["cluster_level"] = "county"
        convention = row.get("convention") or ""
        row["convention"] = convention.replace("office", "county").replace("countys", "counties") or None
    return row


def not_estimated(
    outcome: str, horizon: int | None, spec: str, role: str, error: ProblemsFound, *, estimator: str = HEADLINE
) -> dict[str, Any]:
    """The row of an overall average that could not be worked out, with the reason."""
    return {
        "estimand": "att",
        "estimator": estimator,
        "outcome": outcome,
        "horizon_months": horizon,
        "scale": "difference",
        "term": "simple",
        "role": role,
        "spec": spec,
        "status": "not_estimated",
        "reason": "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems),
    }
