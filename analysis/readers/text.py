"""Stored values as the text of a CSV file: the card's decimal sign and dates, and no digit more or less."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from analysis.cards import File

# Whole numbers up to here have one float each.
EXACT_WHOLE = 2.0**53
DATE_FORMATS = {"iso": "%Y-%m-%d", "dd.mm.yyyy": "%d.%m.%Y"}


class NoText(TypeError):
    """A column whose values are lists, bytes or the like, which no column of a delivery is."""


def column_text(values: pa.Array | pa.ChunkedArray, file: File) -> pa.Array | pa.ChunkedArray:
    """The column as text; NaN and null are null. Raises NoText for a type that has no single values."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return column_text(values.cast(kind.value_type), file)
    if pa.types.is_boolean(kind):
        return values.cast(pa.int8()).cast(pa.string())
    if pa.types.is_floating(kind):
        return _float_text(values.cast(pa.float64()), file)
    if pa.types.is_decimal(kind):
        return _with_sign(values.cast(pa.string()), file)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pc.strftime(values, format=DATE_FORMATS[file.dates])
    if any(test(kind) for test in (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)):
        raise NoText(str(kind))
    return values.cast(pa.string())


def _float_text(values: pa.Array | pa.ChunkedArray, file: File) -> pa.Array | pa.ChunkedArray:
    """The shortest text that reads back as the same float; whole numbers without a decimal sign."""
    known = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
    whole = pc.and_(pc.equal(pc.trunc(known), known), pc.less(pc.abs(known), EXACT_WHOLE))
    digits = pc.if_else(whole, known, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, digits, _with_sign(known.cast(pa.string()), file))


def _with_sign(texts: pa.Array | pa.ChunkedArray, file: File) -> pa.Array | pa.ChunkedArray:
    return pc.replace_substring(texts, ".", file.decimal)


def cell_text(value: Any, file: File) -> str:
    """One cell of a spreadsheet as text; an empty one is the empty text."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float | int):
        whole = float(value).is_integer() and abs(value) < EXACT_WHOLE
        return str(int(value)) if whole else repr(value).replace(".", file.decimal)
    if isinstance(value, dt.date):  # and datetime, which is one
        return f"{value:{DATE_FORMATS[file.dates]}}"
    return "" if value is None else str(value)


def date_text(iso: str, file: File) -> str:
    """A date, or a time that begins with it, that a database wrote as ``YYYY-MM-DD``."""
    year, month, day = iso[:4], iso[5:7], iso[8:10]
    return f"{day}.{month}.{year}" if file.dates == "dd.mm.yyyy" else iso[:10]
