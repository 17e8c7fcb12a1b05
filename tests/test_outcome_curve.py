"""The outcome curve of an individually randomised trial, its area and its band."""

import numpy as np
import pandas as pd
import pytest
from lottery_people import MONTHS, STRATUM, TREATED, potential_outcomes, redrawn
from scipy import stats

from analysis.problems import ProblemsFound
from analysis.trials.outcome_curve import outcome_curve
from analysis.trials.stratified import standardised_means, stratified_difference

RNG = np.random.default_rng(3)
WITHOUT, WITH = potential_outcomes(RNG)
Y = np.where(TREATED[:, None], WITH, WITHOUT)
X = pd.DataFrame({"age": RNG.normal(40, 10, 268)})


def censored():
    """The outcomes when a tenth of the persons leave in month 10 and some more in month 17."""
    y = Y.copy()
    y[::10, 10:] = np.nan
    y[3::40, 17:] = np.nan
    return y


@pytest.mark.parametrize("covariates", [None, X], ids=["strata", "covariates"])
def test_each_month_is_the_difference_among_those_who_are_followed_then(covariates):
    y = censored()
    curve = outcome_curve(y, TREATED, STRATUM, covariates=covariates, seed=1, draws=99)
    for column in (0, 9, 10, 23):
        kept = np.isfinite(y[:, column])
        own = None if covariates is None else covariates[kept]
        found = stratified_difference(y[kept, column], TREATED[kept], STRATUM[kept], covariates=own)
        told = curve.estimate[column], curve.std_error[column], curve.df[column], curve.low[column]
        assert told == pytest.approx((found.estimate, found.std_error, found.df, found.low), rel=1e-9)
        assert curve.p_value[column] == pytest.approx(found.p_value, rel=1e-9)
        assert curve.n_treated[column] + curve.n_comparison[column] == kept.sum()


def test_the_curves_of_the_arms_are_their_standardised_means():
    curve = outcome_curve(censored(), TREATED, STRATUM, seed=1, draws=99)
    kept = np.isfinite(censored()[:, 20])
    expected = standardised_means(Y[kept, 20], TREATED[kept], STRATUM[kept])
    assert (curve.comparison_mean[20], curve.treated_mean[20]) == pytest.approx(expected, abs=1e-12)
    assert curve.treated_mean - curve.comparison_mean == pytest.approx(curve.estimate, abs=1e-12)


@pytest.mark.parametrize("covariates", [None, X], ids=["strata", "covariates"])
def test_with_everybody_followed_the_area_is_the_difference_in_months(covariates):
    curve = outcome_curve(Y, TREATED, STRATUM, covariates=covariates, seed=1, draws=99)
    months = stratified_difference(Y[:, :18].sum(axis=1), TREATED, STRATUM, covariates=covariates)
    area = curve.area(18)
    assert (area.estimate, area.std_error, area.low) == pytest.approx(
        (months.estimate, months.std_error, months.low), rel=1e-9
    )
    assert area.df == pytest.approx(months.df, rel=1e-9)
    low, high = curve.base_area(18)
    assert low == pytest.approx(standardised_means(Y[:, :18].sum(axis=1), TREATED, STRATUM)[0], abs=1e-10)
    assert high - low == pytest.approx(outcome_curve(Y, TREATED, STRATUM, seed=1, draws=9).area(18).estimate)


def test_the_area_begins_in_the_month_that_is_asked_for_and_only_in_months_of_the_curve():
    curve = outcome_curve(Y, TREATED, STRATUM, months=np.arange(MONTHS), seed=1, draws=99)
    assert curve.area(3).estimate == pytest.approx(curve.estimate[1:4].sum())
    assert curve.area(3, first=0).estimate == pytest.approx(curve.estimate[:4].sum())
    with pytest.raises(ValueError, match="every month"):
        curve.area(MONTHS)


