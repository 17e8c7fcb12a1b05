"""Exact unconditional interval of the difference between two shares (Chan and Zhang 1999).

Source: Chan and Zhang (1999) Biometrics 55, 1202–1209: two one-sided tests are inverted, each ordered by the score
statistic of Mee (1984) and of Farrington and Manning (1990). The chance of a table at least as extreme as the one seen
depends on the unknown share of arm 2, and its greatest value over that share decides; so the interval covers at least
`level`, however few persons there are. Offices are ignored.

Against a fixed grid of that share, which finds too small a maximum, the peaks of a grid are here zoomed in on, until
the share is placed within 1e-6. The bound is the outermost crossing that a scan of differences sees, since the chance
need not rise evenly towards the estimate.
"""

import numpy as np
import scipy

from analysis.proportions import Interval

NUISANCE_POINTS = 201
PEAKS = 3
ZOOMS = 3
ZOOM_POINTS = 25
SCAN_POINTS = 24
BISECTIONS = 27
# Two tables whose statistics are equal in exact arithmetic may differ in the last digits.
TIE = 1e-9
# A table of 4 000 000 cells takes half a minute; the score interval is as good long before that.
MOST_CELLS = 4_000_000


def chan_zhang(k1: int, n1: int, k2: int, n2: int, *, level: float = 0.95) -> Interval:
    """Difference k1/n1 − k2/n2 (0–1) with the exact unconditional interval of Chan and Zhang (1999).

    The bounds are right to 1e-7. Raises ValueError for n < 1, k outside 0..n, a level outside (0, 1), and for
    (n1 + 1)·(n2 + 1) above 4 000 000.
    """
    for k, n in ((k1, n1), (k2, n2)):
        if not (float(n).is_integer() and float(k).is_integer() and 0 <= k <= n and n >= 1):
            raise ValueError(f"a count must be a whole number from 0 to n, and n at least 1, got {k} of {n}")
    if not 0 < level < 1:
        raise ValueError(f"the level must lie between 0 and 1, got {level}")
    if (n1 + 1) * (n2 + 1) > MOST_CELLS:
        raise ValueError("arms this large need no exact interval: take miettinen_nurminen")
    tail = (1 - level) / 2
    # Swapping the arms turns the upper bound into a lower one.
    low, high = _lower(k1, n1, k2, n2, tail), -_lower(k2, n2, k1, n1, tail)
    return Interval(k1 / n1 - k2 / n2, low, high, level, "chan_zhang")


def greatest_chance(k1: int, n1: int, k2: int, n2: int, *, difference: float) -> float:
    """Greatest chance, over the share of arm 2, of a table at least as high as the one seen, when p1 − p2 = difference.

    `difference` lies strictly between −1 and 1. "As high" is by the score statistic; ties count.
    """
    statistic = score_table(n1, n2, difference)
    extreme = (statistic >= statistic[k1, k2] - TIE).astype(float)
    first, last = max(0.0, -difference), min(1.0, 1.0 - difference)
    shares = np.linspace(first, last, NUISANCE_POINTS)
    chances = _chance(extreme, shares, difference)
    best = float(chances.max())
    for peak in _peaks(chances):
        best = max(best, _zoomed(extreme, difference, shares, peak))
    return best


def score_table(n1: int, n2: int, difference: float) -> np.ndarray:
    """Mee's score statistic of every table, (n1 + 1) × (n2 + 1), for p1 − p2 = difference; infinite at variance 0."""
    first, second = np.arange(n1 + 1)[:, None] / n1, np.arange(n2 + 1)[None, :] / n2
    p1 = _restricted_first(first, second, n2 / n1, difference)
    p2 = p1 - difference
    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    surplus = first - second - difference
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(variance > 0, surplus / np.sqrt(variance), np.copysign(np.inf, surplus))
    return np.where((variance <= 0) & (surplus == 0), 0.0, score)


def _restricted_first(p1: np.ndarray, p2: np.ndarray, ratio: float, delta: float) -> np.ndarray:
    """Maximum likelihood share of arm 1 under p1 − p2 = delta: the cubic root of Farrington and Manning (1990)."""
    a = 1 + ratio
    b = -(1 + ratio + p1 + ratio * p2 + delta * (ratio + 2))
    c = delta**2 + delta * (2 * p1 + ratio + 1) + p1 + ratio * p2
    d = -p1 * delta * (1 + delta)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = np.copysign(np.sqrt(np.maximum((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(u == 0, 1.0, np.clip(v / u**3, -1.0, 1.0))
    root = 2 * u * np.cos((np.pi + np.arccos(cosine)) / 3) - b / (3 * a)
    return np.clip(root, max(delta, 0.0), min(1.0, 1.0 + delta))


def _lower(k1: int, n1: int, k2: int, n2: int, tail: float) -> float:
    """The smallest difference at which a table this high has a chance above `tail`."""
    estimate = k1 / n1 - k2 / n2
    if estimate <= -1:
        return -1.0

    def kept(delta: float) -> bool:
        return greatest_chance(k1, n1, k2, n2, difference=delta) > tail

    steps = np.linspace(-1.0, estimate, SCAN_POINTS + 1)
    low, high = -1.0, estimate
    for below, above in zip(steps[:-2], steps[1:-1], strict=True):
        if kept(float(above)):
            low, high = float(below), float(above)
            break
        low = float(above)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if kept(middle) else (middle, high)
    return (low + high) / 2


def _chance(extreme: np.ndarray, shares: np.ndarray, difference: float) -> np.ndarray:
    """Chance of the extreme tables for each share of arm 2."""
    n1, n2 = extreme.shape[0] - 1, extreme.shape[1] - 1
    first = _binomial(n1, np.clip(shares + difference, 0.0, 1.0))
    second = _binomial(n2, shares)
    return ((first @ extreme) * second).sum(axis=1)


def _binomial(n: int, shares: np.ndarray) -> np.ndarray:
    """Chance of 0..n of n persons, a row per share."""
    k = np.arange(n + 1)
    ways = scipy.special.gammaln(n + 1) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(n - k + 1)
    return np.exp(ways + scipy.special.xlogy(k, shares[:, None]) + scipy.special.xlog1py(n - k, -shares[:, None]))


def _peaks(chances: np.ndarray) -> np.ndarray:
    """Places of the highest local maxima, ends included."""
    padded = np.concatenate([[-1.0], chances, [-1.0]])
    local = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:]))
    return local[np.argsort(-chances[local], kind="stable")][:PEAKS]


def _zoomed(extreme: np.ndarray, difference: float, shares: np.ndarray, place: int) -> float:
    """Highest chance between the neighbours of a place on the grid, after a few finer grids."""
    best = 0.0
    for _ in range(ZOOMS):
        low, high = shares[max(place - 1, 0)], shares[min(place + 1, len(shares) - 1)]
        shares = np.linspace(low, high, ZOOM_POINTS)
        chances = _chance(extreme, shares, difference)
        place = int(chances.argmax())
        best = max(best, float(chances[place]))
    return best
