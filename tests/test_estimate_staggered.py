"""Estimates of staggered adoption: the truth of made-up data is found, and order and names move nothing."""

from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pandas as pd
import printed
import pytest
import staggered_reports

from analysis.cards import read_card
from analysis.check_cohort import StaggeredTables, check_staggered
from analysis.checks.trends import honest_table
from analysis.estimate_staggered import estimate_staggered
from analysis.intake import read_delivery
from analysis.months import month_number
from analysis.office_cells import office_cells
from analysis.panel import build_panel
from analysis.plan import seed_of
from analysis.release import release
from analysis.results import ROLES
from analysis.staggered.design import Design
from analysis.staggered.parameters import parameters
from analysis.staggered_analysis import effects_from_cells
from analysis.synthetic import write
from analysis.tables import OFFICE_CELLS
from tests import stages

YOUTH, AAP = "youth_teams_synthetic", "aap_youth_synthetic"
OUTCOME, SHARE = "in_work_or_education_last_day", "only_medical_in_plan"


def card_of(cohort):
    return read_card(stages.COHORTS / cohort / "cohort.yaml")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """What `estimate_staggered` takes of each cohort."""

    def made(cohort):
        card, folder = card_of(cohort), tmp_path_factory.mktemp(cohort)
        write(card.synthetic.generator, folder / "data")
        found = read_delivery(card, folder / "data", cohort=cohort, spells=folder / "spells.parquet")
        panel = build_panel(card, found)
        return {
            "baseline": panel.baseline,
            "months": panel.months,
            "aggregates": found.aggregates,
            "offices": found.offices,
        }

    return {cohort: made(cohort) for cohort in (YOUTH, AAP)}


@pytest.fixture(scope="module")
def results(tables):
    """The estimates of each cohort, with fewer permutations for speed."""
    cards = {cohort: few_permutations(card_of(cohort)) for cohort in tables}
    return {name: estimate_staggered(cards[name], **tables[name], **stages.who(name)) for name in tables}


def few_permutations(card):
    return stages.changed(card, staggered__permutations=500)


def rows(result, **wanted):
    found = result.estimates
    for column, value in wanted.items():
        found = found[found[column].isna() if value is None else found[column].eq(value).fillna(False)]
    return found


def only(result, **wanted):
    found = rows(result, **wanted)
    assert len(found) == 1
    return found.iloc[0]


TRUE = [effect for effect in card_of(YOUTH).synthetic.effects if effect.outcome == OUTCOME]


@pytest.mark.parametrize("effect", TRUE, ids=lambda effect: f"{effect.group}-{effect.horizon}")
def test_the_effect_of_each_adoption_group_at_each_horizon_is_within_three_errors_of_the_truth(results, effect):
    simple = effect.group.startswith("innført")
    wanted = {"term": "simple"} if simple else {"term": "group", "group": effect.group}
    found = rows(
        results[YOUTH], spec="main", inference="jackknife", outcome=OUTCOME, horizon_months=effect.horizon, **wanted
    )
    if found.empty:  # nobody who registered in March 2015 or later is followed for 24 months with a comparison
        assert (effect.group, effect.horizon) == ("2015-03", 24)
        return
    assert abs(found["estimate"].iloc[0] - effect.value) < 3 * found["std_error"].iloc[0]


def test_two_way_fixed_effects_misses_the_truth_that_the_headline_holds(results):
    """Late offices are compared with early ones whose effect still grows: Goodman-Bacon (2021)."""
    truth = 0.0807
    static = only(results[YOUTH], spec="twfe_static", inference="cr1_fixest")
    main = only(results[YOUTH], role="primary")
    assert static["conf_high"] < truth - 0.02
    assert truth - static["estimate"] > 0.03
    assert main["conf_low"] <= truth <= main["conf_high"]


