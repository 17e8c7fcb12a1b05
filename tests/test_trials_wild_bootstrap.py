"""The wild cluster bootstrap: R's enumeration, regressions of every sample made here, and its interval."""

from itertools import product

import numpy as np
import pytest
from least_squares_cases import answers, eighteen, small, trial, two_way

from analysis.problems import ProblemsFound
from analysis.trials.cluster_robust import cluster_robust
from analysis.trials.least_squares import least_squares
from analysis.trials.wild_bootstrap import wild_bootstrap, wild_draws


@pytest.mark.parametrize(("key", "stored_key"), [("ols", "nocov"), ("ols_cov", "cov")])
def test_p_value_and_interval_are_those_of_r(key, stored_key):
    stored = answers("i_crt18_a")["wcr_rademacher_enum"][stored_key]
    found = wild_bootstrap(trial(key), "tiltak")
    assert found.p_value == pytest.approx(stored["p_sym"], rel=1e-9)
    assert found.statistic == pytest.approx(stored["t"], rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(stored["ci"]), abs=1e-6)
    assert 2 * len(wild_draws(trial(key), "tiltak").at_zero) == stored["draws"]
    assert "enumerated: 131072" in found.convention


def test_the_other_trial_of_eighteen_offices_is_as_stored():
    fit, stored = eighteen()
    found = wild_bootstrap(fit, "tr")
    assert found.p_value == pytest.approx(stored["wild_cluster_restricted_exact_p_2pow17_rademacher"], rel=1e-9)
    assert found.p_value == pytest.approx(stored["wildboottest_99999_reps_p"], abs=1e-4)


def p_by_regressions(rows, null):
    """The p-value of a null, fitting every bootstrap sample anew."""
    x, office = rows["x"].to_numpy(), rows["clusters"]
    w = np.ones(len(x)) if rows["weights"] is None else rows["weights"]
    others = x[:, [0, 2]]

    def t_value(y):
        fit = least_squares(y, rows["x"], office, weights=rows["weights"])
        return (fit.coefficient("treated") - null) / cluster_robust(fit, "treated", kind="cr0").std_error

    beta = np.linalg.solve(others.T @ (others * w[:, None]), others.T @ (w * (rows["y"] - null * x[:, 1])))
    level = others @ beta + null * x[:, 1]
    signs = np.array(list(product([-1, 1], repeat=len(np.unique(office)))))
    found = [abs(t_value(level + sign[office] * (rows["y"] - level))) for sign in signs]
    return np.mean(np.array(found) >= abs(t_value(rows["y"])) * (1 - 1e-10))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("null", [0.0, 0.8])
def test_every_sample_fitted_anew_gives_the_same_p_value(null, weighted):
    rows = small(5, weighted=weighted)
    assert wild_draws(least_squares(**rows), "treated").p_value(null) == p_by_regressions(rows, null)


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_ends_where_nulls_begin_to_be_rejected(seed):
    fit = least_squares(**small(seed, offices=8))
    draws, found = wild_draws(fit, "treated"), wild_bootstrap(fit, "treated", level=0.9)
    width = found.high - found.low
    for end, outward in ((found.low, -1), (found.high, 1)):
        assert draws.p_value(end - outward * 1e-9 * width) > 0.1
        assert draws.p_value(end + outward * 1e-9 * width) <= 0.1
        beyond = end + outward * width * np.linspace(1e-9, 5, 300)
        assert max(draws.p_value(null) for null in beyond) <= 0.1
    assert found.low < found.estimate < found.high
    assert (found.low <= 0 <= found.high) == (found.p_value > 0.1)


def test_fixed_effects_of_the_offices_are_held():
    fit = two_way(False)
    found = wild_draws(fit, "d", draws=999, seed=1)
    assert not found.exact
    assert 0.5 < found.p_value(0.0) < 0.95  # CR2 has 0.77


def test_too_few_offices_to_reject_anything_give_the_whole_line():
    found = wild_bootstrap(least_squares(**small(2, offices=5)), "treated")
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert found.p_value >= 1 / 16


def test_beyond_twenty_one_offices_signs_are_drawn_from_the_seed():
    fit = least_squares(**small(6, offices=22))
    found = [wild_bootstrap(fit, "treated", draws=4999, seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert found[0].p_value != found[2].p_value
    spread = np.sqrt(found[0].p_value * (1 - found[0].p_value) / 4999)
    assert abs(found[0].p_value - found[2].p_value) < 5 * spread
    assert "sampled with seed 1: 4999" in found[0].convention
    with pytest.raises(ValueError, match="give draws and seed"):
        wild_bootstrap(fit, "treated")


def test_units_and_row_order_change_nothing():
    rows = small(9)
    order = np.random.default_rng(1).permutation(len(rows["y"]))
    one = wild_bootstrap(least_squares(**rows), "treated", level=0.9)
    moved = least_squares(1e6 * rows["y"][order], rows["x"].iloc[order], -rows["clusters"][order])
    other = wild_bootstrap(moved, "treated", level=0.9)
    assert other.p_value == one.p_value
    assert (other.low / 1e6, other.high / 1e6) == pytest.approx((one.low, one.high), rel=1e-9)


def test_one_treated_office_is_refused_and_no_variation_has_no_test():
    rows = small(1)
    rows["x"] = rows["x"].assign(treated=(rows["clusters"] == 2) * 1.0)
    with pytest.raises(ProblemsFound, match="hviler på det kontoret alene"):
        wild_bootstrap(least_squares(**rows), "treated")
    flat = wild_bootstrap(least_squares(**small(1, outcome=lambda y: 0 * y + 0.3)), "treated")
    assert np.isnan([flat.statistic, flat.p_value, flat.low, flat.high]).all()
    with pytest.raises(ValueError, match="level"):
        wild_bootstrap(trial("ols"), "tiltak", level=95)
