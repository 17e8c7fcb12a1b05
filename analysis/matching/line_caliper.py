"""Optimal 1:1 matching on a line when no pair may be longer than a caliper, in one pass.

Of two persons who are paired, everyone who stands between them is paired too: whoever is left out there would make a
shorter pair. And pairs need not cross. So with S the number of treated minus comparison persons up to a place, an
optimal matching is a row of disjoint stretches from which nobody is left out, in each of which S leaves a level and
comes back to it for the first time; inside, the first treated goes with the first comparison person, the second with
the second. Only one such stretch ends at each place, the one that begins after the last place with the same S. It is
allowed when no pair in it is too long, and the best answer up to a place either leaves that place out or ends with
its stretch. O(m) on the sorted line.

The stretches are those of Karp and Li (1975), Discrete Mathematics 13(2), section 2; caliper and choice are ours.
"""

import numpy as np

from analysis.matching.compiled import column, compiled

FAR = 1 << 60


def pairs_within(score: np.ndarray, treated: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of the treated and of their partners: most pairs at most `width` apart, then least total distance.

    `score` (m,) must be sorted. Of one group's persons with equal scores, earlier places first.
    """
    height = np.concatenate([[0], np.cumsum(np.where(treated, 1, -1))])
    before = _last_same(height)
    taken = best_stretches(
        column(np.where(treated, 1, -1)),
        column(height - height.min()),
        column(before),
        column(_queue_limits(score, treated, width)),
        column(_lengths(score, treated, before)),
        column(np.full(int(np.ptp(height)) + 1, FAR)),
        column(np.full(int(np.ptp(height)) + 1, FAR)),
    )
    taken = _earlier_first(score, treated, np.array(taken, dtype=bool))
    return np.flatnonzero(taken & treated), np.flatnonzero(taken & ~treated)


def _last_same(height: np.ndarray) -> np.ndarray:
    """The last earlier place of the same height (m + 1,), −1 for none."""
    order = np.argsort(height, kind="stable")
    same = height[order[1:]] == height[order[:-1]]
    before = np.full(len(height), -1, dtype=np.int64)
    before[order[1:][same]] = order[:-1][same]
    return before


def _lengths(score: np.ndarray, treated: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Total distance of the pairs in the stretch that ends at each place (m + 1,)."""
    signed = np.where(treated, -1.0, 1.0) * (score - score[0])
    total = np.concatenate([[0.0], np.cumsum(signed.astype(np.longdouble))])  # differences of long sums
    return np.abs(total - total[np.maximum(before, 0)]).astype("float64")


def _queue_limits(score: np.ndarray, treated: np.ndarray, width: float) -> np.ndarray:
    """Number of the other group before each person and at most `width` away (m,): who waits longer is too far."""
    values, group = np.unique(score, return_inverse=True)
    first = np.searchsorted(values, values - width * (1 + 1e-9) - 1e-300)
    while (late := values - values[first] > width).any():
        first[late] += 1
    start = np.searchsorted(score, values[first])[group]
    n_treated, n_comparison = (np.concatenate([[0], np.cumsum(group)]) for group in (treated, ~treated))
    places = np.arange(len(score))
    return np.where(treated, n_comparison[places] - n_comparison[start], n_treated[places] - n_treated[start])


@compiled
def best_stretches(step, height, before, limit, length, tightest_above, tightest_below):
    """Whether each place is in a stretch of the best answer (m,), as numbers 0 and 1.

    `step` (m,): 1 for treated, −1 for comparison persons; `height` (m + 1,), 0 or more; `before` and `length`
    (m + 1,) of the stretch that ends at each place; `limit` (m,): how many may wait when a person is served.
    `tightest_above` and `tightest_below` (by height): room to spare in the stretches above and below that have been
    closed since the walk came to that height, as the level that it allows for a beginning (signed).
    """
    size = len(step)
    pairs, total = [0] * (size + 1), [0.0] * (size + 1)
    ends = [0] * (size + 1)
    for place in range(1, size + 1):
        here, last = height[place], height[place - 1]
        pairs[place], total[place] = pairs[place - 1], total[place - 1]
        # Serving with q waiting means |last − beginning| = q, so the beginning must lie within `limit` of `last`.
        if step[place - 1] < 0:
            spare = min(tightest_above[last], limit[place - 1] - last)
            tightest_above[here] = min(tightest_above[here], spare)
            tightest_below[here] = FAR
            fits = spare >= -here
        else:
            spare = min(tightest_below[last], limit[place - 1] + last)
            tightest_below[here] = min(tightest_below[here], spare)
            tightest_above[here] = FAR
            fits = spare >= here
        start = before[place]
        if start < 0 or not fits:
            continue
        count, cost = pairs[start] + (place - start) // 2, total[start] + length[place]
        if count > pairs[place] or (count == pairs[place] and cost < total[place]):
            pairs[place], total[place], ends[place] = count, cost, 1
    taken = [0] * size
    place = size
    while place > 0:
        if ends[place] == 0:
            place -= 1
            continue
        for inside in range(before[place], place):
            taken[inside] = 1
        place = before[place]
    return taken


def _earlier_first(score: np.ndarray, treated: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """As many of each group at each score as `taken` (m,) holds, the first of them."""
    found = np.zeros(len(score), dtype=bool)
    for group in (treated, ~treated):
        own = np.flatnonzero(group)
        start = np.concatenate([[True], np.diff(score[own]) > 0])
        run = np.cumsum(start) - 1
        number = np.arange(len(own)) - np.flatnonzero(start)[run]
        found[own] = number < np.bincount(run, weights=taken[own])[run]
    return found
