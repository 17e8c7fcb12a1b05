"""How precisely percentages may be printed: what whole numbers fit them, and how many decimals leave enough.

Percentages are counts. With a base that is known, one decimal fixes the count for every base up to 500; and where
the bases are not printed, several percentages of the same groups and their sum fix them too: 29.7, 23.6, 30.8 and 24.4
per cent of two groups with 617 persons in all are 109, 59, 113 and 61 of 367 and 250, and nothing else. Which whole
numbers fit is a question of number theory that no linear programme answers; here they are listed
(`analysis.enumeration`).

Where counts are rounded to a base, each count must keep as many possible values as the base. Where small counts are
hidden, one of them may not be known to be small, as elsewhere (`targets.gives_away`).
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.disclosure.declared import COUNT, SHARE, Cell, Declared, Number, Place
from analysis.disclosure.shares import percent_text
from analysis.disclosure.shown import EXACT, count_bounds
from analysis.disclosure.targets import Rule, difference, gives_away, kept_values
from analysis.enumeration import count_ranges

MOST_DECIMALS = 3
TOO_PRECISE = "prosentene er så nøyaktige at antallene bak dem kan regnes ut. {mend}"
# What fits: persons in the base, and persons behind each percentage, every whole number that is possible.
Possible = list[np.ndarray]


@dataclass(frozen=True)
class Shares:
    """Percentages of one group as text. `whole`: they are all the answers there are, so that the counts add up."""

    percents: tuple[str, ...]
    whole: bool = False


def possible_counts(group: Shares, least: int, most: int) -> Possible:
    """What fits percentages of one group of `least` to `most` persons: the base, then each count. Empty: nothing."""
    sizes, low, high = _fitting(group, np.arange(max(least, 1), most + 1, dtype="int64"))
    return [sizes, *(_union(*ends) for ends in zip(low, high, strict=True))]


def possible_in_two(first: Shares, second: Shares, total: int) -> tuple[Possible, Possible]:
    """What fits percentages of two groups that are `total` persons together, their sizes not printed."""
    sizes, low, high = _fitting(first, np.arange(1, total, dtype="int64"))
    others, other_low, other_high = _fitting(second, total - sizes)
    fits = np.isin(total - sizes, others)
    one = [sizes[fits], *(_union(*ends) for ends in zip(low[:, fits], high[:, fits], strict=True))]
    return one, [others, *(_union(*ends) for ends in zip(other_low, other_high, strict=True))]


def decimals_in_two(first: Sequence[int], second: Sequence[int], bases: tuple[int, int], rule: Rule) -> int:
    """Most decimals (at most `MOST_DECIMALS`) with which percentages of both groups may stand beside their total.

    first, second: the true counts behind them; bases: the true sizes. −1 when not even whole per cent may.
    """

    def fits(decimals: int) -> bool:
        groups = [
            Shares(tuple(percent_text(count, base, decimals) for count in counts))
            for counts, base in zip((first, second), bases, strict=True)
        ]
        found = possible_in_two(*groups, sum(bases))
        pairs = zip(found, ((bases[0], *first), (bases[1], *second)), strict=True)
        return not any(too_few(possible, true, rule) for possible, true in pairs)

    return _most_decimals(fits)


def decimals_of(counts: Sequence[int], base: int, known: tuple[int, int], rule: Rule, *, whole: bool = False) -> int:
    """Most decimals with which percentages of one group may stand, its base known to lie within `known`; −1: none."""

    def fits(decimals: int) -> bool:
        group = Shares(tuple(percent_text(count, base, decimals) for count in counts), whole)
        _, *found = possible_counts(group, *known)
        return not too_few([np.array([base]), *found], (base, *counts), rule, base_is_open=True)

    return _most_decimals(fits)


def too_few(possible: Possible, true: Sequence[int], rule: Rule, *, base_is_open: bool = False) -> bool:
    """Whether the base or a count (or what is left of the base) keeps fewer possible values than the profile asks.

    possible: as `possible_counts` gives it; true: the base and the counts. `base_is_open`: the base may be known.
    """
    counts = list(zip(possible, true, strict=True))[1 if base_is_open else 0 :]
    least = kept_values(rule)
    if least:
        return any(len(values) < least for values, _ in counts)
    left = [(true[0] - values, true[0] - count) for values, count in zip(possible[1:], true[1:], strict=True)]
    return any(
        gives_away((values.min(), values.max()), (count, count), rule) for values, count in counts + left if len(values)
    )


def precise_shares(declared: Declared, rule: Rule) -> Iterator[tuple[tuple[Place, ...], str]]:
    """Exact percentages that give counts away together with a printed base, or of two groups with their printed total.

    The places of the percentages and of the count, and what is wrong. Shares whose truth is not known are not tried
    here; `rules.broken_rules` tells of them.
    """
    groups, printed = _exact_shares(declared), _printed_counts(declared)
    for base in sorted(groups.keys() & printed.keys()):
        yield from _beside_base(printed[base], groups[base], rule)
    unknown = sorted(groups.keys() - printed.keys())
    for total, first in itertools.product(sorted(printed), unknown):
        second = difference(declared.classification, total, first)
        split = _inside(total, first) and second.smaller is None and second.larger in unknown
        if split and first < second.larger and printed[total].shown.status == EXACT:
            yield from _beside_total(printed[total], groups[first], groups[second.larger], rule)


def _beside_base(base: Number, shares: list[Number], rule: Rule) -> Iterator[tuple[tuple[Place, ...], str]]:
    known = tuple(map(int, count_bounds(base.shown)))
    true = [shares[0].truth.base, *(one.truth.value for one in shares)]
    sizes, *counts = possible_counts(_as_printed(shares), *known)
    if too_few([sizes, *counts], true, rule, base_is_open=True):
        decimals = decimals_of([int(count) for count in true[1:]], int(true[0]), known, rule)
        yield _places(base, *shares), TOO_PRECISE.format(mend=_advice(decimals))


def _beside_total(
    total: Number, first: list[Number], second: list[Number], rule: Rule
) -> Iterator[tuple[tuple[Place, ...], str]]:
    found = possible_in_two(_as_printed(first), _as_printed(second), total.shown.units)
    true = [[shares[0].truth.base, *(one.truth.value for one in shares)] for shares in (first, second)]
    if any(too_few(possible, counts, rule) for possible, counts in zip(found, true, strict=True)):
        one, other = ([int(count) for count in counts] for counts in true)
        decimals = decimals_in_two(one[1:], other[1:], (one[0], other[0]), rule)
        yield _places(total, *first, *second), TOO_PRECISE.format(mend=_advice(decimals))


def _as_printed(shares: Sequence[Number]) -> Shares:
    return Shares(tuple(one.shown.text.replace(",", ".") for one in shares))


def _places(*numbers: Number) -> tuple[Place, ...]:
    return tuple(sorted(number.place for number in numbers))


def _advice(decimals: int) -> str:
    if decimals < 0:
        return "De kan ikke stå, heller ikke uten desimaler."
    return "De kan stå uten desimaler." if decimals == 0 else f"De kan stå med {decimals} desimal(er)."


def _exact_shares(declared: Declared) -> Mapping[Cell, list[Number]]:
    """Percentages shown as they are, by their base, where one cell is the base and the truth is known."""
    found: dict[Cell, list[Number]] = {}
    for number in sorted(declared.numbers, key=lambda number: number.place):
        percent = number.kind == SHARE and number.shown.status == EXACT and number.shown.scale == 100
        if percent and len(number.of.base) == 1 and None not in (number.truth.value, number.truth.base):
            found.setdefault(declared.classification.canonical(number.of.base[0]), []).append(number)
    return found


def _printed_counts(declared: Declared) -> Mapping[Cell, Number]:
    """Counts that are shown, by their cell."""
    return {
        declared.classification.canonical(number.of.cells[0]): number
        for number in declared.numbers
        if number.kind == COUNT and not number.silent and len(number.of.cells) == 1
    }


def _inside(total: Cell, base: Cell) -> bool:
    inner = dict(base.parts)
    return all(name in inner and set(inner[name]) <= set(what) for name, what in total.parts)


def _most_decimals(fits: Callable[[int], bool]) -> int:
    return next((decimals for decimals in range(MOST_DECIMALS, -1, -1) if fits(decimals)), -1)


def _fitting(group: Shares, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of these sizes those that fit every percentage, with the lowest and highest counts, (percentages, sizes) each."""
    ends = [count_ranges(sizes, percent) for percent in group.percents]
    low, high = (np.array([end[place] for end in ends], dtype="int64") for place in (0, 1))
    if group.whole:
        least, most = low.sum(axis=0), high.sum(axis=0)
        low, high = np.maximum(low, sizes - (most - high)), np.minimum(high, sizes - (least - low))
    fits = (low <= high).all(axis=0)
    return sizes[fits], low[:, fits], high[:, fits]


def _union(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Every whole number in one of these intervals."""
    return np.unique(np.concatenate([np.arange(a, b + 1) for a, b in zip(low, high, strict=True)] or [low]))
