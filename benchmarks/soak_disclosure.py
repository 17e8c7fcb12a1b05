"""Attacks on random tables: does an attacker who reads everything published break a profile's guarantee?

    python benchmarks/soak_disclosure.py [tables]

Lists with a total, two-way tables, regions over offices, three-way tables, and linked tables (all persons and those
still followed, so that the difference is the drop-out). Each is treated by every profile that treats tables of its
kind, and published with margins and, where counts stand as they are, percentages with one decimal. The attacker
(analysis/disclosure/attacker.py) bounds every atom, cell and difference by linear programmes; in whole persons besides
on every tenth table, and by trying every table where there are few. Beside it, the same attacker on small counts hidden
without more, on counts rounded one by one, and on percentages of true counts, where it must succeed. Exit code 1 where
a guarantee breaks or the attacker has no teeth.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from scipy import sparse

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.disclosure.attacker import (  # noqa: E402
    Attack,
    Clue,
    attacked,
    every_table,
    exact_count,
    hidden_count,
    knowledge,
    linear_bounds,
    nearest_count,
    rounded_count,
    share_clues,
    whole_bounds,
)
from analysis.disclosure.profiles import Profile, profile, read_profiles  # noqa: E402
from analysis.disclosure.redaction import redact_cells  # noqa: E402
from analysis.disclosure.rounding import round_cells  # noqa: E402
from analysis.disclosure.suppression import suppress_cells  # noqa: E402

TABLES, EVERY = 2_000, 10
KINDS = ("list", "two_way", "regions", "three_way", "linked", "tiny")
VARIANTS = (("public", "rounding"), ("ssb", "rounding"), ("ssb", "suppression"), ("nav", "suppression"))
VARIANTS += (("research", "suppression"), ("opensafely", "redact_and_round"))
Group = tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """A table as the study lists it, on its own: true counts of the atoms, the atoms of each published cell, and of
    the sums that nobody publishes; `shape` where the cells are a plain table with margins."""

    kind: str
    counts: np.ndarray
    cells: tuple[Group, ...]
    unpublished: tuple[Group, ...]
    shape: tuple[int, ...] | None
    two_way: bool

    def true(self, groups: tuple[Group, ...]) -> np.ndarray:
        return np.array([self.counts[list(group)].sum() for group in groups])

    def members(self, groups: tuple[Group, ...]) -> sparse.csr_array:
        found = sparse.lil_array((len(groups), self.counts.size), dtype="int64")
        for place, group in enumerate(groups):
            found[place, list(group)] = 1
        return sparse.csr_array(found)


def table(kind: str, seed: int) -> Table:
    """A random table of mostly small counts."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    shape = _shape(kind, rng)
    counts = rng.poisson(rng.gamma(1.0, rng.choice([3, 6, 12]), size=shape))
    numbers = np.arange(counts.size).reshape(shape)
    groups, unpublished = _margins(numbers), ()
    if kind == "regions":
        regions = np.array_split(np.arange(shape[0]), 2)
        groups += tuple(group for region in regions for group in _columns(numbers[region]))
    if kind == "linked":
        # Atoms by office, group and whether still followed (last): all persons, and those followed.
        everybody, followed = _margins(numbers.reshape(*shape[:2], 2)), _margins(numbers[..., 1])
        groups = tuple(group for group in everybody if len(group) % 2 == 0 and _both(group)) + followed
        unpublished = _margins(numbers[..., 0])
    plain = kind in ("list", "two_way", "three_way", "tiny")
    return Table(
        kind, counts.ravel(), groups, unpublished, shape if plain else None, kind not in ("three_way", "linked")
    )


def _shape(kind: str, rng: np.random.Generator) -> tuple[int, ...]:
    if kind == "list":
        return (int(rng.integers(3, 9)),)
    if kind == "tiny":
        return (2, 2)
    if kind == "three_way":
        return (int(rng.integers(2, 5)), int(rng.integers(2, 4)), 2)
    if kind == "linked":
        return (int(rng.integers(2, 5)), int(rng.integers(1, 4)), 2)
    return (int(rng.integers(4, 8)), int(rng.integers(2, 5)))


def _margins(numbers: np.ndarray) -> tuple[Group, ...]:
    """The atoms of every cell and margin, in C order with totals last."""
    choices = [[*([place] for place in range(size)), list(range(size))] for size in numbers.shape]
    return tuple(tuple(int(one) for one in numbers[np.ix_(*choice)].ravel()) for choice in product(*choices))


def _columns(numbers: np.ndarray) -> tuple[Group, ...]:
    """The column sums of some rows, and their sum."""
    return tuple(tuple(int(one) for one in column) for column in numbers.T) + (tuple(numbers.ravel().tolist()),)


def _both(group: Group) -> bool:
    """Whether a group of atoms holds the followed and the others of the same persons."""
    return all((atom ^ 1) in group for atom in group)


