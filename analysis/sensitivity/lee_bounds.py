"""What missing outcomes can hide: Lee's trimming bounds and the worst case, with an interval for the effect itself.

Outcomes are known for some of the treated and some of the controls. Lee's bounds rest on one assumption, that being
assigned moves everybody's chance of being observed the same way (monotone attrition), and are about those who would
be observed under either assignment. The worst case rests on none but the range of the outcome, and is about all.
The interval covers the effect, not both bounds: Imbens and Manski (2004), Econometrica 72, 1845–1857.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy


@dataclass(frozen=True)
class EffectBounds:
    """The effect lies in `low` to `high`; `conf_low` to `conf_high` covers it at `level`, chance included.

    `se_low`, `se_high`: standard errors of the bounds. `observed_treated`, `observed_control`: shares (0–1) with a
    known outcome. `trimmed`: share of the observed outcomes that was taken away, of the group `trimmed_group`
    (`treated`, `control` or `none`; the worst case trims nothing). Units of the outcome.
    """

    low: float
    high: float
    se_low: float
    se_high: float
    conf_low: float
    conf_high: float
    level: float
    observed_treated: float
    observed_control: float
    trimmed: float
    trimmed_group: str


class _People(NamedTuple):
    """Outcome (0 where unknown), treated and observed as booleans, number of the cluster 0..G−1, weight: (n,) each."""

    y: np.ndarray
    treated: np.ndarray
    observed: np.ndarray
    cluster: np.ndarray
    weight: np.ndarray


def lee_bounds(
    outcome, treated, *, clusters=None, weights=None, level: float = 0.95, df: float = np.inf
) -> EffectBounds:
    """Lee's bounds on the effect among those observed whatever their assignment; missing `outcome` (n,) is nan.

    The group with more observed loses the share p = 1 − q₀/q₁ of its outcomes, from the top for the lower bound of
    the treated mean and from the bottom for the upper one. Outcomes that tie at the cut are trimmed by a fraction,
    so that shares of 0/1 outcomes have sharp bounds too. Errors are by influence, of persons or of `clusters` (n,),
    and are Lee's proposition 3 for persons with continuous outcomes; `df`: t degrees of freedom of the interval, for
    few clusters. `weights` (n,), as of matched persons, are taken as known; means, shares and trimmings are by weight.
    Bounds get tighter by taking them within strata and averaging, which is not done here.
    ValueError where a group has nobody observed. Source: Lee (2009), Review of Economic Studies 76, 1071–1102.
    """
    people = _people(outcome, treated, clusters, weights)
    q1, q0 = (_mean(people, people.observed.astype(float), people.treated == arm)[0] for arm in (True, False))
    # The trimmed group is taken as the treated one: swap the arms where it is not, and turn the signs back.
    swapped = q1 < q0
    if swapped:
        people = people._replace(treated=~people.treated)
    found = [_trimmed_difference(people, from_top) for from_top in (True, False)]
    if swapped:
        found = [(-value, -influence) for value, influence in reversed(found)]
    share = 1 - min(q1, q0) / max(q1, q0)
    group = "none" if share == 0 else "control" if swapped else "treated"
    return _with_interval(found, people.cluster, level, df, observed=(q1, q0), trimmed=share, group=group)


def worst_case_bounds(
    outcome, treated, *, smallest, largest, clusters=None, weights=None, level: float = 0.95, df: float = np.inf
) -> EffectBounds:
    """Manski's bounds on the effect among all: whatever is unknown lies between `smallest` and `largest`.

    One number for all or one for each person (n,): a change from 1 cannot be above 0. `weights` as in `lee_bounds`.

    Lower bound: the missing treated have `smallest` and the missing controls `largest`; upper bound the other way.
    They are (largest − smallest) times the missing shares of both groups apart. ValueError where an outcome lies
    outside its range. Source: Horowitz and Manski (2000), JASA 95, 77–84.
    """
    people, used = _people(outcome, treated, clusters, weights), _used(weights, len(treated))
    y, observed = people.y, people.observed
    smallest, largest = (
        np.broadcast_to(np.asarray(end, dtype="float64"), used.shape)[used] for end in (smallest, largest)
    )
    if not (smallest < largest).all() or (y < smallest)[observed].any() or (y > largest)[observed].any():
        raise ValueError("outcomes must lie between smallest and largest")
    found = []
    for of_treated, of_control in ((smallest, largest), (largest, smallest)):
        filled = np.where(observed, y, np.where(people.treated, of_treated, of_control))
        means = [_mean(people, filled, people.treated == arm) for arm in (True, False)]
        found.append((means[0][0] - means[1][0], means[0][1] - means[1][1]))
    shares = tuple(_mean(people, observed.astype(float), people.treated == arm)[0] for arm in (True, False))
    return _with_interval(found, people.cluster, level, df, observed=shares, trimmed=0.0, group="none")


def imbens_manski(
    low: float, high: float, se_low: float, se_high: float, *, level: float = 0.95, df: float = np.inf
) -> tuple[float, float]:
    """Interval that covers a number known to lie from `low` to `high`, both estimated, at `level`.

    low − c·se_low to high + c·se_high with F(c + (high − low)/max se) − F(−c) = level, F the normal distribution or
    t(`df`): c goes from the two-sided quantile, where the bounds meet, to the one-sided one.
    Source: Imbens and Manski (2004); Stoye (2009), Econometrica 77, 1299–1315, on when it holds.
    """
    if not low <= high or min(se_low, se_high) < 0:
        raise ValueError("low must not be above high, and errors not below 0")
    law, largest = scipy.stats.t(df), max(se_low, se_high)
    if largest == 0:
        return low, high
    width = (high - low) / largest
    ends = law.ppf(level), law.ppf(0.5 + level / 2)
    c = scipy.optimize.brentq(
        lambda c: law.cdf(c + width) - law.cdf(-c) - level, ends[0] - 1e-9, ends[1] + 1e-9, xtol=1e-14
    )
    return float(low - c * se_low), float(high + c * se_high)


def _used(weights, n: int) -> np.ndarray:
    """Who counts at all: (n,)."""
    return np.ones(n, dtype=bool) if weights is None else np.asarray(weights, dtype="float64") > 0


def _people(outcome, treated, clusters, weights) -> _People:
    y, marks = np.asarray(outcome, dtype="float64"), np.asarray(treated)
    if y.ndim != 1 or marks.shape != y.shape or not np.isin(marks, (0, 1)).all() or np.isinf(y).any():
        raise ValueError("outcome must be finite or missing, and treated 0 or 1, one of each per person")
    cluster = np.arange(len(y)) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    if cluster.shape != y.shape:
        raise ValueError("clusters must hold one cluster for each person")
    weight = np.ones(len(y)) if weights is None else np.asarray(weights, dtype="float64")
    if weight.shape != y.shape or not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weights must be one finite number of 0 or more per person")
    used = _used(weights, len(y))
    y, marks, weight = y[used], marks[used], weight[used]
    cluster = np.unique(cluster[used], return_inverse=True)[1]
    observed, is_treated = ~np.isnan(y), marks.astype(bool)
    if not (observed & is_treated).any() or not (observed & ~is_treated).any():
        raise ValueError("each group must have somebody whose outcome is known")
    return _People(np.where(observed, y, 0.0), is_treated, observed, cluster, weight)


def _mean(people: _People, values: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
    """Weighted mean over `rows`, and every person's influence on it (sum 0)."""
    w = np.where(rows, people.weight, 0.0)
    mean = float(w @ values / w.sum())
    return mean, w * (values - mean) / w.sum()


