"""Standard errors of many estimates: the jackknife by hand, conventions, and the rule of few treated offices."""

import numpy as np
import pytest
from scipy.stats import t as student_t

from analysis.problems import ProblemsFound
from analysis.staggered.inference import (
    ONE_OFFICE,
    cluster_sums,
    clustered,
    few_treated_rule,
    independent,
    jackknife,
    wald_p,
)


def test_the_jackknife_of_a_mean_is_its_own_formula():
    y = np.array([1.0, 3.0, 4.0, 8.0])
    left = (y.sum() - y) / 3
    found = jackknife(np.array([y.mean()]), left[:, None])
    assert found.std_error[0] == pytest.approx(y.std(ddof=1) / 2)
    assert found.df == 3
    reach = student_t.ppf(0.975, 3) * found.std_error[0]
    assert (found.conf_low[0], found.conf_high[0]) == pytest.approx((4 - reach, 4 + reach))
    assert found.p_value[0] == pytest.approx(2 * student_t.sf(4 / found.std_error[0], 3))
    assert "G=4" in found.convention


def test_an_estimate_of_one_office_has_no_jackknife_and_says_so():
    left = np.array([[1.0, np.nan], [2.0, 1.0], [3.0, 1.0]])
    found = jackknife(np.array([2.0, 1.0]), left)
    assert np.isnan(found.std_error[1])
    assert np.isnan(found.p_value[1])
    assert found.reason == ("", ONE_OFFICE)


def test_clusters_add_up_their_persons():
    influence = np.array([[1.0, 0.0], [2.0, 1.0], [-3.0, -1.0]])
    sums = cluster_sums(influence, np.array(["b", "a", "b"]))
    assert sums.tolist() == [[2.0, 1.0], [-2.0, -1.0]]
    assert cluster_sums(influence, np.array(["c", "a", "b"])).tolist() == [[2.0, 1.0], [-3.0, -1.0], [1.0, 0.0]]


def test_each_convention_is_its_factor():
    sums = np.random.default_rng(1).normal(size=(20, 3))
    plain, corrected = clustered(np.ones(3), sums, corrected=False), clustered(np.ones(3), sums)
    assert plain.std_error == pytest.approx(np.sqrt((sums**2).sum(axis=0)))
    assert corrected.std_error == pytest.approx(plain.std_error * np.sqrt(20 / 19))
    assert (plain.df, corrected.df) == (np.inf, 19)
    assert (plain.p_value < corrected.p_value).all()
    persons = independent(np.ones(3), np.eye(3), 50)
    assert persons.conf_high[0] == pytest.approx(1 + 1.959963984540054)


def test_rounding_is_not_certainty():
    found = clustered(np.array([0.1]), np.full((5, 1), 1e-18), scale=1.0)
    assert np.isnan(found.std_error[0])
    assert np.isnan(found.p_value[0])


def test_few_treated_offices_give_no_asymptotic_p():
    found = few_treated_rule(clustered(np.ones(2), np.random.default_rng(1).normal(size=(9, 2))), np.array([5, 6]))
    assert np.isnan(found.p_value[0])
    assert np.isnan(found.statistic[0])
    assert np.isfinite(found.p_value[1])
    assert np.isfinite(found.conf_low).all()
    assert found.reason == ("few_treated_offices", "")


def test_one_office_is_refused():
    for refused in (lambda: clustered(np.ones(1), np.ones((1, 1))), lambda: jackknife(np.ones(1), np.ones((1, 1)))):
        with pytest.raises(ProblemsFound, match="ett kontor"):
            refused()


def test_the_joint_test_is_walds_and_none_when_singular():
    p, q = wald_p(np.array([1.0, 2.0]), np.eye(2))
    assert q == 2
    assert p == pytest.approx(np.exp(-2.5))
    assert wald_p(np.array([1.0, 2.0]), np.eye(2), n_clusters=10)[0] > p
    assert np.isnan(wald_p(np.array([1.0, 2.0]), np.ones((2, 2)))[0])
    assert np.isnan(wald_p(np.array([]), np.ones((0, 0)))[0])


def test_a_level_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match="level"):
        clustered(np.ones(1), np.ones((3, 1)), level=95)


def test_a_single_office_on_a_side_gives_no_error_by_office_at_all():
    found = clustered(np.ones(3), np.random.default_rng(1).normal(size=(9, 3)))
    ruled = few_treated_rule(found, np.array([1, 2, 9]), np.array([8, 8, 1]))
    assert np.isnan(ruled.std_error).tolist() == [True, False, True]
    assert np.isnan(ruled.conf_high).tolist() == [True, False, True]
    assert np.isnan(ruled.p_value).all()
    assert ruled.reason == (ONE_OFFICE, "few_treated_offices", ONE_OFFICE)
    persons = independent(np.ones(1), np.eye(1), 50)
    assert few_treated_rule(persons, np.array([1])).std_error[0] == 1
