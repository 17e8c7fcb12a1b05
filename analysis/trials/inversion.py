"""Which values of an effect a permutation test lets stand: exactly, without trying values one by one.

Under the value δ allocation T has the statistic D_T − δ·E_T, a straight line in δ, and the observed one D − δ·E. T
counts against δ where |D_T − δE_T| ≥ |D − δE|. The difference of the squares is a polynomial of degree two with the
roots (D_T − D)/(E_T − E) and (D_T + D)/(E_T + E), so T counts between the roots where |E_T| < |E|, outside them where
|E_T| > |E|, and on a half-line, everywhere or nowhere where they are equal. The p-value is the share of allocations
that count, a step function with these roots as its steps; sorting them gives every value with p above 1 − level.
"""

import numpy as np

# Differences of statistics that are as good as none: an allocation that ties with the observed must count.
SLACK = 1e-10


def ties_or_beats(values: np.ndarray, observed: float) -> np.ndarray:
    """Whether each statistic (B,) is at least as far from 0 as the observed one."""
    return np.abs(values) >= abs(observed) - _slack(observed)


def values_left(
    values: np.ndarray, slopes: np.ndarray, observed: float, observed_slope: float, *, level: float
) -> np.ndarray:
    """Closed pieces (K, 2) of the line on which p > 1 − level, from left to right; ends may be −inf and inf.

    `values` D_T and `slopes` E_T (B,) with the observed allocation among them; `observed` D, `observed_slope` E.
    """
    starts, ends = _where_each_counts(values, slopes, observed, observed_slope)
    # p > 1 − level; the small number keeps 0.05 · 20 from being 0.9999….
    needed = int(np.floor((1 - level) * len(values) + 1e-9)) + 1
    return _merged(_covered(starts, ends, needed))


def _where_each_counts(values, slopes, observed, observed_slope) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of all pieces on which an allocation counts; an allocation has none, one or two."""
    same, mirror = slopes - observed_slope, slopes + observed_slope
    tiny = SLACK * max(abs(observed_slope), float(np.abs(slopes).max()))
    level_same, level_mirror = np.abs(same) <= tiny, np.abs(mirror) <= tiny
    curved = ~level_same & ~level_mirror
    roots = np.stack([(values - observed)[curved] / same[curved], (values + observed)[curved] / mirror[curved]])
    if abs(observed_slope) > tiny:
        # Where the observed statistic is 0 every allocation counts, so rounding must not pull the roots apart there.
        centre = observed / observed_slope
        roots = np.where(np.abs(roots - centre) <= _slack(centre), centre, roots)
    low, high = roots.min(axis=0), roots.max(axis=0)
    between = same[curved] * mirror[curved] < 0
    rays_left, rays_right = high[~between], low[~between]
    pieces = [(low[between], high[between]), _to_left(rays_right), _to_right(rays_left)]
    both = level_same & level_mirror
    pieces.append(_lines(int(ties_or_beats(values[both], observed).sum())))
    slack = _slack(observed)
    for chosen, sign in ((level_same & ~both, 1.0), (level_mirror & ~both, -1.0)):
        pieces += _half_lines(sign * values[chosen], observed, observed_slope, slack)
    return np.concatenate([start for start, _ in pieces]), np.concatenate([end for _, end in pieces])


def _half_lines(values: np.ndarray, observed: float, slope: float, slack: float) -> list:
    """Pieces of allocations with the observed slope: (D_T − D)(D_T + D − 2δE) ≥ 0."""
    ahead = values - observed
    root = (values + observed) / (2 * slope)
    tied = np.abs(ahead) <= slack
    left = ~tied & (ahead * slope > 0)
    return [_lines(int(tied.sum())), _to_left(root[left]), _to_right(root[~tied & ~left])]


def _to_left(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.full(len(ends), -np.inf), ends


def _to_right(starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return starts, np.full(len(starts), np.inf)


def _lines(number: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(number, -np.inf), np.full(number, np.inf)


def _covered(starts: np.ndarray, ends: np.ndarray, needed: int) -> np.ndarray:
    """Pieces (K, 2) covered by at least `needed` of the closed pieces."""
    position = np.concatenate([starts, ends])
    step = np.repeat([1, -1], [len(starts), len(ends)])
    # Closed pieces: at one place everything begins before anything ends.
    order = np.lexsort((-step, position))
    enough = np.cumsum(step[order]) >= needed
    change = np.diff(np.concatenate([[False], enough]).astype(np.int8))
    return np.column_stack([position[order][change == 1], position[order][change == -1]])


def _merged(pieces: np.ndarray) -> np.ndarray:
    """Pieces with hairline gaps closed: they come of rounding where one allocation ends and another begins."""
    if len(pieces) < 2:
        return pieces
    gap = pieces[1:, 0] - pieces[:-1, 1]
    apart = gap > SLACK * np.maximum(1, np.abs(pieces[1:, 0]))
    return np.column_stack([pieces[np.r_[True, apart], 0], pieces[np.r_[apart, True], 1]])


def _slack(observed: float) -> float:
    return SLACK * max(1.0, abs(observed))
