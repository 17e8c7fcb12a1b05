"""Bounds for missing outcomes of matched and staggered cohorts, and the headline without each office, where new."""

from dataclasses import replace

import beside_reports
import matched_starts
import numpy as np
import pandas as pd
import persons_trial_reports
import pytest
import restricted_cohorts as rc
import stages
import trial_reports
from hypothesis import given
from hypothesis import strategies as st

from analysis.attrition import attrition_rows
from analysis.checks import missing
from analysis.estimate_did import estimate_did
from analysis.influence import adjusted_without_each, without_each_office
from analysis.match_persons import match_persons
from analysis.panel import Panel
from analysis.sensitivity.lee_bounds import lee_bounds, worst_case_bounds
from analysis.staggered_missing import staggered_missing
from analysis.trials.stratified import stratified_difference

WORK = "in_work_last_day"
FOUND = ("low", "high")


@given(st.integers(0, 10_000))
def test_a_whole_weight_is_the_person_that_many_times(seed):
    draw = np.random.default_rng(seed)
    treated, times = np.arange(60) < 25, draw.integers(1, 4, 60)
    y = np.where(draw.random(60) < 0.2, np.nan, draw.integers(0, 2, 60))
    y[[0, 59]] = 1.0
    ends = {"smallest": 0.0, "largest": 1.0}
    for bounds, options in ((lee_bounds, {}), (worst_case_bounds, ends)):
        cluster = np.repeat(np.arange(60), times)
        whole = bounds(np.repeat(y, times), np.repeat(treated, times), clusters=cluster, **options)
        weighted = bounds(y, treated, clusters=np.arange(60), weights=times, **options)
        for name in ("low", "high", "se_low", "se_high", "trimmed", "observed_treated"):
            assert getattr(weighted, name) == pytest.approx(getattr(whole, name), abs=1e-10)


def test_weight_zero_counts_nowhere_and_wrong_weights_are_refused():
    y, treated = np.array([1.0, 0, 1, np.nan, 0, 1]), np.array([1, 1, 0, 0, 0, 0])
    left = lee_bounds(y[:5], treated[:5])
    assert lee_bounds(y, treated, weights=[1, 1, 1, 1, 1, 0]) == left
    with pytest.raises(ValueError, match="weights"):
        lee_bounds(y, treated, weights=[1, 1, 1, 1, 1, -1])


def matched_with(lost: int) -> tuple[pd.DataFrame, float]:
    """Bounds and headline of the small matched cohort from which `lost` participants were left out before matching."""
    card = stages.changed(matched_starts.card(), sensitivity=[])
    panel = matched_starts.panel()
    arms = [arm["id"] for arm in matched_starts.ARMS]
    more = (
        panel.baseline[panel.baseline["treated"]].head(lost).assign(person_id=lambda rows: rows["person_id"] + 10_000)
    )
    before = attrition_rows(1, "outside_population", pd.concat([panel.baseline, more]), arms)
    attrition = pd.concat([before, attrition_rows(2, "measured", panel.baseline, arms)], ignore_index=True)
    own = Panel(panel.months, panel.baseline, attrition)
    found = estimate_did(card, own, match_persons(card, own), **stages.who("x"))
    return found.missing, float(found.estimates.query("role == 'primary'")["estimate"].iloc[0])


def test_persons_left_out_before_matching_widen_the_bounds_of_a_matched_change():
    (none, main), (some, _) = matched_with(0), matched_with(20)
    assert set(none["horizon_months"]) == {24}  # lost after the matching alone
    rows = some[some["horizon_months"] == 12].set_index("method")
    assert rows.loc["worst_case", "observed_treated"] == pytest.approx(0.8)
    # A change of those who are not known lies between −1 and 1: (2 · 0.2) wide, around what is known of the others.
    assert rows.loc["worst_case", "high"] - rows.loc["worst_case", "low"] == pytest.approx(0.4, abs=1e-9)
    assert rows.loc["lee", "low"] <= main <= rows.loc["lee", "high"]
    assert missing.bounds(some).verdict == "noted"


def staggered_people(lost: float):
    delivery = rc.staggered()
    card = stages.changed(stages.card(rc.STAGGERED), outcomes__secondary=[], subgroups=[], horizons=[12])
    people = delivery.persons.assign(time_zero=pd.array(24110 + delivery.persons["person_id"] % 20, dtype="Int16"))
    draw = np.random.default_rng(2)
    y = (draw.random(len(people)) < 0.4).astype("float64")
    y[draw.random(len(people)) < lost] = np.nan
    event = pd.array([12] * len(people), dtype="Int16")
    months = people[["person_id"]].assign(event_time=event, **{card.outcomes.primary: y})
    return card, people, months, delivery.offices


