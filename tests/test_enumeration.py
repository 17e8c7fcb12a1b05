"""Tables that fit rounded percentages: known answers, stored results and an exhaustive comparison."""

import math
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.enumeration import (
    COUNTS,
    INFERENCE_TYPES,
    RANGE_TYPES,
    ROUNDINGS,
    TABLE_TYPES,
    FollowUp,
    count_range,
    count_ranges,
    one_sample_tables,
    ranges,
    table_inference,
    two_arm_tables,
)
from analysis.problems import ProblemsFound
from analysis.proportions import cluster_t, fisher, miettinen_nurminen, newcombe, pooled_z

REFERENCE = Path(__file__).parent / "reference" / "proportions"
# The stored tables are printed with six decimals.
PRINTED = 5.1e-7

NOVEMBER = FollowUp("2012-11", "29.7", "23.6")
MAY = FollowUp("2013-05", "30.8", "24.4")
HPMT = (NOVEMBER, MAY)
OFFICES = {"offices_treated": 9, "offices_comparison": 9}


def printed(k, n, decimals, rounding):
    """100·k/n as text, from exact fractions and Python's own rounding."""
    units = Fraction(100 * 10**decimals * k, n)
    whole = {"half_up": math.floor(units + Fraction(1, 2)), "half_even": round(units), "truncated": math.floor(units)}
    return percent_text(whole[rounding], decimals)


def percent_text(units, decimals):
    digits = f"{units:0{decimals + 1}d}"
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def counts_of(tables):
    return tables[list(COUNTS)].to_numpy().tolist()


def table_sizes(tables):
    return tables.drop_duplicates("table")["n_treated"].tolist()


# Known answers


@pytest.mark.parametrize("rounding", ["half_up", "half_even"])
def test_hpmt_has_exactly_one_table_when_the_same_persons_are_counted_twice(rounding):
    tables = two_arm_tables(617, HPMT, rounding=rounding)
    assert tables["month"].tolist() == ["2012-11", "2013-05"]
    assert tables["table"].tolist() == [1, 1]
    assert counts_of(tables) == [[367, 250, 109, 59], [367, 250, 113, 61]]


@pytest.mark.parametrize("rounding", ["half_up", "half_even"])
def test_hpmt_has_36_and_39_tables_when_each_follow_up_stands_alone(rounding):
    tables = two_arm_tables(617, HPMT, rounding=rounding, same_persons=False)
    for month, number, smallest, largest in (("2012-11", 36, 37, 562), ("2013-05", 39, 26, 572)):
        alone = tables[tables["month"] == month]
        assert alone["table"].tolist() == list(range(1, number + 1))
        assert (alone["n_treated"].min(), alone["n_treated"].max()) == (smallest, largest)


def test_truncated_hpmt_percentages_leave_three_splits():
    assert sorted(set(table_sizes(two_arm_tables(617, HPMT, rounding="truncated")))) == [363, 376, 490]


def test_a_slightly_different_hpmt_total_leaves_one_to_five_tables():
    numbers = [two_arm_tables(total, HPMT)["table"].nunique() for total in range(607, 628)]
    assert (min(numbers), max(numbers)) == (1, 5)


def test_thirty_six_of_forty_nine_is_the_only_table_behind_73_5_per_cent():
    tables = one_sample_tables("73.5", 45, 53)
    assert tables.to_numpy().tolist() == [[49, 36]]
    assert tables.dtypes.astype(str).tolist() == ["int64", "int64"]
    assert len(one_sample_tables("73", 45, 53)) == 5


def test_the_one_hpmt_table_has_its_stored_differences_intervals_and_p_values():
    stored = pd.read_csv(REFERENCE / "enum_617.csv").iloc[0]
    inference = table_inference(two_arm_tables(617, HPMT)).set_index(["month", "inference"])
    for month, number in (("2012-11", 1), ("2013-05", 2)):
        rows = inference.loc[month]
        counts = [int(stored[name]) for name in ("n_T", "n_C", f"k_T{number}", f"k_C{number}")]
        assert rows.loc["newcombe", list(COUNTS)].tolist() == counts
        stored_row = stored[[f"{name}{number}" for name in ("d", "lo", "hi", "p", "fisher")]].tolist()
        ours = rows.loc["newcombe", ["estimate", "conf_low", "conf_high"]].tolist()
        ours += [rows.loc["pooled_z", "p_value"], rows.loc["fisher", "p_value"]]
        assert ours == pytest.approx(stored_row, abs=PRINTED)


