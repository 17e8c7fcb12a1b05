"""The person-month panel, what each person looked like at time zero, and who could be followed.

Outcomes with a rule come from the spells of the registers, the others from columns of the delivery. A month in which an
outcome was not measured, or in which the person was no longer followed, is missing and never zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.attrition import attrition_rows
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_trial import TRIAL_DESIGNS
from analysis.cards import Card, History, Register
from analysis.intake import Delivery
from analysis.intervals import Window
from analysis.months import month_number
from analysis.outcomes import load_outcomes, rules_of, sources, with_derived
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.spell_baseline import BaselineSpec, Covariate, DaysBefore, MonthsBefore, OnTheDay, spell_baseline
from analysis.spell_rules import AmountAboveG, Rule, needed_types, read_spells
from analysis.spells import PanelSpec, panel_chunks

HEADING = "Panelet kan ikke bygges."
# Persons whose spells are in memory at a time.
CHUNK_PERSONS = 20_000
# Months are below this, so that a person and a month make one number that sorts by person, then month.
MONTH_SPAN = 1 << 16
NO_SPELLS = pa.schema(
    [("person_id", pa.int32()), ("type", pa.string()), ("from_date", pa.date32()), ("to_date", pa.date32())]
).empty_table()


@dataclass(frozen=True)
class Panel:
    """`months`: a row per person and month; `baseline`: a row per person; `attrition`: restrictions."""

    months: pd.DataFrame
    baseline: pd.DataFrame
    attrition: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """Outcomes by person and month, ordered by both: float64 columns, NaN where not known."""

    person_id: np.ndarray
    month: np.ndarray
    columns: Mapping[str, np.ndarray]


def build_panel(card: Card, delivery: Delivery) -> Panel:
    """Panel, baseline and attrition of a cohort; a cohort of aggregates has no persons, and its panel no rows.

    Where the effect is a change from person to person, persons without the outcomes that it takes are left out, with a
    row that says so. Where the cohort is only described, lots were drawn, or offices adopt and persons are others every
    month, everybody stays, and the row tells how many could be followed to the first horizon.
    """
    if card.design == "aggregated_series":
        months = month_rows(Measured(*_no_rows(), {}), delivery.persons, card.measured_names())
        return Panel(months, delivery.persons.reset_index(drop=True), delivery.attrition)
    delivery = replace(delivery, persons=with_time_zero(card, delivery.persons))
    months = person_months(card, delivery)
    everybody = card.analysis == "describe" or card.design in (*STAGGERED_DESIGNS, *TRIAL_DESIGNS)
    ids = followed_persons(card, months) if everybody else complete_persons(card, months)
    left = delivery.persons[delivery.persons["person_id"].isin(ids)]
    step = int(delivery.attrition["step"].max()) + 1
    rows = attrition_rows(step, "followed" if everybody else "measured", left, [arm.id for arm in card.arms])
    attrition = pd.concat([delivery.attrition, rows], ignore_index=True)
    if everybody:
        return Panel(months, baseline(card, delivery.persons, months, delivery.spells), attrition)
    kept = months[months["person_id"].isin(ids)].reset_index(drop=True)
    return Panel(kept, baseline(card, left, kept, delivery.spells), attrition)


def with_time_zero(card: Card, persons: pd.DataFrame) -> pd.DataFrame:
    """`persons` with a time zero for everyone: their own, or the one that all the others share.

    Comparison persons may have no start of their own; theirs is the one they are compared from, which is known only
    when there is one. `base_month` is a month of the calendar, and asks for one start. Raises ProblemsFound.
    """
    starts = persons["time_zero"].dropna().unique()
    if card.base_month is not None or len(starts) == 1:
        return persons.assign(time_zero=persons["time_zero"].fillna(common_start(persons)))
    missing = int(persons["time_zero"].isna().sum())
    what = f"{missing} personer mangler starttidspunkt, og de andre har ikke ett felles som kan gjelde for dem."
    mend = "Gi også dem som det sammenlignes med, en måned for start."
    stop_if_any(HEADING, [Problem("time_zero", what, mend)] if missing else [])
    return persons


def common_start(persons: pd.DataFrame) -> int:
    """The month that is time zero for everyone; raises ProblemsFound when persons start in different months.

    `base_month` is a month of the calendar, so that a change from it means the same for all only then.
    """
    starts = persons["time_zero"].dropna().unique()
    if len(starts) == 1:
        return int(starts[0])
    what = f"starttidspunktet er ikke det samme for alle: leveransen har {len(starts)} ulike måneder."
    mend = "Bruk base_period i stedet for base_month når personene starter til ulik tid."
    raise ProblemsFound(HEADING, [Problem("time_zero", what, mend)])


def person_months(card: Card, delivery: Delivery) -> pd.DataFrame:
    """panel(person_id, month, event_time, observed, outcomes…): event_time in months from the person's time zero.

    With registers: every month of their window for every person, and months that outcomes were delivered for. Without:
    the latter. An outcome that was not measured is missing, never zero; `observed` is false when none was.
    """
    names = card.measured_names()
    rules = rules_of(names) if card.registers is not None else {}
    delivered = [name for name in (*sources(names), *rules_of(names)) if name not in rules]
    measured = from_registers(card.registers, rules, delivery) if rules else Measured(*_no_rows(), {})
    return month_rows(with_delivered(measured, delivery.persons, delivery.outcomes, delivered), delivery.persons, names)


def _no_rows() -> tuple[np.ndarray, np.ndarray]:
    return np.empty(0, "int32"), np.empty(0, "int16")


def from_registers(registers: Register, rules: Mapping[str, Rule], delivery: Delivery) -> Measured:
    """Outcomes of `rules` for every person and month of the window. Raises ProblemsFound as `panel_chunks` does."""
    stop_if_any(HEADING, _register_problems(registers, rules, delivery))
    spec = PanelSpec(
        window=register_window(registers),
        rules=rules,
        known_until=registers.drawn,
        covers=tuple(registers.covers),
        amounts_from=None if registers.amounts_from is None else month_number(registers.amounts_from),
    )
    persons = known_persons(delivery.persons)
    spells = NO_SPELLS if delivery.spells is None else delivery.spells
    chunks = panel_chunks(persons, spells, spec, amounts=delivery.amounts, chunk_persons=CHUNK_PERSONS)
    return _collected(chunks, list(rules), len(persons) * spec.window.months)


def register_window(registers: Register) -> Window:
    """The months of the card, from the first one that the extracts cover whole: earlier ones would read as nobody's."""
    first, known = month_number(registers.first), registers.known_from
    if known is not None:
        first = max(first, known.year * 12 + known.month - (known.day == 1))
    last = month_number(registers.last)
    if last < first:
        what = "registrene dekker ingen hel måned i perioden."
        raise ProblemsFound(HEADING, [Problem("registers", what, "Se first, last og known_from i kortet.")])
    return Window(first, last - first + 1)


