"""The result of a query against PostgreSQL.

The card has the query, the order of its rows, and where the connection is described: an environment variable, or a
service of the person's own `pg_service.conf`. Nothing is written to the database, and nothing that it says is told,
because its messages can hold values.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from analysis.cards import File
from analysis.csv_rows import ROW
from analysis.problems import Problem
from analysis.readers.contract import Source, Unreadable, checked_names
from analysis.readers.text import date_text

if TYPE_CHECKING:
    import psycopg

BATCH_ROWS = 50_000
CONNECT_SECONDS = 15
# Dates, times and numbers are written in one way, whatever the server and its user have set.
SETTINGS = {
    "datestyle": "ISO, YMD",
    "timezone": "Europe/Oslo",
    "extra_float_digits": "1",
    "client_encoding": "UTF8",
}
NUMBERS, DATES, TRUTH = ("float4", "float8", "numeric"), ("date", "timestamp", "timestamptz"), ("bool",)
# What went wrong, by the first signs of the SQLSTATE (PostgreSQL manual, appendix A).
FAILURES = {
    "28": ("databasen godtok ikke brukeren.", "Kontroller tilkoblingen."),
    "3D": ("databasen finnes ikke på tjeneren.", "Kontroller tilkoblingen."),
    "42501": ("brukeren har ikke lov til å lese det spørringen ber om.", "Be om lesetilgang."),
    "42P01": ("spørringen bruker en tabell som ikke finnes.", "Rett query i kortet."),
    "42703": ("query eller order bruker en kolonne som ikke finnes.", "Rett dem i kortet."),
    "25006": ("spørringen prøver å endre databasen.", "query skal bare lese."),
    "42": ("spørringen er ikke gyldig SQL.", "query skal være én SELECT."),
    "22": ("spørringen gjør om en verdi som ikke lar seg gjøre om.", "Hent kolonnen som den er."),
    "57014": ("databasen avbrøt spørringen.", "Prøv igjen, eller gjør den enklere."),
}


def open_query(file: File, label: str) -> Source:
    """The rows of the card's query in the card's order, numbered from 1."""
    with _connected(file, label) as connection:
        names, _ = _columns(connection, file)
    return Source(checked_names(names, label), _batches(file, label))


def query_digest(file: File, label: str) -> str:
    """SHA-256 of the result of the query, as text; raises Unreadable."""
    digest = hashlib.sha256()
    for batch in _batches(file, label):
        for row in zip(*(batch.column(name).to_pylist() for name in batch.column_names), strict=True):
            digest.update(repr(row).encode())
    return digest.hexdigest()


def _batches(file: File, label: str) -> Iterator[pa.Table]:
    from psycopg import sql

    with _connected(file, label) as connection:
        names, writers = _columns(connection, file)
        order = sql.SQL(", ").join(map(sql.Identifier, file.order))
        command = sql.SQL("COPY (SELECT * FROM {} ORDER BY {}) TO STDOUT").format(sql.SQL(_subquery(file)), order)
        with connection.cursor().copy(command) as copy:
            rows, first = copy.rows(), 1
            while block := list(islice(rows, BATCH_ROWS)):
                yield _table(names, writers, block, first)
                first += len(block)


def _table(names: list[str], writers: list["Writer"], block: list[tuple[Any, ...]], first: int) -> pa.Table:
    columns = {
        name: pa.array([None if value is None else write(value) for value in values], pa.string())
        for name, write, values in zip(names, writers, zip(*block, strict=True), strict=True)
    }
    return pa.table(columns | {ROW: pa.array(range(first, first + len(block)), pa.int64())})


Writer = Callable[[str], str | None]


def _columns(connection: "psycopg.Connection", file: File) -> tuple[list[str], list[Writer]]:
    """Names of the result's columns, and how the database's text of each becomes ours.

    A prepared statement can be one command only, so that nothing else hides in the card's query.
    """
    from psycopg import sql

    described = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.SQL(_subquery(file))), prepare=True)
    types = connection.adapters.types
    kinds = [found.name if (found := types.get(column.type_code)) else "" for column in described.description]
    return [column.name for column in described.description], [_writer(kind, file) for kind in kinds]


def _writer(kind: str, file: File) -> Writer:
    if kind in NUMBERS:
        return lambda text: None if text == "NaN" else text.replace(".", file.decimal)
    if kind in DATES:
        return lambda text: date_text(text, file)
    if kind in TRUTH:
        return lambda text: "1" if text == "t" else "0"
    return lambda text: text


def _subquery(file: File) -> str:
    # The line break ends a comment in the query's last line.
    return f"({file.query.rstrip().rstrip(';')}\n) AS delivery"


@contextmanager
def _connected(file: File, label: str) -> Iterator["psycopg.Connection"]:
    """A connection that reads one unchanging state of the database; every error of it becomes Unreadable."""
    import psycopg

    try:
        with psycopg.connect(_conninfo(file, label), **_place(file), connect_timeout=CONNECT_SECONDS) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for name, value in SETTINGS.items():
                connection.execute("SELECT set_config(%s, %s, false)", [name, value])
            yield connection
    except psycopg.Error as error:
        raise Unreadable([_failure(error, label)]) from None
    except UnicodeDecodeError:
        what = "databasen har tegn som ikke kan leses som tekst."
        raise Unreadable([Problem(label, what, "Databasen skal ha tegnsettet UTF8 eller LATIN1.")]) from None


def _conninfo(file: File, label: str) -> str:
    name = file.connection.environment
    if name is None:
        return ""
    if not os.environ.get(name):
        mend = "Sett den til tilkoblingen, for eksempel: host=… dbname=… user=…"
        raise Unreadable([Problem(label, f"miljøvariabelen {name} er ikke satt.", mend)])
    return os.environ[name]


def _place(file: File) -> dict[str, str]:
    return {} if file.connection.service is None else {"service": file.connection.service}


def _failure(error: "psycopg.Error", label: str) -> Problem:
    state = error.sqlstate or ""
    for length in (5, 2):
        if state[:length] in FAILURES:
            return Problem(label, *FAILURES[state[:length]])
    if state:
        return Problem(label, f"databasen avviste spørringen (SQLSTATE {state}).", "Kontroller query i kortet.")
    return Problem(label, "databasen svarer ikke.", "Kontroller tilkoblingen, og at databasen er i drift.")
