"""Whole country: 600 000 persons × 120 months from 4.2 million spells, against one DuckDB query for the same panel.

    python benchmarks/bench_panel.py [persons]

Each task runs in a process of its own, which reports its processor seconds and its largest memory; reading the spells
and writing the panel (Parquet, zstd) are part of the task, loading of libraries is not part of the seconds. Compare
ratios inside one run only.
"""

import hashlib
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from measuring import Task, command_line, in_own_process

from analysis.intervals import Window, first_days
from analysis.months import month_number
from analysis.spell_baseline import BaselineSpec, DaysBefore, OnTheDay, spell_baseline
from analysis.spell_rules import Spells, read_rule
from analysis.spells import PanelSpec, panel_chunks, write_panel

PERSONS, SPELLS_EACH, MONTHS = 600_000, 7, 120
FIRST = month_number("2014-01")
TYPES = ("work", "aap", "unemployment_benefit", "social_assistance", "qualification_benefit", "labour_market_programme")
OTHER = "plan"
WORK = Spells(("work",))
RULES = {"work_days": read_rule({"name": "days", "types": ["work"]})} | {
    kind: read_rule({"name": "any_day", "types": [kind]}) for kind in TYPES
}


def persons_table(persons: int) -> pd.DataFrame:
    """Staggered time zeros over four years, so that 24 months before and 12 after lie in the window."""
    days = first_days(np.array([FIRST + 30]))[0] + np.random.default_rng(2).integers(0, 1461, persons)
    return pd.DataFrame(
        {"person_id": np.arange(persons, dtype="int32"), "time_zero_date": days.astype("datetime64[D]").astype("M8[s]")}
    )


def make_spells(folder: Path, persons: int) -> None:
    """Spells with overlaps and gaps, sorted by person; one in fifty is open."""
    random, rows = np.random.default_rng(1), persons * SPELLS_EACH
    start, end = first_days(np.array([FIRST - 12, FIRST + MONTHS]))
    first = random.integers(start, end, rows).astype("int32")
    last = first + np.minimum(random.exponential(200, rows), 2000).astype("int32")
    kinds = pa.array([*TYPES, OTHER])
    table = pa.table(
        {
            "person_id": np.sort(random.integers(0, persons, rows)).astype("int32"),
            "type": pa.DictionaryArray.from_arrays(random.integers(0, len(kinds), rows).astype("int8"), kinds),
            "from_date": pa.array(first).cast(pa.date32()),
            "to_date": pa.array(last, mask=random.random(rows) < 0.02).cast(pa.date32()),
        }
    )
    pq.write_table(table, folder / "spells.parquet", compression="zstd", row_group_size=1_000_000)


def sweep(folder: Path, persons: int) -> None:
    """Our panel, 100 000 persons at a time."""
    spec = PanelSpec(window=Window(FIRST, MONTHS), rules=RULES)
    everyone = pd.DataFrame({"person_id": np.arange(persons, dtype="int32")})
    write_panel(folder / "sweep.parquet", panel_chunks(everyone, folder / "spells.parquet", spec))


def one_query(folder: Path, persons: int) -> None:
    """The same panel in one DuckDB query: merge what overlaps, spread over months, group."""
    start, end = (f"DATE '1970-01-01' + {day}" for day in first_days(np.array([FIRST, FIRST + MONTHS])))
    flags = ", ".join(f"coalesce(bool_or(type = '{kind}'), false) AS {kind}" for kind in TYPES)
    query = f"""
        WITH clipped AS (
            SELECT person_id, type, greatest(from_date, {start}) AS a,
                   least(coalesce(to_date, {end} - 1), {end} - 1) AS b
            FROM '{folder}/spells.parquet' WHERE from_date < {end} AND (to_date IS NULL OR to_date >= {start})),
        marked AS (
            SELECT *, coalesce(a > max(b) OVER (PARTITION BY person_id, type ORDER BY a, b
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + 1, true) AS new FROM clipped),
        numbered AS (SELECT *, sum(new::INT) OVER (PARTITION BY person_id, type ORDER BY a, b) AS island FROM marked),
        merged AS (SELECT person_id, type, min(a) AS a, max(b) AS b FROM numbered GROUP BY person_id, type, island),
        touched AS (
            SELECT person_id, type, a, b,
                   unnest(range(12 * year(a) + month(a) - 1, 12 * year(b) + month(b))) AS month FROM merged),
        measured AS (
            SELECT person_id, month, {flags},
                   sum(CASE WHEN type = 'work' THEN
                       least(b, last_day(make_date(month // 12, month % 12 + 1, 1)))
                       - greatest(a, make_date(month // 12, month % 12 + 1, 1)) + 1 END) AS work_days
            FROM touched GROUP BY person_id, month),
        grid AS (
            SELECT p.range AS person_id, m.range AS month
            FROM range({persons}) AS p CROSS JOIN range({FIRST}, {FIRST + MONTHS}) AS m)
        SELECT person_id::INT AS person_id, month::SMALLINT AS month, true AS observed,
               coalesce(work_days, 0)::UTINYINT AS work_days, {", ".join(f"coalesce({k}, false) AS {k}" for k in TYPES)}
        FROM grid LEFT JOIN measured USING (person_id, month)"""
    with duckdb.connect(config={"preserve_insertion_order": False}) as connection:
        connection.execute(f"COPY ({query}) TO '{folder}/query.parquet' (FORMAT parquet, COMPRESSION zstd)")


def without_panel(folder: Path, persons: int) -> None:
    """In work on the day, days worked in 24 months, and in work twelve months later, each at the person's own time."""
    spec = BaselineSpec(
        covariates={"in_work": OnTheDay(WORK), "work_days": DaysBefore(WORK, 24)},
        rules={"in_work": read_rule({"name": "last_day", "types": ["work"]})},
        horizons=(12,),
    )
    spell_baseline(persons_table(persons), folder / "spells.parquet", spec)


TASKS: dict[str, Task] = {
    "make": make_spells,
    "panel, sweep": sweep,
    "panel, one DuckDB query": one_query,
    "baseline and month 12, no panel": without_panel,
}


def checksum(path: Path) -> str:
    """The same for two panels with the same rows in any order."""
    names = ["person_id", "month", "work_days", *TYPES]
    sums = ", ".join(f"sum({name}::INT * (month % 97 + 1) * (person_id % 89 + 1))::HUGEINT" for name in names[2:])
    row = duckdb.sql(f"SELECT count(*), sum(person_id), sum(month), {sums} FROM '{path}'").fetchall()
    return hashlib.sha256(repr(row).encode()).hexdigest()


def main(persons: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {task: in_own_process(__file__, task, folder, persons) for task in TASKS}
        same = checksum(folder / "sweep.parquet") == checksum(folder / "query.parquet")
    print(f"{persons} persons, {persons * SPELLS_EACH} spells, {MONTHS} months; the two panels are equal: {same}")
    print(f"{'task':34}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'of sweep':>10}{'of query':>10}")
    del found["make"]
    ours, theirs = (took["cpu"] for took in list(found.values())[:2])
    for task, took in found.items():
        shares = f"{took['cpu'] / ours:>9.1%}{took['cpu'] / theirs:>10.1%}"
        print(f"{task:34}{took['cpu']:>8.2f}{took['wall']:>8.2f}{took['peak_gb']:>9.2f} {shares}")


if __name__ == "__main__":
    command_line(TASKS, main, PERSONS)