def test_the_stored_ranges_of_the_one_hpmt_table_are_reproduced_for_every_icc():
    stored = pd.read_csv(REFERENCE / "enum_617_cluster.csv")
    iccs = sorted(set(stored["icc"]))
    inference = table_inference(two_arm_tables(617, HPMT), **OFFICES, iccs=iccs)
    spread = ranges(inference[inference["inference"] == "cluster_t"]).set_index(["month", "icc", "quantity"])
    for row in stored.itertuples():
        found = spread.loc[(HPMT[row.followup - 1].month, row.icc)]
        assert found["n_tables"].tolist() == [1, 1, 1, 1]
        p = found.loc["p_value"]
        assert p[["minimum", "median", "maximum"]].tolist() == pytest.approx(
            [row.p_min, row.p_med, row.p_max], abs=PRINTED
        )
        assert p["share_below_05"] == row.share_p05
        for quantity, low, high in (
            ("estimate", row.d_min, row.d_max),
            ("conf_low", row.lo_min, row.lo_max),
            ("conf_high", row.hi_min, row.hi_max),
        ):
            assert found.loc[quantity, ["minimum", "maximum"]].tolist() == pytest.approx([low, high], abs=PRINTED)


def test_the_stored_design_effects_of_the_one_hpmt_table_are_reproduced():
    stored = pd.read_csv(REFERENCE / "enum_617_cluster.csv")
    for row in stored.itertuples():
        effect = cluster_t(109, 367, 59, 250, offices1=9, offices2=9, icc=row.icc).design_effect_treated
        assert [float(text) for text in row.design_T.split("-")] == pytest.approx([effect, effect], abs=0.00501)


def test_all_75_stored_tables_and_their_p_values_and_intervals_are_reproduced():
    stored = pd.read_csv(REFERENCE / "enum_617_each_followup.csv")
    tables = two_arm_tables(617, HPMT, same_persons=False)
    numbers = tables["month"].map({"2012-11": 1, "2013-05": 2})
    assert numbers.tolist() == stored["followup"].tolist()
    assert counts_of(tables) == stored[["n_T", "n_C", "k_T", "k_C"]].to_numpy().tolist()
    inference = table_inference(tables, **OFFICES, iccs=(0.0, 0.01, 0.02, 0.05, 0.1))
    naive = inference[inference["inference"] == "pooled_z"]
    np.testing.assert_allclose(naive["p_value"], stored["p_naive"], rtol=0, atol=PRINTED)
    np.testing.assert_allclose(naive["estimate"], stored["d"], rtol=0, atol=PRINTED)
    for icc, text in ((0.0, "0"), (0.01, "0.01"), (0.02, "0.02"), (0.05, "0.05"), (0.1, "0.1")):
        clustered = inference[inference["icc"] == icc]
        for ours, theirs in (("p_value", "p"), ("conf_low", "lo"), ("conf_high", "hi")):
            np.testing.assert_allclose(clustered[ours], stored[f"{theirs}_icc{text}"], rtol=0, atol=PRINTED)


def test_no_hpmt_table_is_below_five_per_cent_even_without_offices():
    inference = table_inference(two_arm_tables(617, HPMT, same_persons=False), **OFFICES, iccs=(0.0, 0.02))
    spread = ranges(inference)
    p_values = spread[(spread["quantity"] == "p_value") & (spread["n_tables"] > 0)]
    assert (p_values["share_below_05"] == 0).all()
    naive = p_values[p_values["inference"] == "pooled_z"].set_index("month")
    assert naive.loc["2012-11", ["minimum", "maximum"]].round(3).tolist() == [0.084, 0.399]
    assert naive.loc["2013-05", ["minimum", "maximum"]].round(3).tolist() == [0.073, 0.458]


