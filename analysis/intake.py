"""From a delivery to checked tables: persons and outcomes, or every problem at once.

Rules are data: what must hold, as SQL over the raw text, with the words a researcher meets. They run before any
conversion, so that one round is enough to mend a delivery.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from analysis.cards import Card, Column, File
from analysis.csv_rows import ROW
from analysis.delivery import columns_found, file_label, is_loaded, load_file, raw_table
from analysis.months import month_number
from analysis.nationalid import IdentityCounts, share_valid
from analysis.problems import Problem, stop_if_any
from analysis.readers.contract import SHOWN_ROWS, row_words

MONTH_WORDS = {
    "iso": "skal være en måned (ÅÅÅÅ-MM) eller en dato (ÅÅÅÅ-MM-DD).",
    "dd.mm.yyyy": "skal være en dato (dd.mm.åååå).",
}
YEARS = "År før 1900 og etter 2099 er ikke lov."
TEXT_COLUMNS = ("person_id", "office_id", "arm")
MONTH_COLUMNS = ("time_zero", "adoption_month")
REQUIRED = ("person_id", "arm")
# Random eleven-digit numbers pass a test of all kinds in about 1 % and of ordinary and D-numbers in 0.25 %. With five
# passing ones, or half of a few, chance is no explanation: it would refuse fewer than 1 in 100 columns of pseudonyms.
FEWEST_PASSING, ANY_KIND_LIMIT, ORDINARY_LIMIT = 5, 0.05, 0.01


@dataclass(frozen=True)
class Delivery:
    """The checked tables. `persons` has a row per person, `outcomes` a row per person, month and outcome."""

    persons: pd.DataFrame
    outcomes: pd.DataFrame


@dataclass(frozen=True)
class Rule:
    """A condition that no row may meet, as SQL over the raw table, and what to tell where one does.

    `column` is the one that is told of; `also` names other source columns that the condition reads.
    """

    column: str
    broken: str
    what: str
    mend: str
    also: tuple[str, ...] = ()


def read_delivery(card: Card, folder: Path) -> Delivery:
    """Read, check and convert the delivery of `card` from `folder`; raises ProblemsFound with all problems."""
    with duckdb.connect(config={"threads": 1, "preserve_insertion_order": True}) as connection:
        problems: list[Problem] = []
        readable: list[File] = []
        for file in card.files:
            found = load_file(connection, file, folder)
            problems += found
            if is_loaded(connection, file):
                readable.append(file)
                problems += row_problems(connection, card, file)
        problems += table_problems(connection, card, readable)
        stop_if_any(f"Leveransen har feil ({len(problems)}). Ingen verdier vises; slå opp radene i filen.", problems)
        return _delivery(_persons(connection, card), _outcomes(connection, card))


def _delivery(persons: pd.DataFrame, outcomes: pd.DataFrame) -> Delivery:
    """Both tables with dense ids in place of the delivery's own, sorted by them."""
    ids = dense_ids(persons["person_id"])
    persons = persons.assign(person_id=persons["person_id"].map(ids).astype("int32"))
    outcomes = outcomes.assign(person_id=outcomes["person_id"].map(ids).astype("int32"))
    return Delivery(
        persons.sort_values("person_id", ignore_index=True),
        outcomes.sort_values(["person_id", "outcome", "month"], ignore_index=True),
    )


def row_problems(connection: duckdb.DuckDBPyConnection, card: Card, file: File) -> Iterator[Problem]:
    """Problems that stand in single rows of one file."""
    present = set(columns_found(connection, file))
    for rule in file_rules(card, file):
        if present.issuperset((rule.column, *rule.also)):
            query = (
                f"SELECT {ROW} FROM {raw_table(file)} WHERE {_kept(file, present)} AND ({rule.broken}) ORDER BY {ROW}"
            )
            rows = [row for (row,) in connection.sql(query).fetchall()]
            if rows:
                where = f"{file_label(file)}, {row_words(len(rows), rows[:SHOWN_ROWS])}, kolonne «{rule.column}»"
                yield Problem(where, rule.what, rule.mend)
    yield from _national_id_problems(connection, file, present)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[int]:
    return [row for (row,) in connection.sql(query).fetchall()]


def file_rules(card: Card, file: File) -> Iterator[Rule]:
    """The rules that the card implies for one file."""
    for target, column in file.columns.items():
        if column.column is not None:
            yield from _column_rules(card, file, target, column)
    for outcome in file.outcomes:
        yield _number_rule(file, outcome.column)
    time_zero, arm = file.columns.get("time_zero"), file.columns.get("arm")
    if time_zero and time_zero.column and arm and card.time_zero.month is None:
        treated = f"{_arm(arm)} = '{card.arm('treated').id}'"
        yield Rule(
            time_zero.column,
            f"{_name(time_zero.column)} IS NULL AND {treated}",
            "en deltaker mangler starttidspunkt.",
            "Alle i tiltaksgruppen skal ha en måned for start.",
            (arm.column,) if arm.column else (),
        )