def test_the_staggered_worst_case_holds_every_way_to_fill_in_and_is_reached():
    card, people, months, offices = staggered_people(0.15)
    row = staggered_missing(card, people, months, offices).iloc[0]
    assert (row["method"], row["horizon_months"]) == ("worst_case", 12)
    assert row["conf_low"] < row["low"] < row["high"] < row["conf_high"]
    name, draw = card.outcomes.primary, np.random.default_rng(5)
    unknown = months[name].isna()
    for _ in range(15):
        filled = months.assign(**{name: months[name].mask(unknown, pd.Series(draw.integers(0, 2, len(months)) * 1.0))})
        # One person is left unknown, so that there are bounds to look at: the whole estimate lies between them.
        filled.loc[months.index[unknown][0], name] = np.nan
        one = staggered_missing(card, people, filled, offices).iloc[0]
        assert row["low"] - 1e-9 <= one["low"] <= one["high"] <= row["high"] + 1e-9


def test_nobody_missing_gives_no_bounds_and_other_designs_have_none():
    assert staggered_missing(*staggered_people(0.0)).empty
    card, people, months, offices = staggered_people(0.15)
    adjusted = card.model_copy(update={"staggered": card.staggered.model_copy(update={"estimator": "imputation"})})
    assert staggered_missing(adjusted, people, months, offices).empty


@pytest.mark.parametrize(("low", "text"), [(0.01, "holds_worst"), (-0.01, "open_worst")])
def test_the_worst_case_alone_is_worded_without_lees_bounds(low, text):
    check = missing.bounds(beside_reports.lost(low).query("method == 'worst_case'"))
    assert check.text_id == f"check.missing_outcomes.{text}"
    assert "lee_low" not in check.values


def test_least_squares_without_each_office_is_the_difference_where_nothing_is_adjusted_for():
    draw = np.random.default_rng(0)
    office = np.repeat(np.arange(8), 10)
    treated, y = office < 4, draw.random(80)
    design = pd.DataFrame({"constant": 1.0, "treated": treated.astype(float)}, index=range(80))
    labels = office.astype(str).tolist()
    known = without_each_office(y, treated, labels)
    pd.testing.assert_frame_equal(adjusted_without_each(y, design, "treated", labels), known)


def test_a_trial_with_strata_is_estimated_anew_without_each_office():
    card = stages.changed(trial_reports.card(), trial__strata="quarter", outcomes__secondary=[])
    made = trial_reports.estimated(card)
    main = made.estimates.query("role == 'primary'").iloc[0]
    assert len(made.influence) == main["n_offices_treated"] + main["n_offices_comparison"]
    assert made.influence["estimate"].notna().all()
    assert made.influence["estimate"].min() < main["estimate"] < made.influence["estimate"].max()


def test_a_trial_of_persons_within_offices_is_estimated_anew_without_each_office():
    found = persons_trial_reports.result().influence
    delivered, panel = persons_trial_reports.delivered()
    card = persons_trial_reports.card()
    at = panel.months[panel.months["event_time"].eq(card.horizons[0])].merge(panel.baseline, on="person_id")
    at = at.dropna(subset=[card.outcomes.primary])
    left = at[at["office_id"] != found["office_id"].iloc[0]]
    y, arm = left[card.outcomes.primary].to_numpy(float), left["arm"].eq(card.arm("treated").id).to_numpy(bool)
    known = stratified_difference(y, arm, left[card.trial.strata].astype("str").to_numpy())
    assert len(found) == delivered.offices["office_id"].nunique()
    assert found["estimate"].iloc[0] == pytest.approx(known.estimate, abs=1e-12)


def test_matched_persons_whose_offices_are_known_have_the_headline_without_each():
    card = stages.changed(matched_starts.card(), sensitivity=[], inference__cluster="pair")
    panel = matched_starts.panel()
    found = estimate_did(card, panel, match_persons(card, panel), **stages.who("x"))
    assert len(found.influence) == 8
    blank = replace(panel, baseline=panel.baseline.assign(office_id=None))
    assert estimate_did(card, blank, match_persons(card, blank), **stages.who("x")).influence.empty
