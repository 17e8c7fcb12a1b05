"""How much of the participants' change was to be expected because they were chosen at a low (or high) point.

The best linear prediction of a person's later outcome from the outcomes before the start, as those who were not given
the intervention show it: least squares in the pool of comparison persons, which is their serial correlation (`series.
to_the_mean` is the same for units of counts). With d the participants' mean deviations from the pool at the earlier
times, β·d of it is left later. What neither that nor the pool's own change explains is the rest.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy

from analysis.cards import Card
from analysis.did_rows import row_of
from analysis.event_values import PLACEBO_SHARE, PLACEBO_STEP, has_a_change
from analysis.matched_effects import Sample
from analysis.panel import Panel
from analysis.tables import TO_THE_MEAN


@dataclass(frozen=True)
class Part:
    """A number with its standard error, NaN for parts that are not told with one."""

    estimate: float
    std_error: float = float("nan")


@dataclass(frozen=True)
class Expected:
    """`change` of the participants from the time of choice to the later one = `elsewhere` (the pool's) + `expected`
    (back to their own mean) + `rest`. `left`: the part of the matched difference-in-differences that the histories
    alone make one expect."""

    change: Part
    elsewhere: Part
    expected: Part
    rest: Part
    left: Part


def expected_change(
    pool: np.ndarray, pool_later: np.ndarray, own: np.ndarray, own_later: np.ndarray, matched: np.ndarray, gap: float
) -> Expected:
    """Parts of the participants' change.

    `pool` (m, T) and `own` (n, T): outcomes before the start, the time of choice last; `_later` (m,) and (n,): the
    outcome afterwards. `matched` (T,): the matched comparison persons' weighted means before. `gap`: the participants'
    mean at the base less theirs. Errors are classical, of the regression and of the participants' own mean.
    ValueError where the pool has no more persons than coefficients.
    """
    x = np.column_stack([np.ones(len(pool)), pool])
    if len(x) <= x.shape[1]:
        raise ValueError("there must be more persons in the pool than coefficients")
    inverse = np.linalg.pinv(x.T @ x)
    beta = inverse @ (x.T @ pool_later)
    residual = pool_later - x @ beta
    covariance = inverse * float(residual @ residual) / (len(x) - x.shape[1])
    mean = np.r_[1.0, own.mean(axis=0)]
    away, apart = mean - x.mean(axis=0), mean - np.r_[1.0, matched]
    change = float(own_later.mean() - mean[-1])
    elsewhere = float(pool_later.mean() - x[:, -1].mean())
    expected = float(beta @ away - away[-1])
    spread = float(np.var(own_later - np.column_stack([np.ones(len(own)), own]) @ beta, ddof=1) / len(own))
    rest_error = float(np.sqrt(spread + mean @ covariance @ mean))
    return Expected(
        change=Part(change),
        elsewhere=Part(elsewhere),
        expected=Part(expected, float(np.sqrt(away @ covariance @ away))),
        rest=Part(change - elsewhere - expected, rest_error),
        left=Part(float(beta @ apart) - gap, float(np.sqrt(apart @ covariance @ apart))),
    )


def to_the_mean_rows(card: Card, panel: Panel, sample: Sample, base: int) -> Iterator[dict[str, Any]]:
    """Rows with the estimator `regression_to_the_mean`, a term per part; `event_time` is the time of choice, the last
    before the start at which nine in ten are known. The times before it are half years apart, and the base is one.

    Persons with the outcome at all of them and at the main horizon. No rows for outcomes without a value before.
    """
    outcome = card.outcomes.primary
    if not has_a_change(outcome):
        return
    wide = _wide(card, panel, sample, outcome)
    times = _times(wide, base)
    known = np.isfinite(wide[[*times, card.horizons[0]]].to_numpy()).all(axis=1) if times else np.zeros(len(wide), bool)
    own, matched = sample.treated & known, ~sample.treated & known & (sample.weight > 0)
    pool = ~sample.treated & known
    if not times or own.sum() < 2 or not matched.any() or pool.sum() <= len(times) + 1:
        return
    history, later = wide[times].to_numpy(), wide[card.horizons[0]].to_numpy()
    means = np.average(history[matched], axis=0, weights=sample.weight[matched])
    at_base = wide[base].to_numpy() if base in wide else history[:, -1]
    gap = float(at_base[own].mean() - np.average(at_base[matched], weights=sample.weight[matched]))
    found = expected_change(history[pool], later[pool], history[own], later[own], means, gap)
    quantile = scipy.stats.norm.ppf(0.5 + card.inference.level / 2)
    for term, part in asdict(found).items():
        row = row_of(card, outcome, TO_THE_MEAN, "sensitivity", TO_THE_MEAN) | {"term": term, "event_time": times[-1]}
        row |= {"estimate": part["estimate"], "cluster_level": "none", "inference": "none"}
        row |= {"n_treated": int(own.sum()), "n_comparison": int(pool.sum())}
        if np.isfinite(part["std_error"]):
            reach = quantile * part["std_error"]
            row |= {"std_error": part["std_error"], "inference": "classical"}
            row |= {"conf_low": part["estimate"] - reach, "conf_high": part["estimate"] + reach}
        yield row


def _wide(card: Card, panel: Panel, sample: Sample, outcome: str):
    """The outcome of each of the sample's persons by event time before the start, and at the main horizon."""
    event = panel.months["event_time"].to_numpy("float64", na_value=np.nan)
    wanted = (event < 0) | (event == card.horizons[0])
    rows = panel.months.loc[wanted, ["person_id", "event_time", outcome]]
    wide = rows.pivot(index="person_id", columns="event_time", values=outcome).reindex(sample.people["person_id"])
    return wide.reindex(columns=sorted({*wide.columns, card.horizons[0]})).astype("float64")


def _times(wide, base: int) -> list[int]:
    """Times before the start at which nine in ten are known: the last one, those half years before it, and the base."""
    known = [int(t) for t in wide.columns if t < 0 and wide[t].notna().mean() >= PLACEBO_SHARE]
    if not known:
        return []
    return [t for t in known if (known[-1] - t) % PLACEBO_STEP == 0 or t == base]
