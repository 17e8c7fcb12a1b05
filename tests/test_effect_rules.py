"""Which effects leave, and what stands beside them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from treated_reports import KEY, KLAR, MATCHED, TRIAL, released, restricted, study

from analysis.disclosure.behind import event_rows, whole_rows
from analysis.disclosure.effect_rules import OF_EFFECTS, shown_effect
from analysis.release import release


def shown(decimals, df=20.0, **values):
    return dict(
        zip(
            OF_EFFECTS,
            shown_effect(pd.Series({name: values.get(name, np.nan) for name in OF_EFFECTS}), decimals, df),
            strict=True,
        )
    )


def test_the_middle_of_an_interval_is_the_printed_estimate_so_that_many_do_not_close_in():
    for half in np.linspace(0.11, 0.2, 40):
        found = shown(2, estimate=0.0974, conf_low=0.0974 - half, conf_high=0.0974 + half)
        assert (found["conf_low"] + found["conf_high"]) / 2 == pytest.approx(0.10, abs=1e-12)
        assert abs(found["conf_low"] - (0.0974 - half)) <= 0.01 + 1e-12


def test_an_interval_stays_on_its_side_of_zero():
    assert shown(2, estimate=0.204, conf_low=0.001, conf_high=0.4)["conf_low"] > 0
    assert shown(2, estimate=0.204, conf_low=-0.001, conf_high=0.4)["conf_low"] < 0
    assert shown(2, estimate=-0.204, conf_low=-0.4, conf_high=-0.001)["conf_high"] < 0


def test_a_p_value_follows_from_what_is_printed_and_stays_on_its_side_of_five_per_cent():
    p = 2 * stats.t.sf(0.1049 / 0.0512, 20)
    found = shown(2, estimate=0.1049, std_error=0.0512, p_value=p)
    assert (found["p_value"] < 0.05) == (p < 0.05)
    easy = shown(3, estimate=0.061, std_error=0.0713, p_value=2 * stats.t.sf(0.061 / 0.0713, 20))
    assert easy["p_value"] == float(f"{2 * stats.t.sf(0.061 / 0.071, 20):.2g}")


def test_a_p_value_of_another_test_has_two_digits():
    assert shown(2, estimate=0.0974, p_value=0.31169)["p_value"] == 0.31


@pytest.mark.parametrize("key", ["public", "nav", "ssb", "research", "opensafely"])
def test_who_received_the_offer_is_not_counted_by_an_effect(key):
    before, after = study(TRIAL)[1]["estimates"], released(TRIAL, key).tables["estimates"]
    counting = before["estimand"].eq("cace") | before["term"].eq("delivery")
    assert counting.any()
    assert after.loc[counting.to_numpy(), list(OF_EFFECTS)].isna().all(axis=None)


def test_effects_at_a_time_since_the_start_stand_for_both_groups_whole_and_without_their_sizes():
    before, after = study(KLAR)[1]["estimates"], released(KLAR, "public").tables["estimates"]
    here = event_rows(before).to_numpy()
    assert after.loc[here, "estimate"].notna().mean() > 0.5
    assert after.loc[here, ["n_treated", "n_comparison"]].isna().all(axis=None)
    parts = ~here & ~whole_rows(before).to_numpy()
    assert after.loc[parts, "estimate"].isna().all()


def amounts(dominated):
    card, tables = study(MATCHED)
    plain = tables["cells"].drop(columns="dominated", errors="ignore")
    cells = plain if dominated is None else plain.assign(dominated=dominated)
    found = release(restricted(card, "public"), {**tables, "cells": cells}, key=KEY).tables["estimates"]
    earned = found["outcome"].eq("annual_earnings_usd") & found["spec"].eq("main") & found["horizon_months"].eq(36)
    return found[earned & found["group"].eq("matched")]


def test_an_amount_stands_where_nobody_stands_out_and_only_where_the_delivery_says_so():
    assert amounts(None)["estimate"].isna().all()
    assert amounts(True)["estimate"].isna().all()
    found = amounts(False)["estimate"].dropna()
    assert (found.abs() > 100).all()
    assert len(found)


def test_an_amount_is_no_more_exact_than_two_digits_of_its_standard_error():
    found = amounts(False).dropna(subset=["estimate", "std_error"])
    assert (found["std_error"].between(100, 1000)).all()
    assert (found["estimate"] % 10 == 0).all()


def test_a_released_table_has_no_column_of_who_stands_out():
    card, tables = study(MATCHED)
    cells = tables["cells"].assign(dominated=False)
    assert "dominated" not in release(restricted(card, "public"), {**tables, "cells": cells}, key=KEY).tables["cells"]


def test_the_same_effect_under_another_inference_has_the_same_decimals():
    table = released(TRIAL, "public").tables["estimates"]
    own = table[table["estimator"].eq("difference_in_means") & table["term"].eq("risk_difference")]
    assert (own.groupby(["outcome", "horizon_months"])["estimate"].nunique() <= 1).all()
