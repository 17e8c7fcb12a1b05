"""Rules for amounts and for effects: nobody stands out in a sum, and no effect rests on a handful of persons.

Of the contributions x_1 >= x_2 >= ... >= 0 to an amount with the sum X:

    (n, k) rule     hidden where x_1 + ... + x_n > k X
    p-ratio         hidden where X - x_1 - x_2 < p x_1: the second could work out the first within 100 p per cent

Source: Hundepool and others (2012), Statistical Disclosure Control, 4.2.2; ACRO's defaults n = 2, k = 0.9, p = 0.1.
"""

import numpy as np

from analysis.disclosure.profiles import Profile


def dominated(amounts: np.ndarray, profile: Profile) -> bool:
    """Whether a few of these contributions (n,), in absolute size, stand out in their sum. No amounts: False."""
    sizes = np.sort(np.abs(np.asarray(amounts, dtype="float64")))[::-1]
    if np.isnan(sizes).any():
        raise ValueError("an amount is missing")
    total = sizes.sum()
    if total == 0:
        return False
    largest, share = profile.dominance or (0, 1.0)
    return bool(
        sizes[:largest].sum() > share * total
        or (profile.p_ratio is not None and sizes[2:].sum() < profile.p_ratio * sizes[0])
    )


def enough_persons(profile: Profile, *persons: int) -> bool:
    """Whether every arm behind an effect has as many persons as the profile asks for."""
    return all(number >= profile.persons_per_arm for number in persons)


def enough_df(profile: Profile, residual_df: float) -> bool:
    """Whether a regression leaves the residual degrees of freedom that the profile asks for (nan does not)."""
    return bool(residual_df >= profile.residual_df)
