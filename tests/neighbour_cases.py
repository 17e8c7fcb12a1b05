"""Stored nearest-neighbour matches of R, as specifications and scores of ours."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.matching import MatchingSpec
from analysis.scores import Scores

REFERENCE = Path(__file__).parent / "reference" / "matching"
DATA = ("lalonde", "navsyn_a")
NAMES = {"m.order": "order", "reuse.max": "reuse_max", "min.controls": "min_controls", "max.controls": "max_controls"}


@dataclass(frozen=True)
class Stored:
    """One stored specification: `partners` (focal row → rows) and what else R said of it."""

    frame: pd.DataFrame
    treated: np.ndarray
    spec: MatchingSpec
    scores: Scores | None
    partners: dict[int, list[int]]
    weights: np.ndarray
    caliper: float | None
    discarded: list[int]
    sizes: dict[str, list[float]]


@cache
def reference(data: str) -> dict:
    return json.loads((REFERENCE / f"neighbours_{data}.json").read_text())


@cache
def frame(data: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{data}.csv")


def names(*methods: str) -> list[tuple[str, str]]:
    """(data, name) of every stored specification of the given methods."""
    return [
        (data, name)
        for data in DATA
        for name in reference(data)["results"]
        if stored(data, name).spec.method in methods
    ]


@cache
def stored(data: str, name: str) -> Stored:
    said = reference(data)["results"][name]
    treated = frame(data)[reference(data)["meta"]["treated"]].to_numpy()
    weights = np.zeros(len(treated))
    weights[[int(row) for row in said["weights"]]] = list(said["weights"].values())
    return Stored(
        frame(data),
        treated,
        _spec(said["arguments"], reference(data)["meta"]["formula"]),
        scores(data, said["score"]),
        {int(row): rows for row, rows in said["partners"].items()},
        weights,
        said["caliper"],
        said["discarded"],
        said["sizes"],
    )


def scores(data: str, link: str | None) -> Scores | None:
    """R's scores; `link` is the scale on which R gave them."""
    if link is None:
        return None
    values = np.array(reference(data)["scores"][link])
    return Scores(expit(values), values) if link == "linear_logit" else Scores(values, logit(values))


def _spec(arguments: dict, formula: str) -> MatchingSpec:
    options = {"caliper": None}
    for key, value in arguments.items():
        if key in ("exact", "antiexact"):
            options[key] = _columns(value)
        elif key == "link":
            options[key] = value.replace(".", "_")
        elif key == "distance":
            options |= {"method": "mahalanobis", "metric": value, "distance_columns": _columns(formula)}
        elif key == "mahvars":
            options |= {"method": "mahalanobis", "distance_columns": _columns(value)}
        elif key == "caliper" and isinstance(value, dict):
            (_, options["caliper"]), *others = value.items()
            options["covariate_calipers"] = {name: float(width) for name, width in others}
        elif key != "std.caliper":
            options[NAMES.get(key, key)] = value
    return MatchingSpec(**options)


def _columns(formula: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in formula.split("~")[1].split("+"))
