"""Commands as the documents print them: where they stand, and what the page shows that they say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.provenance import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]) + sorted(
    (ROOT / "cohorts").rglob("README.md")
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Blocks in these languages, and those that name none, may hold commands.
SHELLS = ("", "sh", "bash", "console")
# With an argument: a program's name alone is a name.
PROGRAM = re.compile(
    r"make( |$)|(python3?|\.venv/bin/\w+|snakemake|pip|uv|git|npm|apt|sbatch|docker|pytest|mkdir|cp|rm|cd) \S"
)


@dataclass(frozen=True)
class Shown:
    """A command as a page prints it, and the lines that follow as its answer."""

    page: Path
    command: str
    answer: tuple[str, ...] = ()


def shown_on(page: Path) -> Iterator[Shown]:
    """Every command of a page: lines of its blocks, then code in running text."""
    text = page.read_text(encoding="utf-8")
    for language, block in BLOCK.findall(text):
        if language in SHELLS:
            yield from _of_block(page, block)
    for code in re.findall(r"`([^`\n]+)`", BLOCK.sub("", text)):
        if PROGRAM.match(code):
            yield Shown(page, code)


def _of_block(page: Path, block: str) -> Iterator[Shown]:
    """Lines that begin with ``$``, each with its answer; in a block that has none, every line that is a command."""
    prompted = re.split(r"^\$ ", block, flags=re.MULTILINE)
    for part in prompted[1:]:
        command, *answer = part.splitlines()
        yield Shown(page, _bare(command), tuple(answer))
    if len(prompted) == 1:
        yield from (Shown(page, _bare(line)) for line in block.splitlines() if PROGRAM.match(line))


def _bare(line: str) -> str:
    """The command without the remark behind it."""
    return re.sub(r"\s+#.*$", "", line).strip()


def pattern_of(answer: tuple[str, ...]) -> re.Pattern[str]:
    """What a printed answer must agree with: its lines in their order, with any number of lines where some are cut.

    Lines that are not shown may stand between. A date stands for any date.
    """
    lines = [line for line in answer if line.strip() and line.strip() not in ("...", "…")]
    parts = [re.sub(r"\d{4}-\d\d-\d\d", r"\\d{4}-\\d\\d-\\d\\d", _escaped(line)) for line in lines]
    return re.compile(r"^" + r" *$(?s:.*?)^".join(parts) + " *$", re.MULTILINE)


def _escaped(line: str) -> str:
    """As `re.escape`, with hyphens as they are."""
    return re.escape(line).replace(r"\-", "-")
