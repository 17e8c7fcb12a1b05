"""Run the studies of this folder and write what they print to docs.

``python -m benchmarks`` runs the benchmarks (bench_*.py) into docs/performance.md, and ``python -m benchmarks soak``
the long versions of what the tests sample (soak_*.py) into docs/validation.md; ``faults`` the kills and other faults
(disturb_*.py) into the same page. Sections of a page that a call does not make anew stay.
"""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from analysis.files import write_text

FOLDER = Path(__file__).resolve().parent
DOCS = FOLDER.parent / "docs"


VALIDATION = """# Validation

Written by `make soak` and `make faults`: the long versions of studies that `make test` samples with fixed seeds.

Run with Python {python} on {system}.
"""


@dataclass(frozen=True)
class Study:
    """Scripts by the first part of their name, the page that holds what they say, and how the page begins."""

    scripts: str
    page: Path
    introduction: str


STUDIES = {
    "bench": Study(
        "bench_*.py",
        DOCS / "performance.md",
        """# Performance

Written by `make bench`. Seconds depend on the machine and on what else it does: compare ratios within one table only.

Measured on {cores} cores, {system}, Python {python}.
""",
    ),
    "soak": Study(
        "soak_*.py",
        DOCS / "validation.md",
        VALIDATION,
    ),
    "faults": Study("disturb_*.py", DOCS / "validation.md", VALIDATION),
}


def main(kind: str) -> None:
    """The scripts in order of name; one that fails shows its errors, stops the run and leaves the page as it was."""
    study = STUDIES[kind]
    facts = {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}
    own = {
        title(script) for other in STUDIES.values() if other.page == study.page for script in FOLDER.glob(other.scripts)
    }
    sections = {name: text for name, text in sections_of(study.page).items() if name in own}
    for script in sorted(FOLDER.glob(study.scripts)):
        run = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
        print(run.stdout, flush=True)
        if run.returncode:
            sys.exit(f"{script.name} failed with exit code {run.returncode}; {study.page.name} is unchanged")
        sections[title(script)] = f"## {title(script)}\n\n```\n{run.stdout.rstrip()}\n```\n"
    write_text(
        study.page, "\n".join([study.introduction.format(**facts), *(sections[name] for name in sorted(sections))])
    )


def title(script: Path) -> str:
    """The heading of a script's section."""
    return script.stem.partition("_")[2]


def sections_of(page: Path) -> dict[str, str]:
    """The sections of a page by their heading, each with one line feed at its end."""
    _, *parts = page.read_text(encoding="utf-8").split("\n## ") if page.is_file() else [""]
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "bench")
