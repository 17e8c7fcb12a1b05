"""Weights that are not negative and add up to 1, by least squares: the programme behind synthetic controls.

With weights that add up to 1, ‖Xw − t‖² is ‖(X − t1′)w‖²: the point of a convex hull that lies nearest to 0. Wolfe's
active set finds it exactly in finitely many steps (Wolfe 1976, Mathematical Programming 11), started from the same
point found by non-negative least squares (Lawson and Hanson 1974, Solving Least Squares Problems, chapter 23).
"""

from dataclasses import dataclass

import numpy as np
import scipy

# In units where the columns have mean square 1: what counts as 0 in a gradient, and how far from the least value the
# answer may be at most.
ZERO, CERTAIN = 1e-12, 1e-9
# Gradients nearer than this are equal when it is asked whether other weights fit as well.
SAME = 1e-9


@dataclass(frozen=True)
class SimplexFit:
    """`weights` (J,), `intercept` (0 without), `objective` Σ v(intercept + Xw − t)² + ridge·Σw², `gap`: by how much at
    most the objective lies above the least, `unique`: whether no other weights give the same objective."""

    weights: np.ndarray
    intercept: float
    objective: float
    gap: float
    unique: bool


def simplex_weights(
    columns: np.ndarray,
    target: np.ndarray,
    *,
    ridge: float = 0.0,
    intercept: bool = False,
    importance: np.ndarray | None = None,
) -> SimplexFit:
    """Weights w of `columns` (M, J) nearest to `target` (M,): least Σ_m v_m(a + x_m·w − t_m)² + ridge·Σw².

    w ≥ 0, Σw = 1; a is free with `intercept`, else 0; v is `importance` (M,), else 1. Where several weights do equally
    well, the ones with the least Σw², so that neither the order of the columns nor columns of weight 0 matter.
    ValueError for missing numbers; ArithmeticError when the answer is not proven the least to 1e-9 of its scale.
    """
    columns, target = np.asarray(columns, dtype="float64"), np.asarray(target, dtype="float64")
    v = np.ones(len(target)) if importance is None else np.asarray(importance, dtype="float64")
    if not (np.isfinite(columns).all() and np.isfinite(target).all()) or (v < 0).any() or ridge < 0:
        raise ValueError("columns and target must be finite, importance and ridge not negative")
    apart = columns - target[:, None]
    middle = v @ apart / v.sum() if intercept else np.zeros(columns.shape[1])
    rows = np.sqrt(v)[:, None] * (apart - middle)
    if ridge > 0:
        rows = np.vstack([rows, np.sqrt(ridge) * np.eye(rows.shape[1])])
    weights, gap, unique = _nearest_to_zero(rows)
    return SimplexFit(weights, -float(middle @ weights), float(((rows @ weights) ** 2).sum()), gap, unique)


def _nearest_to_zero(rows: np.ndarray) -> tuple[np.ndarray, float, bool]:
    """Weights on the simplex with the least ‖rows·w‖², the proof, and whether there are no others."""
    count = rows.shape[1]
    size = np.sqrt((rows**2).sum() / count)
    if size == 0:
        return np.full(count, 1 / count), 0.0, count == 1
    scaled = rows / size
    weights = _active_set(scaled, _start(scaled))
    gradient = scaled.T @ (scaled @ weights)
    # ½‖·‖² is convex, so 2·(gradient·w − least gradient) bounds the distance from the least value (Frank and Wolfe).
    gap = max(0.0, 2 * float(gradient @ weights - gradient.min()))
    if not gap <= CERTAIN * max(1.0, float((scaled**2).sum(axis=0).max())):
        raise ArithmeticError(f"weights are not proven best: {gap} above the least")
    weights, unique = _smallest(scaled, weights, gradient)
    return weights, gap * size**2, unique


def _start(rows: np.ndarray) -> np.ndarray:
    """Weights from min ‖rows·u‖² + (Σu − 1)², u ≥ 0: proportional to the answer, whatever the scale of the last row."""
    found = scipy.optimize.nnls(np.vstack([rows, np.ones(rows.shape[1])]), np.append(np.zeros(len(rows)), 1.0))[0]
    return found / found.sum()


