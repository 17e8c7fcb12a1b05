"""Controlled rounding: every published count becomes a multiple of a base, and the table still adds up.

With atoms a (the finest groups), published cells C a and base b, we look for whole numbers w >= 0 of the atoms with

    p = C w,   every p_k a multiple of b,   |p_k - (C a)_k| < b,   p_k = (C a)_k where that is a multiple of b

(zero-restricted controlled rounding, Cox and Ernst 1982; zero is a multiple too). Where such a w exists, an attacker
who knows the base and everything published finds, for every atom and every sum T of atoms (differences between
nested tables included), at least the whole numbers T(w), T(w) + 1, ..., T(w) + b - 1: w + t e_j, with t more persons in
one atom j of T, moves no published cell by b or more, so that it could have been rounded to p. Fewer persons down to
T(w) - b + 1 are possible besides where w_j allows it. That is the guarantee of the rounding profiles.

Two dimensions, each with groups and totals: the linear programme has whole solutions, so that w always exists
(Bacharach 1966). Three dimensions and linked tables: a programme in whole numbers is tried, and where none fits, the
cells keep adding up and sums of several atoms move by b or more (`within_base` is False, `largest` says how far); the
guarantee holds then too, for a wider interval around a sum only lets more of the same tables through. An attacker who
knows how far each sum moved is another matter, so `largest` is told for a run as a whole and never for a cell.

Which way a count goes is decided by a number drawn from `key`, a secret of the project, and the content of the table:
up with probability (count mod b)/b as far as the margins allow. Every table above could then have given p, and nobody
without the key can try tables until one does. The same table gives the same rounding, in any order of rows and columns;
a table of which one count has changed may be rounded otherwise all over, so that cells published before are `kept`.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.disclosure.cells import Members, table_cells
from analysis.disclosure.order import Order, content_order
from analysis.disclosure.rounding_steps import linear_steps, relaxed_steps, rounding_steps, whole_steps
from analysis.problems import Problem, ProblemsFound

KEPT = "tidligere frigitte tall"


@dataclass(frozen=True)
class Rounded:
    """`cells` are the rounded counts, in the shape they were asked for; `atoms` (n,) the table behind them, restricted.

    The cells are the sums of the atoms, so that they always add up. `within_base`: besides, none moved by `base` or
    more and multiples of it stayed (for two dimensions always so). `largest`: the most that any cell moved. `how`:
    «linear» (a vertex of the linear programme), «integer» (a programme in whole numbers), «relaxed» (there is none, or
    none was found: sums of several atoms moved by the base or more).
    """

    cells: np.ndarray
    atoms: np.ndarray
    within_base: bool
    largest: int
    how: str


def round_table(counts: np.ndarray, base: int, *, key: bytes = b"", kept: np.ndarray | None = None) -> Rounded:
    """Round a table of counts, of one dimension (a list and its total) or more, with every margin.

    `cells` of the answer has the shape of `counts` plus one in each axis, totals last. `kept`, of that shape, holds
    values that were published before and must come again (-1: none).
    """
    counts = np.asarray(counts)
    members = table_cells(counts.shape)
    found = round_cells(counts.ravel(), members, base, key=key, kept=None if kept is None else np.ravel(kept))
    shaped = found.cells.reshape([size + 1 for size in counts.shape])
    return Rounded(shaped, found.atoms, found.within_base, found.largest, found.how)


def round_cells(
    counts: np.ndarray, members: Members, base: int, *, key: bytes = b"", kept: np.ndarray | None = None
) -> Rounded:
    """Round the cells ``members @ counts``: `counts` (n,) whole persons of the atoms, `members` (m, n).

    Atoms that no cell shows alone are only whole multiples of the base behind the sums, never published. `kept` (m,)
    holds values published before (-1: none). Raises ProblemsFound where they leave no rounding, ValueError for counts
    or a base that cannot be.
    """
    counts, kept = _checked(counts, members, base, kept)
    order = content_order(counts, members, kept)
    steps = rounding_steps(counts[order.atoms], members[order.cells][:, order.atoms], base, kept[order.cells])
    costs = _costs(steps.residuals, base, key, order)
    for how, solve in (("linear", linear_steps), ("integer", whole_steps), ("relaxed", relaxed_steps)):
        found = solve(steps, costs)
        if found is not None:
            return _rounded(found[np.argsort(order.atoms)] * base, counts, members, base, how)
    if (kept >= 0).any():
        what = "ingen avrunding av tabellen gir både de samme tallene som før og summer som stemmer."
        mend = "Frigi de nye cellene uten dem som overlapper."
        raise ProblemsFound("Tabellen kan ikke avrundes:", [Problem(KEPT, what, mend)])
    # Within the limit on work, no table that adds up was found: each atom by its own draw, and the sums from them.
    return _rounded(_alone(counts, base, key), counts, members, base, "relaxed")


def _checked(counts: np.ndarray, members: Members, base: int, kept: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    whole = np.asarray(counts)
    if base < 2 or members.shape[1] != whole.size or (whole < 0).any() or (whole != np.round(whole)).any():
        raise ValueError("counts must be whole numbers >= 0, one for each atom, and the base at least 2")
    kept = np.full(members.shape[0], -1) if kept is None else np.asarray(kept)
    whole = whole.astype("int64")
    fitting = (kept < 0) | ((kept % base == 0) & (np.abs(kept - members @ whole) < base))
    if not fitting.all():
        what = f"{int((~fitting).sum())} tall som er frigitt før, ligger ikke lenger innenfor {base} fra tellingen."
        raise ProblemsFound("Tabellen kan ikke avrundes:", [Problem(KEPT, what, "Se hva som er endret siden sist.")])
    return whole, kept.astype("int64")


def _costs(residuals: np.ndarray, base: int, key: bytes, order: Order) -> np.ndarray:
    """Cost (m,) of rounding up: a uniform draw less the probability, so that a free cell goes up with residual/base."""
    colours = order.cell_colours[order.cells]
    first = np.r_[True, colours[1:] != colours[:-1]]
    place = np.arange(len(colours)) - np.flatnonzero(first)[np.cumsum(first) - 1]
    draws = np.array([_draw(key, int(colour), int(rank)) for colour, rank in zip(colours, place, strict=True)])
    return np.where(residuals > 0, draws - residuals / base, 0.0)


def _draw(key: bytes, colour: int, rank: int) -> float:
    """Uniform on (0, 1), from a keyed hash."""
    text = colour.to_bytes(8, "little") + rank.to_bytes(8, "little")
    digest = hashlib.blake2b(text, key=key[:64], digest_size=8, person=b"rounding").digest()
    return (int.from_bytes(digest, "little") + 0.5) / 2.0**64


def _alone(counts: np.ndarray, base: int, key: bytes) -> np.ndarray:
    """Atoms (n,), each rounded by its own draw."""
    eye = scipy.sparse.csr_array(scipy.sparse.eye_array(len(counts)))
    order = content_order(counts, eye)
    up = np.empty(len(counts), dtype=bool)
    up[order.cells] = _costs((counts % base)[order.cells], base, key, order) < 0
    return counts // base * base + base * up


def _rounded(atoms: np.ndarray, counts: np.ndarray, members: Members, base: int, how: str) -> Rounded:
    cells, true = members @ atoms, members @ counts
    moved = np.abs(cells - true)
    stayed = (moved < base) & ((true % base > 0) | (moved == 0))
    return Rounded(cells, atoms, bool(stayed.all()), int(moved.max(initial=0)), how)
