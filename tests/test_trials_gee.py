from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_offices import COVARIATES, persons, r_answers

from analysis.problems import ProblemsFound
from analysis.trials.gee import CORRECTIONS, LINKS, gee, gee_fit, gee_std_error

R_NAMES = {"lz": "robust", "md": "mancl_derouen", "kc": "kauermann_carroll", "fg": "fay_graubard"}
CORRECTED = {"gee_bias_corrected_exch_logit": [], "gee_bias_corrected_exch_logit_cov": COVARIATES}
FITTED = {
    "exch_logit": ("logit", "exchangeable", []),
    "ind_logit": ("logit", "independence", []),
    "exch_identity": ("identity", "exchangeable", []),
    "exch_logit_cov": ("logit", "exchangeable", COVARIATES),
}
FAMILIES = {"identity": sm.families.Gaussian, "logit": sm.families.Binomial}
NAMES = ["constant", "treated", "z"]


def r_fit(covariates, link="logit", working="exchangeable"):
    data = persons()
    x = data[["tiltak", *covariates]].astype("float64")
    x.insert(0, "(Intercept)", 1.0)
    return gee_fit(data["arbeid"], x, data["kontor"], link=link, working=working)


def std_errors(fit, names, correction):
    return [gee_std_error(fit, name, correction=correction) for name in names]


def drawn(seed, *, sizes):
    draw = np.random.default_rng(seed)
    offices = np.repeat(np.arange(len(sizes)), sizes)
    n = len(offices)
    x = np.column_stack([np.ones(n), offices % 2, draw.normal(size=n)])
    odds = x @ [-0.5, 0.3, 0.2] + 0.7 * draw.normal(size=len(sizes))[offices]
    return (draw.random(n) < 1 / (1 + np.exp(-odds))).astype(float), (NAMES, x), offices


@pytest.mark.parametrize("correction", R_NAMES)
@pytest.mark.parametrize("case", CORRECTED)
def test_at_geepacks_estimates_every_standard_error_is_that_of_r(case, correction):
    golden, fit = r_answers()[case], r_fit(CORRECTED[case])
    given_r = replace(fit, params=np.array(golden["est"]), alpha=golden["alpha"])
    mine = std_errors(given_r, golden["coef"], R_NAMES[correction])
    assert mine == pytest.approx(golden[correction], rel=1e-9)
    assert std_errors(fit, golden["coef"], R_NAMES[correction]) == pytest.approx(golden[correction], rel=1e-6)


@pytest.mark.parametrize("case", FITTED)
def test_from_end_to_end_the_answers_are_those_of_geepack(case):
    link, working, covariates = FITTED[case]
    golden, fit = r_answers()["gee"][case], r_fit(covariates, link, working)
    assert fit.params == pytest.approx(golden["est"], abs=1e-6)
    assert fit.alpha == pytest.approx(golden["alpha"] or 0.0, abs=1e-8)
    assert fit.phi == pytest.approx(golden["gamma"], abs=1e-7)
    assert std_errors(fit, golden["coef"], "robust") == pytest.approx(golden["se"], rel=1e-6)
    given_r = replace(fit, params=np.array(golden["est"]), alpha=golden["alpha"] or 0.0)
    assert std_errors(given_r, golden["coef"], "robust") == pytest.approx(golden["se"], rel=1e-9)


@pytest.mark.parametrize("case", FITTED)
def test_the_jackknife_is_geepacks(case):
    link, working, covariates = FITTED[case]
    golden, fit = r_answers()["gee"][case], r_fit(covariates, link, working)
    assert std_errors(fit, golden["coef"], "jackknife") == pytest.approx(golden["se_fij"], rel=5e-5)


@pytest.mark.parametrize("link", LINKS)
def test_under_independence_all_is_as_in_statsmodels(link):
    y, (names, x), offices = drawn(1, sizes=np.random.default_rng(1).integers(1, 40, 15))
    fit = gee_fit(y, (names, x), offices, link=link, working="independence")
    for kind, correction in {"robust": "robust", "bias_reduced": "mancl_derouen"}.items():
        peer = sm.GEE(y, x, offices, family=FAMILIES[link]()).fit(cov_type=kind, ctol=1e-12)
        assert fit.params == pytest.approx(peer.params, rel=1e-10)
        assert std_errors(fit, names, correction) == pytest.approx(peer.bse, rel=1e-10)


@pytest.mark.parametrize("link", LINKS)
def test_at_statsmodels_exchangeable_estimates_the_standard_errors_are_its_own(link):
    y, (names, x), offices = drawn(2, sizes=np.random.default_rng(2).integers(1, 40, 15))
    fit = gee_fit(y, (names, x), offices, link=link)
    for kind, correction in {"robust": "robust", "bias_reduced": "mancl_derouen"}.items():
        working = sm.cov_struct.Exchangeable()
        peer = sm.GEE(y, x, offices, family=FAMILIES[link](), cov_struct=working).fit(
            cov_type=kind, ctol=1e-12, maxiter=200
        )
        same = replace(fit, params=np.asarray(peer.params), alpha=float(working.dep_params))
        assert std_errors(same, names, correction) == pytest.approx(peer.bse, rel=1e-8)
        assert fit.alpha == pytest.approx(working.dep_params, abs=1e-3)


