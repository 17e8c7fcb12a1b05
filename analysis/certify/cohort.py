"""From a cohort's delivery to its certificate: which module simulates its design."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.certify import matched, staggered, trial
from analysis.certify.certificate import Certificate, certificate
from analysis.event_values import event_values
from analysis.panel import Panel
from analysis.problems import Problem, ProblemsFound
from analysis.staggered_analysis import source_of

# A matched study is matched anew each time, which takes a second where a trial takes a hundredth.
MATCHED_DRAWS = 100


def certified(
    card: Card, cohort: str, panel: Panel, offices: pd.DataFrame, aggregates: pd.DataFrame, *, draws: int | None = None
) -> Certificate:
    """The certificate of a cohort's plan. Raises ProblemsFound for a design without a simulation."""
    if card.trial is not None and card.assignment.unit == "office":
        made = trial.structure(card, panel.baseline, panel.months, offices)
        return _tried(card, cohort, trial.study, made, draws)
    if card.staggered is not None:
        source = source_of(card, panel.baseline, panel.months, aggregates, offices)
        return _tried(card, cohort, staggered.study, staggered.structure(card, source), draws)
    if card.matching is not None:
        made = matched.structure(card, panel.baseline, event_values(card, panel), offices)
        return _tried(card, cohort, matched.study, made, draws or min(card.certify.draws, MATCHED_DRAWS))
    what = "simulering finnes for kontorer trukket ved lodd, trinnvis innføring og matching."
    raise ProblemsFound(f"Planen for {cohort} kan ikke prøves:", [Problem("design", what)])


def _tried(card: Card, cohort: str, study: Callable, made: Any, draws: int | None) -> Certificate:
    return certificate(card, cohort, partial(study, card, made), made.told(), draws=draws)
