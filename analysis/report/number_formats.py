"""Number formats of a workbook, so that a cell with the released number reads as the report prints it.

A format has a part for numbers above zero, one for those below and one for zero. The minus sign is U+2212, as in the
report; the decimal mark is the reader's own.
"""

import re
from collections.abc import Mapping

from analysis.report.data_columns import POINTS, Number
from analysis.report.language import MINUS, NBSP

THOUSANDS = re.compile(r"\d[\u00a0,]\d{3}(?!\d)")
NOT_ZERO = re.compile("[1-9]")
# Percentage points stand as a share, which takes two decimals more.
SHIFT = 2


def decimals(number: Number, decimal_mark: str) -> int:
    """Decimals of a number as printed: ``29,7 %`` has one."""
    _, _, rest = number.text.partition(decimal_mark)
    digits = re.match(r"\d*", rest)
    # A thousand mark of English is no decimal mark, and of Norwegian it is a space.
    return len(digits[0]) if digits else 0


def number_format(number: Number, formats: Mapping[str, str]) -> str:
    """The format of a cell with this number in a report of a language with these `formats` (Language.formats)."""
    if number.text.startswith("<"):
        return f'"{number.text}"'
    body = "#,##0" if THOUSANDS.search(number.text) else "0"
    places = decimals(number, formats["decimal"]) + (SHIFT if number.unit == POINTS else 0)
    body += f".{'0' * places}" if places else ""
    if number.unit == "percent":
        body += formats["percent"].replace(NBSP, f'"{NBSP}"')
    # A number that is printed as zero has no sign.
    below = body if number.value < 0 and not NOT_ZERO.search(number.text) else f'"{MINUS}"{body}'
    above = f'"+"{body}' if number.text.startswith("+") else body
    return f"{above};{below};{body}"
