"""A person who withdraws is taken out of a cohort: of the delivery, and of everything in the restricted area.

What the pipeline has made of the delivery there is removed whole: the numbers of persons, the matched sets and the sums
all rest on everybody who was delivered, and a run makes them anew. The delivery is written without the person's rows,
each file in one step: whoever kills the purge finds whole files, old or new, and can start it again.

The receipt names nobody: no id and no digest of one. It is written before anything is touched, and again at the end.
Files of the delivery stand there with SHA-256, as in the provenance of every run; files that are removed without, for
a small one could be guessed from its digest.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis import __version__
from analysis.cards import Card, File
from analysis.delivery import file_label, file_path
from analysis.files import read_json, sha256, write_json
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.purge_files import BROKEN, holds, is_rewritten, person_column, write_without
from analysis.readers.contract import Unreadable
from analysis.release import KEY_FILE

RESTRICTED = Path("results/restricted")
RECEIPTS = "receipts"
# The ledger of releases holds counts and definitions, and no later release can be audited without it. The key of the
# rounding is drawn at random: under another, the same counts would be rounded the other way, and two releases side by
# side would tell more than either.
KEPT = ("ledger", KEY_FILE)
ENDING = ".purge"
BEGUN, FINISHED = "begun", "finished"
# A shorter id stands in many files by chance.
SHORTEST_SEARCHED = 6
CHUNK_BYTES = 1 << 20

REFUSED = "Personen kan ikke tas ut. Ingenting er endret."
ANEW = "Be leverandøren om en ny fil uten personen, eller slett radene selv. Kjør så purge igjen, med GONE=1."
LINK = "er en lenke, eller har flere navn på disken, og da ville det gamle innholdet bli liggende."


@dataclass(frozen=True)
class Rewritten:
    """A file of the delivery, and beside it the same without the person."""

    file: File
    path: Path
    temporary: Path
    rows_before: int
    rows_after: int

    def listed(self) -> dict[str, Any]:
        """What the receipt says of it."""
        return {
            "file": file_label(self.file),
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "sha256_before": sha256(self.path),
            "sha256_after": sha256(self.temporary),
        }


@dataclass(frozen=True)
class Purged:
    """What was done. `changed` and `removed` as in the receipt; `mentions` are files that may still hold the id."""

    changed: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    receipt: Path
    mentions: list[Path] = field(default_factory=list)
    unfinished: list[Path] = field(default_factory=list)


def purge(card: Card, cohort: str, folder: Path, person: str, *, root: Path, date: str, gone: bool = False) -> Purged:
    """Take the person with this id, as the delivery has it, out of the cohort.

    folder: where the delivery lies; date: of the receipt (YYYY-MM-DD); gone: the delivery holds the person no longer,
    and only what was made of it is to be removed. Raises ProblemsFound, before anything is changed, for a cohort
    without persons, a file that cannot be written without the person, links, and a person who is not there.
    """
    _stop_unless_persons(card)
    area = root / RESTRICTED / cohort
    _clear(folder)
    _stop_at_links(folder, _delivered(card, folder), area, root)
    with _rewritten(card, folder, person) as staged:
        if not staged and not gone:
            what = "ingen rader i leveransen har denne id-en."
            mend = "Kontroller id-en. Er personen alt tatt ut av leveransen, kjør med GONE=1."
            raise ProblemsFound(REFUSED, [Problem(cohort, what, mend)])
        done = _carried_out(staged, cohort, folder, area, root=root, date=date)
    mentions = [path for place in (folder, area) for path in _mentions(place, person)]
    return replace(done, mentions=mentions, unfinished=_unfinished(card, folder))


def _carried_out(
    staged: Sequence[Rewritten], cohort: str, folder: Path, area: Path, *, root: Path, date: str
) -> Purged:
    """Write the receipt, remove what was made, put the new files in place, and finish the receipt."""
    made = _made(area)
    changed = [item.listed() for item in staged]
    removed = [{"file": path.relative_to(root).as_posix(), "rows_before": _rows(path)} for path in made]
    receipt = _next_receipt(folder)
    content = {"cohort": cohort, "date": date, "version": __version__, "changed": changed, "removed": removed}
    _write_receipt(receipt, content | {"state": BEGUN})
    for path in made:
        path.unlink()
    for item in staged:
        item.temporary.replace(item.path)
    _write_receipt(receipt, content | {"state": FINISHED})
    return Purged(changed, removed, receipt)


def _stop_unless_persons(card: Card) -> None:
    problem = None
    if card.data_kind == "published":
        problem = Problem("data_kind", "kohorten har publiserte tall, og ingen data om personer.")
    elif card.synthetic is not None:
        problem = Problem("data_kind", "personene er oppdiktet, og kjøringen lager dem på nytt.")
    elif all(person_column(file) is None for file in card.files):
        problem = Problem("files", "ingen fil har en kolonne med id-er for personer.")
    stop_if_any(REFUSED, [problem] if problem else [])


def _delivered(card: Card, folder: Path) -> list[Path]:
    """Files of the delivery, those of installed packages apart."""
    paths = [file_path(file, folder) for file in card.files if file.package is None]
    return [path for path in paths if path is not None]


def _stop_at_links(folder: Path, delivered: Sequence[Path], area: Path, root: Path) -> None:
    inside = sorted(area.rglob("*")) if area.is_dir() else []
    linked = [path for path in (*delivered, folder / RECEIPTS, area, *inside) if _is_link(path)]
    places = [path.relative_to(root) if path.is_relative_to(root) else path.name for path in linked]
    problems = [Problem(str(place), LINK, "Legg selve filen der, og kjør på nytt.") for place in places]
    stop_if_any(REFUSED, problems)


def _is_link(path: Path) -> bool:
    return path.is_symlink() or (path.is_file() and path.stat().st_nlink > 1)


@contextmanager
def _rewritten(card: Card, folder: Path, person: str) -> Iterator[list[Rewritten]]:
    """The files that hold the person, each written anew beside itself; what is not put in place is removed again."""
    staged, problems = [], []
    with ExitStack() as cleaning:
        for file in card.files:
            if person_column(file) is None:
                continue
            if is_rewritten(file):
                item, problem = _without(file, folder, person, cleaning)
                staged += [item] if item else []
            else:
                problem = _still_holding(file, folder, person)
            problems += [problem] if problem else []
        stop_if_any(REFUSED, problems)
        yield staged


def _without(file: File, folder: Path, person: str, cleaning: ExitStack) -> tuple[Rewritten | None, Problem | None]:
    """The file without the person, or why it cannot be written; neither where the person is not in it."""
    path, label = folder / file.path, file_label(file)
    if not path.is_file():
        return None, Problem(label, "filen finnes ikke.", "Legg leveransen på plass.")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=ENDING)
    os.close(handle)
    temporary = Path(name)
    cleaning.callback(temporary.unlink, missing_ok=True)
    try:
        before, after = write_without(file, path, temporary, person)
    except BROKEN:
        return None, Problem(label, "filen kan ikke leses slik kortet sier.", "Se hva make check sier.")
    shutil.copymode(path, temporary)
    return (None if before == after else Rewritten(file, path, temporary, before, after)), None


def _still_holding(file: File, folder: Path, person: str) -> Problem | None:
    """What hinders the purge in a file that is not rewritten: the person is in it, or it cannot be read."""
    label = file_label(file)
    try:
        if not holds(file, file_path(file, folder), person, label):
            return None
    except Unreadable as broken:
        return broken.problems[0]
    if file.path is None:
        return Problem(label, "spørringen gir rader om personen.", "Få radene slettet i databasen, og kjør på nytt.")
    what = "filen har rader om personen, og dette formatet kan ikke skrives om uten å endre resten av filen."
    return Problem(label, what, ANEW)


def _made(area: Path) -> list[Path]:
    """Every file that the pipeline has made of the cohort in the restricted area."""
    paths = [path for path in sorted(area.rglob("*")) if path.is_file()] if area.is_dir() else []
    return [path for path in paths if path.relative_to(area).parts[0] not in KEPT]


def _rows(path: Path) -> int | None:
    """Rows of a table; None for what is no table, or one that cannot be read."""
    try:
        return pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
    except (OSError, pa.ArrowException):
        return None


def _clear(folder: Path) -> None:
    """Remove what a purge that was killed left beside the files of the delivery."""
    for path in folder.rglob(f".*{ENDING}"):
        path.unlink()


def _next_receipt(folder: Path) -> Path:
    numbers = [int(path.stem.rpartition("-")[2]) for path in _receipts(folder)]
    return folder / RECEIPTS / f"purge-{max(numbers, default=0) + 1:04d}.json"


def _receipts(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob(f"{RECEIPTS}/*.json")) if re.fullmatch(r"purge-\d{4,}", path.stem)]


def _write_receipt(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_json(path, content)


def _unfinished(card: Card, folder: Path) -> list[Path]:
    """Receipts of purges that were killed; one whose files have become what it says is finished now."""
    paths = {file_label(file): file_path(file, folder) for file in card.files}
    left = []
    for path in _receipts(folder):
        content = read_json(path)
        if content["state"] == BEGUN and all(_is_done(item, paths.get(item["file"])) for item in content["changed"]):
            _write_receipt(path, content | {"state": FINISHED})
        elif content["state"] == BEGUN:
            left.append(path)
    return left


def _is_done(item: dict[str, Any], path: Path | None) -> bool:
    return path is not None and path.is_file() and sha256(path) == item["sha256_after"]


def _mentions(folder: Path, person: str) -> Iterator[Path]:
    """Files below a folder that hold the id as it is written, in their name or their bytes; packed ones are not opened.

    None is searched for an id so short that it stands in files by chance.
    """
    if len(person) < SHORTEST_SEARCHED or not folder.is_dir():
        return
    forms = {person.encode(encoding) for encoding in ("utf-8", "utf-16-le")}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (person in path.name or _has_bytes(path, forms)):
            yield path


def _has_bytes(path: Path, forms: set[bytes]) -> bool:
    overlap, tail = max(map(len, forms)), b""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            if any(form in tail + chunk for form in forms):
                return True
            tail = chunk[-overlap:]
    return False
