"""Groups over time without an estimate: sums per group and month, and what the groups were like at the start.

A description has no effect, no difference and no interval. Its sums are personal data until they are released.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.cells import cells
from analysis.months import month_number
from analysis.problems import Problem, stop_if_any
from analysis.results import estimates
from analysis.tables import BALANCE, DOMINATED, MAIN, RELEASED

# Months before each person's own start that are shown: what matching looks back on.
EARLIEST = -24
SAMPLE = "all"


def describe(
    card: Card, *, months: pd.DataFrame, baseline: pd.DataFrame, aggregates: pd.DataFrame, offices: pd.DataFrame
) -> pd.DataFrame:
    """Cells of every outcome: sample, arm, month, event_time, outcome and the sums of `cells`, weights 1; and
    DOMINATED, which a rule of release needs and nobody is shown.

    One time zero for all: a cell per group and calendar month, with both `month` and `event_time`. Time zeros of
    their own: a cell per group and event time from −24 to the last horizon, without `month`; an outcome that was
    measured in one calendar month only has one cell per group, with `month` and without `event_time`. Aggregated
    series: a cell per group and month, n the sum of denominators and Σy of numerators over the group's offices.
    `months` and `baseline` are the panel's, `aggregates` and `offices` the delivery's; those the design does not
    use may be empty. Raises ProblemsFound where an office of the series has no group.
    """
    if card.design == "aggregated_series":
        table = _series_cells(card, aggregates, offices)
    else:
        table = _person_cells(card, months, baseline)
    table = table.assign(sample=SAMPLE).astype({"month": "Int16", "event_time": "Int16", "n": "int64"})
    return table[[*RELEASED["cells"], DOMINATED]].reset_index(drop=True)


def empty_estimates() -> pd.DataFrame:
    """The estimates table of a cohort that estimates nothing: the contract's columns and no rows."""
    return estimates([])


def describe_baseline(card: Card, baseline: pd.DataFrame) -> pd.DataFrame:
    """Mean of each background characteristic per group: columns of BALANCE, sample unadjusted, a row per covariate.

    Over persons whose value is known. What compares the groups (smd to pp_difference) is missing: nothing is tested.
    """
    names = [covariate.name for covariate in card.covariates if covariate.name in baseline.columns]
    frame = pd.DataFrame([_means(card, baseline, name) for name in names], columns=list(BALANCE))
    numbers = [column for column in BALANCE if column not in ("spec", "covariate", "kind", "sample")]
    return frame.astype({**dict.fromkeys(("spec", "covariate", "kind", "sample"), "str"), **_floats(numbers)})


def _floats(columns: list[str]) -> dict[str, str]:
    return dict.fromkeys(columns, "float64")


def _means(card: Card, baseline: pd.DataFrame, name: str) -> Mapping[str, Any]:
    values = baseline[name].astype("float64")
    binary = values.dropna().isin([0, 1]).all()
    found = {"spec": MAIN, "covariate": name, "kind": "binary" if binary else "numeric", "sample": "unadjusted"}
    for arm in card.arms:
        if arm.role != "benchmark":
            found[f"mean_{arm.role}"] = values[baseline["arm"] == arm.id].mean()
    return found


def _person_cells(card: Card, months: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    panel = months.assign(arm=months["person_id"].map(baseline.set_index("person_id")["arm"]))
    if panel["arm"].isna().any():
        raise ValueError("every person of the panel must have an arm in the baseline")
    names = card.outcome_names()
    if (panel["month"].astype("Int16") - panel["event_time"]).nunique() <= 1:
        return cells(panel, outcomes=names, by=["arm", "month", "event_time"], weight=None, dominance=True)
    return pd.concat(_own_start_cells(card, panel, names), ignore_index=True)


def _own_start_cells(card: Card, panel: pd.DataFrame, names: list[str]) -> Iterator[pd.DataFrame]:
    """Outcomes over event time, then those measured once: at one date everybody is at another event time."""
    once = [name for name in names if panel.loc[panel[name].notna(), "month"].nunique() == 1]
    often = [name for name in names if name not in once]
    shown = panel[panel["event_time"].between(EARLIEST, max(card.horizons, default=0)).fillna(False).astype(bool)]
    if often:
        yield cells(shown, outcomes=often, by=["arm", "event_time"], weight=None, dominance=True).assign(month=pd.NA)
    if once:
        yield cells(panel, outcomes=once, by=["arm", "month"], weight=None, dominance=True).assign(event_time=pd.NA)


def _series_cells(card: Card, aggregates: pd.DataFrame, offices: pd.DataFrame) -> pd.DataFrame:
    # Rows of counties or the country would count the same persons once more.
    own = aggregates[aggregates["unit_type"].eq("office") & aggregates["outcome"].isin(card.outcome_names())]
    own = own.assign(arm=own["unit_id"].map(offices.set_index("office_id")["arm"]))
    _stop_without_group(own)
    sums = own.groupby(["outcome", "arm", "month"], as_index=False)[["numerator", "denominator"]].sum()
    sums = sums[sums["denominator"] > 0]
    n, y = sums["denominator"].astype("float64"), sums["numerator"].astype("float64")
    # Counts of yes and no: y² is y, and every weight is 1.
    powers = {"sum_y": y, "sum_y2": y, "sum_w": n, "sum_wy": y, "sum_w2": n, "sum_w2y": y, "sum_w2y2": y}
    # One or two with the outcome are all of its sum, and three are not.
    powers[DOMINATED] = y.between(1, 2)
    start = month_number(card.time_zero.month) if card.time_zero.month else pd.NA
    return sums.assign(event_time=sums["month"].astype("Int16") - start, n=sums["denominator"], **powers)


def _stop_without_group(series: pd.DataFrame) -> None:
    lost = series.loc[series["arm"].isna(), "unit_id"].nunique()
    what = f"antall kontorer med tall, men uten gruppe: {lost}."
    mend = "Gi hvert kontor en gruppe i tabellen over kontorer."
    stop_if_any("Gruppene kan ikke beskrives.", [Problem("aggregates", what, mend)] if lost else [])
