import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from trial_offices import COVARIATES, changes, offices, persons, r_answers

from analysis.problems import ProblemsFound
from analysis.trials.office_means import office_means_t, residual_sums, totals


def on_reference(**options):
    data = offices()
    return office_means_t(data["sums"], data["sizes"], data["treated"], **options)


def test_the_pooled_t_test_is_that_of_r():
    golden, found = r_answers()["cluster_summary"]["t_pooled"], on_reference()
    assert found.estimate == pytest.approx(golden["diff"], abs=1e-14)
    assert [found.statistic, found.df, found.p_value] == pytest.approx(
        [golden[name] for name in ("t", "df", "p")], rel=1e-12
    )
    assert [found.low, found.high] == pytest.approx(golden["ci"], abs=1e-13)
    assert (found.inference, found.convention, found.clusters) == ("office_means_t", "pooled variance, G=18", 18)


def test_welchs_test_is_that_of_r():
    golden, found = r_answers()["cluster_summary"]["t_welch"], on_reference(variances="unequal")
    assert [found.df, found.p_value] == pytest.approx([golden["df"], golden["p"]], rel=1e-12)
    assert [found.low, found.high] == pytest.approx(golden["ci"], abs=1e-13)


def test_weighting_offices_by_their_persons_is_that_of_r():
    golden, found = r_answers()["cluster_summary"]["weighted_by_n"], on_reference(weights="sizes")
    assert [found.estimate, found.std_error, found.p_value] == pytest.approx(
        [golden[name] for name in ("est", "se", "p")], rel=1e-12
    )


def test_two_stages_with_covariates_are_those_of_r():
    data, golden = persons(), r_answers()["cluster_summary"]["two_stage_adjusted"]
    sums = residual_sums(data["arbeid"], data[COVARIATES], data["kontor"], link="logit")
    found = office_means_t(sums, offices()["sizes"], offices()["treated"])
    # R's own iterations end at a relative change of 1e-8 in the deviance.
    assert [found.estimate, found.p_value] == pytest.approx([golden["diff"], golden["p"]], abs=1e-10)
    assert [found.low, found.high] == pytest.approx(golden["ci"], abs=1e-10)
    assert found.df == golden["df"]


def test_changes_from_before_to_after_are_those_of_r():
    change, treated = changes()
    golden = r_answers("i_did24_a")["collapsed"]
    found = office_means_t(change, np.ones(24), treated)
    assert [found.estimate, found.df, found.p_value] == pytest.approx(
        [golden[name] for name in ("diff", "df", "p")], abs=1e-13
    )
    assert [found.low, found.high] == pytest.approx(golden["ci"], abs=1e-13)


def test_within_pairs_it_is_the_paired_t_test():
    data = offices().sort_values(["pair", "treated"])
    mean = (data["sums"] / data["sizes"]).to_numpy()
    expected = stats.ttest_rel(mean[1::2], mean[::2])
    found = office_means_t(data["sums"], data["sizes"], data["treated"], strata=data["pair"])
    assert [found.statistic, found.df, found.p_value] == pytest.approx(
        [expected.statistic, expected.df, expected.pvalue], rel=1e-12
    )
    assert [found.low, found.high] == pytest.approx(list(expected.confidence_interval()), abs=1e-13)
    assert found.convention == "pooled variance, within 9 strata, G=18"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(2, 6))
def test_on_any_offices_it_is_scipys_t_test_of_means(seed, g1, g0):
    rng = np.random.default_rng(seed)
    sizes, mean = rng.integers(1, 40, g1 + g0), rng.normal(size=g1 + g0)
    treated = rng.permutation(np.arange(g1 + g0) < g1)
    for equal in (True, False):
        expected = stats.ttest_ind(mean[treated], mean[~treated], equal_var=equal)
        found = office_means_t(mean * sizes, sizes, treated, variances="equal" if equal else "unequal")
        assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
        assert found.df == pytest.approx(expected.df, rel=1e-9)


