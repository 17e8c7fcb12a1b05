"""What persons looked like at time zero, and their outcomes at given horizons, straight from the spells in DuckDB.

No panel is built: each person has a time zero of their own, and every count is one sentence of SQL about the days that
matter. Outcomes are those of analysis/spells.py in the same month, value by value. Spells that overlap are counted
once by taking from each what the earlier ones, ordered by first day, have not reached.
"""

from collections.abc import Mapping
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
    needed_attributes,
    needed_types,
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


@dataclass(frozen=True, kw_only=True)
class BaselineSpec:
    """What is asked of each person around the person's own time zero.

    `horizons`: months from the month of time zero. `known_from`: first day that the register covers; a covariate that
    looks back beyond it is missing, not zero. `known_until`, `covers` and `amounts_from` as in `PanelSpec`.
    """

    covariates: Mapping[str, Covariate] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    horizons: tuple[int, ...] = ()
    known_from: date | None = None
    known_until: date | None = None
    covers: tuple[str, ...] | None = None
    amounts_from: int | None = None

    def read(self) -> dict[str, Rule]:
        """Everything that reads spells, as rules."""
        looking_back = {f"covariate {name}": DaysInMonth(seen.spells) for name, seen in self.covariates.items()}
        return {**looking_back, **self.rules}


@dataclass(frozen=True)
class SpellBaseline:
    """`covariates`: a row per person.  `outcomes`: a row per person and horizon, as the panel has them."""

    covariates: pd.DataFrame
    outcomes: pd.DataFrame


@dataclass(frozen=True)
class Span:
    """Spells between two ends, both inclusive and written as SQL on an entry `e`.

    `counts` any: whether there is one;  days: days covered;  any_day, last_day: months with a covered day, or with
    their last day covered, the ends then being month numbers.
    """

    spells: Spells
    low: str
    high: str
    counts: Counts


@dataclass(frozen=True)
class Entries:
    """A table of the connection with an entry per row, numbered from 0 in `key`; `person` is the person's place."""

    connection: duckdb.DuckDBPyConnection
    name: str
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
            rows = self.connection.execute(_count_query(self.name, span, missing)).fetchnumpy()
            counts = np.zeros(len(self.table), dtype="int64")
            counts[rows["key"]] = rows["n"]
            self.found[(span, missing)] = counts
        return self.found[(span, missing)]


def spell_baseline(
    persons: pd.DataFrame, spells: Path, spec: BaselineSpec, *, amounts: pd.DataFrame | None = None
) -> SpellBaseline:
    """Covariates and outcomes of every person with a time zero, from a Parquet file of spells in any order of rows.

    `persons`: person_id; the day time_zero_date, or the month number time_zero, which then means its first day; and
    known_until, if any, as in `panel_chunks`. `amounts` too as there.

    Covariates: person_id (int32) and a float64 column each, ordered by person_id. Outcomes: person_id, month,
    event_time, observed and a float64 column per rule, ordered by person_id and event_time. Missing where the person
    was not followed, or where the answer rests on an attribute that is missing. Raises ProblemsFound as `panel_chunks`
    does.
    """
    stop_at_problems(persons, spells, spec.read(), covers=spec.covers, amounts=amounts)
    started = _started(persons, spec)
    with duckdb.connect(config=CONFIG) as connection:
        _load_near(connection, spells, started, spec)
        covariates = _covariates(_entered(connection, "at_start", started), spec)
        entries = _entered(connection, "at_horizons", _at_horizons(started, sorted(set(spec.horizons))))
        return SpellBaseline(covariates, _outcomes(entries, spec, amounts))


def _started(persons: pd.DataFrame, spec: BaselineSpec) -> pa.Table:
    """An entry per person with a time zero, ordered by id: its `day` and `month`, and the last day followed."""
    dated = "time_zero_date" in persons
    given = persons[persons["time_zero_date" if dated else "time_zero"].notna()]
    given = given.sort_values("person_id")
    day = day_numbers(given["time_zero_date"]) if dated else first_days(given["time_zero"].to_numpy("int64"))
    people = people_of(given, NEVER if spec.known_until is None else day_number(spec.known_until))
    key = np.arange(len(given), dtype="int32")
    return pa.table(
        {
            "key": key,
            "person": key,
            "person_id": people.ids,
            "followed_until": _dates(people.followed_until),
            "day": _dates(day),
            "month": day.astype("datetime64[D]").astype("datetime64[M]").astype("int16") + np.int16(12 * 1970),
        }
    )


def _at_horizons(started: pa.Table, horizons: list[int]) -> pa.Table:
    """An entry per person and horizon: its month, and the first and last day of it."""
    persons = len(started)
    row = np.repeat(np.arange(persons, dtype="int32"), len(horizons))
    event_time = np.tile(np.array(horizons, dtype="int16"), persons)
    time_zero = started["month"].to_numpy()[row]
    month = time_zero + event_time
    first_day, last_day = first_days(month), first_days(month.astype("int32") + 1) - 1
    return pa.table(
        {
            "key": np.arange(len(row), dtype="int32"),
            "person": row,
            "person_id": started["person_id"].to_numpy()[row],
            "observed": last_day <= started["followed_until"].cast(pa.int32()).to_numpy()[row],
            "event_time": event_time,
            "time_zero": time_zero,
            "month": month,
            "first_day": _dates(first_day),
            "last_day": _dates(last_day),
        }
    )


def _dates(days: np.ndarray) -> pa.Array:
    return pa.array(days.astype("int32")).cast(pa.date32())


