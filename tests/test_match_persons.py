"""Matching by the card: every specification keeps its row, and what the order of things may and may not change."""

import numpy as np
import pandas as pd
import pytest
import stages

from analysis.intake import read_delivery
from analysis.match_persons import match_persons, specifications
from analysis.panel import build_panel
from analysis.problems import ProblemsFound
from analysis.tables import BALANCE, MAIN, MATCHING

CARD = stages.card(stages.NSW)
ONE_ROW = {"sensitivity": []}


def summary_row(matched, spec=MAIN):
    return matched.summary.set_index("spec").loc[spec]


def rematched(**changes):
    """The cohort from delivery to matching under another card."""
    card = stages.changed(CARD, **ONE_ROW, **changes)
    panel = build_panel(card, read_delivery(card, stages.COHORTS / stages.NSW / "data"))
    return panel, match_persons(card, panel)


@pytest.fixture(scope="module")
def plain():
    return stages.panel(), match_persons(stages.changed(CARD, **ONE_ROW), stages.panel())


@pytest.fixture(scope="module")
def relabelled():
    """The same persons under other ids, and so in another order inside."""
    ids = {f"files__{place}__columns__person_id__row_number": f"OTHER{place}" for place in (0, 1)}
    return rematched(**ids)


def with_persons(panel, matched):
    return panel.baseline.merge(matched.weights, on="person_id", validate="one_to_one")


def test_the_main_specification_and_each_sensitivity_row_keep_a_row_with_its_own_keys():
    specs = specifications(CARD)
    assert list(specs) == [MAIN, *(row.name for row in CARD.sensitivity)]
    assert specs["no_caliper"].caliper is None
    assert specs["no_caliper"].formula == CARD.matching.formula
    assert specs["few_covariates"].caliper == CARD.matching.caliper
    assert stages.matched().summary["spec"].tolist() == list(specs)
    assert stages.matched().summary["status"].tolist() == ["estimated"] * len(specs)


def test_the_tables_have_the_columns_of_their_contract():
    assert list(stages.matched().summary.columns) == list(MATCHING)
    assert stages.matched().summary.dtypes.astype(str).to_dict() == MATCHING
    assert list(stages.matched().balance.columns) == list(BALANCE)


def test_weights_are_one_per_pair_and_add_up_to_the_persons_in_use():
    weights = stages.matched().weights
    for spec, own in weights.groupby("spec"):
        row = summary_row(stages.matched(), spec)
        treated = own["person_id"].isin(stages.panel().baseline.query("treated")["person_id"])
        assert (own.loc[treated, "weight"] == 1).all()
        assert treated.sum() == row["n_treated_matched"]
        assert own.loc[~treated, "weight"].sum() == pytest.approx(row["n_comparison_matched"], rel=1e-12)


def test_a_sensitivity_row_that_cannot_be_matched_keeps_its_row_with_the_reason():
    broken = {"name": "twice", "title": {"nb": "x"}, "matching": {"formula": "age + I(2*age)"}}
    card = stages.changed(CARD, sensitivity=[broken])
    matched = match_persons(card, stages.panel())
    row = summary_row(matched, "twice")
    assert row["status"] == "not_estimated"
    assert "age" in row["reason"]
    assert pd.isna(row["n_treated_matched"])
    assert set(matched.weights["spec"]) == {MAIN}
    assert summary_row(matched)["status"] == "estimated"


def test_the_main_specification_that_cannot_be_matched_stops_everything():
    card = stages.changed(CARD, matching__formula="age + I(2*age)", **ONE_ROW)
    with pytest.raises(ProblemsFound):
        match_persons(card, stages.panel())


def test_attrition_tells_who_is_left_after_matching():
    rows = stages.matched().attrition
    last = rows[rows["reason"] == "matched"].set_index("arm")
    row = summary_row(stages.matched())
    assert last.loc["participants", "persons"] == row["n_treated_matched"]
    assert last.loc["cps", "persons"] == row["n_comparison_matched"]
    assert "trial_control" not in last.index


def test_the_control_group_of_the_trial_is_never_a_partner():
    controls = stages.panel().baseline.query("arm == 'trial_control'")["person_id"]
    assert not stages.matched().weights["person_id"].isin(controls).any()


def test_the_order_of_rows_columns_covariates_and_files_in_the_card_changes_no_person(plain):
    data = CARD.model_dump(mode="json")
    for file in data["files"]:
        file["columns"] = dict(reversed(file["columns"].items()))
        file["outcomes"] = file["outcomes"][::-1]
    panel, matched = rematched(files=data["files"][::-1], covariates=data["covariates"][::-1])
    pd.testing.assert_frame_equal(matched.weights, plain[1].weights, check_exact=True)
    pd.testing.assert_frame_equal(panel.months, plain[0].months, check_exact=True)
    key = ["spec", "covariate", "sample"]
    left, right = (found.balance.sort_values(key, ignore_index=True) for found in (matched, plain[1]))
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_other_ids_may_choose_another_of_two_persons_alike_and_change_nothing_else(plain, relabelled):
    """What is promised under new ids: persons with the same covariates may stand in for one another, no more.

    The order inside follows a hash of the ids, and equal scores are settled by that order. So counts and balance are
    the same; the outcomes of the persons chosen need not be. A fifth of the persons here share their score with
    another, and the main estimate moves by up to three percentage points over five sets of ids.
    """
    old, new = (with_persons(*found) for found in (plain, relabelled))
    covariates = [covariate.name for covariate in CARD.covariates]
    for arm in ("participants", "cps"):
        left, right = (
            frame.loc[frame["arm"] == arm, covariates].sort_values(covariates, ignore_index=True)
            for frame in (old, new)
        )
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    numbers = [name for name, kind in MATCHING.items() if kind in ("Int64", "float64")]
    left, right = (summary_row(found)[numbers].astype("float64") for _, found in (plain, relabelled))
    pd.testing.assert_series_equal(left, right, rtol=1e-9)
    left, right = (found.balance.select_dtypes("number") for _, found in (plain, relabelled))
    pd.testing.assert_frame_equal(left, right, rtol=1e-9, atol=1e-12)


def test_without_equal_scores_other_ids_change_nothing():
    """Persons with distinct covariates: the chosen ones are the same under any ids."""
    generator = np.random.default_rng(5)
    some = stages.panel().baseline.query("arm != 'trial_control'").sample(800, random_state=5)
    some = pd.concat([some, stages.panel().baseline.query("arm == 'participants'")]).drop_duplicates("person_id")
    some = some.assign(age=some["age"] + generator.uniform(0, 1, len(some)))
    card = stages.changed(CARD, matching__formula="age + education_years + earnings_1975", **ONE_ROW)
    chosen = []
    for seed in (1, 2):
        shuffled = some.sample(frac=1, random_state=seed).reset_index(drop=True)
        names = shuffled["person_id"].to_numpy()
        panel = type(stages.panel())(
            stages.panel().months,
            shuffled.assign(person_id=np.arange(len(shuffled), dtype="int32")),
            stages.panel().attrition,
        )
        matched = match_persons(card, panel)
        chosen.append(sorted(zip(names[matched.weights["person_id"]], matched.weights["weight"], strict=True)))
    assert chosen[0] == chosen[1]
