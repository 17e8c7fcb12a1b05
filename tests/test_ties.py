"""What ties do to an estimate: R's averages, every way of breaking them, and a range that can be repeated."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbour_cases import stored
from scipy.special import logit

from analysis.matching import MatchingSpec, match, tie_averaged_weights, tie_range
from analysis.scores import Scores

REPLACE = MatchingSpec(caliper=None, replace=True)


def scores_at(values):
    values = np.asarray(values, dtype="float64")
    return Scores(values, logit(values))


def gap(weights, treated, outcome):
    return np.average(outcome[treated], weights=weights[treated]) - np.average(
        outcome[~treated], weights=weights[~treated]
    )


# R 4.2.2, Matching 4.10-8, Match(..., ties = TRUE) with the scores of MatchIt; its tolerance is 1e-5.
@pytest.mark.parametrize(("ratio", "expected"), [(1, 1933.39187577477), (3, 1510.30614711712)])
def test_the_average_over_ties_equals_that_of_r(ratio, expected):
    case = stored("lalonde", "nn_ps_replace")
    spec = MatchingSpec(caliper=None, replace=True, ratio=ratio)
    spread = tie_range(case.scores, case.treated, spec, case.frame["re78"], draws=1)
    assert spread.averaged == pytest.approx(expected, rel=1e-11)


def test_the_documented_rule_gives_the_estimate_of_matchit():
    case = stored("lalonde", "nn_ps_replace")
    spread = tie_range(case.scores, case.treated, REPLACE, case.frame["re78"])
    assert spread.estimate == pytest.approx(1991.6152735135, rel=1e-12)
    assert spread.low <= spread.median <= spread.high
    assert spread.high - spread.low > 100
    # The same seed gives the same draws.
    assert tie_range(case.scores, case.treated, REPLACE, case.frame["re78"]) == spread


@st.composite
def drawn_samples(draw):
    n = draw(st.integers(4, 16))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    treated = np.arange(n) < max(1, n // 3)
    return rng.integers(1, 8, n) / 8, treated, rng.integers(0, 2, n)


@settings(max_examples=60, deadline=None)
@given(sample=drawn_samples(), ratio=st.integers(1, 3), caliper=st.sampled_from([None, 2.0]))
def test_weights_are_shared_over_everyone_who_is_as_near(sample, ratio, caliper):
    score, treated, group = sample
    spec = MatchingSpec(caliper=caliper, replace=True, ratio=ratio)
    expected = np.zeros(len(score))
    for row in np.flatnonzero(treated):
        fits = ~treated & (group == group[row])
        fits &= np.abs(score - score[row]) <= (np.inf if caliper is None else caliper * np.std(score, ddof=1))
        far = np.sort(np.abs(score - score[row])[fits])[:ratio]
        if len(far):
            fits &= np.abs(score - score[row]) <= far[-1]
            expected[fits] += 1 / fits.sum()
            expected[row] = 1
    if not (expected[treated] > 0).any():
        return
    expected[~treated] /= expected[~treated & (expected > 0)].mean()
    got = tie_averaged_weights(scores_at(score), treated, spec, tolerance=0, strata=group)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(got > 0, expected > 0)


def test_the_range_holds_what_every_way_of_breaking_ties_gives():
    score, treated = np.array([0.5, 0.5, 0.5, 0.5, 0.25]), np.array([True, True, False, False, False])
    outcome = np.array([4.0, 4.0, 1.0, 3.0, 100.0])
    every = [4 - (outcome[a] + outcome[b]) / 2 for a, b in product((2, 3), repeat=2)]
    spread = tie_range(scores_at(score), treated, REPLACE, outcome, draws=60)
    assert min(every) <= spread.low <= spread.high <= max(every)
    assert spread.averaged == pytest.approx(np.mean(every))


def test_without_ties_there_is_no_range():
    rng = np.random.default_rng(5)
    score, treated, outcome = rng.random(60), np.arange(60) < 20, rng.random(60)
    for spec in (REPLACE, MatchingSpec(), MatchingSpec(order="data")):
        spread = tie_range(scores_at(score), treated, spec, outcome, draws=3)
        assert spread.low == spread.high == spread.estimate
    weights = tie_averaged_weights(scores_at(score), treated, REPLACE, tolerance=0)
    np.testing.assert_allclose(weights, match(scores_at(score), treated, REPLACE).weights)


def test_sampling_weights_enter_both_estimate_and_average():
    rng = np.random.default_rng(6)
    score, treated, outcome = rng.random(40), np.arange(40) < 15, rng.random(40)
    sampling = rng.uniform(1, 3, 40)
    spread = tie_range(scores_at(score), treated, REPLACE, outcome, draws=2, sampling_weights=sampling)
    expected = gap(match(scores_at(score), treated, REPLACE).weights * sampling, treated, outcome)
    assert spread.estimate == pytest.approx(expected)


def test_averages_are_refused_where_ties_are_not_on_the_score_alone():
    spec = MatchingSpec()
    with pytest.raises(ValueError, match="replacement"):
        tie_averaged_weights(scores_at([0.5, 0.4]), [1, 0], spec)
    assert tie_range(scores_at([0.5, 0.4, 0.6]), [1, 0, 0], MatchingSpec(caliper=None), [1, 2, 3]).averaged is None
    with pytest.raises(ValueError, match="draws"):
        tie_range(scores_at([0.5, 0.4]), [1, 0], REPLACE, [1, 2], draws=0)
