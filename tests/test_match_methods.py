"""Every method of the card gives the numbers of the library that it stands for."""

import numpy as np
import pandas as pd
import pytest
import stages

from analysis.card_matching import METHOD_KEYS, Matching
from analysis.entropy_balancing import entropy_weights
from analysis.match_methods import fitted_scores, matched, matched_sets, people_of, scores_for
from analysis.match_weights import weight_model
from analysis.matching import MatchingSpec, match
from analysis.matching.cardinality import match_cardinality
from analysis.matching.cem import match_cem
from analysis.matching.exact import match_exact
from analysis.matching.line_full import match_full
from analysis.matching.line_optimal import match_optimal
from analysis.matching.metric import whitened
from analysis.matching.subclass import match_subclass
from analysis.problems import ProblemsFound
from analysis.weighting import score_weights

FORMULA = "age + education_years + black + married + earnings_1975"
SOME = stages.panel().baseline.query("arm == 'participants' or (arm == 'cps' and person_id % 9 == 0)")
PEOPLE = people_of(stages.card(stages.NSW), SOME)
FITTED = fitted_scores(PEOPLE, [FORMULA])
SCORES = FITTED[FORMULA]
P, T, X = SCORES.probability, PEOPLE.treated, PEOPLE.covariates
POINTS = whitened(X[["age", "education_years"]], T)
TWO = X[["age", "black"]]
CASES = {
    "nearest": (
        {"ratio": 2, "order": "smallest", "exact": ["black"], "discard": "both", "covariate_calipers": {"age": 9.0}},
        lambda: (
            match(
                SCORES,
                T,
                MatchingSpec(
                    ratio=2, order="smallest", exact=("black",), discard="both", covariate_calipers={"age": 9.0}
                ),
                covariates=X,
            ).weights
        ),
    ),
    "mahalanobis": (
        {"distance": ["age", "education_years"], "caliper": 0.5, "link": "linear_logit", "replace": True},
        lambda: (
            match(
                SCORES,
                T,
                MatchingSpec(
                    method="mahalanobis",
                    distance_columns=("age", "education_years"),
                    caliper=0.5,
                    link="linear_logit",
                    replace=True,
                    order="largest",
                ),
                covariates=X,
            ).weights
        ),
    ),
    "optimal": (
        {"ratio": 2, "caliper": 0.1, "estimand": "atc"},
        lambda: match_optimal(P, T, ratio=2, caliper=0.1, estimand="ATC").weights,
    ),
    "full": (
        {"distance": ["age", "education_years"], "exact": ["married"], "caliper": 0.3, "estimand": "ate"},
        lambda: match_full(POINTS, T, strata=X[["married"]], caliper=0.3, caliper_on=P, estimand="ATE").weights,
    ),
    "cardinality": (
        {"columns": ["age", "black"], "tolerance": 0.3},
        lambda: match_cardinality(TWO, T, tolerance=0.3, pair_on=P).weights,
    ),
    "exact": ({"exact": ["black", "married"]}, lambda: match_exact(X[["black", "married"]], T).weights),
    "cem": (
        {"columns": ["age", "black"], "cutpoints": {"age": [25, 35]}, "estimand": "ate"},
        lambda: match_cem(TWO, T, cutpoints={"age": [25, 35]}, estimand="ATE").weights,
    ),
    "subclass": (
        {"subclasses": 4, "estimand": "atc"},
        lambda: match_subclass(P, T, subclasses=4, estimand="ATC").weights,
    ),
    "ipw": (
        {"estimand": "ato", "trim": [0.01, 0.9]},
        lambda: score_weights(P, T, estimand="ATO", score_limits=(0.01, 0.9)).weights,
    ),
    "entropy": (
        {"columns": ["age", "black"], "moments": 2},
        lambda: entropy_weights(TWO, T, moments=2).weights,
    ),
}


def spec(method, **keys):
    return Matching.model_validate({"formula": FORMULA, "method": method} | keys)


def test_every_method_has_a_case():
    assert CASES.keys() == METHOD_KEYS.keys()


@pytest.mark.parametrize("method", CASES)
def test_a_method_of_the_card_is_that_of_the_library(method):
    keys, expected = CASES[method]
    found = matched(spec(method, **keys), PEOPLE, SCORES)
    np.testing.assert_array_equal(found.weights, expected())


@pytest.mark.parametrize("method", CASES)
def test_sets_hold_both_groups_and_nobody_who_does_not_count(method):
    found = matched(spec(method, **CASES[method][0]), PEOPLE, SCORES)
    sets = matched_sets(found)
    assert (sets[found.weights == 0] == -1).all()
    if method in ("ipw", "entropy"):
        assert (sets == -1).all()
        return
    assert (sets[found.weights > 0] >= 0).all()
    assert set(sets[T & (sets >= 0)]) == set(sets[~T & (sets >= 0)])


def test_the_order_of_persons_is_that_of_their_ids_whatever_the_order_of_the_rows():
    mixed = SOME.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(people_of(stages.card(stages.NSW), mixed).frame, PEOPLE.frame)


def test_methods_that_do_without_scores_run_where_these_cannot_be_fitted():
    broken = "age + I(2 * age)"
    fitted = fitted_scores(PEOPLE, [broken])
    for method in ("exact", "cem", "entropy", "cardinality"):
        assert scores_for(Matching(formula=broken, method=method), fitted) is None
    free = Matching(formula=broken, method="mahalanobis", caliper=None, order="data")
    assert matched(free, PEOPLE, scores_for(free, fitted)).weights.sum() > 0
    for method in ("nearest", "mahalanobis", "optimal", "full", "subclass", "ipw"):
        with pytest.raises(ProblemsFound):
            scores_for(Matching(formula=broken, method=method), fitted)


def test_only_weights_that_were_estimated_have_a_model():
    for method, (keys, _) in CASES.items():
        model = weight_model(spec(method, **keys), PEOPLE, SCORES)
        assert (model is None) == (method not in ("ipw", "entropy"))


def test_equal_formulas_are_fitted_once():
    assert list(fitted_scores(PEOPLE, [FORMULA, "age", FORMULA])) == [FORMULA, "age"]
