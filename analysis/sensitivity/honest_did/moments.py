"""Restrictions on the trend as moment inequalities in which the target alone is unknown.

A restriction is a union of pieces, each saying that every step after the start (a difference, or a bend) is at most
± room, the room being linear in the trend before. With the effects subtracted, Q − 1 of them are unknown beside the
target. Andrews, Roth and Pakes (2023), Review of Economic Studies 90(6), profile them out by linear programming: the
statistic is the largest γ'Y over the vertices γ of {γ ≥ 0, γ'X = 0, γ'σ = 1}, σ the inequalities' standard errors.
Here the steps after are free but for the one combination that is the target, so that γ₊ − γ₋ must be in proportion to
that combination, and the vertices can be written down: both sides of one step, and the target from above or below.
What they weigh lies in two dimensions, the room and the target. tests/test_honest_did.py solves the programs beside.
"""

from dataclasses import dataclass

import numpy as np

from analysis.sensitivity.honest_did.event_study import EventStudy

# How the four moments weigh the room (of the steps, and of the target) and the target.
PAIR = np.array([True, True, False, False])
SIDE = np.array([0.0, 0.0, 1.0, -1.0])


@dataclass(frozen=True)
class Moments:
    """Moments (K, 4) of K pieces with expectations of at most 0 when the target is θ: `values` − θ `slopes`.

    First both sides of the step where they come nearest to or farthest from 0, since no other can be the largest; then
    the target from above and from below. Covariance: `root` (K, 4, 2) times its transpose.
    """

    values: np.ndarray
    slopes: np.ndarray
    root: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """(K, 4, 4)."""
        return self.root @ self.root.transpose(0, 2, 1)

    def at(self, target: np.ndarray) -> np.ndarray:
        """Moments (K, N, 4) at values (K, N) of the target."""
        return self.values[:, None, :] - target[:, :, None] * self.slopes[:, None, :]

    def allowed(self, critical: np.ndarray) -> np.ndarray:
        """Ends (K, 2) of the values at which no moment lies above `critical` (K,); nan where there are none."""
        ends = (self.values[:, 2:] - critical[:, None]) / self.slopes[:, 2:]
        none = (self.values[:, :2] > critical[:, None]).any(axis=1) | (ends[:, 0] > ends[:, 1])
        return np.where(none[:, None], np.nan, ends)

    def only(self, pieces: np.ndarray) -> "Moments":
        """Those of some pieces."""
        return Moments(self.values[pieces], self.slopes[pieces], self.root[pieces])


def relative_moments(study: EventStudy, bound: float) -> Moments:
    """Relative magnitudes: steps from one period to the next after, at most `bound` times the largest before.

    A piece for each step before and each sign. That it is the largest need not be demanded: the union is the same
    (paper, section 2; "post-period moments only" in R).
    """
    p, differences = study.n_before, study.differences
    combination = np.cumsum(study.target[::-1])[::-1]
    rooms = bound * np.vstack([differences[:p], -differences[:p]])
    return _moments(study, differences[p:], combination, np.zeros(p), rooms, 0.0)


def smooth_moments(study: EventStudy, bound: float) -> Moments:
    """Smoothness: bends of at most `bound` from the reference on; one piece. The last slope before carries on.

    Bends wholly before the start are not used: they would add moments that say little of the target.
    """
    p, q = study.n_before, study.n_after
    bends = np.diff(study.differences, axis=0)[p - 1 :]
    carried = np.zeros(p)
    carried[-1] = -(study.target @ np.arange(1, q + 1))
    return _moments(study, bends, bend_weights(study), carried, np.zeros((1, p + q)), bound)


def bend_weights(study: EventStudy) -> np.ndarray:
    """Weights (Q,) of the bends at 0 … Q − 1 in target'δ, when δ[t] = t s + Σ_{0≤k<t} (t − k) bend[k]."""
    ahead = np.arange(1, study.n_after + 1)
    return study.target @ np.maximum(ahead[:, None] - np.arange(study.n_after)[None, :], 0)


def _moments(
    study: EventStudy,
    steps: np.ndarray,
    combination: np.ndarray,
    carried: np.ndarray,
    rooms: np.ndarray,
    constant: float,
) -> Moments:
    """Moments of pieces |steps (Q, R) δ| ≤ rooms (K, R) δ + constant, target'δ = combination'steps δ + carried'δ."""
    above, below = (_std_errors(sign * steps - rooms[:, None, :], study.covariance) for sign in (1, -1))
    size, both, up = np.abs(combination), above + below, combination > 0
    sides = [np.where(up, above, below) @ size, np.where(up, below, above) @ size]
    scale = np.column_stack([both.min(axis=1), both.max(axis=1), *sides])
    on_room, on_own = -np.where(PAIR, 2, size.sum()) / scale, SIDE / scale
    own = np.concatenate([-carried, study.target])
    values = on_room * (rooms @ study.estimates + constant)[:, None] + on_own * (own @ study.estimates)
    spread = np.stack([on_own, on_room], axis=-1) @ _roots(own, rooms, study.covariance)
    return Moments(values, on_own, spread)


def _std_errors(rows: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Of rows (..., R)."""
    return np.sqrt(np.einsum("...j,jk,...k->...", rows, covariance, rows))


def _roots(own: np.ndarray, rooms: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Roots (K, 2, 2) of the covariance of the target's estimate and each room's."""
    sd = float(_std_errors(own, covariance))
    along = rooms @ covariance @ own / sd
    across = np.sqrt(np.maximum(_std_errors(rooms, covariance) ** 2 - along**2, 0.0))
    first = np.broadcast_to([sd, 0.0], (len(rooms), 2))
    return np.stack([first, np.column_stack([along, across])], axis=1)
