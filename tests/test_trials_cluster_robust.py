"""Standard errors by cluster: R's clubSandwich, the formulas written out, statsmodels, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from least_squares_cases import answers, eighteen, small, trial, two_way
from scipy.stats import norm
from scipy.stats import t as student_t

from analysis.problems import ProblemsFound
from analysis.trials.cluster_robust import cluster_robust, covariance
from analysis.trials.least_squares import least_squares

SATTERTHWAITE = ("cr2", "cr3")


def law(kind):
    return "satterthwaite" if kind in SATTERTHWAITE else "offices"


@pytest.mark.parametrize("kind", ["cr0", "cr1", "cr1s", "cr1p", "cr2", "cr3"])
@pytest.mark.parametrize("key", ["ols", "ols_cov"])
def test_every_kind_is_that_of_r(key, kind):
    stored = answers("i_crt18_a")[key][kind.upper().replace("P", "p")]
    found = [cluster_robust(trial(key), name, kind=kind, df=law(kind)) for name in stored["coef"]]
    assert [one.std_error for one in found] == pytest.approx(stored["se"], rel=1e-9)
    assert [one.df for one in found] == pytest.approx(stored["df"], rel=1e-9)
    assert [one.p_value for one in found] == pytest.approx(stored["p"], rel=1e-9)
    assert covariance(trial(key), kind).ravel() == pytest.approx(np.ravel(stored["vcov"]), rel=1e-9)
    if kind == "cr2":
        assert [one.low for one in found] == pytest.approx(stored["ci_lo"], rel=1e-9)
        assert [one.high for one in found] == pytest.approx(stored["ci_hi"], rel=1e-9)


@pytest.mark.parametrize("kind", ["cr0", "cr1", "cr1s", "cr2"])
@pytest.mark.parametrize(("key", "weighted"), [("twfe", False), ("twfe_w", True)])
def test_fixed_effects_with_and_without_weights_are_those_of_r(key, weighted, kind):
    stored = answers("i_did24_a")[key][kind.upper()]
    found = cluster_robust(two_way(weighted), "d", kind=kind, df=law(kind))
    assert found.estimate == pytest.approx(stored["beta"], rel=1e-9)
    assert found.std_error == pytest.approx(stored["se"], rel=1e-9)
    assert found.df == pytest.approx(stored["df"], rel=1e-9)
    assert found.p_value == pytest.approx(stored["p"], rel=1e-9)
    if kind == "cr2":
        assert (found.low, found.high) == pytest.approx(tuple(stored["ci"]), rel=1e-9)


def test_the_other_trial_of_eighteen_offices_is_that_of_r():
    fit, stored = eighteen()
    found = cluster_robust(fit, "tr")
    assert found.estimate == pytest.approx(stored["coef"], rel=1e-9)
    assert found.std_error == pytest.approx(stored["CR2_se"], rel=1e-9)
    assert found.df == pytest.approx(stored["satterthwaite_df"], rel=1e-9)
    assert found.p_value == pytest.approx(stored["satterthwaite_p"], rel=1e-9)
    assert cluster_robust(fit, "tr", kind="cr3").std_error == pytest.approx(stored["CR3_se_clubSandwich"], abs=5e-9)
    classic = cluster_robust(fit, "tr", kind="cr1s", df="offices")
    assert classic.std_error == pytest.approx(stored["CRV1_HC1_se"], rel=1e-9)
    assert classic.p_value == pytest.approx(stored["pyfixest_CRV1_p_t17"], rel=1e-9)


def whole_matrices(fit, kind):
    """Standard error and degrees of freedom of `treated` with n × n matrices, as the papers write them."""
    w = np.ones(len(fit.y)) if fit.weights is None else fit.weights
    bread = np.linalg.inv(fit.x.T @ (fit.x * w[:, None]))
    left = np.eye(len(w)) - fit.x @ bread @ fit.x.T * w
    covered = left @ left.T
    vectors = []
    for rows in fit.members():
        values, directions = np.linalg.eigh(covered[np.ix_(rows, rows)])
        adjust = {
            "cr0": np.eye(len(rows)),
            "cr2": directions / np.sqrt(values) @ directions.T,
            "cr3": np.linalg.inv(left[np.ix_(rows, rows)]),
        }[kind]
        vectors.append(left[rows].T @ adjust.T @ (w[rows] * (fit.x[rows] @ bread[:, 1])))
    products = np.array(vectors) @ np.array(vectors).T
    return np.linalg.norm(np.array(vectors) @ fit.y), np.trace(products) ** 2 / (products**2).sum()


@pytest.mark.parametrize("kind", ["cr0", "cr2", "cr3"])
@pytest.mark.parametrize("weighted", [False, True])
def test_small_matrices_give_what_whole_ones_give(weighted, kind):
    fit = least_squares(**small(2, weighted=weighted))
    found = cluster_robust(fit, "treated", kind=kind)
    assert (found.std_error, found.df) == pytest.approx(whole_matrices(fit, kind), rel=1e-9)


def test_offices_smaller_than_the_number_of_columns_are_no_hindrance():
    rows = small(4, offices=9, weighted=True)
    lone = (rows["clusters"] == 3) & (np.arange(len(rows["y"])) > 8) | (rows["clusters"] == 5)
    keep = ~lone | (np.arange(len(rows["y"])) < 9)
    fit = least_squares(rows["y"][keep], rows["x"][keep], rows["clusters"][keep], weights=rows["weights"][keep])
    assert min(len(members) for members in fit.members()) == 1
    found = cluster_robust(fit, "treated")
    assert (found.std_error, found.df) == pytest.approx(whole_matrices(fit, "cr2"), rel=1e-9)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1e-4, 1.0, 250.0]))
def test_equal_weights_are_no_weights(seed, scale):
    rows = small(seed)
    plain = least_squares(**rows)
    equal = least_squares(**rows | {"weights": np.full(len(rows["y"]), scale)})
    for kind in ("cr0", "cr2", "cr3"):
        one, other = (cluster_robust(fit, "treated", kind=kind) for fit in (plain, equal))
        assert (other.std_error, other.df) == pytest.approx((one.std_error, one.df), rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_statsmodels_agrees_about_cr0_and_cr1s(weighted):
    rows = small(7, weighted=weighted)
    fit = least_squares(**rows)
    model = sm.WLS(rows["y"], rows["x"], weights=1.0 if rows["weights"] is None else rows["weights"])
    for kind, corrected in (("cr0", False), ("cr1s", True)):
        theirs = model.fit(cov_type="cluster", cov_kwds={"groups": rows["clusters"], "use_correction": corrected})
        assert covariance(fit, kind) == pytest.approx(np.asarray(theirs.cov_params()), rel=1e-9)
        bad = cluster_robust(fit, "treated", kind=kind, df="normal", shown_as_bad=True)
        assert bad.p_value == pytest.approx(theirs.pvalues["treated"], rel=1e-9)


def test_intervals_and_names_follow_the_law():
    fit = trial("ols")
    bad = cluster_robust(fit, "tiltak", kind="cr1s", df="normal", level=0.9, shown_as_bad=True)
    assert bad.inference == "cr1s_normal"
    assert bad.high - bad.estimate == pytest.approx(norm.ppf(0.95) * bad.std_error)
    offices = cluster_robust(fit, "tiltak", kind="cr2", df="offices", level=0.9)
    assert offices.inference == "cr2_t"
    assert offices.high - offices.estimate == pytest.approx(student_t.ppf(0.95, 17) * offices.std_error)
    best = cluster_robust(fit, "tiltak")
    assert (best.inference, best.convention, best.clusters) == ("cr2", "CR2, Satterthwaite t, G=18", 18)


def test_the_normal_distribution_is_refused_below_fifty_offices():
    with pytest.raises(ProblemsFound, match=r"færre enn 50 kontorer \(her 18\).*Velg cr2"):
        cluster_robust(trial("ols"), "tiltak", kind="cr1s", df="normal")
    many = least_squares(**small(1, offices=50))
    assert cluster_robust(many, "treated", kind="cr1", df="normal").inference == "cr1_normal"


def test_a_coefficient_that_rests_on_one_office_is_refused():
    rows = small(1)
    rows["x"] = rows["x"].assign(treated=(rows["clusters"] == 2) * 1.0)
    fit = least_squares(**rows)
    for kind in SATTERTHWAITE:
        with pytest.raises(ProblemsFound, match="uten ett av kontorene kan «treated» ikke anslås"):
            cluster_robust(fit, "treated", kind=kind)
    assert cluster_robust(fit, "age").std_error > 0


def test_too_many_columns_for_cr1p_and_unknown_options_are_refused():
    rows = small(1, offices=3)
    with pytest.raises(ProblemsFound, match="3 kontorer og 3 koeffisienter"):
        cluster_robust(least_squares(**rows), "treated", kind="cr1p", df="offices")
    for options in ({"kind": "hc3"}, {"df": "n-k"}, {"level": 95}):
        with pytest.raises(ValueError, match="unknown|level"):
            cluster_robust(trial("ols"), "tiltak", **options)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.3])
def test_an_outcome_that_does_not_vary_has_no_test(value):
    rows = small(1, outcome=lambda y: pd.Series(value, index=y.index))
    found = cluster_robust(least_squares(**rows), "treated")
    assert found.estimate == pytest.approx(0, abs=1e-12)
    assert np.isnan([found.statistic, found.p_value, found.low, found.high]).all()
