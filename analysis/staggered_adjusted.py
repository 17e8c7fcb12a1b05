"""The main result of staggered adoption with the card's covariates, from persons and not from cells."""

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.office_cells import design_of, is_panel
from analysis.plan import seed_of
from analysis.staggered.person_effects import person_effects
from analysis.staggered.persons import Roles
from analysis.staggered.result import StaggeredResult, person_result


def adjusted_result(card: Card, people: pd.DataFrame, *, few_offices: bool) -> StaggeredResult:
    """Effects of `people` (a row per person, or per person and month of a panel) by the card's method and formula.

    `few_offices`: the jackknife too, which reckons everything anew without each office. Raises ProblemsFound as
    `person_effects`.
    """
    chosen, outcome, design = card.staggered, card.outcomes.primary, design_of(card)
    person = "person_id" if is_panel(card) else None
    roles = Roles(outcome=outcome, person=person, cluster="office_id", covariates=chosen.formula)

    def effects(frame: pd.DataFrame):
        return person_effects(frame, design, roles, method=chosen.method)

    found = effects(people)
    used = sorted(set(people["office_id"]) & set(np.unique(found.group_time.clusters).tolist()))
    left_out = [effects(people[people["office_id"] != office]).group_time for office in (used if few_offices else [])]
    return person_result(
        found.group_time,
        design,
        outcome=outcome,
        seed=seed_of(card),
        level=card.inference.level,
        bands=chosen.bands,
        left_out=left_out or None,
        ledger=found.ledger,
        omitted=found.plan.omitted,
    )
