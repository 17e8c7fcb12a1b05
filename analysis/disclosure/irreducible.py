"""The published numbers that give something away, as few as can be."""

from collections.abc import Callable

from analysis.disclosure.equations import Equations
from analysis.disclosure.interval import Reader

# Whether a reader of these equations knows what should not be known.
Holds = Callable[[Reader], bool]


def irreducible(system: Equations, used: set[int], holds: Holds) -> set[int]:
    """Numbers (places in `system.numbers`) that give something away, none of which can be left out.

    Deletion filter (Chinneck and Dravnieks 1991): each number is left out in turn, for good when the rest is enough.
    `used` are the numbers that the bounds rest on by their dual values; all numbers are tried when they do not suffice.
    """
    every = set(range(len(system.numbers)))
    kept = used if holds(Reader(system.without(every - used))) else every
    # Many at a time first, so that a long list is soon short; the last round leaves out one at a time.
    for power in reversed(range(max(len(kept).bit_length() - 1, 1))):
        for part in _parts(sorted(kept, reverse=True), 2**power):
            if holds(Reader(system.without(every - kept | part))):
                kept = kept - part
    return kept


def _parts(places: list[int], size: int) -> list[set[int]]:
    return [set(places[start : start + size]) for start in range(0, len(places), size)]
