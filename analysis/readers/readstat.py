"""SPSS and SAS files, read by ReadStat in a process of its own.

ReadStat is written in C, and some broken files end its process at once: so it must not be ours. The codes are the
text of a column; `labels: true` puts the value labels of SPSS in place. Numbers that the file shows with leading
zeros (SPSS format N4, SAS Z4) keep them.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from analysis.cards import File
from analysis.csv_rows import ROW
from analysis.problems import Problem
from analysis.readers.contract import Source, Unreadable, checked_names
from analysis.readers.text import column_text

if TYPE_CHECKING:
    # Never imported, but named: what the results rest on is what their modules name in imports.
    from analysis.readers import readstat_child  # noqa: F401

CHILD = Path(__file__).with_name("readstat_child.py")
WORDS = {"spss": "SPSS-fil (.sav)", "sas": "SAS-fil (.sas7bdat)", "sas_xport": "SAS-transportfil (.xpt)"}
LEADING_ZEROS = re.compile(r"(?:N|Z)(\d+)\.?")


def open_readstat(file: File, path: Path, label: str) -> Source:
    """The rows of a file of SPSS or SAS, numbered from 1."""
    batches = _typed(file, path, label)
    first = next(batches)
    names = checked_names(first.column_names, label)
    return Source(names, _tables(file, label, first, batches))


def _typed(file: File, path: Path, label: str) -> Iterator[pa.Table]:
    """The file in parts with the types that it has; the first may be without rows."""
    encoding = file.encoding if file.format == "sas_xport" else ""
    command = [sys.executable, str(CHILD), file.format, str(path), encoding]
    # What the child writes to its error stream may hold values.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        try:
            while (part := _next_table(child.stdout)) is not None:
                yield part
            if child.wait() != 0:
                raise _broken(file, label)
        finally:
            child.kill()


def _next_table(stream: Any) -> pa.Table | None:
    """The next of the streams that follow one another; None at the end, or where the child broke off."""
    try:
        with pa.ipc.open_stream(stream) as reader:
            return reader.read_all()
    except (pa.ArrowInvalid, OSError):
        return None


def _tables(file: File, label: str, first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    about = json.loads(first.schema.metadata[b"about"])
    row = 1
    for part in (first, *rest):
        try:
            columns = {name: _column(part.column(name), name, file, about) for name in part.column_names}
        except (pa.ArrowException, TypeError):  # bytes that were no value of the column's type
            raise _broken(file, label) from None
        yield pa.table(columns | {ROW: pa.array(range(row, row + len(part)), pa.int64())})
        row += len(part)


def _column(values: pa.ChunkedArray, name: str, file: File, about: dict[str, Any]) -> pa.ChunkedArray:
    plain = texts = column_text(values, file)
    if shown := LEADING_ZEROS.fullmatch(about["formats"].get(name) or ""):
        padded = pc.utf8_lpad(plain, width=int(shown[1]), padding="0")
        texts = pc.if_else(pc.match_substring_regex(plain, "^[0-9]+$"), padded, plain)
    labels = about["labels"].get(name) if file.labels else None
    if not labels:
        return texts
    codes = column_text(pa.array([code for code, _ in labels]), file)
    places = pc.index_in(plain, value_set=codes)
    return pc.coalesce(pc.take(pa.array([text for _, text in labels], pa.string()), places), texts)


def _broken(file: File, label: str) -> Unreadable:
    what = f"filen kan ikke leses som {WORDS[file.format]}."
    return Unreadable([Problem(label, what, "Er formatet riktig i kortet, og er hele filen kommet fram?")])
