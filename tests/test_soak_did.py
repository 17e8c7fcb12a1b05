"""A seeded sample of the long study of intervals (`make soak` draws 10 000 times)."""

import numpy as np
import pytest

from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.result import cell_result
from benchmarks.soak_did_coverage import (
    CASES,
    DESIGN,
    FEW,
    OFFICES,
    STAGGERED,
    TWO_BY_TWO,
    coverage,
    default_name,
    drawn,
    estimated,
    fixed_effects,
    not_rejected,
    target,
)

DRAWS = 400
# 3.5 simulation errors of a coverage of 0.95 with so many draws, beyond which chance alone does not bring it.
SLACK = 3.5 * np.sqrt(0.95 * 0.05 / DRAWS)


@pytest.mark.parametrize("case", [STAGGERED, TWO_BY_TWO], ids=lambda case: case.name)
def test_default_intervals_cover_about_as_often_as_they_say_and_estimates_find_the_truth(case):
    found = coverage(case, 18, DRAWS)
    assert abs(found.covered["jackknife"].mean() - 0.95) < SLACK
    assert abs(found.bias[1]) < 3.5


def test_two_way_fixed_effects_miss_where_effects_grow_and_only_there():
    assert fixed_effects(STAGGERED, 24, 200).bias[1] < -10
    assert abs(fixed_effects(TWO_BY_TWO, 24, 100).bias[1]) < 3.5


def test_without_an_effect_every_test_lets_it_stand_most_of_the_time():
    found = not_rejected(TWO_BY_TWO, 24, 20)
    assert set(found) == {
        "permutation of dates",
        "sign flips of scores",
        "wild, restricted (two-way fixed effects)",
        "multiplier bootstrap (Mammen)",
    }
    # Binomial: of 20 draws at 95 %, fewer than 15 happen once in three thousand.
    assert all(held.sum() >= 15 for held in found.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("offices", OFFICES)
def test_the_study_reads_the_same_numbers_as_the_result_that_reports_are_made_of(case, offices):
    arrays = drawn(case, offices, np.random.default_rng(5))
    cells = cell_effects(arrays, DESIGN)
    result = cell_result(cells, DESIGN, outcome="y", seed=0)
    simple = int(np.flatnonzero(result.table["term"] == "simple")[0])
    one, name = estimated(arrays, cells.plan), default_name(case, offices)
    assert name == result.headline
    assert one.value[0] == pytest.approx(result.table["estimate"].iloc[simple], abs=1e-13)
    for inference in ("jackknife", "cluster", "cluster_r_did"):
        here, there = one.inference(inference), result.uncertainty(inference)
        assert here.conf_low[0] == pytest.approx(there.conf_low[simple], abs=1e-12)


@pytest.mark.parametrize("offices", OFFICES)
def test_the_cases_have_the_offices_they_say(offices):
    assert np.bincount(STAGGERED.members(offices)).min() >= offices // 3
    assert np.bincount(TWO_BY_TWO.members(offices)).tolist() == [offices // 2, offices // 2]
    assert np.bincount(FEW.members(offices)).tolist() == [6, offices - 6]


def test_levels_have_the_icc_they_say_and_the_effect_is_in_the_cells():
    arrays = [drawn(TWO_BY_TWO, 100, np.random.default_rng(seed)) for seed in range(40)]
    n = arrays[0].n.sum(axis=1)
    share = np.stack([one.wy.sum(axis=1) / n for one in arrays])
    within = 0.35 * 0.65 / n[:, 0]
    between = share[:, :, 0].var(ddof=1) - within.mean()
    # 4 000 offices: the relative error of a variance is 2.2 %, of the whole of which the ICC is two thirds.
    assert between == pytest.approx(0.03 * 0.35 * 0.65, rel=0.15)
    plan = cell_effects(arrays[0], DESIGN).plan
    assert target(TWO_BY_TWO, estimated(arrays[0], plan)) == pytest.approx(0.08, abs=1e-15)
