"""Who was left out, and why: one row per restriction and group. The flow diagram in the report is this table drawn."""

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.problems import Problem, ProblemsFound
from analysis.tables import ATTRITION

STEPS = {
    "delivered": "levert",
    "outside_population": "utenfor populasjonen",
    "measured": "alle utfall målt ved base_month og ved første horisont",
    "followed": "hovedutfallet målt ved første horisont",
    "matched": "matchet",
    "complete_months": "utfallet kjent i alle måneder",
    "untreated_first": "kontorer som har en måned uten tiltaket i dataene",
}


def attrition_rows(step: int, reason: str, persons: pd.DataFrame, arms: Iterable[str]) -> pd.DataFrame:
    """Persons and offices left per arm after the restriction `reason`. Offices are missing when nobody has one.

    `reason` is a key of the message catalogue. A restriction that leaves an arm empty raises ProblemsFound with
    the restriction as the cause.
    """
    rows = []
    for arm in arms:
        left = persons[persons["arm"] == arm]
        offices = left["office_id"].nunique() if left["office_id"].notna().any() else pd.NA
        rows.append({"step": step, "reason": reason, "arm": arm, "persons": len(left), "offices": offices})
    _stop_if_emptied(rows, reason)
    return pd.DataFrame(rows).astype(ATTRITION)


def stated_rows(
    step: int, reason: str, persons: Mapping[str, int | None], offices: Mapping[str, int | None]
) -> pd.DataFrame:
    """The same table from numbers that a source states or that follow from it; None where it says nothing."""
    rows = [
        {"step": step, "reason": reason, "arm": arm, "persons": count, "offices": offices.get(arm, pd.NA)}
        for arm, count in persons.items()
    ]
    return pd.DataFrame(rows, columns=list(ATTRITION)).astype(ATTRITION)


def continued(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with `rows`, whose steps are counted from 1, after its own last step."""
    last = 0 if table.empty else int(table["step"].max())
    return pd.concat([table, rows.assign(step=rows["step"] + last)], ignore_index=True).astype(ATTRITION)


def _stop_if_emptied(rows: list[dict], reason: str) -> None:
    empty = [row["arm"] for row in rows if row["persons"] == 0]
    if empty:
        what = f"ingen er igjen i gruppen {', '.join(empty)} etter steget «{STEPS.get(reason, reason)}»."
        raise ProblemsFound(
            "Utvalget er tomt.", [Problem("utvalg", what, "Se på inklusjon, måneder og kaliper i kortet.")]
        )
