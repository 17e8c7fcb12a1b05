"""Balance and overlap: the cells of MatchIt and cobalt, and rules that hold for every table."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from analysis.balance import balance_table, effective_sample_size, overlap_table, support
from analysis.problems import ProblemsFound

REFERENCE = Path(__file__).parent / "reference" / "matching"
STORED = json.loads((REFERENCE / "nearest_lalonde.json").read_text())
CELLS = STORED["meta"]["columns"]


@pytest.fixture(scope="module")
def lalonde():
    return pd.read_csv(REFERENCE / "lalonde.csv")


def stored_weights(name):
    weights = np.zeros(614)
    own = STORED["results"][name]["weights"]
    weights[[int(row) for row in own]] = list(own.values())
    return weights


def covariates(lalonde, name):
    score = STORED["linear" if "linps" in name else "probability"]
    own = lalonde[["age", "educ", "race", "married", "nodegree", "re74", "re75"]]
    return own.assign(distance=score)


def assert_cells_equal(table, sample, stored, separator):
    own = table[table["sample"] == sample].set_index("covariate")
    assert len(own) == len(stored)
    for row, values in stored.items():
        name = row.replace("race_", "race").replace("race", "race_") if separator else row
        np.testing.assert_allclose(
            own.loc[name, CELLS].astype("float64"), np.array(values, dtype="float64"), rtol=1e-8, atol=1e-8
        )


@pytest.mark.parametrize("name", sorted(STORED["results"]))
def test_every_cell_equals_matchit_and_cobalt(lalonde, name):
    table = balance_table(covariates(lalonde, name), lalonde["treat"], stored_weights(name))
    stored = STORED["results"][name]
    assert_cells_equal(table, "adjusted", stored["matchit_adjusted"], separator=True)
    assert_cells_equal(table, "adjusted", stored["cobalt_adjusted"], separator=False)


def test_unadjusted_cells_equal_matchit_and_cobalt(lalonde):
    table = balance_table(covariates(lalonde, "nn_ps"), lalonde["treat"], np.ones(614))
    assert_cells_equal(table, "unadjusted", STORED["matchit_unadjusted"], separator=True)
    assert_cells_equal(table, "unadjusted", STORED["cobalt_unadjusted"], separator=False)


@pytest.mark.parametrize("name", sorted(STORED["results"]))
def test_effective_sample_sizes_equal_matchit(lalonde, name):
    sizes = effective_sample_size(stored_weights(name), lalonde["treat"]).set_index("arm")["ess"]
    stored = STORED["results"][name]["ess"]
    assert sizes["treated"] == pytest.approx(stored["Treated"], rel=1e-10)
    assert sizes["comparison"] == pytest.approx(stored["Control"], rel=1e-10)


def test_a_small_table_by_hand():
    frame = pd.DataFrame({"income": [1.0, 3, 2, 4], "job": [1, 0, 0, 0]})
    table = balance_table(frame, [1, 1, 0, 0], [1, 1, 2, 0]).set_index(["covariate", "sample"])
    income = table.loc[("income", "unadjusted")]
    assert income["smd"] == pytest.approx((2 - 3) / np.sqrt(2))
    assert income["variance_ratio"] == pytest.approx(1)
    assert income["ks"] == pytest.approx(0.5)
    job = table.loc[("job", "adjusted")]
    assert (job["kind"], job["mean_treated"], job["mean_comparison"]) == ("binary", 0.5, 0)
    assert job["smd"] == pytest.approx(0.5 / 0.5)
    assert job["pp_difference"] == pytest.approx(50)
    assert np.isnan(table.loc[("income", "adjusted"), "variance_ratio"])  # one comparison person has all the weight


@pytest.mark.parametrize(("denominator", "spread"), [("treated", 2**0.5), ("comparison", 8**0.5), ("pooled", 5**0.5)])
def test_the_denominator_is_the_named_spread_before_adjustment(denominator, spread):
    frame = pd.DataFrame({"x": [1.0, 3, 2, 6]})
    table = balance_table(frame, [1, 1, 0, 0], [1, 1, 5, 1], s_d_denominator=denominator)
    assert table["smd"].tolist() == pytest.approx([-2 / spread, (2 - 16 / 6) / spread])


def test_a_covariate_that_no_treated_person_has_is_scaled_by_everyones_spread():
    table = balance_table(pd.DataFrame({"u": [0, 0, 1, 0]}), [1, 1, 0, 0], np.ones(4))
    assert table["smd"].tolist() == pytest.approx([-0.5 / np.sqrt(0.25 * 0.75)] * 2)


def test_a_constant_covariate_has_no_difference():
    table = balance_table(pd.DataFrame({"one": [1, 1, 1], "ten": [10.0, 10, 10]}), [1, 0, 0], np.ones(3))
    assert table["smd"].eq(0).all()


def test_categories_get_a_row_per_level_and_two_levels_one_row():
    frame = pd.DataFrame({"county": ["a", "b", "c", "a"], "sex": pd.Categorical(["k", "m", "k", "m"])})
    table = balance_table(frame, [1, 1, 0, 0], np.ones(4))
    assert table["covariate"].drop_duplicates().tolist() == ["county_a", "county_b", "county_c", "sex_m"]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_ks_equals_scipy_and_whole_weights_equal_repeated_rows(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.integers(0, 9, 40).astype(float), "u": rng.integers(0, 2, 40)})
    treated = np.arange(40) < 12
    weights = rng.integers(0, 4, 40).astype(float)
    weights[[0, 39]] = 1
    table = balance_table(frame, treated, weights).set_index(["covariate", "sample"])
    own = frame["x"].to_numpy()
    assert table.loc[("x", "unadjusted"), "ks"] == pytest.approx(ks_2samp(own[treated], own[~treated]).statistic)
    repeated = np.repeat(np.arange(40), weights.astype(int))
    again = balance_table(frame.iloc[repeated], treated[repeated], np.ones(len(repeated)))
    again = again.set_index(["covariate", "sample"])
    for column in ("mean_treated", "mean_comparison", "ks"):
        expected = [again.loc[(name, "unadjusted"), column] for name in ("x", "u")]
        assert [table.loc[(name, "adjusted"), column] for name in ("x", "u")] == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100))
def test_only_relative_weights_within_an_arm_matter(seed, factor):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(size=30)})
    treated, weights = np.arange(30) < 10, rng.random(30) + 0.1
    scaled = np.where(treated, weights, factor * weights)
    columns = ["smd", "variance_ratio", "ks"]
    one, two = balance_table(frame, treated, weights), balance_table(frame, treated, scaled)
    np.testing.assert_allclose(one[columns], two[columns], rtol=1e-9)
    np.testing.assert_allclose(
        effective_sample_size(weights, treated)["ess"], effective_sample_size(scaled, treated)["ess"], rtol=1e-9
    )


def test_histogram_shares_add_up_to_one_and_counts_to_the_persons_in_use():
    rng = np.random.default_rng(1)
    scores, treated = rng.random(200), np.arange(200) < 50
    weights = rng.integers(0, 3, 200).astype(float)
    table = overlap_table(scores, treated, weights, bins=10)
    sums = table.groupby(["arm", "sample"])[["n", "share"]].sum()
    assert sums["share"].to_numpy() == pytest.approx(1)
    assert sums.loc[("treated", "unadjusted"), "n"] == 50
    assert sums.loc[("comparison", "adjusted"), "n"] == (weights[50:] > 0).sum()
    assert len(table) == 40


def test_bin_edges_do_not_show_the_extreme_scores():
    table = overlap_table([0.031, 0.4, 0.77, 0.5], [1, 0, 1, 0], np.ones(4), bins=4)
    assert table["bin_low"].unique().tolist() == [0, 0.25, 0.5, 0.75]
    linear = overlap_table([-3.2, 0.4, 1.7, 0.5], [1, 0, 1, 0], np.ones(4), bins=6)
    assert (linear["bin_low"].min(), linear["bin_high"].max()) == (-4, 2)


def test_support_counts_those_outside_the_other_arm():
    found = support([0.1, 0.5, 0.9, 0.2, 0.6, 0.05], [1, 1, 1, 0, 0, 0])
    assert (found["treated_below"], found["treated_above"]) == (0, 1)
    assert found["share_treated_outside"] == pytest.approx(1 / 3)
    assert (found["comparison_below"], found["comparison_above"]) == (1, 0)


def test_missing_covariates_are_told_and_wrong_calls_refused():
    frame = pd.DataFrame({"x": [1.0, np.nan], "y": [1, 2]})
    with pytest.raises(ProblemsFound) as caught:
        balance_table(frame, [1, 0], [1, 1])
    assert "«x»" in str(caught.value)
    with pytest.raises(ValueError, match="s_d_denominator"):
        balance_table(frame[["y"]], [1, 0], [1, 1], s_d_denominator="all")
    with pytest.raises(ValueError, match="positive sum"):
        balance_table(frame[["y"]], [1, 0], [1, 0])
    with pytest.raises(ValueError, match="0 or more"):
        effective_sample_size([1, -1], [1, 0])
    with pytest.raises(ValueError, match="both arms"):
        support([0.1, 0.2], [1, 1])
