"""All defensible specifications together: their curve, and one test of them all by permutation.

Specifications of one data set are not independent, so counting those that «find» something is no evidence. What is
tested is the null of no effect in any of them: the curve is held against the curves that the same specifications
give when the assignment is permuted. Source: Simonsohn, Simmons and Nelson (2020), Nature Human Behaviour 4,
1208–1214.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BAND = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class JointTest:
    """One statistic of the whole curve with its permutation p-value, both directions counted."""

    statistic: float
    p_value: float


@dataclass(frozen=True)
class SpecificationCurve:
    """`names` and `estimates` (S,) from the lowest to the highest, and what the S would be with no effect.

    `band` (3, S): the 2.5th, 50th and 97.5th percentile of the lowest, next lowest, … estimate of a permutation, point
    by point. `median`: test of the median estimate; `same_sign`: of the number of estimates on the side with most;
    `significant`: of the number of p-values below `alpha` on one side, None without p-values. `permutations` B.
    """

    names: tuple[str, ...]
    estimates: tuple[float, ...]
    band: tuple[tuple[float, ...], ...]
    median: JointTest
    same_sign: JointTest
    significant: JointTest | None
    permutations: int


def specification_curve(
    names: Sequence[str], estimates, permuted, *, p_values=None, permuted_p_values=None, alpha: float = 0.05
) -> SpecificationCurve:
    """The curve of `estimates` (S,) against `permuted` (B, S): row b holds all S with the b-th permuted assignment.

    The permutations must be drawn at the level and within the strata of the assignment, the same for all S, the true
    one not among them: p = (1 + number as extreme)/(B + 1), exact under the null of no effect on anybody. Statistics:
    |median|; max(number above 0, number below 0); and, with `p_values` (S,) and `permuted_p_values` (B, S), the
    larger of the numbers below `alpha` with each sign. ValueError for shapes that do not fit and for missing values:
    a specification that cannot be made in every permutation belongs outside the curve.
    """
    seen, drawn = np.asarray(estimates, dtype="float64"), np.asarray(permuted, dtype="float64")
    if drawn.ndim != 2 or not len(drawn) or seen.shape != drawn.shape[1:] or len(names) != len(seen) or not len(seen):
        raise ValueError("permuted must hold a row for each permutation and a column for each specification")
    if not (np.isfinite(seen).all() and np.isfinite(drawn).all()):
        raise ValueError("estimates must not be missing")
    order = np.argsort(seen, kind="stable")
    band = np.quantile(np.sort(drawn, axis=1), BAND, axis=0)
    return SpecificationCurve(
        names=tuple(names[number] for number in order),
        estimates=tuple(seen[order].tolist()),
        band=tuple(tuple(row.tolist()) for row in band),
        median=_test(np.abs(np.median(seen)), np.abs(np.median(drawn, axis=1))),
        same_sign=_test(_one_side(seen), _one_side(drawn)),
        significant=_significant(seen, drawn, p_values, permuted_p_values, alpha),
        permutations=len(drawn),
    )


def _one_side(estimates: np.ndarray, counted: np.ndarray | bool = True) -> np.ndarray:
    """Number of the `counted` estimates of each row that lie on the side of 0 with most of them."""
    above, below = ((side & counted).sum(axis=-1) for side in (estimates > 0, estimates < 0))
    return np.maximum(above, below)


def _significant(seen, drawn, p_values, permuted_p_values, alpha: float) -> JointTest | None:
    if (p_values is None) != (permuted_p_values is None):
        raise ValueError("p_values and permuted_p_values belong together")
    if p_values is None:
        return None
    p_seen, p_drawn = np.asarray(p_values, dtype="float64"), np.asarray(permuted_p_values, dtype="float64")
    if p_seen.shape != seen.shape or p_drawn.shape != drawn.shape or np.isnan(p_seen).any() or np.isnan(p_drawn).any():
        raise ValueError("there must be one p-value for each estimate")
    return _test(_one_side(seen, p_seen < alpha), _one_side(drawn, p_drawn < alpha))


def _test(seen, drawn: np.ndarray) -> JointTest:
    # Sums in another order differ in the last digit: a permutation as extreme must not be lost for that.
    as_extreme = drawn >= seen - 1e-12 * max(1.0, abs(float(seen)))
    return JointTest(float(seen), float((1 + as_extreme.sum()) / (1 + len(drawn))))
