"""How the process of a job begins: what it says goes to its log file."""

import gc
import logging
import os
import sys
from pathlib import Path


def log_to(path: str | os.PathLike) -> None:
    """Send standard output, standard error, warnings and uncaught errors of this process to `path`.

    Snakemake leaves the log of a `script:` job empty otherwise. Messages of the pipeline hold file, column,
    row number and rule, never a value of a person.
    """
    # A job lives for seconds and drops little: looking through all it holds, again and again, is a tenth of its time.
    gc.set_threshold(100_000, 20, 50)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    stream = open(target, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - lives as long as the process
    os.dup2(stream.fileno(), 1)
    os.dup2(stream.fileno(), 2)
    sys.stdout = sys.stderr = stream
    logging.basicConfig(stream=stream, level=logging.INFO, force=True, format="%(levelname)s %(message)s")
    logging.captureWarnings(True)
    sys.excepthook = _short_excepthook


def _short_excepthook(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """Print problems meant for a reader as they are, and everything else with its traceback."""
    from analysis.problems import ProblemsFound

    if isinstance(error, ProblemsFound):
        print(error, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
