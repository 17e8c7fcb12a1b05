"""Reports of cohorts of every design as the rules of release treat them: what is printed is what is published."""

from functools import cache

import pandas as pd
import printed
import pytest
import stages
from treated_shown import grounds, released

from analysis.report import html, pdf

SHARED = stages.ROOT / "reports" / "_shared"
DESIGNS = ("matched", "trial", "persons", "staggered", "county", "described")
PROFILES = ("public", "nav")
# Where a value of one cell of a released table stands in the text.
COUNTS = {"attrition": "persons", "cells": "n"}


@cache
def report(name, profile):
    return stages.report_of(released(name, profile))


def words(made):
    return " ".join(printed.text(runs) for runs in printed.all_runs(made))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_is_a_web_page_under_each_profile(name, profile):
    page = html.render(report(name, profile), css="", fonts={}, template_folder=SHARED)
    assert "personvern" in page
    assert not {"nan", "NaN", "None"} & set(words(report(name, profile)).replace(",", " ").split())


@pytest.mark.parametrize(("name", "profile"), [("matched", "public"), ("persons", "nav"), ("staggered", "public")])
def test_designs_are_printed(name, profile):
    made = pdf.render(report(name, profile), template=SHARED / "report.typ", font_folder=SHARED / "fonts")
    assert made.startswith(b"%PDF")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", DESIGNS)
def test_every_count_in_the_report_is_one_of_the_published_table(name, profile):
    tables, seen = released(name, profile).tables, 0
    for number in report(name, profile)["numbers"].values():
        source = number["source"]
        if COUNTS.get(source["table"]) == source["column"]:
            assert number["value"] in set(tables[source["table"]][source["column"]].dropna())
            seen += 1
    assert seen


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", DESIGNS)
def test_every_effect_in_the_report_is_one_of_the_published_estimates(name, profile):
    estimates = released(name, profile).estimates
    for number in report(name, profile)["numbers"].values():
        source = number["source"]
        if source["table"] == "estimates" and source["column"] in ("estimate", "conf_low", "conf_high"):
            assert number["value"] in set(estimates[source["column"]].dropna())


def test_a_true_count_that_rounding_changed_is_nowhere_in_the_flow():
    before, after = grounds()["matched"].tables["attrition"], released("matched", "public").tables["attrition"]
    changed = set(before["persons"]) - set(after["persons"])
    assert changed
    flow = printed.section_text(report("matched", "public"), "deltakerflyt")
    assert not [count for count in changed if f" {count} personer" in flow]


@pytest.mark.parametrize("name", DESIGNS)
def test_each_withheld_table_is_named_with_a_reason(name):
    actions = released(name, "public").provenance["disclosure"]["tables"]
    gone = [table for table, action in actions.items() if action["withheld"]]
    blocks = printed.blocks_of(report(name, "public"), "table")
    rows = printed.rows_of(report(name, "public"), "tab-tilbakeholdt") if "tab-tilbakeholdt" in blocks else []
    assert len(rows) == len(gone)
    assert all(why.endswith(".") for _, why in rows)


def test_a_hidden_headline_is_told_and_its_distance_to_the_released_counts_is_not():
    made = released("persons", "nav")
    primary = made.estimates.query("role == 'primary'")
    assert pd.isna(primary["estimate"]).all()
    assert "Hovedtallet kan ikke vises" in printed.section_text(report("persons", "nav"), "sammendrag")
    found = made.provenance["disclosure"]["from_cells"]
    assert found is None or found["difference"] is None


@pytest.mark.parametrize("name", ["matched", "trial"])
def test_a_difference_is_printed_with_the_decimals_that_it_was_released_with(name):
    made = report(name, "public")
    rows = released(name, "public").estimates
    shown = rows.loc[rows["scale"].eq("difference"), "estimate"].dropna()
    whole = bool(shown.eq(shown.round(2)).all())
    own = [
        number["text"]
        for number in made["numbers"].values()
        if number["unit"] == "percentage_points" and number["source"]["table"] == "estimates"
    ]
    assert own
    assert ("," in "".join(own)) is not whole
