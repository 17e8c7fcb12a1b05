"""What a cohort lacks for an effect: each reason is found in a cohort that has it, and in no other."""

from dataclasses import replace

import pandas as pd
import pytest
from tutorial import put_in, steps
from workspace import ROOT

from analysis.cards import read_card
from analysis.cli import main
from analysis.intake import read_delivery
from analysis.missing_for_effect import known_of, lacks_of_card, lacks_of_delivery
from analysis.missing_parts import Lack, lack_lines
from analysis.missing_published import TOLD
from analysis.months import month_number
from analysis.needs import NEEDS
from analysis.new_cohort import new_cohort
from analysis.panel import build_panel

PAGE = ROOT / "docs" / "ny-kohort.md"
DESIGNS = {
    "jobbveiledning": "matched_did",
    "kontorforsok": "cluster_randomised_delivery",
    "ungdomskoordinator": "staggered_did",
}
MENDED = {
    'values: {"1": deltakere, "0": sammenligning}': 'values: {"M": deltakere, "U": sammenligning}',
    '"Måneder ledige"': '"Måneder ledig"',
    "caliper: -0.2": "caliper: 0.2",
    'path: "arbeidsforhold.csv"\n    format: csv\n    columns': 'path: "arbeidsforhold.csv"\n    format: csv\n'
    "    dates: dd.mm.yyyy\n    columns",
    "last: 2023-12": "last: 2024-05",
}


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory):
    """Card, delivery and panel of each exercise of docs/ny-kohort.md, with nothing missing."""
    folder = tmp_path_factory.mktemp("missing")
    return {name: _read(folder, name, design) for name, design in DESIGNS.items()}


def _read(folder, name, design):
    new_cohort(name, design=design, cohorts=folder)
    path = folder / name / "cohort.yaml"
    text = path.read_text(encoding="utf-8")
    for step in steps(PAGE):
        if step.kind == "yaml" and step.body.startswith(f"# cohorts/{name}/cohort.yaml"):
            text = put_in(text, step.body.partition("\n")[2])
    for wrong, right in MENDED.items():
        text = text.replace(wrong, right)
    path.write_text(text, encoding="utf-8")
    card = read_card(path)
    delivery = read_delivery(card, ROOT / "docs" / "eksempel" / name, spells=folder / name / "spells.parquet")
    return card, delivery, build_panel(card, delivery)


def lacks(card, delivery, panel):
    return [*lacks_of_card(card), *lacks_of_delivery(card, delivery, known_of(card, delivery, panel))]


def only(found, *, blocks=True):
    """The one lack that was found, as one text."""
    assert [lack.blocks for lack in found] == [blocks], found
    return "\n".join(lack_lines(found))


def without_outcomes(panel, rows):
    """The panel with the outcome not known where `rows` says so."""
    months = panel.months.assign(in_work_last_day=panel.months["in_work_last_day"].mask(rows))
    return replace(panel, months=months)


@pytest.mark.parametrize("name", DESIGNS)
def test_a_cohort_that_has_all_it_needs_lacks_nothing(cohorts, name):
    assert lacks(*cohorts[name]) == []


def test_a_delivery_that_is_only_described_is_told_what_its_design_needs(cohorts):
    for name, needed in (("kontorforsok", "trial: {}"), ("ungdomskoordinator", "staggered: {control: not_yet}")):
        card = cohorts[name][0].model_copy(update={"analysis": "describe"})
        assert needed in only(list(lacks_of_card(card)))


def test_no_comparison_group(cohorts):
    card, _, _ = cohorts["jobbveiledning"]
    alone = card.model_copy(update={"arms": [card.arm("treated")]})
    assert "Ingen sammenligningsgruppe." in only(list(lacks_of_card(alone)))


def test_a_trial_of_one_office_in_a_group_cannot_be_estimated(cohorts):
    card, delivery, panel = cohorts["kontorforsok"]
    treated = delivery.persons["arm"].eq("tiltak")
    first = delivery.persons.loc[treated, "office_id"].iloc[0]
    one = replace(delivery, persons=delivery.persons[~treated | delivery.persons["office_id"].eq(first)])
    assert "Gruppen «tiltaksgruppen» har 1 kontor, og det trengs minst 2." in only(lacks(card, one, panel))


def test_a_trial_of_few_offices_is_weaker(cohorts):
    card, delivery, panel = cohorts["kontorforsok"]
    strict = card.model_copy(update={"checks": card.checks.model_copy(update={"few_treated_offices": 9})})
    found = lacks(strict, delivery, panel)
    assert [lack.blocks for lack in found] == [False, False]
    assert "har 8 kontorer; under 9 er få." in found[0].what


@pytest.mark.parametrize(("months", "words"), [(5, "De første har 5 måneder før innføringen"), (0, "Ingen kontorer")])
def test_a_short_time_before_adoption_is_told(cohorts, months, words):
    card, delivery, panel = cohorts["ungdomskoordinator"]
    begins = month_number("2023-01") - months if months else month_number("2023-09")
    late = replace(delivery, persons=delivery.persons[delivery.persons["time_zero"] >= begins])
    assert words in only(lacks(card, late, panel), blocks=not months)


def test_everybody_adopting_in_one_month_leaves_nobody_to_compare_with(cohorts):
    card, delivery, panel = cohorts["ungdomskoordinator"]
    offices = delivery.offices.assign(adoption_month=pd.array([month_number("2023-05")] * 14, dtype="Int16"))
    assert "Alle kontorer har innført" in only(lacks(card, replace(delivery, offices=offices), panel))


