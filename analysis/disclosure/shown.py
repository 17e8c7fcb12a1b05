"""How a number is shown, and what whole numbers a reader can conclude lie behind it.

Exact counts are whole; everything else is text with its decimals, because "30.0" says more than "30". The truth behind
a rounded count lies from `below` under it to `above` over it, which are base − 1 where rounding is controlled, and
about half the base where it goes to the nearest. A derived number is worked out from numbers printed beside it and from
nothing else, so that it tells a reader nothing more (`analysis.disclosure.shares` sees to that).
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

EXACT, ROUNDED, DERIVED, HIDDEN = "exact", "rounded", "derived", "hidden"
STATUSES = (EXACT, ROUNDED, DERIVED, HIDDEN)

_PRINTED = re.compile(r"[-−]?\d+([.,]\d+)?")


@dataclass(frozen=True)
class Shown:
    """What stands in the report.

    text: the number as printed, decimal point or comma, no thousands mark; None when hidden. multiple, below, above: of
    a rounded number (a share computed from rounded counts has those of the counts). scale: 100 for a share or effect in
    per cent and percentage points. least, most: what a hidden count is known to lie within, where the sign says it.
    """

    status: str
    text: str | None = None
    multiple: int = 1
    below: int = 0
    above: int = 0
    scale: int = 1
    least: int = 0
    most: int | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"unknown status {self.status!r}; one of {', '.join(STATUSES)}")
        if (self.text is None) != (self.status == HIDDEN):
            raise ValueError("a number that is shown has a text, and a hidden one has none")
        if self.text is not None and not _PRINTED.fullmatch(self.text):
            raise ValueError("a number is text such as '29.7', '29,7' or '-6.1'")
        if min(self.multiple, self.scale) < 1 or min(self.below, self.above) < 0:
            raise ValueError("multiples and scales are at least 1, and what lies below and above at least 0")
        if (self.multiple > 1) != (self.status == ROUNDED):
            raise ValueError("a rounded number has a multiple above 1, and nothing else has")

    @property
    def units(self) -> int:
        """The number in whole units of its last decimal: 297 for 29.7."""
        return int(re.sub("[.,]", "", (self.text or "0").replace("−", "-")))

    @property
    def unit(self) -> int:
        """How many units make 1 on the scale 0–1 (or one of the amount): 1 000 for a per cent with one decimal."""
        return self.scale * 10**self.decimals

    @property
    def decimals(self) -> int:
        return len(re.split("[.,]", self.text)[1]) if self.text and re.search("[.,]", self.text) else 0


def exact(value: int | str, *, scale: int = 1) -> Shown:
    """A count as it is, or an amount, share (scale 100: in per cent) or effect with the decimals of its text."""
    return Shown(EXACT, str(value), scale=scale)


def rounded(value: int | str, base: int, *, nearest: bool = False, scale: int = 1) -> Shown:
    """Rounded to a multiple of the base: with control (up or down by less than the base), or to the nearest.

    A share has the text that follows from counts rounded so.
    """
    below, above = (base // 2, (base - 1) // 2) if nearest else (base - 1, base - 1)
    return Shown(ROUNDED, str(value), base, below, above, scale)


def derived(value: int | str, *, scale: int = 1) -> Shown:
    """Worked out from numbers printed in the same release, and from nothing else."""
    return Shown(DERIVED, str(value), scale=scale)


def hidden(*, least: int = 0, most: int | None = None) -> Shown:
    """Hidden behind a sign. Bounds only where the sign is used for nothing else, as «1–3» or «7 eller færre»."""
    return Shown(HIDDEN, least=least, most=most)


def count_bounds(shown: Shown) -> tuple[float, float]:
    """The lowest and highest whole number that can lie behind a count as shown; the highest of a hidden one is inf."""
    if shown.status == HIDDEN:
        return shown.least, math.inf if shown.most is None else shown.most
    return max(shown.units - shown.below, 0), shown.units + shown.above


def value_bounds(shown: Shown) -> tuple[Fraction, Fraction]:
    """The interval behind an amount or effect on its own scale: half a unit of the last decimal, or below and above."""
    value, half = Fraction(shown.units, shown.unit), Fraction(1, 2 * shown.unit)
    if shown.status == ROUNDED:
        return value - shown.below, value + shown.above
    return value - half, value + half


def numerator_bounds(shown: Shown, base: Shown) -> tuple[int, int]:
    """The lowest and highest count that can lie behind a share beside its base as printed; low > high when none can.

    Rounded half up. A share of rounded counts is one of the base as printed, and its numerator a multiple with the
    truth from `below` under it to `above` over it. A share of true counts is one of any base that prints so.
    """
    low, high = count_bounds(base)
    sizes = (base.units,) if shown.status == ROUNDED else range(int(low), int(high) + 1)
    found = [(low, high) for low, high in (_numerators(shown, size) for size in sizes) if low <= high]
    if not found:
        return 1, 0
    return max(min(low for low, _ in found) - shown.below, 0), max(high for _, high in found) + shown.above


def _numerators(shown: Shown, base: int) -> tuple[int, int]:
    """The multiples of `shown.multiple`, first and last, that print as the share of so many."""
    doubled, step = 2 * shown.unit, shown.multiple
    low = max(-((-(2 * shown.units - 1) * base) // doubled), 0)
    high = min(-((-(2 * shown.units + 1) * base) // doubled) - 1, base)
    return -(-low // step) * step, high // step * step
