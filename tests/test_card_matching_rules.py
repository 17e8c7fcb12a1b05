"""A key of the matching that its method does not use is refused by name, and what passes the rules can be run."""

import re

import numpy as np
import pandas as pd
import pytest
from cards import minimal_card
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.card_matching import METHOD_ESTIMANDS, METHOD_KEYS, Matching, overridden, uses
from analysis.card_matching_rules import MATCHING_RULES
from analysis.cards import Card
from analysis.match_methods import People, fitted_scores, matched, scores_for
from analysis.problems import ProblemsFound

FORMULA = "age + education_years"
# One value for each key, other than its default, and keys that it cannot do without.
VALUES = {
    "estimand": "atc",
    "link": "linear_logit",
    "caliper": 0.5,
    "caliper_unit": "raw",
    "covariate_calipers": {"age": 5.0},
    "covariate_calipers_sd": {"education_years": 1.0},
    "exact": ["education_years"],
    "antiexact": ["age"],
    "replace": True,
    "reuse_max": 2,
    "ratio": 2,
    "min_controls": 1,
    "max_controls": 3,
    "max_treated": 2,
    "order": "data",
    "seed": 1,
    "discard": "both",
    "within": {"unit": "office"},
    "distance": ["age"],
    "metric": "scaled_euclidean",
    "columns": ["age"],
    "tolerance": 0.2,
    "time_limit": 5.0,
    "subclasses": 3,
    "cutpoints": {"age": 3},
    "moments": 2,
    "trim": [0.1, 0.9],
}


def findings(matching, *rows):
    """Key in the card and what is said there."""
    sensitivity = [{"name": f"row{i}", "title": {"nb": "x"}, "matching": row} for i, row in enumerate(rows)]
    card = minimal_card(matching={"formula": FORMULA} | matching, sensitivity=sensitivity)
    return {".".join(map(str, key)): what for rule in MATCHING_RULES for key, what, _ in rule(card)}


def test_every_key_of_the_matching_belongs_to_a_method():
    assert set(Matching.model_fields) == {name for method in METHOD_KEYS for name in uses(method)}
    assert set(VALUES) == set(Matching.model_fields) - {"method", "formula"}
    assert METHOD_ESTIMANDS.keys() == METHOD_KEYS.keys()


@pytest.mark.parametrize("method", METHOD_KEYS)
def test_exactly_the_keys_that_a_method_does_not_use_are_refused_by_name(method):
    told = findings({"method": method} | VALUES)
    refused = {key.removeprefix("matching.") for key, what in told.items() if "bruker ikke" in what}
    assert refused == set(VALUES) - set(uses(method))
    assert all(f"metoden {method} bruker ikke {key}." == told[f"matching.{key}"] for key in refused)


def test_a_row_inherits_only_the_keys_that_its_method_uses():
    main = {"method": "nearest", "caliper": 0.1, "replace": True, "exact": ["age"], "ratio": 2}
    assert findings(main, {"method": "ipw"}, {"method": "optimal"}) == {}
    card = Card.model_validate(
        minimal_card(
            matching={"formula": FORMULA} | main,
            sensitivity=[
                {"name": "a", "title": "b", "matching": {"method": "optimal", "caliper": None}},
                {"name": "c", "title": "d", "matching": {"method": "entropy"}},
            ],
        )
    )
    optimal, entropy = (overridden(card.matching, row.matching) for row in card.sensitivity)
    assert (optimal.caliper, optimal.exact, optimal.ratio, optimal.replace) == (None, ["age"], 2, False)
    assert entropy == Matching(formula=FORMULA, method="entropy")
    assert findings(main, {"method": "entropy", "caliper": 0.1}) == {
        "sensitivity.0.matching.caliper": "metoden entropy bruker ikke caliper."
    }


def test_a_row_can_take_back_what_the_main_matching_has():
    rows = [{"name": "a", "title": "b", "matching": {"within": None, "ratio": 1}}]
    main = {"formula": FORMULA, "ratio": 3, "within": {"unit": "office"}}
    card = Card.model_validate(minimal_card(matching=main, sensitivity=rows))
    again = Card.model_validate(card.model_dump(mode="json"))
    for one in (card, again):
        assert overridden(one.matching, one.sensitivity[0].matching) == Matching(formula=FORMULA)


