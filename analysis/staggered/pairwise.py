"""Group-time effects when some outcomes are missing: each person counts where both months of a change are known."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.cells import cells
from analysis.staggered.cell_arrays import CellArrays, adoption_numbers, cell_arrays, within_window
from analysis.staggered.cell_effects import CellEffects, checked_plan, effects_of_plan
from analysis.staggered.design import NEVER, Design, Plan


@dataclass(frozen=True)
class _People:
    """`y` (N, T) with NaN where unknown; `w` (N,); `place` (N,): office and cohort as one number, −1 when left out."""

    y: np.ndarray
    w: np.ndarray
    place: np.ndarray


def pairwise_effects(
    panel: pd.DataFrame,
    design: Design,
    *,
    outcome: str,
    person: str = "person_id",
    office: str = "office_id",
    adoption: str = "adoption_month",
    month: str = "month",
) -> CellEffects:
    """ATT(g, t) from the mean of y_t − y_b over the persons for whom both are known, for each t and b on its own.

    With nothing missing the same as `cell_effects`. The estimand shifts when those with a gap differ: the
    other reading drops a person with any missing month. The arrays hold changes: a "month" per pair, and a last
    one of zeros that is subtracted. `panel`: one row per person and month.
    """
    known = panel[panel[outcome].notna()]
    sums = cells(known, outcomes=[outcome], by=[office, adoption, month], weight=design.weight)
    arrays, ledger = within_window(cell_arrays(sums, office=office, adoption=adoption, month=month), design)
    plan = checked_plan(arrays, design)
    people = _people(known, arrays, design, outcome, [person, office, adoption, month])
    changes, by_pair = _changes(people, arrays, plan)
    found = effects_of_plan(changes, by_pair, ledger)
    level = arrays.wy.sum(axis=0) / arrays.w.sum(axis=0) + arrays.centre
    table = found.group_time.table.assign(treated_mean=level[plan.own, plan.at])
    return replace(found, group_time=replace(found.group_time, table=table))


def _people(known: pd.DataFrame, arrays: CellArrays, design: Design, outcome: str, columns: list[str]) -> _People:
    person, office, adoption, month = columns
    code, ids = pd.factorize(known[person], sort=True)
    y = np.full((len(ids), len(arrays.months)), np.nan)
    y[code, known[month].to_numpy(dtype=np.int64) - arrays.months[0]] = known[outcome].to_numpy(dtype="float64")
    first = known.drop_duplicates(person).sort_values(person, kind="stable")
    adopted = adoption_numbers(first[adoption])
    adopted = np.where(adopted > arrays.months[-1] + design.anticipation, NEVER, adopted)
    o, c = pd.Index(arrays.offices).get_indexer(first[office]), pd.Index(arrays.cohorts).get_indexer(adopted)
    w = np.ones(len(ids)) if design.weight is None else first[design.weight].to_numpy(dtype="float64")
    return _People(y, w, np.where((o >= 0) & (c >= 0), o * len(arrays.cohorts) + c, -1))


def _changes(people: _People, arrays: CellArrays, plan: Plan) -> tuple[CellArrays, Plan]:
    """Arrays of changes (O, C, P + 1), and the plan that takes effect k from its pair and subtracts the last, of 0."""
    moves = plan.at != plan.before
    pairs, where = np.unique(np.column_stack([plan.at, plan.before])[moves], axis=0, return_inverse=True)
    shape = (*arrays.sizes.shape, len(pairs) + 1)
    n, w, wy = (np.zeros(shape) for _ in range(3))
    # Everybody with any outcome stands behind the zeros of the last one, which therefore has a mean of 0.
    n[..., -1], w[..., -1], _ = _sums(people, np.zeros(len(people.w)), shape[:2])
    for p, (at, before) in enumerate(pairs):
        n[..., p], w[..., p], wy[..., p] = _sums(people, people.y[:, at] - people.y[:, before], shape[:2])
    at = np.full(len(moves), len(pairs))
    at[moves] = where.ravel()
    changes = replace(arrays, n=n, w=w, wy=wy, centre=0.0, sizes=w[..., -1])
    return changes, replace(plan, at=at, before=np.full(len(moves), len(pairs)))


def _sums(people: _People, change: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Number, Σw and Σw·change of the persons with a known change, by office and cohort."""
    used = ~np.isnan(change) & (people.place >= 0)
    place, w = people.place[used], people.w[used]
    size = shape[0] * shape[1]
    return [np.bincount(place, part, size).reshape(shape) for part in (np.ones(len(w)), w, w * change[used])]