def _load_near(connection: duckdb.DuckDBPyConnection, spells: Path, started: pa.Table, spec: BaselineSpec) -> None:
    """Table `near`: the spells that can matter, with the place of the person and the last day clipped.

    The file is read once. The days from `low` to `high` are wide enough for every question, and never beyond the last
    day that the person was followed.
    """
    rules = spec.read()
    back = max([getattr(seen, "months", 0) for seen in spec.covariates.values()] + [-h for h in spec.horizons] + [0])
    month = started["month"].to_numpy().astype("int32")
    ends = first_days(month + max([*spec.horizons, 0]) + 1) - 1
    high = np.minimum(ends, started["followed_until"].cast(pa.int32()).to_numpy())
    people = started.append_column("low", _dates(first_days(month - back))).append_column("high", _dates(high))
    connection.register("people", people.select(["person_id", "person", "low", "high"]))
    connection.read_parquet(str(spells)).create_view("spells")
    attributes = "".join(f", s.{_quoted(name)}" for name in sorted(needed_attributes(rules)))
    types = ", ".join(map(_literal, sorted(needed_types(rules)))) or "NULL"
    connection.execute(
        f"""CREATE TABLE near AS
        SELECT p.person, s.type, s.from_date AS first, least(coalesce(s.to_date, p.high), p.high) AS last{attributes}
        FROM spells AS s JOIN people AS p USING (person_id)
        WHERE s.type IN ({types}) AND s.from_date <= p.high AND (s.to_date >= p.low OR s.to_date IS NULL)"""
    )


def _entered(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Entries:
    connection.register("given", table)
    connection.execute(f"CREATE TABLE {name} AS FROM given")
    return Entries(connection, name, table)


def _covariates(entries: Entries, spec: BaselineSpec) -> pd.DataFrame:
    columns = {"person_id": entries.column("person_id")}
    for name, covariate in spec.covariates.items():
        values = _known(*entries.bounds(_look_back(covariate)))
        columns[name] = np.where(_reached(entries, covariate, spec.known_from), values, np.nan)
    return pd.DataFrame(columns)


def _outcomes(entries: Entries, spec: BaselineSpec, amounts: pd.DataFrame | None) -> pd.DataFrame:
    observed = entries.column("observed")
    columns = {name: entries.column(name) for name in ("person_id", "month", "event_time", "observed")}
    for name, rule in spec.rules.items():
        if isinstance(rule, AmountAboveG):
            values = _amount_above_g(rule, entries, amounts, spec.amounts_from)
        else:
            values = _value(rule, entries)
        columns[name] = np.where(observed, values, np.nan)
    return pd.DataFrame(columns).astype({"event_time": "Int16"})


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


def _reached(entries: Entries, covariate: Covariate, known_from: date | None) -> np.ndarray:
    """Whether the person was followed, and the register covers, every day that the covariate asks about."""
    followed = entries.column("day") <= entries.column("followed_until")
    if known_from is None:
        return followed
    query = f"SELECT {_earliest_day(covariate)} >= ? AS covered FROM {entries.name} AS e ORDER BY key"
    return followed & entries.connection.execute(query, [known_from]).fetchnumpy()["covered"]


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
    rule: AmountAboveG, entries: Entries, amounts: pd.DataFrame | None, amounts_from: int | None
) -> np.ndarray:
    """Whether the amounts of the last months exceed the limit, in twelfths of whole øre; NaN if not all covered."""
    if amounts is None or amounts_from is None:
        raise ValueError("a rule on amounts needs the table of amounts and amounts_from")
    entries.connection.register("amounts", amounts[["person_id", "month", "amount"]])
    rows = entries.connection.execute(
        f"""SELECT key, CAST(sum(CAST(round_even(amount * 100, 0) AS BIGINT)) AS BIGINT) AS ore
        FROM amounts AS a JOIN {entries.name} AS e USING (person_id)
        WHERE a.month BETWEEN e.month - {rule.months - 1} AND e.month GROUP BY key"""
    ).fetchnumpy()
    earned = np.zeros(len(entries.table), dtype="int64")
    earned[rows["key"]] = rows["ore"]
    month = entries.column("month").astype("int64")
    covered = entries.column("observed") & (month - rule.months + 1 >= amounts_from)
    above = np.full(len(month), np.nan)
    above[covered] = 12 * earned[covered] > _limits(rule, month[covered])
    return above


def _limits(rule: AmountAboveG, months: np.ndarray) -> np.ndarray:
    """Per entry the limit for twelve times the amounts of the months that end with its month, in øre."""
    distinct, place = np.unique(months, return_inverse=True)
    each = distinct[:, None] - np.arange(rule.months)[None, :]
    yearly = basic_amount_by_month(each.ravel(), rule.basis).reshape(each.shape)
    return (rule.multiple * 100 * yearly.sum(axis=1))[place]


def _count_query(entries: str, span: Span, missing: bool) -> str:
    """SQL of a table (key, n): how much of the span the spells cover. Entries without any are not in it."""
    begin, end = {
        "any_day": (_month("s.first"), _month("s.last")),
        "last_day": (_month("s.first"), f"{_month('(s.last + 1)')} - 1"),
    }.get(span.counts, ("s.first", "s.last"))
    pieces = (
        f"SELECT key, greatest({begin}, {span.low}) AS a, least({end}, {span.high}) AS b"
        f" FROM near AS s JOIN {entries} AS e USING (person)"
        f" WHERE {_chosen(span.spells, missing)} AND {begin} <= {span.high} AND {end} >= {span.low}"
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
    column = f"s.{_quoted(demand.column)}"
    if not isinstance(demand.value, bool | str):
        column = f"nullif(CAST({column} AS DOUBLE), 'nan'::DOUBLE)"  # NaN is missing; DuckDB holds it for the largest
    return f"coalesce({column} {sign} {_literal(demand.value)}, {_literal(missing)})"


def _month(day: str) -> str:
    return f"(12 * year({day}) + month({day}) - 1)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: bool | float | str) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else repr(value)