def test_never_adopting_offices_are_missed_where_only_they_are_compared_with(cohorts):
    card, delivery, panel = cohorts["ungdomskoordinator"]
    adopting = delivery.offices["adoption_month"].notna()
    offices = delivery.offices[adopting]
    persons = delivery.persons[delivery.persons["office_id"].isin(offices["office_id"])]
    own = replace(delivery, offices=offices, persons=persons)
    never = card.model_copy(update={"staggered": card.staggered.model_copy(update={"control": "never"})})
    assert "velg control: not_yet" in only(lacks(never, own, panel))
    assert lacks(card, own, panel) == []


def test_a_panel_is_judged_by_the_months_in_which_its_persons_are_seen(cohorts):
    card, delivery, panel = cohorts["ungdomskoordinator"]
    begun = pd.array([month_number("2023-01")] * len(delivery.persons), dtype="Int16")
    own = replace(delivery, persons=delivery.persons.assign(time_zero=begun))
    same = card.model_copy(update={"staggered": card.staggered.model_copy(update={"sampling": "panel"})})
    assert lacks(same, own, panel) == []
    late = without_outcomes(panel, panel.months["month"] < month_number("2022-09"))
    assert "De første har 4 måneder før innføringen" in only(lacks(same, own, late), blocks=False)


def test_few_adopting_offices_are_weaker(cohorts):
    card, delivery, panel = cohorts["ungdomskoordinator"]
    strict = card.model_copy(update={"checks": card.checks.model_copy(update={"few_treated_offices": 9})})
    assert "8 kontorer innfører innsatsen i perioden; under 9 er få." in only(
        lacks(strict, delivery, panel), blocks=False
    )


def test_a_horizon_beyond_the_data(cohorts):
    card, delivery, panel = cohorts["kontorforsok"]
    longer = card.model_copy(update={"horizons": [24]})
    told = only(lacks(longer, delivery, panel))
    assert "Ingen er målt 24 måneder etter start" in told
    assert "Registrene går til 2024-05." in told
    later = card.model_copy(update={"horizons": [12, 24]})
    assert "24 måneder" in only(lacks(later, delivery, panel), blocks=False)


def test_a_comparison_that_is_not_observed_at_the_horizon(cohorts):
    card, delivery, panel = cohorts["jobbveiledning"]
    arms = panel.months["person_id"].map(panel.baseline.set_index("person_id")["arm"])
    unseen = without_outcomes(panel, panel.months["event_time"].eq(12) & arms.eq("sammenligning"))
    assert "Ingen i gruppen «sammenligningsgruppen» er målt 12 måneder etter start." in only(
        lacks(card, delivery, unseen)
    )


def test_few_measured_persons_are_weaker(cohorts):
    card, delivery, panel = cohorts["jobbveiledning"]
    kept = panel.baseline.groupby("arm")["person_id"].head(5)
    few = without_outcomes(panel, panel.months["event_time"].eq(12) & ~panel.months["person_id"].isin(kept))
    assert "Færre enn 10 personer" in only(lacks(card, delivery, few), blocks=False)


def test_no_outcome_in_the_month_that_changes_are_counted_from(cohorts):
    card, delivery, panel = cohorts["jobbveiledning"]
    base = without_outcomes(panel, panel.months["event_time"].eq(0))
    assert "Utfallet er ikke målt i begge gruppene i 2023-05 (base_month)." in only(lacks(card, delivery, base))


def test_nothing_known_a_year_before_the_start_is_weaker(cohorts):
    card, delivery, panel = cohorts["jobbveiledning"]
    short = without_outcomes(panel, panel.months["event_time"].lt(0))
    assert "Utfallet er kjent i 0 måneder før start" in only(lacks(card, delivery, short), blocks=False)


def test_a_panel_that_cannot_be_built_is_explained_from_the_whole_delivery(cohorts):
    card, delivery, _ = cohorts["jobbveiledning"]
    ids = delivery.persons.loc[delivery.persons["arm"].eq("sammenligning"), "person_id"]
    gone = delivery.outcomes["person_id"].isin(ids) & delivery.outcomes["month"].eq(month_number("2024-05"))
    own = replace(delivery, outcomes=delivery.outcomes[~gone])
    assert "Ingen i gruppen «sammenligningsgruppen»" in only(lacks(card, own, None))


def test_outcomes_that_are_other_numbers_give_the_same_words(cohorts):
    """The lock forbids reading what outcomes are; whether they are known is all that is looked at."""
    for card, delivery, panel in cohorts.values():
        strict = card.model_copy(
            update={"horizons": [12, 240], "checks": card.checks.model_copy(update={"pre_months": 99})}
        )
        turned = replace(panel, months=panel.months.assign(in_work_last_day=1 - panel.months["in_work_last_day"]))
        assert lacks(strict, delivery, turned) == lacks(strict, delivery, panel) != []


def test_a_lack_is_told_with_reason_and_remedy():
    assert lack_lines([Lack("A.", "B.", "C.")]) == ["  1. A.", "     Hvorfor: B.", "     Gjør dette: C."]


def test_every_need_of_a_source_is_told():
    assert set(TOLD) == set(NEEDS)


def test_unanswered_items_and_the_lock_stand_in_the_list(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cohorts" / "nsw_supported_work"
    folder.mkdir(parents=True)
    (folder / "cohort.yaml").write_bytes((ROOT / "cohorts" / folder.name / "cohort.yaml").read_bytes())
    assert main(["check", folder.name]) == 0
    said = capsys.readouterr().out
    assert "punkter som ikke er besvart." in said
    assert "       funding: Hvem som betalte studien" in said
    assert said.rstrip().endswith("Når resten er på plass: make plan-lock COHORT=nsw_supported_work")
