"""Permutation of adoption dates: all of them counted by hand, strata kept, a rank where nothing was drawn by lot."""

from math import comb

import numpy as np
import pytest
from staggered_cases import START, arrays_of, staggered_panel

from analysis.problems import ProblemsFound
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.parameters import parameters
from analysis.staggered.permutation import all_assignments, n_assignments, office_cohorts, permutation

DESIGN = Design(aggregates=("simple",))


def found_for(panel):
    found = cell_effects(arrays_of(panel, "y"), DESIGN)
    return found, parameters(found.group_time, DESIGN)


def simple_of(panel):
    return parameters(cell_effects(arrays_of(panel, "y"), DESIGN).group_time, DESIGN).table["estimate"].iloc[-1]


def moved(panel, found, assigned):
    dates = dict(zip(found.arrays.offices, np.append(found.arrays.cohorts[:-1], np.nan)[assigned], strict=True))
    return panel.assign(adoption_month=panel["office_id"].map(dates))


def test_every_assignment_is_there_once():
    cohort, strata = np.array([0, 0, 1, 2, 2]), np.zeros(5, dtype=int)
    found = [tuple(a) for a in all_assignments(cohort, strata)]
    assert len(found) == len(set(found)) == n_assignments(cohort, strata) == 30
    assert all(sorted(a) == [0, 0, 1, 2, 2] for a in found)
    assert tuple(cohort) in found


def test_strata_keep_their_dates():
    cohort, strata = np.array([0, 1, 0, 1, 1]), np.array([0, 0, 1, 1, 1])
    found = np.array(list(all_assignments(cohort, strata)))
    assert len(found) == n_assignments(cohort, strata) == 2 * comb(3, 1)
    assert (np.sort(found[:, :2], axis=1) == [0, 1]).all()


def test_the_p_value_is_the_share_of_panels_with_moved_dates():
    panel = staggered_panel(3, persons=4, offices=6)
    found, listed = found_for(panel)
    drawn = permutation(found.arrays, found.plan, listed.of_sample, randomised=True, seed=1)
    observed = simple_of(panel)
    cohort = office_cohorts(found.arrays)
    assignments = list(all_assignments(cohort, np.zeros(6, dtype=int)))
    others = np.array([simple_of(moved(panel, found, a)) for a in assignments])
    assert drawn.enumerated
    assert drawn.name == "permutation"
    assert drawn.n == len(assignments) == 60
    assert drawn.rank[-1] == (np.abs(others) >= abs(observed) - 1e-12).sum()
    assert drawn.share[-1] == drawn.rank[-1] / 60


def test_without_a_lottery_it_is_a_placebo_rank():
    found, listed = found_for(staggered_panel(3, persons=4))
    drawn = permutation(found.arrays, found.plan, listed.of_sample, randomised=False, seed=1)
    assert drawn.name == "placebo_rank"


def test_drawn_dates_come_close_to_all_of_them_and_repeat():
    found, listed = found_for(staggered_panel(3, persons=4))
    every = permutation(found.arrays, found.plan, listed.of_sample, randomised=True, seed=1)
    options = {"randomised": True, "seed": 7, "draws": 4000, "limit": 10}
    some = permutation(found.arrays, found.plan, listed.of_sample, **options)
    assert (every.n, some.n) == (420, 4001)
    assert not some.enumerated
    assert some.share == pytest.approx(every.share, abs=0.04)
    assert (some.share == permutation(found.arrays, found.plan, listed.of_sample, **options).share).all()


def test_dates_move_within_strata():
    found, listed = found_for(staggered_panel(3, persons=4))
    strata = np.array(list("aaaabbbb"))
    drawn = permutation(found.arrays, found.plan, listed.of_sample, randomised=True, seed=1, strata=strata)
    assert drawn.n == 12 * 12


def test_a_large_effect_has_the_smallest_share():
    panel = staggered_panel(1, noise=0.05)
    panel["y"] += 50 * (panel["month"] >= panel["adoption_month"])
    found, listed = found_for(panel)
    drawn = permutation(found.arrays, found.plan, listed.of_sample, randomised=True, seed=1)
    assert drawn.share[-1] == pytest.approx(1 / 420)


def test_offices_with_several_dates_are_refused():
    panel = staggered_panel(1)
    panel.loc[panel["person_id"] == 0, "adoption_month"] = START + 5
    found, listed = found_for(panel)
    with pytest.raises(ProblemsFound, match="1 kontorer har personer med ulike"):
        permutation(found.arrays, found.plan, listed.of_sample, randomised=True, seed=1)
