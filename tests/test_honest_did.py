import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import linprog, minimize

from analysis.problems import ProblemsFound
from analysis.sensitivity.honest_did.conditional import Test as ConditionalTest
from analysis.sensitivity.honest_did.conditional import ends, least_favourable, log_upper_tail
from analysis.sensitivity.honest_did.event_study import EventStudy, event_study
from analysis.sensitivity.honest_did.fixed_length import Estimators, fixed_length, folded_quantile
from analysis.sensitivity.honest_did.intervals import breakdown, identified_set, robust_interval
from analysis.sensitivity.honest_did.moments import relative_moments, smooth_moments

GOLDEN = json.loads((Path(__file__).parent / "reference" / "did" / "honestdid.json").read_text())
MOMENTS = {"smoothness": smooth_moments, "relative_magnitudes": relative_moments}
METHODS = [("smoothness", None), ("smoothness", "hybrid"), ("relative_magnitudes", None)]
METHODS += [("relative_magnitudes", "conditional")]


def stored(name, target=None):
    kept = GOLDEN[name]
    n_before = 5 if name == "medicaid" else 4
    times = [*range(-n_before - 1, -1), *range(len(kept["betahat"]) - n_before)]
    return event_study(times, kept["betahat"], kept["sigma"], target=target)


def published():
    listed = [("smoothness", "M", "published_smoothness_FLCI")]
    listed += [("relative_magnitudes", "Mbar", "published_relative_magnitudes_CLF")]
    return [
        (restriction, row[key], row["lb"], row["ub"])
        for restriction, key, name in listed
        for row in GOLDEN["medicaid"][name]
    ]


def by_moderndid():
    listed = [("smoothness", "FLCI", 2e-6), ("relative_magnitudes", "CLF", None)]
    return [
        (name, restriction, *row, tolerance)
        for name in ("medicaid", "benzarti_carloni")
        for restriction, kind, tolerance in listed
        for row in GOLDEN[name][f"moderndid_0.4.1_{kind}"]
    ]


@st.composite
def studies(draw, most=5):
    """Event studies of some periods, with a trend, noise and a target of any sign."""
    p, q = draw(st.integers(1, most)), draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    half = rng.normal(size=(p + q, 2 * (p + q)))
    target = rng.normal(size=q) if draw(st.booleans()) else np.full(q, 1 / q)
    return EventStudy(rng.normal(size=p + q), half @ half.T / (p + q), p, target)


def scaled(study, factor):
    return EventStudy(study.estimates * factor, study.covariance * factor**2, study.n_before, study.target)


def of(study, bound, restriction, method=None):
    found = robust_interval(study, bound, restriction=restriction, method=method)
    return found.conf_low, found.conf_high


def half_unit(printed):
    """Half of the last of the three digits that R prints, which may drop a zero."""
    return 0.5 * 10.0 ** (np.floor(np.log10(abs(printed))) - 2)


@pytest.mark.parametrize(("restriction", "bound", "low", "high"), published())
def test_the_medicaid_intervals_are_those_of_the_authors_page(restriction, bound, low, high):
    found = of(stored("medicaid"), bound, restriction)
    for mine, printed in zip(found, (low, high), strict=True):
        tolerance = 1e-3 if restriction == "relative_magnitudes" else 1e-4 + half_unit(printed)
        assert mine == pytest.approx(printed, abs=tolerance)


@pytest.mark.parametrize(("name", "restriction", "bound", "low", "high", "tolerance"), by_moderndid())
def test_intervals_are_those_of_an_independent_package(name, restriction, bound, low, high, tolerance):
    study = stored(name)
    # The package simulates critical values and tries a grid: 0.08 standard errors (7e-4 and 1.5e-3).
    assert of(study, bound, restriction) == pytest.approx((low, high), abs=tolerance or 0.08 * study.std_error)


def test_the_breakdown_of_the_medicaid_finding_is_about_two():
    study = stored("medicaid")
    assert breakdown(study, restriction="relative_magnitudes") == pytest.approx(1.9457, abs=1e-4)
    assert breakdown(study, restriction="smoothness") == pytest.approx(0.022835, abs=1e-6)
    wrong = GOLDEN["medicaid"]["WRONG_diff_diff_3.13_relative_magnitude"]
    assert of(study, 2, "relative_magnitudes")[0] < 0 < wrong[-1][1]


