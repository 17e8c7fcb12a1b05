"""Effects beside rounded counts: decimals by what fits, held against a count of every combination by brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.disclosure.effect_precision import Clue, Fits, Guarantee, Pair, effect_levels, possible

RULE = Guarantee(threshold=5, base=3)


def rounded(count, base=3):
    """What a count could be by its published value, as one who knows the base reads it."""
    value = (count + base // 2) // base * base
    return np.arange(max(0, value - base + 1), value + base)


def difference(names, boxes, true):
    """The clue of y1/n1 - y0/n0."""
    n1, y1, n0, y0 = (
        boxes[name].reshape([-1 if k == place else 1 for k in range(4)]) for place, name in enumerate(names)
    )
    at = tuple(int(np.flatnonzero(boxes[name] == true[name])[0]) for name in names)
    return Clue(names[1], names, y1 / np.maximum(n1, 1) - y0 / np.maximum(n0, 1), at)


def study(sizes, works, fulls):
    """Two outcomes of the same persons, the one inside the other: two effects."""
    true = {"n1": sizes[0], "n0": sizes[1], "w1": works[0], "w0": works[1], "f1": fulls[0], "f0": fulls[1]}
    boxes = {name: rounded(count) for name, count in true.items()}
    clues = [difference(("n1", f"{one}1", "n0", f"{one}0"), boxes, true) for one in "wf"]
    pairs = [Pair("w1", "f1"), Pair("w0", "f0")]
    return true, boxes, clues, pairs


def fitting(boxes, clues, levels):
    """Every whole number that goes with the counts and the effects as printed, by trying all of them."""
    names = list(boxes)
    grid = dict(zip(names, np.meshgrid(*boxes.values(), indexing="ij"), strict=True))
    fits = np.ones(grid["n1"].shape, dtype=bool)
    for clue in clues:
        level = levels[clue.key]
        if level is not None:
            n1, y1, n0, y0 = (grid[name] for name in clue.names)
            values = y1 / np.maximum(n1, 1) - y0 / np.maximum(n0, 1)
            fits &= np.round(values * 10**level) == np.round(clue.values[clue.true] * 10**level)
    return {name: own[fits] for name, own in grid.items()}


@given(
    st.tuples(st.integers(60, 400), st.integers(60, 400)),
    st.tuples(st.integers(16, 29), st.integers(16, 29)),
    st.tuples(st.integers(0, 6), st.integers(0, 6)),
)
@settings(max_examples=25, deadline=None)
def test_whoever_lists_all_that_fits_keeps_the_base_for_every_small_difference(sizes, works, gaps):
    fulls = tuple(work - gap for work, gap in zip(works, gaps, strict=True))
    true, boxes, clues, pairs = study(sizes, works, fulls)
    levels = effect_levels(clues, boxes, pairs, RULE)
    found = fitting(boxes, clues, levels)
    for arm in "10":
        gap = true[f"w{arm}"] - true[f"f{arm}"]
        if 1 <= gap < RULE.threshold:
            assert len(np.unique(np.abs(found[f"w{arm}"] - found[f"f{arm}"]))) >= RULE.base


def test_three_decimals_whatever_is_told_would_give_small_differences_away():
    broken = 0
    for work in range(20, 40):
        _, boxes, clues, pairs = study((117, 101), (work, work - 3), (work - 2, work - 7))
        found = fitting(boxes, clues, {clue.key: 3 for clue in clues})
        if len(np.unique(np.abs(found["w1"] - found["f1"]))) < RULE.base:
            broken += 1
            assert set(effect_levels(clues, boxes, pairs, RULE).values()) != {3}
    assert broken


def test_many_persons_with_nothing_small_between_them_have_three_decimals():
    _, boxes, clues, _ = study((3000, 2500), (1000, 900), (600, 500))
    assert effect_levels(clues, boxes, [], RULE) == {"w1": 3, "f1": 3}


def test_a_second_effect_is_judged_by_what_the_first_has_told():
    for work in range(20, 60):
        true, boxes, clues, pairs = study((117, 101), (work, work - 3), (work - 2, work - 7))
        alone = effect_levels(clues[1:], boxes, pairs, RULE)
        after = effect_levels(clues, boxes, pairs, RULE)
        if alone["f1"] == 3 and after["f1"] != 3:
            return
    pytest.fail("no second effect was judged more strictly than alone")


def test_the_decision_says_no_more_than_what_is_printed():
    """Of all combinations that print alike with the decimals that they get, enough stay for a reader who knows the
    rule and tries it on each."""
    true, boxes, clues, pairs = study((117, 101), (30, 27), (28, 23))
    clue, small = clues[0], {name: boxes[name] for name in (*clues[0].names, "f1")}
    printed = {}
    for at in itertools.product(*(range(len(small[name])) for name in clue.names)):
        one = Clue(clue.key, clue.names, clue.values, at)
        level = effect_levels([one], small, [Pair("w1", "f1")], RULE)[clue.key]
        text = (level, None if level is None else int(np.round(clue.values[at] * 10**level)))
        printed.setdefault(text, []).append(small["w1"][at[clue.names.index("w1")]])
    for works in printed.values():
        gaps = {abs(int(work) - int(full)) for work in works for full in small["f1"]}
        assert len(gaps) >= RULE.base or not any(1 <= gap < RULE.threshold for gap in gaps)


def test_a_printed_standard_error_counts_as_much_as_the_effect():
    _, boxes, clues, pairs = study((117, 101), (30, 27), (28, 23))
    one = clues[0]
    telling = Clue(one.key, one.names, one.values, one.true, np.arange(one.values.size).reshape(one.values.shape))
    small = {**boxes, "f1": np.array([28])}
    assert effect_levels([one], small, pairs[:1], RULE)["w1"] is not None
    assert effect_levels([telling], small, pairs[:1], RULE)["w1"] is None


@given(st.integers(0, 2**16))
@settings(max_examples=30, deadline=None)
def test_elimination_finds_what_trying_everything_finds(seed):
    draw = np.random.default_rng(seed)
    boxes = {name: np.arange(3) for name in "abcde"}
    known = [Fits(names, draw.random((3, 3)) < 0.6) for names in (("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"))]
    grid = np.meshgrid(*boxes.values(), indexing="ij")
    at = dict(zip(boxes, grid, strict=True))
    fits = np.ones((3,) * 5, dtype=bool)
    for one in known:
        fits &= one.table[tuple(at[name] for name in one.names)]
    np.testing.assert_array_equal(possible(known, boxes, ("e", "a")), fits.any(axis=(1, 2, 3)).T)
