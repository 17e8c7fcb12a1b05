import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.stats import multivariate_normal

from analysis.sensitivity.honest_did.event_study import EventStudy, event_study
from analysis.sensitivity.pretrend_power import Pretest, box, detectable, linear_shape, missed

GOLDEN = json.loads((Path(__file__).parent / "reference" / "did" / "pretrends_he_wang.json").read_text())


def he_wang():
    return event_study(GOLDEN["tVec"], GOLDEN["beta"], GOLDEN["sigma"], reference=GOLDEN["referencePeriod"])


@st.composite
def studies(draw):
    p, q = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    half = rng.normal(size=(p + q, 2 * (p + q)))
    return EventStudy(rng.normal(size=p + q), half @ half.T / (p + q), p, np.ones(q))


def test_the_line_that_half_of_the_tests_would_miss_is_the_stored_one():
    found, exact, printed = detectable(he_wang()), GOLDEN["exact"], GOLDEN["published"]
    assert found.size == pytest.approx(exact["slope_for_power_50"], abs=1e-6)
    assert found.power == pytest.approx(0.5, abs=1e-9)
    assert found.bayes_factor == pytest.approx(exact["bayes_factor"], abs=5e-6)
    assert found.likelihood_ratio == pytest.approx(exact["likelihood_ratio_pre"], abs=1e-6)
    # The page's own root is loose in the fifth decimal.
    assert found.size == pytest.approx(printed["slope_for_power_50"], abs=1e-4)
    assert found.bayes_factor == pytest.approx(printed["bayes_factor"], abs=1e-4)
    assert found.likelihood_ratio == pytest.approx(printed["likelihood_ratio_pre"], abs=1e-4)


def test_the_power_against_a_curve_is_the_stored_one():
    times = linear_shape(he_wang())
    # The page has 0.024 (t + 1)², which is 0 at the reference, t = −1.
    found, exact = missed(he_wang(), 0.024, shape=times**2), GOLDEN["exact"]["quadratic_0.024"]
    printed = GOLDEN["published"]["quadratic_0.024"]
    assert found.before == pytest.approx([0.216, 0.096, 0.024])
    for mine, name in ((found.power, "power"), (found.bayes_factor, "bayes_factor")):
        assert mine == pytest.approx(exact[name], abs=1e-5)
        assert mine == pytest.approx(printed[name], abs=1e-4)
    assert found.likelihood_ratio == pytest.approx(exact["likelihood_ratio_pre"], abs=1e-8)


def truncated_draws(study, violation, half, number=100_000):
    draws = np.random.default_rng(5).multivariate_normal(violation, study.covariance, number)
    return draws[(np.abs(draws[:, : study.n_before]) <= half).all(axis=1)]


def test_expected_estimates_after_passing_are_the_means_of_draws_that_pass():
    study = he_wang()
    found = missed(study, 0.05)
    trend = np.concatenate([found.before, found.after])
    half = stats.norm.ppf(0.975) * np.sqrt(np.diag(study.covariance)[: study.n_before])
    kept = truncated_draws(study, trend, half)
    error = 4.5 * kept.std(axis=0) / np.sqrt(len(kept))
    mine = np.concatenate([found.expected_before, found.expected_after])
    assert np.all(np.abs(mine - kept.mean(axis=0)) < error)
    assert found.power == pytest.approx(1 - len(kept) / 100_000, abs=4.5 * np.sqrt(0.25 / 100_000))


def test_one_period_before_has_closed_forms():
    spread = np.array([[4.0, 1.0], [1.0, 2.0]])
    study = EventStudy(np.array([1.0, 3.0]), spread, 1, np.ones(1))
    one, z = missed(study, 1.5), stats.norm.ppf(0.975)
    low, high = (-z * 2 + 1.5) / 2, (z * 2 + 1.5) / 2
    chance = stats.norm.cdf(high) - stats.norm.cdf(low)
    mean = -1.5 + 2 * (stats.norm.pdf(low) - stats.norm.pdf(high)) / chance
    assert one.power == pytest.approx(1 - chance, abs=1e-13)
    assert one.expected_before[0] == pytest.approx(mean, abs=1e-5)
    assert one.expected_after[0] == pytest.approx(1.5 + (one.expected_before[0] + 1.5) / 4, abs=1e-12)
    ratio = stats.norm.pdf(1, -1.5, 2) / stats.norm.pdf(1, 0, 2)
    assert one.likelihood_ratio == pytest.approx(ratio, rel=1e-12)


def equicorrelated(limit, periods, correlation):
    """P(all |X| < limit) for equal correlations, by one integral over what the periods share."""

    def integrand(common):
        root, rest = np.sqrt(correlation) * common, np.sqrt(1 - correlation)
        inside = stats.norm.cdf((limit - root) / rest) - stats.norm.cdf((-limit - root) / rest)
        return stats.norm.pdf(common) * inside**periods

    return integrate.quad(integrand, -12, 12, epsabs=1e-12)[0]


