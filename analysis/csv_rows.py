"""Rows of a CSV file as text, each with its number in the file, and what is wrong with the file, told by row.

Rows are counted as a spreadsheet counts them: the header is row 1, empty rows count, a line break inside quotes does
not. No message holds anything from the file, the column names included: without a header they may be a person.
"""

import csv
import gzip
import io
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from analysis.cards import File
from analysis.csv_look import first_look
from analysis.problems import Problem

ROW = "__row"
GZIP_MARK = b"\x1f\x8b"
# pyarrow reads some blocks ahead: small ones keep its memory small, and together they make tables of a good size.
BLOCK_BYTES, BLOCKS_IN_TABLE = 1 << 20, 8


@dataclass(frozen=True)
class Scan:
    """What a first look at a file found: names of the columns, rows with the header, and why it cannot be read."""

    names: list[str]
    rows: int
    problems: list[Problem]


def scan(path: Path, file: File, label: str) -> Scan:
    """Look through the whole file for what makes it unfit: no rows, names used twice, wrong encoding, open quotes."""
    if path.stat().st_size == 0:
        return Scan([], 0, [Problem(label, "filen er tom.")])
    if file.compression == "none" and _has_gzip_mark(path):
        return Scan([], 0, [Problem(label, "filen er pakket med gzip.", "Skriv compression: gzip i kortet.")])
    try:
        with byte_stream(path, file) as stream:
            look = first_look(stream, delimiter=file.delimiter, encoding=file.encoding)
    except (EOFError, OSError, zlib.error):
        if file.compression == "none":
            raise
        what = "filen kan ikke pakkes ut som gzip."
        return Scan([], 0, [Problem(label, what, "Er compression riktig i kortet, og er hele filen kommet fram?")])
    if look.has_null:
        where = f"{label}, linje {_line_with_null(path, file)}"
        what = "linjen har tegnet null, slik filer i UTF-16 har."
        return Scan([], 0, [Problem(where, what, "Lagre filen på nytt som UTF-8.")])
    return _scan_of_rows(path, file, label, look.rows)


def _scan_of_rows(path: Path, file: File, label: str, counted: int | None) -> Scan:
    """What the rows tell. Only their first is read where they are `counted` already."""
    try:
        names, rows = _names_and_rows(path, file) if counted is None else (_names(path, file), counted)
    except UnicodeDecodeError:
        what = f"linjen har tegn som ikke kan leses med encoding {file.encoding}."
        where = f"{label}, linje {_undecodable_line(path, file)}"
        return Scan([], 0, [Problem(where, what, "Rett encoding i kortet, eller lagre filen på nytt.")])
    except _BadlyQuoted as bad:
        what = "et anførselstegn står feil eller lukkes ikke."
        return Scan([], 0, [Problem(f"{label}, rad {bad.row}", what, "Et anførselstegn inne i en verdi skal dobles.")])
    if rows == 0:
        return Scan([], 0, [Problem(label, "filen er tom.")])
    problems = name_problems(names, f"{label}, rad 1")
    if not problems and rows == 1:
        problems = [Problem(label, "filen har ingen rader under kolonnenavnene.")]
    return Scan(names, rows, problems)


