"""Covariates and outcomes without a panel: equal to a count day by day, and to the panel at the same months."""

import random
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_spells import TYPES, month_of, slow_covariate, slow_panel, spell, spell_lists, table

from analysis.intervals import Window
from analysis.months import month_number
from analysis.outcomes import load_outcomes
from analysis.problems import ProblemsFound
from analysis.spell_baseline import BaselineSpec, DaysBefore, MonthsBefore, OnTheDay, spell_baseline
from analysis.spell_rules import AmountAboveG, read_rule, read_spells
from analysis.spells import PanelSpec, panel, panel_frame

LIBRARY = load_outcomes()
WORK = read_spells(["work"])
COVARIATES = {
    "in_work": OnTheDay(WORK),
    "ordinary": OnTheDay(read_spells(["work"], {"subsidised": False})),
    "work_days_24": DaysBefore(WORK, 24),
    "work_days_1": DaysBefore(WORK, 1),
    "full_days_2": DaysBefore(read_spells(["work", "aap"], {"share": {"at_least": 1.0}}), 2),
    "aap_months_12": MonthsBefore(read_spells(["aap"]), 12),
    "benefit_months_3": MonthsBefore(read_spells(["aap", "plan"]), 3),
    "medical_months_2": MonthsBefore(read_spells(["plan"], {"plan": "medical"}), 2),
}


def rule(name, types=("work",), **parameters):
    return read_rule({"name": name, "types": list(types), **parameters})


RULES = {
    "last": rule("last_day"),
    "any": rule("any_day"),
    "days": rule("days"),
    "full_days": rule("days", where={"share": {"at_least": 1.0}}),
    "part": LIBRARY["part_time_last_day"].rule,
    "medical": LIBRARY["only_medical_in_plan"].rule,
    "self": rule("last_day", without=[{"when": "any_day", "types": ["aap"]}]),
    "months": rule("months_so_far", counted="last_day"),
    "months_any": rule("months_so_far", ("work", "aap"), counted="any_day"),
    "months_part": rule("months_so_far", counted="last_day", where={"share": {"below": 1.0}}),
    "ever": rule("ever", counted="any_day"),
    "ever_ordinary": rule("ever", counted="last_day", where={"subsidised": False}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spells")


def stored(folder, spells):
    path = folder / "spells.parquet"
    pq.write_table(spells if isinstance(spells, pa.Table) else table(spells), path)
    return path


def measured(folder, persons, spells, *, amounts=None, **options):
    spec = BaselineSpec(**{"covers": TYPES, **options})
    return spell_baseline(pd.DataFrame(persons), stored(folder, spells), spec, amounts=amounts)


def covariates_of(folder, day, spells, covariates=COVARIATES, **options):
    persons = [{"person_id": 1, "time_zero_date": pd.Timestamp(day)}]
    return measured(folder, persons, spells, covariates=covariates, **options).covariates.iloc[0].to_dict()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spells=spell_lists(),
    days=st.lists(st.dates(date(2019, 12, 28), date(2020, 5, 31)), min_size=3, max_size=3),
)
def test_covariates_equal_a_count_day_by_day(folder, spells, days):
    persons = [{"person_id": n, "time_zero_date": pd.Timestamp(day)} for n, day in enumerate(days)]
    found = measured(folder, persons, spells, covariates=COVARIATES).covariates
    for number, day in enumerate(days):
        own = [one for one in spells if one["person_id"] == number]
        for name, covariate in COVARIATES.items():
            wanted = slow_covariate(covariate, own, day)
            value = found.loc[number, name]
            assert np.isnan(value) if wanted is None else value == wanted, name


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spells=spell_lists(),
    zeros=st.lists(st.integers(24239, 24245), min_size=3, max_size=3),
    until=st.lists(st.none() | st.dates(date(2020, 1, 1), date(2020, 7, 31)), min_size=3, max_size=3),
    horizons=st.sets(st.integers(-2, 5), min_size=1, max_size=3),
    register=st.none() | st.dates(date(2020, 2, 1), date(2020, 6, 30)),
)
def test_outcomes_equal_a_count_day_by_day(folder, spells, zeros, until, horizons, register):
    persons = [
        {"person_id": n, "time_zero": zero, "known_until": last}
        for n, (zero, last) in enumerate(zip(zeros, until, strict=True))
    ]
    found = measured(folder, persons, spells, rules=RULES, horizons=tuple(horizons), known_until=register).outcomes
    for person in persons:
        months = [person["time_zero"] + h for h in sorted(horizons)]
        slow = slow_panel([person], spells, RULES, months, register or date.max)
        mine = found[found["person_id"] == person["person_id"]].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine[list(slow.columns)], slow, check_dtype=False, check_exact=True)


