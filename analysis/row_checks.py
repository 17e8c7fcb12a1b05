"""Rules about single rows of a file, kept while its batches are converted: counted, and the first rows remembered."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.cards import Card, File
from analysis.conversion import (
    ARROW_TYPES,
    Encoded,
    TypeNumbers,
    constant,
    encoded,
    parsed,
    row_ids,
    taken,
    translated,
    trimmed,
)
from analysis.csv_rows import ROW
from analysis.findings import Finding
from analysis.identity_columns import IdentityColumns
from analysis.offices import is_protected
from analysis.readers.contract import SHOWN_ROWS
from analysis.table_rules import finding
from analysis.targets import DATE_WORDS, MONTH_WORDS, Target, targets

FORM_RULES = {kind: f"{kind}_form" for kind in ("month", "date", "number", "count", "boolean", "slug")}
# Rows of the protected office are left out at once; rows of its persons with them.
OFFICE_COLUMNS = {"offices": "office_id", "aggregates": "unit_id"}


@dataclass(frozen=True)
class Converted:
    """A column of a batch: the values of the distinct texts and the place of each row's, or the values of the rows."""

    values: pa.Array
    places: np.ndarray | None = None

    def by_row(self) -> pa.Array:
        """The value of each row."""
        return self.values if self.places is None else taken(self.values, self.places)


class FileRows:
    """Converts the batches of one file into typed rows of its table, and keeps the score of the rules."""

    def __init__(self, card: Card, file: File, label: str, types: TypeNumbers):
        self.card, self.file, self.label, self.types = card, file, label, types
        self.targets = targets(card, file)
        self.identities = IdentityColumns()
        self._broken: dict[tuple[str, str, str], list[np.ndarray]] = {}
        self._checked: list[str] = []

    def schema(self) -> pa.Schema:
        """Names and types of the typed rows."""
        columns = [(target.name, ARROW_TYPES[target.kind]) for target in self.targets]
        return pa.schema([(ROW, pa.int64()), *columns])

    def findings(self, hidden: np.ndarray | None = None) -> list[Finding]:
        """What the rows that were converted broke, in the order of the columns. Nothing is told of `hidden` rows."""
        found = []
        for (rule, column, mend), parts in self._broken.items():
            words = {"form": self._form(rule), "decimal": self.file.decimal, "mend": mend}
            numbers = np.concatenate(parts)
            rows = numbers if hidden is None else numbers[~np.isin(numbers, hidden)]
            if len(rows):
                shown = tuple(rows[:SHOWN_ROWS].tolist())
                found.append(finding(rule, self.label, column=column, count=len(rows), rows=shown, **words))
        identities = [finding("national_id", self.label, column=name) for name in self.identities.national()]
        return sorted(found, key=lambda one: self._checked.index(one.column)) + identities

    def _form(self, rule: str) -> str:
        return (MONTH_WORDS if rule == "month_form" else DATE_WORDS)[self.file.dates]

    def converted(self, batch: pa.Table) -> pa.RecordBatch:
        """The typed rows of a batch."""
        self.identities.look(batch)
        batch = self._without_protected(self._kept(batch))
        numbers = batch.column(ROW).to_numpy()
        work = _Batch(self, batch, numbers)
        columns = {target.name: work.column(target) for target in self.targets}
        work.check_across(columns)
        arrays = [pa.array(numbers), *(_whole(columns[t.name].by_row()) for t in self.targets)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema())

    def _kept(self, batch: pa.Table) -> pa.Table:
        """The rows that the card keeps. Values are compared as they stand in the file."""
        for name, values in self.file.keep.items():
            if name in batch.column_names:
                wanted = [value for value in values if value not in self.file.missing]
                batch = batch.filter(pc.is_in(batch.column(name), value_set=pa.array(wanted, pa.string())))
        return batch

    def _without_protected(self, batch: pa.Table) -> pa.Table:
        office = self.file.columns.get(OFFICE_COLUMNS.get(self.file.table, ""))
        if office is None or office.column not in batch.column_names:
            return batch
        code = encoded(batch.column(office.column), self.file.missing)
        hidden = is_protected(translated(code.texts, office).to_pandas()).to_numpy()[code.places]
        return batch.filter(pa.array(~hidden)) if hidden.any() else batch

    def note(self, rule: str, column: str, numbers: np.ndarray, mend: str = "") -> None:
        """Rows of the file that broke a rule."""
        if column not in self._checked:
            self._checked.append(column)
        if len(numbers):
            self._broken.setdefault((rule, column, mend), []).append(numbers.astype("uint32"))


