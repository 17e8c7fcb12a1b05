"""The wild cluster bootstrap with its null imposed, all sign vectors tried, and its interval.

What every sign vector gives is a polynomial in the null: the numerator of t* is linear in it and the square of its
standard error quadratic. Five numbers per vector are made once, and the p-value of any null is then one comparison
per vector, so the interval costs little more than the test.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.trials.cluster_robust import refuse_one_cluster
from analysis.trials.found import Found
from analysis.trials.least_squares import Fit

# Sign vectors that are all tried at most. Of G clusters there are 2^(G − 1), as a common sign changes nothing.
ENUMERATED = 1 << 20
CHUNK = 1 << 13
SLACK = 1e-10  # a t* this much nearer 0, relatively, counts as a tie
CELLS = 64  # steps from the estimate to the end of the search, in which the farthest crossing is looked for
HALVINGS = 60
DOUBLINGS = 60
NO_SPREAD = 1e-20  # variance of t* at an infinite null, relative to the largest, that is rounding


@dataclass(frozen=True)
class WildDraws:
    """t* of each sign vector as a function of the null r.

    t*(r)² = (`at_zero` + r·`slope`)² / (r⁰, r¹, r²)·`spread` with `spread` (3, R); the observed t(r)² is
    (`estimate` − r)² / `variance`. `exact`: all vectors, otherwise drawn ones.
    """

    at_zero: np.ndarray
    slope: np.ndarray
    spread: np.ndarray
    estimate: float
    variance: float
    exact: bool

    def p_value(self, null: float) -> float:
        """Share of the t* at least as far from 0 as the observed one; drawn ones count the observed among them."""
        top = (self.at_zero + null * self.slope) ** 2 * self.variance
        spread = self.spread[0] + null * (self.spread[1] + null * self.spread[2])
        count = int((top >= (1 - 2 * SLACK) * (self.estimate - null) ** 2 * spread).sum())
        return self._share(count)

    def far_p_value(self) -> float:
        """The p-value that nulls far away end at: the vectors whose t* grows with the null as the observed t does."""
        growing = self.spread[2] <= NO_SPREAD * self.spread[2].max()
        steeper = self.slope**2 * self.variance >= (1 - 2 * SLACK) * self.spread[0]
        return self._share(int((growing & steeper).sum()))

    def _share(self, count: int) -> float:
        draws = len(self.at_zero)
        return count / draws if self.exact else (1 + count) / (1 + draws)

    def end(self, direction: int, alpha: float) -> float:
        """The null farthest from the estimate in a `direction` of ±1 whose p-value is above `alpha`."""
        if self.far_p_value() > alpha:
            return direction * float("inf")
        reach = self._reach(direction, alpha)
        steps = self.estimate + direction * reach * np.arange(1, CELLS + 1) / CELLS
        last = max((place for place, null in enumerate(steps) if self.p_value(null) > alpha), default=-1)
        inside = self.estimate if last < 0 else float(steps[last])
        return self._crossing(inside, float(steps[last + 1]), alpha)

    def _reach(self, direction: int, alpha: float) -> float:
        """A distance at which the p-value is no longer above alpha, twice as far as it needs be."""
        distance = 2 * np.sqrt(self.variance)
        for _ in range(DOUBLINGS):
            if self.p_value(self.estimate + direction * distance) <= alpha:
                return 2 * distance
            distance *= 2
        raise ArithmeticError("the interval of the wild bootstrap has no end within reach")

    def _crossing(self, inside: float, outside: float, alpha: float) -> float:
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if self.p_value(middle) > alpha else (inside, middle)
        return (inside + outside) / 2


def wild_bootstrap(
    fit: Fit, name: str, *, level: float = 0.95, draws: int | None = None, seed: int | None = None
) -> Found:
    """The coefficient `name` with the p-value of no effect and the interval of the nulls that are not rejected.

    Residuals of the regression under the null get one sign per cluster (±1 with equal chance), and t* is studentised
    with CR0 (a factor would drop out). All 2^(G − 1) sign vectors up to a common sign are tried up to 21 clusters;
    beyond that `draws` of them from `seed`, the observed one counted among them. Ties count. `statistic` is the
    observed t with CR0. The interval reaches to the farthest null that is not rejected; it is the whole line when
    there are too few clusters to reject any. Missing when the outcome does not vary. Raises `ProblemsFound` when the
    coefficient is not determined without one of the clusters.

    Source: Cameron, Gelbach and Miller (2008), Review of Economics and Statistics 90(3); sums by cluster: MacKinnon
    (2023), Econometrics and Statistics 26; enumeration: Webb (2023), Canadian Journal of Economics 56(3).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    refuse_one_cluster(fit, name)
    found = wild_draws(fit, name, draws=draws, seed=seed)
    words = {"inference": "wild_bootstrap", "clusters": fit.n_clusters}
    words["convention"] = _convention(found, fit.n_clusters, seed)
    if fit.no_spread(np.sqrt(found.variance), name):
        return Found(estimate=found.estimate, **words)
    return Found(
        estimate=found.estimate,
        statistic=float(found.estimate / np.sqrt(found.variance)),
        p_value=found.p_value(0.0),
        low=found.end(-1, 1 - level),
        high=found.end(1, 1 - level),
        **words,
    )


