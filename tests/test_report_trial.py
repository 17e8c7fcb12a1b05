"""Reports of cluster-randomised trials: words of the gate, every inference, the figure of the draw, the flow."""

import re

import page as page_validation
import printed
import pytest
import stages
import test_report_model as shared
import trial_reports
from made import reports_of

from analysis.report import figures, html, pdf
from analysis.results import estimate_id

SHARED = stages.STRINGS.parents[1]
CSS = (SHARED / "report.css").read_text("utf-8")
MADE = trial_reports.turns()
REPORTS = reports_of(MADE)
MAIN, FEW = "trial", "trial: few offices"
HORIZON = trial_reports.HORIZONS[0]


def points(value):
    return f"{100 * value:.1f}".replace(".", ",").replace("-", "\u2212")


def row_of(name, **wanted):
    found = MADE[name].estimates
    for column, value in {"outcome": trial_reports.PRIMARY, "horizon_months": HORIZON, **wanted}.items():
        found = found[found[column].eq(value)]
    return found.iloc[0]


@pytest.mark.parametrize("name", [MAIN, FEW])
def test_every_number_in_text_and_tables_is_a_reference(name):
    card = MADE[name].card.model_dump(mode="json")
    keys = ("background", "population", "content", "time_zero", "assignment", "estimand", "limitations", "sources")
    found = [card[key] for key in (*keys, "covariates", "disclosure", "arms", "synthetic")]
    found += [[outcome.definition, outcome.label, outcome.phrase] for outcome in shared.load_outcomes().values()]
    found += ["bind 28", "bind 36", "bind 15", "bind 32", "CR1", "CR2", "CRV3"]
    stated = sorted(set(shared.strings(found)), key=len, reverse=True)
    for runs in printed.all_runs(REPORTS[name]):
        plain = "".join("\ue000" if "number" in run else run["text"] for run in runs)
        assert shared.unexplained(plain, stated) == [], printed.text(runs)


def test_every_reference_leads_to_the_value_that_it_names():
    rows = {estimate_id(row): row for _, row in MADE[MAIN].estimates.iterrows()}
    for number in REPORTS[MAIN]["numbers"].values():
        source = number["source"]
        if source["table"] != "estimates":
            assert source["table"] in (
                "cohort",
                "cells",
                "attrition",
                "balance",
                "checks",
                "permutation",
                "office_sizes",
            )
        elif "+" in source["column"]:
            assert sum(rows[source["row"]][name] for name in source["column"].split("+")) == number["value"]
        else:
            assert rows[source["row"]][source["column"]] == number["value"]


@pytest.mark.parametrize(
    ("name", "said", "unsaid"),
    [
        (MAIN, "Vi finner ingen klar forskjell.", "økte"),
        ("trial: up", "økte andelen i arbeid. Effekten er anslått til", "ingen klar forskjell"),
        ("trial: down", "reduserte andelen i arbeid. Effekten er anslått til", "økte"),
        ("trial: interval only", "Vi finner ingen sikker forskjell.", "økte"),
        ("trial: test only", "Vi finner ingen klar forskjell.", "økte"),
        ("trial: no interval", "Vi kan ikke regne ut et intervall", "økte"),
    ],
)
def test_the_main_sentence_says_no_more_than_interval_and_draw_allow(name, said, unsaid):
    text = printed.section_text(REPORTS[name], "sammendrag", "betydning")
    assert said in text
    assert unsaid not in text


def test_what_the_draw_does_not_carry_is_not_told_as_a_finding_later_either():
    assert "avgjør ikke om" in printed.section_text(REPORTS["trial: interval only"], "betydning")
    assert "Forsøket viser flere" in printed.section_text(REPORTS["trial: up"], "betydning")


def test_the_summary_has_shares_draw_horizons_and_the_other_average():
    text = printed.section_text(REPORTS[MAIN], "sammendrag")
    test, office = (
        row_of(MAIN, inference="permutation", spec="main"),
        row_of(MAIN, spec="office_average", inference="cr2"),
    )
    assert "Alle de 924 måtene de 12 kontorene kunne vært trukket på, er prøvd" in text
    assert f"{100 * test['p_value']:.1f}".replace(".", ",") + " prosent av dem" in text
    assert f"Teller hvert kontor likt, og ikke hver person, er forskjellen {points(office['estimate'])}" in text
    assert "18 måneder etter start er forskjellen" in text
    assert "Holms metode" in text
    few = printed.section_text(REPORTS[FEW], "sammendrag")
    assert "Planen nevner én prøve: hovedutfallet etter 12 måneder." in few
    assert "Teller hver person likt, og ikke hvert kontor" in few


def test_every_outcome_and_horizon_stands_with_its_test_and_holms():
    rows = printed.rows_of(REPORTS[MAIN], "tab-anslag")
    assert len(rows) == 4
    assert rows[0][0].endswith("(hovedanalysen)")
    assert rows[0][1].removeprefix("+") == points(row_of(MAIN, role="primary")["estimate"])
    assert all(len(row) == 6 for row in rows)
    assert all(len(row) == 5 for row in printed.rows_of(REPORTS[FEW], "tab-anslag"))


