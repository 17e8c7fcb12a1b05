"""Counting and listing tables that fit: exact counts, ends that are the true ends, and speed at a hundred thousand."""

import math
import time
from itertools import product

import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.enumeration import FollowUp, count_range, two_arm_tables
from analysis.estimate_published import estimate_published
from analysis.fitting_tables import (
    LISTED,
    PrintedOdds,
    admissible_ranges,
    fitting_tables,
    known_arm_tables,
    odds_ratio_tables,
)
from analysis.proportions import pooled_z

NOVEMBER, MAY = FollowUp("2012-11", "29.7", "23.6"), FollowUp("2013-05", "30.8", "24.4")
HPMT = (NOVEMBER, MAY)
SEED = FollowUp("start+12", "48", "8")
ODDS = PrintedOdds("10.39", "2.79", "38.68")
# Percentages that fit few, many or no counts of some twenty persons.
PERCENT = st.sampled_from(["0", "20", "33", "50", "62", "12.5", "66.7", "100"])


def rows(tables):
    return tables[["n_treated", "n_comparison", "k_treated", "k_comparison"]].to_numpy().tolist()


def test_hpmt_is_counted_as_it_is_listed():
    assert fitting_tables(617, HPMT).count == {"2012-11": 1, "2013-05": 1}
    alone = fitting_tables(617, HPMT, same_persons=False)
    assert alone.count == {"2012-11": 36, "2013-05": 39}
    assert alone.complete
    assert rows(alone.tables) == rows(two_arm_tables(617, HPMT, same_persons=False))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 24), PERCENT, PERCENT, PERCENT, PERCENT, st.integers(1, 3), st.booleans())
def test_the_exact_count_is_that_of_the_list(total, t1, c1, t2, c2, min_arm, same_persons):
    if total < 2 * min_arm:
        return
    visits = (FollowUp("2020-01", t1, c1), FollowUp("2020-02", t2, c2))
    found = fitting_tables(total, visits, same_persons=same_persons, min_arm=min_arm)
    listed = two_arm_tables(total, visits, same_persons=same_persons, min_arm=min_arm)
    assert found.count == {visit.month: listed[listed["month"] == visit.month]["table"].nunique() for visit in visits}
    assert rows(found.tables) == rows(listed)


@settings(max_examples=25, deadline=None)
@given(st.integers(30, 60), st.sampled_from(["30", "40", "50"]), st.sampled_from(["10", "40", "60"]))
def test_the_ends_hold_the_smallest_and_largest_group_difference_and_statistic(total, treated, comparison):
    visits = (FollowUp("2020-01", treated, comparison),)
    every = two_arm_tables(total, visits)
    if len(every) < 2:
        return
    ends = fitting_tables(total, visits, listed=1)
    assert not ends.complete
    assert ends.count == {"2020-01": len(every)}
    assert {tuple(row) for row in rows(ends.tables)} <= {tuple(row) for row in rows(every)}
    for measure in (
        lambda row: row[0],
        lambda row: row[2] / row[0] - row[3] / row[1],
        lambda row: pooled_z(row[2], row[0], row[3], row[1]).statistic,
    ):
        inside, all_of_them = ([measure(row) for row in rows(frame)] for frame in (ends.tables, every))
        assert (min(inside), max(inside)) == pytest.approx((min(all_of_them), max(all_of_them)), abs=1e-12)


def test_a_hundred_thousand_persons_are_counted_exactly_and_fast():
    before = time.process_time()
    found = fitting_tables(100_000, HPMT)
    assert time.process_time() - before < 5
    assert not found.complete
    assert found.count["2012-11"] > LISTED
    assert found.tables["table"].nunique() < 100
    joint = sum(
        math.prod(max(high - low + 1, 0) for low, high in ends)
        for n in range(50_000, 50_100)
        for ends in [
            [
                count_range(size, percent)
                for visit in HPMT
                for size, percent in ((n, visit.treated_percent), (100_000 - n, visit.comparison_percent))
            ]
        ]
    )
    ranges = admissible_ranges(100_000, HPMT)
    own = ranges[ranges["n_treated"].between(50_000, 50_099)]
    assert own.groupby("n_treated")["n_tables"].prod().sum() == joint


def test_admissible_ranges_are_those_of_each_split():
    ranges = admissible_ranges(617, [NOVEMBER]).set_index("n_treated")
    for n in (1, 37, 300, 367, 616):
        assert tuple(ranges.loc[n, ["low_treated", "high_treated"]]) == count_range(n, "29.7")
        assert tuple(ranges.loc[n, ["low_comparison", "high_comparison"]]) == count_range(617 - n, "23.6")
    assert ranges["n_tables"].sum() == 36


def test_known_groups_leave_the_counts_of_each_group():
    found = known_arm_tables(50, 46, [FollowUp("start+12", "48", "9")])
    assert rows(found.tables) == [[50, 46, 24, 4]]
    assert known_arm_tables(50, 46, [SEED]).count == {"start+12": 0}


def test_the_odds_ratio_of_seed_leaves_one_table_22_of_46_and_3_of_37():
    found = odds_ratio_tables(50, 46, SEED, ODDS)
    assert rows(found.tables) == [[46, 37, 22, 3]]
    ratio = 22 * 34 / (24 * 3)
    error = 1.959963984540054 * math.sqrt(1 / 22 + 1 / 24 + 1 / 3 + 1 / 34)
    assert [round(x, 2) for x in (ratio, ratio * math.exp(-error), ratio * math.exp(error))] == [10.39, 2.79, 38.68]


def test_the_odds_ratio_alone_would_leave_two_tables_and_an_impossible_one_none():
    wide = [
        (n1, n2)
        for n1, n2 in product(range(1, 51), range(1, 47))
        for k1 in range(*(bound + place for place, bound in enumerate(count_range(n1, "48"))))
        for k2 in range(*(bound + place for place, bound in enumerate(count_range(n2, "8"))))
        if 0 < k1 < n1 and 0 < k2 < n2 and abs(k1 * (n2 - k2) / ((n1 - k1) * k2) - 10.39) <= 0.005
    ]
    assert wide == [(23, 37), (46, 37)]
    assert odds_ratio_tables(50, 46, SEED, PrintedOdds("9.69", "2.79", "38.68")).count == {"start+12": 0}


def test_a_cohort_with_too_many_tables_is_estimated_from_the_ends_and_says_so():
    ids = [fact.id for fact in stages.figures(stages.HPMT).facts]
    values = {"s004_f02": "4000", "s004_f05": "30", "s004_f06": "24", "s004_f07": "31", "s004_f08": "24"}
    changes = {f"facts__{ids.index(name)}__value": value for name, value in values.items()}
    figures = stages.changed(stages.figures(stages.HPMT), **changes)
    result = estimate_published(stages.card(stages.HPMT), figures, **stages.who("x"))
    assert set(result.ranges["listed"]) == {"ends"}
    assert result.ranges["n_fitting"].min() > LISTED
    assert result.ranges["n_tables"].max() < 100
    assert set(result.estimates["reason"]) == {"several_tables_fit"}
