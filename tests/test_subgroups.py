"""Subgroups: who is in them, the headline in each by hand, what they share, and what may be called a difference."""

from dataclasses import replace
from functools import cache

import matched_starts
import numpy as np
import pandas as pd
import persons_trial_reports
import pytest
import restricted_cohorts
import stages
import trial_reports
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from subgroup_cards import ages, lock_of, panel, subgroup, trial_table, with_subgroups

from analysis.card_subgroups import Subgroup
from analysis.match_persons import match_persons
from analysis.months import month_number
from analysis.panel import Panel, build_panel
from analysis.problems import ProblemsFound
from analysis.subgroups.effects import from_left_out, has_error, independent
from analysis.subgroups.estimate import estimate_subgroups
from analysis.subgroups.members import exploratory, group_of
from analysis.trials.stratified import stratified_difference
from analysis.whole_run import made_tables
from benchmarks import soak_subgroups as soak

PRIMARY = trial_reports.PRIMARY
YOUTH, ACTIVE = "youth_teams_synthetic", "in_work_or_education_last_day"


def one(table: pd.DataFrame, kind: str, group: str | None = None, name: str | None = None) -> pd.Series:
    """The one row of a kind, of a group and a subgrouping if they are given."""
    found = table[table["kind"].eq(kind) & (table["group"].eq(group) if group else True)]
    found = found if name is None else found[found["name"].eq(name)]
    assert len(found) == 1
    return found.iloc[0]


def own_card(*items: Subgroup, **changes):
    return with_subgroups(trial_reports.card(), *(items or (subgroup(),)), **changes)


def at_horizon(own: Panel | None = None) -> pd.DataFrame:
    """Persons of the trial with their outcome at the main horizon."""
    found = own or panel()
    months = found.months[found.months["event_time"].eq(12)]
    return found.baseline.merge(months[["person_id", PRIMARY]], on="person_id").dropna(subset=[PRIMARY])


def difference(people: pd.DataFrame) -> float:
    means = people.groupby("treated")[PRIMARY].mean()
    return means[True] - means[False]


# Who is in which group.


def test_persons_are_placed_by_value_and_by_bounds_and_the_others_in_none():
    ids = group_of(ages(29, 49), pd.Series([18.0, 29.0, 29.5, 30.0, 50.0, np.nan]))
    assert ids.astype(object).where(ids.notna(), None).tolist() == ["g0", "g0", None, "g1", "g2", None]
    assert group_of(subgroup(), pd.Series([0.0, 1.0, 2.0])).tolist()[:2] == ["men", "women"]


@pytest.mark.parametrize(
    ("variable", "values", "words"),
    [
        (subgroup(), pd.Series(["0", "1"]), "kjennetegnet woman, som er tekst. Skriv verdiene i anførselstegn"),
        (
            subgroup(groups=[{"id": "a", "label": "a", "values": ["nord"]}]),
            pd.Series([1.0]),
            "som er tall. Skriv verdiene uten anførselstegn",
        ),
    ],
)
def test_values_of_another_type_than_the_characteristic_are_refused(variable, values, words):
    with pytest.raises(ProblemsFound) as told:
        group_of(variable, values)
    assert words in str(told.value)


def test_what_the_locked_plan_does_not_hold_is_exploratory_and_words_may_change():
    planned, added = subgroup(), ages(40)
    card = own_card(planned)
    lock = lock_of(card)
    reworded = subgroup(label="Kjønn ved start", reason="Bedre sagt.")
    assert exploratory(own_card(reworded, added), lock) == {"age"}
    moved = subgroup(groups=[{"id": "men", "label": "menn", "values": [0]}, {"id": "all", "label": "a", "values": [1]}])
    assert exploratory(own_card(moved), lock) == {"sex"}
    assert exploratory(own_card(subgroup(direction="women")), lock) == {"sex"}
    # Called exploratory in the plan, it does not become planned by the word being taken away.
    assert exploratory(card, lock_of(own_card(subgroup(exploratory=True)))) == {"sex"}
    assert exploratory(own_card(subgroup(exploratory=True)), None) == {"sex"}
    assert exploratory(card, None) == frozenset()
    without = lock_of(own_card())
    del without["plan"]["subgroups"]
    assert exploratory(card, without) == {"sex"}


