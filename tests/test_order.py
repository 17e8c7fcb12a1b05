"""The order list: what a card's outcomes need, from whom, for which months, and nothing more."""

import re

import pytest
from cards import minimal_card, write_cohort

from analysis.cards import Design, read_card
from analysis.cli import main
from analysis.months import month_number
from analysis.order import TEXTS, needed_registers, order_list, order_outcomes, order_period
from analysis.outcomes import load_outcomes, rules_of
from analysis.provenance import ROOT
from analysis.spell_rules import needed_attributes, needed_types
from analysis.yamlio import read_yaml

COHORTS = ROOT / "cohorts"
COURSE = {"measure": "on_the_day", "types": ["course"]}


def card_of(tmp_path, **changes):
    return read_card(write_cohort(tmp_path / "liten", minimal_card(**changes)))


def shipped(cohort):
    return read_card(COHORTS / cohort / "cohort.yaml")


def table_rows(text, heading):
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


def test_the_order_of_hpmt_names_population_offices_and_inclusion():
    text = order_list(shipped("hpmt"), "hpmt")
    assert text.startswith("# Bestilling av data: hpmt\n")
    for words in (
        "Deltakere i Kvalifiseringsprogrammet (KVP) ved 18 Nav-kontorer.",
        "- deltaker i KVP ved et av kontorene i mai 2011",
        "- HPMT-kontorene (`hpmt`): fikk innsatsen",
        "- kontrollkontorene (`control`): sammenligning",
        "også de som sluttet, flyttet eller aldri fikk innsatsen",
        "Horisonter:** 18, 24",
        "kortet bygger på publiserte tall",
    ):
        assert words in text


def test_months_run_from_two_years_before_start_to_the_last_horizon():
    period = order_period(shipped("hpmt"))
    assert (period.first, period.last, period.reason) == ("2009-05", "2013-05", "24 måneder før start")


def test_months_begin_with_the_earliest_covariate_where_the_card_names_one():
    period = order_period(shipped("nsw_supported_work"))
    assert (period.first, period.last) == ("1974-12", "1978-12")
    assert period.reason == "den tidligste måneden kortet bruker"


def test_a_base_month_before_the_two_years_begins_the_period(tmp_path):
    files = minimal_card()["files"]
    files[0]["outcomes"].append({"outcome": "annual_earnings_usd", "month": "2015-12", "column": "inntekt_2015"})
    covariates = minimal_card()["covariates"][:2]
    options = {"files": files, "covariates": covariates, "base_month": "2015-12", "matching": {"formula": "age"}}
    card = card_of(tmp_path, **options, time_zero={"description": "start", "month": "2020-12"})
    assert order_period(card).first == "2015-12"
    card = card_of(tmp_path, **{**options, "base_month": "2020-12"}, time_zero={"description": "x", "month": "2020-12"})
    assert order_period(card).first == "2018-12"


def test_without_a_common_start_the_period_is_told_per_person(tmp_path):
    period = order_period(card_of(tmp_path, covariates=minimal_card()["covariates"][:2], matching={"formula": "age"}))
    assert period.first == "24 måneder før hver persons starttidspunkt"
    assert period.last == "12 måneder etter hver persons starttidspunkt"


def test_a_card_without_a_horizon_says_so():
    text = order_list(shipped("mentor_hybrid"), "mentor_hybrid")
    assert "- **Periode:** fra 24 måneder før hver persons starttidspunkt til siste måling" in text


def test_an_outcome_that_no_register_outcome_times_alike_still_gets_its_registers():
    text = order_list(shipped("mentor_hybrid"), "mentor_hybrid")
    assert "De måles på en annen måte i tid" in text
    assert "Arbeidsforhold i a-ordningen" in text


def test_an_outcome_that_no_register_holds_is_to_be_agreed_with_the_owner():
    text = order_list(shipped("nsw_supported_work"), "nsw_supported_work")
    part = text.split("`annual_earnings_usd` (sekundært)")[1]
    assert "Avtal kilde og definisjon med dataeier." in part.split("\n## ")[0]
    assert "work_days" not in text


def test_wages_are_ordered_for_the_months_that_the_rule_looks_back_on():
    registers = {
        row[0]: row for row in table_rows(order_list(shipped("hpmt"), "hpmt"), "Registre, variabler og perioder")
    }
    wages = next(row for name, row in registers.items() if name.startswith("Lønn"))
    jobs = next(row for name, row in registers.items() if name.startswith("Arbeidsforhold"))
    assert month_number(jobs[3]) - month_number(wages[3]) == 11
    assert jobs[3:5] == ["2009-05", "2013-05"]
    assert "`earnings_above_g`" in wages[5]
    assert "`in_work_last_day`" in jobs[5]


