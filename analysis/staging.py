"""The typed rows of a delivery in a private folder, so that no table has to fit in memory: spells in parts by person,
all others in a database.

Persons are text in `persons` and `memberships`, and the numbers of `People` in all others.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.csv_rows import ROW
from analysis.spell_parts import SpellParts

NOBODY, OUTSIDE = -1, -2  # in the place of a person's number
KNOWN_PERSON = "person_id >= 0"
FILE = "__file"
MEMORY = "200MB"
# Tables whose rows name persons by the delivery's own ids until all of these are read.
OF_PERSONS = ("persons", "memberships")
KINDS = {
    pa.string(): "VARCHAR",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.date32(): "DATE",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
}


class People:
    """The numbers of persons by id: from 0, `OUTSIDE` for those who must not be seen, and else `NOBODY`."""

    def __init__(self, ids: pd.Series, outside: Iterable[str]):
        self.count = len(ids)
        self._texts = pd.Index(np.append(ids.to_numpy(dtype="object"), sorted(outside)), dtype="object")

    def numbers(self, texts: pa.Array) -> np.ndarray:
        """The number of each text, as int32."""
        coded = texts.dictionary_encode()
        found = self._texts.get_indexer(coded.dictionary.to_numpy(zero_copy_only=False))
        found = np.append(np.where(found < self.count, found, OUTSIDE), NOBODY).astype("int32")
        return found[coded.indices.fill_null(len(found) - 1).to_numpy()]

    def table(self) -> pa.Table:
        """people(id, person_id)."""
        numbers = np.arange(len(self._texts), dtype="int32")
        return pa.table(
            {
                "id": pa.array(self._texts, pa.string()),
                "person_id": pa.array(np.where(numbers < self.count, numbers, OUTSIDE), pa.int32()),
            }
        )


class Numbered:
    """Rows of a file on their way, with persons by number: `hidden` has the numbers of the rows of those outside."""

    def __init__(self, people: People):
        self.people = people
        self.unknown = 0
        self.hidden = np.empty(0, dtype="int64")

    def of_known(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of known persons; the others are counted, and left out."""
        numbers = self.people.numbers(rows["person_id"])
        field = pa.field("person_id", pa.int32())
        rows = rows.set_column(rows.schema.get_field_index("person_id"), field, pa.array(numbers))
        if numbers.min(initial=0) >= 0:
            return rows
        self.unknown += int((numbers == NOBODY).sum())
        self.hidden = np.append(self.hidden, rows[ROW].to_numpy()[numbers == OUTSIDE])
        return rows.filter(pa.array(numbers >= 0))


class Staging:
    """Tables by name; each has `FILE` (the file's place in the card) and what the files of the table deliver.

    `people` and `spells` are there once the persons and the spells are.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path):
        self.connection, self.folder = connection, folder
        self.people: People | None = None
        self.spells: SpellParts | None = None
        self._columns: dict[str, list[str]] = {}

    def create(self, table: str, schemas: list[pa.Schema]) -> None:
        """An empty table with the columns of all its files."""
        if table == "spells":
            self.spells = SpellParts(self.folder, schemas, self.people.count)
            return
        kinds: dict[str, str] = {}
        for schema in schemas:
            for field in schema:
                kind = KINDS[field.type]
                kinds[field.name] = "VARCHAR" if kinds.get(field.name, kind) != kind else kind
        if table not in OF_PERSONS and "person_id" in kinds:
            kinds["person_id"] = "INTEGER"
        self._columns[table] = list(kinds)
        columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in kinds.items())
        self.connection.execute(f"CREATE TABLE {identifier(table)} ({FILE} SMALLINT, {columns})")

    def append(self, table: str, place: int, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Numbered | None:
        """Add the rows of one file as they come; tells of those left out where persons go by number."""
        if table in OF_PERSONS or "person_id" not in schema.names:
            self._insert(table, place, schema, batches)
            return None
        numbered = Numbered(self.people)
        known = map(numbered.of_known, batches)
        if table == "spells":
            for rows in known:
                self.spells.append(rows)
        else:
            kind = pa.field("person_id", pa.int32())
            self._insert(table, place, schema.set(schema.get_field_index("person_id"), kind), known)
        return numbered

    def _insert(self, table: str, place: int, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        names = ", ".join(identifier(name) for name in schema.names)
        self.connection.register("arriving", pa.RecordBatchReader.from_batches(schema, batches))
        self.connection.execute(f"INSERT INTO {identifier(table)} ({FILE}, {names}) SELECT {place}, * FROM arriving")
        self.connection.unregister("arriving")

    def make_people(self, ids: pd.Series, outside: Iterable[str]) -> None:
        """The persons by number, and those who must not be seen."""
        self.people = People(ids, outside)
        self.connection.register("arriving", self.people.table())
        self.connection.execute("CREATE TABLE people AS SELECT * FROM arriving")
        self.connection.unregister("arriving")

    def discard(self, table: str, place: int) -> None:
        """Take out the rows of one file. A delivery that this happens to is refused before anyone looks at spells."""
        if table == "spells":
            return
        self.connection.execute(f"DELETE FROM {identifier(table)} WHERE {FILE} = {place}")

    def unknown_persons(self, table: str, place: int) -> int:
        """Take out the rows of one file whose person, given by id, is not in `people`; how many they were."""
        unknown = f"FROM {identifier(table)} WHERE {FILE} = {place} AND person_id NOT IN (SELECT id FROM people)"
        count = self.count(f"SELECT count(*) {unknown}")
        if count:
            self.connection.execute(f"DELETE {unknown}")
        return count

    def columns(self, table: str) -> list[str]:
        """Columns that the files of the table deliver; none where there is no such table."""
        return self._columns.get(table, [])

    def frame(self, query: str) -> pd.DataFrame:
        """The result of a query."""
        return self.connection.sql(query).df()

    def count(self, query: str) -> int:
        """The number that a query asks for."""
        return int(self.connection.sql(query).fetchall()[0][0] or 0)


@contextmanager
def staging() -> Iterator[Staging]:
    """A database that is gone afterwards, in a folder that nobody else can open."""
    folder = Path(tempfile.mkdtemp(prefix="tiltakseffekt-"))
    try:
        options = {
            "threads": 1,
            "memory_limit": MEMORY,
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": False,
        }
        with duckdb.connect(str(folder / "staging.duckdb"), config=options) as connection:
            # The rows are read a few times and then deleted: to compress them would take longer than to read them.
            connection.execute("SET force_compression = 'uncompressed'")
            yield Staging(connection, folder)
    finally:
        shutil.rmtree(folder)


def identifier(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"
