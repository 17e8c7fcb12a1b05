"""Norwegian national identity numbers: which kind an eleven-digit number is, and where they stand in a text.

A number is day, month, year (two digits), three free digits and two check digits. Sources: Skatteetaten, «Nytt
fødselsnummer fra 2032» (the weights and both rules for the first check digit) and navikt/fnrvalidator. Neither sex
nor century is read from a number: those born from 2032 get numbers that hold neither. Kinds:

==============  =====================================  ==========
kind            how the date is written                belongs to
==============  =====================================  ==========
``fnr``         as it is                               a person
``dnr``         day + 40                               a person
``hnr``         month + 40 (a health trust's number,   a person
                or Nav's own test number: they cannot
                be told apart)
``dnr-hnr``     day + 40, month + 40                   a person
``fnr-nav65``   month + 65 (Nav's test persons)        nobody
``dnr-nav65``   day + 40, month + 65                   nobody
``fnr-tenor``   month + 80 (the tax authority's        nobody
                test population, Tenor)
``dnr-tenor``   day + 40, month + 80                   nobody
==============  =====================================  ==========

Not a kind here: the health sector's FH numbers (first digit 8 or 9), which hold no date and are in no data of Nav's.
Of random eleven-digit numbers 0.25 % pass as ``fnr`` or ``dnr`` and 0.97 % as some kind under the rule of 2032.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
RULE_1964 = frozenset({0})
RULE_2032 = frozenset({0, 1, 2, 3})
"""Remainders of the first weighted sum that each rule allows; the second sum always leaves none."""

KINDS = {
    (False, 0): "fnr",
    (True, 0): "dnr",
    (False, 40): "hnr",
    (True, 40): "dnr-hnr",
    (False, 65): "fnr-nav65",
    (True, 65): "dnr-nav65",
    (False, 80): "fnr-tenor",
    (True, 80): "dnr-tenor",
}
SYNTHETIC = frozenset({"fnr-nav65", "dnr-nav65", "fnr-tenor", "dnr-tenor"})
ORDINARY = frozenset({"fnr", "dnr"})
DAYS_IN_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

BLANK = " \u00a0\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
DASH = "\\-\u00ad\u2010-\u2015\u2212_/"
ELEVEN_DIGITS = "[0-9]{6}[ \u00a0\u2009\u202f._/-]?[0-9]{5}(?:[.]0+)?"
LINE_START = re.compile(f"\n[{BLANK}]*(?=[0-9])")
LINE_END = BLANK + "\r-\u00ad"
HEX_RUN = re.compile(r"[0-9a-fA-F]+")
SHORTEST_DIGEST = 32
LONGEST_SPELLING = 24


@dataclass(frozen=True)
class Hit:
    """An identity number in a text: its kind, and the position of its first digit. Never the number."""

    kind: str
    position: int


@dataclass(frozen=True)
class IdentityCounts:
    """How many values of a column look like identity numbers.

    values: values that are not missing; eleven_digits: those that are eleven digits; any_kind: those of them that are
    valid as some kind; ordinary: those that are valid as ``fnr`` or ``dnr``.
    """

    values: int
    eleven_digits: int
    any_kind: int
    ordinary: int

    @property
    def share_any_kind(self) -> float:
        """Share (0–1) of the values that are valid as some kind; 0 for an empty column."""
        return self.any_kind / self.values if self.values else 0.0

    @property
    def share_ordinary(self) -> float:
        """Share (0–1) of the values that are valid as ``fnr`` or ``dnr``; 0 for an empty column."""
        return self.ordinary / self.values if self.values else 0.0


def kind(number: str, *, rule: frozenset[int] = RULE_2032) -> str | None:
    """The kind of an eleven-digit number, or None when date or check digits are impossible.

    The rule of 2032 allows every number that the rule of 1964 allows, so the default answers for both.
    """
    if not re.fullmatch("[0-9]{11}", number):
        return None
    digits = [int(character) for character in number]
    return _date_kind(digits) if _check_digits_fit(digits, rule) else None


def reads_as_id(text: str) -> bool:
    """Whether ten or eleven digits alone in `text` are a possible number, with the zero in front that ten have lost.

    For what the pipeline itself makes up and prints, which is made up again then: one seed in a hundred would stop the
    seal, by chance and for good.
    """
    return any(kind(digits.zfill(11)) for digits in re.findall("(?<![0-9])[0-9]{10,11}(?![0-9])", text))


def _check_digits_fit(digits: list[int], rule: frozenset[int]) -> bool:
    first = sum(weight * digit for weight, digit in zip(FIRST_WEIGHTS, digits, strict=False)) % 11
    second = sum(weight * digit for weight, digit in zip(SECOND_WEIGHTS, digits, strict=True)) % 11
    return first in rule and second == 0


def _date_kind(digits: list[int]) -> str | None:
    day, month, year = (10 * digits[start] + digits[start + 1] for start in (0, 2, 4))
    day_shifted = day > 40
    day -= 40 * day_shifted
    shift = next((shift for shift in (0, 40, 65, 80) if 1 <= month - shift <= 12), None)
    if shift is None or not _date_exists(day, month - shift, year):
        return None
    return KINDS[day_shifted, shift]


def _date_exists(day: int, month: int, year: int) -> bool:
    """Whether the date exists in 20yy, where 00 is a leap year, as the tax authority reads it."""
    return 1 <= day <= DAYS_IN_MONTH[month] and not (month == 2 and day == 29 and year % 4)


def share_valid(values: pd.Series) -> IdentityCounts:
    """Count the values of a column that are identity numbers, whatever type the column was read as.

    Text may have a separator before the last five digits or the tail ``.0`` of a number read as a float; whole
    numbers of ten digits have lost the zero in front and get it back. Ids that begin with a date pass far oftener
    than random ones (3.3 % for a valid date), so a few per cent need not be persons; a real column passes with nearly
    all its values.
    """
    present = values.dropna()
    digits = _digit_matrix(_eleven_digit_texts(present))
    any_kind, ordinary = _kinds_of_rows(digits)
    return IdentityCounts(len(present), len(digits), int(any_kind.sum()), int(ordinary.sum()))


def _eleven_digit_texts(present: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(present.dtype):
        return pd.Series([], dtype="str")
    if pd.api.types.is_numeric_dtype(present.dtype):
        numbers = present.to_numpy(dtype="float64")
        whole = numbers[(numbers >= 1e9) & (numbers < 1e11) & (numbers == np.floor(numbers))]
        return pd.Series(whole.astype("int64")).astype("str").str.zfill(11)
    text = present.astype("str").str.strip()
    eleven = text[text.str.fullmatch(ELEVEN_DIGITS)]
    return eleven.str.replace(r"\.0+$", "", regex=True).str.replace("[^0-9]", "", regex=True)


def _digit_matrix(texts: pd.Series) -> np.ndarray:
    """Texts of eleven ASCII digits as a matrix of digits, one row a text."""
    joined = "".join(texts).encode("ascii")
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, 11).astype(np.int64) - ord("0")


def _kinds_of_rows(digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of digits: valid as some kind, valid as ``fnr`` or ``dnr``."""
    first = digits[:, :10] @ np.array(FIRST_WEIGHTS) % 11
    second = digits @ np.array(SECOND_WEIGHTS) % 11
    day, month, year = (10 * digits[:, start] + digits[:, start + 1] for start in (0, 2, 4))
    day = np.where(day > 40, day - 40, day)
    shift = np.select([month > 80, month > 65, month > 40], [80, 65, 40], default=0)
    month = month - shift
    last_day = np.array(DAYS_IN_MONTH)[np.where((month >= 1) & (month <= 12), month, 0)]
    last_day = np.where((month == 2) & (year % 4 != 0), 28, last_day)
    valid = np.isin(first, list(RULE_2032)) & (second == 0) & (day >= 1) & (day <= last_day)
    return valid, valid & (shift == 0)


