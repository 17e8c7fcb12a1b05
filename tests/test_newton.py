"""Newton's method: the maximum that statsmodels finds, in parts as in one piece."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from analysis import newton as module
from analysis.newton import newton


@pytest.fixture
def grouped():
    """Columns of 900 distinct rows with one to five persons each."""
    rng = np.random.default_rng(4)
    z = np.column_stack([np.ones(900), rng.normal(size=(900, 4))])
    total = rng.integers(1, 6, 900).astype(float)
    yes = rng.binomial(total.astype(int), expit(z @ [-1.0, 0.5, -0.3, 0.0, 1.2])).astype(float)
    return z, yes, total


def test_the_maximum_is_that_of_statsmodels(grouped):
    z, yes, total = grouped
    rows = np.repeat(np.arange(900), total.astype(int))
    treated = np.concatenate([np.arange(int(n)) < y for n, y in zip(total, yes, strict=True)])
    plain = sm.Logit(treated.astype(float), z[rows]).fit(disp=False, tol=1e-13, method="newton")
    fit = newton(z, yes, total)
    assert fit.converged
    np.testing.assert_allclose(fit.params, plain.params, rtol=0, atol=1e-10)
    assert fit.log_likelihood == pytest.approx(plain.llf, rel=1e-13)


def test_parts_give_what_one_piece_gives(grouped, monkeypatch):
    whole = newton(*grouped)
    monkeypatch.setattr(module, "PART", 7)
    np.testing.assert_allclose(newton(*grouped).params, whole.params, rtol=0, atol=1e-13)


def test_a_start_far_from_the_maximum_is_reached_by_halving_steps():
    # One person in ten thousand is treated: full steps from zero overshoot on the rare side.
    rng = np.random.default_rng(2)
    z = np.column_stack([np.ones(50), 10 * rng.normal(size=50)])
    total = np.full(50, 10_000.0)
    yes = np.maximum(np.round(total * expit(-9 + 0.2 * z[:, 1])), 0)
    fit = newton(z, yes, total)
    assert fit.converged
    slope = (yes - total * expit(z @ fit.params)) @ z
    assert np.abs(slope).max() < 1e-6


def test_separated_groups_do_not_pass_for_information():
    z = np.column_stack([np.ones(20), np.arange(20) - 9.5])
    fit = newton(z, (np.arange(20) > 9).astype(float), np.ones(20))
    assert not fit.converged or fit.information < 1e-6
