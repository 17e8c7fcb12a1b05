"""Reports of staggered adoption: every number a reference, the words of the gate, base and adoption marked."""

import re
from dataclasses import replace
from functools import partial

import page as page_validation
import printed
import pytest
import stages
import staggered_reports
import test_report_model as shared
from made import Made, reports_of

from analysis.report import figures, html, pdf
from analysis.results import estimate_id

SHARED = stages.STRINGS.parents[1]
CSS = (SHARED / "report.css").read_text("utf-8")
MADE = Made({kind: partial(staggered_reports.material, kind) for kind in staggered_reports.SHAPES})
REPORTS = reports_of(MADE)
TEAM, COUNTY = "team", "county"
TABLES = ("cohort", "cells", "attrition", "balance", "office_cells", "checks", "bacon")
TABLES += ("synthetic_paths", "donors", "synthetic_fit")

each_kind = pytest.mark.parametrize("kind", MADE)


def points(value):
    return f"{100 * value:.1f}".replace(".", ",").replace("-", "\u2212")


def main_rows(kind, term):
    found = MADE[kind].estimates
    horizon = found["horizon_months"].isna() | found["horizon_months"].eq(12)
    wanted = found["term"].eq(term) & found["inference"].eq("jackknife") & found["spec"].eq("main")
    return found[wanted & horizon]


@each_kind
def test_every_number_in_text_and_tables_is_a_reference(kind):
    card = MADE[kind].card.model_dump(mode="json")
    keys = ("background", "population", "content", "time_zero", "assignment", "estimand", "limitations", "sources")
    found = [card[key] for key in (*keys, "covariates", "disclosure", "arms", "synthetic")]
    found += [[outcome.definition, outcome.label, outcome.phrase] for outcome in shared.load_outcomes().values()]
    found += ["bind 225", "bind 110", *MADE[kind].tables["office_cells"]["office_id"].unique()]
    stated = sorted(set(shared.strings(found)), key=len, reverse=True)
    for runs in printed.all_runs(REPORTS[kind]):
        plain = "".join("\ue000" if "number" in run else run["text"] for run in runs)
        assert shared.unexplained(plain, stated) == [], printed.text(runs)


@each_kind
def test_every_reference_leads_to_the_value_that_it_names(kind):
    rows = {estimate_id(row): row for _, row in MADE[kind].estimates.iterrows()}
    for number in REPORTS[kind]["numbers"].values():
        source, value = number["source"], number["value"]
        if source["table"] == "estimates" and source["column"] == "convention":
            assert re.search(rf"(?:G=|base month ){value}\b", rows[source["row"]]["convention"])
        elif source["table"] == "estimates":
            assert rows[source["row"]][source["column"]] == value
        elif source["table"] == "family":
            own = MADE[kind].tables["family"]
            own = own[(own["estimator"] + "/" + own["spec"]).eq(source["row"])]
            assert own[source["column"]].tolist() == [value]
        else:
            assert source["table"] in TABLES


@each_kind
def test_every_figure_can_be_drawn_and_every_row_is_as_long_as_its_head(kind):
    for block in printed.blocks_of(REPORTS[kind], "figure").values():
        assert figures.draw(block["kind"], block["data"])
        assert {len(row) for row in block["table"]["rows"]} == {len(block["table"]["columns"])}
    for block in printed.blocks_of(REPORTS[kind], "table").values():
        assert {len(row) for row in block["rows"]} == {len(block["columns"])}


@pytest.mark.parametrize(
    ("verbs", "said"),
    [
        ("did_checked", "Resultatene tyder på at tett oppfølging bidro til en høyere andel"),
        ("adjusted", "Kontorene som innførte tett oppfølging, hadde en sterkere utvikling"),
        ("description", "Tallene sier ikke hva forskjellen kommer av."),
    ],
)
def test_the_main_sentence_follows_the_verb_gate(verbs, said):
    report = stages.report_of(replace(MADE[TEAM], grade={**MADE[TEAM].grade, "verbs": verbs}))
    summary = printed.section_text(report, "sammendrag")
    assert said in summary
    assert points(main_rows(TEAM, "simple")["estimate"].iloc[0]) in summary
    assert ("effekt er" in summary) == (verbs == "did_checked")


def test_counts_over_time_are_never_told_as_an_effect_and_their_reservations_stand_in_the_summary():
    told = printed.section_text(REPORTS[COUNTY], "sammendrag", "resultater", "over-tid", "balanse")
    for word in (r"effekt\w*", "førte til", "bidro til", "tyder på", "økte", "reduserte"):
        assert not re.search(rf"\b{word}\b", told), word
    summary = printed.section_text(REPORTS[COUNTY], "sammendrag")
    assert "regresjon mot gjennomsnittet" in summary
    assert "ikke overgang til arbeid" in summary


def test_an_estimate_behind_which_one_county_stands_has_no_interval_and_says_so():
    found = MADE[COUNTY].estimates.copy()
    alone = found["inference"].ne("placebo_rank")
    found.loc[alone, ["conf_low", "conf_high", "std_error"]] = float("nan")
    found["n_offices_treated"] = found["n_offices_treated"].where(found["n_offices_treated"].isna(), 1)
    report = stages.report_of(replace(MADE[COUNTY], tables={**MADE[COUNTY].tables, "estimates": found}))
    summary = printed.section_text(report, "sammendrag")
    assert "da kan vi ikke regne ut et intervall" in summary
    assert "Plasseringen til det faktiske anslaget er nummer" in summary
    assert "tab-usikkerhet" in printed.blocks_of(REPORTS[COUNTY], "table")
    assert "Bare ett kontor har innført" in printed.section_text(report, "resultater")


