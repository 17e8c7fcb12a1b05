"""Reports of matched cohorts: every number a reference, times worded by how people start, and nothing left unsaid."""

import re

import deviation_reports
import matched_starts
import pandas as pd
import printed
import pytest
import stages
import test_report_model as shared
import variants
from made import reports_of

from analysis.report import figures
from analysis.results import estimate_id

NBSP, MINUS = "\u00a0", "\u2212"
TOLD = matched_starts.turns()
REPORTS = reports_of(TOLD)
STARTS = "starts"
SIZES = ("n_treated_matched", "n_comparison_matched", "ess_comparison")
each_way = pytest.mark.parametrize("name", TOLD)


def test_a_changed_plan_is_shown_with_its_dates_and_both_numbers():
    material = deviation_reports.changed(deviation_reports.planned_rows(), "matching")
    text = printed.section_text(stages.report_of(material), "avvik")
    for words in ("Planlagt", "Utført", "21. november 2026", "Kaliperen var for streng."):
        assert words in text
    assert "avvik" not in {section["id"] for section in stages.report(stages.NSW)["sections"]}


def test_every_page_of_a_rehearsal_says_that_it_is_one():
    report = stages.report_of(deviation_reports.blinded())
    assert report["banner"]["heading"] == "Blindet prøvekjøring"
    assert report["provenance"]["run_id"] == "blindet"


def stated_words(material):
    """What card, outcome library and the reasons of failed rows say in their own words."""
    card = material.card.model_dump(mode="json")
    keys = ("background", "population", "content", "time_zero", "assignment", "estimand", "limitations", "sources")
    found = [card[key] for key in (*keys, "covariates", "disclosure", "sensitivity", "arms", "synthetic")]
    found += [[outcome.definition, outcome.label, outcome.phrase] for outcome in shared.load_outcomes().values()]
    found += [card["matching"]["formula"], material.estimates["reason"].dropna().tolist()]
    return sorted(set(shared.strings(found)), key=len, reverse=True)


@each_way
def test_every_number_in_text_and_tables_is_a_reference(name):
    stated = stated_words(TOLD[name])
    for runs in printed.all_runs(REPORTS[name]):
        plain = "".join("\ue000" if "number" in run else run["text"] for run in runs)
        assert shared.unexplained(plain, stated) == [], printed.text(runs)


@each_way
def test_every_reference_leads_to_the_value_that_it_names(name):
    material = TOLD[name]
    rows = {estimate_id(row): row for _, row in material.estimates.iterrows()}
    checks = {check.name: {"value": check.value, **check.values} for check in material.checks}
    matching = material.tables["matching"].set_index("spec")
    profile = material.tables["profile"].set_index("covariate")
    offices = material.tables["cluster_balance"]
    offices = offices.set_index(offices["covariate"] + "/" + offices["sample"])
    keyed = {"matching": matching, "profile": profile, "cluster_balance": offices}
    for number in REPORTS[name]["numbers"].values():
        source, value = number["source"], number["value"]
        if source["table"] == "estimates":
            assert rows[source["row"]][source["column"]] == value
        elif source["table"] == "checks" and source["column"] in checks.get(source["row"], {}):
            assert checks[source["row"]][source["column"]] == value
        elif source["table"] in keyed:
            assert keyed[source["table"]].loc[source["row"], source["column"]] == value
        elif source["table"] == "attrition":
            assert value in set(material.tables["attrition"]["persons"]) | set(
                material.tables["attrition"]["offices"]
            ) | {matched_starts.TREATED + matched_starts.OTHERS}
        else:
            assert source["table"] in ("cohort", "cells", "balance", "overlap", "checks")


@each_way
def test_every_figure_can_be_drawn_and_every_row_is_as_long_as_its_head(name):
    for block in printed.blocks_of(REPORTS[name], "figure").values():
        assert figures.draw(block["kind"], block["data"])
        assert {len(row) for row in block["table"]["rows"]} == {len(block["table"]["columns"])}
    for block in printed.blocks_of(REPORTS[name], "table").values():
        assert {len(row) for row in block["rows"]} == {len(block["columns"])}


def test_starts_of_their_own_are_told_in_months_from_the_start_and_a_common_one_in_calendar_months():
    own = printed.section_text(REPORTS[STARTS], "sammendrag", "data-og-metode", "resultater", "over-tid")
    assert "fra 6 måneder før start til 12 måneder etter start" in own
    assert "Uten matching: forskjell 12 måneder etter start" in own
    assert not re.search(rf"(?:{shared.MONTHS}) \d{{4}}", own)
    common = printed.section_text(stages.report(stages.NSW), "sammendrag", "data-og-metode", "resultater", "over-tid")
    assert "fra desember 1975 til desember 1978" in common
    assert "etter start" not in common.replace("etter starttidspunktet", "")


