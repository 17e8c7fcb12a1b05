"""Least squares of a trial that draws persons within strata: the design, and one contrast with HC2 errors.

The estimate is linear in the outcome, Σ g_i·y_i, so that one design serves every outcome that the same persons have:
all months of a curve cost one factorisation. HC2: MacKinnon and White (1985), J. Econometrics 29(3). Its degrees of
freedom: Bell and McCaffrey (2002), Survey Methodology 28(2), with each person a cluster of one; Imbens and Kolesár
(2016), Review of Economics and Statistics 98(4).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from analysis.problems import Problem, ProblemsFound, stop_if_any

HEADING = "Forskjellen innenfor strata kan ikke anslås:"
# A column that keeps less than this share of its length when the others are taken out of it is a combination of them.
DEPENDENT = 1e-9
# Leverage this near 1: the person's residual is 0 whatever the outcome, and HC2 divides by 0.
ALONE = 1e-9


@dataclass(frozen=True)
class PersonDesign:
    """A contrast of least squares over persons.

    pull (n,): g, so that the estimate is g'y; leverage (n,); basis (n, k): orthonormal columns of the design; df:
    degrees of freedom of HC2 under equal variances.
    """

    pull: np.ndarray
    leverage: np.ndarray
    basis: np.ndarray
    df: float

    def estimates(self, y: np.ndarray) -> np.ndarray:
        """Estimate of each column of y (n, T)."""
        return self.pull @ y

    def influences(self, y: np.ndarray) -> np.ndarray:
        """ψ (n, T): g·e/√(1 − leverage). ψ'ψ is the covariance of the estimates, its diagonal the HC2 variances."""
        residuals = y - self.basis @ (self.basis.T @ y)
        return (self.pull / np.sqrt(1 - self.leverage))[:, None] * residuals


