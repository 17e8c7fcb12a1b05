"""Norwegian municipality codes over time: translation with a date, and units that are stable over a period.

Codes change only on 1 January. The table config/codes/kommuner.csv has one row per link between an old and a new code,
a code that goes on beside a new part, and changes of name alone; config/codes/kommuner_2024.csv lists the codes of
2024. Codes of earlier years follow from the two. Source: Statistics Norway, Klass 131 (docs/koder.md). Nothing outside
the table is guessed: a split is refused unless the card names the target, and what was merged is never split again.
A Nav office number looks like a municipality code and is none.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from analysis.problems import Problem, ProblemsFound, stop_if_any

FOLDER = Path(__file__).resolve().parent.parent / "config" / "codes"
FIRST_DAY, LAST_DAY = dt.date(2008, 1, 1), dt.date(2024, 12, 31)
UNKNOWN = "9999"
CHOICES_KEY = "municipality_choices"
NO_CHOICES: Mapping[str, str] = MappingProxyType({})

Day = dt.date | str
_MONTH = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True)
class Step:
    """What happened on one day: the new codes of each old one, and the old codes of each new one."""

    day: dt.date
    successors: Mapping[str, tuple[str, ...]]
    predecessors: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Municipalities:
    """The table. changes: from_code, to_code, date, from_name, to_name (text); latest: name by code on `LAST_DAY`."""

    changes: pd.DataFrame
    latest: Mapping[str, str]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The days with changes, oldest first."""
        return tuple(
            Step(dt.date.fromisoformat(day), _links(rows, "from_code", "to_code"), _links(rows, "to_code", "from_code"))
            for day, rows in self.changes.groupby("date", sort=True)
        )

    @cached_property
    def periods(self) -> tuple[frozenset[str], ...]:
        """The valid codes before the first change, between two changes, and after the last one."""
        valid, periods = frozenset(self.latest), []
        for step in reversed(self.steps):
            periods.append(valid)
            valid = (valid - step.predecessors.keys()) | step.successors.keys()
        return (*reversed([*periods, valid]),)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The last name of every code."""
        rows = self.changes.sort_values("date", kind="stable")
        names = dict(zip(rows["from_code"], rows["from_name"], strict=True))
        return names | dict(zip(rows["to_code"], rows["to_name"], strict=True)) | dict(self.latest)

    def period(self, day: dt.date) -> int:
        """Number of days with changes up to and including `day`."""
        return sum(step.day <= day for step in self.steps)

    def codes_on(self, day: Day) -> frozenset[str]:
        """The codes valid on `day`, 9999 «Uoppgitt» included. ProblemsFound when the table does not cover `day`."""
        return self.periods[self.period(covered_day(day))]


def _links(rows: pd.DataFrame, key: str, value: str) -> dict[str, tuple[str, ...]]:
    return {code: tuple(sorted(others)) for code, others in rows.groupby(key)[value]}


@cache
def municipalities(folder: Path = FOLDER) -> Municipalities:
    """The table in the repository."""
    latest = pd.read_csv(folder / "kommuner_2024.csv", dtype="str")
    return Municipalities(
        pd.read_csv(folder / "kommuner.csv", dtype="str"), dict(zip(latest["code"], latest["name"], strict=True))
    )


def covered_day(day: Day) -> dt.date:
    """A date, or the first day of a month written YYYY-MM. ProblemsFound when the table does not reach it."""
    if isinstance(day, str):
        day = dt.date.fromisoformat(f"{day}-01" if _MONTH.fullmatch(day) else day)
    elif isinstance(day, dt.datetime):
        day = day.date()
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ProblemsFound("Kommunenumre kan ikke oversettes (1).", [_uncovered(f"{day.isoformat()} ligger")])
    return day


def translate(codes: pd.Series, *, at: Day | pd.Series, to: Day, choices: Mapping[str, str] = NO_CHOICES) -> pd.Series:
    """The codes that hold on `to` for `codes` (text) that were written at `at`.

    `at` is a date, a month (YYYY-MM), or a column of dates, months or month numbers with the index of `codes`.
    `choices` is the card's decision on splits: the target by the code that was split, or by the code where the row
    began, which goes first (``{"1534": "1580"}`` moves Haram past the split of 1507). Missing codes stay missing.
    Raises ProblemsFound with every code that cannot be translated and its number of rows: a split that the card does
    not decide, a merger to be undone, a code that did not hold on its date, a date outside the table.
    """
    table, target = municipalities(), covered_day(to)
    rows = pd.DataFrame({"code": codes.astype("str"), "period": _periods(at, codes, table)})
    groups = rows.groupby(["code", "period"], dropna=True)
    asked = groups.size()
    answers = [_answer(code, int(period), target, choices, table) for code, period in asked.index]
    problems = [*_choice_problems(choices, table), *_uncovered_rows(rows)]
    problems += _refusals(asked, answers, target, table)
    stop_if_any(f"Kommunenumre kan ikke oversettes ({len(problems)}).", problems)
    found = np.array([*(answer.codes[0] for answer in answers), None], dtype="object")
    return pd.Series(found[groups.ngroup().fillna(-1).astype("int64")], index=codes.index, dtype="str")


def stable_units(from_: Day, to: Day) -> pd.Series:
    """Unit by municipality code, such that no unit gains or loses ground between `from_` and `to`.

    A unit is a connected component of the codes of the period, linked by the changes after `from_` up to and including
    `to`. It is named E and the lowest of its codes that holds on `to`. The index has every code of the period.
    """
    first, last = covered_day(from_), covered_day(to)
    if last < first:
        raise ValueError("stable_units needs from_ no later than to")
    table = municipalities()
    periods = range(table.period(first), table.period(last) + 1)
    leader = {code: code for period in periods for code in table.periods[period]}
    for step in table.steps[periods.start : periods.stop - 1]:
        for old, news in step.successors.items():
            for new in news:
                leader[_root(leader, old)] = _root(leader, new)
    roots = pd.Series({code: _root(leader, code) for code in sorted(leader)}, name="unit", dtype="str")
    lasting = roots[roots.index.isin(table.codes_on(last))]
    names = {root: f"E{min(group)}" for root, group in lasting.index.groupby(lasting).items()}
    return roots.map(names).rename_axis("code")


def _root(leader: dict[str, str], code: str) -> str:
    while leader[code] != code:
        leader[code] = leader[leader[code]]
        code = leader[code]
    return code


@dataclass(frozen=True, order=True)
class Answer:
    """Where a code ends: one code, several (a split or a merger undone), or none (it did not hold on its date)."""

    codes: tuple[str, ...]
    backwards: bool = False


def _answer(code: str, period: int, to: dt.date, choices: Mapping[str, str], table: Municipalities) -> Answer:
    end = table.period(to)
    if code not in table.periods[period]:
        return Answer(())
    if end < period:
        return Answer(_reach(code, [step.predecessors for step in reversed(table.steps[end:period])]), backwards=True)
    steps = [step.successors for step in table.steps[period:end]]
    own = choices.get(code)
    if own in _reach(code, steps):
        return Answer((own,))
    return Answer(_reach(code, steps, choices))


def _reach(
    code: str, steps: list[Mapping[str, tuple[str, ...]]], choices: Mapping[str, str] = NO_CHOICES
) -> tuple[str, ...]:
    """The codes that `code` can be after `steps`, where a chosen target rules out the other parts of a split."""
    front = {code}
    for links in steps:
        parts = {one: links.get(one, (one,)) for one in front}
        front = {new for one, news in parts.items() for new in ([choices[one]] if choices.get(one) in news else news)}
    return tuple(sorted(front))


def _periods(at: Day | pd.Series, codes: pd.Series, table: Municipalities) -> pd.Series:
    """Period of each row; missing where the date is missing or outside the table."""
    if not isinstance(at, pd.Series):
        return pd.Series(table.period(covered_day(at)), index=codes.index, dtype="Int64")
    if not at.index.equals(codes.index):
        raise ValueError("at must have the index of codes")
    days = _days(at)
    starts = pd.to_datetime([step.day for step in table.steps]).to_numpy()
    periods = pd.Series(np.searchsorted(starts, days.to_numpy(), side="right"), index=codes.index, dtype="Int64")
    return periods.where((days >= pd.Timestamp(FIRST_DAY)) & (days < pd.Timestamp(LAST_DAY) + pd.Timedelta(days=1)))


def _days(at: pd.Series) -> pd.Series:
    """Column of days. Texts that are no date become missing: an error message of pandas would show them."""
    if pd.api.types.is_integer_dtype(at):
        months = at.astype("Int64")
        at = (months // 12).astype("str").str.zfill(4) + "-" + (months % 12 + 1).astype("str").str.zfill(2)
    return pd.to_datetime(at, format="ISO8601", errors="coerce")


def _refusals(asked: pd.Series, answers: list[Answer], to: dt.date, table: Municipalities) -> Iterator[Problem]:
    """One problem per code and cause, with its rows; codes that never held are counted together and not shown."""
    refused = pd.DataFrame({"code": asked.index.get_level_values(0), "rows": asked.to_numpy(), "answer": answers})
    refused = refused[np.array([len(answer.codes) != 1 for answer in answers], dtype=bool)]
    strange = ~refused["code"].isin(table.names.keys())
    if strange.any():
        yield _strange(refused[strange])
    for (code, answer), rows in refused[~strange].groupby(["code", "answer"])["rows"]:
        yield _refusal(code, int(rows.sum()), answer, to, table)


def _strange(rows: pd.DataFrame) -> Problem:
    what = f"{_row_words(rows['rows'].sum())} har verdier som ikke er kommunenumre ({rows['code'].nunique()} ulike)."
    return Problem(
        "kommunenummer", what, "Er det riktig kolonne? Et kommunenummer er tekst med fire sifre, som 0301. Se radene."
    )


def _refusal(code: str, rows: int, answer: Answer, to: dt.date, table: Municipalities) -> Problem:
    where, count = f"kommunenummer {_named(code, table)}", _row_words(rows)
    if not answer.codes:
        return Problem(where, f"{count}: nummeret gjaldt ikke på radens dato.", "Oppgi datoen nummeret ble skrevet.")
    possible = _or(_named(one, table) for one in answer.codes)
    if answer.backwards:
        what = f"{count}: nummeret kan ha vært {possible} den {to.isoformat()}."
        return Problem(where, what, "Det som er slått sammen, kan ikke deles igjen: velg en senere dato.")
    what = f"{count}: kommunen ble delt, og kan være {possible} den {to.isoformat()}."
    example = f'{CHOICES_KEY}: {{"{code}": "{answer.codes[0]}"}}'
    return Problem(where, what, f"Oppgi i kortet hvilken det skal være, for eksempel {example}.")


def _choice_problems(choices: Mapping[str, str], table: Municipalities) -> Iterator[Problem]:
    """Choices for codes that never split, or of a target that they never become."""
    for code, target in sorted(choices.items()):
        possible = sorted(_parts(code, table))
        if not possible:
            what = "kommunen er ikke delt, eller nummeret finnes ikke."
            yield Problem(f"{CHOICES_KEY}, {code}", what, "Ta bort valget.")
        elif target not in possible:
            yield Problem(f"{CHOICES_KEY}, {code}", f"kan ikke bli {target}.", f"Velg {_or(possible)}.")


def _parts(code: str, table: Municipalities) -> set[str]:
    """Every code that `code` may have become once it had more than one to become."""
    starts = [period for period, valid in enumerate(table.periods) if code in valid]
    found = set()
    for stop in range(starts[0] + 1, len(table.periods)) if starts else ():
        reached = _reach(code, [step.successors for step in table.steps[starts[0] : stop]])
        found |= set(reached) if len(reached) > 1 else set()
    return found


def _uncovered_rows(rows: pd.DataFrame) -> list[Problem]:
    count = int((rows["code"].notna() & rows["period"].isna()).sum())
    return [_uncovered(f"{_row_words(count)} mangler dato eller ligger")] if count else []


def _uncovered(what: str) -> Problem:
    covered = f"{FIRST_DAY.isoformat()} til {LAST_DAY.isoformat()}"
    return Problem("dato", f"{what} utenfor det kommunetabellen dekker, {covered}.", "Se docs/koder.md.")


def _row_words(count: int) -> str:
    return "1 rad" if count == 1 else f"{count} rader"


def _named(code: str, table: Municipalities) -> str:
    return f"{code} ({table.names[code]})"


def _or(words: Iterable[str]) -> str:
    *most, last = list(words)
    return f"{', '.join(most)} eller {last}" if most else last
