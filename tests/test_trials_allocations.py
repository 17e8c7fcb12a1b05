from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.problems import ProblemsFound
from analysis.trials.allocations import allocation, allocations, batches, count, paired, subsets


def by_hand(treated, strata):
    """All 0/1 rows with as many treated in each stratum."""
    rows = np.array(list(product([False, True], repeat=len(treated))))
    same = [rows[:, strata == s].sum(axis=1) == treated[strata == s].sum() for s in np.unique(strata)]
    return rows[np.all(same, axis=0)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=2, max_size=9))
def test_every_draw_within_strata_is_there_once(offices):
    treated, strata = np.array([one for one, _ in offices]), np.array([s for _, s in offices])
    if treated.all() or not treated.any():
        return
    drawn = allocation(treated, strata=strata)
    found, expected = allocations(drawn), by_hand(treated, strata)
    assert found.exact
    assert count(drawn) == len(expected)
    assert sorted(map(tuple, found.treated.tolist())) == sorted(map(tuple, expected.tolist()))
    mirror = (found.treated == ~treated).all(axis=1).any()
    assert drawn.mirrored == mirror


@pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 0), (6, 3), (18, 9)])
def test_subsets_are_counted_out_in_order(n, k):
    rows = subsets(n, k)
    assert rows.shape == (comb(n, k), n)
    assert (rows.sum(axis=1) == k).all()
    keys = rows[:, ::-1] @ (1 << np.arange(n, dtype=np.int64))
    assert (np.diff(keys) < 0).all()


def test_pairs_are_strata_of_two_with_one_drawn():
    treated, pair = np.array([1, 0, 0, 1, 1, 0]), np.array(["a", "a", "b", "b", "c", "c"])
    assert count(paired(treated, pair)) == 8
    assert paired(treated, pair).mirrored


@pytest.mark.parametrize(
    ("treated", "pair"), [([1, 0, 1, 1], [1, 1, 2, 2]), ([1, 0, 0], [1, 1, 1]), ([1, 0, 1], [1, 1, 2])]
)
def test_a_pair_without_one_office_in_each_group_is_refused(treated, pair):
    with pytest.raises(ProblemsFound, match="Trekningen") as refused:
        paired(treated, pair)
    assert "1 av parene" in str(refused.value)


@pytest.mark.parametrize("treated", [[1, 1, 1], [0, 0]])
def test_one_group_only_is_refused(treated):
    with pytest.raises(ProblemsFound, match="Trekningen") as refused:
        allocation(treated)
    assert "samme gruppe" in str(refused.value)


@pytest.mark.parametrize("wrong", [{"treated": [0, 2]}, {"treated": [[0, 1]]}, {"treated": [0, 1], "strata": [1]}])
def test_values_that_are_no_allocation_are_programming_errors(wrong):
    with pytest.raises(ValueError, match="must hold|shape"):
        allocation(**wrong)


def test_too_many_draws_are_sampled_with_the_observed_first_and_strata_kept():
    treated, strata = np.arange(30) % 3 == 0, np.arange(30) // 10
    drawn = allocation(treated, strata=strata)
    found, again = (allocations(drawn, draws=4000, seed=7) for _ in range(2))
    assert not found.exact
    assert found.treated.shape == (4001, 30)
    assert (found.treated[0] == treated).all()
    assert (found.treated == again.treated).all()
    for s in range(3):
        assert (found.treated[:, strata == s].sum(axis=1) == treated[strata == s].sum()).all()
        share = found.treated[1:, strata == s].mean(axis=0)
        # Binomial: five standard errors of a share of 0.3-0.4 among 4 000.
        assert np.abs(share - treated[strata == s].mean()).max() < 5 * np.sqrt(0.24 / 4000)


def test_sampling_without_a_seed_is_refused():
    with pytest.raises(ValueError, match="seed"):
        allocations(allocation(np.arange(40) % 2))


def test_batches_hold_every_row_once_as_numbers():
    rows = subsets(8, 4)
    parts = list(batches(rows, size=16))
    assert [len(part) for part in parts] == [16, 16, 16, 16, 6]
    assert parts[0].dtype == np.float64
    assert (np.concatenate(parts) == rows).all()