# Rounding


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("decimals", [0, 1])
def test_the_count_range_holds_exactly_the_counts_that_print_so(rounding, decimals):
    for n in (*range(1, 41), 200, 400):
        prints = [printed(k, n, decimals, rounding) for k in range(n + 1)]
        for units in range(100 * 10**decimals + 1):
            text = percent_text(units, decimals)
            low, high = count_range(n, text, rounding)
            assert list(range(low, high + 1)) == [k for k, found in enumerate(prints) if found == text]


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 10**7), st.integers(0, 6), st.sampled_from(ROUNDINGS))
def test_a_count_is_always_in_the_range_of_its_own_percentage(data, n, decimals, rounding):
    k = data.draw(st.integers(0, n))
    text = printed(k, n, decimals, rounding)
    low, high = count_range(n, text, rounding)
    assert low <= k <= high
    for outside in (low - 1, high + 1):
        assert not 0 <= outside <= n or printed(outside, n, decimals, rounding) != text


@pytest.mark.parametrize("text", ["0", "0.0", "29.7", "50.0", "99.95", "100.0", "33.333333", "33.333333333333333"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_the_ranges_of_many_n_are_those_of_each_n(text, rounding):
    sizes = np.array([1, 2, 3, 7, 40, 617, 99_999, 10**12])
    low, high = count_ranges(sizes, text, rounding)
    assert (low.dtype, high.dtype) == (np.int64, np.int64)
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == [
        count_range(n, text, rounding) for n in sizes.tolist()
    ]


def test_halves_go_up_or_to_the_even_digit():
    # 1 of 8 is 12.5 %, 3 of 8 is 37.5 %.
    assert count_range(8, "13", "half_up") == (1, 1)
    assert count_range(8, "12", "half_even") == (1, 1)
    assert count_range(8, "38", "half_even") == (3, 3)
    assert count_range(8, "37", "truncated") == (3, 3)


def test_decimals_are_information_and_a_comma_is_a_point():
    assert count_range(1000, "30") == (295, 304)
    assert count_range(1000, "30.0") == (300, 300)
    assert count_range(617, "29,7") == count_range(617, "29.7")


# Tables


def expected_tables(total, follow_ups, rounding, min_arm):
    """Every joint table by trying all splits and all counts."""
    found = []
    for n_treated in range(min_arm, total - min_arm + 1):
        sizes = (n_treated, total - n_treated)
        choices = [
            [k for k in range(n + 1) if printed(k, n, 0, rounding) == text]
            for visit in follow_ups
            for n, text in zip(sizes, (visit.treated_percent, visit.comparison_percent), strict=True)
        ]
        found += [[*sizes, *counts] for counts in product(*choices)]
    return found


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 45),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=2),
    st.sampled_from(ROUNDINGS),
    st.integers(1, 4),
)
def test_joint_tables_are_those_found_by_trying_everything(total, percents, rounding, min_arm):
    follow_ups = [FollowUp(f"2020-0{i}", str(a), str(b)) for i, (a, b) in enumerate(percents, start=1)]
    tables = two_arm_tables(total, follow_ups, rounding=rounding, min_arm=min_arm)
    rows = [
        [*group[["n_treated", "n_comparison"]].iloc[0], *group[["k_treated", "k_comparison"]].to_numpy().ravel()]
        for _, group in tables.groupby("table")
    ]
    assert rows == expected_tables(total, follow_ups, rounding, min_arm)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(2, 60), st.sampled_from(ROUNDINGS))
def test_the_true_table_is_always_among_those_found(data, total, rounding):
    n = data.draw(st.integers(1, total - 1))
    truth = [(data.draw(st.integers(0, n)), data.draw(st.integers(0, total - n))) for _ in range(2)]
    follow_ups = [
        FollowUp(f"2020-0{i}", printed(a, n, 1, rounding), printed(b, total - n, 1, rounding))
        for i, (a, b) in enumerate(truth, start=1)
    ]
    tables = two_arm_tables(total, follow_ups, rounding=rounding)
    found = {tuple(map(tuple, counts_of(group))) for _, group in tables.groupby("table")}
    assert tuple((n, total - n, a, b) for a, b in truth) in found


def test_tables_run_by_split_and_then_by_counts():
    tables = two_arm_tables(450, [FollowUp("2020-01", "30", "20")], min_arm=200)
    assert counts_of(tables) == sorted(counts_of(tables))
    assert len(tables) > 2 * tables["n_treated"].nunique()