def known_persons(persons: pd.DataFrame) -> pd.DataFrame:
    """person_id, time_zero, and known_until: the day before the person left, missing for those who never did."""
    return persons[["person_id", "time_zero"]].assign(known_until=persons["left_on"] - timedelta(days=1))


def _register_problems(registers: Register, rules: Mapping[str, Rule], delivery: Delivery) -> list[Problem]:
    problems = []
    if needed_types(rules) and delivery.spells is None:
        problems.append(Problem("perioder", "leveransen har ingen perioder.", "Lever dem, eller velg andre utfall."))
    if registers.amounts_from is None and any(isinstance(rule, AmountAboveG) for rule in rules.values()):
        what = "kortet sier ikke hvilken måned inntektene begynner."
        problems.append(Problem("registers.amounts_from", what, "Oppgi måneden som ÅÅÅÅ-MM."))
    return problems


def _collected(chunks: Iterable[pa.Table], names: list[str], rows: int) -> Measured:
    """The chunks as arrays that are filled as they come, so that no chunk is in memory twice."""
    person_id, month = np.empty(rows, "int32"), np.empty(rows, "int16")
    columns = {name: np.empty(rows) for name in names}
    end = 0
    for chunk in chunks:
        start, end = end, end + len(chunk)
        person_id[start:end], month[start:end] = chunk["person_id"].to_numpy(), chunk["month"].to_numpy()
        for name in names:
            columns[name][start:end] = chunk[name].cast("float64").to_numpy()
    return Measured(person_id, month, columns)