def test_an_exploratory_subgrouping_stands_outside_the_family_of_tests():
    card = own_card(subgroup(), ages(40))
    both, alone = trial_table(card), trial_table(card, lock=lock_of(own_card(subgroup())))
    tests = both[both["kind"].eq("interaction")].set_index("name")
    low, high = sorted(tests["p_value"])
    assert sorted(tests["p_holm"]) == pytest.approx([min(1, 2 * low), max(min(1, 2 * low), high)])
    found = alone[alone["kind"].eq("interaction")].set_index("name")
    assert found["exploratory"].to_dict() == {"sex": False, "age": True}
    assert found.loc["sex", "p_holm"] == found.loc["sex", "p_value"] == tests.loc["sex", "p_value"]
    assert np.isnan(found.loc["age", "p_holm"])


# Offices drawn.


def test_each_group_is_the_difference_between_its_arms_and_shares_offices_with_the_others():
    table, people = trial_table(own_card()), at_horizon()
    ids = {"men": 0.0, "women": 1.0}
    of_group = {name: people[people["woman"].eq(value)] for name, value in ids.items()}
    for name, own in of_group.items():
        row = one(table, "group", name)
        assert row["estimate"] == pytest.approx(difference(own), abs=1e-12)
        assert row["n_treated"] + row["n_comparison"] == len(own)
        assert (row["inference"], row["cluster_level"]) == ("cr2", "office")
    offices = sorted(people["office_id"].unique())
    moved = np.array([
        [difference(own[own["office_id"].ne(office)]) - difference(own) for own in of_group.values()]
        for office in offices
    ])  # fmt: skip
    v = 11 / 12 * moved.T @ moved
    apart = one(table, "difference", "women")
    assert apart["std_error"] == pytest.approx(np.sqrt(v[0, 0] + v[1, 1] - 2 * v[0, 1]), rel=1e-9)
    test = one(table, "interaction")
    assert (test["df"], test["df_between"]) == (11, 1)
    assert test["p_value"] == pytest.approx(2 * stats.t.sf(abs(apart["estimate"]) / apart["std_error"], 11), rel=1e-9)


def test_offices_weigh_alike_where_the_headline_says_so():
    card = own_card()
    card = card.model_copy(update={"trial": card.trial.model_copy(update={"average": "offices"})})
    women = at_horizon().query("woman == 1").groupby(["treated", "office_id"])[PRIMARY].mean()
    means = women.groupby("treated").mean()
    assert one(trial_table(card), "group", "women")["estimate"] == pytest.approx(means[True] - means[False], abs=1e-12)


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_names_of_offices_and_order_of_groups_move_nothing(random):
    card, whole = own_card(ages(35, 45)), panel()
    names = sorted(whole.baseline["office_id"].unique())
    new = dict(zip(names, random.sample(names, len(names)), strict=True))
    baseline = whole.baseline.assign(office_id=whole.baseline["office_id"].map(new))
    shuffled = [frame.sample(frac=1, random_state=random.randrange(2**31)) for frame in (whole.months, baseline)]
    item = card.subgroups[0]
    turned = item.model_copy(update={"groups": item.groups[::-1]})
    again = trial_table(own_card(turned), Panel(shuffled[0], shuffled[1], whole.attrition))
    first = trial_table(card)
    for name in ("g0", "g1", "g2"):
        columns = ["estimate", "std_error", "p_value", "shrunk", "shrunk_low", "weight"]
        before, after = (one(table, "group", name)[columns].astype(float) for table in (first, again))
        assert after.tolist() == pytest.approx(before.tolist(), rel=1e-9)
    assert one(again, "interaction")["p_value"] == pytest.approx(one(first, "interaction")["p_value"], rel=1e-9)


def test_a_planted_difference_is_found_and_expected_groups_do_not_enter_the_test():
    people = panel().baseline.set_index("person_id")
    months = panel().months.copy()
    helped = months["person_id"].map(people["woman"].eq(1) & people["treated"]) & months["event_time"].eq(12)
    draw = np.random.default_rng(4).random(len(months)) < 0.8
    months.loc[helped & draw, PRIMARY] = 1.0
    table = trial_table(own_card(subgroup(direction="men")), replace(panel(), months=months))
    assert one(table, "interaction")["p_holm"] < 0.05
    assert one(table, "difference", "women")["conf_low"] > 0
    assert one(table, "group", "women")["shrunk"] < one(table, "group", "women")["estimate"]


