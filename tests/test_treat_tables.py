"""Rules of single tables under a profile: nothing leaves without one, or says more than the numbers it rests on."""

from functools import cache

import grid_reports
import matched_starts
import numpy as np
import pandas as pd
import pytest
import stages
import staggered_reports
import trial_reports
from test_treat_lists import KEY, PROFILES, TREATING
from treated_reports import restricted

from analysis.disclosure.behind import Behind
from analysis.disclosure.published_counts import published_counts
from analysis.disclosure.release_tables import TREATED_TABLES, WITHHELD
from analysis.disclosure.treat_given import Given, ends_about
from analysis.disclosure.treat_rules import RULES
from analysis.release import release
from analysis.tables import CERTIFICATE, ESTIMATES, FINDINGS, HONEST, OFFICE_SIZES, PROFILE, RELEASED


@cache
def trial():
    """The trial of twelve offices with a curve."""
    return grid_reports.with_curve(trial_reports.material(), "offices", grid=grid_reports.OFFICES)


def released(material, key="public", **tables):
    # Read from files of text; restricted tables have whole months.
    cells = material.tables["cells"].astype({"event_time": "Int64"})
    return release(restricted(material.card, key), {**material.tables, "cells": cells, **tables}, key=KEY)


@cache
def of_trial(key="public"):
    return released(trial(), key)


def without_headline(material):
    """The tables with so few treated that the headline is hidden."""
    table = material.tables["estimates"].copy()
    table.loc[table["role"].eq("primary"), "n_treated"] = 9
    return {"estimates": table}


def planned(**changes):
    """The headline of the trial as that of another plan."""
    table = trial().tables["estimates"]
    return table[table["role"].eq("primary")].assign(spec="planned", role="sensitivity", **changes)[list(ESTIMATES)]


def test_every_released_table_has_a_rule_or_a_reason():
    assert set(WITHHELD) | set(TREATED_TABLES) == set(RELEASED)
    own = {"attrition", "cells", "estimates", "matching", "balance"}
    assert own | set(RULES) == set(TREATED_TABLES)


def test_what_is_withheld_says_why_and_what_is_not_there_says_nothing():
    sizes = pd.DataFrame([dict.fromkeys(OFFICE_SIZES, 3)])
    actions = released(trial(), office_sizes=sizes).ledger["tables"]
    assert actions["office_sizes"] == {"rows": 0, "withheld": True, "why": "offices"}
    assert actions["bacon"] == {"rows": 0, "withheld": False, "why": None}
    assert {"why": None, "withheld": False}.items() <= actions["specifications"].items()


@pytest.mark.parametrize("key", ["public", "nav"])
def test_the_ledger_tells_neither_how_many_values_were_changed_nor_how_many_are_hidden(key):
    actions = released(trial(), key).ledger["tables"]
    assert {name for action in actions.values() for name in action} == {"rows", "withheld", "why"}
    assert actions["attrition"]["rows"] == len(trial().tables["attrition"])


@pytest.mark.parametrize("key", ["public", "nav"])
def test_the_planned_headline_stands_as_the_one_beside_it(key):
    found = released(trial(), key, planned=planned()).tables
    headline = found["estimates"][found["estimates"]["role"].eq("primary")].iloc[0]
    shown = found["planned"].iloc[0]
    assert shown["role"] == "sensitivity"
    assert shown["estimate"] == headline["estimate"]
    assert shown["n_treated"] == headline["n_treated"]
    assert found["planned"][["df", "statistic", "base_rate", "convention"]].isna().all(axis=None)


@pytest.mark.parametrize("changes", [{"n_treated": 60}, {"n_comparison": 12}, {"horizon_months": 36}])
def test_a_plan_with_other_persons_or_another_time_has_no_effect_to_show(changes):
    found = released(trial(), planned=planned(**changes)).tables["planned"]
    assert found[["estimate", "std_error", "p_value", "conf_low", "conf_high"]].isna().all(axis=None)


@pytest.mark.parametrize("key", TREATING)
def test_the_curve_stands_rounded_or_not_at_all_and_its_tests_with_it(key):
    found, before = of_trial(key).tables, trial().tables
    shown = found["specifications"].dropna(subset=["estimate"])
    true = before["specifications"].set_index("spec").loc[shown["spec"], "estimate"].to_numpy()
    assert (np.abs(shown["estimate"] - true) <= 0.005).all()
    assert (shown["estimate"].round(3) == shown["estimate"]).all()
    hidden = found["specifications"][found["specifications"]["estimate"].isna()]
    assert hidden[["rank", "band_low", "band_median", "band_high"]].isna().all(axis=None)
    assert found["specification_tests"]["p_value"].notna().all() == bool(len(shown))


