"""Rules of the assumptions on cost: told in Norwegian with the key, and no part of the plan."""

import pytest
import stages
from cost_reports import stated

from analysis.card_cost import Cost
from analysis.card_cost_rules import COST_RULES
from analysis.cards import read_card
from analysis.plan import plan_hash
from analysis.problems import ProblemsFound

ASSUMED = {"value": 10, "certainty": "assumed"}


def found(sources=("known",), **cost):
    data = {"cost": cost, "sources": [{"id": name} for name in sources]}
    return {".".join(key): f"{what} {mend}" for rule in COST_RULES for key, what, mend in rule(data)}


def test_the_shipped_assumptions_break_no_rule():
    for cohort in ("hpmt", "supported_employment", "supported_employment_synthetic", "klar_synthetic"):
        card = stages.card(cohort).model_dump(mode="json")
        assert card["cost"]
        assert [finding for rule in COST_RULES for finding in rule(card)] == []


@pytest.mark.parametrize(
    ("item", "key", "words"),
    [
        ({**ASSUMED, "low": 5}, "cost.adviser_year", "spennet mangler high."),
        ({**ASSUMED, "high": 15}, "cost.adviser_year", "spennet mangler low."),
        ({**ASSUMED, "low": 11, "high": 15}, "cost.adviser_year", "utenfor spennet. low ≤ value ≤ high."),
        ({**ASSUMED, "low": 15, "high": 5}, "cost.adviser_year", "utenfor spennet."),
        ({"value": 10, "certainty": "stated"}, "cost.adviser_year.certainty", "«stated» krever en kilde."),
        ({**ASSUMED, "source": "other"}, "cost.adviser_year.source", "kilden «other» står ikke i kortet."),
    ],
)
def test_what_is_wrong_with_an_assumption_is_told_with_its_key(item, key, words):
    told = found(adviser_year=item)
    assert list(told) == [key]
    assert words in told[key]


def test_what_has_a_source_or_is_called_assumed_passes():
    assert found(adviser_year=ASSUMED, caseload_treated={"value": 15, "source": "known", "certainty": "stated"}) == {}
    assert found(adviser_year={**ASSUMED, "low": 10, "high": 10}) == {}


def test_accounts_take_all_their_keys_or_none():
    told = found(work_month=ASSUMED, tax_share=ASSUMED)
    assert "regnskapene mangler benefit_month, effect_months." in told["cost"]
    assert "brukes ikke uten regnskapene" in found(half_life=ASSUMED)["cost.half_life"]
    assert found(**dict.fromkeys(("work_month", "tax_share", "benefit_month", "effect_months"), ASSUMED)) == {}


def test_misshapen_parts_are_left_to_the_model():
    assert found(adviser_year="mye", price_year=2025, caseload_treated=[1]) == {}
    assert [finding for rule in COST_RULES for finding in rule({"cost": "dyrt"})] == []


def test_everything_is_told_at_once_with_file_line_and_key(tmp_path):
    text = (stages.COHORTS / "hpmt" / "cohort.yaml").read_text(encoding="utf-8")
    broken = text.replace(
        "caseload_treated: {value: 25, source: myklebo_2012", "caseload_treated: {value: 0, source: nobody"
    )
    broken = broken.replace("value: 15000, low: 5000", "value: 1500, low: 5000").replace(
        "price_year: 2025", "price_yaer: 2025"
    )
    path = tmp_path / "cohort.yaml"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ProblemsFound) as error:
        read_card(path)
    told = str(error.value)
    for words in ("større enn 0", "kilden «nobody»", "utenfor spennet", "Mente du price_year?", "linje"):
        assert words in told


def test_assumptions_are_no_part_of_the_plan():
    card = stages.card(stages.HPMT)
    other = stages.changed(card, cost=stated(other_treated=1))
    assert plan_hash(other) == plan_hash(card) == plan_hash(card.model_copy(update={"cost": None}))


def test_what_has_a_default_is_listed_as_assumed_with_a_note_in_every_language():
    for name, field in Cost.model_fields.items():
        default = field.get_default()
        if default is not None and not field.is_required():
            assert default.certainty == "assumed", name
            assert all(default.note.model_dump().values()), name
