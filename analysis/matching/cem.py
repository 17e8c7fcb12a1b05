"""Coarsened exact matching: numbers are cut into bins, categories may be merged, then exact matching."""

import math
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.matching.exact import match_exact
from analysis.matching.found import Match
from analysis.matching.line_optimal import match_optimal
from analysis.matching.sets import HEADING
from analysis.problems import Problem, stop_if_any
from analysis.scores import as_float64, missing_values


def match_cem(
    covariates: pd.DataFrame,
    treated,
    *,
    cutpoints: Mapping | None = None,
    grouping: Mapping | None = None,
    k2k=None,
    estimand: str = "ATT",
    sampling_weights=None,
) -> Match:
    """Exact matching on `coarsened` covariates (n, p). Estimand ATT, ATC or ATE.

    `k2k`: coordinates (n, q); then each stratum keeps as many comparison persons as treated, paired at the least
    total Euclidean distance in these coordinates (whitened covariates: Mahalanobis), and everyone kept has weight 1.
    Raises as `coarsened` and `match_exact`.

    Source: Iacus, King and Porro (2012), Political Analysis 20(1).
    """
    strata = coarsened(covariates, cutpoints=cutpoints, grouping=grouping)
    found = match_exact(strata, treated, estimand=estimand, sampling_weights=sampling_weights)
    # With one of each in every set, all weights are 1 whatever the estimand.
    return found if k2k is None else match_optimal(k2k, treated, strata=strata, sampling_weights=sampling_weights)


def coarsened(
    covariates: pd.DataFrame, *, cutpoints: Mapping | None = None, grouping: Mapping | None = None
) -> pd.DataFrame:
    """Frame (n, p): the bin of each number, from 0, and the group of each category.

    `cutpoints` by column: a whole number of equal bins between smallest and largest (0: no coarsening), a list of
    limits, or ``"q4"`` for bins at quantiles (type 7, everyone). Without: ⌈log₂ n + 1⌉ equal bins (Sturges 1926).
    Bins are closed to the left; the largest value lies in the last bin. `grouping` by column: lists of levels that
    count as one; levels not named stay on their own. Raises `ProblemsFound` for missing values and for options of
    columns that do not exist or cannot take them, all at once.
    """
    cutpoints, grouping = dict(cutpoints or {}), dict(grouping or {})
    covariates = as_float64(covariates)
    stop_if_any(HEADING, [*missing_values(covariates), *_option_problems(covariates, cutpoints, grouping)])
    columns = {}
    for name in covariates.columns:
        column = covariates[name]
        if pd.api.types.is_float_dtype(column):
            values = column.to_numpy()
            columns[name] = _bins(values, cutpoints.get(name, _sturges(len(values))))
        else:
            columns[name] = _groups(column, grouping.get(name, []))
    return pd.DataFrame(columns, index=covariates.index)


def _sturges(n: int) -> int:
    return math.ceil(math.log2(n) + 1) if n else 1


def _bins(values: np.ndarray, cut) -> np.ndarray:
    if isinstance(cut, str):
        limits = np.unique(np.quantile(values, np.linspace(0, 1, int(cut[1:]) + 1)))
    elif isinstance(cut, int):
        if cut == 0:
            return values
        limits = np.linspace(values.min(), values.max(), cut + 1)
    else:
        return np.searchsorted(np.sort(np.asarray(cut, dtype="float64")), values, side="right")
    return np.searchsorted(limits[1:-1], values, side="right")


def _groups(column: pd.Series, groups: list) -> np.ndarray:
    codes, levels = pd.factorize(column)
    number = {level: place for place, group in enumerate(groups) for level in group}
    return np.array([number.get(level, len(groups) + code) for code, level in enumerate(levels)])[codes]


def _option_problems(covariates: pd.DataFrame, cutpoints: dict, grouping: dict) -> list[Problem]:
    numeric = {name for name in covariates.columns if pd.api.types.is_float_dtype(covariates[name])}
    categories = set(covariates.columns) - numeric
    found = []
    for key, options, allowed, kind in (
        ("cutpoints", cutpoints, numeric, "tallkolonner"),
        ("grouping", grouping, categories, "kategorikolonner"),
    ):
        for name in options:
            if name not in allowed:
                known = ", ".join(f"«{column}»" for column in covariates.columns if column in allowed) or "ingen"
                found.append(Problem(key, f"«{name}» er ikke blant matchingens {kind}.", f"Mulige: {known}."))
    found += [_bad_cut(name) for name, cut in cutpoints.items() if name in numeric and not _is_cut(cut)]
    return found


def _is_cut(cut) -> bool:
    if isinstance(cut, bool) or cut is None:
        return False
    if isinstance(cut, int):
        return cut >= 0
    if isinstance(cut, str):
        return re.fullmatch(r"q[1-9]\d*", cut) is not None
    return isinstance(cut, list | tuple | np.ndarray) and all(
        isinstance(limit, int | float) and not isinstance(limit, bool) and math.isfinite(limit) for limit in cut
    )


def _bad_cut(name: str) -> Problem:
    return Problem(
        "cutpoints", f"«{name}» har en inndeling som ikke kan leses.", "Skriv et helt tall, «q4» eller grenser."
    )
