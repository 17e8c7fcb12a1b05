"""With how many decimals an effect may stand beside counts that are rounded: what whole numbers fit, all listed.

An effect beside counts is a clue to them. That 0.061 is the difference between the shares of two groups of 366 and 249,
each rounded to base 3, leaves of 625 combinations of whole numbers a handful, and a second effect on the same persons
fewer. Here each number that a reader does not know exactly (a size, those with the outcome) is a variable with the few
whole numbers that its published value stands for, and each printed effect a table of which combinations fit.

Protected are differences between counts of one arm (`Pair`): sizes of two groups, those with two outcomes in the same
month, and those without an outcome. Of every one that could be 1 to threshold - 1, at least `base` values stay possible
after the effect and all before it, the most important first. Where counts are exact or hidden an effect gives nothing
that the exact ones do not.

That a decimal is left out may tell something too. So what decides is what is known from counts and earlier effects and
what is printed: an effect has three decimals where everything that prints so passes, two where everything that prints
so and did not pass with three does, and is hidden where neither holds, if all that is hidden so passes together;
otherwise nothing is printed with three decimals, or nothing at all. Who knows the rule learns nothing more from it
(Kenthapadi, Mishra and Nissim 2005, simulatable auditing).

Covered: every effect that is linear in the counts of two arms, all of them together, with the standard errors that
follow from the same counts. Not covered: errors over offices, strata or pairs, which tell of counts that no table has
(how many pairs differ), outcomes that add up to another one, and adjusted effects (effect_forms.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# What is tried: most decimals first. The last way prints nothing.
WAYS: tuple[tuple[int, ...], ...] = ((3, 2), (2,), ())
HIDDEN = -1
Boxes = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Guarantee:
    """Counts from `least` (0 where zeros are hidden) to `threshold` - 1 keep `base` possible values."""

    threshold: int
    base: int
    least: int = 1


@dataclass(frozen=True)
class Fits:
    """Which combinations of the variables `names` are possible: an array of truth, one axis per variable."""

    names: tuple[str, ...]
    table: np.ndarray


@dataclass(frozen=True)
class Pair:
    """Two variables of which the difference is protected. `least`: the first is known to be larger by this at least
    (rounding never turns two counts round); None where it is not known which is the larger."""

    first: str
    second: str
    least: int | None = None


@dataclass(frozen=True)
class Clue:
    """An effect to be printed: its variables, what it is for each combination of them, and which one is true.

    `others`: what is printed besides, the same whatever the decimals (a standard error of two digits), as numbers that
    tell one from another.
    """

    key: object
    names: tuple[str, ...]
    values: np.ndarray
    true: tuple[int, ...]
    others: np.ndarray | None = None


def effect_levels(
    clues: Sequence[Clue], boxes: Boxes, pairs: Sequence[Pair], rule: Guarantee
) -> dict[object, int | None]:
    """The decimals of each effect, the most important first; None: it is hidden. `boxes`: the whole numbers that each
    variable can be by the counts alone."""
    known: list[Fits] = []
    found: dict[object, int | None] = {}
    for clue in clues:
        touched = list(_touched(clue, known, boxes, pairs))
        levels, labels = _printed(clue, touched, rule)
        known.append(Fits(clue.names, labels == labels[clue.true]))
        level = int(levels[clue.true])
        found[clue.key] = None if level == HIDDEN else level
    return found


@dataclass(frozen=True)
class _Touched:
    """Of a pair that an effect tells of: how large the difference can be, whichever is the larger (a reader may know
    from elsewhere), beside the place of the combination that it goes with."""

    places: np.ndarray
    differences: np.ndarray


def _printed(clue: Clue, touched: Sequence[_Touched], rule: Guarantee) -> tuple[np.ndarray, np.ndarray]:
    """For each combination the decimals it is printed with, and a number for what is printed."""
    for way in WAYS:
        levels = np.full(clue.values.shape, HIDDEN)
        labels = np.zeros(clue.values.shape, dtype="int64")
        for level in way:
            left = levels == HIDDEN
            printed = np.where(left, _numbered(clue, level), HIDDEN)
            passed = left & _passing(printed, touched, rule)[printed]
            labels = np.where(passed, printed + 1 + labels.max(), labels)
            levels = np.where(passed, level, levels)
        if not way or _passing(np.where(levels == HIDDEN, 0, HIDDEN), touched, rule)[0]:
            break
    return levels, labels


def _numbered(clue: Clue, level: int) -> np.ndarray:
    """What each combination prints as, numbered from 0."""
    printed = np.round(clue.values * 10**level).astype("int64").ravel()
    others = np.zeros_like(printed) if clue.others is None else clue.others.ravel()
    return np.unique(np.stack([printed, others]), axis=1, return_inverse=True)[1].reshape(clue.values.shape)


def _passing(printed: np.ndarray, touched: Sequence[_Touched], rule: Guarantee) -> np.ndarray:
    """Whether each print leaves enough of every pair; combinations of number HIDDEN are left out, and so is what no
    combination prints. The answer for HIDDEN is the last, and of no use."""
    flat, count = printed.ravel(), int(printed.max()) + 1
    passed = np.ones(count + 1, dtype=bool)
    for pair in touched:
        fits = np.zeros((count + 1, int(pair.differences.max()) + 1), dtype=bool)
        fits[flat[pair.places], pair.differences] = True
        may_be_small = fits[:, rule.least : rule.threshold].any(axis=1)
        enough = min(rule.base, len(np.unique(pair.differences)))
        passed &= ~may_be_small | (fits.sum(axis=1) >= enough)
    return passed


def _touched(clue: Clue, known: Sequence[Fits], boxes: Boxes, pairs: Sequence[Pair]) -> Iterator[_Touched]:
    """The pairs that the effect tells of, with what is possible after the effects before it."""
    near = _connected({*clue.names}, known)
    for pair in pairs:
        if {pair.first, pair.second} & near:
            extra = tuple(dict.fromkeys(name for name in (pair.first, pair.second) if name not in clue.names))
            names = (*clue.names, *extra)
            found = np.nonzero(possible(known, boxes, names))
            first, second = (boxes[name][found[names.index(name)]] for name in (pair.first, pair.second))
            fits = np.ones(len(first), dtype=bool) if pair.least is None else first - second >= pair.least
            places = np.ravel_multi_index(found[: len(clue.names)], clue.values.shape)
            if fits.any():
                yield _Touched(places[fits], np.abs(first - second)[fits])


def _connected(names: set[str], known: Sequence[Fits]) -> set[str]:
    """The variables that these are tied to by effects, themselves among them."""
    while True:
        more = names.union(*(fits.names for fits in known if names & {*fits.names}))
        if more == names:
            return names
        names = more


def possible(known: Sequence[Fits], boxes: Boxes, names: tuple[str, ...]) -> np.ndarray:
    """Which combinations of these variables some combination of all the others goes with, by elimination."""
    near = _connected({*names}, known)
    factors = [fits for fits in known if near & {*fits.names}]
    while True:
        others = sorted({name for fits in factors for name in fits.names} - {*names})
        if not others:
            break
        sizes = {name: _joined_size(name, factors, boxes) for name in others}
        name = min(others, key=sizes.__getitem__)
        mine = [fits for fits in factors if name in fits.names]
        kept = tuple(sorted({one for fits in mine for one in fits.names} - {name}))
        table = _product(mine, boxes, (*kept, name)).any(axis=-1)
        factors = [*(fits for fits in factors if name not in fits.names), Fits(kept, table)]
    return _product(factors, boxes, names)


def _joined_size(name: str, factors: Sequence[Fits], boxes: Boxes) -> int:
    together = {one for fits in factors if name in fits.names for one in fits.names}
    return int(np.prod([len(boxes[one]) for one in together]))


def _product(factors: Sequence[Fits], boxes: Boxes, names: tuple[str, ...]) -> np.ndarray:
    """What all of these tables allow, over `names`, which hold all of their variables."""
    shape = tuple(len(boxes[name]) for name in names)
    found = np.ones(shape, dtype=bool)
    for fits in factors:
        order = sorted(range(len(fits.names)), key=lambda place: names.index(fits.names[place]))
        axes = [fits.names[place] for place in order]
        wide = [len(boxes[name]) if name in axes else 1 for name in names]
        found = found & fits.table.transpose(order).reshape(wide)
    return found
