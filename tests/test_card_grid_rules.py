"""Rules of the card about the grid: choices that the design has, real alternatives, and no more than can be read."""

import pytest
from cards import minimal_card

from analysis.card_grid import MOST, has_curve, word
from analysis.card_grid_rules import GRID_RULES
from analysis.card_rules import cross_checks
from analysis.cards import Card, analysis_part

OUTCOMES = {"primary": "any_earnings_in_year", "secondary": ["annual_earnings_usd"]}
MATCHED = {"data_kind": "synthetic", "design": "matched_did", "matching": {"formula": "age"}, "base_month": "2020-12"}
MATCHED |= {"horizons": [12, 24], "outcomes": OUTCOMES}
TRIAL = {"data_kind": "synthetic", "design": "cluster_randomised", "trial": {"adjustment": "age"}, "horizons": [12, 24]}
TRIAL |= {"outcomes": OUTCOMES}
STAGGERED = {"data_kind": "synthetic", "design": "staggered_did", "staggered": {"control": "never"}, "horizons": [12]}
STAGGERED |= {"outcomes": OUTCOMES}


def found(data, grid):
    whole = {**data, "grid": grid}
    return {".".join(map(str, key)): f"{what} {mend}" for rule in GRID_RULES for key, what, mend in rule(whole)}