@dataclass(frozen=True)
class Published:
    """What was published: the clues it gives, the groups that the profile protects, and whether the margins held."""

    clues: tuple[Clue, ...]
    protected: tuple[Group, ...]
    within: bool


def treated(drawn: Table, by: Profile) -> Published | None:
    """The table by a profile; None where the profile has no way to treat a table of that kind."""
    return {"rounding": _rounded, "suppression": _suppressed, "redact_and_round": _redacted}[by.method](drawn, by)


def _groups(drawn: Table) -> tuple[Group, ...]:
    """Everything an attacker may be after: atoms, cells, and sums that nobody publishes."""
    atoms = tuple((atom,) for atom in range(drawn.counts.size))
    return tuple(dict.fromkeys((*atoms, *drawn.cells, *drawn.unpublished)))


def _small(drawn: Table, by: Profile, groups: tuple[Group, ...]) -> tuple[Group, ...]:
    return tuple(group for group, count in zip(groups, drawn.true(groups), strict=True) if by.small(int(count)))


def _rounded(drawn: Table, by: Profile) -> Published:
    assert by.base
    found = round_cells(drawn.counts, drawn.members(drawn.cells), by.base, key=b"soak")
    # Where no controlled rounding exists, the attacker knows that sums moved further, and that single cells did not.
    sums = by.base if found.within_base else max(by.base, found.largest + 1)
    clues = [
        rounded_count(group, value, by.base if len(group) == 1 else sums)
        for group, value in zip(drawn.cells, found.cells, strict=True)
    ]
    held = found.within_base or not drawn.two_way
    return Published(tuple(clues), _small(drawn, by, _groups(drawn)), held)


def _suppressed(drawn: Table, by: Profile) -> Published:
    found = suppress_cells(
        drawn.counts,
        drawn.members(drawn.cells),
        by.threshold,
        hide_zeros=by.zeros_hidden,
        targets=drawn.members(drawn.unpublished) if drawn.unpublished else None,
        exact=drawn.two_way,
    )
    protected = _small(drawn, by, tuple(dict.fromkeys((*drawn.cells, *drawn.unpublished))))
    return Published(tuple(shown_clues(drawn, found.hidden)), protected, True)


def shown_clues(drawn: Table, hidden: np.ndarray) -> Iterator[Clue]:
    """Counts that are shown, as they are, with their percentage of the whole where that is shown too."""
    total = len(drawn.cells) - 1
    for place, (group, count) in enumerate(zip(drawn.cells, drawn.true(drawn.cells), strict=True)):
        if hidden[place]:
            yield hidden_count(group)
            continue
        yield exact_count(group, count)
        whole = drawn.true((drawn.cells[total],))[0]
        if not hidden[total] and whole and set(group) <= set(drawn.cells[total]):
            yield from share_clues(group, drawn.cells[total], round(100 * count / whole, 1), 1)


def _redacted(drawn: Table, by: Profile) -> Published | None:
    if drawn.unpublished:
        return None  # Sums of atoms that no cell shows alone cannot be made of what is shown.
    assert by.base
    found = redact_cells(drawn.counts, drawn.members(drawn.cells), limit=by.threshold - 1, base=by.base)
    clues = []
    for group, value, hidden in zip(drawn.cells, found.cells, found.hidden, strict=True):
        if len(group) == 1:
            low, high = by.stands_for(None)
            clues.append(hidden_count(group, low=low, high=high) if hidden else nearest_count(group, value, by.base))
    # Margins are sums of what is shown and give no clue of their own.
    return Published(tuple(clues), _small(drawn, by, _groups(drawn)), True)


def broken(drawn: Table, by: Profile, found: Attack, protected: tuple[Group, ...]) -> int:
    """Protected groups of which the attacker knows more than the profile promises."""
    if by.method == "suppression":
        true = drawn.true(protected)
        return int((found.small | ((found.low >= true) & (true > 0))).sum())
    return int(found.few.sum())


def attack(drawn: Table, by: Profile, published: Published, *, whole: bool) -> int:
    """How many protected groups the attacker breaks, by linear programmes and, if asked, in whole persons."""
    known, protected = knowledge(drawn.counts.size, published.clues), published.protected
    if not protected:
        return 0
    kinds = [linear_bounds, whole_bounds] if whole else [linear_bounds]
    base = by.base or 2
    attacks = [attacked(bounds(known, protected), threshold=by.threshold, base=base) for bounds in kinds]
    return max(broken(drawn, by, found, protected) for found in attacks)


def tried(drawn: Table, by: Profile, published: Published) -> int:
    """How many protected groups keep fewer than `base` numbers when every table that fits is listed (rounding)."""
    tables = every_table(knowledge(drawn.counts.size, published.clues))
    numbers = [np.unique(tables[:, list(group)].sum(axis=1)) for group in published.protected]
    return sum(len(found) < (by.base or 2) for found in numbers)


