from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.sensitivity.rosenbaum import aligned_ranks, amplified, binary_pairs, binary_sets, signed_rank

# Morton and others (1982), American Journal of Epidemiology 115: lead in the blood of 33 children (µg/dl) whose parents
# worked with lead, and of their matched controls; the example of Rosenbaum (2002), chapter 4, and of rbounds::psens.
EXPOSED = [38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15]
EXPOSED += [10, 45, 39, 22, 35, 49, 48, 44, 35, 43, 39, 34, 13, 73, 25, 27]
CONTROL = [16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24]
CONTROL += [13, 9, 14, 21, 19, 7, 18, 19, 12, 11, 22, 25, 16, 13, 11, 13]
LEAD = np.array(EXPOSED) - np.array(CONTROL)


def upper(found):
    return [bound.p_high for bound in found.bounds]


def test_the_signed_rank_bounds_of_lead_in_blood_are_those_that_rosenbaum_printed():
    # Rosenbaum (2002), chapter 4: 0.0018, 0.0136, 0.0388, 0.0468 and 0.0740.
    found = signed_rank(LEAD, gammas=(2, 3, 4, 4.25, 5), exact=False)
    assert [round(p, 4) for p in upper(found)] == [0.0018, 0.0136, 0.0388, 0.0468, 0.0740]
    assert found.gamma_limit == pytest.approx(4.34417, abs=1e-5)
    assert found.informative == 32


def tail(hits, trials, gamma):
    return sum(Fraction(comb(trials, k) * gamma**k, (1 + gamma) ** trials) for k in range(hits, trials + 1))


def test_without_ranks_for_pairs_alike_the_bounds_are_those_of_rbounds():
    # rbounds::psens leaves them out first; its formula, by hand.
    ranks = stats.rankdata(np.abs(LEAD[LEAD != 0]))
    total = ranks[LEAD[LEAD != 0] > 0].sum()
    expected = stats.norm.sf((total - 0.8 * ranks.sum()) / np.sqrt(0.16 * (ranks**2).sum()))
    assert upper(signed_rank(LEAD, gammas=(4,), zeros="wilcoxon", exact=False)) == pytest.approx([expected], rel=1e-12)


def test_the_bounds_of_heavy_smoking_are_binomial_tails_that_cross_between_five_and_six():
    # Hammond (1964): 122 discordant pairs, in 110 of which the heavy smoker died of lung cancer; the example of
    # Rosenbaum (2002), chapter 4, and of rbounds::binarysens. Tails added up from exact fractions.
    found = binary_pairs(110, 12, gammas=(4, 5, 6))
    assert upper(found) == pytest.approx([float(tail(110, 122, gamma)) for gamma in (4, 5, 6)], rel=1e-9)
    assert [round(p, 3) for p in upper(found)] == [0.002, 0.023, 0.097]
    assert 5 < found.gamma_limit < 6
    assert binary_pairs(110, 12, gammas=(found.gamma_limit,)).bounds[0].p_high == pytest.approx(0.05, abs=1e-9)


def test_without_hidden_bias_the_tests_are_those_of_scipy():
    assert upper(binary_pairs(14, 5, gammas=(1,))) == pytest.approx(
        [stats.binomtest(14, 19, alternative="greater").pvalue], rel=1e-12
    )
    d = np.random.default_rng(4).normal(0.4, 1, 20)
    expected = stats.wilcoxon(d, alternative="greater", method="exact").pvalue
    assert upper(signed_rank(d, gammas=(1,))) == pytest.approx([expected], rel=1e-10)
    expected = stats.wilcoxon(d, alternative="less", method="exact").pvalue
    assert upper(signed_rank(d, gammas=(1,), alternative="less")) == pytest.approx([expected], rel=1e-10)


def test_the_exact_ranks_are_every_sign_pattern_added_up():
    d, odds = np.array([1.0, 1.0, -2.0, 3.0, 0.0, 4.0, -0.5]), 2.5
    ranks = stats.rankdata(np.abs(d))[d != 0]
    total = ranks[d[d != 0] > 0].sum()
    share = odds / (1 + odds)
    patterns = np.array(list(product((0, 1), repeat=len(ranks))))
    chance = (share**patterns * (1 - share) ** (1 - patterns)).prod(axis=1)
    expected = chance[patterns @ ranks >= total - 1e-9].sum()
    assert upper(signed_rank(d, gammas=(odds,))) == pytest.approx([expected], rel=1e-12)


def test_the_bound_of_a_matched_set_is_the_worst_over_every_hidden_cause():
    outcome, treated, sets = [1, 1, 0, 0, 1, 0, 0], [1, 1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1, 1]
    gamma, worst = 3.0, 0.0
    first = [(i, j) for i in range(4) for j in range(i)]
    for cause in product((0, 1), repeat=7):
        weight = gamma ** np.array(cause, dtype=float)
        pairs = np.array([weight[i] * weight[j] for i, j in first])
        both = pairs[[set(pair) == {0, 1} for pair in first]].sum() / pairs.sum()
        worst = max(worst, both * weight[4] / weight[4:].sum())
    found = binary_sets(outcome, treated, sets, gammas=(gamma,))
    assert upper(found) == pytest.approx([worst], rel=1e-12)
    assert found.informative == 2


