"""Cells: sums that do not depend on row order, keep the never-treated, and leave out what is not observed."""

import numpy as np
import pandas as pd
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cells import SUMS, cell_means, cells
from analysis.disclosure.dominance import DOMINANCE, P_RATIO, stands_out
from analysis.disclosure.profiles import read_profiles
from analysis.problems import ProblemsFound
from analysis.tables import DOMINATED


@st.composite
def panels(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(1, 60))
    panel = pd.DataFrame(
        {
            "office": rng.choice(["0301", "1103"], n),
            "month": rng.integers(0, 3, n),
            "work": pd.array(rng.integers(0, 2, n), dtype="Int8"),
            "income": rng.normal(3e5, 1e5, n),
            "w": rng.choice([0.0, 0.5, 1.0, 2.0], n),
        }
    )
    panel.loc[rng.random(n) < 0.2, "work"] = pd.NA
    panel.loc[rng.random(n) < 0.2, "income"] = np.nan
    return panel


OPTIONS = {"outcomes": ["work", "income"], "by": ["office", "month"], "weight": "w"}


def test_a_small_panel_by_hand():
    panel = pd.DataFrame({"office": ["b", "a", "a"], "y": [5, 1, 3], "w": [1.0, 2.0, 4.0]})
    table = cells(panel, outcomes=["y"], by=["office"], weight="w")
    assert table.columns.tolist() == ["office", "outcome", *SUMS]
    assert table["office"].tolist() == ["a", "b"]
    assert table.loc[0, list(SUMS)].tolist() == [2, 4, 10, 6, 14, 20, 52, 148]


def test_small_integers_are_squared_without_overflow():
    panel = pd.DataFrame({"office": ["a"] * 2, "y": pd.Series([100, 100], dtype="int8")})
    assert cells(panel, outcomes=["y"], by=["office"], weight=None)["sum_y2"].tolist() == [20_000]


def test_the_never_treated_keep_their_cell():
    panel = pd.DataFrame({"adopted": pd.array([24_000, None, None], dtype="Int16"), "y": [1.0, 2.0, 3.0]})
    table = cells(panel, outcomes=["y"], by=["adopted"], weight=None)
    assert table["sum_y"].tolist() == [1, 5]
    assert table["adopted"].isna().tolist() == [False, True]


def test_missing_outcomes_and_weight_zero_stand_behind_no_figure():
    panel = pd.DataFrame({"office": ["a", "a", "a", "b"], "y": [1.0, np.nan, 4.0, 1.0], "w": [1.0, 1.0, 0.0, 0.0]})
    table = cells(panel, outcomes=["y"], by=["office"], weight="w")
    assert table[["office", "n", "sum_y"]].to_numpy().tolist() == [["a", 1, 1.0]]


