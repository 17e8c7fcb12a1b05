"""How much of a change in a share comes from who entered and who left: an exact split, month by month.

With n, y counted at two dates, and e, x (and with the outcome e_y, x_y) who entered and left between them, those who
stayed are n_t − e = n_{t−1} − x. The share changes by
  (p_t − s_t) from entry + (s_t − s_{t−1}) among those who stayed + (s_{t−1} − p_{t−1}) from exit,
s being their share at either date (Melitz and Polanec 2015, RAND Journal of Economics 46(2)). Months are added up, and
offices before they are split: moves between offices of a group are entry to one and exit from the other.
"""

from dataclasses import dataclass

import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.series.units import HEADING

FLOWS = ("entries", "entries_numerator", "exits", "exits_numerator")
PARTS = ("entry", "exit", "stayers", "total")


@dataclass(frozen=True)
class Composition:
    """`parts`: group × part → change in share from the first date to the last; `flows`: group → entered and left."""

    parts: pd.DataFrame
    flows: pd.DataFrame


def composition(counts: pd.DataFrame, *, first: int, last: int) -> Composition:
    """The split between the months `first` and `last` in each `group` (columns group, month, numerator, denominator and
    FLOWS; the flows of a month are since the month before).

    Raises ProblemsFound where flows are missing, or do not lead from one month's stock to the next.
    """
    columns = ["numerator", "denominator", *FLOWS]
    inside = counts[counts["month"].between(first, last)]
    missing = int(inside.loc[inside["month"] > first, list(FLOWS)].isna().any(axis=1).sum())
    stop_if_any(HEADING, _missing(missing))
    summed = inside.groupby(["group", "month"], as_index=False)[columns].sum().astype(dict.fromkeys(columns, "float64"))
    rows, flows = {}, {}
    for group, own in summed.groupby("group"):
        own = own.sort_values("month", ignore_index=True)
        parts = _monthly(own)
        rows[group] = {**parts.sum().to_dict(), "total": parts.to_numpy().sum()}
        flows[group] = own.loc[1:, list(FLOWS)].sum().to_dict()
    return Composition(pd.DataFrame(rows).T[list(PARTS)], pd.DataFrame(flows).T)


def _missing(count: int) -> list[Problem]:
    what = f"antall rader uten tilgang eller avgang: {count}."
    mend = "Lever entries, entries_numerator, exits og exits_numerator for alle månedene etter den første."
    return [Problem("aggregates", what, mend)] if count else []


def _monthly(own: pd.DataFrame) -> pd.DataFrame:
    """Parts of each month after the first (rows), from one group's stocks and flows in order of time."""
    n, y = own["denominator"].to_numpy(), own["numerator"].to_numpy()
    entered, entered_y, left, left_y = (own[name].to_numpy()[1:] for name in FLOWS)
    stayed, before = n[1:] - entered, n[:-1] - left
    with_now, with_before = y[1:] - entered_y, y[:-1] - left_y
    wrong = (stayed != before) | (with_now < 0) | (with_before < 0) | (with_now > stayed) | (with_before > stayed)
    what = f"tilgang og avgang fører ikke fra den ene månedens antall til den neste i {int(wrong.sum())} måneder."
    mend = "Rett tallene, eller lever ikke tilgang og avgang."
    stop_if_any(HEADING, [Problem("aggregates", what, mend)] if wrong.any() else [])
    share, s_now, s_before = y / n, with_now / stayed, with_before / stayed
    return pd.DataFrame({"entry": share[1:] - s_now, "exit": s_before - share[:-1], "stayers": s_now - s_before})
