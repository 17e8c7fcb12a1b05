"""A card with the same persons in every month: cells, gaps, weights and covariates as the engine gives them."""

import numpy as np
import pandas as pd
import pytest
from staggered_cases import START, staggered_panel

from analysis.cards import read_card
from analysis.estimate_staggered import estimate_staggered
from analysis.office_cells import design_of, office_cells
from analysis.problems import ProblemsFound
from analysis.staggered.person_effects import person_effects
from analysis.staggered.persons import Roles
from analysis.staggered_analysis import analysed, effects_from_cells, main_horizon, source_of
from tests import stages

YOUTH, OUTCOME = "youth_teams_synthetic", "in_work_last_day"


def panel_card(**changes):
    """The youth teams' card with the same persons every month; more keys of `staggered`."""
    card = read_card(stages.COHORTS / YOUTH / "cohort.yaml")
    chosen = {"sampling": "panel", "permutations": 200, "estimators": [], **changes}
    keys = {f"staggered__{name}": value for name, value in chosen.items()}
    return stages.changed(card, outcomes__primary=OUTCOME, outcomes__secondary=[], horizons=[2], **keys)


def tables_of(panel):
    """Baseline, months, aggregates and offices as the stages before hand them over."""
    first = panel.drop_duplicates("person_id")
    baseline = pd.DataFrame(
        {
            "person_id": first["person_id"],
            "office_id": first["office_id"],
            "time_zero": pd.array([START] * len(first), dtype="Int16"),
            "adoption_month": first["adoption_month"].astype("Int16"),
            "arm": np.where(first["adoption_month"].notna(), "team", "no_team"),
            "age": first["person_id"] % 7,
            "w": first["w"],
        }
    ).reset_index(drop=True)
    months = pd.DataFrame(
        {
            "person_id": panel["person_id"],
            "month": panel["month"].astype("int16"),
            "event_time": panel["month"] - START,
            OUTCOME: panel["y"],
        }
    )
    offices = pd.DataFrame({"office_id": sorted(panel["office_id"].unique())}).assign(county="03")
    return {"baseline": baseline, "months": months, "aggregates": pd.DataFrame(), "offices": offices}


@pytest.fixture(scope="module")
def whole():
    return staggered_panel(3)


@pytest.fixture(scope="module")
def gaps(whole):
    """One in twenty person-months without an outcome."""
    lost = np.random.default_rng(1).random(len(whole)) < 0.05
    return whole.assign(y=whole["y"].mask(lost))


def found_in(card, panel):
    return estimate_staggered(card, **tables_of(panel), **stages.who(YOUTH))


def effects_of(result, spec="main"):
    rows = result.estimates
    rows = rows[rows["term"].eq("att_gt") & rows["spec"].eq(spec) & rows["inference"].eq("jackknife")]
    return rows["estimate"].to_numpy()


def by_hand(card, panel, **options):
    """The effects from persons, straight from the engine."""
    tables = tables_of(panel)
    rows = tables["months"].merge(tables["baseline"], on="person_id")
    chosen = card.staggered
    roles = Roles(outcome=OUTCOME, cluster="office_id", covariates=chosen.formula)
    return person_effects(rows, design_of(card), roles, **{"method": "reg", **options}).group_time.table


def test_months_are_the_calendars_and_nothing_is_missing_from_the_cells(whole):
    card, tables = panel_card(), tables_of(whole)
    assert main_horizon(card) is None
    source = source_of(card, **tables)
    assert source.cells["horizon_months"].isna().all()
    assert source.cells["n"].sum() == len(whole)
    effects = effects_from_cells(card, source.cells, OUTCOME, None)
    assert effects.group_time.table["att"].to_numpy() == pytest.approx(
        analysed(card, source, OUTCOME, None).effects.group_time.table["att"].to_numpy(), abs=1e-12
    )


def test_a_panel_without_gaps_gives_what_persons_give_and_an_error_for_independent_persons(whole):
    card = panel_card()
    result = found_in(card, whole)
    expected = by_hand(card, whole)
    apart = expected["month"] != expected["base"]
    assert effects_of(result)[apart.to_numpy()] == pytest.approx(expected.loc[apart, "att"].to_numpy(), abs=1e-12)
    main = result.estimates[result.estimates["role"] == "primary"].iloc[0]
    assert pd.isna(main["horizon_months"])
    assert main["n_treated"] + main["n_comparison"] >= whole["person_id"].nunique()
    simple = result.estimates[result.estimates["term"].eq("simple") & result.estimates["spec"].eq("main")]
    assert {"jackknife", "cluster", "person"} <= set(simple["inference"])


