"""Placebos in space: the same dates given to units that never adopted, all of them or drawn ones.

Units that adopt in the same month with the same donors are alike, so that sets and not orders of placebo units count:
the number of placebos, and with it the least rank that can come out, is not made larger than it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np

from analysis.staggered.permutation import Permutation


@dataclass(frozen=True)
class Slots:
    """`count` treated units that adopt in month `group`, and the units in `pool` that could have done so instead."""

    group: int
    pool: tuple[int, ...]
    count: int


@dataclass(frozen=True)
class PlaceboSets:
    """`units` (B, K): a placebo unit for each treated one, slots in order. `enumerated`: all there are, else drawn."""

    units: np.ndarray
    enumerated: bool
    seed: int | None


def placebo_sets(slots: Sequence[Slots], *, limit: int, draws: int, seed: int) -> PlaceboSets:
    """All sets of different placebo units where there are at most `limit`, otherwise `draws` drawn ones."""
    every = list(islice(_all(slots, frozenset()), limit + 1))
    width = sum(slot.count for slot in slots)
    if len(every) <= limit:
        return PlaceboSets(np.array(every, dtype=np.int64).reshape(len(every), width), True, None)
    rng = np.random.default_rng(seed)
    drawn = [found for _ in range(draws) if (found := _drawn(slots, rng)) is not None]
    return PlaceboSets(np.array(drawn, dtype=np.int64).reshape(len(drawn), width), False, seed)


def _all(slots: Sequence[Slots], used: frozenset[int]) -> Iterator[tuple[int, ...]]:
    if not slots:
        yield ()
        return
    for chosen in combinations([unit for unit in slots[0].pool if unit not in used], slots[0].count):
        for rest in _all(slots[1:], used | set(chosen)):
            yield chosen + rest


def _drawn(slots: Sequence[Slots], rng: np.random.Generator) -> tuple[int, ...] | None:
    """One set; None when an earlier slot took the units that a later one needs."""
    found: tuple[int, ...] = ()
    for slot in slots:
        free = [unit for unit in slot.pool if unit not in found]
        if len(free) < slot.count:
            return None
        found += tuple(int(unit) for unit in rng.choice(free, slot.count, replace=False))
    return found


def placebo_rank(observed: np.ndarray, placebos: np.ndarray, sets: PlaceboSets, *, randomised: bool) -> Permutation:
    """The rank of `observed` (R,) among itself and `placebos` (B, R), both sizes not below 0, the largest as 1.

    Never below 1/(B + 1). A placebo that is undefined counts as larger.
    """
    with np.errstate(invalid="ignore"):
        rank = 1.0 + (~(placebos < observed * (1 - 1e-9))).sum(axis=0)
    rank = np.where(np.isnan(observed), np.nan, rank)
    n = len(placebos) + 1
    name = "permutation" if randomised else "placebo_rank"
    return Permutation(name, rank / n, rank, n, sets.enumerated, sets.seed)
