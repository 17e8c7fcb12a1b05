"""Parquet files."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from analysis.cards import File
from analysis.csv_rows import ROW
from analysis.problems import Problem
from analysis.readers.contract import Source, Unreadable, checked_names
from analysis.readers.text import NoText, column_text

BATCH_ROWS = 1 << 17


def open_parquet(file: File, path: Path, label: str) -> Source:
    """The rows of a Parquet file, numbered from 1."""
    from pyarrow.parquet import ParquetFile

    try:
        stored = ParquetFile(path)
        names = list(stored.schema_arrow.names)
    # Broken bytes make Arrow raise its own errors, OSError, MemoryError or UnicodeDecodeError.
    except Exception:
        raise _broken(label) from None
    return Source(checked_names(names, label), _batches(file, stored, names, label))


def _batches(file: File, stored: "pa.parquet.ParquetFile", names: list[str], label: str) -> Iterator[pa.Table]:
    first = 1
    with stored:
        batches = stored.iter_batches(batch_size=BATCH_ROWS, use_threads=False)
        while (batch := _next(batches, label)) is not None:
            yield _table(file, batch, names, label, first)
            first += len(batch)


def _next(batches: Iterator[pa.RecordBatch], label: str) -> pa.RecordBatch | None:
    try:
        batch = next(batches, None)
        if batch is not None:
            batch.validate(full=True)
    except Exception:
        raise _broken(label) from None
    return batch


def _table(file: File, batch: pa.RecordBatch, names: list[str], label: str, first: int) -> pa.Table:
    columns = {}
    for place, name in enumerate(names, start=1):
        try:
            columns[name] = column_text(batch.column(place - 1), file)
        except NoText:
            what = "kolonnen har lister eller annet som ikke er enkeltverdier."
            raise Unreadable([Problem(f"{label}, kolonne {place}", what, "Lever den uten kolonnen.")]) from None
        except pa.ArrowException:
            raise _broken(label) from None
    columns[ROW] = pa.array(range(first, first + len(batch)), pa.int64())
    return pa.table(columns)


def _broken(label: str) -> Unreadable:
    mend = "Er formatet riktig i kortet, og er hele filen kommet fram?"
    return Unreadable([Problem(label, "filen kan ikke leses som Parquet-fil.", mend)])
