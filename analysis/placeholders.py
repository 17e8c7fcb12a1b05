"""Places in a cohort's files that a person has not filled in yet.

A new card is valid from the first minute, so validity cannot say that it is unfinished. A mark on the line does,
in the value or in a comment behind it, until the person takes it away.
"""

import re
from pathlib import Path

from analysis.problems import Problem
from analysis.yamlio import Document, read_yaml

MARK = "FYLL INN"
FILES = ("cohort.yaml", "published.yaml", "checklist.yaml")
_MARKED = re.compile(rf'(?:(?P<key>\w+): *"?)?{MARK}(?::\s*(?P<what>[^"]*))?')


def placeholders(folder: Path) -> list[Problem]:
    """Every mark in a cohort's card, published figures and checklist, with file, line, key and what is asked for."""
    return [problem for name in FILES if (folder / name).is_file() for problem in _marks(folder / name)]


def _marks(path: Path) -> list[Problem]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    marked = {number: found for number, line in enumerate(lines, start=1) if (found := _MARKED.search(line))}
    document = read_yaml(path) if marked else None
    return [Problem(_where(document, number, found["key"]), _asked_for(found)) for number, found in marked.items()]


def _where(document: Document, number: int, name: str | None) -> str:
    """The key that holds the mark, or else all that the line is about; the line alone where no key begins."""
    keys = [key for key, line in document.lines.items() if line == number and key]
    holding = [key for key in keys if key[-1] == name]
    if not keys:
        return f"{document.path}, linje {number}"
    return document.where(holding[0] if holding else min(keys, key=len))


def _asked_for(found: re.Match[str]) -> str:
    what = (found["what"] or "").strip()
    return f"fyll inn {what}." if what else "fyll inn."