CLASHES = {
    "reuse_max": {"reuse_max": 2},
    "seed": {"order": "random"},
    "order": {"order": "closest", "replace": True},
    "within": {"within": {"unit": "office", "how": "penalty"}},
    "caliper_unit": {"caliper": None, "caliper_unit": "raw"},
    "antiexact": {"exact": ["age"], "antiexact": ["age"]},
    "covariate_calipers_sd": {"covariate_calipers": {"age": 1.0}, "covariate_calipers_sd": {"age": 1.0}},
    "min_controls": {"min_controls": 2},
    "ratio": {"ratio": 1.5},
    "link": {"method": "mahalanobis", "caliper": None, "link": "linear_logit"},
    "metric": {"method": "optimal", "metric": "scaled_euclidean"},
    "exact": {"method": "exact"},
    "caliper": {"method": "full", "caliper": 0.2, "max_controls": 4},
    "trim": {"method": "ipw", "trim": [0.9, 0.1]},
    "cutpoints": {"method": "cem", "columns": ["age"], "cutpoints": {"education_years": 3}},
    "estimand": {"method": "optimal", "estimand": "ate"},
    "distance": {"method": "mahalanobis", "distance": ["height"]},
}


@pytest.mark.parametrize("key", CLASHES)
def test_values_that_do_not_go_together_are_told_at_the_key(key):
    told = findings(CLASHES[key])
    place = f".{key}" if key in CLASHES[key] else ""  # a key that is missing is told of the whole
    assert set(told) == {f"matching{place}"}
    told = findings({}, CLASHES[key])
    assert set(told) == {f"sensitivity.0.matching{place}"}
    assert not re.search(r"\b(must|not|needs?|unknown)\b", " ".join(told.values()))


def test_partners_of_the_same_county_need_a_table_with_counties():
    assert findings({"within": {"unit": "county"}}) == {"matching.within": "leveransen har ikke county."}
    assert findings({"within": {"unit": "office"}}) == {}


NAMES = ("age", "education_years", "earnings_2019")
OPTIONS = {
    "link": st.sampled_from(["logit", "linear_logit"]),
    "caliper": st.sampled_from([None, 0.2, 2.0]),
    "caliper_unit": st.sampled_from(["sd", "raw"]),
    "covariate_calipers": st.sampled_from([{}, {"age": 20.0}]),
    "covariate_calipers_sd": st.sampled_from([{}, {"age": 3.0}, {"earnings_2019": 3.0}]),
    "exact": st.lists(st.sampled_from(NAMES[:2]), max_size=1),
    "antiexact": st.lists(st.sampled_from(NAMES[1:]), max_size=1),
    "replace": st.booleans(),
    "reuse_max": st.sampled_from([None, 2]),
    "ratio": st.sampled_from([1, 1.5, 2]),
    "min_controls": st.sampled_from([None, 1, 2]),
    "max_controls": st.sampled_from([None, 1, 3]),
    "max_treated": st.sampled_from([None, 1, 2]),
    "order": st.sampled_from(["largest", "smallest", "data", "closest", "random"]),
    "seed": st.sampled_from([None, 3]),
    "discard": st.sampled_from(["none", "both", "treated"]),
    "within": st.sampled_from([None, {"unit": "office"}, {"unit": "office", "how": "penalty", "penalty": 0.5}]),
    "distance": st.sampled_from([None, ["age", "earnings_2019"]]),
    "metric": st.sampled_from(["mahalanobis", "scaled_euclidean"]),
    "columns": st.sampled_from([None, ["age", "education_years"]]),
    "tolerance": st.sampled_from([0.1, 0.5]),
    "subclasses": st.sampled_from([2, 4]),
    "cutpoints": st.sampled_from([{}, {"age": 2}, {"age": [30.0, 40.0]}]),
    "moments": st.sampled_from([1, 2]),
    "trim": st.sampled_from([None, [0.1, 0.9], [0.6, 0.4]]),
    "estimand": st.sampled_from(["att", "atc", "ate"]),
}


def some_people(n=60):
    generator = np.random.default_rng(2)
    columns = {name: generator.integers(9, 9 + span, n) for name, span in zip(NAMES, (40, 4, 900), strict=True)}
    frame = pd.DataFrame(columns).astype("float64").assign(person_id=np.arange(n), treated=np.arange(n) % 3 == 0)
    return People(frame, frame["treated"].to_numpy(), NAMES, {"office": np.arange(n) % 4})


PEOPLE = some_people()
SCORES = fitted_scores(PEOPLE, [FORMULA])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_the_rules_let_through_can_be_run_or_ends_in_a_norwegian_reason(data):
    method = data.draw(st.sampled_from(sorted(METHOD_KEYS)))
    keys = [name for name in uses(method) if name in OPTIONS]
    chosen = data.draw(st.lists(st.sampled_from(keys), unique=True, max_size=5))
    matching = {"method": method} | {name: data.draw(OPTIONS[name]) for name in chosen}
    if findings(matching):
        return
    spec = Matching.model_validate({"formula": FORMULA} | matching)
    try:
        found = matched(spec, PEOPLE, scores_for(spec, SCORES))
    except ProblemsFound:
        return
    assert found.weights[PEOPLE.treated].sum() > 0
    assert found.weights[~PEOPLE.treated].sum() > 0
