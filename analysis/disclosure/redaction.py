"""Redact, then round: small counts are left out, the others go to the nearest multiple of a base, sums are made anew.

A count a > limit is published as p = base * floor((a + floor(base/2)) / base), which stands for exactly `base` counts,
p - floor(base/2), ..., p + ceil(base/2) - 1; a hidden one for 0, ..., limit. Both hold for the first published value
only where limit + 1 is the least of its counts, that is (limit + 1 + floor(base/2)) mod base = 0: with limit 7 and base
5 the values 10, 15, ... stand for 8-12, 13-17, ..., while limit 5 would leave the value 5 with 6 and 7 alone. Margins
are the sums of what is shown, hidden cells counted as none, so that they tell nothing that the cells do not.

Source: OpenSAFELY, documentation on statistical disclosure control (redact <= 7, round to 5, totals and rates from
what is left) and ehrql/measures/disclosure_control.py.
"""

from dataclasses import dataclass

import numpy as np

from analysis.disclosure.cells import Members, table_cells
from analysis.disclosure.preimages import full_preimages


@dataclass(frozen=True)
class Redacted:
    """`cells` (float64, nan where hidden) and `hidden`, in the shape that was asked for."""

    cells: np.ndarray
    hidden: np.ndarray


def redact_and_round(counts: np.ndarray, *, limit: int, base: int) -> Redacted:
    """Redact and round a table of counts, of any number of dimensions, with every margin: the shape of `counts` plus
    one in each axis, totals last."""
    counts = np.asarray(counts)
    found = redact_cells(counts.ravel(), table_cells(counts.shape), limit=limit, base=base)
    shape = [size + 1 for size in counts.shape]
    return Redacted(found.cells.reshape(shape), found.hidden.reshape(shape))


def redact_cells(counts: np.ndarray, members: Members, *, limit: int, base: int) -> Redacted:
    """Redact and round the cells ``members @ counts``: `counts` (n,) of atoms, `members` (m, n).

    A sum of which every atom is hidden is hidden. Raises ValueError where a sum has atoms that no cell shows alone (it
    could not be made of what is shown), and where a published value would stand for fewer than `base` counts.
    """
    if not full_preimages(limit, base):
        raise ValueError(f"with limit {limit} the first multiple of {base} stands for fewer than {base} counts")
    alone = np.asarray(members.sum(axis=1)).ravel() == 1
    if len(np.unique(members[np.flatnonzero(alone)].indices)) < counts.size:
        raise ValueError("every atom must be a cell of its own")
    shown = counts > limit
    nearest = (counts + base // 2) // base * base
    hidden = members @ shown.astype("int64") == 0
    return Redacted(np.where(hidden, np.nan, members @ np.where(shown, nearest, 0)), hidden)