@dataclass
class _Batch:
    """One batch under conversion."""

    file_rows: FileRows
    batch: pa.Table
    numbers: np.ndarray
    codes: dict[str, Encoded] = field(default_factory=dict)

    def column(self, target: Target) -> Converted:
        """The target's values; rows that break a rule on single values are noted."""
        column, kind = target.column, ARROW_TYPES[target.kind]
        if column.row_number is not None:
            return Converted(row_ids(column.row_number, self.batch))
        if column.constant is not None:
            return Converted(pa.repeat(self._constant(target, column.constant), len(self.batch)))
        present = [name for name in target.sources() if name in self.batch.column_names]
        if not present:
            return Converted(pa.nulls(len(self.batch), kind))
        if target.kind == "id":
            return self._ids(target, present[0])
        parts = [self._converted(target, name) for name in present]
        return parts[0] if len(parts) == 1 else Converted(_earliest([part.by_row() for part in parts]))

    def _ids(self, target: Target, source: str) -> Converted:
        """Ids are about as many as the rows, so that nothing is won by looking for distinct ones."""
        texts = trimmed(_whole(self.batch.column(source)), self.file_rows.file.missing)
        empty = pc.is_null(texts).to_numpy(zero_copy_only=False) if texts.null_count else np.zeros(0, dtype=bool)
        self._note("value_missing", source, np.flatnonzero(empty), target.mend)
        return Converted(texts)

    def _converted(self, target: Target, source: str) -> Converted:
        code = self.codes.get(source)
        if code is None:
            self.codes[source] = code = encoded(self.batch.column(source), self.file_rows.file.missing)
        values, broken = self._values(target, code)
        for rule, flags in broken.items():
            self._note(rule, source, code.rows(flags), target.mend if rule == "value_missing" else "")
        return Converted(values, code.places)

    def _values(self, target: Target, code: Encoded) -> tuple[pa.Array, dict[str, np.ndarray]]:
        """Values of the distinct texts, and which of the texts break which rule."""
        file = self.file_rows.file
        meant = translated(code.texts, target.column)
        types = self.file_rows.types
        values = types.of(meant) if target.kind == "slug" else parsed(meant, target.kind, file, target.column)
        unknown = _flags(pc.is_null(meant)) & ~code.missing
        shapeless = _flags(pc.is_null(values)) & ~code.missing & ~unknown
        broken = {"category": unknown, FORM_RULES.get(target.kind, "category"): shapeless}
        if target.kind == "arm":
            known = pc.is_in(meant, value_set=pa.array([arm.id for arm in self.file_rows.card.arms]))
            broken = {"unknown_arm": ~_flags(known) & ~code.missing}
        if target.column.missing is not None:
            values = pc.if_else(pa.array(code.missing), self._constant(target, target.column.missing), values)
        elif target.required:
            broken["value_missing"] = code.missing
        return values, broken | _beyond(target, values)

    def _constant(self, target: Target, text: str) -> pa.Scalar:
        if target.kind == "slug":
            return self.file_rows.types.of(pa.array([text]))[0]
        return constant(text, target.kind, self.file_rows.file)

    def _note(self, rule: str, column: str, places: np.ndarray, mend: str = "") -> None:
        self.file_rows.note(rule, column, self.numbers[places], mend)

    def check_across(self, columns: dict[str, Converted]) -> None:
        """Rules on two columns of a row."""
        card, file = self.file_rows.card, self.file_rows.file
        if {"arm", "time_zero"} <= columns.keys() and card.time_zero.month is None:
            treated = pc.equal(columns["arm"].by_row(), card.arm("treated").id)
            missing = pc.and_(
                pc.is_null(columns["time_zero"].by_row()), self._missing(file.columns["time_zero"].column)
            )
            self._note_pair("time_zero", "start_missing", pc.and_(treated, missing))
        if {"from_date", "to_date"} <= columns.keys():
            self._check_order(columns["from_date"], columns["to_date"])
        if {"numerator", "denominator"} <= columns.keys():
            above = pc.greater(columns["numerator"].by_row(), columns["denominator"].by_row())
            self._note_pair("numerator", "numerator_above_denominator", above)

    def _missing(self, source: str | None) -> pa.Array:
        """Which rows have nothing in a source column."""
        code = self.codes.get(source)
        return pa.repeat(True, len(self.batch)) if code is None else pa.array(code.missing[code.places])

    def _note_pair(self, target: str, rule: str, flags: pa.Array) -> None:
        source = self.file_rows.file.columns[target].column
        if source in self.batch.column_names:
            self._note(rule, source, np.flatnonzero(_flags(pc.fill_null(flags, False))))

    def _check_order(self, start: Converted, end: Converted) -> None:
        source = self.file_rows.file.columns["to_date"].column
        if source in self.batch.column_names and start.places is not None:
            first, last = _days(start, -(2**31)), _days(end, 2**31 - 1)
            self._note("ends_before_start", source, np.flatnonzero(last < first))


def _days(column: Converted, missing: int) -> np.ndarray:
    """Days as numbers, with one for the missing."""
    days = column.values.view(pa.int32()).fill_null(missing).to_numpy(zero_copy_only=False)
    return days if column.places is None else days[column.places]


def _beyond(target: Target, values: pa.Array) -> dict[str, np.ndarray]:
    """Which values are outside the limits, or after the last day."""
    found = {}
    if target.limits is not None:
        rule, low, high = target.limits
        found[rule] = _flags(pc.fill_null(pc.or_(pc.less(values, low), pc.greater(values, high)), False))
    if target.last is not None:
        found["after_drawn"] = _flags(pc.fill_null(pc.greater(values, pa.scalar(target.last)), False))
    return found


def _earliest(parts: Iterable[pa.Array]) -> pa.Array:
    return pc.min_element_wise(*parts, skip_nulls=True)


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    return values


def _flags(flags: pa.Array | pa.ChunkedArray) -> np.ndarray:
    return flags.to_numpy(zero_copy_only=False)
