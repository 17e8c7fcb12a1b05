"""Local projections: regressions of long differences on persons, diff-diff, known truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import answers, arrays_of, simulated, staggered_panel
from staggered_family import assert_influence_and_left_out, of_term, untreated_first

from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import NEVER, Design
from analysis.staggered.local_projections import local_projections
from analysis.staggered.parameters import parameters

PEER = answers("diff_diff_3.13.0.json")
NOT_YET = Design(control="not_yet")


def long_differences(panel, horizons, control):
    """Per person, month and horizon: the change from the month before, `enters` in the month, its clean comparison."""
    wide = panel.pivot(index="person_id", columns="month", values="y")
    of_person = panel.drop_duplicates("person_id").set_index("person_id")
    adoption = of_person["adoption_month"].fillna(NEVER)
    rows = []
    for h in horizons:
        for month in wide.columns:
            if month - 1 not in wide.columns or month + h not in wide.columns:
                continue
            clean = adoption == NEVER if control == "never" else adoption > month + max(h, 0)
            enters = adoption == month
            used = clean | enters
            change = (wide[month + h] - wide[month - 1])[used]
            rows.append(
                pd.DataFrame({"change": change, "enters": enters[used] * 1.0, "h": h, "month": month}).assign(
                    office_id=of_person.loc[change.index, "office_id"]
                )
            )
    return pd.concat(rows, ignore_index=True)


def regression(rows, offices):
    """Coefficient of entering with a level per month and horizon, and its influence by office."""
    by = [rows["h"], rows["month"]]
    x = rows["enters"] - rows["enters"].groupby(by).transform("mean")
    y = rows["change"] - rows["change"].groupby(by).transform("mean")
    slope = (x @ y) / (x @ x)
    return slope, (x * (y - slope * x)).groupby(rows["office_id"]).sum().reindex(offices, fill_value=0.0) / (x @ x)


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_each_event_time_equals_a_regression_on_persons(control):
    panel = staggered_panel(7, persons=5)
    found = local_projections(arrays_of(panel, "y"), Design(control=control))
    place = np.flatnonzero(found.table["term"] == "dynamic")
    checked = 0
    for r in place:
        h = found.table["event_time"].iloc[r]
        if h == -1:
            continue
        slope, influence = regression(long_differences(panel, [h], control), found.offices)
        assert found.table["estimate"].iloc[r] == pytest.approx(slope, abs=1e-9)
        np.testing.assert_allclose(found.sums[:, r], influence, atol=1e-9)
        checked += 1
    assert checked == 9


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_the_overall_coefficient_is_one_regression_over_all_horizons(control):
    panel = staggered_panel(7, persons=5)
    found = local_projections(arrays_of(panel, "y"), Design(control=control))
    slope, influence = regression(long_differences(panel, range(8), control), found.offices)
    assert found.overall() == pytest.approx(slope, abs=1e-9)
    own = int(np.flatnonzero(found.table["term"] == "simple")[0])
    np.testing.assert_allclose(found.sums[:, own], influence, atol=1e-9)
    assert found.weights["weight"].sum() == pytest.approx(1)


@pytest.mark.parametrize("weighting", ["variance", "equal"])
def test_the_simulated_offices_equal_diff_diff(weighting):
    found = local_projections(arrays_of(simulated("panel"), "y"), NOT_YET, weighting=weighting)
    curve = of_term(found, "dynamic").set_index("event_time")["estimate"]
    theirs = pd.DataFrame(PEER[f"lpdid_{weighting}"])
    assert curve[theirs["horizon"].astype(int)].to_numpy() == pytest.approx(theirs["coefficient"].to_numpy(), abs=1e-10)


def test_standard_errors_equal_diff_diffs_with_its_factor():
    found = local_projections(arrays_of(simulated("panel"), "y"), NOT_YET)
    dynamic = (found.table["term"] == "dynamic").to_numpy()
    raw = pd.Series(np.sqrt((found.sums[:, dynamic] ** 2).sum(axis=0)), index=found.table["event_time"][dynamic])
    for row in pd.DataFrame(PEER["lpdid_variance"]).itertuples():
        months = 12 - abs(row.horizon) if row.horizon < 0 else 11 - row.horizon  # with a change that can be made
        factor = 24 / 23 * (row.n_obs - 1) / (row.n_obs - months - 1)
        assert raw[int(row.horizon)] * np.sqrt(factor) == pytest.approx(row.se, abs=1e-10)


def test_equal_weights_are_the_dynamic_average_of_group_time_effects():
    arrays = arrays_of(untreated_first(staggered_panel(3)), "y", weight="w")
    design = Design(control="not_yet", aggregates=("simple", "dynamic"))
    found = local_projections(arrays, NOT_YET, weighting="equal")
    listed = parameters(cell_effects(arrays, design).group_time, design).table
    np.testing.assert_allclose(found.table["estimate"], listed["estimate"], atol=1e-12)


@pytest.mark.parametrize("weighting", ["variance", "equal"])
@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_influence_is_the_derivative_and_left_out_is_estimated_again(weighting, control):
    design = Design(control=control, anticipation=1)
    arrays = arrays_of(untreated_first(staggered_panel(3)), "y", weight="w")
    assert_influence_and_left_out(lambda a: local_projections(a, design, weighting=weighting), arrays)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["variance", "equal"]), st.sampled_from(["never", "not_yet"]))
def test_without_noise_the_truth_comes_out(seed, weighting, control):
    arrays = arrays_of(staggered_panel(seed, noise=0.0, persons=3), "y")
    found = local_projections(arrays, Design(control=control), weighting=weighting)
    curve = of_term(found, "dynamic")
    truth = np.where(curve["event_time"] >= 0, 1.0 + curve["event_time"], 0.0)
    assert curve["estimate"].to_numpy(dtype="float64") == pytest.approx(truth.astype("float64"), abs=1e-9)


def test_rows_count_the_persons_and_offices_behind_them():
    table = local_projections(arrays_of(staggered_panel(1), "y"), Design(control="never")).table
    counted = table.loc[table["term"] == "simple", ["n_treated", "n_comparison"]].to_numpy().tolist()
    assert counted == [[72, 24]]
    assert table.loc[table["term"] == "simple", "n_offices_treated"].tolist() == [6]
    assert table["base_rate"].notna().all()


def test_weights_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="weighting"):
        local_projections(arrays_of(staggered_panel(1), "y"), NOT_YET, weighting="shares")
