"""The whole course of an outcome in a trial that draws persons within strata: month by month, its area, and a band.

Every month is the standardised difference of stratified.py among those who are still followed then. The months share
persons, so their covariance is known: it gives the standard error of the area (months in work that the offer adds) and
the band that holds for all months together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from analysis.problems import Problem, ProblemsFound
from analysis.trials.found import NAN, Found, t_found
from analysis.trials.person_design import HEADING, averaged_design, strata_of

DRAWS = 9_999
# A standard error below this share of the curve's largest one is rounding: nobody differs in that month.
ROUNDING = 1e-12


@dataclass(frozen=True)
class OutcomeCurve:
    """Differences by month (T,) and what they rest on; nan in months that could not be estimated (`problems`).

    months: event months, ascending. estimate, std_error (HC2), df (Bell–McCaffrey), p_value, low, high: one month at a
    time. band_low, band_high, band_p: all months together; `critical` standard errors to each side. covariance (T, T).
    treated_mean, comparison_mean: the arms with the strata in the sizes they have among those followed; without
    covariates their difference is the estimate. n_treated, n_comparison: persons followed.
    """

    months: np.ndarray
    estimate: np.ndarray
    std_error: np.ndarray
    df: np.ndarray
    p_value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    band_low: np.ndarray
    band_high: np.ndarray
    band_p: np.ndarray
    critical: float
    covariance: np.ndarray
    treated_mean: np.ndarray
    comparison_mean: np.ndarray
    n_treated: np.ndarray
    n_comparison: np.ndarray
    problems: Mapping[int, tuple[Problem, ...]]
    level: float
    draws: int
    seed: int

    def area(self, last: int, *, first: int = 1) -> Found:
        """Σ of the monthly differences from month `first` to `last`: months in work added by the offer, per person.

        Standard error √(1'V1) with the smallest df of the months. With everybody followed this is the difference in
        the number of months, with its own HC2 error. Raises ProblemsFound where a month could not be estimated;
        ValueError where a month is not in the curve.
        """
        rows = self._rows(first, last)
        missing = [problem for month in self.months[rows].tolist() for problem in self.problems.get(month, ())]
        if missing:
            raise ProblemsFound(f"Summen til måned {last} kan ikke anslås:", list(dict.fromkeys(missing)))
        estimate, df = float(self.estimate[rows].sum()), float(self.df[rows].min())
        std_error = float(np.sqrt(max(self.covariance[np.ix_(rows, rows)].sum(), 0.0)))
        persons = int((self.n_treated + self.n_comparison)[rows].max())
        told = f"HC2, Bell-McCaffrey df; sum of months {first} to {last}"
        options = {"inference": "hc2_bell_mccaffrey", "convention": told, "clusters": persons}
        if std_error == 0:
            return Found(estimate=estimate, df=df, **options)
        return t_found(estimate, std_error, df, level=self.level, **options)

    def base_area(self, last: int, *, first: int = 1) -> tuple[float, float]:
        """Months with the outcome from `first` to `last` in the comparison arm and in the treated arm."""
        rows = self._rows(first, last)
        return float(self.comparison_mean[rows].sum()), float(self.treated_mean[rows].sum())

    def _rows(self, first: int, last: int) -> np.ndarray:
        rows = np.flatnonzero((self.months >= first) & (self.months <= last))
        if len(rows) != last - first + 1 or not len(rows):
            raise ValueError(f"the curve does not have every month from {first} to {last}")
        return rows


def outcome_curve(
    y,
    treated,
    strata,
    *,
    months=None,
    covariates: pd.DataFrame | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int,
) -> OutcomeCurve:
    """The curve of y (n persons × T months, nan once a person is no longer followed). `months` (T,): 1…T without.

    Whoever leaves the register counts until then; that leaving has nothing to do with the outcome is an assumption
    here, and the numbers who are followed are in the answer. The band is sup-t by `draws` from a multivariate t with
    the curve's own correlations and the smallest df (Montiel Olea and Plagborg-Møller 2019, J. Applied Econometrics
    34(1); Hothorn, Bretz and Westfall 2008, Biometrical Journal 50(3)); band_p is the single-step adjusted p-value.
    Raises ProblemsFound when no month can be estimated; ValueError on shapes that differ.
    """
    values = np.asarray(y, dtype=float)
    at = np.arange(1, values.shape[1] + 1) if months is None else np.asarray(months, dtype=np.int64)
    if values.ndim != 2 or len(at) != values.shape[1] or (np.diff(at) <= 0).any():
        raise ValueError("y is persons by months, with one ascending month per column")
    arm, stratum = np.asarray(treated, dtype=bool), np.asarray(strata)
    made = _Months.empty(values.shape)
    problems: dict[int, tuple[Problem, ...]] = {}
    for followed, columns in _patterns(np.isfinite(values)):
        _fill(made, values, followed, columns, arm, stratum, covariates, at, problems)
    if len(problems) == len(at):
        raise ProblemsFound(HEADING, list(dict.fromkeys(one for found in problems.values() for one in found)))
    pointwise = _pointwise(made, level)
    band = _band(made, level, draws, seed)
    counts = {"n_treated": np.isfinite(values[arm]).sum(axis=0), "n_comparison": np.isfinite(values[~arm]).sum(axis=0)}
    told = {"problems": problems, "level": level, "draws": draws, "seed": seed}
    means = {"treated_mean": made.means[1], "comparison_mean": made.means[0]}
    return OutcomeCurve(months=at, estimate=made.estimate, df=made.df, **pointwise, **band, **means, **counts, **told)


@dataclass(frozen=True)
class _Months:
    """What is filled in month by month: estimate (T,), df (T,), influences ψ (n, T), means (2, T)."""

    estimate: np.ndarray
    df: np.ndarray
    influences: np.ndarray
    means: np.ndarray

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> "_Months":
        months = shape[1]
        return cls(np.full(months, NAN), np.full(months, NAN), np.zeros(shape), np.full((2, months), NAN))

    @property
    def covariance(self) -> np.ndarray:
        """ψ'ψ: who is not followed in both months adds nothing to their covariance. nan where not estimated."""
        gone = np.isnan(self.estimate)
        found = self.influences.T @ self.influences
        found[gone, :] = found[:, gone] = NAN
        return found

    @property
    def std_error(self) -> np.ndarray:
        """HC2 (T,); nan in a month in which nobody differs."""
        found = np.sqrt(np.einsum("it,it->t", self.influences, self.influences))
        return np.where(np.isnan(self.estimate) | (found <= ROUNDING * found.max()), NAN, found)


