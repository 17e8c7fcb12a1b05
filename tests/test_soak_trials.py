"""A seeded sample of the long study of trials (`make soak` draws 10 000 times), and its p-values one by one."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.trials.cluster_robust import cluster_robust
from analysis.trials.jackknife import jackknife
from analysis.trials.least_squares import least_squares
from analysis.trials.office_means import office_means_t
from analysis.trials.permutation import permutation_test
from analysis.trials.wild_bootstrap import wild_bootstrap
from benchmarks.soak_trials import (
    BASE,
    BOUNDED,
    CASES,
    NARROW,
    TESTS,
    WIDE,
    Case,
    broken,
    drawn,
    icc_found,
    persons_of,
    rejected,
    signs,
)

DRAWS = 300
# 3.5 simulation errors of a rejection of 5 % with so many draws, beyond which chance alone does not bring it.
SLACK = 3.5 * np.sqrt(0.05 * 0.95 / DRAWS)


def by_the_library(trials, draw):
    """p-values of one draw from the functions that analyses use, persons written out."""
    sizes, sums, treated = trials.sizes, trials.sums[draw], trials.treated[draw]
    y, office = persons_of(trials, draw)
    x = pd.DataFrame({"constant": 1.0, "treated": treated[office].astype("float64")})
    fit = least_squares(y, x, office)
    plain = sm.OLS(y, x.to_numpy()).fit()
    found = {
        "CR2, Satterthwaite": cluster_robust(fit, "treated"),
        "permutation of offices": permutation_test(sums, sizes, treated),
        "wild bootstrap, all signs": wild_bootstrap(fit, "treated"),
        "t-test on office means": office_means_t(sums, sizes, treated),
        "jackknife CRV3, t(G-1)": jackknife(fit, "treated"),
        "fixest's default (CR1S, t(G-1))": cluster_robust(fit, "treated", kind="cr1s", df="offices"),
    }
    clustered = plain.get_robustcov_results("cluster", groups=office, use_t=False)
    others = {"ignoring offices": plain.pvalues[1], "statsmodels' default (CR1S, normal)": clustered.pvalues[1]}
    return {name: one.p_value for name, one in found.items()} | others


@pytest.mark.parametrize("number", [0, 2])
def test_every_p_value_is_that_of_the_library(number):
    trials = drawn(CASES[number], WIDE, 2, seed=4)
    found = {name: p_values(trials) for name, p_values in TESTS.items()}
    for draw in range(2):
        expected = by_the_library(trials, draw)
        assert {name: values[draw] for name, values in found.items()} == pytest.approx(expected, abs=1e-10)


@cache
def sample(case, sizes):
    return rejected(case, sizes, DRAWS)


@pytest.mark.parametrize("case", CASES[:3], ids=lambda case: case.name)
def test_without_an_effect_the_tests_with_bounds_reject_about_as_often_as_they_say(case):
    for name in case.bounded:
        assert sample(case, NARROW)[name] == pytest.approx(0.05, abs=SLACK), name


def test_common_defaults_reject_much_too_often_and_an_effect_is_seen_more_often_than_none():
    none, effect = sample(CASES[0], NARROW), sample(CASES[3], NARROW)
    assert none["ignoring offices"] > 0.05 + SLACK
    assert none["statsmodels' default (CR1S, normal)"] > none["fixest's default (CR1S, t(G-1))"] >= none[BOUNDED[0]]
    assert all(effect[name] > none[name] + 0.15 for name in TESTS)


@pytest.mark.parametrize("method", ["anova", "fleiss_cuzick"])
def test_the_icc_of_drawn_trials_is_found_and_most_intervals_hold_it(method):
    mean, held = icc_found(CASES[1], NARROW, 200, method)
    # The spread of an estimate is about 0.045: four errors of the mean, and room for the small bias.
    assert mean == pytest.approx(0.10, abs=0.017)
    assert held > 0.8


@pytest.mark.parametrize("sizes", [NARROW, WIDE], ids=["narrow", "wide"])
def test_drawn_trials_have_the_offices_share_and_icc_they_say(sizes):
    trials = drawn(CASES[1], sizes, 2000, seed=9)
    assert (trials.treated.sum(axis=1) == 9).all()
    assert (len(sizes), sum(sizes)) == (18, 617)
    share = trials.sums / trials.sizes
    # 36 000 offices with a variance of at most 0.03: five errors of the mean.
    assert share.mean() == pytest.approx(BASE, abs=5 * np.sqrt(0.03 / share.size))
    n, binomial = trials.sizes, BASE * (1 - BASE)
    expected = binomial * (1 / n + (1 - 1 / n) * 0.10)
    # 2 000 draws of each office: the relative error of a variance is 3-4 %; four of them.
    assert share.var(axis=0) == pytest.approx(expected, rel=0.16)


def test_an_effect_is_added_to_the_treated_offices_alone():
    trials = drawn(Case("effect", 0.03, effect=0.10), NARROW, 2000, seed=9)
    share = trials.sums / trials.sizes
    assert share[trials.treated].mean() == pytest.approx(BASE + 0.10, abs=0.005)
    assert share[~trials.treated].mean() == pytest.approx(BASE, abs=0.005)


def test_bounds_are_told_broken_for_the_tests_that_have_them():
    found = dict.fromkeys(TESTS, 0.05)
    assert broken(CASES[0], found) == []
    assert broken(CASES[0], found | {BOUNDED[0]: 0.061, "ignoring offices": 0.5}) == [BOUNDED[0]]
    assert broken(CASES[3], dict.fromkeys(TESTS, 0.9)) == []


@pytest.mark.parametrize("offices", [5, 6])
def test_sign_vectors_are_all_there_and_the_second_half_is_the_first_turned(offices):
    found = signs(offices)
    assert len(np.unique(found, axis=0)) == len(found) == 2**offices
    assert (found == -found[::-1]).all()
