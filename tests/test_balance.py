"""Balance and overlap: the cells of MatchIt and cobalt, and rules that hold for every table."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, norm

from analysis.balance import balance_table, effective_sample_size, overlap_table, sample_sizes, support
from analysis.balance_clusters import across_clusters, cluster_balance, clusters_left_out
from analysis.balance_summary import balance_of, profile_table
from analysis.problems import ProblemsFound

REFERENCE = Path(__file__).parent / "reference" / "matching"
TREATED = {"lalonde": "treat", "navsyn_a": "tiltak"}
DENOMINATOR = {"ATT": "treated", "ATC": "comparison", "ATE": "pooled"}
MATCHIT = {
    "Means Treated": "mean_treated",
    "Means Control": "mean_comparison",
    "Std. Mean Diff.": "smd",
    "Var. Ratio": "variance_ratio",
    "eCDF Mean": "ecdf_mean",
    "eCDF Max": "ks",
    "Std. Pair Dist.": "pair_distance",
}
COBALT = {
    "M.1": "mean_treated",
    "M.0": "mean_comparison",
    "SD.1": "sd_treated",
    "SD.0": "sd_comparison",
    "Diff": "smd",
    "V.Ratio": "variance_ratio",
    "KS": "ks",
}
SAMPLES = {"Un": "unadjusted", "Adj": "adjusted"}
# R 4.2's density() reads a grid of 512 points half a step off (mended in R 4.4), and integrates to 1e-4.
OVERLAP_TOLERANCE = 3e-3


@cache
def stored(name):
    return json.loads((REFERENCE / name).read_text())


@cache
def data(name):
    return pd.read_csv(REFERENCE / f"{name}.csv")


def reference(name):
    return stored(f"balance_{name}.json")


SPECIFICATIONS = [(name, spec) for name in TREATED for spec in reference(name)["results"]]


def covariates(name, spec):
    found = reference(name)
    result = found["results"][spec]
    terms = (result["formula"] or found["meta"]["formula"]).split("~")[1] + "+" + (result["exact"] or "~").strip("~")
    names = list(dict.fromkeys(term for term in re.split(r"[+\s]+", terms) if term))
    frame = data(name)[names]
    return frame if result["score"] is None else frame.assign(distance=found["scores"][result["score"]])


def partners(result):
    """The sets that MatchIt measures pair distances in: strata, or partners with replacement."""
    if result["subclass"] is not None:
        return {"subclass": np.array([-1 if number is None else number for number in result["subclass"]])}
    if result["match_matrix"] is None:
        return {}
    rows = [(int(focal), other) for focal, own in result["match_matrix"].items() for other in own]
    focal_is_treated = result["estimand"] != "ATC"
    order = ["treated_row", "comparison_row"] if focal_is_treated else ["comparison_row", "treated_row"]
    return {"pairs": pd.DataFrame(rows, columns=order)}


@cache
def table_of(name, spec):
    result = reference(name)["results"][spec]
    return balance_table(
        covariates(name, spec),
        data(name)[TREATED[name]],
        np.array(result["weights"], dtype=float),
        s_d_denominator=DENOMINATOR[result["estimand"]],
        overlap=True,
        **partners(result),
    )


def matrix(cells):
    return pd.DataFrame(cells["values"], index=cells["rows"], columns=cells["cols"]).astype("float64")


def own_names(rows):
    """MatchIt writes ``raceblack`` where cobalt and we write ``race_black``."""
    return [re.sub(r"^(race|utdanning|region|kontor)_?(?=.)", r"\1_", row) for row in rows]


def rows_of(table, sample, names):
    return table[table["sample"] == sample].set_index("covariate").loc[names]


def assert_equal(found, expected):
    np.testing.assert_allclose(found.to_numpy(dtype=float), expected.to_numpy(dtype=float), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("name", "spec"), SPECIFICATIONS)
def test_every_cell_of_matchits_summaries_is_reproduced(name, spec):
    result = reference(name)["results"][spec]
    for cells, sample in (("sum_all", "unadjusted"), ("sum_matched", "adjusted")):
        expected = matrix(result[cells])
        own = rows_of(table_of(name, spec), sample, own_names(expected.index))
        # Where the means agree MatchIt leaves the pair distance undivided; ours is in standard deviations throughout.
        equal_means = own["smd"].abs().lt(1e-8) & own["pair_distance"].gt(0)
        undivided = own["pair_distance"].where(~equal_means, expected["Std. Pair Dist."].to_numpy())
        assert_equal(own.assign(pair_distance=undivided)[list(MATCHIT.values())], expected[list(MATCHIT)])


def test_six_pair_distances_are_in_standard_deviations_where_matchit_leaves_them_raw():
    found = 0
    for name, spec in SPECIFICATIONS:
        expected = matrix(reference(name)["results"][spec]["sum_matched"])["Std. Pair Dist."]
        own = rows_of(table_of(name, spec), "adjusted", own_names(expected.index))
        raw = own["smd"].abs().lt(1e-8) & own["pair_distance"].gt(0)
        treated = rows_of(table_of(name, spec), "unadjusted", own_names(expected.index))
        sd = treated["sd_comparison" if reference(name)["results"][spec]["estimand"] == "ATC" else "sd_treated"]
        assert_equal((own["pair_distance"] * sd)[raw], expected[raw.to_numpy()])
        found += int(raw.sum())
    assert found == 6


@pytest.mark.parametrize(("name", "spec"), SPECIFICATIONS)
def test_every_cell_of_cobalts_table_is_reproduced(name, spec):
    cobalt = reference(name)["results"][spec]["cobalt"]
    if "std" not in cobalt:
        assert "At least 2 units" in cobalt["error"]  # cobalt gives up where one person has all the weight
        return
    standard, raw = matrix(cobalt["std"]), matrix(cobalt["binary_raw"])
    for ending, sample in SAMPLES.items():
        own = rows_of(table_of(name, spec), sample, standard.index)
        assert_equal(own[list(COBALT.values())], standard[[f"{column}.{ending}" for column in COBALT]])
        assert_equal(own["pp_difference"].div(100).fillna(own["smd"]), raw[f"Diff.{ending}"])
        np.testing.assert_allclose(own["overlap_loss"], standard[f"OVL.{ending}"], atol=OVERLAP_TOLERANCE)


@pytest.mark.parametrize(("name", "spec"), SPECIFICATIONS)
def test_sample_sizes_equal_matchit(name, spec):
    result = reference(name)["results"][spec]
    expected = matrix(result["nn"]).rename(index=lambda row: re.sub(r"\W+", "_", row.lower()).strip("_"))
    discarded = np.isin(np.arange(len(data(name))), result["discarded"])
    weights = np.array(result["weights"], dtype=float)
    own = sample_sizes(weights, data(name)[TREATED[name]], discarded=discarded).set_index("sample")
    assert set(own.index) == set(expected.index)
    assert_equal(own.loc[expected.index, ["comparison", "treated"]], expected)
    sizes = effective_sample_size(weights, data(name)[TREATED[name]]).set_index("arm")["ess"]
    assert sizes.to_dict() == pytest.approx(own.loc["matched_ess"].to_dict())


def test_every_cell_within_and_across_clusters_equals_cobalt():
    expected, frame = stored("cluster_balance_navsyn_a.json"), data("navsyn_a")
    wanted = covariates("navsyn_a", "nn_ps").assign(region=frame["region"])
    table = cluster_balance(wanted, frame["tiltak"], expected["weights"], frame["region"])
    assert table["cluster"].drop_duplicates().tolist() == sorted(expected["clusters"])
    table[["smd"]] = table[["smd"]].abs()
    table["variance_ratio"] = np.maximum(table["variance_ratio"], 1 / table["variance_ratio"])
    for cluster, cells in expected["clusters"].items():
        cells = matrix(cells)
        for ending, sample in SAMPLES.items():
            own = rows_of(table[table["cluster"] == cluster], sample, cells.index)
            assert_equal(own[list(COBALT.values())], cells[[f"{column}.{ending}" for column in COBALT]])
    across = across_clusters(table)
    cells = matrix(expected["summary"])
    for column in cells.columns:
        statistic, measure, ending = re.fullmatch(r"(\w+)\.(.+)\.(Un|Adj)", column).groups()
        own = rows_of(across[across["measure"] == COBALT[measure]], SAMPLES[ending], cells.index)
        assert_equal(own[statistic.lower()], cells[column])


@pytest.mark.parametrize("name", TREATED)
def test_balance_after_weighting_equals_cobalt(name):
    frame = data(name)
    for result in stored(f"weighting_{name}.json")["results"].values():
        expected = matrix(result["balance"]).drop(index="prop.score", errors="ignore")
        names = (reference(name)["meta"]["formula"]).split("~")[1].split("+")
        wanted = frame[[term.strip() for term in names]]
        denominator = {"ATT": "treated", "ATC": "comparison"}.get(result["estimand"], "pooled")
        if result["ps"] is not None:
            wanted = wanted.assign(**{"prop.score": result["ps"]})
            expected = matrix(result["balance"])
        table = balance_table(wanted, frame[TREATED[name]], result["weights"], s_d_denominator=denominator)
        for ending, sample in SAMPLES.items():
            own = rows_of(table, sample, expected.index)
            assert_equal(
                own[["smd", "variance_ratio", "ks"]], expected[[f"{c}.{ending}" for c in ("Diff", "V.Ratio", "KS")]]
            )
        sizes = effective_sample_size(result["weights"], frame[TREATED[name]]).set_index("arm")["ess"]
        assert sizes[["comparison", "treated"]].to_list() == pytest.approx(result["ess"]["values"][1], rel=1e-10)


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


@pytest.mark.parametrize(
    ("denominator", "spread"),
    [
        ("treated", 2**0.5),
        ("comparison", 8**0.5),
        ("pooled", 5**0.5),
        ("all", (14 / 3) ** 0.5),
        ("weighted", (2 / (1 - 28 / 64)) ** 0.5),
        ("hedges", 5**0.5 / (1 - 3 / 7)),
    ],
)
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
        balance_table(frame[["y"]], [1, 0], [1, 1], s_d_denominator="both")
    with pytest.raises(ValueError, match="positive sum"):
        balance_table(frame[["y"]], [1, 0], [1, 0])
    with pytest.raises(ValueError, match="0 or more"):
        effective_sample_size([1, -1], [1, 0])
    with pytest.raises(ValueError, match="both arms"):
        support([0.1, 0.2], [1, 1])


def test_the_overlap_loss_is_that_of_the_densities_themselves():
    rng = np.random.default_rng(3)
    x, treated, w = rng.gamma(2.0, 1.0, 400), np.arange(400) < 150, rng.random(400) + 0.2
    table = balance_table(pd.DataFrame({"x": x}), treated, w, overlap=True).set_index("sample")
    z = x / x[treated].std(ddof=1)
    low, high = np.quantile(z[treated], [0.25, 0.75])
    width = 1.06 * min(1.0, (high - low) / 1.34) * 150**-0.2
    grid = np.linspace(z.min() - 6 * width, z.max() + 6 * width, 6001)
    kernel = norm.pdf((grid[:, None] - z) / width) / width
    for sample, weights in (("unadjusted", np.ones(400)), ("adjusted", w)):
        one, none = (kernel[:, own] @ (weights[own] / weights[own].sum()) for own in (treated, ~treated))
        expected = 1 - np.trapezoid(np.minimum(one, none), grid)
        assert table.loc[sample, "overlap_loss"] == pytest.approx(expected, abs=2e-4)


def test_overlap_loss_of_constant_and_of_shared_values():
    frame = pd.DataFrame({"same": [2.0, 2, 2, 2], "apart": [2.0, 2, 3, 3], "share": [1.0, 1, 1, 0]})
    table = balance_table(frame, [1, 1, 0, 0], np.ones(4), overlap=True)
    loss = table[table["sample"] == "unadjusted"].set_index("covariate")["overlap_loss"]
    assert loss.to_dict() == pytest.approx({"same": 0, "apart": 1, "share": 0.5})


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_pair_distances_in_strata_equal_those_written_out(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.integers(0, 6, 30).astype(float)})
    treated, subclass = rng.random(30) < 0.4, rng.integers(-1, 4, 30)
    treated[:2], subclass[:2] = [True, False], 0
    rows = [
        (i, j)
        for i in np.flatnonzero(treated & (subclass >= 0))
        for j in np.flatnonzero(~treated & (subclass == subclass[i]))
    ]
    pairs = pd.DataFrame(rows, columns=["treated_row", "comparison_row"])
    one = balance_table(frame, treated, np.ones(30), s_d_denominator="all", subclass=subclass)
    two = balance_table(frame, treated, np.ones(30), s_d_denominator="all", pairs=pairs)
    np.testing.assert_allclose(one["pair_distance"], two["pair_distance"], atol=1e-12)


def invented(seed, n=60):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": np.round(rng.lognormal(3, 1, n), 1),
            "age": rng.integers(18, 30, n),
            "woman": rng.random(n) < 0.5,
            "county": rng.choice(["a", "b", "c"], n),
        }
    )
    treated = np.arange(n) % 3 == 0
    weights = np.where(treated, 1.0, rng.integers(0, 3, n) + 0.5)
    return frame, treated, weights


MEASURES = ["mean_treated", "mean_comparison", "smd", "variance_ratio", "ks", "ecdf_mean", "overlap_loss"]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_row_order_and_labels_of_rows_decide_nothing(seed):
    frame, treated, weights = invented(seed)
    order = np.random.default_rng(seed + 1).permutation(len(frame))
    one = balance_table(frame, treated, weights, overlap=True)
    two = balance_table(frame.iloc[order], treated[order], weights[order], overlap=True)
    np.testing.assert_allclose(one[MEASURES], two[MEASURES], rtol=1e-9, atol=1e-11)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100), shift=st.floats(-1000, 1000))
def test_units_of_a_covariate_decide_nothing(seed, factor, shift):
    frame, treated, weights = invented(seed)
    again = frame.assign(income=factor * frame["income"] + shift)
    one, two = (balance_table(own[["income"]], treated, weights, overlap=True) for own in (frame, again))
    np.testing.assert_allclose(one[MEASURES[2:]], two[MEASURES[2:]], rtol=1e-6, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_duplicated_cohort_has_the_same_means_and_distributions(seed):
    frame, treated, weights = invented(seed)
    twice = np.tile(np.arange(len(frame)), 2)
    one = balance_table(frame, treated, weights)
    two = balance_table(frame.iloc[twice], treated[twice], weights[twice])
    same = ["mean_treated", "mean_comparison", "ks", "ecdf_mean", "pp_difference"]
    np.testing.assert_allclose(one[same], two[same], rtol=1e-9, atol=1e-12)


def test_sampling_weights_count_as_repeated_rows():
    frame, treated, weights = invented(5)
    times = np.random.default_rng(5).integers(1, 4, len(frame))
    one = balance_table(frame, treated, weights, sampling_weights=times)
    repeated = np.repeat(np.arange(len(frame)), times)
    two = balance_table(frame.iloc[repeated], treated[repeated], weights[repeated])
    same = ["mean_treated", "mean_comparison", "ks", "ecdf_mean", "pp_difference"]
    np.testing.assert_allclose(one[same], two[same], rtol=1e-9, atol=1e-12)
    plain = sample_sizes(weights, treated, sampling_weights=times).set_index("sample")
    assert plain.loc["all_ess", "treated"] == pytest.approx(times[treated].sum() ** 2 / (times[treated] ** 2).sum())


def test_one_comparison_person_leaves_no_variance_but_a_table():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 9], "u": [1, 0, 1, 1]})
    table = balance_table(frame, [1, 1, 1, 0], np.ones(4), overlap=True).set_index(["covariate", "sample"])
    assert np.isnan(table.loc[("x", "unadjusted"), "variance_ratio"])
    assert table.loc[("x", "unadjusted"), "smd"] == pytest.approx(2 - 9)
    assert table["smd"].notna().all()


def test_a_cluster_without_one_of_the_arms_is_left_out_and_named():
    frame, treated, weights = invented(2)
    office = np.array(["K1", "K2", "K3"])[np.arange(len(frame)) % 3]  # every treated person is in K1
    office[[1, 4]] = "K1"
    table = cluster_balance(frame, treated, weights, office)
    assert table["cluster"].unique().tolist() == ["K1"]
    assert clusters_left_out(treated, weights, office) == ["K2", "K3"]
    assert table["covariate"].drop_duplicates().tolist() == [
        "income",
        "age",
        "woman",
        "county_a",
        "county_b",
        "county_c",
    ]


def test_across_clusters_names_the_worst_cluster_and_counts_those_with_a_value():
    frame, treated, weights = invented(7, n=240)
    office = np.array(["K1", "K2"])[np.arange(240) // 3 % 2]
    table = cluster_balance(frame, treated, weights, office)
    across = across_clusters(table).set_index(["covariate", "sample", "measure"])
    smd = table[table["sample"] == "adjusted"].pivot(index="covariate", columns="cluster", values="smd").abs()
    assert across.loc[("income", "adjusted", "smd"), "worst"] == smd.loc["income"].idxmax()
    assert across.loc[("income", "adjusted", "smd"), "mean"] == pytest.approx(smd.loc["income"].mean())
    assert across.loc[("woman", "adjusted", "variance_ratio"), "n_clusters"] == 0


def test_table_plot_and_text_read_the_same_numbers():
    frame, treated, weights = invented(11, n=240)
    office = np.array(["K1", "K2"])[np.arange(240) // 3 % 2]
    found = balance_of(frame, treated, weights, scores=np.linspace(0.01, 0.99, 240), clusters=office)
    love = found.love().set_index(["covariate", "sample"])
    table = found.table.set_index(["covariate", "sample"])
    name, value = found.worst()
    assert love.loc[(name, "adjusted"), "value"] == value == abs(table.loc[(name, "adjusted"), "smd"])
    assert (love["low"] <= love["high"]).all()
    before = found.love().query("sample == 'unadjusted'")["value"]
    assert before.is_monotonic_decreasing
    assert found.above(0.0)[0] == name
    tidy = found.tidy().set_index(["covariate", "sample", "measure", "cluster"])["value"]
    assert tidy[(name, "adjusted", "smd", "")] == table.loc[(name, "adjusted"), "smd"]
    assert found.love("variance_ratio")["value"].dropna().ge(1).all()
    assert found.size("all", "treated") == 80


def test_the_profile_compares_those_left_with_those_who_were_there():
    frame = pd.DataFrame({"x": [1.0, 2, 6, 4, 5], "u": [1, 0, 1, 1, 0], "one": 1})
    table = profile_table(frame, [1, 1, 1, 0, 0], [1, 1, 0, 1, 1]).set_index("covariate")
    assert table.loc["x", ["mean_all", "mean_left", "mean_lost"]].tolist() == [3, 1.5, 6]
    assert table.loc["x", "smd"] == pytest.approx(-1.5 / np.sqrt((4 + 1 + 9) / 3))
    assert table.loc["u", "pp_difference"] == pytest.approx(100 * (1 / 2 - 2 / 3))
    assert table.loc["one", "smd"] == 0
    assert table["n_left"].tolist() == [2, 2, 2]


def test_wrong_sets_and_weights_are_refused():
    frame = pd.DataFrame({"y": [1, 2]})
    pairs = pd.DataFrame({"treated_row": [0], "comparison_row": [1]})
    with pytest.raises(ValueError, match="not both"):
        balance_table(frame, [1, 0], [1, 1], pairs=pairs, subclass=[0, 0])
    with pytest.raises(ValueError, match="discarded"):
        sample_sizes([1, 1], [1, 0], discarded=[True, False])
    with pytest.raises(ValueError, match="expected 2"):
        cluster_balance(frame, [1, 0], [1, 1], ["a"])
    with pytest.raises(ValueError, match="missing"):
        cluster_balance(frame, [1, 0], [1, 1], ["a", None])
