"""From spells (from–to) to a row per person and month, at the size of a whole country.

``spells(person_id int32, type text, from_date date32, to_date date32 or null, attributes…)``: both dates are inclusive,
and a null `to_date` is a spell that was still open when the register was drawn. Overlapping and touching spells of the
same kind are one.

Followed and in a state are two questions. A month counts as observed when the person could be followed through its last
day (`known_until` of the person, and of the register); all other months have missing outcomes, never zero.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.files import replacing
from analysis.intervals import Window, day_number
from analysis.spell_answers import Answer, Chunk, People, answer_of, clipped, people_of
from analysis.spell_contract import CONTRACT, stop_at_problems
from analysis.spell_rules import Rule, needed_attributes

CHUNK_PERSONS = 100_000


@dataclass(frozen=True, kw_only=True)
class PanelSpec:
    """What a panel holds.

    `known_until`: last day that the register covers (None: it covers the window). `covers`: types that the delivery
    covers although nobody had them (None: those that occur). `amounts_from`: first month number that the amounts cover.
    """

    window: Window
    rules: Mapping[str, Rule]
    known_until: date | None = None
    covers: tuple[str, ...] | None = None
    amounts_from: int | None = None


def panel(persons: pd.DataFrame, spells: pa.Table, spec: PanelSpec, *, amounts: pd.DataFrame | None = None) -> pa.Table:
    """The panel of some persons from spells in memory: as `panel_chunks`, in one piece."""
    stop_at_problems(persons, spells, spec.rules, covers=spec.covers, window=spec.window, amounts=amounts)
    return _panel(_everyone(persons, spec), spells, spec, amounts)


def panel_chunks(
    persons: pd.DataFrame,
    spells: Path | pa.Table,
    spec: PanelSpec,
    *,
    amounts: pd.DataFrame | None = None,
    chunk_persons: int = CHUNK_PERSONS,
) -> Iterator[pa.Table]:
    """The panel in pieces of `chunk_persons` persons, from a Parquet file (or table) of spells in any order of rows.

    `persons`: person_id; time_zero (month number, needed by rules that count since then); known_until (date), null
    for a person who could be followed all the way. `amounts`: person_id, month, amount (kroner); several rows of a
    person and month are added, and a month without a row is zero. Both tables may lack the columns in question.

    Columns: person_id int32, month int16, event_time int16 (only with time_zero), observed bool, and a column per
    rule: bool for shares, uint8 days or int16 months; null where not observed or not known. Rows by person_id and
    month. Spells of others than `persons` are left out.

    Raises ProblemsFound, with counts and never a value, when a table breaks the contract or lacks a type or attribute
    that a rule reads. A file sorted by person_id is read fastest.
    """
    columns = [*CONTRACT, *sorted(needed_attributes(spec.rules))]
    stop_at_problems(persons, spells, spec.rules, covers=spec.covers, window=spec.window, amounts=amounts)
    everyone = _everyone(persons, spec)
    for start in range(0, len(everyone.ids), chunk_persons):
        people = _slice(everyone, slice(start, start + chunk_persons))
        these = [("person_id", ">=", people.ids[0]), ("person_id", "<=", people.ids[-1])]
        own = spells
        if isinstance(spells, Path):
            own = pq.read_table(spells, columns=columns, filters=these, use_threads=False)
        yield _panel(people, own, spec, amounts)


def write_panel(path: Path, chunks: Iterable[pa.Table]) -> None:
    """Write the chunks as one Parquet file (zstd), a row group per chunk, in one step."""
    with replacing(path) as temporary:
        pieces = iter(chunks)
        first = next(pieces)
        with _writer(temporary, first.schema) as writer:
            writer.write_table(first, row_group_size=len(first))
            del first  # a chunk at a time in memory
            for chunk in pieces:
                writer.write_table(chunk, row_group_size=len(chunk))


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Ids rise and repeat, so their differences pack far better than the ids; the rest has few distinct values."""
    few = [name for name in schema.names if name != "person_id" and not pa.types.is_boolean(schema.field(name).type)]
    return pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=few, column_encoding={"person_id": "DELTA_BINARY_PACKED"}
    )


def panel_frame(table: pa.Table) -> pd.DataFrame:
    """A panel as pandas, with outcomes as float64 (missing is NaN) and event_time as Int16."""
    frame = {}
    for name in table.column_names:
        if name in ("person_id", "month", "observed"):
            frame[name] = table[name].to_numpy()
        elif name == "event_time":
            frame[name] = table[name].to_pandas(types_mapper={pa.int16(): pd.Int16Dtype()}.get)
        else:
            frame[name] = table[name].cast("float64").to_numpy()
    return pd.DataFrame(frame)


def _everyone(persons: pd.DataFrame, spec: PanelSpec) -> People:
    last = int(spec.window.starts[-1]) - 1
    return people_of(persons, last if spec.known_until is None else min(last, day_number(spec.known_until)))


def _slice(people: People, rows: slice) -> People:
    zero = None if people.time_zero is None else people.time_zero[rows]
    return People(people.ids[rows], people.followed_until[rows], zero)


def _panel(people: People, spells: pa.Table, spec: PanelSpec, amounts: pd.DataFrame | None) -> pa.Table:
    window = spec.window
    chunk = Chunk(people, window, *clipped(people, spells, window), amounts, spec.amounts_from)
    months = np.arange(window.first, window.first + window.months, dtype="int16")
    observed = window.starts[1:][None, :] - 1 <= people.followed_until[:, None]
    columns = {
        "person_id": pa.array(np.repeat(people.ids, window.months)),
        "month": pa.array(np.tile(months, len(people.ids))),
    }
    if people.time_zero is not None:
        columns["event_time"] = _event_times(people.time_zero, months)
    columns["observed"] = pa.array(observed.ravel())
    hidden = None if observed.all() else ~observed
    for name, rule in spec.rules.items():
        columns[name] = _column(answer_of(rule, chunk), hidden)
    return pa.table(columns)


def _event_times(time_zero: np.ndarray, months: np.ndarray) -> pa.Array:
    known = ~np.isnan(time_zero)
    times = months[None, :] - np.where(known, time_zero, 0).astype("int16")[:, None]
    return pa.array(times.ravel(), mask=None if known.all() else np.repeat(~known, len(months)))


def _column(answer: Answer, hidden: np.ndarray | None) -> pa.Array:
    mask = answer.unknown if hidden is None else hidden if answer.unknown is None else answer.unknown | hidden
    return pa.array(answer.values.ravel(), mask=None if mask is None else mask.ravel())