def test_the_headline_is_the_jackknife_of_offices_below_fifty(results):
    main = only(results[YOUTH], role="primary")
    assert (main["term"], main["inference"], main["df"], main["horizon_months"]) == ("simple", "jackknife", 19, 12)
    assert (main["n_offices_treated"], main["n_offices_comparison"]) == (17, 15)
    assert "G=20" in main["convention"]
    assert 20_000 < main["n_treated"] < 40_000
    groups = rows(results[YOUTH], spec="main", term="group", inference="jackknife", horizon_months=12, outcome=OUTCOME)
    assert set(groups["reason"]) == {"few_treated_offices"}
    assert groups["p_value"].isna().all()


def test_every_row_tells_its_role_and_every_error_what_it_clusters_on(results):
    for result in results.values():
        assert set(result.estimates["role"]) <= set(ROLES) - {"benchmark"}
        told = result.estimates["status"].eq("estimated")
        assert result.estimates.loc[told, "convention"].notna().all()
        assert set(result.estimates.loc[told, "cluster_level"]) <= {"office", "county"}


def test_one_county_of_eleven_has_a_rank_and_neither_interval_nor_p_value(results):
    main = only(results[AAP], role="primary")
    assert main[["std_error", "conf_low", "conf_high", "p_value"]].isna().all()
    assert (main["cluster_level"], main["n_offices_treated"], main["n_offices_comparison"]) == ("county", 1, 10)
    rank = only(results[AAP], spec="main", term="simple", inference="placebo_rank")
    assert rank["df"] == 11
    assert rank["statistic"] / rank["df"] >= 1 / 11
    assert np.isnan(rank["p_value"])
    regression = rows(results[AAP], spec="twfe_static")
    assert regression[["std_error", "p_value", "conf_low"]].isna().all(axis=None)


def test_offices_as_units_give_the_same_number_with_an_interval_that_is_named_so(results):
    main = only(results[AAP], role="primary")
    other = only(results[AAP], spec="unit_office", term="simple", inference="jackknife")
    assert other["estimate"] == pytest.approx(main["estimate"], abs=1e-12)
    assert (other["cluster_level"], other["n_offices_treated"], other["df"]) == ("office", 8, 59)


def test_the_other_counties_take_out_the_trend_and_leave_regression_to_the_mean(results):
    """−10.0 is −1.7 of the country, −5.5 of chance and −2.8 of the campaign; −8.3 is not −2.8."""
    in_may = month_number("2021-05") - month_number("2020-11")
    found = only(results[AAP], spec="main", term="dynamic", event_time=in_may, inference="jackknife")
    assert found["estimate"] == pytest.approx(-0.083, abs=0.0005)


def test_the_checks_of_the_county_fail_and_name_the_year_before(results):
    card = card_of(AAP)
    verdicts = check_staggered(card, results[AAP].estimates)
    failed = {check.name: check for check in verdicts.checks if not check.passed}
    assert list(failed) == ["few_treated_offices", "placebo", "imprecision", "limitation_picked"]
    assert failed["placebo"].values == {"rank": 1, "assignments": 11}
    assert (verdicts.grade.grade, verdicts.grade.verbs) == ("very_low", "description")


def test_the_checks_of_youth_teams_hold_but_for_precision(results):
    verdicts = check_staggered(card_of(YOUTH), results[YOUTH].estimates)
    told = {check.name: check.verdict for check in verdicts.checks if not check.name.startswith("limitation")}
    assert told == {
        "few_treated_offices": "passed",
        "placebo": "passed",
        "imprecision": "failed",
        "choices": "passed",
        "family": "passed",
        "detectable_difference": "noted",
    }
    assert (verdicts.grade.verbs, verdicts.grade.held_back) == ("adjusted", ("very_low",))


