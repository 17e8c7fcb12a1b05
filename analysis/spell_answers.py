"""What a rule says of each person and month: the spells of some persons, and the answer of every kind of rule.

A condition on a missing attribute makes two answers, the least and the most that can be true; where they agree the
answer is known, and elsewhere it is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.basic_amount import basic_amount_by_month
from analysis.intervals import (
    NEVER,
    Intervals,
    Window,
    day_numbers,
    days_in_month,
    merge_intervals,
    on_any_day,
    on_last_day,
)
from analysis.spell_rules import (
    AmountAboveG,
    Condition,
    DaysInMonth,
    EverSoFar,
    InState,
    MonthsSoFar,
    Rule,
    Spells,
    State,
)


@dataclass(frozen=True)
class People:
    """The persons of a chunk: sorted ids, last day followed, and month number of time zero (NaN when not set)."""

    ids: np.ndarray
    followed_until: np.ndarray
    time_zero: np.ndarray | None


@dataclass(frozen=True)
class Answer:
    """Values (persons, months), and where they are unknown (None: nowhere)."""

    values: np.ndarray
    unknown: np.ndarray | None = None


@dataclass(frozen=True)
class Chunk:
    """Some persons with their spells, clipped to the window and to the days they were followed.

    `amounts` (person_id, month, amount in kroner) count from month number `amounts_from`.
    """

    people: People
    window: Window
    table: pa.Table
    intervals: Intervals
    amounts: pd.DataFrame | None = None
    amounts_from: int | None = None
    found: dict[Spells, tuple[Intervals, Intervals]] = field(default_factory=dict)

    def merged(self, spells: Spells) -> tuple[Intervals, Intervals]:
        """Days certainly and days possibly in such a spell; one and the same when no attribute is missing."""
        if spells not in self.found:
            certain, possible = selected(self.table, spells)
            sure = merge_intervals(kept_rows(self.intervals, certain))
            maybe = sure if possible is certain else merge_intervals(kept_rows(self.intervals, possible))
            self.found[spells] = (sure, maybe)
        return self.found[spells]


def people_of(persons: pd.DataFrame, last_day: int) -> People:
    """`persons` (person_id, and time_zero and known_until if any) by id, followed until `last_day` at the latest."""
    ordered = persons.sort_values("person_id")
    until = np.full(len(ordered), last_day, dtype="int32")
    if "known_until" in ordered:
        until = np.minimum(until, day_numbers(ordered["known_until"]))
    zero = ordered["time_zero"].astype("Float64").to_numpy(na_value=np.nan) if "time_zero" in ordered else None
    return People(ordered["person_id"].to_numpy("int32"), until, zero)


def clipped(people: People, spells: pa.Table, window: Window) -> tuple[pa.Table, Intervals]:
    """The spells of `people`, clipped to the window and to the days each person was followed."""
    ids = spells["person_id"].to_numpy()
    row = np.minimum(np.searchsorted(people.ids, ids), len(people.ids) - 1).astype("int32")
    first = np.maximum(_days(spells["from_date"]), window.starts[0])
    last = np.minimum(_days(spells["to_date"]), people.followed_until[row])
    kept = (people.ids[row] == ids) & (first <= last)
    table = spells if kept.all() else spells.filter(pa.array(kept))
    return table, kept_rows(Intervals(row, first, last), kept)


def _days(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(column.cast(pa.date32()).cast(pa.int32()), NEVER).to_numpy()


def kept_rows(intervals: Intervals, kept: np.ndarray) -> Intervals:
    """The intervals where `kept` is true."""
    return Intervals(intervals.row[kept], intervals.first[kept], intervals.last[kept])


def selected(table: pa.Table, spells: Spells) -> tuple[np.ndarray, np.ndarray]:
    """Rows that certainly and rows that possibly are such spells; the same array when no attribute is missing."""
    of_type = pc.is_in(table["type"], value_set=pa.array(spells.types, pa.string()))
    met = of_type
    for demand in spells.where:
        met = pc.and_kleene(met, _met(table[demand.column], demand))
    certain = _as_bools(met, False)
    return certain, certain if met.null_count == 0 else _as_bools(met, True)


def _met(column: pa.ChunkedArray, demand: Condition) -> pa.ChunkedArray:
    tests = {"is": pc.equal, "is_not": pc.not_equal, "at_least": pc.greater_equal, "below": pc.less}
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    answers = tests[demand.test](column, demand.value)
    return pc.if_else(pc.is_null(column, nan_is_null=True), pa.scalar(None, pa.bool_()), answers)


def _as_bools(column: pa.ChunkedArray, missing: bool) -> np.ndarray:
    return pc.fill_null(column, missing).to_numpy().astype(bool)


def answer_of(rule: Rule, chunk: Chunk) -> Answer:
    """What `rule` says of each person and month of the chunk."""
    match rule:
        case InState():
            return in_state(rule, chunk)
        case DaysInMonth():
            return days_in_state(rule, chunk)
        case MonthsSoFar():
            return months_so_far(rule, chunk)
        case EverSoFar():
            return ever_so_far(rule, chunk)
        case AmountAboveG():
            return amount_above_g(rule, chunk)
    raise ValueError(f"no such rule: {rule!r}")


def _known(least: np.ndarray, most: np.ndarray) -> Answer:
    """Known where the least and the most that it can be agree."""
    return Answer(least) if least is most else Answer(least, least != most)


def _seen(look: Callable[..., np.ndarray], spells: Spells, chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    """Least and most that `look` can find, (persons, months); one and the same when no attribute is missing."""
    certain, possible = chunk.merged(spells)
    least = look(certain, len(chunk.people.ids), chunk.window)
    return least, least if possible is certain else look(possible, len(chunk.people.ids), chunk.window)


def _state(state: State, chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    return _seen({"last_day": on_last_day, "any_day": on_any_day}[state.when], state.spells, chunk)


def in_state(rule: InState, chunk: Chunk) -> Answer:
    """In `state` and in none of `without`, month by month, in three-valued logic."""
    least, most = _state(rule.state, chunk)
    for state in rule.without:
        other_least, other_most = _state(state, chunk)
        exact = least is most and other_least is other_most
        least = least & ~other_most
        most = least if exact else most & ~other_least
    return _known(least, most)


def days_in_state(rule: DaysInMonth, chunk: Chunk) -> Answer:
    """Days of each month in such a spell, a day in several counted once."""
    return _known(*_seen(days_in_month, rule.spells, chunk))


def months_so_far(rule: MonthsSoFar, chunk: Chunk) -> Answer:
    """Months with `state` after the month of time zero, up to this one; missing before time zero."""
    counted, before = _since_time_zero(chunk)
    least, most = (np.cumsum(seen & counted, axis=1, dtype="int16") for seen in _state(rule.state, chunk))
    return Answer(least, before | (least != most))


def ever_so_far(rule: EverSoFar, chunk: Chunk) -> Answer:
    """Any month with `state` after the month of time zero, up to this one; missing before time zero."""
    counted, before = _since_time_zero(chunk)
    least, most = (np.logical_or.accumulate(seen & counted, axis=1) for seen in _state(rule.state, chunk))
    return Answer(least, before | (least != most))


def _since_time_zero(chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    """Months after the month of time zero, and months before it or of persons without one: bool (persons, months)."""
    months = np.arange(chunk.window.first, chunk.window.first + chunk.window.months)
    zero = chunk.people.time_zero[:, None]
    return months[None, :] > zero, ~(months[None, :] >= zero)


def amount_above_g(rule: AmountAboveG, chunk: Chunk) -> Answer:
    """Whether the amounts of the months that end with this one exceed the multiple of G for as long.

    Missing where the first of those months comes before the amounts do. Compared in twelfths of whole øre, so that
    the order of the rows cannot matter.
    """
    if chunk.amounts is None or chunk.amounts_from is None:
        raise ValueError("a rule on amounts needs the table of amounts and amounts_from")
    months = np.arange(chunk.window.first - rule.months + 1, chunk.window.first + chunk.window.months)
    reached = months[: chunk.window.months] >= chunk.amounts_from
    needed = months >= chunk.amounts_from  # no basic amount is asked for where there is no answer to give
    yearly = np.zeros(len(months), dtype="int64")
    yearly[needed] = basic_amount_by_month(months[needed], rule.basis)
    limit = rule.multiple * 100 * _trailing_sums(yearly[None, :], rule.months)
    earned = 12 * _trailing_sums(_ore(chunk, months), rule.months)
    return Answer(earned > limit, np.broadcast_to(~reached, earned.shape))


def _ore(chunk: Chunk, months: np.ndarray) -> np.ndarray:
    """Amounts in øre per person and month, rows of the same person and month added: int64 (persons, months)."""
    ids = chunk.amounts["person_id"].to_numpy()
    month = chunk.amounts["month"].to_numpy("int64") - months[0]
    row = np.minimum(np.searchsorted(chunk.people.ids, ids), len(chunk.people.ids) - 1)
    kept = (chunk.people.ids[row] == ids) & (month >= 0) & (month < len(months))
    ore = np.zeros((len(chunk.people.ids), len(months)), dtype="int64")
    amount = np.rint(chunk.amounts["amount"].to_numpy("float64")[kept] * 100).astype("int64")
    np.add.at(ore.reshape(-1), row[kept] * len(months) + month[kept], amount)
    return ore


def _trailing_sums(values: np.ndarray, months: int) -> np.ndarray:
    """Sum of each value and the `months` − 1 before it in the row: (rows, columns − months + 1)."""
    sums = np.cumsum(values, axis=1)
    later = sums[:, months - 1 :].copy()
    later[:, 1:] -= sums[:, :-months]
    return later
