"""Leaving out one office at a time: R's refits, refits made here, and what is refused."""

import numpy as np
import pytest
from least_squares_cases import answers, eighteen, small, trial, two_way
from scipy.stats import t as student_t

from analysis.problems import ProblemsFound
from analysis.trials.cluster_robust import cluster_robust
from analysis.trials.jackknife import jackknife, left_out
from analysis.trials.least_squares import least_squares


@pytest.mark.parametrize("kind", ["crv3", "crv3j"])
@pytest.mark.parametrize("key", ["ols", "ols_cov"])
def test_the_jackknife_of_a_trial_is_that_of_r(key, kind):
    stored = answers("i_crt18_a")[f"{key}_jack"]
    found = [jackknife(trial(key), name, kind=kind).std_error for name in stored["coef"]]
    assert found == pytest.approx(stored[f"se_{kind}"], rel=1e-9)


@pytest.mark.parametrize("kind", ["crv3", "crv3j"])
@pytest.mark.parametrize(("key", "weighted"), [("jack", False), ("jack_w", True)])
def test_fixed_effects_of_the_office_go_with_it_as_in_r(key, weighted, kind):
    found = jackknife(two_way(weighted), "d", kind=kind)
    assert found.std_error == pytest.approx(answers("i_did24_a")[key][f"se_{kind}"], rel=1e-9)


def test_the_larger_correction_is_the_jackknife_without_its_factor_fixed_effects_or_not():
    for fit, name in ((trial("ols_cov"), "tiltak"), (two_way(False), "d"), (two_way(True), "d")):
        g = fit.n_clusters
        larger = cluster_robust(fit, name, kind="cr3").std_error
        assert larger == pytest.approx(np.sqrt(g / (g - 1)) * jackknife(fit, name).std_error, rel=1e-9)


def test_pyfixest_has_another_factor():
    fit, stored = eighteen()
    ours = jackknife(fit, "tr").std_error
    assert ours * np.sqrt(18 / 17 * 18 / 17 * 616 / 614) == pytest.approx(stored["pyfixest_CRV3_se"], rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_every_sample_is_fitted_anew(weighted):
    rows = small(3, weighted=weighted)
    fit = least_squares(**rows)
    refits = []
    for office in fit.labels:
        keep = rows["clusters"] != office
        weights = None if rows["weights"] is None else rows["weights"][keep]
        refits.append(least_squares(rows["y"][keep], rows["x"][keep], rows["clusters"][keep], weights=weights))
    again = np.array([refit.coefficient("treated") for refit in refits])
    assert left_out(fit, "treated") == pytest.approx(again, rel=1e-9)
    found = jackknife(fit, "treated", level=0.9)
    assert found.std_error == pytest.approx(np.sqrt(5 / 6 * ((again - found.estimate) ** 2).sum()), rel=1e-9)
    assert found.df == 5
    assert found.high - found.estimate == pytest.approx(student_t.ppf(0.95, 5) * found.std_error)
    centred = jackknife(fit, "treated", kind="crv3j")
    assert centred.std_error == pytest.approx(again.std() * np.sqrt(5), rel=1e-9)
    assert (found.inference, centred.inference) == ("jackknife", "jackknife_centred")


def test_one_treated_office_and_unknown_kinds_are_refused():
    rows = small(1)
    rows["x"] = rows["x"].assign(treated=(rows["clusters"] == 2) * 1.0)
    with pytest.raises(ProblemsFound, match="hviler på det kontoret alene"):
        jackknife(least_squares(**rows), "treated")
    with pytest.raises(ValueError, match="unknown kind"):
        jackknife(trial("ols"), "tiltak", kind="cr3")


def test_an_outcome_that_does_not_vary_has_no_test():
    found = jackknife(least_squares(**small(1, outcome=lambda y: 0 * y + 1)), "treated")
    assert np.isnan([found.statistic, found.p_value, found.low, found.high]).all()
