"""Reading the files of a delivery into DuckDB, every value as text with its row number.

All options come from the card. A file that cannot be read as the card says gives problems, never a traceback and
never a value.
"""

import importlib.util
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

from analysis.cards import Card, File
from analysis.files import sha256
from analysis.problems import Problem

ROW = "__row"


def raw_table(file: File) -> str:
    """Name of the DuckDB table that holds the file: all columns as text, and `ROW` as in the file."""
    return f'"raw_{file.name}"'


def file_path(file: File, folder: Path) -> Path:
    """Where the file lies: in the cohort's data folder, or inside an installed package."""
    if file.package is None:
        return folder / file.path
    found = importlib.util.find_spec(file.package)
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
    problems += reader(connection, file, path)
    if not problems:
        problems = _row_count_problems(connection, file) + missing_column_problems(connection, file)
    return problems


def _checksum_problems(file: File, path: Path) -> list[Problem]:
    if file.sha256 is None or sha256(path) == file.sha256:
        return []
    return [Problem(file_label(file), "filen er en annen enn den kortet oppgir (SHA-256).", "Rett filen eller kortet.")]


def _row_count_problems(connection: duckdb.DuckDBPyConnection, file: File) -> list[Problem]:
    found = connection.sql(f"SELECT count(*) FROM {raw_table(file)}").fetchall()[0][0]
    if file.rows is None or found == file.rows:
        return []
    return [
        Problem(
            file_label(file), f"filen har {found} rader, men kortet oppgir {file.rows}.", "Rett filen eller kortet."
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
    """CSV with a header. Ragged rows are told by row number; DuckDB's own message would show their content."""
    label = file_label(file)
    if path.stat().st_size == 0:
        return [Problem(label, "filen er tom.")]
    with tempfile.TemporaryDirectory() as private:
        try:
            source = _as_utf8(file, path, Path(private))
            header = connection.sql(_csv_query(file, source, columns=None)).columns
            connection.execute(f"CREATE TABLE {raw_table(file)} AS {_csv_query(file, source, columns=header)}")
        except (duckdb.Error, UnicodeDecodeError):
            what = f"filen kan ikke leses som CSV med delimiter «{file.delimiter}» og encoding {file.encoding}."
            return [Problem(label, what, "Rett disse i kortet, eller lagre filen på nytt.")]
    return _rejected_row_problems(connection, label)


def _as_utf8(file: File, path: Path, private: Path) -> Path:
    """The file itself, or a copy in UTF-8 in a private folder: DuckDB reads cp1252 only with a download."""
    if file.encoding in ("utf-8", "utf-8-sig"):
        return path
    copy = private / "delivery.csv"
    with (
        path.open(encoding=file.encoding, newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as target,
    ):
        while text := source.read(1 << 20):
            target.write(text)
    return copy


def _csv_query(file: File, path: Path, *, columns: list[str] | None) -> str:
    """A query over the file: its header only, or every row as text with the row number in the file."""
    nulls = ", ".join(_quoted(text) for text in file.missing)
    options = f"delim={_quoted(file.delimiter)}, quote='\"', escape='\"', header=true, nullstr=[{nulls}]"
    if columns is None:
        return f"SELECT * FROM read_csv({_quoted(str(path))}, {options}, all_varchar=true, null_padding=true) LIMIT 0"
    types = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in columns)
    source = f"read_csv({_quoted(str(path))}, {options}, auto_detect=false, columns={{{types}}}, store_rejects=true)"
    return f"SELECT row_number() OVER () + 1 AS {ROW}, * FROM {source}"


def _rejected_row_problems(connection: duckdb.DuckDBPyConnection, label: str) -> list[Problem]:
    rows = [row for (row,) in connection.sql("SELECT DISTINCT line FROM reject_errors ORDER BY line").fetchall()]
    connection.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
    if not rows:
        return []
    where = f"{label}, {row_words(len(rows), rows[:5])}"
    return [Problem(where, "raden har feil antall felter eller et anførselstegn som ikke lukkes.", "")]


def row_words(count: int, first: list[int]) -> str:
    """``rad 3`` or ``rad 3, 7, 9 … (120 rader)``."""
    listed = ", ".join(str(row) for row in first)
    return f"rad {listed}" if count == len(first) else f"rad {listed} … ({count} rader)"


def _load_stata(connection: duckdb.DuckDBPyConnection, file: File, path: Path) -> list[Problem]:
    try:
        frame = pd.read_stata(path, convert_categoricals=False, preserve_dtypes=True)
    except (ValueError, OSError, KeyError):
        return [Problem(file_label(file), "filen kan ikke leses som Stata-fil.", "Er formatet riktig i kortet?")]
    # float32 is widened first: its shortest text would be another number than the one in the file.
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("float32").columns, "float64"))
    connection.register("stata_frame", frame)
    columns = ", ".join(f'"{name}"::VARCHAR AS "{name}"' for name in frame.columns)
    connection.execute(
        f"CREATE TABLE {raw_table(file)} AS SELECT row_number() OVER () AS {ROW}, {columns} FROM stata_frame"
    )
    connection.unregister("stata_frame")
    return []


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def delivery_files(card: Card, folder: str | Path) -> dict[str, Path]:
    """Label and path of every file of the delivery."""
    return {file_label(file): file_path(file, Path(folder)) for file in card.files}


def delivery_digests(card: Card, folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the delivery, by label."""
    return {label: sha256(path) for label, path in delivery_files(card, folder).items()}
