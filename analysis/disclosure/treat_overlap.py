"""Rules of the histogram of the score: how many persons of each arm each bin has, before and after matching.

A bin holds those who were kept and those who were dropped, so that both samples are two lists of the same arm with the
same total as the flow has. Under rounding they are one table: kept and dropped, bin by bin, are whole multiples of the
base behind all of it, so that a difference between the samples is kept apart as well as any count. The other methods
show the sample before alone: nothing protects the difference of two numbers to the nearest multiple, and where small
counts are hidden, two equal numbers would say that nobody was dropped.

A share is the published count of the published total. After weighting it is one of weights, and hidden: it would tell
the weights of the few.
"""

import math

import numpy as np
import pandas as pd
import scipy

from analysis.disclosure.behind import whole_numbers
from analysis.disclosure.treat_given import ROLES, Given
from analysis.disclosure.treat_lists import listed
from analysis.disclosure.treatment import treat_cells
from analysis.problems import ProblemsFound
from analysis.tables import MAIN

BEFORE, AFTER = "unadjusted", "adjusted"
# How far from the share of persons a share may be that is one of persons and not of weights.
SAME = 1e-9


def treated_overlap(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The histogram with counts and shares as published."""
    found = bin_counts(table, given)
    shares = [_share(row, value, given) for row, value in zip(table.itertuples(), found, strict=True)]
    return table.assign(n=whole_numbers(list(found)).set_axis(table.index), share=np.array(shares, dtype="float64"))


def bin_counts(table: pd.DataFrame, given: Given) -> pd.Series:
    """The number of each row as published (float64, nan: hidden)."""
    found = pd.Series(np.nan, index=table.index)
    for role in ROLES:
        own = {sample: table[table["arm"].eq(role) & table["sample"].eq(sample)] for sample in (BEFORE, AFTER)}
        for part in _arm(own[BEFORE], own[AFTER], role, given):
            found[part.index] = part
    return found


def total_of(role: str, sample: str, given: Given) -> float:
    """Persons of an arm in the sample, as the table of matching has them; nan where it has none."""
    matching = given.found["matching"]
    own = matching.loc[matching["spec"].eq(MAIN), f"n_{role}" if sample == BEFORE else f"n_{role}_matched"]
    return math.nan if len(own) != 1 or own.isna().any() else float(own.iloc[0])


def _arm(before: pd.DataFrame, after: pd.DataFrame, role: str, given: Given) -> list[pd.Series]:
    wholes = [total_of(role, sample, given) for sample in (BEFORE, AFTER)]
    shown = [given.size(role, whole) for whole in wholes]
    parts = [own["n"].astype(int).tolist() for own in (before, after)]
    if before.empty or sum(parts[0]) != wholes[0]:
        return []
    if given.profile.method == "rounding" and sum(parts[1]) == wholes[1] and _alike(before, after):
        values = _both(parts, shown, given)
        return [] if values is None else [pd.Series(values[0], before.index), pd.Series(values[1], after.index)]
    alone = listed(parts[0], int(wholes[0]), shown[0], given.profile, key=given.key, open_rest=False)
    return [pd.Series(alone, index=before.index)]


def _alike(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Whether the samples have the same bins, none with more persons after than before."""
    same = before["bin_low"].tolist() == after["bin_low"].tolist()
    return same and bool((before["n"].to_numpy() >= after["n"].to_numpy()).all())


def _both(parts: list[list[int]], shown: list[float], given: Given) -> tuple[np.ndarray, np.ndarray] | None:
    """The bins before and after, as rounded together with both totals as they are published; None where no table of
    multiples adds up to those."""
    every, kept = (np.array(counts, dtype="int64") for counts in parts)
    size = len(every)
    eye, ones, none = np.eye(size, dtype="int64"), np.ones((1, size), "int64"), np.zeros((1, size), "int64")
    members = np.vstack(
        [np.hstack([eye, eye]), np.hstack([eye, 0 * eye]), np.hstack([ones, ones]), np.hstack([ones, none])]
    )
    before = np.append(np.full(2 * size, np.nan), shown)
    counts = np.concatenate([kept, every - kept])
    try:
        found = treat_cells(counts, scipy.sparse.csr_array(members), given.profile, key=given.key, before=before)
    except ProblemsFound:
        return None
    return (found.values[:size], found.values[size : 2 * size]) if found.held else None


def _share(row: object, value: float, given: Given) -> float:
    whole = total_of(row.arm, row.sample, given)
    shown = given.size(row.arm, whole)
    of_persons = whole > 0 and abs(row.n / whole - row.share) < SAME
    return round(value / shown, 3) if of_persons and shown > 0 else math.nan
