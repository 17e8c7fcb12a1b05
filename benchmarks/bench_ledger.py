"""The ledger of releases: forty reports of one cohort audited together, and a new one against the others.

    python benchmarks/bench_ledger.py [offices]

Each report prints, for every office, the persons, those followed to one month more than the report before, and those of
them in work, with totals: rounded to base 3, and as they are. A few per office are lost on the way, so that differences
between reports are what an attacker looks for; of the exact ones there are hundreds, all but those of the last report
out already. A fit is one linear programme over all equations: the greatest count of one cell. Compare ratios inside one
run only.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.disclosure.declared import (  # noqa: E402
    COUNT,
    Cell,
    Classification,
    Declared,
    Dimension,
    Group,
    Number,
    Place,
    Truth,
    cell,
)
from analysis.disclosure.equations import equations  # noqa: E402
from analysis.disclosure.interval import Reader  # noqa: E402
from analysis.disclosure.joined import joined  # noqa: E402
from analysis.disclosure.joint_audit import audit  # noqa: E402
from analysis.disclosure.profiles import read_profiles  # noqa: E402
from analysis.disclosure.shown import Shown, exact, rounded  # noqa: E402

OFFICES, REPORTS, PERSONS_PER_OFFICE = 18, 40, 34
SECONDS = 10
WORK, NO_WORK, LOST = "i arbeid", "ikke i arbeid", "ikke fulgt"


def numbers(counts: np.ndarray, offices: tuple[str, ...], report: str, month: str, base: int) -> tuple[Number, ...]:
    """counts (offices, 3): in work, not in work, lost at that month."""
    followed = (WORK, NO_WORK)
    columns = {"alle": {}, "fulgt": {month: followed}, "i arbeid": {month: WORK}}
    places = {"alle": [0, 1, 2], "fulgt": [0, 1], "i arbeid": [0]}
    found = []
    for column, parts in columns.items():
        inner = counts[:, places[column]].sum(axis=1)
        found += [
            _number(report, office, column, cell(parts, kontor=office), count, base)
            for office, count in zip(offices, inner, strict=True)
        ]
        found.append(_number(report, "i alt", column, cell(parts), int(inner.sum()), base))
    return tuple(found)


def _number(report: str, row: str, column: str, item: Cell, count: int, base: int) -> Number:
    place = Place(report, "Kontor", row, column)
    return Number(place, COUNT, Group((item,)), _shown(int(count), base), truth=Truth(value=int(count)))


def _shown(count: int, base: int) -> Shown:
    return exact(count) if base == 1 else rounded((count + base // 2) // base * base, base)


def releases(offices: int, reports: int, base: int) -> list[Declared]:
    rng = np.random.default_rng(9)
    names = tuple(f"{number:04d}" for number in range(offices))
    sizes = rng.poisson(PERSONS_PER_OFFICE, offices) + 5
    found = []
    for report in range(reports):
        month = f"måned {report + 1}"
        counts = np.array(
            [rng.multinomial(size, (0.3, 0.68 - 0.004 * report, 0.02 + 0.004 * report)) for size in sizes]
        )
        dimensions = (Dimension("kontor", names), Dimension(month, (WORK, NO_WORK, LOST), outcome=True))
        content = numbers(counts, names, f"rapport {report + 1}", month, base)
        found.append(Declared("benk", f"rapport {report + 1}", 1, Classification(dimensions), content))
    return found


def seconds(task: Callable[..., object], *given: object) -> tuple[float, object]:
    start = time.process_time()
    found = task(*given)
    return time.process_time() - start, found


def main(offices: int) -> None:
    rule = read_profiles(ROOT / "config" / "disclosure.yaml")["public"]
    print(f"{REPORTS} reports, {offices} offices: one report audited together with the others")
    print(f"{'numbers':24}{'cpu s':>8}{'fits':>8}{'groups':>9}{'leaks':>8}{'new':>6}{'limit':>12}")
    kept = True
    for words, base, limit in (("rounded to base 3", 3, SECONDS), ("exact", 1, None)):
        history = releases(offices, REPORTS, base)
        reader = Reader(equations(*joined(history)))
        one, _ = seconds(reader.greatest, reader.known.row([cell(kontor="0000")]))
        taken, found = seconds(audit, history[:-1], history[-1], rule)
        new = sum(not finding.older for finding in found.findings)
        figures = f"{taken:8.1f}{taken / one:8.0f}{found.groups:9}{len(found.findings):8}{new:6}"
        kept = kept and (limit is None or taken <= limit)
        print(f"{found.numbers:<6}{words:18}{figures}{'' if limit is None else f'{limit} s':>12}".rstrip(), flush=True)
    print(f"all limits hold: {kept}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else OFFICES)
