"""An attacker who works out what published figures tell about counts that were not meant to be known.

Written from the guarantees of the profiles and from nothing else: no code is shared with rounding or suppression. The
attacker knows that the count of every atom (the finest group of persons) is a whole number >= 0, and reads every
published figure as bounds on a weighted sum of atoms, low <= w'x <= high:

    an exact count v                 v <= sum <= v
    a count rounded to base b        v - (b - 1) <= sum <= v + (b - 1), the base known and multiples of it left alone
    a count to the nearest multiple  v - floor(b/2) <= sum <= v + ceil(b/2) - 1
    a hidden count                   low <= sum <= high as the sign tells, or nothing at all
    p per cent with d decimals       (p - h)/100 whole <= part <= (p + h)/100 whole, h = 0.5 * 10^-d

Bounds of a target (any sum of atoms) come from a linear programme; those are never narrower than what is possible, so
that what they prove is proved. In whole persons the bounds can be narrower still: `whole_bounds` gives them, and
`every_table` lists every table that fits, for small ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

# What figures are rounded to in the solver; far less than a person.
SLACK = 1e-6
# More than live in the country: what can be as many has no bound.
EVERYBODY = 1e7


@dataclass(frozen=True)
class Clue:
    """What one published figure says: `low` <= the sum of `weights` times the counts of `atoms` <= `high`."""

    atoms: tuple[int, ...]
    weights: tuple[float, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Knowledge:
    """All that is known of `atoms` counts >= 0: ``low <= rows @ counts <= high``."""

    atoms: int
    rows: "scipy.sparse.csr_array"
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Attack:
    """What is known of each target: the least and largest count (t,), whole; and whether it is known exactly (`exact`),
    to be below the threshold (`small`), or to be one of fewer than `base` numbers (`few`)."""

    low: np.ndarray
    high: np.ndarray
    exact: np.ndarray
    small: np.ndarray
    few: np.ndarray


def between(atoms: Iterable[int], low: float, high: float) -> Clue:
    """The sum of these atoms lies from `low` to `high`."""
    members = tuple(int(atom) for atom in atoms)
    return Clue(members, (1.0,) * len(members), low, high)


def exact_count(atoms: Iterable[int], value: float) -> Clue:
    return between(atoms, value, value)


def rounded_count(atoms: Iterable[int], value: float, base: int) -> Clue:
    """A count that was rounded up or down to a multiple of `base`."""
    return between(atoms, value - base + 1, value + base - 1)


def nearest_count(atoms: Iterable[int], value: float, base: int) -> Clue:
    """A count that was rounded to the nearest multiple of `base`, halves up."""
    return between(atoms, value - base // 2, value + (base - 1) // 2)


def hidden_count(atoms: Iterable[int], *, low: float = 0, high: float = np.inf) -> Clue:
    """A hidden count, and what its sign tells: that it is below a threshold, where nothing else is ever hidden."""
    return between(atoms, low, high)


def share_clues(part: Iterable[int], whole: Iterable[int], percent: float, decimals: int) -> tuple[Clue, Clue]:
    """`part` is `percent` of `whole`, rounded to `decimals`; the atoms of the part are among those of the whole."""
    half = 0.5 * 10.0**-decimals
    above = _against(part, whole, (percent - half) / 100, 1.0)
    below = _against(part, whole, (percent + half) / 100, -1.0)
    return above, below


def _against(part: Iterable[int], whole: Iterable[int], share: float, sign: float) -> Clue:
    """sign * (part - share * whole) >= 0."""
    weights = dict.fromkeys((int(atom) for atom in whole), -sign * share)
    for atom in part:
        weights[int(atom)] = weights.get(int(atom), 0.0) + sign
    return Clue(tuple(weights), tuple(weights.values()), 0.0, np.inf)


def knowledge(atoms: int, clues: Sequence[Clue]) -> Knowledge:
    """Everything published about `atoms` groups, put together."""
    rows = scipy.sparse.lil_array((len(clues), atoms))
    for place, clue in enumerate(clues):
        for atom, weight in zip(clue.atoms, clue.weights, strict=True):
            rows[place, atom] += weight
    low, high = (np.array([getattr(clue, side) for clue in clues], dtype="float64") for side in ("low", "high"))
    return Knowledge(atoms, scipy.sparse.csr_array(rows), low, high)


def linear_bounds(known: Knowledge, targets: Sequence[Iterable[int]]) -> np.ndarray:
    """Least and largest value (t, 2) of each target by linear programmes; inf where nothing bounds it. Raises
    ValueError where the figures contradict each other."""
    return _bounds(known, targets, whole=False)


def whole_bounds(known: Knowledge, targets: Sequence[Iterable[int]]) -> np.ndarray:
    """The same in whole persons; for tables of some tens of atoms."""
    return _bounds(known, targets, whole=True)


def _bounds(known: Knowledge, targets: Sequence[Iterable[int]], *, whole: bool) -> np.ndarray:
    rows = scipy.optimize.LinearConstraint(known.rows, known.low - SLACK, known.high + SLACK)
    kinds, bounds = np.full(known.atoms, float(whole)), scipy.optimize.Bounds(0, EVERYBODY)
    found = np.empty((len(targets), 2))
    for place, target in enumerate(targets):
        aim = np.zeros(known.atoms)
        aim[list(target)] = 1.0
        for side, sign in enumerate((1, -1)):
            answer = scipy.optimize.milp(sign * aim, integrality=kinds, bounds=bounds, constraints=rows)
            if answer.status == 2:
                raise ValueError("the published figures contradict each other")
            if answer.status != 0:
                # Never taken for «nothing is known»: an attacker who gives up would let everything pass.
                raise ArithmeticError(f"a programme of the attacker was not solved: {answer.message}")
            found[place, side] = sign * answer.fun
    return np.where(found >= EVERYBODY - 1, np.inf, found)


def every_table(known: Knowledge, *, most: int = 2_000_000) -> np.ndarray:
    """Every table of whole counts (k, atoms) that fits, by trying all of them. Raises ValueError where an atom has no
    upper bound or there are more than `most` to try."""
    tops = _tops(known)
    if not np.isfinite(tops).all() or np.prod(tops + 1) > most:
        raise ValueError("too many tables to try them all")
    tables = np.indices((tops + 1).astype("int64")).reshape(known.atoms, -1)
    sums = known.rows @ tables
    fits = ((sums >= known.low[:, None] - SLACK) & (sums <= known.high[:, None] + SLACK)).all(axis=0)
    return tables[:, fits].T


def _tops(known: Knowledge) -> np.ndarray:
    """The largest whole count (atoms,) of each atom by the figures that only add atoms up."""
    dense = known.rows.toarray()
    adding = dense[(dense >= 0).all(axis=1)]
    high = known.high[(dense >= 0).all(axis=1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(adding > 0, (high[:, None] + SLACK) / adding, np.inf)
    return np.floor(each.min(axis=0, initial=np.inf))


def attacked(bounds: np.ndarray, *, threshold: int, base: int = 2) -> Attack:
    """What bounds (t, 2) of targets prove. `few` counts the whole numbers between them."""
    # Sums of many cells gather many slacks.
    low, high = np.ceil(bounds[:, 0] - 1e-3), np.floor(bounds[:, 1] + 1e-3)
    return Attack(low, high, low == high, high < threshold, high - low + 1 < base)
