"""The effect of getting the method, with the draw of offices as instrument: Anderson and Rubin's set by permutation."""

from dataclasses import dataclass, field

import numpy as np

from analysis.trials.allocations import DRAWS, LIMIT, allocation, allocations, batches
from analysis.trials.found import Found
from analysis.trials.inversion import ties_or_beats, values_left
from analysis.trials.permutation import checked_sums, differences

SHAPES = ("empty", "interval", "ray", "complement", "line", "union")


@dataclass(frozen=True, eq=False)
class InstrumentFound(Found):
    """The values of the effect that are left, as `pieces` (K, 2), and what kind of set they are.

    `shape`: `interval` bounded; `ray` unbounded on one side; `complement` of an interval, two rays; `line` everything;
    `empty`; `union` anything else. `low` and `high` are the ends of the whole set, so −inf and inf for a complement.
    `delivery` is the difference in the share that got the method and `delivery_p` its permutation p-value. `role` is
    always secondary: the answer rests on more than the draw.
    """

    pieces: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    shape: str = "empty"
    delivery: float = float("nan")
    delivery_p: float = float("nan")
    n_allocations: int = 0
    exact: bool = True
    role: str = "secondary"


def anderson_rubin(
    outcome_sums,
    delivery_sums,
    sizes,
    treated,
    *,
    strata=None,
    statistic: str = "persons",
    level: float = 0.95,
    limit: int = LIMIT,
    draws: int = DRAWS,
    seed: int | None = None,
) -> InstrumentFound:
    """Effect of getting the method rather than not, if being drawn works through getting it alone.

    By office (G,): `outcome_sums` Σy, `delivery_sums` how many got the method, `sizes` n, `treated` 0 or 1. The
    estimate is the difference in outcome over the difference in delivery. The set holds every β for which the
    permutation test of Σ(y − βd) has p > 1 − level: exact however little the draw moved delivery, at the price of
    sets that may be unbounded. `p_value` is that of β = 0, the test of assignment. `statistic` and the rest as in
    `permutation_test`. The estimate is nan when delivery does not differ.

    Assumes an effect that is the same for all, offices drawn by lot, and no other way from draw to outcome. Raises as
    `permutation_test`. Source: Anderson and Rubin (1949), Annals of Mathematical Statistics 20; Imbens and Rosenbaum
    (2005), Journal of the Royal Statistical Society A 168(1).
    """
    drawn = allocation(treated, strata=strata)
    outcome, sizes = checked_sums(outcome_sums, sizes, len(drawn.treated))
    delivery, _ = checked_sums(delivery_sums, sizes, len(sizes))
    chosen = allocations(drawn, limit=limit, draws=draws, seed=seed)
    difference = differences(sizes, statistic)
    values = np.concatenate(
        [np.stack([difference(batch, outcome), difference(batch, delivery)]) for batch in batches(chosen.treated)],
        axis=1,
    )
    seen = [float(difference(drawn.treated[None, :], by_office)[0]) for by_office in (outcome, delivery)]
    pieces = values_left(*values, *seen, level=level)
    return InstrumentFound(
        estimate=seen[0] / seen[1] if abs(seen[1]) > 1e-12 else float("nan"),
        inference="anderson_rubin",
        convention=f"average over {statistic}, {chosen.words}",
        p_value=float(ties_or_beats(values[0], seen[0]).mean()),
        low=float(pieces[0, 0]) if len(pieces) else float("nan"),
        high=float(pieces[-1, 1]) if len(pieces) else float("nan"),
        clusters=len(sizes),
        pieces=pieces,
        shape=shape(pieces),
        delivery=seen[1],
        delivery_p=float(ties_or_beats(values[1], seen[1]).mean()),
        n_allocations=values.shape[1],
        exact=chosen.exact,
    )


def shape(pieces: np.ndarray) -> str:
    """One of `SHAPES`, of closed pieces (K, 2) from left to right."""
    if len(pieces) == 0:
        return "empty"
    unbounded = (bool(np.isneginf(pieces[0, 0])), bool(np.isposinf(pieces[-1, 1])))
    if len(pieces) == 1:
        return {0: "interval", 1: "ray", 2: "line"}[sum(unbounded)]
    return "complement" if len(pieces) == 2 and all(unbounded) else "union"
