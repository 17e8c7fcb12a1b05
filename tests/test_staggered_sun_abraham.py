"""Sun and Abraham from cells: fixest's values, regressions on persons, and rules for every sample."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels.panel import PanelOLS
from staggered_cases import START, answers, arrays_of, mpdta, staggered_panel
from staggered_rules import (
    assert_an_office_left_out_is_not_there,
    assert_estimates_scale,
    assert_weights_give_the_overall_number,
    renamed_offices,
)

from analysis.problems import ProblemsFound
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.estimated import as_result
from analysis.staggered.sun_abraham import LAST_GROUP, sun_abraham

FIXEST = answers("mpdta_fixest_twfe_sunab_bjs.json")


def fixest_rows(found, term):
    rows = found.table.assign(se=as_result(found, outcome="y").uncertainty("cr1_fixest").std_error)
    return rows[(rows["term"] == term) & (rows["event_time"] != -1).fillna(True)]


@pytest.mark.parametrize("levels", ["office", "cohort"])
def test_county_employment_equals_fixest(levels):
    found = sun_abraham(arrays_of(mpdta(), "lemp"), Design(), levels=levels)
    stored = {"simple": FIXEST["sunab_att"], "dynamic": FIXEST["sunab_period"], "group": FIXEST["sunab_cohort"]}
    for term, answer in stored.items():
        rows = fixest_rows(found, term)
        assert rows["estimate"].to_numpy() == pytest.approx(np.atleast_1d(answer["coef"]), abs=1e-12)
        assert rows["se"].to_numpy() == pytest.approx(np.atleast_1d(answer["se"]), abs=1e-12)
    assert found.overall() == pytest.approx(FIXEST["etwfe_never"][0], abs=1e-9)


def interactions(panel, table):
    """A column for each group and month but the base."""
    return pd.DataFrame(
        {
            f"d{row.group}_{row.month}": ((panel["adoption_month"] == row.group) & (panel["month"] == row.month)) * 1.0
            for row in table.itertuples()
        },
        index=panel.index,
    )


def test_cells_equal_a_regression_on_persons():
    panel = staggered_panel(4, persons=6)
    found = sun_abraham(arrays_of(panel, "y", weight="w"), Design())
    effects = found.table[(found.table["term"] == "att_gt") & (found.table["event_time"] != -1)]
    x = interactions(panel, effects)
    frame = pd.concat([panel, x], axis=1).set_index(["person_id", "month"])
    offices = pd.DataFrame({"o": pd.factorize(frame["office_id"])[0]}, index=frame.index)
    model = PanelOLS(frame["y"], frame[x.columns], entity_effects=True, time_effects=True, weights=frame["w"])
    fit = model.fit(cov_type="clustered", clusters=offices, auto_df=False, count_effects=False)
    assert effects["estimate"].to_numpy() == pytest.approx(fit.params.to_numpy(), abs=1e-10)
    raw = np.sqrt((found.sums**2).sum(axis=0))[effects.index]
    n, k = len(panel), len(x.columns)
    assert raw * np.sqrt(n / (n - k)) == pytest.approx(fit.std_errors.to_numpy(), abs=1e-10)


def test_persons_who_come_and_go_equal_statsmodels_with_levels_of_offices():
    panel = staggered_panel(6).sample(frac=0.7, random_state=1).reset_index(drop=True)
    found = sun_abraham(arrays_of(panel, "y", weight="w"), Design())
    effects = found.table[(found.table["term"] == "att_gt") & (found.table["event_time"] != -1)]
    levels = pd.get_dummies(panel[["office_id"]].assign(m=panel["month"].astype(str)), dtype="float64")
    x = pd.concat([interactions(panel, effects), levels.drop(columns=levels.columns[-1])], axis=1)
    fit = sm.WLS(panel["y"], x, weights=panel["w"]).fit()
    raw = fit.get_robustcov_results("cluster", groups=pd.factorize(panel["office_id"])[0], use_correction=False)
    assert effects["estimate"].to_numpy() == pytest.approx(fit.params.to_numpy()[: len(effects)], abs=1e-9)
    influence = np.sqrt((found.sums**2).sum(axis=0))[effects.index]
    assert influence == pytest.approx(raw.bse[: len(effects)], abs=1e-9)


@pytest.mark.parametrize("levels", ["office", "cohort"])
@pytest.mark.parametrize("share", [1.0, 0.7])
def test_leaving_an_office_out_equals_estimating_without_it(levels, share):
    assert_an_office_left_out_is_not_there(partial(sun_abraham, levels=levels), share=share)


def test_of_a_balanced_panel_it_is_callaway_and_santanna_with_weights_held_fixed():
    arrays = arrays_of(staggered_panel(3), "y")
    found = sun_abraham(arrays, Design(control="not_yet", base="varying"))
    theirs = cell_effects(arrays, Design(control="never", base="universal")).group_time.table
    ours = found.table[found.table["term"] == "att_gt"]
    assert ours["estimate"].to_numpy() == pytest.approx(theirs["att"].to_numpy(), abs=1e-12)


def test_without_noise_the_truth_comes_back():
    table = sun_abraham(arrays_of(staggered_panel(1, noise=0.0), "y"), Design()).table
    effects = table[table["event_time"].notna()]
    event = effects["event_time"].to_numpy(float)
    assert effects["estimate"].to_numpy() == pytest.approx(np.where(event >= 0, 1 + event, 0), abs=1e-11)


def test_without_never_treated_the_group_that_adopts_last_is_compared_with():
    panel = staggered_panel(1, noise=0.0)
    found = sun_abraham(arrays_of(panel[panel["adoption_month"].notna()], "y"), Design())
    effects = found.table[found.table["term"] == "att_gt"]
    assert set(effects["group"]) == {START + 3}
    assert effects["month"].max() == START + 4
    assert found.overall() == pytest.approx(1.5, abs=1e-11)
    assert found.ledger.iloc[-1].tolist() == [LAST_GROUP, START + 5, 24, 2]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 0.7]), st.floats(0.01, 100))
def test_order_names_units_and_data_twice_do_not_matter(seed, share, factor):
    panel = staggered_panel(seed, persons=8).sample(frac=share, random_state=seed)
    plain = sun_abraham(arrays_of(panel, "y"), Design())
    names = renamed_offices(panel, seed)
    other = pd.concat([panel, panel]).sample(frac=1, random_state=seed)
    other = other.assign(y=factor * other["y"] + 7, office_id=other["office_id"].map(names))
    assert_estimates_scale(sun_abraham(arrays_of(other, "y"), Design()), plain, factor)


def test_weights_give_the_overall_number_from_mean_outcomes():
    assert_weights_give_the_overall_number(sun_abraham)


def test_groups_whose_offices_share_no_months_are_left_out_with_the_reason():
    panel = staggered_panel(1)
    early = panel["office_id"].isin(["k00", "k04"])
    chosen = panel["adoption_month"] != START + 3
    chosen |= early & (panel["month"] < START + 4) | (panel["office_id"] == "k03") & (panel["month"] >= START + 4)
    found = sun_abraham(arrays_of(panel[chosen], "y"), Design())
    assert set(found.table["group"].dropna()) == {START + 5}
    assert set(found.omitted["reason"]) == {"not_connected"}


def test_one_group_without_anybody_to_compare_with_is_refused():
    panel = staggered_panel(1)
    with pytest.raises(ProblemsFound, match="ingen å sammenligne med"):
        sun_abraham(arrays_of(panel[panel["adoption_month"] == START + 3], "y"), Design())
    with pytest.raises(ValueError, match="levels"):
        sun_abraham(arrays_of(panel, "y"), Design(), levels="person")
