"""Optional compilation of loops: with numba they are compiled, without it the same code runs as plain Python."""

import numpy as np

try:
    from numba import njit
except ImportError:
    njit = None


def compiled(kernel):
    """`kernel` as numba's compiled function, or as it is."""
    return kernel if njit is None else njit(cache=True)(kernel)


def column(values: np.ndarray):
    """`values` as a kernel reads them fastest: an array when compiled, otherwise lists.

    Element access is several times faster in plain lists than in numpy arrays.
    """
    return values.tolist() if njit is None else np.array(values)
