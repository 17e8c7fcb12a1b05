"""The other estimators of staggered adoption, from the cells that group-time effects are computed from.

    python benchmarks/bench_did_family.py [persons]

The data of bench_did: 60 months, 12 adoption groups beside never, 100 offices. Each task runs in a process of its own
that tells processor seconds and its largest memory; the least of five counts; loading of libraries and of the cells is
not part of the seconds. The limit is a multiple of the 708 group-time effects from the same cells, each with clustered
errors, the delete-one-office jackknife, and all averages. Compare ratios inside one run only.

diff-diff and pyfixest are no part of this environment. The variable TILTAKSEFFEKT_PEERS names the Python of one that
has them, DuckDB and PyArrow; they are given the persons themselves, all of them and a hundredth, and stopped at 8 GB of
memory of their own or after five minutes.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from bench_did import DESIGN, ESTIMATE, MONTHS, PEERS, PERSONS, _peer_frame, make, quietly, simple_effect
from measuring import run_task

from analysis.staggered.cell_arrays import CellArrays, cell_arrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.estimated import Estimated, as_result
from analysis.staggered.imputation import imputation
from analysis.staggered.result import StaggeredResult, cell_result
from analysis.staggered.sun_abraham import sun_abraham
from analysis.staggered.two_stage import two_stage

EFFECTS = "708 group-time effects"
IMPUTATION, SUN_ABRAHAM = "imputation", "Sun and Abraham"
LIMITED = (IMPUTATION, SUN_ABRAHAM)
RUNS, LIMIT = 5, 3
PARTS = (1, 100)
PEER_GB, PEER_SECONDS, OUT_OF_MEMORY = 8, 300, 3
COLUMNS = {"outcome": "y", "unit": "person_id", "time": "month", "first_treat": "adoption_month"}


def with_errors(result: StaggeredResult) -> float:
    """The simple average, after clustered errors and the jackknife of every estimate."""
    for name in ("cluster", "jackknife"):
        result.uncertainty(name)
    return simple_effect(result)


def group_time_effects(arrays: CellArrays) -> float:
    return with_errors(cell_result(cell_effects(arrays, DESIGN), DESIGN, outcome="y", seed=1))


def estimates_of(estimator: Callable[..., Estimated], **options: str) -> Callable[[CellArrays], float]:
    return lambda arrays: with_errors(as_result(estimator(arrays, DESIGN, **options), outcome="y"))


OURS: dict[str, Callable[[CellArrays], float]] = {
    EFFECTS: group_time_effects,
    IMPUTATION: estimates_of(imputation),
    SUN_ABRAHAM: estimates_of(sun_abraham),
    "two stages": estimates_of(two_stage),
}


def diff_diff_imputation(folder: Path, persons: int) -> float:
    from diff_diff import ImputationDiD

    return ImputationDiD(cluster="office_id").fit(_peer_frame(folder), **COLUMNS).overall_att


def diff_diff_two_stage(folder: Path, persons: int) -> float:
    from diff_diff import TwoStageDiD

    return TwoStageDiD(cluster="office_id").fit(_peer_frame(folder), **COLUMNS).overall_att


def diff_diff_sun_abraham(folder: Path, persons: int) -> float:
    from diff_diff import SunAbraham

    return SunAbraham(cluster="office_id").fit(_peer_frame(folder), **COLUMNS).overall_att


def _pyfixest(folder: Path, estimator: str):
    from pyfixest import event_study

    names = {"yname": "y", "idname": "person_id", "tname": "month", "gname": "adoption_month"}
    return event_study(_peer_frame(folder), **names, estimator=estimator, cluster="office_id", att=True)


def pyfixest_two_stage(folder: Path, persons: int) -> float:
    return float(_pyfixest(folder, "did2s").tidy()["Estimate"].iloc[0])


def pyfixest_sun_abraham(folder: Path, persons: int) -> float | None:
    """Its averages are by event time only, so there is no simple effect to show."""
    _pyfixest(folder, "saturated").aggregate(agg="period")
    return None


OTHERS: dict[str, Callable[[Path, int], float | None]] = {
    "diff-diff, imputation, overall alone": diff_diff_imputation,
    "diff-diff, Sun and Abraham": diff_diff_sun_abraham,
    "diff-diff, two stages, overall alone": diff_diff_two_stage,
    "pyfixest, two stages, overall alone": pyfixest_two_stage,
    "pyfixest, Sun and Abraham": pyfixest_sun_abraham,
}


def run_ours(name: str, folder: Path, persons: int) -> None:
    """One estimator in this process, its cells loaded beforehand."""
    arrays = cell_arrays(pd.read_parquet(folder / "cells.parquet"))
    run_task(quietly(lambda *_: OURS[name](arrays)), folder, persons)


def run_peer(name: str, folder: Path, persons: int) -> None:
    """One estimator of others in this process, which may not use more memory of its own than `PEER_GB`."""
    resource.setrlimit(resource.RLIMIT_DATA, (PEER_GB * 10**9,) * 2)
    try:
        run_task(quietly(OTHERS[name]), folder, persons)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


def answer(name: str, folder: Path, persons: int, python: str = sys.executable) -> dict[str, float] | str:
    """What a task took, with its estimate; or why it did not finish."""
    (folder / ESTIMATE).unlink(missing_ok=True)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [python, "-W", "ignore", __file__, "--task", name, str(folder), str(persons)]
    options = {"stdout": subprocess.PIPE, "text": True, "env": os.environ | threads, "timeout": PEER_SECONDS}
    try:
        run = subprocess.run(command, **options)
    except subprocess.TimeoutExpired:
        return f"stopped after {PEER_SECONDS} s"
    if run.returncode == OUT_OF_MEMORY or run.returncode < 0:
        return f"more than {PEER_GB} GB"
    run.check_returncode()
    kept = folder / ESTIMATE
    estimate = float(kept.read_text(encoding="utf-8")) if kept.exists() else float("nan")
    return json.loads(run.stdout.splitlines()[-1]) | {"estimate": estimate}


def least(name: str, folder: Path, persons: int) -> dict[str, float]:
    return min((answer(name, folder, persons) for _ in range(RUNS)), key=lambda took: took["cpu"])


def line(name: str, took: dict[str, float] | str, unit: float, limit: str = "") -> str:
    if isinstance(took, str):
        return f"{name:38}{took:>25}"
    estimate = "" if pd.isna(took["estimate"]) else f"{took['estimate']:.12f}"
    figures = f"{took['cpu']:>8.3f}{took['wall']:>8.3f}{took['peak_gb']:>9.2f}{took['cpu'] / unit:>8.1f}"
    return f"{name:38}{figures}{limit:>10}{estimate:>18}".rstrip()


def report_ours(folder: Path, persons: int) -> None:
    make(folder, persons)
    print(f"{persons} persons, {persons * MONTHS} rows, in cells of office, group and month")
    print(f"{'task, with clustered and jackknife':38}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'times':>8}{'limit':>10}"
          f"{'simple effect':>18}")  # fmt: skip
    kept, unit = True, least(EFFECTS, folder, persons)["cpu"]
    for name in OURS:
        took = least(name, folder, persons)
        good = name not in LIMITED or took["cpu"] <= LIMIT * unit
        limit = f"{LIMIT}" if name in LIMITED else ""
        print(line(name, took, unit, limit + ("" if good else " NO")), flush=True)
        kept = kept and good
    print(f"all limits hold: {kept}")


def report_others(folder: Path, persons: int) -> None:
    """Others from the persons themselves, with ours from the cells beside and the same estimate."""
    python = os.environ.get(PEERS)
    if not python:
        print(f"\ndiff-diff and pyfixest were not run ({PEERS} names no Python)")
        return
    for part in PARTS:
        size = persons // part
        make(folder, size)
        print(
            f"\n{f'{size} persons':38}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'times':>8}{'':10}{'simple effect':>18}"
        )
        unit = least(IMPUTATION, folder, size)["cpu"]
        for name in OURS:
            print(line(name, least(name, folder, size), unit), flush=True)
        for name in OTHERS:
            print(line(name, answer(name, folder, size, python), unit), flush=True)


def main(persons: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        report_ours(Path(name), persons)
        report_others(Path(name), persons)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        task, place, size = sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
        (run_ours if task in OURS else run_peer)(task, place, size)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else PERSONS)
