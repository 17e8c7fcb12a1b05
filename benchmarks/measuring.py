"""Tasks that a benchmark compares, each run in a process of its own that tells what it took."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

Task = Callable[[Path, int], None]  # of a folder for files, and of the size of the problem


def seconds_used() -> float:
    """Processor seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def in_own_process(script: str, name: str, folder: Path, size: int) -> dict[str, float]:
    """What a task took. This process stays small, for its own memory would be counted in that of the task."""
    command = [sys.executable, script, "--task", name, str(folder), str(size)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def run_task(task: Task, folder: Path, size: int) -> None:
    """Run one task in this process and print what it took as JSON."""
    before, clock = seconds_used(), time.perf_counter()
    task(folder, size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"cpu": seconds_used() - before, "wall": time.perf_counter() - clock, "peak_gb": peak}))


def command_line(tasks: Mapping[str, Task], main: Callable[[int], None], size: int) -> None:
    """``[size]`` runs the benchmark; ``--task name folder size`` one of its tasks."""
    if sys.argv[1:2] == ["--task"]:
        run_task(tasks[sys.argv[2]], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else size)
