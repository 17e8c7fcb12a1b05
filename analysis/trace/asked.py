"""What a person asked for: a number as it is printed, in one of the ways people write it, or an estimate's id."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.trace.printed import Printed

ESTIMATE_ID = re.compile(r"[0-9a-f]{10}")
MINUS, THOUSANDS = "\u2212\u2013-", " \u00a0\u202f"
NUMBER = re.compile(rf"[<=]?\s*([+{MINUS}]?)\s*(\d[\d{THOUSANDS}.,]*?)\s*(%|prosent(?:poeng)?|pp)?")
PLAIN = re.compile(r"\d+(?:\.\d+)?")
NEAREST = 5


@dataclass(frozen=True)
class Asked:
    """A number without its language: its size as digits and point, the sign if one was written, and a per cent sign."""

    size: str
    sign: str = ""
    percent: bool = False

    @property
    def value(self) -> float:
        """As a number, in the unit in which it is printed."""
        return float(self.size) * (-1 if self.sign == "-" else 1)


def read_number(text: str, decimal: str = ",") -> Asked | None:
    """``6,1``, ``+6.1``, ``−1,1``, ``29,7 %``, ``48 620``; None for what is no number.

    `decimal` is the mark of the report's language: a comma before three digits parts thousands where it is a point.
    """
    match = NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    sign, digits, unit = match.groups()
    digits = re.sub(f"[{THOUSANDS}]", "", digits)
    if decimal == "." and re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", digits):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    if PLAIN.fullmatch(digits) is None:
        return None
    return Asked(digits, "-" if sign and sign in MINUS else sign, unit == "%")


def matching(asked: Asked, numbers: Sequence[Printed], decimal: str) -> list[Printed]:
    """The numbers of a report that print as what was asked: a minus has to stand in both or in neither, a plus may be
    left out, and with a per cent sign only shares are meant."""
    found = []
    for number in numbers:
        own = read_number(number.text, decimal)
        if own is None or own.size != asked.size or (asked.percent and number.record["unit"] != "percent"):
            continue
        if (own.sign == "-") == (asked.sign == "-"):
            found.append(number)
    return found


def nearest(asked: Asked, numbers: Sequence[Printed], decimal: str) -> list[str]:
    """The printed numbers that are closest to what was asked, nearest first, each once; shares where shares are meant,
    and numbers with as many decimals before others."""
    near: dict[str, tuple[bool, float]] = {}
    for number in numbers:
        own = read_number(number.text, decimal)
        if own is not None and (not asked.percent or number.record["unit"] == "percent"):
            other = ("." in own.size) != ("." in asked.size)
            near.setdefault(number.text.lstrip("+=\u00a0"), (other, abs(own.value - asked.value)))
    return sorted(near, key=lambda text: (near[text], text))[:NEAREST]
