"""The main job: one Snakemake run at a time in this folder, with its beginning and end told in Norwegian.

The lock is this process's own (flock), so that it goes with the process however that ends. What a killed run leaves
behind (Snakemake's lock, jobs without a parent, half-written files) is cleared before the next run starts. Processes
are known on this machine only: on a disk shared by several machines, `make` may run on one of them at a time. Jobs in
the queue of a cluster are asked for (`slurm_queue`), and never ended from here.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from analysis.cohorts import find_cohorts
from analysis.earlier import keep_and_tell, keep_first
from analysis.files import read_json
from analysis.notebook_header import find_notebooks
from analysis.places import data_folders
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.provenance import ROOT
from analysis.run_guard import after_run, before_run
from analysis.signoff import unsigned
from analysis.slurm_queue import stop_if_queued, uses_slurm

STATE = Path(".snakemake")
LOCK = STATE / "tiltakseffekt.lock"
SUMMARY = STATE / "tiltakseffekt.json"
RAW_ERRORS = STATE / "log" / "tiltakseffekt.stderr.txt"
RELEASE = Path("results/release")
WRITTEN_FOLDERS = ("results", "logs")
MIN_FREE_BYTES = 500_000_000
# Long enough for a job to end by itself, short enough not to be taken for a hang.
GRACE_SECONDS = 5.0
# A terminal tells every process of the run; only when Snakemake has not heard by then, it is told from here.
HEARD_SECONDS = 1.0
SHOWN_LINES = 40
# Enough for the error that ends a usage text or a traceback.
SHOWN_RAW_LINES = 3
EXCEPTION_LINE = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit|Found)\b")
# What a job meets on the disk is no fault of the program.
DISK_ERRORS = {
    errno.ENOSPC: "Disken er full. Frigjør plass, og kjør make igjen.",
    errno.EDQUOT: "Kvoten på disken er brukt opp. Frigjør plass, og kjør make igjen.",
    errno.EROFS: "Disken kan bare leses. Gi deg selv skrivetilgang, og kjør make igjen.",
    errno.EACCES: "Filen eller mappen er stengt for deg. Gi deg selv skrivetilgang, og kjør make igjen.",
}
DISK_ERROR = re.compile(r"\[Errno (\d+)\]")
LOGGING_LINE = re.compile(r"(DEBUG|INFO|WARNING) ")

BUSY = "En kjøring er i gang i denne mappen{}. Vent til den er ferdig, eller stopp den med Ctrl-C, og prøv igjen."
ENDING = "Avbryter når stegene som er i gang, er ferdige."
INTERRUPTED = "Kjøringen ble avbrutt. Kjør make igjen for å fortsette; steg som er ferdige, gjøres ikke om igjen."


def run(*, cores: int, profile: Path | None = None, extra: Sequence[str] = ()) -> int:
    """Run the workflow of the current folder with Snakemake and tell how it went; returns the exit code.

    cores: of this machine, or with a profile of a cluster those of each job at most. profile: a folder with options of
    Snakemake, in the place of profiles/default. extra: further arguments for Snakemake. Raises ProblemsFound when the
    run cannot start: another run is at work, the folder cannot be written to, the disk is full, the cluster does not
    answer, cards have mistakes, or files are dated after the clock. A run that fails, or during which files were
    changed from outside, returns 1 or more.
    """
    started = time.monotonic()
    check_folder()
    on_cluster = profile is not None and uses_slurm(profile)
    with exclusive_run():
        if on_cluster:
            stop_if_queued(Path.cwd())
        clear_dead_run(Path.cwd())
        cards = find_cohorts("cohorts")
        data_folders(cards, Path())
        find_notebooks("notebooks", cards)
        SUMMARY.unlink(missing_ok=True)
        earlier = newest_log()
        keep_first()
        before = before_run(STATE)
        options = ["--workflow-profile", str(profile)] if profile is not None else []
        code, told = snakemake(cores=cores, extra=[*options, *extra])
        keep_and_tell()
        summary = read_json(SUMMARY) if SUMMARY.is_file() else {}
        failed = [log for failure in summary.get("failures", []) for log in failure["log"]]
        disturbed = "" if summary.get("up_to_date") else after_run(STATE, before, failed)
    if code and told is not None:
        print(f"\n{INTERRUPTED}", file=sys.stderr)
        return 128 + told
    if code:
        print(f"\n{failure_words(code, summary, earlier=earlier, waiting=unsigned(cards, 'cohorts'))}", file=sys.stderr)
    if disturbed:
        print(f"\n{disturbed}", file=sys.stderr)
    if code or disturbed:
        return max(code, 1)
    print(success_words(summary, seconds=time.monotonic() - started), end="")
    return 0


def check_folder() -> None:
    """Stop when this is no project folder or one that Snakemake cannot use, and when it cannot be written to."""
    if not Path("Snakefile").is_file():
        raise ProblemsFound("Fant ingen Snakefile her. Gå til prosjektmappen, der README.md ligger, og prøv igjen.", [])
    if any(sign.isspace() for sign in str(Path.cwd())):
        # Snakemake puts the path into a command line without quotes, and every step fails with an empty log.
        raise ProblemsFound("Stien til prosjektmappen har mellomrom, og det tåler ikke Snakemake. Flytt mappen.", [])
    problems = [problem for folder in (STATE, *WRITTEN_FOLDERS) for problem in _write_problems(Path(folder))]
    stop_if_any("Kjøringen kan ikke starte, for mapper kan ikke skrives til.", problems)
    free = shutil.disk_usage(".").free
    if free < MIN_FREE_BYTES:
        needed, left = MIN_FREE_BYTES // 1_000_000, free // 1_000_000
        heading = f"Kjøringen kan ikke starte: disken har {left} MB ledig, og det trengs {needed} MB. Frigjør plass."
        raise ProblemsFound(heading, [])


def _write_problems(folder: Path) -> list[Problem]:
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return []
    except OSError as error:
        return [Problem(f"{folder}/", f"mappen kan ikke skrives til ({error.strerror}).", "Gi deg selv skrivetilgang.")]


@contextlib.contextmanager
def exclusive_run() -> Iterator[None]:
    """Hold the lock of this folder; raises ProblemsFound when another live process holds it."""
    # Python opens files so that no child inherits them; an orphan can thus never keep the lock.
    handle = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            number = os.read(handle, 20).decode(errors="replace").strip()
            raise ProblemsFound(BUSY.format(f" (prosess {number})" if number else ""), []) from None
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def clear_dead_run(folder: Path) -> None:
    """Remove what a killed run left in `folder`; raises ProblemsFound when a Snakemake is alive there.

    Jobs whose Snakemake is gone are ended first: they would write while the new run does.
    """
    living = snakemake_processes(folder)
    if living:
        raise ProblemsFound(BUSY.format(f" (Snakemake, prosess {living[0].pid})"), [])
    end_processes(orphaned_jobs(folder))
    shutil.rmtree(folder / STATE / "locks", ignore_errors=True)
    for path in (folder / "results").rglob(".*.tmp"):
        path.unlink(missing_ok=True)


def snakemake_processes(folder: Path) -> list[psutil.Process]:
    """Live Snakemake processes that work in `folder`, without this process and its parents."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [process for process, words in _commands_in(folder) if process.pid not in own and _is_snakemake(words)]


