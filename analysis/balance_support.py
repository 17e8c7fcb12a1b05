"""Overlap of the two groups' scores: histogram and common support."""

import numpy as np
import pandas as pd

from analysis.balance_sizes import ARMS, SAMPLES, checked_weights, refuse_empty_arm
from analysis.scores import treated_rows


def overlap_table(scores, treated, weights, bins: int = 20) -> pd.DataFrame:
    """Histogram of `scores` (n,): bin_low, bin_high, arm, sample, n, share.

    n counts persons of weight above 0; share is their weight as a share of the arm's, so that it adds up to 1.
    Equal bins over [0, 1] for probabilities, otherwise over whole numbers that hold all scores: edges at the
    smallest and largest score would each show one person's value. Only the top bin includes its upper edge.
    """
    scores = np.asarray(scores, dtype="float64")
    treated = treated_rows(treated, len(scores))
    edges = _edges(scores, bins)
    weighted = {"unadjusted": np.ones(len(scores)), "adjusted": checked_weights(weights, treated)}
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
    refuse_empty_arm(treated)
    found: dict[str, float | int] = {"n_treated": int(treated.sum()), "n_comparison": int((~treated).sum())}
    for arm, own, other in (("treated", treated, ~treated), ("comparison", ~treated, treated)):
        below = int((scores[own] < scores[other].min()).sum())
        above = int((scores[own] > scores[other].max()).sum())
        found |= {f"{arm}_below": below, f"{arm}_above": above}
        found[f"share_{arm}_outside"] = (below + above) / int(own.sum())
    return found


def _edges(scores: np.ndarray, bins: int) -> np.ndarray:
    if not np.isfinite(scores).all():
        raise ValueError("scores hold missing or infinite values")
    if bins < 1:
        raise ValueError("bins must be 1 or more")
    if scores.min() >= 0 and scores.max() <= 1:
        return np.linspace(0.0, 1.0, bins + 1)
    return np.linspace(np.floor(scores.min()), np.ceil(scores.max()), bins + 1)
