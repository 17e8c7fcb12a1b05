"""How one treated unit is fitted by donors: weights from the months before, and whether the fit can be used."""

from dataclasses import dataclass, replace

import numpy as np

from analysis.staggered.block_averages import Block, before_of
from analysis.staggered.design import Design
from analysis.staggered.simplex import simplex_weights
from analysis.staggered.unit_panel import FEWEST_DONORS, UnitPanel, spread

# Why a unit has no estimate.
POOR_FIT, SHORT, FEW_DONORS = "poor_pre_fit", "too_few_months_before", "too_few_donors"
# With fewer months before, weights fit whatever there is and the fit tells nothing.
FEWEST_BEFORE = 6
# Largest RMSPE before adoption, in standard deviations between units in the same month: the rule for balance after
# matching (Stuart 2010, Statistical Science 25(1)).
GATE = 0.25


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How synthetic controls are made.

    intercept: the unit may lie a constant above or below its synthetic control. gate: see GATE. neighbours: whether
    offices of the same county may be donors. by_persons: treated units weigh by their persons in averages, else alike.
    covariates (U, K): characteristics of units to be matched beside the outcomes before, all of them together
    `covariate_weight` times as much as all months together. limit, draws, seed: placebo units are enumerated up to
    `limit` sets, else `draws` are drawn; refits: the same for synthetic difference-in-differences, which fits each set
    anew. randomised: adoption was drawn by lot.
    """

    intercept: bool = False
    gate: float = GATE
    neighbours: bool = True
    by_persons: bool = False
    covariates: np.ndarray | None = None
    covariate_weight: float = 1.0
    limit: int = 10_000
    draws: int = 1_999
    refits: int = 400
    seed: int = 0
    randomised: bool = False


@dataclass(frozen=True)
class UnitFit:
    """One treated unit: its block, None where nothing could be fitted, and whether the fit is usable."""

    panel: UnitPanel
    unit: int
    group: int
    before: np.ndarray
    donors: np.ndarray
    block: Block | None
    unique: bool
    reason: str

    @classmethod
    def of(cls, panel: UnitPanel, unit: int, design: Design, choices: Choices, without: int | None = None) -> "UnitFit":
        """The fit of a unit of `panel`, leaving out the donor `without`."""
        group = int(panel.adoption[unit])
        before = before_of(panel.months, group, design)
        donors = panel.donors(unit, neighbours=choices.neighbours)
        donors = donors[donors != without]
        reason = SHORT if before.sum() < FEWEST_BEFORE else FEW_DONORS if len(donors) < FEWEST_DONORS else ""
        if reason:
            return cls(panel, unit, group, before, donors, None, False, reason)
        block, unique = _block(panel, unit, group, before, donors, choices)
        found = cls(panel, unit, group, before, donors, block, unique, "")
        # Not `>`: where units do not differ at all, a perfect fit is no fit either.
        good = found.rmspe_before <= choices.gate * found.spread and found.spread > 0
        return found if good else replace(found, reason=POOR_FIT)

    @property
    def rmspe_before(self) -> float:
        return rms(self.block.gap[self.before])

    @property
    def rmspe_after(self) -> float:
        return rms(self.block.gap[self.panel.months >= self.group])

    @property
    def spread(self) -> float:
        return spread(self.panel.y[np.append(self.unit, self.donors)][:, self.before])

    def row(self) -> dict:
        known = {"unit": self.panel.names[self.unit], "group": self.group, "months": int(self.before.sum())}
        known |= {"donors": len(self.donors), "spread": self.spread, "unique": self.unique, "reason": self.reason}
        if self.block is None:
            return known | dict.fromkeys(("rmspe_before", "rmspe_after", "ratio"), np.nan)
        ratio = ratio_of(self.rmspe_after, self.rmspe_before)
        return known | {"rmspe_before": self.rmspe_before, "rmspe_after": self.rmspe_after, "ratio": ratio}


def _block(
    panel: UnitPanel, unit: int, group: int, before: np.ndarray, donors: np.ndarray, choices: Choices
) -> tuple[Block, bool]:
    own, others = panel.y[unit], panel.y[donors]
    shift = own[before].mean() if choices.intercept else 0.0
    shifts = others[:, before].mean(axis=1) if choices.intercept else np.zeros(len(donors))
    columns, target, importance = (others[:, before] - shifts[:, None]).T, own[before] - shift, None
    if choices.covariates is not None:
        columns, target, importance = _with_covariates(columns, target, panel, unit, donors, choices)
    found = simplex_weights(columns, target, importance=importance)
    synthetic = shift + found.weights @ (others - shifts[:, None])
    size = float(panel.n[unit].mean()) if choices.by_persons else 1.0
    return Block(np.array([unit]), group, donors, found.weights, own, synthetic, size), found.unique


def _with_covariates(
    columns: np.ndarray, target: np.ndarray, panel: UnitPanel, unit: int, donors: np.ndarray, choices: Choices
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the months and of the covariates, and V: 1/(T·s²) for a month, κ/(K·s_k²) for a covariate.

    s² is the variance between the units of what is matched: over all months together, and of each covariate.
    """
    x = np.asarray(choices.covariates, dtype="float64")
    if x.shape[0] != len(panel.names) or not np.isfinite(x).all():
        raise ValueError("covariates must be finite, with a row for each unit of the panel")
    used = np.append(unit, donors)
    outcome = spread(np.column_stack([target, columns]).T) ** 2
    variance = x[used].var(axis=0, ddof=1)
    varies = variance > 0
    months = np.full(len(target), 1 / (len(target) * outcome) if outcome > 0 else 0.0)
    matched = choices.covariate_weight / (max(1, int(varies.sum())) * variance[varies])
    rows = np.vstack([columns, x[donors][:, varies].T])
    return rows, np.append(target, x[unit, varies]), np.append(months, matched)


def ratio_of(after, before):
    """after/before; 0 where both are 0, infinite where only `before` is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.equal(after, 0) & np.equal(before, 0), 0.0, np.divide(after, before))[()]


def rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))