def test_the_band_is_wider_than_each_month_and_narrower_than_bonferroni():
    curve = outcome_curve(Y, TREATED, STRATUM, seed=1)
    pointwise = stats.t.ppf(0.975, curve.df.min())
    assert pointwise < curve.critical < stats.t.ppf(1 - 0.025 / MONTHS, curve.df.min())
    assert (curve.band_low < curve.low).all()
    assert (curve.band_p >= curve.p_value - 0.01).all()
    outside = (curve.band_low > 0) | (curve.band_high < 0)
    assert ((curve.band_p < 0.0495) <= outside).all()


def test_months_that_do_not_vary_together_give_the_critical_value_of_independent_ones():
    """Twelve independent outcomes: P(max |Z| < c) = (2Φ(c) − 1)^12."""
    rng = np.random.default_rng(5)
    wide = outcome_curve(rng.normal(size=(4000, 12)), np.arange(4000) % 2, np.zeros(4000), seed=2)
    assert wide.critical == pytest.approx(stats.norm.ppf((1 + 0.95 ** (1 / 12)) / 2), abs=0.05)


def test_one_month_has_the_pointwise_band_and_equal_months_too():
    one = outcome_curve(Y[:, [12]], TREATED, STRATUM, seed=1)
    same = outcome_curve(np.repeat(Y[:, [12]], 5, axis=1), TREATED, STRATUM, seed=1)
    assert one.critical == pytest.approx(stats.t.ppf(0.975, one.df[0]), abs=0.04)
    assert same.critical == pytest.approx(one.critical, abs=0.04)


def test_the_same_seed_gives_the_same_band():
    bands = [outcome_curve(Y, TREATED, STRATUM, seed=9, draws=500).critical for _ in range(2)]
    assert bands[0] == bands[1]


def test_a_month_in_which_nobody_works_has_no_error_and_no_part_in_the_band():
    y = Y.copy()
    y[:, 0] = 0
    curve = outcome_curve(y, TREATED, STRATUM, seed=1)
    rest = outcome_curve(y[:, 1:], TREATED, STRATUM, seed=1)
    assert np.isnan([curve.std_error[0], curve.p_value[0], curve.band_low[0], curve.band_p[0]]).all()
    assert curve.estimate[0] == 0
    assert curve.critical == pytest.approx(rest.critical, abs=1e-9)
    assert curve.area(12).std_error > 0


def test_a_month_in_which_a_stratum_lost_an_arm_is_left_out_and_says_why():
    y = Y.copy()
    y[(STRATUM == 3) & TREATED, 20:] = np.nan
    curve = outcome_curve(y, TREATED, STRATUM, seed=1, draws=99)
    assert np.isnan(curve.estimate).tolist() == [False] * 20 + [True] * 4
    assert list(curve.problems) == [21, 22, 23, 24]
    assert curve.area(20).estimate == pytest.approx(curve.estimate[:20].sum())
    with pytest.raises(ProblemsFound, match="stratum «3»"):
        curve.area(21)
    y[(STRATUM == 3) & TREATED] = np.nan
    with pytest.raises(ProblemsFound, match="stratum «3»"):
        outcome_curve(y, TREATED, STRATUM, seed=1)


def test_shapes_that_differ_are_programming_errors():
    with pytest.raises(ValueError, match="persons by months"):
        outcome_curve(Y, TREATED, STRATUM, months=np.arange(3), seed=1)


def test_band_and_area_cover_the_truth_as_often_as_they_say():
    """250 allocations of known potential outcomes. HC2 is never too small, so the shares are at or above the level."""
    rng, truth = np.random.default_rng(2013), (WITH - WITHOUT).mean(axis=0)
    band = area = 0
    for seed in range(250):
        arm = redrawn(rng)
        curve = outcome_curve(np.where(arm[:, None], WITH, WITHOUT), arm, STRATUM, seed=seed, draws=499)
        band += bool(((curve.band_low <= truth) & (truth <= curve.band_high)).all())
        found = curve.area(MONTHS)
        area += found.low <= truth.sum() <= found.high
    assert band / 250 > 0.925
    assert area / 250 > 0.925
