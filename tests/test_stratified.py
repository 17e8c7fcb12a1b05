"""Differences between persons drawn by lot within strata."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from lottery_people import CELLS, STRATUM, TREATED, redrawn
from scipy import stats

from analysis.problems import ProblemsFound
from analysis.trials.person_design import averaged_design, strata_of
from analysis.trials.stratified import common_difference, mantel_haenszel, standardised_means, stratified_difference

RNG = np.random.default_rng(7)
X = pd.DataFrame({"age": RNG.normal(40, 10, 268), "woman": (RNG.random(268) < 0.4).astype(float)})
Y = (RNG.random(268) < 0.2 + 0.1 * TREATED + 0.05 * STRATUM).astype(float)
SHARES = np.bincount(STRATUM) / 268
DUMMIES = (STRATUM[:, None] == np.arange(4)).astype(float)


def interacted(x=None):
    """The design of Lin (2013), written out: strata, arm, and their products with the arm, centred."""
    arm = TREATED[:, None].astype(float)
    parts = [DUMMIES, arm, arm * (DUMMIES[:, 1:] - SHARES[1:])]
    if x is not None:
        centred = x.to_numpy() - x.to_numpy().mean(axis=0)
        parts += [centred, arm * centred]
    return np.hstack(parts)


@pytest.mark.parametrize("covariates", [None, X], ids=["strata", "covariates"])
def test_estimate_and_error_are_those_of_statsmodels_with_hc2(covariates):
    found = stratified_difference(Y, TREATED, STRATUM, covariates=covariates)
    fit = sm.OLS(Y, interacted(covariates)).fit(cov_type="HC2")
    assert found.estimate == pytest.approx(fit.params[4], abs=1e-12)
    assert found.std_error == pytest.approx(fit.bse[4], rel=1e-10)


def test_one_effect_for_all_strata_is_that_of_statsmodels_with_fixed_effects():
    design = np.hstack([DUMMIES, TREATED[:, None], X])
    fit = sm.OLS(Y, design).fit(cov_type="HC2")
    found = common_difference(Y, TREATED, STRATUM, covariates=X)
    assert (found.estimate, found.std_error) == pytest.approx((fit.params[4], fit.bse[4]), rel=1e-10)


def test_without_covariates_it_is_neymans_estimate_with_neymans_error():
    gaps, variances = [], []
    for stratum in range(4):
        treated, others = (Y[(stratum == STRATUM) & (mask == TREATED)] for mask in (True, False))
        gaps.append(treated.mean() - others.mean())
        variances.append(treated.var(ddof=1) / len(treated) + others.var(ddof=1) / len(others))
    found = stratified_difference(Y, TREATED, STRATUM)
    assert found.estimate == pytest.approx(SHARES @ gaps, abs=1e-13)
    assert found.std_error == pytest.approx(np.sqrt(SHARES**2 @ variances), rel=1e-12)


def test_one_stratum_is_welch():
    found = stratified_difference(Y, TREATED, np.zeros(268))
    welch = stats.ttest_ind(Y[TREATED], Y[~TREATED], equal_var=False)
    assert found.statistic == pytest.approx(welch.statistic, rel=1e-12)


def test_degrees_of_freedom_are_bell_and_mccaffreys_written_out_with_the_whole_matrix():
    design = interacted(X)
    middle = np.linalg.inv(design.T @ design)
    hat = design @ middle @ design.T
    h = (design @ middle)[:, 4] / np.sqrt(1 - np.diag(hat))
    g = np.outer(h, h) * (np.eye(268) - hat)
    expected = np.trace(g) ** 2 / (g**2).sum()
    assert stratified_difference(Y, TREATED, STRATUM, covariates=X).df == pytest.approx(expected, rel=1e-9)


def test_two_groups_of_equal_size_have_the_pooled_degrees_of_freedom():
    """Bell and McCaffrey: with n in each arm, 2n − 2."""
    design = averaged_design(strata_of(np.arange(20) < 10, np.zeros(20)))
    assert design.df == pytest.approx(18, rel=1e-12)


def test_adjusting_for_what_decides_the_outcome_takes_most_of_the_error_away():
    outcome = X["age"].to_numpy() * 0.1 + 1.0 * TREATED
    found = stratified_difference(outcome + 0.01 * RNG.normal(size=268), TREATED, STRATUM, covariates=X)
    assert found.estimate == pytest.approx(1.0, abs=0.01)
    assert found.std_error < 0.02 * stratified_difference(outcome, TREATED, STRATUM).std_error


def test_means_are_weighted_by_the_strata_of_all_and_their_difference_is_the_estimate():
    low, high = standardised_means(Y, TREATED, STRATUM)
    assert high - low == pytest.approx(stratified_difference(Y, TREATED, STRATUM).estimate, abs=1e-13)


def test_weights_of_one_effect_for_all_strata_are_mantel_and_haenszels():
    assert mantel_haenszel(Y, TREATED, STRATUM).estimate == pytest.approx(
        common_difference(Y, TREATED, STRATUM).estimate, abs=1e-13
    )


def test_mantel_and_haenszels_variance_by_hand():
    """Two strata: 6 of 10 against 3 of 10, and 4 of 20 against 1 of 10; Sato's P and Q worked out on paper."""
    y = np.r_[np.arange(10) < 6, np.arange(10) < 3, np.arange(20) < 4, np.arange(10) < 1].astype(float)
    treated = np.r_[np.ones(10), np.zeros(10), np.ones(20), np.zeros(10)].astype(bool)
    found = mantel_haenszel(y, treated, np.repeat(["a", "b"], [20, 30]))
    weight = 10 * 10 / 20 + 20 * 10 / 30
    estimate = (5 * 0.3 + 20 / 3 * 0.1) / weight
    p = (100 * 3 - 100 * 6) / 400 + (400 * 1 - 100 * 4 + 20 * 10 * (10 - 20) / 2) / 900
    q = (6 * 7 + 3 * 4) / 40 + (4 * 9 + 1 * 16) / 60
    assert found.estimate == pytest.approx(estimate, rel=1e-12)
    assert found.std_error == pytest.approx(np.sqrt(estimate * p + q) / weight, rel=1e-12)


