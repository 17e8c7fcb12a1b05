"""Sums without each office in turn, for the estimators that are worked out from them again."""

import numpy as np


def without_each(values: np.ndarray) -> np.ndarray:
    """Sums (O, …) over all offices but each one, of `values` (O, …).

    Exactly 0 where an office is the only one with anything: subtracting would leave a crumb of rounding.
    """
    left = values.sum(axis=0) - values
    others = np.count_nonzero(values, axis=0) - (values != 0)
    return np.where(others == 0, 0.0, left)
