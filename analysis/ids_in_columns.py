"""National identity numbers that a program has written as amounts: in exponents, or without the zero in front.

``1.2345678901E10`` is eleven digits, and whoever is born on one of the first nine days of a month has ten where a
column was read as numbers. Such a number alone is an amount like any other: one in a hundred passes the check digits by
chance. So the others in its column are looked at: nearly all of them pass in a column of ids, hardly any of amounts.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.nationalid import Hit, in_digest, kind, standing_alone

# Of three ids in a column all must pass, of five four. A number of ten digits passes in 1.4 % of all cases, so that a
# column of three to six amounts is taken for ids once in 300 000 times, and a longer one never.
FEWEST, SHARE = 3, 0.8
# There are far more rows than columns: six numbers, once in 300 million rows.
FEWEST_IN_A_ROW = 5
# Ten digits without the zero in front, or a mantissa with nearly all digits of ten or eleven (a last zero is left out).
AMOUNT = r"[1-9](?:[0-9]{9}|[.,][0-9]{7,10}[eE][+]?(?:0?9|10))"
IN_TABLES = re.compile(r"<(?:tr|row)\b", re.IGNORECASE), re.compile(r"<t[dh]\b|<c\b", re.IGNORECASE)
KEY = re.compile(r'"([^"\n]{1,60})"\s*:\s*"?$')
LONGEST_KEY = 80


@dataclass(frozen=True)
class _Amount:
    """A number that may be an identity number: position, and which kind it is (None: none)."""

    position: int
    kind: str | None


def find_in_columns(text: str, *, decimal_comma: bool = False) -> list[Hit]:
    """Identity numbers written as amounts, in order of position: those in columns (or rows) of little else.

    A column is a key of JSON, a field of a line, an element of an array or a cell of a row in markup. Digits of
    hexadecimal digests are left out, and so is a number that stands alone.
    """
    amounts = list(_amounts(text, decimal_comma))
    if sum(amount.kind is not None for amount in amounts) < FEWEST:
        return []
    groups: dict[tuple, list[_Amount]] = defaultdict(list)
    for amount, (row, column) in zip(amounts, _places(text, amounts, decimal_comma), strict=True):
        groups["row", row].append(amount)
        groups["column", column].append(amount)
    found = [one for (way, _), members in groups.items() if _of_ids(way, members) for one in members if one.kind]
    return [Hit(name, position) for position, name in sorted({(one.position, str(one.kind)) for one in found})]


def _of_ids(way: str, members: list[_Amount]) -> bool:
    passing = sum(one.kind is not None for one in members)
    return passing >= (FEWEST if way == "column" else FEWEST_IN_A_ROW) and passing >= SHARE * len(members)


def _amounts(text: str, decimal_comma: bool) -> Iterator[_Amount]:
    pattern = standing_alone(AMOUNT, decimal_comma) + "(?![eE][+-]?[0-9])"
    for match in re.finditer(pattern, text):
        digits = _eleven_digits(match.group())
        if digits is not None:
            name = kind(digits)
            yield _Amount(match.start(), None if name and in_digest(text, match) else name)


def _eleven_digits(written: str) -> str | None:
    """The whole number with the zero in front that it has lost; None where the exponent leaves decimals."""
    mantissa, _, exponent = written.lower().partition("e")
    decimals = mantissa[2:] if exponent else ""
    if not exponent:
        return mantissa.zfill(11)
    if len(decimals) > int(exponent):
        return None
    return (mantissa[0] + decimals.ljust(int(exponent), "0")).zfill(11)


def _places(text: str, amounts: list[_Amount], decimal_comma: bool) -> Iterator[tuple[int, str | int]]:
    """Of each amount: where its row begins, and the key or the number of its column in the row."""
    rows, fields = IN_TABLES
    if not rows.search(text):
        rows = re.compile(r"[\n\[{]")
        fields = re.compile(r'"[^"\n]*"|[;\t]' if decimal_comma else r'"[^"\n]*"|[,;\t]')
    starts = np.array([-1, *(match.start() for match in rows.finditer(text))])
    marks = np.array([match.start() for match in fields.finditer(text) if not match.group().startswith('"')])
    for amount in amounts:
        row = int(starts[np.searchsorted(starts, amount.position) - 1])
        key = KEY.search(text[max(0, amount.position - LONGEST_KEY) : amount.position])
        field = np.searchsorted(marks, amount.position) - np.searchsorted(marks, row)
        yield row, key[1] if key else int(field)
