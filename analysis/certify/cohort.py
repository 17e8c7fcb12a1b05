"""From a cohort's delivery to its certificate: which module simulates its design."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.certify import matched, persons_trial, staggered, staggered_persons, trial
from analysis.certify.certificate import Certificate, certificate, not_made, one_at_a_time
from analysis.event_values import event_values
from analysis.panel import Panel
from analysis.problems import Problem, ProblemsFound
from analysis.staggered_analysis import source_of


def certified(
    card: Card, cohort: str, panel: Panel, offices: pd.DataFrame, aggregates: pd.DataFrame, *, draws: int | None = None
) -> Certificate:
    """The certificate of a cohort's plan; one that says why, for a design or an outcome without a simulation."""
    try:
        study, made, repeats = _study(card, panel, offices, aggregates)
        return certificate(card, cohort, partial(study, card, made), made.told(), draws=draws, repeats=repeats)
    except ProblemsFound as error:
        return not_made(card, cohort, error)


def _study(
    card: Card, panel: Panel, offices: pd.DataFrame, aggregates: pd.DataFrame
) -> tuple[Callable[..., Any], Any, int]:
    """The study of the card's design, what it draws from, and how many outcomes it draws for the same persons."""
    tables = (panel.baseline, panel.months)
    if card.trial is not None and card.assignment.unit == "office":
        return _tried(trial.study), trial.structure(card, *tables, offices), 1
    if card.trial is not None:
        return _tried(persons_trial.study), persons_trial.structure(card, *tables), 1
    if card.staggered is not None:
        staggered.stop_unless_headline(card)
        if staggered_persons.needs_persons(card):
            return _tried(staggered_persons.study), staggered_persons.structure(card, *tables, offices), 1
        source = source_of(card, *tables, aggregates, offices)
        return _tried(staggered.study), staggered.structure(card, source), 1
    if card.matching is not None:
        made = matched.structure(card, panel.baseline, event_values(card, panel), offices)
        return matched.study, made, matched.REPEATS
    raise ProblemsFound("Planen kan ikke prøves:", [Problem("design", "simulering finnes ikke for dette designet.")])


def _tried(study: Callable) -> Callable:
    return lambda card, made, effects, rng: one_at_a_time(partial(study, card, made))(effects, rng)
