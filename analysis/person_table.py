"""The table of persons: who is in it, with numbers in place of ids, offices, groups and what the card wants of each."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.codes import translate
from analysis.csv_rows import ROW
from analysis.delivery import file_label
from analysis.findings import Finding
from analysis.months import month_number
from analysis.offices import is_protected, office_at_assignment
from analysis.problems import ProblemsFound
from analysis.readers.contract import SHOWN_ROWS
from analysis.staging import FILE, KNOWN_PERSON, OF_PERSONS, Staging, identifier, literal
from analysis.table_contracts import TABLES
from analysis.table_rules import counted, finding
from analysis.targets import OUTCOME

FIRST = ("person_id", "office_id", "arm", "time_zero", "adoption_month", "left_on")


def raw_persons(staged: Staging) -> pd.DataFrame:
    """The delivered rows, with the delivery's ids as `id`, and without columns of outcomes."""
    names = [name for name in staged.columns("persons") if OUTCOME not in name and name != "person_id"]
    if not staged.columns("persons"):
        return pd.DataFrame({"id": pd.Series(dtype="str"), FILE: [], ROW: []})
    columns = ", ".join(identifier(name) for name in names)
    rows = staged.frame(f"SELECT person_id AS id, {FILE}, {columns} FROM persons ORDER BY {FILE}, {ROW}")
    return rows.astype({"id": "str"})


def outside_ids(staged: Staging) -> set[str]:
    """Ids of persons who have the protected office in any row."""
    found: set[str] = set()
    for table in OF_PERSONS:
        if hidden := _at_protected(staged, table):
            found |= set(staged.frame(f"SELECT person_id FROM {table} WHERE {hidden}")["person_id"].dropna())
    return found


def hidden_rows(staged: Staging, table: str, place: int) -> np.ndarray:
    """Numbers of the rows of one file that belong to persons outside, or have the protected office."""
    hidden = _at_protected(staged, table) or "false"
    of_outside = f"person_id IN (SELECT id FROM people WHERE NOT {KNOWN_PERSON})"
    return staged.frame(f"SELECT {ROW} FROM {table} WHERE {FILE} = {place} AND ({of_outside} OR {hidden})")[
        ROW
    ].to_numpy()


def _at_protected(staged: Staging, table: str) -> str:
    """Which rows have the protected office, in SQL; empty where none has."""
    if "office_id" not in staged.columns(table):
        return ""
    offices = staged.frame(f"SELECT DISTINCT office_id FROM {table} WHERE office_id IS NOT NULL")["office_id"]
    hidden = ", ".join(literal(office) for office in offices[is_protected(offices)])
    return f"office_id IN ({hidden})" if hidden else ""


def duplicate_findings(card: Card, raw: pd.DataFrame) -> Iterator[Finding]:
    """Ids that stand in several rows, of one file or several."""
    rows = raw[raw["id"].notna() & raw["id"].duplicated(keep=False)]
    for place, of_file in rows.groupby(FILE):
        file = card.files[int(place)]
        yield finding(
            "duplicate_person",
            file_label(file),
            column=file.columns["person_id"].column,
            count=len(of_file),
            rows=of_file[ROW].tolist()[:SHOWN_ROWS],
        )


def unique_persons(raw: pd.DataFrame) -> pd.DataFrame:
    """The first row of each id."""
    if raw["id"].is_unique and raw["id"].notna().all():
        return raw
    return raw[raw["id"].notna() & ~raw["id"].duplicated()]


def persons_table(card: Card, staged: Staging, rows: pd.DataFrame, offices: pd.DataFrame) -> pd.DataFrame:
    """persons(person_id int32, office_id, arm, time_zero, adoption_month, left_on, covariates…, treated) by person_id.

    `rows` has one row a person, by number. Months are Int16, `left_on` a date or missing, covariates float64.
    """
    frame = rows.drop(columns=[FILE, ROW, "id"]).reset_index(drop=True)
    frame["person_id"] = np.arange(len(frame), dtype="int32")
    frame["time_zero"] = _time_zero(card, frame)
    frame["office_id"] = _office(staged, frame)
    frame["adoption_month"] = _adoption(frame, offices)
    frame["arm"] = _arm(card, frame)
    frame["left_on"] = pd.to_datetime(frame.get("left_on", pd.Series(pd.NaT, index=frame.index)))
    own = [name for name in frame.columns if name not in TABLES["persons"]]
    places = [name for name in ("municipality",) if name in frame.columns]
    frame[own] = frame[own].astype("float64")
    frame["left_on"] = frame["left_on"].astype("datetime64[us]")
    frame = frame[[*FIRST, *places, *own]]
    return frame.assign(treated=(frame["arm"] == card.arm("treated").id).astype("bool"))


