"""The groups over time, before and after matching: sums by arm and month, and their means with intervals."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import scipy

from analysis.cards import Card
from analysis.cells import SUMS, cell_means, cells
from analysis.describe import EARLIEST
from analysis.match_persons import Matched
from analysis.outcomes import load_outcomes
from analysis.panel import Panel
from analysis.proportions import wilson
from analysis.tables import DOMINATED, MAIN, RELEASED


def group_cells(card: Card, panel: Panel, matched: Matched) -> pd.DataFrame:
    """Cells of everybody as delivered and of the main matched sample: sample, arm, month, event_time, outcome, sums.

    One start for all: a cell per arm and month, with both `month` and `event_time`. Starts of their own: a cell per
    event time, `month` missing; an outcome that was told in one calendar month has `month` and no `event_time`.
    Last DOMINATED, which a rule of release needs and nobody is shown.
    """
    arms = panel.baseline.set_index("person_id")["arm"]
    if card.base_month is not None:
        months = panel.months.assign(arm=panel.months["person_id"].map(arms))
        made = _both_samples(months, matched, card.outcome_names(), ["arm", "month", "event_time"])
    else:
        made = pd.concat(_own_starts(card, panel, matched, arms), ignore_index=True)
    return made.astype({"month": "Int16", "event_time": "Int16"})[[*RELEASED["cells"], DOMINATED]]


def _own_starts(card: Card, panel: Panel, matched: Matched, arms: pd.Series) -> Iterator[pd.DataFrame]:
    once = [
        name for name in card.outcome_names() if panel.months.loc[panel.months[name].notna(), "month"].nunique() == 1
    ]
    often = [name for name in card.outcome_names() if name not in once]
    shown = panel.months["event_time"].between(EARLIEST, max(card.horizons)).fillna(False).to_numpy(bool)
    months = panel.months[shown]
    months = months.assign(arm=months["person_id"].map(arms))
    yield _both_samples(months, matched, often, ["arm", "event_time"]).assign(month=pd.NA)
    if once:
        told = panel.months[panel.months[once].notna().any(axis=1)]
        told = told.assign(arm=told["person_id"].map(arms))
        yield _both_samples(told, matched, once, ["arm", "month"]).assign(event_time=pd.NA)


def _both_samples(months: pd.DataFrame, matched: Matched, outcomes: list[str], by: list[str]) -> pd.DataFrame:
    weights = matched.weights.loc[matched.weights["spec"] == MAIN].set_index("person_id")["weight"]
    weight = months["person_id"].map(weights).fillna(0.0)
    parts = {"matched": months.assign(weight=weight), "unmatched": months.assign(weight=1.0)}
    options = {"outcomes": outcomes, "by": by, "weight": "weight", "dominance": True}
    return pd.concat([cells(part, **options).assign(sample=name) for name, part in parts.items()], ignore_index=True)


def curve_rows(card: Card, sums: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The mean of each group in each month: Wilson's interval for a plain share, the normal one otherwise."""
    by = ["sample", "arm", "event_time", "outcome"]
    means = cell_means(sums.groupby(by, as_index=False, dropna=False)[list(SUMS)].sum())
    for _, cell in means.iterrows():
        share = load_outcomes()[cell["outcome"]].kind == "share"
        yield {
            "estimand": "mean",
            "estimator": "group_mean",
            "outcome": cell["outcome"],
            "group": f"{cell['sample']}:{cell['arm']}",
            "event_time": None if pd.isna(cell["event_time"]) else int(cell["event_time"]),
            "scale": "share" if share else "mean",
            "term": "share" if share else "mean",
            "estimate": cell["mean"],
            "std_error": cell["se"],
            **_mean_interval(card, cell, share=share),
            "n_treated" if cell["arm"] == card.arm("treated").id else "n_comparison": int(cell["n"]),
            "role": "secondary",
            "spec": MAIN,
        }


def _mean_interval(card: Card, cell: pd.Series, *, share: bool) -> dict[str, Any]:
    plain = cell["sum_w"] == cell["n"] == cell["sum_w2"]
    if share and plain:
        interval = wilson(int(cell["sum_y"]), int(cell["n"]), level=card.inference.level)
        return {"conf_low": interval.low, "conf_high": interval.high, "inference": "wilson"}
    reach = float(scipy.stats.norm.ppf((1 + card.inference.level) / 2)) * cell["se"]
    return {"conf_low": cell["mean"] - reach, "conf_high": cell["mean"] + reach, "inference": "normal"}
