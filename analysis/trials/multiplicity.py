"""Several outcomes tested at once."""

import numpy as np


def holm(p_values) -> np.ndarray:
    """Holm's adjusted p-values (m,), in the order given: reject those at most α and the risk of any error is α.

    With p sorted, p̃_i = max over j ≤ i of min(1, (m − j + 1)·p_j), whatever the dependence. A missing p-value (nan)
    stays missing and counts as a test that was planned, so that the others do not gain by its loss. ValueError
    outside 0-1. Source: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    p = np.asarray(p_values, dtype="float64")
    if p.ndim != 1 or ((p < 0) | (p > 1)).any():
        raise ValueError("p-values must be a row of numbers between 0 and 1")
    order = np.argsort(p)  # nan last
    left = len(p) - np.arange(len(p))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(left * p[order]))
    return adjusted
