"""Permutation test of a trial that drew offices: what other draws would have shown, with an interval by inversion."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from analysis.problems import Problem, stop_if_any
from analysis.trials.allocations import DRAWS, HEADING, LIMIT, Allocation, allocation, allocations, batches
from analysis.trials.found import Found
from analysis.trials.inversion import SLACK, ties_or_beats, values_left

STATISTICS = ("persons", "offices")


@dataclass(frozen=True, eq=False)
class PermutationFound(Found):
    """`distribution` (B,): the difference under every allocation, the observed among them, in the unit of `estimate`.

    `n_allocations` is B and `exact` whether they are all there are. `smallest_p` is the least p-value that the design
    can give. Where it is above 1 − level no value can be ruled out, and `low` and `high` are −inf and inf.
    """

    distribution: np.ndarray = field(default_factory=lambda: np.empty(0))
    n_allocations: int = 0
    exact: bool = True
    smallest_p: float = float("nan")

    @property
    def bounded(self) -> bool:
        """Whether the interval rules anything out on both sides."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


def permutation_test(
    sums,
    sizes,
    treated,
    *,
    strata=None,
    statistic: str = "persons",
    shift=None,
    level: float = 0.95,
    limit: int = LIMIT,
    draws: int = DRAWS,
    seed: int | None = None,
) -> PermutationFound:
    """Effect of assignment on the outcome, tested by drawing the offices again, within `strata` if given.

    By office (G,): `sums` Σy, `sizes` n, `treated` 0 or 1. `statistic` `persons`: difference of pooled means,
    Σ_T S/Σ_T n − Σ_C S/Σ_C n; `offices`: difference of means of office means. The p-value is the share of allocations
    whose statistic is at least as far from 0 as the observed one, exact under no effect on anyone when all are tried.

    The interval holds every δ for which the same test of S − δ·`shift` has p > 1 − level. `shift` (G,) is what one
    unit of effect adds to the sums: n_j of the treated offices unless given. For sums of residuals give those of the
    treatment (see `residual_sums`); `estimate`, the δ with p = 1, is then for `persons` the coefficient of least
    squares with the covariates. Where the values left are not one interval (with covariates only) `low` and `high`
    are the ends of all.

    Raises ProblemsFound for an office without persons, a draw with one group, and covariates that tell who was drawn;
    ValueError on wrong shapes or nan.
    Source: Rosenbaum (2002), Observational Studies, section 2.4 and 5.3; Gail et al. (1996), Statistics in Medicine
    15, 1069-1092.
    """
    drawn = allocation(treated, strata=strata)
    sums, sizes = checked_sums(sums, sizes, len(drawn.treated))
    shift = sizes * drawn.treated if shift is None else _numbers(shift, len(sizes), "shift")
    chosen = allocations(drawn, limit=limit, draws=draws, seed=seed)
    difference = differences(sizes, statistic)
    values, slopes = (_over(chosen.treated, difference, by_office) for by_office in (sums, shift))
    value, slope = (float(difference(drawn.treated[None, :], by_office)[0]) for by_office in (sums, shift))
    _stop_if_told(slope)
    pieces = values_left(values, slopes, value, slope, level=level)
    return PermutationFound(
        estimate=value / slope,
        inference="permutation",
        convention=f"average over {statistic}, {chosen.words}",
        p_value=float(ties_or_beats(values, value).mean()),
        low=float(pieces[0, 0]),
        high=float(pieces[-1, 1]),
        clusters=len(sizes),
        distribution=values / slope,
        n_allocations=len(values),
        exact=chosen.exact,
        smallest_p=_smallest(drawn, len(values), exact=chosen.exact),
    )


def checked_sums(sums, sizes, offices: int) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 (G,). ProblemsFound when an office has no persons: it has no mean to compare."""
    sums, sizes = _numbers(sums, offices, "sums"), _numbers(sizes, offices, "sizes")
    empty = int((sizes <= 0).sum())
    what = f"{empty} av {offices} kontorer har ingen deltakere med kjent utfall."
    mend = "Ta kontorene ut av trekningen og si fra om det i frafallet."
    stop_if_any(HEADING, [Problem("kontorer", what, mend)] if empty else [])
    return sums, sizes


def differences(sizes: np.ndarray, statistic: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function of allocations (B, G) and sums by office (G,) that gives the statistic of each (B,)."""
    if statistic not in STATISTICS:
        raise ValueError(f"unknown statistic {statistic!r}; known: {', '.join(STATISTICS)}")
    weight = sizes if statistic == "persons" else np.ones(len(sizes))

    def difference(treated: np.ndarray, sums: np.ndarray) -> np.ndarray:
        amounts = sums if statistic == "persons" else sums / sizes
        # From the common mean: taking a large group's sum from the total would cost the small group its digits.
        amounts = amounts - weight * (amounts.sum() / weight.sum())
        amount, size = treated @ amounts, treated @ weight
        return amount / size - (amounts.sum() - amount) / (weight.sum() - size)

    return difference


def _over(treated: np.ndarray, difference: Callable, sums: np.ndarray) -> np.ndarray:
    return np.concatenate([difference(batch, sums) for batch in batches(treated)])


def _stop_if_told(slope: float) -> None:
    what = "kovariatene avgjør hvilken gruppe kontorene hører til, så ingen forskjell blir igjen å prøve."
    problem = Problem("kovariater", what, "Ta ut kovariater som følger av trekningen.")
    stop_if_any(HEADING, [problem] if abs(slope) < SLACK else [])


def _smallest(drawn: Allocation, number: int, *, exact: bool) -> float:
    """With all allocations tried, the observed one and its mirror image can never be told apart by size."""
    return (2 if exact and drawn.mirrored else 1) / number


def _numbers(values, offices: int, name: str) -> np.ndarray:
    found = np.asarray(values, dtype="float64")
    if found.shape != (offices,) or not np.isfinite(found).all():
        raise ValueError(f"{name} must hold {offices} finite numbers, one for each office")
    return found
