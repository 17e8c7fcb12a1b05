"""Stacked difference-in-differences from cells: every adoption group with clean controls of its own, put together.

A sub-experiment is a group and those who are untreated through its whole window. Stacking the persons of all of them
and regressing gives averages of the sub-experiments' effects; which ones, the weights decide.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import HEADING, CellArrays, within_window
from analysis.staggered.cell_effects import CellEffects, checked_plan, effects_of_plan, leave_one_out, shares_of
from analysis.staggered.design import NEVER, Design, Plan
from analysis.staggered.estimated import Estimated, of_group_time
from analysis.staggered.left_out import without_each

WEIGHTINGS = ("shares", "variance")
NAMES = {"shares": "stacked", "variance": "stacked_variance"}
NOT_COVERED = "window_not_covered"


def stacked(arrays: CellArrays, design: Design, *, window: tuple[int, int], weighting: str = "shares") -> Estimated:
    """Averages over groups seen from `window[0]` months before adoption to `window[1]` after, the month of adoption
    being 0. Compared are those who start (less `anticipation`) later than that, or never; never alone by the design.

    `weighting` shares: each sub-experiment weighs as its part of the treated in all of them, as the corrective weights
    of Wing, Freedman and Hollingsworth (2024), NBER Working Paper 32054, make it in every month.
    variance: by n₁n₀/(n₁ + n₀), which is what a regression with levels per person, and per month, of each
    sub-experiment does: Cengiz, Dube, Lindner and Zipperer (2019), Quarterly Journal of Economics 134(3).
    In a balanced panel both equal the regression on persons. All averages rest on the same groups in every month.
    Raises ProblemsFound when no group is seen in the whole window or none has anybody to be compared with.
    """
    _refuse_options(window, weighting)
    design = replace(design, base="universal")
    arrays, ledger = within_window(arrays, design)
    plan, ledger = _stacked_plan(arrays, design, window, ledger)
    own = np.unique(plan.own)
    cells = effects_of_plan(arrays, plan, ledger)
    share, share_influence = _weights(arrays.sizes, plan, own, weighting)
    groups = dict(zip(arrays.cohorts[own].tolist(), share.tolist(), strict=True))
    group_time = replace(cells.group_time, groups=groups, share_influence=share_influence)
    cells = CellEffects(group_time, arrays, plan, ledger)
    att, _ = leave_one_out(arrays, plan)
    left_shares = shares_of(_sizes(without_each(arrays.sizes), plan, own, weighting))
    return of_group_time(NAMES[weighting], cells, design, left_out=(att, left_shares))


def _refuse_options(window: tuple[int, int], weighting: str) -> None:
    if weighting not in WEIGHTINGS:
        raise ValueError(f"weighting must be one of {', '.join(WEIGHTINGS)}, not {weighting!r}")
    if min(window) < 0:
        raise ValueError("the window is months before and after adoption, 0 or more")


def _stacked_plan(
    arrays: CellArrays, design: Design, window: tuple[int, int], ledger: pd.DataFrame
) -> tuple[Plan, pd.DataFrame]:
    """Effects in the window of every group that is seen in all of it; the ledger tells the others."""
    plan = checked_plan(arrays, design)
    before, after = max(window[0], 1 + design.anticipation), window[1]
    group, event = plan.table["group"].to_numpy(), plan.table["event_time"].to_numpy()
    start = _first_clean(arrays, design, group, after)
    some = start < len(arrays.cohorts)
    inside = (event >= -before) & (event <= after) & some
    size = before + after + 1
    seen = pd.Series(inside).groupby(group).transform("sum").to_numpy() == size
    kept = inside & seen & _compared(arrays, plan, start, before, after)
    whole = pd.Series(kept).groupby(group).transform("sum").to_numpy() == size
    kept &= whole
    what = f"ingen gruppe er fulgt fra {before} måneder før oppstart til {after} etter, med noen å sammenligne med."
    mend = "Velg et kortere vindu i kortet."
    stop_if_any(HEADING, [] if kept.any() else [Problem("stablet analyse", what, mend)])
    lost = np.setdiff1d(arrays.cohorts[arrays.cohorts < NEVER], group[kept])
    chosen = {"own": plan.own, "at": plan.at, "before": plan.before, "start": start}
    chosen = {name: values[kept] for name, values in chosen.items()}
    made = Plan(
        table=plan.table[kept].reset_index(drop=True),
        omitted=plan.omitted.iloc[:0],
        own_inside=np.zeros(int(kept.sum()), dtype=bool),
        **chosen,
    )
    return made, pd.concat([ledger, _lost_rows(arrays, lost)], ignore_index=True) if len(lost) else ledger


def _first_clean(arrays: CellArrays, design: Design, group: np.ndarray, after: int) -> np.ndarray:
    """Index of the first cohort that is untreated through the window of each `group` (K,), C where there is none."""
    last = np.full(len(group), NEVER - 1) if design.control == "never" else group + after + design.anticipation
    return np.searchsorted(arrays.cohorts, last, side="right")


def _compared(arrays: CellArrays, plan: Plan, start: np.ndarray, before: int, after: int) -> np.ndarray:
    """Whether anybody clean is seen in the month, and in the base month, of each effect (K,)."""
    w = np.flip(np.cumsum(np.flip(arrays.w.sum(axis=0), axis=0), axis=0), axis=0)
    w = np.vstack([w, np.zeros_like(w[:1])])
    return (w[start, plan.at] > 0) & (w[start, plan.before] > 0)


def _lost_rows(arrays: CellArrays, groups: np.ndarray) -> pd.DataFrame:
    persons, present = arrays.n.max(axis=2), (arrays.n > 0).any(axis=2)
    place = np.searchsorted(arrays.cohorts, groups)
    return pd.DataFrame(
        {
            "reason": NOT_COVERED,
            "group": groups,
            "persons": persons[:, place].sum(axis=0).astype(np.int64),
            "offices": present[:, place].sum(axis=0),
        }
    )


def _sizes(sizes: np.ndarray, plan: Plan, own: np.ndarray, weighting: str) -> np.ndarray:
    """What each sub-experiment weighs (…, G), from sizes (…, C); not yet shares."""
    treated, clean = _both_sides(sizes, plan, own)
    if weighting == "shares":
        return treated
    total = treated + clean
    return np.divide(treated * clean, total, out=np.zeros_like(total), where=total > 0)


def _both_sides(sizes: np.ndarray, plan: Plan, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Size of each group of `own` and of its clean controls (…, G)."""
    start = plan.start[np.searchsorted(plan.own, own)]
    later = np.arange(sizes.shape[-1])[:, None] >= start
    return sizes[..., own], sizes @ later.astype("float64")


def _weights(sizes: np.ndarray, plan: Plan, own: np.ndarray, weighting: str) -> tuple[np.ndarray, np.ndarray]:
    """Shares (G,) of the sub-experiments, and the influence of each office on them (O, G)."""
    total = _sizes(sizes.sum(axis=0), plan, own, weighting)
    treated, clean = _both_sides(sizes, plan, own)
    moved = treated
    if weighting == "variance":
        part = treated.sum(axis=0) / (treated.sum(axis=0) + clean.sum(axis=0))
        moved = (1 - part) ** 2 * treated + part**2 * clean
    share = total / total.sum()
    return share, (moved - share * moved.sum(axis=1, keepdims=True)) / total.sum()
