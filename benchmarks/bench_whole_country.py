"""A whole country through the rules themselves: 600 000 persons, 4.2 million spells, 120 months, from CSV to estimate.

    python benchmarks/bench_whole_country.py [persons]

Each rule is asked for alone, by Snakemake in a process of its own. Told are the largest memory of any process of the
job (Snakemake itself takes about 0.2 GB, and stands for the rules that take less), the memory that the rule states
(`analysis.resources`), and seconds. The rules are those of the workflow; card and delivery are made here.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
from measuring import command_line, in_own_process

from analysis.cards import read_card
from analysis.intervals import first_days
from analysis.months import month_number
from analysis.provenance import ROOT
from analysis.resources import Size, memory_mb, runtime_minutes, size_of
from analysis.run import environment

PERSONS, SPELLS_EACH, MONTHS, OFFICES = 600_000, 7, 120, 200
FIRST = month_number("2014-01")
TYPES = ("ARBEID", "AAP", "DAGPENGER", "SOSIALHJELP")
COHORT = "whole_country"
MADE = f"results/restricted/{COHORT}"
# The rules in their order, and a file that each makes.
RULES = {
    "read_delivery": f"{MADE}/inputs.json",
    "build_panel": f"{MADE}/months.parquet",
    "match_persons": f"{MADE}/matching.json",
    "estimate_did": f"{MADE}/estimates.parquet",
    "estimate_subgroups": f"{MADE}/subgroups.parquet",
    "specification_grid": f"{MADE}/specifications.parquet",
    "certify_cohort": f"{MADE}/certificate.json",
}
# What a project is to Snakemake, besides its cohorts.
PARTS = ("Snakefile", "workflow", "analysis", "config", "reports", "environment.yml", "requirements.lock")


def make_project(folder: Path, persons: int) -> None:
    """The project with this one cohort."""
    for name in PARTS:
        (folder / name).symlink_to(ROOT / name)
    cohort = folder / "cohorts" / COHORT
    (cohort / "data").mkdir(parents=True)
    (cohort / "cohort.yaml").symlink_to(Path(__file__).parent / COHORT / "cohort.yaml")
    random = np.random.default_rng(7)
    pids = np.char.add("P", np.char.zfill(np.arange(persons).astype(str), 7))
    write(cohort / "data" / "personer.csv", made_persons(random, pids))
    offices = {
        "kontor": office_names(np.arange(OFFICES)),
        "fylke": np.char.add("Fylke ", (np.arange(OFFICES) % 11).astype(str)),
    }
    write(cohort / "data" / "kontorer.csv", offices)
    write(cohort / "data" / "perioder.csv", made_spells(random, pids))


def made_persons(random: np.random.Generator, pids: np.ndarray) -> dict[str, np.ndarray | pa.Array]:
    """One in fifty takes part, the young more often; starts over four years; one in a hundred dies."""
    persons = len(pids)
    born = random.integers(1955, 1996, persons)
    first, last = first_days(np.array([FIRST + 30, FIRST + MONTHS]))
    left = days(random.integers(first, last, persons), missing=random.random(persons) > 0.01)
    return {
        "pid": pids,
        "deltaker": (random.random(persons) < 0.02 * np.exp((born - 1975) / 40)).astype(int),
        "kontor": office_names(random.integers(0, OFFICES, persons)),
        "start": days(random.integers(first, first + 1461, persons)),
        "doed": left,
        "kvinne": random.integers(0, 2, persons),
        "foedselsaar": born,
    }


def made_spells(random: np.random.Generator, pids: np.ndarray) -> dict[str, np.ndarray | pa.Array]:
    """Spells with overlaps and gaps; one in fifty is open."""
    rows = len(pids) * SPELLS_EACH
    start, end = first_days(np.array([FIRST - 12, FIRST + MONTHS]))
    first = random.integers(start, end, rows)
    last = first + np.minimum(random.exponential(200, rows), 2000).astype(int)
    kinds = np.array(TYPES)[random.choice(len(TYPES), rows, p=(0.5, 0.2, 0.2, 0.1))]
    return {
        "pid": pids[random.integers(0, len(pids), rows)],
        "type": kinds,
        "fra": days(first),
        "til": days(last, missing=random.random(rows) < 0.02),
    }


def office_names(numbers: np.ndarray) -> np.ndarray:
    """Four digits."""
    return np.char.zfill(numbers.astype(str), 4)


def days(numbers: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Days since 1970 as dates."""
    return pa.array(numbers.astype("int32"), mask=missing).cast(pa.date32())


def write(path: Path, columns: dict[str, np.ndarray | pa.Array]) -> None:
    """A CSV file with commas."""
    pc.write_csv(pa.table(columns), path, pc.WriteOptions(quoting_style="none"))


def taken(folder: Path, rule: str) -> dict[str, float]:
    """Largest memory (GB) and seconds of a rule's job, from the processes that Snakemake starts."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "all", "--", RULES[rule]]
    clock = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    # Of the process and of all below it that have ended.
    _, status, used = os.wait4(process.pid, 0)
    if status:
        log = (folder / "logs" / COHORT / f"{rule}.log").read_text(encoding="utf-8")
        sys.exit(f"{rule} failed:\n{said}\n{log}")
    return {"peak_gb": used.ru_maxrss / 1e6, "cpu": used.ru_utime + used.ru_stime, "wall": time.perf_counter() - clock}


def main(persons: int) -> None:
    """Make the cohort in a process of its own, for its memory would be counted in that of the jobs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        in_own_process(__file__, "make", folder, persons)
        lock = [sys.executable, "-m", "analysis", "plan-lock", COHORT, "--date", "2026-11-22"]
        subprocess.run(lock, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)
        data = folder / "cohorts" / COHORT / "data"
        size = size_of(read_card(folder / "cohorts" / COHORT / "cohort.yaml"), data)
        found = {rule: taken(folder, rule) for rule in RULES}
    report(persons, size, found)


def report(persons: int, size: Size, found: Mapping[str, Mapping[str, float]]) -> None:
    """What each rule took, beside what it states."""
    print(f"{persons} persons, {persons * SPELLS_EACH} spells, {MONTHS} months; panel of {size.panel_mb / 1000:.1f} GB")
    print(f"{'rule':20}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'stated GB':>11}{'used':>7}{'stated min':>12}")
    for rule, took in found.items():
        stated, minutes = memory_mb(rule, size, attempt=1) / 1000, runtime_minutes(rule, size, attempt=1)
        seconds = f"{took['cpu']:>8.1f}{took['wall']:>8.1f}"
        print(f"{rule:20}{seconds}{took['peak_gb']:>9.2f}{stated:>11.1f}{took['peak_gb'] / stated:>7.0%}{minutes:>12}")
    fits = all(took["peak_gb"] < memory_mb(rule, size, attempt=1) / 1000 for rule, took in found.items())
    print(f"every rule fits in the memory that it states: {fits}")


if __name__ == "__main__":
    command_line({"make": make_project}, main, PERSONS)