def orphaned_jobs(folder: Path) -> list[psutil.Process]:
    """Processes that run a script of a Snakemake in `folder`."""
    scripts = str(folder / STATE / "scripts")
    return [process for process, words in _commands_in(folder) if any(scripts in word for word in words)]


def _commands_in(folder: Path) -> Iterator[tuple[psutil.Process, list[str]]]:
    """Processes whose working folder is `folder`, with the words of their command lines."""
    for process in psutil.process_iter():
        # A process may end while we look, and those of other users do not show their folder.
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd() == str(folder):
                yield process, process.cmdline()


def _is_snakemake(words: list[str]) -> bool:
    """``snakemake …``, ``python …/bin/snakemake …`` or ``python -m snakemake …``."""
    names = [Path(word).name for word in words[:4]]
    return names[:1] == ["snakemake"] or ("snakemake" in names[1:] and names[0].startswith("python"))


def end_processes(processes: Sequence[psutil.Process]) -> None:
    """End processes, with force those that do not end when asked."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(processes, timeout=GRACE_SECONDS)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=GRACE_SECONDS)


def snakemake(*, cores: int, extra: Sequence[str]) -> tuple[int, int | None]:
    """Run Snakemake; returns its exit code and the number of the signal that ended it through us, or None."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--logger", "ord", "--rerun-incomplete"]
    # What fails for one cohort, such as a seal without a sign-off, stops no other.
    command.append("--keep-going")
    RAW_ERRORS.parent.mkdir(exist_ok=True)
    with open(RAW_ERRORS, "w", encoding="utf-8") as errors, _signals_noted() as told:
        # Started while the signals have handlers: a run in the background of a script would else pass on to Snakemake
        # and the jobs that SIGINT is ignored, and nothing but force would stop them.
        process = subprocess.Popen([*command, *extra], env=environment(), stdin=subprocess.DEVNULL, stderr=errors)
        return _wait(process, told)


