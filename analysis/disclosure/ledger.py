"""The ledger of releases of a cohort: everything that has left, so that what leaves next is audited together with it.

The restricted area has a file per release, ``0001.json`` and on: definitions, values, a salt, and the SHA-256 of the
file before. A public file lists the SHA-256 of each file and of each release's definitions; with it in the open, in
version control, nobody can change, remove or add a release unnoticed. The salt is drawn at random and stays restricted:
without it, the few whole numbers that a hidden count can be could be tried against the public hash until one fits.

A file is written whole or not at all, before the public list. A run that dies between the two leaves one file that is
not listed; it counts as released, and the next `admit` lists it.
"""

import contextlib
import fcntl
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.disclosure.corrections import standing, telling_corrections
from analysis.disclosure.declared import Declared
from analysis.disclosure.joint_audit import Audit, joint_audit
from analysis.disclosure.records import definition, digest, restored, values
from analysis.disclosure.targets import Rule
from analysis.files import read_json, sha256, write_json
from analysis.problems import Problem, ProblemsFound, stop_if_any

HEADING = "Utgivelsesboka er ikke til å stole på, og ingenting kan slippes ut."
MEND = "Hent filene tilbake fra sikkerhetskopien, og finn ut hva som har skjedd."
REFUSED = "Utgivelsen er ikke godkjent."
BEFORE_THE_FIRST = "0" * 64
SALT_BYTES = 32


@dataclass(frozen=True)
class Entry:
    """One release in the ledger: its content, and the SHA-256 of its file and of its definitions."""

    sequence: int
    release: Declared
    entry_sha256: str
    definition_sha256: str

    def listed(self) -> dict[str, Any]:
        """What the public file says of it."""
        return {
            "sequence": self.sequence,
            "report": self.release.report,
            "version": self.release.version,
            "definition_sha256": self.definition_sha256,
            "entry_sha256": self.entry_sha256,
        }


def read_ledger(folder: str | Path, public: str | Path) -> tuple[Entry, ...]:
    """Every release in time order, from the ledger's folder, checked against the chain and the public list.

    Raises ProblemsFound, without a value, when a file is missing, changed, added or not readable. No ledger: ().
    """
    folder = Path(folder)
    entries, problems, previous = [], [], BEFORE_THE_FIRST
    for sequence, path in enumerate(_files(folder), start=1):
        entry, found = _entry(path, sequence, previous)
        problems += found
        if entry is None:
            break
        entries.append(entry)
        previous = entry.entry_sha256
    stop_if_any(HEADING, problems or _unlisted(entries, Path(public)))
    return tuple(entries)


def admit(folder: str | Path, public: str | Path, new: Declared, rule: Rule) -> Audit:
    """Audit a release together with all before it, and write it into the ledger when it passes.

    Only one process at a time does so for a cohort. A release that is in the ledger already, the same in every
    respect, is not written twice. Raises ProblemsFound as `read_ledger` and `joint_audit`, and for another content
    under the same report and version; then nothing is written.
    """
    folder, public = Path(folder), Path(public)
    with _alone(folder):
        entries = read_ledger(folder, public)
        again = [entry for entry in entries if _name(entry.release) == _name(new)]
        stop_if_any(REFUSED, [_other_content(new) for entry in again if not _same(entry, new)])
        earlier = [entry.release for entry in entries if entry not in again]
        stop_if_any(REFUSED, telling_corrections(earlier, new, rule))
        found = joint_audit(standing(earlier, new), new, rule)
        if not again:
            entries = (*entries, _written(folder, entries, new))
        listed = [entry.listed() for entry in entries]
        if not public.exists() or read_json(public)["entries"] != listed:
            write_json(public, {"cohort": new.cohort, "entries": listed})
    return found


def _written(folder: Path, entries: tuple[Entry, ...], new: Declared) -> Entry:
    sequence = len(entries) + 1
    path = folder / f"{sequence:04d}.json"
    content = {
        "sequence": sequence,
        "previous": entries[-1].entry_sha256 if entries else BEFORE_THE_FIRST,
        "salt": secrets.token_hex(SALT_BYTES),
        "definition": definition(new),
        "values": values(new),
    }
    write_json(path, content)
    return Entry(sequence, new, sha256(path), digest(content["definition"]))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))


def _entry(path: Path, sequence: int, previous: str) -> tuple[Entry | None, list[Problem]]:
    """An entry, or what is wrong with it. What cannot be read is told of without what stands in it."""
    if path.name != f"{sequence:04d}.json":
        return None, [Problem(f"{sequence:04d}.json", "mangler i boka.", MEND)]
    try:
        content = path.read_bytes()
        written = json.loads(content)
        release = restored(written["definition"], written["values"])
        linked = (written["sequence"], written["previous"]) == (sequence, previous)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, [Problem(path.name, "lar seg ikke lese.", MEND)]
    if not linked:
        return None, [Problem(path.name, "hører ikke sammen med utgivelsen før.", MEND)]
    return Entry(sequence, release, hashlib.sha256(content).hexdigest(), digest(written["definition"])), []


def _unlisted(entries: list[Entry], public: Path) -> list[Problem]:
    """Differences between the entries and the public list, which may lack the last one."""
    try:
        listed = read_json(public)["entries"] if public.exists() else []
    except (ValueError, KeyError, TypeError):
        return [Problem(public.name, "lar seg ikke lese.", MEND)]
    if len(listed) > len(entries):
        return [Problem(f"{len(entries) + 1:04d}.json", "står i den åpne lista, men mangler i boka.", MEND)]
    if len(entries) > len(listed) + 1:
        return [Problem(f"{len(listed) + 1:04d}.json", "mangler i den åpne lista.", MEND)]
    changed = [entry for entry, line in zip(entries, listed, strict=False) if entry.listed() != line]
    return [Problem(f"{entry.sequence:04d}.json", "er endret siden den ble skrevet.", MEND) for entry in changed]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the ledger against other processes; the lock goes when the process does, however it ends."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = Problem("utgivelsesboka", "er i bruk av en annen kjøring.", "Vent til den er ferdig.")
            raise ProblemsFound(REFUSED, [problem]) from None
        yield


def _name(release: Declared) -> tuple[str, int]:
    return release.report, release.version


def _same(entry: Entry, new: Declared) -> bool:
    """Whether the release is the one in the ledger, in what is printed and in the truth behind it."""
    return digest(definition(new)) == entry.definition_sha256 and values(new) == values(entry.release)


def _other_content(new: Declared) -> Problem:
    what = f"versjon {new.version} er sluppet ut før, med et annet innhold."
    return Problem(f"rapport «{new.report}»", what, "Gi den rettede rapporten neste versjonsnummer.")
