"""Goodman-Bacon's decomposition: stored weights, the identity, and comparisons of two groups by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import START, answers, arrays_of, mpdta, staggered_panel

from analysis.problems import ProblemsFound
from analysis.staggered.bacon import EARLIER, LATER, NEVER_TREATED, bacon
from analysis.staggered.design import Design
from analysis.staggered.regressions import static_effect

STORED = answers("mpdta_fixest_twfe_sunab_bjs.json")


def test_county_employment_has_the_stored_weights_and_adds_up_to_the_coefficient():
    found = bacon(arrays_of(mpdta(), "lemp"), Design())
    weights = found.kinds.set_index("kind")["weight"]
    assert weights[LATER] == pytest.approx(STORED["bacon"]["weights"]["later_vs_earlier"], abs=1e-6)
    assert weights[EARLIER] == pytest.approx(STORED["bacon"]["weights"]["earlier_vs_later"], abs=1e-6)
    assert weights[NEVER_TREATED] == pytest.approx(STORED["bacon"]["weights"]["treated_vs_never"], abs=1e-6)
    assert found.coefficient == pytest.approx(STORED["bacon"]["twfe"], abs=1e-12)
    assert found.exact
    assert len(found.table) == 9


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_the_parts_add_up_to_the_static_coefficient(seed, never):
    panel = staggered_panel(seed, persons=5)
    panel = panel if never else panel[panel["adoption_month"].notna()]
    found = bacon(arrays_of(panel, "y", weight="w"), Design())
    assert found.table["weight"].sum() == pytest.approx(1)
    assert (found.table["weight"] > 0).all()
    assert found.coefficient == pytest.approx(found.static, abs=1e-11)
    assert float(found.kinds["weight"] @ found.kinds["estimate"]) == pytest.approx(found.static, abs=1e-11)


@pytest.mark.parametrize("kind", [EARLIER, LATER])
def test_each_comparison_is_the_coefficient_of_its_two_groups_and_months(kind):
    panel = staggered_panel(9)
    row = bacon(arrays_of(panel, "y"), Design()).table.set_index("kind").loc[kind]
    own = panel[panel["adoption_month"].isin([row["group"], row["compared"]])]
    own = own[own["month"].between(row["first"], row["last"])]
    # Those who do not change in these months count as never treated.
    own = own.assign(adoption_month=own["adoption_month"].where(own["adoption_month"] == row["group"]))
    alone = static_effect(arrays_of(own, "y"), Design()).coefficient[0]
    assert row["estimate"] == pytest.approx(alone, abs=1e-11)


def test_growing_effects_turn_later_against_earlier_negative():
    found = bacon(arrays_of(staggered_panel(1, noise=0.0), "y"), Design())
    kinds = found.kinds.set_index("kind")["estimate"]
    # Effects grow by 1 a month: the later group's 2.0 on average, less what the earlier one has grown by meanwhile.
    assert kinds[LATER] < 0 < kinds[EARLIER] < kinds[NEVER_TREATED]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_order_names_units_and_data_twice_do_not_matter(seed, factor):
    panel = staggered_panel(seed, persons=5)
    plain = bacon(arrays_of(panel, "y"), Design()).table
    names = dict(zip(panel["office_id"].unique(), np.random.default_rng(seed).permutation(8), strict=True))
    other = pd.concat([panel, panel]).sample(frac=1, random_state=seed)
    other = other.assign(y=factor * other["y"] + 7, office_id=other["office_id"].map(names))
    found = bacon(arrays_of(other, "y"), Design()).table
    assert found["weight"].to_numpy() == pytest.approx(plain["weight"].to_numpy(), abs=1e-12)
    expected = factor * plain["estimate"].to_numpy()
    assert found["estimate"].to_numpy() == pytest.approx(expected, rel=1e-7, abs=1e-8 * factor)


def test_new_persons_every_month_are_decomposed_by_means_and_that_is_told():
    panel = staggered_panel(3).sample(frac=0.8, random_state=1)
    found = bacon(arrays_of(panel, "y"), Design())
    assert not found.exact
    assert found.coefficient == pytest.approx(float(found.table["weight"] @ found.table["estimate"]))
    assert found.static == pytest.approx(static_effect(arrays_of(panel, "y"), Design()).coefficient[0])


def test_empty_months_and_a_single_group_are_refused():
    panel = staggered_panel(1)
    hole = panel[~((panel["adoption_month"] == START + 5) & (panel["month"] == START + 2))]
    with pytest.raises(ProblemsFound, match="ingen personer"):
        bacon(arrays_of(hole, "y"), Design())
    with pytest.raises(ProblemsFound, match="samme oppstartsmåned"):
        bacon(arrays_of(panel[panel["adoption_month"] == START + 3], "y"), Design())