def test_an_outcome_of_a_source_is_given_the_register_outcomes_of_its_kind_to_choose_among():
    (choices,) = order_outcomes(shipped("hpmt")).values()
    names = [outcome.name for outcome in choices]
    assert "in_work_last_day" in names
    assert "earnings_above_g" in names
    for other in ("in_education_last_day", "only_medical_in_plan", "work_days", "months_in_work"):
        assert other not in names


@pytest.mark.parametrize("name", rules_of(load_outcomes()))
def test_every_register_outcome_finds_registers_that_hold_all_it_reads(name):
    outcome = load_outcomes()[name]
    registers = [register for register, _ in needed_registers({name: outcome})]
    assert registers
    rules = {name: outcome.rule}
    assert needed_types(rules) <= {kind for register in registers for kind in register["types"]}
    assert needed_attributes(rules) <= {key for register in registers for key in register.get("attributes", {})}


def test_only_what_an_outcome_reads_is_ordered():
    library = load_outcomes()
    names = [register["nb"] for register, _ in needed_registers({"x": library["in_education_last_day"]})]
    assert names == ["Nasjonal utdanningsdatabase"]
    ((jobs, used),) = needed_registers({"in_work_last_day": library["in_work_last_day"]})
    assert list(used) == ["in_work_last_day"]
    assert jobs["types"] == ["work"]


def test_breaks_inside_the_period_are_told_and_others_are_not():
    section = order_list(shipped("hpmt"), "hpmt").split("## Kjente brudd i perioden\n")[1].split("\n## ")[0]
    assert "1. mars 2010" in section
    assert "2015" not in section


def test_the_safeguards_and_keys_stand_in_every_order():
    for cohort in ("hpmt", "mentor_hybrid", "nsw_supported_work"):
        text = order_list(shipped(cohort), cohort)
        for words in (
            "**Ingen fødselsnumre, D-numre, navn, adresser eller fritekst.**",
            "**Koblingsnøkkelen for pseudonymene blir hos dataeier**",
            "`person_id` (pseudonym)",
            "`office_id` (kontornummer ved tildelingen, tekst)",
            "måned for død",
            "SHA-256",
        ):
            assert words in text
        assert not re.search(r"\bNAV\b", text)


def test_every_design_says_what_it_needs():
    assert set(read_yaml(TEXTS).data["designs"]) == set(Design.__args__)


def test_the_order_is_printed_and_written_where_that_is_asked_for(tmp_path, monkeypatch, capsys):
    write_cohort(tmp_path / "cohorts" / "liten", minimal_card())
    monkeypatch.chdir(tmp_path)
    assert main(["order", "liten"]) == 0
    printed = capsys.readouterr().out
    assert main(["order", "liten", "--out", "bestilling.md"]) == 0
    assert capsys.readouterr().out == printed == (tmp_path / "bestilling.md").read_text(encoding="utf-8")
    assert main(["order", "borte"]) == 1


def test_a_card_with_registers_looks_as_far_back_as_it_says():
    period = order_period(shipped("hpmt_synthetic"))
    assert (period.first, period.last, period.reason) == ("2009-05", "2013-11", "24 måneder før start")
    assert order_period(shipped("youth_teams_synthetic")).first == "12 måneder før hver persons starttidspunkt"


def test_registers_behind_covariates_links_and_participation_are_ordered_too():
    text = order_list(shipped("supported_employment_synthetic"), "supported_employment_synthetic")
    rows = {row[0]: row[5] for row in table_rows(text, "Registre, variabler og perioder")}
    assert rows["Navs stønadsregistre"] == "`aap_at_start`"
    assert rows["Navs tiltaksregister"] == "`subsidised`, `participation`"
    assert "`work_days_24`" in rows["Arbeidsforhold i a-ordningen (Aa-registeret før 2015)"]
    keys = text.split("## Nøkler")[1].split("\n## ")[0]
    assert "Kvinne" in keys
    assert "Dager i arbeid" not in keys


def test_a_type_that_no_register_holds_is_to_be_agreed_with_the_owner(tmp_path):
    files = minimal_card()["files"]
    spells = {"person_id": "p", "type": {"constant": "course"}, "from_date": "fra"}
    files.append({"name": "kurs", "table": "spells", "format": "csv", "path": "k.csv", "columns": spells})
    covariates = [*minimal_card()["covariates"], {"name": "c", "label": "a", "history": COURSE}]
    card = card_of(tmp_path, files=files, covariates=covariates, registers={"first": "2018-01", "last": "2022-12"})
    assert "perioder av typen course. Avtal kilde med dataeier." in order_list(card, "liten")


def test_a_series_of_counts_orders_no_persons():
    text = order_list(shipped("aap_youth_synthetic"), "aap_youth_synthetic")
    assert "person_id" not in text
    assert "Befolkning" not in text
    assert "antall per kontor og måned: teller og nevner" in text
    assert "| Kontorer |" in text
