"""Invented persons drawn by lot within four strata, 167 against 101, for the tests of such trials."""

import numpy as np

CELLS = ((40, 66), (28, 45), (20, 35), (13, 21))
"""Comparison and treated persons of each stratum."""
STRATUM = np.repeat(np.arange(len(CELLS)), [sum(cell) for cell in CELLS])
TREATED = np.concatenate([np.arange(a + b) >= a for a, b in CELLS])
MONTHS = 24


def redrawn(rng: np.random.Generator) -> np.ndarray:
    """Another allocation with the same numbers in each stratum."""
    drawn = TREATED.copy()
    for stratum in range(len(CELLS)):
        rows = np.flatnonzero(stratum == STRATUM)
        drawn[rows] = TREATED[rng.permutation(rows)]
    return drawn


def potential_outcomes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """In work by month without and with the intervention (268 × 24); it helps early and hardly later."""
    without = _chain(rng, np.full(MONTHS, 0.02))
    entry = np.where(np.arange(MONTHS) < 8, 0.03, 0.003)
    return without, np.maximum(without, _chain(rng, entry))


def _chain(rng: np.random.Generator, entry: np.ndarray) -> np.ndarray:
    ability = np.exp(0.6 * rng.normal(size=len(STRATUM)) - 0.18)
    working = rng.random(len(STRATUM)) < 0.05
    states = np.zeros((len(STRATUM), len(entry)))
    for month, chance in enumerate(entry):
        working = rng.random(len(STRATUM)) < np.where(working, 0.93, chance * ability)
        states[:, month] = working
    return states
