"""Every estimator of a cohort beside each other: who is there, what they weigh, and what could not be estimated."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import stages
import staggered_reports

from analysis.card_staggered import GROUP_TIME, HEADLINE, SYNTHETIC, TRIPLE, Staggered
from analysis.checks.staggered import family as family_check
from analysis.estimate_family import COMPARES, People, family, family_table
from analysis.family_estimators import (
    CHEAP,
    FROM_CELLS,
    Given,
    applicable,
    estimand_of,
    moved_rank,
    weights_of_headline,
)
from analysis.problems import ProblemsFound
from analysis.results import estimates
from analysis.staggered.design import Design
from analysis.staggered.permutation import n_assignments, office_cohorts
from analysis.staggered_analysis import Source
from analysis.tables import ATT, BACON, FAMILY, FAMILY_SPEC, MAIN, REWEIGHTED

TEAM, COUNTY = "team", "county"
DESIGN = Design(control="not_yet", base="universal")
NOBODY = People(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())


def card_of(kind, **chosen):
    ground = staggered_reports.material(kind).card
    fit = {"stacked_window": [3, 3], "permutations": 200, **chosen}
    design = {TEAM: "staggered_did", COUNTY: "aggregated_series"}[kind]
    return ground.model_copy(update={"staggered": Staggered(**fit), "design": design})


def source_of(kind):
    cells = staggered_reports.cells(kind)
    card = staggered_reports.material(kind).card
    sums = {"sum_y": cells["sum_wy"], "sum_y2": cells["sum_wy"], "sum_w2": cells["sum_w"]}
    sums |= {"sum_w2y": cells["sum_wy"], "sum_w2y2": cells["sum_wy"], "county": "Fylke " + cells["office_id"]}
    horizon = None if kind == COUNTY else card.horizons[0]
    return Source(cells.assign(outcome=card.outcomes.primary, horizon_months=horizon, **sums), {})


@cache
def made(kind):
    listed = None if kind == TEAM else ["local_projections", *SYNTHETIC]
    return family(card_of(kind, estimators=listed), source_of(kind), NOBODY)


def given_of(kind):
    return Given(staggered_reports.arrays(kind), DESIGN, Staggered(stacked_window=[3, 3]))


def simple(rows, name):
    own = [row for row in rows if row["estimator"] == name and row["term"] == "simple"]
    return [row for row in own if row["spec"] in (MAIN, FAMILY_SPEC)]


@pytest.mark.parametrize(("kind", "names"), [(TEAM, GROUP_TIME), (COUNTY, ("local_projections", *SYNTHETIC))])
def test_all_that_apply_are_there_and_each_says_what_it_compares_with(kind, names):
    found = made(kind)
    table = family_table(found.rows, "not_yet")
    assert set(table["estimator"]) == set(names)
    assert table["compares"].notna().all()
    assert table["weighs"].notna().all()
    assert {row["role"] for row in found.rows} == {"sensitivity"}


def test_what_the_card_lists_is_reckoned_and_nothing_else():
    chosen = Staggered(estimators=["stacked", "callaway_santanna"])
    assert applicable(chosen, "in_work_last_day", given_of(TEAM).arrays, DESIGN) == ("stacked",)
    with_headline = Staggered(estimators=["stacked"], estimator="imputation")
    assert applicable(with_headline, "in_work_last_day", given_of(TEAM).arrays, DESIGN) == ("imputation", "stacked")


def test_synthetic_controls_apply_where_few_adopted():
    given, one = given_of(COUNTY), Staggered()
    assert applicable(one, "only_medical_in_plan", given.arrays, DESIGN) == (*GROUP_TIME, *SYNTHETIC)


def test_no_logit_of_amounts_and_no_triple_difference_without_a_subgroup():
    arrays = given_of(TEAM).arrays
    assert "etwfe_logit" not in applicable(Staggered(), "annual_earnings_usd", arrays, DESIGN)
    subgroup = {"subgroup": "young", "affected": 1.0}
    assert TRIPLE in applicable(Staggered(triple=subgroup), "in_work_last_day", arrays, DESIGN)
    assert TRIPLE not in applicable(Staggered(), "in_work_last_day", arrays, DESIGN)


def test_the_weights_of_effects_add_up_to_one_and_tell_whose_estimand_is_the_headlines():
    found = made(TEAM)
    weights = found.tables["family_weights"]
    sums = weights[weights["kind"].eq("effect")].groupby("estimator")["weight"].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)
    assert HEADLINE in sums.index
    told = {name: simple(found.rows, name)[0]["estimand"] for name in GROUP_TIME}
    others = {"stacked", "local_projections"}
    assert told == {name: REWEIGHTED if name in others else ATT for name in GROUP_TIME}


def test_headline_weights_times_effects_are_the_headline():
    given = given_of(TEAM)
    headline = weights_of_headline(given.arrays, DESIGN)
    assert estimand_of(headline, headline) == ATT
    att = headline.table[headline.table["term"].eq("att_gt")].set_index(["group", "month"])["estimate"]
    weights = headline.weights.set_index(["group", "month"])["weight"]
    assert float((att * weights).sum()) == pytest.approx(headline.overall(), abs=1e-12)


def test_the_comparisons_of_the_regression_add_up_to_it():
    table = made(TEAM).tables["bacon"]
    assert list(table.columns) == list(BACON)
    assert table["weight"].sum() == pytest.approx(1.0, abs=1e-12)
    assert set(table["compared"]) > {"never"}
    static = staggered_reports.material(TEAM).estimates.query("estimator == 'twfe_static' and horizon_months == 12")
    assert float(table["weight"] @ table["estimate"]) == pytest.approx(static["estimate"].iloc[0], abs=1e-9)


def test_another_headline_has_the_role_primary_and_all_terms_and_other_outcomes():
    card = card_of(TEAM, estimator="imputation")
    card = card.model_copy(update={"outcomes": card.outcomes.model_copy(update={"secondary": []}), "horizons": [12]})
    rows = family(card, source_of(TEAM), NOBODY).rows
    primary = [row for row in rows if row["role"] == "primary"]
    assert [(row["estimator"], row["term"], row["spec"]) for row in primary] == [("imputation", "simple", MAIN)]
    own = {row["term"] for row in rows if row["estimator"] == "imputation"}
    assert {"att_gt", "group", "dynamic", "simple"} <= own
    assert {row["role"] for row in rows if row["estimator"] != "imputation"} == {"sensitivity"}


def test_what_cannot_be_estimated_has_a_row_with_the_reason_and_stops_when_it_is_the_headline():
    far = {"stacked_window": [99, 99]}
    row = simple(family(card_of(TEAM, **far), source_of(TEAM), NOBODY).rows, "stacked")[0]
    assert (row["status"], row["estimand"]) == ("not_estimated", "att")
    assert "99 måneder" in row["reason"]
    with pytest.raises(ProblemsFound):
        family(card_of(TEAM, **far, estimator="stacked"), source_of(TEAM), NOBODY)


def test_the_rank_of_moved_dates_is_that_of_all_assignments():
    given = given_of(COUNTY)
    found = FROM_CELLS["stacked"](given)
    rank = moved_rank(given, FROM_CELLS["stacked"], found, randomised=False)
    number = n_assignments(office_cohorts(given.arrays), np.zeros(9, dtype=np.int64))
    assert rank.n == number == 84 <= CHEAP
    assert (rank.name, np.nanmin(rank.share) >= 1 / 84) == ("placebo_rank", True)
    assert (
        moved_rank(given_of(TEAM), FROM_CELLS["stacked"], FROM_CELLS["stacked"](given_of(TEAM)), randomised=True)
        is None
    )


def test_synthetic_controls_tell_fit_weights_and_a_rank_that_never_falls_below_one_of_their_number():
    found = made(COUNTY)
    fit, donors = found.tables["synthetic_fit"], found.tables["donors"]
    np.testing.assert_allclose(donors.groupby(["estimator", "spec", "unit"])["weight"].sum(), 1.0, atol=1e-9)
    assert (fit["gate"] == 0.25).all()
    table = family_table(found.rows, "not_yet").dropna(subset=["rank"])
    assert (table["rank"] >= 1).all()
    paths = found.tables["synthetic_paths"]
    np.testing.assert_allclose(paths["gap"], paths["observed"] - paths["synthetic"], atol=1e-12)


def test_too_short_a_series_is_refused_by_the_card():
    card = card_of(COUNTY, synthetic={"donors_min_months": 99}, estimators=["synthetic_control"])
    rows = family(card, source_of(COUNTY), NOBODY).rows
    assert "krever minst 99" in simple(rows, "synthetic_control")[0]["reason"]


def estimated(values, se=0.1):
    rows = []
    for place, (name, value, estimand) in enumerate(values):
        rows.append(
            {
                "estimand": estimand,
                "estimator": name,
                "outcome": "y",
                "term": "simple",
                "estimate": value,
                "std_error": se,
                "role": "sensitivity" if place else "primary",
                "spec": FAMILY_SPEC if place else MAIN,
                "inference": "jackknife",
            }
        )
    return estimates(rows, **stages.who("x"))


def test_the_check_looks_at_those_who_weigh_alike_and_names_the_ends():
    card = stages.changed(card_of(TEAM), checks__spread_limit=1.0)
    values = [(HEADLINE, 0.10, ATT), ("imputation", 0.21, ATT), ("etwfe", 0.15, ATT), ("stacked", 0.9, REWEIGHTED)]
    found = family_check(card, estimated(values))
    assert (found.verdict, found.downgrade, found.values["n_estimators"]) == ("failed", 1, 3)
    assert (found.values["low_estimator"], found.values["high_estimator"]) == (HEADLINE, "imputation")
    assert found.value == pytest.approx(1.1)
    assert family_check(card, estimated(values[:1] + values[2:])).verdict == "passed"
    assert family_check(card, estimated(values[:1] + values[3:])) is None
    assert family_check(card, estimated(values, se=np.nan)) is None


def test_every_estimator_has_its_words():
    words = stages.STRINGS.read_text(encoding="utf-8")
    for text in {value.format(control=control) for value in COMPARES.values() for control in ("never", "not_yet")}:
        assert f"    {text}:" in words
    assert list(family_table([], "never").columns) == list(FAMILY)


def test_the_regression_stands_last():
    rows = [*staggered_reports.rows(TEAM, "y"), *made(TEAM).rows]
    assert family_table(rows, "not_yet")["estimator"].iloc[-1] == "twfe_static"
