"""A difference between two groups of persons without each office in turn: what one office moves it by."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

NOTHING = pd.DataFrame({"office_id": pd.Series(dtype="str"), "estimate": pd.Series(dtype="float64")})


def without_each_office(
    y: np.ndarray, treated: np.ndarray, offices: Sequence[str], weights: np.ndarray | None = None
) -> pd.DataFrame:
    """office_id, estimate: the difference in weighted means of `y` (n,) without each of `offices` (n,); nan where a
    group is empty then. Weights are not found anew, so matches stay as they are.
    """
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype="float64")
    codes, names = pd.factorize(np.asarray(offices, dtype=object), sort=True)
    means = []
    for arm in (True, False):
        own = np.where(np.asarray(treated, dtype=bool) == arm, w, 0.0)
        total, weight = (np.bincount(codes, weights=part, minlength=len(names)) for part in (own * y, own))
        left = weight.sum() - weight
        # Rounding leaves a crumb where the office is the only one of its group.
        left = np.where(left > 1e-9 * weight.sum(), left, np.nan)
        means.append((total.sum() - total) / left)
    return pd.DataFrame({"office_id": names.astype(str), "estimate": means[0] - means[1]})


def office_average_without_each(y: np.ndarray, treated: np.ndarray, offices: Sequence[str]) -> pd.DataFrame:
    """The same where each office counts 1: the mean of the offices' means."""
    frame = pd.DataFrame({"y": y, "treated": treated, "office": offices}).groupby("office", sort=True)
    means = frame.agg(y=("y", "mean"), treated=("treated", "first"))
    return without_each_office(means["y"].to_numpy(), means["treated"].to_numpy(bool), list(means.index))


def adjusted_without_each(
    y: np.ndarray, design: pd.DataFrame, column: str, offices: Sequence[str], weights: np.ndarray | None = None
) -> pd.DataFrame:
    """The same for the coefficient of `column` in least squares of `y` (n,) on `design` (n, k), weighted if asked; nan
    where what is left does not tell it from the other columns."""
    root = np.ones(len(y)) if weights is None else np.sqrt(np.asarray(weights, dtype="float64"))
    x, others = (
        design[column].to_numpy("float64") * root,
        design.drop(columns=column).to_numpy("float64") * root[:, None],
    )

    def estimate(left: np.ndarray) -> float:
        # What the others leave of the column carries its coefficient (Frisch, Waugh and Lovell).
        alone = x[left] - others[left] @ np.linalg.lstsq(others[left], x[left], rcond=None)[0]
        size = float(alone @ alone)
        return float(alone @ (y * root)[left] / size) if size > 1e-9 * float(x @ x) else float("nan")

    return estimates_without_each(estimate, offices)


def estimates_without_each(estimate: Callable[[np.ndarray], float], offices: Sequence[str]) -> pd.DataFrame:
    """office_id, estimate: `estimate` of the persons that are left, a mask (n,), without each of `offices` (n,)."""
    labels = np.asarray(offices, dtype=object)
    names = sorted(set(labels))
    found = [estimate(labels != name) for name in names]
    return pd.DataFrame({"office_id": pd.Series(names, dtype="str"), "estimate": np.array(found, dtype="float64")})
