"""Known answers of the open microdata (design.md, section 5), and what an estimate may not depend on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import stages
import statsmodels.api as sm
from scipy.stats import t as student_t

from analysis.abadie_imbens import matched_effect
from analysis.entropy_balancing import entropy_weights
from analysis.estimate_did import estimate_did
from analysis.intake import read_delivery
from analysis.m_estimation import EntropyModel
from analysis.match_persons import Matched, match_persons
from analysis.matching import MatchingSpec, match
from analysis.panel import Panel, build_panel
from analysis.problems import ProblemsFound
from analysis.scores import fit_scores
from analysis.tables import FEW_OFFICES, MAIN, TO_THE_MEAN
from analysis.weighted_effects import weighted_effect

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
    row = one(**DID, spec=spec, inference="cluster")
    assert row["estimate"] == pytest.approx(means[0] - means[1], abs=1e-12)


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


def with_errors(found: pd.DataFrame) -> pd.DataFrame:
    """Differences with a standard error and a test: how far ties move an estimate has neither, and what was to be
    expected of the participants' own change is not tested."""
    tested = (found["inference"] != "none") & (found["estimator"] != TO_THE_MEAN)
    return found[(found["scale"] == "difference") & tested]


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
    rows = with_errors(found)
    assert rows["p_value"].isna().all()
    assert rows["statistic"].isna().all()
    assert set(rows["reason"]) == {FEW_OFFICES}
    assert rows[["estimate", "std_error", "conf_low"]].notna().all(axis=None)
    main = one(found, **DID, spec=MAIN)
    assert main["n_offices_treated"] == 5
    assert main["cluster_level"] == "office"


def test_six_treated_offices_or_persons_assigned_keep_the_p_value():
    for found in (with_offices(6), with_offices(5, unit="person")):
        rows = with_errors(found)
        assert rows["p_value"].notna().all()
        assert rows["reason"].isna().all()


# Standard errors that the method calls for


def everybody():
    """Treated and comparison persons by person_id, with their change in work."""
    people = stages.panel().baseline.query("arm != 'trial_control'").sort_values("person_id", ignore_index=True)
    people = wide(people)
    return people, (people[f"{WORK}_after"] - people[f"{WORK}_before"]).to_numpy()


def weight_of(people, spec):
    own = stages.matched().weights.query("spec == @spec").set_index("person_id")
    return people["person_id"].map(own["weight"]).fillna(0.0).to_numpy(), people["person_id"].map(own["pair"])


def test_each_method_has_the_error_that_it_calls_for():
    rows = stages.did().estimates.query("outcome == @WORK and estimator == 'matched_did_2x2' and term != 'placebo'")
    by_inference = rows.groupby("inference")["spec"].apply(sorted).to_dict()
    assert by_inference["m_estimation"] == ["entropy", "score_weights"]
    assert by_inference["abadie_imbens"] == ["with_replacement"]
    assert by_inference["hc3"] == ["subclasses"]
    assert by_inference["none"] == ["ties_high", "ties_low", "ties_median"]
    assert {"main", "full_matching", "mahalanobis", "optimal_pairs"} < set(by_inference["cluster"])


def test_weights_have_the_error_that_knows_they_were_estimated():
    people, change = everybody()
    balance = entropy_weights(people[[c.name for c in CARD.covariates]], people["treated"])
    model = EntropyModel(balance, people["treated"].to_numpy())
    expected = weighted_effect(change, people["treated"], balance.weights, inference="m", model=model)
    row = one(**DID, spec="entropy")
    assert (row["estimate"], row["std_error"]) == pytest.approx((expected.estimate, expected.std_error), rel=1e-12)


def test_strata_have_the_error_of_weights_that_are_given():
    people, change = everybody()
    weight, _ = weight_of(people, "subclasses")
    expected = weighted_effect(change, people["treated"], weight, inference="hc3")
    row = one(**DID, spec="subclasses")
    assert (row["estimate"], row["std_error"]) == pytest.approx((expected.estimate, expected.std_error), rel=1e-12)


def test_sets_of_full_matching_are_clusters():
    people, change = everybody()
    weight, sets = weight_of(people, "full_matching")
    used = weight > 0
    expected = weighted_effect(
        change[used], people["treated"][used], weight[used], inference="cluster", clusters=[sets[used]]
    )
    assert one(**DID, spec="full_matching")["std_error"] == pytest.approx(expected.std_error, rel=1e-12)


def test_with_replacement_the_estimate_that_averages_over_ties_stands_beside():
    people, change = everybody()
    treated = people["treated"].to_numpy()
    scores = fit_scores(people, CARD.matching.formula, treated)
    weight, _ = weight_of(people, "with_replacement")
    rows = ~treated | (weight > 0)
    expected = matched_effect(change[rows], treated[rows], scores.probability[rows]).effect
    row = one(**DID, spec="with_replacement", inference="abadie_imbens")
    assert (row["estimate"], row["std_error"]) == pytest.approx((expected.estimate, expected.std_error), rel=1e-12)
    assert row["role"] == "sensitivity"