def test_every_inference_stands_beside_the_others_with_the_defaults_last_and_marked():
    rows = printed.rows_of(REPORTS[MAIN], "tab-usikkerhet")
    labels = [row[0] for row in rows]
    for words in (
        *("CR2", "permutasjonstest", "wild cluster bootstrap", "jackknife", "t-test", "Kenward og Roger"),
        *("Mancl og DeRouen", "Kauermann og Carroll", "Fay og Graubard", "justert for bakgrunn", "Snitt over kontorer"),
    ):
        assert any(words in label for label in labels), words
    assert [label.startswith("Ikke brukt, standard i") for label in labels] == [False] * (len(rows) - 2) + [True] * 2
    assert "utelukker de null om lag dobbelt så ofte" in printed.section_text(REPORTS[MAIN], "resultater")


def test_with_few_offices_only_permutation_tests_have_a_p_value():
    rows = printed.rows_of(REPORTS[FEW], "tab-usikkerhet")
    assert {row[5] for row in rows if "permutasjonstest" not in row[0]} == {"–"}
    assert all(row[5] != "–" for row in rows if "permutasjonstest" in row[0])
    assert "Bare 6 kontorer er trukket" in printed.section_text(REPORTS[FEW], "resultater")


def test_the_figure_shows_every_draw_and_marks_the_observed_difference():
    block = printed.blocks_of(REPORTS[MAIN], "figure")["fig-permutasjon"]
    test = row_of(MAIN, inference="permutation", spec="main")
    far, near = (part["share"] for part in block["data"]["series"])
    assert sum(far) + sum(near) == pytest.approx(1)
    assert sum(far) == pytest.approx(test["p_value"])
    assert block["data"]["zero"]["value"] == test["estimate"]
    assert "En loddrett strek viser den observerte forskjellen" in printed.text(block["alt"])
    counts = [printed.text(row[2]).replace("\u00a0", "") for row in block["table"]["rows"]]
    assert sum(map(int, counts)) == 924


def test_icc_and_design_effect_stand_in_a_sentence():
    value = row_of(MAIN, estimator="anova", term="icc")["estimate"]
    text = printed.section_text(REPORTS[MAIN], "resultater")
    assert f"(ICC) i hovedutfallet er {value:.3f}".replace(".", ",") in text
    assert "designeffekt" in text


def test_delivery_is_told_as_secondary_with_its_set_or_none():
    told = printed.section_text(REPORTS[MAIN], "resultater")
    assert "Dette er en sekundær analyse." in told
    assert "etter Anderson og Rubin" in told
    assert "kan ikke dataene avgrense forskjellen" in printed.section_text(REPORTS[FEW], "resultater")


def test_the_flow_has_offices_and_persons_of_each_group():
    data = printed.blocks_of(REPORTS[MAIN], "figure")["fig-flyt"]["data"]
    assert data["common"] == ["Trukket ved lodd\n12 kontorer, 246 personer"]
    assert [boxes[0].split("\n")[1] for boxes in data["arms"]] == ["6 kontorer", "6 kontorer"]
    assert all("Hovedutfallet kjent etter 12 måneder" in boxes[-1] for boxes in data["arms"])


def test_groups_are_described_at_time_zero_and_not_tested():
    text = printed.section_text(REPORTS[MAIN], "balanse")
    assert "beskrevet og ikke testet" in text
    assert "p =" not in text


def test_what_was_put_in_stands_beside_what_was_found():
    rows = printed.rows_of(REPORTS[MAIN], "tab-fasit")
    assert [row[-1] for row in rows] == ["ja", "nei", "ikke anslått"]


def test_the_checks_tell_precision_and_attrition():
    text = printed.section_text(REPORTS[MAIN], "usikkerhet")
    assert "(minste påvisbare forskjell)" in text
    assert re.search(r"mangler hovedutfallet for \d+,\d prosent i tiltaksgruppen", text)
    assert "Frafallet er ulikt i gruppene" in printed.section_text(REPORTS["trial: unlike"], "usikkerhet")


def test_the_report_becomes_a_page_with_every_figure_and_equation():
    page = html.render(REPORTS[MAIN], css=CSS, fonts={}, template_folder=SHARED)
    assert page.count('class="chart"') == len(printed.blocks_of(REPORTS[MAIN], "figure"))
    assert page.count("<math") == 2
    for block in printed.blocks_of(REPORTS[MAIN], "figure").values():
        assert figures.draw(block["kind"], block["data"])
        assert {len(row) for row in block["table"]["rows"]} == {len(block["table"]["columns"])}


def test_the_report_becomes_a_tagged_pdf():
    content = pdf.render(REPORTS[MAIN], template=SHARED / "report.typ", font_folder=SHARED / "fonts")
    for profile in ("PDF_UA_1", "PDF_A_2A"):
        chosen = page_validation.ValidationProfile.__members__[profile]
        assert page_validation.validate_pdf_bytes(content, profile=chosen).is_compliant
