"""Files that are text as they stand: prose, tables, structured data."""

from collections.abc import Iterator

from analysis.filetext.contract import Part, decoded, lined, refusals, without_json_escapes


def running_text(content: bytes) -> Iterator[Part]:
    """Prose, whose lines may break inside a number."""
    text = decoded(content)
    yield from refusals(text)
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
