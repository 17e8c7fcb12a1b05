"""Shares and effects that are worked out from published counts, and from nothing else.

A share of true counts beside rounded ones tells the true counts. So a share is computed anew from the counts as they
are published, half up in exact arithmetic, and hidden where one of them is.
"""

from collections.abc import Iterator
from fractions import Fraction

from analysis.disclosure.declared import COUNT, EFFECT, SHARE, Cell, Declared, Group, Number
from analysis.disclosure.shown import DERIVED, HIDDEN, Shown, derived, hidden
from analysis.disclosure.targets import difference, nested

MISPRINTED = "er ikke regnet ut av de publiserte tallene ved siden av."
NOT_PRINTED = "skal være regnet ut av publiserte tall, men de står ikke i rapporten."
Published = dict[tuple[Cell, ...], int]


def decimal_text(value: Fraction, decimals: int) -> str:
    """A number half up (away from zero) with so many decimals and a decimal point, in exact arithmetic."""
    units = int(abs(value) * 10**decimals + Fraction(1, 2))
    digits = f"{units:0{decimals + 1}d}"
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return f"-{text}" if value < 0 and units else text


def percent_text(numerator: int, base: int, decimals: int) -> str:
    """100·numerator/base as printed. Raises ValueError for a base below 1 and a numerator outside 0..base."""
    if base < 1 or not 0 <= numerator <= base:
        raise ValueError("a share needs a base of at least 1 and a numerator within it")
    return decimal_text(Fraction(100 * int(numerator), int(base)), decimals)


def share_of_published(numerator: Shown, base: Shown, decimals: int) -> Shown:
    """The share in per cent of two counts as they are published; hidden where one is, or where the base is none.

    Raises ValueError when the numerator as published is above the base: then they were not rounded together.
    """
    if HIDDEN in (numerator.status, base.status) or not base.units:
        return hidden()
    return derived(percent_text(numerator.units, base.units, decimals), scale=100)


def misprinted(declared: Declared) -> Iterator[tuple[Number, str]]:
    """Numbers that are declared as derived and are not what the published counts beside them give, with what is wrong.

    A share is that of its two counts, an effect the difference of two such shares, and a count what is shown of the
    same persons, or else the sum of what is shown inside it in the same table.
    """
    counts = [one for one in declared.numbers if one.kind == COUNT and one.shown.status != HIDDEN]
    # What stands by itself, last: a sum that is worked out does not vouch for itself.
    counts.sort(key=lambda one: one.shown.status != DERIVED)
    published = {_key(declared, one.of.cells): one.shown.units for one in counts}
    itself = {_key(declared, one.of.cells) for one in counts if one.shown.status != DERIVED}
    for number in (one for one in declared.numbers if one.shown.status == DERIVED):
        same = _key(declared, number.of.cells) if number.kind == COUNT else None
        expected = Fraction(published[same]) if same in itself else _expected(declared, number, published)
        if expected is None:
            yield number, NOT_PRINTED
        elif decimal_text(expected * number.shown.scale, number.shown.decimals) != _text(number.shown):
            yield number, MISPRINTED


def _expected(declared: Declared, number: Number, published: Published) -> Fraction | None:
    if number.kind == COUNT:
        return _sum_inside(declared, number)
    shares = [_share(declared, group, published) for group in number.groups]
    if None in shares or number.kind not in (SHARE, EFFECT) or number.measure:
        return None
    return shares[0] if number.kind == SHARE else shares[0] - shares[1]


def _share(declared: Declared, group: Group, published: Published) -> Fraction | None:
    numerator, base = (published.get(_key(declared, cells)) for cells in (group.cells, group.base))
    if numerator is None and base and len(group.cells) == len(group.base) == 1:
        canonical = declared.classification.canonical
        rest = difference(declared.classification, canonical(group.base[0]), canonical(group.cells[0]))
        beside = published.get((rest.larger,)) if rest.smaller is None else None
        numerator = None if beside is None else base - beside
    return None if numerator is None or not base else Fraction(numerator, base)


def _sum_inside(declared: Declared, number: Number) -> Fraction | None:
    """The sum of the counts that are shown in the same table for cells inside this one, those of sums left out."""
    canonical = declared.classification.canonical
    beside = {
        canonical(one.of.cells[0]): one.shown.units
        for one in declared.numbers
        if one.kind == COUNT and one.place.table == number.place.table and one.shown.status not in (HIDDEN, DERIVED)
    }
    whole = canonical(number.of.cells[0])
    pairs = nested(declared.classification, sorted({*beside, whole})) if beside else ()
    inside = [beside[smaller] for larger, smaller in pairs if larger == whole]
    return Fraction(sum(inside)) if inside else None


def _text(shown: Shown) -> str:
    return decimal_text(Fraction(shown.units, 10**shown.decimals), shown.decimals)


def _key(declared: Declared, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    return tuple(sorted(map(declared.classification.canonical, cells)))
