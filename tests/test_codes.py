"""Municipality codes: what the table holds, translation with a date, and stable units."""

import csv
import datetime as dt
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.codes import CHOICES_KEY, municipalities, stable_units, translate
from analysis.problems import ProblemsFound

REFERENCE = Path(__file__).parent / "reference" / "codes" / "kommune_spesialtilfeller.csv"
TABLE = municipalities()
YEARS = range(2008, 2025)
EVERY_SPLIT = {"0720": "0710", "1850": "1875", "5012": "5059", "1507": "1508"}


def one(code, at, to, choices=None):
    return translate(pd.Series([code]), at=at, to=to, choices=choices or {}).iloc[0]


def refusal(codes, **keys):
    with pytest.raises(ProblemsFound) as caught:
        translate(pd.Series(codes, dtype="str"), **keys)
    return str(caught.value)


@pytest.mark.parametrize(
    ("year", "codes"),
    [
        (2008, 431),
        (2012, 430),
        (2013, 429),
        (2017, 427),
        (2018, 423),
        (2019, 423),
        (2020, 357),
        (2023, 357),
        (2024, 358),
    ],
)
def test_each_year_has_the_published_number_of_codes(year, codes):
    assert len(TABLE.codes_on(f"{year}-01")) == codes


def test_each_year_has_the_published_number_of_changes():
    rows = TABLE.changes["date"].str[:4].value_counts().to_dict()
    assert {year: rows[year] for year in ("2018", "2020", "2024")} == {"2018": 58, "2020": 317, "2024": 118}
    assert sum(count for year, count in rows.items() if year >= "2013") == 511


def test_the_changes_of_2024_are_113_numbers_3_names_and_the_two_parts_of_one_split():
    changes = TABLE.changes[TABLE.changes["date"] == "2024-01-01"]
    same, split = changes["from_code"] == changes["to_code"], changes["from_code"].duplicated(keep=False)
    assert (same.sum(), split.sum(), (~same & ~split).sum()) == (3, 2, 113)


def test_the_splits_are_those_noted_from_the_source():
    with REFERENCE.open(encoding="utf-8") as stream:
        noted = {row["fra_kode"]: row["til_koder"].split("|") for row in csv.DictReader(stream, delimiter=";")}
    splits = TABLE.changes.groupby(["from_code", "date"])["to_code"].agg(sorted)
    found = {code: targets for (code, day), targets in splits.items() if len(targets) > 1 and day >= "2013"}
    assert found == {code: targets for code, targets in noted.items() if len(targets) > 1}


def test_a_code_is_never_used_again_after_it_ended():
    for code in TABLE.names:
        held = [code in period for period in TABLE.periods]
        assert "10" not in "".join("01"[now] for now in held).strip("0"), code


def test_the_names_followed_through_the_changes_are_those_of_the_list_of_2024():
    names = dict(zip(TABLE.changes["to_code"], TABLE.changes["to_name"], strict=True))
    assert {code: names[code] for code in TABLE.latest if code in names} == {
        code: name for code, name in TABLE.latest.items() if code in names
    }


def test_an_old_name_is_the_name_that_the_code_last_got():
    names = {}
    for row in TABLE.changes.itertuples():
        assert names.get(row.from_code, row.from_name) == row.from_name
        if row.from_code != row.to_code or names.get(row.to_code) != row.to_name:
            names[row.to_code] = row.to_name


def test_seven_codes_of_2018_are_ambiguous_in_2024():
    text = refusal(sorted(TABLE.codes_on("2018-01")), at="2018-01", to="2024-01")
    refused = set(re.findall(r"kommunenummer (\d{4})", text))
    assert refused == {"1504", "1523", "1529", "1534", "1546", "1850", "5012"}


