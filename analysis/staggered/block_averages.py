"""Averages over blocks: each block is a treated unit, or the units that adopted in one month, with its gaps by month.

Estimates are linear in the gaps, so one array serves the estimate, placebos, and samples with a unit left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.staggered.design import Design
from analysis.staggered.estimated import effect_weights
from analysis.staggered.parameters import COUNTS
from analysis.staggered.unit_panel import UnitPanel


@dataclass(frozen=True)
class Block:
    """Units (indices) that adopted in month `group`, what `donors` (indices) weigh for them, and paths by month.

    `weights` (J,) add up to 1. `observed` and `synthetic` (T,), their difference being the gap. `size`: what the block
    weighs among the treated.
    """

    units: np.ndarray
    group: int
    donors: np.ndarray
    weights: np.ndarray
    observed: np.ndarray
    synthetic: np.ndarray
    size: float

    @property
    def gap(self) -> np.ndarray:
        """Observed less synthetic (T,)."""
        return self.observed - self.synthetic


@dataclass(frozen=True)
class Averages:
    """`table`: term (simple, group, dynamic), group, event_time of each average (R); `weights` (R, B, T) of the gaps of
    blocks in months, adding up to 1 in each row."""

    table: pd.DataFrame
    weights: np.ndarray

    def of(self, gaps: np.ndarray) -> np.ndarray:
        """Averages (…, R) of gaps (…, B, T)."""
        return np.einsum("rbt,...bt->...r", self.weights, gaps)

    def resized(self, sizes: Sequence[float]) -> "Averages":
        """The same averages of blocks that weigh `sizes` (B,)."""
        return replace(self, weights=_weights(self.weights > 0, sizes))


def block_averages(groups: Sequence[int], sizes: Sequence[float], months: np.ndarray) -> Averages:
    """Averages of blocks that adopted in `groups` (B,) and weigh `sizes` (B,) over `months` (T,).

    simple: all months from adoption on of all blocks, by size. group: the months of those who adopted then. dynamic: at
    each number of months since adoption, the blocks that are seen then, by size. Size 0 takes a block out; an average
    without blocks is NaN.
    """
    groups = np.asarray(groups)
    event = months - groups[:, None]
    after = event >= 0
    rows = [("simple", None, None, after)]
    rows += [("group", g, None, after & (groups == g)[:, None]) for g in np.unique(groups)]
    rows += [("dynamic", None, e, event == e) for e in range(int(event.max()) + 1)]
    weights = _weights(np.stack([used for *_, used in rows]), sizes)
    table = pd.DataFrame([row[:3] for row in rows], columns=["term", "group", "event_time"])
    return Averages(table.astype({"group": "Int64", "event_time": "Int64"}), weights)


def _weights(used: np.ndarray, sizes: Sequence[float]) -> np.ndarray:
    """Weights (R, B, T) of the gaps that are `used`, by size of the block."""
    weights = used * np.asarray(sizes, dtype="float64")[:, None]
    with np.errstate(invalid="ignore"):
        return weights / weights.sum(axis=(1, 2), keepdims=True)


def averages_of(blocks: Sequence[Block], months: np.ndarray) -> Averages:
    """The averages of `blocks` with their sizes."""
    return block_averages([block.group for block in blocks], [block.size for block in blocks], months)


def estimate_table(blocks: Sequence[Block], made: Averages, panel: UnitPanel) -> pd.DataFrame:
    """The table of an `Estimated`: estimates, the synthetic mean as `base_rate`, and COUNTS of persons and units."""
    gaps, level = (np.array([getattr(block, name) for block in blocks]) for name in ("gap", "synthetic"))
    persons = panel.n.max(axis=1)
    counts = []
    for used in (made.weights > 0).any(axis=2):
        treated = _joined(block.units for block, here in zip(blocks, used, strict=True) if here)
        donors = _joined(block.donors for block, here in zip(blocks, used, strict=True) if here)
        counts.append((int(persons[treated].sum()), int(persons[donors].sum()), len(treated), len(donors)))
    table = made.table.assign(estimate=made.of(gaps), base_rate=made.of(level))
    table[list(COUNTS)] = pd.DataFrame(counts, columns=list(COUNTS)).astype("Int64")
    return table


def weight_table(
    blocks: Sequence[Block], made: Averages, panel: UnitPanel, months: pd.DataFrame | None = None
) -> pd.DataFrame:
    """WEIGHTS of an `Estimated`: of the effect of each group and month in the simple average (kind effect), of each
    donor in the group's synthetic control (kind `donor` and its name), and `months` (group, month, weight, kind)."""
    listed, parts = made.weights[0], []
    groups = np.array([block.group for block in blocks])
    for group in np.unique(groups):
        rows = pd.DataFrame({"group": int(group), "month": panel.months})
        parts.append(effect_weights(rows, listed[groups == group].sum(axis=0)))
    effects = pd.concat(parts, ignore_index=True)
    donors = donor_weights(blocks, panel)
    by_group = donors.groupby(["group", "donor"], sort=True)["part"].sum().reset_index()
    own = pd.DataFrame({"group": by_group["group"], "month": pd.NA, "weight": by_group["part"]})
    own = own.assign(kind="donor " + by_group["donor"].astype(str))
    tables = [effects, own] if months is None else [effects, own, months]
    return pd.concat([part.astype({"group": "Int64", "month": "Int64"}) for part in tables], ignore_index=True)


def donor_weights(blocks: Sequence[Block], panel: UnitPanel) -> pd.DataFrame:
    """unit, group, donor, weight of every donor above 0, the heaviest first; `part`: weight by the block's size."""
    total = {group: sum(b.size for b in blocks if b.group == group) for group in {b.group for b in blocks}}
    rows = [
        (block_name(block, panel), block.group, panel.names[d], w, w * block.size / total[block.group])
        for block in blocks
        for d, w in sorted(zip(block.donors, block.weights, strict=True), key=lambda pair: (-pair[1], pair[0]))
        if w > 0
    ]
    return pd.DataFrame(rows, columns=["unit", "group", "donor", "weight", "part"])


def path_table(blocks: Sequence[Block], panel: UnitPanel) -> pd.DataFrame:
    """unit, group, month, observed, synthetic, gap: the paths to draw."""
    parts = [
        pd.DataFrame(
            {
                "unit": block_name(block, panel),
                "group": block.group,
                "month": panel.months,
                "observed": block.observed,
                "synthetic": block.synthetic,
                "gap": block.gap,
            }
        )
        for block in blocks
    ]
    return pd.concat(parts, ignore_index=True)


def block_name(block: Block, panel: UnitPanel) -> str:
    """The units of the block, by name."""
    return ", ".join(panel.names[block.units].tolist())


def before_of(months: np.ndarray, group: int, design: Design) -> np.ndarray:
    """Mask (T,) of the months that nothing can have happened in."""
    return months < group - design.anticipation


def _joined(parts) -> np.ndarray:
    parts = list(parts)
    return np.unique(np.concatenate(parts)) if parts else np.array([], dtype=np.int64)