def _patterns(followed: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sets of persons that are followed in the same months: mask (n,) and the columns of those months."""
    packed = np.packbits(followed, axis=0)
    _, first, place = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    for pattern, column in enumerate(first.tolist()):
        yield followed[:, column], np.flatnonzero(place.ravel() == pattern)


def _fill(made, values, followed, columns, arm, stratum, covariates, at, problems) -> None:
    """The months that have one set of persons: one design for all of them."""
    try:
        found = strata_of(arm[followed], stratum[followed])
        design = averaged_design(found, None if covariates is None else covariates[followed])
    except ProblemsFound as error:
        problems.update(dict.fromkeys(at[columns].tolist(), tuple(error.problems)))
        return
    own = values[np.ix_(followed, columns)]
    made.estimate[columns], made.df[columns] = design.estimates(own), design.df
    made.influences[np.ix_(followed, columns)] = design.influences(own)
    sums = np.stack([_sums(own, found.code, found.treated == group, len(found.names)) for group in (0, 1)])
    made.means[:, columns] = np.einsum("s,gst->gt", found.shares, sums / found.sizes.T[:, :, None])


def _sums(own: np.ndarray, code: np.ndarray, mask: np.ndarray, strata: int) -> np.ndarray:
    """Sums of the columns of `own` (n, T) by stratum (S, T), among the persons of one arm."""
    member = (code[mask][None, :] == np.arange(strata)[:, None]).astype(float)
    return member @ own[mask]


def _pointwise(made: _Months, level: float) -> dict[str, np.ndarray]:
    se = made.std_error
    reach = scipy.stats.t.ppf(0.5 + level / 2, made.df) * se
    p_value = 2 * scipy.stats.t.sf(np.abs(made.estimate / se), made.df)
    return {"std_error": se, "p_value": p_value, "low": made.estimate - reach, "high": made.estimate + reach}


def _band(made: _Months, level: float, draws: int, seed: int) -> dict:
    """The `level` quantile of the largest |t| over the months that have a variance."""
    covariance, se = made.covariance, made.std_error
    family = np.flatnonzero(np.isfinite(se))
    adjusted, critical = np.full(len(se), NAN), NAN
    if len(family):
        largest, df = _largest(covariance[np.ix_(family, family)], made.df[family].min(), draws, seed)
        critical = max(float(np.quantile(largest, level)), float(scipy.stats.t.ppf(0.5 + level / 2, df)))
        observed = np.abs(made.estimate / se)[family]
        above = draws - np.searchsorted(np.sort(largest), observed - 1e-12, side="left")
        adjusted[family] = (1 + above) / (1 + draws)
    reach = critical * se
    bounds = {"band_low": made.estimate - reach, "band_high": made.estimate + reach}
    return bounds | {"band_p": adjusted, "critical": critical, "covariance": covariance}


def _largest(covariance: np.ndarray, df: float, draws: int, seed: int) -> tuple[np.ndarray, float]:
    """Largest |t| of each draw from the multivariate t with these correlations, and its df."""
    rng = np.random.Generator(np.random.PCG64(seed))
    scale = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    # The symmetric root does not depend on the signs and the order that the eigenvectors happen to get.
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    drawn = np.abs(rng.standard_normal((draws, len(scale))) @ root).max(axis=1)
    return drawn / np.sqrt(rng.chisquare(df, draws) / df), float(df)
