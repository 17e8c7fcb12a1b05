"""Stored trials with R's answers, and small made-up ones, for the tests of least squares by cluster."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.trials.least_squares import Fit, dummies, least_squares

REFERENCE = Path(__file__).parent / "reference"
COVARIATES = ["alder", "kvinne", "mnd_ledig"]


@cache
def answers(name: str) -> dict:
    """Results of inference_oracle.R: `name` is i_crt18_a or i_did24_a."""
    return json.loads((REFERENCE / "inference" / f"{name}.json").read_text(encoding="utf-8"))["results"]


@cache
def persons() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "inference" / "crt18_a.csv")


def columns(key: str) -> pd.DataFrame:
    """Design matrix of `ols` or `logit`, with covariates when the key ends so."""
    names = ["tiltak", *COVARIATES] if key.endswith("cov") else ["tiltak"]
    frame = persons()[names].astype("float64")
    frame.insert(0, "(Intercept)", 1.0)
    return frame


@cache
def trial(key: str) -> Fit:
    """Least squares of the stored trial of 18 offices, without covariates (`ols`) or with them (`ols_cov`)."""
    return least_squares(persons()["arbeid"], columns(key), persons()["kontor"])


@cache
def two_way(weighted: bool) -> Fit:
    """Two-way fixed effects of the stored 24 offices over quarters, weighted by persons or not."""
    cells = pd.read_csv(REFERENCE / "inference" / "did24_a.csv")
    own = pd.DataFrame({"constant": 1.0, "d": cells["d"].astype("float64")})
    x = pd.concat([own, dummies(cells["kontor"], "office"), dummies(cells["kvartal"], "quarter")], axis=1)
    return least_squares(cells["andel"], x, cells["kontor"], weights=cells["antall"] if weighted else None)


@cache
def eighteen() -> tuple[Fit, dict]:
    """The other stored trial of 18 offices and 617 persons, with its answers."""
    frame = pd.read_csv(REFERENCE / "did" / "crt_18_clusters.csv")
    stored = json.loads((REFERENCE / "did" / "crt_18_clusters.json").read_text(encoding="utf-8"))
    x = pd.DataFrame({"constant": 1.0, "tr": frame["tr"], "x": frame["x"]})
    return least_squares(frame["y"], x, frame["cl"]), stored


def small(seed: int, *, offices: int = 6, weighted: bool = False, outcome=None) -> dict:
    """Arguments of `least_squares` for a small made-up trial: y, x, clusters, weights."""
    rng = np.random.default_rng(seed)
    office = np.concatenate([np.arange(offices), np.arange(offices), rng.integers(0, offices, 8 * offices)])
    x = pd.DataFrame({"constant": 1.0, "treated": (office % 2) * 1.0, "age": rng.normal(40, 9, len(office))})
    y = 0.3 + 0.1 * x["treated"] + 0.02 * x["age"] + rng.normal(size=offices)[office] + rng.normal(size=len(office))
    weights = rng.uniform(0.2, 3, len(office)) if weighted else None
    return {"y": (y if outcome is None else outcome(y)).to_numpy(), "x": x, "clusters": office, "weights": weights}
