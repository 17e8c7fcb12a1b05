"""Sign flips and multipliers: an exact stored p-value, seeds, and bands wider than intervals."""

import numpy as np
import pandas as pd
import pytest
from staggered_cases import FOLDER, answers

from analysis.staggered.bootstrap import all_signs, multiplier_bands, restricted_wild, sign_flip


def trial():
    frame = pd.read_csv(FOLDER / "crt_18_clusters.csv")
    return frame, np.column_stack([np.ones(len(frame)), frame["x"]])


def test_the_restricted_wild_bootstrap_of_18_offices_is_the_enumerated_one():
    frame, controls = trial()
    found = restricted_wild(frame["y"], frame["tr"], controls, frame["cl"], seed=1)
    assert found.enumerated
    assert found.flips == 2**17
    stored = answers("crt_18_clusters.json")["wild_cluster_restricted_exact_p_2pow17_rademacher"]
    assert found.p_value[0] == pytest.approx(stored, abs=1e-12)


def test_cells_give_the_wild_bootstrap_of_persons():
    frame, _ = trial()
    frame = frame[frame["cl"].isin([0, 1, 2, 3, 14, 15, 16, 17])]
    persons = restricted_wild(frame["y"], frame["tr"], np.ones((len(frame), 1)), frame["cl"], seed=1)
    sums = frame.groupby("cl").agg(y=("y", "mean"), tr=("tr", "first"), n=("y", "size")).reset_index()
    cells = restricted_wild(sums["y"], sums["tr"], np.ones((8, 1)), sums["cl"], weights=sums["n"], seed=1)
    assert cells.p_value[0] == persons.p_value[0]


def test_drawn_signs_come_close_to_all_of_them_and_repeat():
    rng = np.random.default_rng(0)
    sums = rng.normal(size=(20, 1)) / 20
    sums -= sums.mean(axis=0)
    estimate = 1.5 * np.sqrt((sums**2).sum(axis=0))
    drawn = sign_flip(estimate, sums, seed=3, draws=40_000)
    assert not drawn.enumerated
    assert drawn.seed == 3
    assert drawn.p_value == sign_flip(estimate, sums, seed=3, draws=40_000).p_value
    exact = np.mean(np.concatenate([np.abs(s @ sums) >= estimate for s in all_signs(20)]))
    assert drawn.p_value[0] == pytest.approx(exact, abs=0.01)


def test_signs_are_all_different_and_keep_the_first_office():
    signs = np.vstack(list(all_signs(5)))
    assert signs.shape == (16, 5)
    assert len(np.unique(signs, axis=0)) == 16
    assert (signs[:, 0] == 1).all()


def test_a_sign_flip_by_hand():
    sums = np.array([[1.0], [1.0], [-2.0]])
    # Sums over sign vectors up to a common sign: 0, 4, 2, −2.
    assert sign_flip(np.array([2.0]), sums, seed=1).p_value[0] == 0.75
    assert np.isnan(sign_flip(np.array([np.nan]), sums, seed=1).p_value[0])


@pytest.mark.parametrize("multipliers", ["mammen", "rademacher"])
def test_bands_hold_for_all_and_errors_agree_with_the_analytic(multipliers):
    sums = np.random.default_rng(2).normal(size=(60, 8))
    found = multiplier_bands(np.zeros(8), sums, seed=5, draws=8000, multipliers=multipliers)
    assert found.std_error == pytest.approx(np.sqrt((sums**2).sum(axis=0)), rel=0.06)
    # Eight about independent estimates: the 1 − 0.05/8/… normal quantile is near 2.73.
    assert 2.5 < found.critical[0] < 3.0
    again = multiplier_bands(np.zeros(8), sums, seed=5, draws=8000, multipliers=multipliers)
    assert (again.conf_low == found.conf_low).all()


def test_families_have_bands_of_their_own_and_constants_none():
    sums = np.random.default_rng(2).normal(size=(60, 5))
    sums[:, 4] = 0
    found = multiplier_bands(np.zeros(5), sums, seed=5, draws=4000, families=np.array(list("aaabb")))
    assert found.critical[0] > found.critical[3]
    assert found.critical[3] == pytest.approx(1.96, abs=0.1)
    assert np.isnan(found.std_error[4])
    assert np.isnan(found.conf_low[4])


def test_unknown_multipliers_are_refused():
    with pytest.raises(ValueError, match="multipliers"):
        multiplier_bands(np.zeros(1), np.ones((3, 1)), seed=1, multipliers="normal")
