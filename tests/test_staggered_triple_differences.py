"""Triple differences from cells: regressions on persons, diff-diff, known truth, and what pooling would give."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import BY, START, answers, simulated, staggered_panel
from staggered_family import of_term, scaled

from analysis.cells import cells
from analysis.problems import ProblemsFound
from analysis.staggered.cell_arrays import selected_offices
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.estimated import estimated_rows
from analysis.staggered.triple_differences import Subgroups, subgroup_arrays, triple_differences

PEER = answers("diff_diff_3.13.0.json")["triple_never"]
NEVER, NOT_YET = Design(control="never"), Design(control="not_yet")


def two_kinds(seed, *, noise=1.0, rows=1.0):
    """Persons of whom some are affected, fewer in early groups; every group and every kind has a trend of its own."""
    panel = staggered_panel(seed, persons=16, months=9, noise=0.0)
    rng = np.random.default_rng([seed, 2])
    place = panel["person_id"] % 16
    group = panel["adoption_month"].fillna(START + 9) - START
    panel["affected"] = place < np.where(group == 3, 4, np.where(group == 5, 12, 8))
    since = (panel["month"] - panel["adoption_month"]).fillna(-99)
    panel["y"] -= (~panel["affected"] & (since >= 0)) * (1.0 + since)
    month = panel["month"] - START
    panel["y"] += 0.3 * month * group + 0.2 * panel["affected"] * month**2 + noise * rng.normal(size=len(panel))
    return panel.sample(frac=rows, random_state=seed).reset_index(drop=True)


def subgroups(panel, *, weight=None, column="affected"):
    return subgroup_arrays(cells(panel, outcomes=["y"], by=[*BY, column], weight=weight), affected=column)


def both(change, groups):
    return Subgroups(change(groups.affected), change(groups.unaffected))


def test_the_simulated_offices_equal_diff_diff_with_never_treated():
    panel = simulated("panel").assign(eligible=simulated("panel")["x2"] == 1)
    found = triple_differences(subgroups(panel, column="eligible"), NEVER)
    assert found.overall() == pytest.approx(PEER["overall"], abs=1e-10)
    effects = of_term(found, "att_gt").set_index(["group", "month"])["estimate"]
    for group, month, effect in zip(PEER["group"], PEER["month"], PEER["effect"], strict=True):
        assert effects[group, month] == pytest.approx(effect, abs=1e-10)


def test_two_groups_and_two_months_equal_least_squares_with_the_triple_interaction():
    panel = two_kinds(1, rows=0.8)
    panel = panel[(panel["adoption_month"] != START + 5) & panel["month"].isin([START + 2, START + 3])]
    found = triple_differences(subgroups(panel, weight="w"), NEVER)
    d, post, own = (
        v.to_numpy(dtype="float64")
        for v in (panel["adoption_month"].notna(), panel["month"] == START + 3, panel["affected"])
    )
    x = np.column_stack([np.ones(len(d)), d, post, own, d * post, d * own, post * own, d * post * own])
    fit = sm.WLS(panel["y"].to_numpy(), x, weights=panel["w"].to_numpy()).fit()
    raw = fit.get_robustcov_results("cluster", groups=pd.factorize(panel["office_id"])[0], use_correction=False)
    assert found.overall() == pytest.approx(fit.params[7], abs=1e-10)
    simple = int(np.flatnonzero(found.table["term"] == "simple")[0])
    assert np.sqrt((found.sums[:, simple] ** 2).sum()) == pytest.approx(raw.bse[7], abs=1e-10)


def test_each_comparison_group_gives_the_interaction_of_its_own_regression():
    """Before the other group starts both comparison groups count, by how many persons of either kind they have."""
    panel = two_kinds(3)
    effects = of_term(triple_differences(subgroups(panel), NOT_YET), "att_gt").set_index(["group", "month"])["estimate"]
    at = panel["month"].isin([START + 2, START + 3])
    found, sizes = [], []
    for other in (START + 5, None):
        compared = panel["adoption_month"].isna() if other is None else panel["adoption_month"] == other
        some = panel[at & (compared | (panel["adoption_month"] == START + 3))]
        own = some["adoption_month"] == START + 3
        gap = some.groupby([own, "month", "affected"])["y"].mean().unstack()
        gap = (gap[True] - gap[False]).unstack()
        change = gap[START + 3] - gap[START + 2]
        found.append(change[True] - change[False])
        kinds = some[~own].drop_duplicates("person_id")["affected"].value_counts()
        sizes.append(kinds[True] * kinds[False] / kinds.sum())
    assert effects[START + 3, START + 3] == pytest.approx(np.average(found, weights=sizes), abs=1e-10)
    assert effects[START + 3, START + 6] == pytest.approx(
        of_term(triple_differences(subgroups(panel), NEVER), "att_gt").set_index(["group", "month"])["estimate"][
            START + 3, START + 6
        ]
    )


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_the_truth_comes_out_where_groups_and_kinds_have_trends_of_their_own(control):
    found = triple_differences(subgroups(two_kinds(2, noise=0.0)), Design(control=control))
    curve = of_term(found, "dynamic")
    truth = np.where(curve["event_time"] >= 0, 1.0 + curve["event_time"], 0.0)
    assert curve["estimate"].to_numpy(dtype="float64") == pytest.approx(truth.astype("float64"), abs=1e-9)


def test_subtracting_two_staggered_estimates_would_miss():
    groups = subgroups(two_kinds(2, noise=0.0))
    first, second = (cell_effects(part, NOT_YET).group_time.table for part in (groups.affected, groups.unaffected))
    own = (first["group"] == START + 3) & (first["month"] == START + 4)
    pooled = float((first["att"] - second["att"])[own].iloc[0])
    assert abs(pooled - 2.0) > 0.1


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_influence_is_the_derivative_and_left_out_is_estimated_again(control):
    groups = subgroups(two_kinds(4, rows=0.9), weight="w")
    design = Design(control=control, anticipation=1)
    found = triple_differences(groups, design)
    for o in (0, 1, 2):
        up, down = (
            triple_differences(both(lambda a, o=o, f=factor: scaled(a, o, f), groups), design)
            .table["estimate"]
            .to_numpy()
            for factor in (1 + 1e-5, 1 - 1e-5)
        )
        np.testing.assert_allclose(found.sums[o], (up - down) / 2e-5, atol=2e-8)
        keep = np.arange(len(found.offices)) != o
        again = triple_differences(both(lambda a, k=keep: selected_offices(a, k), groups), design).table["estimate"]
        np.testing.assert_allclose(found.left_out[o], again, atol=1e-10)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3, 3))
def test_what_moves_a_group_or_a_kind_alone_changes_nothing(seed, size):
    panel = two_kinds(seed)
    by_group = size * panel["adoption_month"].fillna(START + 1) % 7 * (panel["month"] - START) ** 2
    moved = panel.assign(y=panel["y"] + by_group + size * panel["affected"] * np.sin(panel["month"]))
    found, again = (triple_differences(subgroups(p), NOT_YET).table["estimate"] for p in (panel, moved))
    np.testing.assert_allclose(found, again, atol=1e-8)


def test_a_group_without_unaffected_persons_is_told():
    panel = two_kinds(1)
    panel = panel[panel["affected"] | (panel["adoption_month"] != START + 3)]
    found = triple_differences(subgroups(panel), NOT_YET)
    assert set(found.weights["group"]) == {START + 5}
    assert set(found.omitted["group"]) == {START + 3}
    assert set(found.omitted["reason"]) == {"empty_cell"}


def test_offices_with_one_kind_only_count_in_both_arrays():
    panel = two_kinds(1)
    panel = panel[(panel["office_id"] != "k00") | panel["affected"]]
    groups = subgroups(panel)
    assert list(groups.affected.offices) == list(groups.unaffected.offices)
    found = triple_differences(groups, NEVER)
    assert len(found.offices) == 8
    assert np.isfinite(found.left_out[:, found.table["term"] == "simple"]).all()


def test_rows_count_the_affected():
    found = triple_differences(subgroups(two_kinds(1)), NEVER)
    simple = next(row for row in estimated_rows(found, outcome="y") if row["term"] == "simple")
    assert (simple["estimator"], simple["n_treated"], simple["n_offices_treated"]) == ("triple_differences", 40, 6)


def test_a_column_that_does_not_tell_two_kinds_is_refused():
    panel = two_kinds(1)
    with pytest.raises(ValueError, match="one value"):
        subgroups(panel.assign(affected=True))
    table = cells(
        panel.assign(affected=panel["affected"].astype("object").mask(panel["month"] == START)),
        outcomes=["y"],
        by=[*BY, "affected"],
        weight=None,
    )
    with pytest.raises(ValueError, match="missing"):
        subgroup_arrays(table, affected="affected")


def test_without_anybody_who_never_starts_the_never_treated_are_not_there():
    panel = two_kinds(1)
    with pytest.raises(ProblemsFound, match="ingen å sammenligne med"):
        triple_differences(subgroups(panel[panel["adoption_month"].notna()]), NEVER)
