"""Counts of parts of one group whose own size is published already: subgroups of an arm, bins of a score.

The parts lie apart; with the `rest`, whom no printed part holds, they are the whole group. Each method of a profile
treats the list together with that size, which comes again as it was published:

* rounding: parts and rest are whole multiples of the base that add up to the published size. Joined with the chain of
  sizes (published_counts.py) and with other lists of the same group, there is thus one table of multiples behind
  everything printed (lists of the same total always fit together), and every sum keeps `base` possible values
  (rounding.py).
* suppression: a list with its total, where the rest and the complement of each part (n − k) are protected too. Where
  the size itself is hidden, so are all parts: their sum would tell it.
* redact and round: rounding to the nearest protects no differences, so the list is tried as a reader would: part by
  part, and whether the parts together leave open all that the size as published does. Otherwise they would tell more of
  it, and so of who was lost from the group or is beside it in another list. The list is hidden as a whole where not.

The first trial is made of every list, whatever made it. Bounds of sums in a list with a total are whole numbers, so
that it is exact.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy

from analysis.disclosure.cells import Members
from analysis.disclosure.profiles import Profile
from analysis.disclosure.targets import gives_away
from analysis.disclosure.treatment import treat_cells
from analysis.problems import ProblemsFound

Window = tuple[float, float]


def listed(
    parts: Sequence[int], whole: int, shown: float, profile: Profile, *, key: bytes, open_rest: bool
) -> np.ndarray:
    """What may be published of each part (nan: hidden) of a group of `whole` persons published as `shown`.

    `open_rest`: a reader cannot know beforehand that the parts are everybody.
    """
    rest, hidden = whole - sum(parts), np.full(len(parts), np.nan)
    if math.isnan(shown) or rest < 0 or not parts:
        return hidden
    try:
        found = _treated(parts, rest, shown, profile, key, open_rest)
    except ProblemsFound:
        return hidden
    known = profile.stands_for(int(shown))
    return found if keeps(parts, found, whole, known, profile, open_rest=open_rest) else hidden


def _treated(
    parts: Sequence[int], rest: int, shown: float, profile: Profile, key: bytes, open_rest: bool
) -> np.ndarray:
    alone = np.eye(len(parts), dtype="int64")
    if profile.method == "redact_and_round":
        return treat_cells(np.array(parts), scipy.sparse.csr_array(alone), profile, key=key).values
    counts = np.array([*parts, rest] if rest or open_rest else parts)
    without_rest = np.zeros((len(parts), len(counts) - len(parts)), dtype="int64")
    own = np.hstack([alone, without_rest])
    members = scipy.sparse.csr_array(np.vstack([own, np.ones((1, len(counts)), dtype="int64")]))
    before = np.append(np.full(len(parts), np.nan), shown)
    options = {"unpublished": _unpublished(own), "before": before, "two_way": True}
    return treat_cells(counts, members, profile, key=key, **options).values[:-1]


def _unpublished(own: np.ndarray) -> Members:
    """What is left of the group beside each part, and beside all of them."""
    left = 1 - own
    rest = 1 - own.sum(axis=0, keepdims=True)
    return scipy.sparse.csr_array(np.vstack([left, rest] if rest.any() else left))


def keeps(
    parts: Sequence[int], values: np.ndarray, whole: int, known: Window, profile: Profile, *, open_rest: bool
) -> bool:
    """Whether every part, complement and the rest keep the guarantee for a reader who knows that `whole` lies within
    `known` and what each part is published as."""
    windows = [_window(value, profile) for value in values]
    counts = list(parts)
    if open_rest or whole > sum(parts):
        windows.append((0.0, math.inf))
        counts.append(whole - sum(parts))
    low, high = (np.array(ends) for ends in zip(*windows, strict=True))
    if profile.method == "redact_and_round" and (low.sum() > known[0] or high.sum() < known[1]):
        return False
    for place, count in enumerate(counts):
        others = np.delete(low, place).sum(), np.delete(high, place).sum()
        part = max(low[place], known[0] - others[1]), min(high[place], known[1] - others[0])
        left = max(others[0], known[0] - high[place]), min(others[1], known[1] - low[place])
        for bounds, true in ((part, count), (left, whole - count)):
            if gives_away(bounds, (true, true), profile):
                return False
    return True


def _window(value: float, profile: Profile) -> Window:
    """What a part as published can be; a hidden one may be hidden for the sake of another."""
    low, high = profile.stands_for(None if math.isnan(value) else int(value))
    return (0.0 if math.isnan(value) else float(low)), float(high)
