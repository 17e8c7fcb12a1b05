"""Disclosure control of large tables: suppression of 100 x 5 and rounding of 350 x 6, against one plain programme.

    python benchmarks/bench_disclosure.py

Units, of the same table: one linear programme of scipy over all its cells and margins, and pandas' cross-table with
margins of its persons. Each task makes its table and then measures in a process of its own, with one thread, five
times; the least processor seconds count. Loading of libraries is not part of them. Compare ratios inside one run only.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import run_task
from scipy import sparse
from scipy.optimize import linprog

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.disclosure.rounding import round_table  # noqa: E402
from analysis.disclosure.suppression import suppress_table  # noqa: E402

THRESHOLD, BASE, RUNS = 5, 3, 5
Measured = Callable[[], object]


def table(rows: int, columns: int, *more: int) -> np.ndarray:
    """Counts with a column of mostly small ones, as offices by innsatsgruppe have."""
    rng = np.random.default_rng(8)
    share = np.geomspace(12, 0.4, columns)
    return rng.poisson(rng.gamma(4, share / 4, size=(rows, *more, columns)))


def one_programme(counts: np.ndarray) -> Measured:
    """The most that the first cell can hold when all other cells are free and the margins are known."""
    rows, columns = counts.shape
    by_row = sparse.kron(sparse.eye_array(rows), np.ones((1, columns)))
    by_column = sparse.kron(np.ones((1, rows)), sparse.eye_array(columns))
    equations = sparse.csr_array(sparse.vstack([by_row, by_column]))
    margins, aim = np.concatenate([counts.sum(axis=1), counts.sum(axis=0)]), np.zeros(counts.size)
    aim[0] = -1
    return lambda: linprog(aim, A_eq=equations, b_eq=margins, bounds=(0, None), method="highs")


def cross_table(counts: np.ndarray) -> Measured:
    """pandas' table of the persons with its margins."""
    places = [np.repeat(one.ravel(), counts.ravel()) for one in np.indices(counts.shape)]
    persons = pd.DataFrame({"office": places[0], "group": places[1]})
    return lambda: pd.crosstab(persons["office"], persons["group"], margins=True)


def strict(counts: np.ndarray) -> Measured:
    return lambda: suppress_table(counts, THRESHOLD)


def weak(counts: np.ndarray) -> Measured:
    return lambda: suppress_table(counts, THRESHOLD, level="one")


def rounded(counts: np.ndarray) -> Measured:
    return lambda: round_table(counts, BASE, key=b"benchmark")


@dataclass(frozen=True)
class Task:
    """What prepares a task, the shape of its table, and its limit in seconds."""

    prepare: Callable[[np.ndarray], Measured]
    shape: tuple[int, ...]
    limit: float | None = None


TASKS = {
    "one programme, 100 x 5": Task(one_programme, (100, 5)),
    "cross-table of pandas, 100 x 5": Task(cross_table, (100, 5)),
    "suppression, 100 x 5": Task(strict, (100, 5), 5),
    "suppression, level one, 100 x 5": Task(weak, (100, 5), 5),
    "rounding, 100 x 5": Task(rounded, (100, 5)),
    "one programme, 350 x 6": Task(one_programme, (350, 6)),
    "cross-table of pandas, 350 x 6": Task(cross_table, (350, 6)),
    "rounding, 350 x 6": Task(rounded, (350, 6), 1),
    "suppression, 350 x 6": Task(strict, (350, 6), 30),
    "rounding, 100 x 3 x 5": Task(rounded, (100, 5, 3)),
    "suppression, 18 x 2 x 4": Task(strict, (18, 4, 2), 30),
}


def taken(name: str) -> dict[str, float]:
    """What a task took at the least, and its largest memory."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command, runs = [sys.executable, __file__, "--task", name], []
    for _ in range(RUNS):
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | threads)
        runs.append(json.loads(answer.stdout.splitlines()[-1]))
    return min(runs, key=lambda took: took["cpu"]) | {"peak_gb": max(took["peak_gb"] for took in runs)}


def run_one(name: str) -> None:
    """Prepare a task, and measure it."""
    task = TASKS[name]
    rows, columns, *more = task.shape
    measured = task.prepare(table(rows, columns, *more))
    # The first programme of a process loads the solver.
    one_programme(table(2, 2))()
    run_task(lambda folder, size: measured(), Path(), 0)


def main() -> None:
    print(f"{'task':36}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'programmes':>12}{'limit':>12}")
    unit, kept = 1.0, True
    for name, task in TASKS.items():
        took = taken(name)
        unit = took["cpu"] if task.prepare is one_programme else unit
        good = task.limit is None or took["cpu"] <= task.limit
        limit = "" if task.limit is None else f"{task.limit} seconds" + ("" if good else " NO")
        figures = f"{took['cpu']:>8.3f}{took['wall']:>8.3f}{took['peak_gb']:>9.2f}"
        ratio = f"{took['cpu'] / unit:>12.1f}" if len(task.shape) == 2 else f"{'':12}"
        print(f"{name:36}{figures}{ratio}{limit:>12}".rstrip(), flush=True)
        kept &= good
    for name in ("suppression, 100 x 5", "suppression, 350 x 6", "suppression, 18 x 2 x 4"):
        print(found_words(name))
    print(f"all limits hold: {kept}")
    print(f"scipy {version('scipy')}, pandas {version('pandas')}")


def found_words(name: str) -> str:
    """How far from the least cost a suppression is proved to be."""
    rows, columns, *more = TASKS[name].shape
    found = suppress_table(table(rows, columns, *more), THRESHOLD)
    small, hidden = int(found.primary.sum()), int(found.hidden.sum())
    return f"{name}: {small} small, {hidden} hidden, cost {found.cost:.0f}, none below {found.bound:.0f} possible"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        run_one(sys.argv[2])
    else:
        main()
