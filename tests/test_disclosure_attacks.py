"""A seeded sample of the long study of attacks (`make soak` draws 2000 tables): no guarantee breaks, and the attacker
has teeth."""

import numpy as np
import pytest

from analysis.disclosure.cells import table_cells
from analysis.disclosure.profiles import profile, read_profiles
from benchmarks.soak_disclosure import KINDS, ROOT, VARIANTS, counted, table, teeth, treated

TABLES = 18


def test_no_profile_gives_away_more_than_it_promises():
    found = list(counted(TABLES))
    assert {name for name, _, _ in found} == {f"{key}, {method}" for key, method in VARIANTS}
    assert sum(counts["tables"] for _, _, counts in found) >= 100
    assert sum(counts["protected"] for _, _, counts in found) > 500
    assert [(name, kind) for name, kind, counts in found if counts["broken"] or counts["outside"]] == []


def test_the_same_attacker_breaks_careless_publication():
    for name, at_risk, won in teeth(12):
        assert won > at_risk / 4, name


@pytest.mark.parametrize("kind", ["list", "two_way", "three_way"])
def test_the_study_lists_the_cells_of_a_table_on_its_own_and_the_same_way(kind):
    drawn = table(kind, 3)
    assert drawn.shape is not None
    assert (drawn.members(drawn.cells).toarray() == table_cells(drawn.shape).toarray()).all()


def test_the_tables_of_the_study_have_small_counts_margins_and_differences():
    for kind in KINDS:
        counts = np.concatenate([table(kind, seed).counts for seed in range(20)])
        assert ((counts > 0) & (counts < 5)).mean() > 0.2
    linked = table("linked", 1)
    assert all(len(group) for group in linked.cells)
    assert not set(linked.unpublished) & set(linked.cells)


def test_redaction_is_asked_for_plain_tables_alone():
    by = profile(read_profiles(ROOT / "config" / "disclosure.yaml"), "opensafely")
    assert treated(table("linked", 1), by) is None
    assert treated(table("two_way", 1), by) is not None