def test_a_person_with_a_gap_leaves_and_the_attrition_says_so(gaps):
    card = panel_card()
    result = found_in(card, gaps)
    complete = gaps.groupby("person_id")["y"].transform(lambda y: y.notna().all())
    assert effects_of(result) == pytest.approx(effects_of(found_in(card, gaps[complete])), abs=1e-12)
    row = result.attrition[result.attrition["reason"] == "complete_months"]
    assert row["persons"].sum() == gaps.loc[complete, "person_id"].nunique() < gaps["person_id"].nunique()


def test_pairwise_counts_each_person_where_both_months_are_known(gaps):
    card = panel_card(missing="pairwise")
    result = found_in(card, gaps)
    expected = by_hand(card, gaps)
    apart = (expected["month"] != expected["base"]).to_numpy()
    assert effects_of(result)[apart] == pytest.approx(expected["att"].to_numpy()[apart], abs=1e-12)
    assert not np.allclose(effects_of(result), effects_of(found_in(panel_card(), gaps)))
    assert "complete_months" not in set(result.attrition["reason"])


def test_weights_of_the_sample_count_and_equal_ones_change_nothing(whole):
    card = panel_card(weight="w")
    weighted = found_in(card, whole)
    expected = by_hand(card, whole)
    apart = (expected["month"] != expected["base"]).to_numpy()
    assert effects_of(weighted)[apart] == pytest.approx(expected["att"].to_numpy()[apart], abs=1e-12)
    equal = found_in(card, whole.assign(w=2.5))
    assert effects_of(equal) == pytest.approx(effects_of(found_in(panel_card(), whole)), abs=1e-12)


@pytest.mark.parametrize("method", ["reg", "ipw", "dr", "dr_improved"])
def test_every_method_is_chosen_in_the_card_and_gives_what_the_engine_gives(whole, method):
    card = panel_card(method=method, formula="age")
    result = found_in(card, whole)
    expected = by_hand(card, whole, method=method)
    apart = (expected["month"] != expected["base"]).to_numpy()
    assert effects_of(result)[apart] == pytest.approx(expected["att"].to_numpy()[apart], abs=1e-12)
    assert "no_covariates" in set(result.estimates["spec"])


def test_a_balanced_curve_ends_where_the_last_group_does(whole):
    balanced = found_in(panel_card(balance=2), whole).estimates
    curve = balanced[balanced["term"].eq("dynamic") & balanced["spec"].eq("main")]
    assert curve["event_time"].max() == 2


def test_groups_that_no_month_shows_untreated_are_a_step_of_the_attrition(whole):
    early = whole.assign(adoption_month=whole["adoption_month"].mask(whole["office_id"].eq("k00"), START))
    result = found_in(panel_card(), early)
    row = result.attrition[result.attrition["reason"] == "untreated_first"].set_index("arm")
    gone = whole["office_id"].eq("k00")
    assert row.loc["team", "persons"] == whole.loc[~gone & whole["adoption_month"].notna(), "person_id"].nunique()
    assert row.loc["team", "offices"] == whole.loc[~gone & whole["adoption_month"].notna(), "office_id"].nunique()


def test_all_that_is_wrong_with_a_panel_is_told_at_once_without_a_value(whole):
    wrong = whole.assign(
        adoption_month=whole["adoption_month"].fillna(START + 900),
        y=whole["y"].mask(whole["month"] == START + 2, np.inf),
    )
    with pytest.raises(ProblemsFound) as refused:
        found_in(panel_card(), wrong)
    text = str(refused.value)
    assert "år fra panelet, altså en kode" in text
    assert "utfall er uendelige" in text
    assert str(START + 900) not in text


def test_neither_row_order_nor_units_move_a_share_of_the_outcome(whole):
    card, tables = panel_card(), tables_of(whole)
    shuffled = {**tables, "months": tables["months"].sample(frac=1, random_state=2)}
    pd.testing.assert_frame_equal(
        source_of(card, **tables).cells, source_of(card, **shuffled).cells, rtol=1e-12, atol=1e-12
    )
    assert effects_of(found_in(card, whole.assign(y=whole["y"] * 100))) == pytest.approx(
        100 * effects_of(found_in(card, whole)), rel=1e-9, abs=1e-9
    )
    assert not office_cells(card, **tables, panels=source_of(card, **tables).panels).empty
