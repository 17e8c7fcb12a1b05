"""Months as int16 inside (year·12 + month − 1) and as ``YYYY-MM`` at the border."""

import re

# Before the months of a time that is counted from the start: ``start+12``.
FROM_START = "start+"
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def month_number(text: str) -> int:
    """``"2012-11"`` → 24154. Raises ValueError on anything else."""
    match = _MONTH.fullmatch(text)
    if not match:
        raise ValueError(f"not a month written YYYY-MM: {text!r}")
    return int(match[1]) * 12 + int(match[2]) - 1


def month_text(number: int) -> str:
    """24154 → ``"2012-11"``."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
