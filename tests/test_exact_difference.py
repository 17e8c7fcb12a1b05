"""R's answers, known chances and properties of the exact interval of a difference between two shares."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from analysis.exact_difference import chan_zhang, greatest_chance, score_table
from analysis.proportions import mee

REFERENCE = Path(__file__).parent / "reference" / "proportions"
R_RESULTS = json.loads((REFERENCE / "p_public.json").read_text())["results"]
EXACT = [result for result in R_RESULTS if "chan_zhang_exact" in result]


def counts_of(result):
    return [result["case"][key] for key in ("x1", "n1", "x2", "n2")]


@st.composite
def small_arms(draw):
    n = draw(st.integers(1, 14))
    return draw(st.integers(0, n)), n


@pytest.mark.parametrize("result", EXACT, ids=lambda result: str(counts_of(result)))
def test_the_exact_interval_is_that_of_r_within_the_coarseness_of_its_grid(result):
    interval = chan_zhang(*counts_of(result))
    assert (interval.low, interval.high) == pytest.approx(result["chan_zhang_exact"], abs=1e-4)
    # R's grid of 400 points finds too small a maximum, so its interval can only be the narrower one.
    low, high = result["chan_zhang_exact"]
    assert interval.low <= low + 1e-6
    assert interval.high >= high - 1e-6
    assert interval.method == "chan_zhang"


def test_with_one_person_per_arm_the_greatest_chance_is_known():
    # Under p1 − p2 = d the table 1/1 against 0/1 has chance (p + d)(1 − p), greatest at p = (1 − d)/2: ((1 + d)/2)².
    for difference in (0.1, 0.35, 0.8):
        found = greatest_chance(1, 1, 0, 1, difference=difference)
        assert found == pytest.approx(((1 + difference) / 2) ** 2, abs=1e-9)
    # The lower bound is where that chance is 0.025, also for negative differences: 2·√0.025 − 1.
    assert chan_zhang(1, 1, 0, 1).low == pytest.approx(2 * math.sqrt(0.025) - 1, abs=1e-7)


def test_the_greatest_chance_is_never_below_a_fine_grid_of_the_unknown_share():
    for counts, difference in (((9, 10, 3, 10), 0.17), ((5, 56, 0, 29), -0.04), ((6, 7, 2, 7), 0.02)):
        k1, n1, k2, n2 = counts
        table = score_table(n1, n2, difference)
        extreme = table >= table[k1, k2] - 1e-9
        shares = np.linspace(max(0, -difference), min(1, 1 - difference), 20_001)
        first = binom.pmf(np.arange(n1 + 1), n1, np.clip(shares + difference, 0, 1)[:, None])
        second = binom.pmf(np.arange(n2 + 1), n2, shares[:, None])
        fine = ((first @ extreme) * second).sum(axis=1).max()
        assert 0 <= greatest_chance(*counts, difference=difference) - fine < 1e-7


@settings(max_examples=12, deadline=None)
@given(small_arms(), small_arms(), st.sampled_from([0.8, 0.95]))
def test_swapping_the_arms_or_counting_failures_mirrors_the_exact_interval(first, second, level):
    (k1, n1), (k2, n2) = first, second
    found = chan_zhang(k1, n1, k2, n2, level=level)
    for mirrored in (chan_zhang(k2, n2, k1, n1, level=level), chan_zhang(n1 - k1, n1, n2 - k2, n2, level=level)):
        assert (found.low, found.high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-6)
    assert -1 <= found.low <= found.estimate <= found.high <= 1


def test_the_exact_interval_covers_at_least_its_level_where_the_score_interval_does_not():
    n1, n2 = 6, 5
    exact, score = ({(a, b): f(a, n1, b, n2) for a in range(n1 + 1) for b in range(n2 + 1)} for f in (chan_zhang, mee))
    smallest = {"exact": 1.0, "score": 1.0}
    for p1 in np.linspace(0.05, 0.95, 10):
        for p2 in np.linspace(0.05, 0.95, 10):
            chance = np.outer(binom.pmf(range(n1 + 1), n1, p1), binom.pmf(range(n2 + 1), n2, p2))
            for name, intervals in (("exact", exact), ("score", score)):
                covered = sum(chance[at] for at, found in intervals.items() if found.low <= p1 - p2 <= found.high)
                smallest[name] = min(smallest[name], covered)
    assert smallest["exact"] >= 0.95
    assert smallest["score"] < 0.95


def test_the_edges_are_exactly_minus_one_and_one():
    assert chan_zhang(5, 5, 0, 4).high == 1.0
    assert chan_zhang(0, 5, 4, 4).low == -1.0


@pytest.mark.parametrize("counts", [(0, 0, 1, 2), (3, 2, 1, 2), (-1, 2, 1, 2), (1, 2, 1.5, 2), (math.nan, 5, 1, 2)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="count"):
        chan_zhang(*counts)


def test_an_impossible_level_and_too_large_arms_are_refused():
    with pytest.raises(ValueError, match="level"):
        chan_zhang(1, 2, 1, 2, level=95)
    with pytest.raises(ValueError, match="miettinen_nurminen"):
        chan_zhang(10, 5000, 10, 5000)
