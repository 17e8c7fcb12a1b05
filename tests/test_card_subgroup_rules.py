"""Rules of the card about subgroups: where they can be asked for, and groups that nobody can be in two of."""

from typing import Any

import pytest
import stages
from subgroup_cards import ages, subgroup, with_subgroups

from analysis.card_rules import cross_checks
from analysis.card_subgroup_rules import SUBGROUP_RULES
from analysis.cards import Card, analysis_part
from analysis.plan import plan_hash

COVARIATES = [{"name": "woman"}, {"name": "age"}]


def plain(**changes: Any) -> dict[str, Any]:
    item = {
        "name": "sex",
        "by": "woman",
        "groups": [{"id": "men", "values": [0]}, {"id": "women", "values": [1]}],
        **changes,
    }
    return {key: value for key, value in item.items() if value is not None}


def card(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A card of a cluster-randomised trial with these subgroupings and other keys."""
    whole = {"data_kind": "synthetic", "design": "cluster_randomised", "covariates": COVARIATES}
    return {**whole, "subgroups": list(items or [plain()]), **changes}


def groups(*parts: dict[str, Any]) -> dict[str, Any]:
    return card(plain(by="age", groups=list(parts)))


def found(data: dict[str, Any]) -> dict[str, str]:
    return {".".join(map(str, key)): f"{what} {mend}" for rule in SUBGROUP_RULES for key, what, mend in rule(data)}


RIGHT = {
    "trial": card(),
    "matched": card(design="matched_did"),
    "one group with others found for it": card(design="single_arm", matching={"formula": "age"}),
    "staggered": card(design="staggered_did", staggered={"control": "never"}),
    "none": card(subgroups=[]),
    "expected": card(plain(direction="women")),
    "bounds": groups({"id": "young", "at_most": 29}, {"id": "old", "at_least": 30, "at_most": 66}),
    "a value and a bound": groups({"id": "none", "values": [0]}, {"id": "some", "at_least": 1}),
    "texts": groups({"id": "north", "values": ["nord"]}, {"id": "south", "values": ["sør", "vest"]}),
    "misshapen elsewhere": card(plain(groups="to")),
}
WRONG = {
    "counts": (card(design="aggregated_series"), "subgroups", "ingenting leser denne nøkkelen her"),
    "one group alone": (card(design="single_arm"), "subgroups", "ingenting leser"),
    "published": (card(data_kind="published", design="matched_did"), "subgroups", "ingenting leser"),
    "described": (card(analysis="describe"), "subgroups", "ingenting leser"),
    "staggered by another estimator": (
        card(design="staggered_did", staggered={"estimator": "imputation"}),
        "subgroups",
        "staggered.estimator: callaway_santanna",
    ),
    "staggered with covariates": (
        card(design="staggered_did", staggered={"method": "dr", "formula": "age"}),
        "subgroups",
        "method: none",
    ),
    "a name twice": (card(plain(), plain(by="age")), "subgroups.1.name", "«sex» er brukt før"),
    "a group twice": (
        groups({"id": "a", "at_most": 1}, {"id": "a", "at_least": 2}),
        "subgroups.0.groups.1.id",
        "«a» er brukt før",
    ),
    "not at time zero": (card(plain(by="hired")), "subgroups.0.by", "fant «hired», som ikke står blant covariates."),
    "allowed characteristics": (card(plain(by="hired")), "subgroups.0.by", "Lovlig: woman, age."),
    "no covariates": (card(covariates=[]), "subgroups.0.by", "Før kjennetegnet opp under covariates."),
    "one group": (card(plain(groups=[{"id": "men", "values": [0]}])), "subgroups.0.groups", "fant 1, men det trengs"),
    "unknown direction": (
        card(plain(direction="girls")),
        "subgroups.0.direction",
        "fant «girls», som ikke er en av gruppene. Lovlig: men, women.",
    ),
    "nobody named": (groups({"id": "a"}, {"id": "b", "at_least": 1}), "subgroups.0.groups.0", "enten values, eller"),
    "named twice": (
        groups({"id": "a", "values": [0], "at_most": 0}, {"id": "b", "at_least": 1}),
        "subgroups.0.groups.0",
        "enten values, eller",
    ),
    "bounds the wrong way": (
        groups({"id": "a", "at_least": 9, "at_most": 3}, {"id": "b", "at_least": 20}),
        "subgroups.0.groups.0.at_least",
        "fant 9, som er over at_most (3)",
    ),
    "a shared value": (
        groups({"id": "a", "values": [0, 1]}, {"id": "b", "values": [1, 2]}),
        "subgroups.0.groups.1",
        "«b» og «a» kan ha de samme personene",
    ),
    "a shared bound": (
        groups({"id": "a", "at_most": 30}, {"id": "b", "at_least": 30}),
        "subgroups.0.groups.1",
        "de samme personene",
    ),
    "a value inside bounds": (
        groups({"id": "a", "at_least": 0, "at_most": 5}, {"id": "b", "values": [9, 3]}),
        "subgroups.0.groups.1",
        "de samme personene",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_card_that_breaks_no_rule_is_not_mentioned(name):
    assert found(RIGHT[name]) == {}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_told_where_it_stands_and_what_is_allowed(name):
    data, key, words = WRONG[name]
    assert words in found(data)[key]


def test_the_rules_are_among_those_of_the_card():
    assert ("subgroups", 0, "by") in [key for key, _, _ in cross_checks(card(plain(by="hired")))]


def test_a_card_without_subgroups_keeps_its_hash_and_one_with_them_does_not():
    own = stages.card(stages.NSW)
    assert "subgroups" not in analysis_part(own)
    assert plan_hash(with_subgroups(own, subgroup())) != plan_hash(own)
    assert analysis_part(with_subgroups(own, ages(30)))["subgroups"][0]["groups"][0] == {
        "id": "g0",
        "label": {"nb": "aldersgruppe 0", "nn": None, "en": None},
        "at_most": 30.0,
    }


def test_more_than_a_handful_is_refused():
    data = stages.card(stages.NSW).model_dump(mode="json")
    one = subgroup().model_dump(mode="json")
    with pytest.raises(ValueError, match="at most 5"):
        Card.model_validate(data | {"subgroups": [one | {"name": f"n{place}"} for place in range(6)]})
