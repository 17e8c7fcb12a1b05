"""The published cohorts and the checks of the evidence brief, section 5: what each report says and must not say."""

import printed
import pytest
import stages
from cards import minimal_card

from analysis.card_rules import cross_checks
from analysis.compare import CohortResult, comparability, comparison
from analysis.enumeration import FROM_START
from analysis.estimate_published import estimate_published
from analysis.files import read_csv, write_csv, write_json
from analysis.needs import NEEDS, needs
from analysis.report.portal_model import build_portal
from analysis.tables import REPORT_KINDS

AAP, KLAR, YOUTH, IPS, SEED, BENCHMARKS = stages.STATED
EFFECT = {"design": "exposures", "estimand": {"quantity": "att", "scale": "difference", "description": "x"}}


def text(cohort, *sections):
    report = stages.report(cohort)
    return printed.section_text(report, *sections) if sections else printed.whole_text(report)


def compared(*cohorts):
    results = {
        name: CohortResult(stages.card(name), stages.estimates(name), stages.material(name).grade) for name in cohorts
    }
    return comparison(results).set_index("cohort")


def told(**changes):
    return {".".join(map(str, key)): f"{what} {mend}" for key, what, mend in cross_checks(minimal_card(**changes))}


def test_check_1_hpmt_has_its_differences_with_intervals_that_include_zero_and_says_what_is_assumed():
    words = text(stages.HPMT, "sammendrag")
    for figure in ("6,1 prosentpoeng", "6,4 prosentpoeng", "−1,1 til 13,0", "Dersom alle de 617 deltakerne"):
        assert figure in words
    assert "effekt er dokumentert" not in text(stages.HPMT)
    assert "effekt" not in words.replace("effekten er anslått", "").lower()


def test_check_3_supported_employment_has_no_result_figure_and_no_number_in_the_effect_column():
    assert "Kilden oppgir ingen tall" in text(KLAR, "sammendrag")
    table = next(block for block in printed.section(stages.report(KLAR), "resultater")["blocks"])
    place = [column["label"] for column in table["columns"]].index("Forskjell")
    assert [printed.text(row[place]) for row in table["rows"]] == ["kilden oppgir ingen tall"]
    row = stages.estimates(KLAR).iloc[0]
    assert (row["status"], row["reason"]) == ("not_estimated", "no_figures")
    assert row[["estimate", "conf_low", "conf_high", "p_value"]].isna().all()
    assert compared(KLAR).loc[KLAR, ["estimate", "conf_low"]].isna().all()
    assert stages.material(KLAR).grade["grade"] == "none"
    caseloads = text(KLAR, "resultater")
    assert "15–20" in caseloads
    assert "150" in caseloads


def test_check_6_aap_youth_has_the_badge_the_warning_two_uncertain_dates_and_no_claim_about_persons():
    summary = text(AAP, "sammendrag")
    assert "gikk ned fra 62 til 52 prosent, det vil si 10 prosentpoeng." in summary
    assert "Prosessutfall" in summary
    assert "ikke noe om den enkelte personen" in summary
    assert "Regresjon mot gjennomsnittet" in summary
    assert "tolket dette som våren 2021" in summary
    results = text(AAP, "resultater")
    for words in ("høsten 2020 (måned ikke oppgitt)", "våren 2021 (måned ikke oppgitt)", "28"):
        assert words in results
    found = stages.estimates(AAP)
    assert not found["scale"].eq("difference").any()
    assert found.query("role == 'primary'")[["conf_low", "conf_high", "p_value"]].isna().all(axis=None)
    assert stages.material(AAP).grade["verbs"] == "description"


def test_check_6_the_change_is_known_to_within_a_point_and_needs_hundreds_of_persons_to_be_told_from_chance():
    rows = stages.estimates(AAP).set_index(["inference", "spec"])
    rounding = rows.loc[("rounding", "main")]
    assert (rounding["conf_low"], rounding["conf_high"]) == pytest.approx((-0.11, -0.09), abs=1e-12)
    needed = rows.loc[("newcombe_paired", "independent;needed"), "n_treated"]
    sizes = [rows.loc[("newcombe_paired", f"independent;n={n}"), "conf_high"] for n in (100, 200)]
    assert 100 < needed < 200
    assert sizes[0] > 0 > sizes[1]


