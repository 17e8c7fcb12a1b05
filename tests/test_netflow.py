"""Steps along a line: the cheapest of all walks that the limits allow."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.matching.netflow import NO_LIMIT, cheapest_steps, line_degrees


def cheapest_by_trying(gaps, low, high):
    best = np.inf
    for steps in product(*(range(a, b + 1) for a, b in zip(low, high, strict=True))):
        flow = np.cumsum(steps)
        if flow[-1] == 0:
            best = min(best, float(gaps @ np.abs(flow[:-1])))
    return best


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_steps_are_the_cheapest_that_sum_to_nothing(data):
    m = data.draw(st.integers(2, 5))
    gaps = np.array(data.draw(st.lists(st.sampled_from([0.1, 0.25, 0.3, 1.0, 7.0]), min_size=m - 1, max_size=m - 1)))
    low = np.array(data.draw(st.lists(st.integers(-3, 2), min_size=m, max_size=m)))
    high = low + np.array(data.draw(st.lists(st.integers(0, 3), min_size=m, max_size=m)))
    wish = np.zeros(m, dtype=np.int64)
    if not low.sum() <= 0 <= high.sum():
        with pytest.raises(ValueError, match="cannot be met"):
            cheapest_steps(gaps, low, high, wish)
        return
    steps = cheapest_steps(gaps, low, high, wish)
    assert steps.sum() == 0
    assert ((steps >= low) & (steps <= high)).all()
    cost = float(gaps @ np.abs(np.cumsum(steps)[:-1]))
    assert cost == pytest.approx(cheapest_by_trying(gaps, low, high), abs=1e-12)


def test_equal_scores_share_as_evenly_as_possible():
    score, treated = np.zeros(7), np.array([1, 1, 0, 0, 0, 0, 0], dtype=bool)
    degrees = line_degrees(score, treated, (1, NO_LIMIT), (1, NO_LIMIT))
    assert degrees.tolist() == [3, 2, 1, 1, 1, 1, 1]


def test_of_equal_totals_the_one_with_fewest_pairs_is_taken():
    # Persons 2 and 3 cost 1 each towards the ends, or 2 as a pair: two sets of three, or three sets of two.
    score, treated = np.array([-1.0, -1, 0, 2, 3, 3]), np.array([1, 0, 1, 0, 1, 0], dtype=bool)
    degrees = line_degrees(score, treated, (1, NO_LIMIT), (1, NO_LIMIT))
    assert degrees.tolist() == [1, 1, 1, 1, 1, 1]


def test_limits_hold_for_every_person():
    rng = np.random.default_rng(1)
    score = np.sort(rng.normal(size=60))
    treated = rng.permutation(np.arange(60) < 20)
    degrees = line_degrees(score, treated, (1, 3), (1, 1))
    assert degrees[treated].max() <= 3
    assert degrees[treated].min() >= 1
    assert (degrees[~treated] == 1).all()
