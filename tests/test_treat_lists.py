"""Parts of a group whose size is out: nobody can count few of them, whatever else is out about the same persons."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspace import ROOT

from analysis.disclosure.attacker import (
    attacked,
    exact_count,
    hidden_count,
    knowledge,
    nearest_count,
    rounded_count,
    whole_bounds,
)
from analysis.disclosure.profiles import read_profiles
from analysis.disclosure.published_counts import Part, published_counts
from analysis.disclosure.treat_lists import listed

PROFILES = read_profiles(ROOT / "config" / "disclosure.yaml")
TREATING = ("public", "nav", "ssb", "research", "opensafely")
KEY = b"secret"


def clue(atoms, value, rule):
    """What a reader learns of a sum of atoms."""
    if pd.isna(value):
        return hidden_count(atoms)
    if rule.method == "suppression":
        return exact_count(atoms, value)
    return (nearest_count if rule.method == "redact_and_round" else rounded_count)(atoms, value, rule.base)


def is_broken(counts, published, targets, rule):
    """Whether the attacker breaks the guarantee of one of `targets`, sums of atoms that may be small."""
    known = knowledge(len(counts), [clue(atoms, value, rule) for atoms, value in published])
    small = [atoms for atoms in targets if rule.small(sum(counts[place] for place in atoms))]
    if not small:
        return False
    found = attacked(whole_bounds(known, small), threshold=rule.threshold, base=rule.base or 2)
    return bool((found.small | found.exact if rule.method == "suppression" else found.few).any())


# An arm: who was lost, and those measured by two characteristics and whether they have the outcome.
ARM = st.tuples(
    st.integers(0, 30),
    st.integers(2, 3).flatmap(lambda k: st.lists(st.integers(0, 40), min_size=4 * k, max_size=4 * k)),
)


def arm_of(drawn):
    """Atoms (lost first, then characteristic one x two x outcome), and what each thing printed sums."""
    lost, cells = drawn
    table = np.array(cells).reshape(-1, 2, 2)
    places = 1 + np.arange(table.size).reshape(table.shape)
    counts = np.append(lost, table.ravel())
    measured = tuple(places.ravel())
    lists = [tuple(tuple(part.ravel()) for part in side) for side in (places, np.moveaxis(places, 1, 0))]
    return counts, measured, tuple(places[:, :, 0].ravel()), lists


def total(counts, atoms):
    return int(sum(counts[place] for place in atoms))


def everything(drawn, rule, chosen):
    """What is published of an arm, with the `lists` treated by `chosen`; and everything that could be small."""
    counts, measured, yes, lists = arm_of(drawn)
    sizes, n = [int(counts.sum()), total(counts, measured)], total(counts, measured)
    found = published_counts(sizes, [Part(("work", "12", "all"), n, total(counts, yes))], rule, key=KEY)
    published = [((0, *measured), found.size(sizes[0])), (measured, found.size(n))]
    published.append((yes, found.yes(n, total(counts, yes))))
    targets = [tuple(set(measured) - set(yes)), yes]
    # Nobody lost is told by two equal sizes of the flow, whatever becomes of the lists.
    targets += [(0,)] if counts[0] else []
    for parts in lists:
        values = chosen([total(counts, part) for part in parts], n, found.size(n), rule)
        published += list(zip(parts, values, strict=True))
        targets += [*parts, *(tuple(set(measured) - set(part)) for part in parts)]
    return counts, published, targets


def by_rule(parts, whole, shown, rule):
    return listed(parts, whole, shown, rule, key=KEY, open_rest=False)


@given(ARM, st.sampled_from(TREATING))
@settings(max_examples=50, deadline=None)
def test_two_lists_beside_flow_and_outcome_keep_the_guarantee(drawn, key):
    rule = PROFILES[key]
    assert not is_broken(*everything(drawn, rule, by_rule), rule)


def naive(parts, _whole, _shown, rule):
    """Small counts hidden and nothing else, or each to a multiple by itself."""
    if rule.method == "suppression":
        return [np.nan if rule.small(part) else part for part in parts]
    return [part // rule.base * rule.base for part in parts]


PLANTED = (3, [0, 1, 0, 0, 20, 14, 18, 12])


@pytest.mark.parametrize("key", ["nav", "ssb", "research"])
def test_the_same_attacker_breaks_a_threshold_alone(key):
    rule = PROFILES[key]
    assert is_broken(*everything(PLANTED, rule, naive), rule)
    assert not is_broken(*everything(PLANTED, rule, by_rule), rule)


def test_the_same_attacker_breaks_parts_that_are_rounded_each_by_itself():
    rule, parts = PROFILES["public"], [5, 5, 2, 2]
    whole = ((0, 1, 2, 3), 15.0)
    # All rounded down, beside a sum that was rounded up: each is as large as it can be.
    down = [((place,), value) for place, value in enumerate(naive(parts, None, None, rule))]
    assert is_broken(parts, [whole, *down], [(2,), (3,)], rule)
    values = by_rule(parts, 14, whole[1], rule)
    assert sum(values) == 15
    assert not is_broken(parts, [whole, *(((place,), value) for place, value in enumerate(values))], [(2,), (3,)], rule)


@given(st.lists(st.integers(0, 60), min_size=2, max_size=6), st.integers(0, 12), st.sampled_from(TREATING))
@settings(max_examples=50, deadline=None)
def test_a_list_with_a_rest_keeps_every_part_every_complement_and_the_rest(parts, rest, key):
    rule, whole = PROFILES[key], sum(parts) + rest
    shown = published_counts([whole], [], rule, key=KEY).size(whole)
    values = listed(parts, whole, shown, rule, key=KEY, open_rest=rest > 0)
    counts = [*parts, rest]
    known = [(tuple(range(len(counts))), shown), *(((place,), value) for place, value in enumerate(values))]
    known += [((len(parts),), 0.0)] if not rest and rule.method == "suppression" else []
    sides = [(place,) for place in range(len(parts))] + ([(len(parts),)] if rest else [])
    everybody = set(range(len(counts)))
    targets = [*sides, *(tuple(everybody - set(side)) for side in sides)]
    assert not is_broken(counts, known, targets, rule)


@pytest.mark.parametrize("key", ["public", "ssb"])
def test_rounded_parts_without_a_rest_add_up_to_the_published_size(key):
    rule = PROFILES["public"]
    for parts in combinations(range(1, 7), 3):
        for shown in {sum(parts) // 3 * 3, -(-sum(parts) // 3) * 3}:
            values = listed(parts, sum(parts), float(shown), rule, key=key.encode(), open_rest=False)
            assert values.sum() == shown
            assert (np.abs(values - parts) < 3).all()


@pytest.mark.parametrize("key", TREATING)
def test_a_group_whose_size_is_hidden_shows_no_part(key):
    assert np.isnan(listed([40, 60], 100, np.nan, PROFILES[key], key=KEY, open_rest=False)).all()


@pytest.mark.parametrize("key", TREATING)
def test_parts_that_are_more_than_the_group_are_hidden(key):
    assert np.isnan(listed([40, 61], 100, 100.0, PROFILES[key], key=KEY, open_rest=False)).all()


def test_parts_rounded_to_the_nearest_stand_where_they_say_nothing_of_the_whole():
    """40 and 60 leave the size as open as 100 does; 43 and 43 would say that 85 are 86 or 87."""
    rule = PROFILES["opensafely"]
    assert listed([41, 59], 100, 100.0, rule, key=KEY, open_rest=False).tolist() == [40, 60]
    assert np.isnan(listed([43, 43], 86, 85.0, rule, key=KEY, open_rest=False)).all()
