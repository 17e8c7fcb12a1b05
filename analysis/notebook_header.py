"""What a notebook says of itself: the header of its text file (jupytext's percent format), its title and its question.

Read as YAML, without jupytext: the workflow reads the headers in every job, and importing jupytext takes longer than
that.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
import yaml

from analysis.card_messages import explain
from analysis.problems import Problem, stop_if_any
from analysis.strict import Filled, Slug, Strict

KEY = "tiltakseffekt"
EDGE = "# ---"
HEADING = "Notatbøkene har feil. Ingenting er kjørt."
# The first cell of text begins with both.
OPENING = re.compile(r"^# # (?P<title>.+)\n#\n# \*\*(?P<question>.+)\*\*$", re.MULTILINE)
# Never a delivery, and never the places of this machine.
READABLE = re.compile(r"results/release/[\w./-]+|cohorts/\w+/(?:cohort|published)\.yaml|config/(?!local\.)\w+\.yaml")


class Header(Strict):
    """Title and question for readers, from the text; cohorts that must be in the project; files that are read, from
    the project's folder; and whether numbers in it are made up, so that the page has the banner."""

    title: Filled
    question: Filled
    cohorts: list[Slug]
    reads: list[Filled]
    synthetic: bool


@dataclass(frozen=True)
class _Read:
    header: Header | None
    problems: list[Problem]


def find_notebooks(folder: str | Path, cohorts: Collection[str]) -> dict[str, Header]:
    """Every ``<folder>/<notebook>.py`` by name, without those that need a cohort that is not among `cohorts`.

    Empty where there is no such folder. Raises ProblemsFound with the mistakes of all headers at once.
    """
    found = {path.stem: _header(path) for path in sorted(Path(folder).glob("*.py"))}
    stop_if_any(HEADING, [problem for read in found.values() for problem in read.problems])
    headers = {name: read.header for name, read in found.items() if read.header is not None}
    return {name: header for name, header in headers.items() if set(header.cohorts) <= set(cohorts)}


def read_header(path: str | Path) -> Header:
    """The header of one notebook; raises ProblemsFound with every mistake in it."""
    read = _header(Path(path))
    stop_if_any(HEADING, read.problems)
    assert read.header is not None
    return read.header


def _header(path: Path) -> _Read:
    """The header, or what is wrong with it."""
    try:
        source = path.read_text(encoding="utf-8")
        opening = OPENING.search(source)
        told = opening.groupdict() if opening else {}
        header = Header.model_validate({**told, **yaml.safe_load(_text(source))["jupyter"][KEY]})
    except (yaml.YAMLError, KeyError, TypeError):
        what = f"hodet øverst i filen kan ikke leses, eller mangler jupyter.{KEY}."
        return _Read(None, [Problem(str(path), what, "Skriv det som i de andre notatbøkene.")])
    except pydantic.ValidationError as error:
        return _Read(None, [_problem(path, details) for details in error.errors(include_url=False)])
    mend = "En notatbok leser bare results/release/, kort, publiserte tall og config/."
    closed = [name for name in header.reads if not READABLE.fullmatch(name) or ".." in name]
    return _Read(header, [Problem(f"{path}, reads", f"{name} kan ikke leses.", mend) for name in closed])


def _text(source: str) -> str:
    """The YAML between the first two lines ``# ---``, without the comment signs; empty without such lines."""
    parts = source.split(f"{EDGE}\n")
    lines = parts[1].splitlines() if len(parts) > 2 and not parts[0].strip() else []
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)


def _problem(path: Path, details: Any) -> Problem:
    what, mend = explain(details)
    return Problem(f"{path}, {'.'.join((KEY, *map(str, details['loc'])))}", what, mend)