def test_every_estimator_of_youth_teams_is_near_the_truth_and_the_regression_is_not(results):
    table = results[YOUTH].family["family"].set_index("estimator")
    effects = table.drop(index="twfe_static")
    assert len(effects) == 8
    assert (effects["conf_low"] < 0.0807).all()
    assert (effects["conf_high"] > 0.0807).all()
    assert table.loc["twfe_static", "conf_high"] < 0.0807
    bacon = results[YOUTH].family["bacon"]
    late = bacon[bacon["kind"].eq("later_vs_earlier")]
    assert late["weight"].sum() > 0.5
    mean = float(late["weight"] @ late["estimate"]) / late["weight"].sum()
    assert mean < table.loc["twfe_static", "estimate"]


def test_no_mixture_of_counties_lies_as_high_and_one_office_has_a_synthetic_control(results):
    table = results[AAP].family["family"].set_index(["estimator", "spec"])
    assert table.loc[("synthetic_control", "family"), "reason"] == "poor_pre_fit"
    office = table.loc[("synthetic_control", "family;unit=9360")]
    assert (office["rank"], office["assignments"]) == (1, 53)
    ranked = table.loc[("imputation", "family")]
    assert (ranked["rank"], ranked["assignments"]) == (3, 11)
    # The county was chosen at its peak: against all months before little is left.
    assert abs(ranked["estimate"]) < 0.02 < 0.07 < abs(table.loc[("callaway_santanna", "main"), "estimate"])


@pytest.mark.parametrize(("cohort", "outcome", "horizon"), [(YOUTH, OUTCOME, 12), (AAP, SHARE, None)])
def test_the_released_cells_give_the_headline_again(results, cohort, outcome, horizon):
    card = card_of(cohort)
    released = release(card, {"estimates": results[cohort].estimates, "office_cells": results[cohort].office_cells})
    again = effects_from_cells(card, released.tables["office_cells"], outcome, horizon)
    listed = parameters(again.group_time, Design(sampling="cross_section")).table
    simple = listed.loc[listed["term"] == "simple", "estimate"].iloc[0]
    assert simple == pytest.approx(only(results[cohort], role="primary")["estimate"], abs=1e-12)
    assert tuple(released.tables["office_cells"]) == OFFICE_CELLS


def renamed(table, column, names):
    """The table with other names, in another order."""
    return table.assign(**{column: table[column].map(names)}).sample(frac=1, random_state=7)


def test_neither_the_order_of_rows_nor_the_names_of_offices_move_a_number(tables):
    # The series names one office, which would be another; its own test moves the rows of the same offices.
    card, own = stages.changed(few_permutations(card_of(AAP)), series=None), tables[AAP]
    expected = estimate_staggered(card, **own, **stages.who(AAP)).estimates
    named = {name: f"{9999 - int(name)}" for name in own["offices"]["office_id"]}
    moved = {
        "baseline": own["baseline"],
        "months": own["months"],
        "aggregates": own["aggregates"]
        .assign(unit_id=own["aggregates"]["unit_id"].map(named))
        .sample(frac=1, random_state=7),
        "offices": own["offices"]
        .assign(office_id=own["offices"]["office_id"].map(named))
        .sample(frac=1, random_state=8),
    }
    again = estimate_staggered(card, **moved, **stages.who(AAP)).estimates
    # Drawn assignments are other ones when offices have other names; enumerated ones are not.
    fixed = ~again["convention"].fillna("").str.contains("seed")
    pd.testing.assert_frame_equal(again[fixed], expected[fixed], rtol=1e-9, atol=1e-11)


def test_the_order_of_persons_moves_no_cell(tables):
    card, own = card_of(YOUTH), tables[YOUTH]
    shuffled = {**own, **{name: own[name].sample(frac=1, random_state=3) for name in ("baseline", "offices")}}
    pd.testing.assert_frame_equal(office_cells(card, **shuffled), office_cells(card, **own))


def test_the_seed_follows_the_plan():
    card = card_of(YOUTH)
    assert seed_of(card) == seed_of(card_of(YOUTH))
    assert seed_of(card) != seed_of(stages.changed(card, staggered__anticipation=1))
    assert import_module("analysis.plan").plan_hash(card).startswith(f"{seed_of(card):08x}")


