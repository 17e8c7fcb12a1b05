"""The result: rows of the contract, JSON there and back, the jackknife of everything, and who says p."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from staggered_cases import START, answers, arrays_of, mpdta, staggered_panel

from analysis.results import estimates
from analysis.staggered.cell_arrays import selected_offices
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import AGGREGATES, Design
from analysis.staggered.guards import checked_panel
from analysis.staggered.inference import few_offices
from analysis.staggered.moments import joint_covariance, person_moments
from analysis.staggered.pairwise import pairwise_effects
from analysis.staggered.parameters import parameters
from analysis.staggered.person_effects import person_effects
from analysis.staggered.persons import Roles
from analysis.staggered.regressions import event_study, static_effect
from analysis.staggered.result import cell_result, person_result
from analysis.staggered.result_json import from_json, to_json
from analysis.staggered.rows import regression_rows, to_rows


def result_of(panel, design, **options):
    found = cell_effects(arrays_of(panel, "y"), design)
    return cell_result(found, design, outcome="y", seed=11, **options)


def everything(panel, design):
    found = cell_effects(arrays_of(panel, "y"), design)
    joint = joint_covariance(person_moments(panel, outcome="y"), found.plan)
    options = {"permute": True, "flip": True, "bands": True, "joint": joint, "n_persons": 96}
    return cell_result(found, design, outcome="y", seed=11, **options)


@pytest.fixture(scope="module")
def whole():
    return everything(staggered_panel(1), Design(control="not_yet", base="varying"))


def same(one, other):
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, pd.DataFrame):
            pd.testing.assert_frame_equal(a, b)
        elif dataclasses.is_dataclass(a):
            same(a, b)
        elif isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
        else:
            assert a == b


def test_json_there_and_back_loses_nothing(whole):
    again = from_json(to_json(whole))
    same(whole, again)
    for name in whole.names():
        same(whole.uncertainty(name), again.uncertainty(name))


def test_the_result_is_frozen(whole):
    with pytest.raises(dataclasses.FrozenInstanceError):
        whole.level = 0.9


def test_rows_keep_the_contract(whole):
    table = estimates(to_rows(whole), cohort="c")
    assert (table["status"] == "estimated").all()
    assert table["inference"].unique().tolist() == [
        "jackknife",
        "cluster",
        "cluster_r_did",
        "person",
        "placebo_rank",
        "sign_flip",
        "multiplier_band",
    ]
    primary = table[table["role"] == "primary"].iloc[0]
    assert (primary["term"], primary["inference"]) == ("simple", "jackknife")
    assert (primary["n_treated"], primary["n_offices_treated"], primary["n_offices_comparison"]) == (72, 6, 4)
    ranks = table[table["inference"] == "placebo_rank"]
    assert ranks["p_value"].isna().all()
    assert (ranks["df"] == 420).all()
    assert table.loc[table["inference"] == "multiplier_band", "convention"].str.contains("seed 11").all()


def test_every_effect_before_adoption_says_its_base_month(whole):
    table = estimates(to_rows(whole), cohort="c")
    before = table[(table["term"] == "att_gt") & (table["event_time"] < 0)]
    assert before["convention"].str.endswith(tuple(f"base month {e}" for e in (-5, -4, -3, -2))).all()
    expected = (before["event_time"] - 1).astype(str)
    assert [c.rsplit(" ", 1)[1] for c in before["convention"]] == expected.tolist()
    universal = estimates(to_rows(result_of(staggered_panel(1), Design())), cohort="c")
    events = universal[universal["event_time"].notna()]
    assert events["convention"].str.endswith("base month -1").all()


def test_few_treated_offices_give_no_p_but_a_rank(whole):
    alone = whole.table["n_offices_treated"] == 2
    found = whole.uncertainty()
    assert alone.any()
    assert np.isnan(found.p_value[alone.to_numpy(dtype=bool)]).all()
    assert np.isfinite(found.conf_low[alone.to_numpy(dtype=bool)]).any()
    enough = (whole.table["term"] == "simple").to_numpy()
    assert np.isfinite(found.p_value[enough]).all()
    table = estimates(to_rows(whole), cohort="c")
    few = table[(table["n_offices_treated"] < 6) & (table["inference"] == "sign_flip")]
    assert few["p_value"].isna().all()
    assert (few["reason"] == "few_treated_offices").all()
    without_p = table[(table["term"] == "att_gt") & (table["reason"] == "few_treated_offices")]
    ranked = table[(table["term"] == "att_gt") & (table["inference"] == "placebo_rank")]
    assert len(without_p) == len(ranked) > 0


def test_the_jackknife_of_each_estimate_is_that_of_estimating_again(whole):
    found = cell_effects(arrays_of(staggered_panel(1), "y"), whole.design)
    n = len(found.arrays.offices)
    again = []
    for o in range(n):
        less = cell_effects(selected_offices(found.arrays, np.arange(n) != o), whole.design)
        again.append(parameters(less.group_time, whole.design).table["estimate"].to_numpy())
    apart = np.array(again) - whole.table["estimate"].to_numpy()
    se = np.sqrt((n - 1) / n * (apart**2).sum(axis=0))
    own = whole.uncertainty("jackknife").std_error
    assert own[~np.isnan(own)] == pytest.approx(se[~np.isnan(own)], abs=1e-12)


def test_offices_are_many_when_they_are_so_on_both_sides():
    # Every fourth never adopts: 12, 24 and 25 of them.
    few, one_side, many = (result_of(staggered_panel(1, persons=2, offices=n), Design()) for n in (48, 96, 100))
    assert few.headline == "jackknife"
    assert one_side.headline == "jackknife"
    assert many.headline == "cluster"
    assert many.names()[0] == "cluster"


def test_the_rule_of_few_offices_looks_at_all_and_at_each_side():
    assert few_offices(49, 25, 25)
    assert few_offices(100, 6, 94)
    assert few_offices(100, 94, 6)
    assert not few_offices(50, 25, 25)
    assert not few_offices(50, np.inf, np.inf)


def test_county_employment_has_rs_errors_and_pretest():
    answer = answers("mpdta_r_did_2.5.1.json")["specs"]["~1|dr|nevertreated|varying"]
    design = Design(base="varying")
    found = cell_effects(arrays_of(mpdta(), "lemp"), design)
    result = cell_result(found, design, outcome="lemp", seed=1)
    se = dict(zip(result.table["term"], result.uncertainty("cluster_r_did").std_error, strict=True))
    assert se["simple"] == pytest.approx(answer["simple"]["overall_se"], abs=1e-12)
    assert result.pretest("cluster_r_did")[0] == pytest.approx(answer["pretest_wald_p"], abs=5e-6)


def test_base_rates_are_what_the_treated_would_have_had():
    panel = staggered_panel(1, noise=0.0)
    result = result_of(panel, Design())
    effect = result.table[result.table["term"] == "att_gt"]
    row = effect[(effect["group"] == START + 3) & (effect["month"] == START + 6)].iloc[0]
    treated = panel[(panel["adoption_month"] == START + 3) & (panel["month"] == START + 6)]["y"].mean()
    assert row["base_rate"] == pytest.approx(treated - 4)
    assert result.table.loc[result.table["term"] == "simple", "base_rate"].notna().all()


def test_effects_that_nobody_can_be_compared_with_keep_a_row():
    panel = staggered_panel(1)
    result = result_of(panel[panel["adoption_month"].notna()], Design(control="not_yet"))
    table = estimates(to_rows(result), cohort="c")
    lost = table[table["status"] == "not_estimated"]
    assert len(lost) == len(result.omitted) > 0
    assert (lost["reason"] == "no_comparison").all()
    assert lost["estimate"].isna().all()


def test_only_the_wanted_aggregates_are_there():
    result = result_of(staggered_panel(1), Design(aggregates=("dynamic",), balance=1))
    assert set(result.table["term"]) == {"att_gt", "dynamic", "dynamic_overall"}
    assert result.table.loc[result.table["term"] == "dynamic", "event_time"].max() == 1
    assert set(result_of(staggered_panel(1), Design(aggregates=())).table["term"]) == {"att_gt"}
    assert set(AGGREGATES) == {"simple", "group", "calendar", "dynamic"}


def test_persons_as_units_give_the_cells_result():
    panel = staggered_panel(1)
    people = panel.assign(office_id=panel["person_id"])
    found = cell_effects(arrays_of(people, "y"), Design()).group_time
    offices = panel.drop_duplicates("person_id").set_index("person_id").loc[found.units, "office_id"].to_numpy()
    by_person = person_result(dataclasses.replace(found, clusters=offices), Design(), outcome="y", seed=11)
    by_cell = result_of(panel, Design())
    assert by_person.headline == "cluster"
    assert by_person.table["estimate"].to_numpy() == pytest.approx(by_cell.table["estimate"].to_numpy(), abs=1e-12)
    assert by_person.sums == pytest.approx(by_cell.sums, abs=1e-12)
    same_units = by_person.uncertainty("person").std_error
    assert np.isfinite(same_units).any()


def test_an_unknown_inference_is_refused(whole):
    with pytest.raises(ValueError, match="no inference"):
        whole.uncertainty("bayes")


def test_regressions_are_benchmarks_under_every_convention():
    arrays = arrays_of(staggered_panel(1), "y")
    rows = [
        *regression_rows(static_effect(arrays, Design()), outcome="y"),
        *regression_rows(event_study(arrays, Design()), outcome="y"),
    ]
    table = estimates(rows, cohort="c")
    assert (table["role"] == "benchmark").all()
    assert table["inference"].nunique() == 5
    assert table.loc[table["estimator"] == "twfe_event_study", "convention"].str.endswith("base month -1").all()


def by_persons(panel, design, **roles):
    return person_effects(panel, design, Roles(outcome="y", **roles), method="reg")


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("base", ["varying", "universal"])
@pytest.mark.parametrize("missing", ["drop_person", "pairwise"])
def test_persons_and_unchanged_cells_agree(control, base, missing):
    panel, design = staggered_panel(1), Design(control=control, base=base, weight="w", missing=missing)
    panel.loc[(panel["person_id"] % 9 == 0) & (panel["month"] == START + 6), "y"] = np.nan
    persons = by_persons(panel, design, cluster="office_id")
    if missing == "pairwise":
        cells = pairwise_effects(panel, design, outcome="y")
    else:
        whole = checked_panel(panel, design, outcome="y").panel
        cells = cell_effects(arrays_of(whole, "y", weight="w"), design)
    from_cells = cell_result(cells, design, outcome="y", seed=1)
    n = cells.arrays.offices
    left = [by_persons(panel[panel["office_id"] != o], design, cluster="office_id").group_time for o in n]
    options = {"outcome": "y", "seed": 1, "cells": cells, "left_out": left}
    from_persons = person_result(persons.group_time, design, **options)
    assert from_persons.table["estimate"].to_numpy() == pytest.approx(
        from_cells.table["estimate"].to_numpy(), abs=1e-12
    )
    assert from_persons.sums == pytest.approx(from_cells.sums, abs=1e-12)
    assert from_persons.left_out == pytest.approx(from_cells.left_out, abs=1e-12, nan_ok=True)
    assert from_persons.headline == "jackknife"
    offices = ["n_offices_treated", "n_offices_comparison"]
    pd.testing.assert_frame_equal(from_persons.table[offices], from_cells.table[offices])


def test_persons_without_offices_are_the_clusters():
    panel, design = staggered_panel(1), Design()
    persons = person_result(by_persons(panel, design).group_time, design, outcome="y", seed=1, cluster_level="person")
    assert persons.names() == ("cluster", "cluster_r_did")
    assert persons.uncertainty().cluster_level == "person"
    same(persons, from_json(to_json(persons)))


def test_cells_of_other_effects_are_refused():
    panel = staggered_panel(1)
    other = cell_effects(arrays_of(panel, "y"), Design(base="varying"))
    with pytest.raises(ValueError, match="other effects"):
        parameters(cell_effects(arrays_of(panel, "y"), Design()).group_time, Design(), cells=other)