def test_equal_means_within_groups_have_an_estimate_and_no_standard_error():
    for variances in ("equal", "unequal"):
        found = office_means_t([2, 4, 1, 3], [10, 20, 10, 30], [1, 1, 0, 0], variances=variances)
        assert found.estimate == pytest.approx(0.1)
        assert np.isnan([found.std_error, found.p_value, found.low, found.high, found.df]).all()


@pytest.mark.parametrize(
    ("treated", "options"),
    [
        ([1, 0], {}),
        ([1, 0, 0], {"variances": "unequal"}),
        ([1, 1, 0, 0], {"strata": [1, 1, 2, 2]}),
        ([1, 0, 1, 0], {"strata": [1, 1, 2, 3]}),
    ],
)
def test_too_few_offices_for_a_variance_are_refused(treated, options):
    n = len(treated)
    with pytest.raises(ProblemsFound) as refused:
        office_means_t(np.arange(n), np.full(n, 9), treated, **options)
    assert "for få kontorer" in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [{"weights": "persons"}, {"weights": "sizes", "variances": "unequal"}, {"variances": "unequal", "strata": [1] * 4}],
)
def test_combinations_that_do_not_exist_are_programming_errors(options):
    with pytest.raises(ValueError, match="no office t-test"):
        office_means_t([1, 2, 3, 4], [5, 5, 5, 5], [1, 1, 0, 0], **options)


def test_totals_are_by_office_in_order_of_label():
    found = totals([1, 0, 1, 1], ["b", "a", "b", "a"])
    assert found.labels.tolist() == ["a", "b"]
    assert (found.sums.tolist(), found.sizes.tolist()) == ([1, 2], [2, 2])


@pytest.mark.parametrize(("y", "office"), [([1, np.nan], [1, 2]), ([[1], [2]], [1, 2]), ([1, 2], [1, 2, 3])])
def test_totals_of_missing_or_misshapen_outcomes_are_programming_errors(y, office):
    with pytest.raises(ValueError, match="y must hold|offices has shape"):
        totals(y, office)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1e6, 1e6))
def test_residuals_sum_to_zero_and_do_not_mind_repeated_constant_or_rescaled_columns(seed, constant):
    rng = np.random.default_rng(seed)
    x, office = rng.normal(size=(40, 2)), rng.integers(0, 5, 40)
    for link, y in (("identity", rng.normal(size=40)), ("logit", rng.integers(0, 2, 40))):
        sums = residual_sums(y, x, office, link=link)
        more = np.column_stack([x @ [[1e5, 1], [0, 1]], x.sum(axis=1), np.full(40, constant)])
        assert sums.sum() == pytest.approx(0, abs=1e-8)
        assert residual_sums(y, more, office, link=link) == pytest.approx(sums, abs=1e-7)


def test_residuals_are_those_of_lapack():
    data = persons()
    x = np.column_stack([np.ones(len(data)), data[COVARIATES]])
    residual = data["arbeid"] - x @ np.linalg.lstsq(x, data["arbeid"], rcond=None)[0]
    expected = residual.groupby(data["kontor"]).sum()
    found = residual_sums(data["arbeid"], data[COVARIATES], data["kontor"])
    assert found == pytest.approx(expected.to_numpy(), abs=1e-11)


def test_covariates_that_decide_the_outcome_have_no_logistic_residuals():
    with pytest.raises(ProblemsFound) as refused:
        residual_sums([0, 0, 0, 1, 1, 1], [[1], [2], [3], [4], [5], [6]], [1, 1, 2, 2, 3, 3], link="logit")
    assert "kovariater" in str(refused.value)


@pytest.mark.parametrize(
    ("y", "x", "link"), [([0, 1], [1, 2], "probit"), ([0, 2], [1, 2], "logit"), ([0, 1], [1, np.inf], "identity")]
)
def test_residuals_of_unknown_links_and_values_are_programming_errors(y, x, link):
    with pytest.raises(ValueError, match="link|logistic|covariates"):
        residual_sums(y, x, [1, 2], link=link)
