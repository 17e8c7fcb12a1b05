"""From the texts of a delivery to typed values. Everything is done once per distinct text, and then taken by row.

What cannot be converted becomes null; the caller tells that apart from what was missing in the file.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.cards import Column, File
from analysis.csv_rows import ROW

ARROW_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "arm": pa.string(),
    "slug": pa.int16(),
    "month": pa.int16(),
    "date": pa.date32(),
    "number": pa.float64(),
    "count": pa.int64(),
    "boolean": pa.bool_(),
}
MOST_TYPES = 1000
SLUG = r"^[a-z][a-z0-9_]*$"
_ISO = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$"
_DOTTED = r"^([0-9]{2})\.([0-9]{2})\.([0-9]{4})$"
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True)
class Encoded:
    """A column of a batch: distinct texts without blanks around them, null for missing, and the place of each row's."""

    texts: pa.Array
    places: np.ndarray

    @cached_property
    def missing(self) -> np.ndarray:
        """Which of the distinct texts are missing."""
        return _flags(pc.is_null(self.texts))

    def rows(self, flags: np.ndarray) -> np.ndarray:
        """Places in the batch of the rows whose distinct text is flagged."""
        return np.flatnonzero(flags[self.places]) if flags.any() else np.empty(0, dtype=np.int64)


def encoded(values: pa.ChunkedArray | pa.Array, missing: list[str]) -> Encoded:
    """The column with what the card calls missing, and what is empty, as null."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = pc.dictionary_encode(whole, null_encoding="encode")
    if isinstance(coded, pa.ChunkedArray):  # no rows
        coded = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))
    return Encoded(trimmed(coded.dictionary, missing), coded.indices.to_numpy(zero_copy_only=False))


def trimmed(texts: pa.Array, missing: list[str]) -> pa.Array:
    """Texts without blanks around them; null where nothing is left, or the card calls the text missing."""
    longest = max((len(text.encode()) for text in missing), default=0)
    if texts.null_count == len(texts):
        return texts
    plain = pc.utf8_trim_whitespace(texts)
    if texts.null_count == 0 and pc.min(pc.binary_length(plain)).as_py() > longest:
        return plain
    gone = pc.or_(pc.is_in(texts, value_set=pa.array(missing, pa.string())), pc.equal(pc.binary_length(plain), 0))
    return pc.if_else(gone, pa.scalar(None, pa.string()), plain)


def row_ids(prefix: str, batch: pa.Table) -> pa.Array:
    """Ids made of a prefix and the number of the row."""
    numbers = batch.column(ROW).combine_chunks().cast(pa.string())
    return pc.binary_join_element_wise(prefix, numbers, "-")


def translated(texts: pa.Array, column: Column) -> pa.Array:
    """The values of the table for source texts; null for those that the card does not translate."""
    if column.values is None:
        return texts
    keys = pa.array([key.strip() for key in column.values], pa.string())
    return pc.take(pa.array(list(column.values.values()), pa.string()), pc.index_in(texts, value_set=keys))


def parsed(texts: pa.Array, kind: str, file: File, column: Column) -> pa.Array:
    """Texts (after translation) as values of the kind; null for what is not of it."""
    if kind == "number":
        return numbers(texts, "." if column.values is not None else file.decimal)
    if kind == "count":
        return counts(texts)
    if kind == "boolean":
        return pc.take(pa.array(list(_BOOLEANS.values())), pc.index_in(texts, value_set=pa.array(list(_BOOLEANS))))
    if kind in ("date", "month"):
        days = dates(texts, "iso" if column.values is not None else file.dates, months=kind == "month")
        return months_of(days) if kind == "month" else days
    return texts


class TypeNumbers:
    """Small numbers for the types of spells, given as types are met: ten million rows sort faster by them."""

    def __init__(self):
        self.names: list[str] = []

    def of(self, texts: pa.Array) -> pa.Array:
        """The number of each type; null for a text that is no type."""
        named = set(texts.filter(pc.match_substring_regex(texts, SLUG)).to_pylist()) - {None}
        self.names += sorted(named - set(self.names))[: MOST_TYPES - len(self.names)]
        return pc.index_in(texts, value_set=pa.array(self.names, pa.string())).cast(pa.int16())


def numbers(texts: pa.Array, decimal: str) -> pa.Array:
    """Finite numbers with this decimal sign, as float64."""
    form = rf"^[-+]?[0-9]+([{re.escape(decimal)}][0-9]+)?([eE][-+]?[0-9]+)?$"
    plain = pc.if_else(pc.match_substring_regex(texts, form), texts, pa.scalar(None, pa.string()))
    pointed = pc.ascii_ltrim(pc.replace_substring(plain, decimal, "."), "+")
    try:
        found = pointed.cast(pa.float64())
    except pa.ArrowInvalid:  # a number beyond what a float holds
        found = pa.array([None if text is None else float(text) for text in pointed.to_pylist()], pa.float64())
    return pc.if_else(pc.is_finite(found), found, pa.scalar(None, pa.float64()))


def counts(texts: pa.Array) -> pa.Array:
    """Whole numbers from 0, as int64; decimals that are all zero are none."""
    plain = pc.replace_substring_regex(texts, r"^([0-9]{1,15})([.,]0+)?$", r"\1")
    return pc.if_else(pc.match_substring_regex(plain, "^[0-9]{1,15}$"), plain, pa.scalar(None, pa.string())).cast(
        pa.int64()
    )


def dates(texts: pa.Array, form: str, *, months: bool = False) -> pa.Array:
    """Dates from 1900 to 2099 that exist, as date32; with `months`, also months (YYYY-MM) as their first day."""
    if form == "dd.mm.yyyy":
        turned = pc.replace_substring_regex(texts, _DOTTED, r"\3-\2-\1")
        texts = pc.if_else(pc.match_substring_regex(texts, _DOTTED), turned, pa.scalar(None, pa.string()))
    plain = pc.if_else(pc.match_substring_regex(texts, _ISO), texts, pa.scalar(None, pa.string()))
    short = pc.equal(pc.binary_length(plain), 7)
    first = pc.binary_join_element_wise(plain, "01", "-") if months else pa.scalar(None, pa.string())
    plain = pc.if_else(short, first, plain)
    try:
        return plain.cast(pa.date32())
    except pa.ArrowInvalid:  # a day that its month has not
        return pa.array([_day(text) for text in plain.to_pylist()], pa.date32())


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None


def months_of(days: pa.Array) -> pa.Array:
    """Month numbers (year·12 + month − 1) of days, as int16."""
    months = pc.add(pc.multiply(pc.year(days), 12), pc.subtract(pc.month(days), 1))
    return months.cast(pa.int16())


def taken(values: pa.Array, places: np.ndarray) -> pa.Array:
    """The value of each row from the values of the distinct texts."""
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_boolean(kind):
        return pc.take(values, pa.array(places))
    width = pa.int32() if pa.types.is_date32(kind) else kind
    plain = values.view(width).fill_null(0).to_numpy(zero_copy_only=False)[places]
    empty = _flags(pc.is_null(values))
    mask = empty[places] if empty.any() else None
    return pa.array(plain, width, mask=mask).view(kind)


def _flags(flags: pa.Array) -> np.ndarray:
    return flags.to_numpy(zero_copy_only=False)


def constant(text: str, kind: str, file: File) -> pa.Scalar:
    """A value that the card gives for all rows, or in the place of a missing one: dates ISO, numbers with a point."""
    column = Column(constant=text, values={text: text})
    return parsed(pa.array([text], pa.string()), kind, file, column)[0]
