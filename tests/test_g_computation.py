"""Covariate-adjusted differences after matching: those of R for every stored specification."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.g_computation import adjusted_effect
from analysis.problems import ProblemsFound
from analysis.weighted_effects import weighted_effect

REFERENCE = Path(__file__).parent / "reference" / "matching"
TREATED = {"lalonde": "treat", "navsyn_a": "tiltak"}
TARGET = {"ATT": "treated", "ATC": "comparison", "ATE": "everyone"}


@cache
def reference(name):
    return json.loads((REFERENCE / f"balance_{name}.json").read_text())


SPECIFICATIONS = [(name, spec) for name in TREATED for spec in reference(name)["results"]]


@pytest.mark.parametrize(("name", "spec"), SPECIFICATIONS)
def test_estimates_and_standard_errors_equal_r(name, spec):
    result, frame = reference(name)["results"][spec], pd.read_csv(REFERENCE / f"{name}.csv")
    terms = re.split(r"[+\s]+", (result["formula"] or reference(name)["meta"]["formula"]).split("~")[1].strip())
    clusters = [result["subclass"]] if result["subclass"] else []
    options = {"target": TARGET[result["estimand"]], "clusters": clusters}
    for effect in result["effects"]:
        y = frame[effect["outcome"]]
        found = adjusted_effect(y, frame[TREATED[name]], result["weights"], frame[terms], **options)
        assert found.estimate == pytest.approx(effect["gcomp"], rel=1e-8)
        assert found.std_error == pytest.approx(effect["gcomp_se"], rel=1e-6)


def invented(seed, n=80):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(size=n), "county": rng.choice(["a", "b", "c"], n)})
    treated = np.arange(n) % 3 == 0
    y = frame["x"].to_numpy() * (1 + treated) + 2 * treated + rng.normal(size=n)
    return y, treated, rng.random(n) + 0.1, frame


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_row_order_units_and_scaled_weights_decide_nothing(seed, factor, shift):
    y, treated, w, frame = invented(seed)
    one = adjusted_effect(y, treated, w, frame)
    order = np.random.default_rng(seed).permutation(len(y))
    again = frame.assign(x=factor * frame["x"] + shift).iloc[order]
    two = adjusted_effect(y[order], treated[order], factor * w[order], again)
    assert (two.estimate, two.std_error) == pytest.approx((one.estimate, one.std_error), rel=1e-7)


@pytest.mark.parametrize("target", ["treated", "comparison", "everyone"])
def test_an_outcome_linear_in_each_arm_is_predicted_without_error(target):
    _, treated, w, frame = invented(1)
    x = frame["x"].to_numpy()
    y = 1 + x + treated * (2 + 3 * x)
    own = {"treated": treated, "comparison": ~treated, "everyone": np.ones_like(treated)}[target]
    found = adjusted_effect(y, treated, w, frame, target=target)
    assert found.estimate == pytest.approx(2 + 3 * np.average(x[own], weights=w[own]))
    assert found.base_rate == pytest.approx(1 + np.average(x[own], weights=w[own]))


def test_a_constant_covariate_leaves_the_weighted_difference():
    y, treated, w, frame = invented(2)
    found = adjusted_effect(y, treated, w, frame[["x"]] * 0)
    plain = weighted_effect(y, treated, w, inference="hc1")
    assert (found.estimate, found.std_error) == pytest.approx((plain.estimate, plain.std_error))


def test_a_level_that_one_arm_lacks_is_named():
    y, treated, w, frame = invented(3)
    county = np.where(~treated & frame["county"].eq("c"), "a", frame["county"])
    with pytest.raises(ProblemsFound) as caught:
        adjusted_effect(y, treated, w, frame.assign(county=county))
    assert "sammenligningsgruppen sier ingenting" in str(caught.value)
    assert "«county_c»" in str(caught.value)
    assert adjusted_effect(y, treated, w, frame.assign(county=county), target="comparison").n_treated == treated.sum()


def test_missing_covariates_too_few_persons_and_wrong_targets_are_told():
    y, treated, w, frame = invented(4)
    with pytest.raises(ProblemsFound) as caught:
        adjusted_effect(y, treated, w, frame.assign(x=np.nan))
    assert "«x»" in str(caught.value)
    with pytest.raises(ProblemsFound) as caught:
        adjusted_effect(y[:4], [1, 1, 0, 0], w[:4], pd.DataFrame({"x": [0.0, 1, 0, 1]}))
    assert "4 personer er for få til 4 koeffisienter." in str(caught.value)
    with pytest.raises(ValueError, match="target"):
        adjusted_effect(y, treated, w, frame, target="ATT")
