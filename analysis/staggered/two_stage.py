"""Gardner's two stages: outcomes without what untreated months predict, regressed on the treatment."""

from dataclasses import replace

import numpy as np

from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.design import Design
from analysis.staggered.estimated import Convention, Estimated, of_group_time, with_untreated
from analysis.staggered.imputation import imputed_cells
from analysis.staggered.parameters import parameters

AUTHOR = Convention("cluster_gmm", 1.0, np.inf, "Gardner: two-step GMM, clustered, no factor, z")


def two_stage(arrays: CellArrays, design: Design, *, levels: str = "office") -> Estimated:
    """Averages of Gardner (2022), Two-stage differences in differences (arXiv 2207.05943), sections 3 and 4.

    First y = level + month on untreated cells, then what is left of y on indicators of treated cells: of all, of each
    event time, group, or month. Estimates are those of `imputation`. Influence of an office: its treated persons' rest
    around the coefficient, less what its untreated months move the first stage by (Newey and McFadden 1994, theorem
    6.1); residuals lie around the coefficient, not around the means of group and month as in `imputation`.
    Raises ProblemsFound when nothing can be imputed.
    """
    found = imputed_cells(arrays, design, levels=levels)
    options = {"conventions": (AUTHOR,), "based": False}
    made = of_group_time("two_stage", found.cells, design, left_out=found.left_out, **options)
    gradient = parameters(found.cells.group_time, design, cells=found.cells).by_effect
    around = (found.weight @ gradient.T) * made.table["estimate"].to_numpy()
    return replace(
        made,
        sums=found.spread @ gradient.T - around,
        weights=with_untreated(made.weights, found.cells.arrays, found.cell_weights),
    )