def test_few_treated_offices_leave_no_asymptotic_p_value_between_groups():
    card = own_card()
    card = card.model_copy(update={"checks": card.checks.model_copy(update={"few_treated_offices": 7})})
    table = trial_table(card)
    for kind in ("interaction", "difference"):
        row = one(table, kind)
        assert row["reason"] == "few_treated_offices"
        assert np.isnan(row["p_value"])
        assert np.isnan(row["statistic"])
    assert np.isnan(one(table, "interaction")["p_holm"])
    # The draw itself still tests each group.
    assert one(table, "group", "men")["p_value"] <= 1


def test_a_group_with_too_few_persons_or_offices_keeps_its_row_with_the_reason():
    baseline = panel().baseline
    few = baseline["woman"].eq(1) & ~baseline["office_id"].isin(["0300", "0301"])
    table = trial_table(own_card(), replace(panel(), baseline=baseline.assign(woman=baseline["woman"].mask(few))))
    row = one(table, "group", "women")
    assert row["status"] == "not_estimated"
    assert one(table, "interaction")["reason"] == "fewer_than_two_groups"
    assert one(table, "unplaced")[["n_treated", "n_comparison"]].sum() == few.sum()
    old = trial_table(own_card(ages(53)))
    assert one(old, "group", "g1")["reason"] == "fewer_persons_than_limit"
    assert not np.isnan(one(old, "group", "g0")["estimate"])


# Persons drawn.


def test_in_a_trial_of_persons_groups_are_independent_and_differ_by_welch():
    own, (found, made) = persons_trial_reports.card(), persons_trial_reports.delivered()
    card = with_subgroups(own, subgroup())
    table = estimate_subgroups(card, made, found.offices)
    months = made.months[made.months["event_time"].eq(12)][["person_id", own.outcomes.primary]].dropna()
    people, answers = made.baseline.merge(months, on="person_id"), []
    for value in (0, 1):
        part = people[people["woman"].eq(value)]
        answers.append(stratified_difference(part[own.outcomes.primary], part["treated"], part["office_id"]))
    for name, answer in zip(("men", "women"), answers, strict=True):
        assert one(table, "group", name)["estimate"] == pytest.approx(answer.estimate, abs=1e-12)
    v = np.array([answer.std_error**2 for answer in answers])
    df = v.sum() ** 2 / (v**2 / [answer.df for answer in answers]).sum()
    apart = one(table, "difference", "women")
    assert [apart["std_error"], apart["df"]] == pytest.approx([np.sqrt(v.sum()), df])


def test_what_was_put_into_klar_synthetic_is_nearly_alike_and_one_chance_difference_is_exploratory():
    """The offer helps 16.5 % of men and 13.6 % of women; 29.6 and 6.8 are found (docs/synthetic.md)."""
    found, made = persons_trial_reports.delivered()
    table = estimate_subgroups(persons_trial_reports.card(), made, found.offices)
    sex = one(table, "interaction", name="sex")
    assert sex["exploratory"]
    assert sex["p_value"] < 0.05
    assert np.isnan(sex["p_holm"])
    apart = one(table, "difference", name="sex")
    assert apart["conf_low"] < 0.1361 - 0.1653 < apart["conf_high"]
    assert one(table, "interaction", name="education")["p_holm"] > 0.05


# Persons matched.


@cache
def matched(**changes):
    card = stages.changed(matched_starts.card(), sensitivity=[], **changes)
    return card, match_persons(card, matched_starts.panel(), matched_starts.offices())


def matched_table(card, found):
    own = with_subgroups(card, subgroup())
    return estimate_subgroups(own, matched_starts.panel(), matched_starts.offices(), found)


def changes_of(card, found) -> pd.DataFrame:
    """Matched persons with their weight, set, office and change in the outcome."""
    months = matched_starts.panel().months.pivot(index="person_id", columns="event_time", values=matched_starts.WORK)
    change = (months[card.horizons[0]] - months[card.base_period]).rename("y")
    own = found.weights[found.weights["spec"].eq("main")].merge(matched_starts.baseline(), on="person_id")
    return own.merge(change, on="person_id").dropna(subset=["y"])


def weighted(part: pd.DataFrame) -> float:
    means = part.assign(wy=part["weight"] * part["y"]).groupby("treated")[["wy", "weight"]].sum()
    return (means["wy"] / means["weight"])[True] - (means["wy"] / means["weight"])[False]


