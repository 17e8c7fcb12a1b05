"""The planned analysis beside the performed one, where the card was changed after the plan was locked."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from pydantic import ValidationError

from analysis.cards import Card
from analysis.intake import Delivery
from analysis.plan import deviations, planned_card
from analysis.problems import ProblemsFound
from analysis.results import estimates
from analysis.tables import DESCRIBES, NOT_A_CARD, OTHER_DELIVERY, PLANNED
from analysis.whole_run import made_tables

# Parts of the plan by which the delivery was read: what was read by others cannot be undone afterwards.
READING_KEYS = ("data_kind", "files", "registers", "municipality", "arms")


def planned_estimates(card: Card, lock: Mapping[str, Any], delivery: Delivery, **identity: str) -> pd.DataFrame:
    """The headline of the locked plan on today's delivery: ESTIMATES, `spec` planned, a row, or one with the reason
    why there is no estimate. `identity` holds cohort and run_id; `plan_hash` becomes the lock's.
    """
    common = {**identity, "plan_hash": lock["plan_hash"], "data_kind": card.data_kind}
    if set(deviations(card, dict(lock))) & set(READING_KEYS):
        return _not_run(card, OTHER_DELIVERY, common)
    try:
        planned = planned_card(card, dict(lock))
    except ValidationError:
        return _not_run(card, NOT_A_CARD, common)
    if planned.analysis == "describe":
        return _not_run(planned, DESCRIBES, common)
    try:
        table = made_tables(planned, delivery, **{**identity, "plan_hash": lock["plan_hash"]})["estimates"]
    except ProblemsFound as error:
        reason = "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems)
        return _not_run(planned, reason or error.heading, common)
    return table[table["role"] == "primary"].assign(spec=PLANNED, role="sensitivity").reset_index(drop=True)


def _not_run(card: Card, reason: str, common: dict[str, str]) -> pd.DataFrame:
    row = {
        "estimator": "none",
        "estimand": card.estimand.quantity,
        "outcome": card.outcomes.primary,
        "scale": card.estimand.scale,
        "spec": PLANNED,
        "role": "sensitivity",
        "status": "not_estimated",
        "reason": reason,
    }
    return estimates([row], **{"design": card.design, "conf_level": card.inference.level, **common})
