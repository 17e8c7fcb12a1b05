"""Attacks on effects: does one who lists the whole numbers behind a cohort's released tables break a guarantee?

    python benchmarks/soak_effects.py [folder of restricted results]

Of every cohort of persons that has been run (`make run`), under every profile that treats, all declared numbers are
audited together (analysis/disclosure/joint_audit.py), and the effects that are declared as such are tried by an
attacker of its own: for each pair of sizes that the published ones can stand for, the numbers with the outcome that fit
each printed effect, and of all sizes together the differences between two outcomes of one month. Beside it the same
attacker on effects with three decimals throughout, where it must succeed. Exit code 1 where a guarantee breaks.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.cards import Card, read_card  # noqa: E402
from analysis.disclosure.declared import COUNT, EFFECT, Cell, Declared, Number  # noqa: E402
from analysis.disclosure.joint_audit import audit  # noqa: E402
from analysis.disclosure.profiles import Profile, read_profiles  # noqa: E402
from analysis.disclosure.shown import count_bounds  # noqa: E402
from analysis.release import Released, release  # noqa: E402
from analysis.tables import RELEASED  # noqa: E402

TREATING = ("public", "nav", "ssb", "research", "opensafely")
KEY = b"secret"


@dataclass(frozen=True)
class Told:
    """What stands of a cell: its bounds, and the truth that the attacker is held against."""

    low: int
    high: int
    true: int


def cells_told(declared: Declared) -> dict[Cell, Told]:
    """Counts that are shown, by cell."""
    found = {}
    for number in declared.numbers:
        if number.kind == COUNT and not number.silent and len(number.of.cells) == 1:
            low, high = count_bounds(number.shown)
            found[number.of.cells[0]] = Told(int(low), int(high), int(number.truth.value))
    return found


def level_effects(declared: Declared) -> Iterator[Number]:
    """Effects that are a difference between two shares, each value once."""
    seen = set()
    for number in declared.numbers:
        if number.kind == EFFECT and len(number.of.cells) == 1:
            key = (number.of, number.minus, number.shown)
            if key not in seen:
                seen.add(key)
                yield number


def fits(effect: Number, told: dict[Cell, Told], sizes: tuple[int, int], decimals: int | None) -> np.ndarray:
    """Pairs (k, 2) of numbers with the outcome that print as the effect does, the sizes being these."""
    ones, others = (
        np.arange(told[group.cells[0]].low, told[group.cells[0]].high + 1) for group in (effect.of, effect.minus)
    )
    values = ones[:, None] / max(sizes[0], 1) - others[None, :] / max(sizes[1], 1)
    if decimals is None:
        printed, places = float(effect.shown.text), effect.shown.decimals
    else:
        true = [told[group.cells[0]].true / told[group.base[0]].true for group in (effect.of, effect.minus)]
        printed, places = round(true[0] - true[1], decimals), decimals
    found = np.argwhere(np.abs(values - printed) <= 0.5 * 10.0**-places + 1e-9)
    return np.stack([ones[found[:, 0]], others[found[:, 1]]], axis=1)


def differences(declared: Declared, decimals: int | None = None) -> Iterator[tuple[int, int]]:
    """The true difference between two outcomes with a printed effect of one month and arm, and how many are possible.

    `decimals`: of every effect, instead of those that are printed.
    """
    told = cells_told(declared)
    effects = [
        one
        for one in level_effects(declared)
        if {*one.of.cells, *one.minus.cells, *one.of.base, *one.minus.base} <= told.keys()
    ]
    for place, one in enumerate(effects):
        for other in effects[place + 1 :]:
            if _month(one) == _month(other) and _sizes(one, told) == _sizes(other, told):
                yield from _between(one, other, told, decimals)


def _month(effect: Number) -> str:
    name = next(name for name, _ in effect.of.cells[0].parts if name not in ("gruppe", "fulgt"))
    return " ".join(name.split(" ")[1:])


def _sizes(effect: Number, told: dict[Cell, Told]) -> tuple[int, int]:
    return told[effect.of.base[0]].true, told[effect.minus.base[0]].true


def _between(one: Number, other: Number, told: dict[Cell, Told], decimals: int | None) -> Iterator[tuple[int, int]]:
    ranges = [range(told[group.base[0]].low, told[group.base[0]].high + 1) for group in (one.of, one.minus)]
    possible: tuple[set[int], set[int]] = (set(), set())
    for sizes in product(*ranges):
        first, second = (fits(effect, told, sizes, decimals) for effect in (one, other))
        for arm in (0, 1):
            if len(first) and len(second):
                possible[arm].update(np.abs(first[:, arm, None] - second[None, :, arm]).ravel().tolist())
    for arm, (a, b) in enumerate(((one.of, other.of), (one.minus, other.minus))):
        yield abs(told[a.cells[0]].true - told[b.cells[0]].true), len(possible[arm])


def broken(declared: Declared, rule: Profile, decimals: int | None = None) -> int:
    """How many small differences keep fewer values than the base."""
    if rule.method == "suppression":
        return 0
    return sum(1 <= true < rule.threshold and left < rule.base for true, left in differences(declared, decimals))


def restricted(card: Card, profile: str) -> Card:
    disclosure = card.disclosure.model_copy(update={"profile": profile})
    return card.model_copy(update={"data_kind": "restricted", "synthetic": None, "disclosure": disclosure})


def tables_of(folder: Path) -> dict[str, pd.DataFrame]:
    """The restricted tables of a cohort that are released; warnings of a delivery that was accepted do not matter."""
    names = (name for name in RELEASED if name != "findings" and (folder / f"{name}.parquet").exists())
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in names}


def cohorts(folder: Path) -> Iterator[str]:
    """Those of persons."""
    yield from sorted(own.name for own in folder.iterdir() if (own / "cells.parquet").exists())


def tried(card: Card, tables: dict[str, pd.DataFrame], key: str, rule: Profile) -> tuple[Released, int, int, int]:
    """A release with what was found: by the audit, by the attacker, and by the attacker on three decimals."""
    found = release(restricted(card, key), tables, key=KEY)
    findings = audit([], found.declared, rule).findings
    return found, len(findings), broken(found.declared, rule), broken(found.declared, rule, 3)


def main(folder: Path) -> int:
    profiles, total = read_profiles(ROOT / "config" / "disclosure.yaml"), 0
    print("## Effects beside counts\n")
    print("| cohort | profile | numbers | findings of the audit | small differences given away | with 3 decimals |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name in cohorts(folder) if folder.exists() else ():
        card, tables = read_card(ROOT / "cohorts" / name / "cohort.yaml"), tables_of(folder / name)
        for key in TREATING:
            made, findings, leaks, naive = tried(card, tables, key, profiles[key])
            print(f"| {name} | {key} | {len(made.declared.numbers)} | {findings} | {leaks} | {naive} |", flush=True)
            total += findings + leaks
    print()
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "results" / "restricted"))
