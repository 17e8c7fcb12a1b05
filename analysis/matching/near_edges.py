"""Which treated and comparison persons may be paired: same stratum, within the caliper; as a list of pairs."""

from dataclasses import dataclass

import numpy as np

from analysis.matching.sets import HEADING
from analysis.problems import Problem, ProblemsFound

MOST_EDGES = 10_000_000  # about 1 GB at the peak


@dataclass(frozen=True)
class Edges:
    """Possible pairs: rows of the treated, rows of the comparison persons and distances, each (m,)."""

    treated_row: np.ndarray
    comparison_row: np.ndarray
    distance: np.ndarray


def edges_in_ranges(own: np.ndarray, others: np.ndarray, first: np.ndarray, last: np.ndarray) -> tuple:
    """Rows (m,), (m,): person i of `own` with each of `others[first[i]:last[i]]`."""
    count = np.maximum(last - first, 0)
    total = int(count.sum())
    if total > MOST_EDGES:
        raise ProblemsFound(HEADING, [_too_many(total)])
    place = np.arange(total) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    return np.repeat(own, count), others[place]


def edges_within(points: np.ndarray, treated: np.ndarray, codes: np.ndarray, on=None, width: float = np.inf) -> Edges:
    """All pairs of one stratum (`codes` (n,)) whose values of `on` (n,) differ by `width` or less.

    The distance is Euclidean between `points` (n, p); whitened covariates give Mahalanobis's. Raises
    `ProblemsFound` above `MOST_EDGES` pairs.
    """
    on = np.zeros(len(treated)) if on is None else on
    order = np.lexsort((on, codes))
    others = order[~treated[order]]
    own = order[treated[order]]
    begin, end = (np.searchsorted(codes[others], codes[own], side=side) for side in ("left", "right"))
    first, last = _near_ranges(on, own, others, begin, end, width)
    rows, partners = edges_in_ranges(own, others, first, last)
    near = np.abs(on[rows] - on[partners]) <= width
    rows, partners = rows[near], partners[near]
    return Edges(rows, partners, _euclidean(points, rows, partners))


def _near_ranges(on, own, others, begin, end, width) -> tuple[np.ndarray, np.ndarray]:
    """Places in `others`, slightly generous: rounding of value ± width is settled by the caller."""
    if not np.isfinite(width):
        return begin, end
    first, last = begin.copy(), end.copy()
    slack = 1e-9 * (abs(width) + np.abs(on).max(initial=0.0))
    # Rows of one stratum stand together in `own`, and so do their partners in `others`.
    for mine in np.split(np.arange(len(own)), np.flatnonzero(np.diff(begin)) + 1):
        b = begin[mine[0]]
        values = on[others[b : end[mine[0]]]]
        first[mine] = b + np.searchsorted(values, on[own[mine]] - width - slack, side="left")
        last[mine] = b + np.searchsorted(values, on[own[mine]] + width + slack, side="right")
    return first, last


def _euclidean(points: np.ndarray, rows: np.ndarray, partners: np.ndarray, block: int = 500_000) -> np.ndarray:
    distance = np.empty(len(rows))
    for start in range(0, len(rows), block):
        part = slice(start, start + block)
        distance[part] = np.sqrt(((points[rows[part]] - points[partners[part]]) ** 2).sum(axis=1))
    return distance


def _too_many(total: int) -> Problem:
    return Problem(
        "utvalg",
        f"{total} mulige par er flere enn de {MOST_EDGES} som kan regnes ut nøyaktig.",
        "Bruk en smalere kaliper, eksakte strata eller en avstand uten kaliper.",
    )
