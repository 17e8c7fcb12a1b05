"""Controlled rounding: adds up, moves less than the base, and does not depend on how the table was sorted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.disclosure.cells import crossed, linked, table_cells, with_groups, with_total, without_total
from analysis.disclosure.rounding import round_cells, round_table
from analysis.problems import ProblemsFound

TWO_WAY = arrays("int64", st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.integers(0, 20))
BASES = st.sampled_from([2, 3, 5, 10])


def with_margins(counts: np.ndarray) -> np.ndarray:
    """A table with its totals, one axis at a time."""
    for axis in range(counts.ndim):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    return counts


def inside(cells: np.ndarray) -> np.ndarray:
    return cells[tuple(slice(0, -1) for _ in cells.shape)]


def assert_controlled(cells: np.ndarray, true: np.ndarray, base: int) -> None:
    assert (cells % base == 0).all()
    assert (np.abs(cells - true) < base).all()
    assert (cells == true)[true % base == 0].all()


@given(TWO_WAY, BASES)
@settings(max_examples=80, deadline=None)
def test_a_two_way_table_adds_up_and_every_number_moves_less_than_the_base(counts, base):
    found = round_table(counts, base, key=b"test")
    assert_controlled(found.cells, with_margins(counts), base)
    assert (with_margins(inside(found.cells)) == found.cells).all()
    assert found.within_base
    assert found.how == "linear"
    assert found.largest == np.abs(found.cells - with_margins(counts)).max()


@given(arrays("int64", st.integers(1, 12), elements=st.integers(0, 9)), BASES)
@settings(max_examples=40, deadline=None)
def test_a_list_adds_up_to_its_total(counts, base):
    found = round_table(counts, base)
    assert_controlled(found.cells, with_margins(counts), base)
    assert found.cells[:-1].sum() == found.cells[-1]


@given(arrays("int64", st.tuples(st.integers(2, 4), st.integers(2, 3), st.integers(2, 3)), elements=st.integers(0, 9)))
@settings(max_examples=40, deadline=None)
def test_a_three_way_table_always_adds_up_and_says_when_a_sum_moved_further(counts):
    found = round_table(counts, 3)
    true = with_margins(counts)
    assert (with_margins(inside(found.cells)) == found.cells).all()
    assert_controlled(inside(found.cells), counts, 3)
    assert found.within_base == (found.largest < 3 and bool((found.cells == true)[true % 3 == 0].all()))


def test_where_no_three_way_rounding_exists_the_sums_move_as_little_as_they_can():
    # Ones at the corners (0,1,1), (1,0,1), (1,1,0): every pair of them shares a line, and every line sums to 0 or 2.
    counts = np.array([[[0, 0], [0, 1]], [[0, 1], [1, 0]]])
    choices = np.array(np.meshgrid(*[[0, 2]] * 3)).reshape(3, -1).T
    tables = np.zeros((8, 2, 2, 2), "int64")
    tables[:, 0, 1, 1], tables[:, 1, 0, 1], tables[:, 1, 1, 0] = choices.T
    true = with_margins(counts)
    moved = [np.abs(with_margins(table) - true) for table in tables]
    assert all((one >= 2).any() or (one > 0)[true % 2 == 0].any() for one in moved)
    found = round_table(counts, 2)
    assert (found.how, found.within_base, found.largest) == ("relaxed", False, min(one.max() for one in moved))
    assert (with_margins(inside(found.cells)) == found.cells).all()


def test_offices_add_up_to_regions_and_the_whole():
    rng = np.random.default_rng(2)
    regions = ["nord", "nord", "vest", "nord", "vest", "sør"]
    counts = rng.poisson(4, size=(6, 3))
    members = crossed(with_groups(regions), with_total(3))
    found = round_cells(counts.ravel(), members, 3)
    cells = found.cells.reshape(10, 4)
    assert_controlled(found.cells, members @ counts.ravel(), 3)
    assert (cells[6] == cells[[0, 1, 3]].sum(axis=0)).all()
    assert (cells[9] == cells[6:9].sum(axis=0)).all()
    assert (cells[:, 3] == cells[:, :3].sum(axis=1)).all()
    assert (found.how, found.within_base) == ("linear", True)


def test_linked_tables_are_rounded_as_one():
    # Atoms by office and whether still followed; published: all persons, and those followed.
    counts = np.array([[1, 7], [3, 4], [0, 5], [2, 2]])
    everybody = crossed(with_total(4), with_total(2))[2::3]
    followed = crossed(with_total(4), without_total(2))[1::2]
    found = round_cells(counts.ravel(), linked(everybody, followed), 3)
    all_persons, still = found.cells[:5], found.cells[5:]
    assert_controlled(all_persons, np.append(counts.sum(axis=1), 24), 3)
    assert_controlled(still, np.append(counts[:, 1], 18), 3)
    assert (all_persons >= still).all()
    assert all_persons[:4].sum() == all_persons[4]
    assert still[:4].sum() == still[4]


@given(TWO_WAY, st.permutations(range(6)), st.permutations(range(5)))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_and_columns_does_not_matter(counts, rows, columns):
    rows = [row for row in rows if row < counts.shape[0]]
    columns = [column for column in columns if column < counts.shape[1]]
    plain = inside(round_table(counts, 3, key=b"k").cells)
    moved = inside(round_table(counts[np.ix_(rows, columns)], 3, key=b"k").cells)
    # Equal rows cannot be told apart, so that the rows with their rounding are compared as a collection.
    assert collection(counts[np.ix_(rows, columns)], moved) == collection(counts, plain)


def collection(counts: np.ndarray, cells: np.ndarray) -> tuple[list, list]:
    pairs = counts * 1000 + cells
    return sorted(tuple(sorted(row)) for row in pairs.tolist()), sorted(tuple(sorted(row)) for row in pairs.T.tolist())


def test_rows_that_differ_keep_their_rounding_exactly_when_they_are_moved():
    counts = np.random.default_rng(3).integers(0, 40, size=(9, 4))
    turned = np.random.default_rng(4).permutation(9)
    assert (round_table(counts[turned], 3).cells[:-1] == round_table(counts, 3).cells[turned]).all()


def test_the_same_table_is_rounded_the_same_way_and_another_key_rounds_otherwise():
    counts = np.random.default_rng(5).poisson(4, size=(8, 4))
    assert (round_table(counts, 3, key=b"a").cells == round_table(counts, 3, key=b"a").cells).all()
    assert (round_table(counts, 3, key=b"a").cells != round_table(counts, 3, key=b"b").cells).any()


def test_over_keys_rounding_is_unbiased_and_every_small_count_goes_both_ways():
    counts = np.array([1, 2, 4, 1, 5, 8])
    cells = np.array([round_table(counts, 3, key=str(one).encode()).cells for one in range(300)])
    true = with_margins(counts)
    # A mean of 300 draws of 0 or 3 has a standard error of 0.09; margins that must fit pull a little besides.
    assert np.abs(cells.mean(axis=0) - true).max() < 0.4
    assert all(len(np.unique(cells[:, place])) == 2 for place in np.flatnonzero(true % 3))


def test_every_table_that_the_guarantee_names_could_have_given_the_same_rounding():
    found = round_table(np.array([1, 4, 0, 2]), 3, key=b"one")
    for atom, more in ((0, 1), (1, 2), (2, 1), (3, 2)):
        other = found.atoms.copy()
        other[atom] += more
        keys = (str(one).encode() for one in range(400))
        assert any((round_table(other, 3, key=key).cells == found.cells).all() for key in keys)


def test_numbers_published_before_come_again_and_a_changed_count_is_told_of():
    counts = np.random.default_rng(6).poisson(4, size=(6, 3))
    first = round_table(counts, 3, key=b"a").cells
    kept = np.where(np.arange(first.size).reshape(first.shape) % 2 == 0, first, -1)
    again = round_table(counts, 3, key=b"b", kept=kept).cells
    assert (again[kept >= 0] == first[kept >= 0]).all()
    assert (with_margins(inside(again)) == again).all()
    with pytest.raises(ProblemsFound, match="tidligere frigitte tall: 1 tall"):
        round_table(np.array([9, 4]), 3, kept=np.array([3, -1, -1]))


def test_numbers_published_before_that_cannot_add_up_are_refused():
    with pytest.raises(ProblemsFound, match="summer som stemmer"):
        round_table(np.array([1, 1]), 3, kept=np.array([3, 3, 0]))


def test_what_is_no_count_is_refused():
    for counts, base in (([1.5, 2], 3), ([-1, 2], 3), ([1, 2], 1)):
        with pytest.raises(ValueError, match="whole numbers"):
            round_table(np.array(counts), base)
    with pytest.raises(ValueError, match="whole numbers"):
        round_cells(np.array([1, 2, 3]), table_cells((2,)), 3)


def test_empty_tables_and_tables_of_zeros_pass():
    assert (round_table(np.zeros((3, 2), "int64"), 3).cells == 0).all()
    assert (round_table(np.array([[6, 3], [0, 9]]), 3).cells == with_margins(np.array([[6, 3], [0, 9]]))).all()
