"""Spells to person-months: a day-by-day reference, a panel four engines agree on, and a small table per definition."""

import random
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_spells import TYPES, slow_panel, spell, spell_lists, table

from analysis.basic_amount import basic_amount_by_month, basic_amounts
from analysis.intervals import Window
from analysis.months import month_number
from analysis.outcomes import load_outcomes, outcome_with
from analysis.problems import ProblemsFound
from analysis.spell_rules import AmountAboveG, read_rule
from analysis.spells import PanelSpec, panel, panel_chunks, panel_frame, write_panel

REFERENCE = Path(__file__).parent / "reference" / "panel"
LIBRARY = {name: outcome for name, outcome in load_outcomes().items() if outcome.rule is not None}
WINTER = Window(month_number("2020-01"), 4)  # 2020 is a leap year


def rule(name, types=("work",), **parameters):
    return read_rule({"name": name, "types": list(types), **parameters})


RULES = {
    "last": rule("last_day"),
    "any": rule("any_day"),
    "days": rule("days"),
    "either_days": rule("days", ("work", "aap")),
    "ordinary": rule("last_day", where={"subsidised": False}),
    "full_days": rule("days", where={"share": {"at_least": 1.0}, "subsidised": False}),
    "part": LIBRARY["part_time_last_day"].rule,
    "medical": LIBRARY["only_medical_in_plan"].rule,
    "self": rule("last_day", without=[{"when": "any_day", "types": ["aap"]}]),
    "months": rule("months_so_far", counted="last_day"),
    "months_part": rule("months_so_far", counted="any_day", where={"share": {"below": 1.0}}),
    "ever": rule("ever", counted="any_day"),
    "ever_ordinary": rule("ever", counted="last_day", where={"subsidised": False}),
}


def fast_panel(persons, spells, rules=None, window=WINTER, **options):
    rules = RULES if rules is None else rules
    spec = PanelSpec(window=window, rules=rules, covers=options.pop("covers", TYPES), **options)
    return panel_frame(panel(people(persons), table(spells), spec))


def people(persons):
    frame = pd.DataFrame(persons)
    if "time_zero" in frame:
        frame["time_zero"] = frame["time_zero"].astype("Int16")
    return frame


def months_of(window):
    return range(window.first, window.first + window.months)


def same(fast, slow):
    pd.testing.assert_frame_equal(fast[list(slow.columns)], slow, check_dtype=False, check_exact=True)


def one_person(outcome, spells, *, months, time_zero=None, known_until=None, amounts=None, **options):
    """The outcome of person 1 from month to month, as written in a table: 1, 0, a number, or . for missing."""
    first, last = (month_number(month) for month in months)
    person = {"person_id": 1, "known_until": pd.Timestamp(known_until) if known_until else pd.NaT}
    if time_zero:
        person["time_zero"] = month_number(time_zero)
    given = LIBRARY[outcome] if isinstance(outcome, str) else outcome
    kinds = {one["type"] for one in spells} | set(options.pop("covers", ()))
    spec = PanelSpec(
        window=Window(first, last - first + 1), rules={given.name: given.rule}, covers=tuple(kinds), **options
    )
    frame = panel_frame(panel(people([person]), table(spells), spec, amounts=amounts))
    return ["." if pd.isna(value) else int(value) for value in frame[given.name]]


def job(first, last=None, **attributes):
    return spell(1, "work", first, last, **attributes)


# Against other ways to the same answer


@settings(max_examples=60, deadline=None)
@given(
    spells=spell_lists(),
    until=st.lists(st.none() | st.dates(date(2019, 12, 1), date(2020, 5, 2)), min_size=3, max_size=3),
    zeros=st.lists(st.none() | st.integers(WINTER.first - 1, WINTER.first + 5), min_size=3, max_size=3),
    register=st.dates(date(2020, 1, 30), date(2020, 5, 2)),
)
def test_every_rule_equals_a_count_day_by_day(spells, until, zeros, register):
    persons = [
        {"person_id": number, "known_until": last, "time_zero": zero}
        for number, (last, zero) in enumerate(zip(until, zeros, strict=True))
    ]
    slow = slow_panel(persons, spells, RULES, months_of(WINTER), register)
    same(fast_panel(persons, spells, known_until=register), slow)