@pytest.mark.parametrize(("restriction", "method"), METHODS)
def test_the_value_is_excluded_up_to_the_breakdown_and_not_beyond(restriction, method):
    study = stored("benzarti_carloni", target=np.full(4, 0.25))
    found = breakdown(study, restriction=restriction, method=method, value=0.05)
    for factor, outside in ((0.5, True), (1 - 1e-6, True), (1 + 1e-6, False)):
        one = robust_interval(study, factor * found, restriction=restriction, method=method)
        assert one.excludes(0.05) == outside


def test_a_finding_that_parallel_trends_do_not_carry_has_the_breakdown_nought():
    study = stored("medicaid")
    for restriction, method in METHODS:
        assert breakdown(study, restriction=restriction, method=method, value=0.04) == 0.0


@pytest.mark.parametrize("bias", [0.0, 0.3, 2.0, 40.0, 1e6])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_quantiles_of_a_folded_normal_are_exact(bias, level):
    found = folded_quantile(bias, level)
    assert stats.norm.cdf(found - bias) - stats.norm.cdf(-found - bias) == pytest.approx(level, abs=1e-9)
    if bias < 10:
        assert found == pytest.approx(np.sqrt(stats.ncx2.ppf(level, 1, bias**2 or 1e-12)), rel=1e-7)


def best_linear(study):
    """The linear estimator without bias under linear trends that has the least variance, by a multiplier."""
    p, q, spread = study.n_before, study.n_after, study.covariance
    own, back = spread[:p, :p], -np.arange(p, 0, -1.0)
    fixed = spread[:p, p:] @ study.target
    inverse = np.linalg.inv(own)
    wanted = -(study.target @ np.arange(1, q + 1)) + back @ inverse @ fixed
    before = inverse @ (back * wanted / (back @ inverse @ back) - fixed)
    weights = np.concatenate([before, study.target])
    return weights @ study.estimates, np.sqrt(weights @ spread @ weights)


@given(studies())
@settings(max_examples=25, deadline=None)
def test_without_bends_the_interval_is_the_best_linear_extrapolation(study):
    found, (estimate, std_error) = fixed_length(study, 0.0), best_linear(study)
    assert found.estimate == pytest.approx(estimate, abs=1e-8 * study.std_error)
    assert found.half_length == pytest.approx(stats.norm.ppf(0.975) * std_error, rel=1e-9)


@given(studies(), st.floats(0.001, 3))
@settings(max_examples=15, deadline=None)
def test_no_estimator_gives_a_shorter_interval(study, bound):
    found, among = fixed_length(study, bound), Estimators.of(study)

    def half(w):
        bias, std_error = among.bias(w, bound), among.std_error(w)
        return std_error * folded_quantile(bias / std_error, 0.95)

    free = study.n_before - 1
    starts = [np.zeros(free), among.least(0.0)]
    others = [minimize(half, w, method="Nelder-Mead").fun if free else half(w) for w in starts]
    assert found.half_length / study.std_error <= min(others) * (1 + 1e-9)


def worst(study, weights, bound):
    """Largest bias over trends with bends of at most `bound`, by linear programming."""
    bends = np.diff(study.differences, axis=0)
    aim = np.concatenate([weights[: study.n_before], study.target])
    rows = np.vstack([bends, -bends])
    solved = linprog(-aim, A_ub=rows, b_ub=np.full(len(rows), bound), bounds=(None, None))
    return -solved.fun


@given(studies(), st.floats(0.01, 2))
@settings(max_examples=20, deadline=None)
def test_the_worst_bias_is_that_of_the_worst_trend(study, bound):
    found = fixed_length(study, bound)
    assert found.worst_bias == pytest.approx(worst(study, found.weights, bound), rel=1e-6)
    assert found.estimate == pytest.approx(found.weights @ study.estimates)


@given(studies(), st.lists(st.floats(0, 2), min_size=2, max_size=4))
@settings(max_examples=20, deadline=None)
def test_intervals_of_fixed_length_grow_with_the_bends_allowed(study, bounds):
    lengths = [fixed_length(study, bound).half_length for bound in sorted(bounds)]
    assert np.all(np.diff(lengths) >= -1e-9 * study.std_error)


