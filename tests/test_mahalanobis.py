"""Matching in several covariates: R's distances, a search by looking at everyone, and what does not matter."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbour_cases import names, stored

from analysis.matching import MatchingSpec, match
from analysis.matching.metric import whitened
from analysis.problems import ProblemsFound
from analysis.scores import Scores

PLAIN = {"method": "mahalanobis", "caliper": None, "distance_columns": ("x", "y")}


def distances(case):
    """All distances between persons, infinite where the specification does not allow two together."""
    spec = case.spec
    at = whitened(case.frame[list(spec.distance_columns)], case.treated == 1, spec.metric)
    far = np.sqrt(((at[:, None] - at[None, :]) ** 2).sum(axis=2))
    for name in spec.exact:
        values = case.frame[name].to_numpy()
        far[values[:, None] != values[None, :]] = np.inf
    if case.caliper is not None:
        score = case.scores.probability
        far[np.abs(score[:, None] - score[None, :]) > case.caliper] = np.inf
    return far


def greedy_faults(case, far, partners):
    """Choices that were not the nearest that was left, when the choosers come in MatchIt's order."""
    rows = np.flatnonzero(case.treated == 1)
    order = rows if case.scores is None else rows[np.argsort(-case.scores.probability[rows], kind="stable")]
    free, faults = case.treated == 0, []
    for turn in range(int(case.spec.ratio)):
        for row in order:
            own = free.copy()
            own[partners.get(row, [])[:turn]] = False
            nearest = far[row][own].min(initial=np.inf)
            chosen = far[row][partners[row][turn]] if len(partners.get(row, [])) > turn else np.inf
            if chosen > nearest + 1e-9:
                faults.append(row)
            if chosen < np.inf and not case.spec.replace:
                free[partners[row][turn]] = False
    return faults


def partners_of(found):
    return {int(row): list(rows) for row, rows in found.pairs.groupby("treated_row")["comparison_row"]}


@pytest.mark.parametrize(("data", "name"), names("mahalanobis"))
def test_r_and_we_take_the_nearest_that_is_left_by_the_same_distance(data, name):
    case = stored(data, name)
    found = match(case.scores, case.treated, case.spec, covariates=case.frame)
    far = distances(case)
    # R's choices are nearest in our distance, which proves the distance; where ties differ, later choices may too.
    assert greedy_faults(case, far, case.partners) == []
    assert greedy_faults(case, far, partners_of(found)) == []
    assert len(found.pairs) == sum(map(len, case.partners.values()))
    np.testing.assert_allclose(
        found.pairs["distance"], far[found.pairs["treated_row"], found.pairs["comparison_row"]], rtol=1e-10, atol=1e-12
    )
    if case.spec.replace:
        expected = sum(far[row, partner] for row, rows in case.partners.items() for partner in rows)
        assert found.pairs["distance"].sum() == pytest.approx(expected, abs=1e-8)
    if case.caliper is not None:
        assert found.caliper_width == pytest.approx(case.caliper, abs=1e-12)


@st.composite
def drawn_samples(draw):
    """Points on a coarse grid, with ties and equal persons; strata, scores and codes beside."""
    n = draw(st.integers(4, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    grid = pd.DataFrame(rng.integers(0, draw(st.sampled_from([3, 50])), (n, 2)).astype(float), columns=["x", "y"])
    grid.loc[:1, "x"], grid.loc[:1, "y"] = [0.0, 1.0], [1.0, 0.0]
    treated = rng.random(n) < 0.4
    treated[:2] = [True, False]
    return grid.assign(group=rng.integers(0, 2, n), code=rng.integers(0, 3, n)), treated, rng.random(n)


@settings(max_examples=60, deadline=None)
@given(
    sample=drawn_samples(),
    options=st.fixed_dictionaries(
        {
            "replace": st.booleans(),
            "ratio": st.integers(1, 3),
            "exact": st.sampled_from([(), ("group",)]),
            "antiexact": st.sampled_from([(), ("code",)]),
            "caliper": st.sampled_from([None, 0.5]),
            "metric": st.sampled_from(["mahalanobis", "robust_mahalanobis", "scaled_euclidean"]),
        }
    ),
)
def test_every_choice_is_the_nearest_that_is_left_and_allowed(sample, options):
    frame, treated, score = sample
    spec = MatchingSpec(**PLAIN | options)
    at = whitened(frame[["x", "y"]], treated, spec.metric)
    far = np.sqrt(((at[:, None] - at[None, :]) ** 2).sum(axis=2))
    far[:, treated] = np.inf
    for name in spec.exact:
        far[frame[name].to_numpy()[:, None] != frame[name].to_numpy()[None, :]] = np.inf
    for name in spec.antiexact:
        far[frame[name].to_numpy()[:, None] == frame[name].to_numpy()[None, :]] = np.inf
    if spec.caliper is not None:
        far[np.abs(score[:, None] - score[None, :]) > spec.caliper * np.std(score, ddof=1)] = np.inf
    try:
        partners = partners_of(match(Scores(score, score), treated, spec, covariates=frame))
    except ProblemsFound:
        partners = {}
    rows = np.flatnonzero(treated)
    free = np.ones(len(treated), dtype=bool)
    for turn in range(spec.ratio):
        for row in rows[np.argsort(-score[rows], kind="stable")]:
            own = free.copy()
            own[partners.get(row, [])[:turn]] = False
            nearest = far[row][own].min(initial=np.inf)
            chosen = far[row, partners[row][turn]] if len(partners.get(row, [])) > turn else np.inf
            assert chosen == pytest.approx(nearest, rel=1e-9, abs=1e-9)
            if chosen < np.inf and not spec.replace:
                free[partners[row][turn]] = False


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), metric=st.sampled_from(["mahalanobis", "scaled_euclidean"]))
def test_units_and_row_order_do_not_matter(seed, metric):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(80, 2)), columns=["x", "y"])
    treated = np.arange(80) < 25
    spec = MatchingSpec(**PLAIN, metric=metric, replace=True)
    plain = partners_of(match(None, treated, spec, covariates=frame))
    scaled = frame.assign(x=1000 * frame["x"] + 7, y=-frame["y"] / 3)
    assert partners_of(match(None, treated, spec, covariates=scaled)) == plain
    order = rng.permutation(80)
    shuffled = partners_of(match(None, treated[order], spec, covariates=frame.iloc[order]))
    assert {order[row]: [order[other] for other in rows] for row, rows in shuffled.items()} == plain


