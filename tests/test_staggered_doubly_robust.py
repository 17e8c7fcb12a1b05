"""The estimators of one group against one comparison group in a panel."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.staggered.doubly_robust import METHODS, basis, effects, group_odds, model
from analysis.staggered.logits import balancing_odds, logit_odds

STEP = 1e-5


def invented(n: int = 300, *, slope: float = 0.6, seed: int = 5):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=n), rng.random(n) < 0.4])
    treated = rng.random(n) < 1 / (1 + np.exp(1 - slope * x[:, 1] - 0.5 * x[:, 2]))
    change = 0.3 * x[:, 1] + 0.2 * x[:, 2] + rng.normal(size=(3, n)) + 0.5 * treated
    return change, x, treated, rng.uniform(0.5, 2, n)


def estimated(change, x, treated, weights, method):
    z = basis(x, weights)
    odds = group_odds(z, treated, weights, method)
    return effects(change, model(z, treated, weights, method=method, odds=odds))


@pytest.mark.parametrize("method", METHODS)
def test_a_persons_influence_is_what_the_persons_weight_moves_the_estimate_by(method):
    change, x, treated, weights = invented()
    influence = estimated(change, x, treated, weights, method).influence(change)
    for person in (*np.flatnonzero(treated)[:3], *np.flatnonzero(~treated)[:3]):
        step = np.zeros(len(weights))
        step[person] = STEP * weights[person]
        up = estimated(change, x, treated, weights + step, method).att
        down = estimated(change, x, treated, weights - step, method).att
        assert_allclose(influence[:, person], (up - down) / (2 * STEP), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_the_influence_adds_up_to_nothing_and_its_sums_by_run_are_the_same_numbers(method):
    change, x, treated, weights = invented()
    found = estimated(change, x, treated, weights, method)
    influence, starts = found.influence(change), np.array([0, 7, 100, 260])
    assert_allclose(influence.sum(axis=1), 0, atol=1e-12)
    assert_allclose(found.influence_sums(change, starts), np.add.reduceat(influence, starts, axis=1), atol=1e-14)


def test_without_covariates_every_method_is_the_difference_in_weighted_mean_changes():
    change, x, treated, weights = invented()
    plain = np.average(change[:, treated], axis=1, weights=weights[treated])
    plain -= np.average(change[:, ~treated], axis=1, weights=weights[~treated])
    for method in METHODS:
        assert_allclose(estimated(change, x[:, :1], treated, weights, method).att, plain, atol=1e-13)


def test_regression_predicts_the_groups_change_from_the_comparison_persons():
    change, x, treated, weights = invented()
    root = np.sqrt(weights[~treated])
    fit = np.linalg.lstsq(x[~treated] * root[:, None], change[:, ~treated].T * root[:, None], rcond=None)[0]
    expected = np.average(change[:, treated] - (x[treated] @ fit).T, axis=1, weights=weights[treated])
    assert_allclose(estimated(change, x, treated, weights, "reg").att, expected, atol=1e-13)


def test_balancing_odds_give_both_groups_the_same_weighted_means_of_the_covariates():
    _, x, treated, weights = invented()
    odds = balancing_odds(basis(x, weights), treated, weights)
    other = weights * ~treated * odds.odds
    assert odds.converged
    assert_allclose(other @ x, (weights * treated) @ x, rtol=1e-10)


def test_the_improved_estimate_is_the_balanced_difference_since_balance_leaves_the_regression_nothing_to_do():
    change, x, treated, weights = invented()
    odds = balancing_odds(basis(x, weights), treated, weights)
    expected = np.average(change[:, treated], axis=1, weights=weights[treated])
    expected -= np.average(change[:, ~treated], axis=1, weights=(weights * odds.odds)[~treated])
    assert_allclose(estimated(change, x, treated, weights, "dr_improved").att, expected, atol=1e-10)


def test_odds_are_the_same_whatever_units_the_covariates_come_in():
    _, x, treated, weights = invented()
    moved = x @ np.array([[1, 70, 0], [0, 1e6, 2], [0, 0, -3.0]])
    for fit in (logit_odds, balancing_odds):
        here, there = (fit(basis(part, weights), treated, weights).odds for part in (x, moved))
        assert_allclose(there, here, rtol=1e-8)


def truth_apart(method: str, *, wrong: str) -> float:
    """Distance to the true effect 1 in standard errors, with the model of `wrong` misspecified; 200 000 persons."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=200_000)
    bent = x + x**2
    treated = rng.random(len(x)) < 1 / (1 + np.exp(1.5 - 0.4 * (bent if wrong == "odds" else x)))
    trend = bent if wrong == "outcome" else x
    change = (trend + treated + rng.normal(size=len(x)))[None]
    found = estimated(change, np.column_stack([np.ones_like(x), x]), treated, np.ones(len(x)), method)
    return float(abs(found.att[0] - 1) / np.sqrt((found.influence(change) ** 2).sum()))


def test_the_doubly_robust_are_right_when_either_model_is_and_the_others_when_their_own_is():
    for method in ("dr", "dr_improved"):
        assert truth_apart(method, wrong="outcome") < 3
        assert truth_apart(method, wrong="odds") < 3
    assert truth_apart("reg", wrong="odds") < 3
    assert truth_apart("ipw", wrong="outcome") < 3
    assert truth_apart("reg", wrong="outcome") > 10
    assert truth_apart("ipw", wrong="odds") > 10


def test_an_unknown_method_is_a_programming_error():
    change, x, treated, weights = invented()
    with pytest.raises(ValueError, match="unknown method 'aipw'; known: reg, ipw, dr, dr_improved"):
        model(x, treated, weights, method="aipw", odds=None)
