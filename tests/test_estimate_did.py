"""Known answers of the open microdata (design.md, section 5), and what an estimate may not depend on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import stages
import statsmodels.api as sm
from scipy.stats import t as student_t

from analysis.estimate_did import estimate_did
from analysis.intake import read_delivery
from analysis.match_persons import Matched, match_persons
from analysis.panel import Panel, build_panel
from analysis.tables import FEW_OFFICES, MAIN

CARD = stages.card(stages.NSW)
WORK, EARNINGS = "any_earnings_in_year", "annual_earnings_usd"
# What a placebo and the estimates themselves look like in the table.
DID = {"estimator": "matched_did_2x2", "term": "risk_difference", "outcome": WORK}


def one(frame=None, **wanted):
    frame = stages.did().estimates if frame is None else frame
    for column, value in wanted.items():
        frame = frame[frame[column].eq(value)]
    assert len(frame) == 1
    return frame.iloc[0]


def trial(outcome, estimator, inference):
    return one(group="trial", outcome=outcome, estimator=estimator, inference=inference)


def wide(people):
    """Outcomes of `people` in the base year and at the end, beside them."""
    months = stages.panel().months
    for name, event_time in (("before", 0), ("after", 36)):
        at = months[months["event_time"] == event_time].set_index("person_id")
        for outcome in (WORK, EARNINGS):
            people = people.assign(**{f"{outcome}_{name}": people["person_id"].map(at[outcome])})
    return people


@pytest.mark.parametrize(
    ("estimator", "estimate", "classical", "hc2"),
    [
        ("difference_in_means", 1794.34, 632.85, 671.00),
        ("adjusted_difference", 1676.34, 638.68, None),
        ("did_2x2", 1529.20, 679.54, None),
    ],
)
def test_earnings_in_the_trial_are_the_known_ones(estimator, estimate, classical, hc2):
    row = trial(EARNINGS, estimator, "classical")
    assert row["estimate"] == pytest.approx(estimate, abs=5e-3)
    assert row["std_error"] == pytest.approx(classical, abs=5e-3)
    if hc2 is not None:
        assert trial(EARNINGS, estimator, "hc2")["std_error"] == pytest.approx(hc2, abs=5e-3)


@pytest.mark.parametrize(
    ("estimator", "inference", "points", "std_error"),
    [
        ("difference_in_means", "hc2", 11.06, 4.34),
        ("adjusted_difference", "classical", 11.03, 4.47),
        ("did_2x2", "classical", 2.60, 6.20),
    ],
)
def test_work_in_the_trial_is_the_known_one(estimator, inference, points, std_error):
    row = trial(WORK, estimator, inference)
    assert 100 * row["estimate"] == pytest.approx(points, abs=5e-3)
    assert 100 * row["std_error"] == pytest.approx(std_error, abs=5e-3)


def test_the_trial_groups_differed_in_1975_as_the_trial_did_says():
    treated = one(estimator="group_mean", group="unmatched:participants", outcome=WORK, event_time=0)
    control = one(estimator="group_mean", group="unmatched:trial_control", outcome=WORK, event_time=0)
    assert treated["estimate"] == pytest.approx(0.400, abs=5e-4)
    assert control["estimate"] == pytest.approx(0.315, abs=5e-4)


def test_the_trial_and_the_unmatched_groups_are_benchmarks_and_never_the_result():
    frame = stages.did().estimates
    beside = frame[frame["group"].isin(["trial", "unmatched"])]
    assert set(beside["role"]) == {"benchmark"}
    assert set(beside.loc[beside["group"] == "trial", "estimand"]) == {"itt"}
    main = frame[frame["role"] == "primary"].iloc[0]
    assert main[["group", "estimator", "spec", "estimand"]].tolist() == ["matched", "matched_did_2x2", MAIN, "att"]


def test_the_naive_difference_is_the_known_one():
    row = one(group="unmatched", outcome=EARNINGS, estimator="difference_in_means", inference="hc2")
    assert row["estimate"] == pytest.approx(-8497.5, abs=0.05)
    assert (row["n_treated"], row["n_comparison"]) == (185, 15992)


@pytest.mark.parametrize("outcome", [WORK, EARNINGS])
def test_the_trial_agrees_with_another_program(outcome):
    people = wide(stages.panel().baseline.query("arm != 'cps'"))
    names = CARD.benchmark.formula.split(" + ")
    treated = people["treated"].astype(float)
    after, change = people[f"{outcome}_after"], people[f"{outcome}_after"] - people[f"{outcome}_before"]
    designs = {
        "difference_in_means": (after, sm.add_constant(treated)),
        "adjusted_difference": (after, sm.add_constant(pd.concat([treated, people[names]], axis=1))),
        "did_2x2": (change, sm.add_constant(treated)),
    }
    for estimator, (y, x) in designs.items():
        fit = sm.OLS(y, x).fit()
        for inference, error in (("classical", fit.bse["treated"]), ("hc2", fit.HC2_se["treated"])):
            row = trial(outcome, estimator, inference)
            assert row["estimate"] == pytest.approx(fit.params["treated"], rel=1e-9)
            assert row["std_error"] == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("spec", [MAIN, "with_replacement"])
def test_the_matched_estimate_is_the_weighted_change_of_one_group_minus_the_other(spec):
    weights = stages.matched().weights.query("spec == @spec")
    people = wide(stages.panel().baseline.merge(weights, on="person_id"))
    change = people[f"{WORK}_after"] - people[f"{WORK}_before"]
    means = [
        np.average(change[people["treated"] == arm], weights=people.loc[people["treated"] == arm, "weight"])
        for arm in (True, False)
    ]
    assert one(**DID, spec=spec)["estimate"] == pytest.approx(means[0] - means[1], abs=1e-12)


def test_the_matched_error_is_clustered_on_pairs():
    people = wide(stages.panel().baseline.merge(stages.matched().weights.query("spec == 'main'"), on="person_id"))
    change = people[f"{WORK}_after"] - people[f"{WORK}_before"]
    design = sm.add_constant(people["treated"].astype(float))
    fit = sm.WLS(change, design, weights=people["weight"])
    fit = fit.fit(cov_type="cluster", cov_kwds={"groups": people["pair"]}, use_t=True)
    row = one(**DID, spec=MAIN)
    assert row["std_error"] == pytest.approx(fit.bse["treated"], rel=1e-9)
    assert row["df"] == people["pair"].nunique() - 1
    assert row["p_value"] == pytest.approx(2 * student_t.sf(abs(row["statistic"]), row["df"]), rel=1e-9)


def test_the_placebo_is_the_same_calculation_between_the_two_years_before():
    row = one(outcome=WORK, spec="placebo_1974-12")
    assert (row["term"], row["role"]) == ("placebo", "sensitivity")
    people = stages.panel().baseline.merge(stages.matched().weights.query("spec == 'main'"), on="person_id")
    change = people["worked_1975"] - people["worked_1974"]
    assert row["estimate"] == pytest.approx(
        change[people["treated"]].mean() - change[~people["treated"]].mean(), abs=1e-12
    )


def test_the_curve_of_a_group_is_its_mean_with_wilsons_interval_for_a_plain_share():
    row = one(estimator="group_mean", group="unmatched:participants", outcome=WORK, event_time=36)
    assert row["estimate"] == pytest.approx(140 / 185, abs=1e-12)
    assert row["inference"] == "wilson"
    assert one(estimator="group_mean", group="matched:cps", outcome=EARNINGS, event_time=0)["inference"] == "normal"


def test_the_order_of_persons_and_months_inside_changes_no_estimate():
    generator = np.random.default_rng(3)

    def shuffled(frame):
        return frame.iloc[generator.permutation(len(frame))].reset_index(drop=True)

    panel = stages.panel()
    other = Panel(shuffled(panel.months), shuffled(panel.baseline), panel.attrition)
    matched = replace(stages.matched(), weights=shuffled(stages.matched().weights))
    found = estimate_did(CARD, other, matched, **stages.who(stages.NSW)).estimates
    pd.testing.assert_frame_equal(found, stages.did().estimates, rtol=1e-10, atol=1e-12)


def delivered(folder, people):
    """Estimates from a CSV delivery of these persons, whose ids are their own and not their row numbers."""
    file = CARD.files[0].model_dump(mode="json")
    named = {name: name for name in ("person_id", "arm", *(c.name for c in CARD.covariates if c.outcome is None))}
    file |= {"path": "persons.csv", "package": None, "format": "csv", "rows": None, "columns": named, "decimal": "."}
    outcomes = [f"y{month}" for month in (1974, 1975, 1978)]
    file["outcomes"] = [{"outcome": EARNINGS, "month": f"{name[1:]}-12", "column": name} for name in outcomes]
    people[[*named, *outcomes]].to_csv(folder / "persons.csv", sep=";", index=False)
    card = stages.changed(CARD, files=[file], sensitivity=[])
    panel = build_panel(card, read_delivery(card, folder))
    return estimate_did(card, panel, match_persons(card, panel), **stages.who("x")).estimates


def test_the_order_of_the_rows_of_a_delivery_changes_no_bit_of_any_estimate(tmp_path):
    people = stages.panel().baseline.query("arm != 'cps' or person_id % 6 == 0")
    months = stages.panel().months.pivot(index="person_id", columns="event_time", values=EARNINGS)
    for event_time, name in ((-12, "y1974"), (0, "y1975"), (36, "y1978")):
        people = people.assign(**{name: people["person_id"].map(months[event_time])})
    people = people.assign(person_id="P" + people["person_id"].astype(str))
    first = delivered(tmp_path, people)
    again = delivered(tmp_path, people.sample(frac=1, random_state=11))
    pd.testing.assert_frame_equal(again, first, check_exact=True)


def test_a_sensitivity_row_that_was_not_matched_keeps_a_row_per_outcome_with_the_reason():
    summary = stages.matched().summary.copy()
    chosen = summary["spec"] == "no_caliper"
    summary.loc[chosen, ["status", "reason"]] = ["not_estimated", "ingen par"]
    found = estimate_did(CARD, stages.panel(), replace(stages.matched(), summary=summary), **stages.who("x")).estimates
    rows = found[found["spec"] == "no_caliper"]
    assert rows["outcome"].tolist() == [WORK, EARNINGS]
    assert set(rows["status"]) == {"not_estimated"}
    assert set(rows["reason"]) == {"ingen par"}
    assert rows["estimate"].isna().all()
    pd.testing.assert_series_equal(
        one(found, **DID, spec=MAIN)[["estimate", "p_value"]], one(**DID, spec=MAIN)[["estimate", "p_value"]]
    )


def with_offices(treated_offices: int, unit: str = "office") -> pd.DataFrame:
    """The estimates when the treated belong to so many offices, and everyone else to thirty others."""
    panel, assigned = stages.panel(), stages.panel().baseline["treated"]
    number = np.arange(len(assigned))
    office = np.where(
        assigned, "T" + pd.Series(number % treated_offices).astype(str), "C" + pd.Series(number % 30).astype(str)
    )
    card = stages.changed(CARD, assignment__unit=unit, assignment__offices_treated=treated_offices)
    card = stages.changed(card, inference__cluster="office")
    changed = Panel(panel.months, panel.baseline.assign(office_id=pd.Series(office, dtype="str")), panel.attrition)
    matched: Matched = stages.matched()
    return estimate_did(card, changed, matched, **stages.who("x")).estimates


def test_fewer_than_six_treated_offices_leave_no_p_value_and_say_why():
    found = with_offices(5)
    rows = found[found["scale"] == "difference"]
    assert rows["p_value"].isna().all()
    assert rows["statistic"].isna().all()
    assert set(rows["reason"]) == {FEW_OFFICES}
    assert rows[["estimate", "std_error", "conf_low"]].notna().all(axis=None)
    main = one(found, **DID, spec=MAIN)
    assert main["n_offices_treated"] == 5
    assert main["cluster_level"] == "office"


def test_six_treated_offices_or_persons_assigned_keep_the_p_value():
    for found in (with_offices(6), with_offices(5, unit="person")):
        rows = found[found["scale"] == "difference"]
        assert rows["p_value"].notna().all()
        assert rows["reason"].isna().all()
