"""The numbers of the release before the last change, kept so that two runs can be compared (`make diff`).

``results/earlier/now`` is a copy of what was released when the last run ended, and ``results/earlier/before`` of what
it replaced. Only treated numbers and models of reports are kept: what is in the released folder already. A copy is
whole or not there at all; a run that is killed leaves both as they were, and the next one goes on from them.
"""

import filecmp
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

RELEASE, EARLIER = Path("results/release"), Path("results/earlier")
NOW, BEFORE, UNFINISHED = "now", "before", "unfinished"
# Numbers, cards, verdicts and where they come from, and one language of each report.
NOT_KEPT = "Tallene ble ikke lagt i {folder} ({reason}). make diff kan derfor ikke vise hva kjøringen flyttet."
PATTERNS = ("manifest.json", "*/*.csv", "*/*.json", "reports/*/*.nb.json")


def keep_release(release: Path = RELEASE, earlier: Path = EARLIER) -> bool:
    """Copy the released numbers where they differ from the last copy, which becomes the one before; whether one did."""
    if not release.is_dir() or _same(release, earlier / NOW):
        return False
    unfinished = earlier / UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    for name in kept_files(release):
        (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(release / name, unfinished / name)
    if not unfinished.is_dir():
        return False
    if (earlier / NOW).is_dir():
        shutil.rmtree(earlier / BEFORE, ignore_errors=True)
        (earlier / NOW).rename(earlier / BEFORE)
    unfinished.rename(earlier / NOW)
    return True


def keep_first(release: Path = RELEASE, earlier: Path = EARLIER) -> None:
    """Copy what is released where there is no copy yet, before a run replaces it."""
    if not (earlier / NOW).is_dir():
        keep_and_tell(release, earlier)


def keep_and_tell(release: Path = RELEASE, earlier: Path = EARLIER) -> None:
    """`keep_release` at the end of a run, whose results stand whether they could be copied or not."""
    try:
        keep_release(release, earlier)
    except OSError as error:
        print(NOT_KEPT.format(folder=earlier, reason=error.strerror), file=sys.stderr)


def kept_files(release: Path) -> Iterator[str]:
    """The files of a released folder that two runs are compared by, from there."""
    found = {path.relative_to(release).as_posix() for pattern in PATTERNS for path in release.glob(pattern)}
    yield from sorted(found)


def _same(release: Path, kept: Path) -> bool:
    """Whether a copy has the same files with the same content; a file of the same size and time is not read."""
    names = list(kept_files(release))
    if not kept.is_dir() or names != list(kept_files(kept)):
        return False
    return all(filecmp.cmp(release / name, kept / name) for name in names)
