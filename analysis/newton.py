"""Maximum likelihood of a logistic regression, working on a part of the rows at a time."""

from dataclasses import dataclass

import numpy as np
import scipy

NEWTON_STEP = 1e-10  # largest change of a coefficient at the end, with orthonormal columns of mean square 1
NEWTON_ITERATIONS = 100
HALVINGS = 30
PART = 32_768  # rows of the design matrix that are worked on at a time


@dataclass(frozen=True)
class NewtonFit:
    """`params` (k,); `information`: smallest eigenvalue of Σ w p(1 − p) z z′ / Σ w at the end."""

    params: np.ndarray
    converged: bool
    iterations: int
    log_likelihood: float
    information: float


def newton(z: np.ndarray, yes: np.ndarray, total: np.ndarray) -> NewtonFit:
    """Maximum likelihood of a logistic regression on columns `z` (m, k), by Newton's method with halved steps.

    Of `total` (m,) persons, or weights, at each row `yes` (m,) are treated. Ends when no coefficient moves by more
    than `NEWTON_STEP`; a step that lowers the likelihood is halved. Not converged when the information matrix
    breaks down or `NEWTON_ITERATIONS` are not enough.
    """
    params = np.zeros(z.shape[1])
    likelihood, slope, information = _likelihood(z, yes, total, params)
    for iteration in range(1, NEWTON_ITERATIONS + 1):
        try:
            step = np.linalg.solve(information, slope)
        except np.linalg.LinAlgError:
            break
        before = likelihood
        for _ in range(HALVINGS):
            likelihood, slope, information = _likelihood(z, yes, total, params + step)
            # At the top rounding alone may lower the likelihood by its last digits.
            if likelihood >= before - 1e-12 * abs(before):
                break
            step = step / 2
        params = params + step
        if not np.isfinite(params).all():
            break
        if np.abs(step).max() <= NEWTON_STEP:
            return NewtonFit(params, True, iteration, likelihood, _least(information, total))
    return NewtonFit(params, False, iteration, likelihood, 0.0)


def _likelihood(
    z: np.ndarray, yes: np.ndarray, total: np.ndarray, params: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood, its slope and the information Σ w p(1 − p) z z′ at `params`, one part of the rows at a time."""
    likelihood, slope = 0.0, np.zeros(len(params))
    information = np.zeros((len(params), len(params)))
    for part in parts(len(z)):
        rows, weight = z[part], total[part]
        linear = rows @ params
        p = scipy.special.expit(linear)
        likelihood += float(yes[part] @ linear - weight @ np.logaddexp(0.0, linear))
        slope += (yes[part] - weight * p) @ rows
        information += (rows * (weight * p * (1 - p))[:, None]).T @ rows
    return likelihood, slope, information


def _least(information: np.ndarray, total: np.ndarray) -> float:
    return float(np.linalg.eigvalsh(information)[0] / total.sum()) if np.isfinite(information).all() else 0.0


def parts(n: int) -> list[slice]:
    """Slices of `PART` rows, so that copies of the design matrix never are larger than that."""
    return [slice(start, start + PART) for start in range(0, n, PART)]