def test_covariates_come_first_and_the_number_without_them_stands_beside(tables):
    card = stages.changed(
        few_permutations(card_of(YOUTH)),
        staggered__method="reg",
        staggered__formula="age",
        outcomes__secondary=[],
        horizons=[12],
    )
    found = estimate_staggered(card, **tables[YOUTH], **stages.who(YOUTH))
    main = only(found, role="primary")
    plain = only(found, spec="no_covariates", inference="jackknife")
    assert (main["inference"], main["n_offices_treated"]) == ("jackknife", 17)
    assert main["n_treated"] == plain["n_treated"]
    assert 0 < abs(main["estimate"] - plain["estimate"]) < 0.02
    assert {check.name for check in check_staggered(card, found.estimates).checks} >= {"placebo", "choices"}


def moved(source, *, gain=0.0, fall=0.0):
    """The cells with more successes after adoption, and with fewer in the months 15 to 4 before it."""
    table = source.cells.copy()
    since = table["month"] - table["adoption_month"]
    after, before = ((since >= 0).fillna(False), since.between(-15, -4).fillna(False))
    shift = np.select([after, before], [gain, -fall], 0.0)
    room = np.where(shift > 0, table["n"] - table["sum_y"], table["sum_y"])
    for column in ("sum_y", "sum_y2", "sum_wy", "sum_w2y", "sum_w2y2"):
        table[column] = table[column] + np.round(shift * room)
    return replace(source, cells=table)


def worded(tables, monkeypatch, **seeded):
    """Checks and grade of youth teams with seeded cells, and the first sentence of a report with those words."""
    module = import_module("analysis.estimate_staggered")
    source_of = module.source_of
    monkeypatch.setattr(module, "source_of", lambda *args: moved(source_of(*args), **seeded))
    monkeypatch.setattr(module, "family", lambda *args: SimpleNamespace(rows=[], tables={}))
    card = stages.changed(few_permutations(card_of(YOUTH)), horizons=[12], outcomes__secondary=[])
    card = stages.changed(card, checks__honest_bounds=[])
    found = estimate_staggered(card, **tables[YOUTH], **stages.who(YOUTH))
    honest = honest_table(card, found.events)
    beside = StaggeredTables(
        events=found.events,
        honest=honest,
        influence=found.influence,
        cells=found.office_cells,
        missing=found.missing,
        placebo_offices=found.placebo_offices,
    )
    verdicts = check_staggered(card, found.estimates, beside)
    shown = replace(staggered_reports.material("team"), grade=verdicts.grade.record())
    return verdicts, printed.section_text(stages.report_of(shown), "sammendrag")


def test_a_seeded_pre_trend_violation_turns_the_words_from_indication_to_description(tables, monkeypatch):
    quiet, sentence = worded(tables, monkeypatch, gain=0.1)
    assert (quiet.grade.grade, quiet.grade.verbs) == ("low", "did_checked")
    assert "tyder på" in sentence
    monkeypatch.undo()
    seeded, sentence = worded(tables, monkeypatch, gain=0.1, fall=0.3)
    failed = {check.name for check in seeded.checks if not check.passed}
    assert {"placebo", "pre_trends", "last_before"} <= failed
    assert (seeded.grade.grade, seeded.grade.verbs) == ("very_low", "description")
    assert "tyder på" not in sentence
    assert "Tallene sier ikke hva forskjellen kommer av." in sentence


def test_the_event_study_and_the_headline_without_each_office_come_with_the_estimates(results):
    youth, county = results[YOUTH], results[AAP]
    assert sorted(youth.events["period"].unique()) == [-4, -3, -2, -1, 1, 2, 3, 4]
    assert (len(youth.influence), county.events.empty) == (20, True)
    jackknife = only(youth, role="primary")
    apart = youth.influence["estimate"] - jackknife["estimate"]
    assert np.sqrt(19 / 20 * (apart**2).sum()) == pytest.approx(jackknife["std_error"], rel=1e-9)