def test_a_large_random_register_equals_a_count_day_by_day():
    draw = random.Random(20201121)
    spells = []
    for _ in range(400):
        begin = date(2019, 6, 1) + timedelta(draw.randrange(700))
        last = None if draw.random() < 0.1 else begin + timedelta(int(draw.expovariate(1 / 60)))
        share, subsidised = draw.choice([None, 0.2, 0.8, 1.0]), draw.choice([None, True, False])
        plan = draw.choice([None, "medical", "course"])
        kind = draw.choice(TYPES)
        spells.append(spell(draw.randrange(40), kind, begin, last, share=share, subsidised=subsidised, plan=plan))
    window = Window(month_number("2019-11"), 16)
    persons = [{"person_id": n, "time_zero": window.first + n % 18 - 1} for n in range(40)]
    same(fast_panel(persons, spells, window=window), slow_panel(persons, spells, RULES, months_of(window)))


def test_the_panel_is_the_one_that_four_engines_agree_on():
    given = pd.read_csv(REFERENCE / "spells_150.csv", parse_dates=["fra", "til"])
    wanted = pd.read_csv(REFERENCE / "panel_150x60.csv.gz")
    first, last = given["fra"].dt.date, given["til"].dt.date
    spells = [spell(*row) for row in zip(given["pid"], given["type"], first, last, strict=True)]
    kinds = list(wanted.columns[3:])
    rules = {"arbeid_dager": rule("days", ["arbeid"])} | {kind: rule("any_day", [kind]) for kind in kinds}
    window = Window(month_number("2018-01"), 60)
    fast = fast_panel([{"person_id": n} for n in range(150)], spells, rules, window, covers=None)
    assert (fast["month"] - window.first).tolist() == wanted["m"].tolist()
    assert fast["person_id"].tolist() == wanted["pid"].tolist()
    assert fast["observed"].all()
    for name in rules:
        assert fast[name].tolist() == wanted[name].tolist()


# Properties


PERSONS = [{"person_id": number, "time_zero": WINTER.first} for number in range(3)]


@settings(max_examples=15, deadline=None)
@given(spells=spell_lists(), seed=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(spells, seed):
    shuffled, persons = list(spells), list(PERSONS)
    seed.shuffle(shuffled)
    seed.shuffle(persons)
    pd.testing.assert_frame_equal(fast_panel(persons, shuffled), fast_panel(PERSONS, spells))


@settings(max_examples=15, deadline=None)
@given(spells=spell_lists(), data=st.data())
def test_a_spell_delivered_twice_changes_nothing(spells, data):
    again = data.draw(st.lists(st.sampled_from(spells), max_size=5)) if spells else []
    pd.testing.assert_frame_equal(fast_panel(PERSONS, spells + again), fast_panel(PERSONS, spells))


@settings(max_examples=15, deadline=None)
@given(spells=spell_lists(), data=st.data())
def test_a_spell_split_in_two_that_touch_changes_nothing(spells, data):
    pieces = []
    for one in spells:
        length = 90 if one["to_date"] is None else (one["to_date"] - one["from_date"]).days
        if length == 0:
            pieces.append(one)
            continue
        cut = one["from_date"] + timedelta(data.draw(st.integers(1, length)))
        pieces += [{**one, "to_date": cut - timedelta(1)}, {**one, "from_date": cut}]
    pd.testing.assert_frame_equal(fast_panel(PERSONS, pieces), fast_panel(PERSONS, spells))


@settings(max_examples=15, deadline=None)
@given(spells=spell_lists(), ids=st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=3, unique=True))
def test_other_ids_give_the_same_rows_under_those_ids(spells, ids):
    renamed = [{**one, "person_id": ids[one["person_id"]]} for one in spells]
    persons = [{**person, "person_id": ids[person["person_id"]]} for person in PERSONS]
    wanted = fast_panel(PERSONS, spells)
    wanted["person_id"] = np.array(ids)[wanted["person_id"]].astype("int32")
    wanted = wanted.sort_values(["person_id", "month"], ignore_index=True)
    pd.testing.assert_frame_equal(fast_panel(persons, renamed), wanted)