FORMULA = {"name": "few", "title": "færre", "formula": "age"}
RIGHT = {
    "no grid": (MATCHED, None),
    "matched": (MATCHED, {"method": ["ipw"], "caliper": [None, 0.1], "ratio": [2], "replace": [True]}),
    "matched outcome": (MATCHED, {"estimator": ["level"], "base_month": ["2019-12"], "horizon": [24]}),
    "formula": (MATCHED, {"formula": [FORMULA], "within": ["county"]}),
    "trial": (TRIAL, {"average": ["offices"], "adjusted": [True], "horizon": [24], "permutations": 199}),
    "staggered": (STAGGERED, {"control": ["not_yet"], "anticipation": [1, 2], "weighting": ["group"]}),
}
WRONG = {
    "described": (MATCHED | {"analysis": "describe"}, {"method": ["ipw"]}, "grid", "ingenting leser denne nøkkelen"),
    "published": (MATCHED | {"data_kind": "published"}, {"method": ["ipw"]}, "grid", "ingenting leser"),
    "persons drawn": (TRIAL | {"design": "individually_randomised"}, {"horizon": [24]}, "grid", "Fjern grid."),
    "no alternatives": (MATCHED, {"permutations": 99}, "grid", "har ingen alternativer. Oppgi minst én av: method"),
    "another design's choice": (
        TRIAL,
        {"caliper": [0.1]},
        "grid.caliper",
        "Lovlig: average, adjusted, outcome, horizon.",
    ),
    "twice": (MATCHED, {"caliper": [0.1, 0.1]}, "grid.caliper", "0.1 står flere ganger."),
    "what is chosen": (MATCHED, {"caliper": [0.2]}, "grid.caliper", "0.2 er alt valgt i kortet."),
    "the chosen method": (MATCHED, {"method": ["nearest"]}, "grid.method", "nearest er alt valgt"),
    "the same number": (MATCHED, {"ratio": [1]}, "grid.ratio", "1 er alt valgt"),
    "no replacement": (MATCHED, {"replace": [False]}, "grid.replace", "false er alt valgt"),
    "nowhere first": (MATCHED, {"within": ["none"]}, "grid.within", "none er alt valgt"),
    "the chosen formula twice": (MATCHED, {"formula": [FORMULA, FORMULA]}, "grid.formula", "few står flere ganger."),
    "the main horizon": (MATCHED, {"horizon": [12]}, "grid.horizon", "12 er alt valgt"),
    "the main outcome": (MATCHED, {"outcome": ["any_earnings_in_year"]}, "grid.outcome", "er alt valgt"),
    "the base": (MATCHED, {"base_month": ["2020-12"]}, "grid.base_month", "2020-12 er alt valgt"),
    "no such base": (MATCHED, {"base_period": [-6]}, "grid.base_period", "Skriv base_month"),
    "no such horizon": (MATCHED, {"horizon": [36]}, "grid.horizon", "står ikke i horizons. Lovlig: 12, 24."),
    "no such outcome": (MATCHED, {"outcome": ["hired"]}, "grid.outcome", "hired står ikke i outcomes."),
    "another unit": (MATCHED, {"outcome": ["annual_earnings_usd"]}, "grid.outcome", "ikke i samme enhet"),
    "nothing to adjust for": (TRIAL | {"trial": {}}, {"adjusted": [True]}, "grid.adjusted", "Oppgi trial.adjustment."),
    "the same control": (STAGGERED, {"control": ["never"]}, "grid.control", "never er alt valgt"),
    "another estimator": (
        STAGGERED | {"staggered": {"estimator": "imputation"}},
        {"control": ["never"]},
        "grid",
        "staggered.estimator: imputation kan ikke ha grid.",
    ),
    "with covariates": (
        STAGGERED | {"staggered": {"method": "dr"}},
        {"control": ["never"]},
        "grid",
        "Fjern grid, eller skriv none.",
    ),
    "a panel with gaps": (
        STAGGERED | {"staggered": {"missing": "pairwise", "sampling": "panel"}},
        {"control": ["never"]},
        "grid",
        "skriv drop_person",
    ),
    "counts": (
        STAGGERED | {"design": "aggregated_series", "horizons": [12, 24]},
        {"horizon": [24]},
        "grid.horizon",
        "månedene er kalenderens",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_grid_that_can_be_run_is_let_through(name):
    assert found(*RIGHT[name]) == {}


@pytest.mark.parametrize("name", WRONG)
def test_a_grid_that_cannot_be_run_is_refused_with_what_is_allowed(name):
    data, grid, key, told = WRONG[name]
    assert told in found(data, grid).get(key, "")


def test_too_many_combinations_are_refused_with_their_number_and_where_they_come_from():
    grid = {
        "caliper": [0.1, 0.3, 0.4, None],
        "ratio": [2, 3, 4, 5],
        "horizon": [24],
        "method": ["ipw", "full", "entropy", "optimal", "cem"],
    }
    told = found(MATCHED, grid)["grid"]
    assert told.startswith("gir 300 kombinasjoner.")
    assert f"Høyst {MOST} er lov." in told
    assert "(method 6, caliper 5, ratio 5, horizon 2)" in told


@pytest.mark.parametrize(
    "wrong", [3, "method", {"method": "ipw"}, {"caliper": [[1]]}, {"formula": [3]}, {"outcome": [{}]}]
)
def test_a_misshapen_grid_breaks_no_rule(wrong):
    assert isinstance(list(cross_checks({**MATCHED, "grid": wrong})), list)


def test_the_plan_holds_the_grid_and_a_card_without_one_leaves_no_trace():
    assert "grid" not in analysis_part(Card.model_validate(minimal_card()))
    card = Card.model_validate(minimal_card(grid={"caliper": [0.1]}))
    assert analysis_part(card)["grid"]["caliper"] == [0.1]
    assert Card.model_validate(card.model_dump(mode="json")) == card


def test_matched_cohorts_with_two_rows_beside_the_main_one_have_a_curve_and_others_need_a_grid():
    row = {"title": "liten avstand", "matching": {"caliper": 0.1}}
    one, two = ([{"name": f"row_{number}", **row} for number in range(count)] for count in (1, 2))
    assert has_curve(Card.model_validate(minimal_card(sensitivity=two)))
    assert not has_curve(Card.model_validate(minimal_card(sensitivity=one)))
    assert not has_curve(Card.model_validate(minimal_card(sensitivity=two, analysis="describe")))
    assert has_curve(Card.model_validate(minimal_card(grid={"caliper": [0.1]})))


def test_values_stand_in_the_tables_as_in_the_card():
    assert [word(value) for value in (None, True, 3.0, 0.05, -12, "ipw")] == ["none", "true", "3", "0.05", "-12", "ipw"]
