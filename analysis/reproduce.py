"""The pipeline run twice from nothing, in surroundings as unlike as one machine has them, and the bytes compared.

The two runs differ in folder, time zone, locale, number of cores, order of Python's sets, and, where libfaketime is
installed, the clock. Both start from the project as it lies there, without what earlier runs made; the key that counts
are rounded by and the ledgers of releases are kept, as `make clean` keeps them, for they cannot be made anew.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analysis.cards import Card
from analysis.files import sha256
from analysis.release import KEY_FILE, OPEN, rounding_key
from analysis.run import environment

RESTRICTED, RELEASE = Path("results/restricted"), Path("results/release")
# Parts of a project that no run reads; data are linked to, not copied.
LEFT_OUT = (".*", "results", "logs", "tests", "docs", "__pycache__", "data")
LEDGER = "ledger"
DAYS_AHEAD = 400
# What Python needs to be told another time.
TOLD_TIME = Path(__file__).parent / "told_time"


@dataclass(frozen=True)
class Surroundings:
    """Where a run takes place; `days` is how far its clock is ahead of this machine's."""

    folder: str
    cores: int
    zone: str
    locale: str
    hash_seed: int
    days: int = 0


@dataclass(frozen=True)
class Compared:
    """Released files of two runs: how many are equal by kind, of how many, and what is not, with what is wrong."""

    equal: Counter[str] = field(default_factory=Counter)
    all: Counter[str] = field(default_factory=Counter)
    unlike: dict[str, str] = field(default_factory=dict)


def surroundings(*, can_fake_time: bool) -> tuple[Surroundings, Surroundings]:
    """The two runs. The second folder has a longer name and lies deeper, so that paths differ in length too."""
    days = DAYS_AHEAD if can_fake_time else 0
    first = Surroundings("a", cores=1, zone="UTC", locale="C.UTF-8", hash_seed=0)
    second = Surroundings(
        "b/et_annet_sted", 2, zone="Pacific/Auckland", locale="nb_NO.UTF-8", hash_seed=4711, days=days
    )
    return first, second


def copy_project(root: Path, folder: Path, cards: Mapping[str, Card], chosen: Collection[str]) -> None:
    """A copy of the project in `folder`, with these cohorts alone, and nothing that runs have made but the keys that
    counts are rounded by and the ledgers. A key that is not there yet is made in `root`: the two copies share it.
    """
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    for name, card in cards.items():
        cohort = folder / "cohorts" / name
        if name not in chosen:
            # The folder stays: config/local.yaml may name it.
            (cohort / "cohort.yaml").unlink()
            continue
        if (root / "cohorts" / name / "data").is_dir():
            (cohort / "data").symlink_to((root / "cohorts" / name / "data").resolve())
        kept = folder / RESTRICTED / name
        if card.disclosure.profile != OPEN:
            kept.mkdir(parents=True)
            rounding_key(root / RESTRICTED / name)
            shutil.copy2(root / RESTRICTED / name / KEY_FILE, kept)
        if (root / RESTRICTED / name / LEDGER).is_dir():
            shutil.copytree(root / RESTRICTED / name / LEDGER, kept / LEDGER)


def run_there(folder: Path, where: Surroundings) -> tuple[int, Path]:
    """Run the whole workflow in a copy; exit code, and the file that holds what it said.

    Snakemake itself, for `analysis.run` fixes the order of sets, and stops at files that are dated after the clock.
    """
    variables = {
        "TZ": where.zone,
        "LC_ALL": where.locale,
        "PYTHONHASHSEED": str(where.hash_seed),
        "PYTHONPATH": os.pathsep.join([str(folder), *([str(TOLD_TIME)] if where.days else [])]),
        # Waiting is counted by a clock of its own.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    clock = ["faketime", "-f", f"+{where.days}d"] if where.days else []
    said = folder.with_name(f"{folder.name}.txt")
    with open(said, "w", encoding="utf-8") as sink:
        call = [*clock, sys.executable, "-m", "snakemake", "--cores", str(where.cores), "--keep-going"]
        ended = subprocess.run(call, cwd=folder, env=environment() | variables, stdout=sink, stderr=sink, check=False)
    return ended.returncode, said


def can_fake_time() -> bool:
    """Whether a run can be told another time: faketime is installed, and Python believes it."""
    if not shutil.which("faketime"):
        return False
    ask = [sys.executable, "-c", "import time; print(time.time())"]
    now, later = (
        float(subprocess.run([*clock, *ask], capture_output=True, text=True, check=True).stdout)
        for clock in ([], ["faketime", "-f", "+2d"])
    )
    return later - now > 86_400


def compared(one: Path, other: Path) -> Compared:
    """Every released file of two projects."""
    found = Compared()
    first, second = (dict(_released(folder / RELEASE)) for folder in (one, other))
    for name in sorted({*first, *second}):
        kind = Path(name).suffix
        found.all[kind] += 1
        if name not in first or name not in second:
            found.unlike[name] = "finnes bare i den ene."
        elif sha256(first[name]) != sha256(second[name]):
            found.unlike[name] = "har ulikt innhold."
        else:
            found.equal[kind] += 1
    return found


def _released(folder: Path) -> Iterator[tuple[str, Path]]:
    return ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
