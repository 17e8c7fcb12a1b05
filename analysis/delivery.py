"""Reading the files of a delivery into DuckDB, every value as text with its row number.

All options come from the card. A file that cannot be read as the card says gives problems, never a traceback and
never a value.
"""

import importlib.util
from pathlib import Path

import duckdb
import pyarrow as pa

from analysis.cards import Card, File
from analysis.csv_rows import ROW
from analysis.files import sha256
from analysis.problems import Problem, stop_if_any
from analysis.readers import open_file
from analysis.readers.contract import Unreadable, columns_wanted
from analysis.readers.postgresql import query_digest


def raw_table(file: File) -> str:
    """Name of the DuckDB table that holds the file: all columns as text, and `ROW` as in the file."""
    return f'"raw_{file.name}"'


def file_path(file: File, folder: Path) -> Path | None:
    """Where the file lies: in the cohort's data folder, or inside an installed package; None for a query."""
    if file.path is None:
        return None
    if file.package is None:
        return folder / file.path
    try:
        found = importlib.util.find_spec(file.package)
    except (ImportError, ValueError):  # a part of a dotted name is not there
        found = None
    if found is None or found.origin is None:
        return folder / file.package / file.path
    return Path(found.origin).parent / file.path


def file_label(file: File) -> str:
    """How messages and provenance name the file or query: never with a path of the machine, or a database's."""
    if file.path is None:
        return f"database/{file.name}"
    return f"{file.package or 'data'}/{file.path}"


def load_file(connection: duckdb.DuckDBPyConnection, file: File, folder: Path) -> list[Problem]:
    """Read one file, or the result of one query, into its raw table; returns what is wrong with it as a whole."""
    path = file_path(file, folder)
    if path is not None and not path.is_file():
        where = f"pakken {file.package}" if file.package else f"kohortens mappe data/ ({file.path})"
        return [Problem(file_label(file), "filen finnes ikke.", f"Den skal ligge i {where}.")]
    problems = _checksum_problems(file, path)
    unreadable = _load_rows(connection, file, path)
    if not unreadable:
        problems += _row_count_problems(connection, file)
    if is_loaded(connection, file):
        problems += missing_column_problems(connection, file)
    return problems + unreadable


def _load_rows(connection: duckdb.DuckDBPyConnection, file: File, path: Path | None) -> list[Problem]:
    """Make the raw table; what is wrong with the file's form. The table is kept when the rows in it are right."""
    if path is not None and path.stat().st_size == 0:
        return [Problem(file_label(file), "filen er tom.")]
    try:
        source = open_file(file, path, file_label(file))
        _create_raw_table(connection, file, source.names)
        for rows in source.batches:
            _append_rows(connection, file, rows)
    except Unreadable as broken:
        if not broken.rows_stand:
            connection.execute(f"DROP TABLE IF EXISTS {raw_table(file)}")
        return broken.problems
    return []


def is_loaded(connection: duckdb.DuckDBPyConnection, file: File) -> bool:
    """Whether the raw table of the file was made."""
    names = {name for (name,) in connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()}
    return raw_table(file).strip('"') in names


def _checksum_problems(file: File, path: Path | None) -> list[Problem]:
    if path is None or file.sha256 is None or sha256(path) == file.sha256:
        return []
    return [Problem(file_label(file), "filen er en annen enn den kortet oppgir (SHA-256).", "Rett filen eller kortet.")]


def _row_count_problems(connection: duckdb.DuckDBPyConnection, file: File) -> list[Problem]:
    found = connection.sql(f"SELECT count(*) FROM {raw_table(file)}").fetchall()[0][0]
    if found == 0:
        return [Problem(file_label(file), "filen har ingen rader." if file.path else "spørringen gir ingen rader.")]
    if file.rows is None or found == file.rows:
        return []
    rows = "rad" if found == 1 else "rader"
    return [
        Problem(
            file_label(file), f"filen har {found} {rows}, men kortet oppgir {file.rows}.", "Rett filen eller kortet."
        )
    ]


def columns_found(connection: duckdb.DuckDBPyConnection, file: File) -> list[str]:
    """Source columns of the loaded file."""
    return [name for name in connection.table(raw_table(file).strip('"')).columns if name != ROW]


def missing_column_problems(connection: duckdb.DuckDBPyConnection, file: File) -> list[Problem]:
    """One problem per column that the card names and the file lacks. The header is not shown: it may be a person."""
    found = columns_found(connection, file)
    return [
        Problem(
            f"{file_label(file)}, kolonne «{name}»", "kolonnen mangler i filen.", "Rett navnet i kortet under columns."
        )
        for name in columns_wanted(file)
        if name not in found
    ]


def _create_raw_table(connection: duckdb.DuckDBPyConnection, file: File, names: list[str]) -> None:
    columns = ", ".join(f"{_identifier(name)} VARCHAR" for name in names)
    connection.execute(f"CREATE TABLE {raw_table(file)} ({ROW} BIGINT, {columns})")


def _append_rows(connection: duckdb.DuckDBPyConnection, file: File, rows: pa.Table) -> None:
    """Add rows to the raw table: what the card calls missing becomes NULL, and empty rows are passed over."""
    names = [_identifier(name) for name in columns_found(connection, file)]
    missing = ", ".join(_quoted(text) for text in file.missing)
    texts = [f"CASE WHEN {name} NOT IN ({missing}) THEN {name} END" if missing else name for name in names]
    something = " OR ".join(f"{name} <> ''" for name in names)
    connection.register("rows", rows)
    connection.execute(f"INSERT INTO {raw_table(file)} SELECT {ROW}, {', '.join(texts)} FROM rows WHERE {something}")
    connection.unregister("rows")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def delivery_files(card: Card, folder: str | Path) -> dict[str, Path]:
    """Label and path of every file of the delivery; a query has none."""
    found = {file_label(file): file_path(file, Path(folder)) for file in card.files}
    return {label: path for label, path in found.items() if path is not None}


def delivery_digests(card: Card, folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the delivery and of the result of every query, by label.

    A query is asked again; raises ProblemsFound if it cannot be.
    """
    digests = {label: sha256(path) for label, path in delivery_files(card, folder).items()}
    problems: list[Problem] = []
    for file in card.files:
        if file.path is None:
            try:
                digests[file_label(file)] = query_digest(file, file_label(file))
            except Unreadable as broken:
                problems += broken.problems
    stop_if_any("Databasen svarte ikke da resultatet skulle få sjekksum.", problems)
    return digests
