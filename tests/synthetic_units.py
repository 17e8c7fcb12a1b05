"""Panels of units for the tests of synthetic controls: cigarettes by state, and made-up units with a known truth."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.staggered.design import NEVER
from analysis.staggered.unit_panel import UnitPanel

FOLDER = Path(__file__).parent / "reference" / "did"
START = 24_000


@cache
def answers() -> dict:
    return json.loads((FOLDER / "prop99_synthdid.json").read_text(encoding="utf-8"))


@cache
def packs() -> pd.DataFrame:
    """Packs of cigarettes per head, states by year 1970–2000."""
    long = pd.read_csv(FOLDER / "california_prop99.csv", sep=";")
    return long.pivot(index="State", columns="Year", values="PacksPerCapita")


def panel_of(y: np.ndarray, adoption, *, names=None, months=None, n=None, county=None) -> UnitPanel:
    names = np.array([f"u{i:02d}" for i in range(len(y))]) if names is None else np.asarray(names, dtype="str")
    return UnitPanel(
        names=names,
        months=START + np.arange(y.shape[1]) if months is None else np.asarray(months),
        y=y,
        n=np.full(y.shape, 100.0) if n is None else n,
        adoption=np.asarray(adoption, dtype=np.int64),
        county=np.full(len(y), "") if county is None else np.asarray(county, dtype="str"),
    )


def states(starts: dict[str, int] | None = None, *, without: tuple[str, ...] = ()) -> UnitPanel:
    """The states as units; California from 1989 unless `starts` says otherwise."""
    wide = packs().drop(index=list(without))
    starts = {"California": 1989} if starts is None else starts
    adoption = [starts.get(name, NEVER) for name in wide.index]
    return panel_of(wide.to_numpy(), adoption, names=wide.index, months=wide.columns)


def factor_units(
    seed: int,
    *,
    treated: int = 1,
    donors: int = 20,
    before: int = 30,
    after: int = 10,
    noise: float = 0.3,
    effect: float = 0.0,
) -> UnitPanel:
    """Two factors that units load on, so that trends are not parallel; the treated lie inside the donors."""
    rng = np.random.default_rng(seed)
    loadings = rng.uniform(0, 1, (donors, 2))
    mixed = rng.dirichlet(np.ones(4), treated) @ loadings[:4]
    months = before + after
    factors = np.cumsum(rng.normal(0.1, 1.0, (2, months)), axis=1)
    y = np.vstack([mixed, loadings]) @ factors + noise * rng.normal(size=(treated + donors, months))
    y[:treated, before:] += effect
    return panel_of(y, [START + before] * treated + [NEVER] * donors)


def on_simplex(v: np.ndarray) -> np.ndarray:
    """The nearest point of the simplex (Held, Wolfe and Crowder 1974)."""
    ordered = np.sort(v)[::-1]
    above = np.cumsum(ordered) - 1
    k = np.flatnonzero(ordered - above / np.arange(1, len(v) + 1) > 0)[-1]
    return np.maximum(v - above[k] / (k + 1), 0)


def by_gradients(columns: np.ndarray, target: np.ndarray, ridge: float = 0.0, steps: int = 60_000) -> np.ndarray:
    """Weights by accelerated projected gradients with restarts: nothing in common with an active set."""
    square, linear = columns.T @ columns + ridge * np.eye(columns.shape[1]), columns.T @ target
    size = np.linalg.eigvalsh(square)[-1]
    weights = ahead = np.full(len(linear), 1 / len(linear))
    pace = 1.0
    for _ in range(steps):
        moved = on_simplex(ahead - (square @ ahead - linear) / size)
        if (ahead - moved) @ (moved - weights) > 0:
            pace = 1.0
        faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = moved + (pace - 1) / faster * (moved - weights)
        if np.abs(moved - weights).max() < 1e-15:
            break
        weights, pace = moved, faster
    return weights
