import time

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_offices import COVARIATES, persons, r_answers

from analysis.problems import ProblemsFound
from analysis.trials.mixed_model import INFERENCES, mixed_fit, random_intercept

CASES = {"nocov": [], "cov": COVARIATES}
R_NAMES = {"kenward_roger": "kr", "satterthwaite": "satt"}


def design(covariates):
    data = persons()[["tiltak", *covariates]].astype("float64")
    data.insert(0, "(Intercept)", 1.0)
    return data


def drawn(seed, *, sizes, between, columns=1):
    """Outcome, columns (constant, every other office treated, normal ones) and offices."""
    draw = np.random.default_rng(seed)
    offices = np.repeat(np.arange(len(sizes)), sizes)
    n = len(offices)
    x = np.column_stack([np.ones(n), offices % 2, draw.normal(size=(n, columns))])
    y = x @ np.linspace(1, -0.5, x.shape[1]) + draw.normal(size=n) + between * draw.normal(size=len(sizes))[offices]
    return y, (["constant", "treated", *(f"z{i}" for i in range(columns))], x), offices


@pytest.mark.parametrize("kind", INFERENCES)
@pytest.mark.parametrize("case", CASES)
def test_every_coefficient_and_its_df_are_those_of_lmertest_and_pbkrtest(case, kind):
    data, golden = persons(), r_answers()["lmm"][case]
    table = golden[R_NAMES[kind]]
    for name, row in zip(table["rows"], table["values"], strict=True):
        found = random_intercept(data["arbeid"], design(CASES[case]), data["kontor"], name, df=kind)
        mine = [found.estimate, found.std_error, found.df, found.statistic, found.p_value]
        assert mine == pytest.approx(row, rel=1e-6)
        assert (found.clusters, found.inference) == (18, INFERENCES[kind])


@pytest.mark.parametrize("case", CASES)
def test_the_variances_are_those_of_lme4(case):
    data = persons()
    fit = mixed_fit(data["arbeid"], design(CASES[case]), data["kontor"])
    assert [fit.between, fit.within] == pytest.approx(r_answers()["lmm"][case]["vc"], rel=1e-7)


@pytest.mark.parametrize("seed", [1, 3, 4])
def test_estimates_and_variances_are_those_of_statsmodels(seed):
    sizes = np.random.default_rng(seed).integers(1, 40, 15)
    y, (names, x), offices = drawn(seed, sizes=sizes, between=0.6)
    peer = sm.MixedLM(y, x, offices).fit(reml=True, method="bfgs", gtol=1e-9)
    fit = mixed_fit(y, (names, x), offices)
    assert fit.params == pytest.approx(peer.fe_params, abs=1e-8)
    assert fit.within == pytest.approx(peer.scale, rel=1e-8)
    assert fit.between == pytest.approx(np.asarray(peer.cov_re).item(), rel=1e-7)


def by_whole_matrices(fit, x, y, offices):
    """Covariances and df from n × n matrices, by the formulas of the papers."""
    same = (offices[:, None] == offices[None, :]).astype(float)
    parts = [same, np.eye(len(y))]
    inverse = np.linalg.inv(fit.between * same + fit.within * parts[1])
    vcov = np.linalg.inv(x.T @ inverse @ x)
    p_matrices = [-x.T @ inverse @ part @ inverse @ x for part in parts]
    projector = inverse - inverse @ x @ vcov @ x.T @ inverse
    moved = [projector @ part for part in parts]
    traces = np.array([[np.trace(a @ b) for b in moved] for a in moved])
    squares = np.array([[y @ a @ b @ projector @ y for b in moved] for a in moved])
    weights = 2 * np.linalg.inv(traces)
    total = np.zeros_like(vcov)
    for i in (0, 1):
        for j in (0, 1):
            q = x.T @ inverse @ parts[i] @ inverse @ parts[j] @ inverse @ x
            total += weights[i, j] * (q - p_matrices[i] @ vcov @ p_matrices[j])
    slopes = np.array([-(vcov @ p @ vcov).diagonal() for p in p_matrices])

    def df(information):
        return 2 * vcov.diagonal() ** 2 / np.einsum("ik,ij,jk->k", slopes, information, slopes)

    return vcov, vcov + 2 * vcov @ total @ vcov, df(weights), df(np.linalg.inv(squares - traces / 2))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    sizes=st.lists(st.integers(1, 9), min_size=5, max_size=8).filter(lambda sizes: max(sizes) > 2),
    between=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_sums_over_offices_give_what_whole_matrices_give(seed, sizes, between):
    y, (names, x), offices = drawn(seed, sizes=sizes, between=between)
    fit = mixed_fit(y, (names, x), offices)
    vcov, adjusted, kr, satterthwaite = by_whole_matrices(fit, x, y, offices)
    assert fit.vcov == pytest.approx(vcov, rel=1e-7, abs=1e-9)
    assert fit.adjusted == pytest.approx(adjusted, rel=1e-6, abs=1e-8)
    columns = range(len(names))
    assert [fit.df(k, kind="kenward_roger") for k in columns] == pytest.approx(kr, rel=1e-6)
    expected = satterthwaite if fit.between else [len(y) - len(names)] * len(names)
    assert [fit.df(k, kind="satterthwaite") for k in columns] == pytest.approx(expected, rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), between=st.sampled_from([0.2, 1.0]))
