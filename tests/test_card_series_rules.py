"""Rules of the card's `series`: read by counts over time alone, dates in order, and no office beside its own county."""

from pathlib import Path

import cards
import pytest
import yaml

from analysis.cards import analysis_part, read_card
from analysis.plan import plan_hash
from analysis.problems import ProblemsFound

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "cohorts" / "aap_youth_synthetic" / "cohort.yaml"


def problems(tmp_path, change):
    """Where and what is wrong with the shipped card after `change`."""
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / "cohort.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ProblemsFound) as caught:
        read_card(path)
    return {problem.where.rpartition(": ")[2]: problem.what + problem.mend for problem in caught.value.problems}


@pytest.mark.parametrize(("against", "area"), [("own_county", "fylket"), ("country", "landet")])
def test_an_office_is_never_compared_with_the_county_that_contains_it_and_the_card_says_why(tmp_path, against, area):
    (told,) = problems(tmp_path, lambda data: data["series"]["offices"][0].update(compared_with=against)).values()
    assert f"Tallet for {area} inneholder kontorets eget" in told
    assert "compared_with: other_counties" in told


def test_the_same_office_twice_is_refused(tmp_path):
    (told,) = problems(tmp_path, lambda data: data["series"]["offices"].append({"office": "9360"})).values()
    assert "er brukt før" in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"earliest": "2020-12", "latest": "2021-01"}, "ligger ikke mellom earliest og latest"),
        ({"latest": "2021-04"}, "tidspunktene overlapper"),
    ],
)
def test_dates_lie_within_their_months_and_in_order(tmp_path, change, words):
    found = problems(tmp_path, lambda data: data["series"]["before"].update(change))
    assert any(words in told for told in found.values())


def test_other_designs_and_cohorts_that_are_described_have_no_series(tmp_path):
    found = problems(tmp_path, lambda data: data.update(analysis="describe"))
    assert any("ingenting leser denne nøkkelen her" in told for told in found.values())


def test_a_card_without_series_has_the_plan_that_it_had_before_the_key_came():
    card = read_card(ROOT / "cohorts" / "youth_teams_synthetic" / "cohort.yaml")
    assert "series" not in analysis_part(card)
    shipped = read_card(SHIPPED)
    assert "series" in analysis_part(shipped)
    assert plan_hash(shipped) != plan_hash(shipped.model_copy(update={"series": None}))


def test_a_date_can_be_any_month_from_earliest_to_latest_and_is_itself_without_them():
    chosen = read_card(SHIPPED).series
    assert chosen.before.span() == ("2020-09", "2020-11")
    assert chosen.before.model_copy(update={"earliest": None, "latest": None}).span() == ("2020-10", "2020-10")
    assert cards.minimal_card().get("series") is None
