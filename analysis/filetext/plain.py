"""Files that are text as they stand: prose, tables, structured data."""

import re
from collections.abc import Iterator

from analysis.filetext.contract import Part, decoded, lined, refusals, without_json_escapes

# What LaTeX prints for a hyphen, a blank, or nothing.
LATEX = (
    (re.compile(r"\\ensuremath\{-\}"), "-"),
    (re.compile(r"~|\\[,;: ]"), " "),
    (re.compile(r"\\[-/]|\\[A-Za-z]+\*?|[{}]"), ""),
)


def running_text(content: bytes) -> Iterator[Part]:
    """Prose, whose lines may break inside a number."""
    text = decoded(content)
    yield from refusals(text)
    yield lined(text, across_lines=True)


def latex(content: bytes) -> Iterator[Part]:
    """LaTeX as it is written and about as it reads, so that a number with a tie or a command in it is whole."""
    yield from running_text(content)
    text = decoded(content)
    for pattern, read in LATEX:
        text = pattern.sub(read, text)
    yield lined(text, across_lines=True)


def table_text(content: bytes) -> Iterator[Part]:
    """A table. The comma is a decimal mark only where semicolon or tab divides the columns."""
    text = decoded(content)
    first_line = text.partition("\n")[0]
    yield from refusals(text)
    yield lined(text, decimal_comma=";" in first_line or "\t" in first_line)


def structured_text(content: bytes) -> Iterator[Part]:
    """JSON, YAML and code."""
    text = decoded(content)
    yield from refusals(text)
    yield lined(without_json_escapes(text))