def test_sets_of_two_are_pairs_also_for_the_other_direction():
    rng = np.random.default_rng(8)
    y = (rng.random((60, 2)) < [0.55, 0.35]).astype(int)
    told = {"gammas": (1, 1.4, 2), "alternative": "greater"}
    args = y.ravel(), np.tile([1, 0], 60), np.repeat(np.arange(60), 2)
    counts = int((y[:, 0] > y[:, 1]).sum()), int((y[:, 0] < y[:, 1]).sum())
    for alternative in ("greater", "less"):
        told["alternative"] = alternative
        found, pairs = binary_sets(*args, **told), binary_pairs(*counts, **told)
        assert upper(found) == pytest.approx(upper(pairs), rel=1e-10)
        assert found.informative == pairs.informative


def test_aligned_ranks_take_the_worst_cause_of_each_set_and_turn_a_single_control_round():
    y, z, sets = [9.0, 2, 4, 7, 8, 1], [1, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1]
    aligned = np.array(y) - [5, 5, 5, 16 / 3, 16 / 3, 16 / 3]
    q, gamma = stats.rankdata(aligned), 2.0
    low = min(q[[3, 4, 5]] @ w / w.sum() for w in gamma ** np.array(list(product((0, 1), repeat=3)), dtype=float))
    high = max(q[:3] @ w / w.sum() for w in gamma ** np.array(list(product((0, 1), repeat=3)), dtype=float))
    mean = high + q[3:].sum() - low
    found = upper(aligned_ranks(y, z, sets, gammas=(gamma,)))[0]
    total = q[np.array(z) == 1].sum()
    assert stats.norm.isf(found) * (total - mean) > 0
    # The error of each set at that cause, by hand.
    first, second = np.sort(q[:3]), np.sort(-q[3:])
    error = 0.0
    for scores in (first, second):
        weights = [np.array([1.0, gamma, gamma]), np.array([1.0, 1, gamma])]
        best = max(weights, key=lambda w: scores @ w / w.sum())
        error += best @ scores**2 / best.sum() - (best @ scores / best.sum()) ** 2
    assert found == pytest.approx(stats.norm.sf((total - mean) / np.sqrt(error)), rel=1e-10)


def test_a_finding_that_does_not_hold_without_bias_has_no_limit_and_a_few_pairs_can_never_show_one():
    assert np.isnan(binary_pairs(6, 5).gamma_limit)
    assert np.isnan(binary_pairs(0, 0).gamma_limit)
    assert np.isnan(signed_rank([0.0, 0.0]).gamma_limit)
    assert binary_pairs(5, 0).gamma_limit == pytest.approx(0.05**0.2 / (1 - 0.05**0.2), rel=1e-9)
    assert np.isinf(binary_pairs(5, 0, alpha=1.0).gamma_limit)


def test_under_a_hidden_cause_as_strong_as_gamma_the_upper_bound_keeps_its_level():
    rng, gamma, draws, pairs = np.random.default_rng(1964), 2.0, 400, 60
    limits, naive = 0, 0
    for _ in range(draws):
        # The treated of a pair is the one with the larger outcome with odds gamma: no effect, all bias.
        d = np.abs(rng.normal(size=pairs)) * np.where(rng.random(pairs) < gamma / (1 + gamma), 1, -1)
        plain, bound = upper(signed_rank(d, gammas=(1, gamma), exact=False))
        naive += plain <= 0.05
        limits += bound <= 0.05
    assert naive / draws > 0.6
    assert limits / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    assert limits / draws >= 0.01


def test_a_cause_is_split_into_what_it_does_to_treatment_and_to_outcome():
    # Rosenbaum and Silber (2009): Γ = 1.25 is Λ = 2 with Δ = 2.
    assert amplified(1.25, 2.0) == pytest.approx(2.0)
    assert (2.0 * amplified(1.5, 2.0) + 1) / (2.0 + amplified(1.5, 2.0)) == pytest.approx(1.5)
    with pytest.raises(ValueError, match="larger than gamma"):
        amplified(2.0, 2.0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: binary_pairs(5, 2, gammas=(0.5,)),
        lambda: binary_pairs(5, -2),
        lambda: binary_pairs(5, 2, alternative="two-sided"),
        lambda: binary_sets([0, 2], [0, 1], [1, 1]),
        lambda: signed_rank([1.0, np.nan]),
        lambda: signed_rank([1.0], zeros="kept"),
        lambda: aligned_ranks([1.0, 2, 3, 4], [1, 1, 0, 0], [0, 0, 0, 0]),
        lambda: aligned_ranks([1.0, np.inf], [1, 0], [0, 0]),
    ],
)
def test_what_cannot_be_bounded_is_refused(wrong):
    with pytest.raises(ValueError, match=r"gammas|counts|alternative|must"):
        wrong()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-6, 6), min_size=3, max_size=25), st.floats(1, 4), st.floats(1, 2))
def test_more_hidden_bias_only_widens_the_range_of_p(differences, gamma, more):
    found = signed_rank(differences, gammas=(gamma, gamma * more))
    inner, outer = found.bounds
    assert outer.p_low <= inner.p_low + 1e-12
    assert inner.p_low <= inner.p_high + 1e-12
    assert inner.p_high <= outer.p_high + 1e-12
    if found.gamma_limit > 1:
        assert signed_rank(differences, gammas=(found.gamma_limit,)).bounds[0].p_high <= 0.05 + 1e-8


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)), min_size=4, max_size=12))
def test_aligned_ranks_of_one_treated_and_two_controls_widen_with_bias(rows):
    y = np.array(rows, dtype=float).ravel()
    found = aligned_ranks(y, np.tile([1, 0, 0], len(rows)), np.repeat(np.arange(len(rows)), 3), gammas=(1, 1.5))
    assert found.bounds[1].p_low <= found.bounds[0].p_low + 1e-9
    assert found.bounds[0].p_low == pytest.approx(found.bounds[0].p_high)