def random_register(persons, spells, seed):
    draw = random.Random(seed)
    rows = []
    for _ in range(spells):
        begin = date(2017, 1, 1) + timedelta(draw.randrange(1400))
        last = None if draw.random() < 0.05 else begin + timedelta(int(draw.expovariate(1 / 90)))
        attributes = {"share": draw.choice([None, 0.4, 1.0]), "subsidised": draw.choice([None, True, False])}
        plan = draw.choice([None, "medical", "course"])
        rows.append(spell(draw.randrange(persons), draw.choice(TYPES), begin, last, plan=plan, **attributes))
    return rows


def test_staggered_outcomes_are_the_rows_of_the_panel(folder):
    spells = random_register(300, 3000, 1)
    draw = random.Random(2)
    first = month_number("2018-01")
    persons = pd.DataFrame({"person_id": range(300), "time_zero": [first + draw.randrange(20) for _ in range(300)]})
    persons["time_zero"] = persons["time_zero"].astype("Int16")
    persons["known_until"] = [pd.Timestamp(date(2018, 6, 1) + timedelta(draw.randrange(1200))) for _ in range(300)]
    paid = pd.DataFrame(
        [(n, month, draw.randrange(30_000)) for n in range(300) for month in range(first - 13, first + 32, 2)],
        columns=["person_id", "month", "amount"],
    )
    rules = RULES | {
        "earned": AmountAboveG(multiple=1),
        "in_force": AmountAboveG(multiple=0.5, months=3, basis="in_force"),
    }
    horizons, common = (0, 3, 12), {"covers": TYPES, "amounts_from": first - 4, "known_until": date(2020, 8, 31)}
    window = Window(first, 33)
    spec = PanelSpec(window=window, rules=rules, **common)
    whole = panel_frame(panel(persons, table(spells), spec, amounts=paid))
    wanted = whole[whole["event_time"].isin(horizons)].reset_index(drop=True)
    found = measured(folder, persons, spells, rules=rules, horizons=horizons, amounts=paid, **common).outcomes
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    assert found[list(rules)].isna().any().all()
    assert found[list(rules)].notna().any().all()


def test_the_order_of_rows_and_doubled_spells_change_nothing(folder):
    spells = random_register(50, 400, 3)
    persons = [{"person_id": n, "time_zero": month_number("2019-01") + n % 7} for n in range(50)]
    options = {"covariates": COVARIATES, "rules": RULES, "horizons": (6, 12)}
    wanted = measured(folder, persons, spells, **options)
    found = measured(folder, persons[::-1], (spells + spells[:50])[::-1], **options)
    pd.testing.assert_frame_equal(found.covariates, wanted.covariates)
    pd.testing.assert_frame_equal(found.outcomes, wanted.outcomes)
    assert wanted.covariates["person_id"].is_monotonic_increasing


def test_a_spell_split_in_two_that_touch_changes_nothing(folder):
    whole = [spell(1, "work", "2018-03-05", "2019-05-20")]
    cut = [spell(1, "work", "2018-03-05", "2018-12-31"), spell(1, "work", "2019-01-01", "2019-05-20")]
    day = "2019-06-15"
    pd.testing.assert_series_equal(
        pd.Series(covariates_of(folder, day, cut)), pd.Series(covariates_of(folder, day, whole))
    )


def test_the_day_of_time_zero_is_not_part_of_the_history(folder):
    found = covariates_of(folder, "2019-06-15", [spell(1, "work", "2019-06-15")])
    assert (found["in_work"], found["work_days_24"]) == (1, 0)
    found = covariates_of(folder, "2019-06-15", [spell(1, "work", "2019-06-14", "2019-06-14")])
    assert (found["in_work"], found["work_days_24"]) == (0, 1)


def test_a_full_history_holds_every_day_of_the_months(folder):
    always = [spell(1, "work", "2010-01-01"), spell(1, "aap", "2010-01-01")]
    found = covariates_of(folder, "2020-03-01", always)
    assert (found["work_days_24"], found["work_days_1"], found["aap_months_12"]) == (365 + 366, 29, 12)


def test_a_month_back_from_the_31st_begins_on_the_last_day_of_a_shorter_month(folder):
    found = covariates_of(folder, "2020-03-31", [spell(1, "work", "2020-02-29", "2020-02-29")])
    assert found["work_days_1"] == 1