def test_each_horizon_has_its_row_and_its_bar_in_the_order_of_time():
    report, horizons = REPORTS[STARTS], sorted(matched_starts.HORIZONS)
    rows = printed.rows_of(report, "tab-horisont-in-work-last-day")
    assert [row[0] for row in rows] == [f"{months} måneder etter start" for months in horizons]
    series = printed.blocks_of(report, "figure")["fig-horisonter"]["data"]["series"][0]
    estimates = TOLD[STARTS].estimates
    main = estimates.query("spec == 'main' and estimator == 'matched_did_2x2' and outcome == @matched_starts.WORK")
    main = main.sort_values("horizon_months").set_index("horizon_months").loc[horizons]
    assert series["x"] == horizons
    assert series["y"] == list(main["estimate"])
    assert (series["low"], series["high"]) == (list(main["conf_low"]), list(main["conf_high"]))


def test_a_difference_that_falls_back_is_told_by_its_numbers_and_one_that_does_not_by_its_last():
    summary = printed.section_text(REPORTS[STARTS], "sammendrag")
    told = re.search(
        r"Forskjellen er størst (12 måneder etter start), (\S+) prosentpoeng .*, og ikke lenger klar 24 måneder etter "
        r"start: (\S+) prosentpoeng",
        summary,
    )
    main = (
        TOLD[STARTS]
        .estimates.query("spec == 'main' and estimator == 'matched_did_2x2' and outcome == @matched_starts.WORK")
        .set_index("horizon_months")["estimate"]
    )
    assert [told[2], told[3]] == [f"{100 * main[months]:.1f}".replace(".", ",") for months in (12, 24)]
    assert "avtar" not in summary
    rising = printed.section_text(REPORTS["starts: persons, two horizons"], "sammendrag")
    assert "Anslaget er størst ved den siste målingen, 12 måneder etter start" in rising


def test_the_table_of_specifications_has_a_row_for_each_and_the_reason_of_the_one_that_failed():
    material, rows = TOLD[STARTS], printed.rows_of(REPORTS[STARTS], "tab-varianter")
    assert len(rows) == 1 + len(material.card.sensitivity)
    by_start = {row[0].partition(" (")[0].partition(".")[0]: row for row in rows}
    main = material.tables["matching"].set_index("spec").loc["main"]
    assert by_start["Hovedanalysen"][1:4] == [f"{main[name]:.0f}" for name in SIZES]
    assert by_start["Hovedanalysen"][0] == "Hovedanalysen (nærmeste nabo)"
    assert by_start["Liten avstand"][0] == "Liten avstand (nærmeste nabo, annen avstandsgrense)"
    assert by_start["Full matching"][0] == "Full matching"
    failed = by_start["Bare høye skårer"]
    assert "Kan ikke anslås: skårgrenser: ingen i tiltaksgruppen har en skår innenfor grensene." in failed[0]
    assert set(failed[1:]) == {"–"}
    note = next(check for check in material.checks if check.name == "spread")
    assert f"i {note.values['n_specs']} varianter" in printed.section_text(REPORTS[STARTS], "resultater")


def test_equally_good_partners_drawn_anew_give_a_range_that_stands_in_the_text():
    report = stages.report(stages.NSW)
    rows = (
        stages.material(stages.NSW).estimates.query("outcome == 'any_earnings_in_year'").set_index("spec")["estimate"]
    )
    ends = [f"{100 * rows[f'ties_{end}']:.1f}".replace(".", ",") for end in ("low", "high")]
    assert f"ligger anslaget mellom {ends[0]} og {ends[1]} prosentpoeng" in printed.section_text(report, "resultater")


def test_what_was_put_in_stands_beside_the_estimate_and_says_whether_the_interval_holds_it():
    material, rows = TOLD[STARTS], printed.rows_of(REPORTS[STARTS], "tab-fasit")
    main = material.estimates.query("spec == 'main' and estimator == 'matched_did_2x2'")
    main = main.set_index(["outcome", "horizon_months"])
    for effect, row in zip(material.card.synthetic.effects, rows, strict=True):
        if effect.group is not None:
            assert row[3:] == ["–", "–", "ikke anslått"]
        else:
            found = main.loc[(effect.outcome, effect.horizon)]
            holds = found["conf_low"] <= effect.value <= found["conf_high"]
            assert row[5] == ("ja" if holds else "nei")
    assert {row[5] for row in rows} == {"ja", "nei", "ikke anslått"}
    assert "Syntetiske data:" in printed.section_text(REPORTS[STARTS], "sammendrag")
    assert REPORTS[STARTS]["banner"]


def test_made_up_numbers_are_never_advice():
    for name, report in REPORTS.items():
        text = printed.section_text(report, "betydning")
        assert "Tallene er laget for å prøve metoden." in text
        adjusted = TOLD[name].grade["verbs"] == "adjusted"
        assert ("Sammenligningen består ikke kontrollene" in text) == adjusted
        assert ("består ikke alle kontrollene" in printed.section_text(report, "sammendrag")) == adjusted


