"""Randomisation test of a trial that draws persons within strata: everybody's outcome is what it is, the arms move.

The hypothesis is that assignment changed nobody's outcome (Fisher's sharp null). Each stratum keeps its number in each
arm. With an outcome of 0 and 1 the successes among the treated of a stratum are hypergeometric and the strata are
independent, so the distribution is enumerated by their counts, never by persons.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from analysis.trials.found import NAN, Found
from analysis.trials.person_design import Strata, strata_of

# Sums of two halves of the strata that are written out at most.
ENUMERATED = 2_000_000
# Differences nearer than this to the observed one count as equal to it.
SLACK = 1e-10
# Weights that are in memory at a time when allocations are drawn.
CHUNK = 1 << 22


@dataclass(frozen=True)
class _Law:
    """A discrete distribution: values and their probabilities."""

    values: np.ndarray
    shares: np.ndarray


def person_permutation(
    y, treated, strata, *, covariates: pd.DataFrame | None = None, draws: int = 9_999, seed: int | None = None
) -> Found:
    """Two-sided test of no effect on anybody by the difference standardised to the strata.

    y (n,) 0/1 without covariates: exact. Otherwise `draws` allocations are drawn with `seed`, and the observed one is
    counted among them: p = (1 + #{|d*| ≥ |d|})/(1 + draws) (Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9).
    With `covariates` the outcome is first freed of its regression on them and the strata, without the arms, and the
    test stays valid (Rosenbaum 2002, Statistical Science 17(3)). The estimate is the difference that is tested; there
    is no interval. `df` is the number of draws, missing where the answer is exact. Raises ProblemsFound as
    `strata_of`; ValueError where a seed is needed and missing.
    """
    values, found = np.asarray(y, dtype=float), strata_of(treated, strata, least=1)
    if np.isnan(values).any():
        raise ValueError("the outcome has missing values")
    if covariates is not None:
        values = _freed(values, found, covariates)
    observed = float(_weights(found) @ values)
    if not np.isin(values, (0.0, 1.0)).all():
        return _sampled(observed, _moved(values, found, draws, _generator(seed)), len(values), seed)
    successes = np.bincount(found.code, values, minlength=len(found.names)).astype(np.int64)
    laws = _laws(successes, found)
    if laws is not None:
        return _exact(observed, laws, len(values))
    return _sampled(observed, _counted(successes, found, draws, _generator(seed)), len(values), seed)


def _weights(found: Strata) -> np.ndarray:
    """Weight of each person in the standardised difference."""
    per_cell = found.shares[:, None] / found.sizes * np.array([-1.0, 1.0])
    return per_cell[found.code, found.treated.astype(int)]


def _freed(values: np.ndarray, found: Strata, covariates: pd.DataFrame) -> np.ndarray:
    """Residuals of the outcome on strata and covariates, by the design of an arm that nobody is compared in."""
    dummies = (found.code[:, None] == np.arange(len(found.names))).astype(float)
    basis, _ = np.linalg.qr(np.hstack([dummies, covariates.to_numpy(float)]))
    return values - basis @ (basis.T @ values)


def _laws(successes: np.ndarray, found: Strata) -> tuple[_Law, _Law] | None:
    """Distribution of the difference over two halves of the strata; None where there would be too many values."""
    count = len(found.names)
    halves = []
    for rows in (range(0, count, 2), range(1, count, 2)):
        law = _Law(np.zeros(1), np.ones(1))
        for row in rows:
            own = _stratum_law(found.sizes[row], successes[row], found.shares[row])
            if len(law.values) * len(own.values) > ENUMERATED:
                return None
            law = _sum_of(law, own)
        halves.append(law)
    return halves[0], halves[1]


def _stratum_law(sizes: np.ndarray, successes: int, share: float) -> _Law:
    n0, n1 = sizes.tolist()
    hits = np.arange(max(0, successes - n0), min(successes, n1) + 1)
    return _Law(share * (hits / n1 - (successes - hits) / n0), scipy.stats.hypergeom.pmf(hits, n0 + n1, successes, n1))


def _sum_of(one: _Law, other: _Law) -> _Law:
    return _Law(np.add.outer(one.values, other.values).ravel(), np.outer(one.shares, other.shares).ravel())


def _exact(observed: float, laws: tuple[_Law, _Law], persons: int) -> Found:
    """P(|A + B| ≥ |observed|), A and B independent: of each value of A the tails of B."""
    first, second = laws
    order = np.argsort(second.values, kind="stable")
    values, below = second.values[order], np.concatenate([[0.0], np.cumsum(second.shares[order])])
    reach = abs(observed) - SLACK
    upper = below[-1] - below[np.searchsorted(values, reach - first.values, side="left")]
    lower = below[np.searchsorted(values, -reach - first.values, side="right")]
    p_value = 1.0 if reach <= 0 else float(min(first.shares @ (upper + lower), 1.0))
    return _permuted(observed, p_value, persons, "exact: hypergeometric within strata")


def _generator(seed: int | None) -> np.random.Generator:
    if seed is None:
        raise ValueError("allocations are drawn here, which takes a seed")
    return np.random.Generator(np.random.PCG64(seed))


def _counted(successes: np.ndarray, found: Strata, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Differences (draws,) of an outcome of 0 and 1 when the successes among the treated are drawn in each stratum."""
    n0, n1 = found.sizes.T
    hits = rng.hypergeometric(successes, n0 + n1 - successes, n1, size=(draws, len(n0)))
    return (hits / n1 - (successes - hits) / n0) @ found.shares


def _moved(values: np.ndarray, found: Strata, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Differences (draws,) when each stratum deals out the weights of its persons anew."""
    weights, drawn = _weights(found), np.zeros(draws)
    for stratum in range(len(found.names)):
        rows = np.flatnonzero(found.code == stratum)
        dealt = max(1, CHUNK // len(rows))
        for first in range(0, draws, dealt):
            part = drawn[first : first + dealt]
            part += rng.permuted(np.tile(weights[rows], (len(part), 1)), axis=1) @ values[rows]
    return drawn


def _sampled(observed: float, drawn: np.ndarray, persons: int, seed: int) -> Found:
    hits = int((np.abs(drawn) >= abs(observed) - SLACK).sum())
    told = f"{len(drawn)} allocations drawn within strata, seed {seed}"
    return _permuted(observed, (1 + hits) / (1 + len(drawn)), persons, told, draws=len(drawn))


def _permuted(observed: float, p_value: float, persons: int, convention: str, draws: float = NAN) -> Found:
    named = {"inference": "permutation", "convention": convention, "clusters": persons}
    return Found(estimate=observed, p_value=p_value, df=draws, **named)
