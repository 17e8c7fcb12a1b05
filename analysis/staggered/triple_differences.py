"""Triple differences from cells: the affected persons of each office against its unaffected ones, over adoption groups.

The gap between affected and unaffected persons of a group moves from the base month on; what it moves more than the
gap of a comparison group is the effect. Trends need not be parallel, neither between groups nor between subgroups: only
the difference between the subgroups' trends must be the same in every group.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.staggered.cell_arrays import SUMMED, CellArrays, cell_arrays, within_window
from analysis.staggered.cell_effects import checked_plan, effects_of_plan, shares_of
from analysis.staggered.design import NEVER, Design, Plan
from analysis.staggered.estimated import Estimated, of_group_time
from analysis.staggered.left_out import without_each


@dataclass(frozen=True)
class Subgroups:
    """Cells of the persons whom the measure affects, and of those whom it does not, with the same offices, adoption
    groups and months."""

    affected: CellArrays
    unaffected: CellArrays


def subgroup_arrays(cells: pd.DataFrame, *, affected: str, **options: str) -> Subgroups:
    """Arrays of cells with a column `affected` of True and False (or 1 and 0); `options` as for `cell_arrays`.

    Raises ValueError for missing values in the column or a subgroup without cells, ProblemsFound as `cell_arrays` does.
    """
    if cells[affected].isna().any():
        raise ValueError(f"{affected} has missing values")
    own = cells[affected].astype(bool)
    if own.all() or not own.any():
        raise ValueError(f"{affected} has one value only")
    both = cell_arrays(cells, **options)
    return Subgroups(*(_placed(cell_arrays(cells[rows], **options), both) for rows in (own, ~own)))


def triple_differences(groups: Subgroups, design: Design) -> Estimated:
    """Effects on the affected persons of each adoption group, and their averages as Callaway and Sant'Anna's.

    DDD(g, t) = (Z_g,t − Z_g,b) − Σ_c ω_c (Z_c,t − Z_c,b), with Z_c,t = ȳ(affected) − ȳ(unaffected) of group c in
    month t: the gap is made within each comparison group before groups are put together. Pooling comparison groups
    within each subgroup, that is subtracting two ordinary staggered estimates, mixes them by different shares among
    affected and unaffected and is biased where groups have trends of their own: Ortiz-Villavicencio and Sant'Anna
    (2025), «Better understanding triple differences estimators», arXiv 2505.09942. ω_c goes by
    n₁n₀/(n₁ + n₀), about how exactly Z_c is known. Comparison groups as in `Design.control`, base month universal.
    With one adoption month and a group that never adopts: Gruber (1994), American Economic Review 84(3).
    Raises ProblemsFound as `cell_effects` does.
    """
    design = replace(design, base="universal")
    groups, ledger = _within_window(groups, design)
    plan = _checked_plan(groups, design)
    cells = effects_of_plan(groups.affected, plan, ledger)
    gap, size = _gaps(groups, lambda values: values.sum(axis=0))
    influence = _influence(groups, plan, gap, size)
    table = cells.group_time.table.assign(att=_effects(gap, size, plan))
    cells = replace(cells, group_time=replace(cells.group_time, table=table, influence=influence))
    left_out = _effects(*_gaps(groups, without_each), plan)
    shares = shares_of(without_each(groups.affected.sizes)[:, groups.affected.cohorts < NEVER])
    return of_group_time("triple_differences", cells, design, left_out=(left_out, shares))


def _placed(arrays: CellArrays, both: CellArrays) -> CellArrays:
    """The arrays with the offices, groups and months of `both`, 0 where the subgroup has nobody."""
    place = [np.searchsorted(getattr(both, name), getattr(arrays, name)) for name in ("offices", "cohorts", "months")]
    sums = {name: np.zeros_like(getattr(both, name)) for name in SUMMED}
    for name, target in sums.items():
        target[np.ix_(*place[: target.ndim])] = getattr(arrays, name)
    return replace(arrays, offices=both.offices, cohorts=both.cohorts, months=both.months, **sums)


def _within_window(groups: Subgroups, design: Design) -> tuple[Subgroups, pd.DataFrame]:
    """Both subgroups with every cohort in its place, and the ledger of all persons.

    An office counts where it has anybody of either subgroup.
    """
    first, second = groups.affected, groups.unaffected
    whole = replace(first, **{name: getattr(first, name) + getattr(second, name) for name in SUMMED})
    window, ledger = within_window(whole, design)
    parts = [_placed(within_window(part, design)[0], window) for part in (first, second)]
    return Subgroups(*parts), ledger


def _checked_plan(groups: Subgroups, design: Design) -> Plan:
    """The effects that both subgroups can give; a comparison group without one of them does not count."""
    first, second = groups.affected, groups.unaffected
    least = np.minimum(first.w.sum(axis=0), second.w.sum(axis=0))
    complete = (least > 0).all(axis=1, keepdims=True)
    return checked_plan(replace(first, w=np.where(complete, least, 0.0)[None]), design)


def _gaps(groups: Subgroups, total: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Gaps (…, C, T) between the subgroups' means, and n₁n₀/(n₁ + n₀) (…, C); `total` adds up offices.

    A group without one of the subgroups in some month has size 0.
    """
    means, sizes = [], []
    for part in (groups.affected, groups.unaffected):
        w, wy = total(part.w), total(part.wy)
        means.append(np.divide(wy, w, out=np.full(w.shape, np.nan), where=w > 0) + part.centre)
        sizes.append(total(part.sizes))
    gap, both = means[0] - means[1], sizes[0] + sizes[1]
    size = np.divide(sizes[0] * sizes[1], both, out=np.zeros_like(both), where=both > 0)
    return gap, np.where(np.isfinite(gap).all(axis=-1), size, 0.0)


