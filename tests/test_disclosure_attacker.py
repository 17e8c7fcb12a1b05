"""The attacker: what figures say, bounds in closed form and by trying every table, and its teeth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.disclosure.attacker import (
    attacked,
    every_table,
    exact_count,
    hidden_count,
    knowledge,
    linear_bounds,
    nearest_count,
    rounded_count,
    share_clues,
    whole_bounds,
)


def bounds(atoms, clues, *targets, whole=False):
    known = knowledge(atoms, clues)
    return (whole_bounds if whole else linear_bounds)(known, targets).round(4).tolist()


def test_a_hidden_cell_is_worked_out_from_its_total():
    clues = [hidden_count([0]), exact_count([1], 57), exact_count([0, 1], 60)]
    assert bounds(2, clues, [0]) == [[3, 3]]
    found = attacked(linear_bounds(knowledge(2, clues), [[0]]), threshold=5)
    assert (found.exact.all(), found.small.all()) == (True, True)


def test_two_hidden_cells_in_a_row_and_columns_leave_a_range():
    # 2 x 2 with margins 10, 12 and 9, 13: the first cell can be 0 to 9.
    clues = [exact_count([0, 1], 10), exact_count([2, 3], 12), exact_count([0, 2], 9), exact_count([1, 3], 13)]
    assert bounds(4, clues, [0], [3]) == [[0, 9], [3, 12]]


def test_what_is_not_bounded_has_no_largest_count():
    clues = [hidden_count([0]), exact_count([1], 5)]
    assert bounds(2, clues, [0], [0, 1]) == [[0, np.inf], [5, np.inf]]
    found = attacked(linear_bounds(knowledge(2, clues), [[0]]), threshold=5, base=3)
    assert not np.any([found.exact, found.small, found.few])


@pytest.mark.parametrize(
    ("clue", "expected"),
    [
        (rounded_count([0], 6, 3), [4, 8]),
        (rounded_count([0], 0, 3), [0, 2]),
        (nearest_count([0], 10, 5), [8, 12]),
        (nearest_count([0], 10, 10), [5, 14]),
        (hidden_count([0], low=1, high=3), [1, 3]),
    ],
)
def test_a_rounded_count_says_how_far_away_the_true_one_can_be(clue, expected):
    assert bounds(1, [clue], [0]) == [expected]


def test_a_percentage_with_its_base_reveals_the_count():
    part, whole = range(1), range(2)
    clues = [exact_count(whole, 367), *share_clues(part, whole, 29.7, 1)]
    assert bounds(2, clues, [0], whole=True) == [[109, 109]]
    # 30 per cent of 367 could be any of four counts.
    clues = [exact_count(whole, 367), *share_clues(part, whole, 30, 0)]
    assert bounds(2, clues, [0], whole=True) == [[109, 111]]


def test_two_reports_give_the_drop_outs_away_and_rounded_reports_do_not():
    # Atoms by office: followed and dropped out; report 1 tells all persons, report 2 those followed.
    counts = np.array([[31, 3], [24, 2], [40, 0]])
    everybody = [exact_count([2 * one, 2 * one + 1], counts[one].sum()) for one in range(3)]
    followed = [exact_count([2 * one], counts[one, 0]) for one in range(3)]
    assert bounds(6, everybody + followed, [1], [3]) == [[3, 3], [2, 2]]
    rounded = [rounded_count([0, 1], 33, 3), rounded_count([0], 30, 3)]
    assert bounds(6, rounded, [1]) == [[0, 7]]


def test_whole_persons_can_be_known_where_a_linear_programme_is_in_doubt():
    clues = [exact_count([0, 1], 1), exact_count([1, 2], 1), hidden_count([0, 2], high=1)]
    assert bounds(3, clues, [1]) == [[0.5, 1]]
    assert bounds(3, clues, [1], whole=True) == [[1, 1]]


def test_figures_that_contradict_each_other_are_refused():
    for whole in (False, True):
        with pytest.raises(ValueError, match="contradict"):
            bounds(2, [exact_count([0], 5), exact_count([0, 1], 4)], [1], whole=whole)


@given(st.lists(st.integers(0, 4), min_size=4, max_size=4), st.integers(0, 255))
@settings(max_examples=40, deadline=None)
def test_bounds_in_whole_persons_are_those_of_every_table_that_fits(counts, shown):
    groups = [[0], [1], [2], [3], [0, 1], [2, 3], [0, 2], [1, 3]]
    clues = [
        exact_count(group, sum(counts[one] for one in group)) if shown >> place & 1 else hidden_count(group, high=8)
        for place, group in enumerate(groups)
    ]
    known = knowledge(4, clues)
    tables = every_table(known)
    assert (tables == counts).all(axis=1).any()
    for target in ([0], [3], [0, 3]):
        sums = tables[:, target].sum(axis=1)
        ((low, high),) = whole_bounds(known, [target])
        assert (low, high) == pytest.approx((sums.min(), sums.max()), abs=1e-4)
        ((wider_low, wider_high),) = linear_bounds(known, [target])
        assert wider_low <= low + 1e-4
        assert wider_high >= high - 1e-4


def test_too_many_tables_are_not_tried():
    with pytest.raises(ValueError, match="too many"):
        every_table(knowledge(2, [exact_count([0], 1)]))
    with pytest.raises(ValueError, match="too many"):
        every_table(knowledge(2, [exact_count([0, 1], 5000)]))
