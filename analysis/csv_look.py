"""The rows of a CSV file counted from its bytes alone: quick, and only where nothing in the file is odd.

Nearly every file is like that, quoted or not. Odd are: a carriage return without a line feed, a byte that the encoding
has not, a quote that neither stands at an edge of a value nor is doubled, and a line or a value of tens of thousands
of characters. Such files may be right, but it takes a reader of every row to tell.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

# A block is at most twice as long, and a value lies in two blocks at most: no longer than the 131072 characters that
# Python's csv takes.
LOOK_BYTES = 1 << 15
QUOTE, LINE_FEED = b'"'[0], b"\n"[0]


@dataclass(frozen=True)
class Look:
    """Whether a null is among the bytes, and the number of rows with the header; None where something is odd."""

    has_null: bool
    rows: int | None


@dataclass(frozen=True)
class _Count:
    """Rows that ended so far, whether a quoted value is still open, and whether the last line has its line feed."""

    rows_ended: int = 0
    quote_open: bool = False
    line_ended: bool = True


def first_look(stream: BinaryIO, *, delimiter: str, encoding: str) -> Look:
    """One pass over all bytes of a file that is opened for reading (buffered)."""
    count = _Count() if delimiter.isascii() else None  # another may be several bytes, or parts of other characters
    beside_quotes = _bytes_beside_quotes(delimiter)
    has_null = False
    if encoding.startswith("utf-8") and stream.peek(3)[:3] == codecs.BOM_UTF8:
        stream.read(3)
    for block in _blocks_of_lines(stream):
        has_null = has_null or b"\0" in block
        count = count and _counted(count, block, encoding, beside_quotes)
    return Look(has_null, None if count is None or count.quote_open else count.rows_ended + (not count.line_ended))


def _bytes_beside_quotes(delimiter: str) -> np.ndarray:
    """By byte, whether it may stand outside a value beside its quote, or be the other half of a doubled quote."""
    allowed = np.zeros(256, dtype=bool)
    allowed[list(f'{delimiter}\r\n"'.encode())] = True
    return allowed


def _blocks_of_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Blocks of whole lines; a line that is too long for that is cut."""
    while block := stream.read(LOOK_BYTES) + stream.readline(LOOK_BYTES):
        yield block


def _counted(before: _Count, block: bytes, encoding: str, beside_quotes: np.ndarray) -> _Count | None:
    """The count after a further block; None when something is odd."""
    if not before.line_ended or _has_lone_return(block) or not _is_decodable(block, encoding):
        return None
    if before.quote_open or b'"' in block:
        ended, quote_open = _ended_among_quotes(block, before.quote_open, beside_quotes)
    else:
        ended, quote_open = block.count(b"\n"), False
    if ended is None:
        return None
    return _Count(before.rows_ended + ended, quote_open, block.endswith(b"\n"))


def _has_lone_return(block: bytes) -> bool:
    return b"\r" in block and block.count(b"\r") != block.count(b"\r\n")


def _is_decodable(block: bytes, encoding: str) -> bool:
    """Whole lines can be judged alone: in no encoding of the card is a line feed part of another character."""
    if not block.isascii():
        try:
            block.decode(encoding)
        except UnicodeDecodeError:
            return False
    return True


def _ended_among_quotes(block: bytes, open_before: bool, beside_quotes: np.ndarray) -> tuple[int | None, bool]:
    """Rows that end outside quotes (None when a quote or a value is odd), and whether a quote is open afterwards.

    Quotes open and close by turns, a doubled one closing and opening again. So all is well when every opening one
    comes after, and every closing one before, something that may stand beside quotes.
    """
    padded = np.frombuffer(b"\n" + block + b"\n", dtype=np.uint8)
    preceding, text, following = padded[:-2], padded[1:-1], padded[2:]
    quotes, line_feeds = np.flatnonzero(text == QUOTE), np.flatnonzero(text == LINE_FEED)
    opening, closing = quotes[int(open_before) :: 2], quotes[1 - int(open_before) :: 2]
    sound = beside_quotes[preceding[opening]].all() and beside_quotes[following[closing]].all()
    inside = (np.searchsorted(quotes, line_feeds) + open_before) % 2
    ended = len(line_feeds) - int(inside.sum())
    too_long = open_before and not ended
    return None if too_long or not sound else ended, (len(quotes) + open_before) % 2 == 1
