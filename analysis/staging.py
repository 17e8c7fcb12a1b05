"""The typed rows of a delivery in a private database on disk, so that no table has to fit in memory.

Persons are text in `persons` and `memberships`, and whole numbers by the table `people` in all others: null for those
nobody knows, and `OUTSIDE` for those who must not be seen.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

OUTSIDE = -1
KNOWN_PERSON = f"person_id > {OUTSIDE}"
FILE = "__file"
MEMORY = "200MB"
# Tables whose rows name persons by the delivery's own ids until all of these are read.
OF_PERSONS = ("persons", "memberships")
KINDS = {
    pa.string(): "VARCHAR",
    pa.int16(): "SMALLINT",
    pa.int64(): "BIGINT",
    pa.date32(): "DATE",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
}


class Staging:
    """Tables by name; each has `FILE` (the file's place in the card) and what the files of the table deliver."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self.connection = connection
        self._columns: dict[str, list[str]] = {}

    def create(self, table: str, schemas: Iterable[pa.Schema]) -> None:
        """An empty table with the columns of all its files."""
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

    def append(self, table: str, place: int, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        """Add the rows of one file as they come; persons by number where `people` has them."""
        names = ", ".join(identifier(name) for name in schema.names)
        values, joined = names, ""
        if table not in OF_PERSONS and "person_id" in schema.names:
            values = ", ".join("p.person_id" if n == "person_id" else f"s.{identifier(n)}" for n in schema.names)
            joined = "AS s LEFT JOIN people AS p ON p.id = s.person_id"
        self.connection.register("arriving", pa.RecordBatchReader.from_batches(schema, batches))
        self.connection.execute(
            f"INSERT INTO {identifier(table)} ({FILE}, {names}) SELECT {place}, {values} FROM arriving {joined}"
        )
        self.connection.unregister("arriving")

    def make_people(self, ids: pd.Series, outside: Iterable[str]) -> None:
        """The numbers of persons by id, and those who must not be seen."""
        hidden = pd.Series(OUTSIDE, index=pd.Index(sorted(outside), dtype="str"), dtype="int32")
        numbers = pd.concat([ids, hidden]).rename_axis("id").rename("person_id")
        self.connection.register("arriving", pa.Table.from_pandas(numbers.reset_index(), preserve_index=False))
        self.connection.execute("CREATE TABLE people AS SELECT * FROM arriving")
        self.connection.unregister("arriving")

    def discard(self, table: str, place: int) -> None:
        """Take out the rows of one file."""
        self.connection.execute(f"DELETE FROM {identifier(table)} WHERE {FILE} = {place}")

    def unknown_persons(self, table: str, place: int) -> int:
        """Take out the rows of one file whose person is not in `people`; how many they were."""
        if table == "persons" or "person_id" not in self.columns(table):
            return 0
        nobody = "person_id NOT IN (SELECT id FROM people)" if table in OF_PERSONS else "person_id IS NULL"
        unknown = f"FROM {identifier(table)} WHERE {FILE} = {place} AND {nobody}"
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
            # The persons, and not the rows that stream past, are what a join keeps in memory.
            connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
            # The rows are read a few times and then deleted: to compress them would take longer than to read them.
            connection.execute("SET force_compression = 'uncompressed'")
            yield Staging(connection)
    finally:
        shutil.rmtree(folder)


def identifier(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"
