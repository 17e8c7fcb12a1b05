import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from stages import ROOT

from analysis.problems import ProblemsFound
from analysis.sensitivity.negative_controls import EmpiricalNull, calibrate, control_p_values, empirical_null

REFERENCE = ROOT / "tests" / "reference" / "synthesis"


def controls():
    rows = pd.read_csv(REFERENCE / "studies.csv").query("set == 'controls'")
    return rows["yi"].to_numpy(), rows["se"].to_numpy()


def test_the_empirical_null_is_metafors_maximum_likelihood():
    golden = json.loads((REFERENCE / "metafor.json").read_text("utf-8"))["sets"]["controls"]
    found = empirical_null(*controls())
    assert [found.mean, found.mean_se] == pytest.approx([golden["ml"]["estimate"], golden["ml"]["std_error"]], abs=1e-6)
    assert found.sd**2 == pytest.approx(golden["tau2"]["ML"], abs=1e-6)
    assert found.controls == 24


def test_the_published_calibration_of_sertraline_comes_out():
    # Vignette of the R package EmpiricalCalibration 3.0.0: log ratio 0.7326235 (0.07371708), null 0.7920 and 0.2835,
    # calibrated p 0.839405; the null is printed to four decimals.
    found = calibrate(0.7326235, 0.07371708, EmpiricalNull(0.7920, 0.05, 0.2835, 45))
    assert found.p_value == pytest.approx(0.839405, abs=1e-4)
    assert found.plain_p_value < 1e-20
    assert found.estimate == pytest.approx(0.7326235 - 0.7920)
    assert found.low < 0 < found.high


def test_controls_that_are_only_as_far_off_as_chance_change_nothing_but_by_their_mean():
    y = np.tile([0.1, -0.1], 6)
    null = empirical_null(y, np.full(12, 0.2))
    assert [null.mean, null.sd] == pytest.approx([0, 0], abs=1e-12)
    found = calibrate(0.3, 0.1, null)
    assert [found.estimate, found.std_error, found.p_value] == pytest.approx([0.3, 0.1, found.plain_p_value])


def test_equally_precise_controls_can_be_done_by_hand():
    y = np.array([0.0, 0.4] * 5)
    null = empirical_null(y, np.full(10, 0.1))
    assert [null.mean, null.sd**2] == pytest.approx([0.2, 0.04 - 0.01], abs=1e-9)
    found = calibrate(0.6, 0.1, null)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(2), rel=1e-6)
    careful = calibrate(0.6, 0.1, null, known_null=False)
    assert careful.std_error == pytest.approx(np.sqrt(0.04 + 0.004), rel=1e-6)
    assert careful.p_value == pytest.approx(2 * stats.t.sf(0.4 / careful.std_error, 9), rel=1e-6)


def test_fewer_than_ten_controls_and_controls_without_an_error_are_refused_together():
    with pytest.raises(ProblemsFound) as told:
        empirical_null([0.1, np.nan, 0.2], [0.1, 0.1, 0.0])
    assert [problem.where for problem in told.value.problems] == ["antall", "kontroll nr. 2", "kontroll nr. 3"]
    assert "minst 10" in str(told.value)
    with pytest.raises(ProblemsFound):
        control_p_values(*(part[:10] for part in controls()))
    with pytest.raises(ValueError, match="one standard error"):
        empirical_null([0.1] * 10, [0.1])
    with pytest.raises(ValueError, match="positive"):
        calibrate(0.1, 0.0, EmpiricalNull(0, 0.1, 0.1, 10))


def test_a_design_that_is_off_is_put_right_and_the_uncertain_null_keeps_its_level():
    rng, draws, k = np.random.default_rng(2014), 500, 12
    held = np.zeros((draws, 3), dtype=bool)
    for row in held:
        s = rng.uniform(0.05, 0.15, k + 1)
        y = rng.normal(rng.normal(0.2, 0.15, k + 1), s)
        y[-1] += 0.3
        null = empirical_null(y[:-1], s[:-1])
        ends = [calibrate(y[-1], s[-1], null, known_null=known) for known in (True, False)]
        row[:] = (abs(y[-1] - 0.3) < 1.96 * s[-1], *(one.low <= 0.3 <= one.high for one in ends))
    plain, known, careful = held.mean(axis=0)
    assert plain < 0.5
    assert 0.85 < known < careful
    # 3 percentage points are three standard errors of a simulated coverage of 95 %.
    assert careful == pytest.approx(0.95, abs=0.03)


def test_the_controls_own_p_values_are_spread_evenly_by_the_null_of_the_others():
    rng = np.random.default_rng(33)
    s = rng.uniform(0.05, 0.15, 120)
    y = rng.normal(rng.normal(0.25, 0.1, 120), s)
    assert (2 * stats.norm.sf(np.abs(y) / s) < 0.05).mean() > 0.5
    assert stats.kstest(control_p_values(y, s), "uniform").pvalue > 0.01


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.05, 0.5)), min_size=10, max_size=20), st.floats(-2, 2))
def test_moving_everything_moves_the_null_and_leaves_the_calibrated_estimate(rows, shift):
    y, s = map(np.array, zip(*rows, strict=True))
    null, moved = empirical_null(y, s), empirical_null(y + shift, s)
    assert moved.mean == pytest.approx(null.mean + shift, abs=1e-6)
    assert moved.sd == pytest.approx(null.sd, abs=1e-4)
    found, again = calibrate(0.3, 0.1, null), calibrate(0.3 + shift, 0.1, moved)
    assert again.p_value == pytest.approx(found.p_value, abs=1e-3)
    assert found.std_error >= 0.1
    assert found.low < found.estimate < found.high