def test_benefit_months_leave_out_the_month_of_time_zero(folder):
    aap = [spell(1, "aap", "2019-06-01", "2019-06-30"), spell(1, "aap", "2018-06-30", "2018-06-30")]
    assert covariates_of(folder, "2019-06-15", aap)["aap_months_12"] == 1


def test_the_first_and_the_last_day_that_matter_are_read(folder):
    spells = [spell(1, "aap", "2020-01-01", "2020-01-01"), spell(1, "work", "2020-04-30", "2020-04-30")]
    persons = [{"person_id": 1, "time_zero_date": date(2020, 3, 15)}]
    covariates = {"aap": MonthsBefore(read_spells(["aap"]), 2)}
    found = measured(folder, persons, spells, covariates=covariates, rules={"last": rule("last_day")}, horizons=(1,))
    assert found.covariates["aap"].tolist() == [1]
    assert found.outcomes["last"].tolist() == [1]


def test_history_from_before_the_register_is_missing_and_not_zero(folder):
    found = covariates_of(folder, "2020-03-15", [], known_from=date(2019, 3, 1))
    assert found["aap_months_12"] == 0
    assert found["in_work"] == 0
    assert np.isnan(found["work_days_24"])
    later = covariates_of(folder, "2020-03-15", [], known_from=date(2019, 3, 2))
    assert np.isnan(later["aap_months_12"])


def test_a_person_who_left_before_time_zero_has_no_covariates(folder):
    left = [{"person_id": 1, "time_zero_date": date(2020, 3, 15), "known_until": date(2020, 3, 14)}]
    found = measured(folder, left, [], covariates=COVARIATES).covariates
    assert found[list(COVARIATES)].isna().all(axis=None)


def test_a_month_stands_for_its_first_day(folder):
    spells = [spell(1, "work", "2020-03-01", "2020-03-01")]
    found = measured(folder, [{"person_id": 1, "time_zero": month_number("2020-03")}], spells, covariates=COVARIATES)
    assert found.covariates["in_work"].tolist() == [1]
    assert month_of(date(2020, 3, 1)) == month_number("2020-03")


def test_persons_without_a_time_zero_are_left_out(folder):
    persons = pd.DataFrame({"person_id": [1, 2], "time_zero": pd.array([None, 24242], dtype="Int16")})
    found = measured(folder, persons, [], covariates=COVARIATES, rules=RULES, horizons=(0, 1))
    assert found.covariates["person_id"].tolist() == [2]
    assert found.outcomes["person_id"].tolist() == [2, 2]


def test_a_share_that_is_nan_is_missing_in_both_ways_to_the_answer(folder):
    spells = table([spell(1, "work", "2020-01-01", share=float("nan"))])
    persons = [{"person_id": 1, "time_zero": month_number("2020-01")}]
    rules = {"full": LIBRARY["full_time_last_day"].rule, "part": LIBRARY["part_time_last_day"].rule}
    found = measured(folder, persons, spells, rules=rules, horizons=(1,)).outcomes
    assert found[["full", "part"]].isna().all(axis=None)
    spec = PanelSpec(window=Window(month_number("2020-01"), 2), rules=rules)
    assert panel_frame(panel(pd.DataFrame(persons), spells, spec))[["full", "part"]].isna().all(axis=None)


def test_names_with_quotes_are_text_and_never_sql(folder):
    spells = table([spell(1, "it's", "2020-01-01", plan='a"b')])
    spells = spells.rename_columns([*spells.column_names[:-1], 'pl"an'])
    rules = {"x": rule("any_day", ["it's"], where={'pl"an': 'a"b'})}
    persons = [{"person_id": 1, "time_zero": month_number("2020-01")}]
    found = measured(folder, persons, spells, rules=rules, horizons=(1,), covers=None)
    assert found.outcomes["x"].tolist() == [1]


def test_everything_wrong_is_counted_at_once_and_never_shown(folder):
    spells = [spell(4711, "work", "2020-03-17", "2020-03-16")]
    persons = [{"person_id": 4712, "time_zero": 24242}] * 2
    with pytest.raises(ProblemsFound) as caught:
        measured(folder, persons, spells, covariates={"aap": OnTheDay(read_spells(["aap"]))}, covers=None)
    message = str(caught.value)
    assert "1 perioder slutter før de begynner" in message
    assert "ingen perioder er av typen aap" in message
    assert "1 rader har en person_id" in message
    assert "471" not in message