def test_who_adopted_when_is_told_with_offices_and_persons():
    rows, cells = printed.rows_of(REPORTS[TEAM], "tab-innforing"), MADE[TEAM].tables["office_cells"]
    assert [row[0] for row in rows[:2]] == ["September 2009", "Mars 2010"]
    assert [int(row[1]) for row in rows] == [3, 3, 2, 1, 5]
    assert sum(int(row[2].replace("\u00a0", "")) for row in rows) == cells["n"].sum()
    assert [row[3] for row in rows] == ["ja"] * 4 + ["bare som sammenligning"]


def test_a_group_that_adopted_before_the_data_is_named_and_has_no_estimate():
    cells = MADE[TEAM].tables["office_cells"].copy()
    cells.loc[cells["office_id"].eq("0313"), "adoption_month"] = cells["month"].min() - 12
    report = stages.report_of(replace(MADE[TEAM], tables={**MADE[TEAM].tables, "office_cells": cells}))
    assert printed.rows_of(report, "tab-innforing")[0][3] == "nei, innførte før dataene begynner"


@each_kind
def test_the_event_study_has_every_time_with_its_base_and_marks_adoption(kind):
    block = printed.blocks_of(REPORTS[kind], "figure")["fig-hendelse"]
    main = main_rows(kind, "dynamic").sort_values("event_time")
    series, base = block["data"]["series"]
    assert series["x"] == main["event_time"].tolist()
    assert series["y"] == main["estimate"].tolist()
    assert (base["x"], base["y"]) == ([-1], [0.0])
    assert block["data"]["zero"]["value"] == 0
    rows = {printed.text(row[0]): [printed.text(cell) for cell in row[1:]] for row in block["table"]["rows"]}
    assert rows["1 måned før innføring"][0] == "utgangspunktet"
    assert rows["2 måneder før innføring"][0] == "1 måned før innføring"
    assert "Før innføringen ligger punktet" in printed.text(block["alt"])


def test_each_adoption_group_has_its_row_and_one_of_a_single_office_no_interval():
    rows = printed.rows_of(REPORTS[TEAM], "tab-kull")
    main = main_rows(TEAM, "group").sort_values("group")
    assert [row[1].removeprefix("+") for row in rows] == [points(value) for value in main["estimate"]]
    assert rows[-1][2] == "–"
    drawn = printed.blocks_of(REPORTS[TEAM], "figure")["fig-kull"]["data"]["rows"]
    assert [row["label"] for row in drawn] == ["September 2009", "Mars 2010", "September 2010", "veid snitt"]
    assert "tab-kull" not in printed.blocks_of(REPORTS[COUNTY], "table")


def test_the_regression_stands_beside_the_average_with_the_reason_why_they_differ():
    found = MADE[TEAM].estimates
    static = found[found["estimator"].eq("twfe_static") & found["inference"].eq("cr1_fixest")].iloc[0]
    text = printed.section_text(REPORTS[TEAM], "resultater")
    assert f"(two-way fixed effects) gir {points(static['estimate'])} prosentpoeng" in text
    assert "som sammenligning for dem som innfører senere" in text
    assert "Alle innførte samtidig" in printed.section_text(REPORTS[COUNTY], "resultater")


def test_uncertainty_is_told_with_clusters_degrees_and_a_rank_that_is_no_p_value():
    text = printed.section_text(REPORTS[TEAM], "resultater")
    assert "jackknife over G = 14 kontorer" in text
    assert "med 13 frihetsgrader" in text
    assert "så plasseringen er ikke en p-verdi" in text
    first = printed.rows_of(REPORTS[TEAM], "tab-usikkerhet")[0]
    assert first[0] == "Ett kontor ut om gangen (jackknife)"
    assert first[3:5] == ["14", "13"]
    drawn = stages.report_of(staggered_reports.material(TEAM, randomised=True))
    assert "(permutasjonstest, p " in printed.section_text(drawn, "resultater")


def test_with_few_treated_offices_no_p_value_stands_anywhere():
    text = printed.section_text(REPORTS[COUNTY], "resultater")
    assert "Bare 3 kontorer har innført tett oppfølging." in text
    assert {row[5] for row in printed.rows_of(REPORTS[COUNTY], "tab-usikkerhet")} == {"–"}


def test_what_was_put_in_stands_beside_the_estimate_of_the_same_group_and_month():
    rows = printed.rows_of(REPORTS[TEAM], "tab-fasit")
    groups = main_rows(TEAM, "group").set_index("group")["estimate"]
    assert rows[0][4].removeprefix("+") == points(main_rows(TEAM, "simple")["estimate"].iloc[0])
    assert rows[1][4].removeprefix("+") == points(groups["2009-09"])
    assert [row[-1] for row in rows[1:]] == ["nei", "uten intervall", "ikke anslått", "ikke anslått"]
    county = printed.rows_of(REPORTS[COUNTY], "tab-fasit")
    event = main_rows(COUNTY, "dynamic").set_index("event_time")["estimate"]
    assert county[0][4] == points(event[7])
    assert county[1][-1] == "ikke anslått"


@each_kind
def test_the_report_becomes_a_page_with_every_figure_and_equation(kind):
    page = html.render(REPORTS[kind], css=CSS, fonts={}, template_folder=SHARED)
    assert page.count('class="chart"') == len(printed.blocks_of(REPORTS[kind], "figure"))
    assert page.count("<math") == 3


@each_kind
def test_the_report_becomes_a_tagged_pdf(kind):
    content = pdf.render(REPORTS[kind], template=SHARED / "report.typ", font_folder=SHARED / "fonts")
    for profile in ("PDF_UA_1", "PDF_A_2A"):
        chosen = page_validation.ValidationProfile.__members__[profile]
        assert page_validation.validate_pdf_bytes(content, profile=chosen).is_compliant
