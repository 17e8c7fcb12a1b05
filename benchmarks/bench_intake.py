"""Ten million rows of spells in CSV, and the persons they are about: what reading and checking add to a plain read.

    python benchmarks/bench_intake.py [rows]

The plain read is the quicker of pyarrow and DuckDB, each in one thread and with every column as text. All tasks read
the persons and the spells. Each runs three times in a process of its own, which reports its processor seconds and its
largest memory; the least seconds count, and loading of libraries is not part of them. Compare ratios inside one run
only.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from measuring import Task, command_line, in_own_process
from pyarrow import csv as arrow_csv

from analysis.cards import Card, File
from analysis.conversion import TypeNumbers
from analysis.delivery import Reading, file_label
from analysis.intake import read_delivery
from analysis.readers import open_file
from analysis.row_checks import FileRows

ROWS, ROWS_EACH, ROWS_AT_ONCE, RUNS = 10_000_000, 17, 1_000_000, 3
FIRST_DAY, LAST_DAY = (np.datetime64(day).astype("int64") for day in ("2011-01-01", "2021-06-30"))
TYPES = {
    "arbeid": "work",
    "arbeidsavklaringspenger": "aap",
    "dagpenger": "unemployment_benefit",
    "sosialhjelp": "social_assistance",
    "kvalifiseringsprogram": "qualification_benefit",
    "arbeidsmarkedstiltak": "labour_market_programme",
}
SHARES = pa.array(["100", "80", "50", "37,5", "20"])
PERSON_COLUMNS = {
    "person_id": "person",
    "arm": {"column": "gruppe", "values": {"T": "treated", "S": "comparison"}},
    "time_zero": "start",
}
SPELL_COLUMNS = {
    "person_id": "person",
    "type": {"column": "type", "values": TYPES},
    "from_date": "fra",
    "to_date": "til",
    "share": {"column": "stillingsprosent", "range": [0, 200]},
}
CARD: dict[str, Any] = {
    "title": "Ti millioner rader",
    "short_title": "Ti millioner rader",
    "intervention_name": "tett oppfølging",
    "data_kind": "synthetic",
    "intervention": "close_follow_up",
    "design": "matched_did",
    "analysis": "describe",
    "report": {"date": "2026-11-22"},
    "background": ["Oppdiktede data som bare måler innlesingen."],
    "population": {"description": "oppdiktede personer", "eligibility": ["med i leveransen"]},
    "assignment": {"unit": "person", "randomised": False, "rule": "Annenhver person."},
    "content": {"intervention": "Tett oppfølging.", "usual_care": "Vanlig oppfølging."},
    "time_zero": {"description": "måneden da oppfølgingen begynte"},
    "arms": [
        {"id": "treated", "role": "treated", "label": "deltakerne"},
        {"id": "comparison", "role": "comparison", "label": "sammenligningsgruppen"},
    ],
    "outcomes": {"primary": "in_work_last_day"},
    "horizons": [12],
    "estimand": {"quantity": "att", "scale": "difference", "description": "ingen; bare innlesing"},
    "registers": {
        "first": "2011-01",
        "last": "2021-12",
        "drawn": "2028-12-31",
        "exclusive": [["aap", "qualification_benefit"]],
    },
    "files": [
        {"name": "persons", "path": "persons.csv", "format": "csv", "columns": PERSON_COLUMNS},
        {"name": "spells", "path": "spells.csv", "format": "csv", "table": "spells", "columns": SPELL_COLUMNS},
    ],
    "disclosure": {"profile": "open", "reason": "Dataene er oppdiktet."},
    "sources": [{"id": "made_up", "citation": "Laget av målingen."}],
}


def make_files(folder: Path, rows: int) -> None:
    """Both files; about every second row has a share, and one in fifty is open."""
    persons = max(rows // ROWS_EACH, 2)
    ids = pc.utf8_lpad(pc.cast(pa.array(np.arange(persons) * 7919 % 10**8), pa.string()), 8, "0")
    groups = pa.array(["T", "S"]).take(pa.array(np.arange(persons) % 2))
    _write(folder / "persons.csv", [pa.table({"person": ids, "gruppe": groups, "start": ["2016-06"] * persons})])
    _write(folder / "spells.csv", _spells(ids, rows))


def _spells(ids: pa.Array, rows: int) -> Iterator[pa.Table]:
    """Sorted by person, as registers deliver them."""
    random = np.random.default_rng(1)
    who, kinds = np.sort(random.integers(0, len(ids), rows)), pa.array(list(TYPES))
    for place in range(0, rows, ROWS_AT_ONCE):
        people = who[place : place + ROWS_AT_ONCE]
        size = len(people)
        first = random.integers(FIRST_DAY, LAST_DAY, size).astype("int32")
        last = first + np.minimum(random.exponential(200, size), 2000).astype("int32")
        shares = SHARES.take(pa.array(random.integers(0, len(SHARES), size)))
        yield pa.table(
            {
                "person": ids.take(pa.array(people)),
                "type": kinds.take(pa.array(random.integers(0, len(kinds), size))),
                "fra": pa.array(first).cast(pa.date32()),
                "til": pa.array(last, mask=random.random(size) < 0.02).cast(pa.date32()),
                "stillingsprosent": pc.if_else(pa.array(random.random(size) < 0.5), shares, ""),
            }
        )


def _write(path: Path, tables: Iterator[pa.Table] | list[pa.Table]) -> None:
    writer = None
    options = arrow_csv.WriteOptions(delimiter=";", quoting_style="none", quoting_header="none")
    for table in tables:
        writer = writer or arrow_csv.CSVWriter(path, table.schema, write_options=options)
        writer.write_table(table)
    writer.close()


def card() -> Card:
    """The card of both files."""
    return Card.model_validate(CARD)


def _names(file: File) -> list[str]:
    return [column.column for column in file.columns.values()]


def plain_pyarrow(folder: Path, _: int) -> None:
    """Every column as text, thrown away as it comes."""
    for file in card().files:
        reader = arrow_csv.open_csv(
            folder / file.path,
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=";"),
            convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(_names(file), pa.string())),
        )
        for batch in reader:
            del batch


def plain_duckdb(folder: Path, _: int) -> None:
    """Every column as text, counted."""
    with duckdb.connect(config={"threads": 1}) as connection:
        for file in card().files:
            table = f"read_csv('{folder / file.path}', delim = ';', header = true, all_varchar = true)"
            connection.sql(f"SELECT count(COLUMNS(*)) FROM {table}").fetchall()


def our_reader(folder: Path, _: int) -> None:
    """What a reader gives to intake, thrown away as it comes: the file is in order, and rows have their numbers."""
    for file in card().files:
        for batch in open_file(file, folder / file.path, file_label(file)).batches:
            del batch


def row_rules(folder: Path, _: int) -> None:
    """Rows converted to their types, and every rule on single rows."""
    whole = card()
    for file in whole.files:
        rules = FileRows(whole, file, file_label(file), TypeNumbers())
        for batch in Reading(file, folder).batches():
            rules.converted(batch)
        _stop_if(rules.findings())


def all_rules(folder: Path, _: int) -> None:
    """Keys, references and overlaps too: the whole intake but for the table of spells."""
    _whole_intake(folder, None)


def spells_stored(folder: Path, _: int) -> None:
    """The whole intake, spells sorted and written to Parquet."""
    _whole_intake(folder, folder / "spells.parquet")


def _whole_intake(folder: Path, spells: Path | None) -> None:
    found = read_delivery(card(), folder, spells=spells)
    _stop_if([finding for finding in found.findings if finding.severity == "FATAL"])


def _stop_if(findings: list) -> None:
    if findings:
        raise ValueError(f"the delivery was made without mistakes, but has {findings}")


MAKE = "make"
TASKS: dict[str, Task] = {
    "plain read, pyarrow": plain_pyarrow,
    "plain read, DuckDB": plain_duckdb,
    "our reader": our_reader,
    "row rules": row_rules,
    "all rules": all_rules,
    "all rules, spells stored": spells_stored,
}
PLAIN = ("plain read, pyarrow", "plain read, DuckDB")
LIMITS = {"row rules": 3, "all rules": 6}  # times the plain read, in processor seconds; to store is no check
OURS = (*LIMITS, "all rules, spells stored")
LIMIT_GB = 0.5  # beyond the reader


def taken(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    """What each task took at the least, and its largest memory. Tasks take turns, so that all meet the same machine."""
    runs = [{task: in_own_process(__file__, task, folder, rows) for task in TASKS} for _ in range(RUNS)]
    best = {task: min((run[task] for run in runs), key=lambda took: took["cpu"]) for task in TASKS}
    return {task: took | {"peak_gb": max(run[task]["peak_gb"] for run in runs)} for task, took in best.items()}


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        in_own_process(__file__, MAKE, folder, rows)
        found = taken(folder, rows)
        size = (folder / "spells.csv").stat().st_size / 1e6
    plain = min(found[task]["cpu"] for task in PLAIN)
    reader_gb = found["our reader"]["peak_gb"]
    print(f"{rows} rows of spells ({size:.0f} MB of CSV), {max(rows // ROWS_EACH, 2)} persons")
    print(f"{'task':28}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'of plain':>10}{'limit':>7}{'beyond reader':>15}")
    for task, took in found.items():
        limit = f"{LIMITS[task]:.0%}" if task in LIMITS else ""
        beyond = f"{took['peak_gb'] - reader_gb:.2f} GB" if task in OURS else ""
        seconds = f"{took['cpu']:>8.2f}{took['wall']:>8.2f}{took['peak_gb']:>9.2f}{took['cpu'] / plain:>10.0%}"
        print(f"{task:28}{seconds}{limit:>7}{beyond:>15}")
    in_time = all(found[task]["cpu"] <= limit * plain for task, limit in LIMITS.items())
    in_memory = all(found[task]["peak_gb"] <= reader_gb + LIMIT_GB for task in OURS)
    print(f"within the limits of time: {in_time}; within {LIMIT_GB} GB beyond the reader: {in_memory}")


if __name__ == "__main__":
    command_line({MAKE: make_files, **TASKS}, main, ROWS)
