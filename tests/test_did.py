"""Differences and differences of changes: known answers, statsmodels, cells, and rules for every sample."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from causaldata import cps_mixtape, nsw_mixtape
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cells import cells
from analysis.did import did_2x2, did_from_cells, difference
from analysis.problems import ProblemsFound
from analysis.scores import as_float64

COVARIATES = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]


@pytest.fixture(scope="module")
def trial():
    """NSW, Dehejia and Wahba's 445 men (PyPI package causaldata, MIT), float64 before any arithmetic."""
    frame = as_float64(nsw_mixtape.load_pandas().data.drop(columns="data_id"))
    return frame.assign(work75=(frame["re75"] > 0) * 1.0, work78=(frame["re78"] > 0) * 1.0)


def drawn(seed, n=80):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(50, 10, n), "z": rng.integers(0, 2, n), "w": rng.random(n) + 0.1})
    frame["treated"] = np.arange(n) % 3 == 0
    frame["pre"] = rng.normal(2, 1, n)
    frame["post"] = frame["pre"] + 0.5 * frame["treated"] + 0.02 * frame["x"] + rng.normal(size=n)
    return frame.assign(cluster=rng.integers(0, 9, n))


def test_the_trials_earnings_differ_by_1794_dollars(trial):
    effect = difference(trial["re78"], trial["treat"])
    assert effect.estimate == pytest.approx(1794.3423818501, abs=1e-8)
    assert effect.std_error == pytest.approx(632.853392414366, abs=1e-8)
    hc2 = difference(trial["re78"], trial["treat"], inference="hc2")
    assert hc2.std_error == pytest.approx(670.996544467332, abs=1e-8)
    assert (hc2.n_treated, hc2.n_comparison, hc2.df) == (185, 260, 443)
    assert hc2.base_rate == pytest.approx(trial.loc[trial["treat"] == 0, "re78"].mean(), abs=1e-8)


def test_the_trials_adjusted_earnings_differ_by_1676_dollars(trial):
    effect = difference(trial["re78"], trial["treat"], covariates=trial[COVARIATES])
    assert effect.estimate == pytest.approx(1676.34, abs=0.005)
    assert effect.std_error == pytest.approx(638.68, abs=0.005)


def test_the_trials_own_did_is_1529_dollars(trial):
    effect = did_2x2(trial["re75"], trial["re78"], trial["treat"])
    assert effect.estimate == pytest.approx(1529.20, abs=0.005)
    assert effect.std_error == pytest.approx(679.54, abs=0.005)
    assert effect.base_rate == pytest.approx(trial.loc[trial["treat"] == 1, "re78"].mean() - effect.estimate)


def test_the_trials_shares_in_work(trial):
    plain = difference(trial["work78"], trial["treat"], inference="hc2")
    adjusted = difference(trial["work78"], trial["treat"], covariates=trial[COVARIATES])
    change = did_2x2(trial["work75"], trial["work78"], trial["treat"])
    assert plain.estimate == pytest.approx(0.110603, abs=5e-7)
    assert plain.std_error == pytest.approx(0.043396, abs=5e-7)
    assert adjusted.estimate == pytest.approx(0.110253, abs=5e-7)
    assert adjusted.std_error == pytest.approx(0.044659, abs=5e-7)
    assert change.estimate == pytest.approx(0.025988, abs=5e-7)
    assert change.std_error == pytest.approx(0.061990, abs=5e-7)


