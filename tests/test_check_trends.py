"""Trends of staggered adoption: the test with what it missed, HonestDiD, the dip, and the words they leave."""

import pandas as pd
import pytest
import stages
from beside_reports import events, trend_checks
from staggered_cases import arrays_of, staggered_panel

from analysis.cards import read_card
from analysis.checks import Check
from analysis.checks.trends import honest_table, last_before, trends
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.event_periods import Periods, event_covariance, study_of
from analysis.staggered.result import cell_result

CARD = read_card(stages.COHORTS / "youth_teams_synthetic" / "cohort.yaml")
WIDTH = Periods(width=2, most=4)


def result(seed=1, offices=16, **options):
    """Offices adopting in months 3 and 5 of eight, effects against the month before."""
    panel = staggered_panel(seed, offices=offices, months=8, noise=0.3, **options)
    design = Design(base="universal")
    return cell_result(cell_effects(arrays_of(panel, "y"), design), design, outcome="y", seed=1)


def checks(table, placebo=None):
    return {check.name: check for check in trend_checks(CARD, table, placebo)}


def test_a_period_is_the_mean_of_its_months_less_that_of_the_last_before_adoption():
    found = result()
    table = event_covariance(found, WIDTH)
    own = table.drop_duplicates("period").set_index("period")
    monthly = found.table[found.table["term"] == "dynamic"].set_index("event_time")["estimate"]
    assert list(own.index) == [-1, 1, 2]
    assert own.loc[1, "estimate"] == pytest.approx(monthly[[0, 1]].mean() - monthly[[-2, -1]].mean(), abs=1e-12)
    assert own.loc[-1, "estimate"] == pytest.approx(monthly[[-4, -3]].mean() - monthly[[-2, -1]].mean(), abs=1e-12)


def test_the_covariance_of_periods_is_that_of_the_estimates_without_each_office():
    found = result()
    table, g = event_covariance(found, WIDTH), len(found.offices)
    rows = (found.table["term"] == "dynamic").to_numpy(bool)
    apart = found.left_out[:, rows] - found.table["estimate"].to_numpy()[rows]
    left = pd.DataFrame(apart, columns=found.table["event_time"][rows])
    after = left[[0, 1]].mean(axis=1) - left[[-2, -1]].mean(axis=1)
    before = left[[-4, -3]].mean(axis=1) - left[[-2, -1]].mean(axis=1)
    wide = table.pivot(index="period", columns="other", values="covariance")
    assert wide.loc[1, 1] == pytest.approx((g - 1) / g * (after**2).sum(), rel=1e-10)
    assert wide.loc[-1, 1] == pytest.approx((g - 1) / g * (after * before).sum(), rel=1e-9)
    assert study_of(table).n_before == 1


def test_periods_are_at_most_a_third_of_the_offices_on_each_side():
    assert event_covariance(result(offices=8), Periods(width=1, most=9))["period"].abs().max() == 2


def test_one_treated_unit_has_no_covariance_and_the_report_is_told_that_nothing_can_be_reckoned():
    empty = event_covariance(result(offices=4), WIDTH)
    assert empty.empty
    (check,) = trends(CARD, empty, honest_table(CARD, empty), None)
    assert (check.name, check.verdict, check.text_id) == ("honest_did", "noted", "check.honest_did.impossible")


def test_parallel_trends_pass_and_the_missed_trend_is_told():
    found = checks(events())
    assert {name: check.verdict for name, check in found.items()} == {
        "pre_trends": "passed",
        "last_before": "passed",
        "honest_did": "passed",
    }
    told = found["pre_trends"].values
    assert told["missed"] == pytest.approx(2.5 * told["slope"])
    assert found["pre_trends"].text_id == "check.pre_trend_test.passed"
    rows = pd.DataFrame(found["pre_trends"].table)
    assert rows["period"].tolist() == [-4, -3, -2, -1]
    # Errors of 0.01·√1.5 each, 20 offices: half the interval is t(19) of them.
    assert (rows["conf_high"] - rows["estimate"]).to_numpy() == pytest.approx(2.0930240544 * 0.01 * 1.5**0.5, rel=1e-9)


def test_a_wide_test_that_would_miss_the_whole_finding_is_called_weak():
    found = checks(events(noise=0.04))
    assert found["pre_trends"].text_id == "check.pre_trend_test.weak"
    assert found["pre_trends"].values["missed"] >= 0.1


def test_a_straight_trend_fails_the_test_and_takes_the_finding_away():
    found = checks(events(slope=0.04, effect=0.0))
    assert found["pre_trends"].verdict == "failed"
    assert found["honest_did"].verdict == "failed"
    assert found["honest_did"].value <= 1.0
    assert found["honest_did"].downgrade == 0


def test_no_finding_leaves_nothing_for_trends_to_take_away():
    assert checks(events(effect=0.0))["honest_did"].text_id == "check.honest_did.nothing"


@pytest.mark.parametrize(("slope", "word"), [(-0.04, "dip"), (0.04, "rise")])
def test_a_fall_or_rise_right_before_adoption_fails(slope, word):
    found = last_before(CARD, events(slope=slope), study_of(events(slope=slope)))
    assert (found.verdict, found.text_id) == ("failed", f"check.last_before.{word}")
    assert found.value == pytest.approx(2.5 * slope)


def test_what_the_placebo_has_taken_a_step_for_is_not_counted_again():
    failed = Check(name="placebo", verdict="failed", text_id="check.pre_trends.failed")
    found = checks(events(slope=0.04), failed)
    assert not found["pre_trends"].passed
    assert found["pre_trends"].downgrade == found["last_before"].downgrade == 0


def test_the_table_has_the_limit_and_every_bound_of_the_card():
    table = honest_table(CARD, events())
    relative = table[table["restriction"] == "relative_magnitudes"]
    assert list(relative["bound"]) == [0.0, 0.5, 1.0, 2.0]
    assert (relative["conf_high"] - relative["conf_low"]).is_monotonic_increasing