def _active_set(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Wolfe's algorithm: on the weights above 0 the plane's nearest point, then the column that points nearest to 0."""
    count = rows.shape[1]
    zero = ZERO * max(1.0, float((rows**2).sum(axis=0).max()))
    inside = weights > 0
    weights = _inward(rows, weights, inside)
    for _ in range(20 * count + 100):
        gradient = rows.T @ (rows @ weights)
        best = int(np.argmin(gradient))
        if gradient[best] >= gradient @ weights - zero or weights[best] > 0:
            return weights
        inside = weights > 0
        inside[best] = True
        moved = _inward(rows, weights, inside)
        if ((rows @ moved) ** 2).sum() >= ((rows @ weights) ** 2).sum():
            return weights
        weights = moved
    raise ArithmeticError("the active set did not settle")


def _inward(rows: np.ndarray, weights: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The nearest point of the face `inside`, or of the smaller face that the way there leads to."""
    weights, inside = weights.copy(), inside.copy()
    while True:
        goal = np.zeros_like(weights)
        goal[inside] = _of_plane(rows[:, inside])
        outside = inside & (goal <= 0)
        if not outside.any():
            return goal
        step = weights[outside] / (weights[outside] - goal[outside])
        weights = weights + step.min() * (goal - weights)
        # At least the first one that reaches 0 leaves, whatever rounding says.
        inside[np.flatnonzero(outside)[step <= step.min() + 1e-15]] = False
        weights = np.where(inside, np.maximum(weights, 0.0), 0.0)
        weights /= weights.sum()


def _of_plane(rows: np.ndarray) -> np.ndarray:
    """Weights of any sign that add up to 1, with the least ‖rows·w‖²."""
    count = rows.shape[1]
    middle = np.full(count, 1 / count)
    if count == 1:
        return middle
    basis = _sum_zero(count)
    return middle + basis @ np.linalg.lstsq(rows @ basis, -rows @ middle, rcond=None)[0]


def _sum_zero(count: int) -> np.ndarray:
    """Orthonormal basis (J, J − 1) of vectors that add up to 0: Helmert's contrasts."""
    k = np.arange(1, count)
    basis = np.where(np.arange(count)[:, None] < k, 1.0, 0.0)
    basis[k, k - 1] = -k
    return basis / np.sqrt(k * (k + 1.0))


def _smallest(rows: np.ndarray, weights: np.ndarray, gradient: np.ndarray) -> tuple[np.ndarray, bool]:
    """Of all weights that do as well, those with the least Σw²; and whether they are the only ones.

    All of them give the same point and lie where the gradient is least. Moving along the null space of those columns,
    this is a least-distance programme, which non-negative least squares solves (Lawson and Hanson, chapter 23.4).
    """
    face = (gradient - gradient @ weights <= SAME * max(1.0, float((rows**2).sum(axis=0).max()))) | (weights > 0)
    basis = scipy.linalg.null_space(np.vstack([rows[:, face], np.ones(int(face.sum()))]), rcond=1e-10)
    if not basis.shape[1]:
        return weights, True
    own = weights[face]
    floor = basis @ (basis.T @ own) - own
    # Least ‖y‖ with basis·y ≥ floor; weights are then −floor + basis·y.
    dual = np.vstack([basis.T, floor])
    wanted = np.append(np.zeros(basis.shape[1]), 1.0)
    multiplier = scipy.optimize.nnls(dual, wanted)[0]
    rest = dual @ multiplier - wanted
    move = -rest[:-1] / rest[-1] if (floor > 0).any() else np.zeros(basis.shape[1])
    made = np.zeros_like(weights)
    made[face] = np.maximum(basis @ move - floor, 0.0)
    made /= made.sum()
    return made, bool(np.abs(made - weights).max() < SAME and _alone(made[face], basis))


def _alone(weights: np.ndarray, basis: np.ndarray) -> bool:
    """Whether no step along `basis` keeps all weights from going below 0."""
    free = scipy.linalg.null_space(basis[weights <= 1e-12]) if (weights <= 1e-12).any() else np.eye(basis.shape[1])
    return free.shape[1] == 0