@pytest.mark.parametrize(("cluster", "column"), [("pair", "pair"), ("office", "office_id")])
def test_matched_groups_keep_weights_and_share_what_the_headline_is_clustered_by(cluster, column):
    card, found = matched(inference__cluster=cluster)
    table, people = matched_table(card, found), changes_of(card, found)
    parts = [people[people["woman"].eq(value)] for value in (0, 1)]
    for name, part in zip(("men", "women"), parts, strict=True):
        assert one(table, "group", name)["estimate"] == pytest.approx(weighted(part), abs=1e-12)
        assert 0 < one(table, "group", name)["max_abs_smd"] < 1
    labels = sorted(people[column].unique())
    moved = np.array([[weighted(p[p[column].ne(label)]) - weighted(p) for p in parts] for label in labels])
    v = (len(labels) - 1) / len(labels) * moved.T @ moved
    apart = one(table, "difference", "women")
    assert apart["std_error"] == pytest.approx(np.sqrt(v[0, 0] + v[1, 1] - 2 * v[0, 1]), rel=1e-8)
    assert apart["df"] == len(labels) - 1


def test_balance_within_a_group_is_that_of_its_own_persons():
    card, found = matched()
    row = one(matched_table(card, found), "group", "women")
    everyone = matched_starts.baseline().query("woman == 1")
    people = changes_of(card, found).query("woman == 1")
    assert row["worst_covariate"] in ("age", "days")
    name = row["worst_covariate"]
    means = people.assign(wx=people["weight"] * people[name]).groupby("treated")[["wx", "weight"]].sum()
    gap = (means["wx"] / means["weight"]).diff().iloc[-1]
    spread = everyone.loc[everyone["treated"], name].std()
    assert row["max_abs_smd"] == pytest.approx(abs(gap) / spread, rel=1e-9)


# Offices that adopt.


def adopting(seed: int = 2, *, gain: float = 0.1, more: float = 0.0, per_month: int = 12) -> tuple[Panel, pd.DataFrame]:
    """New persons every month at 20 offices, of which 14 adopt in month 12 or 18; `more` of the effect for group 1."""
    draw = np.random.default_rng(seed)
    adopted = pd.array([*[12] * 7, *[18] * 7, *[None] * 6], dtype="Int16")
    offices = pd.DataFrame({"office_id": [f"04{k:02d}" for k in range(20)], "county": "04"})
    offices["adoption_month"] = adopted + month_number("2012-01")
    frame = pd.DataFrame({"place": np.repeat(np.arange(20), 30 * per_month)})
    frame["time_zero"] = month_number("2012-01") + np.tile(np.repeat(np.arange(30), per_month), 20)
    frame["situational"] = draw.integers(0, 2, len(frame)).astype(float)
    frame = frame.join(offices[["office_id", "adoption_month"]], on="place")
    treated = (frame["time_zero"] >= frame["adoption_month"]).fillna(False).to_numpy(bool)
    chance = 0.4 + draw.normal(0, 0.03, 20)[frame["place"]] + treated * (gain + more * frame["situational"])
    frame["person_id"] = np.arange(len(frame), dtype="int32")
    frame["treated"] = frame["adoption_month"].notna()
    frame["arm"] = np.where(frame["treated"], "team", "no_team")
    months = frame[["person_id"]].assign(month=frame["time_zero"] + 12, event_time=pd.array([12] * len(frame), "Int16"))
    months[ACTIVE] = (draw.random(len(frame)) < chance).astype(float)
    return Panel(months, frame.drop(columns="place"), pd.DataFrame()), offices


def adopting_card(**changes):
    return stages.changed(stages.card(YOUTH), staggered__permutations=100, **changes)


def test_groups_of_adopting_offices_hold_the_effect_put_in_and_share_offices():
    made, offices = adopting(more=0.25, per_month=40)
    table = estimate_subgroups(adopting_card(), made, offices)
    for name, true in (("standard", 0.1), ("situational", 0.35)):
        row = one(table, "group", name)
        assert abs(row["estimate"] - true) < 3 * row["std_error"]
        assert (row["inference"], row["n_offices_treated"], row["df"]) == ("jackknife", 14, 19)
    test = one(table, "interaction")
    assert test["df"] == 19
    assert test["p_value"] < 0.001


