"""One published value for each true count of an arm, the same in every table.

Tables of a cohort count the same persons again and again: by step of the flow, by month, with and without the outcome.
Here all counts of an arm stand in one chain, smallest first, and are treated together. Rounding: the chain's sums are
rounded as one table (analysis/disclosure/rounding.py), so that the published value never falls where the true one
rises, and every sum of links of the chain (a difference between any two counts: n - k, or who left between two steps)
keeps at least `base` possible numbers. Groups that lie in one another fit such a chain; groups that add up to a printed
sum do not, and are not published by this module.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.disclosure.profiles import Profile
from analysis.disclosure.treatment import treat_cells


@dataclass(frozen=True)
class Part:
    """The persons of one group (`label`) who have the outcome: `yes` of `size`."""

    label: tuple[object, ...]
    size: int
    yes: int


@dataclass(frozen=True)
class Counts:
    """What is published of an arm: `sizes` of groups and numbers with the outcome (`parts`), nan where hidden."""

    sizes: Mapping[int, float]
    parts: Mapping[tuple[int, int], float]

    def size(self, count: int) -> float:
        return self.sizes.get(count, math.nan)

    def yes(self, size: int, yes: int) -> float:
        return self.parts.get((size, yes), math.nan)


def published_counts(sizes: Iterable[int], parts: Iterable[Part], profile: Profile, *, key: bytes) -> Counts:
    """Treat every size (most important first) and every part of an arm by the profile. `key` decides the rounding."""
    sizes, parts = list(dict.fromkeys(sizes)), list(parts)
    if profile.method == "suppression":
        shown = _sizes_apart(sizes, profile)
        hidden = _parts_too_near(parts, shown, profile)
        kept = {(part.size, part.yes) for part in parts} - hidden
        return Counts(
            {size: float(size) if size in shown else math.nan for size in sizes},
            {pair: float(pair[1]) if pair in kept else math.nan for pair in hidden | kept},
        )
    found = _values({*sizes, *(part.yes for part in parts), *(part.size for part in parts)}, profile, key)
    return Counts({size: found[size] for size in sizes}, {(p.size, p.yes): _part(p, found, profile) for p in parts})


def _values(counts: set[int], profile: Profile, key: bytes) -> dict[int, float]:
    """The published value of each count: the same, or a multiple of the base, or nan."""
    chain = sorted(count for count in counts if count > 0)
    if not chain:
        return dict.fromkeys(counts, math.nan if profile.zeros_hidden else 0.0)
    if profile.method == "rounding":
        steps = np.diff([0, *chain])
        members = scipy.sparse.csr_array(np.tril(np.ones((len(chain), len(chain)), dtype="int64")))
        values = treat_cells(steps, members, profile, key=key).values
    else:
        alone = scipy.sparse.csr_array(np.eye(len(chain), dtype="int64"))
        values = treat_cells(np.array(chain), alone, profile, key=key).values
    zero = {0: math.nan if profile.zeros_hidden else 0.0}
    return zero | dict(zip(chain, map(float, values), strict=True))


def _part(part: Part, found: Mapping[int, float], profile: Profile) -> float:
    # Nothing protects what is left of a group when both are shown to the nearest multiple.
    rest_is_small = profile.method == "redact_and_round" and profile.small(part.size - part.yes)
    return math.nan if rest_is_small or math.isnan(found[part.size]) else found[part.yes]


def _sizes_apart(sizes: list[int], profile: Profile) -> set[int]:
    """Sizes that may stand: none is small, and no two of them differ by a small number of persons."""
    shown: set[int] = set()
    for size in sizes:
        if size >= profile.threshold and all(abs(size - other) >= profile.threshold for other in shown):
            shown.add(size)
    return shown


def _parts_too_near(parts: list[Part], shown: set[int], profile: Profile) -> set[tuple[int, int]]:
    """Pairs of size and number that may not stand. A label is (outcome, month, sample): numbers of the same month, of
    another outcome or sample, may lie in one another and are compared, with and without the outcome."""
    hidden, kept = set(), []
    for part in parts:
        beside = [other for other in kept if other.label[1] == part.label[1]]
        # Nobody or everybody: then each of them is known to have the same outcome.
        mixed = 0 < part.yes < part.size
        alone = mixed and not profile.small(part.yes) and not profile.small(part.size - part.yes)
        if part.size in shown and alone and all(_apart(part, other, profile) for other in beside):
            kept.append(part)
        else:
            hidden.add((part.size, part.yes))
    return hidden


def _apart(part: Part, other: Part, profile: Profile) -> bool:
    if part.label[0] == other.label[0] and part.size == other.size:
        return part.yes == other.yes
    between = abs(part.yes - other.yes), abs(part.size - part.yes - other.size + other.yes)
    return not any(profile.small(count) for count in between)
