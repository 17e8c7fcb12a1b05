"""The tables that outcomes from spells are made of, and what may be wrong with them: counted, never shown."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.intervals import Window
from analysis.problems import Problem, stop_if_any
from analysis.spell_rules import Rule, needed_attributes, needed_types, spells_of

HEADING = "Periodene kan ikke brukes:"
CONTRACT = ("person_id", "type", "from_date", "to_date")
PERSONS, SPELLS, AMOUNTS = "personer", "perioder", "inntekter"


def stop_at_problems(
    persons: pd.DataFrame,
    spells: Path | pa.Table,
    rules: Mapping[str, Rule],
    *,
    covers: tuple[str, ...] | None = None,
    window: Window | None = None,
    amounts: pd.DataFrame | None = None,
) -> None:
    """Raise ProblemsFound with everything that is wrong with the tables for these rules."""
    problems = [*spell_problems(spells, rules, covers), *person_problems(persons, rules, window)]
    stop_if_any(HEADING, [*problems, *amount_problems(amounts)])


def spell_problems(
    spells: Path | pa.Table, rules: Mapping[str, Rule], covers: tuple[str, ...] | None = None
) -> list[Problem]:
    """What is wrong with a table, or a Parquet file, of spells."""
    columns = column_problems(pq.read_schema(spells) if isinstance(spells, Path) else spells.schema, rules)
    if columns:
        return columns
    with duckdb.connect(config={"threads": 1}) as connection:
        table = connection.read_parquet(str(spells)) if isinstance(spells, Path) else connection.from_arrow(spells)
        empty = ", ".join(f"count(*) - count({name})" for name in CONTRACT[:3])
        counts = table.aggregate(f"count(*) FILTER (to_date < from_date), {empty}").fetchall()[0]
        types = {kind for (kind,) in table.select("type").distinct().fetchall()}
    problems = [
        Problem(SPELLS, f"{count} rader mangler {name}.")
        for name, count in zip(CONTRACT[:3], counts[1:], strict=True)
        if count
    ]
    if counts[0]:
        problems.append(Problem(SPELLS, f"{counts[0]} perioder slutter før de begynner.", "Rett datoene."))
    return problems + _type_problems(types | set(covers or ()), rules)


def column_problems(schema: pa.Schema, rules: Mapping[str, Rule]) -> list[Problem]:
    """Columns that are missing, and attributes that cannot be compared with what the rules ask of them."""
    missing = sorted({*CONTRACT, *needed_attributes(rules)} - set(schema.names))
    if missing:
        return [Problem(SPELLS, f"mangler kolonnen {name}.", "Pek den ut i kortet.") for name in missing]
    demands = {demand for rule in rules.values() for spells in spells_of(rule) for demand in spells.where}
    wrong = {demand.column for demand in demands if not _comparable(schema.field(demand.column).type, demand.value)}
    mend = "Rett oversettelsen av kolonnen i kortet."
    return [
        Problem(SPELLS, f"kolonnen {name} har ikke den typen som utfallene krever.", mend) for name in sorted(wrong)
    ]


def _comparable(kind: pa.DataType, value: bool | float | str) -> bool:
    if isinstance(value, bool):
        return pa.types.is_boolean(kind)
    if isinstance(value, str):
        inner = kind.value_type if pa.types.is_dictionary(kind) else kind
        return pa.types.is_string(inner) or pa.types.is_large_string(inner)
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def _type_problems(covered: set[str | None], rules: Mapping[str, Rule]) -> list[Problem]:
    """A register that was not delivered would read as if nobody were in it."""
    mend = "Lever registeret, eller oppgi at leveringen dekker typen."
    return [
        Problem(SPELLS, f"ingen perioder er av typen {kind}.", mend) for kind in sorted(needed_types(rules) - covered)
    ]


def person_problems(persons: pd.DataFrame, rules: Mapping[str, Rule], window: Window | None = None) -> list[Problem]:
    """What is wrong with the persons; with `window`, for a panel of these rules over its months."""
    problems = [] if len(persons) else [Problem(PERSONS, "tabellen er tom.")]
    doubled = int(persons["person_id"].duplicated().sum())
    if doubled:
        problems.append(Problem(PERSONS, f"{doubled} rader har en person_id som står i en tidligere rad."))
    if window is not None and any(rule.timing != "point" for rule in rules.values()):
        problems += _time_zero_problems(persons, window)
    return problems


def _time_zero_problems(persons: pd.DataFrame, window: Window) -> list[Problem]:
    """Months before the window would be missing from a count since time zero."""
    if "time_zero" not in persons:
        raise ValueError("rules that count since time zero need persons.time_zero")
    early = int((persons["time_zero"] < window.first - 1).sum())
    what = f"{early} personer har et starttidspunkt som ligger før månedene som skal telles."
    return [Problem(PERSONS, what, "Begynn senest måneden etter det første starttidspunktet.")] if early else []


def amount_problems(amounts: pd.DataFrame | None) -> list[Problem]:
    """What is wrong with the amounts per person and month."""
    empty = 0 if amounts is None else int(amounts[["person_id", "month", "amount"]].isna().any(axis=1).sum())
    return [Problem(AMOUNTS, f"{empty} rader mangler person, måned eller beløp.")] if empty else []
