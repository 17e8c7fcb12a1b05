"""Numbers, dates and intervals as readers of each language know them.

Shares are 0–1 inside and per cent in print; differences between shares are percentage points, never per cent.
Rounding is half up, as readers know it from spreadsheets. Babel gives the separators; the minus sign is U+2212 (Babel
writes a hyphen for Norwegian), and the spaces in numbers and before % do not break.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, get_decimal_symbol

from analysis.months import month_number

NBSP, MINUS = "\u00a0", "\u2212"
# A share of fewer persons than this is printed without decimals (glossary, section 1).
SMALL_BASE = 100
SMALLEST_P = 0.001
TEN_THOUSAND = 10_000


@dataclass(frozen=True)
class Language:
    """Formats for one language, by its code (``nb``) and Babel's locale (``nb_NO``)."""

    code: str
    locale: str

    @classmethod
    def of(cls, code: str, catalogue: Mapping[str, Any]) -> "Language":
        """The language of a catalogue, which says its locale."""
        return cls(code, catalogue["locale"])

    @property
    def region(self) -> str:
        """The country whose habits the texts follow."""
        return Locale.parse(self.locale).territory

    @property
    def decimal_mark(self) -> str:
        """What stands between whole and decimals."""
        return get_decimal_symbol(self.locale)

    @property
    def percent_ending(self) -> str:
        """The sign for per cent with the space before it that the language has, which does not break."""
        ending = Locale.parse(self.locale).percent_formats[None].suffix[0]
        return NBSP + "%" if ending.strip() != ending else "%"

    def formats(self) -> dict[str, str]:
        """What the renderers must know of it: country, tag (``nb-NO``), decimal mark, and the ending of per cent."""
        tag = self.locale.replace("_", "-")
        return {"region": self.region, "tag": tag, "decimal": self.decimal_mark, "percent": self.percent_ending}

    def number(self, value: float, decimals: int = 0, *, sign: bool = False) -> str:
        """``1794.34`` → ``1 794`` (a free thousand mark from five digits), with a plus sign on request."""
        rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        grouped = abs(rounded) >= TEN_THOUSAND
        text = format_decimal(abs(rounded), pattern if grouped else pattern.replace("#,##", ""), locale=self.locale)
        mark = MINUS if rounded < 0 else "+" if sign and rounded > 0 else ""
        return mark + text.replace(" ", NBSP).replace("\u202f", NBSP)

    def amount(self, kroner: float, *, sign: bool = False) -> str:
        """``45428.57`` → ``45 000``: to the nearest thousand, and below ten thousand to the nearest hundred."""
        places = 3 if abs(kroner) >= TEN_THOUSAND else 2
        rounded = Decimal(repr(float(kroner))).quantize(Decimal(1).scaleb(places), rounding=ROUND_HALF_UP)
        return self.number(float(rounded), sign=sign)

    def share_decimals(self, base: float | None) -> int:
        """Decimals of a share: none when it is a share of fewer than 100."""
        return 0 if base is not None and not math.isnan(base) and base < SMALL_BASE else 1

    def percent(self, share: float, base: float | None = None, decimals: int | None = None) -> str:
        """``0.297`` → ``29,7 %`` (``29.7%`` in English); `decimals` overrides what the base says."""
        text = self.number(100 * share, self.share_decimals(base) if decimals is None else decimals)
        return text + self.percent_ending

    def points(self, difference: float, decimals: int = 1, *, sign: bool = False) -> str:
        """``0.061`` → ``6,1``: percentage points without the word."""
        return self.number(100 * difference, decimals, sign=sign)

    def p_value(self, p: float) -> str:
        """``= 0,09``, ``= 0,005`` or ``< 0,001``: never ``= 0,000``."""
        if p < SMALLEST_P:
            return f"<{NBSP}{self.number(SMALLEST_P, 3)}"
        return f"={NBSP}{self.number(p, 3 if p < 0.0095 else 2)}"

    def date(self, day: dt.date) -> str:
        """``21. november 2026``."""
        return format_date(day, "long", locale=self.locale)

    def month(self, text: str) -> str:
        """``2012-11`` → ``november 2012``."""
        number = month_number(text)
        return format_date(dt.date(number // 12, number % 12 + 1, 1), "MMMM y", locale=self.locale)


def nice_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round numbers that cover low..high with at most `most` + 1 marks, zero among them when it lies inside."""
    span = max(high - low, 1e-12)
    raw = span / most
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw - 1e-12)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]
