"""Weights of matched sets: R's weights and estimates from R's own sets, and what the books must say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from r_sets import frame, spec_of, specs, treated_of

from analysis.did import difference
from analysis.matching.sets import complete_sets, match_of_pairs, set_weights, stratum_codes
from analysis.problems import ProblemsFound

WITH_SETS = [
    (data, name)
    for data, name in specs("exact", "cem", "subclass", "full", "optimal")
    if spec_of(data, name)["subclass"] is not None
]


def sets_of_r(data, name):
    spec = spec_of(data, name)
    return complete_sets(np.where(np.array(spec["weights"]) > 0, spec["subclass"], -1), treated_of(data))


@pytest.mark.parametrize(("data", "name"), WITH_SETS)
def test_weights_from_the_sets_of_r_are_the_weights_of_r(data, name):
    spec = spec_of(data, name)
    weights = set_weights(sets_of_r(data, name), treated_of(data), estimand=spec["estimand"])
    np.testing.assert_allclose(weights, spec["weights"], rtol=0, atol=1e-8)


@pytest.mark.parametrize(("data", "name"), WITH_SETS)
def test_estimates_from_the_sets_of_r_are_those_of_r(data, name):
    sets = sets_of_r(data, name)
    weights = set_weights(sets, treated_of(data), estimand=spec_of(data, name)["estimand"])
    for expected in spec_of(data, name)["effects"]:
        outcome = frame(data)[expected["outcome"]]
        effect = difference(outcome, treated_of(data), weights=weights, inference="cluster", clusters=sets)
        assert effect.estimate == pytest.approx(expected["wls"], rel=1e-8)
        assert effect.std_error == pytest.approx(expected["se_cluster_subclass_hc1"], rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 4), st.booleans()), min_size=1, max_size=30))
def test_every_estimand_weighs_both_groups_to_the_same_strata(persons):
    treated = np.array([own for _, own in persons])
    sets = complete_sets(np.array([number for number, _ in persons]), treated)
    if not (sets >= 0).any():
        return
    inside = sets >= 0
    target = {"ATT": inside & treated, "ATC": inside & ~treated, "ATE": inside}
    for estimand, rows in target.items():
        weights = set_weights(sets, treated, estimand=estimand)
        assert (weights[~inside] == 0).all()
        wanted = np.bincount(sets[rows], minlength=sets.max() + 1) / rows.sum()
        for group in (treated, ~treated):
            own = inside & group
            shares = np.bincount(sets[own], weights=weights[own], minlength=sets.max() + 1)
            np.testing.assert_allclose(shares / shares.sum(), wanted, atol=1e-12)
            assert weights[own].mean() == pytest.approx(1)


def test_sets_without_one_group_are_none_and_the_others_are_numbered_by_first_row():
    assert complete_sets(np.array([5, 2, 5, 2, 7, -1]), np.array([1, 1, 0, 0, 1, 0], dtype=bool)).tolist() == [
        0, 1, 0, 1, -1, -1,
    ]  # fmt: skip


def test_strata_are_numbered_by_value_over_all_columns():
    table = pd.DataFrame({"a": ["x", "x", "y", "x"], "b": [1.0, 2.0, 1.0, 1.0]})
    assert stratum_codes(table, 4).tolist() == [0, 1, 2, 0]
    assert stratum_codes(None, 2).tolist() == [0, 0]
    with pytest.raises(ValueError, match="3 rows"):
        stratum_codes(pd.Series([1, 2, 3]), 2)


def test_missing_strata_are_told_by_column():
    table = pd.DataFrame({"fylke": ["03", None], "alder": [20.0, np.nan], "helt": [1, 2]})
    with pytest.raises(ProblemsFound) as caught:
        stratum_codes(table, 2)
    assert [problem.where for problem in caught.value.problems] == ["kolonnen «fylke»", "kolonnen «alder»"]


def test_pairs_that_share_a_person_are_one_set_and_sampling_weights_stay_beside():
    treated = np.array([1, 0, 0, 1, 1, 0], dtype=bool)
    found = match_of_pairs(
        [0, 0, 3, 4], [1, 2, 5, 5], [0.1, 0.2, 0.3, 0.4], treated, "", sampling_weights=[1, 2, 1, 1, 1, 3]
    )
    assert found.subclass.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.pairs["pair"].tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(found.weights, [1, 0.5, 0.5, 1, 1, 2])
    np.testing.assert_allclose(found.analysis_weights, [1, 1, 0.5, 1, 1, 6])


def test_unknown_estimands_and_bad_sampling_weights_are_refused():
    treated = np.array([True, False])
    with pytest.raises(ValueError, match="estimand"):
        set_weights(np.array([0, 0]), treated, estimand="ATO")
    with pytest.raises(ValueError, match="sampling_weights"):
        match_of_pairs([0], [1], [0.0], treated, "", sampling_weights=[1.0, -1.0])
