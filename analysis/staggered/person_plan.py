"""Which effects persons can give, and what each adoption group weighs among the treated."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.design import NEVER, Design, Plan, effect_plan
from analysis.staggered.group_time import GroupTime
from analysis.staggered.persons import HEADING


@dataclass(frozen=True)
class PersonEffects:
    """`group_time`, with a row of influence per office, or per person when there is no cluster.

    `plan.omitted`: effects without anybody to compare with. `ledger`: reason, group, persons of cohorts that are left
    out or counted as never-treated.
    """

    group_time: GroupTime
    plan: Plan
    ledger: pd.DataFrame


@dataclass(frozen=True)
class Cohorts:
    """`cohorts` (C,): adoption months in order, NEVER last; `number` (rows,): index of each row's, −1 if left out."""

    cohorts: np.ndarray
    number: np.ndarray
    plan: Plan


def person_plan(adoption: np.ndarray, months: np.ndarray, design: Design) -> Cohorts:
    """The cohorts inside the window, and the effects that the design asks of them.

    Cohorts without a base month in the window are left out, since no month shows them untreated; cohorts that are
    still clean in the last month are never-treated as far as the window reaches. Raises `ProblemsFound` without
    adoption groups or without anybody to compare with.
    """
    late = adoption > months[-1] + design.anticipation
    early = adoption - design.anticipation - 1 < months[0]
    cohorts, number = np.unique(np.where(late, NEVER, adoption)[~early], return_inverse=True)
    stop_if_any(HEADING, _nobody(cohorts, design))
    plan = effect_plan(design, cohorts, months)
    if plan.table.empty:
        stop_if_any(HEADING, [_no_effect()])
    placed = np.full(len(adoption), -1)
    placed[~early] = number
    return Cohorts(cohorts, placed, plan)


def cohort_ledger(adoption: np.ndarray, months: np.ndarray, design: Design) -> pd.DataFrame:
    """Reason, group, persons: cohorts left out or counted as never-treated; `adoption` has an element per person."""
    treated = adoption < NEVER
    chosen = {
        "adopted_before_window": treated & (adoption - design.anticipation - 1 < months[0]),
        "adopts_after_window": treated & (adoption > months[-1] + design.anticipation),
    }
    rows = [
        (reason, int(group), int(count))
        for reason, which in chosen.items()
        for group, count in zip(*np.unique(adoption[which], return_counts=True), strict=True)
    ]
    return pd.DataFrame(rows, columns=["reason", "group", "persons"])


def group_shares(
    cohorts: np.ndarray, number: np.ndarray, weights: np.ndarray, unit: np.ndarray, n_units: int
) -> tuple[dict[int, float], np.ndarray]:
    """Each group's share of the treated, and the influence (units, G) on it; an element of the arrays per person."""
    groups = cohorts[cohorts < NEVER]
    own = (number >= 0) & (number < len(groups))
    place = unit[own] * len(groups) + number[own]
    by_unit = np.bincount(place, weights=weights[own], minlength=n_units * len(groups)).reshape(n_units, len(groups))
    shares = by_unit.sum(axis=0) / by_unit.sum()
    influence = (by_unit - shares * by_unit.sum(axis=1, keepdims=True)) / by_unit.sum()
    return dict(zip(groups.tolist(), shares.tolist(), strict=True)), influence


def _nobody(cohorts: np.ndarray, design: Design) -> list[Problem]:
    if not (cohorts < NEVER).any():
        what = "ingen tar i bruk tiltaket i en måned som har en måned før seg i vinduet."
        return [Problem("oppstartsmåned", what, "Utvid perioden bakover, eller se etter feil i kolonnen.")]
    if design.control == "never" and cohorts[-1] != NEVER:
        what = "ingen er uten tiltak i hele perioden, så det er ingen å sammenligne med."
        return [Problem("sammenligningsgruppen", what, "Velg dem som ennå ikke har startet (not_yet).")]
    return []


def _no_effect() -> Problem:
    what = "ingen gruppe og måned har noen å sammenligne med."
    return Problem("sammenligningsgruppen", what, "Velg en annen sammenligningsgruppe eller en lengre periode.")