def environment() -> dict[str, str]:
    """The surroundings of a run: our logger and this very package on the path, and what makes bytes repeatable."""
    path = [str(ROOT / "workflow" / "plugins"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    fixed = {"PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(filter(None, path))}
    return {**os.environ, **threads, **fixed}


@contextlib.contextmanager
def _signals_noted() -> Iterator[list[int]]:
    """Collect the SIGINT and SIGTERM that reach this process, in their order, instead of ending at them."""
    told: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: told.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(process: subprocess.Popen, told: list[int]) -> tuple[int, int | None]:
    """Wait for Snakemake, and pass on SIGINT (ends the jobs) and SIGTERM (lets running jobs finish)."""
    passed_on: list[int] = []
    while True:
        try:
            return process.wait(timeout=HEARD_SECONDS), told[-1] if told else None
        except subprocess.TimeoutExpired:
            for number in told[len(passed_on) :]:
                passed_on.append(number)
                if number == signal.SIGTERM:
                    print(ENDING, file=sys.stderr, flush=True)
                    process.send_signal(number)
                else:
                    _interrupt_tree(process.pid)


def _interrupt_tree(pid: int) -> None:
    """Interrupt Snakemake and its jobs: told alone, it would wait for jobs that know nothing."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in [*parent.children(recursive=True), parent]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT)


def success_words(summary: dict[str, Any], *, seconds: float) -> str:
    """How much was done, and where portal and reports lie; empty when Snakemake had another errand."""
    if summary.get("up_to_date"):
        return "\n".join(["Alt er oppdatert; ingenting å gjøre.", *places()]) + "\n"
    if summary.get("dry_run"):
        return f"Prøvekjøring: {summary['total']} steg ville blitt kjørt. Ingenting er gjort.\n"
    if summary.get("total"):
        done = f"Ferdig: {summary['finished']} av {summary['total']} steg på {duration(seconds)}."
        return "\n".join(["", done, *places()]) + "\n"
    return ""


def duration(seconds: float) -> str:
    """``under ett sekund``, ``1 sekund``, ``42 sekunder``, ``3 min 5 s``."""
    whole = int(seconds)
    if whole < 1:
        return "under ett sekund"
    if whole < 60:
        return f"{whole} sekund{'er' if whole > 1 else ''}"
    return f"{whole // 60} min {whole % 60} s"


def places() -> list[str]:
    """Lines that say where the portal and the reports lie, as far as they are there."""
    portal = [path for path in [RELEASE / "index.html"] if path.is_file()]
    found = sorted(path for kind in ("html", "pdf") for path in (RELEASE / "reports").glob(f"*/*.{kind}"))
    lines = [f"Startside: {path}" for path in portal]
    return lines + (["Rapporter:", *(f"  {path}" for path in found)] if found else [])


def failure_words(code: int, summary: dict[str, Any], *, earlier: Path | None, waiting: Sequence[str] = ()) -> str:
    """Which steps failed, for which cohort, where the log is and what it says; or why no step could start.

    earlier: Snakemake's newest log from before the run, which says nothing about it. waiting: cohorts that nobody has
    signed, which the start page is made without.
    """
    failures = summary.get("failures", [])
    if failures:
        count = f"{len(failures)} av {summary['total']} steg feilet, {summary['finished']} ble ferdige"
        parts = [f"Kjøringen stoppet: {count}.", *map(failed_step, failures)]
        parts.append(f"Tidligere resultater av steg som feilet, er urørt. {_start_page_words(failures, waiting)}")
        parts.append("Rett feilen og kjør make på nytt.")
    else:
        told = [text for text in summary.get("errors", []) if "At least one job did not complete" not in text]
        reason = "\n".join(told) or _raw_errors() or f"Snakemake sluttet med kode {code} uten å si hvorfor."
        parts = ["Kjøringen stoppet, men ikke på grunn av et steg. Tidligere resultater er urørt.", reason]
        parts += [words] if (words := _disk_words(reason)) else []
    log = newest_log()
    return "\n\n".join([*parts, *([f"Alt Snakemake sa: {log}"] if log != earlier else [])])


def _start_page_words(failures: Sequence[dict[str, Any]], waiting: Sequence[str]) -> str:
    """Whether what fails for some cohorts has held back the start page of the others."""
    if any(failure["cohort"] not in waiting for failure in failures):
        return "Startsiden, sammenligningen og manifestet er også som før, til alt som skal stå der, er ferdig."
    names = ", ".join(waiting)
    return f"Startsiden, sammenligningen og manifestet tar ikke med {names} før noen har godkjent det som skal ut."


def failed_step(failure: dict[str, Any]) -> str:
    """One failed step: cohort, words and rule, the log file, and the lines of it that matter."""
    cohort = f"{failure['cohort']}: " if failure["cohort"] else ""
    lines = [f"{cohort}{failure['words']} (regel {failure['rule']})"]
    for log in failure["log"]:
        lines.append(f"  Logg: {log}")
        lines += [f"  {line}" for line in log_lines(Path(log))]
    return "\n".join(lines)


def log_lines(path: Path) -> list[str]:
    """The lines of a log that tell why the job failed: the problems in full, or the error that ends a traceback."""
    if not path.is_file() or not (text := path.read_text(encoding="utf-8", errors="replace").strip()):
        return ["(Loggen er tom. Steget ble trolig avsluttet utenfra, for eksempel fordi minnet tok slutt.)"]
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    traces = [place for place, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if traces:
        errors = [place for place, line in enumerate(lines) if EXCEPTION_LINE.match(line) and place > traces[-1]]
        found = lines[errors[0] if errors else -1 :][:SHOWN_LINES]
        return [_disk_words(found[0]) or "Uventet feil i programmet:", *found]
    kept = [line for line in lines if not LOGGING_LINE.match(line)]
    hidden = len(kept) - SHOWN_LINES
    return kept[:SHOWN_LINES] + ([f"… og {hidden} linjer til i loggen."] if hidden > 0 else [])


def _disk_words(text: str) -> str:
    """What to do about an error of the disk that a text tells of; empty for any other."""
    # Snakemake looks before the job starts, and names the files itself.
    if "Write-protected output" in text:
        return DISK_ERRORS[errno.EROFS]
    number = DISK_ERROR.search(text)
    return DISK_ERRORS.get(int(number[1]), "") if number else ""


def _raw_errors() -> str:
    """The end of what Snakemake wrote past its logger: wrong arguments, or an error of its own."""
    lines = RAW_ERRORS.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-SHOWN_RAW_LINES:])


def newest_log() -> Path | None:
    """Snakemake's own log of the last run; its names sort by time."""
    return max((STATE / "log").glob("*.snakemake.log"), default=None)
