"""Rows of the negative controls: what the cohort's own estimator finds where there is nothing to find.

Each control of the card is estimated as the main outcome is, at the main horizon; or at times before the start, half a
year apart, where nothing had happened. The rows have the term `negative_control` and the main inference alone.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_controls import NegativeControl
from analysis.cards import Card, Outcomes
from analysis.did_rows import not_estimated, numbers_of, row_of
from analysis.event_values import PLACEBO_SHARE, PLACEBO_STEP, EventValues
from analysis.matched_effects import Sample, effects
from analysis.problems import ProblemsFound
from analysis.tables import NEGATIVE_CONTROL, control_spec

Rows = Iterator[dict[str, Any]]


def with_controls(card: Card) -> list[tuple[NegativeControl, Card]]:
    """Each control of the card, with the card that has it as its only outcome: what is estimated of it is then what is
    estimated of a main outcome."""
    return [
        (control, card.model_copy(update={"outcomes": Outcomes(primary=control.outcome), "negative_controls": []}))
        for control in card.negative_controls
    ]


def named(control: NegativeControl, time: int | None = None) -> dict[str, Any]:
    """What distinguishes a control's row; `time` is months from the start for those before it."""
    told = {} if time is None else {"event_time": time, "horizon_months": 0}
    return {
        "outcome": control.outcome,
        "term": NEGATIVE_CONTROL,
        "role": "sensitivity",
        "spec": control_spec(control.outcome, time),
        **told,
    }


def reason_of(error: ProblemsFound) -> str:
    """Why a control has no number."""
    return "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems)


def matched_controls(card: Card, values: EventValues, sample: Sample) -> Rows:
    """The change from the base to the main horizon, or from an earlier time to the base, in the main matched sample."""
    for control in card.negative_controls:
        outcome, horizon = control.outcome, card.horizons[0]
        if control.period == "after":
            after = values.at(sample.people, outcome, horizon)
            yield _matched(card, sample, control, values.change(sample.people, outcome, horizon), after)
            continue
        base = values.at(sample.people, outcome, values.base)
        for time in values.placebo_times(sample.used, outcome):
            yield _matched(card, sample, control, base - values.at(sample.people, outcome, time), base, time)


def _matched(
    card: Card, sample: Sample, control: NegativeControl, y: np.ndarray, after: np.ndarray, time: int | None = None
) -> dict[str, Any]:
    row = row_of(card, control.outcome, "matched_did_2x2", "sensitivity", "") | named(control, time)
    try:
        effect = next(effects(card, sample, y, after))
    except ProblemsFound as error:
        return not_estimated(row, reason_of(error))
    return {**row, **numbers_of(card, effect, sample.people[(sample.weight > 0) & np.isfinite(y)])}


def trial_controls(card: Card, months: pd.DataFrame, headline: Callable[[Card, int], dict[str, Any]]) -> Rows:
    """`headline(card, time)`: the row of the card's main outcome `time` months after the start, before it if negative.

    Before the start at times at which nine in ten are known.
    """
    for control, own in with_controls(card):
        after = control.period == "after"
        times = [card.horizons[0]] if after else _times_before(months, control.outcome)
        for time in times:
            yield headline(own, time) | named(control, None if after else time)


def _times_before(months: pd.DataFrame, outcome: str) -> list[int]:
    """Half years before the start at which the outcome is known of nine in ten, earliest first."""
    persons = months["person_id"].nunique()
    known = months.loc[months[outcome].notna() & months["event_time"].lt(0).fillna(False), "event_time"].value_counts()
    return sorted(int(t) for t, n in known.items() if -t % PLACEBO_STEP == 0 and n >= PLACEBO_SHARE * persons)


def staggered_controls(
    card: Card,
    after: Callable[[Card], Iterator[dict[str, Any]]],
    before: Callable[[Card], Iterator[dict[str, Any]]],
) -> Rows:
    """`after(card)`: rows of the overall average of the card's main outcome; `before(card)`: its effects by month
    before adoption, of which every sixth is taken, counted from the month that is subtracted."""
    last = -1 - card.staggered.anticipation
    for control, own in with_controls(card):
        if control.period == "after":
            yield from (row | named(control) for row in after(own))
            continue
        for row in before(own):
            time = int(row["event_time"])
            if time < last and (last - time) % PLACEBO_STEP == 0:
                yield row | named(control, time)
