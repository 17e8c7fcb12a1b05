"""A trial of persons from its panel to the table of estimates."""

import numpy as np
import pandas as pd
import persons_trial_reports as made
import pytest
from scipy import stats

from analysis.drawn_persons import drawn_persons
from analysis.problems import ProblemsFound
from analysis.trials.stratified import stratified_difference

PRIMARY = "ordinary_work_last_day"


@pytest.fixture(scope="module")
def estimates():
    return made.result().estimates


def rows(table, **wanted):
    for column, value in wanted.items():
        table = table[table[column].eq(value)]
    return table


def one(table, **wanted):
    found = rows(table, **wanted)
    assert len(found) == 1, wanted
    return found.iloc[0]


def test_the_primary_row_is_the_standardised_difference_of_the_panel(estimates):
    _, panel = made.delivered()
    row = one(estimates, role="primary")
    at = panel.months[panel.months["event_time"].eq(12)].set_index("person_id")[PRIMARY].dropna()
    people = panel.baseline.set_index("person_id").loc[at.index]
    found = stratified_difference(at.to_numpy(float), people["arm"].eq("se"), people["office_id"])
    told = row[["estimate", "std_error", "df", "p_value", "conf_low"]].astype(float).tolist()
    assert told == pytest.approx([found.estimate, found.std_error, found.df, found.p_value, found.low], rel=1e-12)
    assert (row["n_treated"], row["n_comparison"]) == (166, 101)
    assert (row["outcome"], row["horizon_months"], row["estimand"]) == (PRIMARY, 12, "itt")


@pytest.mark.parametrize("effect", made.card().synthetic.effects, ids=lambda e: f"{e.outcome}-{e.horizon}")
def test_the_truth_of_the_card_lies_within_three_standard_errors(estimates, effect):
    row = one(
        estimates,
        outcome=effect.outcome,
        horizon_months=effect.horizon,
        estimator="stratified_difference",
        spec="main",
        inference="hc2_bell_mccaffrey",
        term="mean_difference" if effect.outcome == "months_in_work" else "risk_difference",
    )
    assert abs(row["estimate"] - effect.value) < 3 * row["std_error"]


def test_the_gain_is_found_at_a_year_and_gone_after_three(estimates):
    main = rows(estimates, outcome=PRIMARY, spec="main", inference="hc2_bell_mccaffrey", term="risk_difference")
    found = main.set_index("horizon_months")
    assert found.loc[12, "conf_low"] > 0
    assert found.loc[36, "conf_low"] < 0 < found.loc[36, "conf_high"]
    assert abs(found.loc[36, "estimate"]) < found.loc[12, "estimate"] / 3


def test_every_outcome_has_every_horizon_adjusted_and_not_with_a_test_by_the_draw(estimates):
    for outcome in made.card().outcome_names():
        for horizon in made.card().horizons:
            found = rows(estimates, outcome=outcome, horizon_months=horizon)
            assert len(rows(found, spec="main", inference="permutation")) == 1
            assert len(rows(found, spec="adjusted", estimator="stratified_adjusted")) >= 1


def test_the_test_of_shares_is_exact_and_that_of_amounts_tells_its_draws(estimates):
    tests = rows(estimates, inference="permutation", spec="main")
    exact = tests["convention"].str.startswith("exact")
    assert (exact == tests["outcome"].ne("months_in_work")).all()
    assert rows(tests, outcome="months_in_work")["df"].eq(made.FEW_DRAWS).all()
    assert tests[exact]["df"].isna().all()


def test_the_curve_has_every_month_with_its_own_interval_and_the_band_around_it(estimates):
    curve = rows(estimates, outcome=PRIMARY, term="curve", spec="curve").sort_values("event_time")
    own, band = (rows(curve, inference=name) for name in ("hc2_bell_mccaffrey", "simultaneous_band"))
    assert own["event_time"].tolist() == band["event_time"].tolist() == list(range(61))
    assert (band["conf_low"].to_numpy() < own["conf_low"].to_numpy()).all()
    assert (band["conf_high"].to_numpy() > own["conf_high"].to_numpy()).all()
    at = rows(estimates, outcome=PRIMARY, term="risk_difference", spec="main", inference="hc2_bell_mccaffrey")
    for horizon in made.card().horizons:
        told = one(own, event_time=horizon)
        assert told["estimate"] == pytest.approx(one(at, horizon_months=horizon)["estimate"], abs=1e-13)
    means = rows(estimates, outcome=PRIMARY, estimator="standardised_mean").sort_values("event_time")
    se, ordinary = (rows(means, group=arm)["estimate"].to_numpy() for arm in ("se", "ordinary"))
    assert se - ordinary == pytest.approx(own["estimate"].to_numpy(), abs=1e-12)


