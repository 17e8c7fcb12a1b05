"""Reports of one group: a description, with published shares shown apart, and words that its comparison has earned."""

import re

import one_group
import printed
import pytest
import stages
import test_report_model as shared

from analysis.compare import CohortResult, comparability, comparison

MENTOR = stages.MENTOR
TOLD = one_group.turns()
NBSP = "\u00a0"


def stated_words(material):
    """What card, outcome library and the reasons of empty rows say in their own words."""
    card = material.card.model_dump(mode="json")
    keys = ("background", "population", "content", "time_zero", "assignment", "estimand", "limitations", "sources")
    found = [card[key] for key in (*keys, "covariates", "disclosure", "arms", "synthetic")]
    found += [[outcome.definition, outcome.label, outcome.phrase] for outcome in shared.load_outcomes().values()]
    found += [card["matching"]["formula"], material.estimates["reason"].dropna().tolist()]
    return sorted(set(shared.strings(found)), key=len, reverse=True)


def sentences(report, *sections):
    return printed.section_text(report, *sections)


def test_check_5_of_the_evidence_brief_a_share_with_interval_a_description_no_rank_and_the_band_apart():
    report, material = stages.report(MENTOR), stages.material(MENTOR)
    told = sentences(report, "sammendrag")
    assert "73 prosent (95 prosent konfidensintervall (KI): 60 til 84)" in told
    assert "Rapporten er en beskrivelse av gruppen." in told
    assert material.grade["verbs"] == "description"
    assert not re.search(
        r"\beffekt\w*|\bøkte\b|\bførte til\b|\bbidro\b|\brang", sentences(report, "sammendrag", "resultater")
    )
    # Apart: the band has a group of its own in the figure, and no number of the cohort is a difference from it.
    figure = printed.blocks_of(report, "figure")["fig-publiserte-andeler"]["data"]["rows"]
    assert [row["group"] for row in figure] == ["Gruppen", *["Publiserte andeler for andre"] * 2]
    assert "difference" not in set(material.estimates["scale"])
    # No rank: it stands by its design in the comparison, and may share a column with nobody.
    results = {
        name: CohortResult(stages.card(name), stages.estimates(name), stages.material(name).grade)
        for name in (MENTOR, stages.HPMT)
    }
    assert comparison(results)["cohort"].tolist() == [stages.HPMT, MENTOR]
    assert comparability(results)["comparable"].tolist() == [False]
    assert not any("rank" in column for column in comparison(results))


def test_the_group_has_an_interval_and_the_bands_have_what_their_source_prints():
    own, once, span = printed.blocks_of(stages.report(MENTOR), "figure")["fig-publiserte-andeler"]["data"]["rows"]
    assert (own["text"], round(own["low"], 3), round(own["high"], 3)) == (f"73{NBSP}% (60 til 84)", 0.597, 0.838)
    assert (once["estimate"], once["low"], once["high"], once["text"]) == (0.25, None, None, f"25{NBSP}%")
    assert (span["estimate"], span["low"], span["high"], span["text"]) == (None, 0.23, 0.54, f"23 til 54{NBSP}%")


def test_the_tipping_sentence_and_its_table_say_how_many_of_the_thirty_six():
    report = stages.report(MENTOR)
    told = sentences(report, "resultater")
    assert (
        "Hvor mange av de 36 måtte fått ansettelse uansett for at forskjellen mot en publisert andel skulle forsvinne?"
        in told
    )
    assert (
        f"Er den publiserte andelen 25{NBSP}%, er svaret 24 (18 til 29 når usikkerheten i andelen er tatt med)." in told
    )
    rows = printed.rows_of(report, "tab-vippepunkt")
    assert [row[1:] for row in rows] == [
        [f"25{NBSP}%", "24", "18 til 29"],
        [f"23{NBSP}%", "25", "19 til 30"],
        [f"54{NBSP}%", "10", "3 til 15"],
    ]
    assert rows[0][0].endswith("(omtrentlig oppgitt, nossen_exits)")
    assert rows[1][0].endswith("(oppgitt, nossen_wage_subsidy)")


def test_the_posteriors_stand_in_a_table_with_their_priors():
    rows = printed.rows_of(stages.report(MENTOR), "tab-forventning")
    assert rows[0] == ["Nesten ingen (Jeffreys' fordeling)", f"73{NBSP}%", "60 til 84"]
    assert [row[1:] for row in rows[1:]] == [[f"59{NBSP}%", "48 til 71"], [f"63{NBSP}%", "52 til 74"]]
    assert all(row[0].startswith("Skeptisk: som ") for row in rows[1:])


def test_added_counts_say_that_nobody_is_counted_twice_and_how_few_they_may_be():
    note = printed.text(printed.blocks_of(stages.report(MENTOR), "table")["tab-resultat"]["note"])
    assert "ingen er talt to ganger" in note
    assert "mellom 36 og 40 som fikk ansettelse, læreplass eller utdanning" in note


def test_without_published_shares_only_the_prior_is_left():
    report = stages.report_of(TOLD["one group, nothing beside it"])
    assert "fig-publiserte-andeler" not in printed.blocks_of(report, "figure")
    assert "tab-vippepunkt" not in printed.blocks_of(report, "table")
    (row,) = printed.rows_of(report, "tab-forventning")
    assert row[0] == "Som etter å ha sett 2,0 med og 3,0 uten utfallet"
    assert "skeptiske" not in sentences(report, "resultater")


@pytest.mark.parametrize(
    ("name", "verbs", "words"),
    [
        (
            "one group, checked",
            "adjusted",
            ("Etter matching hadde deltakerne en sterkere utvikling", "Den består kontrollene"),
        ),
        (
            "one group, up",
            "description",
            ("utviklet seg sterkere blant deltakerne", "Rapporten er derfor en beskrivelse."),
        ),
        ("one group, down", "description", ("utviklet seg svakere blant deltakerne", "består ikke alle kontrollene")),
    ],
)
def test_a_delivered_group_is_a_description_unless_its_comparison_passes(name, verbs, words):
    material = TOLD[name]
    told = sentences(stages.report_of(material), "sammendrag")
    assert material.grade["verbs"] == verbs
    for wanted in (*words, "hentet utenfra", "Blant 80 deltakere var"):
        assert wanted in told.replace("**", "")
    assert "effekt" not in told.lower()
    meaning = sentences(stages.report_of(material), "betydning")
    assert ("består ikke kontrollene" in meaning) == (verbs == "description")


@pytest.mark.parametrize("name", [name for name in TOLD if name != "one group, nothing beside it"])
def test_every_number_of_a_delivered_group_is_a_reference(name):
    stated = stated_words(TOLD[name])
    for runs in printed.all_runs(stages.report_of(TOLD[name])):
        plain = "".join("\ue000" if "number" in run else run["text"] for run in runs)
        assert shared.unexplained(plain, stated) == [], printed.text(runs)
