"""Subgroups under a profile: sizes that no attacker sees through, effects together or not at all."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import stages
import trial_reports
from subgroup_cards import ages, subgroup, trial_table, with_subgroups
from test_treat_lists import KEY, PROFILES, TREATING, is_broken
from treated_reports import restricted

from analysis.disclosure.declared import COUNT
from analysis.disclosure.joint_audit import audit
from analysis.release import release

ARMS = {"treated": "n_treated", "comparison": "n_comparison"}


@cache
def tables(*names):
    """The trial of twelve offices with subgroupings by sex (everybody), by age (two), or both."""
    items = {"sex": subgroup(), "age": ages(40), "gap": gap(), "again": ages(35, name="again")}
    own = with_subgroups(trial_reports.card(), *(items[name] for name in names))
    return own, {**trial_reports.tables_of(trial_reports.result()), "subgroups": trial_table(own)}


def gap():
    """Ages with a year between two groups that nobody asked about."""
    groups = [{"id": "young", "label": "u", "at_most": 34}, {"id": "old", "label": "o", "at_least": 36}]
    return ages(name="gap", groups=groups)


@cache
def released(key, *names):
    card, made = tables(*names)
    return release(restricted(card, key), made, key=KEY)


def groups(table, name="sex"):
    return table[table["name"].eq(name) & table["kind"].eq("group")]


def changed(key, change, *names):
    """Released after `change` of the table of subgroups."""
    card, made = tables(*names)
    return release(restricted(card, key), {**made, "subgroups": change(made["subgroups"].copy())}, key=KEY)


@pytest.mark.parametrize("key", TREATING)
def test_sizes_of_two_subgroupings_keep_the_guarantee_together_with_the_flow(key):
    rule, found = PROFILES[key], released(key, "sex", "gap").tables
    before, flow = tables("sex", "gap")[1], found["attrition"]
    for arm, column in ARMS.items():
        true = before["attrition"].loc[before["attrition"]["arm"].eq(arm), "persons"].astype(int).iloc[-1]
        sex, age = (groups(before["subgroups"], name)[column].astype(int).tolist() for name in ("sex", "gap"))
        age.append(int(true - sum(age)))
        # Any table of the two characteristics with these sums will do: the attacker is given the sums alone.
        table = northwest(sex, age)
        places = np.arange(table.size).reshape(table.shape)
        shown = [(tuple(places.ravel()), flow.loc[flow["arm"].eq(arm), "persons"].iloc[-1])]
        shown += zip(map(tuple, places), groups(found["subgroups"])[column], strict=True)
        shown += zip(map(tuple, places.T[:-1]), groups(found["subgroups"], "gap")[column], strict=True)
        targets = [who for who, _ in shown[1:]] + [tuple(places[:, -1])]
        assert not is_broken(table.ravel(), shown, targets, rule)


def northwest(rows, columns):
    """A table of whole counts with these sums."""
    table, rows, columns = np.zeros((len(rows), len(columns)), dtype=int), list(rows), list(columns)
    for place in np.ndindex(table.shape):
        table[place] = min(rows[place[0]], columns[place[1]])
        rows[place[0]] -= table[place]
        columns[place[1]] -= table[place]
    return table


@pytest.mark.parametrize("key", TREATING)
def test_the_declared_sizes_pass_an_audit_by_themselves(key):
    declared = released(key, "sex", "gap").declared
    own = tuple(one for one in declared.numbers if (one.place.table, one.kind) == ("subgroups", COUNT))
    # Two groups of each subgrouping in two arms, and the arms themselves.
    assert len(own) == 12
    assert all(one.truth.value is not None for one in own)
    alone = type(declared)(declared.cohort, declared.report, 1, declared.classification, own)
    assert audit([], alone, PROFILES[key]).findings == ()


@pytest.mark.parametrize("key", ["public", "nav", "ssb"])
def test_a_subgrouping_of_many_has_its_effects_and_its_test(key):
    found = released(key, "sex").tables["subgroups"]
    own = groups(found)
    assert own[["estimate", "std_error", "p_value", "conf_low", "conf_high", "shrunk"]].notna().all(axis=None)
    assert (own["estimate"].round(2) == own["estimate"]).all()
    assert found.loc[found["kind"].eq("interaction"), "p_value"].notna().all()
    assert found[["df", "df_between", "statistic", "base_rate", "weight", "convention"]].isna().all(axis=None)
    assert found[["n_offices_treated", "n_offices_comparison", "adoption_left_out"]].isna().all(axis=None)
    assert found.loc[found["kind"].eq("unplaced"), list(ARMS.values())].isna().all(axis=None)


def test_effects_with_few_left_over_are_hidden_all_of_them():
    found = released("public", "gap").tables["subgroups"]
    left = tables("gap")[1]["subgroups"].query("kind == 'unplaced'")[list(ARMS.values())].iloc[0]
    assert (left.between(1, 10)).any()
    assert found[["estimate", "shrunk", "p_value", "p_holm", "spread"]].isna().all(axis=None)
    assert groups(found, "gap")[list(ARMS.values())].notna().all(axis=None)


def test_one_group_in_which_few_work_hides_the_effects_of_all():
    def few(table):
        # Nearly nobody of the women in the comparison arm has the outcome.
        table.loc[table["kind"].eq("group") & table["group"].eq("women"), "base_rate"] = 1 / 56
        return table

    found = changed("nav", few, "sex").tables["subgroups"]
    assert found[["estimate", "shrunk", "p_value"]].isna().all(axis=None)
    assert released("nav", "sex").tables["subgroups"]["estimate"].notna().any()


def test_a_hidden_size_takes_status_reason_and_the_rows_of_some_groups_with_it():
    def small(table):
        # Two of the women in the comparison arm are left, the others are men: the sum is as before.
        table.loc[table["group"].eq("women") & table["kind"].eq("group"), "n_comparison"] = 2
        table.loc[table["group"].eq("men") & table["kind"].eq("group"), "n_comparison"] += 54
        table.loc[table["group"].eq("women"), ["status", "reason"]] = ["not_estimated", "fewer_persons_than_limit"]
        return table

    found = changed("nav", small, "sex").tables["subgroups"]
    assert groups(found)["n_comparison"].isna().all()
    assert groups(found)["n_treated"].notna().all()
    assert set(found["kind"]) == {"group", "unplaced", "interaction"}
    assert found[["status", "reason", "estimate", "p_value"]].isna().all(axis=None)


def test_a_size_that_could_be_on_either_side_of_the_cards_limit_says_no_more():
    def near(table):
        own = table["kind"].eq("group")
        table.loc[own & table["group"].eq("women"), "n_comparison"] = 11
        table.loc[own & table["group"].eq("men"), "n_comparison"] += 45
        return table

    found = changed("public", near, "sex").tables["subgroups"]
    low, high = PROFILES["public"].stands_for(int(groups(found)["n_comparison"].iloc[1]))
    limit = trial_reports.card().checks.subgroup_persons
    assert (found["status"].isna().all()) == (low < limit <= high)


def test_groups_of_the_same_characteristic_are_counted_once():
    found = released("public", "age", "again").tables["subgroups"]
    assert groups(found, "age")[list(ARMS.values())].notna().all(axis=None)
    assert groups(found, "again")[list(ARMS.values())].isna().all(axis=None)


def test_offices_that_adopt_in_turn_have_no_sizes():
    card, made = tables("sex")
    adopting = card.model_copy(update={"staggered": stages.card("youth_teams_synthetic").staggered})
    found = release(restricted(adopting, "public"), made, key=KEY).tables["subgroups"]
    assert found[[*ARMS.values(), "estimate"]].isna().all(axis=None)


def test_the_index_of_effects_is_kept_when_rows_are_left_out():
    found = released("research", "sex", "gap")
    before = tables("sex", "gap")[1]["subgroups"]
    pd.testing.assert_series_equal(
        groups(found.tables["subgroups"])["group"].reset_index(drop=True),
        groups(before)["group"].reset_index(drop=True),
        check_dtype=False,
    )
