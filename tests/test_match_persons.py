"""Matching by the card: every specification keeps its row, and what the order of things may and may not change."""

import numpy as np
import pandas as pd
import pytest
import stages

from analysis.balance import balance_table
from analysis.balance_clusters import across_clusters, cluster_balance
from analysis.balance_summary import profile_table
from analysis.card_matching import WEIGHTING_METHODS
from analysis.files import write_json
from analysis.intake import read_delivery
from analysis.match_persons import match_persons, matched_tables, sidecar, specifications
from analysis.match_ties import DRAWS, SEED
from analysis.matching import MatchingSpec, match, tie_averaged_weights
from analysis.panel import Panel, build_panel
from analysis.problems import ProblemsFound
from analysis.scores import fit_scores
from analysis.tables import BALANCE, CLUSTER_BALANCE, MAIN, MATCHING, PROFILE

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
        if row["method"] in WEIGHTING_METHODS:
            assert set(own["pair"]) == {-1}
            continue
        assert own["pair"].min() == 0
        assert own["pair"].nunique() == row["n_sets"]
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


def test_attrition_has_a_step_for_each_reason_that_left_a_participant_without_a_partner():
    rows = stages.matched().attrition
    left = rows[rows["arm"] == "participants"].set_index("reason")["persons"]
    assert left.to_dict() == {
        "delivered": 185,
        "measured": 185,
        "no_comparison_within_caliper": 177,
        "comparisons_taken": 135,
        "matched": 135,
    }
    assert rows.groupby("reason", sort=False)["step"].first().tolist() == [1, 2, 3, 4, 5]


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
    left, right = (pd.to_numeric(summary_row(found)[numbers]).astype("Float64") for _, found in (plain, relabelled))
    pd.testing.assert_series_equal(left, right, rtol=1e-9)
    # Whom each is paired with can change with the order; how alike the groups are cannot.
    left, right = (
        found.balance.select_dtypes("number").drop(columns="pair_distance") for _, found in (plain, relabelled)
    )
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


def everybody():
    """Treated and comparison persons in the order of person_id."""
    people = stages.panel().baseline.query("arm != 'trial_control'").sort_values("person_id", ignore_index=True)
    return people, people["treated"].to_numpy()


def test_no_row_depends_on_the_order_of_the_baseline():
    panel = stages.panel()
    generator = np.random.default_rng(4)
    mixed = panel.baseline.iloc[generator.permutation(len(panel.baseline))]
    card = stages.changed(CARD, sensitivity=CARD.model_dump(mode="json")["sensitivity"][-6:])
    first, again = (
        match_persons(card, Panel(panel.months, frame, panel.attrition)) for frame in (panel.baseline, mixed)
    )
    for name, table in matched_tables(first).items():
        pd.testing.assert_frame_equal(matched_tables(again)[name], table, check_exact=True)


def test_ties_of_the_main_matching_are_drawn_anew_with_the_seed_of_the_module():
    people, treated = everybody()
    scores = fit_scores(people, CARD.matching.formula, treated)
    generator = np.random.default_rng(SEED)
    ties = stages.matched().ties
    assert sorted(ties["draw"].unique()) == list(range(DRAWS))
    for draw in (0, 1):
        found = match(scores, treated, MatchingSpec(order="largest"), labels=generator.permutation(len(treated)))
        own = ties[ties["draw"] == draw].set_index("person_id")["weight"]
        expected = pd.Series(found.weights, people["person_id"])
        pd.testing.assert_series_equal(own, expected[expected > 0], check_names=False, check_dtype=False)


def test_with_replacement_the_weights_averaged_over_ties_stand_beside_the_draws():
    people, treated = everybody()
    found = match_persons(stages.changed(CARD, matching__replace=True, **ONE_ROW), stages.panel()).ties
    scores = fit_scores(people, CARD.matching.formula, treated)
    expected = tie_averaged_weights(scores, treated, MatchingSpec(replace=True, order="largest"))
    own = found[found["draw"] == -1].set_index("person_id")["weight"].reindex(people["person_id"]).fillna(0)
    np.testing.assert_allclose(own, expected, rtol=1e-14)
    assert found["draw"].nunique() == DRAWS + 1