def test_ties_move_the_main_estimate_between_the_low_and_the_high_row():
    people, change = everybody()
    treated = people["treated"].to_numpy()
    scores, spec = fit_scores(people, CARD.matching.formula, treated), MatchingSpec(order="largest")
    generator, drawn = np.random.default_rng(0), []
    for _ in range(20):
        w = match(scores, treated, spec, labels=generator.permutation(len(treated))).weights
        drawn.append(change[treated & (w > 0)].mean() - change[~treated & (w > 0)].mean())
    expected = {"ties_low": min(drawn), "ties_median": np.median(drawn), "ties_high": max(drawn)}
    for name, value in expected.items():
        row = one(**DID, spec=name)
        assert row["estimate"] == pytest.approx(value, abs=1e-12)
        assert (row["status"], row["role"]) == ("estimated", "sensitivity")
        assert pd.isna(row["std_error"])


def test_sets_and_offices_are_clusters_together_where_the_card_says_office():
    found = with_offices(6)
    panel = stages.panel().baseline
    number = np.arange(len(panel))
    office = np.where(panel["treated"], number % 6, 100 + number % 30)
    people = wide(panel.assign(office=office).merge(stages.matched().weights.query("spec == 'main'"), on="person_id"))
    change = people[f"{WORK}_after"] - people[f"{WORK}_before"]
    clusters = [people["pair"], people["office"]]
    expected = weighted_effect(change, people["treated"], people["weight"], inference="cluster", clusters=clusters)
    assert one(found, **DID, spec=MAIN)["std_error"] == pytest.approx(expected.std_error, rel=1e-12)


def test_a_row_that_cannot_be_estimated_keeps_its_row_and_the_main_one_stops():
    lonely = stages.matched().weights.copy()
    gone = lonely["spec"].eq("narrow_caliper") & lonely["person_id"].isin(
        stages.panel().baseline.query("treated").person_id
    )
    few = lonely[~gone | (gone & gone.cumsum().eq(1))]
    found = estimate_did(CARD, stages.panel(), replace(stages.matched(), weights=few), **stages.who("x")).estimates
    rows = found[found["spec"] == "narrow_caliper"]
    assert rows["status"].tolist() == ["not_estimated", "not_estimated"]
    assert rows["reason"].str.contains("færre enn to personer").all()
    main = lonely["spec"].eq(MAIN) & lonely["person_id"].isin(stages.panel().baseline.query("treated").person_id)
    broken = replace(stages.matched(), weights=lonely[~main | (main & main.cumsum().eq(1))])
    with pytest.raises(ProblemsFound):
        estimate_did(CARD, stages.panel(), broken, **stages.who("x"))


# Starts of their own


def shifted(months: int = 7):
    """The open data as if half of the persons had started some months later, and the card that goes with it."""
    panel = stages.panel()
    late = panel.baseline["person_id"] % 2 * months
    baseline = panel.baseline.assign(time_zero=panel.baseline["time_zero"] + late)
    move = panel.months["person_id"].map(dict(zip(panel.baseline["person_id"], late, strict=True)))
    own = panel.months.assign(month=panel.months["month"] + move)
    card = stages.changed(CARD, base_month=None, base_period=-12)
    return card, Panel(own, baseline, panel.attrition)


def test_persons_with_starts_of_their_own_have_the_numbers_of_their_event_times():
    card, panel = shifted()
    found = estimate_did(card, panel, stages.matched(), **stages.who("x"))
    early = stages.changed(CARD, base_month="1974-12")
    expected = estimate_did(early, stages.panel(), stages.matched(), **stages.who("x"))
    matched = [one(frame.estimates, **DID, spec=MAIN) for frame in (found, expected)]
    numbers = ["estimate", "std_error", "conf_low", "p_value", "base_rate"]
    np.testing.assert_allclose(*(row[numbers].astype(float) for row in matched), rtol=1e-12)
    keys = {"estimator": "group_mean", "outcome": WORK, "group": "matched:cps", "event_time": 36}
    assert one(found.estimates, **keys)["estimate"] == pytest.approx(one(expected.estimates, **keys)["estimate"])
    assert found.cells["month"].isna().all()
    assert set(found.cells["event_time"]) == {-12, 0, 36}


def test_placebos_of_own_starts_are_named_by_event_time():
    card, panel = shifted()
    card = card.model_copy(update={"base_period": 0})
    found = estimate_did(card, panel, stages.matched(), **stages.who("x")).estimates
    placebo = found[found["term"] == "placebo"]
    assert set(placebo["spec"]) == {"placebo_-12"}
    common = one(term="placebo", outcome=WORK)
    assert one(found, term="placebo", outcome=WORK)["estimate"] == pytest.approx(common["estimate"], abs=1e-12)


def test_who_is_not_followed_to_a_horizon_is_left_out_there_and_counted():
    panel = stages.panel()
    months = panel.months.copy()
    lost = months["person_id"] % 4 == 0
    months.loc[lost & months["event_time"].eq(36), [WORK, EARNINGS]] = np.nan
    found = estimate_did(CARD, Panel(months, panel.baseline, panel.attrition), stages.matched(), **stages.who("x"))
    weights = stages.matched().weights.query("spec == 'main'")
    row = one(found.estimates, **DID, spec=MAIN)
    assert row["n_treated"] + row["n_comparison"] == (weights["person_id"] % 4 != 0).sum()
