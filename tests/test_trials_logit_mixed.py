import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from trial_offices import persons, r_answers

from analysis.problems import ProblemsFound
from analysis.trials.least_squares import least_squares
from analysis.trials.logit_mixed import _different_rows, _log_likelihood, logit_mixed_fit, logit_random_intercept
from analysis.trials.logit_start import logit_start

POINTS = {"laplace": 1, "agq25": 25}


def r_design():
    x = persons()[["tiltak"]].astype("float64")
    x.insert(0, "(Intercept)", 1.0)
    return x


def drawn(seed, *, offices, size, deviation):
    draw = np.random.default_rng(seed)
    office = np.repeat(np.arange(offices), size)
    x = np.column_stack([np.ones(len(office)), office % 2, draw.normal(size=len(office))])
    odds = x @ [-1.0, 0.4, 0.3] + deviation * draw.normal(size=offices)[office]
    return (draw.random(len(office)) < 1 / (1 + np.exp(-odds))).astype(float), (["c", "treated", "z"], x), office


@pytest.mark.parametrize("case", POINTS)
def test_estimates_deviation_and_likelihood_are_those_of_lme4(case):
    data, golden = persons(), r_answers()["glmm_logit"][case]
    fit = logit_mixed_fit(data["arbeid"], r_design(), data["kontor"], points=POINTS[case])
    assert fit.params == pytest.approx(golden["est"], abs=2e-5)
    assert np.sqrt(fit.vcov.diagonal()) == pytest.approx(golden["se"], rel=3e-4)
    assert fit.deviation == pytest.approx(golden["sd_office"], rel=1e-4)
    assert fit.log_likelihood == pytest.approx(golden["loglik"], abs=1e-6)


def test_one_answer_has_t_with_two_fewer_than_the_offices():
    data, golden = persons(), r_answers()["glmm_logit"]["agq25"]
    found = logit_random_intercept(data["arbeid"], r_design(), data["kontor"], "tiltak")
    assert (found.df, found.clusters, found.inference) == (16, 18, "logit_mixed_agq")
    assert found.estimate == pytest.approx(golden["est"][1], abs=2e-5)
    assert found.std_error == pytest.approx(golden["se"][1], rel=1e-4)
    laplace = logit_random_intercept(data["arbeid"], r_design(), data["kontor"], "tiltak", points=1)
    assert laplace.inference == "logit_mixed_laplace"


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), case=st.sampled_from([(0.0, 25), (0.3, 25), (-0.8, 25), (2.5, 150)]))
def test_the_quadrature_is_the_integral(seed, case):
    deviation, points = case
    y, x, office = drawn(seed, offices=4, size=12, deviation=1.0)
    try:
        plain = least_squares(y, x, office)
        params = np.append(np.linalg.solve(plain.root, logit_start(plain)) / np.sqrt(len(y)), deviation)
    except ProblemsFound:
        return
    linear = plain.x @ logit_start(plain)

    def density(u, own):
        eta = linear[own] + deviation * u
        return np.exp(y[own] @ eta - np.logaddexp(0, eta).sum() - u**2 / 2) / np.sqrt(2 * np.pi)

    whole = sum(
        np.log(quad(density, -12, 12, args=(office == g,), epsabs=0, epsrel=1e-11, limit=200)[0]) for g in range(4)
    )
    assert _log_likelihood(_different_rows(plain), params, points) == pytest.approx(whole, abs=1e-9)


def test_alike_persons_are_one_row_and_their_order_does_not_matter():
    y, (names, x), office = drawn(1, offices=10, size=40, deviation=0.8)
    rounded = np.column_stack([x[:, :2], np.round(x[:, 2])])
    plain = logit_mixed_fit(y, (names, rounded), office)
    shuffled = np.random.default_rng(0).permutation(len(y))
    other = logit_mixed_fit(y[shuffled], (names, rounded[shuffled]), office[shuffled])
    assert other.params == pytest.approx(plain.params, abs=1e-8)
    assert other.deviation == pytest.approx(plain.deviation, abs=1e-7)
    rows = _different_rows(least_squares(y, (names, rounded), office))
    assert len(rows.yes) < 100
    assert rows.persons.sum() == 400


def test_offices_that_do_not_differ_give_the_logit_without_offices():
    y = np.tile([0.0, 0.0, 1.0, 0.0, 1.0], 24)
    office = np.repeat(np.arange(12), 10)
    x = (["c", "treated"], np.column_stack([np.ones(120), office % 2]))
    fit = logit_mixed_fit(y, x, office)
    assert fit.deviation == 0
    assert fit.params == pytest.approx([np.log(0.4 / 0.6), 0], abs=1e-8)
    assert fit.vcov[0, 0] == pytest.approx(1 / (60 * 0.24), rel=1e-5)


def test_an_office_of_one_person_is_allowed():
    y, (names, x), office = drawn(2, offices=9, size=15, deviation=0.5)
    office[0] = 99
    found = logit_random_intercept(y, (names[:2], x[:, :2]), office, "treated")
    assert found.clusters == 10
    assert np.isfinite(found.p_value)


def test_what_cannot_be_estimated_is_told():
    y, (names, x), office = drawn(3, offices=8, size=12, deviation=0.5)
    alike = np.isin(office, (0, 1, 4, 6)).astype(float)
    told = {
        "skiller": (np.where(x[:, 1] == 1, 0.0, y), (names, x), office),
        "likt for alle": (np.ones(96), (names, x), office),
        "samme kontor": (alike, (names[:2], x[:, :2]), office),
    }
    for said, (outcome, columns, clusters) in told.items():
        with pytest.raises(ProblemsFound, match=said):
            logit_random_intercept(outcome, columns, clusters, "treated")
    with pytest.raises(ProblemsFound, match="alle hører til samme kontor"):
        logit_random_intercept(y, (names, x), np.zeros(96), "treated")
    two = office < 2
    with pytest.raises(ProblemsFound, match="frihetsgrader"):
        logit_random_intercept(y[two], (["c", "z"], x[two][:, [0, 2]]), office[two], "z")


def test_wrong_options_and_values_are_programming_errors():
    y, x, office = drawn(4, offices=8, size=12, deviation=0.5)
    with pytest.raises(ValueError, match="0 or 1"):
        logit_random_intercept(y + 1, x, office, "treated")
    with pytest.raises(ValueError, match="at least one point"):
        logit_random_intercept(y, x, office, "treated", points=0)
    with pytest.raises(ValueError, match="no column"):
        logit_random_intercept(y, x, office, "nobody")