def test_the_smallest_arm_can_be_set():
    tables = two_arm_tables(617, [NOVEMBER], min_arm=200)
    everything = two_arm_tables(617, [NOVEMBER])
    wanted = everything[everything["n_treated"].between(200, 417)]
    assert counts_of(tables) == counts_of(wanted)
    assert tables["table"].tolist() == list(range(1, len(wanted) + 1))


def test_swapping_the_arms_of_the_source_swaps_the_tables():
    swapped = two_arm_tables(617, [FollowUp("2012-11", "23.6", "29.7")])
    there = {tuple(row) for row in counts_of(two_arm_tables(617, [NOVEMBER]))}
    assert {(n_c, n_t, k_c, k_t) for n_t, n_c, k_t, k_c in counts_of(swapped)} == there


def test_a_hundred_thousand_persons_are_searched_split_by_split():
    visit = FollowUp("2020-01", printed(10_903, 36_712, 4, "half_up"), printed(14_936, 63_288, 4, "half_up"))
    found = counts_of(two_arm_tables(100_000, [visit]))
    assert [36_712, 63_288, 10_903, 14_936] in found
    for n_treated, n_comparison, k_treated, k_comparison in found:
        assert n_treated + n_comparison == 100_000
        assert printed(k_treated, n_treated, 4, "half_up") == visit.treated_percent
        assert printed(k_comparison, n_comparison, 4, "half_up") == visit.comparison_percent


def test_percentages_too_coarse_to_list_are_told_in_norwegian():
    with pytest.raises(ProblemsFound, match="for grove") as caught:
        two_arm_tables(100_000, HPMT)
    assert "2012-11, 2013-05: Mer enn en million heltallstabeller" in str(caught.value)


# Inference over tables


def test_each_table_has_the_figures_of_the_functions_for_its_counts():
    tables = two_arm_tables(60, [FollowUp("2020-01", "50", "25"), FollowUp("2020-02", "60", "30")], min_arm=6)
    inference = table_inference(
        tables, level=0.9, offices_treated=6, offices_comparison=4, iccs=(0.0, 0.1), size_cvs=(0.0, 0.5)
    )
    assert len(inference) == 8 * len(tables)
    assert inference.drop_duplicates(["table", "month"])[list(TABLE_TYPES)].to_numpy().tolist() == (
        tables.to_numpy().tolist()
    )
    for row in inference.itertuples():
        counts = (row.k_treated, row.n_treated, row.k_comparison, row.n_comparison)
        assert row.estimate == row.k_treated / row.n_treated - row.k_comparison / row.n_comparison
        figures = (row.std_error, row.df, row.statistic, row.p_value, row.conf_low, row.conf_high)
        np.testing.assert_array_equal(figures, expected_figures(row, counts))


def test_counts_that_return_in_many_tables_give_one_row_for_each():
    follow_ups = [FollowUp("2020-01", "30", "20"), FollowUp("2020-02", "31", "21")]
    tables = two_arm_tables(450, follow_ups, min_arm=222)
    assert tables.duplicated(["month", *COUNTS]).any()
    inference = table_inference(tables)
    newcombe_rows = inference[inference["inference"] == "newcombe"]
    assert newcombe_rows[list(TABLE_TYPES)].to_numpy().tolist() == tables.to_numpy().tolist()
    assert len(inference) == 4 * len(tables)


def expected_figures(row, counts):
    if row.inference == "cluster_t":
        result = cluster_t(*counts, offices1=6, offices2=4, icc=row.icc, cv=row.size_cv, level=0.9)
        return result.std_error, result.df, result.statistic, result.p_value, result.low, result.high
    assert math.isnan(row.icc)
    assert math.isnan(row.size_cv)
    if row.inference in ("pooled_z", "fisher"):
        result = {"pooled_z": pooled_z, "fisher": fisher}[row.inference](*counts)
        return math.nan, math.nan, result.statistic, result.p_value, math.nan, math.nan
    result = {"newcombe": newcombe, "miettinen_nurminen": miettinen_nurminen}[row.inference](*counts, level=0.9)
    return math.nan, math.nan, math.nan, math.nan, result.low, result.high


