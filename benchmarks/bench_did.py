"""Staggered difference-in-differences: from Parquet to every effect, against one grouped sum of the same file.

    python benchmarks/bench_did.py [persons]

60 months, 12 adoption groups beside never, 100 offices, an outcome of 0 and 1, three covariates. Each task runs in a
process of its own that tells processor seconds and its largest memory; the quick ones run three times and the least
counts; loading of libraries is not part of the seconds. Compare ratios inside one run only.

csdid and diff-diff are no part of this environment. The variable TILTAKSEFFEKT_PEERS names the Python of one that has
them and what this project needs; they are run at a tenth of the persons. The times of R are stored, from the same
machine type but another day.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from measuring import Task, run_task

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.staggered.cell_arrays import cell_arrays  # noqa: E402
from analysis.staggered.cell_effects import cell_effects  # noqa: E402
from analysis.staggered.design import Design  # noqa: E402
from analysis.staggered.person_effects import person_effects  # noqa: E402
from analysis.staggered.persons import Roles  # noqa: E402
from analysis.staggered.regressions import convention_rows, event_study  # noqa: E402
from analysis.staggered.result import StaggeredResult, cell_result, person_result  # noqa: E402

PERSONS, MONTHS, OFFICES, COHORTS, FIRST = 100_000, 60, 100, 12, 24_000
KEYS = ["office_id", "adoption_month", "month"]
COVARIATES = ["x1", "x2", "x3"]
DESIGN = Design(base="varying")
PEERS, TENTH, ESTIMATE = "TILTAKSEFFEKT_PEERS", 10, "estimate.txt"
ALL_EFFECTS, ROBUST = "708 effects, clustered, from Parquet", "doubly robust, three covariates"
CHUNK = 50_000
EFFECTS_LIMIT, STUDY_LIMIT, COVARIATES_LIMIT, COVARIATES_GB, LINEAR = 5, 2, 20, 2, 1.25


def make(folder: Path, persons: int) -> None:
    """person_id, office_id, adoption_month, month, y, x1–x3 in Parquet (zstd), sorted by person; and the cells."""
    writer = None
    for start in range(0, persons, CHUNK):
        table = pa.table(_person_months(start, min(CHUNK, persons - start)))
        writer = writer or pq.ParquetWriter(folder / "panel.parquet", table.schema, compression="zstd")
        writer.write_table(table, row_group_size=1_000_000)
    writer.close()
    parquet_cells(folder).to_parquet(folder / "cells.parquet")


def _person_months(start: int, n: int) -> dict[str, pa.Array | np.ndarray]:
    """Columns of the persons from number `start` on; whole offices adopt, every thirteenth never."""
    rng = np.random.default_rng([3, start])
    month = np.arange(MONTHS)
    office = rng.integers(0, OFFICES, n)
    group = office % (COHORTS + 1)
    adoption = np.where(group == COHORTS, 0, 6 + 4 * group)
    x = rng.normal(size=(n, len(COVARIATES))) + np.array([0.02, 0, -0.02]) * group[:, None]
    share = 0.3 + 0.05 * np.sin(office)[:, None] + 0.0005 * month + 0.03 * x[:, :1] * (1 + month / MONTHS)
    share = share + 0.06 * ((group < COHORTS)[:, None] & (month >= adoption[:, None]))
    worked = rng.random((n, MONTHS)) < np.clip(share, 0.01, 0.99)

    def each(values: np.ndarray) -> np.ndarray:
        return np.repeat(values, MONTHS)

    return {
        "person_id": each(np.arange(start, start + n, dtype="int32")),
        "office_id": each(office.astype("int16")),
        "adoption_month": pa.array(each((FIRST + adoption).astype("int16")), mask=each(group == COHORTS)),
        "month": np.tile((FIRST + month).astype("int16"), n),
        "y": worked.ravel().astype("int8"),
        **{name: each(x[:, place].astype("float32")) for place, name in enumerate(COVARIATES)},
    }


def duckdb_sum(folder: Path, persons: int) -> None:
    """The grouped sum that limits refer to."""
    duckdb.sql(f"SELECT {', '.join(KEYS)}, sum(y) FROM '{folder}/panel.parquet' GROUP BY ALL").fetchnumpy()


def pyarrow_sum(folder: Path, persons: int) -> None:
    table = ds.dataset(folder / "panel.parquet").to_table(columns=[*KEYS, "y"])
    table.group_by(KEYS).aggregate([("y", "sum")])


def parquet_cells(folder: Path) -> pd.DataFrame:
    """Cells of the file in one DuckDB query: KEYS, n, sum_w and sum_wy."""
    query = f"SELECT {', '.join(KEYS)}, count(*) AS n, sum(y) AS wy FROM '{folder}/panel.parquet' GROUP BY ALL"
    cells = duckdb.sql(query).df()
    return cells.assign(sum_w=cells["n"].astype("float64"), sum_wy=cells.pop("wy").astype("float64"))


def all_effects(folder: Path, persons: int) -> float:
    """From Parquet to 708 effects and four aggregates, clustered on office, with the jackknife."""
    effects = cell_effects(cell_arrays(parquet_cells(folder)), DESIGN)
    result = cell_result(effects, DESIGN, outcome="y", seed=1)
    for name in ("cluster", "jackknife"):
        result.uncertainty(name)
    return simple_effect(result)


def simple_effect(result: StaggeredResult) -> float:
    return float(result.table.set_index("term").loc["simple", "estimate"])


def fixed_effects_study(folder: Path, persons: int) -> None:
    """The two-way fixed effects event study under every convention, from cells that are there."""
    convention_rows(event_study(cell_arrays(pd.read_parquet(folder / "cells.parquet")), DESIGN))


def doubly_robust(folder: Path, persons: int) -> float:
    """From Parquet to 708 doubly robust effects and four aggregates, clustered on office."""
    frame = pd.read_parquet(folder / "panel.parquet")
    roles = Roles(outcome="y", cluster="office_id", covariates=" + ".join(COVARIATES))
    found = person_effects(frame, DESIGN, roles, method="dr").group_time
    result = person_result(found, DESIGN, outcome="y", seed=1)
    result.uncertainty("cluster")
    return simple_effect(result)


def _peer_frame(folder: Path) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "panel.parquet").astype({"y": "float64", "month": "int64"})
    return frame.assign(adoption_month=frame["adoption_month"].fillna(0).astype("int64"))


def diff_diff_effects(folder: Path, persons: int, covariates: list[str] | None = None) -> float:
    from diff_diff import CallawaySantAnna

    model = CallawaySantAnna(control_group="never_treated", cluster="office_id", estimation_method="dr")
    columns = {"outcome": "y", "unit": "person_id", "time": "month", "first_treat": "adoption_month"}
    return model.fit(_peer_frame(folder), **columns, covariates=covariates, aggregate="simple").overall_att


def csdid_effects(folder: Path, persons: int, formula: str | None = None) -> float:
    from csdid.att_gt import ATTgt

    columns = {"yname": "y", "idname": "person_id", "tname": "month", "gname": "adoption_month"}
    columns |= {"clustervar": "office_id", "xformla": formula}
    model = ATTgt(**columns, data=_peer_frame(folder), control_group="nevertreated")
    fitted = model.fit(est_method="dr", bstrap=False)
    fitted.aggte("simple", bstrap=False)
    return float(fitted.atte["overall_att"])


def csdid_covariates(folder: Path, persons: int) -> float:
    return csdid_effects(folder, persons, "y ~ " + " + ".join(COVARIATES))


def diff_diff_covariates(folder: Path, persons: int) -> float:
    return diff_diff_effects(folder, persons, COVARIATES)


SUMS = {"one grouped sum, DuckDB": duckdb_sum, "one grouped sum, pyarrow": pyarrow_sum}


@dataclass(frozen=True)
class Measured:
    """A task with its limit in grouped sums, and what R's did or fixest took at 100 000 persons, stored."""

    task: Callable[[Path, int], float | None]
    limit: float | None = None
    r_seconds: str = ""
    runs: int = 3


