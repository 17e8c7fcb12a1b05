"""The command `diff`: which results moved between two runs, by how much, and because of what."""

import argparse
from pathlib import Path
from typing import Any

from analysis.problems import ProblemsFound

NOTHING_YET = """Det er ingen tidligere kjøring å sammenligne med ennå. Den lagres når make endrer noe som er ute.
Oppgi en annen mappe, for eksempel fra en annen klone eller en pakke:
  make diff OLD=../annen-klone/results/release"""


def add_diff(commands: Any) -> None:
    """The command `diff`."""
    diff = commands.add_parser("diff", help="sammenlign to kjøringer: hva flyttet seg, hvor mye, og hvorfor")
    diff.add_argument("--old", type=Path, default=None, metavar="MAPPE", help="ellers det som sto før siste endring")
    diff.add_argument(
        "--new", type=Path, default=Path("results/release"), metavar="MAPPE", help="ellers results/release"
    )
    diff.add_argument("--all", action="store_true", help="vis hver rad som er endret")
    diff.set_defaults(command=_diff)


def _diff(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.earlier import BEFORE, EARLIER

    if options.old is None and not (EARLIER / BEFORE).is_dir():
        raise ProblemsFound(NOTHING_YET, [])
    from analysis.diff.report import diff_words

    print("\n".join(diff_words(options.old or EARLIER / BEFORE, options.new, every=options.all)))
    return 0
