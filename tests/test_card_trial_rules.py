"""Rules of the card about trials: the key where it is read, what was drawn, and inference for few offices."""

import pytest
import trial_reports

from analysis.card_rules import cross_checks
from analysis.card_trial import MANY_OFFICES
from analysis.card_trial_rules import TRIAL_RULES
from analysis.cards import Card
from analysis.plan import plan_hash
from tests import stages

PERSONS = {"table": "persons", "columns": {"person_id": "nr", "office_id": "kontor", "got_it": "fikk"}}
OFFICES = {"table": "offices", "columns": {"office_id": "nr", "pair": "par"}}
ASSIGNED = {"unit": "office", "randomised": True, "offices_treated": 9, "offices_comparison": 9}


def card(**changes):
    """A card of a cluster-randomised trial that breaks no rule, with other keys; None takes a key out."""
    whole = {
        "data_kind": "synthetic",
        "design": "cluster_randomised",
        "assignment": ASSIGNED,
        "estimand": {"quantity": "itt", "scale": "difference"},
        "files": [PERSONS, OFFICES],
        "trial": {"adjustment": "age"},
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def persons_card(**changes):
    assigned = {"unit": "person", "randomised": True}
    return card(**{"design": "individually_randomised", "assignment": assigned, **changes})


def found(data):
    return {".".join(map(str, key)): f"{what} {mend}" for rule in TRIAL_RULES for key, what, mend in rule(data)}


RIGHT = {
    "offices": card(),
    "pairs": card(trial={"strata": "pair"}),
    "delivery": card(trial={"delivery": "got_it"}),
    "many offices": card(
        assignment={**ASSIGNED, "offices_treated": 30, "offices_comparison": 30}, trial={"interval": "cr1_normal"}
    ),
    "offices not counted": card(assignment={"unit": "office", "randomised": True}, trial={"interval": "cr1_normal"}),
    "persons": persons_card(),
    "persons within offices": persons_card(trial={"strata": "office_id"}),
    "described": card(analysis="describe", trial=None),
    "published": card(data_kind="published", trial=None, files=None),
    "another design": card(design="matched_did", trial=None),
}
WRONG = {
    "no choices": (card(trial=None), "trial", "Fyll inn trial, eller skriv analysis: describe."),
    "described with choices": (card(analysis="describe"), "trial", "ingenting leser denne nøkkelen"),
    "another design with choices": (card(design="matched_did"), "trial", "ingenting leser denne nøkkelen"),
    "persons drawn in a trial of offices": (
        card(assignment={**ASSIGNED, "unit": "person"}),
        "assignment.unit",
        "Skriv unit: office.",
    ),
    "no lots": (card(assignment={**ASSIGNED, "randomised": False}), "assignment.randomised", "loddtrekning"),
    "one office in a group": (
        card(assignment={**ASSIGNED, "offices_treated": 1}),
        "assignment.offices_treated",
        "kan ikke skilles fra forskjeller mellom kontorer",
    ),
    "nobody has an office": (
        card(files=[{"table": "persons", "columns": {"person_id": "nr"}}]),
        "files",
        "hvilket kontor personene hørte til",
    ),
    "CR1 with normal quantiles and 18 offices": (
        card(trial={"interval": "cr1_normal"}),
        "trial.interval",
        f"CR1 med normalfordeling holder ikke med 18 kontorer; grensen er {MANY_OFFICES}.",
    ),
    "strata nobody delivers": (card(trial={"strata": "size"}), "trial.strata", "table: offices"),
    "delivery nobody delivers": (card(trial={"delivery": "dose"}), "trial.delivery", "table: persons"),
    "a model twice": (card(trial={"models": ["gee", "gee"]}), "trial.models", "står to ganger"),
    "another estimand": (card(estimand={"quantity": "att"}), "estimand.quantity", "Skriv quantity: itt."),
    "choices about offices where persons were drawn": (
        persons_card(trial={"average": "offices"}),
        "trial.average",
        "gjelder bare når kontorer er trukket",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_card_that_holds_together_breaks_no_rule(name):
    assert found(RIGHT[name]) == {}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_at_its_key_with_a_way_out(name):
    data, key, words = WRONG[name]
    assert words in found(data)[key]
    assert len(found(data)) == 1


def test_misshapen_parts_are_told_elsewhere():
    odd = {"design": "cluster_randomised", "trial": [], "assignment": 3, "estimand": None, "files": []}
    assert found(odd) == {}


def test_the_rules_are_among_those_of_the_card():
    told = {".".join(map(str, key)) for key, _, _ in cross_checks(card(trial={"interval": "cr1_normal"}))}
    assert "trial.interval" in told


def test_a_card_without_a_trial_has_the_plan_that_it_had():
    plain = stages.card(stages.NSW)
    assert plan_hash(plain) == plan_hash(Card.model_validate(plain.model_dump(mode="json") | {"trial": None}))
    assert "trial" not in stages.analysis_part(plain)


def test_each_choice_is_part_of_the_plan():
    own = trial_reports.card()
    assert plan_hash(own) != plan_hash(stages.changed(own, trial__average="offices"))