OURS = {
    ALL_EFFECTS: Measured(all_effects, EFFECTS_LIMIT, "38-75"),
    "event study, from the same cells": Measured(fixed_effects_study, STUDY_LIMIT, "19.4"),
    ROBUST: Measured(doubly_robust, COVARIATES_LIMIT, "73-95"),
}
OTHERS = {
    "diff-diff, 708 effects, clustered": Measured(diff_diff_effects, runs=1),
    "csdid, 708 effects, clustered": Measured(csdid_effects, runs=1),
    "diff-diff, three covariates": Measured(diff_diff_covariates, runs=1),
    "csdid, three covariates": Measured(csdid_covariates, runs=1),
}
TASKS: dict[str, Measured] = {"make": Measured(make, runs=1)}
TASKS |= {name: Measured(task) for name, task in SUMS.items()} | OURS | OTHERS


def taken(name: str, folder: Path, persons: int, python: str = sys.executable) -> dict[str, float]:
    """What a task took at the least, and its largest memory."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [python, __file__, "--task", name, str(folder), str(persons)]
    runs = []
    for _ in range(TASKS[name].runs):
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | threads)
        runs.append(json.loads(answer.stdout.splitlines()[-1]))
    return min(runs, key=lambda took: took["cpu"]) | {"peak_gb": max(took["peak_gb"] for took in runs)}


def quietly(task: Callable[[Path, int], float | None]) -> Task:
    """The task without what it prints; the simple effect it may give is written to the folder."""

    def run(folder: Path, persons: int) -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            effect = task(folder, persons)
        if effect is not None:
            (folder / ESTIMATE).write_text(repr(float(effect)), encoding="utf-8")

    return run


def line(name: str, took: dict[str, float], unit: float, limit: str = "", r_seconds: str = "") -> str:
    figures = f"{took['cpu']:>8.3f}{took['wall']:>8.3f}{took['peak_gb']:>9.2f}{took['cpu'] / unit:>8.1f}"
    return f"{name:38}{figures}{limit:>10}{r_seconds:>14}".rstrip()


def fastest_sum(folder: Path, persons: int) -> float:
    """Prints both grouped sums and gives the processor seconds of the faster."""
    found = {name: taken(name, folder, persons) for name in SUMS}
    least = min(took["cpu"] for took in found.values())
    for name, took in found.items():
        print(line(name, took, least), flush=True)
    return least


def report_ours(folder: Path, persons: int) -> dict[str, float]:
    """Every task of ours and whether it keeps its limit; gives processor seconds by name."""
    taken("make", folder, persons)
    size = (folder / "panel.parquet").stat().st_size / 1e6
    print(f"{persons} persons, {persons * MONTHS} rows ({size:.0f} MB of Parquet), {COHORTS} groups, {OFFICES} offices")
    print(f"{'task':38}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'sums':>8}{'limit':>10}{'R, stored s':>14}")
    unit, kept, found = fastest_sum(folder, persons), True, {}
    for name, measured in OURS.items():
        took = taken(name, folder, persons)
        good = took["cpu"] <= measured.limit * unit
        good &= name != ROBUST or took["peak_gb"] < COVARIATES_GB
        limit = f"{measured.limit} sums" + ("" if good else " NO")
        print(line(name, took, unit, limit, measured.r_seconds if persons == PERSONS else ""), flush=True)
        kept, found[name] = kept and good, took["cpu"]
    print(f"all limits hold: {kept} (doubly robust also under {COVARIATES_GB} GB)")
    print("R 4.2.2, did 2.5.1, DRDID 1.2.3, fixest 0.14.2 at 100000 persons, in memory: stored, read 2026-11-22")
    return found


def report_linear(folder: Path, persons: int, smaller: dict[str, float]) -> None:
    """Five times the rows: how many times the seconds."""
    taken("make", folder, 5 * persons)
    print(f"\n{5 * persons} persons, {5 * persons * MONTHS} rows")
    unit = fastest_sum(folder, 5 * persons)
    for name in (ALL_EFFECTS, ROBUST):
        took = taken(name, folder, 5 * persons)
        times = took["cpu"] / smaller[name]
        kept = "" if times <= 5 * LINEAR else " NO"
        print(line(name, took, unit), f" {times:.2f} times the seconds, at most {5 * LINEAR}{kept}", flush=True)


def report_others(folder: Path, persons: int) -> None:
    """csdid and diff-diff in the environment that has them, at a tenth, with ours beside and the same estimate."""
    python = os.environ.get(PEERS)
    if not python:
        print(f"\ncsdid and diff-diff were not run ({PEERS} names no Python)")
        return
    size = persons // TENTH
    taken("make", folder, size)
    print(f"\n{f'{size} persons':38}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'ours':>8}{'simple effect':>18}")
    units = {}
    for name in (ALL_EFFECTS, ROBUST, *OTHERS):
        took = taken(name, folder, size, python if name in OTHERS else sys.executable)
        estimate = float((folder / ESTIMATE).read_text(encoding="utf-8"))
        unit = units.setdefault("covariates" in name, took["cpu"])
        print(line(name, took, unit) + f"{estimate:>18.12f}", flush=True)


def main(persons: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        smaller = report_ours(Path(name), persons)
        report_linear(Path(name), persons, smaller)
        report_others(Path(name), persons)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        run_task(quietly(TASKS[sys.argv[2]].task), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else PERSONS)