def naive_hidden(drawn: Table, by: Profile) -> bool:
    """Whether the attacker breaks the table when only small cells are hidden."""
    true = drawn.true(drawn.cells)
    hidden = np.array([by.small(int(count)) for count in true])
    protected = tuple(group for group, hide in zip(drawn.cells, hidden, strict=True) if hide)
    return bool(attack(drawn, by, Published(tuple(shown_clues(drawn, hidden)), protected, True), whole=False))


def naive_rounded(drawn: Table, by: Profile) -> bool:
    """Whether it does when every cell goes to its nearest multiple by itself, and the attacker knows that."""
    assert by.base
    nearest = (drawn.true(drawn.cells) + by.base // 2) // by.base * by.base
    clues = [nearest_count(group, value, by.base) for group, value in zip(drawn.cells, nearest, strict=True)]
    return bool(attack(drawn, by, Published(tuple(clues), _small(drawn, by, _groups(drawn)), True), whole=False))


def true_shares(drawn: Table, by: Profile) -> bool:
    """Whether it does when rounded counts stand beside percentages of the true ones."""
    whole, true = tuple(range(drawn.counts.size)), drawn.true(drawn.cells)
    shares = (100 * true / max(1, drawn.counts.sum())).round(1)
    clues = list(_rounded(drawn, by).clues)
    for group, percent in zip(drawn.cells, shares, strict=True):
        clues += share_clues(group, whole, percent, 1)
    return bool(attack(drawn, by, Published(tuple(clues), _small(drawn, by, _groups(drawn)), True), whole=False))


def counted(number: int) -> Iterator[tuple[str, str, Counter]]:
    """Of each profile and kind: tables, protected groups, groups broken, and tables broken in whole persons only."""
    profiles = read_profiles(ROOT / "config" / "disclosure.yaml")
    for name, method in VARIANTS:
        by = profile(profiles, name, method=method)
        for kind in KINDS:
            found: Counter = Counter()
            for seed in range(-(-number // len(KINDS))):
                found += _one(table(kind, seed), by, seed)
            yield f"{name}, {method}", kind, found


def _one(drawn: Table, by: Profile, seed: int) -> Counter:
    published = treated(drawn, by)
    if published is None:
        return Counter()
    counts = Counter(tables=1, protected=len(published.protected), outside=not published.within)
    counts["broken"] = attack(drawn, by, published, whole=False)
    if seed % EVERY == 0:
        whole = attack(drawn, by, published, whole=True)
        # Three-way and linked suppression protects against linear programmes, and says so.
        counts["whole" if by.method == "suppression" and not drawn.two_way else "broken"] += whole
    if drawn.kind == "tiny" and by.method == "rounding":
        counts["broken"] += tried(drawn, by, published)
    return counts


def teeth(number: int) -> Iterator[tuple[str, int, int]]:
    """Careless ways: name, tables with something to protect, and how many of them the attacker breaks."""
    profiles = read_profiles(ROOT / "config" / "disclosure.yaml")
    public, nav = profiles["public"], profiles["nav"]
    careless: tuple[tuple[str, Callable[[Table, Profile], bool], Profile], ...] = (
        ("small counts hidden, nothing else", naive_hidden, nav),
        ("each count rounded by itself", naive_rounded, public),
        ("percentages of true counts beside rounded counts", true_shares, public),
    )
    for name, way, by in careless:
        drawn = [table(kind, seed) for kind in KINDS for seed in range(-(-number // len(KINDS)))]
        at_risk = [one for one in drawn if _small(one, by, one.cells)]
        yield name, len(at_risk), sum(way(one, by) for one in at_risk)


def lines(number: int) -> Iterator[tuple[str, bool]]:
    """The tables, and whether each line is as it must be."""
    yield f"attacks on {number} random tables, each by every profile; groups are atoms, cells and differences", True
    yield f"{'profile':<30}{'kind':>10}{'tables':>8}{'protected':>11}{'broken':>8}{'in whole persons':>18}", True
    for name, kind, found in counted(number):
        if found["tables"]:
            text = f"{name:<30}{kind:>10}{found['tables']:>8}{found['protected']:>11}{found['broken']:>8}"
            yield f"{text}{found['whole'] or '':>18}", found["broken"] == 0 and found["outside"] == 0
    yield (
        "(in whole persons: suppression of three-way and linked tables protects against linear programmes alone)",
        True,
    )
    yield "", True
    yield "careless ways, which the attacker must break", True
    for name, at_risk, won in teeth(number):
        yield f"{name:<52}{won:>6} of {at_risk} tables", won > at_risk / 4


def main(number: int) -> int:
    """Print the tables; 1 where a guarantee is broken or the attacker has no teeth."""
    held = True
    for line, within in lines(number):
        print(line if within else f"{line}   OUTSIDE", flush=True)
        held &= within
    return 0 if held else 1


def alone_on_stdout() -> None:
    """Let nothing but this program print: HiGHS 1.12 writes a line to the process's stdout now and then, unasked."""
    own = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout = os.fdopen(own, "w", encoding="utf-8")


if __name__ == "__main__":
    alone_on_stdout()
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else TABLES))