def find(text: str, *, decimal_comma: bool = False, across_lines: bool = False) -> list[Hit]:
    """Identity numbers in a text, in order of position.

    Found: eleven digits alone; with blanks, dash, underscore or slash before the last five; the last five as 3 + 2;
    the date as ``dd.mm.yy``; the tail ``.0`` of a number written as a float. Not found: digits of longer numbers, of
    decimal numbers, and of hexadecimal digests of 32 characters or more.

    ``ddmmyy.nnnnn`` is read as a decimal number unless it begins with 0, as no decimal number does. A comma divides
    the columns of a table more often than a number, so it makes a decimal number only with `decimal_comma`.
    With `across_lines`, for running text, a number may be broken once by a line break.
    """
    pattern = _pattern(decimal_comma)
    hits = {match.start(): name for match in pattern.finditer(text) if (name := _kind_of_match(text, match))}
    if across_lines:
        hits.update(_broken_by_lines(text))
    return [Hit(hits[position], position) for position in sorted(hits)]


@functools.cache
def _pattern(decimal_comma: bool) -> re.Pattern[str]:
    separator = f"[{BLANK}]{{0,3}}[{DASH}]?[{BLANK}]{{0,3}}"
    last_five = f"(?:[0-9]{{5}}|[0-9]{{3}}[{BLANK}][0-9]{{2}})"
    compact_date = rf"[0-9]{{4}}{separator}{last_five}"
    leading_zero = r"(?<=0[0-9])[0-9]{4}\.[0-9]{5}"
    dotted_date = rf"([./-])[0-9]{{2}}\1[0-9]{{2}}(?:\1|{separator}){last_five}"
    return re.compile(standing_alone(f"[0-9]{{2}}(?:{compact_date}|{leading_zero}|{dotted_date})", decimal_comma))


