"""Cells of staggered adoption: sums per office, adoption month and month, of persons or of delivered counts.

New persons every month: by the month of their time zero; the outcome is that of `horizon_months` later. The same
persons every month, and counts: the month is the calendar's, and `horizon_months` is missing.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from analysis.cards import Card
from analysis.cells import cells
from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import CellArrays, cell_arrays
from analysis.staggered.design import Design
from analysis.staggered.guards import checked_panel
from analysis.tables import OFFICE_CELLS, SUMS

HEADING = "Effektene av trinnvis innføring kan ikke anslås:"
KEYS = ["office_id", "county", "adoption_month", "month"]


def office_cells(
    card: Card,
    baseline: pd.DataFrame,
    months: pd.DataFrame,
    aggregates: pd.DataFrame,
    offices: pd.DataFrame,
    panels: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Columns OFFICE_CELLS, from `panels` of `panel_people` where the same persons are seen every month.

    `adoption_month` is the first month that can show the adoption: the office's plus the lag of the card, missing for
    offices that never adopt. Raises ProblemsFound where an office is not in the table.
    """
    if card.design == "aggregated_series":
        made = _cells_of_counts(card, aggregates, offices)
    else:
        weight = card.staggered.weight
        found = _cells_of_panels(panels, weight) if panels else _cells_of_persons(card, baseline, months, offices)
        made = pd.concat(found, ignore_index=True)
    whole = {"adoption_month": "Int16", "month": "Int16", "horizon_months": "Int16", "n": "int64"}
    return made.astype(whole)[list(OFFICE_CELLS)].sort_values(
        ["outcome", "horizon_months", *KEYS], ignore_index=True, kind="stable"
    )


def people_at(card: Card, baseline: pd.DataFrame, months: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """`baseline` with the outcomes `horizon` months after time zero, NaN where not known, and `month`, that of time
    zero; `adoption_month` holds the lag."""
    at = months.loc[(months["event_time"] == horizon).to_numpy(bool, na_value=False)]
    found = at[["person_id", *card.outcome_names()]].merge(baseline, on="person_id", validate="1:1")
    return found.assign(
        month=found["time_zero"].astype("Int16"),
        adoption_month=found["adoption_month"].astype("Int16") + card.staggered.lag,
    )


def is_panel(card: Card) -> bool:
    """Whether the months are those of the calendar, with the same persons in each."""
    return card.staggered.sampling == "panel"


def design_of(card: Card) -> Design:
    """The card's choices; persons are others each month unless it says panel, and so may those be who are counted."""
    chosen = card.staggered
    return Design(
        control=chosen.control,
        base=chosen.base,
        anticipation=chosen.anticipation,
        balance=chosen.balance,
        weight=chosen.weight,
        sampling=chosen.sampling,
        missing=chosen.missing,
    )


def people_by_month(card: Card, baseline: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """The persons of a panel in every month: `baseline` with `month` and the outcomes; `adoption_month` as above."""
    found = months[["person_id", "month", *card.outcome_names()]].merge(baseline, on="person_id", validate="m:1")
    return found.assign(adoption_month=found["adoption_month"].astype("Int16") + card.staggered.lag)


def panel_people(
    card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """The rows of each outcome that the design can use, with `county`. Raises ProblemsFound for a panel that is not
    what the method takes it for (`staggered.guards`)."""
    _stop_without_office(int(baseline["office_id"].isna().sum()), "personer uten kontor")
    people = people_by_month(card, baseline, months)
    people["county"] = _county(people["office_id"], offices)
    design = design_of(card)
    return {name: checked_panel(people, design, outcome=name).panel for name in card.outcome_names()}


def _cells_of_persons(
    card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    _stop_without_office(int(baseline["office_id"].isna().sum()), "personer uten kontor")
    for horizon in card.horizons:
        people = people_at(card, baseline, months, horizon)
        people["county"] = _county(people["office_id"], offices)
        made = cells(people, outcomes=card.outcome_names(), by=KEYS, weight=card.staggered.weight)
        yield made.assign(horizon_months=horizon)


def _cells_of_panels(panels: Mapping[str, pd.DataFrame], weight: str | None) -> Iterator[pd.DataFrame]:
    for outcome, people in panels.items():
        made = cells(people, outcomes=[outcome], by=KEYS, weight=weight)
        yield made.assign(horizon_months=pd.NA)


def _cells_of_counts(card: Card, aggregates: pd.DataFrame, offices: pd.DataFrame) -> pd.DataFrame:
    # Rows of counties or the country would count the same persons once more.
    own = aggregates[aggregates["unit_type"].eq("office") & aggregates["outcome"].isin(card.outcome_names())]
    unknown = own.loc[~own["unit_id"].isin(offices["office_id"]), "unit_id"].nunique()
    _stop_without_office(unknown, "kontorer med tall som ikke står i tabellen over kontorer")
    adopted = own["unit_id"].map(offices.set_index("office_id")["adoption_month"])
    own = own.assign(
        office_id=own["unit_id"],
        county=_county(own["unit_id"], offices),
        adoption_month=adopted.astype("Int16") + card.staggered.lag,
    )
    by = [*KEYS, "outcome"]
    sums = own.groupby(by, as_index=False, dropna=False)[["numerator", "denominator"]].sum()
    sums = sums[sums["denominator"] > 0]
    n, y = sums["denominator"].astype("float64"), sums["numerator"].astype("float64")
    # Counts of yes and no: y² is y, and every weight is 1.
    powers = {"sum_y": y, "sum_y2": y, "sum_w": n, "sum_wy": y, "sum_w2": n, "sum_w2y": y, "sum_w2y2": y}
    return sums.assign(n=sums["denominator"], horizon_months=pd.NA, **powers)


def with_county(people: pd.DataFrame, offices: pd.DataFrame) -> pd.DataFrame:
    """`people` with `county`, that of their office."""
    return people.assign(county=_county(people["office_id"], offices))


def _county(office: pd.Series, offices: pd.DataFrame) -> pd.Series:
    return office.map(offices.set_index("office_id")["county"]).astype("str")


def _stop_without_office(count: int, what: str) -> None:
    mend = "Gi alle et kontor som står i tabellen over kontorer."
    stop_if_any(HEADING, [Problem("kontor", f"antall {what}: {count}.", mend)] if count else [])


def arrays_of(table: pd.DataFrame, outcome: str, horizon: int | None, unit: str = "office") -> CellArrays:
    """Arrays of one outcome and horizon (None: counts), with offices or counties as units. Σ over the cells of `table`
    is all that the effects are made of, so that released cells give them again."""
    same = table["horizon_months"].isna() if horizon is None else table["horizon_months"].eq(horizon).fillna(False)
    own = table[table["outcome"].eq(outcome) & same.astype(bool)]
    return cell_arrays(own.astype(dict.fromkeys(SUMS, "float64")), office="county" if unit == "county" else "office_id")