def test_check_7_the_youth_teams_enter_as_moderators_only():
    made = stages.published(YOUTH)
    assert len(made.moderators) == 21
    assert made.estimates["status"].tolist() == ["not_estimated"]
    assert made.estimates["reason"].tolist() == ["exposures_only"]
    material = stages.material(YOUTH)
    assert (material.grade["grade"], material.grade["verbs"]) == ("none", "exposures")
    assert material.tables["moderators"]["n_offices"].sum() == 6 * 24
    assert "ingen forskjell er anslått" in text(YOUTH, "sammendrag")


def test_check_7_asking_for_an_effect_from_interviews_is_refused_with_the_reason():
    found = told(**EFFECT)["estimand.quantity"]
    assert "beskriver bare praksis" in found
    assert "ingen effekt kan anslås" in found
    interviews = [{"id": "talks", "citation": "x", "interviews": True}]
    for key in ("assignment", "outcomes"):
        card = minimal_card(sources=interviews)
        card[key] = {**card[key], "source": "talks"}
        found = {".".join(map(str, place)): what for place, what, _ in cross_checks(card)}
        assert "er hentet fra intervjuer" in found[f"{key}.source"]


def test_check_7_describing_interviews_and_estimating_from_registers_are_let_through():
    described = {"quantity": "description", "scale": "count", "description": "x"}
    assert "estimand.quantity" not in told(design="exposures", estimand=described)
    card = minimal_card(sources=[{"id": "register", "citation": "x"}])
    card["outcomes"]["source"] = "register"
    assert not [key for key, _, _ in cross_checks(card) if key == ("outcomes", "source")]
    card["outcomes"]["source"] = "hearsay"
    assert [what for key, what, _ in cross_checks(card) if key == ("outcomes", "source")] == [
        "kilden «hearsay» står ikke i kortet."
    ]


def test_the_ips_trial_is_a_range_over_every_size_that_fits():
    made = stages.published(IPS)
    assert set(made.estimates["reason"]) == {"several_tables_fit"}
    alone = made.ranges.query("scope == 'each_date_alone' and inference == 'newcombe'")
    first = alone[alone["month"] == f"{FROM_START}12"].set_index("quantity")
    assert first.loc["estimate", "n_fitting"] == 70
    assert 0.0935 < first.loc["estimate", "minimum"] < first.loc["estimate", "maximum"] < 0.0965
    assert first.loc["conf_low", "minimum"] > 0
    assert made.attrition["persons"].isna().all()
    assert set(made.ranges["offices"].dropna()) == {6}
    assert "Etter 12 måneder er forskjellen mellom 9,4 og 9,6 prosentpoeng" in text(IPS, "sammendrag")


def test_no_table_gives_all_four_percentages_of_the_ips_trial_for_all_410():
    card = stages.changed(stages.card(IPS), published__two_arms__same_persons=True)
    figures = stages.changed(stages.figures(IPS), two_arms__counted="all")
    found = estimate_published(card, figures, **stages.who("x")).estimates
    assert set(found["reason"]) == {"no_table_fits"}


def test_seed_has_its_derived_counts_the_exact_interval_and_a_failed_check():
    rows = stages.estimates(SEED).set_index("inference")
    assert (rows.loc["newcombe", "n_treated"], rows.loc["newcombe", "n_comparison"]) == (46, 37)
    assert rows.loc["chan_zhang", "estimate"] == 22 / 46 - 3 / 37
    assert rows.loc["chan_zhang", "conf_low"] == pytest.approx(0.193674, abs=1e-6)
    assert rows.loc["chan_zhang", "conf_high"] == pytest.approx(0.565230, abs=1e-6)
    assert "kan ikke alle være riktige" in text(SEED, "usikkerhet")
    step = {"check": "consistency_share_usual", "down": 1, "domain": "execution"}
    assert step in stages.material(SEED).grade["steps"]


