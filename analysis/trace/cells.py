"""From the source that a report gives of a number to the released rows behind it.

A report names a table, a row and a column (analysis/report/book.py). The name of a row is made of texts that stand in
it, so that the row is found by them; the value then has to be that of the column, or what is counted or added up from
the rows so named. A number that fits none of that is not found, and the trace says so.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis.months import month_number
from analysis.tables import COMPARISON_REPORT, COST_TABLE, MAIN, RELEASED
from analysis.trace.folder import Folder, as_number, same

# Tables of all cohorts together, a file each.
SHARED = ("comparison", "horizons", "pairs", "synthesis")
# The first row of a table stands below its header.
FIRST_LINE = 2
# Names of rows that mean many, and the one that means rows without a month.
MANY, NEVER = ("all", "main", "estimated", "shown", "left_out", "others"), "never"
MONTH, ADOPTED = re.compile(r"\d{4}-\d{2}"), "adoption_month"
# Columns that a source calls something else than the table does.
ALSO: dict[tuple[str, str], tuple[str, ...]] = {
    ("specifications", "conf_low"): ("band_low",),
    ("specifications", "conf_high"): ("band_high",),
    ("ranges", "interval"): ("minimum", "maximum"),
}
# What a number may be of rows that have it together.
PICKED: dict[str, Callable[[pd.Series], float]] = {
    "summen": pd.Series.sum,
    "minste": pd.Series.min,
    "største": pd.Series.max,
}

Found = Iterator[tuple[pd.DataFrame, str]]


@dataclass(frozen=True)
class Cell:
    """Where a number stands among the released files, or what it is reckoned from.

    `lines` are numbers of lines in a CSV file, `rows` their contents; `place` is the way into a JSON file. `how` is
    empty for a number that stands there, and says what was done with several; None: the number was not found there.
    """

    file: str
    column: str
    place: str = ""
    lines: tuple[int, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    how: str | None = ""


def table_of(source: Mapping[str, str]) -> str:
    """The table that a source names, without the cohort."""
    return source["table"].rpartition("/")[2]


def owner(source: Mapping[str, str], report: str) -> str:
    """The cohort whose table a number comes from; empty for the tables of all cohorts together."""
    cohort, _, _ = source["table"].rpartition("/")
    return cohort or ("" if report == COMPARISON_REPORT else report)


def is_table(name: str) -> bool:
    """Whether a table is a CSV file; the others stand in JSON files."""
    return name in RELEASED or name == COST_TABLE or name in SHARED


def table_cell(folder: Folder, cohort: str, source: Mapping[str, str], value: Any) -> Cell:
    """The cell of a released CSV table behind a number."""
    table, column = table_of(source), source["column"]
    name = f"comparison/{table}.csv" if table in SHARED else f"{cohort}/{table}.csv"
    frame = folder.table(name)
    if table in SHARED and cohort:
        frame = frame[frame["cohort"].eq(cohort)]
    for place in (column, *ALSO.get((table, column), ())):
        for found, how in _candidates(folder, name, frame, source["row"], place, value):
            return _made(name, place, found, how)
    words = source["row"].split("/")
    return _made(name, column, frame[_named_by(frame, [word for word in words if word not in MANY])], None)


def _made(name: str, column: str, rows: pd.DataFrame, how: str | None) -> Cell:
    lines = tuple(int(place) + FIRST_LINE for place in rows.index)
    return Cell(name, column, lines=lines, rows=tuple(rows.to_dict("records")), how=how)


def _candidates(folder: Folder, name: str, frame: pd.DataFrame, row: str, column: str, value: Any) -> Found:
    """Rows that the source may mean, best first, with what was done to them to get the value."""
    if name.endswith(("/estimates.csv", "/planned.csv")) and len(frame):
        yield from _direct(frame[folder.ids(name).eq(row)], column, value)
    words = [word for word in row.split("/") if word]
    while True:
        own = frame[_named_by(frame, words)]
        yield from _direct(own, column, value)
        yield from _reckoned(own, column, value)
        if not words or (words[-1] not in MANY and not words[-1].isdigit() and len(words) > 1):
            return
        words = words[:-1]


def _direct(rows: pd.DataFrame, column: str, value: Any) -> Found:
    """The rows whose column has the value, as it is, without its sign, or as a number within a text."""
    if rows.empty:
        return
    made, how = _column(rows, column), "" if column in rows.columns else f"regnet som {column}"
    number = as_number(value)
    tries = [(how, lambda one: same(one, value))]
    if number is not None:
        size, shown = abs(number), re.compile(rf"(?<![\d.]){re.escape(f'{number:g}')}(?![\d.])")
        tries.append(("uten fortegn", lambda one: as_number(one) is not None and same(abs(float(one)), size)))
        tries.append(("står i teksten", lambda one: isinstance(one, str) and bool(shown.search(one))))
    for told, fits in tries:
        found = rows[made.map(fits).astype(bool)]
        if len(found):
            yield _main_ones(found), told


def _main_ones(rows: pd.DataFrame) -> pd.DataFrame:
    """Of rows with the same number those of the main specification, where there are any."""
    main = rows[rows["spec"].eq(MAIN)] if "spec" in rows.columns else rows.iloc[:0]
    return main if len(main) else rows


def _column(rows: pd.DataFrame, column: str) -> pd.Series:
    """A column, or what a source writes as one: a sum ``a+b`` or a share ``a/b`` of columns."""
    for sign in "+/":
        parts = column.split(sign)
        if len(parts) == 2 and set(parts) <= set(rows.columns):
            one, other = (pd.to_numeric(rows[part]) for part in parts)
            return one + other if sign == "+" else one / other
    return rows[column] if column in rows.columns else pd.Series(None, index=rows.index, dtype="object")


def _reckoned(rows: pd.DataFrame, column: str, value: Any) -> Found:
    """What is counted, added up or picked from several rows."""
    if rows.empty or as_number(value) is None:
        return
    if column in rows.columns:
        yield from _picked(rows, column, value)
    if same(len(rows), value):
        yield rows, f"antall rader ({len(rows)})"
    if column in rows.columns:
        if same(rows[column].notna().sum(), value):
            yield rows[rows[column].notna()], f"antall rader med {column}"
        if same(rows[column].nunique(), value):
            yield rows, f"antall ulike verdier av {column}"
        for text, own in rows.groupby(column):
            if same(len(own), value):
                yield own, f"antall rader med {column} «{text}»"


def _picked(rows: pd.DataFrame, column: str, value: Any) -> Found:
    numbers = pd.to_numeric(rows[column], errors="coerce").dropna()
    if len(numbers) < 2:
        return
    for word, made in PICKED.items():
        if same(made(numbers), value):
            yield rows, f"{word} av {len(numbers)} rader"
    if "weight" in rows.columns:
        weights = pd.to_numeric(rows["weight"]).loc[numbers.index]
        if same((weights * numbers).sum() / weights.sum(), value):
            yield rows, f"snittet av {len(numbers)} rader, vektet med weight"
    at = [name for name in ("month", "horizon_months") if name in rows.columns]
    if at:
        groups = rows.loc[numbers.index].fillna(dict.fromkeys(at, "")).groupby(at).groups
        sums = {key: numbers.loc[own].sum() for key, own in groups.items()}
        most = max(sums, key=sums.__getitem__)
        if same(sums[most], value):
            yield rows.loc[groups[most]], "summen over én måned"


def _named_by(rows: pd.DataFrame, words: Sequence[str]) -> pd.Series:
    """Whether each word of a row's name stands in a cell of the row, as text or as the same number or month."""
    found = pd.Series(True, index=rows.index)
    for word in words:
        found &= _has_word(rows, word)
    return found


def _has_word(rows: pd.DataFrame, word: str) -> pd.Series:
    number = as_number(word)
    if ADOPTED in rows.columns and (word == NEVER or MONTH.fullmatch(word)):
        return rows[ADOPTED].isna() if word == NEVER else rows[ADOPTED].isin(_as_month(word))
    pairs = [part.partition("=") for part in word.split(";")]
    if all(sign and name in rows.columns for name, sign, _ in pairs):
        fits = [rows[name].map(lambda cell, value=value: same(cell, value)) for name, _, value in pairs]
        return pd.concat(fits, axis=1).all(axis=1)
    one = rows.isin([word, *_as_month(word)]).any(axis=1)
    if number is not None and not one.any():
        return rows.map(lambda cell: as_number(cell) == number).any(axis=1)
    return one


def _as_month(word: str) -> list[str]:
    """A month as the number that some tables have."""
    return [f"{month_number(word)}", f"{month_number(word)}.0"] if MONTH.fullmatch(word) else []