@given(studies(), st.floats(0, 2), st.sampled_from([1e-3, 7.0, -1.0, -50.0]), st.sampled_from(METHODS))
@settings(max_examples=30, deadline=None)
def test_units_and_signs_only_move_the_interval_with_them(study, bound, factor, how):
    larger = bound * abs(factor) if how[0] == "smoothness" else bound
    expected = np.sort(np.array(of(study, bound, *how)) * factor)
    unit = study.std_error * abs(factor)
    assert np.array(of(scaled(study, factor), larger, *how)) / unit == pytest.approx(expected / unit, abs=1e-5)


@given(studies(), st.floats(0, 3), st.sampled_from(METHODS))
@settings(max_examples=30, deadline=None)
def test_the_identified_set_lies_inside_the_interval(study, bound, how):
    low, high = of(study, bound, *how)
    inner = identified_set(study, bound, how[0])
    slack = 1e-9 * study.std_error
    assert np.isnan(inner[0]) or low - slack <= inner[0] <= inner[1] <= high + slack


@given(studies(most=3), st.floats(0.1, 2), st.sampled_from(list(MOMENTS)))
@settings(max_examples=15, deadline=None)
def test_the_identified_set_is_that_of_linear_programming(study, bound, restriction):
    found = identified_set(study, bound, restriction)
    p = study.n_before
    ends_of = []
    for rows, limits in polyhedra(study, bound, restriction, whole=True):
        left = limits - rows[:, :p] @ study.before
        solved = [linprog(sign * study.target, A_ub=rows[:, p:], b_ub=left, bounds=(None, None)) for sign in (1, -1)]
        if solved[0].status == 0:
            ends_of.append([study.estimate + solved[1].fun, study.estimate - solved[0].fun])
    if not ends_of:
        assert np.isnan(found[0])
        return
    reached = np.array(ends_of)
    assert found == pytest.approx((reached.min(), reached.max()), abs=1e-6)


def polyhedra(study, bound, restriction, whole=False):
    """Rows (J, R) and limits (J,) of {rows δ <= limits}, with periods before the start only when `whole`."""
    p, steps = study.n_before, study.differences
    if restriction == "smoothness":
        bends = np.diff(steps, axis=0)[0 if whole else p - 1 :]
        rows = np.vstack([bends, -bends])
        yield rows, np.full(len(rows), bound)
        return
    for largest in [*steps[:p], *-steps[:p]]:
        rows = np.vstack([steps[p:] - bound * largest, -steps[p:] - bound * largest])
        yield rows, np.zeros(len(rows))


class Program:
    """One piece by linear programming, as in Andrews, Roth and Pakes: the slow way, without written-out vertices."""

    def __init__(self, study, rows, limits):
        p = study.n_before
        self.study, self.rows, self.limits = study, rows, limits
        self.spread = rows @ study.covariance @ rows.T
        sd = np.sqrt(np.diag(self.spread))
        basis = np.linalg.svd(study.target[None, :])[2][1:]
        nuisance = rows[:, p:] @ basis.T
        self.along = rows[:, p:] @ study.target / (study.target @ study.target)
        self.equal, self.right = np.vstack([sd, nuisance.T]), np.eye(1, 1 + nuisance.shape[1])[0]

    def largest(self, values):
        found = linprog(-values, A_eq=self.equal, b_eq=self.right, bounds=(0, None), method="highs-ds")
        return -found.fun, found.x

    def values(self, target):
        return self.rows @ self.study.estimates - self.limits - self.along * target

    def p_value(self, target, weights, ceiling):
        values, variance = self.values(target), weights @ self.spread @ weights
        statistic = weights @ values
        direction = self.spread @ weights / variance
        rest = values - direction * statistic
        lower, upper = (self.meets(rest, direction, start) for start in (-1e4, 1e4))
        cut = [stats.norm.cdf(x / np.sqrt(variance)) for x in (lower, statistic, min(upper, ceiling))]
        return (cut[2] - cut[1]) / (cut[2] - cut[0])

    def meets(self, rest, direction, start):
        """Where the program's value leaves the line value = t, coming from far away; infinite when it is on it."""
        at = start
        for _ in range(50):
            value, weights = self.largest(rest + direction * at)
            if value - at <= 1e-7 * max(1, abs(at)):
                return np.copysign(np.inf, start) if at == start else at
            at = weights @ rest / (1 - weights @ direction)
        raise AssertionError("no end found")