@settings(max_examples=15, deadline=None)
@given(spells=spell_lists())
def test_what_must_hold_between_the_outcomes_holds(spells):
    known = [{**one, "share": one["share"] or 0.3} for one in spells]
    rules = RULES | {"full": LIBRARY["full_time_last_day"].rule}
    frame = fast_panel(PERSONS, known, rules)
    assert (frame["last"] <= frame["any"]).all()
    assert ((frame["days"] > 0) == (frame["any"] == 1)).all()
    assert (frame["full"] + frame["part"] == frame["last"]).all()
    assert (frame["self"] <= frame["last"]).all()
    after = frame[frame["event_time"] > 0]
    assert (after["months"] <= after["event_time"]).all()
    assert after.groupby("person_id")["ever"].apply(lambda column: column.is_monotonic_increasing).all()


@settings(max_examples=15, deadline=None)
@given(spells=spell_lists(), data=st.data())
def test_a_shorter_follow_up_hides_months_and_changes_none(spells, data):
    until = data.draw(st.dates(date(2019, 12, 31), date(2020, 4, 30)))
    whole = fast_panel(PERSONS, spells)
    cut = fast_panel([{**person, "known_until": until} for person in PERSONS], spells)
    names = list(RULES)
    assert cut.loc[~cut["observed"], names].isna().all(axis=None)
    pd.testing.assert_frame_equal(cut.loc[cut["observed"], names], whole.loc[cut["observed"], names])


def test_chunks_from_a_file_or_a_table_equal_one_piece_in_memory(tmp_path):
    draw = random.Random(7)
    spells = [
        spell(draw.randrange(20), draw.choice(TYPES), date(2020, 1, 1) + timedelta(draw.randrange(90)), share=0.5)
        for _ in range(60)
    ]
    persons = people([{"person_id": n, "time_zero": WINTER.first} for n in range(0, 20, 2)])
    spec = PanelSpec(window=WINTER, rules=RULES, covers=TYPES)
    pq.write_table(table(spells), tmp_path / "spells.parquet", row_group_size=7)
    write_panel(tmp_path / "panel.parquet", panel_chunks(persons, tmp_path / "spells.parquet", spec, chunk_persons=3))
    whole = panel(persons, table(spells), spec)
    assert pq.read_table(tmp_path / "panel.parquet").equals(whole)
    assert pa.concat_tables(panel_chunks(persons, table(spells), spec, chunk_persons=3)).equals(whole)
    assert pq.ParquetFile(tmp_path / "panel.parquet").metadata.num_row_groups == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["panel.parquet", "spells.parquet"]


def test_a_type_stored_as_a_dictionary_reads_as_text(tmp_path):
    plain = table([job("2020-02-03", "2020-03-01", share=1.0, plan="medical")])
    coded = plain.set_column(1, "type", plain["type"].dictionary_encode())
    coded = coded.set_column(6, "plan", plain["plan"].dictionary_encode())
    spec = PanelSpec(window=WINTER, rules=RULES, covers=TYPES)
    persons = people([{"person_id": 1, "time_zero": WINTER.first}])
    pq.write_table(coded, tmp_path / "spells.parquet")
    (piece,) = panel_chunks(persons, tmp_path / "spells.parquet", spec)
    assert piece.equals(panel(persons, plain, spec))


def test_a_panel_that_fails_half_way_leaves_no_file(tmp_path):
    def broken():
        yield panel(people([{"person_id": 1}]), table([job("2020-01-01")]), PanelSpec(window=WINTER, rules={}))
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        write_panel(tmp_path / "panel.parquet", broken())
    assert list(tmp_path.iterdir()) == []


def test_columns_are_small_and_typed():
    spec = PanelSpec(window=WINTER, rules=RULES, covers=TYPES)
    found = panel(people(PERSONS), table([]), spec)
    kinds = {name: str(found.schema.field(name).type) for name in ("person_id", "month", "event_time", "observed")}
    assert kinds == {"person_id": "int32", "month": "int16", "event_time": "int16", "observed": "bool"}
    assert [str(found.schema.field(name).type) for name in ("last", "days", "months", "ever")] == [
        "bool",
        "uint8",
        "int16",
        "bool",
    ]


# The outcomes of the library, one small table each


def test_in_work_on_the_last_day_looks_at_the_last_day_only():
    spells = [job("2020-01-31", "2020-02-28"), job("2020-04-01", "2020-04-30")]
    #                                                              Jan Feb Mar Apr May: 29 February is not covered
    assert one_person("in_work_last_day", spells, months=("2020-01", "2020-05")) == [1, 0, 0, 1, 0]


