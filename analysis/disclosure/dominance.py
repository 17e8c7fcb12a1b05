"""Rules for amounts and for effects: nobody stands out in a sum, and no effect rests on a handful of persons.

Of the contributions x_1 >= x_2 >= ... >= 0 to an amount with the sum X:

    (n, k) rule     hidden where x_1 + ... + x_n > k X
    p-ratio         hidden where X - x_1 - x_2 < p x_1: the second could work out the first within 100 p per cent

Cells are told of before a profile is chosen, by DOMINANCE and P_RATIO, which no profile asks more than. Of the sums of
a cell alone, with Q the sum of squares: x_1 <= sqrt(Q) and x_1 + ... + x_n <= sqrt(n Q) (Cauchy and Schwarz), so that
the persons themselves have to be looked at only where these bounds do not settle it.

Source: Hundepool and others (2012), Statistical Disclosure Control, 4.2.2; ACRO's defaults n = 2, k = 0.9, p = 0.1.
"""

import numpy as np

from analysis.disclosure.profiles import Profile

DOMINANCE, P_RATIO = (2, 0.9), 0.1
# Sums of many numbers are a little off; what lies this near the bounds is looked at.
SLACK = 1e-6


def dominated(amounts: np.ndarray, profile: Profile) -> bool:
    """Whether a few of these contributions (n,), in absolute size, stand out in their sum. No amounts: False."""
    return stands_out(amounts, dominance=profile.dominance, p_ratio=profile.p_ratio)


def stands_out(
    amounts: np.ndarray, *, dominance: tuple[int, float] | None = DOMINANCE, p_ratio: float | None = P_RATIO
) -> bool:
    """`dominated` by a pair of rules, of which None is no rule."""
    sizes = np.sort(np.abs(np.asarray(amounts, dtype="float64")))[::-1]
    if np.isnan(sizes).any():
        raise ValueError("an amount is missing")
    total = sizes.sum()
    if total == 0:
        return False
    largest, share = dominance or (0, 1.0)
    return bool(sizes[:largest].sum() > share * total or (p_ratio is not None and sizes[2:].sum() < p_ratio * sizes[0]))


def dominated_cells(amounts: np.ndarray, number: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Of each cell (cells,), whether one or two persons stand out in its sum by DOMINANCE and P_RATIO.

    `amounts` (n,): contributions without missing ones; `number` (n,): their cells; `squares` (cells,): the sums of
    squares. The seconds are those of one sum: persons are looked at in cells that the bounds leave open.
    """
    sizes = np.abs(amounts)
    total = np.bincount(number, weights=sizes, minlength=len(squares))
    first = np.sqrt(squares * (1 + SLACK))
    several = np.sqrt(DOMINANCE[0]) * first
    settled = (several <= DOMINANCE[1] * total) & (total - np.sqrt(2) * first >= P_RATIO * first)
    found = np.zeros(len(squares), dtype=bool)
    if not settled.all():
        # Those who contribute nothing are most of the persons in a cell that is open for being rare.
        open_rows = ~settled[number] & (sizes > 0)
        cell, own = number[open_rows], sizes[open_rows]
        order = np.argsort(cell, kind="stable")
        names, starts = np.unique(cell[order], return_index=True)
        found[names] = [stands_out(part) for part in np.split(own[order], starts)[1:]]
    return found


def enough_persons(profile: Profile, *persons: int) -> bool:
    """Whether every arm behind an effect has as many persons as the profile asks for."""
    return all(number >= profile.persons_per_arm for number in persons)


def enough_df(profile: Profile, residual_df: float) -> bool:
    """Whether a regression leaves the residual degrees of freedom that the profile asks for (nan does not)."""
    return bool(residual_df >= profile.residual_df)