def _time_zero(card: Card, frame: pd.DataFrame) -> pd.Series:
    months = _months(frame, "time_zero")
    return months if card.time_zero.month is None else months.fillna(month_number(card.time_zero.month))


def _months(frame: pd.DataFrame, name: str) -> pd.Series:
    months = frame[name] if name in frame else pd.Series(np.nan, index=frame.index)
    return months.astype("float64").astype("Int16")


def _office(staged: Staging, frame: pd.DataFrame) -> pd.Series:
    """The delivered office, or the one at assignment by the memberships."""
    if "office_id" in frame or not staged.columns("memberships"):
        return _text(frame, "office_id")
    last = "to_date" if "to_date" in staged.columns("memberships") else "NULL::DATE AS to_date"
    memberships = staged.frame(
        f"SELECT p.person_id, office_id, from_date, {last} FROM memberships AS m JOIN people AS p ON p.id = m.person_id"
        f" WHERE p.{KNOWN_PERSON} AND office_id IS NOT NULL AND from_date IS NOT NULL"
    ).astype({"office_id": "str"})
    return office_at_assignment(memberships, frame[["person_id", "time_zero"]])["office_id"]


def _text(frame: pd.DataFrame, name: str) -> pd.Series:
    return (frame[name] if name in frame else pd.Series(None, index=frame.index)).astype("str")


def _adoption(frame: pd.DataFrame, offices: pd.DataFrame) -> pd.Series:
    """The month of the person, or that of the person's office when the persons file has none."""
    if "adoption_month" in frame or offices["adoption_month"].isna().all():
        return _months(frame, "adoption_month")
    by_office = offices.set_index("office_id")["adoption_month"].astype("float64")
    return frame["office_id"].map(by_office).astype("float64").astype("Int16")


def _arm(card: Card, frame: pd.DataFrame) -> pd.Series:
    """The delivered group; in a staggered design treated once the office has begun, and in a panel if it ever does."""
    if "arm" in frame or card.design != "staggered_did":
        return _text(frame, "arm")
    return adopted_arm(card, frame)


def adopted_arm(card: Card, frame: pd.DataFrame) -> pd.Series:
    """The group of each person of a staggered design, from `adoption_month` and `time_zero`."""
    if card.staggered is not None and card.staggered.sampling == "panel":
        adopts = frame["adoption_month"].notna()
    else:
        adopts = (frame["adoption_month"] <= frame["time_zero"]).fillna(False)
    arms = np.where(adopts.astype("bool"), card.arm("treated").id, card.arm("comparison").id)
    return pd.Series(arms, index=frame.index, dtype="str")


def empty_arm_findings(card: Card, members: pd.DataFrame, *, whose: str = "personer") -> Iterator[Finding]:
    """Groups of the card that nobody belongs to."""
    present = set(members["arm"].dropna().unique())
    for arm in card.arms:
        if arm.id not in present:
            yield finding("empty_arm", f"gruppen {arm.id}", whose=whose)


def unknown_office_findings(persons: pd.DataFrame, offices: pd.DataFrame) -> Iterator[Finding]:
    """Persons whose office is not in the table of offices."""
    count = int((persons["office_id"].notna() & ~persons["office_id"].isin(offices["office_id"])).sum())
    if count:
        yield finding("unknown_office", "persons", count=count, counted=counted(count, "person", "personer"))


def with_municipality(card: Card, persons: pd.DataFrame, problems: list[Finding]) -> pd.DataFrame:
    """Municipalities on the card's date; what cannot be translated is added to `problems`."""
    if card.municipality is None or "municipality" not in persons:
        return persons
    start = persons["time_zero"]
    if card.registers is not None:
        start = start.fillna(month_number(card.registers.first))
    return translated_municipalities(card, persons, start, problems)


def translated_municipalities(card: Card, frame: pd.DataFrame, at: pd.Series, problems: list[Finding]) -> pd.DataFrame:
    """`frame` with the municipality numbers that hold on the card's date, written at `at`."""
    wanted = card.municipality
    try:
        found = translate(frame["municipality"], at=at, to=wanted.on, choices=wanted.choices)
    except ProblemsFound as error:
        problems += [finding("municipality", p.where, what=p.what, mend=p.mend) for p in error.problems]
        return frame
    return frame.assign(municipality=found)
