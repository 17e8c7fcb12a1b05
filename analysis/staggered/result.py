"""The result of a staggered analysis: every estimate, what each office moves it by, and how sure it is."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.staggered.bootstrap import Bands, SignFlip, multiplier_bands, sign_flip
from analysis.staggered.cell_effects import CellEffects, leave_one_out
from analysis.staggered.design import Design
from analysis.staggered.group_time import GroupTime
from analysis.staggered.inference import (
    Uncertainty,
    cluster_sums,
    clustered,
    few_offices,
    few_treated_rule,
    independent,
    jackknife,
    stop_at_one_cluster,
    wald_p,
)
from analysis.staggered.parameters import ATT_GT, Parameters, aligned, parameters
from analysis.staggered.permutation import Permutation, permutation


@dataclass(frozen=True)
class StaggeredResult:
    """All that reports and reviewers need of one outcome; frozen; `result_json` writes and reads it.

    `table` (R rows): see `parameters`. `offices` (G,), `sums` (G, R): influence by office. `left_out` (G, R): the
    estimates without each office, None when they come from persons. `person_covariance` (R, R) with `n_persons`: with
    independent persons, None unless asked for. `ledger`, `omitted`: groups left out, and effects without comparison.
    `scale`: size of the outcome, beside which rounding is judged. `seed` of all that is drawn. `cluster_level`: what
    `offices` are, office or person.
    """

    outcome: str
    design: Design
    level: float
    scale: float
    table: pd.DataFrame
    offices: np.ndarray
    sums: np.ndarray
    left_out: np.ndarray | None
    person_covariance: np.ndarray | None
    n_persons: int | None
    ledger: pd.DataFrame
    omitted: pd.DataFrame
    permutation: Permutation | None
    sign_flip: SignFlip | None
    bands: Bands | None
    seed: int
    cluster_level: str = "office"

    @cached_property
    def headline(self) -> str:
        """Name of the inference to quote: the jackknife where there is one and offices are few, else clustered."""
        return "jackknife" if self.left_out is not None and self.few_offices else "cluster"

    @cached_property
    def few_offices(self) -> bool:
        """Whether there are few offices in all, or on either side of the average that has most."""
        sides = (self.table[f"n_offices_{side}"].astype("Float64").max() for side in ("treated", "comparison"))
        # Without the numbers, which persons alone do not give, offices in all decide.
        return few_offices(len(self.offices), *(np.inf if pd.isna(side) else float(side) for side in sides))

    def names(self) -> tuple[str, ...]:
        """Inferences there are, the headline first."""
        known = ["jackknife"] if self.left_out is not None else []
        known += ["cluster", "cluster_r_did"] + (["person"] if self.person_covariance is not None else [])
        return tuple(sorted(known, key=lambda name: name != self.headline))

    def uncertainty(self, name: str | None = None) -> Uncertainty:
        """Standard errors, intervals and full covariance under an inference of `names`; the headline by default.

        No asymptotic p-value rests on few treated offices, and no error by office on a single one.
        """
        found = self._asymptotic(name or self.headline)
        sides = ("n_offices_treated", "n_offices_comparison")
        offices = [self.table[side].astype("Float64").fillna(np.inf).to_numpy(dtype="float64") for side in sides]
        return few_treated_rule(found, *offices)

    def pretest(self, name: str | None = None) -> tuple[float, int]:
        """p-value and degrees of freedom of the joint test that no group-time effect before adoption differs from 0.

        F(q, G − 1), NaN with as many effects as offices; without small-sample corrections (cluster_r_did) χ²(q).
        """
        found = self._asymptotic(name or self.headline)
        before = self.table["event_time"] < -self.design.anticipation
        tested = ((self.table["term"] == ATT_GT) & before).to_numpy(dtype=bool) & np.isfinite(found.std_error)
        clusters = found.n_clusters if np.isfinite(found.df) else None
        covariance = found.covariance[np.ix_(tested, tested)]
        return wald_p(self.table["estimate"].to_numpy()[tested], covariance, n_clusters=clusters)

    def _asymptotic(self, name: str) -> Uncertainty:
        if name not in self.names():
            raise ValueError(f"no inference {name!r} here; there are {', '.join(self.names())}")
        estimate, options = self.table["estimate"].to_numpy(), {"level": self.level, "scale": self.scale}
        if name == "jackknife":
            return jackknife(estimate, self.left_out, **options)
        if name == "person":
            return independent(estimate, self.person_covariance, self.n_persons, **options)
        return clustered(estimate, self.sums, corrected=name == "cluster", cluster_level=self.cluster_level, **options)


def cell_result(
    cells: CellEffects,
    design: Design,
    *,
    outcome: str,
    seed: int,
    level: float = 0.95,
    randomised: bool = False,
    permute: bool = False,
    flip: bool = False,
    bands: bool = False,
    strata: np.ndarray | None = None,
    joint: np.ndarray | None = None,
    n_persons: int | None = None,
) -> StaggeredResult:
    """The result of effects from cells, with the jackknife; the rest when asked for.

    permute: adoption dates over offices, within `strata` (of `cells.arrays.offices`), called a placebo rank unless
    `randomised`. flip: sign flips. bands: multiplier bootstrap. `joint`: covariance of effects and shares with
    independent persons (`moments.joint_covariance`), of `n_persons`.
    """
    listed = parameters(cells.group_time, design, cells=cells)
    found = _result(cells.group_time, listed, design, outcome, seed, level, flip=flip, bands=bands)
    means = cells.group_time.table["treated_mean"].abs().max()
    drawn = (
        permutation(cells.arrays, cells.plan, listed.of_sample, randomised=randomised, seed=seed, strata=strata)
        if permute
        else None
    )
    return dataclasses.replace(
        found,
        scale=float(means),
        left_out=listed.of_sample(*leave_one_out(cells.arrays, cells.plan)),
        person_covariance=None if joint is None else listed.covariance(joint),
        n_persons=n_persons,
        ledger=cells.ledger,
        omitted=cells.plan.omitted,
        permutation=drawn,
    )


def person_result(
    found: GroupTime,
    design: Design,
    *,
    outcome: str,
    seed: int,
    level: float = 0.95,
    flip: bool = False,
    bands: bool = False,
    cells: CellEffects | None = None,
    left_out: Sequence[GroupTime] | None = None,
    ledger: pd.DataFrame | None = None,
    omitted: pd.DataFrame | None = None,
    cluster_level: str = "office",
) -> StaggeredResult:
    """The result of effects from persons, clustered by `found.clusters`, which are offices unless `cluster_level` says.

    Where influence is by person within offices, independent persons stand beside. `cells` of the same effects give the
    numbers of offices. `left_out`: the effects without each office in turn, for the jackknife.
    """
    listed = parameters(found, design, cells=cells)
    influence = listed.influence(found)
    made = _result(found, listed, design, outcome, seed, level, flip=flip, bands=bands)
    left = None if left_out is None else np.vstack([listed.of_sample(*aligned(found, other)) for other in left_out])
    if left is not None and len(left) != len(made.offices):
        raise ValueError("there must be one sample without each office")
    within = len(found.units) > len(made.offices)
    return dataclasses.replace(
        made,
        left_out=left,
        person_covariance=influence.T @ influence if within else None,
        n_persons=len(found.units) if within else None,
        ledger=made.ledger if ledger is None else ledger,
        omitted=made.omitted if omitted is None else omitted,
        cluster_level=cluster_level,
    )


def _result(
    found: GroupTime,
    listed: Parameters,
    design: Design,
    outcome: str,
    seed: int,
    level: float,
    *,
    flip: bool,
    bands: bool,
) -> StaggeredResult:
    sums = cluster_sums(listed.influence(found), found.clusters)
    stop_at_one_cluster(len(sums))
    estimate = listed.table["estimate"].to_numpy()
    nothing = pd.DataFrame(columns=["reason", "group", "persons", "offices"])
    return StaggeredResult(
        outcome=outcome,
        design=design,
        level=level,
        scale=float(np.nanmax(np.abs(estimate), initial=0.0)),
        table=listed.table,
        offices=np.unique(np.asarray(found.clusters)),
        sums=sums,
        left_out=None,
        person_covariance=None,
        n_persons=None,
        ledger=nothing,
        omitted=pd.DataFrame(columns=["group", "month", "reason"]),
        permutation=None,
        sign_flip=sign_flip(estimate, sums, seed=seed) if flip else None,
        bands=_bands(listed, sums, seed, level) if bands else None,
        seed=seed,
    )


def _bands(listed: Parameters, sums: np.ndarray, seed: int, level: float) -> Bands:
    """Bands that hold for all estimates of a term together."""
    families = listed.table["term"].to_numpy(dtype=object).astype(str)
    return multiplier_bands(listed.table["estimate"].to_numpy(), sums, seed=seed, families=families, level=level)
