"""Entropy balancing: the weights of WeightIt, exact balance, and refusals that name the covariates."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analysis.balance import balance_table
from analysis.entropy_balancing import entropy_weights
from analysis.problems import ProblemsFound

REFERENCE = Path(__file__).parent / "reference" / "matching"
TREATED = {"lalonde": "treat", "navsyn_a": "tiltak"}
COVARIATES = {
    "lalonde": ["age", "educ", "race", "married", "nodegree", "re74", "re75"],
    "navsyn_a": ["alder", "kvinne", "utdanning", "mnd_ledig", "jobb_for", "lonn_for", "psyk"],
}


@cache
def reference(name):
    return json.loads((REFERENCE / f"weighting_{name}.json").read_text())["results"]


def cohort(name):
    frame = pd.read_csv(REFERENCE / f"{name}.csv")
    return frame[COVARIATES[name]], frame[TREATED[name]].to_numpy()


@pytest.mark.parametrize("name", TREATED)
@pytest.mark.parametrize(("method", "moments"), [("ebal_att", 1), ("ebal_att_m2", 2), ("ebal_ate", 1)])
def test_weights_equal_weightit_and_balance_is_exact(name, method, moments):
    stored = reference(name)[method]
    frame, treated = cohort(name)
    found = entropy_weights(frame, treated, estimand=stored["estimand"], moments=moments)
    np.testing.assert_allclose(found.weights, stored["weights"], rtol=1e-5, atol=1e-5)
    assert found.residual <= 1e-10
    table = balance_table(frame, treated, found.weights)
    assert table[table["sample"] == "adjusted"]["smd"].abs().max() <= 1e-10


@pytest.mark.parametrize("name", TREATED)
def test_the_att_weights_are_those_of_the_covariate_balancing_score(name):
    frame, treated = cohort(name)
    stored = np.array(reference(name)["cbps_att"]["weights"])
    own = treated == 0
    found = entropy_weights(frame, treated).weights
    np.testing.assert_allclose(found[own] / found[own].sum(), stored[own] / stored[own].sum(), rtol=1e-5)


def test_the_atc_is_the_att_with_the_groups_exchanged():
    frame, treated = cohort("navsyn_a")
    one = entropy_weights(frame, treated, estimand="ATC")
    two = entropy_weights(frame, 1 - treated, estimand="ATT")
    np.testing.assert_allclose(one.weights, two.weights, rtol=1e-9)
    assert list(one.iterations) == ["treated"]


def invented(seed, n=120):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "u": rng.integers(0, 2, n)})
    treated = rng.random(n) < 1 / (1 + np.exp(1 - 0.4 * frame["x"]))
    treated[:2] = [True, False]
    return frame, treated.to_numpy()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3), shift=st.floats(-50, 50))
def test_units_row_order_and_doubled_cohorts_decide_nothing(seed, factor, shift):
    frame, treated = invented(seed)
    one = entropy_weights(frame, treated).weights
    rescaled = frame.assign(x=factor * frame["x"] + shift)
    np.testing.assert_allclose(entropy_weights(rescaled, treated).weights, one, rtol=1e-6)
    order = np.random.default_rng(seed).permutation(len(frame))
    np.testing.assert_allclose(entropy_weights(frame.iloc[order], treated[order]).weights, one[order], rtol=1e-7)
    twice = np.tile(np.arange(len(frame)), 2)
    np.testing.assert_allclose(entropy_weights(frame.iloc[twice], treated[twice]).weights, one[twice], rtol=1e-7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_other_balancing_weights_are_nearer_to_equal_ones(seed):
    frame, treated = invented(seed)
    found = entropy_weights(frame, treated)
    own = np.flatnonzero(~treated)
    w = found.weights[own] / found.weights[own].sum()
    # A step that keeps sum and means raises Σ w log w: its slope along such steps is zero at the minimum.
    constraints = np.column_stack([np.ones(len(own)), found.design[own]])
    gradient = np.log(w)
    left = gradient - constraints @ np.linalg.lstsq(constraints, gradient, rcond=None)[0]
    assert np.abs(left).max() < 1e-7


def test_sampling_weights_count_as_repeated_rows():
    frame, treated = invented(4)
    times = np.random.default_rng(4).integers(1, 4, len(frame))
    one = entropy_weights(frame, treated, sampling_weights=times).weights
    repeated = np.repeat(np.arange(len(frame)), times)
    two = entropy_weights(frame.iloc[repeated], treated[repeated]).weights
    np.testing.assert_allclose(np.repeat(one / times, times), two, rtol=1e-7)
    assert one[~treated].sum() == pytest.approx(times[~treated].sum())


def test_scaled_sampling_weights_scale_the_weights():
    frame, treated = invented(4)
    one = entropy_weights(frame, treated, sampling_weights=np.full(len(frame), 7.0)).weights
    np.testing.assert_allclose(one, 7 * entropy_weights(frame, treated).weights, rtol=1e-9)


def test_constant_and_dependent_covariates_change_nothing():
    frame, treated = invented(9)
    more = frame.assign(one=1.0, both=frame["x"] + 2 * frame["z"])
    np.testing.assert_allclose(
        entropy_weights(more, treated).weights, entropy_weights(frame, treated).weights, rtol=1e-7
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(8, 50), k=st.integers(1, 4), whole=st.booleans())
def test_an_answer_is_given_exactly_when_a_linear_programme_finds_one(seed, n, k, whole):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, (n, k)).astype(float) if whole else rng.normal(size=(n, k))
    treated = rng.random(n) < 0.3
    treated[:2] = [True, False]
    x[treated] += rng.choice([0, 0.3, 1])
    donors = x[~treated]
    means = np.vstack([donors.T, np.ones(len(donors))])
    answer = linprog(np.zeros(len(donors)), A_eq=means, b_eq=[*x[treated].mean(axis=0), 1], bounds=(0, None))
    try:
        found = entropy_weights(pd.DataFrame(x).rename(columns="x{}".format), treated)
    except ProblemsFound:
        assert answer.status == 2
    else:
        assert answer.status == 0
        assert found.residual <= 1e-10


def test_a_covariate_out_of_range_is_named_alone():
    frame, treated = invented(1)
    frame = frame.assign(wage=np.where(treated, 10.0, np.linspace(0, 9, len(frame))))
    with pytest.raises(ProblemsFound) as caught:
        entropy_weights(frame, treated)
    assert "i sammenligningsgruppen kan gi målgruppens gjennomsnitt for «wage»." in str(caught.value)


def test_covariates_that_are_out_of_reach_only_together_are_named():
    rng = np.random.default_rng(8)
    x = rng.uniform(-1, 1, 200)
    treated = np.arange(200) < 50
    z = np.where(treated, -x, x) + rng.uniform(-0.01, 0.01, 200)
    x = np.where(treated, np.abs(x) + 0.1, x)
    z = np.where(treated, -np.abs(x), z)
    frame = pd.DataFrame({"x": x, "z": z, "age": rng.normal(size=200)})
    with pytest.raises(ProblemsFound) as caught:
        entropy_weights(frame, treated)
    assert "«x», «z»" in str(caught.value)


def test_a_category_that_no_treated_person_has_leaves_its_persons_without_weight():
    frame, treated = invented(3)
    county = np.where(treated, "a", np.random.default_rng(3).choice(["a", "b"], len(frame)))
    found = entropy_weights(frame.assign(county=county), treated)
    assert found.residual <= 1e-10
    assert found.weights[county == "b"].max() < 1e-8


def test_one_comparison_person_cannot_be_reweighted():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 5]})
    with pytest.raises(ProblemsFound) as caught:
        entropy_weights(frame, [1, 1, 1, 0])
    assert "«x»" in str(caught.value)


def test_missing_values_empty_groups_and_wrong_options_are_told():
    frame, treated = invented(1)
    with pytest.raises(ProblemsFound) as caught:
        entropy_weights(frame.assign(x=np.nan), treated)
    assert "«x»" in str(caught.value)
    with pytest.raises(ProblemsFound, match="Entropi"):
        entropy_weights(frame, np.ones(len(frame), dtype=bool))
    with pytest.raises(ValueError, match="estimand"):
        entropy_weights(frame, treated, estimand="ATO")
    with pytest.raises(ValueError, match="moments"):
        entropy_weights(frame, treated, moments=0)
