"""A seeded sample of the long study of false alarms (`make soak` scans 100 MB)."""

import pytest

from benchmarks.soak_leakscan import WRITERS, alarms


@pytest.mark.parametrize("ending", WRITERS)
def test_random_numbers_raise_no_alarm_and_a_planted_one_does(ending):
    for seed in range(1000, 1002):
        assert alarms(seed, ending, planted=False, count=4000)[0] == 0
        assert alarms(seed, ending, planted=True, count=400)[0] >= 1
