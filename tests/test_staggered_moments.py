"""Independent persons from second moments: the covariance that influences of every person would give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import arrays_of, plain_specs, simulated, staggered_panel

from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.moments import joint_covariance, person_moments
from analysis.staggered.parameters import parameters


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["never", "not_yet"]), st.sampled_from(["varying", "universal"]))
def test_moments_give_what_influences_of_persons_give(seed, control, base):
    panel, design = staggered_panel(seed), Design(control=control, base=base)
    people = panel.assign(office_id=panel["person_id"])
    by_person = cell_effects(arrays_of(people, "y", weight="w"), design).group_time
    influence = np.hstack([by_person.influence, by_person.share_influence])
    plan = cell_effects(arrays_of(panel, "y", weight="w"), design).plan
    joint = joint_covariance(person_moments(panel, outcome="y", weight="w"), plan)
    assert joint == pytest.approx(influence.T @ influence, abs=1e-12)


@pytest.mark.parametrize("control", ["nevertreated", "notyettreated"])
def test_simulated_persons_equal_r(control):
    answer, design, _ = plain_specs("sim_r_did_2.5.1.json")[f"panel|~1|dr|{control}|iid"]
    found = cell_effects(arrays_of(simulated("panel"), "y"), design)
    listed = parameters(found.group_time, design)
    covariance = listed.covariance(joint_covariance(person_moments(simulated("panel"), outcome="y"), found.plan))
    se = dict(zip(listed.table["term"], np.sqrt(np.diag(covariance)), strict=True))
    assert se["simple"] == pytest.approx(answer["simple"]["overall_se"], abs=1e-12)
    for kind in ("group", "calendar", "dynamic"):
        assert se[f"{kind}_overall"] == pytest.approx(answer[kind]["overall_se"], abs=1e-12)
    own = (listed.table["term"] == "att_gt").to_numpy()
    assert np.sqrt(np.diag(covariance))[own] == pytest.approx(np.array(answer["se"]), abs=1e-12)


def test_a_panel_with_a_hole_is_refused():
    panel = staggered_panel(1)
    with pytest.raises(ValueError, match="not balanced"):
        person_moments(panel.drop(index=5), outcome="y")
    panel.loc[5, "y"] = np.nan
    with pytest.raises(ValueError, match="missing values"):
        person_moments(panel, outcome="y")