def wild_draws(fit: Fit, name: str, *, draws: int | None = None, seed: int | None = None) -> WildDraws:
    """What the sign vectors give, for p-values of any null."""
    q = fit.contrast(name)
    own, held = fit.scores @ q, fit.grams @ q
    weight = q @ q
    # Scores under the null r are scores_g + S_g·q·(β − r)/q′q: with r = 0, and their change per unit of r.
    start = fit.scores + held * (fit.coefficient(name) / weight)
    moves = (start, -held / weight)
    top = np.stack([scores @ q for scores in moves], axis=1)
    mixing = [np.diag(scores @ q) - scores @ held.T for scores in moves]
    exact = 1 << (fit.n_clusters - 1) <= ENUMERATED
    batches = _all_signs(fit.n_clusters) if exact else _drawn_signs(fit.n_clusters, draws, seed)
    parts = [_products(signs, top, mixing) for signs in batches]
    at_zero, slope, *spread = (np.concatenate(part) for part in zip(*parts, strict=True))
    return WildDraws(at_zero, slope, np.stack(spread), fit.coefficient(name), float(own @ own), exact)


def _products(signs: np.ndarray, top: np.ndarray, mixing: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Numerator at null 0 and its slope, and the three coefficients of the squared standard error, (chunk,) each."""
    numerator = signs @ top
    level, change = (signs @ matrix for matrix in mixing)
    crossed = 2 * np.einsum("rg,rg->r", level, change)
    return (
        numerator[:, 0],
        numerator[:, 1],
        np.einsum("rg,rg->r", level, level),
        crossed,
        np.einsum("rg,rg->r", change, change),
    )


def _all_signs(g: int) -> Iterator[np.ndarray]:
    """All sign vectors of g clusters up to a common sign, (chunk, g) at a time: the last cluster keeps its sign."""
    for start in range(0, 1 << (g - 1), CHUNK):
        number = np.arange(start, min(start + CHUNK, 1 << (g - 1)))
        yield 1.0 - 2.0 * ((number[:, None] >> np.arange(g)) & 1)


def _drawn_signs(g: int, draws: int | None, seed: int | None) -> Iterator[np.ndarray]:
    if draws is None or seed is None:
        raise ValueError(f"{g} clusters have too many sign vectors to try all: give draws and seed")
    rng = np.random.default_rng(seed)
    for start in range(0, draws, CHUNK):
        yield 1.0 - 2.0 * rng.integers(0, 2, (min(CHUNK, draws - start), g))


def _convention(found: WildDraws, clusters: int, seed: int | None) -> str:
    how = "enumerated" if found.exact else f"sampled with seed {seed}"
    count = len(found.at_zero)
    return f"null imposed, signs {how}: {count}, studentised with CR0, interval by inversion, G={clusters}"
