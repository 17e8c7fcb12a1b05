"""Comparative interrupted time series: known changes are found, and statsmodels gives the same numbers."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.linalg import toeplitz

from analysis.problems import ProblemsFound
from analysis.series import interrupted
from analysis.series.quasi_binomial import quasi_binomial
from analysis.series.units import Units

START, MONTHS = 24, np.arange(48) + 24_240
LEVEL, SLOPE, RHO = -0.03, -0.002, 0.5


def noise(rng, count, *, rho=RHO, step=0.005):
    errors = np.zeros(count)
    errors[0] = rng.normal() * step / np.sqrt(1 - rho**2)
    for t in range(1, count):
        errors[t] = rho * errors[t - 1] + step * rng.normal()
    return errors


def series(rng, **options):
    time = np.arange(len(MONTHS)) - START
    season = 0.01 * np.sin(2 * np.pi * MONTHS / 12)
    changed = (time >= 0) * (LEVEL + SLOPE * time)
    return 0.05 + 0.0005 * time + season + changed + noise(rng, len(MONTHS), **options)


def units(rng, *, level=0.0, size=400):
    """Six units over 20 months, the first treated, whose shares fall by `level` log-odds after the twelfth."""
    time = np.arange(20) - 12
    odds = rng.normal(0, 0.2, (6, 1)) + 0.1 * np.sin(time / 5) + level * (time >= 0) * np.eye(6)[:, :1]
    n = np.full(odds.shape, float(size))
    y = rng.binomial(size, 1 / (1 + np.exp(-odds))).astype("float64")
    names = np.array([f"u{u}" for u in range(6)])
    return Units(names, MONTHS[:20], n, y, np.arange(6) == 0, 12)


TERMS = interrupted.terms(MONTHS, START)
WANTED = interrupted.changes(len(MONTHS) - START, {"six": 6})


@pytest.mark.parametrize("method", interrupted.METHODS)
def test_changes_of_level_and_trend_are_found_with_season_and_autocorrelation(method):
    truth = {"level": LEVEL, "slope": SLOPE, "mean": LEVEL + SLOPE * 11.5, "six": LEVEL + 6 * SLOPE}
    rng = np.random.default_rng(11)
    fits = [interrupted.fit(series(rng), TERMS, method) for _ in range(60)]
    for name, weights in WANTED.items():
        found = np.array([fit.contrast(weights, level=0.95).estimate for fit in fits])
        assert abs(found.mean() - truth[name]) < 3 * found.std() / np.sqrt(len(found))


def test_intervals_by_restricted_likelihood_hold_the_truth_more_often_than_those_of_the_others():
    rng, held = np.random.default_rng(12), dict.fromkeys(interrupted.METHODS, 0)
    for _ in range(120):
        y = series(rng, rho=0.7)
        for method in interrupted.METHODS:
            found = interrupted.fit(y, TERMS, method).contrast(WANTED["mean"], level=0.95)
            held[method] += found.low <= LEVEL + SLOPE * 11.5 <= found.high
    assert held["ar1_reml"] >= 0.82 * 120
    assert held["ar1_reml"] > held["prais_winsten"] > held["newey_west"]


def test_without_noise_every_method_gives_the_changes_exactly():
    y = series(np.random.default_rng(0), step=1e-13)
    for method in interrupted.METHODS:
        found = interrupted.fit(y, TERMS, method)
        assert found.contrast({"level": 1.0}, level=0.95).estimate == pytest.approx(LEVEL, abs=1e-9)
        assert found.contrast({"slope": 1.0}, level=0.95).estimate == pytest.approx(SLOPE, abs=1e-9)


def test_prais_winsten_is_statsmodels_gls_at_the_rho_of_its_glsar_and_newey_west_its_ols():
    y = series(np.random.default_rng(13))
    model = sm.GLSAR(y, TERMS, rho=1)
    model.iterative_fit(maxiter=50, rtol=1e-8)
    found = interrupted.fit(y, TERMS, "prais_winsten")
    assert found.rho == pytest.approx(model.rho[0], abs=1e-12)
    expected = sm.GLS(y, TERMS, sigma=toeplitz(found.rho ** np.arange(len(y)))).fit()
    assert found.beta == pytest.approx(expected.params.to_numpy(), rel=1e-10)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(expected.bse.to_numpy(), rel=1e-10)
    plain = sm.OLS(y, TERMS).fit(cov_type="HAC", cov_kwds={"maxlags": 3, "use_correction": True}, use_t=True)
    west = interrupted.fit(y, TERMS, "newey_west")
    assert np.sqrt(np.diag(west.covariance)) == pytest.approx(plain.bse.to_numpy(), rel=1e-10)
    low, high = plain.conf_int().loc["level"]
    told = west.contrast({"level": 1.0}, level=0.95)
    assert (told.low, told.high) == pytest.approx((low, high), rel=1e-9)


def test_the_restricted_likelihood_is_that_of_the_error_contrasts():
    """Any basis of the space orthogonal to the terms has a likelihood that differs by a constant (Harville 1974)."""
    rng, x = np.random.default_rng(14), TERMS.to_numpy()
    y = series(rng)
    basis = np.linalg.svd(x, full_matrices=True)[0][:, x.shape[1] :]

    def direct(rho):
        covariance = basis.T @ toeplitz(rho ** np.arange(len(y))) @ basis
        left = basis.T @ y
        scale = left @ np.linalg.solve(covariance, left) / len(left)
        return 0.5 * (len(left) * np.log(scale) + np.linalg.slogdet(covariance)[1])

    gaps = [interrupted._restricted(rho, y, x) - direct(rho) for rho in (-0.3, 0.0, 0.4, 0.8)]
    assert np.ptp(gaps) < 1e-9


def test_the_weights_of_the_months_give_the_change_and_sum_to_zero():
    y = series(np.random.default_rng(15))
    for method in interrupted.METHODS:
        fit = interrupted.fit(y, TERMS, method)
        weights = fit.weights(TERMS, WANTED["mean"])
        assert weights @ y == pytest.approx(fit.contrast(WANTED["mean"], level=0.95).estimate, abs=1e-12)
        assert weights.sum() == pytest.approx(0, abs=1e-9)


def test_what_it_would_be_without_a_change_is_the_fit_until_start():
    fit = interrupted.fit(series(np.random.default_rng(16)), TERMS, "ar1_reml")
    fitted, unchanged = interrupted.without_change(fit, TERMS)
    assert fitted[:START] == pytest.approx(unchanged[:START], abs=1e-15)
    expected = [fit.contrast({"level": 1.0, "slope": float(t)}, level=0.95).estimate for t in range(24)]
    assert fitted[START:] - unchanged[START:] == pytest.approx(expected, abs=1e-12)


def test_a_series_too_short_for_its_season_is_refused_with_a_way_out():
    with pytest.raises(ProblemsFound, match="harmonic eller none"):
        interrupted.terms(MONTHS[:16], 12)
    assert interrupted.terms(MONTHS[:16], 12, season="harmonic").shape == (16, 8)


def test_the_binomial_model_is_statsmodels_own_with_pearsons_scale():
    found = units(np.random.default_rng(17), level=-0.4)
    # More than binomial: counts of whole clumps of two.
    doubled = Units(found.names, found.months, 2 * found.n, 2 * found.y, found.treated, found.start)
    result = quasi_binomial(doubled, level=0.95)
    frame = [(u, t, doubled.y[u, t], doubled.n[u, t]) for u in range(6) for t in range(20)]
    x = np.zeros((len(frame), 26))
    for place, (u, t, _, _) in enumerate(frame):
        x[place, u] = 1
        if t:
            x[place, 5 + t] = 1
        x[place, -1] = float(u == 0 and t >= 12)
    y, n = (np.array([row[column] for row in frame]) for column in (2, 3))
    fit = sm.GLM(np.column_stack([y, n - y]), x, family=sm.families.Binomial()).fit(tol=1e-12)
    mean = fit.fittedvalues
    scale = ((y - n * mean) ** 2 / (n * mean * (1 - mean))).sum() / (len(y) - x.shape[1])
    assert result.log_odds == pytest.approx(fit.params[-1], abs=1e-9)
    assert result.scale == pytest.approx(scale, rel=1e-9)
    assert result.scale > 1.6

    def effect(params):
        after = x[:, -1] == 1
        with_it = 1 / (1 + np.exp(-(x @ params)))
        without = 1 / (1 + np.exp(-(x @ params - params[-1])))
        return np.average((with_it - without)[after], weights=n[after])

    slope = np.array([(effect(fit.params + h) - effect(fit.params - h)) / 2e-6 for h in 1e-6 * np.eye(x.shape[1])])
    error = np.sqrt(scale * slope @ fit.cov_params() @ slope)
    assert result.effect.estimate == pytest.approx(effect(fit.params), abs=1e-10)
    assert result.effect.std_error == pytest.approx(error, rel=1e-5)


def test_the_binomial_effect_is_found_and_less_than_binomial_spread_is_not_counted_on():
    found = [quasi_binomial(units(np.random.default_rng(seed), level=-0.4), level=0.95) for seed in range(8)]
    assert np.mean([one.log_odds for one in found]) == pytest.approx(-0.4, abs=0.05)
    smooth = units(np.random.default_rng(1), level=-0.4)
    u, t = np.indices(smooth.y.shape)
    even = Units(smooth.names, smooth.months, smooth.n, 180 + 4.0 * ((u + t) % 2), smooth.treated, smooth.start)
    result = quasi_binomial(even, level=0.95)
    assert result.scale < 0.1
    # A difference of differences of means over 8 and 12 months, of one unit and five, with binomial spread.
    expected = np.sqrt(0.455 * 0.545 / 400 * (1 / 8 + 1 / 12) * (1 + 1 / 5))
    assert result.effect.std_error == pytest.approx(expected, rel=0.02)