def test_mahalanobis_ignores_how_covariates_are_mixed():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=["x", "y"])
    mixed = pd.DataFrame(frame.to_numpy() @ [[1.0, 0.5], [-2.0, 3.0]], columns=["x", "y"])
    treated = np.arange(60) < 20
    found = [match(None, treated, MatchingSpec(**PLAIN), covariates=each).pairs for each in (frame, mixed)]
    pd.testing.assert_frame_equal(found[0], found[1], rtol=1e-9)


def test_equal_persons_are_taken_in_row_order():
    frame = pd.DataFrame({"x": [0.0, 0.0, 0.0, 0.0, 1.0, 2.0], "y": [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]})
    treated = [1, 1, 0, 0, 0, 1]
    found = match(None, treated, MatchingSpec(**PLAIN), covariates=frame)
    assert partners_of(found) == {0: [2], 1: [3], 5: [4]}


def test_a_constant_covariate_and_one_that_follows_from_another_are_ignored():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(40, 2)), columns=["x", "y"]).assign(flat=1.0)
    frame = frame.assign(twice=2 * frame["x"] + 1)
    treated = np.arange(40) < 10
    plain = match(None, treated, MatchingSpec(**PLAIN), covariates=frame)
    wide = replace(MatchingSpec(**PLAIN), distance_columns=("x", "y", "flat", "twice"))
    pd.testing.assert_frame_equal(match(None, treated, wide, covariates=frame).pairs, plain.pairs, rtol=1e-6)


def test_everyone_equal_costs_no_more_than_everyone_different():
    n = 20_000
    frame = pd.DataFrame({"x": np.zeros(n), "y": np.ones(n)})
    found = match(None, np.arange(n) < 2_000, MatchingSpec(**PLAIN), covariates=frame)
    assert found.pairs["comparison_row"].tolist() == list(range(2_000, 4_000))


def test_poor_overlap_in_twenty_thousand_matches_all():
    rng = np.random.default_rng(9)
    treated = np.arange(20_000) < 2_000
    frame = pd.DataFrame(rng.normal(size=(20_000, 2)) + 3 * treated[:, None], columns=["x", "y"])
    found = match(None, treated, MatchingSpec(**PLAIN), covariates=frame)
    assert len(found.pairs) == 2_000
    assert found.pairs["comparison_row"].is_unique


def test_the_own_office_comes_first_and_the_rest_look_outside():
    frame = pd.DataFrame({"x": [0.0, 5.0, 0.1, 4.0, 9.0]})
    treated = [1, 1, 0, 0, 0]
    spec = MatchingSpec(method="mahalanobis", caliper=None, distance_columns=("x",), within="second_pass")
    found = match(None, treated, spec, covariates=frame, within=["a", "a", "b", "a", "b"])
    # The first row takes the only partner in the office, far away as it is.
    assert partners_of(found) == {0: [3], 1: [4]}


def test_missing_covariates_are_named():
    frame = pd.DataFrame({"x": [0.0, np.nan, 1.0], "y": [1.0, 2.0, 0.0]})
    with pytest.raises(ProblemsFound, match="«x»"):
        match(None, [1, 0, 0], MatchingSpec(**PLAIN), covariates=frame)