def test_a_share_ever_in_work_and_a_share_at_a_date_never_meet():
    found = compared(IPS, SEED)
    assert found.loc[IPS, "outcome"] != found.loc[SEED, "outcome"]


def test_every_share_of_another_study_stands_with_its_trap_and_has_an_interval_only_where_its_number_is_known():
    rows = stages.estimates(BENCHMARKS).query("role == 'benchmark'").set_index("group")
    for item in stages.figures(BENCHMARKS).benchmarks:
        assert rows.loc[item.id, "conf_low"] > 0 if item.persons else rows.isna().loc[item.id, "conf_low"]
        assert item.trap.nb in text(BENCHMARKS, "resultater")


@pytest.mark.parametrize("cohort", stages.PUBLISHED)
def test_every_published_report_says_what_an_estimate_needs(cohort):
    found = needs(stages.card(cohort), stages.figures(cohort))
    assert set(found) <= set(NEEDS)
    words = text(cohort, "betydning")
    assert ("anslå en effekt trengs:" in words) or ("et sikrere anslag trengs:" in words)


def test_what_is_needed_follows_from_what_the_source_lacks():
    assert needs(stages.card(stages.HPMT), stages.figures(stages.HPMT)) == ("arm_sizes", "icc")
    assert needs(stages.card(AAP), stages.figures(AAP))[:3] == ("denominators", "comparator", "series")
    assert needs(stages.card(YOUTH), stages.figures(YOUTH)) == ("outcome", "comparator", "adoption")
    assert needs(stages.card(KLAR), stages.figures(KLAR)) == ("figures", "measured", "curve")
    offices = stages.changed(stages.card(stages.HPMT), assignment__offices_treated=None)
    assert "offices" in needs(offices, stages.figures(stages.HPMT))
    known = stages.changed(stages.figures(SEED), two_arms__counted="all")
    assert needs(stages.card(SEED), known) == ()


def test_the_empty_rows_of_the_comparison_say_why():
    found = compared(KLAR, YOUTH, BENCHMARKS, IPS)
    assert found["reason"].to_dict() == {
        KLAR: "no_figures",
        YOUTH: "exposures_only",
        BENCHMARKS: "benchmarks_only",
        IPS: "several_tables_fit",
    }
    assert found["estimate"].isna().all()


def test_on_the_start_page_a_cohort_without_a_difference_has_words_in_the_column_of_differences(tmp_path):
    results = {
        name: CohortResult(stages.card(name), stages.estimates(name), stages.material(name).grade)
        for name in stages.STATED
    }
    paths = []
    for name in stages.STATED:
        write_json(tmp_path / name / f"{name}.nb.json", stages.report(name))
        paths += [tmp_path / name / f"{name}.nb.{kind}" for kind in REPORT_KINDS]
        for path in paths[1 - len(REPORT_KINDS) :]:
            path.write_bytes(b"x")
    write_csv(comparison(results), tmp_path / "comparison.csv")
    write_csv(comparability(results), tmp_path / "pairs.csv")
    tables = (read_csv(tmp_path / "comparison.csv"), read_csv(tmp_path / "pairs.csv"))
    rows = build_portal(*tables, paths, stages.STRINGS)["table"]["rows"]
    shown = {row["id"]: [printed.text(cell) for cell in row["cells"]][4:6] for row in rows}
    assert shown[KLAR] == ["kilden oppgir ingen tall", "–"]
    assert shown[YOUTH] == ["intervjuer om praksis, ingen utfall", "–"]
    assert shown[BENCHMARKS] == ["andeler fra andre studier, ingen sammenligning", "–"]
    assert shown[IPS] == ["ikke ett anslag, men et spenn; se rapporten", "–"]
    assert shown[AAP] == ["ingen sammenligning (endring −10,0 prosentpoeng)", "–"]
    assert shown[SEED] == ["+39,7", "20,7 til 54,7"]
    assert [row["id"] for row in rows if row["graphic"]] == [SEED]
