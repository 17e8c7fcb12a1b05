"""R's answers for methods that form sets (exact, CEM, subclasses, optimal, full, cardinality), read once."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

REFERENCE = Path(__file__).parent / "reference" / "matching"
DATA = ("lalonde", "navsyn_a")


@cache
def stored(data):
    return json.loads((REFERENCE / f"sets_{data}.json").read_text())


@cache
def frame(data):
    return pd.read_csv(REFERENCE / f"{data}.csv")


def treated_of(data):
    return frame(data)[stored(data)["treat"]].to_numpy() == 1


def specs(*methods):
    """(data, name of the specification) of every stored specification of these methods."""
    return [
        (data, name) for data in DATA for name, spec in stored(data)["specs"].items()
        if spec["arguments"]["method"] in methods
    ]  # fmt: skip


def spec_of(data, name):
    return stored(data)["specs"][name]


def score_of(data, name):
    return np.array(stored(data)["scores"][spec_of(data, name)["score"]])


def columns_of(data, name):
    return frame(data)[spec_of(data, name)["columns"]]


def strata_of(data, name):
    formula = spec_of(data, name)["arguments"].get("exact")
    return None if formula is None else frame(data)[formula.strip("~ ").split(" + ")]


def whitened(covariates, treated):
    """Coordinates whose Euclidean distance is MatchIt's Mahalanobis distance (README of the references)."""
    parts = [
        own.to_numpy(dtype="float64")[:, None]
        if pd.api.types.is_numeric_dtype(own)
        else pd.get_dummies(own).to_numpy(dtype="float64") / np.sqrt(2)
        for own in (covariates[name] for name in covariates)
    ]
    z = np.hstack(parts)
    z /= z.std(axis=0, ddof=1)
    centred = z - np.where(treated[:, None], z[treated].mean(axis=0), z[~treated].mean(axis=0))
    inverse = np.linalg.pinv(centred.T @ centred / (len(z) - 2), hermitian=True)
    values, vectors = np.linalg.eigh(inverse)
    return z @ (vectors * np.sqrt(np.clip(values, 0, None)))


def points_of(data, name):
    """What the specification measures distance in: the score, or coordinates for Mahalanobis's distance."""
    if spec_of(data, name)["arguments"].get("distance") == "mahalanobis":
        return whitened(columns_of(data, name), treated_of(data))
    return score_of(data, name)


def total_distance(points, treated, subclass, weights):
    """Sum over the sets of all distances between treated and comparison persons."""
    points = np.asarray(points, dtype="float64").reshape(len(treated), -1)
    used = (np.asarray(subclass) >= 0) & (np.asarray(weights) > 0)
    total = 0.0
    for number in np.unique(np.asarray(subclass)[used]):
        rows = used & (subclass == number)
        gaps = points[rows & treated][:, None] - points[rows & ~treated][None, :]
        total += float(np.sqrt((gaps**2).sum(axis=2)).sum())
    return total
