"""Subgroupings for the cards of tests, and the made-up trial of twelve offices with some."""

from functools import cache
from typing import Any

import pandas as pd
import trial_reports

from analysis.card_subgroups import Subgroup
from analysis.cards import Card
from analysis.panel import Panel
from analysis.plan import analysis_part, plan_hash
from analysis.subgroups.estimate import estimate_subgroups


def subgroup(by: str = "woman", **changes: Any) -> Subgroup:
    """A subgrouping by a characteristic of 0 and 1; other keys if given."""
    groups = [{"id": "men", "label": "menn", "values": [0]}, {"id": "women", "label": "kvinner", "values": [1]}]
    whole = {"name": "sex", "label": "Kjønn", "by": by, "groups": groups, "reason": "Testen vil se."}
    return Subgroup.model_validate(whole | changes)


def ages(*cuts: float, **changes: Any) -> Subgroup:
    """A subgrouping by age at whole years: up to each cut, and above the last."""
    ends = [None, *cuts, None]
    groups = [
        {"id": f"g{place}", "label": f"aldersgruppe {place}"}
        | ({} if low is None else {"at_least": low + 1})
        | ({} if high is None else {"at_most": high})
        for place, (low, high) in enumerate(zip(ends, ends[1:], strict=False))
    ]
    return subgroup("age", **{"name": "age", "label": "Alder", "groups": groups, **changes})


def with_subgroups(card: Card, *items: Subgroup, **changes: Any) -> Card:
    return card.model_copy(update={"subgroups": list(items), **changes})


def lock_of(card: Card) -> dict[str, Any]:
    """A lock of the card as it is."""
    return {"plan_hash": plan_hash(card), "locked": "2026-11-01", "version": "1.0", "plan": analysis_part(card)}


@cache
def panel() -> Panel:
    """The trial of twelve offices."""
    baseline, months = trial_reports.people()
    return Panel(months, baseline, trial_reports.steps())


def trial_table(card: Card, own: Panel | None = None, **options: Any) -> pd.DataFrame:
    """Subgroups of that trial under a card."""
    return estimate_subgroups(card, own or panel(), trial_reports.offices(), **options)
