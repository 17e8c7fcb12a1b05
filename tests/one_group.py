"""One group without a comparison of its own, published and delivered, under cards and checks that turn its words."""

from functools import cache

import matched_starts
import stages
from made import Made

from analysis.report.material import Material

LENIENT = {"smd_limit": 9.0, "lost_treated_limit": 1.0, "outside_support_limit": 1.0, "ess_floor": 1.0}
WORK = matched_starts.WORK


@cache
def delivered(*, passes: bool, sign: int = 1) -> Material:
    """A matched group whose comparison passes its gate or not, with the main difference as it is or turned round."""
    changes = {f"checks__{name}": value for name, value in LENIENT.items()} if passes else {"checks__smd_limit": 0.001}
    found = matched_starts.material(design="single_arm", sensitivity=[], **changes)
    rows = found.estimates.query("role == 'primary'").index
    bounds = found.estimates.loc[rows, ["estimate", "conf_low", "conf_high"]] * sign
    found.estimates.loc[rows, "estimate"] = bounds["estimate"]
    found.estimates.loc[rows, ["conf_low", "conf_high"]] = bounds[["conf_low", "conf_high"][::sign]].to_numpy()
    return found


@cache
def alone() -> Material:
    """The mentor cohort with no published shares beside it, and a prior of its own."""
    prior = {"with_outcome": 2, "without_outcome": 3}
    card = stages.changed(stages.card(stages.MENTOR), published__single_arm={"benchmarks": [], "prior": prior})
    return stages.published_material(card, stages.figures(stages.MENTOR))


def turns() -> Made:
    """A name and a material for every turn."""
    return Made(
        {
            "one group, checked": lambda: delivered(passes=True),
            "one group, up": lambda: delivered(passes=False),
            "one group, down": lambda: delivered(passes=False, sign=-1),
            "one group, nothing beside it": alone,
        }
    )