def test_an_adoption_group_without_an_error_in_one_group_is_left_out_of_all():
    made, offices = adopting()
    lone = offices["office_id"].iloc[:7]
    # Only one of the seven offices sees persons of the second group.
    baseline = made.baseline
    hidden = baseline["office_id"].isin(lone[1:]) & baseline["situational"].eq(1)
    table = estimate_subgroups(adopting_card(), replace(made, baseline=baseline[~hidden]), offices)
    rows = table[table["kind"].eq("group")]
    assert rows["adoption_left_out"].tolist() == ["2013-01", "2013-01"]
    assert rows["n_offices_treated"].tolist() == [7, 7]
    assert rows["std_error"].gt(0).all()


# The numbers behind the test.


def test_a_cluster_that_a_group_has_no_part_in_leaves_it_as_it_is():
    rows = {name: {"estimate": value, "std_error": 0.1} for name, value in (("a", 0.2), ("b", 0.1))}
    left_out = {"a": pd.Series({"x": 0.3, "y": 0.1}), "b": pd.Series({"z": 0.2, "y": 0.0})}
    found = from_left_out(rows, left_out, "office")
    assert found.covariance == pytest.approx(2 / 3 * np.array([[0.02, 0.01], [0.01, 0.02]]))
    assert (found.df, found.compared) == (2, ("a", "b"))


@pytest.mark.parametrize("row", [{"status": "not_estimated"}, {"estimate": 1.0, "std_error": 0.0}, {"estimate": 1.0}])
def test_a_group_without_an_error_is_compared_with_nobody(row):
    assert not has_error(row)
    rows = {"a": row, "b": {"estimate": 0.1, "std_error": 0.1, "df": 9.0}}
    assert independent(rows).compared == ("b",)
    assert from_left_out({"a": row}, {"a": pd.Series({"x": np.nan})}, "office").compared == ()


def test_the_study_of_the_test_reads_the_numbers_that_reports_are_made_of():
    trials = soak.drawn(soak.CASES[3], 2)
    b, v = soak.effects(trials)
    for draw in range(2):
        rows, left_out = {}, {}
        for k in range(3):
            share = (trials.sums[draw, :, k], trials.sizes[:, k], trials.treated)
            without = {g: _gap(*(part[np.arange(18) != g] for part in share)) for g in range(18)}
            rows[str(k)] = {"estimate": _gap(*share), "std_error": 1.0}
            left_out[str(k)] = pd.Series(without)
        found = from_left_out(rows, left_out, "office")
        assert found.estimates == pytest.approx(b[draw], abs=1e-12)
        assert found.covariance == pytest.approx(v[draw], abs=1e-12)


def _gap(sums, sizes, treated):
    return sums[treated].sum() / sizes[treated].sum() - sums[~treated].sum() / sizes[~treated].sum()


@pytest.mark.parametrize("case", soak.CASES[:4], ids=lambda case: case.name)
def test_without_a_difference_few_offices_reject_about_one_in_twenty(case):
    draws = 600
    found = soak.rejected(soak.drawn(case, draws, seed=7))
    assert abs(found - 0.05) < 0.015 + 3 * soak.error(0.05, draws) / 2


def test_a_planted_difference_is_seen_and_shrinking_helps_where_there_is_none():
    assert soak.rejected(soak.drawn(soak.CASES[5], 200, seed=7)) > 0.35
    held, ratio = soak.shrunk(soak.drawn(soak.CASES[3], 60, seed=7))
    assert held > 0.85
    assert ratio < 0.85


def test_a_rehearsal_has_the_subgroups_of_the_card_and_another_card_has_none():
    card, delivery = restricted_cohorts.matched()
    who = {"cohort": "liten", "plan_hash": "p", "run_id": "r"}
    assert "subgroups" not in made_tables(card, delivery, **who)
    name = card.covariates[0].name
    middle = float(build_panel(card, delivery).baseline[name].median())
    groups = [
        {"id": "low", "label": "lav", "at_most": middle},
        {"id": "high", "label": "høy", "at_least": middle + 1e-9},
    ]
    own = with_subgroups(card, subgroup(name, groups=groups))
    found = made_tables(own, delivery, **who)["subgroups"]
    assert found["kind"].tolist()[:3] == ["group", "group", "unplaced"]
