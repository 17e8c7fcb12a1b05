"""The last search of a bundle before it is written: what would identify a person, in released files and code alike."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from analysis.canaries import canaries, searched
from analysis.filetext import SUFFIXES
from analysis.leakscan import scan_file
from analysis.problems import Problem
from analysis.release_files import SYNTHETIC

# What is text, and is read as such: the reader of files knows it by no suffix.
TEXTS = frozenset({".py", ".lock", ".in", ".cff", ".mk", ""})


def leaks(folder: Path, cohorts: Sequence[str], root: Path) -> list[Problem]:
    """Every finding in the files below `folder`: file, place and rule, never the value.

    The persons of made-up deliveries below `root` are canaries. A file of a kind that no bundle holds is a finding.
    """
    birds = searched(canaries([root / SYNTHETIC / name for name in cohorts if (root / SYNTHETIC / name).is_dir()]))
    allowed = SUFFIXES - {".zip", ".dta"}
    problems = []
    with tempfile.TemporaryDirectory() as place:
        for path in sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()):
            found = scan_file(_readable(path, Path(place)), canaries=birds, allowed_suffixes=allowed)
            name = path.relative_to(folder).as_posix()
            problems += [Problem(f"{name}, {one.place}", one.rule) for one in found]
    return problems


def _readable(path: Path, place: Path) -> Path:
    """The file, or a copy of it in `place` (over the one before) that is named as the text it is."""
    if path.suffix not in TEXTS or path.is_symlink():
        return path
    copy = place / "copy.txt"
    copy.write_bytes(path.read_bytes())
    return copy