def test_the_naive_comparison_with_cps_is_8498_dollars_below(trial):
    pool = as_float64(cps_mixtape.load_pandas().data.drop(columns="data_id"))
    both = pd.concat([trial[trial["treat"] == 1], pool])
    assert difference(both["re78"], both["treat"]).estimate == pytest.approx(-8497.516148, abs=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("adjusted", [False, True])
@pytest.mark.parametrize("inference", ["classical", "hc2", "cluster"])
def test_every_inference_equals_statsmodels(inference, adjusted, weighted):
    frame = drawn(7)
    columns = ["x", "z"] if adjusted else []
    design = sm.add_constant(frame[["treated", *columns]].astype(float))
    fit = sm.WLS(frame["post"], design, weights=frame["w"] if weighted else 1.0)
    if inference == "cluster":
        expected = fit.fit(cov_type="cluster", cov_kwds={"groups": frame["cluster"]}, use_t=True)
    else:
        expected = fit.fit(cov_type={"classical": "nonrobust", "hc2": "HC2"}[inference], use_t=True)
    effect = difference(
        frame["post"],
        frame["treated"],
        weights=frame["w"] if weighted else None,
        covariates=frame[columns] if adjusted else None,
        inference=inference,
        clusters=frame["cluster"] if inference == "cluster" else None,
    )
    assert effect.estimate == pytest.approx(expected.params["treated"], rel=1e-10)
    assert effect.std_error == pytest.approx(expected.bse["treated"], rel=1e-10)
    assert effect.p_value == pytest.approx(expected.pvalues["treated"], rel=1e-8)
    assert [effect.conf_low, effect.conf_high] == pytest.approx(expected.conf_int().loc["treated"].tolist(), rel=1e-8)


def test_the_cluster_convention_names_factor_quantiles_and_number():
    frame = drawn(7)
    effect = difference(frame["post"], frame["treated"], inference="cluster", clusters=frame["cluster"])
    assert effect.convention == "CR1, G/(G-1)*(n-1)/(n-k), t(G-1), G=9"
    assert (effect.n_clusters, effect.df) == (9, 8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_did_is_the_difference_of_changes_and_equals_cells(seed):
    frame = drawn(seed)
    effect = did_2x2(frame["pre"], frame["post"], frame["treated"], weights=frame["w"])
    long = pd.concat([frame.assign(month=0, y=frame["pre"]), frame.assign(month=1, y=frame["post"])])
    long["office"] = long["cluster"]
    table = cells(long, outcomes=["y"], by=["office", "treated", "month"], weight="w")
    assert did_from_cells(table, pre=0, post=1, outcome="y") == pytest.approx(effect.estimate, abs=1e-12)
    plain = did_2x2(frame["pre"], frame["post"], frame["treated"]).estimate
    assert did_from_cells(table, pre=0, post=1, outcome="y", weighted=False) == pytest.approx(plain, abs=1e-12)
    interaction = sm.WLS(
        long["y"],
        sm.add_constant(long[["treated", "month"]].astype(float).assign(both=long["treated"] * long["month"])),
        weights=long["w"],
    ).fit()
    assert effect.estimate == pytest.approx(interaction.params["both"], abs=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-1e6, 1e6), scale=st.floats(0.01, 1e4))
def test_shifting_and_scaling_the_outcome_do_what_they_should(seed, shift, scale):
    frame = drawn(seed)
    one = difference(frame["post"], frame["treated"], covariates=frame[["x"]])
    two = difference(shift + scale * frame["post"], frame["treated"], covariates=frame[["x"]])
    noise = 1e-9 * (abs(shift) + scale)
    assert two.estimate == pytest.approx(scale * one.estimate, rel=1e-6, abs=noise)
    assert two.std_error == pytest.approx(scale * one.std_error, rel=1e-6, abs=noise)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_persons_of_weight_zero_count_nowhere(seed):
    frame = drawn(seed)
    kept = frame["x"].rank() > 20
    own = frame[kept]
    zeroed = difference(
        frame["post"].where(kept),  # unknown for those left out
        frame["treated"],
        weights=frame["w"] * kept,
        covariates=frame[["z"]],
        inference="cluster",
        clusters=frame["cluster"],
    )
    left = difference(
        own["post"],
        own["treated"],
        weights=own["w"],
        covariates=own[["z"]],
        inference="cluster",
        clusters=own["cluster"],
    )
    numbers = ["estimate", "std_error", "df", "p_value", "base_rate", "n_treated", "n_comparison", "n_clusters"]
    assert [getattr(zeroed, name) for name in numbers] == pytest.approx(
        [getattr(left, name) for name in numbers], rel=1e-9
    )


def test_intervals_cover_a_known_effect_as_often_as_they_say():
    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(600):
        treated = np.arange(60) < 20
        y = 1 + 0.4 * treated + rng.normal(size=60) * np.where(treated, 2, 1)
        effect = difference(y, treated, inference="hc2")
        hits += effect.conf_low <= 0.4 <= effect.conf_high
    # Binomial with 600 draws: 95 % plus or minus three standard errors of 0.9 points.
    assert 0.923 <= hits / 600 <= 0.977


def test_an_outcome_that_nobody_has_gives_no_certainty():
    for value in (0.0, 1.0, 0.1):
        effect = difference(np.full(10, value), np.arange(10) < 4)
        assert effect.estimate == pytest.approx(0, abs=1e-15)
        assert np.isnan([effect.statistic, effect.p_value, effect.conf_low, effect.conf_high]).all()


def test_what_cannot_be_estimated_is_told():
    y, treated = np.arange(6.0), np.array([1, 1, 1, 0, 0, 0])
    with pytest.raises(ProblemsFound) as caught:
        difference(y[2:], treated[2:])
    assert "tiltaksgruppen" in str(caught.value)
    with pytest.raises(ProblemsFound) as caught:
        difference(y, treated, covariates=pd.DataFrame({"same": treated}))
    assert "«tiltak», «same»" in str(caught.value)
    with pytest.raises(ProblemsFound) as caught:
        difference(y, treated, covariates=pd.DataFrame({"c": [1, 2, np.nan, 1, 2, 3]}))
    assert "«c»" in str(caught.value)
    with pytest.raises(ProblemsFound) as caught:
        difference(y, treated, inference="cluster", clusters=np.ones(6))
    assert "klynger" in str(caught.value)
    with pytest.raises(ProblemsFound) as caught:
        difference(y, treated, covariates=pd.DataFrame({"alone": [1, 0, 0, 0, 0, 0]}), inference="hc2")
    assert "HC2" in str(caught.value)
    with pytest.raises(ProblemsFound) as caught:
        difference(y[1:5], treated[1:5], covariates=pd.DataFrame({"a": [1, 2, 4, 7], "b": [0, 1, 3, 1]}))
    assert "for få" in str(caught.value)


def test_wrong_calls_are_programming_errors():
    y, treated = np.arange(6.0), np.array([1, 1, 1, 0, 0, 0])
    with pytest.raises(ValueError, match="unknown inference"):
        difference(y, treated, inference="hc3")
    with pytest.raises(ValueError, match="clusters go with"):
        difference(y, treated, clusters=treated)
    with pytest.raises(ValueError, match="clusters go with"):
        difference(y, treated, inference="cluster")
    with pytest.raises(ValueError, match="missing"):
        difference([1, None, 2, 3, 4, 5], treated)
    with pytest.raises(ValueError, match="level"):
        difference(y, treated, level=95)
    with pytest.raises(ValueError, match="weights"):
        difference(y, treated, weights=-y)
    with pytest.raises(ValueError, match="numeric"):
        difference(y, treated, covariates=pd.DataFrame({"t": list("abcabc")}))
    with pytest.raises(ValueError, match="clusters hold missing"):
        difference(y, treated, inference="cluster", clusters=[1, 2, 3, 1, 2, None])
    table = cells(
        pd.DataFrame({"treated": [1], "month": [0], "y": [1.0]}), outcomes=["y"], by=["treated", "month"], weight=None
    )
    with pytest.raises(ValueError, match="no cell"):
        did_from_cells(table, pre=0, post=1, outcome="y")
