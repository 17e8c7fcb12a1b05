"""Outcomes from spells worked out day by day, slowly and plainly, for the tests to compare with."""

from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from analysis.spell_baseline import DaysBefore, MonthsBefore, OnTheDay
from analysis.spell_rules import AmountAboveG, DaysInMonth, EverSoFar, InState, MonthsSoFar

SCHEMA = pa.schema(
    [
        ("person_id", pa.int32()),
        ("type", pa.string()),
        ("from_date", pa.date32()),
        ("to_date", pa.date32()),
        ("share", pa.float64()),
        ("subsidised", pa.bool_()),
        ("plan", pa.string()),
    ]
)
TYPES = ("work", "aap", "plan")
TESTS = {
    "is": lambda found, value: found == value,
    "is_not": lambda found, value: found != value,
    "at_least": lambda found, value: found >= value,
    "below": lambda found, value: found < value,
}


def spell(person, kind, first, last=None, **attributes):
    """One spell from ISO dates, or from dates."""
    first, last = (date.fromisoformat(day) if isinstance(day, str) else day for day in (first, last))
    return {"person_id": person, "type": kind, "from_date": first, "to_date": last, **attributes}


def table(spells):
    return pa.Table.from_pylist(spells, schema=SCHEMA)


def month_of(day):
    return day.year * 12 + day.month - 1


def days_of(month):
    day, days = date(month // 12, month % 12 + 1, 1), []
    while month_of(day) == month:
        days.append(day)
        day += timedelta(1)
    return days


def holds(spells, one):
    """True, False or None (not known): whether `one` is such a spell."""
    if one["type"] not in spells.types:
        return False
    answers = [
        None if one.get(demand.column) is None else TESTS[demand.test](one[demand.column], demand.value)
        for demand in spells.where
    ]
    return False if False in answers else None if None in answers else True


def in_spell(spells, own, day):
    """True, False or None: whether a person with the spells `own` is in such a spell on the day."""
    found = [holds(spells, one) for one in own if one["from_date"] <= day <= (one["to_date"] or date.max)]
    return True if True in found else None if None in found else False


def any_of(answers):
    answers = list(answers)
    return True if True in answers else None if None in answers else False


def both(one, other):
    return False if False in (one, other) else None if None in (one, other) else True


def in_state(state, own, month):
    days = days_of(month)
    return any_of(in_spell(state.spells, own, day) for day in (days[-1:] if state.when == "last_day" else days))


def answer(rule, own, month, time_zero):
    """The outcome of a followed month: a number, or None when it is not known."""
    if isinstance(rule, InState):
        found = in_state(rule.state, own, month)
        for other in rule.without:
            seen = in_state(other, own, month)
            found = both(found, None if seen is None else not seen)
        return found
    if isinstance(rule, DaysInMonth):
        found = [in_spell(rule.spells, own, day) for day in days_of(month)]
        return None if None in found else sum(found)
    if time_zero is None or month < time_zero:
        return None
    found = [in_state(rule.state, own, earlier) for earlier in range(time_zero + 1, month + 1)]
    if isinstance(rule, EverSoFar):
        return any_of(found)
    assert isinstance(rule, MonthsSoFar)
    return None if None in found else sum(found)


def slow_panel(persons, spells, rules, months, known_until=date.max):
    """Rows as `panel_frame` gives them, for the rules that read spells."""
    rows = []
    for person in sorted(persons, key=lambda person: person["person_id"]):
        own = [one for one in spells if one["person_id"] == person["person_id"]]
        until = min(person.get("known_until") or date.max, known_until)
        zero = person.get("time_zero")
        for month in months:
            observed = days_of(month)[-1] <= until
            row = {"person_id": person["person_id"], "month": month, "observed": observed}
            row["event_time"] = None if zero is None else month - zero
            for name, rule in rules.items():
                if not isinstance(rule, AmountAboveG):
                    row[name] = answer(rule, own, month, zero) if observed else None
            rows.append(row)
    return pd.DataFrame(rows).astype(dict.fromkeys(rules, "float64")).astype({"event_time": "Int16"})


def months_earlier(day, months):
    """The same day of an earlier month, or the last day of it when it is shorter."""
    return days_of(month_of(day) - months)[: day.day][-1]


def slow_covariate(covariate, own, day):
    """The covariate of a person whose time zero is `day`: a number, or None when it is not known."""
    if isinstance(covariate, OnTheDay):
        return in_spell(covariate.spells, own, day)
    if isinstance(covariate, DaysBefore):
        first = months_earlier(day, covariate.months)
        found = [in_spell(covariate.spells, own, first + timedelta(n)) for n in range((day - first).days)]
    else:
        assert isinstance(covariate, MonthsBefore)
        months = range(month_of(day) - covariate.months, month_of(day))
        found = [any_of(in_spell(covariate.spells, own, each) for each in days_of(month)) for month in months]
    return None if None in found else sum(found)


def spell_lists(first=date(2019, 12, 20), days=150, persons=3):
    """Strategy: spells of a few persons around the window of the tests, open ones and missing attributes among them."""
    begins = st.integers(0, days).map(lambda n: first + timedelta(n))
    one = st.builds(
        lambda person, kind, begin, length, share, subsidised, plan: spell(
            person,
            kind,
            begin,
            None if length is None else begin + timedelta(length),
            share=share,
            subsidised=subsidised,
            plan=plan,
        ),
        st.integers(0, persons - 1),
        st.sampled_from(TYPES),
        begins,
        st.none() | st.integers(0, 3) | st.integers(0, 70),
        st.sampled_from([None, 0.5, 1.0]),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, "medical", "course"]),
    )
    return st.lists(one, max_size=8)
