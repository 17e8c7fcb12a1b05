"""A copy of the project in a folder of its own, to run the pipeline in without touching anybody's results."""

import compileall
import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).resolve().parent.parent
# Folders of a checkout that no run needs, and those that a run makes.
IDLE = (".git", ".venv*", ".*_cache", ".hypothesis", "tests", "docs")
MADE = ("results", "logs", ".snakemake")


class Workspace:
    """The copy, and the commands a person would type in it."""

    def __init__(
        self, folder: Path, *, source: Path = ROOT, results: bool = False, cohorts: Collection[str] | None = None
    ):
        """Copy `source` to `folder`; with `results` what its runs made too, with their times; only some `cohorts`, and
        then in one language."""
        self.folder = folder
        left_out = IDLE if results else (*IDLE, *MADE)
        first = source == ROOT
        # Each notebook takes seconds, and those who copy a few cohorts ask about those.
        left_out = left_out if cohorts is None else (*left_out, "notebooks")
        left_out = (*left_out, "__pycache__") if first else left_out
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*left_out), symlinks=True)
        if first:
            # Or each of its hundreds of jobs compiles all that it imports. Bytecode that is held against the source
            # itself, not its time: an edit within the second in which it was made is seen too.
            compileall.compile_dir(
                folder / "analysis", quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH, workers=1
            )
        if first:
            self._certify_less()
        if cohorts is not None:
            self.edit("config/config.yaml", "languages: [nb, nn, en]", "languages: [nb]")
        for card in (folder / "cohorts").glob("*/cohort.yaml") if cohorts is not None else ():
            if card.parent.name not in cohorts:
                shutil.rmtree(card.parent)

    @classmethod
    def of(cls, folder: Path) -> "Workspace":
        """The copy that already lies in `folder`."""
        made = cls.__new__(cls)
        made.folder = folder
        return made

    def _certify_less(self) -> None:
        """Plans of made-up cohorts are tried on a few studies, which takes a minute less and moves only their grade."""
        for card in (self.folder / "cohorts").glob("*/cohort.yaml"):
            text = card.read_text(encoding="utf-8")
            if "\nsynthetic:" in text and "\ncertify:" not in text:
                card.write_text(f"{text.rstrip()}\n\ncertify: {{draws: 20}}\n", encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """This process's environment with the copy's own modules first."""
        return {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, *arguments: str, **surroundings: str) -> subprocess.CompletedProcess:
        """Run ``python <arguments>`` in the copy, with these variables in its environment, and return what it said."""
        call = [sys.executable, *arguments]
        environment = self.environment() | surroundings
        return subprocess.run(call, cwd=self.folder, env=environment, text=True, capture_output=True, check=False)

    def make(self, *extra: str) -> subprocess.CompletedProcess:
        """What ``make`` does."""
        return self.command("-m", "analysis", "run", "--cores", "2", *extra)

    def planned(self) -> dict[str, int]:
        """Jobs by rule that a run would do now."""
        said = self.command("-m", "snakemake", "-n", "--cores", "2", "--quiet", "rules")
        assert said.returncode == 0, said.stdout + said.stderr
        lines = [line.split() for line in (said.stdout + said.stderr).splitlines()]
        return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdigit()}

    def released(self) -> dict[str, bytes]:
        """Every released file and its content."""
        folder = self.folder / "results" / "release"
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
        }

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands once in a file of the copy."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name}: {old!r} stands {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")
