"""Faults that are committed on a finished workspace of the cohorts «liten» and «mentor_hybrid», and what must follow.

A fault runs `make` once while it lasts, and mends itself when the block ends, as its sentence tells a person to.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from kills import Killable, differing
from workspace import Workspace

Said = tuple[int, str]  # exit code of `make`, and everything it said
DAY_SECONDS = 86_400
LONG_AGO = 1_577_836_800.0  # 2020-01-01
DELIVERY = "cohorts/liten/data/persons.csv"
CARD = "cohorts/liten/cohort.yaml"
PERSONS = "results/restricted/liten/baseline.parquet"
# Makes anew everything from the persons on, and when matching begins, steps that read them are still to come.
ALL_AGAIN = ("--", "--forcerun", "results/restricted/liten/months.parquet")
MATCHING = "Matcher deltakere"


@dataclass(frozen=True)
class Fault:
    """What is done to the workspace, and what the first `make` must do: stop or complete, and say these words."""

    commit: Callable[[Workspace], AbstractContextManager[Said]]
    stops: bool
    says: str


@dataclass(frozen=True)
class Outcome:
    """What `make` did, whether all was well in the end, and if not, why. `silent`: wrong and told by nobody."""

    did: str
    why: str
    silent: bool

    @property
    def recovered(self) -> bool:
        """Whether nothing went wrong."""
        return not self.why


def tried(fault: Fault, done: Workspace, expected: Mapping[str, bytes], folder: Path) -> Outcome:
    """Commit a fault on a copy of a finished workspace, in `folder`; `expected` are its released files."""
    workspace = Workspace(folder, source=done.folder, results=True)
    with fault.commit(workspace) as (code, said):
        wrong = differing(workspace.released(), expected)
        silent = bool(wrong) and (code == 0 or is_vouched_for(workspace))
    did = "stopped and said why" if code else "made it anew"
    why = ["released files are wrong and nothing says so"] if silent else []
    why += [f"`make` gave {code}"] if bool(code) != fault.stops else []
    why += ["`make` did not say what it must"] if fault.says not in said else []
    again = made(workspace) if fault.stops else (0, "")
    why += ["`make` did not complete afterwards"] if again[0] else []
    why += ["other bytes in the end"] if differing(workspace.released(), expected) else []
    why += ["`make verify` finds faults"] if not is_vouched_for(workspace) else []
    if why:
        why += [said[-2000:], again[1][-2000:]]
    return Outcome(did, "; ".join(why), silent)


def made(workspace: Workspace, *extra: str) -> Said:
    """What `make` says."""
    said = workspace.make(*extra)
    return said.returncode, said.stdout + said.stderr


def is_vouched_for(workspace: Workspace) -> bool:
    """Whether `make verify` finds nothing wrong."""
    return workspace.command("-m", "analysis", "verify").returncode == 0


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    """Write something else over a file."""
    path.write_text("tull og tøys\n" * 50, encoding="utf-8")


def spoilt(name: str, spoil: Callable[[Path], None], *, older: bool) -> Fault:
    """A file that is spoilt between two runs; its time is then or, if `older`, long ago."""

    @contextlib.contextmanager
    def commit(workspace: Workspace) -> Iterator[Said]:
        path = workspace.folder / name
        spoil(path)
        if older:
            os.utime(path, (LONG_AGO, LONG_AGO))
        yield made(workspace)

    return Fault(commit, stops=False, says=f"lages på nytt, med alt som bygger på det:\n  {name}\n")


@contextlib.contextmanager
def older_delivery(workspace: Workspace) -> Iterator[Said]:
    """Another delivery with a time long ago is seen, and so is the first one when it is put back as it was."""
    path = workspace.folder / DELIVERY
    before, times = path.read_bytes(), path.stat()
    path.write_bytes(before.replace(b";9;", b";10;"))
    os.utime(path, (LONG_AGO, LONG_AGO))
    code, said = made(workspace)
    path.write_bytes(before)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    yield (code or made(workspace)[0]), said


@contextlib.contextmanager
def two_at_once(workspace: Workspace) -> Iterator[Said]:
    """A second run while the first is at work: it is turned away, and the first completes."""
    (workspace.folder / "results/release/liten/estimates.csv").unlink()
    first = Killable(workspace)
    first.wait_for(r"^\[")
    second = made(workspace)
    first.process.wait()
    yield second


def dated_ahead(*names: str) -> Callable[[Workspace], AbstractContextManager[Said]]:
    """Files dated tomorrow, as when the clock is set back a day; in the end they are touched."""

    @contextlib.contextmanager
    def commit(workspace: Workspace) -> Iterator[Said]:
        tops = [workspace.folder / name for name in names]
        paths = [path for top in tops for path in ([top] if top.is_file() else top.rglob("*")) if path.is_file()]
        later = time.time() + DAY_SECONDS
        for path in paths:
            os.utime(path, (later, later))
        yield made(workspace)
        for path in paths:
            os.utime(path)

    return commit


@contextlib.contextmanager
def _mount(folder: Path, *options: str) -> Iterator[None]:
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def full_disk(workspace: Workspace) -> Iterator[Said]:
    """A job writes the report to a disk that holds less than the report."""
    folder = workspace.folder / "results/review/reports/liten"
    shutil.rmtree(folder)
    # Without what is let out of it, nobody would miss the report.
    (workspace.folder / "results/release/reports/liten/liten.nb.pdf").unlink()
    folder.mkdir()
    with _mount(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        yield made(workspace)


def read_only(name: str, gone: str) -> Callable[[Workspace], AbstractContextManager[Said]]:
    """A folder that can be read only, while the file `gone` is to be made."""

    @contextlib.contextmanager
    def commit(workspace: Workspace) -> Iterator[Said]:
        (workspace.folder / gone).unlink()
        folder = workspace.folder / name
        with _mount(folder, "--bind", str(folder)):
            subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
            yield made(workspace)

    return commit


def meanwhile(disturb: Callable[[Path], None]) -> Callable[[Workspace], AbstractContextManager[Said]]:
    """Something is done to the workspace's folder while a run that makes much of a cohort anew is at work."""

    @contextlib.contextmanager
    def commit(workspace: Workspace) -> Iterator[Said]:
        run = Killable(workspace, *ALL_AGAIN)
        if not run.wait_for(MATCHING):
            raise RuntimeError(run.said)
        disturb(workspace.folder)
        code = run.process.wait()
        yield code, run.said

    return commit