def test_in_work_on_any_day_counts_a_single_day():
    spells = [job("2020-01-31", "2020-02-01"), job("2020-04-15", "2020-04-15")]
    assert one_person("in_work_any_day", spells, months=("2020-01", "2020-05")) == [1, 1, 0, 1, 0]


def test_work_days_count_a_day_with_two_jobs_once():
    spells = [job("2020-02-01", "2020-02-10"), job("2020-02-05", "2020-02-20"), job("2020-02-29", "2020-03-02")]
    assert one_person("work_days", spells, months=("2020-01", "2020-03")) == [0, 21, 2]


def test_work_days_of_whole_months_are_the_lengths_of_the_months():
    lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28]
    assert one_person("work_days", [job("2019-05-01")], months=("2020-01", "2021-02")) == lengths


def test_many_short_jobs_in_a_month_add_up():
    spells = [job(f"2020-01-{day:02d}", f"2020-01-{day:02d}") for day in range(1, 32, 2)]
    assert one_person("work_days", spells, months=("2020-01", "2020-01")) == [16]


def test_months_in_work_count_from_the_month_after_time_zero():
    spells = [job("2020-01-01", "2020-03-31"), job("2020-05-15")]
    months = ("2019-12", "2020-06")
    #                                                     Dec Jan Feb Mar Apr May Jun: time zero is January
    assert one_person("months_in_work", spells, months=months, time_zero="2020-01") == [".", 0, 1, 2, 2, 3, 4]


def test_ordinary_work_leaves_out_subsidised_jobs():
    spells = [
        job("2020-01-01", "2020-01-31", subsidised=True),
        job("2020-02-01", "2020-02-29", subsidised=False),
        job("2020-03-01", "2020-03-31", subsidised=True),
        job("2020-03-31", "2020-04-30", subsidised=False),
    ]
    assert one_person("ordinary_work_last_day", spells, months=("2020-01", "2020-04")) == [0, 1, 1, 1]


def test_full_and_part_time_go_by_the_contracted_share_of_each_job():
    spells = [
        job("2020-01-01", "2020-01-31", share=1.0),
        job("2020-02-01", "2020-02-29", share=0.99),
        job("2020-03-01", "2020-03-31", share=0.5),
        job("2020-03-01", "2020-03-31", share=0.5),
        job("2020-04-01", "2020-04-30", share=1.0),
        job("2020-04-01", "2020-04-30", share=0.2),
    ]
    months = ("2020-01", "2020-05")
    assert one_person("full_time_last_day", spells, months=months) == [1, 0, 0, 1, 0]
    assert one_person("part_time_last_day", spells, months=months) == [0, 1, 1, 0, 0]


def test_an_unknown_share_is_missing_unless_another_job_settles_it():
    spells = [
        job("2020-01-01", "2020-01-31"),
        job("2020-02-01", "2020-02-29"),
        job("2020-02-01", "2020-02-29", share=1.0),
    ]
    months = ("2020-01", "2020-03")
    assert one_person("full_time_last_day", spells, months=months) == [".", 1, 0]
    assert one_person("part_time_last_day", spells, months=months) == [".", 0, 0]
    assert one_person("in_work_last_day", spells, months=months) == [1, 1, 0]


BENEFITS = ("aap", "unemployment_benefit", "social_assistance", "qualification_benefit", "programme_benefit")
BENEFITS += ("disability_benefit",)


def test_self_sufficient_is_work_on_the_last_day_and_no_benefit_on_any_day():
    spells = [
        job("2020-01-01"),
        spell(1, "social_assistance", "2020-02-03", "2020-02-03"),
        spell(1, "aap", "2020-03-31", "2020-04-01"),
        spell(1, "sick_leave", "2020-05-01", "2020-05-31"),
    ]
    found = one_person("self_sufficient_last_day", spells, months=("2019-12", "2020-05"), covers=BENEFITS)
    assert found == [0, 1, 0, 0, 0, 1]


@pytest.mark.parametrize("benefit", BENEFITS)
def test_every_benefit_of_the_definition_takes_self_sufficiency_away(benefit):
    spells = [job("2020-01-01"), spell(1, benefit, "2020-01-10", "2020-01-12")]
    found = one_person("self_sufficient_last_day", spells, months=("2020-01", "2020-02"), covers=BENEFITS)
    assert found == [0, 1]