def by_whole_matrices(fit, x, y, offices):
    """Mancl–DeRouen, Kauermann–Carroll and Fay–Graubard standard errors with the papers' n × n matrices, identity."""
    parts = [np.flatnonzero(offices == g) for g in np.unique(offices)]
    inverse = {}
    for own in parts:
        n = len(own)
        inverse[own[0]] = np.linalg.inv((1 - fit.alpha) * np.eye(n) + fit.alpha * np.ones((n, n)))
    bread = np.linalg.inv(sum(x[own].T @ inverse[own[0]] @ x[own] for own in parts))
    sums = {"mancl_derouen": 0, "kauermann_carroll": 0, "fay_graubard": 0}
    for own in parts:
        d, back = x[own], x[own].T @ inverse[own[0]]
        rest = y[own] - d @ fit.params
        values, vectors = np.linalg.eig(np.eye(len(own)) - d @ bread @ back)
        for name, power in {"mancl_derouen": -1, "kauermann_carroll": -0.5}.items():
            grown = vectors @ np.diag(values.astype(complex) ** power) @ np.linalg.inv(vectors)
            u = back @ grown.real @ rest
            sums[name] += np.outer(u, u)
        u = back @ rest / np.sqrt(1 - np.minimum((back @ d @ bread).diagonal(), 0.75))
        sums["fay_graubard"] += np.outer(u, u)
    return {name: np.sqrt((bread @ total @ bread).diagonal()) for name, total in sums.items()}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(1, 8), min_size=6, max_size=9))
def test_sums_over_clusters_give_what_whole_matrices_give(seed, sizes):
    y, (names, x), offices = drawn(seed, sizes=[*sizes, 9, 9])
    y = y + np.random.default_rng(seed).normal(size=len(y))
    fit = gee_fit(y, (names, x), offices)
    for correction, expected in by_whole_matrices(fit, x, y, offices).items():
        assert std_errors(fit, names, correction) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("link", LINKS)
def test_one_answer_has_t_with_two_fewer_than_the_clusters(link, correction):
    y, x, offices = drawn(3, sizes=[20, 30, 14, 25, 9, 40, 18, 22])
    found = gee(y, x, offices, "treated", link=link, correction=correction)
    assert (found.df, found.clusters, found.inference) == (6, 8, f"gee_{correction}")
    assert found.high - found.estimate == pytest.approx(2.4469118511449692 * found.std_error, rel=1e-10)


def test_the_corrections_lie_in_their_known_order():
    y, x, offices = drawn(3, sizes=[20, 30, 14, 25, 9, 40, 18, 22])
    found = {name: gee(y, x, offices, "treated", correction=name).std_error for name in CORRECTIONS}
    assert found["robust"] < found["kauermann_carroll"] < found["mancl_derouen"]


def test_a_negative_correlation_stops_before_the_largest_cluster_counts_for_everything():
    y, x, offices = drawn(4, sizes=[4] * 5 + [60])
    alternating = np.arange(len(y)) % 2.0
    fit = gee_fit(np.where(offices < 5, alternating, y), x, offices)
    assert fit.alpha >= -2 / 3 / 59


def test_clusters_of_one_person_each_have_no_correlation():
    y, x, _ = drawn(5, sizes=[30] * 2)
    x = (NAMES, np.column_stack([x[1][:, 0], np.arange(60) % 2, x[1][:, 2]]))
    fit = gee_fit(y, x, np.arange(60))
    assert fit.alpha == 0
    assert fit.params == pytest.approx(np.linalg.lstsq(x[1], y)[0], abs=1e-12)


def test_one_treated_office_is_refused_but_a_dummy_for_another_office_is_not():
    y, (names, x), offices = drawn(6, sizes=[12] * 7)
    single = np.column_stack([x[:, 0], offices == 0, x[:, 2]])
    for correction in ("robust", "mancl_derouen", "kauermann_carroll", "fay_graubard"):
        with pytest.raises(ProblemsFound, match="alene"):
            gee(y, (names, single), offices, "treated", correction=correction)
        dummy = np.column_stack([x, offices == 0])
        assert gee(y, ([*names, "first"], dummy), offices, "treated", correction=correction).std_error > 0


def test_what_cannot_be_estimated_is_told():
    y, (names, x), offices = drawn(7, sizes=[10] * 6)
    told = {
        "skiller": (np.where(x[:, 1] == 1, 0.0, y), offices, "logit"),
        "likt for alle": (np.zeros(60), offices, "logit"),
        "gitt av kolonnene": (x @ [1.0, 2, 3], offices, "identity"),
        "samme utfall": ((offices < 3).astype(float), offices, "identity"),
        "samme kontor": (y, np.zeros(60), "identity"),
    }
    for said, (outcome, clusters, link) in told.items():
        columns = (names[:2], x[:, :2]) if said == "samme utfall" else (names, x)
        with pytest.raises(ProblemsFound, match=said):
            gee(outcome, columns, clusters, "treated", link=link)
    with pytest.raises(ProblemsFound, match="frihetsgrader"):
        gee(y[:20], (["constant", "z"], x[:20, [0, 2]]), offices[:20], "z")


def test_office_sums_that_cancel_have_no_test():
    y = np.tile([0.0, 1.0], 18)
    x = (NAMES[:2], np.column_stack([np.ones(36), np.repeat(np.arange(6), 6) % 2]))
    found = gee(y, x, np.repeat(np.arange(6), 6), "treated")
    assert found.estimate == pytest.approx(0, abs=1e-12)
    assert np.isnan([found.p_value, found.low, found.high]).all()


def test_wrong_options_and_values_are_programming_errors():
    y, x, offices = drawn(8, sizes=[10] * 6)
    for options in ({"link": "probit"}, {"working": "ar1"}, {"correction": "none"}):
        with pytest.raises(ValueError, match="one of"):
            gee(y, x, offices, "treated", **options)
    with pytest.raises(ValueError, match="0 or 1"):
        gee(y * 2, x, offices, "treated", link="logit")