@pytest.mark.parametrize(
    ("code", "at", "to", "answer"),
    [
        ("0101", "2008-01", "2024-05", "3101"),
        ("0101", "2019-12-31", "2020-01-01", "3001"),
        ("0121", "2018-01", "2024-01", "3226"),
        ("1018", "2018-01", "2023-05", "4204"),
        ("0301", "2008-01", "2024-12-31", "0301"),
        ("5001", "2019-01", "2020-01", "5001"),
        ("1723", "2011-03", "2020-01", "5053"),
        ("3101", "2024-01", "2015-05", "0101"),
        ("1580", "2024-01", "2021-01", "1507"),
        ("9999", "2010-01", "2024-01", "9999"),
    ],
)
def test_known_translations(code, at, to, answer):
    assert one(code, at, to) == answer


def test_each_row_is_read_at_its_own_date():
    codes = pd.Series(["0101", "3001", "3101", None], index=[7, 3, 5, 1])
    months = pd.Series(["2019-12", "2020-01", "2024-02", None], index=codes.index)
    found = translate(codes, at=months, to=dt.date(2024, 1, 1))
    assert found.index.tolist() == [7, 3, 5, 1]
    assert found.tolist()[:3] == ["3101"] * 3
    assert found.isna().tolist() == [False, False, False, True]


def test_dates_months_and_month_numbers_say_the_same():
    codes = pd.Series(["0101", "3001"])
    columns = [
        pd.Series(["2019-12", "2020-01"]),
        pd.Series(pd.to_datetime(["2019-12-31", "2020-01-01"])),
        pd.Series([2019 * 12 + 11, 2020 * 12], dtype="Int16"),
    ]
    assert [translate(codes, at=at, to="2024-01").tolist() for at in columns] == [["3101", "3101"]] * 3


def test_the_card_decides_a_split():
    assert one("1850", "2019-01", "2024-01", {"1850": "1806"}) == "1806"
    assert one("1507", "2021-01", "2024-01", {"1507": "1508"}) == "1508"
    assert one("1523", "2019-01", "2024-01", {"1507": "1508"}) == "1508"


def test_the_choice_for_the_code_of_the_row_goes_before_the_choice_for_a_later_one():
    assert one("1534", "2019-01", "2024-01", {"1507": "1508", "1534": "1580"}) == "1580"
    assert one("1534", "2019-01", "2021-01", {"1534": "1580"}) == "1507"


def test_every_refused_code_is_told_at_once_with_its_rows_and_the_way_out():
    text = refusal(["1850", "5012", "1850", "0101"], at="2019-01", to="2024-01")
    assert "kommunenummer 1850 (Tysfjord - Divtasvuodna): 2 rader" in text
    assert "kommunenummer 5012 (Snillfjord): 1 rad:" in text
    assert f'{CHOICES_KEY}: {{"1850": "1806"}}' in text
    assert "0101" not in text


def test_what_was_merged_is_not_split_again_even_when_the_card_asks():
    text = refusal(["3803"], at="2021-01", to="2019-01", choices={})
    assert "0704 (Tønsberg) eller 0716 (Re)" in text
    assert "slått sammen" in text
    assert "ikke delt" in refusal(["3803"], at="2021-01", to="2019-01", choices={"3803": "0704"})


def test_a_code_that_did_not_hold_on_its_date_is_refused():
    assert "gjaldt ikke på radens dato" in refusal(["3001"], at="2019-06", to="2024-01")


def test_values_that_are_no_codes_are_counted_and_never_shown():
    text = refusal(["CANARY12345", "301", "01019912345"], at="2019-06", to="2024-01")
    assert "3 rader" in text
    assert "(3 ulike)" in text
    assert not any(value in text for value in ("CANARY", "301 ", "0101991"))


@pytest.mark.parametrize("at", ["2007-12", "2025-01"])
def test_a_date_outside_the_table_is_refused(at):
    assert "2008-01-01 til 2024-12-31" in refusal(["0301"], at=at, to="2024-01")
    assert "2008-01-01 til 2024-12-31" in refusal(["0301"], at="2020-01", to=at)
    assert "1 rad mangler dato" in refusal(["0301"], at=pd.Series([at]), to="2024-01")


def test_a_broken_date_is_counted_and_never_shown():
    text = refusal(["0301", "0301"], at=pd.Series(["CANARY", None]), to="2024-01")
    assert "2 rader mangler dato" in text
    assert "CANARY" not in text