def test_in_education_looks_at_the_last_day():
    spells = [spell(1, "education", "2020-01-15", "2020-02-28")]
    assert one_person("in_education_last_day", spells, months=("2020-01", "2020-02")) == [1, 0]


def test_in_work_or_education_is_either_on_the_last_day():
    spells = [job("2020-01-15", "2020-02-28"), spell(1, "education", "2020-02-01", "2020-03-31"), job("2020-03-01")]
    found = one_person("in_work_or_education_last_day", spells, months=("2019-12", "2020-04"))
    assert found == [0, 1, 1, 1, 1]
    spells = [job("2020-01-01", "2020-01-30"), spell(1, "education", "2020-02-01", "2020-02-29")]
    assert one_person("in_work_or_education_last_day", spells, months=("2020-01", "2020-03")) == [0, 1, 0]


def test_in_a_labour_market_programme_looks_at_the_last_day():
    spells = [spell(1, "labour_market_programme", "2020-01-15", "2020-02-29")]
    assert one_person("in_labour_market_programme", spells, months=("2020-01", "2020-03")) == [1, 1, 0]


def test_only_medical_is_a_medical_plan_and_no_other_on_the_last_day():
    spells = [
        spell(1, "plan", "2020-01-01", "2020-04-30", plan="medical"),
        spell(1, "plan", "2020-02-10", "2020-02-28", plan="course"),  # over before the last day of a leap February
        spell(1, "plan", "2020-03-10", "2020-03-31", plan="course"),
        spell(1, "plan", "2020-04-30", "2020-05-31"),
    ]
    #                                                     without a plan in June: not only medical
    found = one_person("only_medical_in_plan", spells, months=("2020-01", "2020-06"))
    assert found == [1, 1, 0, ".", ".", 0]


def amounts(by_month):
    rows = [(1, month_number(month), kroner) for month, kroner in by_month.items()]
    return pd.DataFrame(rows, columns=["person_id", "month", "amount"])


def test_earnings_above_g_in_december_compare_the_year_with_the_mean_of_the_year():
    exact = amounts({"2019-12": 50_000, "2020-05": 100_853})  # the mean of 2020
    options = {"months": ("2020-12", "2020-12"), "amounts_from": month_number("2015-01")}
    assert one_person("earnings_above_g", [], amounts=exact, **options) == [0]
    more = pd.concat([exact, amounts({"2020-01": 0.01})])
    assert one_person("earnings_above_g", [], amounts=more, **options) == [1]
    assert one_person(outcome_with("earnings_above_g", multiple=2), [], amounts=more, **options) == [0]
    assert one_person(outcome_with("earnings_above_g", multiple=0.5), [], amounts=exact, **options) == [1]


def test_earnings_are_missing_until_twelve_months_are_covered():
    paid = amounts({"2020-01": 200_000})
    found = one_person(
        "earnings_above_g", [], amounts=paid, months=("2020-11", "2021-02"), amounts_from=month_number("2020-01")
    )
    assert found == [".", 1, 0, 0]  # December still holds January's pay; from January on it is gone


def test_earnings_in_a_single_month_can_be_held_against_the_amount_in_force():
    rule_ = AmountAboveG(multiple=1, months=1, basis="in_force")
    outcome = outcome_with("earnings_above_g", months=1, basis="in_force")
    assert outcome.rule == rule_
    paid = amounts({"2020-04": 99_858 / 12 + 0.01, "2020-05": 99_858 / 12 + 0.01})  # 101 351 from May
    found = one_person(outcome, [], amounts=paid, months=("2020-04", "2020-05"), amounts_from=month_number("2015-01"))
    assert found == [1, 0]


def test_amounts_of_others_and_of_other_months_are_left_out():
    paid = pd.concat(
        [amounts({"2018-12": 900_000, "2021-01": 900_000}), amounts({"2020-03": 900_000}).assign(person_id=2)]
    )
    found = one_person(
        "earnings_above_g", [], amounts=paid, months=("2020-12", "2020-12"), amounts_from=month_number("2015-01")
    )
    assert found == [0]


# Point, ever and cumulative


def test_ever_and_point_differ_and_stand_in_columns_of_their_own():
    rules = {"now": rule("last_day"), "ever": rule("ever", counted="last_day"), "months": RULES["months"]}
    frame = fast_panel([{"person_id": 1, "time_zero": WINTER.first}], [job("2020-02-01", "2020-02-29")], rules)
    assert frame["now"].tolist() == [0, 1, 0, 0]
    assert frame["ever"].tolist() == [0, 1, 1, 1]
    assert frame["months"].tolist() == [0, 1, 1, 1]


