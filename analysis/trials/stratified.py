"""Persons drawn by lot within strata: differences between the arms, one number at a time.

The estimand is the average over all persons (intention to treat). Four answers stand beside one another: standardised
to the sizes of the strata, adjusted for covariates, with one effect for all strata, and Mantel and Haenszel's. Tests
by moving persons between the arms are in person_permutation.
"""

import numpy as np
import pandas as pd

from analysis.trials.found import Found, t_found
from analysis.trials.person_design import PersonDesign, averaged_design, common_design, strata_of

AVERAGED = "HC2, Bell-McCaffrey df; strata weighted by persons"
LIN = "HC2, Bell-McCaffrey df; strata weighted by persons; covariates interacted (Lin 2013)"
COMMON = "HC2, Bell-McCaffrey df; strata weighted by n1*n0/n"
SATO = "normal, variance of Sato (1989); strata weighted by n1*n0/n"


def stratified_difference(y, treated, strata, *, covariates: pd.DataFrame | None = None, level: float = 0.95) -> Found:
    """Difference standardised to the strata: Σ_s n_s/n·(ȳ_1s − ȳ_0s), the average effect over the persons.

    y (n,): outcome without missing values; treated (n,) bool; strata (n,): labels. With `covariates` (n, p) the
    regression is interacted with the arm (averaged_design). Standard error HC2 with Bell–McCaffrey degrees of freedom:
    without covariates Neyman's Σ (n_s/n)²·(s²_1s/n_1s + s²_0s/n_0s), which is never too small on average
    (Imbens and Rubin 2015, Causal Inference, chapter 9). Raises ProblemsFound where a stratum has fewer than two in an
    arm or a covariate is a combination of others; ValueError on missing values.
    """
    values, found = _checked(y), strata_of(treated, strata)
    return _found(averaged_design(found, covariates), values, AVERAGED if covariates is None else LIN, level)


def common_difference(y, treated, strata, *, covariates: pd.DataFrame | None = None, level: float = 0.95) -> Found:
    """One effect for all strata (strata as fixed effects): weights n_1·n_0/n. Arguments as `stratified_difference`.

    Where the effect differs between strata and the arms' shares do too, this is not the average over the persons.
    """
    values, found = _checked(y), strata_of(treated, strata)
    return _found(common_design(found, covariates), values, COMMON, level)


def mantel_haenszel(y, treated, strata, *, level: float = 0.95) -> Found:
    """Mantel and Haenszel's risk difference of a 0/1 outcome, Σ (n_1·n_0/n)(p_1 − p_0) / Σ n_1·n_0/n, normal interval.

    The variance holds both with few large strata and with many small ones (Sato 1989, Biometrics 45(4), letter); a
    stratum with one arm empty adds nothing. No variance at all (nobody or everybody has the outcome): nan.
    """
    values, found = _checked(y), strata_of(treated, strata, least=0)
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("mantel_haenszel takes outcomes of 0 and 1")
    n0, n1 = found.sizes.T.astype(float)
    x0, x1 = _sums(values, found.code, ~found.treated, len(n0)), _sums(values, found.code, found.treated, len(n0))
    n = n0 + n1
    weight = (n1 * n0 / n).sum()
    if weight == 0:
        raise ValueError("no stratum has both arms")
    estimate = ((x1 * n0 - x0 * n1) / n).sum() / weight
    p = (n1**2 * x0 - n0**2 * x1 + n1 * n0 * (n0 - n1) / 2) / n**2
    q = (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * n)
    variance = max(estimate * p.sum() + q.sum(), 0.0) / weight**2
    options = {"inference": "mantel_haenszel_sato", "convention": SATO, "clusters": len(values)}
    return _with_error(float(estimate), float(np.sqrt(variance)), np.inf, level, **options)


def standardised_means(y, treated, strata) -> tuple[float, float]:
    """Mean of the comparison and the treated arm, both with the strata in the sizes they have among all persons."""
    values, found = _checked(y), strata_of(treated, strata, least=1)
    n0, n1 = found.sizes.T
    arms = ((~found.treated, n0), (found.treated, n1))
    low, high = (found.shares @ (_sums(values, found.code, mask, len(n0)) / size) for mask, size in arms)
    return float(low), float(high)


def _sums(values: np.ndarray, code: np.ndarray, mask: np.ndarray, strata: int) -> np.ndarray:
    return np.bincount(code[mask], values[mask], minlength=strata)


def _checked(y) -> np.ndarray:
    values = np.asarray(y, dtype=float)
    if values.ndim != 1 or np.isnan(values).any():
        raise ValueError("the outcome is one column without missing values")
    return values


def _found(design: PersonDesign, y: np.ndarray, convention: str, level: float) -> Found:
    column = y[:, None]
    estimate, influence = float(design.estimates(column)[0]), design.influences(column)[:, 0]
    options = {"inference": "hc2_bell_mccaffrey", "convention": convention, "clusters": len(y)}
    return _with_error(estimate, float(np.sqrt(influence @ influence)), design.df, level, **options)


def _with_error(estimate: float, std_error: float, df: float, level: float, **options) -> Found:
    """Without variance (nobody or everybody has the outcome) there is an estimate and no certainty."""
    if std_error <= 1e-14 * max(abs(estimate), 1.0):
        return Found(estimate=estimate, df=df, **options)
    return t_found(estimate, std_error, df, level=level, **options)