def _trimmed_difference(people: _People, from_top: bool) -> tuple[float, np.ndarray]:
    """Mean of the treated without the excess share less mean of the controls, with each person's influence."""
    sign = 1.0 if from_top else -1.0
    shares = [_mean(people, people.observed.astype(float), people.treated == arm) for arm in (True, False)]
    kept = shares[1][0] / shares[0][0]
    rows = people.treated & people.observed
    values = sign * people.y
    cut, mean = _lowest_share(values[rows], people.weight[rows], kept)
    # The kept mean is cut − E(cut − Y)₊/kept: it moves with each outcome below the cut, and with the share kept.
    shortfall = np.maximum(cut - values, 0.0)
    of_outcome = -_mean(people, shortfall, rows)[1] / kept
    of_share = kept * (shares[1][1] / shares[1][0] - shares[0][1] / shares[0][0])
    influence = of_outcome + (cut - mean) / kept * of_share
    control, of_control = _mean(people, people.y, ~people.treated & people.observed)
    return sign * mean - control, sign * influence - of_control


def _lowest_share(values: np.ndarray, weights: np.ndarray, kept: float) -> tuple[float, float]:
    """The value at the cut, and the mean of the lowest share `kept` of `values`, one of them by a fraction."""
    order = np.argsort(values, kind="stable")
    ordered, w = values[order], weights[order]
    below = np.cumsum(w) - w
    weight = np.clip(kept * w.sum() - below, 0.0, w)
    # The last value that counts at all: rounding must not let a crumb of the next one in.
    last = int(np.flatnonzero(weight > 1e-9 * w).max())
    return float(ordered[last]), float((weight * ordered).sum() / weight.sum())


def _with_interval(found, cluster: np.ndarray, level: float, df: float, *, observed, trimmed, group) -> EffectBounds:
    (low, of_low), (high, of_high) = found
    errors = [_error(influence, cluster) for influence in (of_low, of_high)]
    high = max(low, high)  # they are equal but for rounding where nothing is trimmed
    ends = imbens_manski(low, high, *errors, level=level, df=df)
    return EffectBounds(low, high, *errors, *ends, level, *observed, trimmed, group)


def _error(influence: np.ndarray, cluster: np.ndarray) -> float:
    """√(G/(G − 1)·Σ(sum of the influences of a cluster)²)."""
    sums = np.bincount(cluster, weights=influence)
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()))
