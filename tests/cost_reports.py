"""Reports with assumptions on cost: every sentence on what it costs is reached by one of these."""

from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import stages
from made import Made

from analysis.card_cost import Cost
from analysis.cards import Card
from analysis.cost_table import cost_table
from analysis.report.material import Material

TURNING = {"value": 15_000, "low": 0, "high": 20_000, "certainty": "assumed"}
ONLY_COSTS = dict.fromkeys(("work_month", "tax_share", "benefit_month", "effect_months", "half_life"))


def stated(**values: Any) -> dict[str, Any]:
    """The assumptions of HPMT with other values, None for a key that is left out, or a whole assumption."""
    found = stages.card(stages.HPMT).cost.model_dump(mode="json")
    for name, value in values.items():
        whole = value is None or isinstance(value, dict)
        found[name] = value if whole else {"value": value, "certainty": "assumed"}
    return found


def effect(estimate: float, low: float, high: float, *, outcome: str = "in_paid_work") -> pd.DataFrame:
    """One estimate, the headline: a difference in the share in work."""
    rows = stages.estimates(stages.HPMT).query("role == 'primary'").assign(outcome=outcome, status="estimated")
    return rows.assign(estimate=estimate, conf_low=low, conf_high=high)


def table(estimates: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The table of costs of HPMT with other estimates and other assumptions."""
    return cost_table(priced(stages.card(stages.HPMT), **values), estimates)


def priced(card: Card, **values: Any) -> Card:
    """A card with these assumptions."""
    return card.model_copy(update={"cost": Cost.model_validate(stated(**values))})


def material(cohort: str, estimates: pd.DataFrame | None = None, **values: Any) -> Material:
    """A shipped cohort with the assumptions of HPMT; its costs are reckoned from other `estimates` where given."""
    ground = stages.material(cohort)
    card = priced(ground.card, **values)
    costs = cost_table(card, ground.estimates if estimates is None else estimates)
    words = {**ground.translations, **stages.material(stages.HPMT).translations}
    return replace(ground, card=card, tables={**ground.tables, "cost": costs}, translations=words)


def trusted(ground: Material) -> Material:
    """The same with a grade that lets a difference be worded as what the intervention brings."""
    return replace(ground, grade={**ground.grade, "grade": "high", "verbs": "randomised"})


@cache
def turns() -> Made:
    """A name and a material for every turn of the text on cost."""
    up, down = effect(0.1, 0.05, 0.15), effect(-0.1, -0.15, -0.05)
    found = {
        "clear": lambda: material(stages.HPMT, up),
        "clear and short": lambda: material(stages.HPMT, up, other_treated=100, effect_months=1, half_life=0.5),
        "against": lambda: material(stages.HPMT, down),
        "cheaper": lambda: material(stages.HPMT, caseload_treated=100),
        "cheaper at one end": lambda: material(stages.HPMT, up, other_treated=TURNING),
        "the same": lambda: material(stages.HPMT, other_treated=0),
        "only costs": lambda: material(stages.HPMT, **ONLY_COSTS),
        "lasting": lambda: material(stages.HPMT, up, half_life=None),
        "another outcome": lambda: material(stages.MENTOR),
        "no comparison": lambda: material(stages.MENTOR, effect(0.1, 0.05, 0.15).assign(scale="share")),
        "no interval": lambda: material(stages.HPMT, effect(0.1, float("nan"), float("nan"))),
    }
    found["trusted"] = lambda: trusted(material(stages.HPMT, up))
    found["trusted and open"] = lambda: trusted(stages.material(stages.HPMT))
    return Made({f"cost: {name}": one for name, one in found.items()})
