"""Secondary suppression: the least cost there is, and nothing that can be worked out, checked by trying every table."""

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from workspace import ROOT

from analysis.disclosure.attacker import exact_count, hidden_count, knowledge, whole_bounds
from analysis.disclosure.cells import crossed, linked, table_cells, with_groups, with_total, without_total
from analysis.disclosure.suppression import suppress_cells, suppress_table
from analysis.problems import ProblemsFound

OPTIMA = json.loads((ROOT / "tests/reference/disclosure/sdc_suppression_optima.json").read_text(encoding="utf-8"))
SMALL = arrays("int64", st.tuples(st.integers(1, 4), st.integers(2, 4)), elements=st.integers(0, 12))


def with_margins(counts: np.ndarray) -> np.ndarray:
    for axis in range(counts.ndim):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    return counts


def reachable(counts: np.ndarray, members, hidden: np.ndarray, aims) -> np.ndarray:
    """The attacker's bounds in whole persons of the sums `aims` (k, n), when `hidden` (m,) cells are hidden."""
    groups = [row.nonzero()[0].tolist() for row in members.toarray()]
    true = members @ counts
    clues = [hidden_count(g) if h else exact_count(g, v) for g, h, v in zip(groups, hidden, true, strict=True)]
    return whole_bounds(knowledge(counts.size, clues), [row.nonzero()[0].tolist() for row in aims])


def protects(counts: np.ndarray, members, hidden: np.ndarray, primary: np.ndarray, threshold: int) -> bool:
    true = (members @ counts)[primary]
    bounds = reachable(counts, members, hidden, members.toarray()[primary])
    return bool((bounds[:, 1] >= threshold - 1e-3).all() and (bounds[:, 0] <= np.maximum(true - 1, 0) + 1e-3).all())


@pytest.mark.parametrize("name", sorted(OPTIMA))
def test_the_stored_optima_are_reached_at_both_levels(name):
    stored = OPTIMA[name]
    counts = np.array(stored["counts"])
    strict = suppress_table(counts, stored["threshold"])
    weak = suppress_table(counts, stored["threshold"], level="one")
    assert (strict.cost, weak.cost) == (stored["least_cost_level_threshold"], stored["least_persons_level_one"])
    assert strict.primary.sum() == weak.primary.sum() == stored["primary"]
    assert strict.optimal
    assert weak.optimal
    assert strict.exact
    true = with_margins(counts)
    assert strict.cost == (true + 1)[strict.hidden].sum()
    assert weak.cost == true[weak.hidden].sum()


@given(SMALL, st.booleans())
@settings(max_examples=25, deadline=None)
def test_every_small_count_can_be_believed_to_reach_the_threshold(counts, hide_zeros):
    found = suppress_table(counts, 4, hide_zeros=hide_zeros)
    true = with_margins(counts)
    assert (found.primary == ((true < 4) & ((true > 0) | hide_zeros))).all()
    assert found.hidden[found.primary].all()
    members = table_cells(counts.shape)
    assert protects(counts.ravel(), members, found.hidden.ravel(), found.primary.ravel(), 4)


@given(arrays("int64", st.tuples(st.just(2), st.integers(2, 3)), elements=st.integers(0, 9)))
@settings(max_examples=6, deadline=None)
def test_no_cheaper_pattern_protects_a_small_table(counts):
    found = suppress_table(counts, 3)
    members, true = table_cells(counts.shape), with_margins(counts).ravel()
    others = np.flatnonzero(~found.primary.ravel())
    for size in range(len(others) + 1):
        for extra in combinations(others, size):
            hidden = found.primary.ravel().copy()
            hidden[list(extra)] = True
            if (true + 1)[hidden].sum() < found.cost:
                assert not protects(counts.ravel(), members, hidden, found.primary.ravel(), 3)


def test_a_list_hides_a_second_number_or_its_total():
    found = suppress_table(np.array([2, 9, 14, 30]), 4)
    assert found.hidden.tolist() == [True, True, False, False, False]
    # Nothing else is large enough to make 4 believable: the total goes instead.
    assert suppress_table(np.array([1, 2]), 4).hidden.tolist() == [True, True, True]
    assert not suppress_table(np.array([0, 9]), 4).hidden.any()


def test_nothing_is_hidden_where_nothing_is_small():
    found = suppress_table(np.array([[8, 9], [12, 20]]), 5)
    assert not found.hidden.any()
    assert (found.cost, found.optimal, found.rounds) == (0, True, 1)


