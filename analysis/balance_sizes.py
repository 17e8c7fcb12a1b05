"""How many persons an estimate rests on: counts and effective sample sizes of each arm."""

import numpy as np
import pandas as pd

from analysis.scores import treated_rows

SAMPLES = ("unadjusted", "adjusted")
ARMS = ("treated", "comparison")


def effective_sample_size(weights, treated, *, sampling_weights=None) -> pd.DataFrame:
    """Per arm: n (all), n_used (weight above 0) and ess = (Σw)²/Σw² (Kish 1965, section 11.7).

    With `sampling_weights` (n,), w is the product of the two.
    """
    treated = treated_rows(treated, len(weights))
    w = checked_weights(weights, treated) * sampling(sampling_weights, treated)
    rows = [
        {"arm": arm, "n": int(own.sum()), "n_used": int((w[own] > 0).sum()), "ess": kish(w[own])}
        for arm, own in zip(ARMS, (treated, ~treated), strict=True)
    ]
    return pd.DataFrame(rows)


def sample_sizes(weights, treated, *, discarded=None, sampling_weights=None) -> pd.DataFrame:
    """Columns sample, treated, comparison; rows all_ess, all, matched_ess, matched, unmatched, discarded.

    `discarded` (n,) marks those left out before matching (outside common support); they are not among the unmatched.
    """
    treated = treated_rows(treated, len(weights))
    w, s = checked_weights(weights, treated), sampling(sampling_weights, treated)
    out = np.zeros(len(w), dtype=bool) if discarded is None else np.asarray(discarded, dtype=bool)
    if out.shape != w.shape or (w[out] > 0).any():
        raise ValueError("discarded must mark rows of weight 0, one value per row")
    arm_sizes = {}
    for arm, own in zip(ARMS, (treated, ~treated), strict=True):
        used = w[own] > 0
        arm_sizes[arm] = {
            "all_ess": kish(s[own]),
            "all": float(own.sum()),
            "matched_ess": kish((w * s)[own]),
            "matched": float(used.sum()),
            "unmatched": float((~used & ~out[own]).sum()),
            "discarded": float(out[own].sum()),
        }
    return pd.DataFrame(arm_sizes).rename_axis("sample").reset_index()


def kish(w: np.ndarray) -> float:
    """Effective sample size (Σw)²/Σw² of weights scaled by the largest, which keeps tiny weights from vanishing."""
    scaled = w / w.max()
    return float(scaled.sum() ** 2 / (scaled @ scaled))


def checked_weights(weights, treated: np.ndarray) -> np.ndarray:
    """`weights` as float64 (n,), finite and 0 or more, with a positive sum in each arm; ValueError otherwise."""
    w = np.asarray(weights, dtype="float64")
    if w.shape != treated.shape or not np.isfinite(w).all() or (w < 0).any():
        raise ValueError("weights must be one finite number of 0 or more per row")
    refuse_empty_arm(treated)
    if w[treated].sum() <= 0 or w[~treated].sum() <= 0:
        raise ValueError("the weights of each arm must have a positive sum")
    return w


def sampling(sampling_weights, treated: np.ndarray) -> np.ndarray:
    """Sampling weights as float64 (n,), 1 for everyone when there are none."""
    return np.ones(len(treated)) if sampling_weights is None else checked_weights(sampling_weights, treated)


def refuse_empty_arm(treated: np.ndarray) -> None:
    if treated.all() or not treated.any():
        raise ValueError("both arms must hold persons")
