"""The tables of outcomes, amounts and counts of groups, from staged rows."""

from collections.abc import Iterator

import pandas as pd

from analysis.cards import Card
from analysis.csv_rows import ROW
from analysis.delivery import file_label
from analysis.findings import Finding
from analysis.months import month_number
from analysis.offices import is_protected
from analysis.readers.contract import SHOWN_ROWS
from analysis.staging import FILE, KNOWN_PERSON, Staging, identifier, literal
from analysis.table_rules import counted, finding
from analysis.targets import OUTCOME

OUTCOMES = {"person_id": "int32", "month": "int16", "outcome": "str", "value": "float64"}
AMOUNTS = {"person_id": "int32", "month": "int16", "amount": "float64"}
AGGREGATES = {
    "unit_id": "str",
    "unit_type": "str",
    "month": "int16",
    "group": "str",
    "outcome": "str",
    "numerator": "int64",
    "denominator": "int64",
}
# Who came since the month before, and who left: columns of those deliveries alone that tell of it.
FLOWS = dict.fromkeys(("entries", "entries_numerator", "exits", "exits_numerator"), "Int64")
KEY = ("unit_id", "month", "group", "outcome")
OFFICE = "office"


def empty(columns: dict[str, str]) -> pd.DataFrame:
    """A table without rows."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def outcomes_table(staged: Staging) -> pd.DataFrame:
    """outcomes(person_id int32, month int16, outcome, value float64); missing values are left out."""
    parts = []
    for table, person, people in (
        ("persons", "p.person_id", "JOIN people AS p ON p.id = s.person_id"),
        ("outcomes", "s.person_id", ""),
    ):
        for name in staged.columns(table):
            if OUTCOME in name:
                outcome, month = name.split(OUTCOME)
                parts.append(
                    f"SELECT {person}, {month_number(month)}::SMALLINT AS month, {literal(outcome)} AS outcome,"
                    f" s.{identifier(name)} AS value FROM {table} AS s {people}"
                    f" WHERE {person[0]}.{KNOWN_PERSON} AND value IS NOT NULL"
                )
    if not parts:
        return empty(OUTCOMES)
    frame = staged.frame(" UNION ALL ".join(parts)).astype(OUTCOMES)
    return frame.sort_values(["person_id", "outcome", "month"], ignore_index=True)


def outcome_findings(card: Card, staged: Staging, outcomes: pd.DataFrame) -> Iterator[Finding]:
    """Persons who stand twice in one file of outcomes, and outcomes that two files tell of one person."""
    told = False
    if staged.columns("outcomes"):
        twice = f"count(*) OVER (PARTITION BY person_id, {FILE}) > 1"
        rows = staged.frame(f"SELECT {FILE}, {ROW} FROM outcomes QUALIFY {twice} ORDER BY {FILE}, {ROW}")
        for place, of_file in rows.groupby(FILE):
            file, told = card.files[int(place)], True
            shown = of_file[ROW].tolist()[:SHOWN_ROWS]
            column = file.columns["person_id"].column
            yield finding("duplicate_person", file_label(file), column=column, count=len(of_file), rows=shown)
        count = int(outcomes.duplicated(["person_id", "month", "outcome"]).sum())
        if count and not told:
            yield finding("duplicate_outcome", "outcomes", count=count)


def amounts_table(staged: Staging) -> pd.DataFrame:
    """amounts(person_id int32, month int16, amount float64) by person and month."""
    if not staged.columns("amounts"):
        return empty(AMOUNTS)
    query = "SELECT person_id, month, amount FROM amounts WHERE month IS NOT NULL AND amount IS NOT NULL ORDER BY ALL"
    return staged.frame(query).astype(AMOUNTS)


def aggregates_table(staged: Staging) -> pd.DataFrame:
    """aggregates(unit_id, unit_type, month, group, outcome, numerator, denominator, and who came and left), no holes
    in the stocks."""
    if not staged.columns("aggregates"):
        return empty(AGGREGATES)
    rows = _aggregates(staged).dropna(subset=["unit_id", "month", "outcome", "numerator", "denominator"])
    columns = AGGREGATES | {name: kind for name, kind in FLOWS.items() if name in staged.columns("aggregates")}
    rows = rows.astype(columns)[list(columns)]
    return rows.sort_values(["outcome", "unit_id", "group", "month"], ignore_index=True)


def _aggregates(staged: Staging) -> pd.DataFrame:
    rows = staged.frame(f"SELECT * FROM aggregates ORDER BY {FILE}, {ROW}")
    rows = rows.reindex(columns=[FILE, ROW, *AGGREGATES, *FLOWS])
    return rows.assign(unit_type=rows["unit_type"].astype("str").fillna(OFFICE))


def aggregate_findings(card: Card, staged: Staging, offices: pd.DataFrame | None) -> Iterator[Finding]:
    """Counts that are told twice, and units that are in no table of offices."""
    if not staged.columns("aggregates"):
        return
    rows = _aggregates(staged)
    for place, twice in rows[rows.duplicated(list(KEY), keep=False)].groupby(FILE):
        label, shown = file_label(card.files[int(place)]), twice[ROW].tolist()[:SHOWN_ROWS]
        yield finding("duplicate_aggregate", label, count=len(twice), rows=shown)
    if offices is not None:
        units = rows.loc[rows["unit_type"] == OFFICE, "unit_id"].dropna().drop_duplicates()
        count = int((~units.isin(offices["office_id"]) & ~is_protected(units)).sum())
        if count:
            yield finding("unknown_office", "aggregates", count=count, counted=counted(count, "enhet", "enheter"))
