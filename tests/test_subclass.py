"""Subclassification against R, and its repair of empty subclasses."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from r_sets import score_of, spec_of, specs, treated_of

from analysis.matching.subclass import match_subclass
from analysis.problems import ProblemsFound


@pytest.mark.parametrize(("data", "name"), specs("subclass"))
def test_subclasses_and_weights_equal_those_of_r(data, name):
    spec = spec_of(data, name)
    found = match_subclass(
        score_of(data, name),
        treated_of(data),
        subclasses=spec["arguments"].get("subclass", 6),
        estimand=spec["estimand"],
    )
    np.testing.assert_array_equal(found.subclass, spec["subclass"])
    np.testing.assert_allclose(found.weights, spec["weights"], rtol=0, atol=1e-8)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000), number=st.integers(1, 5), min_n=st.integers(1, 2), tied=st.booleans())
def test_every_subclass_holds_both_groups_in_order_of_the_score(seed, number, min_n, tied):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 4, 40) / 4 if tied else rng.normal(size=40)
    treated = np.arange(40) < 12
    found = match_subclass(score + treated, treated, subclasses=number, min_n=min_n)
    for group in (treated, ~treated):
        assert np.bincount(found.subclass[group], minlength=number).min() >= min_n
        in_order = np.argsort((score + treated)[group], kind="stable")
        assert (np.diff(found.subclass[group][in_order]) >= 0).all()
    assert found.dropped.empty


def test_a_change_of_unit_and_of_order_does_not_move_the_weights():
    rng = np.random.default_rng(2)
    score, treated, order = rng.normal(size=100), rng.random(100) < 0.3, rng.permutation(100)
    plain, moved = match_subclass(score, treated), match_subclass((8 * score + 16)[order], treated[order])
    np.testing.assert_allclose(moved.weights, plain.weights[order], atol=1e-12)


def test_an_empty_subclass_is_filled_from_the_nearest_that_can_spare_someone():
    score = np.array([0.0, 1.0, 2.0, 3.0, 0.1, 0.2, 0.9, 3.5])
    found = match_subclass(score, np.arange(8) < 4, subclasses=[0.5], estimand="ATT")
    assert found.subclass.tolist() == [0, 0, 1, 1, 0, 0, 0, 1]
    # The comparison group lies in the first and last of three; the middle one takes the nearer.
    score = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.1, 0.2, 4.8, 5.0])
    found = match_subclass(score, np.arange(10) < 6, subclasses=3)
    assert found.subclass[6:].tolist() == [0, 0, 1, 2]


def test_too_many_subclasses_missing_scores_and_bad_limits_are_refused():
    with pytest.raises(ProblemsFound, match="3 delklasser"):
        match_subclass([0.1, 0.2, 0.3, 0.4], [1, 1, 0, 0], subclasses=3)
    with pytest.raises(ProblemsFound, match="«skår»"):
        match_subclass(pd.Series([0.1, np.nan], name="skår"), [1, 0])
    with pytest.raises(ProblemsFound, match="er tom"):
        match_subclass([0.1, 0.2], [1, 1])
    for bad in (0, [0.5, 0.2], [0.0, 0.5]):
        with pytest.raises(ValueError, match="subclasses"):
            match_subclass([0.1, 0.2], [1, 0], subclasses=bad)
