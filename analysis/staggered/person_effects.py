"""Group-time effects from persons, with covariates, sampling weights, and persons who come and go."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.cross_sections import METHODS as SECTION_METHODS
from analysis.staggered.design import Design
from analysis.staggered.panel_effects import panel_effects
from analysis.staggered.person_plan import PersonEffects
from analysis.staggered.persons import HEADING, Roles, cross_sections, panel_persons
from analysis.staggered.section_effects import section_effects


def person_effects(frame: pd.DataFrame, design: Design, roles: Roles, *, method: str = "dr") -> PersonEffects:
    """ATT(g, t) from the person-months of `frame`, a row each.

    `method`: reg (outcome regression), ipw (inverse probability, Hajek), dr (doubly robust) or dr_improved (doubly
    robust with odds that balance; panels only). With `design.sampling` panel and `design.missing` drop_person, persons
    without an outcome in some month are left out and put in the ledger; with pairwise, those count whose outcome is
    known in both months of a change. `design.sampling` cross_section: the estimators for repeated cross-sections; with
    a column of persons, these may come and go, and are known again.
    """
    if design.sampling == "cross_section":
        _refuse_method(method)
        return section_effects(cross_sections(frame, roles, design.weight), design, method=method)
    if roles.person is None:
        raise ValueError("a panel needs a column of persons")
    if design.missing == "pairwise":
        persons = panel_persons(frame[frame[roles.outcome].notna()], roles, design.weight, gaps=True)
        return panel_effects(persons, design, method=method)
    whole = complete_rows(frame, roles)
    kept = frame if whole.all() else frame[whole]
    if kept.empty:
        stop_if_any(HEADING, [_nobody_complete()])
    found = panel_effects(panel_persons(kept, roles, design.weight), design, method=method)
    return found if whole.all() else _with_dropped(found, frame.loc[~whole, roles.person].nunique())


def complete_rows(frame: pd.DataFrame, roles: Roles) -> np.ndarray:
    """Whether each row (n,) belongs to a person who has an outcome in every month of the frame."""
    person, labels = pd.factorize(frame[roles.person])
    observed = frame[roles.outcome].notna().to_numpy()
    months = frame[roles.month].nunique()
    return (np.bincount(person, weights=observed, minlength=len(labels)) >= months)[person]


def _with_dropped(found: PersonEffects, persons: int) -> PersonEffects:
    row = pd.DataFrame({"reason": ["missing_outcome"], "group": [pd.NA], "persons": [persons]})
    ledger = pd.concat([row.astype(object), found.ledger.astype(object)], ignore_index=True)
    return replace(found, ledger=ledger.astype({"group": "Int64", "persons": "int64"}))


def _refuse_method(method: str) -> None:
    if method == "dr_improved":
        what = "«dr_improved» gjelder ikke for gjentatte tverrsnitt."
        stop_if_any(HEADING, [Problem("metoden", what, f"Velg blant {', '.join(SECTION_METHODS)}.")])


def _nobody_complete() -> Problem:
    mend = "Velg «pairwise» for manglende utfall, eller avgrens perioden."
    return Problem("utvalget", "ingen personer har utfallet i alle måneder.", mend)
