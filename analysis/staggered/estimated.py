"""What every estimator of a staggered design gives besides Callaway and Sant'Anna's, and its rows of estimates.

One estimate a row, with what each office moves it by; so that all are told with the same uncertainty and the same rule
for few treated offices, and can stand side by side.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import CellEffects, shares_of
from analysis.staggered.design import NEVER, Design
from analysis.staggered.inference import Uncertainty, uncertainty
from analysis.staggered.parameters import COLUMNS, COUNTS, KEYS, parameters
from analysis.staggered.permutation import Permutation
from analysis.staggered.result import StaggeredResult
from analysis.staggered.rows import to_rows

REQUIRED = ("term", "group", "event_time", "estimate", "base_rate")
WEIGHTS = ("group", "month", "weight", "kind")
# The kind of a weight on ATT(group, month) in the overall number.
EFFECT = "effect"
# The kind of a weight on the mean outcome of a cohort (missing for never) in an untreated month.
UNTREATED = "untreated"
JACKKNIFE, CLUSTER, NONE = "jackknife", "cluster", "none"


def _ledger() -> pd.DataFrame:
    return pd.DataFrame(columns=["reason", "group", "persons", "offices"])


def _omitted() -> pd.DataFrame:
    return pd.DataFrame(columns=["group", "month", "reason"])


@dataclass(frozen=True)
class Convention:
    """How the authors or the usual software of an estimator reckon: `factor` on Σψψ′, Student's t with `df` degrees of
    freedom (infinite: the normal). `inference` names it in the table of estimates, `text` tells what it does."""

    inference: str
    factor: float
    df: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Estimated:
    """Estimates (R) of one estimator, `name` in the table of estimates (sun_abraham, imputation, ...).

    `table`, a row per estimate: at least REQUIRED, at most `parameters.COLUMNS`; without the numbers of offices
    (see `counted`) the rule for few treated offices cannot be applied. `term` is simple, dynamic, group ... as there.
    `offices` (G,). `left_out` (G, R): the estimates without each office, in that order, NaN where undefined; None when
    not to be had. `sums` (G, R): influence by office, or None. `weights`, WEIGHTS: what goes into the overall number;
    kind `EFFECT` for ATT(group, month), these add up to 1; `UNTREATED` for what they are compared with; or the
    estimator's own.
    `ledger` (reason, group, persons, offices) and `omitted` (group, month, reason): groups and effects left out.
    `conventions`: reckonings beside the two that all share. `cluster_level`: what `offices` are.
    """

    name: str
    design: Design
    table: pd.DataFrame
    offices: np.ndarray
    weights: pd.DataFrame
    left_out: np.ndarray | None = None
    sums: np.ndarray | None = None
    ledger: pd.DataFrame = field(default_factory=_ledger)
    omitted: pd.DataFrame = field(default_factory=_omitted)
    conventions: tuple[Convention, ...] = ()
    cluster_level: str = "office"

    def __post_init__(self) -> None:
        if lacking := set(REQUIRED) - set(self.table.columns):
            raise ValueError(f"the table of {self.name} lacks {sorted(lacking)}")
        shape = (len(self.offices), len(self.table))
        for part in ("left_out", "sums"):
            given = getattr(self, part)
            if given is not None and given.shape != shape:
                raise ValueError(f"{part} of {self.name} is {given.shape}, not {shape}")
        if set(self.weights.columns) != set(WEIGHTS):
            raise ValueError(f"weights of {self.name} must have the columns {', '.join(WEIGHTS)}")

    def overall(self) -> float:
        """The average effect over all groups and months since adoption."""
        return float(self.table.set_index("term").loc["simple", "estimate"])


@dataclass(frozen=True)
class EstimatedResult(StaggeredResult):
    """A `StaggeredResult` whose inferences are those an `Estimated` has: jackknife, cluster, and its conventions.

    `influences` tells whether `sums` are influences; without them the clustered inferences are not there.
    """

    influences: bool = True
    conventions: tuple[Convention, ...] = ()

    @property
    def headline(self) -> str:
        """The jackknife where offices are few, else clustered influences; whichever there is; none without either."""
        order = (JACKKNIFE, CLUSTER) if self.few_offices else (CLUSTER, JACKKNIFE)
        there = {JACKKNIFE: self.left_out is not None, CLUSTER: self.influences}
        return next((name for name in order if there[name]), NONE)

    def names(self) -> tuple[str, ...]:
        """Inferences there are, the headline first."""
        known = [JACKKNIFE] if self.left_out is not None else []
        known += [CLUSTER, *(one.inference for one in self.conventions)] if self.influences else []
        return tuple(sorted(known or [NONE], key=lambda name: name != self.headline))

    def _asymptotic(self, name: str) -> Uncertainty:
        own = {one.inference: one for one in self.conventions if self.influences}
        if name == NONE and self.headline == NONE:
            return self._from_covariance(Convention(NONE, np.nan, np.inf, "no standard error"), np.nan)
        if name in own:
            return self._from_covariance(own[name], own[name].factor)
        return super()._asymptotic(name)

    def _from_covariance(self, how: Convention, factor: float) -> Uncertainty:
        g = len(self.offices)
        return uncertainty(
            self.table["estimate"].to_numpy(), factor * (self.sums.T @ self.sums), how.df, inference=how.inference,
            convention=f"{how.text}, G={g}", cluster_level=self.cluster_level, n_clusters=g, level=self.level,
            scale=self.scale,
        )  # fmt: skip


def as_result(
    found: Estimated, *, outcome: str, level: float = 0.95, rank: Permutation | None = None, seed: int = 0
) -> EstimatedResult:
    """The result that gives uncertainty and rows. `rank`: of the same R estimates, beside the headline."""
    table = found.table.reindex(columns=list(COLUMNS))
    table = table.astype(dict.fromkeys((*KEYS, *COUNTS), "Int64") | {"estimate": "float64", "base_rate": "float64"})
    sizes = np.abs(table[["estimate", "base_rate"]].to_numpy())
    sums = found.sums
    if sums is None:  # what each office moves the estimates by, which only tells estimates from zeros by construction
        moved = np.ones((len(found.offices), len(table))) if found.left_out is None else found.left_out
        sums = np.nan_to_num(table["estimate"].to_numpy() - moved, nan=1.0)
    return EstimatedResult(
        outcome=outcome,
        design=found.design,
        level=level,
        scale=float(np.nanmax(sizes, initial=0.0)),
        table=table,
        offices=found.offices,
        sums=sums,
        left_out=found.left_out,
        person_covariance=None,
        n_persons=None,
        ledger=found.ledger,
        omitted=found.omitted,
        permutation=rank,
        sign_flip=None,
        bands=None,
        seed=seed,
        cluster_level=found.cluster_level,
        influences=found.sums is not None,
        conventions=found.conventions,
    )


def estimated_rows(
    found: Estimated,
    *,
    outcome: str,
    level: float = 0.95,
    rank: Permutation | None = None,
    primary: str | None = None,
    spec: str = "main",
    terms: Collection[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows of the table of estimates (design.md, contracts), as `rows.to_rows` makes them of the headline.

    Every inference that there is, the headline's with the role secondary (primary for the term `primary`) and the
    others sensitivity; `rank` as a placebo rank or a permutation. No asymptotic p-value rests on few treated offices.
    `terms`: only these.
    """
    result = as_result(found, outcome=outcome, level=level, rank=rank)
    for row in to_rows(result, primary=primary, spec=spec):
        if terms is None or row["term"] in terms:
            yield row | {"estimator": found.name}


