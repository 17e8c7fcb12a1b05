"""The person-month panel, what each person looked like at time zero, and who could be followed."""

from dataclasses import dataclass, replace

import pandas as pd

from analysis.attrition import attrition_rows
from analysis.cards import Card
from analysis.intake import Delivery
from analysis.months import month_number
from analysis.outcomes import sources, with_derived
from analysis.problems import Problem, ProblemsFound


@dataclass(frozen=True)
class Panel:
    """`months`: a row per person and measured month; `baseline`: a row per person; `attrition`: restrictions."""

    months: pd.DataFrame
    baseline: pd.DataFrame
    attrition: pd.DataFrame


def build_panel(card: Card, delivery: Delivery) -> Panel:
    """Panel, baseline and attrition of a cohort with persons.

    Persons without every outcome at the base month and at the main horizon are left out, with a row that says so.
    """
    start = common_start(delivery.persons)
    # Comparison persons have no start of their own; theirs is the one they are compared from.
    persons = delivery.persons.assign(time_zero=delivery.persons["time_zero"].fillna(start))
    delivery = replace(delivery, persons=persons)
    months = person_months(card, delivery)
    arms = [arm.id for arm in card.arms]
    followed = delivery.persons[delivery.persons["person_id"].isin(complete_persons(card, months))]
    attrition = [
        attrition_rows(1, "delivered", delivery.persons, arms),
        attrition_rows(2, "measured", followed, arms),
    ]
    kept = months[months["person_id"].isin(followed["person_id"])].reset_index(drop=True)
    return Panel(kept, baseline(card, followed, kept), pd.concat(attrition, ignore_index=True))


def common_start(persons: pd.DataFrame) -> int:
    """The month that is time zero for everyone; raises ProblemsFound when persons start in different months.

    `base_month` is a month of the calendar, so that a change from it means the same for all only then.
    """
    starts = persons["time_zero"].dropna().unique()
    if len(starts) == 1:
        return int(starts[0])
    what = f"starttidspunktet er ikke det samme for alle: leveransen har {len(starts)} ulike måneder."
    mend = "Matchet forskjell-i-forskjeller med ulike starttidspunkter er ikke mulig ennå; del leveransen etter måned."
    raise ProblemsFound("Panelet kan ikke bygges.", [Problem("time_zero", what, mend)])


def person_months(card: Card, delivery: Delivery) -> pd.DataFrame:
    """panel(person_id, month, event_time, observed, outcomes…): event_time in months from the person's time zero.

    An outcome that was not measured is missing, never zero; `observed` is false when none was.
    """
    names = card.outcome_names()
    needed = sources(names)
    wide = delivery.outcomes.pivot(index=["person_id", "month"], columns="outcome", values="value").reset_index()
    wide.columns.name = None
    for name in needed:
        if name not in wide:
            wide[name] = float("nan")
    wide = with_derived(wide.astype(dict.fromkeys(needed, "float64")), names)
    wide = wide.merge(delivery.persons[["person_id", "time_zero"]], on="person_id", validate="many_to_one")
    wide["event_time"] = (wide["month"].astype("Int16") - wide["time_zero"]).astype("Int16")
    wide["observed"] = wide[needed].notna().any(axis=1)
    columns = ["person_id", "month", "event_time", "observed", *dict.fromkeys([*names, *needed])]
    return wide[columns].sort_values(["person_id", "month"], ignore_index=True)


def complete_persons(card: Card, months: pd.DataFrame) -> pd.Series:
    """Ids of persons with every outcome of the card at the base month and at the main horizon."""
    names = card.outcome_names()
    measured = months[names].notna().all(axis=1)
    at_horizon = measured & (months["event_time"] == card.horizons[0])
    ids = set(months.loc[at_horizon, "person_id"])
    if card.base_month is not None:
        at_base = measured & (months["month"] == month_number(card.base_month))
        ids &= set(months.loc[at_base, "person_id"])
    return pd.Series(sorted(ids), dtype="int32")


def baseline(card: Card, persons: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """One row per person: the delivered columns, and a column for each covariate that is an earlier outcome."""
    frame = persons.reset_index(drop=True)
    for covariate in card.covariates:
        if covariate.outcome is not None:
            frame[covariate.name] = outcome_at(months, frame["person_id"], covariate.outcome, covariate.month)
    return frame


def outcome_at(months: pd.DataFrame, persons: pd.Series, outcome: str, month: str) -> pd.Series:
    """The outcome of each of `persons` in `month` (``YYYY-MM``), in the order of `persons`; missing if unmeasured."""
    at = months[months["month"] == month_number(month)].set_index("person_id")[outcome]
    return at.reindex(persons).set_axis(persons.index)
