"""Extended two-way fixed effects from cells: identities, statsmodels on persons, diff-diff's logit, known truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import START, answers, arrays_of, mpdta, simulated, staggered_panel
from staggered_family import assert_influence_and_left_out, binary_panel, of_term, untreated_first

from analysis.problems import ProblemsFound
from analysis.staggered.cell_arrays import cell_arrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.estimated import estimated_rows
from analysis.staggered.etwfe import etwfe, etwfe_logit
from analysis.staggered.imputation import imputation
from analysis.staggered.sun_abraham import sun_abraham

FIXEST = answers("mpdta_fixest_twfe_sunab_bjs.json")
PEER = answers("diff_diff_3.13.0.json")["etwfe_logit"]
NEVER, NOT_YET = Design(control="never"), Design(control="not_yet")


def columns_of(panel, control, *, anticipation=0):
    """Constant, cohorts, months, and a dummy per treated group and month, by name."""
    group, month = panel["adoption_month"], panel["month"]
    x = pd.concat(
        [
            pd.get_dummies(group.fillna(0), prefix="g", drop_first=True, dtype="float64"),
            pd.get_dummies(month, prefix="t", drop_first=True, dtype="float64"),
        ],
        axis=1,
    )
    since = (month - group).dropna()
    chosen = since != -1 - anticipation if control == "never" else since >= -anticipation
    cells = pd.DataFrame({"g": group, "t": month}).loc[chosen.index[chosen]].drop_duplicates()
    dummies = {f"d_{g:.0f}_{t:.0f}": ((group == g) & (month == t)).astype("float64") for g, t in cells.to_numpy()}
    return pd.concat([x.assign(constant=1.0), pd.DataFrame(dummies)], axis=1)


def effects_of(found):
    rows = of_term(found, "att_gt")
    return rows.set_index([rows["group"].astype(int), rows["month"].astype(int)])["estimate"]


def logit_by_statsmodels(panel, control, weights=None):
    """Average marginal effect of each treated cell, and its clustered delta-method covariance without factor."""
    x = columns_of(panel, control)
    w = np.ones(len(panel)) if weights is None else weights
    fit = sm.GLM(panel["y"], x, family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-14, maxiter=60)
    none = x.copy()
    none.loc[:, none.columns.str.startswith("d_")] = 0.0
    p1, p0 = fit.predict(x).to_numpy(), fit.predict(none).to_numpy()
    key = pd.MultiIndex.from_frame(pd.DataFrame({"group": panel["adoption_month"], "month": panel["month"]}))
    slopes = x.mul(p1 * (1 - p1), axis=0) - none.mul(p0 * (1 - p0), axis=0)
    bread = np.linalg.inv((x.mul(w * p1 * (1 - p1), axis=0).T @ x).to_numpy())
    scores = x.mul(w * (panel["y"].to_numpy() - p1), axis=0).groupby(panel["office_id"]).sum().to_numpy()
    return pd.Series(p1 - p0, index=key), slopes.set_axis(key), scores @ bread


def test_with_never_treated_it_is_sun_abraham_and_callaway_santanna():
    for arrays in (arrays_of(mpdta(), "lemp"), arrays_of(staggered_panel(3), "y", weight="w")):
        found = etwfe(arrays, NEVER)
        group_time = cell_effects(arrays, NEVER).group_time.table.set_index(["group", "month"])["att"]
        assert np.abs(effects_of(found) - group_time).max() < 1e-9
        assert found.overall() == pytest.approx(sun_abraham(arrays, NEVER).overall(), abs=1e-9)


@pytest.mark.parametrize(("design", "answer", "dummies"), [(NEVER, "etwfe_never", 12), (NOT_YET, "etwfe_not_yet", 7)])
def test_county_employment_equals_fixest(design, answer, dummies):
    """With shares of groups that count as known, as etwfe has them, and fixest's factor."""
    found = etwfe(arrays_of(mpdta(), "lemp"), design)
    effects = of_term(found, "att_gt")
    weight = effects.merge(found.weights, on=["group", "month"], how="left")["weight"].fillna(0.0).to_numpy()
    error = np.sqrt(((found.sums[:, : len(effects)] @ weight) ** 2).sum())
    factor = np.sqrt(500 / 499 * 2499 / (2500 - dummies - 5))
    assert found.overall() == pytest.approx(FIXEST[answer][0], abs=1e-9)
    assert factor * error == pytest.approx(FIXEST[answer][1], abs=1e-9)


