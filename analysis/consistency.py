"""Which printed figures cannot be true together.

A printed figure stands for every value that rounds to it: 29.7 per cent is anything from 29.65 to 29.75, and a count is
itself alone. A relation is impossible when no values behind the print fulfil it. Percentages of a known number of
persons are held against whole numbers, as Brown and Heathers (2017), Social Psychological and Personality Science 8,
363–369, do for means. All arithmetic is exact.
"""

from dataclasses import dataclass
from fractions import Fraction

from analysis.enumeration import count_range
from analysis.published import NUMBER, Fact, Figures, Relation

WHOLE = Fraction(100)
# Units of things that are counted: a whole number of them is not rounded.
COUNTED = ("persons", "offices", "workplaces", "families", "advisers")


@dataclass(frozen=True)
class Held:
    """One relation, and whether values behind the print can fulfil it.

    `found` and `allowed` are what is held against each other: the printed parts added up against the total (sum,
    complement, at_most), or the printed per cent against the nearest that a whole number gives (share_of). `decimals`
    are those of the print. `facts` are the ids of the figures.
    """

    relation: str
    kind: str
    holds: bool
    found: float
    allowed: float
    decimals: int
    facts: tuple[str, ...]


def held_relations(figures: Figures) -> list[Held]:
    """Every declared relation, in the order of the file."""
    return [_held(figures, relation) for relation in figures.relations]


def printed_bounds(value: str, unit: str) -> tuple[Fraction, Fraction]:
    """Lowest and highest value that prints as this: a count is itself, anything else within half its last digit.

    Both ends belong to the interval, so that no way of rounding is ruled out. Raises ValueError for text that is not
    one number.
    """
    if not NUMBER.fullmatch(value):
        raise ValueError(f"a relation needs one number, got {value!r}")
    number = Fraction(_plain(value))
    decimals = _decimals(value)
    half = Fraction(0) if unit in COUNTED and decimals == 0 else Fraction(1, 2 * 10**decimals)
    return number - half, number + half


def _held(figures: Figures, relation: Relation) -> Held:
    parts = [figures.fact(name) for name in relation.parts]
    total = None if relation.total is None else figures.fact(relation.total)
    holds, found, allowed = _share(parts, total) if relation.kind == "share_of" else _sum(relation.kind, parts, total)
    # For a share its own decimals decide; the whole behind it is a count.
    shown = parts[:1] if relation.kind == "share_of" else [*parts, *([total] if total else [])]
    decimals = max(_decimals(str(fact.value)) for fact in shown)
    names = (*relation.parts, *([relation.total] if relation.total else []))
    return Held(relation.id, relation.kind, holds, float(found), float(allowed), decimals, names)


def _sum(kind: str, parts: list[Fact], total: Fact | None) -> tuple[bool, Fraction, Fraction]:
    """Whether the parts can make, or be no more than, the total."""
    bounds = [printed_bounds(str(fact.value), fact.unit) for fact in parts]
    low, high = (sum((bound[end] for bound in bounds), Fraction(0)) for end in (0, 1))
    whole = (WHOLE, WHOLE) if total is None else printed_bounds(str(total.value), total.unit)
    holds = low <= whole[1] and (kind == "at_most" or whole[0] <= high)
    return holds, sum((_number(fact) for fact in parts), Fraction(0)), WHOLE if total is None else _number(total)


def _share(parts: list[Fact], total: Fact | None) -> tuple[bool, Fraction, Fraction]:
    """Whether some whole number of the total, or the stated one, prints as the percentage."""
    share, *stated = parts
    n = int(_number(total)) if total is not None else 0
    percent = _plain(str(share.value))
    ranges = [count_range(n, percent, rounding) for rounding in ("half_up", "half_even")]
    if stated:
        k = int(_number(stated[0]))
        return any(low <= k <= high for low, high in ranges), _number(share), Fraction(100 * k, n)
    nearest = min(range(n + 1), key=lambda k: abs(Fraction(100 * k, n) - _number(share)))
    return any(low <= high for low, high in ranges), _number(share), Fraction(100 * nearest, n)


def _number(fact: Fact) -> Fraction:
    low, high = printed_bounds(str(fact.value), fact.unit)
    return (low + high) / 2


def _plain(value: str) -> str:
    return value.replace(",", ".").replace("−", "-")


def _decimals(value: str) -> int:
    return len(_plain(value).partition(".")[2])
