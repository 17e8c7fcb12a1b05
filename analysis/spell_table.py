"""The table of spells: checked against itself, and written sorted to Parquet with attributes from other registers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.card_delivery import SpellLink
from analysis.cards import Card
from analysis.files import replacing
from analysis.findings import Finding
from analysis.spell_parts import CONTRACT, SpellParts
from analysis.table_rules import counted, finding

# Days are counted from 1900-01-01 here, so that they, and the person before them, are one whole number from 0.
FIRST_DAY = -int(np.datetime64("1900-01-01").astype("int64"))
PERSON_BITS, TYPE_BITS = 32, 17
ENDLESS = 2**31 - 1
KEY = "__key"
ZSTD_LEVEL = 1
TYPE_NAMES = pa.dictionary(pa.int32(), pa.string())  # as text for whoever reads the file


@dataclass(frozen=True)
class _Spells:
    """Spells as numbers: their types, and the first and the last day with the person in the bits above."""

    types: np.ndarray
    begins: np.ndarray
    ends: np.ndarray

    @property
    def persons(self) -> np.ndarray:
        return self.begins >> PERSON_BITS

    def of(self, types: list[int]) -> "_Spells":
        """Those of these types, by person and first day."""
        places = np.flatnonzero(np.isin(self.types, types))
        places = places[np.argsort(self.begins[places])]
        return _Spells(self.types[places], self.begins[places], self.ends[places])


def _spells(part: pa.Table) -> _Spells:
    persons = part["person_id"].to_numpy().astype("int64") << PERSON_BITS
    last = _days(part["to_date"]).fill_null(ENDLESS - FIRST_DAY).to_numpy()
    return _Spells(
        part["type"].to_numpy(),
        persons | (_days(part["from_date"]).to_numpy().astype("int64") + FIRST_DAY),
        persons | (last.astype("int64") + FIRST_DAY),
    )


def _days(dates: pa.ChunkedArray) -> pa.ChunkedArray:
    return dates.cast(pa.int32())


def write_spells(parts: SpellParts | None, card: Card, types: list[str], path: Path) -> None:
    """spells(person_id, type, from_date, to_date, attributes…), by person, type and dates, to `path` in one step.

    `types` are the names of the numbers of types.
    """
    links = [] if card.registers is None else card.registers.links
    linked = [link.attribute for link in links]
    given = CONTRACT if parts is None else pa.schema([f for f in parts.schema if f.name not in linked])
    columns = [*given.set(1, pa.field("type", TYPE_NAMES)), *(pa.field(name, pa.bool_()) for name in linked)]
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(
            temporary, pa.schema(columns), compression="zstd", compression_level=ZSTD_LEVEL, store_schema=False
        ) as writer,
    ):
        for part in () if parts is None else parts.parts():
            writer.write_table(_sorted(part.select(given.names), links, types))


def _sorted(part: pa.Table, links: list[SpellLink], types: list[str]) -> pa.Table:
    """The part by person, name of type and first day, and then by all other columns."""
    spells = _spells(part)
    places = np.argsort(np.argsort(types))
    key = spells.persons << PERSON_BITS | places[spells.types] << TYPE_BITS | spells.begins & (1 << TYPE_BITS) - 1
    names = part["type"].cast(pa.int32()).combine_chunks()
    part = part.set_column(1, "type", pa.DictionaryArray.from_arrays(names, pa.array(types, pa.string())))
    for link in links:
        part = part.append_column(link.attribute, _linked(spells, link, types))
    order = np.argsort(key)
    _order_equal(order, key[order], part)
    return part.take(pa.array(order))


def _order_equal(order: np.ndarray, key: np.ndarray, part: pa.Table) -> None:
    """Put rows with the same key, which are few, in the order of the columns that are not in it."""
    same = key[1:] == key[:-1]
    places = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if len(places):
        others = part.column_names[3:]
        rows = part.select(others).take(pa.array(order[places])).append_column(KEY, pa.array(key[places]))
        by = [(name, "ascending") for name in (KEY, *others)]
        order[places] = order[places][pc.sort_indices(rows, sort_keys=by).to_numpy()]


def _linked(spells: _Spells, link: SpellLink, types: list[str]) -> pa.Array:
    """An attribute that is true where another spell is there at the same time, and null for other types."""
    others = spells.of(_numbers(link.by, types))
    if link.dates == "same":
        found = np.isin(spells.begins, others.begins)
    else:
        reach = np.maximum.accumulate(np.append(-1, others.ends))  # of those that begin no later
        found = reach[np.searchsorted(others.begins, spells.ends, side="right")] >= spells.begins
    return pa.array(found, mask=~np.isin(spells.types, _numbers(link.types, types)))


def _numbers(wanted: list[str], types: list[str]) -> list[int]:
    return [types.index(name) for name in wanted if name in types]


def spell_findings(parts: SpellParts | None, card: Card, types: list[str], persons: pd.DataFrame) -> Iterator[Finding]:
    """Spells that cannot be there at the same time, and participation against the groups."""
    if card.registers is None or parts is None:
        return
    exclusive, participation = card.registers.exclusive, _numbers(card.registers.participation, types)
    overlapping = [0] * len(exclusive)
    began = pd.Series(np.nan, index=range(parts.persons))
    for part in parts.parts():
        spells = _spells(part)
        for place, names in enumerate(exclusive):
            overlapping[place] += _overlapping(spells.of(_numbers(names, types)))
        if participation:
            taking_part = spells.of(participation)
            who, first = np.unique(taking_part.persons, return_index=True)
            began.iloc[who] = _months(taking_part.begins[first])
    for names, count in zip(exclusive, overlapping, strict=True):
        if count:
            yield _of_persons("overlapping_spells", count, types=", ".join(names))
    if card.registers.participation:
        yield from _participation_findings(card, persons, began)


def _months(begins: np.ndarray) -> np.ndarray:
    days = (begins & ENDLESS) - FIRST_DAY
    return days.astype("datetime64[D]").astype("datetime64[M]").astype("int64") + 1970 * 12


def _overlapping(spells: _Spells) -> int:
    """Persons with two spells at once. If any two overlap, so do two that follow one another by first day."""
    return len(np.unique(spells.persons[1:][spells.begins[1:] <= spells.ends[:-1]]))


def _participation_findings(card: Card, persons: pd.DataFrame, months: pd.Series) -> Iterator[Finding]:
    """Participants without the intervention, or with it after the outcome; and others who had it.

    `months` is when each person, by number, began.
    """
    began = persons["person_id"].map(months)
    start = persons["time_zero"].astype("float64")
    treated = persons["treated"]
    others = persons["arm"].isin([arm.id for arm in card.arms if arm.role == "comparison"])
    broken = {
        "no_participation": treated & began.isna(),
        "late_participation": treated & (began > start + (card.horizons[0] if card.horizons else 0)),
        "treated_comparison": others & (began <= start),
        "later_treated_comparison": others & began.notna() & ~(began <= start),
    }
    for rule, rows in broken.items():
        if rows.any():
            yield _of_persons(rule, int(rows.sum()))


def _of_persons(rule: str, count: int, **words: str) -> Finding:
    return finding(rule, "spells", count=count, counted=counted(count, "person", "personer"), **words)
