"""Deliveries with all tables: what comes out, and every rule broken once."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import tables
from tables import card_of, frames, read, write

from analysis.files import read_parquet
from analysis.findings import findings_table
from analysis.intake import DeliveryRefused, read_delivery, write_delivery
from analysis.pseudonyms import Key
from analysis.table_rules import RULES

STORED = ("persons", "offices", "outcomes", "amounts", "aggregates")


def found(delivery_or_error):
    return {
        (one.rule, one.where.removeprefix("data/").removesuffix(".csv")): one.count
        for one in delivery_or_error.findings
    }


def refused(folder, delivered, card=None):
    with pytest.raises(DeliveryRefused) as caught:
        read(folder, delivered, card)
    assert not (folder / "spells.parquet").exists()
    return found(caught.value)


def changed(table, column, value, row=0):
    delivered = frames()
    delivered[table].loc[row, column] = value
    return delivered


def test_a_sound_delivery_gives_every_table_of_the_contract_and_no_finding(tmp_path):
    delivery = read(tmp_path)
    assert delivery.findings == []
    persons = delivery.persons
    assert list(persons) == [
        "person_id",
        "office_id",
        "arm",
        "time_zero",
        "adoption_month",
        "left_on",
        "age",
        "treated",
    ]
    assert persons["person_id"].tolist() == list(range(12))
    assert sorted(persons["office_id"].unique()) == ["0301", "0302", "0303"]
    assert persons["left_on"].dropna().tolist() == [pd.Timestamp("2022-03-01")]
    assert delivery.offices["caseload"].tolist()[:2] == [20.5, 18.0]
    assert delivery.offices["office_id"].tolist() == ["0301", "0302", "0303"]
    assert len(delivery.outcomes) == 11
    assert delivery.amounts["amount"].tolist() == [100.25] * 24
    assert delivery.amounts.dtypes.astype(str).tolist() == ["int32", "int16", "float64"]
    aggregates = delivery.aggregates
    assert aggregates.dtypes.astype(str).tolist() == ["str", "str", "int16", "str", "str", "int64", "int64"]
    assert set(aggregates["unit_type"]) == {"office"}
    assert delivery.attrition["persons"].tolist() == [6, 6]
    assert set(delivery.attrition["reason"]) == {"delivered"}


def test_the_spells_are_sorted_and_typed_and_linked(tmp_path):
    spells = read_parquet(read(tmp_path).spells)
    assert list(spells) == ["person_id", "type", "from_date", "to_date", "share", "subsidised"]
    assert len(spells) == 36
    assert spells["person_id"].dtype == "int32"
    keys = spells[["person_id", "type", "from_date"]].apply(tuple, axis=1).tolist()
    assert keys == sorted(keys)
    assert spells.loc[spells["type"] == "disability_benefit", "to_date"].isna().all()
    assert spells.loc[spells["type"] == "work", "to_date"].tolist() == [dt.date(2021, 3, 31)] * 12
    assert spells.loc[spells["type"] == "work", "share"].tolist() == [0.5] * 12
    work = spells.loc[spells["type"] == "work", "subsidised"]
    assert sorted(work) == [False] * 6 + [True] * 6
    assert spells.loc[spells["type"] != "work", "subsidised"].isna().all()


def test_links_by_the_same_first_day_need_the_same_first_day(tmp_path):
    links = [{"attribute": "subsidised", "types": ["work"], "by": ["se"], "dates": "same"}]
    card = card_of(registers=tables.REGISTERS | {"links": links})
    delivered = frames()
    delivered["spells"].loc[delivered["spells"].index[-1], "fra"] = "2020-01-01"
    spells = read_parquet(read(tmp_path, delivered, card).spells)
    assert spells["subsidised"].sum() == 1


def test_what_is_not_delivered_is_an_empty_table_with_the_right_columns(tmp_path):
    delivery = read(tmp_path, card=card_of(("persons",), registers=None))
    spells = read_parquet(delivery.spells)
    assert list(spells) == ["person_id", "type", "from_date", "to_date"]
    assert spells.empty
    write_delivery(delivery, card_of(), tmp_path / "out")
    for name in STORED:
        stored = read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert list(stored) == list(getattr(delivery, name))
        assert stored.empty == (name != "persons")
    assert read_parquet(tmp_path / "out" / "findings.parquet").empty
    assert len(read_parquet(tmp_path / "out" / "intake_attrition.parquet")) == 2


def test_spells_are_written_only_where_a_place_is_given(tmp_path):
    write(tmp_path, frames())
    assert read_delivery(card_of(), tmp_path).spells is None
    assert not list(tmp_path.glob("*.parquet"))


FATAL = {
    "value_missing": ("spells", "pid", ""),
    "date_form": ("spells", "fra", "2020-02-30"),
    "ends_before_start": ("spells", "til", "2019-12-31"),
    "category": ("spells", "slag", "UKJENT"),
    "month_form": ("amounts", "maaned", "november"),
    "number_form": ("amounts", "lonn", "mye"),
    "count_form": ("aggregates", "teller", "2,5"),
    "numerator_above_denominator": ("aggregates", "teller", "10"),
    "duplicate_aggregate": ("aggregates", "maaned", "2020-12"),
    "duplicate_office": ("offices", "kontor", "0302"),
    "municipality": ("offices", "kommune", "4444"),
    "office_history": ("offices", "etter", "0399"),
    "unknown_arm": ("persons", "gruppe", "X"),
    "start_missing": ("persons", "start", ""),
}


@pytest.mark.parametrize("rule", FATAL)
def test_one_wrong_value_refuses_the_delivery_by_its_rule(tmp_path, rule):
    table, column, value = FATAL[rule]
    card = card_of(municipality={"on": dt.date(2020, 1, 1)})
    told = refused(tmp_path, changed(table, column, value), card)
    where = {"municipality": "kommunenummer", "office_history": "kontor 0301"}.get(rule, table)
    assert {key[0] for key in told} >= {rule}
    assert where in {key[1] for key in told if key[0] == rule}


TOLD = {
    "outside_range": ("persons", "alder", "130", "ERROR"),
    "unlikely_share": ("spells", "andel", "50", "WARNING"),
    "negative_amount": ("amounts", "lonn", "-1", "WARNING"),
    "after_drawn": ("spells", "fra", "2023-01-01", "WARNING"),
    "unknown_person": ("spells", "pid", "someone", "WARNING"),
}


@pytest.mark.parametrize("rule", TOLD)
def test_one_odd_value_is_told_and_stops_nothing(tmp_path, rule):
    table, column, value, severity = TOLD[rule]
    delivered = changed(table, column, value)
    if rule == "after_drawn":
        delivered["spells"].loc[0, "til"] = ""
    delivery = read(tmp_path, delivered)
    assert found(delivery) == {(rule, table): 1}
    assert delivery.findings[0].severity == severity
    if rule != "unknown_person":
        assert delivery.findings[0].rows == (2,)
    assert len(read_parquet(delivery.spells)) == 36 - (rule == "unknown_person")


def test_an_attribute_that_is_neither_true_nor_false_is_told(tmp_path):
    card = card_of(spells__subsidised="tilskudd", registers=tables.REGISTERS | {"links": []})
    delivered = frames()
    delivered["spells"]["tilskudd"] = ["true", "0", "", "kanskje"] * 9
    assert refused(tmp_path, delivered, card) == {("boolean_form", "spells"): 9}
    delivered["spells"]["tilskudd"] = ["true", "0", "", "1"] * 9
    spells = read_parquet(read(tmp_path, delivered, card).spells)
    assert spells["subsidised"].value_counts(dropna=False).to_dict() == {True: 18, False: 9, None: 9}


def test_a_type_that_is_no_name_is_told_where_the_card_does_not_translate(tmp_path):
    delivered = frames()
    delivered["spells"]["slag"] = delivered["spells"]["slag"].str.lower()
    card = card_of(spells__type="slag", registers=tables.REGISTERS | {"exclusive": [["aap", "ufo"]]})
    assert found(read(tmp_path, delivered, card)) == {}
    delivered["spells"].loc[[1, 4], "slag"] = ["Arb", "1arb"]
    (tmp_path / "spells.parquet").unlink()
    assert refused(tmp_path, delivered, card) == {("slug_form", "spells"): 2}


def test_an_outcome_that_two_files_tell_of_one_person_is_told(tmp_path):
    card = card_of()
    twice = next(file for file in card.files if file.table == "outcomes").model_copy(
        update={"name": "again", "path": "outcomes2.csv"}
    )
    card = card.model_copy(update={"files": [*card.files, twice]})
    delivered = frames()
    again = delivered["outcomes"].iloc[:3]
    assert refused(tmp_path, delivered | {"outcomes2": again}, card) == {("duplicate_outcome", "outcomes"): 3}


@pytest.mark.parametrize(
    ("opens", "told"),
    [
        ("", {("office_closed", "offices"): 1}),
        ("2022-01-01", {("office_renumbered", "offices"): 2}),
        ("2022-03-01", {("office_renumbered", "offices"): 2, ("office_gap", "offices"): 1}),
    ],
)
def test_offices_that_close_or_get_a_new_number_are_told(tmp_path, opens, told):
    delivered = frames()
    delivered["offices"].loc[0, ["til", "etter"]] = ["2021-12-31", "0302" if opens else ""]
    if opens:
        delivered["offices"].loc[1, "fra"] = opens
        delivered["memberships"]["kontor"] = "0301"
    assert found(read(tmp_path, delivered)) == told


def test_the_earliest_of_several_last_days_is_the_last_day(tmp_path):
    delivered = frames()
    delivered["spells"]["avbrutt"] = ["2020-02-29", *[""] * 35]
    card = card_of(spells__to_date={"earliest": ["til", "avbrutt"]})
    spells = read_parquet(read(tmp_path, delivered, card).spells)
    work = spells.loc[spells["type"] == "work", "to_date"]
    assert sorted(work) == [dt.date(2020, 2, 29), *[dt.date(2021, 3, 31)] * 11]
    assert spells.loc[spells["type"] == "disability_benefit", "to_date"].isna().all()


def test_dates_of_spells_may_have_dots(tmp_path):
    delivered = frames()
    for name in ("fra", "til"):
        delivered["spells"][name] = delivered["spells"][name].str.replace(r"(\d+)-(\d+)-(\d+)", r"\3.\2.\1", regex=True)
    dotted = read(tmp_path, delivered, card_of(spells__dates="dd.mm.yyyy"))
    plain = tmp_path / "plain"
    plain.mkdir()
    assert_same(dotted, read(plain))
    delivered["spells"].loc[5, "fra"] = "2020-01-01"
    with pytest.raises(DeliveryRefused, match=r"skal være en dato \(dd\.mm\.åååå\)"):
        read(tmp_path, delivered, card_of(spells__dates="dd.mm.yyyy"))


def test_rows_of_persons_that_nobody_knows_are_left_out_of_every_table(tmp_path):
    delivered = frames()
    for table in ("spells", "amounts", "outcomes", "memberships"):
        stranger = delivered[table].iloc[:3].assign(pid=["x", "y", "z"])
        delivered[table] = pd.concat([delivered[table], stranger], ignore_index=True)
    delivery = read(tmp_path, delivered)
    assert found(delivery) == {
        ("unknown_person", table): 3 for table in ("spells", "amounts", "outcomes", "memberships")
    }
    plain = tmp_path / "plain"
    plain.mkdir()
    assert_same(delivery, read(plain))


def test_an_office_that_is_in_no_table_is_an_error_for_persons_and_for_counts(tmp_path):
    delivered = changed("memberships", "kontor", "0399")
    delivered["aggregates"].loc[1, "kontor"] = "0398"
    delivery = read(tmp_path, delivered)
    assert found(delivery) == {("unknown_office", "persons"): 1, ("unknown_office", "aggregates"): 1}
    assert {one.severity for one in delivery.findings} == {"ERROR"}


def test_spells_that_exclude_one_another_are_counted_by_person(tmp_path):
    delivered = frames()
    spells = delivered["spells"]
    spells.loc[(spells["slag"] == "UFO") & spells["pid"].isin(["p06", "p07"]), "fra"] = "2020-06-30"
    delivery = read(tmp_path, delivered)
    assert found(delivery) == {("overlapping_spells", "spells"): 2}
    assert delivery.findings[0].what.startswith("2 personer ")
    assert delivery.findings[0].severity == "ERROR"


def test_participation_that_does_not_fit_the_groups_is_told(tmp_path):
    delivered = frames()
    spells = delivered["spells"]
    of_se = spells["slag"] == "SE"
    spells.loc[of_se & (spells["pid"] == "p00"), "pid"] = "p01"
    spells.loc[of_se & (spells["pid"] == "p02"), ["fra", "til"]] = ["2022-01-01", ""]
    early = pd.DataFrame([("p03", "SE", "2020-12-31", "", "")], columns=list(spells))
    delivered["spells"] = pd.concat([spells, early], ignore_index=True)
    told = found(read(tmp_path, delivered))
    assert told == {
        ("no_participation", "spells"): 1,
        ("late_participation", "spells"): 1,
        ("treated_comparison", "spells"): 1,
        ("later_treated_comparison", "spells"): 1,
    }


def test_offices_that_end_and_persons_at_a_closed_office_are_told(tmp_path):
    delivered = frames()
    delivered["offices"].loc[0, ["til", "etter"]] = ["2020-06-30", "0302"]
    told = found(read(tmp_path, delivered))
    assert told == {("office_merged", "offices"): 2, ("office_not_open", "offices"): 1}


def test_an_office_that_was_split_has_a_row_for_each_successor_and_one_in_the_table(tmp_path):
    delivered = frames()
    split = delivered["offices"].iloc[[0, 0]].assign(til="2021-12-31", etter=["0302", "0303"])
    delivered["offices"] = pd.concat([split, delivered["offices"].iloc[1:]])
    delivered["offices"].loc[delivered["offices"]["kontor"] != "0301", "fra"] = "2022-01-01"
    delivered["memberships"]["kontor"] = "0301"
    delivery = read(tmp_path, delivered)
    assert found(delivery) == {("office_split", "offices"): 3}
    assert delivery.offices["office_id"].tolist() == ["0301", "0302", "0303"]
    assert delivery.offices["successor"].tolist()[0] == "0302|0303"


def test_municipalities_are_those_of_the_card_s_date(tmp_path):
    delivered = frames()
    delivered["offices"]["kommune"] = ["0301", "0402", "0219"]
    delivered["persons"]["kommune"] = "3401"
    card = card_of(municipality={"on": dt.date(2020, 6, 1)}, persons__municipality="kommune")
    delivery = read(tmp_path, delivered, card)
    assert delivery.offices["municipality"].tolist() == ["0301", "3401", "3024"]
    assert set(delivery.persons["municipality"]) == {"3401"}


def assert_same(one, other):
    for name in STORED:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    pd.testing.assert_frame_equal(read_parquet(one.spells), read_parquet(other.spells))
    pd.testing.assert_frame_equal(one.attrition, other.attrition)


def test_neither_the_order_of_rows_nor_that_of_files_matters(tmp_path):
    straight = read(tmp_path)
    for seed in range(3):
        generator = np.random.default_rng(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        shuffled = {name: frame.sample(frac=1, random_state=generator) for name, frame in frames().items()}
        order = tuple(generator.permutation(list(shuffled)).tolist())
        assert_same(read(folder, shuffled, card_of(order)), straight)


def test_batches_smaller_than_the_file_give_the_same(tmp_path, monkeypatch):
    delivered = changed("spells", "andel", "50", row=30)
    delivered["spells"].loc[3, "andel"] = "51"
    whole = read(tmp_path, delivered)
    monkeypatch.setattr("analysis.csv_rows.BLOCK_BYTES", 150)
    folder = tmp_path / "small"
    folder.mkdir()
    small = read(folder, delivered)
    assert_same(whole, small)
    assert [one.rows for one in small.findings] == [one.rows for one in whole.findings] == [(5, 32)]


def with_protected(spelling="2103"):
    """Two persons of each group at the protected office: by what was delivered, or by an earlier membership."""
    delivered = frames()
    extra = pd.DataFrame(
        {"pid": [f"q{row}" for row in range(4)], "gruppe": ["T", "S"] * 2, "start": "2020-12", "alder": "gammel"}
    )
    delivered["persons"] = pd.concat([delivered["persons"], extra.assign(alder="41")], ignore_index=True).fillna("")
    members = pd.DataFrame(
        {
            "pid": ["q0", "q1", "q2", "q3", "q0"],
            "kontor": [spelling, "0301", "0301", spelling, "0302"],
            "fra": "2019-01-01",
            "til": "",
        }
    )
    members = pd.concat([members, members.iloc[1:3].assign(kontor=spelling, fra="2021-05-01")])
    delivered["memberships"] = pd.concat([delivered["memberships"], members], ignore_index=True)
    for table, columns in (("spells", {}), ("amounts", {}), ("outcomes", {"inntekt": "7"})):
        rows = delivered[table].iloc[:4].assign(pid=[f"q{row}" for row in range(4)], **columns)
        delivered[table] = pd.concat([delivered[table], rows], ignore_index=True)
    office = delivered["offices"].iloc[[0]].assign(kontor=spelling)
    delivered["offices"] = pd.concat([delivered["offices"], office], ignore_index=True)
    counts = delivered["aggregates"].iloc[[0]].assign(kontor=spelling, teller="100")
    delivered["aggregates"] = pd.concat([delivered["aggregates"], counts], ignore_index=True)
    return delivered


@pytest.mark.parametrize("spelling", ["2103", " 2103", "02103", "2103,0"])
def test_the_protected_office_and_its_persons_are_seen_nowhere_but_in_one_count(tmp_path, spelling):
    delivery = read(tmp_path, with_protected(spelling))
    plain = tmp_path / "plain"
    plain.mkdir()
    expected = read(plain)
    assert delivery.findings == []
    for name in STORED:
        pd.testing.assert_frame_equal(getattr(delivery, name), getattr(expected, name))
    pd.testing.assert_frame_equal(read_parquet(delivery.spells), read_parquet(expected.spells))
    assert delivery.attrition["reason"].tolist() == ["delivered"] * 2 + ["outside_population"] * 2
    assert delivery.attrition["persons"].tolist() == [8, 8, 6, 6]
    assert delivery.attrition["offices"].tolist()[2:] == expected.attrition["offices"].tolist()
    assert delivery.attrition["offices"].max() <= 3
    write_delivery(delivery, card_of(), tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        assert "2103" not in read_parquet(path).to_csv(index=False), path.name


def test_mistakes_in_rows_of_the_protected_office_are_told_of_nobody(tmp_path):
    delivered = with_protected()
    delivered["aggregates"].loc[6, "nevner"] = "x"
    delivered["memberships"].loc[12, "fra"] = "x"
    delivered["offices"].loc[3, "saker"] = "x"
    delivered["spells"].loc[0, "fra"] = "x"
    told = refused(tmp_path, delivered)
    assert told == {("date_form", "spells"): 1}


def test_nor_are_mistakes_in_other_rows_of_persons_who_were_there(tmp_path):
    delivered = with_protected()
    delivered["persons"].loc[12:, "alder"] = "x"
    of_others = delivered["memberships"]["pid"].str.startswith("q") & (delivered["memberships"]["kontor"] != "2103")
    assert of_others.sum() == 3
    delivered["memberships"].loc[of_others, "fra"] = "x"
    for table, column in (("spells", "fra"), ("amounts", "lonn"), ("outcomes", "inntekt")):
        delivered[table].loc[delivered[table]["pid"].str.startswith("q"), column] = "x"
    assert read(tmp_path, delivered).findings == []
    delivered["spells"].loc[1, "fra"] = "x"
    (tmp_path / "spells.parquet").unlink()
    assert refused(tmp_path, delivered) == {("date_form", "spells"): 1}


def test_persons_keep_their_offices_in_the_count_of_all_who_were_delivered(tmp_path):
    delivered = with_protected()
    treated = delivered["memberships"]["pid"].isin([f"p{row:02d}" for row in range(0, 12, 2)])
    delivered["memberships"].loc[treated, "kontor"] = "0301"
    delivered["memberships"].loc[delivered["memberships"]["pid"].isin(["q0", "q2"]), "kontor"] = "2103"
    attrition = read(tmp_path, delivered).attrition
    assert attrition.loc[attrition["arm"] == "treated", "offices"].tolist() == [1, 1]


def test_with_a_key_the_numbers_follow_the_key_and_the_cohort_and_nothing_else_changes(tmp_path):
    key = Key(bytes(range(32)))
    one, two, other = (
        read(tmp_path, key=key, cohort="x"),
        read(tmp_path, key=key, cohort="x"),
        read(tmp_path, key=key, cohort="y"),
    )
    assert_same(one, two)
    plain = read(tmp_path)
    orders = [delivery.persons["office_id"].tolist() for delivery in (one, other, plain)]
    assert len({tuple(order) for order in orders}) == 3
    assert all(sorted(order) == sorted(orders[0]) for order in orders)


def staggered(**changes):
    offices = {"offices__adoption_month": "innfort", "persons__arm": None}
    return card_of(design="staggered_did", **offices | changes)


def test_in_a_staggered_design_persons_are_treated_once_their_office_has_begun(tmp_path):
    delivered = frames()
    delivered["offices"]["innfort"] = ["2020-12", "2021-01", ""]
    delivered["spells"] = delivered["spells"][delivered["spells"]["slag"] != "SE"]
    delivery = read(tmp_path, delivered, staggered(registers=None))
    treated = delivery.persons.set_index("office_id")["treated"]
    assert treated["0301"].all()
    assert not treated[["0302", "0303"]].any()
    assert set(delivery.persons.loc[delivery.persons["office_id"] == "0303", "adoption_month"].isna()) == {True}


def test_in_a_series_of_counts_the_offices_have_the_groups(tmp_path):
    card = card_of(
        ("offices", "aggregates"),
        design="aggregated_series",
        covariates=[],
        offices__arm={"column": "gruppe", "values": {"T": "treated", "S": "comparison"}},
    )
    delivered = frames()
    delivered["offices"]["gruppe"] = ["T", "S", "S"]
    delivery = read(tmp_path, delivered, card)
    assert delivery.persons.empty
    assert delivery.attrition["persons"].isna().all()
    assert delivery.attrition["offices"].tolist() == [1, 2]
    delivered["offices"]["gruppe"] = "S"
    folder = tmp_path / "empty"
    folder.mkdir()
    assert refused(folder, delivered, card) == {("empty_arm", "gruppen treated"): 1}


def test_values_in_the_place_of_missing_ones_constants_and_kept_rows(tmp_path):
    card = card_of(
        spells__share={"column": "andel", "missing": "0.25"},
        spells__keep={"slag": ["ARB"]},
        persons__age={"constant": "33.5"},
        registers=None,
    )
    delivered = changed("spells", "andel", "")
    delivered["spells"].loc[20, "slag"] = "NOE ANNET"
    delivery = read(tmp_path, delivered, card)
    spells = read_parquet(delivery.spells)
    assert set(spells["type"]) == {"work"}
    assert sorted(spells["share"]) == [0.25] + [0.5] * 11
    assert delivery.persons["age"].tolist() == [33.5] * 12


def test_every_finding_has_words_and_a_place_in_the_table_of_rules(tmp_path):
    delivered = changed("spells", "andel", "50")
    table = findings_table(read(tmp_path, delivered).findings, card_of())
    assert table.loc[0, "what"] == RULES["unlikely_share"].what
    assert table.loc[0, "rows"] == "2"
    assert set(table["rule"]) <= set(RULES)


# Checks 13 and 14 of the evidence brief.


@pytest.mark.parametrize("heirs", [["0399"], ["0302", "0399"]], ids=["merged", "split"])
def test_check_13_an_office_merged_or_split_in_the_window_stops_the_delivery_without_its_successor(tmp_path, heirs):
    delivered = frames()
    ended = delivered["offices"].iloc[[0] * len(heirs)].assign(til="2021-12-31", etter=heirs)
    delivered["offices"] = pd.concat([ended, delivered["offices"].iloc[1:]])
    assert ("office_history", "kontor 0301") in refused(tmp_path, delivered)


def test_check_13_a_person_who_moves_stays_with_the_first_office(tmp_path):
    delivered = frames()
    before = read(tmp_path, delivered).persons["office_id"].tolist()
    first = delivered["memberships"].iloc[[0]]
    other = "0303" if first["kontor"].iloc[0] != "0303" else "0302"
    delivered["memberships"] = pd.concat(
        [delivered["memberships"], first.assign(kontor=other, fra="2021-06-01", til="")]
    )
    assert read(tmp_path, delivered).persons["office_id"].tolist() == before


def test_check_14_treated_after_the_outcome_month_and_control_later_treated_are_caught_at_entry(tmp_path):
    delivered = frames()
    spells = delivered["spells"]
    of_se = spells["slag"] == "SE"
    spells.loc[of_se & (spells["pid"] == "p02"), ["fra", "til"]] = ["2022-01-01", ""]
    late = pd.DataFrame([("p01", "SE", "2021-06-01", "", "")], columns=list(spells))
    delivered["spells"] = pd.concat([spells, late], ignore_index=True)
    assert found(read(tmp_path, delivered)) == {
        ("late_participation", "spells"): 1,
        ("later_treated_comparison", "spells"): 1,
    }
