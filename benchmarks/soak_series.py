"""How often the intervals of a series of counts hold the truth, with as few months and counties as there are.

    python benchmarks/soak_series.py [draws]

The interrupted series: level, trend, a yearly wave and AR(1) errors, with a known change; the mean over the months
after. Regression to the mean: units that do nothing but move by themselves, of which the worst in a month is taken for
treated; the rest must hold 0, with the noise estimated from the others. Exit code 1 where the rest's interval covers
below 92 %, or the estimates of the series or the rest are off by more than 3.5 simulation errors.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.series import interrupted
from analysis.series.noise import noise_of
from analysis.series.to_the_mean import to_the_mean
from analysis.series.units import Units

DRAWS = 1_000
LEVEL, SLOPE, STEP = -0.03, -0.002, 0.008
LENGTHS = ((36, 22), (60, 36))
RHOS = (0.3, 0.6, 0.8)
COUNTIES, LEAST, BIAS = (11, 40), 0.92, 3.5
LASTING, SLOW, KEPT, SIZE = 0.02, 0.03, 0.7, 2_000


@dataclass(frozen=True)
class Coverage:
    """`covered`: part of the draws whose interval holds the truth; `bias`: mean error in simulation errors."""

    covered: float
    bias: float


def errors(rng: np.random.Generator, rows: int, months: int, rho: float, spread: float) -> np.ndarray:
    """Stationary AR(1) errors (rows, months) of standard deviation `spread`."""
    found = rng.normal(size=(rows, months))
    for t in range(1, months):
        found[:, t] = rho * found[:, t - 1] + np.sqrt(1 - rho**2) * found[:, t]
    return spread * found


def series_coverage(months: int, start: int, rho: float, draws: int) -> dict[str, Coverage]:
    """Of the mean change after start, by method."""
    rng, calendar = np.random.default_rng(months), np.arange(months) + 24_228
    x, time = interrupted.terms(calendar, start), np.arange(months) - start
    weights = interrupted.changes(months - start, {})["mean"]
    truth = LEVEL + SLOPE * (months - start - 1) / 2
    known = 0.05 + 0.0005 * time + (time >= 0) * (LEVEL + SLOPE * time) + 0.01 * np.sin(2 * np.pi * calendar / 12)
    noise = errors(rng, draws, months, rho, STEP / np.sqrt(1 - rho**2))
    fits = {method: [interrupted.fit(known + own, x, method) for own in noise] for method in interrupted.METHODS}
    told = {method: [fit.contrast(weights, level=0.95) for fit in made] for method, made in fits.items()}
    return {
        method: _coverage([found.estimate - truth for found in made], [f.low <= truth <= f.high for f in made])
        for method, made in told.items()
    }


def _coverage(missed: list[float], held: list[bool]) -> Coverage:
    return Coverage(float(np.mean(held)), float(np.mean(missed) / (np.std(missed) / np.sqrt(len(missed)))))


def rest_coverage(counties: int, draws: int) -> Coverage:
    """Of the rest six months after the worst of the units was chosen, to no effect."""
    rng, missed, held = np.random.default_rng(counties), [], []
    for _ in range(draws):
        own = 0.5 + LASTING * rng.normal(size=(counties, 1)) + errors(rng, counties, 36, KEPT, SLOW)
        y = rng.binomial(SIZE, own.clip(0, 1)).astype("float64")
        worst = np.arange(counties) == y[:, 23].argmax()
        names = np.array([f"u{u}" for u in range(counties)])
        units = Units(names, np.arange(36) + 24_228, np.full(y.shape, float(SIZE)), y, worst, 24)
        found = to_the_mean(units, noise_of(units), chosen=23, later=np.array([29]), level=0.95)
        missed.append(found.rest)
        held.append(found.low <= 0 <= found.high)
    return _coverage(missed, held)


def lines(draws: int) -> Iterator[tuple[str, bool]]:
    """The tables, and whether each line is within its bounds."""
    yield f"Interrupted series, mean change after start, {draws} draws: coverage of 95 % intervals", True
    yield f"{'months':>7}{'before':>7}{'rho':>5}" + "".join(f"{method:>15}" for method in interrupted.METHODS), True
    for months, start in LENGTHS:
        for rho in RHOS:
            found = series_coverage(months, start, rho, draws)
            cells = "".join(f"{100 * one.covered:>14.1f}%" for one in found.values())
            within = all(abs(one.bias) < BIAS for one in found.values())
            yield f"{months:>7}{start:>7}{rho:>5}{cells}", within
    yield "", True
    yield f"Regression to the mean, the worst of the units chosen, no effect, {draws} draws", True
    for counties in COUNTIES:
        one = rest_coverage(counties, draws)
        within = one.covered >= LEAST and abs(one.bias) < BIAS
        yield f"{counties:>4} units: the rest holds 0 in {100 * one.covered:.1f}%, bias {one.bias:+.1f} errors", within


def main(draws: int) -> int:
    """Print the tables; 1 where a bound is broken."""
    held = True
    for line, within in lines(draws):
        print(line if within else f"{line}   OUTSIDE", flush=True)
        held &= within
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS))
