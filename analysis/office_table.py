"""The table of offices: one row an office, from one file or several, and what became of them over time."""

from collections.abc import Iterator

import pandas as pd

from analysis.cards import Card
from analysis.codes import FIRST_DAY
from analysis.csv_rows import ROW
from analysis.delivery import file_label
from analysis.findings import Finding
from analysis.offices import OfficeFinding, assigned_outside_validity, is_protected, office_history
from analysis.person_table import translated_municipalities
from analysis.problems import ProblemsFound
from analysis.readers.contract import SHOWN_ROWS
from analysis.staging import FILE, Staging
from analysis.table_contracts import TABLES
from analysis.table_rules import finding

DATES = ("valid_from", "valid_to")
HEIRS = "|"
SHOWN_OFFICES = 10


def raw_offices(staged: Staging) -> pd.DataFrame:
    """The delivered rows with every column of the contract; the protected office is no successor either."""
    contract = TABLES["offices"]
    if not staged.columns("offices"):
        rows = pd.DataFrame({name: [] for name in (FILE, ROW, *contract)})
    else:
        rows = staged.frame(f"SELECT * FROM offices ORDER BY {FILE}, {ROW}")
    rows = rows.reindex(columns=[FILE, ROW, *contract, *(name for name in rows if name not in (FILE, ROW, *contract))])
    texts = [name for name, field in contract.items() if field.kind in ("text", "arm")]
    rows = rows.astype(dict.fromkeys(texts, "str"))
    rows["adoption_month"] = rows["adoption_month"].astype("float64").astype("Int16")
    for name in DATES:
        rows[name] = pd.to_datetime(rows[name]).astype("datetime64[us]")
    return rows.assign(successor=rows["successor"].mask(is_protected(rows["successor"])))


def duplicate_offices(card: Card, raw: pd.DataFrame) -> Iterator[Finding]:
    """Offices that stand twice in one file, unless an office that was split has a row for each successor."""
    twice = raw.duplicated([FILE, "office_id"], keep=False) & raw["office_id"].notna()
    split = raw["successor"].notna() & ~raw.duplicated([FILE, "office_id", "successor"], keep=False)
    for place, rows in raw[twice & ~split].groupby(FILE):
        file = card.files[int(place)]
        shown = rows[ROW].tolist()[:SHOWN_ROWS]
        column = file.columns["office_id"].column
        yield finding("duplicate_office", file_label(file), column=column, count=len(rows), rows=shown)


def offices_table(raw: pd.DataFrame) -> pd.DataFrame:
    """offices(office_id, county, municipality, valid_from, valid_to, successor, adoption_month, arm, own columns…).

    The first file has all offices; each column comes from the first file that fills it. Several successors of one
    office are joined by a bar.
    """
    columns = [name for name in raw if name not in (FILE, ROW, "office_id", "successor")]
    named = raw[raw["office_id"].notna()]
    first = named.loc[named[FILE] == named[FILE].min(), "office_id"].drop_duplicates().sort_values()
    table = named.groupby("office_id")[columns].first().astype(named[columns].dtypes.to_dict())
    table = table.reindex(pd.Index(first, name="office_id")).reset_index().astype({"office_id": "str"})
    heirs = named.dropna(subset="successor").groupby("office_id")["successor"].agg(lambda s: HEIRS.join(sorted(set(s))))
    table["successor"] = table["office_id"].map(heirs).astype("str")
    own = [name for name in columns if name not in TABLES["offices"]]
    return table[[*TABLES["offices"], *own]]


def history_findings(card: Card, staged: Staging, offices: pd.DataFrame, persons: pd.DataFrame) -> list[Finding]:
    """What became of the offices within the months of the registers, and who was assigned to one that was not open."""
    if card.registers is None or "valid_from" not in staged.columns("offices"):
        return []
    rows = offices.assign(successor=offices["successor"].str.split(HEIRS)).explode("successor", ignore_index=True)
    rows = rows.astype({"successor": "str"})
    try:
        history = office_history(rows, window=(card.registers.first, card.registers.last))
    except ProblemsFound as error:
        return [finding("office_history", p.where, what=p.what, mend=p.mend) for p in error.problems]
    known = persons[persons["office_id"].isin(offices["office_id"]) & persons["time_zero"].notna()]
    late = assigned_outside_validity(known[["office_id", "time_zero"]], history) if len(known) else None
    return [_told(one) for one in (*history.findings, *([late] if late else []))]


def _told(found: OfficeFinding) -> Finding:
    shown = ", ".join(found.offices[:SHOWN_OFFICES]) + (" …" if len(found.offices) > SHOWN_OFFICES else "")
    return finding(found.rule, "offices", count=len(found.offices), what=found.text, mend=f"Kontor: {shown}.")


def with_municipality(card: Card, staged: Staging, offices: pd.DataFrame, problems: list[Finding]) -> pd.DataFrame:
    """Municipalities on the card's date, written when the office opened, or when the registers begin."""
    if card.municipality is None or "municipality" not in staged.columns("offices") or offices.empty:
        return offices
    begins = card.municipality.on if card.registers is None else card.registers.first
    start = offices["valid_from"].fillna(pd.Timestamp(str(begins)))
    # No municipality number is older than the table of them.
    return translated_municipalities(card, offices, start.clip(lower=pd.Timestamp(FIRST_DAY)), problems)


def office_arms(offices: pd.DataFrame) -> pd.DataFrame:
    """Offices with a group, for a cohort without persons."""
    return offices[offices["arm"].notna()]