def _shares(size: np.ndarray, plan: Plan) -> np.ndarray:
    """What each comparison group weighs in each effect, ω (…, K, C)."""
    own = plan.comparison(size.shape[-1]) * size[..., None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        return own / own.sum(axis=-1, keepdims=True)


def _effects(gap: np.ndarray, size: np.ndarray, plan: Plan) -> np.ndarray:
    """DDD (…, K); NaN where the group itself, or everybody to compare with, is gone."""
    moved = gap[..., plan.at] - gap[..., plan.before]
    moved = np.swapaxes(moved, -1, -2)
    own = moved[..., np.arange(len(plan.own)), plan.own]
    other = (_shares(size, plan) * np.where(size[..., None, :] > 0, moved, 0.0)).sum(axis=-1)
    return np.where(plan.at == plan.before, 0.0, own - other)


def _influence(groups: Subgroups, plan: Plan, gap: np.ndarray, size: np.ndarray) -> np.ndarray:
    """(O, K): how each office moves the gaps, and the sizes that weigh them."""
    of_gap = _gap_influence(groups)
    share = _shares(size, plan)
    moved = of_gap[:, :, plan.at] - of_gap[:, :, plan.before]
    own = moved[:, plan.own, np.arange(len(plan.own))]
    other = np.einsum("kc,ock->ok", share, np.where(size[:, None] > 0, moved, 0.0), optimize=True)
    change = np.where(size > 0, (gap[:, plan.at] - gap[:, plan.before]).T, 0.0)
    apart = change - (share * change).sum(axis=1, keepdims=True)
    total = (plan.comparison(len(size)) * size).sum(axis=1)
    weighed = (_size_influence(groups) * (size > 0)) @ (plan.comparison(len(size)) * apart / total[:, None]).T
    return np.where(plan.at == plan.before, 0.0, own - other - weighed)


def _gap_influence(groups: Subgroups) -> np.ndarray:
    """(O, C, T) on the gaps; 0 where there is none."""
    found = np.zeros_like(groups.affected.w)
    for part, sign in ((groups.affected, 1), (groups.unaffected, -1)):
        total = part.w.sum(axis=0)
        mean = np.divide(part.wy.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
        found += sign * np.divide(part.wy - part.w * mean, total, out=np.zeros_like(part.w), where=total > 0)
    return found


def _size_influence(groups: Subgroups) -> np.ndarray:
    """(O, C) on n₁n₀/(n₁ + n₀)."""
    own, other = groups.affected.sizes, groups.unaffected.sizes
    both = own.sum(axis=0) + other.sum(axis=0)
    part = np.divide(own.sum(axis=0), both, out=np.zeros_like(both), where=both > 0)
    return (1 - part) ** 2 * own + part**2 * other
