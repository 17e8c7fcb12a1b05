"""How many partners each person on a line gets when the total distance is as small as it can be.

Every pair joins a treated person to a comparison person on the sorted line. If fₖ is the number of pairs that still
wait for a comparison person after place k (negative: for a treated one), the total distance is Σ gapₖ·|fₖ|, and a
matching is a walk f₀ = 0, …, fₘ = 0 whose step at each place lies between what its persons must and may take. The
cost-to-go is convex and piecewise linear in f, so its slopes are kept in two heaps (the «slope trick»); walking back
through the flat bottoms gives the steps. O(m log m), exact up to the rounding of the gaps.

The model holds optimal 1:1 and k:1 matching (comparison persons take 0 or 1), full matching, that is the cheapest
edge cover (everyone takes 1 or more; Rosenbaum 1991, JRSS B 53(3); Colannino et al. 2007, Graphs and Combinatorics
23), and full matching with limits (Hansen 2004, JASA 99(467)).
"""

from heapq import heappop, heappush, heapreplace

import numpy as np

NO_LIMIT = 1 << 60


def line_degrees(
    score: np.ndarray, treated: np.ndarray, treated_limits: tuple[int, int], comparison_limits: tuple[int, int]
) -> np.ndarray:
    """Number of pairs of each person (n,); `score` (n,) must be sorted. Limits are (least, most) per person.

    Of equally cheap answers the one that needs fewest pairs place by place is taken, so that full matching keeps
    many sets; persons of one group with equal scores share as evenly as possible, earlier rows first.
    Raises ValueError when the limits cannot be met.
    """
    start = np.flatnonzero(np.r_[True, score[1:] != score[:-1]])
    n_treated = np.add.reduceat(treated.astype(np.int64), start)
    n_comparison = np.diff(np.r_[start, len(score)]) - n_treated
    least, most = _times(n_treated, treated_limits), _times(n_comparison, comparison_limits)
    low = np.where(most[1] >= NO_LIMIT, -NO_LIMIT, least[0] - most[1])
    high = np.where(least[1] >= NO_LIMIT, NO_LIMIT, least[1] - most[0])
    wish = least[0] - most[0] if comparison_limits[0] else np.zeros(len(start), dtype=np.int64)
    step = cheapest_steps(np.diff(score[start]), low, high, wish)
    of_treated = np.maximum(least[0], most[0] + step)
    return _shared(start, treated, n_treated, of_treated, n_comparison, of_treated - step)


def _times(persons: np.ndarray, limits: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Least and most number of pairs at each place; `NO_LIMIT` stays what it is."""
    most = np.where(persons > 0, NO_LIMIT, 0) if limits[1] >= NO_LIMIT else persons * limits[1]
    return persons * limits[0], most


def _shared(start, treated, n_treated, of_treated, n_comparison, of_comparison) -> np.ndarray:
    degrees = np.zeros(len(treated), dtype=np.int64)
    place = np.repeat(np.arange(len(start)), np.diff(np.r_[start, len(treated)]))
    for group, size, total in ((treated, n_treated, of_treated), (~treated, n_comparison, of_comparison)):
        own = place[group]
        number = np.arange(len(own)) - (np.cumsum(size) - size)[own]
        degrees[group] = total[own] // size[own] + (number < total[own] % size[own])
    return degrees


def cheapest_steps(gaps: np.ndarray, low: np.ndarray, high: np.ndarray, wish: np.ndarray) -> np.ndarray:
    """Steps (m,) with low ≤ step ≤ high and sum 0 that minimise Σ gaps·|cumulative sum|; `gaps` (m − 1,) > 0.

    Of equally cheap steps, the one nearest `wish` is taken at each place, from the right. ±`NO_LIMIT` is no limit.
    """
    limits = list(zip(low.tolist(), high.tolist(), strict=True))
    bottoms = _flat_bottoms(gaps, limits)
    steps, after = [], 0
    for (least, most), (left, right), wished in zip(
        reversed(limits), reversed(bottoms), reversed(wish.tolist()), strict=True
    ):
        # Between the reach of this step and the flat bottom: as wished where they overlap, else their nearest ends.
        first, last = max(after - most, left), min(after - least, right)
        before = min(max(after - wished, first), last)
        if first > last:
            before = first if after - most > right else last
        steps.append(after - before)
        after = before
    if after != 0:
        raise ValueError("the limits on pairs per person cannot be met")
    return np.array(steps[::-1], dtype=np.int64)


def _flat_bottoms(gaps: np.ndarray, limits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where the cost so far is smallest, before each step: first and last such f.

    `falling` holds the breakpoints left of the bottom, `rising` those right of it, each (key, change of slope).
    Breakpoints move with the steps, so keys are relative to an offset; keys of `falling` are negated, since heapq
    gives the smallest first.
    """
    falling, rising = [(0, np.inf)], [(0, np.inf)]
    to_left = to_right = 0
    dust = 1e-15 * float(gaps.sum())  # differences of two gaps below this are rounding
    bottoms = []
    for gap, (least, most) in zip([*gaps.tolist(), 0.0], limits, strict=True):
        left = to_left - falling[0][0] if falling else -NO_LIMIT
        right = to_right + rising[0][0] if rising else NO_LIMIT
        bottoms.append((left, right))
        if least <= -NO_LIMIT:
            falling.clear()
            left = -NO_LIMIT
        else:
            to_left += least
            left += least
        if most >= NO_LIMIT:
            rising.clear()
            right = NO_LIMIT
        else:
            to_right += most
            right += most
        if left > 0:
            heappush(falling, (to_left, 2 * gap))
            _move(falling, rising, gap, dust, to_left - to_right)
        elif right < 0:
            heappush(rising, (-to_right, 2 * gap))
            _move(rising, falling, gap, dust, to_left - to_right)
        else:
            heappush(falling, (to_left, gap))
            heappush(rising, (-to_right, gap))
    return bottoms


def _move(source: list, target: list, amount: float, dust: float, turned: int) -> None:
    """Move slope `amount` from the top of `source` to `target`: the bottom of the sum lies between the two."""
    while amount > dust:
        key, slope = source[0]
        if slope > amount + dust:
            heapreplace(source, (key, slope - amount))
            heappush(target, (turned - key, amount))
            return
        heappop(source)
        heappush(target, (turned - key, slope))
        amount -= slope
