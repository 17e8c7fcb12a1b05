"""Coarsened exact matching against R, and how columns are coarsened."""

import numpy as np
import pandas as pd
import pytest
from r_sets import columns_of, spec_of, specs, total_distance, treated_of, whitened

from analysis.matching.cem import coarsened, match_cem
from analysis.problems import ProblemsFound

PLAIN = [own for own in specs("cem") if not spec_of(*own)["arguments"].get("k2k")]


@pytest.mark.parametrize(("data", "name"), PLAIN)
def test_weights_equal_those_of_r(data, name):
    spec = spec_of(data, name)
    found = match_cem(columns_of(data, name), treated_of(data), cutpoints=spec["arguments"].get("cutpoints"))
    np.testing.assert_allclose(found.weights, spec["weights"], rtol=0, atol=1e-8)


def test_as_many_of_each_keeps_as_many_as_r_at_no_greater_distance():
    spec, treated = spec_of("lalonde", "cem_k2k"), treated_of("lalonde")
    covariates = columns_of("lalonde", "cem_k2k")
    points = whitened(covariates, treated)
    found = match_cem(covariates, treated, cutpoints=spec["arguments"]["cutpoints"], k2k=points)
    assert (found.weights > 0).sum() == (np.array(spec["weights"]) > 0).sum()
    assert set(found.weights) == {0.0, 1.0}
    theirs = total_distance(points, treated, np.array(spec["subclass"]), spec["weights"])
    assert found.pairs["distance"].sum() <= theirs + 1e-8


def test_bins_are_closed_to_the_left_and_the_largest_value_is_inside():
    table = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0, 4.0]})
    assert coarsened(table, cutpoints={"x": 2})["x"].tolist() == [0, 0, 1, 1, 1]
    assert coarsened(table, cutpoints={"x": [1.0, 2.5]})["x"].tolist() == [0, 1, 1, 2, 2]
    assert coarsened(table, cutpoints={"x": "q2"})["x"].tolist() == [0, 0, 1, 1, 1]
    assert coarsened(table, cutpoints={"x": 0})["x"].tolist() == [0, 1, 2, 3, 4]
    assert coarsened(table)["x"].nunique() == 4  # ⌈log₂ 5 + 1⌉ bins


def test_levels_can_be_merged_and_constant_columns_are_one_bin():
    table = pd.DataFrame({"fylke": ["a", "b", "c", "d"], "lik": [7.0] * 4})
    merged = coarsened(table, grouping={"fylke": [["a", "c"]]})
    assert merged["fylke"].iloc[0] == merged["fylke"].iloc[2]
    assert merged["fylke"].nunique() == 3
    assert merged["lik"].nunique() == 1


def test_a_change_of_unit_does_not_move_the_weights():
    rng = np.random.default_rng(1)
    table, treated = pd.DataFrame({"x": rng.normal(size=200), "z": rng.choice(list("ab"), 200)}), rng.random(200) < 0.4
    moved = table.assign(x=8 * table["x"] + 16)  # powers of two: the limits move without rounding
    np.testing.assert_allclose(match_cem(moved, treated).weights, match_cem(table, treated).weights, atol=1e-12)


def test_options_that_do_not_fit_are_told_all_at_once():
    table = pd.DataFrame({"x": [1.0, 2.0], "z": ["a", "b"]})
    with pytest.raises(ProblemsFound) as caught:
        match_cem(table, [1, 0], cutpoints={"y": 3, "x": "tre"}, grouping={"x": []})
    assert len(caught.value.problems) == 3
    with pytest.raises(ProblemsFound, match="«x»"):
        match_cem(table.assign(x=[1.0, np.nan]), [1, 0])
