"""What the design finds where there is nothing to find: calibration by negative controls.

Negative controls are outcomes (or groups) that the intervention cannot have moved, analysed exactly as the outcome of
interest. Their estimates tell how far the design itself is off. Control i has estimate y_i and standard error s_i;
y_i ~ N(m, σ² + s_i²), with m the mean systematic error and σ its spread: the empirical null. Source: Schuemie and
others (2014), Statistics in Medicine 33, 209–218 (p-values); Schuemie and others (2018), PNAS 115, 2571–2577
(intervals). It rests on the outcome of interest being off as the controls are, and no more.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.problems import Problem, stop_if_any
from analysis.synthesis import tau_squared

FEWEST = 10
HEADING = "De negative kontrollene kan ikke brukes:"


@dataclass(frozen=True)
class EmpiricalNull:
    """Systematic error of the design: `mean` m with `mean_se`, spread `sd` σ, from `controls` of them; units of y."""

    mean: float
    mean_se: float
    sd: float
    controls: int


@dataclass(frozen=True)
class Calibrated:
    """An estimate with the systematic error taken out: `estimate`, `std_error`, interval `low` to `high`, `p_value`.

    `plain_p_value` is that of the estimate as it was, by the normal distribution.
    """

    estimate: float
    std_error: float
    low: float
    high: float
    p_value: float
    plain_p_value: float


def empirical_null(estimates, std_errors) -> EmpiricalNull:
    """The empirical null of `estimates` (k,) with `std_errors` (k,), by maximum likelihood; k is at least 10.

    Ratios enter as natural logarithms, so that 0 is no effect. ProblemsFound for fewer than 10 controls and for
    those without an estimate and a positive standard error. Source: Schuemie and others (2014).
    """
    y, s = np.asarray(estimates, dtype="float64"), np.asarray(std_errors, dtype="float64")
    if y.shape != s.shape or y.ndim != 1:
        raise ValueError("there must be one standard error for each estimate")
    stop_if_any(HEADING, _hindrances(y, s))
    sigma2 = tau_squared(y, s**2, method="maximum_likelihood")
    w = 1 / (s**2 + sigma2)
    return EmpiricalNull(float((w * y).sum() / w.sum()), float(1 / np.sqrt(w.sum())), float(np.sqrt(sigma2)), len(y))


def calibrate(
    estimate: float, std_error: float, null: EmpiricalNull, *, level: float = 0.95, known_null: bool = True
) -> Calibrated:
    """The estimate less m, with variance s² + σ²; the error is taken to be the same whatever the true effect.

    `known_null`: m and σ as if known, as published. Otherwise the error of m is added and t(k − 1) replaces the normal
    distribution, since σ is uncertain with few controls. ValueError unless the error is positive.
    Source: Schuemie and others (2014); (2018), with slopes 1 and 0 for want of positive controls.
    """
    if not (std_error > 0 and np.isfinite(estimate)):
        raise ValueError("the estimate must be finite and its standard error positive")
    law = scipy.stats.norm if known_null else scipy.stats.t(null.controls - 1)
    extra = 0.0 if known_null else null.mean_se**2
    error = float(np.sqrt(std_error**2 + null.sd**2 + extra))
    centred = estimate - null.mean
    half = float(law.ppf(0.5 + level / 2)) * error
    p_value = float(2 * law.sf(abs(centred) / error))
    plain = float(2 * scipy.stats.norm.sf(abs(estimate) / std_error))
    return Calibrated(centred, error, centred - half, centred + half, p_value, plain)


def control_p_values(estimates, std_errors, *, known_null: bool = True) -> np.ndarray:
    """Calibrated p-value of each control by the null of all the others: (k,); k is at least 11.

    If the calibration works, a twentieth of them lie below 0.05. Source: Schuemie and others (2014).
    """
    y, s = np.asarray(estimates, dtype="float64"), np.asarray(std_errors, dtype="float64")
    nulls = [empirical_null(np.delete(y, i), np.delete(s, i)) for i in range(len(y))]
    found = [calibrate(*row, known_null=known_null) for row in zip(y, s, nulls, strict=True)]
    return np.array([one.p_value for one in found])


def _hindrances(y: np.ndarray, s: np.ndarray) -> list[Problem]:
    problems = []
    if len(y) < FEWEST:
        problems.append(Problem("antall", f"det er {len(y)} negative kontroller.", f"Det trengs minst {FEWEST}."))
    bad = np.flatnonzero(~(np.isfinite(y) & np.isfinite(s) & (s > 0)))
    what = "mangler anslag eller standardfeil over null."
    return problems + [Problem(f"kontroll nr. {number + 1}", what, "Ta den ut.") for number in bad]