@dataclass(frozen=True)
class Strata:
    """Persons by stratum 0…S − 1 and arm. `names` (S,); `sizes` (S, 2): comparison, treated."""

    code: np.ndarray
    names: np.ndarray
    treated: np.ndarray
    sizes: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Share of the persons in each stratum (S,)."""
        return self.sizes.sum(axis=1) / self.sizes.sum()


def strata_of(treated, strata, *, least: int = 2) -> Strata:
    """Arms and strata of n persons. Raises ProblemsFound where a stratum has fewer than `least` persons in an arm."""
    arm = np.asarray(treated, dtype=bool)
    code, names = pd.factorize(np.asarray(strata), sort=True)
    if len(code) != len(arm):
        raise ValueError(f"{len(arm)} persons with an arm and {len(code)} with a stratum")
    if (code < 0).any():
        raise ValueError("persons without a stratum")
    sizes = np.bincount(2 * code + arm, minlength=2 * len(names)).reshape(-1, 2)
    if not len(names):
        raise ProblemsFound(HEADING, [Problem("personer", "ingen har et målt utfall.")])
    stop_if_any(HEADING, list(_small(sizes, names, least)))
    return Strata(code, np.asarray(names), arm, sizes)


def _small(sizes: np.ndarray, names: np.ndarray, least: int) -> Iterator[Problem]:
    for name, (comparison, treated) in zip(names, sizes.tolist(), strict=True):
        for group, count in (("tiltaksgruppen", treated), ("sammenligningsgruppen", comparison)):
            if count < least:
                told = "ingen" if count == 0 else "for få"
                what = f"har {told} personer i {group} med målt utfall; det må være minst {least}."
                yield Problem(f"stratum «{name}»", what, "Slå sammen strata, eller velg et tidligere tidspunkt.")


def averaged_design(strata: Strata, covariates: pd.DataFrame | None = None) -> PersonDesign:
    """The average effect over the persons: strata and covariates interacted with the arm.

    y ~ stratum + T + T·(stratum − its share) + X + T·(X − mean), coefficient of T. Without X this is
    Σ_s n_s/n·(ȳ_1s − ȳ_0s). Lin (2013), Annals of Applied Statistics 7(1); the strata are covariates of his.
    """
    dummies = _dummies(strata)
    arm = strata.treated.astype(float)[:, None]
    others = dummies[:, 1:] - strata.shares[1:]
    blocks = [(dummies, list(strata.names)), (arm, ["gruppe"]), (arm * others, list(strata.names[1:]))]
    if covariates is not None:
        x = _centred(covariates, len(strata.code))
        blocks += [(x, list(covariates.columns)), (arm * x, list(covariates.columns))]
    return _contrast(blocks, place=len(strata.names))


def common_design(strata: Strata, covariates: pd.DataFrame | None = None) -> PersonDesign:
    """One effect for all strata: y ~ stratum + T + X, coefficient of T.

    Without X the weights of the strata are n_1·n_0/n, those of the smallest variance, and not their sizes.
    """
    blocks = [(_dummies(strata), list(strata.names)), (strata.treated.astype(float)[:, None], ["gruppe"])]
    if covariates is not None:
        blocks.append((_centred(covariates, len(strata.code)), list(covariates.columns)))
    return _contrast(blocks, place=len(strata.names))


def _dummies(strata: Strata) -> np.ndarray:
    return (strata.code[:, None] == np.arange(len(strata.names))).astype(float)


def _centred(covariates: pd.DataFrame, persons: int) -> np.ndarray:
    x = covariates.to_numpy(float)
    if len(x) != persons:
        raise ValueError(f"{len(x)} rows of covariates for {persons} persons")
    if not np.isfinite(x).all():
        raise ValueError("covariates with missing values")
    return x - x.mean(axis=0)


def _contrast(blocks: list[tuple[np.ndarray, list]], *, place: int) -> PersonDesign:
    """The coefficient of the column at `place`."""
    x, names = np.hstack([part for part, _ in blocks]), [name for _, part in blocks for name in part]
    basis, triangle = np.linalg.qr(x)
    _stop_if_dependent(x, triangle, names)
    wanted = np.zeros(x.shape[1])
    wanted[place] = 1.0
    pull = basis @ scipy.linalg.solve_triangular(triangle, wanted, trans="T")
    leverage = np.einsum("ij,ij->i", basis, basis)
    _stop_if_alone(x, leverage, names)
    return PersonDesign(pull, leverage, basis, _bell_mccaffrey(pull, leverage, basis))


def _stop_if_dependent(x: np.ndarray, triangle: np.ndarray, names: list) -> None:
    """Fewer rows than columns leave the last ones without a row in the triangle: these are combinations too."""
    kept = np.zeros(x.shape[1])
    kept[: len(triangle)] = np.abs(np.diag(triangle))
    found = kept <= DEPENDENT * np.linalg.norm(x, axis=0)
    what = "er en kombinasjon av strata, gruppe og de andre kovariatene, eller varierer ikke i en av gruppene."
    bad = dict.fromkeys(name for name, one in zip(names, found, strict=True) if one)
    stop_if_any(HEADING, [Problem(f"kovariaten «{name}»", what, "Ta den ut av kortet.") for name in bad])


def _stop_if_alone(x: np.ndarray, leverage: np.ndarray, names: list) -> None:
    alone = leverage > 1 - ALONE
    if not alone.any():
        return
    # The column that is far from 0 for nobody else in the arm is the one that the person decides alone.
    reach = np.abs(x[alone]).max(axis=0) / (np.abs(x).sum(axis=0) + np.finfo(float).tiny)
    what = "har en verdi som bare én person i gruppen har, og usikkerheten kan ikke regnes ut."
    raise ProblemsFound(HEADING, [Problem(f"kovariaten «{names[int(reach.argmax())]}»", what, "Ta den ut av kortet.")])


def _bell_mccaffrey(pull: np.ndarray, leverage: np.ndarray, basis: np.ndarray) -> float:
    """tr(G)²/tr(G²), G_ij = h_i·h_j·(1[i = j] − H_ij), h = g/√(1 − leverage); H = QQ', so that n × n is not formed."""
    square = pull**2 / (1 - leverage)
    inner = basis.T @ (square[:, None] * basis)
    trace_of_square = (square**2 * (1 - 2 * leverage)).sum() + (inner**2).sum()
    return float((pull**2).sum() ** 2 / trace_of_square)
