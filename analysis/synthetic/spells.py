"""Monthly states turned into spells with dates, as a register holds them.

A state is what holds on the last day of a month (0 is nothing), so that «on the last day of month m» is exact whatever
days the spells begin and end on. Spells are inclusive at both ends; an end that is missing is open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

ON_THE_TURN = 0.55
"""Share of spells that begin on the first or end on the last day of a month, as jobs and benefits tend to."""

EPOCH_MONTH = 1970 * 12


@dataclass(frozen=True)
class Spells:
    """Spells of persons: `row` of the person, `state`, first and last day (NaT: open)."""

    row: np.ndarray
    state: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def where(self, mask: np.ndarray) -> "Spells":
        """The spells in `mask`."""
        return Spells(*(getattr(self, part.name)[mask] for part in fields(self)))


def first_day(months: np.ndarray | int) -> np.ndarray:
    """First day of months given as year·12 + month − 1."""
    return (np.asarray(months, dtype=np.int64) - EPOCH_MONTH).astype("datetime64[M]").astype("datetime64[D]")


def last_day(months: np.ndarray | int) -> np.ndarray:
    """Last day of months given as year·12 + month − 1."""
    return first_day(np.asarray(months) + 1) - np.timedelta64(1, "D")


def day_in_month(rng: np.random.Generator, months: np.ndarray) -> np.ndarray:
    """A random day in each month, every one equally likely."""
    length = (first_day(months + 1) - first_day(months)).astype(np.int64)
    return first_day(months) + (rng.random(len(months)) * length).astype(np.int64)


def dated_spells(rng: np.random.Generator, states: np.ndarray, first_month: np.ndarray | int) -> Spells:
    """Spells of the runs in `states` (persons × months).

    `first_month` is the month of the first column, one for all or one per person. A run in the first column began up
    to two years before; a run in the last column is open. A run that follows another without a gap begins the day
    after it.
    """
    row, first, last, state = _runs(states)
    origin = np.broadcast_to(np.asarray(first_month, dtype=np.int64), len(states))[row]
    start = np.where(rng.random(len(row)) < ON_THE_TURN, first_day(origin + first), day_in_month(rng, origin + first))
    start = start - np.where(first == 0, rng.integers(0, 730, len(row)), 0).astype("timedelta64[D]")
    # The state is gone on the last day of the next month, so the spell ends before that day.
    next_month = first_day(origin + last + 1)
    length = (first_day(origin + last + 2) - next_month).astype(np.int64)
    spill = np.where(rng.random(len(row)) < ON_THE_TURN, 0, (rng.random(len(row)) * length).astype(np.int64))
    end = last_day(origin + last) + spill.astype("timedelta64[D]")
    follows = np.zeros(len(row), dtype=bool)
    follows[1:] = (row[1:] == row[:-1]) & (first[1:] == last[:-1] + 1)
    start[1:] = np.where(follows[1:], end[:-1] + np.timedelta64(1, "D"), start[1:])
    return Spells(row, state, start, np.where(last == states.shape[1] - 1, np.datetime64("NaT"), end))


def _runs(states: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row, first column, last column and state of every run of one state that is not 0, in row order."""
    padded = np.zeros((states.shape[0], states.shape[1] + 2), dtype=states.dtype)
    padded[:, 1:-1] = states
    changes = padded[:, 1:] != padded[:, :-1]
    row, first = np.nonzero(changes & (padded[:, 1:] != 0))
    _, beyond = np.nonzero(changes & (padded[:, :-1] != 0))
    return row, first, beyond - 1, states[row, first]


def filled_states(rng: np.random.Generator, anchors: Mapping[int, np.ndarray], *, pause: float = 0.0) -> np.ndarray:
    """States (persons × months) that hold exactly at the `anchors` (column → states) and change once between two.

    With probability `pause` a person has one to four empty months between two anchors, never at one.
    """
    columns = sorted(anchors)
    states = np.zeros((len(anchors[columns[0]]), columns[-1] + 1), dtype=np.int8)
    months = np.arange(states.shape[1])
    for before, after in zip(columns, columns[1:], strict=False):
        span = months[before : after + 1]
        change = rng.integers(before + 1, after + 1, len(states))
        path = np.where(span < change[:, None], anchors[before][:, None], anchors[after][:, None])
        if after - before > 6:
            gap = rng.integers(before + 1, after - 4, len(states))[:, None]
            length = rng.integers(1, 5, len(states))[:, None]
            paused = (rng.random(len(states)) < pause)[:, None] & (span >= gap) & (span < gap + length)
            path = np.where(paused, 0, path)
        states[:, before : after + 1] = path
    return states


def cut_at(spells: Spells, last: np.ndarray) -> Spells:
    """Spells cut at each person's last day in the register (`last` per person, NaT for none)."""
    limit = last[spells.row]
    kept = np.isnat(limit) | (spells.start <= limit)
    beyond = ~np.isnat(limit) & (np.isnat(spells.end) | (spells.end > limit))
    return Spells(spells.row, spells.state, spells.start, np.where(beyond, limit, spells.end)).where(kept)


def seen_until(spells: Spells, day: np.datetime64) -> Spells:
    """Spells as an extract of `day` shows them: later ones are not there, and those that go on are open."""
    end = np.where(spells.end > day, np.datetime64("NaT"), spells.end)
    return Spells(spells.row, spells.state, spells.start, end).where(spells.start <= day)


def nested(rng: np.random.Generator, spells: Spells, share: float) -> Spells:
    """A second, shorter spell inside a `share` of the closed ones: two jobs at once, which must not count twice."""
    chosen = spells.where(~np.isnat(spells.end) & (rng.random(len(spells.row)) < share))
    length = (chosen.end - chosen.start).astype(np.int64)
    inset = (rng.random(len(length)) * length / 2).astype(np.int64)
    start = chosen.start + inset.astype("timedelta64[D]")
    rest = ((length - inset) * rng.random(len(length))).astype(np.int64)
    return Spells(chosen.row, chosen.state, start, start + rest.astype("timedelta64[D]"))


def joined(*parts: Spells) -> Spells:
    """Several sets of spells as one, ordered by person and first day."""
    whole = Spells(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Spells)))
    return whole.where(np.lexsort((whole.state, whole.start, whole.row)))


def states_on(spells: Spells, persons: int, day: np.datetime64) -> np.ndarray:
    """State of each person on `day`, 0 without a spell; the largest where spells overlap."""
    covering = (spells.start <= day) & (np.isnat(spells.end) | (spells.end >= day))
    found = np.zeros(persons, dtype=spells.state.dtype)
    np.maximum.at(found, spells.row[covering], spells.state[covering])
    return found
