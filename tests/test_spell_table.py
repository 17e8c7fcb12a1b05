"""The table of spells: the same from every format and in any number of parts, and as a slow reading would have it."""

import contextlib
import datetime as dt
import itertools

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
import tables
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import card_of, frames, read

from analysis.files import read_parquet
from analysis.spell_parts import SpellParts
from analysis.spell_table import spell_findings, write_spells
from analysis.staging import NOBODY, OUTSIDE, People, staging

TYPES = ["work", "aap", "se"]
PERSONS = 3


def stored(spells):
    """The delivered spells with dates and numbers stored as such."""
    days = {name: [dt.date.fromisoformat(text) if text else None for text in spells[name]] for name in ("fra", "til")}
    return spells.assign(**days, andel=[float(text.replace(",", ".")) if text else np.nan for text in spells["andel"]])


def to_stata(spells, path):
    days = {name: pd.to_datetime(spells[name]) for name in ("fra", "til")}
    spells.assign(**days).to_stata(path, write_index=False, version=118, convert_dates={"fra": "td", "til": "td"})


def to_xlsx(spells, path):
    book = openpyxl.Workbook()
    for row in [list(spells), *spells.astype(object).where(spells.notna(), None).itertuples(index=False)]:
        book.active.append(list(row))
    book.save(path)