@settings(max_examples=40, deadline=None)
@given(panel=panels(), seed=st.integers(0, 100))
def test_row_order_and_index_do_not_matter(panel, seed):
    shuffled = panel.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(cells(panel, **OPTIONS), cells(shuffled, **OPTIONS), rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(panel=panels())
def test_doubled_data_double_every_sum_and_keep_the_means(panel):
    once, twice = cells(panel, **OPTIONS), cells(pd.concat([panel, panel]), **OPTIONS)
    np.testing.assert_allclose(twice[list(SUMS)], 2 * once[list(SUMS)], rtol=1e-12)
    np.testing.assert_allclose(cell_means(twice)["mean"], cell_means(once)["mean"], rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(panel=panels())
def test_finer_cells_add_up_to_coarser_ones(panel):
    fine = cells(panel, **OPTIONS).groupby(["office", "outcome"], sort=True)[list(SUMS)].sum()
    coarse = cells(panel, **{**OPTIONS, "by": ["office"]}).set_index(["office", "outcome"]).sort_index()
    np.testing.assert_allclose(fine, coarse, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(panel=panels())
def test_means_and_errors_equal_those_of_the_persons(panel):
    table = cell_means(cells(panel, **OPTIONS)).set_index(["office", "month", "outcome"])
    used = panel[panel["w"] > 0]
    for (office, month, outcome), row in table.iterrows():
        own = used[(used["office"] == office) & (used["month"] == month)].dropna(subset=outcome)
        y, w = own[outcome].to_numpy(dtype=float), own["w"].to_numpy()
        mean = np.average(y, weights=w)
        assert row["mean"] == pytest.approx(mean, rel=1e-12)
        if len(own) == 1:
            assert np.isnan(row["variance"])
            assert np.isnan(row["se"])
            continue
        se = np.sqrt(len(y) / (len(y) - 1) * ((w * (y - mean)) ** 2).sum()) / w.sum()
        scale = np.abs(y).max() or 1.0
        assert row["variance"] == pytest.approx(y.var(ddof=1), rel=1e-9, abs=1e-9 * scale**2)
        assert row["se"] == pytest.approx(se, rel=1e-9, abs=1e-6 * scale)


def test_without_weights_the_error_is_that_of_a_mean():
    panel = pd.DataFrame({"office": ["a"] * 4, "y": [1.0, 2.0, 4.0, 7.0]})
    row = cell_means(cells(panel, outcomes=["y"], by=["office"], weight=None)).iloc[0]
    assert row["variance"] == pytest.approx(7.0)
    assert row["se"] == pytest.approx(np.sqrt(7.0 / 4))


def test_unusable_weights_are_told_and_wrong_calls_refused():
    panel = pd.DataFrame({"office": ["a", "b"], "n": [1, 2], "y": [1.0, 2.0], "w": [1.0, np.nan]})
    with pytest.raises(ProblemsFound) as caught:
        cells(panel, outcomes=["y"], by=["office"], weight="w")
    assert "«w»" in str(caught.value)
    with pytest.raises(ValueError, match="column of the result"):
        cells(panel, outcomes=["y"], by=["n"], weight=None)
    with pytest.raises(ValueError, match="not in the panel"):
        cells(panel, outcomes=["z"], by=["office"], weight=None)
    with pytest.raises(ValueError, match="distinct"):
        cells(panel, outcomes=["y", "y"], by=["office"], weight=None)


@st.composite
def amounts(draw):
    """A few cells of amounts with heavy tails, some of nobody or of one; half of the weights are 1."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(1, 80))
    scale = draw(st.sampled_from([0.2, 1.0, 3.0]))
    kroner = np.round(np.exp(rng.normal(10, scale, n)) * rng.choice([-1, 0, 1, 1], n))
    panel = pd.DataFrame({"arm": rng.choice(["a", "b", "c"], n, p=[0.7, 0.2, 0.1]), "kroner": kroner})
    panel.loc[rng.random(n) < 0.1, "kroner"] = np.nan
    return panel.assign(w=rng.choice([0.0, 0.5, 2.0, 9.0], n) if draw(st.booleans()) else 1.0)


def stand_out(panel):
    table = cells(panel, outcomes=["kroner"], by=["arm"], weight="w", dominance=True)
    return table.set_index("arm")[DOMINATED].to_dict()


@pytest.mark.parametrize(
    ("kroner", "expected"),
    [
        ([500_000], True),
        ([300_000, 300_000], True),
        ([300_000] * 3, False),
        ([0, 0, 0], False),
        ([0, 0, 7, 0], True),
        ([9_000_000] + [400_000] * 200, False),
        ([9_000_000] + [400] * 200, True),
        ([-9_000_000] + [400] * 200, True),
        ([50, 40, 6, 4], False),  # exactly 90 per cent
        ([50, 41, 5, 4], True),
        ([100, 50, 9], True),
        ([100, 50, 10, 7], False),
    ],
)
def test_one_or_two_persons_who_stand_for_a_sum_are_seen(kroner, expected):
    panel = pd.DataFrame({"arm": "a", "kroner": np.array(kroner, dtype="float64"), "w": 1.0})
    assert stand_out(panel) == {"a": expected}


def test_a_person_of_great_weight_stands_out_in_the_weighted_sum_alone():
    panel = pd.DataFrame({"arm": "a", "kroner": 300_000.0, "w": [1.0] * 20})
    assert stand_out(panel) == {"a": False}
    assert stand_out(panel.assign(w=[400.0, *[1.0] * 19])) == {"a": True}
    # What the weights would hide stands out all the same: the plain sum leaves too.
    rich = panel.assign(kroner=[90_000_000.0, *[300_000.0] * 19], w=[1 / 300, *[1.0] * 19])
    assert stand_out(rich) == {"a": True}


@settings(max_examples=150, deadline=None)
@given(panel=amounts())
def test_every_cell_is_told_as_the_rule_tells_of_its_persons(panel):
    used = panel[panel["w"] > 0].dropna(subset="kroner")
    wanted = {
        arm: stands_out(own["kroner"].to_numpy()) or stands_out((own["w"] * own["kroner"]).to_numpy())
        for arm, own in used.groupby("arm")
    }
    assert stand_out(panel) == wanted


@settings(max_examples=40, deadline=None)
@given(panel=amounts(), seed=st.integers(0, 100), power=st.integers(-20, 20))
def test_neither_order_nor_names_nor_a_scale_change_who_stands_out(panel, seed, power):
    found = stand_out(panel)
    assert stand_out(panel.sample(frac=1, random_state=seed)) == found
    renamed = stand_out(panel.assign(arm=panel["arm"].map({"a": "z", "b": "y", "c": "x"})))
    assert {{"z": "a", "y": "b", "x": "c"}[arm]: value for arm, value in renamed.items()} == found
    # Powers of two leave every digit as it is, so that what is exactly at a limit stays there.
    assert stand_out(panel.assign(kroner=panel["kroner"] * 2.0**power)) == found


@settings(max_examples=40, deadline=None)
@given(panel=amounts(), factor=st.floats(1e-3, 1e3))
def test_amounts_in_another_currency_stand_out_alike(panel, factor):
    # Off the limits by drawing digits of no pattern.
    rough = panel.assign(kroner=panel["kroner"] * np.random.default_rng(1).uniform(0.9, 1.1, len(panel)))
    assert stand_out(rough.assign(kroner=rough["kroner"] * factor)) == stand_out(rough)


@settings(max_examples=40, deadline=None)
@given(panel=amounts())
def test_whoever_has_far_more_than_all_others_stands_out(panel):
    panel = pd.concat([panel, pd.DataFrame({"arm": ["a"], "kroner": [1e15], "w": [1.0]})], ignore_index=True)
    assert stand_out(panel)["a"]


def test_without_being_asked_a_cell_says_nothing_of_it_and_the_sums_are_the_same():
    panel = pd.DataFrame({"office": ["a", "a", "b"], "y": [1.0, 4.0, 2.0]})
    plain = cells(panel, outcomes=["y"], by=["office"], weight=None)
    told = cells(panel, outcomes=["y"], by=["office"], weight=None, dominance=True)
    pd.testing.assert_frame_equal(plain, told.drop(columns=DOMINATED))
    assert told[DOMINATED].dtype == bool


def test_no_profile_asks_more_of_amounts_than_the_cells_were_asked():
    asked = [
        one
        for one in read_profiles(stages.ROOT / "config" / "disclosure.yaml").values()
        if one.dominance or one.p_ratio
    ]
    assert len(asked) > 3
    for one in asked:
        largest, share = one.dominance or (0, 1.0)
        assert largest <= DOMINANCE[0]
        assert share >= DOMINANCE[1]
        assert (one.p_ratio or 0) <= P_RATIO
