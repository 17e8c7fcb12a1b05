"""Rules of the card about staggered adoption: the key where it is read, and what it needs."""

import pytest

from analysis.card_staggered_rules import STAGGERED_RULES

OFFICES = {"table": "offices", "columns": {"office_id": "nr", "adoption_month": "fra", "county": "fylke"}}
PERSONS = {"table": "persons", "columns": {"person_id": "nr"}}

SWITCHING = {"kind": "switches", "assumption": "det er beslutningen om å begynne som skal vurderes"}


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
    "a panel": card(
        staggered={"sampling": "panel", "missing": "pairwise", "weight": "w", "method": "dr_improved", "formula": "w"},
        covariates=[{"name": "w"}],
    ),
    "another headline": card(staggered={"estimator": "imputation", "estimators": ["sun_abraham"]}),
    "a subgroup": card(
        staggered={"estimators": ["triple_differences"], "triple": {"subgroup": "young", "affected": 1}},
        covariates=[{"name": "young"}],
    ),
    "synthetic controls": card(staggered={"estimators": ["synthetic_did"], "synthetic": {"pre_fit_limit": 0.5}}),
    "treatment for good": card(staggered={"treatment": {"kind": "lasting"}}),
    "treatment on and off": card(staggered={"treatment": SWITCHING}),
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
    "an improved method of new persons": (
        card(staggered={"method": "dr_improved", "formula": "age"}),
        "staggered.method",
        "Skriv sampling: panel, eller velg method: dr.",
    ),
    "gaps of new persons": (card(staggered={"missing": "pairwise"}), "staggered.missing", "Skriv sampling: panel"),
    "a panel of counts": (
        card(design="aggregated_series", staggered={"sampling": "panel"}),
        "staggered.sampling",
        "ingen personer å følge",
    ),
    "weights of counts": (
        card(design="aggregated_series", staggered={"weight": "w"}),
        "staggered.weight",
        "ingen personer å vekte",
    ),
    "weights that are not there": (card(staggered={"weight": "w"}), "staggered.weight", "w står ikke blant covariates"),
    "an estimator twice": (card(staggered={"estimators": ["stacked", "stacked"]}), "staggered.estimators", "én gang"),
    "covariates of another estimator": (
        card(staggered={"estimator": "stacked", "method": "dr", "formula": "age"}),
        "staggered.estimator",
        "stacked justerer ikke for kjennetegn",
    ),
    "no subgroup": (card(staggered={"estimators": ["triple_differences"]}), "staggered.triple", "Skriv subgroup"),
    "a subgroup that nobody reads": (
        card(staggered={"estimators": ["stacked"], "triple": {"subgroup": "young"}}, covariates=[{"name": "young"}]),
        "staggered.triple",
        "Ta triple_differences med",
    ),
    "a subgroup that is not there": (
        card(staggered={"triple": {"subgroup": "young"}}),
        "staggered.triple.subgroup",
        "young står ikke blant covariates",
    ),
    "a subgroup of counts": (
        card(design="aggregated_series", staggered={"triple": {"subgroup": "young"}}),
        "staggered.triple",
        "ingen personer å dele",
    ),
    "synthetic controls that nobody reads": (
        card(staggered={"estimators": ["stacked"], "synthetic": {"units": ["0301"]}}),
        "staggered.synthetic",
        "Ta synthetic_control eller synthetic_did med",
    ),
    "a dose": (
        card(staggered={"treatment": {"kind": "dose"}}),
        "staggered.treatment.kind",
        "vis styrken som et kjennetegn ved kontorene (moderator)",
    ),
    "treatment that ends": (
        card(staggered={"treatment": {"kind": "switches"}}),
        "staggered.treatment.kind",
        "ATT(g, t) gjelder kontorer som har tiltaket i alle måneder",
    ),
    "treatment that ends, beside those who never begin": (
        card(staggered={"control": "never", "treatment": SWITCHING}),
        "staggered.control",
        "Skriv control: not_yet",
    ),
    "an assumption of lasting treatment": (
        card(staggered={"treatment": {"assumption": "det varer"}}),
        "staggered.treatment.assumption",
        "Fjern assumption",
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
