import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit
from trial_offices import persons, r_answers

from analysis.problems import ProblemsFound
from analysis.trials.cluster_robust import cluster_robust
from analysis.trials.design_based import BOUNDS, clustered_difference, clustered_share, sampling_design_effect
from analysis.trials.least_squares import least_squares


def golden():
    return r_answers()["survey"]


def share(method, level=0.95):
    return clustered_share(persons()["arbeid"], persons()["kontor"], method=method, level=level)


def test_mean_standard_error_and_design_effect_are_those_of_survey():
    found = share("mean")
    assert [found.estimate, found.std_error] == pytest.approx([golden()["mean"], golden()["se"]], rel=1e-13)
    assert sampling_design_effect(persons()["arbeid"], persons()["kontor"]) == pytest.approx(
        golden()["deff_replace"], rel=1e-12
    )


@pytest.mark.parametrize(
    ("method", "in_r"), [("logit", "logit"), ("logit", "xlogit"), ("beta", "beta"), ("mean", "mean")]
)
def test_intervals_are_those_of_svyciprop(method, in_r):
    found = share(method)
    assert [found.low, found.high] == pytest.approx(golden()["ciprop"][in_r], abs=1e-8)
    assert (found.df, found.clusters, found.inference) == (17, 18, f"survey_{method}")


def test_the_likelihood_interval_is_that_of_svyciprop_once_its_interpolation_is_made_good():
    # R reads the bounds off straight lines between points of a spline through eleven points of the profile, and
    # scales by the weights of the last iteration but one; made after it, the figures are R's, and ours lie beside.
    assert r_interpolated(persons()["arbeid"], share("mean")) == pytest.approx(
        golden()["ciprop"]["likelihood"], abs=1e-8
    )
    found = share("likelihood")
    assert [found.low, found.high] == pytest.approx(golden()["ciprop"]["likelihood"], abs=2e-6)


def r_interpolated(y, found):
    """The bounds of survey 4.1's likelihood interval, with its numerical short cuts."""
    n, p, se = len(y), found.estimate, found.std_error
    dispersion, quantile, centre = n / (n - 1), stats.t.ppf(0.975, found.df), logit(p)
    last = (2 * p - 1) * (logit(0.75) + 0.25 / 0.1875)  # first iterate of iterated least squares from (y + ½)/2
    for _ in range(3):
        last, before = last + (p - expit(last)) / (expit(last) * expit(-last)), last
    slope = p * (1 - p)
    effect = (se / slope) ** 2 * n * expit(before) * expit(-before)
    cut = quantile * np.sqrt(effect)
    farthest = np.sqrt(stats.f.isf(stats.norm.sf(cut) / 2, 1, n - 1))

    def root(log_odds):
        fall = n * (p * (centre - log_odds) - np.logaddexp(0, centre) + np.logaddexp(0, log_odds))
        return np.sign(log_odds - centre) * np.sqrt(2 * fall / dispersion)

    at = centre + farthest / 5 * se / slope * np.arange(-10, 11)
    roots = root(at)
    inside = np.abs(roots) <= farthest
    kept = inside | np.append(inside[1:], False) | np.append(False, inside[:-1])
    fine = np.linspace(at[kept][0], at[kept][-1], 3 * kept.sum())
    return expit(np.interp([-cut, cut], spline(at[kept], roots[kept], fine), fine))


