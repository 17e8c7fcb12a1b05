"""Released tables for Stata, with labels, and the same bytes for the same table."""

import datetime as dt
import io

import numpy as np
import pandas as pd

from analysis.column_labels import COLUMN_LABELS

VERSION = 118  # Stata 14 and later, in UTF-8
LONGEST_LABEL = 80
# Text in a column of fixed width has at most so many bytes; longer text is stored by itself.
LONGEST_TEXT = 2045


def stata_bytes(table: pd.DataFrame, *, label: str, date: dt.date, no_yes: tuple[str, str]) -> bytes:
    """A table as .dta with variable labels, and `label` cut to the 80 characters that Stata takes.

    Missing stays missing, text that is missing is empty, infinite numbers are missing, and what is true or false
    becomes 1 or 0, labelled with `no_yes`. Numbers keep their full precision. A column without a label raises KeyError.
    """
    flags = [name for name in table if pd.api.types.is_bool_dtype(table[name].dropna().infer_objects())]
    flags = [name for name in flags if table[name].notna().any()]
    frame = pd.DataFrame({name: _column(table[name], flag=name in flags) for name in table})
    stream = io.BytesIO()
    frame.to_stata(
        stream,
        write_index=False,
        version=VERSION,
        time_stamp=dt.datetime.combine(date, dt.time()),
        data_label=label[:LONGEST_LABEL],
        variable_labels={name: COLUMN_LABELS[name] for name in frame},
        value_labels={name: dict(enumerate(no_yes)) for name in flags},
        convert_strl=[name for name in frame if _longest(frame[name]) > LONGEST_TEXT],
    )
    return stream.getvalue()


def _column(values: pd.Series, *, flag: bool) -> pd.Series:
    if flag:
        return values.astype("boolean").astype("Int8")
    if pd.api.types.is_numeric_dtype(values):
        return values.replace([np.inf, -np.inf], np.nan)
    return values.astype("object").where(values.notna(), "").astype(str)


def _longest(values: pd.Series) -> int:
    """Bytes of the longest text; 0 for numbers."""
    return 0 if pd.api.types.is_numeric_dtype(values) else max(len(text.encode()) for text in values)