def _has_gzip_mark(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == GZIP_MARK


def byte_stream(path: Path, file: File) -> BinaryIO:
    """The bytes of the file, unpacked when the card says that it is packed."""
    return gzip.open(path) if file.compression == "gzip" else path.open("rb")


class _BadlyQuoted(Exception):
    def __init__(self, row: int):
        self.row = row
        super().__init__(row)


def _rows_of_cells(path: Path, file: File) -> Iterator[list[str]]:
    """Every row, read strictly: read leniently, a quote that is not closed would hide the rest of the file inside one
    value."""
    row = 0
    with byte_stream(path, file) as raw, io.TextIOWrapper(raw, encoding=_encoding(file), newline="") as stream:
        try:
            for cells in csv.reader(stream, delimiter=file.delimiter, strict=True):
                row += 1
                yield cells
        except csv.Error:
            raise _BadlyQuoted(row + 1) from None


def _names_and_rows(path: Path, file: File) -> tuple[list[str], int]:
    """Names in the first row, and the number of rows with it."""
    rows = _rows_of_cells(path, file)
    header = next(rows, None)
    return ([], 0) if header is None else (_column_names(header), 1 + sum(1 for _ in rows))


def _names(path: Path, file: File) -> list[str]:
    with closing(_rows_of_cells(path, file)) as rows:
        return _column_names(next(rows, []))


def _column_names(header: list[str]) -> list[str]:
    """A column without a name is called after its place."""
    return [name.strip() or f"__column{place}" for place, name in enumerate(header, start=1)]


def _encoding(file: File) -> str:
    """A byte order mark is no part of the first column's name."""
    return "utf-8-sig" if file.encoding == "utf-8" else file.encoding


def _line_with_null(path: Path, file: File) -> int | None:
    """The first line with a null character. SQL text ends there, and pyarrow loses rows."""
    with byte_stream(path, file) as stream:
        return next((number for number, line in enumerate(stream, start=1) if b"\0" in line), None)


def _undecodable_line(path: Path, file: File) -> int | None:
    """The first line, counted by line breaks, that the encoding cannot read."""
    with byte_stream(path, file) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode(_encoding(file))
            except UnicodeDecodeError:
                return number
    return None


def name_problems(names: list[str], where: str) -> list[Problem]:
    """No columns, or columns that share a name."""
    if not names:
        return [Problem(where, "raden er tom.", "Første rad skal ha kolonnenavn.")]
    # DuckDB does not tell capitals from small letters in column names.
    places: dict[str, list[str]] = {ROW: ["(navnet er opptatt)"]}
    for place, name in enumerate(names, start=1):
        places.setdefault(name.lower(), []).append(str(place))
    return [
        Problem(where, f"flere kolonner har samme navn: kolonne {' og '.join(same)}.", "Gi dem hvert sitt.")
        for same in places.values()
        if len(same) > 1
    ]


def row_batches(path: Path, file: File, names: list[str], rejected: list[int]) -> Iterator[pa.Table]:
    """Tables of text with the row number in `ROW`. Rows with too few or too many values go to `rejected`, by number.

    An empty row comes as a row of empty texts. Where a block ends between a carriage return and its line feed, pyarrow
    passes the line feed over, also inside quotes.
    """

    def reject(row: arrow_csv.InvalidRow) -> str:
        rejected.append(row.number)
        return "skip"

    packing = "gzip" if file.compression == "gzip" else None  # said, or pyarrow would go by the file's name
    reader = arrow_csv.open_csv(
        pa.input_stream(str(path), compression=packing),
        read_options=arrow_csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK_BYTES,
            encoding="utf8" if file.encoding.startswith("utf-8") else file.encoding,
            column_names=names,
            skip_rows_after_names=1,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=file.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=reject,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            null_values=[],
            check_utf8=False,  # the scan has decoded every byte
        ),
    )
    next_row = 2
    with closing(reader):
        while batches := list(islice(reader, BLOCKS_IN_TABLE)):
            rows = pa.Table.from_batches(batches)
            numbers = _row_numbers(next_row, len(rows), rejected)
            next_row = int(numbers[-1]) + 1 if len(numbers) else next_row
            yield rows.append_column(ROW, pa.array(numbers))


def _row_numbers(first: int, count: int, rejected: list[int]) -> np.ndarray:
    """The next `count` row numbers from `first` that no rejected row has; `rejected` is in order."""
    passed_over = rejected[bisect_left(rejected, first) :]
    candidates = np.arange(first, first + count + len(passed_over))
    return candidates[~np.isin(candidates, passed_over)][:count] if passed_over else candidates
