"""What estimators give besides group-time effects, told as the headline is: rows, rules for few offices, ranks."""

import numpy as np
import pandas as pd
import pytest
from staggered_cases import START, arrays_of, staggered_panel

from analysis.results import estimates
from analysis.staggered.cell_effects import cell_effects, leave_one_out
from analysis.staggered.design import Design
from analysis.staggered.estimated import (
    WEIGHTS,
    Convention,
    Estimated,
    as_result,
    counted,
    estimated_rows,
    held_shares,
    of_group_time,
)
from analysis.staggered.permutation import Permutation
from analysis.staggered.result import cell_result
from analysis.tables import FEW_OFFICES

OWN = Convention("cluster_own", 2.0, np.inf, "twice, z")


def made(panel=None, **options):
    cells = cell_effects(arrays_of(staggered_panel(1, offices=24) if panel is None else panel, "y"), Design())
    left = leave_one_out(cells.arrays, cells.plan)
    return of_group_time("own", cells, Design(), left_out=left, conventions=(OWN,), **options)


def bare(n_treated=8, left_out=None, sums=None):
    """One estimate by hand, of 10 offices."""
    table = pd.DataFrame({"term": ["simple"], "group": [pd.NA], "event_time": [pd.NA], "estimate": [0.5]})
    table = table.assign(base_rate=0.3, n_offices_treated=n_treated, n_offices_comparison=8)
    weights = pd.DataFrame(columns=list(WEIGHTS))
    parts = {"table": table, "offices": np.arange(10), "weights": weights, "left_out": left_out, "sums": sums}
    return Estimated(name="hand", design=Design(), **parts)


def test_effects_handed_over_give_the_rows_of_the_headline():
    cells = cell_effects(arrays_of(staggered_panel(1, offices=24), "y"), Design())
    theirs = cell_result(cells, Design(), outcome="y", seed=1)
    ours = as_result(made(), outcome="y")
    for name in ("jackknife", "cluster"):
        assert ours.uncertainty(name).std_error == pytest.approx(theirs.uncertainty(name).std_error, nan_ok=True)
    assert ours.headline == theirs.headline == "jackknife"
    assert ours.names() == ("jackknife", "cluster", "cluster_own")


def test_a_convention_scales_the_same_influences():
    result = as_result(made(), outcome="y")
    raw = np.sqrt((result.sums**2).sum(axis=0))
    own = result.uncertainty("cluster_own")
    shown = np.isfinite(own.std_error)
    assert own.std_error[shown] == pytest.approx(np.sqrt(2) * raw[shown])
    assert own.convention == "twice, z, G=24"
    reach = own.conf_high[shown] - own.conf_low[shown]
    assert reach == pytest.approx(2 * 1.959963984540054 * own.std_error[shown])


def test_rows_fit_the_table_of_estimates_and_bear_the_estimators_name():
    table = estimates(estimated_rows(made(), outcome="y", primary="simple"), cohort="c", design="d", data_kind="open")
    assert set(table["estimator"]) == {"own"}
    assert table.loc[table["role"] == "primary", "term"].tolist() == ["simple"]
    assert set(table["inference"]) == {"jackknife", "cluster", "cluster_own"}
    only = pd.DataFrame(estimated_rows(made(), outcome="y", terms=("simple", "dynamic")))
    assert set(only["term"]) == {"simple", "dynamic"}


def test_effects_that_could_not_be_had_keep_a_row_with_the_reason():
    panel = staggered_panel(1, offices=24)
    late = panel[panel["adoption_month"].notna()]
    cells = cell_effects(arrays_of(late, "y"), Design(control="not_yet"))
    found = of_group_time("own", cells, Design(control="not_yet"), left_out=None)
    rows = pd.DataFrame(estimated_rows(found, outcome="y"))
    lost = rows[rows["status"] == "not_estimated"]
    assert set(lost["reason"]) == {"no_comparison"}
    assert set(lost["estimator"]) == {"own"}


def test_few_treated_offices_give_no_asymptotic_p_value():
    sums = np.full((10, 1), 0.1)
    assert as_result(bare(6, sums=sums), outcome="y").uncertainty().p_value[0] < 1
    few = as_result(bare(5, sums=sums), outcome="y").uncertainty()
    assert np.isnan(few.p_value[0])
    assert few.std_error[0] > 0
    assert few.reason == (FEW_OFFICES,)


def test_without_influences_there_is_the_jackknife_alone():
    left = 0.5 + np.linspace(-0.1, 0.1, 10)[:, None]
    result = as_result(bare(left_out=left), outcome="y")
    assert result.names() == ("jackknife",)
    assert result.uncertainty().std_error[0] == pytest.approx(np.sqrt(0.9 * ((left - 0.5) ** 2).sum()))


def test_without_anything_there_is_the_estimate_and_its_rank():
    rank = Permutation("placebo_rank", np.array([0.2]), np.array([2.0]), 10, True, None)
    rows = pd.DataFrame(estimated_rows(bare(1), outcome="y", rank=rank))
    assert rows["inference"].tolist() == ["none", "placebo_rank"]
    assert rows["estimate"].tolist() == [0.5, 0.5]
    assert np.isnan(rows["std_error"].iloc[0])
    assert rows["statistic"].iloc[1] == 2
    assert "p_value" not in rows or np.isnan(rows["p_value"].iloc[1])


def test_with_many_offices_on_both_sides_clusters_come_first():
    panel = staggered_panel(1, persons=2, offices=120)
    assert as_result(made(panel), outcome="y").headline == "cluster"


def test_persons_and_offices_are_counted_from_cohorts():
    arrays = arrays_of(staggered_panel(1), "y")
    rows = counted(pd.DataFrame({"term": ["a"]}), arrays, np.array([[1, 0, 0]]), np.array([[0, 1, 1]]))
    assert rows.iloc[0, 1:].tolist() == [48, 4, 48, 4]


def test_weights_are_those_of_the_overall_number():
    found = made()
    effects = found.table[found.table["term"] == "att_gt"].merge(found.weights, on=["group", "month"])
    assert effects["weight"].sum() == pytest.approx(1)
    assert float(effects["weight"] @ effects["estimate"]) == pytest.approx(found.overall(), abs=1e-12)
    assert (effects["month"] >= START + 3).all()


def test_a_base_month_that_is_none_is_not_told():
    assert made(based=False).table["base"].isna().all()
    rows = pd.DataFrame(estimated_rows(made(based=False), outcome="y"))
    assert not rows["convention"].str.contains("base month").any()


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="sums of hand"):
        bare(sums=np.zeros((9, 1)))
    with pytest.raises(ValueError, match="lacks"):
        Estimated(name="x", design=Design(), table=pd.DataFrame(), offices=np.arange(2), weights=pd.DataFrame())


def test_shares_are_held_when_an_office_leaves_and_only_go_with_the_whole_group():
    panel = staggered_panel(1, offices=6).query("office_id != 'k05'")
    shares = held_shares(arrays_of(panel, "y"))
    # k00, k03 and k04 start in month 3, k01 alone in month 5, k02 never.
    whole = shares[0]
    assert whole.sum() == pytest.approx(1)
    for office in (2, 3, 4):
        assert shares[office] == pytest.approx(whole)
    assert shares[1] == pytest.approx([1.0, 0.0])