def spline(x, y, at):
    """Cubic spline whose third derivatives at the ends are those of the cubic through the four points there."""
    h, n = np.diff(x), len(x)
    slopes = np.diff(y) / h
    left, right = np.zeros((n, n)), np.zeros(n)
    for i in range(1, n - 1):
        left[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        right[i] = 6 * (slopes[i] - slopes[i - 1])
    left[0, :2] = left[-1, -2:] = -1, 1
    right[0] = 6 * np.polyfit(x[:4] - x[0], y[:4], 3)[0] * h[0]
    right[-1] = 6 * np.polyfit(x[-4:] - x[-1], y[-4:], 3)[0] * h[-1]
    bend = np.linalg.solve(left, right)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, n - 2)
    u, v = at - x[i], x[i + 1] - at
    curved = (bend[i] * v**3 + bend[i + 1] * u**3) / (6 * h[i])
    return curved + (y[i] / h[i] - bend[i] * h[i] / 6) * v + (y[i + 1] / h[i] - bend[i + 1] * h[i] / 6) * u


def test_the_difference_is_that_of_svyglm():
    data, expected = persons(), golden()["glm"]
    x = (["(Intercept)", "tiltak"], np.column_stack([np.ones(len(data)), data["tiltak"]]))
    found = [clustered_difference(data["arbeid"], x, data["kontor"], name) for name in x[0]]
    assert [one.estimate for one in found] == pytest.approx(expected["est"], rel=1e-12)
    assert [one.std_error for one in found] == pytest.approx(expected["se"], rel=1e-12)
    assert [one.df for one in found] == [expected["df"]] * 2
    cr1 = cluster_robust(least_squares(data["arbeid"], x, data["kontor"]), "tiltak", kind="cr1", df="offices")
    assert found[1].std_error == pytest.approx(cr1.std_error, rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=9),
    method=st.sampled_from(sorted(BOUNDS)),
)
def test_every_interval_holds_its_share_and_mirrors_when_outcomes_are_swapped(counts, method):
    y = np.concatenate([[1.0] * yes + [0.0] * no for yes, no in counts])
    offices = np.repeat(np.arange(len(counts)), [yes + no for yes, no in counts])
    try:
        found = clustered_share(y, offices, method=method)
    except ProblemsFound:
        return
    other = clustered_share(1 - y, offices, method=method)
    assert found.low < found.estimate < found.high
    assert [other.low, other.high] == pytest.approx([1 - found.high, 1 - found.low], abs=1e-9)
    wider = clustered_share(y, offices, method=method, level=0.99)
    assert wider.low <= found.low
    assert wider.high >= found.high


def test_one_person_in_each_office_is_ordinary_sampling():
    y = np.repeat([1.0, 0.0], [30, 70])
    assert sampling_design_effect(y, np.arange(100)) == pytest.approx(1, rel=1e-12)
    assert clustered_share(y, np.arange(100)).std_error == pytest.approx(np.sqrt(0.21 / 99), rel=1e-12)


def test_what_has_no_interval_is_told():
    offices = np.repeat(np.arange(5), 4)
    told = {
        "alle har samme utfall": (np.ones(20), offices),
        "nøyaktig samme andel": (np.tile([0.0, 1.0], 10), offices),
        "samme kontor": (np.tile([0.0, 1.0], 10), np.zeros(20)),
    }
    for said, (y, clusters) in told.items():
        with pytest.raises(ProblemsFound, match=said):
            clustered_share(y, clusters)
    with pytest.raises(ProblemsFound, match="samme utfall"):
        sampling_design_effect(np.ones(20), offices)
    y = np.random.default_rng(0).random(20)
    with pytest.raises(ProblemsFound, match="alene"):
        clustered_difference(y, (["c", "t"], np.column_stack([np.ones(20), offices == 1])), offices, "t")
    first = offices < 2
    two = (["c", "z"], np.column_stack([np.ones(8), y[:8]]))
    with pytest.raises(ProblemsFound, match="for få"):
        clustered_difference(y[:8] ** 2, two, offices[first], "z")


def test_wrong_options_and_values_are_programming_errors():
    with pytest.raises(ValueError, match="one of"):
        clustered_share([0, 1, 0, 1], [1, 1, 2, 2], method="wald")
    with pytest.raises(ValueError, match="zeros and ones"):
        clustered_share([0, 2, 0, 1], [1, 1, 2, 2])
