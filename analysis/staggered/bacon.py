"""Goodman-Bacon's decomposition: the comparisons of two groups that a two-way fixed effects coefficient averages."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import CellArrays, within_window
from analysis.staggered.design import NEVER, Design
from analysis.staggered.regressions import static_effect

HEADING = "Oppdelingen i to og to grupper kan ikke lages:"
NEVER_TREATED, EARLIER, LATER = "treated_vs_never", "earlier_vs_later", "later_vs_earlier"
KINDS = (NEVER_TREATED, EARLIER, LATER)


@dataclass(frozen=True)
class Bacon:
    """`table`, a row per comparison, what a figure shows: kind (of KINDS), group (adoption month of those who change),
    compared (adoption month of the others, missing for never), first, last (months that are looked at), estimate (the
    difference-in-differences of the two groups), weight. Later against earlier compares with persons already treated:
    where effects grow, that is subtracted.

    `kinds`: kind, weight, estimate (weighted mean), all KINDS that there are. `coefficient`: Σ weight·estimate, the
    static two-way fixed effects coefficient when each office and group weighs the same every month; `exact` tells
    whether it does. Otherwise it is that of the mean outcomes of groups with their average weights, and `static` (the
    coefficient of the cells themselves) differs.
    """

    table: pd.DataFrame
    kinds: pd.DataFrame
    coefficient: float
    static: float
    exact: bool


def bacon(arrays: CellArrays, design: Design) -> Bacon:
    """The decomposition of `regressions.static_effect`: theorem 1 of Goodman-Bacon (2021), J. Econometrics 225(2).

    Weights are positive and add up to 1. Groups outside the window are treated as there (`within_window`).
    Raises ProblemsFound when a group has a month without anybody, or there is nobody to compare with.
    """
    arrays, _ = within_window(arrays, design)
    _refuse_unusable(arrays)
    static = float(static_effect(arrays, design).coefficient[0])
    means = arrays.wy.sum(axis=0) / arrays.w.sum(axis=0)
    size = arrays.w.sum(axis=(0, 2))
    treated = (arrays.months >= arrays.cohorts[:, None]).mean(axis=1)
    pairs = [
        row
        for early in range(len(arrays.cohorts) - 1)
        for late in range(early + 1, len(arrays.cohorts))
        for row in _pair(arrays, means, size / size.sum(), treated, early, late)
    ]
    table = pd.DataFrame(pairs).astype({"group": "Int64", "compared": "Int64"})
    table = table[table["weight"] > 0].reset_index(drop=True)
    table["weight"] /= table["weight"].sum()
    sums = table.assign(estimate=table["weight"] * table["estimate"]).groupby("kind")[["weight", "estimate"]].sum()
    kinds = sums.assign(estimate=sums["estimate"] / sums["weight"]).reindex([k for k in KINDS if k in sums.index])
    coefficient = float(table["weight"] @ table["estimate"])
    return Bacon(table, kinds.reset_index(), coefficient, static, arrays.balanced)


def _pair(
    arrays: CellArrays, means: np.ndarray, share: np.ndarray, treated: np.ndarray, early: int, late: int
) -> list[dict]:
    """Comparisons of two groups: with never one, otherwise the earlier in its own months and the later in its own.

    Weights are not yet divided by the variance of treatment. `treated` (C,): the part of the months each is treated.
    """
    both, part = share[early] + share[late], share[early] / (share[early] + share[late])
    size, d_early, d_late = part * (1 - part), treated[early], treated[late]
    months, never = arrays.months, arrays.cohorts[late] == NEVER
    if never:
        weight = both**2 * size * d_early * (1 - d_early)
        return [_row(arrays, means, NEVER_TREATED, early, late, np.ones(len(months), dtype=bool), weight)]
    before, after = months < arrays.cohorts[late], months >= arrays.cohorts[early]
    # ((n_k + n_l)(1 − D_l))²·n(1 − n)·(D_k − D_l)/(1 − D_l)·(1 − D_k)/(1 − D_l), and with D_k likewise, shortened.
    first = both**2 * size * (d_early - d_late) * (1 - d_early)
    second = both**2 * size * d_late * (d_early - d_late)
    return [
        _row(arrays, means, EARLIER, early, late, before, first),
        _row(arrays, means, LATER, late, early, after, second),
    ]


def _row(
    arrays: CellArrays, means: np.ndarray, kind: str, own: int, other: int, chosen: np.ndarray, weight: float
) -> dict:
    """The 2×2 estimate of `own` against `other` over the months `chosen`."""
    after = arrays.months >= arrays.cohorts[own]
    change = means[:, chosen & after].mean(axis=1) - means[:, chosen & ~after].mean(axis=1)
    months = arrays.months[chosen]
    return {
        "kind": kind,
        "group": int(arrays.cohorts[own]),
        "compared": pd.NA if arrays.cohorts[other] == NEVER else int(arrays.cohorts[other]),
        "first": int(months[0]),
        "last": int(months[-1]),
        "estimate": float(change[own] - change[other]),
        "weight": float(weight),
    }


def _refuse_unusable(arrays: CellArrays) -> None:
    problems = []
    empty = int((arrays.w.sum(axis=0) <= 0).sum())
    if empty:
        what = f"{empty} grupper og måneder har ingen personer."
        problems.append(Problem("oppstartsgruppene", what, "Avgrens perioden i kortet."))
    if len(arrays.cohorts) < 2:
        what = "alle har samme oppstartsmåned, så det er ingen å sammenligne med."
        problems.append(Problem("oppstartsmåned", what, "Ta med kontorer uten tiltak, eller med en annen oppstart."))
    stop_if_any(HEADING, problems)
