"""Levels and months by least squares, many samples at once, against regressions on dummies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.staggered.two_way import connected, two_way


def sums(seed, levels=5, months=6):
    """Weights with holes, and outcomes."""
    rng = np.random.default_rng(seed)
    w = rng.choice([0.5, 1.0, 3.0], (levels, months)) * (rng.random((levels, months)) > 0.25)
    w[:, 0] = w[0, :] = 1.0
    return w, w * rng.normal(size=w.shape)


def dummies(w):
    """Weighted rows of levels and months, the first month left out, for the cells that are there."""
    level, month = np.nonzero(w)
    columns = [level[:, None] == np.arange(w.shape[0]), month[:, None] == np.arange(1, w.shape[1])]
    return np.hstack(columns).astype("float64"), level, month


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_fits_equal_least_squares_on_dummies(seed):
    w, wy = sums(seed)
    x, level, month = dummies(w)
    root = np.sqrt(w[level, month])
    beta = np.linalg.lstsq(x * root[:, None], root * (wy / np.where(w > 0, w, 1))[level, month], rcond=None)[0]
    found = two_way(w, wy)
    assert found.level == pytest.approx(beta[: len(w)], abs=1e-10)
    assert found.month == pytest.approx(np.concatenate([[0.0], beta[len(w) :]]), abs=1e-10)


def test_many_samples_at_once_are_each_one_alone():
    pairs = [sums(seed) for seed in range(4)]
    together = two_way(np.stack([w for w, _ in pairs]), np.stack([wy for _, wy in pairs]))
    for place, (w, wy) in enumerate(pairs):
        alone = two_way(w, wy)
        assert together.month[place] == pytest.approx(alone.month, abs=1e-12)
        assert together.level[place] == pytest.approx(alone.level, abs=1e-12)


def test_gradients_say_what_each_cell_moves_a_contrast_by():
    w, wy = sums(3)
    found = two_way(w, wy)
    by_month, by_level = np.zeros((1, 6)), np.zeros((1, 5))
    by_month[0, 4] = by_level[0, 2] = 1.0
    g_month, g_level = found.gradients(by_month, by_level)
    assert float((wy * (g_month + g_level.T)).sum()) == pytest.approx(found.month[4] + found.level[2], abs=1e-12)
    moved = wy.copy()
    moved[0, 4] += 0.1
    again = two_way(w, moved)
    change = again.month[4] + again.level[2] - found.month[4] - found.level[2]
    assert change == pytest.approx(0.1 * (g_month[0, 4] + g_level[0, 0]), abs=1e-12)


def test_months_that_nobody_is_seen_in_are_missing_and_the_others_stay():
    w, wy = sums(5)
    w[:, 3] = wy[:, 3] = 0
    found = two_way(w, wy)
    kept = np.delete(np.arange(6), 3)
    assert np.isnan(found.month[3])
    assert found.month[kept] == pytest.approx(two_way(w[:, kept], wy[:, kept]).month, abs=1e-12)


def test_a_level_that_nobody_is_in_is_missing():
    w, wy = sums(5)
    w[2] = wy[2] = 0
    assert np.isnan(two_way(w, wy).level).tolist() == [False, False, True, False, False]


def test_months_that_share_no_level_cannot_be_compared():
    w = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    assert not connected(w)
    assert np.isnan(two_way(w, w).month).all()
    chain = np.array([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
    assert connected(chain)
    assert connected(np.stack([w, w[::-1], chain[:2]])).tolist() == [False, False, True]
