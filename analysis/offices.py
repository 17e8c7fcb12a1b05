"""Nav offices over time: what a delivery tells of mergers and splits, the office at assignment, and the protected one.

The cluster of a person is the office at assignment, whatever became of the office or the person later: a successor
never takes its place. Office 2103 serves persons with strictly confidential addresses. That it has a row at all says
something, so it is taken out first, named in no message, and its persons are counted only with all others outside the
population (`OUTSIDE_POPULATION`, «utenfor populasjonen»).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.months import month_number
from analysis.problems import Problem, stop_if_any

OUTSIDE_POPULATION = "outside_population"
OUTSIDE_POPULATION_TEXT = "utenfor populasjonen"
COLUMNS = ("office_id", "valid_from", "valid_to", "successor")
HEADING = "Kontortabellen har feil."

Event = Literal["merged", "split", "closed", "renumbered"]
_PROTECTED = re.compile(r"0*2103(?:[.,]0+)?")
_OFFICE = re.compile(r"[\w-]{1,8}")

EVENT_TEXTS: dict[Event, str] = {
    "merged": "kontorer er slått sammen i perioden. Klyngen er kontoret ved tildeling.",
    "split": "kontorer er delt i perioden. Klyngen er kontoret ved tildeling.",
    "closed": "kontorer er lagt ned i perioden uten etterfølger i tabellen.",
    "renumbered": "kontorer har fått nytt nummer i perioden. De regnes som to kontorer hvis begge numre er brukt.",
}


@dataclass(frozen=True)
class OfficeFinding:
    """Something a reader must know of the offices. `offices` are office numbers, never the protected one."""

    rule: str
    severity: Literal["WARNING", "ERROR"]
    offices: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class OfficeHistory:
    """offices: the delivered table without the protected office, valid_from and valid_to (inclusive) as dates.

    events: office_id (the old one), event, last_day, successors (text, joined by |), one row per office that ended
    within the window. findings: one per kind of event, and one where a successor does not take over the day after.
    """

    offices: pd.DataFrame
    events: pd.DataFrame
    findings: tuple[OfficeFinding, ...]


def office_history(offices: pd.DataFrame, *, window: tuple[str, str]) -> OfficeHistory:
    """Mergers, splits, closures and new numbers within `window` (first and last month, YYYY-MM, inclusive).

    `offices` has office_id, valid_from, valid_to (inclusive; missing = still open), successor, and what else was
    delivered. An office that was split has one row per successor. Raises ProblemsFound with everything in the table
    that contradicts itself: missing columns, dates, unknown or circular successors, rows twice.
    """
    first, last = (month_number(month) for month in window)
    if last < first:
        raise ValueError("window ends before it starts")
    missing = [column for column in COLUMNS if column not in offices]
    stop_if_any(HEADING, [Problem(f"kolonne «{name}»", "mangler i kontortabellen.") for name in missing])
    delivered = offices.loc[~is_protected(offices["office_id"])].reset_index(drop=True)
    table = _table(delivered)
    stop_if_any(HEADING, _contradictions(table, table["valid_to"].isna() & delivered["valid_to"].notna()))
    events = _events(table, first, last)
    return OfficeHistory(table, events, (*_event_findings(events), *_gap_findings(table, events)))


def is_protected(office_ids: pd.Series) -> pd.Series:
    """Whether each office number is the protected one, however it was written (blanks, leading zeros, «.0»)."""
    return office_ids.astype("str").str.strip().str.fullmatch(_PROTECTED).fillna(False).astype("bool")


def outside_population(persons: pd.DataFrame, *office_rows: pd.DataFrame) -> pd.Series:
    """Which rows of `persons` must leave: the person has the protected office there or in any of `office_rows`.

    `persons` has person_id and perhaps office_id; each of `office_rows` has person_id and office_id. Who was once at
    the office is out altogether: the other rows would tell where the person moved to.
    """
    tables = [table for table in (persons, *office_rows) if "office_id" in table]
    hit = [table.loc[is_protected(table["office_id"]), "person_id"] for table in tables]
    return persons["person_id"].isin(pd.concat(hit)) if hit else pd.Series(False, index=persons.index)


def office_at_assignment(memberships: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """person_id, office_id, moved: the first office of each person in the month of time zero.

    memberships: person_id, office_id, from_date, to_date (inclusive; missing = open). persons: person_id, time_zero
    (month number). With several offices in the month the earliest started counts, then the lowest number. office_id is
    missing for who has no office in that month. moved: the person was at another office later; the cluster stays.
    """
    rows = memberships.merge(persons[["person_id", "time_zero"]], on="person_id", how="inner")
    start, end = _months(rows["from_date"]), _months(rows["to_date"])
    present = (start <= rows["time_zero"]) & (end.isna() | (end >= rows["time_zero"]))
    chosen = rows[present.fillna(False)].sort_values(["person_id", "from_date", "office_id"])
    chosen = chosen.drop_duplicates("person_id").set_index("person_id")["office_id"]
    result = persons[["person_id"]].assign(office_id=persons["person_id"].map(chosen).astype("str"))
    later = rows[(end.isna() | (end > rows["time_zero"])) & rows["office_id"].ne(rows["person_id"].map(chosen))]
    movers = later.loc[later["person_id"].isin(chosen.index), "person_id"]
    return result.assign(moved=result["person_id"].isin(movers))


def assigned_outside_validity(assigned: pd.DataFrame, history: OfficeHistory) -> OfficeFinding | None:
    """Persons whose office is unknown or not open in the month of time zero. `assigned`: office_id, time_zero."""
    spans = history.offices[["office_id", "valid_from", "valid_to"]].drop_duplicates()
    rows = assigned.reset_index(drop=True).rename_axis("row").reset_index().dropna(subset="office_id")
    rows = rows.merge(spans, on="office_id", how="left")
    end = _months(rows["valid_to"])
    is_open = (_months(rows["valid_from"]) <= rows["time_zero"]) & (end.isna() | (end >= rows["time_zero"]))
    closed = rows[~is_open.fillna(False).groupby(rows["row"]).transform("any")]
    if closed.empty:
        return None
    text = f"antall personer med et kontor som ikke fantes ved tildeling: {closed['row'].nunique()}."
    return OfficeFinding("office_not_open", "ERROR", _ids(closed["office_id"]), text)


def _table(delivered: pd.DataFrame) -> pd.DataFrame:
    """Text trimmed, dates as dates (missing where broken), and the protected office gone as a successor."""
    successor = _trimmed(delivered["successor"])
    dates = {
        column: pd.to_datetime(delivered[column], format="ISO8601", errors="coerce")
        for column in ("valid_from", "valid_to")
    }
    successor = successor.mask(is_protected(successor))
    return delivered.assign(office_id=_trimmed(delivered["office_id"]), successor=successor, **dates)


def _trimmed(texts: pd.Series) -> pd.Series:
    texts = texts.astype("str").str.strip()
    return texts.mask(texts == "")


def _months(dates: pd.Series) -> pd.Series:
    """Month numbers (nullable), missing where the date is."""
    dates = pd.to_datetime(dates)
    return (dates.dt.year * 12 + dates.dt.month - 1).astype("Int64")


def _contradictions(table: pd.DataFrame, broken_end: pd.Series) -> Iterator[Problem]:
    """What a delivery must mend. Row numbers are not known here: the offices are named, which are no persons."""
    broken = table["valid_from"].isna() | broken_end
    unknown = table["successor"].notna() & ~table["successor"].isin(table["office_id"])
    dates = table.drop_duplicates(["office_id", "valid_from", "valid_to"])["office_id"]
    checks = {
        "valid_from mangler, eller en dato kan ikke leses som ÅÅÅÅ-MM-DD.": table.loc[broken, "office_id"],
        "valid_to er før valid_from.": table.loc[table["valid_to"] < table["valid_from"], "office_id"],
        "etterfølgeren står ikke i tabellen.": table.loc[unknown, "office_id"],
        "kontoret har en etterfølger, men ingen sluttdato.": table.loc[
            table["successor"].notna() & table["valid_to"].isna(), "office_id"
        ],
        "kontoret står med flere perioder.": dates[dates.duplicated()],
        "samme kontor og etterfølger står i flere rader.": table.loc[
            table.duplicated(["office_id", "successor"]), "office_id"
        ],
        "etterfølgerne går i ring.": pd.Series(_circular(table), dtype="str"),
    }
    for what, offices in checks.items():
        if len(offices):
            yield Problem(f"kontor {', '.join(_shown(offices))}", what)
    if table["office_id"].isna().any():
        yield Problem("kolonne «office_id»", "kontornummer mangler i en rad.")


def _shown(offices: pd.Series) -> tuple[str, ...]:
    """Office numbers for a message. What is too long for one may come from the wrong column, and is not shown."""
    return _ids(offices.where(offices.str.fullmatch(_OFFICE).fillna(False).astype("bool"), "(nummeret vises ikke)"))


def _circular(table: pd.DataFrame) -> list[str]:
    """Offices that come after themselves."""
    links = table.dropna(subset=["office_id", "successor"]).groupby("office_id")["successor"].agg(set).to_dict()
    return sorted(office for office in links if office in _descendants(office, links))


def _descendants(office: str, links: dict[str, set[str]]) -> set[str]:
    found, waiting = set(), set(links.get(office, ()))
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting |= links.get(one, set()) - found
    return found


def _events(table: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """One row per office that ended within the window; the change is in the month after its last day."""
    change = _months(table["valid_to"] + pd.Timedelta(days=1))
    ended = table[(change.ge(first) & change.le(last)).fillna(False)]
    heirs = table.dropna(subset="successor").drop_duplicates(["office_id", "successor"])
    parents = heirs.groupby("successor")["office_id"].agg(set).to_dict()
    opened = table.groupby("office_id")["valid_from"].min()
    rows = [
        {
            "office_id": office,
            "event": _event(set(group["successor"].dropna()), group["valid_to"].iloc[0], parents, opened),
            "last_day": group["valid_to"].iloc[0],
            "successors": "|".join(sorted(group["successor"].dropna())),
        }
        for office, group in ended.groupby("office_id", sort=True)
    ]
    return pd.DataFrame(rows, columns=["office_id", "event", "last_day", "successors"])


def _event(successors: set[str], last_day: pd.Timestamp, parents: dict[str, set[str]], opened: pd.Series) -> Event:
    """A successor with several predecessors, or one that was open already, took in the office."""
    if not successors:
        return "closed"
    if len(successors) > 1:
        return "split"
    heir = next(iter(successors))
    return "merged" if len(parents[heir]) > 1 or opened[heir] <= last_day else "renumbered"


def _event_findings(events: pd.DataFrame) -> Iterator[OfficeFinding]:
    """Old and new offices alike: one that takes in another is no longer what it was."""
    for event, text in EVENT_TEXTS.items():
        rows = events[events["event"] == event]
        offices = _ids([*rows["office_id"], *filter(None, "|".join(rows["successors"]).split("|"))])
        if offices:
            yield OfficeFinding(f"office_{event}", "WARNING", offices, text)


def _gap_findings(table: pd.DataFrame, events: pd.DataFrame) -> Iterator[OfficeFinding]:
    """Successors that open later than the day after the old office closed: persons may have no office between."""
    opened = table.groupby("office_id")["valid_from"].min()
    late = table["successor"].map(opened) > table["valid_to"] + pd.Timedelta(days=1)
    offices = _ids(table.loc[late & table["office_id"].isin(events["office_id"]), "office_id"])
    if offices:
        text = "etterfølgeren åpner senere enn dagen etter at kontoret lukkes."
        yield OfficeFinding("office_gap", "WARNING", offices, text)


def _ids(offices: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(offices)))
