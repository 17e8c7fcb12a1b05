"""CSV with a header, read as the card says."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from analysis.cards import File
from analysis.csv_rows import Scan, row_batches, scan
from analysis.problems import Problem
from analysis.readers.contract import SHOWN_ROWS, Source, Unreadable, columns_wanted, row_words


def open_csv(file: File, path: Path, label: str) -> Source:
    """The rows of a CSV file. Rows of another length than the first are told after the others are read."""
    found = scan(path, file, label)
    if found.problems:
        raise Unreadable(found.problems)
    if len(found.names) == 1 < len(columns_wanted(file)):
        what = f"første rad har bare ett felt når feltene skilles med «{file.delimiter}»."
        raise Unreadable([Problem(f"{label}, rad 1", what, "Er delimiter riktig i kortet?")])
    return Source(found.names, _batches(file, path, label, found))


def _batches(file: File, path: Path, label: str, found: Scan) -> Iterator[pa.Table]:
    rejected: list[int] = []
    read = 1
    try:
        for rows in row_batches(path, file, found.names, rejected):
            yield rows
            read += len(rows)
    except pa.ArrowInvalid:
        read = 0
    if read + len(rejected) != found.rows:  # two readers that disagree on the rows: nobody may get lost in silence
        what = f"filen kan ikke leses som CSV med delimiter «{file.delimiter}» og encoding {file.encoding}."
        raise Unreadable([Problem(label, what, "Rett disse i kortet, eller lagre filen på nytt.")], rows_stand=True)
    if rejected:
        where = f"{label}, {row_words(len(rejected), rejected[:SHOWN_ROWS])}"
        what = "raden har flere eller færre felter enn første rad."
        raise Unreadable([Problem(where, what)], rows_stand=True)
