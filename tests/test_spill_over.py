"""Untreated near the intervention against untreated far away: what was put in is found, and clean data are quiet."""

import control_reports
import matched_starts
import numpy as np
import pandas as pd
import pytest
import restricted_cohorts as rc
import stages

from analysis.checks.spill_over import spill_over
from analysis.estimate_did import estimate_did
from analysis.match_persons import match_persons
from analysis.months import month_number
from analysis.panel import Panel
from analysis.spill_over import staggered_spill_over
from analysis.staggered_analysis import Source
from analysis.tables import OFFICE_CELLS, SPILL_OVER

WORK = "in_work_last_day"
OFFICES = [f"03{one:02d}" for one in range(20)]


def matched_rows(gain: float) -> pd.DataFrame:
    """The small matched cohort at twenty offices, of which twelve have participants; comparison persons there gain."""
    card = stages.changed(matched_starts.card(), sensitivity=[], inference__cluster="pair")
    panel = matched_starts.panel()
    number = panel.baseline["person_id"].to_numpy()
    treated = panel.baseline["treated"].to_numpy()
    office = np.where(treated, number % 12, number % 20)
    baseline = panel.baseline.assign(office_id=[OFFICES[one] for one in office])
    near = pd.Series(~treated & (office < 12), index=number)
    months = panel.months
    moved = months["person_id"].map(near) & months["event_time"].gt(0).fillna(False)
    moved &= np.random.default_rng(6).random(len(months)) < gain
    panel = Panel(months.assign(**{WORK: months[WORK].mask(moved, 1.0)}), baseline, panel.attrition)
    offices = pd.DataFrame({"office_id": OFFICES, "county": ["03"] * 10 + ["50"] * 10})
    found = match_persons(card, panel, offices)
    return estimate_did(card, panel, found, offices=offices, **stages.who("x")).estimates


@pytest.mark.parametrize(("gain", "verdict"), [(0.0, "passed"), (0.7, "failed")])
def test_matched_comparison_persons_who_got_something_of_it_fail_the_check(gain, verdict):
    estimates = matched_rows(gain)
    (row,) = estimates[estimates["term"] == SPILL_OVER].to_dict("records")
    assert (row["n_offices_treated"], row["n_offices_comparison"], row["cluster_level"]) == (12, 8, "office")
    check = spill_over(matched_starts.card(), estimates)
    assert check.verdict == verdict
    assert check.downgrade == 1
    if gain:
        assert row["estimate"] > 0.3


def cells(gain: float, *, near: int = 7, far: int = 7) -> pd.DataFrame:
    """Counties with one office that adopts and two that do not, and counties with two that do not; in the former the
    others gain as well. Counties move by chance of their own."""
    draw, rows = np.random.default_rng(3), []
    first, adopted = month_number("2010-01"), month_number("2011-01")
    for county in range(near + far):
        for office in range(3 if county < near else 2):
            adopting = county < near and office == 0
            for month in range(first, first + 24):
                after = month >= adopted
                share = 0.4 + (0.1 * adopting + gain * (county < near and not adopting)) * after
                n, y = 200.0, float(draw.binomial(200, share))
                rows.append((f"{county:02d}{office}", str(county), adopted if adopting else None, month, n, y))
    table = pd.DataFrame(rows, columns=["office_id", "county", "adoption_month", "month", "n", "sum_y"])
    y, n = table["sum_y"], table["n"]
    sums = {"sum_y2": y, "sum_w": n, "sum_wy": y, "sum_w2": n, "sum_w2y": y, "sum_w2y2": y}
    made = table.assign(outcome=rc_outcome(), horizon_months=12, **sums)
    return made.astype({"adoption_month": "Int16", "month": "Int16", "horizon_months": "Int16"})[list(OFFICE_CELLS)]


def rc_outcome() -> str:
    return stages.card(rc.STAGGERED).outcomes.primary


def staggered_rows(table: pd.DataFrame) -> pd.DataFrame:
    own = stages.card(rc.STAGGERED)
    card = own.model_copy(update={"staggered": own.staggered.model_copy(update={"permutations": 50})})
    return pd.DataFrame([{"status": "estimated", **row} for row in staggered_spill_over(card, Source(table, {}))])


@pytest.mark.parametrize(("gain", "verdict"), [(0.0, "passed"), (0.08, "failed")])
def test_untreated_offices_beside_treated_ones_that_gain_fail_the_check(gain, verdict):
    rows = staggered_rows(cells(gain))
    check = spill_over(stages.card(rc.STAGGERED), rows)
    assert check.verdict == verdict
    assert check.value == pytest.approx(gain, abs=0.03)
    assert (check.values["near"], check.values["far"], check.values["level"]) == (7, 7, "county")


@pytest.mark.parametrize(("near", "far"), [(7, 0), (0, 7), (7, 1)])
def test_data_with_one_kind_of_county_alone_give_no_row(near, far):
    assert staggered_rows(cells(0.0, near=near, far=far)).empty


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (control_reports.places(0.1, near=3), "few"),
        (control_reports.places(0.1).assign(conf_low=np.nan), "no_interval"),
    ],
)
def test_few_places_and_no_interval_are_told_without_a_verdict(rows, text):
    check = spill_over(matched_starts.card(), rows)
    assert (check.verdict, check.text_id) == ("noted", f"check.spill_over.{text}")
