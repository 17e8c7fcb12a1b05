"""Stacked difference-in-differences: regressions on stacked persons, diff-diff, known truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import START, answers, arrays_of, simulated, staggered_panel
from staggered_family import assert_influence_and_left_out, of_term, untreated_first

from analysis.problems import ProblemsFound
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import NEVER, Design
from analysis.staggered.stacked import NOT_COVERED, stacked

PEER = answers("diff_diff_3.13.0.json")
NOT_YET = Design(control="not_yet")


def stack(panel, window, control):
    """Persons of every sub-experiment: sub, event, treated; one person can be in several."""
    before, after = window
    adoption = panel["adoption_month"].fillna(NEVER)
    parts = []
    for g in sorted(adoption[adoption < NEVER].unique()):
        inside = panel["month"].between(g - before, g + after)
        clean = adoption == NEVER if control == "never" else adoption > g + after
        rows = panel[inside & ((adoption == g) | clean)]
        parts.append(
            rows.assign(sub=g, event=(rows["month"] - g).astype(int), treated=(adoption[rows.index] == g) * 1.0)
        )
    return pd.concat(parts, ignore_index=True)


def corrective(long):
    """The weights of Wing, Freedman and Hollingsworth: 1 for the treated."""
    persons = long.drop_duplicates(["sub", "person_id"]).groupby(["sub", "treated"]).size().unstack()
    q = (persons[1.0] / persons[1.0].sum()) / (persons[0.0] / persons[0.0].sum())
    return np.where(long["treated"] == 1, 1.0, long["sub"].map(q))


def interactions(long, reference=-1):
    events = [e for e in sorted(long["event"].unique()) if e != reference]
    return pd.DataFrame({e: long["treated"] * (long["event"] == e) for e in events}, dtype="float64")


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_shares_equal_least_squares_with_corrective_weights_on_persons(control):
    panel = staggered_panel(3, persons=8, months=9)
    found = of_term(stacked(arrays_of(panel, "y"), Design(control=control), window=(3, 2)), "dynamic")
    long = stack(panel, (3, 2), control)
    x = pd.concat(
        [interactions(long), long["treated"], pd.get_dummies(long["event"], prefix="e", dtype="float64")], axis=1
    )
    fit = sm.WLS(long["y"], x.set_axis([str(name) for name in x], axis=1), weights=corrective(long)).fit()
    for event, estimate in zip(found["event_time"], found["estimate"], strict=True):
        expected = 0.0 if event == -1 else fit.params[str(event)]
        assert estimate == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_variance_weights_equal_least_squares_with_levels_per_sub_experiment(control):
    panel = staggered_panel(3, persons=4, months=9)
    design = Design(control=control)
    made = stacked(arrays_of(panel, "y"), design, window=(2, 2), weighting="variance")
    long = stack(panel, (2, 2), control)
    levels = {
        "p": long["sub"].astype(str) + "_" + long["person_id"].astype(str),
        "m": long["sub"] * 100 + long["month"],
    }
    dummies = [pd.get_dummies(labels, prefix=name, dtype="float64") for name, labels in levels.items()]
    own = interactions(long)
    x = np.hstack([own.to_numpy(), *[d.to_numpy() for d in dummies]])
    rest = own - x[:, own.shape[1] :] @ np.linalg.lstsq(x[:, own.shape[1] :], own.to_numpy(), rcond=None)[0]
    slope = np.linalg.lstsq(rest.to_numpy(), long["y"].to_numpy(), rcond=None)[0]
    found = of_term(made, "dynamic")
    found = found[found["event_time"] != -1]
    assert found["estimate"].to_numpy(dtype="float64") == pytest.approx(slope, abs=1e-9)
    fit = np.linalg.lstsq(x, long["y"].to_numpy(), rcond=None)[0]
    residual = long["y"].to_numpy() - x @ fit
    scores = rest.mul(residual, axis=0).groupby(long["office_id"]).sum().to_numpy()
    influence = scores @ np.linalg.inv(rest.T.to_numpy() @ rest.to_numpy())
    rows = (made.table["term"] == "dynamic") & (made.table["event_time"] != -1)
    np.testing.assert_allclose(made.sums[:, rows.fillna(False).to_numpy(bool)], influence, atol=1e-9)


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_the_simulated_offices_equal_diff_diff(control):
    found = stacked(arrays_of(simulated("panel"), "y"), Design(control=control), window=(2, 2))
    theirs = PEER[f"stacked_{control}"]
    assert found.overall() == pytest.approx(theirs["overall"], abs=1e-10)
    curve = of_term(found, "dynamic").set_index("event_time")["estimate"]
    for event, effect in zip(theirs["event_time"], theirs["effect"], strict=True):
        assert curve[event] == pytest.approx(effect, abs=1e-10)


@pytest.mark.parametrize("weighting", ["shares", "variance"])
@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_influence_is_the_derivative_and_left_out_is_estimated_again(weighting, control):
    design = Design(control=control, anticipation=1)
    for panel in (staggered_panel(3, months=9), untreated_first(staggered_panel(3, months=9))):
        arrays = arrays_of(panel, "y", weight="w")
        assert_influence_and_left_out(lambda a: stacked(a, design, window=(2, 2), weighting=weighting), arrays, (1, 2))


@pytest.mark.parametrize("weighting", ["shares", "variance"])
def test_without_noise_the_truth_comes_out(weighting):
    found = stacked(arrays_of(staggered_panel(1, noise=0.0), "y"), NOT_YET, window=(2, 2), weighting=weighting)
    curve = of_term(found, "dynamic")
    truth = np.where(curve["event_time"] >= 0, 1.0 + curve["event_time"], 0.0)
    assert curve["estimate"].to_numpy(dtype="float64") == pytest.approx(truth.astype("float64"), abs=1e-9)
    assert found.overall() == pytest.approx(2.0, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 2), st.integers(0, 2))
def test_with_never_treated_shares_are_averages_of_group_time_effects(seed, before, after):
    arrays = arrays_of(staggered_panel(seed, persons=3), "y")
    found = stacked(arrays, Design(control="never"), window=(before, after))
    group_time = cell_effects(arrays, Design(control="never")).group_time
    att = group_time.table[group_time.table["event_time"].between(0, after)]
    share = att["group"].map(group_time.groups)
    assert found.overall() == pytest.approx(float((att["att"] * share).sum() / share.sum()), abs=1e-10)
    assert found.weights["weight"].sum() == pytest.approx(1)


def test_clean_controls_are_untreated_through_the_window():
    panel = staggered_panel(2)
    disturbed = panel["y"] + 50 * ((panel["adoption_month"] == START + 5) & (panel["month"] >= START + 5))
    short = stacked(arrays_of(panel.assign(y=disturbed), "y"), NOT_YET, window=(1, 2)).table
    clean = stacked(arrays_of(panel, "y"), NOT_YET, window=(1, 2)).table
    own = (short["term"] == "att_gt") & (short["group"] == START + 3)
    np.testing.assert_allclose(short.loc[own, "estimate"], clean.loc[own, "estimate"], atol=1e-9)


def test_groups_that_are_not_seen_in_the_whole_window_stand_in_the_ledger():
    found = stacked(arrays_of(staggered_panel(2), "y"), NOT_YET, window=(1, 4))
    assert set(found.weights["group"]) == {START + 3}
    assert found.ledger[["reason", "group", "persons", "offices"]].to_numpy().tolist() == [
        [NOT_COVERED, START + 5, 24, 2]
    ]
    with pytest.raises(ProblemsFound, match="kortere vindu"):
        stacked(arrays_of(staggered_panel(2), "y"), NOT_YET, window=(1, 9))


@pytest.mark.parametrize("options", [{"weighting": "equal"}, {"window": (-1, 2)}])
def test_options_that_do_not_exist_are_refused(options):
    with pytest.raises(ValueError, match="weighting|window"):
        stacked(arrays_of(staggered_panel(2), "y"), NOT_YET, **{"window": (1, 1), **options})
