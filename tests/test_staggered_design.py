"""The list of effects: which month is subtracted, and who is compared with."""

import numpy as np
import pytest

from analysis.staggered.design import NEVER, Design, base_months, effect_plan, keep_effects

COHORTS = np.array([103, 105, NEVER])
MONTHS = np.arange(100, 108)


def base_of(plan, group):
    own = plan.table[plan.table["group"] == group]
    return dict(zip(own["month"], own["base"], strict=True))


def test_a_universal_base_is_the_last_month_before_adoption():
    plan = effect_plan(Design(base="universal"), COHORTS, MONTHS)
    assert set(base_of(plan, 103).values()) == {102}
    assert sorted(base_of(plan, 105)) == MONTHS.tolist()


def test_a_varying_base_is_the_month_before_until_adoption():
    plan = effect_plan(Design(base="varying"), COHORTS, MONTHS)
    assert base_of(plan, 105) == {101: 100, 102: 101, 103: 102, 104: 103, 105: 104, 106: 104, 107: 104}


def test_anticipation_moves_the_base_month_back():
    assert base_months(Design(base="varying", anticipation=2), 105, np.array([101, 102, 103, 105])).tolist() == [
        100,
        101,
        102,
        102,
    ]
    assert base_months(Design(anticipation=2), 105, 107) == 102


def test_not_yet_treated_are_clean_in_both_months_and_never_the_group_itself():
    design = Design(control="not_yet", base="universal")
    plan = effect_plan(design, COHORTS, MONTHS)
    compared = plan.comparison(3)
    rows = {(r.group, r.month): compared[k].tolist() for k, r in enumerate(plan.table.itertuples())}
    assert rows[103, 104] == [False, True, True]
    assert rows[103, 105] == [False, False, True]
    # Before adoption the base month (104) is the later one, and the first group has adopted by then.
    assert rows[105, 101] == [False, False, True]
    early = {(r.group, r.month): compared[k].tolist() for k, r in enumerate(plan.table.itertuples()) if r.group == 103}
    assert early[103, 100] == [False, True, True]


def test_anticipation_of_the_compared_ends_their_use():
    plan = effect_plan(Design(control="not_yet", anticipation=1), COHORTS, MONTHS)
    compared = plan.comparison(3)
    rows = {(r.group, r.month): compared[k].tolist() for k, r in enumerate(plan.table.itertuples())}
    assert rows[103, 103] == [False, True, True]
    assert rows[103, 104] == [False, False, True]


def test_effects_without_anybody_to_compare_with_are_listed_and_not_silently_lost():
    plan = effect_plan(Design(control="not_yet"), COHORTS[:2], MONTHS)
    assert plan.table.loc[plan.table["group"] == 103, "month"].max() == 104
    lost = plan.omitted
    assert set(lost["reason"]) == {"no_comparison"}
    assert set(lost.loc[lost["group"] == 103, "month"]) == {105, 106, 107}
    assert len(plan.table) + len(lost) == 16


def test_a_group_without_its_base_month_has_no_effects():
    plan = effect_plan(Design(base="varying"), np.array([100, 103, NEVER]), MONTHS)
    assert set(plan.table["group"]) == {103}


def test_effects_left_out_later_join_the_omitted():
    plan = effect_plan(Design(), COHORTS, MONTHS)
    keep = plan.table["month"].to_numpy() != 107
    less = keep_effects(plan, keep, "empty_cell")
    assert len(less.table) == len(less.own) == keep.sum()
    assert less.omitted["reason"].tolist() == ["empty_cell"] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"control": "all"},
        {"base": "first"},
        {"anticipation": -1},
        {"aggregates": ("weekly",)},
        {"balance": -1},
        {"sampling": "x"},
        {"missing": "zero"},
    ],
)
def test_unknown_choices_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong)) + "|aggregates"):
        Design(**wrong)
