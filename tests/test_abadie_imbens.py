"""Matching with replacement, ties averaged: the answers of R's Matching, and a version that writes all pairs out."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.abadie_imbens import matched_effect
from analysis.problems import ProblemsFound

REFERENCE = Path(__file__).parent / "reference" / "matching"
COHORTS = {
    "lalonde": ("treat", ["age", "educ", "race", "married", "nodegree", "re74", "re75"]),
    "navsyn_a": ("tiltak", ["alder", "kvinne", "utdanning", "mnd_ledig", "jobb_for", "lonn_for", "psyk"]),
}
MATCHINGS = {
    "ps1_ties": ("score", {}),
    "ps3_ties": ("score", {"k": 3}),
    "inv1": ("design", {}),
    "maha1": ("design", {"metric": "mahalanobis"}),
    "maha1_bias": ("design", {"metric": "mahalanobis"}),
    "maha4_ate": ("design", {"metric": "mahalanobis", "k": 4, "estimand": "ATE"}),
}


@cache
def reference(name):
    results = json.loads((REFERENCE / "abadie_imbens.json").read_text())["results"]
    return next(result for result in results if result["data"] == f"{name}.csv")


@cache
def cohort(name):
    frame = pd.read_csv(REFERENCE / f"{name}.csv")
    treated, names = COHORTS[name]
    design = pd.get_dummies(frame[names], drop_first=True, dtype=float)
    fit = sm.Logit(frame[treated], sm.add_constant(design)).fit(disp=0, tol=1e-12)
    values = {"design": design.to_numpy(), "score": np.asarray(fit.predict())}
    return frame[reference(name)["outcome"]].to_numpy(dtype=float), frame[treated].to_numpy(), values


@pytest.mark.parametrize("name", COHORTS)
@pytest.mark.parametrize("matching", MATCHINGS)
def test_estimate_standard_error_and_pairs_equal_r(name, matching):
    stored, (which, options) = reference(name)[matching], MATCHINGS[matching]
    y, treated, values = cohort(name)
    bias = {"bias_covariates": values["design"]} if matching.endswith("bias") else {}
    found = matched_effect(y, treated, values[which], **options, **bias)
    assert found.effect.estimate == pytest.approx(stored["est"], rel=1e-8)
    assert found.effect.std_error == pytest.approx(stored["se"], rel=1e-6)
    assert found.n_pairs == stored["npairs"]
    if not bias and options.get("estimand") is None:
        own = np.average(y[treated == 0], weights=found.weights[treated == 0])
        assert y[treated == 1].mean() - own == pytest.approx(stored["est"], rel=1e-8)


def written_out(y, treated, x, k, estimand, tolerance):
    """Estimate and standard error from the n × n table of shares."""
    n, sign = len(y), np.where(treated, 1.0, -1.0)
    target = {"ATT": treated, "ATC": ~treated, "ATE": np.ones(n, dtype=bool)}[estimand]
    share = np.zeros((n, n))
    for i in np.flatnonzero(target):
        others = np.flatnonzero(treated != treated[i])
        distance = (x[others] - x[i]) ** 2
        own = others[distance <= np.sort(distance)[k - 1] + tolerance]
        share[i, own] = 1 / len(own)
    gain = (sign * (y - share @ y))[target]
    tau, size = gain.mean(), target.sum()
    i, j = np.nonzero(share)
    variance = (share[i, j] * (sign[i] * (y[i] - y[j]) - tau) ** 2).sum() / (2 * size)
    used, square = share.sum(axis=0), (share**2).sum(axis=0)
    stand_in = used**2 - square + (2 * used if estimand == "ATE" else 0)
    return tau, np.sqrt(((gain - tau) ** 2).sum() + variance * stand_in.sum()) / size


def invented(seed, n=40):
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < 0.4
    treated[:6] = [True, True, True, False, False, False]
    return rng.normal(size=n), treated, rng.integers(0, 8, n).astype(float)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 3), estimand=st.sampled_from(["ATT", "ATC", "ATE"]))
def test_the_lean_version_equals_all_pairs_written_out(seed, k, estimand):
    y, treated, x = invented(seed)
    scaled = x / x.std(ddof=1)
    expected = written_out(y, treated, scaled, k, estimand, 1e-5)
    for values in (x, np.column_stack([x, np.zeros(len(x))])):  # on a line, and by the tree
        found = matched_effect(y, treated, values, k=k, estimand=estimand).effect
        assert (found.estimate, found.std_error) == pytest.approx(expected, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_row_order_units_and_shifted_outcomes_decide_nothing(seed, factor, shift):
    y, treated, x = invented(seed)
    one = matched_effect(y, treated, x, k=2).effect
    order = np.random.default_rng(seed).permutation(len(y))
    two = matched_effect(y[order] + shift, treated[order], factor * x[order] + shift, k=2).effect
    assert (two.estimate, two.std_error) == pytest.approx((one.estimate, one.std_error), rel=1e-7, abs=1e-9)


def test_a_doubled_cohort_has_the_same_estimate():
    y, treated, x = invented(6)
    one = matched_effect(y, treated, x).effect
    two = matched_effect(np.tile(y, 2), np.tile(treated, 2), np.tile(x, 2)).effect
    assert two.estimate == pytest.approx(one.estimate, rel=1e-9)


def test_all_tied_gives_the_plain_difference():
    y, treated, _ = invented(1)
    found = matched_effect(y, treated, np.ones(len(y)))
    assert found.effect.estimate == pytest.approx(y[treated].mean() - y[~treated].mean())
    assert found.n_pairs == treated.sum() * (~treated).sum()
    assert found.effect.base_rate == pytest.approx(y[~treated].mean())


def test_the_bias_adjustment_finds_the_effect_where_the_outcome_is_linear():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    treated = rng.random(300) < 1 / (1 + np.exp(1 - x[:, 0]))
    y = 2 * x[:, 0] - x[:, 1] + 3 * treated
    found = matched_effect(y, treated, x, metric="mahalanobis", bias_covariates=x, estimand="ATE")
    assert found.effect.estimate == pytest.approx(3, rel=1e-9)


def test_one_comparison_person_stands_for_everyone():
    found = matched_effect([1.0, 2, 4, 1], [1, 1, 1, 0], [0.1, 0.2, 0.3, 0.9])
    assert found.effect.estimate == pytest.approx(7 / 3 - 1)
    assert found.weights.tolist() == [1, 1, 1, 3]
    assert (found.effect.n_treated, found.effect.n_comparison) == (3, 1)


def test_too_few_donors_empty_groups_and_dependent_columns_are_told():
    with pytest.raises(ProblemsFound) as caught:
        matched_effect([1.0, 2, 3], [1, 1, 0], [1.0, 2, 3], k=2)
    assert "sammenligningsgruppen: har færre enn 2 personer." in str(caught.value)
    with pytest.raises(ProblemsFound, match="tilbakelegging"):
        matched_effect([1.0, 2], [1, 1], [1.0, 2])
    x = np.arange(4.0)
    with pytest.raises(ProblemsFound) as caught:
        matched_effect(x, [1, 1, 0, 0], np.column_stack([x, 2 * x]), metric="mahalanobis")
    assert "kan regnes ut av hverandre" in str(caught.value)


def test_missing_numbers_and_wrong_options_are_refused():
    y, treated, x = invented(2)
    for options in ({"estimand": "ATO"}, {"metric": "cosine"}, {"k": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            matched_effect(y, treated, x, **options)
    with pytest.raises(ValueError, match="finite"):
        matched_effect(y, treated, np.where(x > 3, np.nan, x))
    with pytest.raises(ValueError, match="outcome"):
        matched_effect(np.full(len(y), np.nan), treated, x)