def test_a_choice_that_can_do_nothing_is_refused():
    text = refusal(["0301"], at="2019-01", to="2024-01", choices={"0301": "0302", "1850": "0301", "8888": "1"})
    assert f"{CHOICES_KEY}, 0301: kommunen er ikke delt" in text
    assert f"{CHOICES_KEY}, 8888: kommunen er ikke delt, eller nummeret finnes ikke" in text
    assert "kan ikke bli 0301. Velg 1806 eller 1875." in text


years = st.sampled_from(YEARS)


@settings(max_examples=30, deadline=None)
@given(years, years, years)
def test_translation_composes(one_year, another, third):
    first, middle, last = sorted((one_year, another, third))
    codes = pd.Series(sorted(TABLE.codes_on(f"{first}-01")))
    straight = translate(codes, at=f"{first}-06", to=f"{last}-06", choices=EVERY_SPLIT)
    half = translate(codes, at=f"{first}-06", to=f"{middle}-06", choices=EVERY_SPLIT)
    assert translate(half, at=f"{middle}-06", to=f"{last}-06", choices=EVERY_SPLIT).equals(straight)
    assert set(straight) <= TABLE.codes_on(f"{last}-06")


def test_2013_to_2020_to_2024_is_2013_to_2024():
    codes = pd.Series(sorted(TABLE.codes_on("2013-01")))
    half = translate(codes, at="2013-01", to="2020-01", choices=EVERY_SPLIT)
    assert translate(half, at="2020-01", to="2024-01", choices=EVERY_SPLIT).equals(
        translate(codes, at="2013-01", to="2024-01", choices=EVERY_SPLIT)
    )


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(60)), years)
def test_the_order_of_the_rows_changes_nothing(order, year):
    codes = pd.Series(sorted(TABLE.codes_on(f"{year}-01"))[:60])
    straight = translate(codes, at=f"{year}-03", to="2024-01", choices=EVERY_SPLIT)
    shuffled = translate(codes.iloc[list(order)], at=f"{year}-03", to="2024-01", choices=EVERY_SPLIT)
    assert shuffled.sort_index().equals(straight)


@settings(max_examples=20, deadline=None)
@given(years, years, years)
def test_stable_units_are_closed_under_translation(one_year, another, third):
    first, middle, last = sorted((one_year, another, third))
    units = stable_units(f"{first}-01", f"{last}-01")
    codes = pd.Series(sorted(TABLE.codes_on(f"{middle}-01")))
    later = translate(codes, at=f"{middle}-01", to=f"{last}-01", choices=EVERY_SPLIT)
    assert codes.map(units).tolist() == later.map(units).tolist()


@settings(max_examples=10, deadline=None)
@given(years, years)
def test_stable_units_are_the_finest_that_every_change_allows(one_year, another):
    first, last = sorted((one_year, another))
    units = stable_units(f"{first}-01", f"{last}-01")
    days = TABLE.changes["date"].str[:4].astype(int)
    inside = TABLE.changes[(days > first) & (days <= last)]
    assert (inside["from_code"].map(units) == inside["to_code"].map(units)).all()
    # As many units as codes less one for each link that joins two that were not joined: a forest, counted.
    seen, joins = {code: {code} for code in units.index}, 0
    for row in inside.itertuples():
        if seen[row.from_code] is not seen[row.to_code]:
            joins += 1
            both = seen[row.from_code] | seen[row.to_code]
            seen.update(dict.fromkeys(both, both))
    assert units.nunique() == len(units) - joins


def test_there_are_354_stable_units_from_2018_to_2024_with_9999():
    units = stable_units("2018-01", "2024-01")
    assert units.nunique() == 354
    assert units["1534"] == units["1580"] == units["1508"] == "E1508"
    assert set(TABLE.codes_on("2018-01") | TABLE.codes_on("2024-01")) <= set(units.index)


def test_stable_units_within_a_year_are_the_codes():
    units = stable_units("2021-02", "2021-11")
    assert (units == "E" + units.index).all()


def test_stable_units_need_a_period_that_goes_forwards():
    with pytest.raises(ValueError, match="no later"):
        stable_units("2020-01", "2019-01")
