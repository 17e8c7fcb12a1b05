"""Aggregates: R's four, balanced too, and gradients that are derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import arrays_of, mpdta, plain_specs, simulated, staggered_panel

from analysis.staggered.aggregate import aggregate, averages
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import AGGREGATES, Design

MPDTA, SIM = plain_specs("mpdta_r_did_2.5.1.json"), plain_specs("sim_r_did_2.5.1.json")


def compare(answer, kind, found, balance=None):
    one = aggregate(found, kind.split("_")[0], balance=balance)
    se = np.sqrt((one.influence(found) ** 2).sum(axis=0))
    assert one.estimate[0] == pytest.approx(answer[kind]["overall_att"], abs=1e-12)
    assert se[0] == pytest.approx(answer[kind]["overall_se"], abs=1e-12)
    if "egt" not in answer[kind]:
        return
    assert one.recipe.labels.tolist() == answer[kind]["egt"]
    stored = np.array(answer[kind]["se"], dtype="float64")
    assert one.estimate[1:] == pytest.approx(np.array(answer[kind]["att"], dtype="float64"), abs=1e-12)
    known = ~np.isnan(stored)
    assert se[1:][known] == pytest.approx(stored[known], abs=1e-12)


@pytest.mark.parametrize("key", MPDTA)
def test_county_employment_equals_r(key):
    answer, design, _ = MPDTA[key]
    found = cell_effects(arrays_of(mpdta(), "lemp"), design).group_time
    for kind in AGGREGATES:
        compare(answer, kind, found)
    if "dynamic_balance_e1" in answer:
        compare(answer, "dynamic_balance_e1", found, balance=1)


def test_a_stored_answer_for_the_balanced_aggregate_was_there():
    assert sum("dynamic_balance_e1" in answer for answer, _, _ in MPDTA.values()) >= 1


@pytest.mark.parametrize("key", [key for key, (_, _, parts) in SIM.items() if parts[0] != "unbalanced"])
def test_simulated_offices_equal_r(key):
    answer, design, parts = SIM[key]
    panel = simulated("panel" if parts[0] == "panel" else "unbalanced")
    if "cluster=office" not in parts:
        panel = panel.assign(office_id=panel["person_id"] if parts[0] == "panel" else np.arange(len(panel)))
    found = cell_effects(arrays_of(panel, "y"), design).group_time
    for kind in AGGREGATES:
        compare(answer, kind, found)


def test_persons_who_come_and_go_are_shared_out_as_persons():
    answer, design, _ = SIM["unbalanced|~1|dr|nevertreated|cluster=office"]
    panel = simulated("unbalanced")
    persons = panel.drop_duplicates("person_id").assign(size=1.0)
    found = cell_effects(arrays_of(panel, "y", persons=persons), design).group_time
    for kind in AGGREGATES:
        compare(answer, kind, found)


def found_for(seed, **options):
    return cell_effects(arrays_of(staggered_panel(seed), "y", weight="w"), Design(**options)).group_time


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(AGGREGATES), st.sampled_from(["never", "not_yet"]))
def test_gradients_are_derivatives(seed, kind, control):
    found = found_for(seed, control=control, base="varying")
    one = aggregate(found, kind)
    att, shares = found.table["att"].to_numpy(), np.array(list(found.groups.values()))
    rng = np.random.default_rng(seed)
    by_att, by_share = rng.normal(size=len(att)), rng.normal(size=len(shares))
    h = 1e-6
    up = averages(one.recipe, att + h * by_att, shares + h * by_share)
    down = averages(one.recipe, att - h * by_att, shares - h * by_share)
    expected = one.by_effect @ by_att + one.by_share @ by_share
    assert (up - down) / (2 * h) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", AGGREGATES)
def test_an_equal_effect_is_the_average_of_itself(kind):
    found = found_for(1, base="varying")
    one = aggregate(found, kind)
    shares = np.array(list(found.groups.values()))
    assert averages(one.recipe, np.full(len(found.table), 0.3), shares) == pytest.approx(0.3)
    assert one.by_effect.sum(axis=1) == pytest.approx(1.0)


def test_a_lost_group_leaves_averages_by_share_and_nothing_where_it_stood_alone():
    found = found_for(1, base="varying")
    one = aggregate(found, "dynamic")
    shares, att = np.array([0.0, 1.0]), found.table["att"].to_numpy(copy=True)
    lost = (found.table["group"] == list(found.groups)[0]).to_numpy()
    att[lost] = np.nan
    parts = averages(one.recipe, att, shares)[1:]
    alone = ~np.isin(one.recipe.labels, found.table.loc[~lost, "event_time"])
    assert np.isnan(parts[alone]).all()
    own = found.table[~lost].set_index("event_time")["att"]
    assert parts[~alone] == pytest.approx(own[one.recipe.labels[~alone]].to_numpy())
    assert averages(aggregate(found, "simple").recipe, att, shares)[0] == pytest.approx(
        found.table.loc[~lost & (found.table["event_time"] >= 0).to_numpy(), "att"].mean()
    )


def test_an_unknown_aggregate_is_refused():
    with pytest.raises(ValueError, match="unknown aggregate"):
        aggregate(found_for(1), "weekly")
