"""Stata files, read by pandas. The codes are the text of a column; `labels: true` puts the value labels in place."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from analysis.cards import File
from analysis.csv_rows import ROW
from analysis.problems import Problem
from analysis.readers.contract import Source, Unreadable, checked_names
from analysis.readers.text import cell_text, column_text

if TYPE_CHECKING:
    import pandas as pd

BATCH_ROWS = 250_000


def open_stata(file: File, path: Path, label: str) -> Source:
    """The rows of a Stata file, numbered from 1."""
    batches = _frames(file, path, label)
    first = next(batches, None)
    if first is None:
        raise Unreadable([Problem(label, "filen har ingen rader.")])
    names = checked_names(list(first.columns), label)
    return Source(names, _tables(file, label, first, batches))


def _tables(file: File, label: str, first: "pd.DataFrame", rest: Iterator["pd.DataFrame"]) -> Iterator[pa.Table]:
    row = 1
    for frame in (first, *rest):
        yield _table(file, label, frame, row)
        row += len(frame)


def _frames(file: File, path: Path, label: str) -> Iterator["pd.DataFrame"]:
    """The file in parts, each with rows."""
    import pandas as pd

    try:
        with pd.read_stata(path, convert_categoricals=file.labels, chunksize=BATCH_ROWS) as reader:
            while (found := _next(reader)) is not None:
                yield found
    # Broken bytes make pandas raise almost anything, from struct.error to MemoryError.
    except Exception as error:
        raise (_labels_twice(label) if "are not unique" in str(error) else _broken(label)) from None


def _next(reader: Iterator["pd.DataFrame"]) -> "pd.DataFrame | None":
    with warnings.catch_warnings():
        # Each part has categories of its own, which is no loss: they become text part by part.
        warnings.simplefilter("ignore")
        return next(reader, None)


def _table(file: File, label: str, frame: "pd.DataFrame", first: int) -> pa.Table:
    try:
        columns = {name: _column(values, file) for name, values in frame.items()}
    except (pa.ArrowException, TypeError, ValueError):  # bytes that were no value of the column's type
        raise _broken(label) from None
    return pa.table(columns | {ROW: pa.array(range(first, first + len(frame)), pa.int64())})


def _column(values: "pd.Series", file: File) -> pa.Array:
    if values.dtype.name != "category":
        return column_text(pa.array(values, from_pandas=True), file)
    # Labels, and the codes that have none as numbers.
    texts = values.cat.rename_categories([cell_text(found, file) for found in values.cat.categories])
    return pa.array(texts.astype(object), pa.string(), from_pandas=True)


def _labels_twice(label: str) -> Unreadable:
    what = "to koder i samme kolonne har samme etikett."
    return Unreadable([Problem(label, what, "Fjern labels, og oversett kodene med values.")])


def _broken(label: str) -> Unreadable:
    mend = "Er formatet riktig i kortet, og er hele filen kommet fram?"
    return Unreadable([Problem(label, "filen kan ikke leses som Stata-fil (.dta).", mend)])