def with_delivered(measured: Measured, persons: pd.DataFrame, outcomes: pd.DataFrame, names: list[str]) -> Measured:
    """`measured` with the delivered outcomes `names` of `persons`, and rows for the months that only they have.

    `outcomes`: person_id, month, outcome, value; ValueError where one stands twice for a person and month.
    """
    if not names:
        return measured
    own = outcomes[outcomes["outcome"].isin(names) & outcomes["person_id"].isin(persons["person_id"])]
    place = pd.Categorical(own["outcome"], categories=names).codes
    asked = _keys(own["person_id"].to_numpy(), own["month"].to_numpy())
    old = _keys(measured.person_id, measured.month)
    keys = old if np.isin(asked, old).all() else np.union1d(old, asked)
    columns = {name: _spread(values, old, keys) for name, values in measured.columns.items()}
    for number, name in enumerate(names):
        these = place == number
        if len(np.unique(asked[these])) < these.sum():
            raise ValueError(f"outcome {name} is delivered twice for a person and month")
        columns[name] = _spread(own["value"].to_numpy("float64")[these], asked[these], keys)
    person_id, month = np.divmod(keys, MONTH_SPAN)
    return Measured(person_id.astype("int32"), month.astype("int16"), columns)


def _keys(person_id: np.ndarray, month: np.ndarray) -> np.ndarray:
    return person_id.astype("int64") * MONTH_SPAN + month


