"""The histogram of the score, before and after matching: no few persons of a bin can be counted, nor those dropped."""

import numpy as np
import pandas as pd
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st
from test_treat_lists import KEY, PROFILES, TREATING, is_broken
from treated_reports import MATCHED, study

from analysis.disclosure.behind import Behind
from analysis.disclosure.declared import Classification, Declared, Dimension
from analysis.disclosure.joint_audit import audit
from analysis.disclosure.published_counts import published_counts
from analysis.disclosure.treat_declared import declared_overlap, overlap_dimensions
from analysis.disclosure.treat_given import Given
from analysis.disclosure.treat_overlap import treated_overlap

NOBODY = {"n_comparison": 0, "n_comparison_matched": 0}


def histogram(kept, dropped):
    """The table of one arm's bins, the other arm empty."""
    rows = []
    for sample, counts in (("unadjusted", np.add(kept, dropped)), ("adjusted", np.array(kept))):
        for place, n in enumerate(counts):
            share = n / counts.sum() if counts.sum() else 0.0
            rows.append((place / 10, (place + 1) / 10, "treated", sample, int(n), share))
    return pd.DataFrame(rows, columns=["bin_low", "bin_high", "arm", "sample", "n", "share"])


def published(kept, dropped, rule):
    """What is published of the bins before and after, and of both totals."""
    every, left = int(np.sum(kept) + np.sum(dropped)), int(np.sum(kept))
    counts = published_counts([every, left], [], rule, key=KEY)
    sizes = {"n_treated": every, "n_treated_matched": left, **NOBODY}
    matching = pd.DataFrame([{"spec": "main", **sizes}])
    behind = Behind({"t": counts}, {"treated": "t", "comparison": "c"}, pd.DataFrame(), rule)
    found = treated_overlap(histogram(kept, dropped), Given(None, {"matching": matching}, behind, KEY))
    return found["n"].tolist(), [counts.size(every), counts.size(left)], found


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 12)), min_size=2, max_size=6), st.sampled_from(TREATING))
@settings(max_examples=60, deadline=None)
def test_bins_of_both_samples_keep_the_guarantee_together_with_the_flow(bins, key):
    rule, size = PROFILES[key], len(bins)
    kept, dropped = (np.array(side) for side in zip(*bins, strict=True))
    shown, totals, _ = published(kept, dropped, rule)
    # Atoms: those kept of each bin, then those dropped.
    clues = [((place, size + place), shown[place]) for place in range(size)]
    clues += [((place,), shown[size + place]) for place in range(size)]
    clues += [(tuple(range(2 * size)), totals[0]), (tuple(range(size)), totals[1])]
    # Of a bin nobody was dropped from, or of which nobody was kept, the sample that is printed says nothing.
    counts = [*kept, *dropped]
    targets = [who for who, _ in clues if not (len(who) == 2 * size or len(who) == size)]
    targets += [(size + place,) for place in range(size) if dropped[place]]
    assert not is_broken(counts, clues, targets, rule)


def naive(kept, dropped, rule):
    """Small counts hidden in each sample by itself."""
    return [np.nan if rule.small(count) else count for count in [*np.add(kept, dropped), *kept]]


@pytest.mark.parametrize("key", ["nav", "ssb", "research"])
def test_the_same_attacker_works_out_who_was_dropped_where_small_counts_alone_are_hidden(key):
    rule, kept, dropped = PROFILES[key], [30, 20, 41], [1, 0, 12]
    clues = [((place, 3 + place), value) for place, value in enumerate(naive(kept, dropped, rule)[:3])]
    clues += [((place,), value) for place, value in enumerate(naive(kept, dropped, rule)[3:])]
    assert is_broken([*kept, *dropped], clues, [(3,)], rule)
    shown, _, _ = published(kept, dropped, rule)
    clues = [((place, 3 + place), shown[place]) for place in range(3)]
    clues += [((place,), shown[3 + place]) for place in range(3)]
    assert not is_broken([*kept, *dropped], clues, [(3,)], rule)


def test_rounded_bins_add_up_to_the_published_sizes_in_both_samples():
    shown, totals, found = published([7, 11, 0, 3], [2, 2, 0, 5], PROFILES["public"])
    assert [sum(shown[:4]), sum(shown[4:])] == totals
    assert found["share"].round(3).tolist() == [round(n / totals[place // 4], 3) for place, n in enumerate(shown)]


def test_a_share_of_weights_is_hidden():
    table = histogram([10, 20], [5, 15])
    table.loc[table["sample"].eq("adjusted"), "share"] = [0.5, 0.5]
    every = published_counts([50, 30], [], PROFILES["public"], key=KEY)
    matching = pd.DataFrame([{"spec": "main", "n_treated": 50, "n_treated_matched": 30, **NOBODY}])
    behind = Behind({"t": every}, {"treated": "t"}, pd.DataFrame(), PROFILES["public"])
    found = treated_overlap(table, Given(None, {"matching": matching}, behind, KEY))
    assert found["n"].notna().all()
    assert found.loc[found["sample"].eq("adjusted"), "share"].isna().all()


def given_of(key, **changes):
    """What the rules know of the matched study."""
    card, tables = study(MATCHED)
    roles = {arm.role: arm.id for arm in card.arms if arm.role in ("treated", "comparison")}
    counts = {}
    for role, arm in roles.items():
        sizes = tables["attrition"].loc[tables["attrition"]["arm"].eq(arm), "persons"].tolist()
        sizes += tables["matching"][[f"n_{role}", f"n_{role}_matched"]].to_numpy().ravel().tolist()
        counts[arm] = published_counts(map(int, sizes), [], PROFILES[key], key=KEY)
    found = {**tables, **changes}
    return Given(card, found, Behind(counts, roles, pd.DataFrame(), PROFILES[key]), KEY)


@pytest.mark.parametrize("key", TREATING)
def test_the_histogram_of_the_matched_study_leaves_and_passes_an_audit(key):
    known = given_of(key)
    table = treated_overlap(known.found["overlap"], known)
    assert table["n"].notna().any()
    own = tuple(declared_overlap("r", table, known))
    assert len(own) == len(table) + 4
    groups = Dimension("gruppe", tuple(known.behind.counts))
    declared = Declared("r", "r", 1, Classification((groups, *overlap_dimensions(known))), own)
    assert audit([], declared, PROFILES[key]).findings == ()
    shown = [number for number in own if number.place.medium == "table"]
    assert [number.shown.status == "hidden" for number in shown] == sorted_as(table, own)


def sorted_as(table, own):
    """Whether each number of the table is hidden, in the order in which they are declared."""
    names = {f"{row.bin_low:g}/{row.arm}/{row.sample}": pd.isna(row.n) for row in table.itertuples()}
    return [names[number.place.row] for number in own if number.place.medium == "table"]


def test_a_histogram_whose_arms_are_not_those_of_the_flow_is_hidden():
    bins = study(MATCHED)[1]["overlap"]
    moved = bins.assign(n=bins["n"] + 1)
    found = treated_overlap(moved, given_of("public", overlap=moved))
    assert found["n"].isna().all()


def test_a_cohort_without_a_score_declares_no_bins():
    empty = {"overlap": pd.DataFrame(columns=["bin_low", "bin_high", "arm", "sample", "n", "share"])}
    nothing = Given(stages.card(stages.NSW), empty, Behind({}, {}, pd.DataFrame(), PROFILES["public"]), KEY)
    assert overlap_dimensions(nothing) == ()
    assert list(declared_overlap("r", empty["overlap"], nothing)) == []