def _column_rules(card: Card, file: File, target: str, column: Column) -> Iterator[Rule]:
    source = column.column
    if target in REQUIRED:
        yield Rule(source, f"{_filled(source)} IS NULL", "verdien mangler.", "Kolonnen skal være fylt ut i alle rader.")
    if target == "arm":
        allowed = ", ".join(f"'{arm.id}'" for arm in card.arms)
        broken = f"{_filled(source)} IS NOT NULL AND ({_arm(column)} IS NULL OR {_arm(column)} NOT IN ({allowed}))"
        yield Rule(source, broken, "verdien er ikke en av gruppene i kortet.", "Oversett den under columns.arm.values.")
    elif target in MONTH_COLUMNS:
        broken = f"{_name(source)} IS NOT NULL AND {_month(file, source)} IS NULL"
        yield Rule(source, broken, MONTH_WORDS[file.dates], YEARS)
    elif target not in TEXT_COLUMNS:
        yield _number_rule(file, source)
        yield Rule(source, f"{_name(source)} IS NULL", "verdien mangler.", "Bakgrunnskjennetegn skal være fylt ut.")


def _number_rule(file: File, source: str) -> Rule:
    broken = f"{_name(source)} IS NOT NULL AND {_number(file, source)} IS NULL"
    return Rule(source, broken, "skal være et tall.", f"Kortet sier at desimaltegnet er «{file.decimal}».")


def _national_id_problems(connection: duckdb.DuckDBPyConnection, file: File, present: set[str]) -> Iterator[Problem]:
    for name in sorted(present):
        # Eleven digits, a separator, and the tail of a number that was once read as a decimal number.
        query = f"SELECT {_name(name)} FROM {raw_table(file)} WHERE length(trim({_name(name)})) BETWEEN 11 AND 16"
        if _are_national_ids(share_valid(connection.sql(query).df().iloc[:, 0])):
            where = f"{file_label(file)}, kolonne «{name}»"
            yield Problem(where, "kolonnen ser ut til å inneholde fødselsnumre.", "Lever pseudonymer i stedet.")


def _are_national_ids(found: IdentityCounts) -> bool:
    """Whether more of the numbers with eleven digits pass than chance would let pass."""
    number = found.eleven_digits
    many = found.any_kind > ANY_KIND_LIMIT * number and found.any_kind >= FEWEST_PASSING
    ordinary = found.ordinary > ORDINARY_LIMIT * number and found.ordinary >= FEWEST_PASSING
    return many or ordinary or 2 <= number <= 2 * found.any_kind


def table_problems(connection: duckdb.DuckDBPyConnection, card: Card, files: list[File]) -> Iterator[Problem]:
    """Problems that show only across rows or files: ids used twice, and groups without persons."""
    usable = [file for file in files if _has_sources(connection, file, REQUIRED)]
    if not usable:
        return
    queries = [
        f"SELECT {_text(file, 'person_id')} AS id, {_arm(file.columns['arm'])} AS arm, {place} AS file, {ROW}"
        f" FROM {raw_table(file)} WHERE {_kept(file, set(columns_found(connection, file)))}"
        for place, file in enumerate(usable)
    ]
    connection.execute(f"CREATE TEMP VIEW everyone AS {' UNION ALL '.join(queries)}")
    for place, file in enumerate(usable):
        twice = "id IN (SELECT id FROM everyone GROUP BY id HAVING count(*) > 1)"
        rows = _rows(connection, f"SELECT {ROW} FROM everyone WHERE file = {place} AND {twice} ORDER BY {ROW}")
        if rows:
            where = f"{file_label(file)}, {row_words(len(rows), rows[:SHOWN_ROWS])}, person_id"
            yield Problem(where, "samme person-id står i flere rader.", "Hver person skal ha én rad.")
    if len(usable) == len(card.files):
        yield from _empty_arm_problems(connection, card)


def _empty_arm_problems(connection: duckdb.DuckDBPyConnection, card: Card) -> Iterator[Problem]:
    present = {arm for (arm,) in connection.sql("SELECT DISTINCT arm FROM everyone").fetchall()}
    what = "ingen personer i leveransen hører til denne gruppen."
    for arm in card.arms:
        if arm.id not in present:
            yield Problem(f"gruppen {arm.id}", what, "Se columns.arm i kortet.")


def _has_sources(connection: duckdb.DuckDBPyConnection, file: File, targets: tuple[str, ...]) -> bool:
    present = set(columns_found(connection, file))
    columns = [file.columns.get(target) for target in targets]
    return all(column is not None and (column.column is None or column.column in present) for column in columns)


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _filled(column: str) -> str:
    """SQL for a text without blanks around it; NULL when nothing else is there."""
    return f"nullif(trim({_name(column)}), '')"