def standing_alone(digits: str, decimal_comma: bool) -> str:
    """A pattern for digits, made to fit only where they are no part of a longer number or of a decimal number.

    Decimals may stand behind a point alone, as Stata writes them; ``nr.`` before the digits is an abbreviation. Zeros
    alone behind the point leave a whole number.
    """
    before = r"(?<![0-9])(?<![0-9\s,;:=(\[+*/|>\"'-]\.)"
    after = r"(?![0-9])(?!\.[0-9]*[1-9])"
    return before + "(?<![0-9],)" + digits + after + "(?!,[0-9]*[1-9])" if decimal_comma else before + digits + after


def _kind_of_match(text: str, match: re.Match[str]) -> str | None:
    name = kind(re.sub("[^0-9]", "", match.group()))
    return None if name and in_digest(text, match) else name


def in_digest(text: str, match: re.Match[str]) -> bool:
    """Whether the digits are part of a hexadecimal digest: one in 2 000 SHA-256 digests holds a valid number."""
    start = max(0, match.start() - 2 * SHORTEST_DIGEST)
    around = text[start : match.end() + 2 * SHORTEST_DIGEST]
    runs = (run for run in HEX_RUN.finditer(around) if run.start() <= match.start() - start < run.end())
    return any(len(run.group()) >= SHORTEST_DIGEST for run in runs)


def _broken_by_lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbers that one line break divides, wherever it falls: position and kind.

    The end of one line and the start of the next are read as if the break were not there. A decimal comma is assumed,
    or the decimals at the end of a line would be glued to the number that begins the next.
    """
    for gap in LINE_START.finditer(text):
        start = max(0, gap.start() - LONGEST_SPELLING)
        start = max(start, text.rfind("\n", start, gap.start()) + 1)
        before = text[start : gap.start()].rstrip(LINE_END)
        if before and before[-1].isdigit():
            after = text[gap.end() : gap.end() + LONGEST_SPELLING].partition("\n")[0]
            for match in _pattern(True).finditer(before + after):
                if match.start() < len(before) < match.end() and (name := _kind_of_match(before + after, match)):
                    yield start + match.start(), name