def test_the_restricted_likelihood_is_at_its_top(seed, between):
    y, (names, x), offices = drawn(seed, sizes=[4, 9, 1, 7, 12, 6], between=between)
    fit = mixed_fit(y, (names, x), offices)
    same = (offices[:, None] == offices[None, :]).astype(float)

    def log_likelihood(tau2, sigma2):
        v = tau2 * same + sigma2 * np.eye(len(y))
        inverse = np.linalg.inv(v)
        bread = x.T @ inverse @ x
        rest = y - x @ np.linalg.solve(bread, x.T @ inverse @ y)
        return -0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(bread)[1] + rest @ inverse @ rest)

    top = log_likelihood(fit.between, fit.within)
    for ratio in (0.0, 0.01, 0.1, 0.5, 0.9, 1.1, 2.0, 10.0):
        for other in (0.9, 1.0, 1.1):
            assert log_likelihood(max(ratio * fit.between, ratio * 1e-3), other * fit.within) <= top + 1e-9


def test_without_variation_between_offices_the_fit_is_least_squares_but_kenward_roger_still_counts_offices():
    y, (names, x), offices = drawn(3, sizes=[10] * 8, between=0.0)
    y = y - np.bincount(offices, y)[offices] / 10
    fit = mixed_fit(y, (names, x), offices)
    ols = sm.OLS(y, x).fit()
    assert fit.between == 0
    assert fit.params == pytest.approx(ols.params, abs=1e-12)
    assert np.sqrt(fit.vcov.diagonal()) == pytest.approx(ols.bse, rel=1e-10)
    assert fit.df(1, kind="satterthwaite") == 80 - 3
    assert fit.df(1, kind="kenward_roger") == pytest.approx(6, abs=0.05)
    assert fit.df(2, kind="kenward_roger") > 70


def test_balanced_offices_give_the_t_test_of_office_means():
    y, (names, x), offices = drawn(1, sizes=[12] * 10, between=1.0)
    found = random_intercept(y, (names[:2], x[:, :2]), offices, "treated")
    means = np.bincount(offices, y) / 12
    odd, even = means[1::2], means[::2]
    pooled = (odd.var(ddof=1) + even.var(ddof=1)) / 2
    assert found.estimate == pytest.approx(odd.mean() - even.mean(), abs=1e-12)
    assert found.std_error == pytest.approx(np.sqrt(pooled * 2 / 5), rel=1e-9)
    assert found.df == pytest.approx(8, rel=1e-9)


def test_units_and_levels_of_covariates_do_not_matter():
    y, (names, x), offices = drawn(5, sizes=[5, 20, 9, 14, 30, 8], between=0.7)
    moved = x.copy()
    moved[:, 2] = 2015 + 1e-3 * moved[:, 2]
    plain = random_intercept(y, (names, x), offices, "treated")
    other = random_intercept(1e3 * y, (names, moved), offices, "treated")
    assert [other.estimate / 1e3, other.std_error / 1e3, other.df] == pytest.approx(
        [plain.estimate, plain.std_error, plain.df], rel=1e-8
    )


def test_what_cannot_be_estimated_is_told():
    y, (names, x), offices = drawn(2, sizes=[4] * 6, between=0.5)
    two = offices < 2
    office_mean = np.repeat(np.arange(6.0), 4)
    cases = {
        "samme kontor": (y, (names, x), np.zeros(len(y))),
        "for få til å skille": (y, (names, x), np.arange(len(y))),
        "ikke bli igjen noen variasjon": (y[two], (names, x[two]), offices[two]),
        "gitt av kolonnene": (x @ [1, 2, 3], (names, x), offices),
        "ingen inne i dem": (office_mean**2, (names[:2], x[:, :2]), offices),
    }
    for said, (outcome, columns, clusters) in cases.items():
        with pytest.raises(ProblemsFound, match=said):
            random_intercept(outcome, columns, clusters, "treated")


def test_a_wrong_name_or_df_is_a_programming_error():
    y, x, offices = drawn(2, sizes=[4] * 6, between=0.5)
    with pytest.raises(ValueError, match="no column"):
        random_intercept(y, x, offices, "nobody")
    with pytest.raises(ValueError, match="df must be"):
        random_intercept(y, x, offices, "treated", df="normal")


def test_a_quarter_of_a_million_persons_cost_a_fraction_of_a_second():
    y, x, offices = drawn(0, sizes=[625] * 400, between=0.3, columns=3)
    start = time.perf_counter()
    found = random_intercept(y, x, offices, "treated")
    assert time.perf_counter() - start < 2
    assert found.df == pytest.approx(398, abs=0.1)
