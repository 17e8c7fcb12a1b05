"""Before a run and after it: nothing is built on a file that was changed outside, and nothing such left to look right.

A run begins with a look at all files that earlier runs made or read (analysis/run_record.py): outputs that are not as
their job left them are made anew, with everything that rests on them, and so is what was made of a source that is
another now. It ends with a second look. A file that was changed while the run was at work may have been read by any
step of it: the manifest is then taken away, so that `make verify` vouches for nothing until `make` has been run again.
"""

import contextlib
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from analysis.manifest import MANIFEST_NAME
from analysis.problems import Problem, stop_if_any
from analysis.run_record import Stock, mark_unfinished, read_record, take_stock

RESULTS = Path("results")
MANIFEST = RESULTS / "release" / MANIFEST_NAME
# What jobs read besides the deliveries; those are on record.
SOURCES = ("cohorts", "config", "reports", "workflow", "analysis", "requirements.lock", "Snakefile")
# Clocks of two machines that share a disk differ by so much.
SKEW_SECONDS = 2.0
SHOWN_FILES = 20

REMADE = "Endret utenom kjøringen. Dette lages på nytt, med alt som bygger på det:"
MEANWHILE = "Endret mens kjøringen gikk. Det kan ha kommet med i det som ble laget, og manifestet er derfor fjernet:"
GONE = "Ble borte mens kjøringen gikk:"
AGAIN = "La filene være i fred, og kjør make igjen."
FUTURE = "Filer er datert senere enn klokka på maskinen, og da kan kjøringen ikke se hva som er nytt."
CLOCK = "er datert {}."
MEND = "Rett klokka om den går feil; ellers kjør: touch {}"


def before_run(state: Path) -> Stock:
    """The look that a run begins with: tells what was changed outside, and has it made anew.

    Raises ProblemsFound for sources dated after the clock of this machine, as when it was set back.
    """
    stop_if_any(FUTURE, [_from_the_future(path) for path in _sources(state) if _is_ahead(path)])
    stock = take_stock(state)
    mark_unfinished(state, [*stock.changed, *stock.stale])
    if stock.changed:
        print("\n".join([REMADE, *listed(stock.changed), ""]), flush=True)
    for path in _files_below(RESULTS):
        if _is_ahead(path):
            # Checked above, so only the date is wrong: left as it is, the file would be newer than all made of it.
            os.utime(path)
    return stock


def after_run(state: Path, before: Stock, failed: Collection[str]) -> str:
    """What was changed while the run was at work, and what to do; empty when all is as the jobs left it.

    failed: logs of the jobs that failed, whose outputs Snakemake has taken away.
    """
    stock = take_stock(state)
    changed = sorted(set(stock.changed) - set(before.changed))
    if changed:
        MANIFEST.unlink(missing_ok=True)
    gone = [name for name, logs in stock.gone.items() if not set(logs) & set(failed)]
    parts = [[heading, *listed(paths)] for heading, paths in ((MEANWHILE, changed), (GONE, gone)) if paths]
    return "\n".join(line for part in [*parts, [AGAIN]] for line in part) if parts else ""


def listed(paths: list[str]) -> list[str]:
    """One line for each file, and one for how many more there are."""
    hidden = len(paths) - SHOWN_FILES
    return [f"  {path}" for path in paths[:SHOWN_FILES]] + ([f"  … og {hidden} til"] if hidden > 0 else [])


def _sources(state: Path) -> list[Path]:
    here = {path for name in SOURCES for path in _files_below(Path(name))}
    return sorted(here | {path for path in map(Path, read_record(state).sources) if path.is_file()})


def _files_below(path: Path) -> Iterator[Path]:
    return (item for item in (path.rglob("*") if path.is_dir() else [path]) if item.is_file())


def _is_ahead(path: Path) -> bool:
    # Other commands may take away files of their own below results/ while we look.
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime > time.time() + SKEW_SECONDS
    return False


def _from_the_future(path: Path) -> Problem:
    dated = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
    return Problem(str(path), CLOCK.format(dated), MEND.format(path))