def counted(rows: pd.DataFrame, arrays: CellArrays, treated: np.ndarray, compared: np.ndarray) -> pd.DataFrame:
    """The rows (R) with COUNTS of the persons and offices behind each, from masks of cohorts, both (R, C)."""
    persons, present = arrays.n.max(axis=2), (arrays.n > 0).any(axis=2).astype("float64")
    numbers = {}
    for side, cohorts in (("treated", np.asarray(treated)), ("comparison", np.asarray(compared))):
        numbers[f"n_{side}"] = (cohorts @ persons.sum(axis=0)).astype(np.int64)
        numbers[f"n_offices_{side}"] = (cohorts.astype("float64") @ present.T > 0).sum(axis=1)
    return rows.assign(**numbers)


def of_group_time(
    name: str,
    cells: CellEffects,
    design: Design,
    *,
    left_out: tuple[np.ndarray, np.ndarray] | None,
    conventions: tuple[Convention, ...] = (),
    based: bool = True,
) -> Estimated:
    """Estimated from effects by group and month: all of `design.aggregates`, with Callaway and Sant'Anna's weights.

    So that estimators answer the same question and differ only in how effects are found. `left_out`: effects (G, K)
    and shares of the groups (G, G') without each office. `based`: whether a month is subtracted; its column is missing
    otherwise.
    """
    found = cells.group_time
    listed = parameters(found, design, cells=cells)
    table = (
        listed.table if based else listed.table.assign(base=pd.NA, base_event_time=pd.NA).astype(listed.table.dtypes)
    )
    return Estimated(
        name=name,
        design=design,
        table=table,
        offices=cells.arrays.offices,
        weights=effect_weights(found.table, simple_weights(cells)),
        left_out=None if left_out is None else listed.of_sample(*left_out),
        sums=listed.influence(found),
        ledger=cells.ledger,
        omitted=cells.plan.omitted,
        conventions=conventions,
    )


def held_shares(arrays: CellArrays) -> np.ndarray:
    """Shares of the groups (O, G) without each office in turn: those of all offices, but for groups that are gone.

    For estimators whose weights are given with the adoption months: new shares each time would count the difference
    between groups as uncertainty, and make intervals of precise estimators far too wide.
    """
    own = arrays.sizes[:, arrays.cohorts < NEVER]
    there = own > 0
    return shares_of(np.where(there.sum(axis=0) - there > 0, own.sum(axis=0), 0.0))


def simple_weights(cells: CellEffects) -> np.ndarray:
    """What each effect (K,) weighs in the simple average: its group's share, from adoption on."""
    table = cells.group_time.table
    share = table["group"].map(cells.group_time.groups).to_numpy(dtype="float64")
    weight = np.where(table["event_time"] >= 0, share, 0.0)
    return weight / weight.sum()


def effect_weights(table: pd.DataFrame, weight: np.ndarray) -> pd.DataFrame:
    """WEIGHTS of the effects of `table` (group, month), without those that weigh nothing."""
    made = pd.DataFrame({"group": table["group"], "month": table["month"], "weight": weight, "kind": EFFECT})
    return made[made["weight"] != 0].reset_index(drop=True)


def with_untreated(weights: pd.DataFrame, arrays: CellArrays, pull: np.ndarray) -> pd.DataFrame:
    """Weights with those of the mean outcomes of untreated months (C, T) beside, without zeros; never is missing."""
    c, t = np.nonzero(pull)
    group = pd.array(arrays.cohorts[c], dtype="Int64")
    group[arrays.cohorts[c] == NEVER] = pd.NA
    made = pd.DataFrame({"group": group, "month": arrays.months[t], "weight": pull[c, t], "kind": UNTREATED})
    return pd.concat([weights.astype({"group": "Int64"}), made[list(WEIGHTS)]], ignore_index=True)