def test_the_area_is_the_sum_of_the_curve_and_near_the_months_that_the_panel_counts(estimates):
    own = rows(estimates, outcome=PRIMARY, term="curve", inference="hc2_bell_mccaffrey").set_index("event_time")
    area = rows(estimates, outcome=PRIMARY, term="months_in_work", spec="main").set_index("horizon_months")
    assert area.loc[36, "estimate"] == pytest.approx(own.loc[1:36, "estimate"].sum(), abs=1e-12)
    work = one(estimates, outcome="in_work_last_day", term="months_in_work", spec="main", horizon_months=6)
    counted = one(estimates, outcome="months_in_work", spec="main", horizon_months=6, inference="hc2_bell_mccaffrey")
    assert (work["estimate"], work["std_error"]) == pytest.approx((counted["estimate"], counted["std_error"]), rel=1e-9)


def test_nobody_leaves_the_trial_when_the_panel_is_built(estimates):
    _, panel = made.delivered()
    assert panel.baseline["arm"].value_counts().to_dict() == {"se": 167, "ordinary": 101}
    measured = rows(made.result().attrition, reason="measured").set_index("arm")["persons"]
    assert measured.to_dict() == {"se": 166, "ordinary": 101}


def test_an_outcome_that_loses_a_stratum_keeps_its_rows_with_the_reason():
    _, panel = made.delivered()
    months = panel.months.copy()
    gone = panel.baseline.loc[panel.baseline["office_id"].eq("9504") & panel.baseline["arm"].eq("se"), "person_id"]
    months.loc[months["person_id"].isin(gone) & months["event_time"].ge(20), PRIMARY] = np.nan
    found = made.estimated(made.card(), type(panel)(months, panel.baseline, panel.attrition)).estimates
    late = rows(found, outcome=PRIMARY, horizon_months=24, status="not_estimated")
    assert set(late["spec"]) == {"main", "adjusted", "fixed_effects_difference"}
    assert late["reason"].str.contains("stratum «9504»").all()
    assert one(found, role="primary")["status"] == "estimated"


def test_without_a_headline_there_is_no_report():
    _, panel = made.delivered()
    months = panel.months.copy()
    gone = panel.baseline.loc[panel.baseline["office_id"].eq("9504") & panel.baseline["arm"].eq("se"), "person_id"]
    months.loc[months["person_id"].isin(gone), PRIMARY] = np.nan
    with pytest.raises(ProblemsFound, match="stratum «9504»"):
        made.estimated(made.card(), type(panel)(months, panel.baseline, panel.attrition))


def test_persons_without_a_stratum_are_counted_and_refused():
    _, panel = made.delivered()
    baseline = panel.baseline.copy()
    baseline["office_id"] = baseline["office_id"].astype(object).where(baseline["person_id"] > 2, None)
    with pytest.raises(ProblemsFound, match="antall personer uten verdi: 3"):
        drawn_persons(made.card(), baseline, panel.months)


def test_lots_among_all_is_one_stratum_and_the_test_of_welch():
    own = made.card().model_copy(update={"trial": made.card().trial.model_copy(update={"strata": None})})
    _, panel = made.delivered()
    people = drawn_persons(own, panel.baseline, panel.months)
    y = people.outcomes(PRIMARY, 12, 12)[:, 0]
    known = np.isfinite(y)
    welch = stats.ttest_ind(y[known & people.treated], y[known & ~people.treated], equal_var=False)
    found = stratified_difference(y[known], people.treated[known], people.strata[known])
    assert found.statistic == pytest.approx(welch.statistic, rel=1e-12)
    assert pd.isna(people.outcomes(PRIMARY, 500, 500)).all()
