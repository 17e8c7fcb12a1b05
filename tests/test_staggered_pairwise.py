"""Missing outcomes: pairs of known months by hand, and the plain estimate when nothing is missing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import START, arrays_of, staggered_panel

from analysis.staggered.cell_effects import cell_effects, leave_one_out
from analysis.staggered.design import Design
from analysis.staggered.pairwise import pairwise_effects

DESIGNS = [
    Design(control=control, base=base, weight=weight)
    for control in ("never", "not_yet")
    for base in ("varying", "universal")
    for weight in (None, "w")
]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(DESIGNS))
def test_with_nothing_missing_it_is_the_plain_estimate(seed, design):
    panel = staggered_panel(seed)
    plain = cell_effects(arrays_of(panel, "y", weight=design.weight), design)
    pairs = pairwise_effects(panel, design, outcome="y")
    pd.testing.assert_frame_equal(pairs.group_time.table, plain.group_time.table, rtol=1e-10, atol=1e-12)
    assert pairs.group_time.influence == pytest.approx(plain.group_time.influence, abs=1e-12)
    assert pairs.group_time.share_influence == pytest.approx(plain.group_time.share_influence, abs=1e-12)
    assert leave_one_out(pairs.arrays, pairs.plan)[0] == pytest.approx(
        leave_one_out(plain.arrays, plain.plan)[0], abs=1e-11
    )


def test_a_gap_takes_out_the_person_where_it_matters_and_nowhere_else():
    panel = staggered_panel(2)
    gone = (panel["person_id"] % 5 == 0) & (panel["month"] == START + 6)
    panel.loc[gone, "y"] = np.nan
    found = pairwise_effects(panel, Design(), outcome="y").group_time.table
    plain = cell_effects(arrays_of(staggered_panel(2), "y"), Design()).group_time.table
    elsewhere = (found["month"] != START + 6).to_numpy()
    assert found["att"][elsewhere].to_numpy() == pytest.approx(plain["att"][elsewhere].to_numpy(), abs=1e-12)
    wide = panel.pivot(index="person_id", columns="month", values="y")
    adoption = panel.drop_duplicates("person_id").set_index("person_id")["adoption_month"]
    change = wide[START + 6] - wide[START + 2]
    own = found[(found["group"] == START + 3) & (found["month"] == START + 6)].iloc[0]
    by_hand = change[adoption == START + 3].mean() - change[adoption.isna()].mean()
    assert own["att"] == pytest.approx(by_hand, abs=1e-12)
    assert own["n_treated"] == change[adoption == START + 3].notna().sum()


def test_groups_outside_the_window_are_treated_as_in_the_plain_estimate():
    panel = staggered_panel(2)
    panel.loc[panel["office_id"] == "k00", "adoption_month"] = START - 4
    panel.loc[panel["office_id"] == "k01", "adoption_month"] = START + 30
    pairs, plain = pairwise_effects(panel, Design(), outcome="y"), cell_effects(arrays_of(panel, "y"), Design())
    assert pairs.ledger.equals(plain.ledger)
    assert pairs.group_time.table["att"].to_numpy() == pytest.approx(
        plain.group_time.table["att"].to_numpy(), abs=1e-12
    )