# The edges: windows, ends of follow-up, open spells


def test_spells_outside_the_window_and_across_its_edges():
    spells = [job("2010-01-01", "2020-01-01"), job("2020-04-30", "2031-01-01"), job("2021-01-01", "2022-01-01")]
    assert one_person("work_days", spells, months=("2020-01", "2020-04")) == [1, 0, 0, 1]
    assert one_person("in_work_last_day", spells, months=("2020-01", "2020-04")) == [0, 0, 0, 1]


def test_an_open_spell_runs_to_the_end_of_the_window():
    assert one_person("work_days", [job("2020-02-10")], months=("2020-01", "2020-03")) == [0, 20, 31]


def test_months_after_the_last_day_followed_are_missing_and_never_zero():
    months = ("2020-01", "2020-04")
    for spells in ([], [job("2019-01-01")]):
        found = one_person("in_work_last_day", spells, months=months, known_until="2020-02-29", covers=["work"])
        assert found == [len(spells), len(spells), ".", "."]


def test_the_month_that_a_person_leaves_in_is_missing_because_its_last_day_was_not_seen():
    months = ("2020-01", "2020-03")
    assert one_person("in_work_any_day", [job("2020-01-01")], months=months, known_until="2020-02-28") == [1, ".", "."]


def test_the_end_of_the_register_hides_months_of_everyone():
    frame = fast_panel(PERSONS, [], known_until=date(2020, 3, 31))
    assert frame.groupby("month")["observed"].agg(["all", "any"]).to_numpy().tolist() == [[True] * 2] * 3 + [
        [False] * 2
    ]


def test_a_person_without_spells_is_followed_and_out_of_work():
    frame = fast_panel([{"person_id": 5}], [job("2020-01-01")], {"last": rule("last_day")})
    assert frame["observed"].all()
    assert frame["last"].tolist() == [0.0] * 4


def test_a_window_before_1970_works():
    window = Window(month_number("1969-11"), 4)
    spells = [spell(0, "work", "1969-12-30", "1970-01-02"), spell(1, "work", "1969-11-01", "1969-11-30")]
    frame = fast_panel([{"person_id": 0}, {"person_id": 1}], spells, {"days": rule("days")}, window)
    assert frame["days"].tolist() == [0, 2, 2, 0, 30, 0, 0, 0]


# What is refused


def refused(*arguments, **options):
    with pytest.raises(ProblemsFound) as caught:
        fast_panel(*arguments, **options)
    return str(caught.value)


def test_spells_that_end_before_they_begin_are_counted_and_not_shown():
    spells = [job("2020-03-17", "2020-03-16"), spell(4711, "work", "2021-01-01", "2020-01-01"), job("2020-01-01")]
    message = refused([{"person_id": 1}], spells, {"last": rule("last_day")})
    assert "2 perioder slutter før de begynner" in message
    assert not re.search(r"4711|2020-|2021-|16|17", message)


def test_missing_keys_are_counted_all_at_once():
    spells = [job("2020-01-01"), {**job("2020-01-01"), "type": None}, {**job("2020-01-01"), "from_date": None}]
    message = refused([{"person_id": 1}, {"person_id": 1}], spells, {"last": rule("last_day")})
    assert "1 rader mangler type" in message
    assert "1 rader mangler from_date" in message
    assert "1 rader har en person_id som står i en tidligere rad" in message


def test_a_register_that_was_not_delivered_is_not_read_as_nobody_in_it():
    message = refused([{"person_id": 1}], [job("2020-01-01")], {"aap": rule("any_day", ["aap"])}, covers=None)
    assert "ingen perioder er av typen aap" in message
    frame = fast_panel(
        [{"person_id": 1}], [job("2020-01-01")], {"aap": rule("any_day", ["aap"])}, covers=("work", "aap")
    )
    assert frame["aap"].tolist() == [0.0] * 4


def test_a_type_that_occurs_is_covered_whether_or_not_the_card_names_it():
    rules = {"aap": rule("any_day", ["aap"]), "work": rule("any_day")}
    frame = fast_panel([{"person_id": 1}], [job("2020-01-01")], rules, covers=("aap",))
    assert (frame["aap"].tolist(), frame["work"].tolist()) == ([0.0] * 4, [1.0] * 4)


