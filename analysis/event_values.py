"""Outcomes of persons counted from their start: the same words for a common month and for starts of their own."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.months import month_number, month_text
from analysis.outcomes import load_outcomes
from analysis.panel import Panel, common_start

# Months between the times before the base that are tried as placebos, and the share of persons they must cover.
PLACEBO_STEP = 6
PLACEBO_SHARE = 0.9


@dataclass(frozen=True)
class EventValues:
    """`base`: the event time that changes are counted from. `values`: by outcome and event time, the outcome of each
    person, indexed by person_id and missing where it is not known. `start`: the common month zero, None if there is
    none."""

    base: int
    values: Mapping[tuple[str, int], pd.Series]
    start: int | None

    def at(self, people: pd.DataFrame, outcome: str, event_time: int) -> np.ndarray:
        """The outcome of each of `people` at an event time (n,), NaN where it is not known."""
        found = self.values.get((outcome, event_time))
        if found is None:
            return np.full(len(people), np.nan)
        return found.reindex(people["person_id"]).to_numpy(dtype="float64", na_value=np.nan)

    def change(self, people: pd.DataFrame, outcome: str, horizon: int) -> np.ndarray:
        """Change in the outcome from the base to `horizon` (n,)."""
        return self.at(people, outcome, horizon) - self.at(people, outcome, self.base)

    def placebo_times(self, people: pd.DataFrame, outcome: str) -> list[int]:
        """Event times before the base, six months apart, at which nine in ten of `people` are known; earliest first."""
        earlier = [time for name, time in self.values if name == outcome and time < self.base]
        return sorted(t for t in earlier if np.isfinite(self.at(people, outcome, t)).mean() >= PLACEBO_SHARE)

    def name_of(self, event_time: int) -> str:
        """The month of an event time, or the event time itself where everybody has a month of their own."""
        return str(event_time) if self.start is None else month_text(self.start + event_time)


def event_values(card: Card, panel: Panel) -> EventValues:
    """Outcomes and negative controls of the card at the base, each horizon, and times half years before the base."""
    start = None if card.base_month is None else common_start(panel.baseline)
    base = card.base_period if start is None else month_number(card.base_month) - start
    times = panel.months["event_time"].dropna()
    earliest = int(times.min()) if len(times) else base
    wanted = {base, *card.horizons, *range(base - PLACEBO_STEP, earliest - 1, -PLACEBO_STEP)}
    values: dict[tuple[str, int], pd.Series] = {}
    for time in sorted(wanted):
        rows = panel.months[(panel.months["event_time"] == time).fillna(False).to_numpy(bool)].set_index("person_id")
        for outcome in card.measured_names():
            if rows[outcome].notna().any():
                values[outcome, time] = rows[outcome]
    for outcome in card.outcome_names():
        if reported_once(outcome):
            known = panel.months[panel.months[outcome].notna()].drop_duplicates("person_id").set_index("person_id")
            values |= {(outcome, time): known[outcome] for time in card.horizons}
    return EventValues(base, values, start)


def reported_once(outcome: str) -> bool:
    """Whether the outcome was told once, of all the time so far, so that it has no time of its own."""
    told = load_outcomes()[outcome]
    return told.timing == "ever" and told.rule is None


def has_a_change(outcome: str) -> bool:
    """Whether the outcome has a value before the start; what is counted since the start has none."""
    return load_outcomes()[outcome].timing == "point"
