"""Shares of published counts, and how precisely percentages may stand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.disclosure.declared import cell
from analysis.disclosure.joint_audit import audit
from analysis.disclosure.precision import (
    Shares,
    decimals_in_two,
    decimals_of,
    possible_counts,
    possible_in_two,
    precise_shares,
)
from analysis.disclosure.shares import decimal_text, misprinted, percent_text, share_of_published
from analysis.disclosure.shown import derived, exact, hidden, rounded
from analysis.enumeration import FollowUp, count_range, two_arm_tables
from tests.disclosure_releases import ARMS, FOLLOWED, HIDES, ROUNDS, YES, count, effect, release, share, to_base

HPMT = Shares(("29.7", "30.8")), Shares(("23.6", "24.4"))


def test_the_four_percentages_of_hpmt_give_away_every_count():
    found = possible_in_two(*HPMT, 617)
    assert [[values.tolist() for values in one] for one in found] == [[[367], [109], [113]], [[250], [59], [61]]]


def test_one_follow_up_of_hpmt_leaves_36_or_39_tables():
    november = possible_in_two(Shares(("29.7",)), Shares(("23.6",)), 617)
    may = possible_in_two(Shares(("30.8",)), Shares(("24.4",)), 617)
    assert [len(one[0][0]) for one in (november, may)] == [36, 39]


def test_whole_per_cent_may_stand_for_hpmt_where_counts_are_rounded_and_one_decimal_may_not():
    assert decimals_in_two((109, 113), (59, 61), (367, 250), ROUNDS) == 0
    # No count behind them is small.
    assert decimals_in_two((109, 113), (59, 61), (367, 250), HIDES) == 3


@settings(max_examples=20, deadline=None)
@given(st.integers(4, 60), st.data())
def test_what_fits_two_groups_is_what_the_tables_of_the_enumeration_hold(total, data):
    n = data.draw(st.integers(1, total - 1))
    texts = [percent_text(data.draw(st.integers(0, size)), size, 1) for size in (n, n, total - n, total - n)]
    visits = [FollowUp("2012-11", texts[0], texts[2]), FollowUp("2013-05", texts[1], texts[3])]
    tables = two_arm_tables(total, visits)
    first, second = possible_in_two(Shares(tuple(texts[:2])), Shares(tuple(texts[2:])), total)
    assert first[0].tolist() == sorted(set(tables["n_treated"]))
    assert set(second[0]) == set(tables["n_comparison"])
    for place, month in enumerate(("2012-11", "2013-05"), start=1):
        of_month = tables[tables["month"] == month]
        assert first[place].tolist() == sorted(set(of_month["k_treated"]))
        assert second[place].tolist() == sorted(set(of_month["k_comparison"]))


def test_percentages_that_are_all_the_answers_there_are_fix_more():
    percents = ("33", "67")
    loose = possible_counts(Shares(percents), 100, 120)
    tight = possible_counts(Shares(percents, whole=True), 100, 120)
    fits = [
        (n, k)
        for n in range(100, 121)
        for k in range(n + 1)
        if percent_text(k, n, 0) == "33" and percent_text(n - k, n, 0) == "67"
    ]
    assert tight[0].tolist() == sorted({n for n, _ in fits})
    assert tight[1].tolist() == sorted({k for _, k in fits})
    assert set(tight[1]) <= set(loose[1])


@pytest.mark.parametrize(("k", "n", "rounds", "hides"), [(3, 34, -1, -1), (17, 34, -1, 3), (400, 1500, 0, 3)])
def test_how_many_decimals_a_single_percentage_may_have(k, n, rounds, hides):
    assert decimals_of((k,), n, (n, n), ROUNDS) == rounds
    assert decimals_of((k,), n, (n, n), HIDES) == hides


def test_one_decimal_fixes_the_count_for_every_base_of_500_and_below():
    """What data-disclosure.md measured up to 617 holds for sure to 500, where two shares are 0.2 points apart."""
    widths = [np.ptp(count_range(n, percent_text(k, n, 1))) for n in (20, 34, 100, 250, 367, 500) for k in range(n + 1)]
    assert max(widths) == 0


def hpmt_release(totals=True, shown=None):
    """Percentages of HPMT at two dates, over those of each arm whose outcome is known at 24 months."""
    first, second = (cell({"arm": arm}) for arm in ARMS)
    inner = [cell({"arm": arm, "arbeid 24": YES}) for arm in ARMS]
    also = [cell({"arm": arm, "matchet": YES}) for arm in ARMS]
    texts = shown or ("29.7", "23.6", "30.8", "24.4")
    numbers = [
        share("R", inner[0], first, (109, 367), texts[0], column="november"),
        share("R", inner[1], second, (59, 250), texts[1], column="november"),
        share("R", also[0], first, (113, 367), texts[2], column="mai"),
        share("R", also[1], second, (61, 250), texts[3], column="mai"),
    ]
    return release("R", *numbers, *([count("R", cell(), 617)] if totals else []))


def test_the_audit_finds_hpmt_and_says_how_many_decimals_may_stand():
    ((places, what),) = precise_shares(hpmt_release(), ROUNDS)
    assert len(places) == 5
    assert "uten desimaler" in what
    assert not any(number in what for number in ("367", "250", "109", "59"))
    assert any(finding.places == places for finding in audit([], hpmt_release(), ROUNDS).findings)
    assert not list(precise_shares(hpmt_release(shown=("30", "24", "31", "24")), ROUNDS))
    assert not list(precise_shares(hpmt_release(totals=False), ROUNDS))
    assert not list(precise_shares(hpmt_release(), HIDES))


def test_shares_are_worked_out_from_counts_as_published():
    assert share_of_published(rounded(3, 3), rounded(33, 3), 1) == derived("9.1", scale=100)
    assert share_of_published(hidden(), exact(33), 1) == hidden()
    assert share_of_published(exact(0), rounded(0, 3), 1) == hidden()
    with pytest.raises(ValueError, match="within it"):
        share_of_published(rounded(6, 3), rounded(3, 3), 1)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 700), st.data(), st.integers(0, 3))
def test_percentages_print_half_up_as_the_enumeration_reads_them(base, data, decimals):
    k = data.draw(st.integers(0, base))
    low, high = count_range(base, percent_text(k, base, decimals))
    assert low <= k <= high


def test_signs_and_halves():
    assert decimal_text(Fraction(-5, 100), 1) == "-0.1"
    assert decimal_text(Fraction(-4, 100), 1) == "0.0"
    assert decimal_text(Fraction(5, 2), 0) == "3"


def test_an_effect_and_a_sum_must_come_from_the_numbers_beside_them():
    counts = [
        count("R", cell({"arm": arm, "arbeid 24": what}), value, to_base(value), table="Antall")
        for arm, base, inner in zip(ARMS, (40, 50), (20, 10), strict=True)
        for what, value in ((FOLLOWED, base), (YES, inner))
    ]
    right = effect("R", (40, 50), shown=derived(decimal_text(100 * (Fraction(21, 39) - Fraction(9, 51)), 1), scale=100))
    wrong = effect("R", (40, 50), shown=derived("30.0", scale=100))
    assert not list(misprinted(release("R", *counts, right)))
    assert [number.kind for number, _ in misprinted(release("R", *counts, wrong))] == ["effect"]
    summed = count("R", cell({"arbeid 24": YES}), 30, derived(30), table="Antall")
    assert not list(misprinted(release("R", *counts, summed)))
    other = count("R", cell({"arbeid 24": YES}), 30, derived(33), table="Antall")
    assert [number.place for number, _ in misprinted(release("R", *counts, other))] == [other.place]
