"""What each finished step left and what it read, so that a run never builds on a file that was changed since.

Snakemake goes by the times of files: it uses an output that somebody wrote over, and misses a source that was replaced
by an older one. Here every output of a finished job and every source it read is known by SHA-256. A file is hashed
again only when its size or time differs from those noted: looking at thousands of files takes a fraction of a second.

Snakemake's own metadata says which job made an output, from what, and the time of the file when the job was done; a
file with another time was changed after that. A change that keeps both size and time of a file is found by nobody
before `make verify`.
"""

import errno
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from analysis.files import read_json, sha256, write_json, write_text

METADATA, INCOMPLETE = Path("metadata"), Path("incomplete")
RECORD = "tiltakseffekt.files.json"
# Snakemake's own mark in a folder that a job makes; its time is that of the folder.
FOLDER_MARK = ".snakemake_timestamp"
# Snakemake splits longer names into folders whose names begin with @.
LONGEST_NAME = 254

Print = list[Any]  # size in bytes, time in nanoseconds, SHA-256
Prints = dict[str, Print]  # by path; of an output by the name below the folder that it is, or "" for a file
Marks = dict[str, tuple[Path, int]]  # by output, the file of its metadata and the time that was written


@dataclass(frozen=True)
class Record:
    """What a look found: outputs with the prints of their files and the digests of the sources they were made from,
    the prints of those sources, and outputs that a job made and that are not there."""

    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: Prints = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stock:
    """What differs from the record.

    changed: outputs that are not as their job left them; gone: outputs and sources that are not there, and were there
    at the last look or have been made since, with the logs of the job that makes them: Snakemake takes away what a job
    that fails has left; stale: one output of each job that read a source which is another now.
    """

    changed: list[str]
    gone: dict[str, list[str]]
    stale: list[str]


def take_stock(state: Path) -> Stock:
    """Compare outputs and sources with the record in Snakemake's folder `state`, and note what jobs have made since.

    Taken before a run and after it. Paths in the record are relative to the current folder, or absolute.
    """
    last = read_record(state)
    marks, unfinished = _marks(state / METADATA), _marks(state / INCOMPLETE)
    # Whatever an unfinished job left, Snakemake makes it anew.
    settled = {name: stamp for name, (_, stamp) in marks.items() if name not in unfinished}
    missing = sorted(name for name in settled if not Path(name).exists())
    kept: dict[str, Any] = {}
    for name in sorted(settled.keys() - set(missing)):
        noted = last.outputs.get(name)
        if noted is not None and noted["stamp"] == settled[name]:
            kept[name] = noted | {"same": _is_same(noted, Path(name))}
        elif (made := _made(name, marks, last.sources)) is not None:
            kept[name] = made
    sources = _present(last.sources, kept)
    _write(state / RECORD, [kept, sources, missing])
    lost = sorted({*missing, *last.sources} - {*last.missing, *sources})
    gone = {name: _told(marks[name][0]).get("log", []) if name in marks else [] for name in lost}
    return Stock([name for name in kept if not kept[name]["same"]], gone, _stale(kept, sources))


def _write(path: Path, content: list[Any]) -> None:
    """Keep the last record where the disk takes no more: the next look finds in Snakemake's metadata what it lacks."""
    try:
        # Compact: of thousands of files, in indented lines it takes longer to write than all the rest.
        write_text(path, json.dumps(content))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise


def read_record(state: Path) -> Record:
    """What the last look found."""
    path = state / RECORD
    return Record(*read_json(path)) if path.is_file() else Record()


def mark_unfinished(state: Path, names: Iterable[str]) -> None:
    """Mark outputs as Snakemake marks those of a job that did not end: it makes them anew, as far as it still makes
    them at all. (Its ``--forcerun`` stops at an output that no rule makes any longer.)"""
    for name in names:
        coded = urlsafe_b64encode(name.encode()).decode()
        *folders, last = (coded[start : start + LONGEST_NAME] for start in range(0, len(coded), LONGEST_NAME))
        write_json(state.joinpath(INCOMPLETE, *(f"@{part}" for part in folders), last), {"external_jobid": None})


