"""All persons on one line, sorted by stratum and score, with the nearest partner to either side of every place."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """Places 0 … m + s of m persons in s strata; a place between strata, and at either end, is infinitely far away.

    `row[p]`: the person at place p (−1 at a stop). `place[i]`: place of person i (−1 for who is not on the line).
    `left[p]` and `right[p]`: nearest place at or beyond p that holds a partner, or a stop.
    """

    row: np.ndarray
    place: np.ndarray
    score: np.ndarray
    left: np.ndarray
    right: np.ndarray


def sorted_line(by_score: np.ndarray, score: np.ndarray, partner: np.ndarray, stratum: np.ndarray | None) -> Line:
    """Line of the persons `by_score`, who are sorted by score; each stratum together, in the same order.

    Equal scores keep their order whatever group they belong to, which the tie rule builds on.
    """
    person = by_score if stratum is None else by_score[np.argsort(stratum[by_score], kind="stable")]
    new = np.zeros(len(person), dtype=np.int64)
    if stratum is not None and len(person):
        new[1:] = stratum[person[1:]] != stratum[person[:-1]]
    at = np.arange(1, len(person) + 1) + np.cumsum(new)
    size = int(at[-1]) + 2 if len(at) else 2
    row = np.full(size, -1, dtype=np.int64)
    row[at] = person
    place = np.full(len(score), -1, dtype=np.int64)
    place[person] = at
    values = np.full(size, np.inf)
    values[at] = score[person]
    stop = row < 0
    stop[at] = partner[person]
    places = np.arange(size)
    left = np.maximum.accumulate(np.where(stop, places, 0))
    right = np.minimum.accumulate(np.where(stop, places, size - 1)[::-1])[::-1]
    return Line(row, place, values, left, right)
