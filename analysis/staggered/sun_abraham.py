"""Sun and Abraham's event study: two-way fixed effects with an effect of its own for each group and event time."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import HEADING, CellArrays, within_window
from analysis.staggered.cell_effects import (
    CellEffects,
    checked_plan,
    effects_of_plan,
    leave_one_out,
)
from analysis.staggered.design import NEVER, Design, Plan, keep_effects
from analysis.staggered.estimated import (
    Convention,
    Estimated,
    held_shares,
    of_group_time,
    simple_weights,
    with_untreated,
)
from analysis.staggered.two_way import TwoWay, two_way

LEVELS = ("office", "cohort")
LAST_GROUP = "last_group_is_comparison"


def sun_abraham(arrays: CellArrays, design: Design, *, levels: str = "office") -> Estimated:
    """Interaction-weighted averages of Sun and Abraham (2021), Journal of Econometrics 225(2), section 4.

    y = level + month + δ(g, e) for every group g and event time e but e = −1 − anticipation. Never-treated are
    compared with; without them the group that adopts last, whose months from then on are left out. `levels` per office
    and adoption group, or per adoption group: in a balanced panel the same, the same as levels per person, and the
    same as Callaway and Sant'Anna's effects with never-treated and a universal base. Influences and the
    jackknife hold the weights of groups fixed, as fixest does, whose convention stands beside.
    `design.control` and `base` do not matter. Raises ProblemsFound when nothing can be estimated.
    """
    if levels not in LEVELS:
        raise ValueError(f"levels must be one of {', '.join(LEVELS)}, not {levels!r}")
    arrays, ledger = within_window(arrays, design)
    arrays, last = with_comparison(arrays, design)
    ledger = pd.concat([ledger, last], ignore_index=True) if len(last) else ledger
    asked = replace(design, control="never", base="universal")
    plan = checked_plan(arrays, asked)
    if arrays.balanced or levels == "cohort":
        cells, left = effects_of_plan(arrays, plan, ledger), leave_one_out(arrays, plan)[0]
    else:
        cells, left = _with_levels(arrays, plan, ledger)
    fixed = np.zeros_like(cells.group_time.share_influence)
    cells = replace(cells, group_time=replace(cells.group_time, share_influence=fixed))
    convention = _fixest(cells, design)
    made = of_group_time(
        "sun_abraham", cells, asked, left_out=(left, held_shares(cells.arrays)), conventions=(convention,)
    )
    return replace(made, weights=_with_months(made.weights, cells))


def with_comparison(arrays: CellArrays, design: Design) -> tuple[CellArrays, pd.DataFrame]:
    """The arrays with somebody never treated, the group that adopts last if need be; and a ledger that says so."""
    columns = ["reason", "group", "persons", "offices"]
    groups = int((arrays.cohorts < NEVER).sum())
    if arrays.cohorts[-1] == NEVER or groups < 2:
        return arrays, pd.DataFrame(columns=columns)
    last = int(arrays.cohorts[-1])
    persons, present = arrays.n[:, -1].max(axis=1), (arrays.n[:, -1] > 0).any(axis=1)
    ledger = pd.DataFrame([(LAST_GROUP, last, int(persons.sum()), int(present.sum()))], columns=columns)
    kept = arrays.months < last - design.anticipation
    sums = {name: getattr(arrays, name)[:, :, kept] for name in ("n", "w", "wy")}
    cohorts = np.where(arrays.cohorts == last, NEVER, arrays.cohorts)
    return replace(arrays, cohorts=cohorts, months=arrays.months[kept], **sums), ledger


def _fixest(cells: CellEffects, design: Design) -> Convention:
    """G/(G−1)·(N−1)/(N−K), levels not counted as they are nested in offices; K counts effects and months."""
    arrays, plan = cells.arrays, cells.plan
    g, n = len(arrays.offices), int(arrays.n.sum())
    k = int((plan.at != plan.before).sum()) + len(arrays.months)
    factor = g / (g - 1) * (n - 1) / (n - k) if n > k and g > 1 else np.nan
    text = f"G/(G-1)*(N-1)/(N-K), nested levels not counted, K={k}, t({g - 1})"
    return Convention("cr1_fixest", factor, float(max(g - 1, 1)), text)


def _with_months(weights: pd.DataFrame, cells: CellEffects) -> pd.DataFrame:
    """Weights with those of untreated months beside: of each group's base month, and of the never-treated."""
    arrays, plan = cells.arrays, cells.plan
    simple = simple_weights(cells)
    pull = np.zeros((len(arrays.cohorts), len(arrays.months)))
    np.add.at(pull, (plan.own, plan.before), -simple)
    np.add.at(pull, (-1, plan.at), -simple)
    np.add.at(pull, (-1, plan.before), simple)
    return with_untreated(weights, arrays, pull)


