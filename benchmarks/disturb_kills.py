"""Runs that are killed with force at random moments: does `make` afterwards end with the same bytes?

    python benchmarks/disturb_kills.py [kills]

Two small cohorts, one of published figures and one with persons, are run once undisturbed. Then runs from the start to
the end are killed again and again: all of the run, Snakemake alone so that its jobs go on, or one job. A kill counts as
recovered when the run that goes on from there gives exactly the released files of the undisturbed one, and nothing that
differs from them lay in the released folder after any kill. Exit code 1 otherwise.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from kills import KINDS, kill_until_done, undisturbed  # noqa: E402
from workspace import Workspace  # noqa: E402

KILLS, MOST_IN_A_RUN, SEED = 50, 10, 20261122


def main(count: int) -> None:
    rng = np.random.default_rng(SEED)
    found: Counter[str] = Counter()
    recovered, runs, wrong = 0, 0, 0
    with tempfile.TemporaryDirectory() as place:
        new, done = undisturbed(Path(place))
        expected = done.released()
        while found.total() < count:
            workspace = Workspace(Path(place) / f"killed{runs}", source=new.folder)
            kills, bad = kill_until_done(workspace, expected, rng, min(MOST_IN_A_RUN, count - found.total()))
            found.update(kills)
            runs, wrong, recovered = runs + 1, wrong + len(bad), recovered + (0 if bad else len(kills))
            print(f"{found.total()} of {count}", *bad, file=sys.stderr, flush=True)
    print(f"runs of two small cohorts from start to end: {runs}; killed with force at random moments, seed {SEED}")
    for kind in KINDS:
        print(f"  {kind:20}{found[kind]:4}")
    print(f"kills: {found.total()}; recovered with the same bytes: {recovered}; silently wrong files: {wrong}")
    sys.exit(recovered < found.total())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS)
