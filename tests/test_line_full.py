"""Full matching: R's specifications, stored optima, and the cheapest edge cover found another way."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from r_sets import DATA, points_of, score_of, spec_of, specs, stored, strata_of, total_distance, treated_of
from scipy.optimize import LinearConstraint, linear_sum_assignment, milp

from analysis.matching.found import pair_clusters
from analysis.matching.line_full import match_full
from analysis.problems import ProblemsFound


def cheapest_cover(gaps):
    """(persons covered, total distance) of the cheapest edge cover; gaps (n₁, n₀), ∞ where not allowed."""
    reach = np.isfinite(gaps)
    gaps = gaps[reach.any(axis=1)][:, reach.any(axis=0)]
    if gaps.size == 0:
        return 0, 0.0
    own, other = gaps.min(axis=1), gaps.min(axis=0)
    saving = np.maximum(own[:, None] + other - gaps, 0)
    row, column = linear_sum_assignment(-saving)
    return sum(gaps.shape), float(own.sum() + other.sum() - saving[row, column].sum())


def cheapest_within_limits(gaps, least, most, most_treated):
    """Total distance by integer programming, or None when the limits leave no answer."""
    n_treated, n_comparison = gaps.shape
    by_treated = np.kron(np.eye(n_treated), np.ones(n_comparison))
    by_comparison = np.kron(np.ones(n_treated), np.eye(n_comparison))
    rows = [LinearConstraint(by_treated, least, most), LinearConstraint(by_comparison, 1, most_treated)]
    found = milp(gaps.ravel(), integrality=np.ones(gaps.size), bounds=(0, 1), constraints=rows)
    return found.fun if found.status == 0 else None


def answer(*given, **options):
    try:
        found = match_full(*given, **options)
    except ProblemsFound:
        return 0, 0.0
    return int((found.weights > 0).sum()), float(found.pairs["distance"].sum())


def drawn_cases(seed, cases, largest=26):
    rng = np.random.default_rng(seed)
    for case in range(cases):
        n = int(rng.integers(2, largest))
        score = rng.normal(size=n) if case % 2 else rng.integers(0, rng.integers(1, 15), n) / 8.0
        treated = rng.random(n) < rng.uniform(0.1, 0.9)
        treated[rng.choice(n, 2, replace=False)] = [True, False]
        yield score, treated, None if case % 3 == 0 else float(rng.uniform(0.05, 1)), rng


@pytest.mark.parametrize(("data", "name"), specs("full"))
def test_total_distance_is_not_above_that_of_r(data, name):
    spec, points, treated = spec_of(data, name), points_of(data, name), treated_of(data)
    caliper = spec["arguments"].get("caliper")
    found = match_full(points, treated, strata=strata_of(data, name), caliper=caliper, estimand=spec["estimand"])
    theirs = total_distance(points, treated, np.array(spec["subclass"]), spec["weights"])
    assert found.pairs["distance"].sum() <= theirs + 1e-8
    np.testing.assert_array_equal(found.weights > 0, np.array(spec["weights"]) > 0)
    assert total_distance(points, treated, found.subclass, found.weights) == pytest.approx(
        found.pairs["distance"].sum(), abs=1e-8
    )
    if caliper is not None:
        assert found.caliper_width == pytest.approx(spec["caliper"], abs=1e-14)
        assert found.pairs["distance"].max() <= found.caliper_width


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("scale", ["probability", "linear"])
def test_the_stored_optimum_is_reached(data, scale):
    score = score_of(data, "full_ps" if data == "lalonde" else "full")
    score = score if scale == "probability" else np.log(score / (1 - score))
    found = match_full(score, treated_of(data))
    assert found.pairs["distance"].sum() == pytest.approx(stored(data)["optimum"][scale]["full"], abs=1e-8)


def test_five_hundred_small_cases_equal_the_cheapest_edge_cover():
    for score, treated, caliper, _ in drawn_cases(1, 500):
        gaps = np.abs(score[treated][:, None] - score[~treated])
        width = np.inf if caliper is None else caliper * score.std(ddof=1)
        expected = cheapest_cover(np.where(gaps <= width, gaps, np.inf))
        got = answer(score, treated, caliper=caliper)
        assert got[0] == expected[0]
        assert got[1] == pytest.approx(expected[1], abs=1e-9)


def test_coordinates_with_a_caliper_on_a_score_equal_the_cheapest_edge_cover():
    for score, treated, caliper, rng in drawn_cases(2, 200):
        points = np.column_stack([score, rng.integers(0, 3, len(score)) * 0.3])
        gaps = np.sqrt(((points[treated][:, None] - points[~treated]) ** 2).sum(axis=2))
        options = {} if caliper is None else {"caliper": caliper, "caliper_on": score}
        if caliper is not None:
            far = np.abs(score[treated][:, None] - score[~treated]) > caliper * score.std(ddof=1)
            gaps = np.where(far, np.inf, gaps)
        expected = cheapest_cover(gaps)
        got = answer(points, treated, **options)
        assert got[0] == expected[0]
        assert got[1] == pytest.approx(expected[1], abs=1e-9)


def test_limits_equal_integer_programming():
    for score, treated, _, rng in drawn_cases(3, 60, largest=13):
        least, most = int(rng.integers(1, 3)), int(rng.integers(2, 5))
        most_treated = 1 if least > 1 else int(rng.integers(1, 4))
        gaps = np.abs(score[treated][:, None] - score[~treated])
        expected = cheapest_within_limits(gaps, least, most, most_treated)
        options = {"min_controls": least, "max_controls": most, "max_treated": most_treated}
        if expected is None:
            with pytest.raises(ProblemsFound, match="gir ikke plass"):
                match_full(score, treated, **options)
            continue
        found = match_full(score, treated, **options)
        assert found.pairs["distance"].sum() == pytest.approx(expected, abs=1e-6)
        partners = found.pairs.groupby("treated_row").size()
        assert partners.max() <= most
        assert partners.min() >= least
        assert found.pairs.groupby("comparison_row").size().max() <= most_treated


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), slope=st.sampled_from([-3.0, 0.01, 250.0]), caliper=st.sampled_from([None, 0.3]))
def test_row_order_and_the_unit_of_the_score_do_not_move_the_sets(seed, slope, caliper):
    rng = np.random.default_rng(seed)
    score, treated = rng.normal(size=40), rng.random(40) < 0.3
    treated[:2], score[:2] = [True, False], [0.0, 0.01]
    order = rng.permutation(40)
    plain = match_full(score, treated, caliper=caliper)
    moved = match_full((slope * score + 5)[order], treated[order], caliper=caliper)
    assert moved.pairs["distance"].sum() == pytest.approx(abs(slope) * plain.pairs["distance"].sum(), rel=1e-9)
    if slope > 0:
        np.testing.assert_allclose(moved.weights, plain.weights[order], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_set_is_a_star_and_a_duplicated_cohort_doubles_the_optimum(seed):
    rng = np.random.default_rng(seed)
    score, treated = rng.integers(0, 20, 30) / 4, rng.random(30) < 0.3
    treated[:2] = [True, False]
    found = match_full(score, treated)
    assert (found.weights > 0).all()
    assert found.dropped.empty
    sizes = found.pairs.groupby("pair")[["treated_row", "comparison_row"]].nunique()
    assert (sizes.min(axis=1) == 1).all()
    assert len(found.pairs) == 30 - len(sizes)
    assert len(np.unique(pair_clusters(found))) == len(sizes) == found.subclass.max() + 1
    twice = match_full(np.tile(score, 2), np.tile(treated, 2))
    assert twice.pairs["distance"].sum() == pytest.approx(2 * found.pairs["distance"].sum(), abs=1e-9)


def test_persons_left_out_are_told_why():
    score = np.array([0.0, 0.1, 4.0, 8.0, 1.0])
    found = match_full(score, [1, 0, 1, 0, 1], strata=pd.Series([1, 1, 1, 1, 2]), caliper=0.3)
    assert dict(zip(found.dropped["row"], found.dropped["reason"], strict=True)) == {
        2: "no_comparison_within_caliper",
        3: "no_treated_within_caliper",
        4: "no_comparison_in_stratum",
    }


def test_one_comparison_person_serves_everyone_and_ties_are_shared():
    one = match_full([0.1, 0.2, 0.3], [1, 1, 0])
    assert one.subclass.tolist() == [0, 0, 0]
    assert one.weights.tolist() == [1, 1, 1]
    tied = match_full(np.zeros(6), [1, 1, 0, 0, 0, 0])
    assert np.bincount(tied.subclass).tolist() == [3, 3]


def test_empty_groups_missing_scores_and_unknown_options_are_refused():
    for treated in ([1, 1], [0, 0]):
        with pytest.raises(ProblemsFound, match="er tom"):
            match_full([0.1, 0.2], treated)
    with pytest.raises(ProblemsFound, match="«skår»"):
        match_full(pd.Series([0.1, np.nan], name="skår"), [1, 0])
    with pytest.raises(ValueError, match="missing"):
        match_full([0.1, np.nan], [1, 0])
    with pytest.raises(ValueError, match="estimand"):
        match_full([0.1, 0.2], [1, 0], estimand="ATO")
    for name in ("min_controls", "max_controls", "max_treated"):
        with pytest.raises(ValueError, match=name):
            match_full([0.1, 0.2], [1, 0], **{name: 0})
    with pytest.raises(ValueError, match="min_controls"):
        match_full([0.1, 0.2], [1, 0], min_controls=3, max_controls=2)
    with pytest.raises(ValueError, match="limits"):
        match_full([0.1, 0.2], [1, 0], max_controls=2, caliper=1.0)
