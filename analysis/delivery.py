"""Reading the files of a delivery into DuckDB, every value as text with its row number.

All options come from the card. A file that cannot be read as the card says gives problems, never a traceback and
never a value.
"""

import importlib.util
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from analysis.cards import Card, File
from analysis.csv_rows import ROW, name_problems, row_batches, scan
from analysis.files import sha256
from analysis.problems import Problem

SHOWN_ROWS = 5


def raw_table(file: File) -> str:
    """Name of the DuckDB table that holds the file: all columns as text, and `ROW` as in the file."""
    return f'"raw_{file.name}"'


def file_path(file: File, folder: Path) -> Path:
    """Where the file lies: in the cohort's data folder, or inside an installed package."""
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
    """How messages and provenance name the file: never with a path of the machine."""
    return f"{file.package or 'data'}/{file.path}"


def load_file(connection: duckdb.DuckDBPyConnection, file: File, folder: Path) -> list[Problem]:
    """Read one file into its raw table; returns what is wrong with the file as a whole."""
    path = file_path(file, folder)
    if not path.is_file():
        where = f"pakken {file.package}" if file.package else f"kohortens mappe data/ ({file.path})"
        return [Problem(file_label(file), "filen finnes ikke.", f"Den skal ligge i {where}.")]
    problems = _checksum_problems(file, path)
    reader = {"csv": _load_csv, "stata": _load_stata}[file.format]
    unreadable = reader(connection, file, path)
    if not unreadable:
        problems += _row_count_problems(connection, file)
    if is_loaded(connection, file):
        problems += missing_column_problems(connection, file)
    return problems + unreadable


def is_loaded(connection: duckdb.DuckDBPyConnection, file: File) -> bool:
    """Whether the raw table of the file was made."""
    names = {name for (name,) in connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()}
    return raw_table(file).strip('"') in names


def _checksum_problems(file: File, path: Path) -> list[Problem]:
    if file.sha256 is None or sha256(path) == file.sha256:
        return []
    return [Problem(file_label(file), "filen er en annen enn den kortet oppgir (SHA-256).", "Rett filen eller kortet.")]


def _row_count_problems(connection: duckdb.DuckDBPyConnection, file: File) -> list[Problem]:
    found = connection.sql(f"SELECT count(*) FROM {raw_table(file)}").fetchall()[0][0]
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


def columns_wanted(file: File) -> list[str]:
    """Source columns that the card names for the file."""
    named = [column.column for column in file.columns.values() if column.column]
    return list(dict.fromkeys([*named, *(outcome.column for outcome in file.outcomes), *file.keep]))


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


def _load_csv(connection: duckdb.DuckDBPyConnection, file: File, path: Path) -> list[Problem]:
    """CSV with a header, read as the card says and never sniffed."""
    label = file_label(file)
    found = scan(path, file, label)
    if found.problems:
        return found.problems
    names, rejected = found.names, []
    if len(names) == 1 < len(columns_wanted(file)):
        what = f"første rad har bare ett felt når feltene skilles med «{file.delimiter}»."
        return [Problem(f"{label}, rad 1", what, "Er delimiter riktig i kortet?")]
    _create_raw_table(connection, file, names)
    read = 1
    try:
        for rows in row_batches(path, file, names, rejected):
            _append_rows(connection, file, rows)
            read += len(rows)
    except pa.ArrowInvalid:
        read = 0
    if read + len(rejected) != found.rows:  # two readers that disagree on the rows: nobody may get lost in silence
        what = f"filen kan ikke leses som CSV med delimiter «{file.delimiter}» og encoding {file.encoding}."
        return [Problem(label, what, "Rett disse i kortet, eller lagre filen på nytt.")]
    if rejected:
        where = f"{label}, {row_words(len(rejected), rejected[:SHOWN_ROWS])}"
        return [Problem(where, "raden har flere eller færre felter enn første rad.")]
    return []


def _create_raw_table(connection: duckdb.DuckDBPyConnection, file: File, names: list[str]) -> None:
    columns = ", ".join(f"{_identifier(name)} VARCHAR" for name in names)
    connection.execute(f"CREATE TABLE {raw_table(file)} ({ROW} BIGINT, {columns})")


def _append_rows(connection: duckdb.DuckDBPyConnection, file: File, rows: pa.Table | pd.DataFrame) -> None:
    """Add rows to the raw table: what the card calls missing becomes NULL, and empty rows are passed over."""
    names = [_identifier(name) for name in columns_found(connection, file)]
    missing = ", ".join(_quoted(text) for text in file.missing)
    texts = [f"CASE WHEN {name} NOT IN ({missing}) THEN {name} END" if missing else name for name in names]
    something = " OR ".join(f"{name} <> ''" for name in names)
    connection.register("rows", rows)
    connection.execute(f"INSERT INTO {raw_table(file)} SELECT {ROW}, {', '.join(texts)} FROM rows WHERE {something}")
    connection.unregister("rows")


def row_words(count: int, first: list[int]) -> str:
    """``rad 3`` or ``rad 3, 7, 9 … (120 rader)``."""
    listed = ", ".join(str(row) for row in first)
    return f"rad {listed}" if count == len(first) else f"rad {listed} … ({count} rader)"


def _load_stata(connection: duckdb.DuckDBPyConnection, file: File, path: Path) -> list[Problem]:
    try:
        frame = pd.read_stata(path, convert_categoricals=False, preserve_dtypes=True)
    # Broken bytes make pandas raise almost anything, from struct.error to MemoryError.
    except Exception:
        return [Problem(file_label(file), "filen kan ikke leses som Stata-fil.", "Er formatet riktig i kortet?")]
    if problems := name_problems(list(frame.columns), file_label(file)):
        return problems
    _create_raw_table(connection, file, list(frame.columns))
    _append_rows(connection, file, _as_text(frame).assign(**{ROW: range(1, len(frame) + 1)}))
    return []


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Every column as the shortest text that reads back as the same value; missing stays missing."""
    return pd.DataFrame({name: _column_as_text(values) for name, values in frame.items()})


def _column_as_text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.strftime("%Y-%m-%d")
    # float32 is widened first: its shortest text would be another number than the one in the file.
    exact = values.astype("float64") if values.dtype == "float32" else values
    return exact.map(str, na_action="ignore").astype("str")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def delivery_files(card: Card, folder: str | Path) -> dict[str, Path]:
    """Label and path of every file of the delivery."""
    return {file_label(file): file_path(file, Path(folder)) for file in card.files}


def delivery_digests(card: Card, folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the delivery, by label."""
    return {label: sha256(path) for label, path in delivery_files(card, folder).items()}