def test_with_one_large_stratum_mantel_and_haenszels_error_is_nearly_the_ordinary_one():
    y, treated = np.tile(Y, 40), np.tile(TREATED, 40)
    ordinary = np.sqrt(sum(y[mask].var() / mask.sum() for mask in (treated, ~treated)))
    assert mantel_haenszel(y, treated, np.zeros(len(y))).std_error == pytest.approx(ordinary, rel=1e-3)


def test_nobody_with_the_outcome_is_an_estimate_of_zero_without_certainty():
    for found in (stratified_difference(0 * Y, TREATED, STRATUM), mantel_haenszel(0 * Y, TREATED, STRATUM)):
        assert found.estimate == 0
        assert np.isnan([found.std_error, found.p_value, found.low]).all()


def test_a_stratum_that_lost_one_arm_is_named_with_the_way_out():
    kept = ~((STRATUM == 2) & TREATED)
    with pytest.raises(ProblemsFound) as error:
        stratified_difference(Y[kept], TREATED[kept], STRATUM[kept])
    (problem,) = error.value.problems
    assert problem.where == "stratum «2»"
    assert "ingen personer i tiltaksgruppen" in problem.what
    assert "Slå sammen" in problem.mend


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (X["age"] * 2 + 1, "er en kombinasjon"),
        (np.isin(np.arange(268), (0, 50)), "bare én person"),
        (np.ones(268), "er en komb"),
    ],
    ids=["twice", "alone", "constant"],
)
def test_a_covariate_that_cannot_be_used_is_named(column, told):
    with pytest.raises(ProblemsFound) as error:
        stratified_difference(Y, TREATED, STRATUM, covariates=X.assign(extra=np.asarray(column, dtype=float)))
    assert [problem.where for problem in error.value.problems] == ["kovariaten «extra»"]
    assert told in error.value.problems[0].what


def test_missing_values_are_a_programming_error():
    with pytest.raises(ValueError, match="missing"):
        stratified_difference(np.where(np.arange(268) == 3, np.nan, Y), TREATED, STRATUM)
    with pytest.raises(ValueError, match="missing"):
        stratified_difference(Y, TREATED, STRATUM, covariates=X.where(X["age"] > 20))


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-3, 3), scale=st.floats(0.1, 5), seed=st.integers(0, 10**6))
def test_scale_shift_and_order_of_the_persons_change_nothing_else(shift, scale, seed):
    order = np.random.default_rng(seed).permutation(268)
    base = stratified_difference(Y, TREATED, STRATUM, covariates=X)
    moved = stratified_difference((shift + scale * Y)[order], TREATED[order], STRATUM[order], covariates=X.iloc[order])
    assert moved.estimate == pytest.approx(scale * base.estimate, abs=1e-10)
    assert (moved.statistic, moved.df) == pytest.approx((base.statistic, base.df), rel=1e-8)


def test_the_error_rate_is_near_the_level_with_four_strata_and_167_against_101():
    """800 times persons whom nothing affects, drawn by lot; Monte Carlo error 0.8 percentage points."""
    rng = np.random.default_rng(20130101)
    rejected = np.zeros(3)
    for _ in range(800):
        arm = redrawn(rng)
        outcome = (0.05 * X["age"].to_numpy() + rng.normal(size=268) > 3).astype(float)
        found = (
            stratified_difference(outcome, arm, STRATUM),
            stratified_difference(outcome, arm, STRATUM, covariates=X),
            mantel_haenszel(outcome, arm, STRATUM),
        )
        rejected += [one.p_value < 0.05 for one in found]
    assert (np.abs(rejected / 800 - 0.05) < 0.025).all(), rejected


def test_where_effects_and_shares_differ_the_average_over_persons_is_not_that_of_fixed_effects():
    """Half of a large stratum of 100 treated with no effect, one tenth of another with effect 1."""
    stratum = np.repeat([0, 1], 100)
    treated = np.r_[np.arange(100) < 50, np.arange(100) < 10]
    outcome = (stratum * treated).astype(float)
    assert stratified_difference(outcome, treated, stratum).estimate == pytest.approx(0.5)
    assert common_difference(outcome, treated, stratum).estimate == pytest.approx(9 / (25 + 9))


def test_the_strata_of_the_tests_are_167_against_101():
    assert np.sum(CELLS, axis=0).tolist() == [101, 167]