def test_an_attribute_that_was_not_delivered_is_named():
    bare = table([job("2020-01-01")]).drop_columns(["share"])
    spec = PanelSpec(window=WINTER, rules={"full": LIBRARY["full_time_last_day"].rule})
    with pytest.raises(ProblemsFound, match="Periodene") as caught:
        panel(people([{"person_id": 1}]), bare, spec)
    assert "mangler kolonnen share" in str(caught.value)


@pytest.mark.parametrize(
    ("column", "wrong", "outcome"),
    [
        ("share", pa.array(["100 %"]), "full_time_last_day"),
        ("subsidised", pa.array(["nei"]), "ordinary_work_last_day"),
        ("plan", pa.nulls(1), "only_medical_in_plan"),
    ],
)
def test_an_attribute_of_another_kind_is_named_and_not_shown(column, wrong, outcome):
    spells = table([job("2020-01-01")])
    spells = spells.set_column(spells.column_names.index(column), column, wrong)
    spec = PanelSpec(window=WINTER, rules={"x": LIBRARY[outcome].rule}, covers=TYPES)
    with pytest.raises(ProblemsFound) as caught:
        panel(people([{"person_id": 1}]), spells, spec)
    assert f"kolonnen {column} har ikke den typen som utfallene krever" in str(caught.value)
    assert "100 %" not in str(caught.value)
    assert "nei" not in str(caught.value)


def test_a_count_cannot_begin_after_its_time_zero():
    message = refused([{"person_id": 1, "time_zero": WINTER.first - 2}], [], {"months": RULES["months"]})
    assert "1 personer har et starttidspunkt som ligger før" in message
    with pytest.raises(ValueError, match="time_zero"):
        fast_panel([{"person_id": 1}], [], {"months": RULES["months"]})


def test_an_empty_table_of_persons_is_told():
    assert "tabellen er tom" in refused({"person_id": []}, [], {"last": rule("last_day")})


def test_amounts_without_a_value_are_counted():
    holes = amounts({"2020-01": None, "2020-02": 100.0})
    spec = PanelSpec(window=WINTER, rules={}, amounts_from=WINTER.first)
    with pytest.raises(ProblemsFound, match="Periodene") as caught:
        panel(people([{"person_id": 1}]), table([]), spec, amounts=holes)
    assert "1 rader mangler person, måned eller beløp" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "lastday", "types": ["work"]}, "unknown rule"),
        ({"name": "last_day"}, "types"),
        ({"name": "last_day", "types": []}, "at least one type"),
        ({"name": "last_day", "types": ["work"], "where": {"share": {"over": 1}}}, "unknown test"),
        ({"name": "ever", "counted": "sometimes", "types": ["work"]}, "unknown when"),
        ({"name": "amount_above_g", "multiple": 0}, "multiple"),
    ],
)
def test_a_malformed_rule_is_refused(entry, message):
    with pytest.raises(ValueError, match=message):
        read_rule(entry)


# The basic amount


def test_the_mean_of_a_year_is_four_months_of_the_old_amount_and_eight_of_the_new():
    known = basic_amounts()
    assert (known["from_date"] == known["year"].astype(str) + "-05-01").all()
    assert known["year"].tolist() == list(range(2010, 2026))
    mean = (4 * known["amount"].shift() + 8 * known["amount"]) / 12
    assert (mean - known["year_mean"]).abs().iloc[1:].max() < 0.5


def test_the_amount_in_force_changes_in_may():
    months = np.array([month_number(month) for month in ("2020-04", "2020-05", "2021-01", "2021-05")])
    assert basic_amount_by_month(months, "in_force").tolist() == [99_858, 101_351, 101_351, 106_399]
    assert basic_amount_by_month(months).tolist() == [100_853, 100_853, 104_716, 104_716]


@pytest.mark.parametrize(("month", "basis", "year"), [("2026-01", "year_mean", 2026), ("2010-04", "in_force", 2009)])
def test_a_year_outside_the_table_is_refused_by_name(month, basis, year):
    with pytest.raises(ProblemsFound) as caught:
        basic_amount_by_month(np.array([month_number(month)]), basis)
    assert f"mangler grunnbeløpet for {year}" in str(caught.value)