def test_analyses_of_other_partners_are_hidden_with_their_place_in_the_curve():
    material = grid_reports.with_curve(matched_starts.material(), "persons", grid=grid_reports.PERSONS)
    before = material.tables["specifications"].dropna(subset=["estimate"])
    usual = before.loc[before["is_main"].astype(bool), "choices"].iloc[0].split(";")
    found = released(material, "ssb").tables["specifications"]
    others = before[~before["choices"].map(lambda text: alike(text.split(";"), usual, ("method", "caliper")))]
    gone = found[found["spec"].isin(others["spec"])]
    assert len(gone) == len(others) > 0
    assert gone[["estimate", "rank", "band_low", "band_high"]].isna().all(axis=None)
    hidden = found["estimate"].isna()
    # What is hidden stands last, by name: its place says nothing of its size.
    assert hidden.is_monotonic_increasing
    assert found.loc[hidden, "spec"].is_monotonic_increasing


def alike(own, usual, axes):
    return all(one == other for one, other in zip(own, usual, strict=True) if one.split("=")[0] in axes)


def test_a_hidden_headline_takes_curve_certificate_and_robust_intervals_with_it():
    honest = pd.DataFrame([{**dict.fromkeys(HONEST, 0.123456), "restriction": "smoothness", "method": "flci"}])
    certificate = pd.DataFrame([{**dict.fromkeys(CERTIFICATE, 0.123456), "analysis": "main", "studies": 400}])
    beside = {"honest": honest, "certificate": certificate}
    assert released(trial(), **beside).tables["honest"]["estimate"].notna().all()
    found = released(trial(), **beside, **without_headline(trial())).tables
    assert found["specifications"]["estimate"].isna().all()
    assert found["specification_tests"][["value", "p_value"]].isna().all(axis=None)
    assert found["honest"][["estimate", "conf_low", "identified_high", "breakdown"]].isna().all(axis=None)
    assert found["certificate"][["bias", "sd", "coverage", "test_rejections"]].isna().all(axis=None)
    assert found["certificate"]["studies"].tolist() == [400]


def test_figures_of_the_certificate_have_three_decimals():
    certificate = pd.DataFrame([{**dict.fromkeys(CERTIFICATE, 0.123456), "analysis": "main", "studies": 400}])
    found = released(trial(), certificate=certificate).tables["certificate"].iloc[0]
    assert (found["bias"], found["sd"], found["coverage"], found["studies"]) == (0.123, 0.123, 0.123, 400)


def test_the_ends_of_intervals_follow_the_printed_estimate():
    ends = ends_about(0.12, 0.1249, pd.Series([0.0351, 0.2049]), 2)
    assert ends.tolist() == [0.03, 0.2]


def test_the_family_stands_for_whole_groups_and_says_nothing_of_single_offices():
    material = staggered_reports.material("team")
    table = material.tables["family"]
    beside = table.iloc[[0, 1, 2]].assign(
        estimator=["synthetic_control", "triple_differences", "imputation"],
        spec=["family", "family", "family;unit=0301"],
    )
    found = released(material, family=pd.concat([table, beside], ignore_index=True)).tables["family"]
    assert found["estimate"].head(len(table)).notna().all()
    assert (found["estimate"].round(3) == found["estimate"]).head(len(table)).all()
    assert found.tail(3)[["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert found[["df", "rank", "assignments"]].isna().all(axis=None)


def profile_rows(kept):
    row = {**dict.fromkeys(PROFILE, 0.2345), "covariate": "age", "kind": "numeric", "n_all": 185, "n_kept": kept}
    return pd.DataFrame([row])


@pytest.mark.parametrize(("kept", "stands"), [(135, True), (185, False), (183, False), (8, False)])
def test_those_who_are_left_are_told_apart_from_all_where_many_were_lost(kept, stands):
    """As arithmetic on published sizes: of a few who were lost, the difference would be their own mean."""
    rule = PROFILES["public"]
    behind = Behind({"t": published_counts([185, kept], [], rule, key=KEY)}, {"treated": "t"}, pd.DataFrame(), rule)
    found = RULES["profile"](profile_rows(kept), Given(stages.card(stages.NSW), {}, behind, KEY)).iloc[0]
    assert (found["smd"] == 0.23) if stands else pd.isna(found["smd"])
    assert found.drop(["covariate", "kind", "smd"]).isna().all()


def test_findings_leave_without_counts_places_and_texts():
    row = {**dict.fromkeys(FINDINGS, "personer, rad 7"), "rule": "dates", "severity": "WARNING", "accepted": "Kjent."}
    found = released(trial(), findings=pd.DataFrame([row])).tables["findings"].iloc[0]
    assert (found["rule"], found["severity"], found["accepted"]) == ("dates", "WARNING", "Kjent.")
    assert found[["place", "column", "count", "what"]].isna().all()


@pytest.mark.parametrize("key", TREATING)
def test_every_row_says_what_was_done_to_it(key):
    for name, table in of_trial(key).tables.items():
        column = "disclosure_status" if "status" in RELEASED[name] else "status"
        assert set(table[column]) <= {"exact", "rounded", "hidden"}
        assert table.index.tolist() == list(range(len(table)))
