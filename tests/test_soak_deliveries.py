"""A seeded sample of the long study of deliveries after accidents (`make soak` runs 500)."""

import pytest

from benchmarks.soak_deliveries import card_of, fault_of, found_tables, good_files, slow_tables, taken


@pytest.mark.parametrize("first", range(1000, 1060, 10))
def test_after_accidents_a_delivery_is_read_as_it_stands_or_refused_without_a_value(first):
    faults = {seed: fault for seed in range(first, first + 10) if (fault := fault_of(seed)[1])}
    assert faults == {}


def test_before_the_accidents_the_delivery_is_accepted_with_its_counts_and_checksums(tmp_path):
    delivery, _ = taken(card_of(good_files()), good_files(), tmp_path)
    assert found_tables(delivery) == slow_tables(good_files())
    assert len(delivery.persons) == 40
