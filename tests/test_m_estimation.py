"""Standard errors of weighted differences: those of sandwich, WeightIt and MatchIt's examples, and a bootstrap."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.did import difference
from analysis.entropy_balancing import entropy_weights
from analysis.m_estimation import EntropyModel, ScoreModel
from analysis.problems import ProblemsFound
from analysis.weighted_effects import cluster_se, weighted_effect
from analysis.weighting import ESTIMANDS, score_weights

REFERENCE = Path(__file__).parent / "reference" / "matching"
TREATED = {"lalonde": "treat", "navsyn_a": "tiltak"}
COVARIATES = {
    "lalonde": ["age", "educ", "race", "married", "nodegree", "re74", "re75"],
    "navsyn_a": ["alder", "kvinne", "utdanning", "mnd_ledig", "jobb_for", "lonn_for", "psyk"],
}
SCORES = ["glm_att", "glm_atc", "glm_ate", "glm_ate_stab", "ato", "atm"]
ENTROPY = {
    "ebal_att": (1, "fixed"),
    "ebal_att_m2": (2, "fixed"),
    "ebal_ate": (1, "fixed"),
    "cbps_att": (1, "estimated"),
}


@cache
def stored(name):
    return json.loads((REFERENCE / name).read_text())["results"]


@cache
def cohort(name):
    frame = pd.read_csv(REFERENCE / f"{name}.csv")
    return frame, frame[TREATED[name]].to_numpy()


def design(frame, name):
    dummies = pd.get_dummies(frame[COVARIATES[name]], drop_first=True, dtype=float)
    return np.column_stack([np.ones(len(frame)), dummies])


@pytest.mark.parametrize("name", TREATED)
def test_given_weights_hc0_and_hc3_equal_sandwich(name):
    frame, treated = cohort(name)
    for result in stored(f"weighting_{name}.json").values():
        for effect in result["effects"]:
            y = frame[effect["outcome"]]
            found = weighted_effect(y, treated, result["weights"], inference="hc0")
            assert found.estimate == pytest.approx(effect["est"], rel=1e-10)
            assert found.std_error == pytest.approx(effect["se_hc0"], rel=1e-9)
            hc3 = weighted_effect(y, treated, result["weights"], inference="hc3")
            assert hc3.std_error == pytest.approx(effect["se_hc3"], rel=1e-9)


@pytest.mark.parametrize("name", TREATED)
@pytest.mark.parametrize("method", SCORES)
def test_standard_errors_with_estimated_scores_equal_weightit(name, method):
    result = stored(f"weighting_{name}.json")[method]
    frame, treated = cohort(name)
    found = score_weights(result["ps"], treated, estimand=result["estimand"], stabilise=method.endswith("stab"))
    model = ScoreModel(design(frame, name), result["ps"], treated, found)
    for effect in result["effects"]:
        own = weighted_effect(frame[effect["outcome"]], treated, found.weights, inference="m", model=model)
        assert own.estimate == pytest.approx(effect["est"], rel=1e-9)
        assert own.std_error == pytest.approx(effect["se_mest"]["se"], rel=2e-7)  # WeightIt differentiates numerically


@pytest.mark.parametrize("name", TREATED)
@pytest.mark.parametrize("method", ENTROPY)
def test_standard_errors_of_entropy_balancing_equal_weightit(name, method):
    result, (moments, targets) = stored(f"weighting_{name}.json")[method], ENTROPY[method]
    frame, treated = cohort(name)
    found = entropy_weights(frame[COVARIATES[name]], treated, estimand=result["estimand"], moments=moments)
    model = EntropyModel(found, treated, targets)
    for effect in result["effects"]:
        own = weighted_effect(frame[effect["outcome"]], treated, found.weights, inference="m", model=model)
        assert own.estimate == pytest.approx(effect["est"], rel=1e-6)
        assert own.std_error == pytest.approx(effect["se_mest"]["se"], rel=1e-6)


@pytest.mark.parametrize("name", TREATED)
def test_matched_differences_with_hc1_and_clustered_by_subclass_equal_sandwich(name):
    frame, treated = cohort(name)
    clustered = 0
    for result in stored(f"balance_{name}.json").values():
        for effect in result["effects"]:
            y, w = frame[effect["outcome"]], result["weights"]
            found = weighted_effect(y, treated, w, inference="hc1")
            assert found.estimate == pytest.approx(effect["wls"], rel=1e-8)
            assert found.std_error == pytest.approx(effect["se_hc1"], rel=1e-8)
            if effect["se_cluster_subclass_hc1"] is not None:
                assert cluster_se(y, treated, w, result["subclass"]) == pytest.approx(
                    effect["se_cluster_subclass_hc1"], rel=1e-8
                )
                clustered += 1
    assert clustered == {"lalonde": 32, "navsyn_a": 26}[name]


def invented(seed, n=90):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(0.5 - 0.5 * x))
    treated[:4] = [True, True, False, False]
    return rng.normal(size=n) + x + treated, treated, rng.random(n) + 0.1, x


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_one_way_clustering_is_that_of_the_weighted_difference(seed):
    y, treated, w, _ = invented(seed)
    office = np.random.default_rng(seed).integers(0, 7, len(y))
    one = weighted_effect(y, treated, w, inference="cluster", clusters=[office])
    two = difference(y, treated, weights=w, inference="cluster", clusters=office)
    for name in ("estimate", "std_error", "df", "p_value", "conf_low", "base_rate", "n_clusters", "n_treated"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_two_way_clustering_adds_the_variances_and_takes_off_the_shared_one(seed):
    y, treated, w, _ = invented(seed)
    rng = np.random.default_rng(seed)
    pair, office = rng.integers(0, 30, len(y)), rng.integers(0, 8, len(y))
    both = pair * 100 + office
    v1, v2, v12 = (cluster_se(y, treated, w, label) ** 2 for label in (pair, office, both))
    found = cluster_se(y, treated, w, pair, office)
    assert found == pytest.approx(np.sqrt(v1 + v2 - v12 if v1 + v2 > v12 else max(v1, v2)), rel=1e-9)


def test_pairs_within_offices_leave_the_office_clustering():
    y, treated, w, _ = invented(3)
    pair = np.arange(len(y)) // 2
    office = pair // 5
    assert cluster_se(y, treated, w, pair, office) == pytest.approx(cluster_se(y, treated, w, office), rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100))
def test_scaled_weights_row_order_and_other_bases_of_the_design_decide_nothing(seed, factor):
    y, treated, _, x = invented(seed)
    x2 = np.column_stack([np.ones(len(x)), x])
    p = sm.Logit(treated.astype(float), x2).fit(disp=0, tol=1e-12).predict()
    found = score_weights(p, treated, estimand="ATE")
    one = weighted_effect(y, treated, found.weights, inference="m", model=ScoreModel(x2, p, treated, found))
    other = np.column_stack([x * 1e4 + 3, np.full(len(x), 2.0)])
    two = weighted_effect(y, treated, found.weights, inference="m", model=ScoreModel(other, p, treated, found))
    assert two.std_error == pytest.approx(one.std_error, rel=1e-7)
    scaled = weighted_effect(y, treated, factor * found.weights)
    assert scaled.std_error == pytest.approx(weighted_effect(y, treated, found.weights).std_error, rel=1e-9)
    order = np.random.default_rng(seed).permutation(len(y))
    assert weighted_effect(y[order], treated[order], found.weights[order]).std_error == pytest.approx(
        weighted_effect(y, treated, found.weights).std_error, rel=1e-9
    )


@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_clusters_of_one_person_give_the_standard_error_by_person(estimand):
    y, treated, _, x = invented(5, n=300)
    x2 = np.column_stack([np.ones(len(x)), x])
    p = sm.Logit(treated.astype(float), x2).fit(disp=0).predict()
    found = score_weights(p, treated, estimand=estimand)
    model = ScoreModel(x2, p, treated, found)
    one = weighted_effect(y, treated, found.weights, inference="m", model=model)
    own = weighted_effect(y, treated, found.weights, inference="m_cluster", model=model, clusters=[np.arange(300)])
    assert own.std_error == pytest.approx(one.std_error * np.sqrt(300 / 299), rel=1e-9)


def simulated(rng, n=800):
    x = rng.normal(size=(n, 2))
    treated = rng.random(n) < 1 / (1 + np.exp(0.4 - x @ [0.6, -0.4]))
    return x @ [1.0, 0.5] + treated + rng.normal(size=n), treated, x


def weighted(y, treated, x, method):
    if method == "entropy":
        found = entropy_weights(pd.DataFrame(x, columns=["a", "b"]), treated)
        return found.weights, EntropyModel(found, treated)
    x1 = np.column_stack([np.ones(len(x)), x])
    p = sm.Logit(treated.astype(float), x1).fit(disp=0).predict()
    found = score_weights(p, treated, estimand="ATE")
    return found.weights, ScoreModel(x1, p, treated, found)


@pytest.mark.parametrize("method", ["score", "entropy"])
def test_the_standard_error_is_the_spread_of_estimates_over_samples(method):
    rng = np.random.default_rng(20)
    effects, given = [], []
    for _ in range(250):
        y, treated, x = simulated(rng)
        w, model = weighted(y, treated, x, method)
        effects.append(weighted_effect(y, treated, w, inference="m", model=model))
        given.append(weighted_effect(y, treated, w, inference="hc0").std_error)
    estimates = np.array([effect.estimate for effect in effects])
    told = np.mean([effect.std_error for effect in effects])
    assert estimates.mean() == pytest.approx(1, abs=4 * estimates.std() / np.sqrt(250))
    assert told == pytest.approx(estimates.std(ddof=1), rel=0.15)  # its own standard error is 4.5 per cent
    assert told < np.mean(given)  # leaving out that the weights were estimated overstates the spread here


def test_missing_outcomes_of_unused_persons_do_not_matter():
    y, treated, w, _ = invented(2)
    w[10], y[10] = 0, np.nan
    keep = np.arange(len(y)) != 10
    assert weighted_effect(y, treated, w).std_error == pytest.approx(
        weighted_effect(y[keep], treated[keep], w[keep]).std_error
    )
    y[11] = np.nan
    with pytest.raises(ValueError, match="missing"):
        weighted_effect(y, treated, w)


def test_an_outcome_that_does_not_vary_gives_no_certainty():
    found = weighted_effect(np.ones(6), [1, 1, 1, 0, 0, 0], np.ones(6))
    assert found.estimate == 0
    assert np.isnan([found.statistic, found.p_value, found.conf_low, found.conf_high]).all()


def test_one_comparison_person_one_cluster_and_wrong_options_are_refused():
    y, treated = np.arange(5.0), np.array([1, 1, 1, 1, 0])
    with pytest.raises(ProblemsFound) as caught:
        weighted_effect(y, treated, np.ones(5))
    assert "sammenligningsgruppen: har færre enn to personer med vekt." in str(caught.value)
    treated = np.array([1, 1, 1, 0, 0])
    with pytest.raises(ProblemsFound, match="forskjellen"):
        cluster_se(y, treated, np.ones(5), ["K1"] * 5)
    with pytest.raises(ProblemsFound) as caught:
        weighted_effect(y, treated, [1, 1, 1, 1, 1e-13])
    assert "HC3" in str(caught.value)
    for options, word in (
        ({"inference": "hc9"}, "inference"),
        ({"inference": "cluster"}, "label"),
        ({"inference": "m"}, "model"),
        ({"level": 1.0}, "level"),
        ({"inference": "cluster", "clusters": [[1, 2, 3, 4, None]]}, "missing"),
        ({"inference": "cluster", "clusters": [[1, 2]]}, "expected 5"),
    ):
        with pytest.raises(ValueError, match=word):
            weighted_effect(y, treated, np.ones(5), **options)
    with pytest.raises(ValueError, match="shape"):
        weighted_effect(y[:3], treated, np.ones(5))
    found = entropy_weights(pd.DataFrame({"x": [1.0, 2, 3, 1, 4]}), treated)
    with pytest.raises(ValueError, match="targets"):
        weighted_effect(y, treated, found.weights, inference="m", model=EntropyModel(found, treated, "guessed"))
