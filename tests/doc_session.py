"""A project with the guide's example alone, and the commands that are typed in it."""

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from doc_commands import ROOT
from workspace import Workspace

from analysis.cli import main
from analysis.files import write_text
from analysis.release import KEY_FILE

COHORT = "jobbkurs_eksempel"
# A repository to clone: that of the project may be out of reach where its files were fetched without git.
EMPTY = "tomt.git"
# What `make test` hands on to any `make` below it.
OUTER_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
GUIDE = (ROOT / "docs" / "brukerveiledning.md").read_text(encoding="utf-8")
# Seconds for one command, the whole run on a busy machine too. What takes longer belongs in the table of
# test_doc_commands.py.
PATIENCE = 600


class Session:
    """The project, and what each command said, with its exit code first; `annex` is the technical annex."""

    def __init__(self, folder: Path):
        self.workspace = Workspace(folder, cohorts=[])
        self.said: dict[str, list[tuple[int, str]]] = {}
        self.annex = ""
        (folder / "docs").mkdir()
        shutil.copytree(ROOT / "docs" / "eksempel", folder / "docs" / "eksempel")
        (folder / ".venv").symlink_to(sys.prefix)
        subprocess.run(["git", "init", "-q", "--bare", folder / EMPTY], check=True)

    def type(self, command: str) -> None:
        """Run a command in the project. A target of the Makefile is what the Makefile makes of it, and where that is
        one of our own commands, it runs in this process, which has loaded what it needs."""
        words = self._recipe(command) if command.startswith("make") else []
        own = len(words) > 3 and words[:3] == ["python", "-m", "analysis"] and words[3] != "run"
        self.said.setdefault(command, []).append(self._in_process(words[3:]) if own else self._in_shell(command))

    def _recipe(self, command: str) -> list[str]:
        shown = self._make(command, "-n")
        return shlex.split(shown.stdout) if shown.returncode == 0 and shown.stdout.count("\n") == 1 else []

    def _in_process(self, arguments: list[str]) -> tuple[int, str]:
        said = io.StringIO()
        with (
            contextlib.chdir(self.workspace.folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            try:
                code = main(arguments)
            except SystemExit as stopped:
                code = int(stopped.code or 0)
        return code, said.getvalue()

    def _in_shell(self, command: str) -> tuple[int, str]:
        done = self._make(command)
        return done.returncode, done.stdout + done.stderr

    def _make(self, command: str, *options: str) -> subprocess.CompletedProcess:
        """In a shell whose `make` leaves the environment as it is."""
        line = f'make() {{ command make -o .venv/.ok {" ".join(options)} "$@"; }}; {command}'
        call, folder = ["bash", "-c", line], self.workspace.folder
        around = {name: value for name, value in self.workspace.environment().items() if name not in OUTER_MAKE}
        return subprocess.run(
            call,
            cwd=folder,
            env=around,
            text=True,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )


def write_card(session: Session, **replaced: str) -> None:
    """The card of the guide, with some of its lines replaced."""
    (card,) = re.findall(r"^```yaml\n(# yaml-language-server.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    for block in replaced.values():
        name = block.partition(":")[0]
        card, count = re.subn(rf"^{name}:.*\n(?:  .*\n)*", block, card, flags=re.MULTILINE)
        assert count == 1, name
    # How many numbers a release holds hangs on the secret that counts are rounded by: the one of the guide's own.
    key = session.workspace.folder / "results" / "restricted" / COHORT / KEY_FILE
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key.write_bytes(bytes(range(32)))
    # Plans of made-up cohorts are tried on a few studies here too.
    write_text(session.workspace.folder / "cohorts" / COHORT / "cohort.yaml", f"{card}\ncertify: {{draws: 20}}\n")