def test_the_weaker_level_can_leave_a_count_that_is_known_to_be_small():
    counts = np.array([[1, 2, 20, 30], [2, 1, 20, 30], [20, 20, 20, 20]])
    members = table_cells(counts.shape)
    weak, strict = suppress_table(counts, 5, level="one"), suppress_table(counts, 5)
    assert weak.cost == 6
    assert not protects(counts.ravel(), members, weak.hidden.ravel(), weak.primary.ravel(), 5)
    assert protects(counts.ravel(), members, strict.hidden.ravel(), strict.primary.ravel(), 5)


def test_offices_and_regions_are_protected_together():
    counts = np.random.default_rng(3).poisson(5, size=(6, 3))
    members = crossed(with_groups(["a", "a", "b", "b", "b", "c"]), with_total(3))
    found = suppress_cells(counts.ravel(), members, 4, exact=True)
    assert protects(counts.ravel(), members, found.hidden, found.primary, 4)


def test_a_difference_that_nobody_publishes_is_protected_when_it_is_named():
    counts = np.array([[2, 9], [0, 12], [1, 14], [6, 30]])  # dropped out, followed; by office
    everybody = crossed(with_total(4), with_total(2))[2::3]
    followed = crossed(with_total(4), without_total(2))[1::2]
    dropped = crossed(with_total(4), without_total(2))[0::2]
    published = linked(everybody, followed)
    assert not suppress_cells(counts.ravel(), published, 4).hidden.any()
    found = suppress_cells(counts.ravel(), published, 4, targets=dropped)
    true = dropped @ counts.ravel()
    small = dropped.toarray()[(true > 0) & (true < 4)]
    bounds = reachable(counts.ravel(), published, found.hidden, small)
    assert (bounds[:, 1] >= 4 - 1e-3).all()
    assert (bounds[:, 0] < true[(true > 0) & (true < 4)] - 0.5).all()
    assert not found.exact


def test_three_way_tables_are_protected_against_linear_programmes_and_say_so():
    counts = np.random.default_rng(4).poisson(4, size=(4, 3, 2))
    found = suppress_table(counts, 4)
    assert not found.exact
    assert found.hidden.shape == (5, 4, 3)
    assert found.hidden[found.primary].all()
    assert found.bound <= found.cost


def test_a_search_that_is_cut_short_still_protects(monkeypatch):
    monkeypatch.setattr("analysis.disclosure.suppression.ROUNDS", 1)
    counts = np.array(OPTIMA["A18x4"]["counts"])[:8]
    found = suppress_table(counts, 5)
    assert not found.optimal
    assert found.bound < found.cost
    assert protects(counts.ravel(), table_cells(counts.shape), found.hidden.ravel(), found.primary.ravel(), 5)


def test_cells_that_are_out_already_are_not_hidden_and_what_they_give_away_is_told():
    counts = np.array([[2, 9, 8], [7, 11, 12], [9, 14, 13]])
    out = np.zeros((4, 4), dtype=bool)
    out[0, 1] = True
    assert suppress_table(counts, 4).hidden[0, 1]
    found = suppress_cells(counts.ravel(), table_cells((3, 3)), 4, shown_before=out.ravel(), exact=True)
    assert not found.hidden.reshape(4, 4)[0, 1]
    assert found.optimal
    out[0] = [False, True, True, True]
    with pytest.raises(ProblemsFound, match="små tall regnes ut"):
        suppress_cells(counts.ravel(), table_cells((3, 3)), 4, shown_before=out.ravel())
    out[0, 0] = True
    with pytest.raises(ProblemsFound, match="kan ikke vernes"):
        suppress_cells(counts.ravel(), table_cells((3, 3)), 4, shown_before=out.ravel())


def test_the_order_of_rows_and_columns_does_not_matter():
    rng = np.random.default_rng(7)
    counts = rng.poisson(rng.gamma(1, 8, size=(9, 4)))
    rows, columns = rng.permutation(9), rng.permutation(4)
    plain = suppress_table(counts, 5).hidden
    moved = suppress_table(counts[np.ix_(rows, columns)], 5).hidden
    assert (moved == plain[np.ix_([*rows, 9], [*columns, 4])]).all()
    for level in ("threshold", "one"):
        assert suppress_table(counts[rows], 5, level=level).cost == suppress_table(counts, 5, level=level).cost


def test_what_is_no_count_is_refused():
    for counts in ([1.5, 2], [-1, 2]):
        with pytest.raises(ValueError, match="whole numbers"):
            suppress_table(np.array(counts), 4)
    with pytest.raises(ValueError, match="threshold"):
        suppress_table(np.array([1, 2]), 1)
