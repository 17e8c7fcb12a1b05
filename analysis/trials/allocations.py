"""The ways in which offices could have been drawn: all of them where they can be counted out, else a sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from math import comb, prod

import numpy as np

from analysis.problems import Problem, stop_if_any

HEADING = "Trekningen av kontorer kan ikke gjentas:"
LIMIT = 1_000_000
DRAWS = 99_999


@dataclass(frozen=True, eq=False)
class Allocation:
    """Which offices were drawn: `treated` (G,) booleans; `strata` (G,) labels within which they were drawn, or None.

    Every stratum keeps its number of treated offices. Pairs are strata of two, see `paired`.
    """

    treated: np.ndarray
    strata: np.ndarray | None = None

    def places(self) -> list[np.ndarray]:
        """Indexes of the offices of each stratum, in order of its label."""
        if self.strata is None:
            return [np.arange(len(self.treated))]
        return [np.flatnonzero(self.strata == label) for label in np.unique(self.strata)]

    @property
    def mirrored(self) -> bool:
        """Whether the opposite draw was possible too: then every two-sided p-value counts both."""
        return all(2 * self.treated[place].sum() == len(place) for place in self.places())


@dataclass(frozen=True, eq=False)
class Allocations:
    """`treated` (B, G): one draw a row, the observed among them; `exact`: all there are, each once, else `seed`."""

    treated: np.ndarray
    exact: bool
    seed: int | None = None

    @property
    def words(self) -> str:
        """How they came about, as a convention tells it."""
        how = "enumerated" if self.exact else f"sampled with seed {self.seed}"
        return f"allocations {how}: {len(self.treated)}, G={self.treated.shape[1]}"


def allocation(treated, *, strata=None) -> Allocation:
    """A checked allocation of G offices; `treated` holds booleans or 0 and 1, `strata` labels without missing ones.

    Raises ProblemsFound when nobody, or everybody, was drawn, and ValueError on wrong shapes or values.
    """
    flags = np.asarray(treated)
    if flags.ndim != 1 or not np.isin(flags, (0, 1)).all():
        raise ValueError("treated must hold one 0 or 1 for each office")
    labels = None if strata is None else np.asarray(strata)
    if labels is not None and labels.shape != flags.shape:
        raise ValueError(f"strata has shape {labels.shape}, expected {flags.shape}")
    one_arm = flags.all() or not flags.any()
    what = "alle kontorene står i samme gruppe, så det finnes ingen forskjell å prøve."
    mend = "Se om kolonnen for trekningen er riktig koblet i kortet."
    stop_if_any(HEADING, [Problem("kontorer", what, mend)] if one_arm else [])
    return Allocation(flags.astype(bool), labels)


def paired(treated, pair) -> Allocation:
    """Strata of two, one of which was drawn; `pair` (G,) labels. Raises ProblemsFound for any other number."""
    found = allocation(treated, strata=pair)
    wrong = sum(len(place) != 2 or found.treated[place].sum() != 1 for place in found.places())
    what = f"{wrong} av parene har ikke nøyaktig ett kontor i hver gruppe."
    mend = "Rett kolonnen for par, eller bruk strata."
    stop_if_any(HEADING, [Problem("par", what, mend)] if wrong else [])
    return found


def count(drawn: Allocation) -> int:
    """Number of ways in which the offices could have been drawn: Π over strata of G_s choose T_s."""
    return prod(comb(len(place), int(drawn.treated[place].sum())) for place in drawn.places())


def allocations(drawn: Allocation, *, limit: int = LIMIT, draws: int = DRAWS, seed: int | None = None) -> Allocations:
    """All ways when there are at most `limit`, otherwise the observed one and `draws` drawn with `seed`.

    Drawn ones are independent and equally likely, so the observed beside them keeps a test at its level
    (Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9(1)). ValueError when a seed
    is needed and not given.
    """
    if count(drawn) <= limit:
        return Allocations(_enumerated(drawn), True)
    if seed is None:
        raise ValueError(f"{count(drawn)} allocations are more than {limit}: sampling them needs a seed")
    rows = np.empty((draws + 1, len(drawn.treated)), dtype=bool)
    rows[0] = drawn.treated
    rng = np.random.default_rng(seed)
    for place in drawn.places():
        rows[1:, place] = rng.permuted(np.broadcast_to(drawn.treated[place], (draws, len(place))), axis=1)
    return Allocations(rows, False, seed)


def _enumerated(drawn: Allocation) -> np.ndarray:
    """Every draw (B, G): each stratum's own draws in all combinations, the last stratum moving fastest."""
    rows = np.zeros((count(drawn), len(drawn.treated)), dtype=bool)
    slow, fast = 1, len(rows)
    for place in drawn.places():
        own = subsets(len(place), int(drawn.treated[place].sum()))
        fast //= len(own)
        rows[:, place] = np.tile(np.repeat(own, fast, axis=0), (slow, 1))
        slow *= len(own)
    return rows


def subsets(n: int, k: int) -> np.ndarray:
    """All subsets of k of n as booleans (n choose k, n), in lexicographic order of their members."""
    rows = np.zeros((comb(n, k), n), dtype=bool)
    if k:
        members = np.fromiter(chain.from_iterable(combinations(range(n), k)), dtype=np.int64, count=len(rows) * k)
        np.put_along_axis(rows, members.reshape(-1, k), True, axis=1)
    return rows


def batches(rows: np.ndarray, size: int = 1 << 17) -> Iterator[np.ndarray]:
    """Allocations as float64, some at a time: products of booleans would make all of them numbers at once."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size].astype("float64")
