"""Rules of the card about staggered adoption: the key where it is read, and what it needs."""

import pytest

from analysis.card_staggered_rules import STAGGERED_RULES

OFFICES = {"table": "offices", "columns": {"office_id": "nr", "adoption_month": "fra", "county": "fylke"}}
PERSONS = {"table": "persons", "columns": {"person_id": "nr"}}


def card(**changes):
    """A card of staggered adoption that breaks no rule, with other keys; None takes a key out."""
    whole = {
        "data_kind": "synthetic",
        "design": "staggered_did",
        "estimand": {"quantity": "att", "scale": "difference"},
        "files": [PERSONS, OFFICES],
        "staggered": {"unit": "office"},
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def found(data):
    return {".".join(map(str, key)): f"{what} {mend}" for rule in STAGGERED_RULES for key, what, mend in rule(data)}


RIGHT = {
    "offices": card(),
    "counties": card(staggered={"unit": "county"}),
    "counts": card(design="aggregated_series"),
    "covariates": card(staggered={"method": "dr", "formula": "age"}),
    "described": card(analysis="describe", staggered=None),
    "another design": card(design="matched_did", staggered=None),
    "adoption by person": card(files=[{"table": "persons", "columns": {"adoption_month": "fra"}}]),
}
WRONG = {
    "no choices": (card(staggered=None), "staggered", "Fyll inn staggered, eller skriv analysis: describe."),
    "described with choices": (card(analysis="describe"), "staggered", "ingenting leser denne nøkkelen"),
    "another design with choices": (card(design="matched_did"), "staggered", "ingenting leser denne nøkkelen"),
    "a method without a formula": (card(staggered={"method": "ipw"}), "staggered.formula", "metoden ipw bruker den"),
    "a formula without a method": (card(staggered={"formula": "age"}), "staggered.formula", "reg, ipw, dr"),
    "counts with a method": (
        card(design="aggregated_series", staggered={"method": "reg", "formula": "age"}),
        "staggered.method",
        "ingen personer å justere for",
    ),
    "nobody tells when": (card(files=[PERSONS]), "files", "når kontorene tok i bruk tiltaket"),
    "counties that are not told": (
        card(files=[{**OFFICES, "columns": {"adoption_month": "fra"}}], staggered={"unit": "county"}),
        "staggered.unit",
        "hvilket fylke",
    ),
    "another estimand": (card(estimand={"quantity": "itt"}), "estimand.quantity", "Skriv quantity: att."),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_card_that_holds_together_breaks_no_rule(name):
    assert found(RIGHT[name]) == {}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_told_at_its_key_with_a_way_out(name):
    data, key, text = WRONG[name]
    told = found(data)
    assert list(told) == [key]
    assert text in told[key]


@pytest.mark.parametrize("misshapen", [3, "office", [], None])
def test_parts_that_are_misshapen_are_told_elsewhere_and_stop_no_rule(misshapen):
    found(card(staggered=misshapen, files=misshapen, estimand=misshapen))