def test_ranges_are_minimum_median_and_maximum_over_the_tables():
    inference = table_inference(two_arm_tables(80, [FollowUp("2020-01", "60", "20")]))
    spread = ranges(inference, by=("inference",)).set_index(["inference", "quantity"])
    assert len(spread) == 4 * 4
    methods = spread.index.get_level_values("inference").unique()
    assert methods.tolist() == ["newcombe", "miettinen_nurminen", "pooled_z", "fisher"]
    p = inference.loc[inference["inference"] == "fisher", "p_value"]
    found = spread.loc[("fisher", "p_value")]
    assert found[["minimum", "median", "maximum"]].tolist() == [p.min(), p.median(), p.max()]
    assert (found["n_tables"], found["share_below_05"]) == (len(p), (p < 0.05).mean())
    assert 0 < found["share_below_05"] < 1
    assert spread.loc[("newcombe", "p_value"), "n_tables"] == 0
    assert math.isnan(spread.loc[("newcombe", "conf_low"), "share_below_05"])


def test_impossible_percentages_give_empty_tables_with_the_same_columns_and_types():
    types = {name: "str" if kind == "str" else kind for name, kind in TABLE_TYPES.items()}
    for same_persons in (True, False):
        tables = two_arm_tables(5, HPMT, same_persons=same_persons)
        assert len(tables) == 0
        assert tables.dtypes.astype(str).to_dict() == types
    assert one_sample_tables("73.5", 1, 5).dtypes.astype(str).to_dict() == {"n": "int64", "k": "int64"}
    inference = table_inference(tables, **OFFICES, iccs=(0.0, 0.02))
    assert len(inference) == 0
    assert inference.dtypes.astype(str).to_dict() == types | INFERENCE_TYPES
    spread = ranges(inference)
    assert len(spread) == 0
    assert list(spread.columns) == ["month", "inference", "icc", "size_cv", *RANGE_TYPES]
    full = ranges(table_inference(two_arm_tables(617, HPMT)))
    assert spread.dtypes.to_dict() == full.dtypes.to_dict()


def test_a_percentage_above_one_hundred_fits_no_table():
    assert two_arm_tables(50, [FollowUp("2020-01", "120", "20")]).empty


# Refusals


@pytest.mark.parametrize("percent", [29.7, "29.7 %", "", "-3", ".5", "5.", None, "1e1"])
def test_a_percentage_that_is_not_text_as_printed_is_refused(percent):
    with pytest.raises(ValueError, match="percentage"):
        FollowUp("2012-11", "29.7", percent)
    with pytest.raises(ValueError, match="percentage"):
        count_range(10, percent)


def test_a_follow_up_without_a_month_is_refused():
    with pytest.raises(ValueError, match="month"):
        FollowUp("mai 2013", "30.8", "24.4")


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((617, HPMT), {"rounding": "up"}, "rounding"),
        ((617, ()), {}, "follow-up"),
        ((617, (NOVEMBER, NOVEMBER)), {}, "only once"),
        ((1, HPMT), {}, "two arms"),
        ((617, HPMT), {"min_arm": 0}, "two arms"),
    ],
)
def test_an_enumeration_that_cannot_be_meant_is_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        two_arm_tables(*arguments, **options)


def test_sizes_that_cannot_be_meant_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        count_range(0, "50")
    with pytest.raises(ValueError, match="at least 1"):
        count_ranges(np.array([3, 0]), "50")
    with pytest.raises(ValueError, match="above the highest"):
        one_sample_tables("50", 9, 8)


@pytest.mark.parametrize(
    "options", [{"iccs": (0.02,)}, OFFICES, {"offices_treated": 9, "iccs": (0.02,)}, {"offices_comparison": 9}]
)
def test_offices_and_iccs_that_do_not_come_together_are_refused(options):
    with pytest.raises(ValueError, match="belong together"):
        table_inference(two_arm_tables(617, HPMT), **options)


def test_frames_without_the_columns_asked_for_are_refused():
    tables = two_arm_tables(617, HPMT)
    with pytest.raises(ValueError, match="k_treated"):
        table_inference(tables.drop(columns="k_treated"))
    with pytest.raises(ValueError, match="outcome"):
        ranges(table_inference(tables), by=("outcome",))


def test_an_arm_smaller_than_its_offices_is_refused():
    tables = two_arm_tables(40, [FollowUp("2020-01", "50", "25")])
    with pytest.raises(ValueError, match="persons cannot come from 9 offices"):
        table_inference(tables, **OFFICES, iccs=(0.02,))
