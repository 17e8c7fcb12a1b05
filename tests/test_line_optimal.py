"""Optimal matching: R's specifications, stored optima, and the assignment problem solved another way."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from r_sets import DATA, points_of, score_of, spec_of, specs, stored, strata_of, total_distance, treated_of
from scipy.optimize import linear_sum_assignment

from analysis.matching import near_edges
from analysis.matching.line_optimal import match_optimal
from analysis.problems import ProblemsFound


def best_assignment(gaps, ratio=1):
    """(treated with a partner, pairs, total distance) of the best answer; gaps (n₁, n₀), ∞ where not allowed."""
    n_treated, n_comparison = gaps.shape
    table = np.repeat(np.where(np.isfinite(gaps), gaps, 1e6), ratio, axis=0)
    skip = np.full((len(table), len(table)), 1e6)
    np.fill_diagonal(skip, np.where(np.arange(len(table)) % ratio == 0, 2000.0, 1000.0))
    row, column = linear_sum_assignment(np.hstack([table, skip]))
    real = column < n_comparison
    return len(set(row[real] // ratio)), int(real.sum()), float(table[row[real], column[real]].sum())


def answer(*given, **options):
    try:
        pairs = match_optimal(*given, **options).pairs
    except ProblemsFound:
        return 0, 0, 0.0
    return pairs["treated_row"].nunique(), len(pairs), float(pairs["distance"].sum())


def drawn_cases(seed, cases):
    """Scores with and without ties, few and many treated, with and without a caliper."""
    rng = np.random.default_rng(seed)
    for case in range(cases):
        n = int(rng.integers(2, 26))
        score = rng.normal(size=n) if case % 2 else rng.integers(0, rng.integers(1, 15), n) / 8.0
        treated = rng.random(n) < rng.uniform(0.1, 0.9)
        treated[rng.choice(n, 2, replace=False)] = [True, False]
        yield score, treated, int(rng.integers(1, 4)), None if case % 3 == 0 else float(rng.uniform(0.05, 1)), rng


@pytest.mark.parametrize(("data", "name"), specs("optimal"))
def test_total_distance_is_not_above_that_of_r(data, name):
    spec, points, treated = spec_of(data, name), points_of(data, name), treated_of(data)
    found = match_optimal(points, treated, ratio=spec["arguments"].get("ratio", 1), strata=strata_of(data, name))
    theirs = total_distance(points, treated, np.array(spec["subclass"]), spec["weights"])
    assert found.pairs["distance"].sum() <= theirs + 1e-8
    assert (found.weights > 0).sum() == (np.array(spec["weights"]) > 0).sum()
    assert total_distance(points, treated, found.subclass, found.weights) == pytest.approx(
        found.pairs["distance"].sum(), abs=1e-8
    )


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("scale", ["probability", "linear"])
def test_the_stored_optimum_is_reached(data, scale):
    name = "opt_ps" if data == "lalonde" else "opt_ps_exact_region"
    score = score_of(data, name)
    score = score if scale == "probability" else np.log(score / (1 - score))
    found = match_optimal(score, treated_of(data))
    assert found.pairs["distance"].sum() == pytest.approx(stored(data)["optimum"][scale]["optimal"], abs=1e-8)


def test_five_hundred_small_cases_equal_the_assignment_problem():
    for score, treated, ratio, caliper, _ in drawn_cases(1, 500):
        gaps = np.abs(score[treated][:, None] - score[~treated])
        width = np.inf if caliper is None else caliper * score.std(ddof=1)
        expected = best_assignment(np.where(gaps <= width, gaps, np.inf), ratio)
        got = answer(score, treated, ratio=ratio, caliper=caliper)
        assert got[:2] == expected[:2]
        assert got[2] == pytest.approx(expected[2], abs=1e-9)


def test_coordinates_with_a_caliper_on_a_score_equal_the_assignment_problem():
    for score, treated, ratio, caliper, rng in drawn_cases(2, 200):
        points = np.column_stack([score, rng.integers(0, 3, len(score)) * 0.3])
        gaps = np.sqrt(((points[treated][:, None] - points[~treated]) ** 2).sum(axis=2))
        options = {} if caliper is None else {"caliper": caliper, "caliper_on": score}
        if caliper is not None:
            far = np.abs(score[treated][:, None] - score[~treated]) > caliper * score.std(ddof=1)
            gaps = np.where(far, np.inf, gaps)
        expected = best_assignment(gaps, ratio)
        got = answer(points, treated, ratio=ratio, **options)
        assert got[:2] == expected[:2]
        assert got[2] == pytest.approx(expected[2], abs=1e-9)


def test_strata_are_matched_one_by_one():
    rng = np.random.default_rng(3)
    score, stratum = rng.normal(size=80), rng.integers(0, 5, 80)
    treated = rng.random(80) < 0.4
    found = match_optimal(score, treated, strata=pd.Series(stratum))
    assert (stratum[found.pairs["treated_row"]] == stratum[found.pairs["comparison_row"]]).all()
    apart = [answer(score[stratum == s], treated[stratum == s]) for s in range(5)]
    assert len(found.pairs) == sum(pairs for _, pairs, _ in apart)
    assert found.pairs["distance"].sum() == pytest.approx(sum(total for *_, total in apart), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), ratio=st.integers(1, 3), slope=st.sampled_from([-3.0, 0.01, 250.0]))
def test_row_order_and_the_unit_of_the_score_do_not_move_the_pairs(seed, ratio, slope):
    rng = np.random.default_rng(seed)
    score, treated = rng.normal(size=40), rng.random(40) < 0.3
    treated[:2] = [True, False]
    order = rng.permutation(40)
    plain = match_optimal(score, treated, ratio=ratio)
    moved = match_optimal((slope * score + 5)[order], treated[order], ratio=ratio)
    assert moved.pairs["distance"].sum() == pytest.approx(abs(slope) * plain.pairs["distance"].sum(), rel=1e-9)
    if slope > 0:
        ends = zip(order[moved.pairs["treated_row"]], order[moved.pairs["comparison_row"]], strict=True)
        assert set(ends) == set(zip(plain.pairs["treated_row"], plain.pairs["comparison_row"], strict=True))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_duplicated_cohort_doubles_the_optimum_and_the_books_add_up(seed):
    rng = np.random.default_rng(seed)
    score, treated = rng.normal(size=30), rng.random(30) < 0.3
    treated[:2] = [True, False]
    once, twice = match_optimal(score, treated), match_optimal(np.tile(score, 2), np.tile(treated, 2))
    assert twice.pairs["distance"].sum() == pytest.approx(2 * once.pairs["distance"].sum(), abs=1e-9)
    assert set(once.dropped["row"]) == set(np.flatnonzero(once.weights == 0)) == set(np.flatnonzero(once.subclass < 0))
    assert once.pairs["comparison_row"].is_unique


def test_reasons_tell_why_someone_is_left_out():
    score = np.array([0.0, 0.1, 0.05, 5.0, 0.2, 9.0])
    treated = np.array([1, 1, 0, 1, 1, 0], dtype=bool)
    strata = pd.Series(["a", "a", "a", "a", "b", "c"])
    found = match_optimal(score, treated, strata=strata, caliper=0.1)
    assert dict(zip(found.dropped["row"], found.dropped["reason"], strict=True)) == {
        1: "comparisons_taken",
        3: "no_comparison_within_caliper",
        4: "no_comparison_in_stratum",
        5: "no_treated_in_stratum",
    }


def test_the_comparison_group_can_be_the_target():
    score, treated = np.array([0.0, 1.0, 2.0, 2.1, 0.2]), np.array([1, 1, 1, 0, 0], dtype=bool)
    found = match_optimal(score, treated, estimand="ATC")
    assert found.pairs[["treated_row", "comparison_row"]].to_numpy().tolist() == [[0, 4], [2, 3]]
    assert found.dropped["reason"].tolist() == ["not_chosen"]


def test_one_comparison_person_and_all_tied_are_matched():
    found = match_optimal([0.1, 0.2, 0.3], [1, 1, 0])
    assert found.pairs["treated_row"].tolist() == [1]
    tied = match_optimal(np.zeros(6), [1, 0, 0, 1, 0, 0], ratio=2)
    assert tied.pairs["comparison_row"].tolist() == [1, 2, 4, 5]


def test_empty_groups_missing_scores_and_unknown_options_are_refused():
    for treated in ([1, 1], [0, 0]):
        with pytest.raises(ProblemsFound, match="er tom"):
            match_optimal([0.1, 0.2], treated)
    with pytest.raises(ProblemsFound, match="«skår»"):
        match_optimal(pd.Series([0.1, np.nan], name="skår"), [1, 0])
    with pytest.raises(ValueError, match="missing"):
        match_optimal([0.1, np.nan], [1, 0])
    with pytest.raises(ValueError, match="ATE"):
        match_optimal([0.1, 0.2], [1, 0], estimand="ATE")
    for ratio in (0, 1.5, True):
        with pytest.raises(ValueError, match="ratio"):
            match_optimal([0.1, 0.2], [1, 0], ratio=ratio)
    with pytest.raises(ValueError, match="caliper_on"):
        match_optimal([[0.1, 1.0], [0.2, 1.0]], [1, 0], caliper=0.1)
    with pytest.raises(ProblemsFound, match="innenfor samme stratum"):
        match_optimal([0.1, 9.0], [1, 0], caliper=0.1)


def test_too_many_possible_pairs_are_refused_with_their_number(monkeypatch):
    monkeypatch.setattr(near_edges, "MOST_EDGES", 10)
    with pytest.raises(ProblemsFound, match="16 mulige par"):
        match_optimal(np.eye(8)[:, :2], np.arange(8) < 4)
