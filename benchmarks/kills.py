"""A run that is killed again and again until it is done: all of it, Snakemake alone, or one job alone.

The three take turns. Where a kill falls is drawn: how many more steps begin before it, and how long it waits then.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import psutil
from cards import write_small_cohort
from workspace import Workspace

from analysis.run import orphaned_jobs

KINDS = ("the whole run", "Snakemake alone", "one job")
# What a run says as a step begins.
STEP = re.compile(r"^\[ *\d+/\d+\]", flags=re.MULTILINE)
# More than a step takes to start, so that kills fall before, in and after its work.
LATEST_SECONDS = 3.0
MOST_STEPS = 6
PATIENCE_SECONDS = 1200


class Killable:
    """A run of `make` in a workspace, with what it says in a file beside it."""

    def __init__(self, workspace: Workspace, *extra: str):
        """Start it as a process group of its own."""
        self.folder = workspace.folder
        self.path = workspace.folder.with_suffix(".said")
        with open(self.path, "w") as sink:
            call = [sys.executable, "-m", "analysis", "run", "--cores", "2", *extra]
            self.process = subprocess.Popen(
                call,
                cwd=workspace.folder,
                env=workspace.environment(),
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Everything it has said so far."""
        return self.path.read_text(encoding="utf-8")

    def wait_for(self, words: str, count: int = 1) -> bool:
        """Wait until it has said this pattern so many times; False when it ended before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(re.findall(words, self.said, flags=re.MULTILINE)) < count:
            if self.process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def kill(self, kind: str, rng: np.random.Generator) -> bool:
        """Kill with force, and wait until the run is over; False when it was over before there was anything to kill."""
        while self.process.poll() is None:
            jobs = orphaned_jobs(self.folder)
            if kind == KINDS[0]:
                os.killpg(self.process.pid, signal.SIGKILL)
            elif kind == KINDS[1]:
                own = psutil.Process(self.process.pid)
                _kill([own, *(child for child in own.children(recursive=True) if not _is_of(child, jobs))])
            elif jobs:
                _kill([jobs[int(rng.integers(len(jobs)))]])
            else:
                continue
            self.process.wait(PATIENCE_SECONDS)
            return True
        return False


def _is_of(process: psutil.Process, jobs: list[psutil.Process]) -> bool:
    return process in jobs or any(parent in jobs for parent in process.parents())


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def kill_until_done(
    workspace: Workspace, expected: Mapping[str, bytes], rng: np.random.Generator, most: int
) -> tuple[list[str], list[str]]:
    """Run `make` in a workspace, killing at most so many times; the kinds of kills, and released files that are wrong.

    A file is wrong when it is not as in an undisturbed run, whose files are `expected`: after any kill, and at the end,
    when all of them must be there. Raises RuntimeError when the last run, which nobody disturbs, does not complete.
    """
    kills: list[str] = []
    wrong: set[str] = set()
    while len(kills) < most:
        kind = KINDS[len(kills) % len(KINDS)]
        steps, wait = int(rng.integers(MOST_STEPS)), float(rng.uniform(0, LATEST_SECONDS))
        run = Killable(workspace)
        if not run.wait_for(STEP.pattern, steps):
            break
        time.sleep(wait)
        if not run.kill(kind, rng):
            break
        kills.append(kind)
        # Jobs whose Snakemake was killed still write; what they leave is looked at after the next kill, or at the end.
        if not orphaned_jobs(workspace.folder):
            wrong |= {name for name, content in left(workspace).items() if expected.get(name) != content}
    said = workspace.make()
    if said.returncode:
        raise RuntimeError(said.stdout + said.stderr)
    return kills, sorted(wrong | differing(workspace.released(), expected))


def undisturbed(folder: Path) -> tuple[Workspace, Workspace]:
    """A workspace of two small cohorts that has not run yet, and the same after its run."""
    new = Workspace(folder / "new", cohorts=("mentor_hybrid",))
    write_small_cohort(new.folder)
    done = Workspace(folder / "done", source=new.folder)
    said = done.make()
    if said.returncode:
        raise RuntimeError(said.stdout + said.stderr)
    return new, done


def left(workspace: Workspace) -> dict[str, bytes]:
    """Released files without those that a killed job had not given their name yet."""
    return {name: content for name, content in workspace.released().items() if not Path(name).name.startswith(".")}


def differing(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> set[str]:
    """Names of files that are in one only, or not the same in both."""
    return {name for name in {*found, *expected} if found.get(name) != expected.get(name)}
