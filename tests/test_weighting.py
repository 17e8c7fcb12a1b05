"""Weights from scores: those of WeightIt, and rules that hold for every weighting."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from analysis.balance import effective_sample_size
from analysis.problems import ProblemsFound
from analysis.weighting import ESTIMANDS, score_weights

REFERENCE = Path(__file__).parent / "reference" / "matching"
TREATED = {"lalonde": "treat", "navsyn_a": "tiltak"}
METHODS = ["glm_att", "glm_atc", "glm_ate", "glm_ate_stab", "ato", "atm", "probit_att"]


@cache
def reference(name):
    return json.loads((REFERENCE / f"weighting_{name}.json").read_text())["results"]


def treated_of(name):
    return pd.read_csv(REFERENCE / f"{name}.csv")[TREATED[name]]


@pytest.mark.parametrize("name", TREATED)
@pytest.mark.parametrize("method", METHODS)
def test_weights_equal_weightit(name, method):
    stored = reference(name)[method]
    found = score_weights(
        stored["ps"], treated_of(name), estimand=stored["estimand"], stabilise=method.endswith("stab")
    )
    np.testing.assert_allclose(found.weights, stored["weights"], rtol=1e-11)
    sizes = effective_sample_size(found.weights, treated_of(name)).set_index("arm")["ess"]
    assert sizes[["comparison", "treated"]].to_list() == pytest.approx(stored["ess"]["values"][1], rel=1e-10)


scores = st.lists(st.floats(0.02, 0.98), min_size=6, max_size=30)


@settings(max_examples=40, deadline=None)
@given(p=scores, estimand=st.sampled_from(ESTIMANDS))
def test_the_slope_is_the_derivative_by_the_logit_of_the_score(p, estimand):
    p = np.array(p)
    p = np.where(np.abs(p - 0.5) < 1e-3, 0.51, p)  # matching weights have a kink at one half
    treated = np.arange(len(p)) % 2 == 0
    step = 1e-6
    up, down = (score_weights(expit(logit(p) + d), treated, estimand=estimand).weights for d in (step, -step))
    slope = score_weights(p, treated, estimand=estimand).slope
    np.testing.assert_allclose((up - down) / (2 * step), slope, rtol=1e-5, atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(p=scores)
def test_exchanging_the_groups_exchanges_att_and_atc_and_keeps_the_rest(p):
    p = np.array(p)
    treated = np.arange(len(p)) % 2 == 0
    for estimand, other in (("ATT", "ATC"), ("ATE", "ATE"), ("ATO", "ATO"), ("ATM", "ATM")):
        one = score_weights(p, treated, estimand=estimand).weights
        two = score_weights(1 - p, ~treated, estimand=other).weights
        np.testing.assert_allclose(one, two, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(p=scores, seed=st.integers(0, 1000))
def test_row_order_and_doubled_cohorts_decide_nothing(p, seed):
    p = np.array(p)
    treated = np.arange(len(p)) % 2 == 0
    order = np.random.default_rng(seed).permutation(len(p))
    one = score_weights(p, treated, truncate_at=0.9).weights
    np.testing.assert_allclose(score_weights(p[order], treated[order], truncate_at=0.9).weights, one[order])
    twice = score_weights(np.tile(p, 2), np.tile(treated, 2), estimand="ATE").weights
    np.testing.assert_allclose(twice, np.tile(score_weights(p, treated, estimand="ATE").weights, 2))


def test_persons_outside_the_limits_get_no_weight_and_a_reason():
    found = score_weights([0.05, 0.5, 0.95, 0.1, 0.4], [1, 1, 1, 0, 0], score_limits=(0.1, 0.9))
    assert found.weights.tolist() == pytest.approx([0, 1, 0, 1 / 9, 2 / 3])
    assert found.dropped.to_dict("list") == {"row": [0, 2], "reason": ["score_outside_limits"] * 2}
    assert found.slope[[0, 2]].tolist() == [0, 0]


def test_truncation_cuts_the_largest_weights_of_each_arm_and_counts_them():
    p = np.array([0.5, 0.5, 0.2, 0.3, 0.4, 0.9])
    found = score_weights(p, [1, 1, 0, 0, 0, 0], truncate_at=0.75)
    plain = score_weights(p, [1, 1, 0, 0, 0, 0])
    ceiling = np.quantile(plain.weights[2:], 0.75)
    np.testing.assert_allclose(found.weights, [1, 1, *np.minimum(plain.weights[2:], ceiling)])
    assert found.n_truncated == 1
    assert found.slope[5] == 0


def test_sampling_weights_multiply_and_count_in_the_share_of_the_arm():
    p, treated, s = np.array([0.5, 0.2, 0.4]), [1, 0, 0], np.array([2.0, 1, 3])
    np.testing.assert_allclose(score_weights(p, treated, sampling_weights=s).weights, [2, 0.25, 2])
    stable = score_weights(p, treated, sampling_weights=s, stabilise=True).weights
    np.testing.assert_allclose(stable, np.array([2, 0.25, 2]) * [1 / 3, 2 / 3, 2 / 3])


def test_overlap_weights_of_a_logit_score_balance_its_covariates_exactly():
    stored = reference("lalonde")["ato"]
    frame = pd.read_csv(REFERENCE / "lalonde.csv")
    w = score_weights(stored["ps"], frame["treat"], estimand="ATO").weights
    for name in ("age", "educ", "married", "re74"):
        means = [np.average(frame[name][own], weights=w[own]) for own in (frame["treat"] == 1, frame["treat"] == 0)]
        assert means[0] == pytest.approx(means[1], rel=1e-6)


def test_scores_of_one_and_empty_groups_are_told_in_words_one_can_act_on():
    with pytest.raises(ProblemsFound) as caught:
        score_weights([0.5, 1.0, 0.5], [1, 0, 0])
    assert "sammenligningsgruppen: 1 personer ville fått uendelig vekt." in str(caught.value)
    assert score_weights([0.5, 1.0, 0.5], [1, 0, 0], score_limits=(0.1, 0.9)).weights.tolist() == [1, 0, 1]
    with pytest.raises(ProblemsFound, match="Vektene"):
        score_weights([0.5, 0.5], [1, 1])
    with pytest.raises(ProblemsFound) as caught:
        score_weights([0.5, 0.95], [1, 0], score_limits=(0.1, 0.9))
    assert "ingen i sammenligningsgruppen" in str(caught.value)


def test_wrong_options_are_refused():
    for options in ({"estimand": "LATE"}, {"score_limits": (0.9, 0.1)}, {"truncate_at": 1.0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            score_weights([0.5, 0.5], [1, 0], **options)
    with pytest.raises(ValueError, match="none missing"):
        score_weights([0.5, np.nan], [1, 0])