def _marks(folder: Path) -> Marks:
    """Snakemake's file about each output in one of its folders, and the time that was written."""
    found = {}
    for place, _, files in os.walk(folder):
        for file in files:
            path = Path(place, file)
            coded = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
            found[urlsafe_b64decode(coded).decode()] = (path, path.stat().st_mtime_ns)
    return found


def _made(name: str, marks: Marks, sources: Prints) -> dict[str, Any] | None:
    """What is noted of an output that was made since the last look; None when its metadata was cut off by a kill, and
    Snakemake makes it anew by itself."""
    (mark, stamp), path = marks[name], Path(name)
    if not (told := _told(mark)):
        return None
    files = _files(path)
    read = {source: _as_read(source, told, sources) for source in told["input"] if source not in marks}
    return {
        "stamp": stamp,
        "job": told["log"],
        "same": all(_is_untouched(item, told["endtime"], path) for item in files.values()),
        "prints": {part: _print(item) for part, item in files.items()},
        "read": {source: digest for source, digest in read.items() if digest is not None},
    }


def _told(mark: Path) -> dict[str, Any]:
    """What Snakemake wrote of an output; nothing when a kill cut it off."""
    try:
        return json.loads(mark.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        return {}


def _is_untouched(item: Path, ended: float, path: Path) -> bool:
    """Snakemake dates an output when its job is done, and in a folder only its own mark."""
    changed = item.stat().st_mtime
    return changed == ended if item == path else changed <= ended


def _as_read(source: str, told: dict[str, Any], sources: Prints) -> str | None:
    """SHA-256 of a source as the job read it; None when it is gone.

    Where it may have changed while the job was at work, nobody knows: an empty digest, which no file has.
    """
    path, noted = Path(source), sources.get(source)
    if not path.is_file():
        return None
    current = _current(path, noted)[2]
    if noted is not None:
        return current if current == noted[2] else ""
    changed = path.stat().st_mtime
    if changed < told["starttime"]:
        return current
    # Snakemake hashes small sources when the job is done.
    after = (told["input_checksums"] or {}).get(source, "") if changed > told["endtime"] else ""
    return after.removeprefix("sha256:")


def _present(sources: Prints, outputs: dict[str, Any]) -> Prints:
    """Every source that some job has read, as it is now."""
    names = sorted({*sources, *(name for noted in outputs.values() for name in noted["read"])})
    return {name: _current(Path(name), sources.get(name)) for name in names if Path(name).is_file()}


def _stale(outputs: dict[str, Any], sources: Prints) -> list[str]:
    """One output of each job that read a source as it is no longer; Snakemake tells by itself of one that is gone."""
    found = {}
    for name, noted in sorted(outputs.items()):
        if any(source in sources and sources[source][2] != digest for source, digest in noted["read"].items()):
            found.setdefault(tuple(noted["job"]), name)
    return sorted(found.values())


def _is_same(noted: dict[str, Any], path: Path) -> bool:
    """Whether an output is as its job left it; the note takes over times that changed where the content did not."""
    files, prints = _files(path), noted["prints"]
    if not noted["same"] or files.keys() != prints.keys():
        return False
    current = {name: _current(item, prints[name]) for name, item in files.items()}
    if any(current[name][2] != prints[name][2] for name in current):
        return False
    prints.update(current)
    return True


def _files(path: Path) -> dict[str, Path]:
    if not path.is_dir():
        return {"": path}
    found = {item.relative_to(path).as_posix(): item for item in sorted(path.rglob("*")) if item.is_file()}
    return {name: item for name, item in found.items() if name != FOLDER_MARK}


def _current(path: Path, noted: Print | None) -> Print:
    """The print of a file, hashed only when size or time are not those noted."""
    status = path.stat()
    if noted is not None and noted[:2] == [status.st_size, status.st_mtime_ns]:
        return noted
    return _print(path)


def _print(path: Path) -> Print:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, _digest(path, status.st_size, status.st_mtime_ns)]


@cache
def _digest(path: Path, _size: int, _time: int) -> str:
    """SHA-256 of a file of this size and time: after a first run, a hundred jobs have read the same fonts."""
    return sha256(path)
