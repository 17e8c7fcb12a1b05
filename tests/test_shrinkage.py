import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from stages import ROOT

from analysis.problems import ProblemsFound
from analysis.sensitivity.shrinkage import interaction_test, shrunk_subgroups

REFERENCE = ROOT / "tests" / "reference" / "synthesis"
SETS = json.loads((REFERENCE / "metafor.json").read_text("utf-8"))["sets"]


def subgroups(name):
    rows = pd.read_csv(REFERENCE / "studies.csv").query("set == @name")
    measure = rows["measure"].iloc[0]
    return shrunk_subgroups(rows["study"].astype(str), rows["yi"], rows["se"], measure=measure)


@pytest.mark.parametrize("name", SETS)
def test_shrunk_effects_are_metafors_best_linear_unbiased_predictions(name):
    found = subgroups(name).effects
    for key, term in (("shrunk", "estimate"), ("shrunk_error", "std_error"), ("low", "low"), ("high", "high")):
        golden = SETS[name]["blup"][term]
        assert [getattr(effect, key) for effect in found] == pytest.approx(golden, abs=1e-6, rel=1e-6), key
    assert subgroups(name).interaction.p_value == pytest.approx(SETS[name]["q_p_value"], abs=1e-9)


def test_the_eight_schools_are_all_drawn_to_their_mean():
    # Rubin (1981), Journal of Educational Statistics 6, 377-401. Pooled 7.7 in Gelman and others, Bayesian Data
    # Analysis, section 5.5; the likeliest spread is 0.
    found = subgroups("eight_schools")
    assert found.spread == 0
    assert [effect.shrunk for effect in found.effects] == pytest.approx([found.mean] * 8)
    assert round(found.mean, 1) == 7.7
    assert found.interaction.statistic == pytest.approx(4.7, abs=0.05)


def test_two_subgroups_are_compared_as_by_hand():
    z = (0.10 - 0.02) / np.hypot(0.03, 0.02)
    found = interaction_test([0.10, 0.02], [0.03, 0.02])
    assert [found.statistic, found.df, found.p_value] == pytest.approx([z**2, 1, 2 * stats.norm.sf(z)])
    few = interaction_test([0.10, 0.02], [0.03, 0.02], df_residual=8)
    assert few.p_value == pytest.approx(2 * stats.t.sf(z, 8))
    shared = interaction_test([0.10, 0.02], [[9e-4, 3e-4], [3e-4, 4e-4]])
    assert shared.statistic == pytest.approx(0.08**2 / (9e-4 + 4e-4 - 6e-4))


def test_with_few_offices_three_subgroups_are_held_against_f():
    wide = interaction_test([0.10, 0.02, 0.05], [0.03, 0.02, 0.02])
    few = interaction_test([0.10, 0.02, 0.05], [0.03, 0.02, 0.02], df_residual=8)
    assert [few.statistic, few.df] == pytest.approx([wide.statistic / 2, 2])
    assert few.p_value == pytest.approx(stats.f.sf(wide.statistic / 2, 2, 8))


def test_the_test_does_not_depend_on_which_subgroup_is_held_against():
    rng = np.random.default_rng(12)
    root = rng.normal(size=(4, 4))
    b, v = rng.normal(size=4), root @ root.T
    order = np.array([2, 0, 3, 1])
    found, again = interaction_test(b, v), interaction_test(b[order], v[np.ix_(order, order)])
    assert again.statistic == pytest.approx(found.statistic, rel=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: interaction_test([0.1], [0.1]),
        lambda: interaction_test([0.1, np.nan], [0.1, 0.1]),
        lambda: interaction_test([0.1, 0.2], [[1.0, 0.5], [0.4, 1.0]]),
        lambda: interaction_test([0.1, 0.2], [[1.0, 1.0], [1.0, 1.0]]),
        lambda: shrunk_subgroups(["a"], [0.1, 0.2], [0.1, 0.1], measure="risk_difference"),
    ],
)
def test_what_cannot_be_compared_is_refused(wrong):
    with pytest.raises(ValueError, match=r"at least two|symmetric|argument"):
        wrong()


def test_a_subgroup_without_an_error_is_told_by_its_name():
    with pytest.raises(ProblemsFound) as told:
        shrunk_subgroups(["under 25", "25 og over"], [0.1, 0.2], [0.1, np.nan], measure="risk_difference")
    assert [problem.where for problem in told.value.problems] == ["25 og over"]


def test_shrunk_effects_lie_nearer_the_truth_and_the_interaction_test_keeps_its_level():
    rng, draws, g = np.random.default_rng(1975), 400, 6
    s = np.array([0.02, 0.03, 0.04, 0.05, 0.06, 0.08])
    worse, better, held, rejected = 0.0, 0.0, 0, 0
    for _ in range(draws):
        truth = rng.normal(0.05, 0.03, g)
        y = rng.normal(truth, s)
        found = shrunk_subgroups([str(i) for i in range(g)], y, s, measure="risk_difference")
        shrunk = np.array([effect.shrunk for effect in found.effects])
        worse, better = worse + ((y - truth) ** 2).sum(), better + ((shrunk - truth) ** 2).sum()
        held += sum(e.low <= t <= e.high for e, t in zip(found.effects, truth, strict=True))
        rejected += interaction_test(rng.normal(0.05, s), s).p_value <= 0.05
    assert better < 0.6 * worse
    assert rejected / draws == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / draws))
    # The spread is taken as known: with six subgroups the intervals hold the truth less often than 95 %.
    assert 0.80 < held / (draws * g) < 0.96


NUMBERS = st.lists(st.tuples(st.floats(-1, 1), st.floats(0.02, 0.5)), min_size=2, max_size=8)


@settings(max_examples=40, deadline=None)
@given(NUMBERS)
def test_every_shrunk_effect_lies_between_its_own_and_the_mean_and_the_imprecise_move_most(numbers):
    y, s = map(np.array, zip(*numbers, strict=True))
    found = shrunk_subgroups([str(i) for i in range(len(y))], y, s, measure="risk_difference")
    for effect in found.effects:
        ends = sorted((effect.estimate, found.mean))
        assert ends[0] - 1e-9 <= effect.shrunk <= ends[1] + 1e-9
        assert 0 <= effect.weight < 1
    weights = [effect.weight for effect in found.effects]
    assert (np.diff(np.array(weights)[np.argsort(s)]) <= 1e-12).all()
    assert 0 <= found.interaction.p_value <= 1
