"""Permutation of adoption dates over offices: what the estimates would have been had other offices adopted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from math import factorial, prod

import numpy as np

from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import HEADING, CellArrays
from analysis.staggered.cell_effects import effects, shares_of
from analysis.staggered.design import NEVER, Plan

ENUMERATED = 10_000
# Numbers in memory at a time.
BATCH_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Permutation:
    """`share` (R,): part of the assignments whose estimate is at least as far from 0 as the observed, itself included.

    A p-value when adoption was drawn by lot (`name` permutation); otherwise `name` is placebo_rank and it is only
    a rank: `rank` (R,) of `n` assignments. `enumerated`: all were tried, else drawn from `seed`. The smallest share
    that could have come out is 1/`n`.
    """

    name: str
    share: np.ndarray
    rank: np.ndarray
    n: int
    enumerated: bool
    seed: int | None


def permutation(
    arrays: CellArrays,
    plan: Plan,
    statistic: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    randomised: bool,
    seed: int,
    strata: np.ndarray | None = None,
    draws: int = 9_999,
    limit: int = ENUMERATED,
) -> Permutation:
    """Move adoption dates between whole offices, within `strata` (O,) if given.

    `statistic` maps effects (B, K) and shares (B, G) to estimates (B, R). All distinct assignments when there are at
    most `limit`, otherwise `draws` drawn ones beside the observed. An assignment without an estimate counts as far
    from 0. Raises ProblemsFound when an office holds persons of several adoption dates: then no date can be moved.
    """
    cohort = office_cohorts(arrays)
    strata = np.zeros(len(cohort), dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    number = n_assignments(cohort, strata)
    enumerated = number <= limit
    rng = np.random.default_rng(seed)
    observed = estimates_of(cohort[None, :], arrays, plan, statistic)[0]
    chosen = all_assignments(cohort, strata) if enumerated else drawn_assignments(cohort, strata, draws, rng)
    size = max(1, BATCH_NUMBERS // (len(arrays.cohorts) * max(len(arrays.months), len(cohort))))
    rank, n = np.zeros(len(observed)), 0
    while batch := list(islice(chosen, size)):
        found = estimates_of(np.array(batch), arrays, plan, statistic)
        rank += (~(np.abs(found) < np.abs(observed) * (1 - 1e-9))).sum(axis=0)
        n += len(batch)
    if not enumerated:
        rank, n = rank + 1, n + 1
    rank = np.where(np.isfinite(observed), rank, np.nan)
    name = "permutation" if randomised else "placebo_rank"
    return Permutation(name, rank / n, rank, n, enumerated, None if enumerated else seed)


def office_cohorts(arrays: CellArrays) -> np.ndarray:
    """Index of the adoption date of each office (O,)."""
    present = (arrays.n > 0).any(axis=2)
    mixed = int((present.sum(axis=1) != 1).sum())
    what = f"{mixed} kontorer har personer med ulike oppstartsmåneder, så datoene kan ikke byttes mellom kontorer."
    mend = "Bruk kontorets oppstartsmåned for alle personene ved kontoret."
    stop_if_any(HEADING, [Problem("permutasjon", what, mend)] if mixed else [])
    return present.argmax(axis=1)


def n_assignments(cohort: np.ndarray, strata: np.ndarray) -> int:
    """Number of distinct ways to hand the same dates to the offices, within strata."""
    return prod(_multinomial(np.bincount(cohort[strata == s]).tolist()) for s in np.unique(strata))


def all_assignments(cohort: np.ndarray, strata: np.ndarray) -> Iterator[np.ndarray]:
    """Every distinct assignment (O,), the observed one among them."""
    places = [np.flatnonzero(strata == s) for s in np.unique(strata)]
    for parts in product(*(list(_distinct(sorted(cohort[place].tolist()))) for place in places)):
        found = np.empty_like(cohort)
        for place, part in zip(places, parts, strict=True):
            found[place] = part
        yield found


def _multinomial(counts: list[int]) -> int:
    return factorial(sum(counts)) // prod(factorial(count) for count in counts)


def _distinct(values: list[int]) -> Iterator[list[int]]:
    """Distinct orders of a sorted list with repeats."""
    if not values:
        yield []
        return
    first, n = values[0], values.count(values[0])
    for where in combinations(range(len(values)), n):
        for rest in _distinct(values[n:]):
            left, taken = iter(rest), set(where)
            yield [first if i in taken else next(left) for i in range(len(values))]


def drawn_assignments(
    cohort: np.ndarray, strata: np.ndarray, draws: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """`draws` assignments (O,) with the dates of `cohort` in another order within strata."""
    places = [np.flatnonzero(strata == s) for s in np.unique(strata)]
    for _ in range(draws):
        found = cohort.copy()
        for place in places:
            found[place] = cohort[rng.permutation(place)]
        yield found


def estimates_of(
    assigned: np.ndarray, arrays: CellArrays, plan: Plan, statistic: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Estimates (B, R) when the offices have the cohorts `assigned` (B, O)."""
    member = (assigned[:, None, :] == np.arange(len(arrays.cohorts))[:, None]).astype("float64")
    shares = shares_of((member @ arrays.sizes.sum(axis=1))[:, arrays.cohorts < NEVER])
    return statistic(effects(member @ arrays.wy.sum(axis=1), member @ arrays.w.sum(axis=1), plan), shares)
