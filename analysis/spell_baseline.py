"""What persons looked like at time zero, and their outcomes at given horizons, straight from the spells in DuckDB.

No panel is built: each person has a time zero of their own, and every count is one sentence of SQL about the days that
matter. Outcomes are those of analysis/spells.py in the same month, value by value. Spells that overlap are counted
once by taking from each what the earlier ones, ordered by first day, have not reached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.basic_amount import basic_amount_by_month
from analysis.intervals import NEVER, day_number, day_numbers, first_days
from analysis.spell_answers import people_of
from analysis.spell_contract import stop_at_problems
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

# One thread, so that a job takes the processor it was given.
CONFIG = {"threads": 1}


@dataclass(frozen=True)
class OnTheDay:
    """Whether the person was in such a spell on the day of time zero: 0 or 1."""

    spells: Spells


@dataclass(frozen=True)
class DaysBefore:
    """Days in such a spell in the `months` months up to the day before time zero; a day in several counts once."""

    spells: Spells
    months: int


@dataclass(frozen=True)
class MonthsBefore:
    """Calendar months with at least one day in such a spell, of the `months` before the month of time zero."""

    spells: Spells
    months: int


Covariate = OnTheDay | DaysBefore | MonthsBefore
Counts = Literal["any", "days", "any_day", "last_day"]


@dataclass(frozen=True)
class Span:
    """Spells between two ends, both inclusive and written as SQL on the row `e` of a person (and horizon).

    `counts` any: whether there is one;  days: days covered;  any_day, last_day: months with a covered day, or with
    their last day covered, the ends then being month numbers.
    """

    spells: Spells
    low: str
    high: str
    counts: Counts


@dataclass(frozen=True)
class Entries:
    """Table `entries` of the connection: a row per person (and horizon), numbered from 0 in `key`, and the spells."""

    connection: duckdb.DuckDBPyConnection
    table: pa.Table
    found: dict[tuple[Span, bool], np.ndarray] = field(default_factory=dict)

    def bounds(self, span: Span) -> tuple[np.ndarray, np.ndarray]:
        """The least and the most that the count can be, per entry; the same when it rests on no attribute."""
        least = self._count(span, False)
        return least, self._count(span, True) if span.spells.where else least

    def column(self, name: str) -> np.ndarray:
        """A column of the table."""
        return self.table[name].to_numpy()

    def _count(self, span: Span, missing: bool) -> np.ndarray:
        if (span, missing) not in self.found:
            rows = self.connection.execute(_count_query(span, missing)).fetchnumpy()
            counts = np.zeros(len(self.table), dtype="int64")
            counts[rows["key"]] = rows["n"]
            self.found[(span, missing)] = counts
        return self.found[(span, missing)]


def covariates_at_time_zero(
    persons: pd.DataFrame,
    spells: Path,
    covariates: Mapping[str, Covariate],
    *,
    known_from: date | None = None,
    covers: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    """A row per person, ordered by person_id: person_id (int32) and a float64 column per covariate.

    `persons`: person_id and the day time_zero_date, or the month number time_zero, which then means its first day.
    `known_from`: first day that the register covers; a covariate that looks back beyond it is missing, not zero.
    `covers` as in `PanelSpec`. Missing, too, where it rests on an attribute that is missing. Raises ProblemsFound as
    `panel_chunks` does.
    """
    rules = {name: DaysInMonth(covariate.spells) for name, covariate in covariates.items()}
    stop_at_problems(persons, spells, rules, covers=covers)
    with duckdb.connect(config=CONFIG) as connection:
        entries = _entered(connection, spells, _at_time_zero(persons))
        columns = {"person_id": entries.column("person_id")}
        for name, covariate in covariates.items():
            values = _known(*entries.bounds(_look_back(covariate)))
            columns[name] = np.where(_reached(entries, covariate, known_from), values, np.nan)
    return pd.DataFrame(columns)


def outcomes_at_horizons(
    persons: pd.DataFrame,
    spells: Path,
    rules: Mapping[str, Rule],
    horizons: Iterable[int],
    *,
    known_until: date | None = None,
    covers: tuple[str, ...] | None = None,
    amounts: pd.DataFrame | None = None,
    amounts_from: int | None = None,
) -> pd.DataFrame:
    """Rows of the panel at the event times in `horizons` only, ordered by person_id and event_time.

    `persons`: person_id, time_zero (month number; persons without one are left out) and, if any, known_until, as in
    `panel_chunks`; so are `known_until`, `covers`, `amounts` and `amounts_from`. Columns as `panel_frame` gives them.
    """
    stop_at_problems(persons, spells, rules, covers=covers, amounts=amounts)
    with duckdb.connect(config=CONFIG) as connection:
        entries = _entered(connection, spells, _at_horizons(persons, sorted(set(horizons)), known_until))
        observed = entries.column("last_day") <= entries.column("followed_until")
        columns = {name: entries.column(name) for name in ("person_id", "month", "event_time")}
        columns["observed"] = observed
        for name, rule in rules.items():
            if isinstance(rule, AmountAboveG):
                values = _amount_above_g(rule, entries, observed, amounts, amounts_from)
            else:
                values = _value(rule, entries)
            columns[name] = np.where(observed, values, np.nan)
    return pd.DataFrame(columns).astype({"event_time": "Int16"})


def _at_time_zero(persons: pd.DataFrame) -> pa.Table:
    """An entry per person: `day` of time zero and its `month`."""
    ordered = persons.sort_values("person_id")
    dated = "time_zero_date" in ordered
    day = day_numbers(ordered["time_zero_date"]) if dated else first_days(ordered["time_zero"].to_numpy("int64"))
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype("int32") + 12 * 1970
    ids = ordered["person_id"].to_numpy("int32")
    return _entry_table(ids, np.full(len(ids), NEVER, "int32"), day=_dates(day), month=months)


def _at_horizons(persons: pd.DataFrame, horizons: list[int], known_until: date | None) -> pa.Table:
    """An entry per person and horizon: its month, and the first and last day of it."""
    people = people_of(persons[persons["time_zero"].notna()], NEVER if known_until is None else day_number(known_until))
    zero = np.repeat(people.time_zero.astype("int16"), len(horizons))
    event = np.tile(np.array(horizons, dtype="int16"), len(people.ids))
    month = zero + event
    return _entry_table(
        np.repeat(people.ids, len(horizons)),
        np.repeat(people.followed_until, len(horizons)),
        time_zero=zero,
        event_time=event,
        month=month,
        first_day=_dates(first_days(month)),
        last_day=_dates(first_days(month.astype("int32") + 1) - 1),
    )


def _entry_table(ids: np.ndarray, followed_until: np.ndarray, **columns: np.ndarray | pa.Array) -> pa.Table:
    key = np.arange(len(ids), dtype="int32")
    return pa.table({"key": key, "person_id": ids, "followed_until": _dates(followed_until), **columns})


def _dates(days: np.ndarray) -> pa.Array:
    return pa.array(days.astype("int32")).cast(pa.date32())


def _entered(connection: duckdb.DuckDBPyConnection, spells: Path, table: pa.Table) -> Entries:
    connection.register("given", table)
    connection.execute("CREATE TABLE entries AS FROM given")
    connection.read_parquet(str(spells)).create_view("spells")
    return Entries(connection, table)


def _look_back(covariate: Covariate) -> Span:
    match covariate:
        case OnTheDay():
            return Span(covariate.spells, "e.day", "e.day", "any")
        case DaysBefore():
            return Span(covariate.spells, _earliest_day(covariate), "e.day - 1", "days")
        case MonthsBefore():
            return Span(covariate.spells, f"e.month - {int(covariate.months)}", "e.month - 1", "any_day")
    raise ValueError(f"no such covariate: {covariate!r}")


def _earliest_day(covariate: Covariate) -> str:
    """SQL of the first day that the covariate asks about."""
    if isinstance(covariate, OnTheDay):
        return "e.day"
    first = "e.day" if isinstance(covariate, DaysBefore) else "date_trunc('month', e.day)"
    return f"CAST({first} - INTERVAL {int(covariate.months)} MONTH AS DATE)"


def _reached(entries: Entries, covariate: Covariate, known_from: date | None) -> np.ndarray | bool:
    """Whether the register covers every day that the covariate asks about."""
    if known_from is None:
        return True
    query = f"SELECT {_earliest_day(covariate)} >= ? AS reached FROM entries AS e ORDER BY key"
    return entries.connection.execute(query, [known_from]).fetchnumpy()["reached"]


def _known(least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """The count or truth value as float64; NaN where the least and the most that it can be differ."""
    values = least.astype("float64")
    return values if least is most else np.where(least == most, values, np.nan)


def _value(rule: Rule, entries: Entries) -> np.ndarray:
    """The outcome of each entry, observed or not."""
    match rule:
        case InState():
            return _in_state(rule, entries)
        case DaysInMonth():
            return _known(*entries.bounds(Span(rule.spells, "e.first_day", "e.last_day", "days")))
        case MonthsSoFar() | EverSoFar():
            span = Span(rule.state.spells, "e.time_zero + 1", "e.month", rule.state.when)
            least, most = entries.bounds(span)
            if isinstance(rule, EverSoFar):
                least, most = least > 0, most > 0
            return np.where(entries.column("event_time") >= 0, _known(least, most), np.nan)
    raise ValueError(f"no such rule: {rule!r}")


def _in_state(rule: InState, entries: Entries) -> np.ndarray:
    """In the state and in none of the others: certainly, possibly, and missing between the two."""
    least, most = (count > 0 for count in entries.bounds(_state_span(rule.state)))
    for state in rule.without:
        other_least, other_most = entries.bounds(_state_span(state))
        least, most = least & (other_most == 0), most & (other_least == 0)
    return _known(least, most)


def _state_span(state: State) -> Span:
    return Span(state.spells, "e.last_day" if state.when == "last_day" else "e.first_day", "e.last_day", "any")


def _amount_above_g(
    rule: AmountAboveG,
    entries: Entries,
    observed: np.ndarray,
    amounts: pd.DataFrame | None,
    amounts_from: int | None,
) -> np.ndarray:
    """Whether the amounts of the last months exceed the limit, in twelfths of whole øre; NaN if not all covered."""
    if amounts is None or amounts_from is None:
        raise ValueError("a rule on amounts needs the table of amounts and amounts_from")
    entries.connection.register("amounts", amounts[["person_id", "month", "amount"]])
    rows = entries.connection.execute(
        f"""SELECT key, CAST(sum(CAST(round_even(amount * 100, 0) AS BIGINT)) AS BIGINT) AS ore
        FROM amounts AS a JOIN entries AS e USING (person_id)
        WHERE a.month BETWEEN e.month - {rule.months - 1} AND e.month GROUP BY key"""
    ).fetchnumpy()
    earned = np.zeros(len(entries.table), dtype="int64")
    earned[rows["key"]] = rows["ore"]
    month = entries.column("month").astype("int64")
    covered = observed & (month - rule.months + 1 >= amounts_from)
    above = np.full(len(month), np.nan)
    above[covered] = 12 * earned[covered] > _limits(rule, month[covered])
    return above


def _limits(rule: AmountAboveG, months: np.ndarray) -> np.ndarray:
    """Per entry the limit for twelve times the amounts of the months that end with its month, in øre."""
    distinct, place = np.unique(months, return_inverse=True)
    each = distinct[:, None] - np.arange(rule.months)[None, :]
    yearly = basic_amount_by_month(each.ravel(), rule.basis).reshape(each.shape)
    return (rule.multiple * 100 * yearly.sum(axis=1))[place]


def _count_query(span: Span, missing: bool) -> str:
    """SQL of a table (key, n): how much of the span the spells cover. Entries without any are not in it."""
    until = "least(coalesce(s.to_date, e.followed_until), e.followed_until)"
    begin, end = {
        "any_day": (_month("s.from_date"), _month(until)),
        "last_day": (_month("s.from_date"), f"{_month(f'({until} + 1)')} - 1"),
    }.get(span.counts, ("s.from_date", until))
    pieces = (
        f"SELECT key, greatest({begin}, {span.low}) AS a, least({end}, {span.high}) AS b"
        f" FROM spells AS s JOIN entries AS e USING (person_id)"
        f" WHERE {_chosen(span.spells, missing)} AND s.from_date <= {until}"
        f" AND {begin} <= {span.high} AND {end} >= {span.low}"
    )
    if span.counts == "any":
        return f"SELECT DISTINCT key, 1 AS n FROM ({pieces})"
    reached = "max(b) OVER (PARTITION BY key ORDER BY a ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    return (
        "SELECT key, CAST(sum(greatest(0, b - greatest(a, coalesce(reached + 1, a)) + 1)) AS BIGINT) AS n"
        f" FROM (SELECT key, a, b, {reached} AS reached FROM ({pieces}) WHERE a <= b) GROUP BY key"
    )


def _chosen(spells: Spells, missing: bool) -> str:
    """SQL of whether a row is such a spell; a missing attribute counts as `missing`."""
    types = ", ".join(map(_literal, spells.types))
    demands = [_demand(demand, missing) for demand in spells.where]
    return " AND ".join([f"s.type IN ({types})", *demands])


def _demand(demand: Condition, missing: bool) -> str:
    sign = {"is": "=", "is_not": "<>", "at_least": ">=", "below": "<"}[demand.test]
    return f"coalesce(s.{_quoted(demand.column)} {sign} {_literal(demand.value)}, {_literal(missing)})"


def _month(day: str) -> str:
    return f"(12 * year({day}) + month({day}) - 1)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: bool | float | str) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else repr(value)