def _with_levels(arrays: CellArrays, plan: Plan, ledger: pd.DataFrame) -> tuple[CellEffects, np.ndarray]:
    """Effects, and those (O, K) without each office, with a level per office and group where offices weigh unevenly.

    With effects of its own for every month, each group's months are a regression by itself, and so are those of the
    never-treated.
    """
    cohorts = [_Cohort.of(arrays, c) for c in range(len(arrays.cohorts))]
    months = np.stack([one.fit.month for one in cohorts])
    plan = keep_effects(plan, np.isfinite(_contrast(months, plan)), "not_connected")
    what = "ingen gruppe har kontorer med felles måneder, så nivåene kan ikke skilles fra månedene."
    stop_if_any(HEADING, [Problem("kontorene", what, "Bruk nivå per oppstartsgruppe.")] if plan.table.empty else [])
    cells = effects_of_plan(arrays, plan, ledger)
    moved = np.stack([one.influence(len(arrays.offices)) for one in cohorts], axis=1)
    group_time = replace(
        cells.group_time,
        table=cells.group_time.table.assign(att=_contrast(months, plan)),
        influence=_contrast(moved, plan),
    )
    left = np.stack([one.left_out(len(arrays.offices)) for one in cohorts], axis=1)
    return replace(cells, group_time=group_time), _contrast(left, plan)


def _contrast(months: np.ndarray, plan: Plan) -> np.ndarray:
    """Effects (…, K) from months of the cohorts (…, C, T): changes since the base month beside the never-treated's."""
    never = months[..., -1, :]
    own = months[..., plan.own, plan.at] - months[..., plan.own, plan.before]
    return own - (never[..., plan.at] - never[..., plan.before])


@dataclass(frozen=True)
class _Cohort:
    """The rows of one cohort: office (R,), sums (R, T), and the fit of its levels and months."""

    office: np.ndarray
    w: np.ndarray
    wy: np.ndarray
    fit: TwoWay

    @staticmethod
    def of(arrays: CellArrays, c: int) -> "_Cohort":
        office = np.flatnonzero((arrays.w[:, c] > 0).any(axis=1))
        w, wy = arrays.w[office, c], arrays.wy[office, c]
        return _Cohort(office, w, wy, two_way(w, wy))

    def influence(self, n_offices: int) -> np.ndarray:
        """Influence (O, T) of each office on the months."""
        expected = self.fit.level[:, None] + np.nan_to_num(self.fit.month)
        rest = np.where(self.w > 0, self.wy - self.w * expected, 0.0)
        moved = np.zeros((n_offices, self.w.shape[1]))
        # Levels take nothing: the rest of each level adds up to 0.
        moved[self.office] = rest @ self.fit.inverse
        return moved

    def left_out(self, n_offices: int) -> np.ndarray:
        """The months (O, T) without each office."""
        months = np.tile(self.fit.month, (n_offices, 1))
        for row, office in enumerate(self.office):
            others = np.arange(len(self.office)) != row
            months[office] = two_way(self.w[others], self.wy[others]).month if others.any() else np.nan
        return months
