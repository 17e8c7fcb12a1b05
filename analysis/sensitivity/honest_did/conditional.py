"""Values of the target that moment inequalities leave standing: conditional tests, turned around.

Andrews, Roth and Pakes (2023), Review of Economic Studies 90(6), as used by Rambachan and Roth (2023), section 3. The
statistic is the largest moment. Given which moment is largest, and the parts of the others that do not go along with
it, it is Normal cut to [lower, upper]. The hybrid spends a tenth of the error on a first test with the least favourable
critical value, and cuts the Normal there in the second. Nothing is simulated.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.sensitivity.honest_did.moments import Moments

METHODS = ("hybrid", "conditional")
# Part of the error that the least favourable test gets (the default of R's HonestDiD too).
FIRST_PART = 0.1
ANGLES = 4096
GRID = 501
HALVINGS = 45
# Moments that move alike within rounding cannot overtake each other.
TIE = 1e-10
# Where the search without a first test begins, in standard errors, and how often it may double.
REACH, DOUBLINGS = 10.0, 20


@dataclass(frozen=True)
class Test:
    """A test of size 1 − `level`, "hybrid" or "conditional"."""

    method: str = "hybrid"
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.method not in METHODS or not 0 < self.level < 1:
            raise ValueError(f"method must be one of {', '.join(METHODS)} and level in (0, 1), not {self}")

    @property
    def first(self) -> float:
        """Error of the least favourable test."""
        return FIRST_PART * (1 - self.level) if self.method == "hybrid" else 0.0

    @property
    def second(self) -> float:
        """Error of the conditional test among what the first leaves."""
        return (1 - self.level - self.first) / (1 - self.first)

    def critical(self, moments: Moments) -> np.ndarray:
        """Least favourable critical values (K,)."""
        if self.method == "conditional":
            return np.full(len(moments.values), np.inf)
        return np.array([least_favourable(root, self.first) for root in moments.root])

    def accepted(self, moments: Moments, target: np.ndarray, critical: np.ndarray) -> np.ndarray:
        """Whether each value (K, N) of the target is left standing by its piece."""
        values = moments.at(target)
        largest = values.max(axis=2)
        tail = log_upper_tail(values, moments.covariance, critical[:, None])
        return (largest <= 0) | ((largest <= critical[:, None]) & (tail >= np.log(self.second)))


def least_favourable(root: np.ndarray, error: float) -> float:
    """The value that the largest of moments with expectation 0 and root (V, 2) is above with probability `error`.

    In direction u the largest moment is h(u) times the radius, whose square is χ²(2), so the probability at c is the
    mean of exp(−c²/2h²) over directions: sums over evenly spaced ones.
    """
    angle = 2 * np.pi * np.arange(ANGLES) / ANGLES
    height = (np.column_stack([np.cos(angle), np.sin(angle)]) @ root.T).max(axis=1)
    squared = height[height > 0] ** 2

    def excess(c: float) -> float:
        return float(np.exp(-(c**2) / (2 * squared)).sum()) / ANGLES - error

    return float(scipy.optimize.brentq(excess, 0.0, np.sqrt(-2 * squared.max() * np.log(error)) + 1, xtol=1e-12))


def log_upper_tail(values: np.ndarray, covariance: np.ndarray, ceiling: np.ndarray) -> np.ndarray:
    """Log of the chance (K, N) of a larger largest moment than the seen one, of values (K, N, V), given which it is.

    Moment v with slope c on the largest m overtakes it below m − (m − m_v)/(1 − c) when c < 1, and above
    m + (m − m_v)/(c − 1) when c > 1. `ceiling`: an upper end whatever the moments. Meant for m between 0 and it.
    """
    star, pieces = values.argmax(axis=2), np.arange(len(values))[:, None]
    largest, variance = values.max(axis=2), covariance[pieces, star, star]
    ahead = largest[..., None] - values
    with np.errstate(divide="ignore", invalid="ignore"):
        away = 1 - covariance[pieces, star] / variance[..., None]
        distance = ahead / away
        lower = largest - np.where(away > TIE, distance, np.inf).min(axis=2)
        upper = np.minimum(largest - np.where(away < -TIE, distance, -np.inf).max(axis=2), ceiling)
        return _log_share(largest, lower, upper, np.sqrt(variance))


def _log_share(value: np.ndarray, lower: np.ndarray, upper: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Log of P(value < Z < upper)/P(lower < Z < upper), Z ~ N(0, sd²), value > 0: from the upper tails."""
    seen, least, most = (scipy.special.log_ndtr(-one / sd) for one in (value, lower, upper))
    above, whole = (tail + np.log(-np.expm1(most - tail)) for tail in (seen, least))
    return np.where(upper > value, above - whole, -np.inf)


def ends(moments: Moments, test: Test) -> np.ndarray:
    """Lowest and highest value (K, 2) left standing by each piece; nan where none is, infinite where none is last."""
    critical = test.critical(moments)
    span = moments.allowed(critical) if test.method == "hybrid" else _span(moments, test)
    some = ~np.isnan(span[:, 0])
    found = np.full_like(span, np.nan)
    if some.any():
        found[some] = _ends_within(moments.only(some), test, critical[some], span[some])
    return found


def _ends_within(moments: Moments, test: Test, critical: np.ndarray, span: np.ndarray) -> np.ndarray:
    grid = np.sort(np.hstack([np.linspace(*span.T, GRID, axis=1), _certain(moments, span)]), axis=1)
    kept = test.accepted(moments, grid, critical)
    last = np.column_stack([kept.argmax(axis=1), kept.shape[1] - 1 - kept[:, ::-1].argmax(axis=1)])
    beyond = np.clip(last + [-1, 1], 0, kept.shape[1] - 1)
    rows = np.arange(len(grid))[:, None]
    inner, outer = grid[rows, last], grid[rows, beyond]
    for _ in range(HALVINGS):
        middle = (inner + outer) / 2
        stands = test.accepted(moments, middle, critical)
        inner, outer = np.where(stands, middle, inner), np.where(stands, outer, middle)
    # The whole span stands to its end: the first test ends it, or nothing does.
    if test.method == "conditional":
        inner = np.where(last == beyond, [-np.inf, np.inf], inner)
    return np.where(kept.any(axis=1)[:, None], inner, np.nan)


def _certain(moments: Moments, span: np.ndarray) -> np.ndarray:
    """Values (K, 3) to try whatever the grid: ends and middle of those at which the sample breaks no inequality."""
    sides = moments.values[:, 2:] / moments.slopes[:, 2:]
    return np.clip(np.column_stack([sides, sides.mean(axis=1)]), span[:, :1], span[:, 1:])


def _span(moments: Moments, test: Test) -> np.ndarray:
    """Values (K, 2) to search when there is no first test, doubled until no end stands."""
    sides, none = moments.values[:, 2:] / moments.slopes[:, 2:], np.full(len(moments.values), np.inf)
    reach = np.abs(sides[:, 1] - sides[:, 0]) + REACH / np.abs(moments.slopes[:, 2:]).min(axis=1)
    for _ in range(DOUBLINGS):
        span = sides.mean(axis=1)[:, None] + reach[:, None] * np.array([-1.0, 1.0])
        stands = test.accepted(moments, span, none).any(axis=1)
        if not stands.any():
            break
        reach = np.where(stands, 2 * reach, reach)
    return span
