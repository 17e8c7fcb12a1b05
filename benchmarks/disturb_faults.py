"""Faults in the middle of everything: does `make` end with the same bytes, or say what to do?

    python benchmarks/disturb_faults.py

Two small cohorts, one of published figures and one with persons, are run once undisturbed. Then files are spoilt, disks
filled, clocks set back and inputs taken away, before and during a run, each in a copy of its own. A fault counts as
recovered when `make` afterwards gives exactly the released files of the undisturbed run; where it cannot, it must first
stop with the sentence that says what to do, and complete when that is done. Silently wrong is what differs from the
undisturbed run after `make` has ended well, or while `make verify` finds nothing wrong. Exit code 1 for either.
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from faults import FAULTS, MOUNTED, tried  # noqa: E402
from kills import undisturbed  # noqa: E402


def main() -> None:
    outcomes = []
    with tempfile.TemporaryDirectory() as place:
        _, done = undisturbed(Path(place))
        expected = done.released()
        print(f"{'fault':50}{'the first make':24}same bytes in the end")
        for number, (words, fault) in enumerate(FAULTS.items()):
            outcome = tried(fault, done, expected, Path(place) / f"fault{number}")
            outcomes.append(outcome)
            print(f"{words:50}{outcome.did:24}{'yes' if outcome.recovered else 'NO'}", flush=True)
            print(outcome.why, end="", file=sys.stderr)
    recovered, silent = sum(one.recovered for one in outcomes), sum(one.silent for one in outcomes)
    print(f"faults: {len(outcomes)}; recovered: {recovered}; silently wrong: {silent}")
    if not MOUNTED.items() <= FAULTS.items():
        print(f"not tried, for only root may mount: {', '.join(MOUNTED)}")
    sys.exit(recovered < len(outcomes) or silent > 0)


if __name__ == "__main__":
    main()
