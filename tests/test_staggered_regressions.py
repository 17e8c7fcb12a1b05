"""Two-way fixed effects from cells: fixest's values, regressions on persons, and what goes wrong with them."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.panel import PanelOLS
from staggered_cases import START, answers, arrays_of, mpdta, staggered_panel

from analysis.problems import ProblemsFound
from analysis.staggered.bootstrap import restricted_wild
from analysis.staggered.design import Design
from analysis.staggered.regressions import (
    convention_rows,
    event_study,
    left_out_coefficients,
    static_effect,
    static_weights,
    wild_p,
)

FIXEST = answers("mpdta_fixest_twfe_sunab_bjs.json")
TWFE = FIXEST["twfe_post"]


def rows_of(found):
    return convention_rows(found).set_index("inference")


def test_county_employment_equals_fixest():
    rows = rows_of(static_effect(arrays_of(mpdta(), "lemp"), Design()))
    assert rows.loc["cr1_fixest", "estimate"] == pytest.approx(TWFE["coef"], abs=1e-12)
    assert rows.loc["cr1_fixest", "std_error"] == pytest.approx(TWFE["se_id"], abs=1e-10)
    assert rows.loc["cr1_fixest", "p_value"] == pytest.approx(TWFE["p_id"], abs=1e-10)
    assert rows.loc["cr0", "std_error"] == pytest.approx(FIXEST["raw_CR0_se_id"], abs=1e-12)
    assert rows.loc["cr1_linearmodels", "std_error"] == pytest.approx(0.014819763208491776, abs=1e-12)
    assert rows.loc["cr1_statsmodels_lsdv", "std_error"] == pytest.approx(TWFE["se_id_full"], abs=1e-10)
    assert rows.loc["cr1_no_k", "std_error"] == pytest.approx(0.01325188, abs=5e-9)
    assert "K=6" in rows.loc["cr1_fixest", "convention"]
    assert "K=505" in rows.loc["cr1_statsmodels_lsdv", "convention"]


def test_county_employment_by_state_equals_fixest():
    by_state = mpdta().assign(office_id=mpdta()["state"])
    rows = rows_of(static_effect(arrays_of(by_state, "lemp"), Design()))
    assert rows.loc["cr1_fixest", "estimate"] == pytest.approx(TWFE["coef"], abs=1e-12)
    assert rows.loc["cr1_fixest", "std_error"] == pytest.approx(TWFE["se_state"], abs=1e-10)
    assert rows.loc["cr1_fixest", "p_value"] == pytest.approx(TWFE["p_state"], abs=1e-10)
    assert rows.loc["cr1_statsmodels_lsdv", "p_value"] == pytest.approx(0.149, abs=5e-4)


def dummies(panel, times=None):
    since = panel["month"] - panel["adoption_month"]
    if times is None:
        return pd.DataFrame({"d": (since >= 0).astype("float64")})
    return pd.DataFrame({f"d{e}": (since == e).astype("float64") for e in times})


@pytest.mark.parametrize("dynamic", [False, True])
def test_cells_equal_a_regression_on_persons(dynamic):
    panel = staggered_panel(4)
    found = (event_study if dynamic else static_effect)(arrays_of(panel, "y"), Design())
    x = dummies(panel, found.event_times)
    frame = pd.concat([panel, x], axis=1).set_index(["person_id", "month"])
    offices = pd.DataFrame({"o": pd.factorize(frame["office_id"])[0]}, index=frame.index)
    model = PanelOLS(frame["y"], frame[x.columns], entity_effects=True, time_effects=True)
    fit = model.fit(cov_type="clustered", clusters=offices)
    rows = convention_rows(found).query("inference == 'cr1_linearmodels'")
    assert rows["estimate"].to_numpy() == pytest.approx(fit.params.to_numpy(), abs=1e-10)
    assert rows["std_error"].to_numpy() == pytest.approx(fit.std_errors.to_numpy(), abs=1e-10)
    assert rows["p_value"].to_numpy() == pytest.approx(fit.pvalues.to_numpy(), abs=1e-9)


@pytest.mark.parametrize("sampling", ["panel", "cross_section"])
def test_cells_of_uneven_months_equal_statsmodels_with_levels_of_office_and_group(sampling):
    panel = staggered_panel(6).sample(frac=0.8, random_state=1).reset_index(drop=True)
    found = static_effect(arrays_of(panel, "y", weight="w"), Design(sampling=sampling))
    levels = pd.get_dummies(panel[["office_id"]].assign(m=panel["month"].astype(str)), dtype="float64")
    x = pd.concat([dummies(panel), levels.drop(columns=levels.columns[-1])], axis=1)
    fit = sm.WLS(panel["y"], x, weights=panel["w"]).fit()
    raw = fit.get_robustcov_results("cluster", groups=pd.factorize(panel["office_id"])[0], use_correction=False)
    assert found.coefficient[0] == pytest.approx(fit.params["d"], abs=1e-10)
    assert np.sqrt((found.influence[:, 0] ** 2).sum()) == pytest.approx(raw.bse[0], abs=1e-10)
    if sampling == "cross_section":
        assert found.n_levels == 8


def test_the_static_coefficient_is_the_weighted_sum_of_effects():
    panel = staggered_panel(1, noise=0.0)
    weights = static_weights(arrays_of(panel, "y"), Design())
    truth = 1.0 + weights["month"] - weights["group"]
    found = static_effect(arrays_of(panel, "y"), Design())
    assert weights["weight"].sum() == pytest.approx(1)
    assert found.coefficient[0] == pytest.approx(float(weights["weight"] @ truth), abs=1e-12)
    assert found.coefficient[0] < truth.mean()


def test_county_employment_has_one_negative_weight():
    weights = static_weights(arrays_of(mpdta(), "lemp"), Design())
    assert weights.loc[weights["weight"] < 0, ["group", "month"]].to_numpy().tolist() == [[2004, 2007]]


def test_an_event_study_without_noise_and_with_equal_effects_is_the_truth():
    found = event_study(arrays_of(staggered_panel(1, noise=0.0), "y"), Design())
    truth = np.where(found.event_times >= 0, 1.0 + found.event_times, 0)
    assert found.coefficient == pytest.approx(truth, abs=1e-9)
    assert found.reference == -1
    assert event_study(arrays_of(staggered_panel(1), "y"), Design(anticipation=1)).reference == -2


def test_leaving_offices_out_equals_regressing_without_them():
    panel = staggered_panel(8)
    arrays = arrays_of(panel, "y")
    found = left_out_coefficients(arrays, Design())
    again = static_effect(arrays_of(panel[panel["office_id"] != "k02"], "y"), Design())
    assert found[2] == pytest.approx(again.coefficient, abs=1e-12)
    dynamic = left_out_coefficients(arrays, Design(), dynamic=True)
    assert dynamic.shape == (8, len(event_study(arrays, Design()).coefficient))
    assert np.isfinite(dynamic).any()


def test_without_never_treated_an_event_study_is_refused():
    panel = staggered_panel(1)
    panel = panel[panel["adoption_month"].notna()]
    with pytest.raises(ProblemsFound, match="aldri får tiltaket"):
        event_study(arrays_of(panel, "y"), Design())


def test_treatment_that_cannot_be_told_from_months_is_refused():
    panel = staggered_panel(1)
    panel = panel[panel["adoption_month"] == START + 3]
    with pytest.raises(ProblemsFound, match="kan ikke skilles"):
        static_effect(arrays_of(panel, "y"), Design())


def test_one_office_gives_no_clustered_error():
    panel = staggered_panel(1).assign(office_id="a")
    with pytest.raises(ProblemsFound, match="ett kontor"):
        convention_rows(static_effect(arrays_of(panel, "y"), Design()))


def test_the_wild_bootstrap_of_cells_is_that_of_persons():
    panel = staggered_panel(12, persons=4)
    # The effect is taken out, so that the p-value is not at its end.
    panel["y"] -= 0.93 * dummies(panel)["d"] * (1 + (panel["month"] - panel["adoption_month"]).fillna(0))
    found = wild_p(arrays_of(panel, "y"), Design(), seed=1)
    levels = pd.get_dummies(panel[["person_id", "month"]].astype(str), dtype="float64").iloc[:, :-1]
    persons = restricted_wild(panel["y"], dummies(panel)["d"], levels, panel["office_id"], seed=1)
    assert found.enumerated
    assert found.flips == 2**7
    assert 0.05 < found.p_value[0] < 1
    assert found.p_value[0] == persons.p_value[0]
