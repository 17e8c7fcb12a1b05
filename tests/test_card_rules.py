"""Rules between keys of a card, one by one: what breaks them, and that they are silent about what is missing."""

import pytest
from cards import minimal_card

from analysis.card_parts import chosen_outcomes, mapping, mappings
from analysis.card_rules import RULES, cross_checks
from analysis.cards import ANALYSIS_KEYS


def findings(card):
    return {".".join(map(str, key)): f"{what} {mend}".strip() for key, what, mend in cross_checks(card)}


def with_file(**changes):
    card = minimal_card()
    card["files"][0] |= changes
    return card


def with_column(name, column):
    card = minimal_card()
    card["files"][0]["columns"][name] = column
    return card


def outcome(name, month, column="x"):
    return {"outcome": name, "month": month, "column": column}


EARNINGS = "annual_earnings_usd"
ARMS = minimal_card()["arms"]
BASE, EARLY = outcome(EARNINGS, "2020-12"), outcome(EARNINGS, "2019-12")

BROKEN = {
    "restricted data pass unchanged": (
        minimal_card(data_kind="restricted"),
        {"disclosure.profile": "personopplysninger kan ikke frigis uendret"},
    ),
    "open data without licence": (minimal_card(data_kind="open"), {"licence": "åpne data skal ha en lisens"}),
    "published with files and without figures": (
        minimal_card(data_kind="published"),
        {"files": "en publisert kohort har ingen leveranse", "published": "mangler for en publisert kohort"},
    ),
    "data without files": (minimal_card(files=None), {"files": "leveransen er ikke beskrevet"}),
    "no treated arm": (minimal_card(arms=ARMS[1:]), {"arms": "fant 0 grupper med rollen treated"}),
    "no comparison": (minimal_card(arms=ARMS[:1]), {"arms": "trenger en gruppe med rollen comparison"}),
    "matched without matching and base month": (
        minimal_card(matching=None, base_month=None),
        {"matching": "designet matched_did bruker den", "base_month": "designet matched_did bruker den"},
    ),
    "randomised design that was not": (
        minimal_card(design="cluster_randomised"),
        {"assignment.randomised": "Et slikt design har randomised: true."},
    ),
    "arm twice": (minimal_card(arms=[*ARMS, ARMS[1]]), {"arms.2.id": "«comparison» er brukt før"}),
    "covariate twice": (
        minimal_card(covariates=[*minimal_card()["covariates"], {"name": "age", "label": "Alder"}]),
        {"covariates.3.name": "«age» er brukt før"},
    ),
    "unknown outcome": (
        minimal_card(outcomes={"primary": EARNINGS, "secondary": ["happiness"]}),
        {"outcomes.secondary.0": "utfallet «happiness» finnes ikke"},
    ),
    "no horizon": (minimal_card(horizons=None), {"horizons": "Oppgi minst én måned"}),
    "horizon twice": (minimal_card(horizons=[12, 12]), {"horizons": "samme horisont står to ganger"}),
    "benchmark of no benchmark arm": (
        minimal_card(benchmark={"arm": "comparison", "formula": "age", "title": "a"}),
        {"benchmark.arm": "«comparison» er ikke en gruppe med rollen benchmark"},
    ),
    "column that nobody uses": (with_column("shoe_size", "sko"), {"files.0.columns.shoe_size": "brukes ikke"}),
    "covariate that is not delivered": (
        minimal_card(covariates=[*minimal_card()["covariates"], {"name": "income", "label": "a"}]),
        {"files.0.columns": "kolonnen income er ikke koblet"},
    ),
    "column from nowhere": (with_column("person_id", {}), {"files.0.columns.person_id": "fant ingenting"}),
    "column from two places": (
        with_column("arm", {"column": "gruppe", "constant": "treated"}),
        {"files.0.columns.arm": "fant column og constant. Oppgi nøyaktig én av: column, constant."},
    ),
    "arm from row numbers": (with_column("arm", {"row_number": "A"}), {"files.0.columns.arm": "fant row_number"}),
    "one id for all": (with_column("person_id", {"constant": "1"}), {"files.0.columns.person_id": "fant constant"}),
    "covariate that is constant": (with_column("age", {"constant": "40"}), {"files.0.columns.age": "fant constant"}),
    "values of a number": (
        with_column("age", {"column": "alder", "values": {"1": "2"}}),
        {"files.0.columns.age.values": "oversettes bare for arm"},
    ),
    "time zero that is no month": (
        with_column("time_zero", {"constant": "våren 2020"}),
        {"files.0.columns.time_zero.constant": "Skriv en måned"},
    ),
    "translation to an unknown arm": (
        with_column("arm", {"column": "gruppe", "values": {"T": "treated", "S": "control"}}),
        {"files.0.columns.arm.values.S": "gruppen «control» finnes ikke. Lovlig: treated, comparison."},
    ),
    "constant unknown arm": (
        with_column("arm", {"constant": "control"}),
        {"files.0.columns.arm.constant": "gruppen «control» finnes ikke"},
    ),
    "outcome that nobody uses": (
        with_file(outcomes=[BASE, EARLY, outcome("hired", "2020-12")]),
        {"files.0.outcomes.2.outcome": "utfallet «hired» brukes ikke"},
    ),
    "outcome twice in a month": (
        with_file(outcomes=[BASE, EARLY, BASE]),
        {"files.0.outcomes.2": "samme utfall står to ganger for samme måned"},
    ),
    "outcome that is not delivered": (
        with_file(outcomes=[]),
        {"files.0": f"utfallet {EARNINGS} er ikke koblet til filen"},
    ),
    "base month that is not delivered": (
        with_file(outcomes=[EARLY]),
        {"base_month": "ingen utfall er levert for 2020-12. Leverte måneder: 2019-12."},
    ),
    "month of a covariate that is not delivered": (
        with_file(outcomes=[BASE]),
        {"covariates.2.month": "ingen utfall er levert for 2019-12"},
    ),
    "covariate with a month and no outcome": (
        minimal_card(covariates=[{"name": "age", "label": "a", "month": "2019-12"}]),
        {"covariates.0": "outcome og month skal stå sammen"},
    ),
    "covariate from an outcome that is not chosen": (
        minimal_card(covariates=[{"name": "e", "label": "a", "month": "2019-12", "outcome": "hired"}]),
        {"covariates.0.outcome": "utfallet er ikke blant kortets utfall"},
    ),
}


