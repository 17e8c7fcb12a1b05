"""Cells: sums that do not depend on row order, keep the never-treated, and leave out what is not observed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cells import SUMS, cell_means, cells
from analysis.problems import ProblemsFound


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
