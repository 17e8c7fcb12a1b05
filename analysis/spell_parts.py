"""The typed spells of a delivery in files by person: all spells of a person are in one part, and a part fits in
memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.csv_rows import ROW

PERSONS_IN_PART, MOST_PARTS = 10_000, 64
CONTRACT = pa.schema(
    [("person_id", pa.int32()), ("type", pa.int16()), ("from_date", pa.date32()), ("to_date", pa.date32())]
)


class SpellParts:
    """Rows with persons and types by number: the columns of `CONTRACT`, then the attributes of all files.

    `persons` is how many there are: they are numbered from 0, and each part has the next ones.
    """

    def __init__(self, folder: Path, schemas: Iterable[pa.Schema], persons: int):
        attributes = {field.name: field for schema in schemas for field in schema}
        self.attributes = [name for name in attributes if name not in (ROW, *CONTRACT.names)]
        self.schema = pa.schema([*CONTRACT, *(attributes[name] for name in self.attributes)])
        self.persons = persons
        number = min(max(persons // PERSONS_IN_PART, 1), MOST_PARTS)
        self._paths = [folder / f"spells{part}.arrow" for part in range(number)]
        self._writers = [pa.ipc.new_file(path, self.schema) for path in self._paths]

    def append(self, rows: pa.RecordBatch) -> None:
        """Add rows of known persons; columns that their file has not are null."""
        parts = rows["person_id"].to_numpy().astype("int64") * len(self._paths) // max(self.persons, 1)
        order = np.argsort(parts.astype("uint8"), kind="stable")
        places, ends = pa.array(order), np.searchsorted(parts[order], range(len(self._paths) + 1))
        columns = [
            rows[field.name].take(places) if field.name in rows.schema.names else pa.nulls(len(rows), field.type)
            for field in self.schema
        ]
        ordered = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        for writer, first, last in zip(self._writers, ends[:-1], ends[1:], strict=True):
            if last > first:
                writer.write_batch(ordered.slice(first, last - first))

    def parts(self) -> Iterator[pa.Table]:
        """The parts by the numbers of their persons, each in one piece; nothing is appended afterwards."""
        while self._writers:
            self._writers.pop().close()
        for path in self._paths:
            with pa.memory_map(str(path)) as source:
                yield pa.ipc.open_file(source).read_all().combine_chunks()