def other_ages(folder: Path) -> None:
    """Persons that nobody could tell from the right ones, but one year older."""
    path = folder / PERSONS
    persons = pd.read_parquet(path)
    persons.assign(age=persons["age"] + 1).to_parquet(path, index=False)


@contextlib.contextmanager
def other_card(workspace: Workspace) -> Iterator[Said]:
    """A card that is edited while a run is at work, and put back with its old time before the next."""
    path = workspace.folder / CARD
    before, times = path.read_bytes(), path.stat()
    with meanwhile(lambda _: path.write_bytes(before.replace("Prøvefylket".encode(), "Prøvebyen".encode())))(
        workspace
    ) as (code, said):
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        yield (code or made(workspace)[0]), said


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


RELEASED = "results/release/liten/estimates.csv"
REVIEWED = "results/review/liten/estimates.csv"
ESTIMATES = "results/restricted/liten/estimates.parquet"
SOURCES = ("cohorts", "config", "reports", "results")
FAULTS: dict[str, Fault] = {
    "intermediate cut in the middle, newer": spoilt(ESTIMATES, cut, older=False),
    "intermediate cut in the middle, older": spoilt(ESTIMATES, cut, older=True),
    "rubbish in restricted, newer": spoilt("results/restricted/liten/checks.json", overwrite, older=False),
    "rubbish in restricted, older": spoilt("results/restricted/liten/checks.json", overwrite, older=True),
    "rubbish in review, newer": spoilt(REVIEWED, overwrite, older=False),
    "rubbish in review, older": spoilt(REVIEWED, overwrite, older=True),
    "rubbish in release, newer": spoilt(RELEASED, overwrite, older=False),
    "rubbish in release, older": spoilt(RELEASED, overwrite, older=True),
    "another delivery, older than the first": Fault(older_delivery, stops=False, says="Leser og kontrollerer"),
    "two runs at once": Fault(two_at_once, stops=True, says="En kjøring er i gang i denne mappen"),
    "clock set back a day: everything dated tomorrow": Fault(dated_ahead(*SOURCES), stops=True, says="Rett klokka"),
    "results dated tomorrow": Fault(dated_ahead("results"), stops=False, says="ingenting å gjøre"),
    "an input removed in mid-run": Fault(meanwhile(_remove(PERSONS)), stops=True, says="Ble borte mens kjøringen gikk"),
    "an intermediate changed in mid-run": Fault(meanwhile(other_ages), stops=True, says="Endret mens kjøringen gikk"),
    "a card edited in mid-run, and put back": Fault(other_card, stops=False, says=""),
}
# Only root may mount.
MOUNTED: dict[str, Fault] = {
    "disk full in a job": Fault(full_disk, stops=True, says="Disken er full"),
    "results read-only": Fault(read_only("results", RELEASED), stops=True, says="mappen kan ikke skrives til"),
    "a folder below read-only": Fault(read_only("results/release/liten", RELEASED), stops=True, says="skrivetilgang"),
}
if os.geteuid() == 0:
    FAULTS |= MOUNTED
