"""Reports of a plan that was changed after its lock, and of a blinded rehearsal: every turn of their text."""

from functools import cache

import pandas as pd
import stages

from analysis.report.material import Material
from analysis.results import estimates
from analysis.tables import DESCRIBES, NOT_A_CARD, OTHER_DELIVERY, PLANNED

CHANGE = {"date": "2026-11-21", "key": "matching", "reason": {"nb": "Kaliperen var for streng."}}
REASONS = (OTHER_DELIVERY, NOT_A_CARD, DESCRIBES, "matching: ingen av de behandlede fikk noen å sammenlignes med.")


def changed(planned: pd.DataFrame | None, *keys: str, told: bool = True) -> Material:
    """NSW under a card that has changed in `keys` since the lock, with `planned` beside it."""
    card = stages.changed(stages.card(stages.NSW), deviations=[CHANGE] if told else [])
    made = dict(stages.tables(stages.NSW))
    if planned is not None:
        made["planned"] = planned
    material = stages.material_of(stages.NSW, card, made)
    material.provenance.update(deviations=list(keys))
    return material


def planned_rows(outcome: str | None = None) -> pd.DataFrame:
    """The headline moved by a tenth, as the planned analysis; of another outcome if asked."""
    table = stages.estimates(stages.NSW)
    rows = table[table["role"] == "primary"]
    if outcome is not None:
        rows = table[(table["outcome"] == outcome) & (table["spec"] == "main")].head(1)
    return rows.assign(spec=PLANNED, role="sensitivity", estimate=rows["estimate"] + 0.1).reset_index(drop=True)


def not_run(reason: str) -> pd.DataFrame:
    row = stages.estimates(stages.NSW).query("role == 'primary'").iloc[0]
    kept = {name: row[name] for name in ("cohort", "data_kind", "design", "outcome", "scale", "estimand", "plan_hash")}
    return estimates([{**kept, "estimator": "none", "spec": PLANNED, "status": "not_estimated", "reason": reason}])


@cache
def blinded() -> Material:
    """NSW as a rehearsal words it."""
    material = stages.material_of(stages.NSW, stages.card(stages.NSW), dict(stages.tables(stages.NSW)))
    disclosure = material.provenance["disclosure"] | {"profile": "blindet"}
    material.provenance.update(blinded=True, run_id="blindet", plan_locked=None, disclosure=disclosure)
    return material


@cache
def turns() -> dict[str, Material]:
    found = {
        "changed with both numbers": changed(planned_rows(), "matching"),
        "changed in two parts": changed(planned_rows("annual_earnings_usd"), "matching", "horizons"),
        "changed and untold": changed(None, "matching", told=False),
        "blinded rehearsal": blinded(),
    }
    return found | {
        f"planned not run {number}": changed(not_run(why), "matching") for number, why in enumerate(REASONS)
    }
