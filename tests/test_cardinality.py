"""Cardinality matching: R's size, brute force, and what happens when time runs out."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from r_sets import columns_of, score_of, spec_of, specs, treated_of

from analysis.balance import balance_table
from analysis.matching import cardinality
from analysis.matching.cardinality import match_cardinality
from analysis.problems import ProblemsFound


@pytest.fixture(scope="module")
def lalonde():
    covariates, treated = columns_of("lalonde", "card_1"), treated_of("lalonde")
    score = score_of("lalonde", "full_ps")
    return covariates, treated, score, match_cardinality(covariates, treated, tolerance=0.05, pair_on=score)


def largest_by_trying(values, treated, tolerance, ratio):
    """Number of persons in the largest balanced sample, by trying all of them."""
    own, others = np.flatnonzero(treated), np.flatnonzero(~treated)
    allowed = tolerance * values[own].std(ddof=1) + 1e-9
    for size in range(min(len(own), len(others) // ratio), 0, -1):
        means = np.array([values[list(rows)].mean() for rows in combinations(others, size * ratio)])
        for rows in combinations(own, size):
            if (np.abs(values[list(rows)].mean() - means) <= allowed).any():
                return size * (1 + ratio)
    return 0


@pytest.mark.parametrize(("data", "name"), specs("cardinality"))
def test_the_sample_is_as_large_as_that_of_r(lalonde, data, name):
    assert (lalonde[3].weights > 0).sum() >= (np.array(spec_of(data, name)["weights"]) > 0).sum()
    assert lalonde[3].proved


def test_every_mean_is_within_its_tolerance(lalonde):
    covariates, treated, _, found = lalonde
    table = balance_table(covariates, treated, found.weights)
    assert table.loc[table["sample"] == "adjusted", "smd"].abs().max() <= 0.05 + 1e-6
    assert (found.weights[treated] > 0).sum() == (found.weights[~treated] > 0).sum()


def test_the_chosen_are_paired_among_themselves(lalonde):
    _, treated, score, found = lalonde
    ends = found.pairs[["treated_row", "comparison_row"]].to_numpy()
    assert set(ends[:, 0]) == set(np.flatnonzero(treated & (found.weights > 0)))
    assert set(ends[:, 1]) == set(np.flatnonzero(~treated & (found.weights > 0)))
    np.testing.assert_allclose(found.pairs["distance"], np.abs(score[ends[:, 0]] - score[ends[:, 1]]))
    assert (found.subclass[ends[:, 0]] == found.subclass[ends[:, 1]]).all()
    assert set(found.dropped["reason"]) == {"treated_not_chosen", "not_chosen"}


@pytest.mark.parametrize("ratio", [1, 2])
def test_small_samples_are_as_large_as_brute_force_finds(ratio):
    rng = np.random.default_rng(4)
    for _ in range(12):
        values = np.round(rng.normal(size=12), 2)
        treated = rng.permutation(np.arange(12) < 4)
        values[treated] += 0.8
        expected = largest_by_trying(values, treated, 0.1, ratio)
        table = pd.DataFrame({"x": values})
        if expected == 0:
            with pytest.raises(ProblemsFound, match="oppfyller toleransene"):
                match_cardinality(table, treated, tolerance=0.1, ratio=ratio)
            continue
        found = match_cardinality(table, treated, tolerance=0.1, ratio=ratio)
        assert (found.weights > 0).sum() == expected


def test_profile_matching_keeps_every_treated_person():
    rng = np.random.default_rng(5)
    treated = np.arange(120) < 30
    table = pd.DataFrame({"x": rng.normal(size=120) + 0.5 * treated, "z": rng.choice(list("abc"), 120)})
    found = match_cardinality(table, treated, tolerance=0.02, ratio=None)
    assert (found.weights[treated] == 1).all()
    balance = balance_table(table, treated, found.weights)
    assert balance.loc[balance["sample"] == "adjusted", "smd"].abs().max() <= 0.02 + 1e-6


def test_a_change_of_unit_and_of_order_does_not_change_the_size():
    rng = np.random.default_rng(6)
    treated, order = np.arange(60) < 20, rng.permutation(60)
    table = pd.DataFrame({"x": rng.normal(size=60) + treated, "y": rng.normal(size=60)})
    plain = match_cardinality(table, treated, tolerance={"x": 0.1})
    moved = match_cardinality((1000 * table - 7).iloc[order], treated[order], tolerance={"x": 0.1})
    assert plain.weights.sum() == moved.weights.sum()


def test_an_unproved_answer_is_refused_unless_it_is_accepted(monkeypatch):
    unproved = SimpleNamespace(status=1, x=np.array([1.0, 1.0, 0.0]), fun=-2.0, mip_dual_bound=-3.0)
    monkeypatch.setattr(cardinality.scipy.optimize, "milp", lambda *_, **__: unproved)
    table, treated = pd.DataFrame({"x": [1.0, 1.0, 2.0]}), [1, 0, 0]
    with pytest.raises(ProblemsFound, match=r"Beste funn: 2 personer. Flere enn 3"):
        match_cardinality(table, treated, time_limit=1.0)
    found = match_cardinality(table, treated, time_limit=1.0, accept_unproved=True)
    assert not found.proved
    assert found.weights.tolist() == [1, 1, 0]


def test_unknown_columns_missing_values_and_bad_options_are_refused():
    table = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(ProblemsFound, match="«y»"):
        match_cardinality(table, [1, 0], tolerance={"y": 0.1})
    with pytest.raises(ProblemsFound, match="«x»"):
        match_cardinality(table.assign(x=[1.0, np.nan]), [1, 0])
    with pytest.raises(ProblemsFound, match="er tom"):
        match_cardinality(table, [1, 1])
    with pytest.raises(ValueError, match="ratio"):
        match_cardinality(table, [1, 0], ratio=0)
    with pytest.raises(ValueError, match="pair_on"):
        match_cardinality(table, [1, 0], ratio=None, pair_on=[0.1, 0.2])
    with pytest.raises(ValueError, match="tolerances"):
        match_cardinality(table, [1, 0], tolerance=-1.0)
