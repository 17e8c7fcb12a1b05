"""The files of a delivery: where they lie, what is wrong with each as a whole, and its rows as text.

All options come from the card. A file that cannot be read as the card says gives findings, never a traceback and
never a value.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from analysis.card_delivery import file_label
from analysis.cards import Card, File
from analysis.csv_rows import ROW
from analysis.files import sha256
from analysis.findings import Finding
from analysis.problems import Problem, stop_if_any
from analysis.readers import open_file
from analysis.readers.contract import Unreadable, columns_wanted
from analysis.readers.postgresql import query_digest
from analysis.table_rules import counted, finding


def file_path(file: File, folder: Path) -> Path | None:
    """Where the file lies: in the cohort's data folder, or inside an installed package; None for a query."""
    if file.path is None:
        return None
    if file.package is None:
        return folder / file.path
    try:
        found = importlib.util.find_spec(file.package)
    except (ImportError, ValueError):  # a part of a dotted name is not there
        found = None
    if found is None or found.origin is None:
        return folder / file.package / file.path
    return Path(found.origin).parent / file.path


class Reading:
    """One pass through a file: `names` of its columns once it is open, and `findings` about the file as a whole.

    `stands` tells, after the pass, whether the rows that came were right, so that they may be checked and used.
    """

    def __init__(self, file: File, folder: Path):
        self.file, self.label = file, file_label(file)
        self.names: list[str] = []
        self.findings: list[Finding] = []
        self.stands = True
        self._path = file_path(file, folder)

    def batches(self) -> Iterator[pa.Table]:
        """The rows as text with their number in `ROW`, without empty rows."""
        if not self._is_there():
            self.stands = False
            return
        count = 0
        try:
            source = open_file(self.file, self._path, self.label)
            self.names = source.names
            for rows in source.batches:
                filled = without_empty_rows(rows)
                count += len(filled)
                yield filled
        except Unreadable as broken:
            self.stands = broken.rows_stand
            self.findings += missing_columns(self.file, self.names) if self.stands else []
            self.findings += [_unreadable(problem) for problem in broken.problems]
        else:
            self.findings += row_count_findings(self.file, count) + missing_columns(self.file, self.names)

    def _is_there(self) -> bool:
        """Whether there is anything to read; what is wrong otherwise is told."""
        if self._path is None:
            return True
        if not self._path.is_file():
            package = self.file.package
            place = f"pakken {package}" if package else f"kohortens mappe data/ ({self.file.path})"
            self.findings.append(finding("file_missing", self.label, place=place))
            return False
        if self.file.sha256 is not None and sha256(self._path) != self.file.sha256:
            self.findings.append(finding("checksum", self.label))
        if self._path.stat().st_size == 0:
            self.findings.append(finding("file_empty", self.label))
            return False
        return True


def _unreadable(problem: Problem) -> Finding:
    """What a reader says; its `where` may hold rows."""
    return Finding(rule="file_unreadable", severity="FATAL", where=problem.where, what=problem.what, mend=problem.mend)


def missing_columns(file: File, names: list[str]) -> list[Finding]:
    """One finding per column that the card names and the file lacks. The header is not shown: it may be a person."""
    wanted = dict.fromkeys([*columns_wanted(file), *(name for c in file.columns.values() for name in c.earliest or ())])
    label = file_label(file)
    return [finding("column_missing", label, column=name) for name in wanted if name not in names]


def row_count_findings(file: File, count: int) -> list[Finding]:
    """No rows at all, or another number than the card states."""
    if count == 0:
        source = "filen har ingen rader" if file.path else "spørringen gir ingen rader"
        return [finding("no_rows", file_label(file), source=source)]
    if file.rows is None or count == file.rows:
        return []
    return [finding("row_count", file_label(file), found=counted(count, "rad", "rader"), stated=file.rows)]


def without_empty_rows(rows: pa.Table) -> pa.Table:
    """The rows with something in at least one column."""
    empty = None
    for name in rows.column_names:
        if name != ROW:
            lengths = pc.fill_null(pc.binary_length(rows.column(name)), 0)
            if len(rows) == 0 or pc.min(lengths).as_py() > 0:
                return rows
            hollow = pc.equal(lengths, 0)
            empty = hollow if empty is None else pc.and_(empty, hollow)
            if not pc.any(empty).as_py():
                return rows
    return rows if empty is None else rows.filter(pc.invert(empty))


def delivery_files(card: Card, folder: str | Path) -> dict[str, Path]:
    """Label and path of every file of the delivery; a query has none."""
    found = {file_label(file): file_path(file, Path(folder)) for file in card.files}
    return {label: path for label, path in found.items() if path is not None}


def delivery_digests(card: Card, folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the delivery and of the result of every query, by label.

    A query is asked again; raises ProblemsFound if it cannot be.
    """
    digests = {label: sha256(path) for label, path in delivery_files(card, folder).items()}
    problems: list[Problem] = []
    for file in card.files:
        if file.path is None:
            try:
                digests[file_label(file)] = query_digest(file, file_label(file))
            except Unreadable as broken:
                problems += broken.problems
    stop_if_any("Databasen svarte ikke da resultatet skulle få sjekksum.", problems)
    return digests
