"""Run every benchmark of this folder and write what they print to docs/performance.md: ``python -m benchmarks``."""

import os
import platform
import subprocess
import sys
from pathlib import Path

from analysis.files import write_text

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parent / "docs" / "performance.md"
INTRODUCTION = """# Performance

Written by `make bench`. Seconds depend on the machine and on what else it does: compare ratios within one table only.

Measured on {cores} cores, {system}, Python {python}.
"""


def main() -> None:
    """Benchmarks in order of name; a benchmark that fails stops the run and leaves the page as it was."""
    parts = [INTRODUCTION.format(cores=os.cpu_count(), system=platform.system(), python=platform.python_version())]
    for script in sorted(FOLDER.glob("bench_*.py")):
        said = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout
        title = script.stem.removeprefix("bench_")
        parts.append(f"## {title}\n\n```\n{said.rstrip()}\n```\n")
        print(said, flush=True)
    write_text(PAGE, "\n".join(parts))


if __name__ == "__main__":
    main()