@pytest.mark.parametrize("anticipation", [0, 1])
def test_with_the_not_yet_treated_it_is_imputation(anticipation):
    design = Design(control="not_yet", anticipation=anticipation)
    for arrays in (arrays_of(mpdta(), "lemp"), arrays_of(staggered_panel(3), "y", weight="w")):
        ours, theirs = etwfe(arrays, design), imputation(arrays, design)
        assert np.abs(effects_of(ours) - effects_of(theirs)).max() < 1e-9
        assert ours.overall() == pytest.approx(theirs.overall(), abs=1e-9)
        simple = [found.left_out[:, np.flatnonzero(found.table["term"] == "simple")[0]] for found in (ours, theirs)]
        np.testing.assert_allclose(*simple, atol=1e-9)


def test_uneven_months_with_levels_per_group_are_imputation_too():
    arrays = arrays_of(untreated_first(staggered_panel(5)), "y", weight="w")
    ours, theirs = etwfe(arrays, NOT_YET), imputation(arrays, NOT_YET, levels="cohort")
    assert np.abs(effects_of(ours) - effects_of(theirs)).max() < 1e-9


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_cells_equal_least_squares_on_persons(control):
    panel = untreated_first(staggered_panel(2))
    found = etwfe(arrays_of(panel, "y", weight="w"), Design(control=control))
    x = columns_of(panel, control)
    fit = sm.WLS(panel["y"], x, weights=panel["w"]).fit()
    raw = fit.get_robustcov_results("cluster", groups=pd.factorize(panel["office_id"])[0], use_correction=False)
    errors = pd.Series(raw.bse, index=x.columns)
    own = of_term(found, "att_gt")
    std_error = np.sqrt((found.sums**2).sum(axis=0))
    for r, row in own[own["estimate"] != 0].iterrows():
        name = f"d_{row['group']}_{row['month']}"
        assert row["estimate"] == pytest.approx(fit.params[name], abs=1e-9)
        assert std_error[r] == pytest.approx(errors[name], abs=1e-9)


def test_the_logit_equals_diff_diff_on_the_simulated_offices():
    found = etwfe_logit(arrays_of(simulated("panel"), "y"), NOT_YET)
    assert found.overall() == pytest.approx(0.108069895663, abs=5e-12)
    assert found.overall() == pytest.approx(PEER["overall"], abs=1e-10)
    theirs = pd.Series(PEER["effect"], index=[PEER["group"], PEER["month"]])
    assert np.abs(effects_of(found) - theirs).max() < 1e-10


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_logit_equals_statsmodels_with_average_marginal_effects_on_persons(control, weighted):
    panel = binary_panel(4, persons=20, months=7)
    w = panel["w"].to_numpy() if weighted else None
    found = etwfe_logit(arrays_of(panel, "y", weight="w" if weighted else None), Design(control=control))
    effect, slopes, by_office = logit_by_statsmodels(panel, control, w)
    effects = effects_of(found)
    own = effect.groupby(level=[0, 1]).first().reindex(effects.index)
    assert np.abs(own - effects).max() < 1e-10
    gradient = slopes.groupby(level=[0, 1]).mean().reindex(effects.index).to_numpy()
    errors = np.sqrt(((by_office @ gradient.T) ** 2).sum(axis=0))
    assert np.sqrt((found.sums[:, : len(effects)] ** 2).sum(axis=0)) == pytest.approx(errors, abs=1e-9)
    treated = (panel["month"] >= panel["adoption_month"]).to_numpy()
    overall = np.average(effect.to_numpy()[treated], weights=None if w is None else w[treated])
    assert found.overall() == pytest.approx(overall, abs=1e-10)


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("logistic", [False, True])
def test_influence_is_the_derivative_and_left_out_is_estimated_again(control, logistic):
    panel = untreated_first(binary_panel(2))
    estimate = etwfe_logit if logistic else etwfe
    arrays = arrays_of(panel, "y", weight="w")
    assert_influence_and_left_out(lambda a: estimate(a, Design(control=control)), arrays, averages=False)


