"""A file of a delivery without one person: the rows of the others as they were, to the byte where the format has any.

CSV rows are cut out of the text between them. Parquet is written anew, since its statistics and dictionaries hold ids.
Other formats cannot be written without changing what the supplier put in them: there it is only seen whether the
person is in them.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.cards import File
from analysis.csv_rows import byte_stream
from analysis.readers import open_file
from analysis.readers.text import column_text

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BROKEN = (csv.Error, UnicodeError, EOFError, OSError, zlib.error, pa.ArrowException, KeyError)


def person_column(file: File) -> str | None:
    """The column that tells whom a row is about; None when the rows are about no person."""
    column = file.columns.get("person_id")
    return None if column is None else column.column


def is_rewritten(file: File) -> bool:
    """Whether a file can be written without a person and stay what it was for all others."""
    return file.format in WRITERS and file.package is None


def write_without(file: File, source: Path, target: Path, person: str) -> tuple[int, int]:
    """Write `source` to `target` without the person's rows; the number of rows before and after, empty ones apart.

    Raises one of `BROKEN` for a file that is not as the card says.
    """
    return WRITERS[file.format](file, source, target, person)


def holds(file: File, path: Path | None, person: str, label: str) -> bool:
    """Whether a row of a file or query is about the person; raises `readers.contract.Unreadable`."""
    name = person_column(file)
    batches = open_file(file, path, label).batches
    return any(pc.any(_is_person(batch[name], person)).as_py() for batch in batches if name in batch.column_names)


def _is_person(texts: pa.ChunkedArray, person: str) -> pa.ChunkedArray:
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), person), False)


class _Lines:
    """Lines of a text, which are remembered until they are taken."""

    def __init__(self, stream: TextIO):
        self._stream, self._read = stream, []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self._read.append(line)
        return line

    def taken(self) -> str:
        """What was read since the last time."""
        text, self._read = "".join(self._read), []
        return text


def _write_csv(file: File, source: Path, target: Path, person: str) -> tuple[int, int]:
    encoding = "utf-8" if file.encoding.startswith("utf-8") else file.encoding
    with byte_stream(source, file) as raw, _packed(target, file) as out:
        if encoding == "utf-8" and not _passed_mark(raw, out):
            raw.seek(0)
        lines = _Lines(io.TextIOWrapper(raw, encoding=encoding, newline=""))
        rows = csv.reader(lines, delimiter=file.delimiter, strict=True)
        names = [name.strip() for name in next(rows, [])]
        place = names.index(person_column(file)) if person_column(file) in names else None
        if place is None:
            raise KeyError("the column of persons")
        out.write(lines.taken().encode(encoding))
        before = after = 0
        for cells in rows:
            text, filled = lines.taken(), any(cells)
            before += filled
            # A row with a cell too many or too few may have the id in another place.
            looked_at = [cells[place]] if len(cells) == len(names) else cells
            if person not in (cell.strip() for cell in looked_at):
                out.write(text.encode(encoding))
                after += filled
    return before, after


def _passed_mark(raw: BinaryIO, out: BinaryIO) -> bool:
    """Whether the file begins with a byte order mark, which is then passed on."""
    found = raw.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK
    out.write(BYTE_ORDER_MARK if found else b"")
    return found


@contextmanager
def _packed(target: Path, file: File) -> Iterator[BinaryIO]:
    """Where the bytes of a CSV file go: packed as the source is, without a name or a time in the header."""
    with target.open("wb") as plain:
        if file.compression == "none":
            yield plain
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) as packed:
            yield packed


def _write_parquet(file: File, source: Path, target: Path, person: str) -> tuple[int, int]:
    found = pq.ParquetFile(source)
    name, before, after = person_column(file), found.metadata.num_rows, 0
    if name not in found.schema_arrow.names:
        raise KeyError("the column of persons")
    with pq.ParquetWriter(target, found.schema_arrow, compression=_compression(found)) as writer:
        for group in range(found.num_row_groups):
            rows = found.read_row_group(group)
            kept = rows.filter(pc.invert(_is_person(column_text(rows.column(name), file), person)))
            after += len(kept)
            if len(kept):
                writer.write_table(_with_used_dictionary(kept, name))
    return before, after


def _compression(found: pq.ParquetFile) -> str:
    """How the file's first column is packed; pyarrow's own choice for a file without rows."""
    metadata = found.metadata
    used = metadata.row_group(0).column(0).compression.lower() if metadata.num_row_groups else "snappy"
    return "none" if used == "uncompressed" else used


def _with_used_dictionary(rows: pa.Table, name: str) -> pa.Table:
    """The rows with a dictionary of persons that holds those who are there, and nobody else."""
    place, field = rows.schema.get_field_index(name), rows.schema.field(name)
    if not pa.types.is_dictionary(field.type):
        return rows
    plain = rows.column(name).cast(field.type.value_type).combine_chunks()
    coded = plain.dictionary_encode()
    indices = coded.indices.cast(field.type.index_type)
    used = pa.DictionaryArray.from_arrays(indices, coded.dictionary, ordered=field.type.ordered)
    return rows.set_column(place, field, used)


WRITERS = {"csv": _write_csv, "parquet": _write_parquet}