def _spread(values: np.ndarray, at: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """`values`, which belong to the keys `at`, in the places of the sorted `keys`; NaN in the other places."""
    if at is keys:
        return values
    column = np.full(len(keys), np.nan)
    column[np.searchsorted(keys, at)] = values
    return column


def month_rows(measured: Measured, persons: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The panel's rows: event_time and observed, the outcomes `names`, and those they are made from."""
    frame = {
        "person_id": measured.person_id,
        "month": measured.month,
        "event_time": _event_times(measured, persons),
        "observed": np.zeros(len(measured.month), bool),
    }
    bases = [*sources(names), *rules_of(names)]
    for name in bases:
        frame[name] = measured.columns.get(name, np.empty(0))
        frame["observed"] |= ~np.isnan(frame[name])
    made = with_derived(pd.DataFrame(frame, copy=False), names)
    return made[["person_id", "month", "event_time", "observed", *dict.fromkeys([*names, *bases])]]


def _event_times(measured: Measured, persons: pd.DataFrame) -> pd.arrays.IntegerArray:
    """Months from the time zero of each row's person, missing without one."""
    ordered = persons.sort_values("person_id")
    row = np.searchsorted(ordered["person_id"].to_numpy(), measured.person_id)
    zero = ordered["time_zero"].to_numpy("int16", na_value=0)[row]
    return pd.arrays.IntegerArray(measured.month - zero, ordered["time_zero"].isna().to_numpy()[row])


def complete_persons(card: Card, months: pd.DataFrame) -> pd.Series:
    """Ids of persons with every outcome of the card at the main horizon, and at the base where the card has one.

    At the base only outcomes in a named month are asked for: what is counted since time zero has no value before it.
    Secondary outcomes that somebody reported of their own participants are not asked for: nobody else has them.
    """
    library = load_outcomes()
    names = [name for name in card.outcome_names() if name == card.outcomes.primary or not _is_reported(name)]
    found = [_known(months, name, at_horizon(months, name, card.horizons[0])) for name in names]
    for name in (name for name in names if library[name].timing == "point"):
        if card.base_month is not None:
            found.append(_known(months, name, (months["month"] == month_number(card.base_month)).to_numpy()))
        if card.base_period is not None:
            found.append(_known(months, name, _at_event_time(months, card.base_period)))
    return pd.Series(reduce(np.intersect1d, found), dtype="int32")


def followed_persons(card: Card, months: pd.DataFrame) -> pd.Series:
    """Ids of persons whose primary outcome is known at the first horizon."""
    name = card.outcomes.primary
    return pd.Series(_known(months, name, at_horizon(months, name, card.horizons[0])), dtype="int32")


def at_horizon(months: pd.DataFrame, name: str, horizon: int) -> np.ndarray:
    """Whether each row tells the outcome `name` at `horizon`: bool.

    What somebody reported once, of all the time so far, stands at the month of the report, and any row tells it.
    """
    return np.ones(len(months), bool) if _is_reported(name) else _at_event_time(months, horizon)


def _is_reported(name: str) -> bool:
    """Whether an outcome was told once, of all the time so far, and not made from registers."""
    outcome = load_outcomes()[name]
    return outcome.timing == "ever" and outcome.rule is None


def _at_event_time(months: pd.DataFrame, time: int) -> np.ndarray:
    return (months["event_time"] == time).to_numpy(bool, na_value=False)


def _known(months: pd.DataFrame, name: str, rows: np.ndarray) -> np.ndarray:
    """Sorted ids of the persons for whom the outcome is known in one of `rows`."""
    return np.unique(months["person_id"].to_numpy()[rows & months[name].notna().to_numpy()])


def baseline(card: Card, persons: pd.DataFrame, months: pd.DataFrame, spells: Path | None = None) -> pd.DataFrame:
    """One row per person: the delivered columns, and one for each covariate that is an earlier outcome or a history."""
    frame = persons.reset_index(drop=True)
    told = histories(card, frame, spells)
    for covariate in card.covariates:
        if covariate.outcome is not None:
            frame[covariate.name] = outcome_at(months, frame["person_id"], covariate.outcome, covariate.month)
        elif covariate.history is not None:
            frame[covariate.name] = told[covariate.name]
    return frame


def histories(card: Card, persons: pd.DataFrame, spells: Path | None) -> pd.DataFrame:
    """A float64 column per covariate with a history, in the order of `persons`, as of the first day of time zero.

    Missing where it looks back beyond what the registers cover, or where the person had left.
    """
    looked = {item.name: look_back(item.history) for item in card.covariates if item.history is not None}
    if not looked:
        return pd.DataFrame(index=persons.index)
    if card.registers is None:
        raise ValueError("a history needs the registers of the card")
    if spells is None:
        problem = Problem("perioder", "leveransen har ingen perioder.", "Lever dem, eller fjern bakgrunn med history.")
        raise ProblemsFound(HEADING, [problem])
    first = month_number(card.registers.first)
    spec = BaselineSpec(
        covariates=looked,
        known_from=card.registers.known_from or date(first // 12, first % 12 + 1, 1),
        known_until=card.registers.drawn,
        covers=tuple(card.registers.covers),
    )
    found = spell_baseline(known_persons(persons), spells, spec).covariates.set_index("person_id")
    return found.reindex(persons["person_id"]).set_axis(persons.index)


def look_back(history: History) -> Covariate:
    """What is asked of the spells; ValueError when days or months before are not given their number of months."""
    spells = read_spells(history.types)
    if history.measure == "on_the_day":
        return OnTheDay(spells)
    if history.months is None:
        raise ValueError(f"{history.measure} needs months")
    return {"days_before": DaysBefore, "months_before": MonthsBefore}[history.measure](spells, history.months)


def outcome_at(months: pd.DataFrame, persons: pd.Series, outcome: str, month: str) -> pd.Series:
    """The outcome of each of `persons` in `month` (``YYYY-MM``), in the order of `persons`; missing if unmeasured."""
    at = months[months["month"] == month_number(month)].set_index("person_id")[outcome]
    return at.reindex(persons).set_axis(persons.index)