@pytest.mark.parametrize("restriction", MOMENTS)
@pytest.mark.parametrize("target", [None, np.full(4, 0.25), np.array([0.0, -1.0, 0.0, 1.0])])
def test_tests_are_those_of_linear_programming(restriction, target):
    study = stored("benzarti_carloni", target=target)
    bound = {"smoothness": 0.05, "relative_magnitudes": 0.8}[restriction]
    moments = MOMENTS[restriction](study, bound)
    low, high = of(study, bound, restriction, "hybrid")
    tried = np.array([low - 0.2 * (high - low), low, high + 0.05 * (high - low)])
    values = moments.at(np.tile(tried, (len(moments.values), 1)))
    tails = np.exp(log_upper_tail(values, moments.covariance, np.full((len(values), 1), 9.0)))
    compared = 0
    for piece, (rows, limits) in enumerate(polyhedra(study, bound, restriction)):
        program = Program(study, rows, limits)
        for k, one in enumerate(tried):
            statistic, weights = program.largest(program.values(one))
            assert values[piece, k].max() == pytest.approx(statistic, abs=1e-7)
            if 0 < statistic < 9:
                assert tails[piece, k] == pytest.approx(program.p_value(one, weights, 9.0), abs=1e-6)
                compared += 1
    assert compared >= 3


def test_the_least_favourable_value_is_that_of_many_draws():
    for root in relative_moments(stored("medicaid"), 1.5).root[:2]:
        largest = (np.random.default_rng(3).normal(size=(200_000, 2)) @ root.T).max(axis=1)
        for error in (0.005, 0.05):
            share = (largest > least_favourable(root, error)).mean()
            assert share == pytest.approx(error, abs=4 * np.sqrt(error / 200_000))


def test_steps_of_nought_leave_the_usual_interval():
    study = stored("medicaid", target=np.array([0.5, 0.5]))
    for piece in ends(relative_moments(study, 0.0), ConditionalTest("conditional")):
        expected = study.estimate + stats.norm.ppf([0.025, 0.975]) * study.std_error
        assert piece == pytest.approx(expected, abs=1e-9)


def test_relative_sets_grow_with_the_steps_allowed():
    for name in ("medicaid", "benzarti_carloni"):
        found = np.array([of(stored(name), bound, "relative_magnitudes") for bound in (0, 0.25, 0.5, 1, 1.5, 2, 4)])
        assert np.all(np.diff(found[:, 0]) < 0)
        assert np.all(np.diff(found[:, 1]) > 0)


def test_periods_are_sorted_and_the_reference_left_out():
    rng = np.random.default_rng(4)
    half = rng.normal(size=(6, 9))
    values, spread = rng.normal(size=6), half @ half.T
    values[2], spread[2], spread[:, 2] = 0, 0, 0
    order = np.array([3, 0, 5, 2, 1, 4])
    study = event_study(np.array([-3, -2, -1, 0, 1, 2])[order], values[order], spread[np.ix_(order, order)])
    keep = [0, 1, 3, 4, 5]
    assert study.estimates == pytest.approx(values[keep])
    assert study.covariance == pytest.approx(spread[np.ix_(keep, keep)])
    assert (study.n_before, study.n_after, study.target.tolist()) == (2, 3, [1, 0, 0])


@pytest.mark.parametrize(
    ("times", "values", "spread", "said"),
    [
        ([-3, -2, 1], [0, 0, 0], np.eye(3), "uten hull"),
        ([-2, -2, 0], [0, 0, 0], np.eye(3), "hver én gang"),
        ([0, 1, 2], [0, 0, 0], np.eye(3), "både før og etter"),
        ([-2, 0, 1], [0, np.nan, 0], np.eye(3), "mangler estimat"),
        ([-2, 0, 1], [0, 1, 0], np.ones((3, 3)), "full rang"),
    ],
)
def test_what_cannot_be_used_is_said(times, values, spread, said):
    with pytest.raises(ProblemsFound) as raised:
        event_study(times, np.array(values, dtype=float), spread)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("bound", "options"),
    [
        (-1, {"restriction": "smoothness"}),
        (1, {"restriction": "monotone"}),
        (1, {"restriction": "relative_magnitudes", "method": "fixed_length"}),
        (1, {"restriction": "relative_magnitudes", "method": "naive"}),
        (1, {"restriction": "smoothness", "level": 95}),
        (np.inf, {"restriction": "relative_magnitudes"}),
    ],
)
def test_a_wrong_call_is_refused(bound, options):
    with pytest.raises(ValueError, match="must|fixed length"):
        robust_interval(stored("medicaid"), bound, **options)
