"""Estimates of a cluster-randomised trial: known answers, inferences like the engines, and what is refused."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
import trial_reports as small

from analysis.cards import read_card
from analysis.check_cohort import check_trial
from analysis.estimate_trial import estimate_trial
from analysis.intake import read_delivery
from analysis.panel import build_panel
from analysis.permutation_bins import permutation_bins
from analysis.problems import ProblemsFound
from analysis.release import release
from analysis.results import ROLES
from analysis.synthetic import write
from analysis.tables import OFFICE_SIZES, PERMUTATION
from analysis.trials.icc import icc
from analysis.trials.permutation import PermutationFound, permutation_test
from tests import stages

HPMT, WORK = "hpmt_synthetic", "in_work_last_day"


@pytest.fixture(scope="module")
def card():
    return read_card(stages.COHORTS / HPMT / "cohort.yaml")


@pytest.fixture(scope="module")
def panel(card, tmp_path_factory):
    """Baseline, months, offices and attrition of the shipped cohort, from its made-up delivery."""
    folder = tmp_path_factory.mktemp(HPMT)
    write(card.synthetic.generator, folder / "data")
    delivered = read_delivery(card, folder / "data", cohort=HPMT, spells=folder / "spells.parquet")
    made = build_panel(card, delivered)
    return {"baseline": made.baseline, "months": made.months, "offices": delivered.offices, "attrition": made.attrition}


@pytest.fixture(scope="module")
def result(card, panel):
    return estimate_trial(card, **panel, **stages.who(HPMT))


def rows(result, **wanted):
    found = result.estimates
    for column, value in wanted.items():
        found = found[found[column].eq(value).fillna(False)]
    return found


def only(result, **wanted):
    found = rows(result, **wanted)
    assert len(found) == 1
    return found.iloc[0]


def by_office(panel, horizon):
    """Sums, sizes and draw of each office straight from the panel."""
    baseline, months = panel["baseline"], panel["months"]
    at = months[months["event_time"] == horizon].merge(baseline[["person_id", "arm", "office_id"]], on="person_id")
    known = at.dropna(subset=[WORK])
    found = known.groupby("office_id").agg(sums=(WORK, "sum"), sizes=(WORK, "size"), arm=("arm", "first"))
    return found.assign(treated=found["arm"] == "hpmt")


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [(18, 109 / 367 - 59 / 250), (24, 113 / 367 - 61 / 250), (30, 119 / 363 - 62 / 248)],
)
def test_the_difference_is_that_of_the_whole_numbers_put_in(result, horizon, expected):
    for inference in ("cr2", "permutation", "wild_bootstrap", "jackknife"):
        row = only(result, outcome=WORK, horizon_months=horizon, spec="main", inference=inference)
        assert row["estimate"] == pytest.approx(expected, abs=1e-14)


def test_the_headline_has_the_published_points_and_includes_zero(result):
    main = only(result, role="primary")
    assert (main["inference"], main["horizon_months"], main["estimator"]) == ("cr2", 18, "difference_in_means")
    assert round(100 * main["estimate"], 4) == 6.1003
    assert (
        round(100 * only(result, outcome=WORK, horizon_months=24, spec="main", inference="cr2")["estimate"], 4)
        == 6.3902
    )
    assert main["conf_low"] < 0 < main["conf_high"]
    assert (main["n_treated"], main["n_comparison"]) == (367, 250)
    assert (main["n_offices_treated"], main["n_offices_comparison"]) == (9, 9)


def test_the_permutation_p_is_that_of_every_draw_tried_by_hand(result, panel):
    """Check 2 of the evidence brief, section 5: reproducible, with the ICC and both averages beside it."""
    offices = by_office(panel, 18)
    sums, sizes = offices["sums"].to_numpy(), offices["sizes"].to_numpy(float)
    drawn = np.array(list(itertools.combinations(range(18), 9)))
    own, people = sums[drawn].sum(axis=1), sizes[drawn].sum(axis=1)
    differences = own / people - (sums.sum() - own) / (sizes.sum() - people)
    seen = 109 / 367 - 59 / 250
    p = (np.abs(differences) >= seen - 1e-12).mean()
    row = only(result, outcome=WORK, horizon_months=18, spec="main", inference="permutation")
    assert (len(differences), row["df"]) == (48620, 48620)
    assert row["p_value"] == pytest.approx(p, abs=1e-12)
    means = offices["sums"] / offices["sizes"]
    apart = means[offices["treated"]].mean() - means[~offices["treated"]].mean()
    for inference in ("cr2", "permutation"):
        other = only(result, outcome=WORK, horizon_months=18, spec="office_average", inference=inference)
        assert other["estimate"] == pytest.approx(apart, abs=1e-12)


def test_the_icc_stands_with_interval_and_design_effect(result, panel):
    offices = by_office(panel, 18)
    y = np.concatenate(
        [np.r_[np.ones(int(s)), np.zeros(int(n - s))] for s, n in zip(offices["sums"], offices["sizes"], strict=True)]
    )
    codes = np.repeat(np.arange(18), offices["sizes"])
    expected = icc(y, codes, arms=offices["treated"].to_numpy()[codes])
    row = only(result, outcome=WORK, horizon_months=18, estimator="anova", term="icc")
    assert row["estimate"] == pytest.approx(expected.value, abs=1e-12)
    assert row["conf_low"] == pytest.approx(expected.low, abs=1e-12)
    effect = only(result, outcome=WORK, horizon_months=18, estimator="anova", term="design_effect")
    assert effect["estimate"] == pytest.approx(expected.design_effect, abs=1e-12)
    assert 0.02 < row["estimate"] < 0.04


def test_the_main_outcome_stands_under_every_inference_and_model_and_the_defaults_beside(result):
    own = rows(result, outcome=WORK, horizon_months=18)
    assert set(own["inference"]) == {
        *("cr2", "permutation", "wild_bootstrap", "jackknife", "cr1s_normal", "cr1s_t", "office_means_t", "mixed_kr"),
        *("gee_mancl_derouen", "gee_kauermann_carroll", "gee_fay_graubard", "searle", "none", "holm"),
    }
    assert set(own["spec"]) == {
        *("main", "adjusted", "office_average", "office_average_adjusted", "statsmodels_default", "fixest_default")
    }
    assert set(own["status"]) == {"estimated"}
    narrow = own[own["spec"].eq("statsmodels_default")].iloc[0]
    main = only(result, role="primary")
    assert narrow["conf_high"] - narrow["conf_low"] < main["conf_high"] - main["conf_low"]


def test_holm_counts_every_outcome_and_horizon_and_never_lowers_a_p_value(result):
    tests, adjusted = rows(result, inference="permutation", spec="main"), rows(result, inference="holm")
    assert len(tests) == len(adjusted) == 15
    keys = ["outcome", "horizon_months"]
    both = tests.merge(adjusted, on=keys, suffixes=("", "_holm"))
    smallest = both["p_value"].idxmin()
    assert (both["p_value_holm"] >= both["p_value"]).all()
    assert both["p_value_holm"][smallest] == pytest.approx(15 * both["p_value"][smallest], abs=1e-12)


def test_who_left_is_counted_and_not_given_an_outcome(result):
    late = only(result, outcome=WORK, horizon_months=30, spec="main", inference="cr2")
    assert (late["n_treated"], late["n_comparison"]) == (363, 248)
    measured = result.attrition[result.attrition["reason"] == "measured"].set_index("arm")
    assert measured["persons"].to_dict() == {"hpmt": 367, "control": 250}
    assert measured["offices"].to_dict() == {"hpmt": 9, "control": 9}


def test_the_histogram_counts_every_draw_once_and_its_far_part_is_the_p_value(result):
    for horizon in (18, 24, 30):
        bins = result.permutation[result.permutation["horizon_months"].eq(horizon)]
        p = only(result, outcome=WORK, horizon_months=horizon, spec="main", inference="permutation")["p_value"]
        assert bins["count"].sum() == 48620
        assert bins.loc[bins["as_far"], "count"].sum() / 48620 == pytest.approx(p, abs=1e-12)
        assert np.allclose(bins["bin_low"].iloc[1:], bins["bin_high"].iloc[:-1], atol=1e-15)


def test_another_order_and_other_names_of_persons_and_offices_move_nothing(card, panel):
    quick = stages.changed(card, outcomes__secondary=[], horizons=[18], trial__models=[])
    baseline = panel["baseline"].sample(frac=1, random_state=2)
    names = {office: f"X{99 - place}" for place, office in enumerate(sorted(baseline["office_id"].unique()))}
    renamed = baseline.assign(office_id=baseline["office_id"].map(names), person_id=baseline["person_id"] * 7 + 1)
    months = panel["months"].assign(person_id=panel["months"]["person_id"] * 7 + 1).sample(frac=1, random_state=3)
    offices = panel["offices"].assign(office_id=panel["offices"]["office_id"].map(names))
    one = estimate_trial(quick, **panel, **stages.who(HPMT)).estimates
    two = estimate_trial(quick, renamed, months, offices, attrition=panel["attrition"], **stages.who(HPMT)).estimates
    numbers = ["estimate", "std_error", "df", "p_value", "conf_low", "conf_high"]
    assert np.allclose(one[numbers].astype(float), two[numbers].astype(float), atol=1e-10, equal_nan=True)


def test_every_row_tells_role_inference_and_convention(result):
    assert set(result.estimates["role"]) == set(ROLES) - {"benchmark"}
    assert result.estimates["convention"].str.contains("G=18|Holm").all()
    assert (result.estimates["cluster_level"] == "office").all()


def test_the_tables_are_released_whole(card, result):
    made = {name: getattr(result, name) for name in ("estimates", "permutation", "office_sizes", "balance", "cells")}
    released = release(card, made).tables
    assert list(released["permutation"]) == list(PERMUTATION)
    assert list(released["office_sizes"]) == list(OFFICE_SIZES)
    assert released["office_sizes"].set_index("arm").loc["hpmt", ["smallest", "largest"]].tolist() == [12, 101]


def test_the_grade_begins_high_and_loses_a_step_for_precision(card, result):
    verdicts = check_trial(card, result.estimates, result.balance, result.attrition)
    assert (verdicts.grade.grade, verdicts.grade.verbs) == ("moderate", "randomised")
    assert [(step.check, step.down) for step in verdicts.grade.steps] == [("imprecision", 1)]
    names = [check.name for check in verdicts.checks]
    for name in ("permutation", "detectable_difference", "planned_icc", "attrition", "baseline_balance"):
        assert name in names


def test_every_estimator_inference_and_check_has_a_section_in_the_methods(card, result):
    titles = re.findall(r"^#+ (.+)$", (stages.ROOT / "docs" / "methods.md").read_text("utf-8"), flags=re.MULTILINE)
    told = {name for title in titles for name in re.findall(r"`([^`]+)`", title)}
    tables = (result.estimates, small.result().estimates)
    used = {name for table in tables for column in ("estimator", "inference") for name in table[column]}
    checks = check_trial(card, result.estimates, result.balance, result.attrition).checks
    assert used | {check.name for check in checks if not check.name.startswith("limitation_")} <= told


def test_with_few_treated_offices_only_the_draw_gives_a_p_value():
    own = small.card()
    made = small.estimated(stages.changed(own, checks__few_treated_offices=7)).estimates
    by_lot = made["inference"].isin(["permutation", "anderson_rubin", "holm"])
    assert made.loc[~by_lot, "p_value"].isna().all()
    assert made.loc[by_lot & made["status"].eq("estimated"), "p_value"].notna().all()
    assert set(made.loc[made["role"].eq("primary"), "reason"]) == {"few_treated_offices"}


def test_each_office_counts_one_when_the_card_says_so():
    found = small.estimated(stages.changed(small.card(), trial__average="offices"))
    main = only(found, role="primary")
    assert main["estimator"] == "office_average"
    assert main["estimate"] == pytest.approx(
        only(small.result(), spec="office_average", inference="cr2", horizon_months=12)["estimate"], abs=1e-12
    )
    assert "person_average" in set(found.estimates["spec"])


def test_offices_drawn_within_strata_are_permuted_within_them():
    files = [small.FILES[0], {**small.FILES[1], "columns": {"office_id": "nr", "quarter": "kvart"}}]
    own = stages.changed(small.card(), files=files, trial__strata="quarter")
    baseline, _ = small.people()
    made = small.estimated(own)
    row = only(made, spec="main", inference="permutation", horizon_months=12, outcome=WORK)
    drawn = baseline.groupby("office_id")["arm"].first().eq("treated").to_numpy()
    per_stratum = drawn.reshape(3, 4).sum(axis=1)
    assert row["df"] == np.prod([[1, 4, 6, 4, 1][count] for count in per_stratum])


def test_delivery_is_an_instrument_that_is_always_secondary():
    row = only(small.result(), estimand="cace", horizon_months=12)
    moved = only(small.result(), term="delivery", horizon_months=12)
    whole = only(small.result(), role="primary")
    assert (row["role"], row["inference"]) == ("secondary", "anderson_rubin")
    assert row["estimate"] == pytest.approx(whole["estimate"] / moved["estimate"], abs=1e-12)
    assert (
        row["p_value"]
        == only(small.result(), spec="main", inference="permutation", horizon_months=12, outcome=WORK)["p_value"]
    )


def test_delivery_that_is_not_known_of_everybody_keeps_its_row_with_the_reason():
    baseline, _ = small.people()
    gaps = baseline.assign(got_it=baseline["got_it"].mask(baseline["person_id"] == 5))
    found = small.estimated(small.card(), baseline=gaps)
    assert set(rows(found, spec="delivery")["reason"]) == {"delivery_not_known"}


def refused(**changes):
    with pytest.raises(ProblemsFound) as told:
        small.estimated(small.card(), **changes)
    return str(told.value)


def test_a_group_of_one_office_is_refused_with_the_reason():
    baseline, _ = small.people()
    alone = baseline[(baseline["arm"] == "comparison") | baseline["office_id"].eq("0300")]
    assert "gruppen treated har 1 kontor" in refused(baseline=alone)


def test_an_office_in_both_groups_is_refused():
    baseline, _ = small.people()
    arm = baseline["arm"].mask(baseline["person_id"] == 0, "comparison")
    assert "kontorer med personer i begge gruppene: 1" in refused(baseline=baseline.assign(arm=arm))


def test_persons_without_an_office_are_counted_and_refused():
    baseline, _ = small.people()
    office = baseline["office_id"].mask(baseline["person_id"] < 3)
    assert "personer uten kontor ved starttidspunktet: 3" in refused(baseline=baseline.assign(office_id=office))


def test_an_outcome_that_all_share_has_no_headline():
    _, months = small.people()
    assert "alle har det samme utfallet" in refused(months=months.assign(**{WORK: 1.0}))


def test_a_horizon_beyond_what_anybody_is_followed_to_is_blank_with_its_reason():
    """Check 10 of the evidence brief, section 5: nothing is carried forward."""
    found = small.estimated(stages.changed(small.card(), horizons=[12, 60]))
    late = rows(found, horizon_months=60)
    assert set(late["status"]) == {"not_estimated"}
    assert set(late["reason"]) == {"not_measured"}
    assert late["estimate"].isna().all()
    verdicts = check_trial(small.card(), found.estimates, found.balance, found.attrition)
    assert next(check for check in verdicts.checks if check.name == "attrition").text_id == "check.attrition.none"


@pytest.mark.parametrize("values", [[-0.3, -0.1, 0.1, 0.3], [0.0, 0.0, 0.0], [-0.2, 0.0, 0.2, 0.2, -0.2]])
def test_bins_hold_every_value_and_tell_which_are_as_far(values):
    seen = max(values)
    found = PermutationFound(seen, "permutation", "", distribution=np.array(values))
    bins = permutation_bins(found, outcome=WORK, horizon_months=1)
    assert bins["count"].sum() == len(values)
    as_far = sum(abs(value) >= seen - 1e-12 for value in values)
    assert bins.loc[bins["as_far"], "count"].sum() == as_far


def test_bins_of_a_test_agree_with_its_p_value():
    found = permutation_test([3, 8, 1, 9, 4, 7], [10, 12, 9, 14, 11, 13], [1, 0, 1, 0, 0, 1])
    bins = permutation_bins(found, outcome=WORK, horizon_months=1)
    assert bins.loc[bins["as_far"], "count"].sum() / found.n_allocations == pytest.approx(found.p_value)
    assert isinstance(bins, pd.DataFrame)
