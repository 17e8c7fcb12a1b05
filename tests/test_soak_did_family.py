"""A seeded sample of the study of all estimators: they find what was put in, and intervals hold as often as told."""

import numpy as np
import pytest

from benchmarks.soak_did_coverage import STAGGERED, drawn
from benchmarks.soak_did_family import CHOSEN, DESIGN, FROM_CELLS, NAMES, ONE, Given, placed, recovered, truth_of

DRAWS = 24


@pytest.mark.parametrize("name", NAMES)
def test_each_estimator_finds_what_was_put_in_and_its_interval_holds_it_most_of_the_time(name):
    found = recovered(name, STAGGERED, 18, DRAWS)
    # Bias within four simulation errors, and coverage that chance could give 95 %.
    assert abs(found.bias[1]) < 4
    assert found.covered.mean() > 0.75
    assert found.inference == "jackknife"
    assert 0.6 < found.std_error.mean() / found.error.std(ddof=1) < 1.7


def test_the_truth_is_weighed_as_each_estimator_weighs():
    arrays = drawn(STAGGERED, 18, np.random.default_rng(1))
    truths = {name: truth_of(FROM_CELLS[name](Given(arrays, DESIGN, CHOSEN)), STAGGERED) for name in FROM_CELLS}
    assert truths["sun_abraham"] == pytest.approx(truths["imputation"], abs=1e-12)
    assert truths["stacked"] < truths["sun_abraham"]  # months long after adoption, with large effects, are not in it


@pytest.mark.parametrize("name", ["synthetic_control", "synthetic_did"])
def test_a_rank_is_never_below_one_of_the_number_of_offices(name):
    found = placed(name, 18, 6)
    assert found["floor"].min() == pytest.approx(1 / 18)
    assert np.isfinite(found["error"]).all()
    assert ONE.treated_offices == 1