def without_time_zero():
    card = minimal_card()
    del card["files"][0]["columns"]["time_zero"]
    return card


def test_the_minimal_card_breaks_no_rule():
    assert findings(minimal_card()) == {}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_told_at_its_key_with_what_is_allowed(name):
    card, expected = BROKEN[name]
    told = findings(card)
    for key, words in expected.items():
        assert words in told.get(key, ""), told


def test_a_delivery_needs_a_time_zero_for_all_or_for_each():
    card = without_time_zero()
    assert "starttidspunktet mangler" in findings(card)["files.0.columns"]
    card["time_zero"]["month"] = "2020-12"
    assert findings(card) == {}


@pytest.mark.parametrize("key", [*ANALYSIS_KEYS, "disclosure", "sources", "report", "title"])
@pytest.mark.parametrize("value", [None, 3, "tekst", [], [3], [[]], [{}], {}, {"id": []}, {"arm": {}}, [{"id": {}}]])
def test_rules_say_nothing_foolish_and_do_not_fall_over_misshapen_parts(key, value):
    for found, what, _ in cross_checks({**minimal_card(), key: value}):
        assert isinstance(found, tuple)
        assert what


def test_an_empty_card_breaks_no_rule_between_keys():
    assert findings({}) == {}


def test_misshapen_parts_count_as_not_there():
    assert mapping([1]) == {}
    assert mappings({"a": 1}) == []
    assert mappings([1, {"a": 1}]) == [{}, {"a": 1}]
    assert chosen_outcomes({"outcomes": {"primary": 3, "secondary": ["a", {}]}}) == ["a"]
    assert chosen_outcomes({"outcomes": []}) == []


def test_every_rule_says_what_it_holds():
    assert len(RULES) == len(set(RULES))
    assert all(rule.__doc__ for rule in RULES)
