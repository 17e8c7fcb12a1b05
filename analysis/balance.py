"""Balance and overlap: how alike the groups are before and after weighting.

One table feeds table, plot and text, so that they cannot disagree. There are no p-values: balance is a property
of the sample at hand (Imai, King and Stuart 2008, JRSS A 171(2), section 6).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.problems import stop_if_any
from analysis.scores import as_float64, missing_values, treated_rows

DENOMINATORS = ("treated", "comparison", "pooled")
SAMPLES = ("unadjusted", "adjusted")
ARMS = ("treated", "comparison")
NO_DIFFERENCE = 1.5e-8  # below this the raw difference is shown; a tiny spread would blow up rounding


def balance_table(covariates: pd.DataFrame, treated, weights, *, s_d_denominator: str = "treated") -> pd.DataFrame:
    """One row per covariate and sample, in the order of the columns.

    Columns: covariate, kind (binary or numeric), sample (unadjusted, adjusted), mean_treated, mean_comparison, smd,
    variance_ratio (numeric only), ks, pp_difference (binary only; percentage points, that is 100 times the
    difference between shares). Text and categories become one share per level, named ``column_level`` (the second
    level only when there are two).

    smd = (mean_treated − mean_comparison) / sd, with sd from the unadjusted sample whatever the weights: of the
    treated, of the comparison group, or pooled √((v₁ + v₀)/2); that of everyone when it is zero. Variance of a
    share: p(1 − p); otherwise Σw(x − m)²/(1 − Σw²) with weights of sum 1. ks: largest distance between the weighted
    distribution functions. Conventions of MatchIt 4.7 and of cobalt 4.5 with standardised binaries.
    Raises `ProblemsFound` for missing values, ValueError when an arm has no weight.
    """
    if s_d_denominator not in DENOMINATORS:
        raise ValueError(f"unknown s_d_denominator {s_d_denominator!r}; known: {', '.join(DENOMINATORS)}")
    treated = treated_rows(treated, len(covariates))
    covariates = as_float64(covariates)
    stop_if_any("Balansetabellen kan ikke beregnes:", missing_values(covariates))
    plain = _signed_weights(np.ones(len(treated)), treated)
    adjusted = _signed_weights(weights, treated)
    rows = []
    for name, values in _balance_columns(covariates):
        spread = _spread(values, plain, s_d_denominator)
        rows += [
            {"covariate": name, "sample": sample, **_balance(values, signed, spread)}
            for sample, signed in zip(SAMPLES, (plain, adjusted), strict=True)
        ]
    columns = ["covariate", "kind", "sample", "mean_treated", "mean_comparison", "smd", "variance_ratio", "ks"]
    return pd.DataFrame(rows, columns=[*columns, "pp_difference"])


def effective_sample_size(weights, treated) -> pd.DataFrame:
    """Per arm: n (all), n_used (weight above 0) and ess = (Σw)²/Σw² (Kish 1965, section 11.7)."""
    treated = treated_rows(treated, len(weights))
    w = _checked_weights(weights, treated)
    rows = [
        {
            "arm": arm,
            "n": int(own.sum()),
            "n_used": int((w[own] > 0).sum()),
            "ess": w[own].sum() ** 2 / (w[own] @ w[own]),
        }
        for arm, own in zip(ARMS, (treated, ~treated), strict=True)
    ]
    return pd.DataFrame(rows)


def overlap_table(scores, treated, weights, bins: int = 20) -> pd.DataFrame:
    """Histogram of `scores` (n,): bin_low, bin_high, arm, sample, n, share.

    n counts persons of weight above 0; share is their weight as a share of the arm's, so that it adds up to 1.
    Equal bins over [0, 1] for probabilities, otherwise over whole numbers that hold all scores: edges at the
    smallest and largest score would each show one person's value. Only the top bin includes its upper edge.
    """
    scores = np.asarray(scores, dtype="float64")
    treated = treated_rows(treated, len(scores))
    edges = _edges(scores, bins)
    weighted = {"unadjusted": np.ones(len(scores)), "adjusted": _checked_weights(weights, treated)}
    parts = []
    for sample in SAMPLES:
        for arm, own in zip(ARMS, (treated, ~treated), strict=True):
            w = weighted[sample][own]
            count = np.histogram(scores[own][w > 0], edges)[0]
            share = np.histogram(scores[own], edges, weights=w)[0] / w.sum()
            part = pd.DataFrame({"bin_low": edges[:-1], "bin_high": edges[1:], "n": count, "share": share})
            parts.append(part.assign(arm=arm, sample=sample))
    return pd.concat(parts, ignore_index=True)[["bin_low", "bin_high", "arm", "sample", "n", "share"]]


def support(scores, treated) -> dict[str, float | int]:
    """Persons outside the range of the other arm's scores: numbers and shares, never the ends of the ranges.

    Keys: n_treated, n_comparison; treated_below, treated_above, share_treated_outside (against the comparison
    group's range); comparison_below, comparison_above, share_comparison_outside.
    """
    scores = np.asarray(scores, dtype="float64")
    treated = treated_rows(treated, len(scores))
    _refuse_empty_arm(treated)
    found: dict[str, float | int] = {"n_treated": int(treated.sum()), "n_comparison": int((~treated).sum())}
    for arm, own, other in (("treated", treated, ~treated), ("comparison", ~treated, treated)):
        below = int((scores[own] < scores[other].min()).sum())
        above = int((scores[own] > scores[other].max()).sum())
        found |= {f"{arm}_below": below, f"{arm}_above": above}
        found[f"share_{arm}_outside"] = (below + above) / int(own.sum())
    return found


def _balance_columns(covariates: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Name and float64 values of each row of the table."""
    for name in covariates.columns:
        column = covariates[name]
        if pd.api.types.is_numeric_dtype(column):
            yield name, column.to_numpy()
            continue
        levels = list(column.astype("category").cat.categories)
        for level in levels[1:] if len(levels) == 2 else levels:
            yield f"{name}_{level}", (column == level).to_numpy(dtype="float64")


def _checked_weights(weights, treated: np.ndarray) -> np.ndarray:
    w = np.asarray(weights, dtype="float64")
    if w.shape != treated.shape or not np.isfinite(w).all() or (w < 0).any():
        raise ValueError("weights must be one finite number of 0 or more per row")
    _refuse_empty_arm(treated)
    if w[treated].sum() <= 0 or w[~treated].sum() <= 0:
        raise ValueError("the weights of each arm must have a positive sum")
    return w


def _refuse_empty_arm(treated: np.ndarray) -> None:
    if treated.all() or not treated.any():
        raise ValueError("both arms must hold persons")


def _signed_weights(weights, treated: np.ndarray) -> np.ndarray:
    """Weights of sum 1 among the treated and −1 among the comparison persons."""
    w = _checked_weights(weights, treated)
    return np.where(treated, w / w[treated].sum(), -w / w[~treated].sum())


def _is_binary(values: np.ndarray) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def _mean(values: np.ndarray, w: np.ndarray) -> float:
    return float(w @ values)


def _variance(values: np.ndarray, w: np.ndarray) -> float:
    """Variance with weights of sum 1; see `balance_table`. Missing when one person has all the weight."""
    mean = _mean(values, w)
    if _is_binary(values):
        return mean * (1 - mean)
    rest = 1 - w @ w
    return float(w @ (values - mean) ** 2 / rest) if rest > 1e-12 else float("nan")


def _spread(values: np.ndarray, plain: np.ndarray, denominator: str) -> float:
    of_treated, of_comparison = (_variance(values, np.maximum(side, 0)) for side in (plain, -plain))
    pooled = (of_treated + of_comparison) / 2
    variance = {"treated": of_treated, "comparison": of_comparison, "pooled": pooled}[denominator]
    if not variance > 0:
        variance = _variance(values, np.full(len(values), 1 / len(values)))
    return float(np.sqrt(variance))


def _balance(values: np.ndarray, signed: np.ndarray, spread: float) -> dict[str, float | str]:
    w1, w0 = np.maximum(signed, 0), np.maximum(-signed, 0)
    mean1, mean0 = _mean(values, w1), _mean(values, w0)
    difference = mean1 - mean0
    binary = _is_binary(values)
    return {
        "kind": "binary" if binary else "numeric",
        "mean_treated": mean1,
        "mean_comparison": mean0,
        "smd": difference if abs(difference) < NO_DIFFERENCE else difference / spread,
        "variance_ratio": np.nan if binary else _ratio(_variance(values, w1), _variance(values, w0)),
        "ks": abs(difference) if binary else _kolmogorov_smirnov(values, signed),
        "pp_difference": 100 * difference if binary else np.nan,
    }


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else float("nan")


def _kolmogorov_smirnov(values: np.ndarray, signed: np.ndarray) -> float:
    """Largest absolute cumulative sum of signed weights, read at the last of each run of equal values."""
    order = np.argsort(values, kind="stable")
    run_ends = np.append(np.diff(values[order]) != 0, True)
    return float(np.abs(np.cumsum(signed[order])[run_ends]).max())


def _edges(scores: np.ndarray, bins: int) -> np.ndarray:
    if not np.isfinite(scores).all():
        raise ValueError("scores hold missing or infinite values")
    if bins < 1:
        raise ValueError("bins must be 1 or more")
    if scores.min() >= 0 and scores.max() <= 1:
        return np.linspace(0.0, 1.0, bins + 1)
    return np.linspace(np.floor(scores.min()), np.ceil(scores.max()), bins + 1)
