"""Exact matching against R, and its rules."""

import numpy as np
import pandas as pd
import pytest
from r_sets import columns_of, spec_of, specs, treated_of

from analysis.matching.exact import match_exact
from analysis.problems import ProblemsFound


@pytest.mark.parametrize(("data", "name"), specs("exact"))
def test_weights_equal_those_of_r(data, name):
    spec = spec_of(data, name)
    found = match_exact(columns_of(data, name), treated_of(data), estimand=spec["estimand"])
    np.testing.assert_allclose(found.weights, spec["weights"], rtol=0, atol=1e-8)
    theirs = np.array(spec["subclass"])
    assert len(set(zip(found.subclass, theirs, strict=True))) == len(set(theirs))


def test_order_of_rows_and_names_of_levels_do_not_matter():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"a": rng.choice(list("xyz"), 60), "b": rng.integers(0, 3, 60)})
    treated, order = rng.random(60) < 0.4, rng.permutation(60)
    plain = match_exact(table, treated)
    moved = match_exact(table.iloc[order].replace({"a": {"x": "1", "y": "2", "z": "3"}}), treated[order])
    np.testing.assert_allclose(moved.weights, plain.weights[order], atol=1e-12)


def test_who_is_alone_is_dropped_and_told():
    found = match_exact(pd.DataFrame({"a": [1, 1, 2, 3]}), [1, 0, 1, 0])
    assert found.subclass.tolist() == [0, 0, -1, -1]
    assert found.dropped["reason"].tolist() == ["no_comparison_in_stratum", "no_treated_in_stratum"]
    assert found.pairs.empty


def test_missing_values_empty_groups_and_no_shared_stratum_are_told():
    with pytest.raises(ProblemsFound, match="«a»"):
        match_exact(pd.DataFrame({"a": [1.0, np.nan]}), [1, 0])
    with pytest.raises(ProblemsFound, match="er tom"):
        match_exact(pd.DataFrame({"a": [1, 2]}), [1, 1])
    with pytest.raises(ProblemsFound, match="innenfor samme stratum"):
        match_exact(pd.DataFrame({"a": [1, 2]}), [1, 0])