@pytest.mark.parametrize(("periods", "tolerance"), [(2, 1e-8), (5, 1e-5), (24, 1e-4)])
def test_boxes_of_equal_correlations_are_those_of_one_integral(periods, tolerance):
    spread = np.full((periods, periods), 0.5) + 0.5 * np.eye(periods)
    chance, mean = box(np.zeros(periods), spread, -1.96 * np.ones(periods), 1.96 * np.ones(periods))
    assert chance == pytest.approx(equicorrelated(1.96, periods, 0.5), abs=tolerance)
    assert mean == pytest.approx(0, abs=5e-3)


@given(studies(), st.floats(-2, 2))
@settings(max_examples=10, deadline=None)
def test_boxes_are_those_of_scipy(study, size):
    p = study.n_before
    own, mean = study.covariance[:p, :p], size * np.arange(-p, 0)
    half = 1.96 * np.sqrt(np.diag(own))
    rng = np.random.default_rng(6)
    other = multivariate_normal.cdf(half, mean, own, lower_limit=-half, abseps=1e-6, releps=1e-6, rng=rng)
    assert box(mean, own, -half, half)[0] == pytest.approx(other, abs=2e-5)


@given(studies(), st.floats(0.05, 3), st.sampled_from([1e-3, 40.0]), st.sampled_from(["individual", "joint"]))
@settings(max_examples=12, deadline=None)
def test_units_only_move_what_has_a_unit(study, size, factor, kind):
    test = Pretest(kind)
    larger = EventStudy(study.estimates * factor, study.covariance * factor**2, study.n_before, study.target)
    one, other = missed(study, size, pretest=test), missed(larger, size * factor, pretest=test)
    for name in ("power", "bayes_factor", "likelihood_ratio"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-6, abs=1e-12)
    if one.power < 1 - 1e-9:
        assert other.expected_after == pytest.approx(factor * one.expected_after, rel=1e-6, abs=1e-9 * factor)


@given(studies(), st.sampled_from(["individual", "joint"]))
@settings(max_examples=10, deadline=None)
def test_larger_slopes_are_missed_less_and_the_sizes_found_have_their_share(study, kind):
    test = Pretest(kind)
    half, most = (detectable(study, share=share, pretest=test) for share in (0.5, 0.8))
    assert (half.power, most.power) == pytest.approx((0.5, 0.8), abs=1e-8)
    assert 0 < half.size < most.size
    assert missed(study, 0.0, pretest=test).bayes_factor == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("df", [np.inf, 23.0])
def test_the_joint_test_has_the_power_and_the_means_of_draws(df):
    study, test = he_wang(), Pretest("joint", df=df)
    found, p = missed(study, 0.06, pretest=test), study.n_before
    rng = np.random.default_rng(7)
    draws = rng.multivariate_normal(found.before, study.covariance[:p, :p], 100_000)
    wald = np.einsum("ij,jk,ik->i", draws, np.linalg.inv(study.covariance[:p, :p]), draws)
    divided = np.ones(len(draws)) if np.isinf(df) else rng.chisquare(df, len(draws)) / df
    limit = stats.chi2.ppf(0.95, p) if np.isinf(df) else p * stats.f.ppf(0.95, p, df)
    passed = draws[wald <= limit * divided]
    assert found.power == pytest.approx(1 - len(passed) / len(draws), abs=4.5 * np.sqrt(0.25 / len(draws)))
    error = 4.5 * passed.std(axis=0) / np.sqrt(len(passed))
    assert np.all(np.abs(found.expected_before - passed.mean(axis=0)) < error)


def test_the_joint_test_rejects_parallel_trends_as_often_as_it_should():
    for df in (np.inf, 11.0):
        assert missed(he_wang(), 0.0, pretest=Pretest("joint", level=0.9, df=df)).power == pytest.approx(0.1)


def test_a_critical_value_and_t_quantiles_can_be_chosen():
    study = he_wang()
    usual = detectable(study)
    assert detectable(study, pretest=Pretest(critical=1.96)).size == pytest.approx(usual.size, abs=5e-6)
    assert detectable(study, pretest=Pretest(df=17)).size > usual.size * 1.02


def test_the_same_question_has_the_same_answer():
    one, other = detectable(he_wang(), share=0.8), detectable(he_wang(), share=0.8)
    assert one.size == other.size
    assert (one.expected_after == other.expected_after).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: Pretest("bayes"),
        lambda: Pretest(level=95),
        lambda: Pretest("joint", critical=1.96),
        lambda: detectable(he_wang(), share=0.01),
        lambda: detectable(he_wang(), share=1.0),
        lambda: missed(he_wang(), 1.0, shape=np.ones(3)),
        lambda: missed(he_wang(), 1.0, shape=np.array([0, 0, 0, 1, 2, 3, 4])),
    ],
)
def test_a_wrong_call_is_refused(call):
    with pytest.raises(ValueError, match="must|critical|shape"):
        call()