def test_parallel_log_odds_give_the_truth_where_shares_are_not_parallel():
    """Shares of infinitely many persons: the logit is exact, the linear model is not."""
    months, offices = np.arange(8), 8
    rows = [
        {"office_id": o, "adoption_month": [START + 3, START + 5, np.nan][o % 3], "month": START + t, "o": o}
        for o in range(offices)
        for t in months
    ]
    frame = pd.DataFrame(rows)
    level = frame["adoption_month"].map({START + 3: -2.0, START + 5: 0.0}).fillna(1.0)
    odds = level + 0.25 * (frame["month"] - START)
    untreated = 1 / (1 + np.exp(-odds))
    treated = frame["month"] >= frame["adoption_month"]
    sums = frame.assign(n=1000, sum_w=1000.0, sum_wy=1000 * (untreated + 0.1 * treated))
    arrays = cell_arrays(sums)
    assert effects_of(etwfe_logit(arrays, NOT_YET)).to_numpy() == pytest.approx(0.1, abs=1e-9)
    assert abs(etwfe(arrays, NOT_YET).overall() - 0.1) > 0.02


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3, 3), st.sampled_from(["never", "not_yet"]))
def test_levels_of_groups_and_months_change_nothing(seed, size, control):
    panel = staggered_panel(seed, persons=3)
    design = Design(control=control)
    moved = size * (panel["month"] - START) ** 2 + size * panel["adoption_month"].fillna(0) % 11
    found = etwfe(arrays_of(panel, "y"), design)
    again = etwfe(arrays_of(panel.assign(y=panel["y"] + moved), "y"), design)
    np.testing.assert_allclose(again.table["estimate"], found.table["estimate"], atol=1e-8)
    np.testing.assert_allclose(again.sums, found.sums, atol=1e-8)


def test_a_group_in_which_nobody_has_the_outcome_stops_the_logit():
    panel = binary_panel(1)
    early = panel["adoption_month"] == START + 3
    panel.loc[early & (panel["month"] < START + 3), "y"] = 0.0
    with pytest.raises(ProblemsFound, match="log-oddsen er ikke bestemt"):
        etwfe_logit(arrays_of(panel, "y"), NOT_YET)
    assert np.isfinite(etwfe(arrays_of(panel, "y"), NOT_YET).overall())


def test_a_separation_that_no_single_margin_shows_stops_the_logit():
    rows = [(o, g, t) for o, g in enumerate([START + 2, np.nan, START + 2, np.nan]) for t in range(3)]
    frame = pd.DataFrame(rows, columns=["office_id", "adoption_month", "month"])
    first = frame["month"] == 0
    never = frame["adoption_month"].isna()
    share = np.where(never, np.where(first, 0.0, 0.5), np.where(first, 0.5, 1.0))
    sums = frame.assign(month=frame["month"] + START, n=10, sum_w=10.0, sum_wy=10.0 * share)
    with pytest.raises(ProblemsFound, match="ble ikke funnet"):
        etwfe_logit(cell_arrays(sums), NOT_YET)


def test_an_outcome_that_is_no_share_has_no_logit():
    with pytest.raises(ValueError, match="between 0 and 1"):
        etwfe_logit(arrays_of(staggered_panel(1), "y"), NOT_YET)


def test_rows_name_the_estimator_and_quote_the_jackknife_with_few_offices():
    rows = list(estimated_rows(etwfe_logit(arrays_of(simulated("panel"), "y"), NOT_YET), outcome="y"))
    simple = [row for row in rows if row["term"] == "simple"]
    assert {row["estimator"] for row in rows} == {"etwfe_logit"}
    assert simple[0]["inference"] == "jackknife"
    assert 0.02 < simple[0]["std_error"] < 0.12