def test_who_is_left_is_told_against_all_and_the_lost():
    material, report = TOLD[STARTS], REPORTS[STARTS]
    text = printed.section_text(report, "balanse")
    profile = material.tables["profile"].set_index("covariate")
    worst = {"age": "Alder", "woman": "Kvinne", "days": "Dager"}[profile["smd"].abs().idxmax()]
    assert f"Mest skiller de seg fra alle deltakerne i «{worst}»" in text
    assert [row[0] for row in printed.rows_of(report, "tab-hvem")] == ["Alder", "Kvinne", "Dager"]
    everybody = (
        REPORTS["starts: weighted, offices"] if _all_kept("starts: weighted, offices") else REPORTS["starts: entropy"]
    )
    assert f"Alle de {matched_starts.TREATED} deltakerne er med i anslaget." in printed.section_text(
        everybody, "balanse"
    )
    assert "tab-hvem" not in printed.blocks_of(everybody, "table")


def _all_kept(name):
    return TOLD[name].check("lost_treated").value == 0


def test_each_step_of_matching_has_its_words_in_the_flow():
    seen = set()
    for name, material in TOLD.items():
        text = printed.section_text(REPORTS[name], "deltakerflyt")
        for _, row in material.tables["attrition"].iterrows():
            seen.add(row["reason"])
            assert f"\n{row['persons']}" in text or str(row["persons"]) in text
    assert {
        "outside_population",
        "measured",
        "matched",
        "no_comparison_within_caliper",
        "outside_common_support",
    } <= seen
    assert {"score_outside_limits", "comparisons_taken", "no_comparison_in_stratum", "treated_not_chosen"} & seen


def test_offices_are_told_as_a_range_and_left_out_where_there_are_none():
    table = TOLD[STARTS].tables["cluster_balance"].query("sample == 'adjusted'")
    worst = table.loc[table["maximum"].idxmax()]
    text = printed.section_text(REPORTS[STARTS], "balanse")
    assert f"over {worst['n_offices']} kontorer" in text
    assert f"til {worst['maximum']:.2f}".replace(".", ",") in text
    assert "tab-kontorbalanse" not in printed.blocks_of(stages.report(stages.NSW), "table")


def test_shares_are_standardised_in_the_plot_and_in_percentage_points_in_its_table():
    material, report = stages.material(stages.NSW), stages.report(stages.NSW)
    block = printed.blocks_of(report, "figure")["fig-balanse"]
    balance = material.tables["balance"].query("spec == 'main'").set_index(["covariate", "sample"])
    before = [row["before"] for row in block["data"]["rows"]]
    assert before == sorted(before, reverse=True)
    assert block["data"]["threshold"]["value"] == material.card.checks.smd_limit
    labels = {item.label.nb: item.name for item in material.card.covariates}
    for row in block["table"]["rows"]:
        name = labels[printed.text(row[0])]
        points = balance.loc[(name, "unadjusted"), "pp_difference"]
        assert (printed.text(row[3]) == "–") == pd.isna(points)
    assert "Også andeler er standardisert" in printed.text(block["caption"])


def test_every_choice_of_the_method_stands_in_the_annex():
    text = printed.section_text(REPORTS["starts: in the county first"], "data-og-metode", "metode")
    for words in (
        "Personer i samme fylke er valgt først.",
        "Samme fylke først",
        "Sannsynlighet",
        "0,20 standardavvik av skåren",
    ):
        assert words in text
    raw = printed.section_text(REPORTS["starts: used again"], "metode")
    assert "0,010 i skår" in raw
    assert "Samme person kan brukes flere ganger" in raw
    assert "i rekkefølge" not in raw
    weighted = printed.section_text(REPORTS["starts: weighted"], "data-og-metode", "metode")
    assert "Standardfeilene tar hensyn til at vektene selv er anslått." in weighted
    assert "M-estimering" in weighted
    assert "MatchIt" not in weighted


def test_an_interval_made_for_reuse_stands_beside_the_main_one():
    text = printed.section_text(REPORTS["starts: used again"], "resultater")
    assert "Med Abadie og Imbens' standardfeil" in text


def test_what_one_group_alone_was_asked_is_not_compared():
    rows = printed.rows_of(REPORTS[STARTS], "tab-en-gruppe")
    assert [row[:2] for row in rows] == [["Ansettelse", "Deltakerne"]]
    assert "tab-hired" not in printed.blocks_of(REPORTS[STARTS], "table")


def test_checks_that_fail_are_told_without_a_benchmark_too():
    failing = stages.report_of(variants.matched(lost=60, effective=20.0, smd=0.3, **variants.NO_BENCHMARK))
    assert "består ikke alle kontrollene" in printed.section_text(failing, "sammendrag")
    passing = stages.report_of(variants.matched(variants.UP, **variants.NO_BENCHMARK))
    assert "består ikke alle kontrollene" not in printed.section_text(passing, "sammendrag")