def _kept(file: File, present: set[str]) -> str:
    """SQL for the rows that the card keeps."""
    parts = [
        f"{_name(column)} IN ({', '.join(_literal(value) for value in values)})"
        for column, values in file.keep.items()
        if column in present
    ]
    return " AND ".join(parts) or "true"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(file: File, target: str) -> str:
    """SQL for a text column of the contract; NULL when the card does not map it."""
    column = file.columns.get(target)
    if column is None:
        return "NULL::VARCHAR"
    if column.constant is not None:
        return _literal(column.constant)
    if column.row_number is not None:
        return f"{_literal(column.row_number + '-')} || {ROW}"
    return _filled(column.column)


def _arm(column: Column) -> str:
    if column.constant is not None:
        return _literal(column.constant)
    source = f"trim({_name(column.column)})"
    if column.values is None:
        return source
    cases = " ".join(f"WHEN {_literal(value)} THEN {_literal(arm)}" for value, arm in column.values.items())
    return f"CASE {source} {cases} END"


def _number(file: File, source: str) -> str:
    text = f"trim({_name(source)})"
    plain = rf"regexp_full_match({text}, '[-+]?[0-9]+([{file.decimal}][0-9]+)?([eE][-+]?[0-9]+)?')"
    value = f"TRY_CAST(replace({text}, '{file.decimal}', '.') AS DOUBLE)"
    return f"CASE WHEN {plain} AND isfinite({value}) THEN {value} END"


def _month(file: File, source: str) -> str:
    """SQL for the month number of a month or an existing date; NULL for years such as 9999 that stand for «never»."""
    text = f"trim({_name(source)})"
    if file.dates == "dd.mm.yyyy":  # a text of another shape is left as it is, and so is no month
        turned = rf"regexp_replace({text}, '^(\d\d)\.(\d\d)\.(\d\d\d\d)$', '\3-\2-\1')"
        text = f"nullif({turned}, {text})"
    plain = f"regexp_full_match({text}, '(19|20)[0-9]{{2}}-(0[1-9]|1[0-2])(-[0-3][0-9])?')"
    exists = f"(length({text}) = 7 OR TRY_CAST({text} AS DATE) IS NOT NULL)"
    return f"CASE WHEN {plain} AND {exists} THEN {text}[1:4]::INT * 12 + {text}[6:7]::INT - 1 END"


def _persons(connection: duckdb.DuckDBPyConnection, card: Card) -> pd.DataFrame:
    """persons(person_id of the delivery, office_id, arm, time_zero, adoption_month, covariates…, treated)."""
    frame = pd.concat([_persons_of(connection, card, file) for file in card.files], ignore_index=True)
    return frame.assign(treated=frame["arm"] == card.arm("treated").id)


def _persons_of(connection: duckdb.DuckDBPyConnection, card: Card, file: File) -> pd.DataFrame:
    fixed = "NULL" if card.time_zero.month is None else str(month_number(card.time_zero.month))
    months = {name: _month_column(file, name) for name in MONTH_COLUMNS}
    covariates = [c.name for c in card.covariates if c.outcome is None]
    parts = [
        f"{_text(file, 'person_id')} AS person_id",
        f"{_text(file, 'office_id')} AS office_id",
        f"{_arm(file.columns['arm'])} AS arm",
        f"coalesce({months['time_zero']}, {fixed})::SMALLINT AS time_zero",
        f"{months['adoption_month']}::SMALLINT AS adoption_month",
        *(f"{_number(file, file.columns[name].column)} AS {_name(name)}" for name in covariates),
    ]
    kept = _kept(file, set(columns_found(connection, file)))
    frame = connection.sql(f"SELECT {', '.join(parts)} FROM {raw_table(file)} WHERE {kept}").df()
    return frame.astype({"office_id": "str", "arm": "str", "time_zero": "Int16", "adoption_month": "Int16"})


def _month_column(file: File, target: str) -> str:
    column = file.columns.get(target)
    if column is None:
        return "NULL"
    return str(month_number(column.constant)) if column.constant else _month(file, column.column)


def dense_ids(texts: pd.Series) -> pd.Series:
    """Ids 0…n−1 by text id, in an order that says nothing: by hash, so that the order of the file has no part."""
    order = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())
    return pd.Series(range(len(order)), index=order)


def _outcomes(connection: duckdb.DuckDBPyConnection, card: Card) -> pd.DataFrame:
    """outcomes(person_id of the delivery, month int16, outcome, value float64); missing values are left out."""
    parts = [
        f"SELECT {_text(file, 'person_id')} AS person_id, {month_number(outcome.month)}::SMALLINT AS month,"
        f" '{outcome.outcome}' AS outcome, {_number(file, outcome.column)} AS value"
        f" FROM {raw_table(file)} WHERE {_kept(file, set(columns_found(connection, file)))}"
        for file in card.files
        for outcome in file.outcomes
    ]
    if not parts:
        return pd.DataFrame({"person_id": [], "month": [], "outcome": [], "value": []})
    frame = connection.sql(" UNION ALL ".join(parts)).df()
    return frame.astype({"outcome": "str"}).dropna(subset="value")
