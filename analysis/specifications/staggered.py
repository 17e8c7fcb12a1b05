"""The curve of staggered adoption: other comparisons, months left out before adoption, averages and outcomes.

Adoption dates are moved between whole offices, the same for every analysis, and every estimate is made anew from the
sums of the offices. Which month is subtracted before adoption (`base`) is no axis: it moves nothing after it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.office_cells import arrays_of, design_of
from analysis.plan import seed_of
from analysis.problems import ProblemsFound
from analysis.specifications.ways import SIMPLE, Found, Way, axes, combinations, own_value, permutations_of
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import AGGREGATES
from analysis.staggered.parameters import parameters
from analysis.staggered.permutation import (
    all_assignments,
    drawn_assignments,
    estimates_of,
    n_assignments,
    office_cohorts,
)
from analysis.staggered_analysis import main_horizon

OTHER_OFFICES = "andre kontorer eller oppstartsmåneder er med enn i hovedanalysen, så datoene kan ikke byttes likt."
NOT_ALWAYS = "analysen lar seg ikke gjøre under alle omfordelingene."


@dataclass(frozen=True)
class _Assigned:
    """The adoption dates that are tried: indexes into the dates of `arrays` by office (B, O)."""

    arrays: CellArrays
    dates: np.ndarray


@dataclass(frozen=True)
class _Averages:
    """Averages by kind: observed, and permuted (B,)."""

    seen: dict[str, float]
    drawn: dict[str, np.ndarray]


def staggered_specifications(card: Card, cells: pd.DataFrame) -> Found:
    """Every combination of the grid, from `cells` (OFFICE_CELLS).

    Raises ProblemsFound where the main analysis cannot be made, or an office has several adoption dates.
    """
    assigned = _assigned(card, cells)
    made: dict[tuple[Any, ...], _Averages | str] = {}
    kept: list[tuple[Way, float, np.ndarray]] = []
    left_out = []
    for way in combinations(card):
        key = _key(card, way)
        if key not in made:
            made[key] = _averages(card, cells, assigned, key)
        one, kind = made[key], way.values.get("weighting", SIMPLE)
        reason = one if isinstance(one, str) else _unusable(one, kind)
        if reason is None:
            kept.append((way, one.seen[kind], one.drawn[kind]))
        else:
            left_out.append((way, reason))
    ways, seen, drawn = zip(*kept, strict=True) if kept else ((), (), ())
    permuted = np.column_stack(drawn) if kept else np.empty((len(assigned.dates), 0))
    return Found(ways, np.array(seen), permuted, left_out, "adoption_dates")


def _unusable(one: _Averages, kind: str) -> str | None:
    return None if np.isfinite(one.seen[kind]) and np.isfinite(one.drawn[kind]).all() else NOT_ALWAYS


def _key(card: Card, way: Way) -> tuple[Any, ...]:
    """Control, anticipation, outcome and horizon."""
    own = {axis: own_value(card, axis) for axis in ("control", "anticipation", "outcome")}
    return tuple(({**own, "horizon": main_horizon(card)} | way.values)[axis] for axis in (*own, "horizon"))


def _effects(card: Card, cells: pd.DataFrame, key: tuple[Any, ...]):
    control, anticipation, outcome, horizon = key
    kinds = tuple(kind for kind in AGGREGATES if kind in axes(card).get("weighting", [SIMPLE]))
    design = replace(design_of(card), control=control, anticipation=anticipation, aggregates=kinds)
    return cell_effects(arrays_of(cells, outcome, horizon, card.staggered.unit), design), design


def _assigned(card: Card, cells: pd.DataFrame) -> _Assigned:
    """Every other assignment of the dates where they are few, otherwise as many as are drawn."""
    main = next(combinations(card))
    arrays = _effects(card, cells, _key(card, main))[0].arrays
    cohort = office_cohorts(arrays)
    strata, draws = np.zeros(len(cohort), dtype=np.int64), permutations_of(card)
    if n_assignments(cohort, strata) <= draws + 1:
        found = [one for one in all_assignments(cohort, strata) if (one != cohort).any()]
    else:
        found = drawn_assignments(cohort, strata, draws, np.random.default_rng(seed_of(card)))
    return _Assigned(arrays, np.array(list(found)))


def _averages(card: Card, cells: pd.DataFrame, assigned: _Assigned, key: tuple[Any, ...]) -> _Averages | str:
    """The averages of one choice, or why there are none."""
    try:
        found, design = _effects(card, cells, key)
    except ProblemsFound as error:
        return "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems)
    own, main = found.arrays, assigned.arrays
    same = np.array_equal(own.offices, main.offices) and np.array_equal(own.cohorts, main.cohorts)
    if not same or (office_cohorts(own) != office_cohorts(main)).any():
        return OTHER_OFFICES
    listed = parameters(found.group_time, design, cells=found)
    drawn = estimates_of(assigned.dates, own, found.plan, listed.of_sample)
    terms = listed.table["term"].tolist()
    places = {kind: terms.index(kind if kind == SIMPLE else f"{kind}_overall") for kind in design.aggregates}
    seen = listed.table["estimate"].to_numpy()
    return _Averages({k: float(seen[p]) for k, p in places.items()}, {k: drawn[:, p] for k, p in places.items()})
