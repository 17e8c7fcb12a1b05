"""docs/ny-kohort.md as steps that can be done: what it tells a person to write, replace and type, and what it shows."""

import re
import shlex
import shutil
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from workspace import Workspace

from analysis.cli import main

# Blocks of another language, as `sh`, are shown and not done.
BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
KEY = re.compile(r"^(\w+):")
OMITTED = "..."


@dataclass(frozen=True)
class Step:
    """One block of the page: `kind` is yaml (keys to put in), diff (lines to change) or empty (typed in a shell)."""

    kind: str
    body: str
    line: int


def steps(page: Path) -> list[Step]:
    """The blocks in the order of the page."""
    text = page.read_text(encoding="utf-8")
    return [Step(m["kind"], m["body"], text[: m.start()].count("\n") + 1) for m in BLOCK.finditer(text)]


def put_in(text: str, block: str) -> str:
    """`text` of a YAML file with each top-level key of `block` in the place of its own, new ones at the end."""
    parts = re.split(r"^(?=\w+:)", block, flags=re.MULTILINE)
    for part in (part.rstrip("\n") for part in parts if KEY.match(part)):
        key = KEY.match(part)[1]
        # The key's line and all that is indented below it.
        old = re.compile(rf"^{key}:.*\n(?:[ \t]+\S.*\n|[ \t]*\n(?=[ \t]+\S))*", re.MULTILINE)
        assert len(old.findall(text)) <= 1, f"{key} stands twice"
        text = old.sub(lambda _, part=part: part + "\n", text) if old.search(text) else f"{text.rstrip()}\n\n{part}\n"
    return text


def changed(text: str, block: str) -> str:
    """`text` with the lines after ``-`` replaced by those after ``+`` that follow them."""
    for hunk in re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)+)", block, flags=re.MULTILINE):
        old, new = ("".join(line[1:] + "\n" for line in part.splitlines()) for part in hunk)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


def do(workspace: Workspace, step: Step) -> list[tuple[str, str, str]]:
    """Do one step; returns what was typed, what the page shows of the answer, and the answer itself."""
    if step.kind in ("yaml", "diff"):
        first, _, rest = step.body.partition("\n")
        path = workspace.folder / first.removeprefix("#").removeprefix("---").strip()
        text = path.read_text(encoding="utf-8")
        path.write_text((put_in if step.kind == "yaml" else changed)(text, rest), encoding="utf-8")
        return []
    if step.kind:
        return []
    typed = re.split(r"^\$ ", step.body, flags=re.MULTILINE)
    assert not typed[0].strip(), f"line {step.line}: output without a command"
    pairs = [part.partition("\n")[::2] for part in typed[1:]]
    return [(line, shown, said(workspace, line)) for line, shown in pairs]


def said(workspace: Workspace, line: str) -> str:
    """What a line typed in the workspace answers on both streams together.

    What `make` would call is called in this process, where the packages are imported already; a run is one of its own.
    """
    if not line.startswith("make"):
        return _shell(workspace, line)
    asked = _shell(workspace, line.replace("make", f"{shutil.which('make')} --no-print-directory -n -o .venv/.ok", 1))
    words = shlex.split(asked)
    assert words[:3] == ["python", "-m", "analysis"], asked
    if words[3] == "run":
        made = workspace.make()
        return made.stdout + made.stderr
    with chdir(workspace.folder), StringIO() as both, redirect_stdout(both), redirect_stderr(both):
        main(words[3:])
        return both.getvalue()


def _shell(workspace: Workspace, line: str) -> str:
    call = ["/bin/bash", "-c", line]
    run = subprocess.run(call, cwd=workspace.folder, text=True, capture_output=True, check=False)
    return run.stdout + run.stderr


def settled(text: str) -> str:
    """`text` without what differs from day to day, and without counts that grow with the project."""
    text = re.sub(r"\b20\d\d-\d\d-\d\d\b", "ÅÅÅÅ-MM-DD", text)
    return re.sub(r"^( *(?:Lekkasjesøk|Utgivelsesbok|OK): .*)$", lambda m: re.sub(r"\d+", "N", m[1]), text, flags=re.M)


def not_said(shown: str, answer: str) -> list[str]:
    """Lines that the page shows and the answer does not have, in the order of the page; `...` stands for any."""
    left, missing = settled(answer).splitlines(), []
    for line in settled(shown).splitlines():
        if not line.strip() or line.strip() == OMITTED:
            continue
        if line in left:
            left = left[left.index(line) + 1 :]
        else:
            missing.append(line)
    return missing


def quotations(page: Path) -> dict[str, list[str]]:
    """What the page says that reports say, by the report named last before it: lines that begin with ``>``."""
    found, named = {}, ""
    for line in page.read_text(encoding="utf-8").splitlines():
        names = re.findall(r"`(\w+)\.nb\.html`", line)
        named = names[-1] if names else named
        if line.startswith("> "):
            found.setdefault(named, []).append(line.removeprefix("> "))
    return found