def test_methods_without_neighbours_have_no_ties_to_draw():
    panel = stages.panel()
    some = Panel(panel.months, panel.baseline[panel.baseline["person_id"] % 5 == 0], panel.attrition)
    found = match_persons(stages.changed(CARD, matching={"formula": "age", "method": "ipw"}, **ONE_ROW), some)
    assert found.ties.empty
    assert found.ties.columns.tolist() == ["person_id", "draw", "weight"]


def with_offices():
    """The panel with forty offices in four counties, and the table of offices."""
    panel = stages.panel()
    number = panel.baseline["person_id"] % 40
    baseline = panel.baseline.assign(office_id=number.map("{:04d}".format))
    offices = pd.DataFrame(
        {"office_id": [f"{one:04d}" for one in range(40)], "county": [f"F{one % 4}" for one in range(40)]}
    )
    return Panel(panel.months, baseline, panel.attrition), offices


def test_partners_come_from_the_same_county_first_and_balance_is_told_over_offices():
    panel, offices = with_offices()
    card = stages.changed(CARD, **ONE_ROW)
    within = card.matching.model_validate(card.matching.model_dump() | {"within": {"unit": "county"}})
    found = match_persons(card.model_copy(update={"matching": within}), panel, offices)
    assert summary_row(found)["within"] == "county:second_pass"
    people = panel.baseline.merge(found.weights, on="person_id").merge(offices, on="office_id")
    plain = panel.baseline.merge(stages.matched().weights.query("spec == 'main'"), on="person_id")
    plain = plain.merge(offices, on="office_id")
    same, by_chance = ((one.groupby("pair")["county"].nunique() == 1).mean() for one in (people, plain))
    assert by_chance < 0.4 < 0.7 < same
    frame = panel.baseline.query("arm != 'trial_control'").sort_values("person_id", ignore_index=True)
    weights = frame["person_id"].map(found.weights.set_index("person_id")["weight"]).fillna(0)
    names = [covariate.name for covariate in CARD.covariates]
    rows = cluster_balance(frame[names], frame["treated"], weights, frame["office_id"])
    expected = across_clusters(rows).query("measure == 'smd'")
    np.testing.assert_allclose(found.cluster_balance["maximum"], expected["max"], rtol=1e-12)
    assert found.cluster_balance.dtypes.astype(str).to_dict() == CLUSTER_BALANCE


def test_counties_that_nobody_told_of_stop_a_matching_within_them():
    panel, _ = with_offices()
    card = stages.changed(CARD, **ONE_ROW)
    within = card.matching.model_validate(card.matching.model_dump() | {"within": {"unit": "county"}})
    with pytest.raises(ProblemsFound, match="fylke"):
        match_persons(card.model_copy(update={"matching": within}), panel)


def test_who_is_left_and_the_balance_are_those_of_the_library():
    people, treated = everybody()
    names = [covariate.name for covariate in CARD.covariates]
    weights = (
        people["person_id"]
        .map(stages.matched().weights.query("spec == 'main'").set_index("person_id")["weight"])
        .fillna(0)
    )
    profile = profile_table(people[names], treated, weights)
    found = stages.matched().profile
    assert found.dtypes.astype(str).to_dict() == PROFILE
    np.testing.assert_allclose(found["mean_kept"], profile["mean_left"], rtol=1e-14)
    np.testing.assert_allclose(found["mean_lost"], profile["mean_lost"], rtol=1e-14)
    table = balance_table(people[names], treated, weights, overlap=True)
    own = stages.matched().balance.query("spec == 'main'")
    for name in ("smd", "ecdf_mean", "overlap_loss", "sd_treated"):
        np.testing.assert_allclose(own[name], table[name], rtol=1e-12)


def test_the_sidecar_tells_how_and_holds_no_person(tmp_path):
    told = sidecar(CARD, stages.matched())
    write_json(tmp_path / "matching.json", told)
    assert set(told["specifications"]) == set(specifications(CARD))
    assert told["specifications"][MAIN]["card"]["caliper"] == 0.2
    assert told["specifications"]["entropy"]["caliper"] is None
    assert told["ties"] == {"draws": DRAWS, "seed": SEED, "averaged": False}
    assert set(told["versions"]) == {"numpy", "scipy", "statsmodels", "formulaic"}
    assert '"person_id"' not in (tmp_path / "matching.json").read_text(encoding="utf-8")
