"""Local projections difference-in-differences from cells: a regression of long differences for every event time."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import CellEffects, cell_effects, leave_one_out
from analysis.staggered.design import Design, Plan
from analysis.staggered.estimated import Estimated, counted, effect_weights, of_group_time
from analysis.staggered.left_out import without_each
from analysis.staggered.parameters import ATT_GT

WEIGHTINGS = ("variance", "equal")
NAMES = {"variance": "local_projections", "equal": "local_projections_equal"}


def local_projections(arrays: CellArrays, design: Design, *, weighting: str = "variance") -> Estimated:
    """LP-DiD of Dube, Girardi, Jordà and Taylor (2023), NBER Working Paper 31184.

    For each event time h the change from the base month to h of those who start in a month, against that of those
    still untreated at h (by `design.control`, never alone), with a level per month. `variance`: plain least squares,
    where a group weighs n₁n₀/(n₁ + n₀); `equal`: reweighted, so that every treated person weighs the same, which is
    Callaway and Sant'Anna's `dynamic` with a universal base. Changes are from g − 1 − `anticipation` on.
    `simple` is the coefficient of one regression over all h from 0 on, with a level per month and h.
    In a balanced panel all equal the regressions on persons. Raises ProblemsFound as `cell_effects` does.
    """
    if weighting not in WEIGHTINGS:
        raise ValueError(f"weighting must be one of {', '.join(WEIGHTINGS)}, not {weighting!r}")
    design = replace(design, base="universal", balance=None)
    cells = cell_effects(arrays, design)
    left_out = leave_one_out(cells.arrays, cells.plan)
    if weighting == "equal":
        chosen = replace(design, aggregates=("simple", "dynamic"))
        return of_group_time(NAMES[weighting], cells, chosen, left_out=left_out)
    return _by_variance(cells, design, left_out[0])


def _by_variance(cells: CellEffects, design: Design, left_att: np.ndarray) -> Estimated:
    found, plan, sizes = cells.group_time, cells.plan, cells.arrays.sizes
    rows = _rows(plan)
    att = found.table["att"].to_numpy()
    size, moved = _weights(sizes, plan)
    estimate = _averages(rows, att, size)
    table = _table(cells, rows, estimate, size)
    return Estimated(
        name=NAMES["variance"],
        design=design,
        table=table,
        offices=cells.arrays.offices,
        weights=effect_weights(found.table, _normalised(rows.parts, size)[0]),
        left_out=_averages(rows, left_att, _sizes(without_each(sizes), plan)),
        sums=_influence(rows, found.influence, att, size, moved, estimate),
        ledger=cells.ledger,
        omitted=plan.omitted,
    )


@dataclass(frozen=True)
class _Averaged:
    """What is averaged: effects (K) into `parts` (P, K) by size, of which the first is simple and the others are the
    event times `events` (P − 1,); `overall` (P − 1,): what these weigh in dynamic_overall."""

    parts: np.ndarray
    events: np.ndarray
    overall: np.ndarray


def _rows(plan: Plan) -> _Averaged:
    event = plan.table["event_time"].to_numpy()
    events = np.unique(event)
    after = (events >= 0).astype("float64")
    parts = np.vstack([event >= 0, event == events[:, None]]).astype("float64")
    return _Averaged(parts, events, after / max(after.sum(), 1.0))


def _sizes(sizes: np.ndarray, plan: Plan) -> np.ndarray:
    """n₁n₀/(n₁ + n₀) of each effect (…, K) from sizes (…, C)."""
    treated, clean = _both_sides(sizes, plan)
    total = treated + clean
    return np.divide(treated * clean, total, out=np.zeros_like(total), where=total > 0)


def _both_sides(sizes: np.ndarray, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    return sizes[..., plan.own], sizes @ plan.comparison(sizes.shape[-1]).astype("float64").T


def _weights(sizes: np.ndarray, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Sizes (K,), and what each office adds to them (O, K) when all of its persons count a little more."""
    treated, clean = _both_sides(sizes, plan)
    part = treated.sum(axis=0) / (treated + clean).sum(axis=0)
    return _sizes(sizes.sum(axis=0), plan), (1 - part) ** 2 * treated + part**2 * clean


def _normalised(parts: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Weights (…, P, K) of the effects in each part, from sizes (…, K)."""
    weight = parts * size[..., None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        return weight / weight.sum(axis=-1, keepdims=True)


def _averages(rows: _Averaged, att: np.ndarray, size: np.ndarray) -> np.ndarray:
    """All estimates (…, K + 2 + E): effects, simple, dynamic_overall, event times; effects of size 0 do not count.
    One that a sample cannot give leaves the averages it is part of undefined, and no other."""
    lost = np.isnan(att) & (size > 0)
    weight = _normalised(rows.parts, size)
    parts = (weight @ np.where((size > 0) & ~lost, att, 0.0)[..., None])[..., 0]
    parts = np.where(lost.astype("float64") @ rows.parts.T > 0, np.nan, parts)
    overall = parts[..., 1:][..., rows.overall > 0] @ rows.overall[rows.overall > 0]
    return np.concatenate([att, parts[..., :1], overall[..., None], parts[..., 1:]], axis=-1)


def _influence(
    rows: _Averaged, influence: np.ndarray, att: np.ndarray, size: np.ndarray, moved: np.ndarray, estimate: np.ndarray
) -> np.ndarray:
    """(O, R): of the effects by their weights, and of the weights by how far the effects lie from the average."""
    k = len(att)
    average = np.concatenate([estimate[k : k + 1], estimate[k + 2 :]])
    total = rows.parts @ size
    pull = rows.parts * (att - average[:, None]) / total[:, None]
    parts = influence @ _normalised(rows.parts, size).T + moved @ pull.T
    overall = parts[:, 1:] @ rows.overall
    return np.hstack([influence, parts[:, :1], overall[:, None], parts[:, 1:]])


def _table(cells: CellEffects, rows: _Averaged, estimate: np.ndarray, size: np.ndarray) -> pd.DataFrame:
    """COLUMNS of `parameters` for every estimate."""
    effects, plan = cells.group_time.table, cells.plan
    k, n_events = len(effects), len(rows.events)
    base = (effects["treated_mean"] - effects["att"]).to_numpy()
    weight = _normalised(rows.parts, size)
    overall = rows.overall @ weight[1:]
    used = np.vstack([np.eye(k), weight[:1], overall[None], weight[1:]])
    missing = [pd.NA] * (2 + n_events)
    fixed = plan.table["base"] - plan.table["group"]
    table = pd.DataFrame(
        {
            "term": [ATT_GT] * k + ["simple", "dynamic_overall"] + ["dynamic"] * n_events,
            "group": [*effects["group"], *missing],
            "month": [*effects["month"], *missing],
            "base": [*effects["base"], *missing],
            "event_time": [*effects["event_time"], pd.NA, pd.NA, *rows.events],
            "base_event_time": [*fixed, pd.NA, pd.NA, *[fixed.iloc[0]] * n_events],
            "estimate": estimate,
            "base_rate": used @ base,
        }
    )
    n_cohorts = len(cells.arrays.cohorts)
    own = plan.own[:, None] == np.arange(n_cohorts)
    behind = (used != 0).astype("float64")
    return counted(table, cells.arrays, behind @ own > 0, behind @ plan.comparison(n_cohorts) > 0)
