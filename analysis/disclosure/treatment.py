"""A table of counts treated by a profile: what is published of each cell, and how.

Hidden is never zero: a hidden cell is nan, written as NA, and `status` says why. What each profile guarantees stands in
analysis/disclosure/profiles.py.
"""

from dataclasses import dataclass, replace

import numpy as np

from analysis.disclosure.cells import Members, table_cells
from analysis.disclosure.profiles import Profile
from analysis.disclosure.redaction import redact_cells
from analysis.disclosure.rounding import round_cells
from analysis.disclosure.suppression import suppress_cells

EXACT, ROUNDED, SMALL, BESIDE = "exact", "rounded", "hidden", "hidden_beside"


@dataclass(frozen=True)
class Treated:
    """What may be published of some cells.

    `values` float64, nan where hidden; `status` text: «exact», «rounded», «hidden» (the count itself is small; never
    published, for it says so) or «hidden_beside» (so that others cannot be worked out). `held`: the guarantee is exact
    and every rounded cell within the base; where it is False, `largest` is how far a rounded sum moved, and suppression
    protects against linear programmes alone. `optimal`: nothing less could have been hidden.
    """

    values: np.ndarray
    status: np.ndarray
    held: bool
    optimal: bool
    largest: int


def treat_table(counts: np.ndarray, profile: Profile, *, key: bytes = b"") -> Treated:
    """A table of counts, of one dimension or more, with every margin: the shape of `counts` plus one in each axis,
    totals last. `key` is the secret of the project that decides which way counts are rounded."""
    counts = np.asarray(counts)
    two_way = counts.ndim <= 2
    found = treat_cells(counts.ravel(), table_cells(counts.shape), profile, key=key, two_way=two_way)
    shape = [size + 1 for size in counts.shape]
    return replace(found, values=found.values.reshape(shape), status=found.status.reshape(shape))


def treat_cells(
    counts: np.ndarray,
    members: Members,
    profile: Profile,
    *,
    key: bytes = b"",
    unpublished: Members | None = None,
    before: np.ndarray | None = None,
    two_way: bool = False,
) -> Treated:
    """The cells ``members @ counts``: `counts` (n,) whole persons of the atoms, `members` (m, n).

    `unpublished` (t, n) are sums that nobody publishes and that suppression protects too: differences between linked
    tables. `before` (m,): values of cells that are published elsewhere (nan: none), which come again. `two_way` is for
    a caller who knows that the cells are one table of two dimensions. Raises ValueError for counts that cannot be, and
    for cells that cannot be redacted (analysis/disclosure/redaction.py); ProblemsFound where what is published
    elsewhere leaves no way.
    """
    counts = np.asarray(counts)
    true = (members @ counts).astype("float64")
    before = np.full(true.shape, np.nan) if before is None else np.asarray(before, dtype="float64")
    if profile.method == "rounding" and profile.base:
        kept = np.where(np.isnan(before), -1, before).astype("int64")
        rounded = round_cells(counts, members, profile.base, key=key, kept=kept)
        status = np.full(true.shape, ROUNDED, dtype=object)
        return Treated(rounded.cells.astype("float64"), status, rounded.within_base, True, rounded.largest)
    if profile.method == "redact_and_round" and profile.base:
        redacted = redact_cells(counts, members, limit=profile.threshold - 1, base=profile.base)
        status = np.where(redacted.hidden, SMALL, ROUNDED).astype(object)
        return Treated(np.where(np.isnan(before), redacted.cells, before), status, True, True, 0)
    if profile.method == "suppression":
        return _suppressed(counts, members, true, profile, unpublished, ~np.isnan(before), two_way)
    return Treated(true, np.full(true.shape, EXACT, dtype=object), True, True, 0)


def _suppressed(
    counts: np.ndarray,
    members: Members,
    true: np.ndarray,
    profile: Profile,
    unpublished: Members | None,
    shown_before: np.ndarray,
    two_way: bool,
) -> Treated:
    found = suppress_cells(
        counts,
        members,
        profile.threshold,
        hide_zeros=profile.zeros_hidden,
        targets=unpublished,
        shown_before=shown_before,
        exact=two_way,
    )
    status = np.where(found.primary, SMALL, np.where(found.hidden, BESIDE, EXACT)).astype(object)
    return Treated(np.where(found.hidden, np.nan, true), status, found.exact, found.optimal, 0)
