"""The table of spells: written sorted to Parquet, with attributes from other registers, and checked against itself."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis.card_delivery import SpellLink
from analysis.cards import Card
from analysis.csv_rows import ROW
from analysis.files import replacing
from analysis.findings import Finding
from analysis.staging import KNOWN_PERSON, Staging, identifier, literal
from analysis.table_rules import counted, finding

CONTRACT = {"person_id": "INTEGER", "type": "VARCHAR", "from_date": "DATE", "to_date": "DATE"}
# Person, type and first day in one whole number: twice as fast to sort by as three columns.
SORTED = "(s.person_id::BIGINT << 32) | (t.place << 17) | (s.from_date - DATE '1900-01-01')"
ENDLESS = "DATE '9999-12-31'"


def write_spells(staged: Staging, card: Card, types: list[str], path: Path) -> None:
    """spells(person_id, type, from_date, to_date, attributes…), by person, type and dates, to `path` in one step.

    `types` are the names of the staged numbers.
    """
    if staged.columns("spells"):
        names = ", ".join(literal(name) for name in sorted(types)) or literal("")
        staged.connection.execute(f"CREATE TYPE spell_type AS ENUM ({names})")
        staged.connection.execute("CREATE TABLE spell_types (number SMALLINT, place BIGINT, name spell_type)")
        for number, name in enumerate(types):
            row = [number, sorted(types).index(name), name]
            staged.connection.execute("INSERT INTO spell_types VALUES (?, ?, ?)", row)
    with replacing(path) as temporary:
        query = _spells(staged, card, types)
        staged.connection.execute(f"COPY ({query}) TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)")


def _spells(staged: Staging, card: Card, types: list[str]) -> str:
    links = {link.attribute: _link(link, types) for link in ([] if card.registers is None else card.registers.links)}
    if not staged.columns("spells"):
        columns = [f"NULL::{kind} AS {name}" for name, kind in CONTRACT.items()]
        return f"SELECT {', '.join([*columns, *(f'NULL::BOOLEAN AS {name}' for name in links)])} LIMIT 0"
    own = [name for name in staged.columns("spells") if name not in (*CONTRACT, *links, ROW)]
    last = "s.to_date" if "to_date" in staged.columns("spells") else "NULL::DATE AS to_date"
    attributes = [f"s.{identifier(name)}" for name in own]
    attributes += [f"{condition} AS {identifier(name)}" for name, condition in links.items()]
    columns = ["s.person_id", "t.name AS type", "s.from_date", last, *attributes]
    order = ", ".join([SORTED, *(str(place) for place in range(4, len(columns) + 1))])
    joined = "spells AS s JOIN spell_types AS t ON t.number = s.type"
    return f"SELECT {', '.join(columns)} FROM {joined} WHERE s.{KNOWN_PERSON} ORDER BY {order}"


def _link(link: SpellLink, types: list[str]) -> str:
    """SQL for an attribute that is true where another spell is there at the same time, and null for other types."""
    if link.dates == "same":
        together = "b.from_date = s.from_date"
    else:
        together = f"b.from_date <= coalesce(s.to_date, {ENDLESS}) AND coalesce(b.to_date, {ENDLESS}) >= s.from_date"
    by, linked = _numbers(link.by, types), _numbers(link.types, types)
    found = f"EXISTS (FROM spells AS b WHERE b.person_id = s.person_id AND b.type IN {by} AND {together})"
    return f"CASE WHEN s.type IN {linked} THEN {found} END"


def _numbers(wanted: list[str], types: list[str]) -> str:
    """The staged numbers of types; one that no row has where there are none."""
    return "(" + ", ".join(["-1", *(str(types.index(name)) for name in wanted if name in types)]) + ")"


def spell_findings(staged: Staging, card: Card, names: list[str], persons: pd.DataFrame) -> Iterator[Finding]:
    """Spells that cannot be there at the same time, and participation against the groups."""
    if card.registers is None or not staged.columns("spells"):
        return
    for types in card.registers.exclusive:
        count = staged.count(_overlapping(_numbers(types, names), "to_date" in staged.columns("spells")))
        if count:
            yield _of_persons("overlapping_spells", count, types=", ".join(types))
    if card.registers.participation:
        yield from _participation_findings(staged, card, names, persons)


def _participation_findings(staged: Staging, card: Card, names: list[str], persons: pd.DataFrame) -> Iterator[Finding]:
    """Participants without the intervention, or with it after the outcome; and others who had it."""
    query = (
        f"SELECT person_id, min(year(from_date) * 12 + month(from_date) - 1) AS first FROM spells"
        f" WHERE {KNOWN_PERSON} AND type IN {_numbers(card.registers.participation, names)} GROUP BY person_id"
    )
    began = persons["person_id"].map(staged.frame(query).set_index("person_id")["first"])
    start = persons["time_zero"].astype("float64")
    treated = persons["treated"]
    others = persons["arm"].isin([arm.id for arm in card.arms if arm.role == "comparison"])
    broken = {
        "no_participation": treated & began.isna(),
        "late_participation": treated & (began > start + (card.horizons[0] if card.horizons else 0)),
        "treated_comparison": others & (began <= start),
        "later_treated_comparison": others & began.notna() & ~(began <= start),
    }
    for rule, rows in broken.items():
        if rows.any():
            yield _of_persons(rule, int(rows.sum()))


def _of_persons(rule: str, count: int, **words: str) -> Finding:
    return finding(rule, "spells", count=count, counted=counted(count, "person", "personer"), **words)


def _overlapping(types: str, closed: bool) -> str:
    """Persons with two spells at once. If any two overlap, so do two that follow one another by first day."""
    last = f"coalesce(to_date, {ENDLESS})" if closed else ENDLESS
    before = f"lag({last}) OVER (PARTITION BY person_id ORDER BY from_date, {last})"
    rows = f"SELECT person_id, from_date <= {before} AS is_double FROM spells WHERE {KNOWN_PERSON} AND type IN {types}"
    return f"SELECT count(DISTINCT person_id) FROM ({rows}) WHERE is_double"
