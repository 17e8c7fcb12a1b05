"""What the sensitivity analysis starts from: estimates before and after the start, their covariance, and a target."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.problems import Problem, stop_if_any

HEADING = "Det kan ikke regnes på hvor skjeve trendene kan være:"
WHERE = "Hendelsesanalysen"
# An eigenvalue of the correlation matrix below this, or beneath it in rounding, leaves a combination without error.
SINGULAR = 1e-10


@dataclass(frozen=True)
class EventStudy:
    """Estimates (R,) of P periods before the start and Q after, in time order, without the reference period (0).

    One period apart, the reference being the last before those after; all against that one reference ("universal"
    base). `covariance` (R, R), taken as known: Normal quantiles throughout. `target` (Q,): weights of the periods after
    in the parameter θ = target'τ. Periods are numbered −P … −1, 0 (reference), 1 … Q here.
    """

    estimates: np.ndarray
    covariance: np.ndarray
    n_before: int
    target: np.ndarray

    def __post_init__(self) -> None:
        size = len(self.estimates)
        if self.estimates.ndim != 1 or self.covariance.shape != (size, size):
            raise ValueError(f"{self.estimates.shape} estimates with covariance {self.covariance.shape}")
        if not 0 < self.n_before < size or self.target.shape != (self.n_after,):
            raise ValueError("there must be periods before and after, and one weight for each period after")
        if not np.isfinite(self.target).all() or not self.target.any():
            raise ValueError("the target needs finite weights, not all 0")

    @property
    def n_after(self) -> int:
        return len(self.estimates) - self.n_before

    @property
    def before(self) -> np.ndarray:
        """Estimates (P,) before the reference."""
        return self.estimates[: self.n_before]

    @property
    def estimate(self) -> float:
        """Estimate of the target with parallel trends."""
        return float(self.target @ self.estimates[self.n_before :])

    @cached_property
    def std_error(self) -> float:
        """Standard error of `estimate`; the unit of lengths in numerical work."""
        block = self.covariance[self.n_before :, self.n_before :]
        return float(np.sqrt(self.target @ block @ self.target))

    @cached_property
    def differences(self) -> np.ndarray:
        """Matrix (P + Q, R) that makes differences between neighbouring periods out of values, 0 at the reference."""
        steps = np.diff(np.eye(len(self.estimates) + 1), axis=0)
        return np.delete(steps, self.n_before, axis=1)


def event_study(
    event_times: Sequence[int],
    estimates: np.ndarray,
    covariance: np.ndarray,
    *,
    reference: int = -1,
    target: Sequence[float] | None = None,
) -> EventStudy:
    """An event study ready for use, sorted by event time; a row of the reference itself is left out.

    event_times (N,) whole; estimates (N,), covariance (N, N): every estimate against the month `reference`. target:
    weights of the periods after it (l_vec of R's HonestDiD); the first period after alone unless given.
    Raises ProblemsFound: gaps or repeats in time, nothing before or after, no numbers, or a covariance without full
    rank (as many periods as offices).
    """
    times = np.asarray(event_times, dtype="int64")
    keep = np.argsort(times, kind="stable")
    keep = keep[times[keep] != reference]
    times, values = times[keep], np.asarray(estimates, dtype="float64")[keep]
    spread = np.asarray(covariance, dtype="float64")[np.ix_(keep, keep)]
    stop_if_any(HEADING, [*_time_problems(times, reference), *_number_problems(values, spread)])
    n_before = int((times < reference).sum())
    weights = np.eye(1, len(times) - n_before)[0] if target is None else np.asarray(target, dtype="float64")
    return EventStudy(values, (spread + spread.T) / 2, n_before, weights)


def _time_problems(times: np.ndarray, reference: int) -> list[Problem]:
    found = []
    if not (times < reference).any() or not (times > reference).any():
        mend = "Velg en referanseperiode med perioder på begge sider."
        found.append(Problem(WHERE, "det må være perioder både før og etter referanseperioden.", mend))
    if (np.diff(np.sort(np.append(times, reference))) != 1).any():
        mend = "Slå sammen perioder, eller avgrens vinduet."
        found.append(Problem(WHERE, "periodene må følge hverandre uten hull, hver én gang.", mend))
    return found


def _number_problems(values: np.ndarray, spread: np.ndarray) -> list[Problem]:
    if not (np.isfinite(values).all() and np.isfinite(spread).all()):
        return [Problem(WHERE, "noen perioder mangler estimat eller usikkerhet.", "Avgrens vinduet til de andre.")]
    if full_rank(spread):
        return []
    mend = "Slå sammen måneder til kvartaler eller halvår."
    return [Problem(WHERE, "kovariansen har ikke full rang; det er for mange perioder for så få kontorer.", mend)]


def full_rank(covariance: np.ndarray) -> bool:
    """Whether no combination of the estimates is without error."""
    scale = np.sqrt(np.diag(covariance))
    if not len(scale) or scale.min() <= 0:
        return False
    return bool(np.linalg.eigvalsh(covariance / np.outer(scale, scale)).min() > SINGULAR)
