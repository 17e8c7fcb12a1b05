"""Choices among listed pairs: many small components, one dense, and ties at no distance."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from analysis.matching import sparse_optimal
from analysis.matching.line_full import match_full
from analysis.matching.line_optimal import match_optimal
from analysis.matching.near_edges import Edges, edges_within
from analysis.matching.sparse_optimal import cheapest_choice, cheapest_cover, most_pairs


def test_many_components_in_small_batches_equal_one_dense_solution(monkeypatch):
    rng = np.random.default_rng(1)
    points = rng.normal(size=(400, 2))
    treated, codes = rng.random(400) < 0.4, rng.integers(0, 40, 400)
    edges = edges_within(points, treated, codes)
    whole = most_pairs(edges)
    monkeypatch.setattr(sparse_optimal, "BATCH", 5)
    parts = most_pairs(edges)
    assert len(parts.distance) == len(whole.distance)
    assert parts.distance.sum() == pytest.approx(whole.distance.sum(), abs=1e-12)


def test_a_dense_table_equals_the_assignment_problem():
    points = np.random.default_rng(2).normal(size=(500, 3))
    treated = np.arange(500) < 100
    gaps = np.sqrt(((points[treated][:, None] - points[~treated]) ** 2).sum(axis=2))
    found = most_pairs(edges_within(points, treated, np.zeros(500, dtype=int)))
    assert found.distance.sum() == pytest.approx(gaps[linear_sum_assignment(gaps)].sum(), abs=1e-10)


def test_skipping_is_chosen_when_it_is_cheaper():
    left, right, cost = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1.0, 5.0, 2.0])
    assert cheapest_choice(left, right, cost, np.array([9.0, 9.0])).tolist() == [1, 2]
    assert cheapest_choice(left, right, cost, np.array([9.0, 2.5])).tolist() == [0]
    assert cheapest_choice(left[:0], right[:0], cost[:0], np.array([])).tolist() == []


def test_a_cover_at_no_distance_still_consists_of_stars():
    rows = np.repeat(np.arange(3), 4)
    cover = cheapest_cover(Edges(rows, 3 + np.tile(np.arange(4), 3), np.zeros(12)))
    own, other = np.bincount(cover.treated_row), np.bincount(cover.comparison_row)
    assert not ((own[cover.treated_row] > 1) & (other[cover.comparison_row] > 1)).any()
    assert len(set(cover.treated_row)) == 3
    assert len(set(cover.comparison_row)) == 4


def test_pairs_within_the_caliper_include_its_limit_and_keep_to_the_stratum():
    on = np.array([0.0, 0.5, 0.75, 0.5])
    edges = edges_within(on[:, None], np.array([1, 0, 0, 0], dtype=bool), np.array([0, 0, 0, 1]), on, 0.5)
    assert edges.comparison_row.tolist() == [1]


@pytest.mark.parametrize("shift", [0.3, 2.5])
def test_the_line_and_the_list_of_all_pairs_give_the_same_totals(shift):
    rng = np.random.default_rng(7)
    treated = np.arange(900) < 150
    score = rng.normal(size=900) + shift * treated
    edges = edges_within(score[:, None], treated, np.zeros(900, dtype=int))
    for ratio in (1, 3):
        line = match_optimal(score, treated, ratio=ratio)
        assert line.pairs["distance"].sum() == pytest.approx(most_pairs(edges, ratio).distance.sum(), abs=1e-8)
    full = match_full(score, treated)
    assert full.pairs["distance"].sum() == pytest.approx(cheapest_cover(edges).distance.sum(), abs=1e-8)


def test_a_hundred_thousand_persons_with_poor_overlap_are_all_placed():
    rng = np.random.default_rng(8)
    treated = np.arange(100_000) < 10_000
    score = rng.normal(size=100_000) + 2 * treated
    assert (match_full(score, treated).weights > 0).all()
    assert len(match_optimal(score, treated).pairs) == 10_000
