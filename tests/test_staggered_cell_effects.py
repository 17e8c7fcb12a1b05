"""Group-time effects from cells: R's did to the last digits, persons and cells alike, and rules for every sample."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import START, arrays_of, mpdta, plain_specs, simulated, staggered_panel

from analysis.problems import ProblemsFound
from analysis.staggered.cell_arrays import CellArrays, selected_offices, within_window
from analysis.staggered.cell_effects import cell_effects, effects, leave_one_out
from analysis.staggered.design import NEVER, Design

DESIGNS = [Design(control=c, base=b) for c in ("never", "not_yet") for b in ("varying", "universal")]
MPDTA, SIM = plain_specs("mpdta_r_did_2.5.1.json"), plain_specs("sim_r_did_2.5.1.json")


def against(answer, found):
    """Stored table beside ours, an effect per row."""
    stored = pd.DataFrame({name: answer[name] for name in ("g", "t", "att", "se")}).astype("float64")
    gt = found.group_time
    ours = gt.table.assign(our_se=np.sqrt((gt.influence**2).sum(axis=0)))
    both = stored.merge(ours, left_on=["g", "t"], right_on=["group", "month"], how="outer", suffixes=("_r", ""))
    assert both[["att_r", "att"]].notna().all(axis=None)
    return both


@pytest.mark.parametrize("key", MPDTA)
def test_county_employment_equals_r(key):
    answer, design, _ = MPDTA[key]
    both = against(answer, cell_effects(arrays_of(mpdta(), "lemp"), design))
    assert both["att"].to_numpy() == pytest.approx(both["att_r"].to_numpy(), abs=1e-12)
    known = both[both["se"].notna()]
    assert known["our_se"].to_numpy() == pytest.approx(known["se"].to_numpy(), abs=1e-12)


def sim_arrays(parts):
    """Cells of a simulated specification; without clusters every person, or row, is an office of its own."""
    kind, clustered = parts[0], "cluster=office" in parts
    panel = simulated("panel" if kind == "panel" else "unbalanced")
    if not clustered:
        panel = panel.assign(office_id=panel["person_id"] if kind == "panel" else np.arange(len(panel)))
    if kind != "unbalanced":
        return arrays_of(panel, "y")
    persons = panel.drop_duplicates("person_id").assign(size=1.0)
    return arrays_of(panel, "y", persons=persons)


@pytest.mark.parametrize("key", SIM)
def test_simulated_offices_equal_r(key):
    answer, design, parts = SIM[key]
    both = against(answer, cell_effects(sim_arrays(parts), design))
    assert both["att"].to_numpy() == pytest.approx(both["att_r"].to_numpy(), abs=1e-12)
    assert both["our_se"].to_numpy() == pytest.approx(both["se"].to_numpy(), abs=1e-12)


def by_hand(panel, group, month, base, compared):
    """The four means of persons, with no cell in sight."""
    wide = panel.pivot(index="person_id", columns="month", values="y")
    first = panel.drop_duplicates("person_id").set_index("person_id")
    w = first["w"]
    change = wide[month] - wide[base]
    own, other = first["adoption_month"] == group, compared(first["adoption_month"])
    return np.average(change[own], weights=w[own]) - np.average(change[other], weights=w[other])


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(DESIGNS))
def test_weighted_effects_from_cells_equal_means_of_persons(seed, design):
    panel = staggered_panel(seed)
    found = cell_effects(arrays_of(panel, "y", weight="w"), design).group_time.table
    for row in found[found["month"] != found["base"]].itertuples():
        later = max(row.month, row.base)

        def compared(adoption, row=row, later=later):
            waiting = (adoption > later) & (adoption != row.group) & (design.control == "not_yet")
            return adoption.isna() | waiting

        assert row.att == pytest.approx(by_hand(panel, row.group, row.month, row.base, compared), abs=1e-11)


@pytest.mark.parametrize("design", DESIGNS)
def test_without_noise_the_truth_comes_back(design):
    found = cell_effects(arrays_of(staggered_panel(1, noise=0.0), "y"), design).group_time
    after = found.table[found.table["event_time"] >= 0]
    assert after["att"].to_numpy() == pytest.approx(1.0 + after["event_time"].to_numpy(), abs=1e-12)
    before = found.table[found.table["event_time"] < 0]
    assert before["att"].to_numpy() == pytest.approx(0, abs=1e-12)


def test_with_anticipation_the_month_before_adoption_is_an_effect_too():
    panel = staggered_panel(1, noise=0.0)
    ahead = panel["month"] == panel["adoption_month"] - 1
    panel.loc[ahead, "y"] += 0.5
    for control in ("never", "not_yet"):
        for base in ("varying", "universal"):
            design = Design(control=control, base=base, anticipation=1)
            table = cell_effects(arrays_of(panel, "y"), design).group_time.table.set_index("event_time")["att"]
            assert table.loc[[-1]].to_numpy() == pytest.approx(0.5, abs=1e-12)
            assert table.loc[[0]].to_numpy() == pytest.approx(1.0, abs=1e-12)
            assert table[table.index < -1].to_numpy() == pytest.approx(0, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from(DESIGNS), st.floats(0.01, 100), st.floats(-1e4, 1e4), st.integers(-500, 500)
)
def test_order_names_units_and_dates_do_not_matter(seed, design, factor, level, shift):
    panel = staggered_panel(seed)
    rng = np.random.default_rng(seed)
    plain = cell_effects(arrays_of(panel, "y"), design).group_time
    other = panel.sample(frac=1, random_state=seed).assign(
        y=lambda p: factor * p["y"] + level,
        month=lambda p: p["month"] + shift,
        adoption_month=lambda p: p["adoption_month"] + shift,
        office_id=lambda p: p["office_id"].map(dict(zip(panel["office_id"].unique(), rng.permutation(8), strict=True))),
        person_id=lambda p: -p["person_id"],
    )
    moved = cell_effects(arrays_of(other, "y"), design).group_time
    tolerance = 1e-10 * max(factor, 1) * max(1, abs(level))
    assert moved.table["att"].to_numpy() == pytest.approx(factor * plain.table["att"].to_numpy(), abs=tolerance)
    assert moved.table["month"].tolist() == (plain.table["month"] + shift).tolist()
    variance, old = (moved.influence**2).sum(axis=0), (plain.influence**2).sum(axis=0)
    assert np.sqrt(variance) == pytest.approx(factor * np.sqrt(old), abs=tolerance)


@pytest.mark.parametrize("design", DESIGNS)
def test_doubled_persons_change_nothing_between_offices(design):
    panel = staggered_panel(5)
    twin = panel.assign(person_id=panel["person_id"] + 10_000)
    once = cell_effects(arrays_of(panel, "y"), design).group_time
    twice = cell_effects(arrays_of(pd.concat([panel, twin]), "y"), design).group_time
    assert twice.table["att"].to_numpy() == pytest.approx(once.table["att"].to_numpy(), abs=1e-13)
    assert twice.influence == pytest.approx(once.influence, abs=1e-13)
    assert (twice.table["n_treated"] == 2 * once.table["n_treated"]).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(DESIGNS))
def test_influences_add_up_to_zero(seed, design):
    found = cell_effects(arrays_of(staggered_panel(seed), "y", weight="w"), design).group_time
    assert found.influence.sum(axis=0) == pytest.approx(0, abs=1e-12)
    assert found.share_influence.sum(axis=0) == pytest.approx(0, abs=1e-12)
    assert sum(found.groups.values()) == pytest.approx(1)


@pytest.mark.parametrize("design", DESIGNS)
def test_leaving_an_office_out_equals_estimating_without_it(design):
    found = cell_effects(arrays_of(staggered_panel(9), "y"), design)
    att, shares = leave_one_out(found.arrays, found.plan)
    for o in range(len(found.arrays.offices)):
        less = selected_offices(found.arrays, np.arange(len(found.arrays.offices)) != o)
        again = cell_effects(less, design).group_time
        assert att[o] == pytest.approx(again.table["att"].to_numpy(), abs=1e-12)
        assert shares[o] == pytest.approx(list(again.groups.values()), abs=1e-12)


def test_many_samples_at_once_are_each_their_own():
    found = cell_effects(arrays_of(staggered_panel(2), "y"), Design())
    wy, w = found.arrays.wy.sum(axis=0), found.arrays.w.sum(axis=0)
    both = effects(np.stack([wy, 2 * wy]), np.stack([w, w]), found.plan)
    assert both[1] == pytest.approx(2 * both[0])


def test_groups_outside_the_window_are_accounted_for():
    panel = staggered_panel(3)
    panel.loc[panel["office_id"] == "k00", "adoption_month"] = START - 4
    panel.loc[panel["office_id"] == "k01", "adoption_month"] = START + 30
    found = cell_effects(arrays_of(panel, "y"), Design())
    assert found.ledger.to_dict("records") == [
        {"reason": "adopted_before_window", "group": START - 4, "persons": 12, "offices": 1},
        {"reason": "adopts_after_window", "group": START + 30, "persons": 12, "offices": 1},
    ]
    as_never = panel[panel["office_id"] != "k00"].copy()
    as_never.loc[as_never["office_id"] == "k01", "adoption_month"] = np.nan
    same = cell_effects(arrays_of(as_never, "y"), Design()).group_time
    assert found.group_time.table["att"].tolist() == pytest.approx(same.table["att"].tolist(), abs=1e-13)
    assert found.group_time.units.tolist() == same.units.tolist()


def test_a_group_still_anticipating_in_the_last_month_is_not_never_treated():
    panel = staggered_panel(3)
    panel.loc[panel["office_id"] == "k02", "adoption_month"] = START + 8
    arrays, ledger = within_window(arrays_of(panel, "y"), Design(anticipation=1))
    assert ledger.empty
    assert START + 8 in arrays.cohorts
    arrays, ledger = within_window(arrays_of(panel, "y"), Design())
    assert START + 8 not in arrays.cohorts


def test_without_never_treated_the_choice_is_refused_with_a_way_out():
    panel = staggered_panel(1)
    panel = panel[panel["adoption_month"].notna()]
    with pytest.raises(ProblemsFound, match="ennå ikke har startet"):
        cell_effects(arrays_of(panel, "y"), Design(control="never"))
    found = cell_effects(arrays_of(panel, "y"), Design(control="not_yet", base="varying"))
    assert found.group_time.table.query("event_time >= 0")["month"].max() == START + 4
    assert (found.plan.omitted["reason"] == "no_comparison").all()


def test_nobody_treated_inside_the_window_is_refused():
    panel = staggered_panel(1).assign(adoption_month=np.nan)
    with pytest.raises(ProblemsFound, match="ingen tar i bruk"):
        cell_effects(arrays_of(panel, "y"), Design())


def test_a_month_without_a_groups_persons_is_listed_as_an_empty_cell():
    panel = staggered_panel(1)
    gone = (panel["adoption_month"] == START + 5) & (panel["month"] == START + 6)
    found = cell_effects(arrays_of(panel[~gone], "y"), Design(sampling="cross_section"))
    assert found.plan.omitted.to_dict("records") == [{"group": START + 5, "month": START + 6, "reason": "empty_cell"}]
    assert found.group_time.table["att"].notna().all()


def test_seven_hundred_cells_take_milliseconds():
    rng = np.random.default_rng(1)
    n = rng.integers(20, 120, (100, 13, 1)) * np.ones((1, 1, 60))
    wy = rng.binomial(n.astype(int), 0.3) - 0.3 * n
    cohorts = np.r_[START + 5 + 4 * np.arange(12), NEVER]
    arrays = CellArrays(np.arange(100), cohorts, START + np.arange(60), n, n, wy, 0.3, n.sum(axis=2))
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        found = cell_effects(arrays, Design(base="varying"))
        times.append(time.perf_counter() - begun)
    assert len(found.group_time.table) == 708
    # About 20 ms when nothing else runs; the bound is for a machine that is shared.
    assert min(times) < 0.15