WRITERS = {
    "csv": lambda spells, path: spells.to_csv(path, index=False, sep=";", decimal=","),
    "stata": to_stata,
    "spss": lambda spells, path: pyreadstat.write_sav(spells, str(path)),
    "sas_xport": lambda spells, path: pyreadstat.write_xport(spells, str(path), file_format_version=8),
    "xlsx": to_xlsx,
    "parquet": lambda spells, path: spells.to_parquet(path, index=False),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_spells_in_every_format_give_the_identical_table(kind, tmp_path):
    delivered = frames()
    expected = read_parquet(read(tmp_path, delivered).spells)
    WRITERS[kind](stored(delivered.pop("spells")), tmp_path / f"levert.{kind}")
    options = {"spells__format": kind, "spells__path": f"levert.{kind}"}
    options |= {"spells__sheet": "Sheet"} if kind == "xlsx" else {}
    delivery = read(tmp_path, delivered, card_of(**options))
    assert delivery.findings == []
    pd.testing.assert_frame_equal(read_parquet(delivery.spells), expected)


def test_the_number_of_parts_changes_nothing(tmp_path, monkeypatch):
    delivered = frames()
    delivered["spells"].loc[delivered["spells"]["slag"] == "UFO", "fra"] = "2020-06-30"
    whole = read(tmp_path, delivered)
    monkeypatch.setattr("analysis.spell_parts.PERSONS_IN_PART", 2)
    parts = tmp_path / "parts"
    parts.mkdir()
    several = read(parts, delivered)
    assert several.findings == whole.findings
    assert [finding.rule for finding in whole.findings] == ["overlapping_spells"]
    pd.testing.assert_frame_equal(read_parquet(several.spells), read_parquet(whole.spells))


def day(number):
    return dt.date(2020, 1, 1) + dt.timedelta(days=number)


SPELLS = st.lists(
    st.tuples(
        st.integers(0, PERSONS - 1),
        st.integers(0, len(TYPES) - 1),
        st.integers(0, 9),
        st.none() | st.integers(0, 4),
        st.none() | st.sampled_from([0.0, 0.5]),
        st.none() | st.sampled_from(["a", "Å"]),
    ),
    max_size=14,
)


def spell_parts(folder, rows):
    """The rows (person, type, first day, length, share, plan) in two batches, the second without a plan's column."""
    schema = pa.schema(
        [
            ("person_id", pa.int32()),
            ("type", pa.int16()),
            ("from_date", pa.date32()),
            ("to_date", pa.date32()),
            ("share", pa.float64()),
            ("plan", pa.string()),
        ]
    )
    short = schema.remove(5)
    parts = SpellParts(folder, [schema, short], PERSONS)
    dated = [
        (who, kind, day(first), None if n is None else day(first + n), *rest) for who, kind, first, n, *rest in rows
    ]
    with_plan = [row for row in dated if row[5] is not None]
    without = [row for row in dated if row[5] is None]
    for batch, form in ((with_plan, schema), (without, short)):
        columns = [[row[place] for row in batch] for place in range(len(form))]
        parts.append(
            pa.RecordBatch.from_arrays([pa.array(c, f.type) for c, f in zip(columns, form, strict=True)], schema=form)
        )
    return parts, dated


def together(one, other, dates):
    if dates == "same":
        return one[2] == other[2]
    return one[2] <= (other[3] or dt.date.max) and other[2] <= (one[3] or dt.date.max)


@settings(max_examples=150, deadline=None)
@given(SPELLS, st.sampled_from(["same", "overlap"]))
def test_order_links_and_overlaps_are_those_of_a_slow_reading(tmp_path_factory, rows, dates):
    folder = tmp_path_factory.mktemp("spells")
    parts, dated = spell_parts(folder, rows)
    links = [
        {"attribute": "subsidised", "types": ["work"], "by": ["se"]} | ({"dates": "same"} if dates == "same" else {})
    ]
    card = card_of(registers=tables.REGISTERS | {"links": links, "exclusive": [["aap", "work"]], "participation": []})
    double = {
        one[0]
        for one, other in itertools.combinations([row for row in dated if row[1] != TYPES.index("se")], 2)
        if one[0] == other[0] and together(one, other, "overlap")
    }
    told = list(spell_findings(parts, card, TYPES, pd.DataFrame()))
    assert sum(finding.count for finding in told) == len(double)
    write_spells(parts, card, TYPES, folder / "spells.parquet")
    spells = read_parquet(folder / "spells.parquet").astype(object)
    found = list(spells.where(spells.notna(), None).itertuples(index=False, name=None))
    expected = []
    for row in dated:
        by_se = any(o[0] == row[0] and o[1] == TYPES.index("se") and together(row, o, dates) for o in dated)
        linked = by_se if row[1] == TYPES.index("work") else None
        expected.append((row[0], TYPES[row[1]], *row[2:], linked))
    # What is missing comes last.
    assert found == sorted(expected, key=lambda row: (row[:3], *((value is None, value) for value in row[3:6])))


def test_months_of_participation_are_the_first_ones(tmp_path):
    rows = [
        (0, 2, 40, None, None, None),
        (0, 2, 33, 1, None, None),
        (1, 2, 0, None, None, None),
        (2, 0, 0, 1, None, None),
    ]
    parts, _ = spell_parts(tmp_path, rows)
    persons = pd.DataFrame({"person_id": np.arange(3, dtype="int32"), "arm": ["treated", "comparison", "comparison"]})
    persons["treated"] = persons["arm"] == "treated"
    start = pd.Series([2020 * 12 + 1 - 12, 2020 * 12, 2020 * 12], dtype="Int16")
    for month, rules in (
        (start, ["treated_comparison"]),
        (start - 1, ["late_participation", "later_treated_comparison"]),
    ):
        told = spell_findings(parts, card_of(), TYPES, persons.assign(time_zero=month))
        assert [finding.rule for finding in told] == rules


def test_persons_have_the_numbers_of_their_places_and_those_outside_none():
    people = People(pd.Series(["b", "å", "a"], dtype="str"), {"x", "y"})
    numbers = people.numbers(pa.array(["a", None, "x", "b", "?", "å", "y", "a"]))
    assert numbers.tolist() == [2, NOBODY, OUTSIDE, 0, NOBODY, 1, OUTSIDE, 2]
    assert numbers.dtype == "int32"
    assert People(pd.Series([], dtype="str"), set()).numbers(pa.array(["a"])).tolist() == [NOBODY]


def test_the_rows_wait_in_a_folder_for_their_owner_alone_which_is_gone_afterwards():
    with contextlib.suppress(ZeroDivisionError), staging() as staged:
        staged.make_people(pd.Series(["a"], dtype="str"), set())
        staged.create("spells", [])
        folder = staged.folder
        assert folder.stat().st_mode & 0o777 == 0o700
        assert list(folder.glob("spells*"))
        raise ZeroDivisionError
    assert not folder.exists()
