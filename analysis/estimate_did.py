"""Estimates of a matched cohort with persons: matched difference-in-differences, its neighbours, and the benchmark."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
from scipy.stats import norm

from analysis.cards import Card
from analysis.cells import SUMS, cell_means, cells
from analysis.did import Effect, did_2x2, difference
from analysis.match_persons import Matched
from analysis.months import month_number, month_text
from analysis.outcomes import load_outcomes
from analysis.panel import Panel, common_start, outcome_at
from analysis.proportions import wilson
from analysis.results import estimates
from analysis.scores import formula_covariates
from analysis.tables import FEW_OFFICES, MAIN


@dataclass(frozen=True)
class DidResult:
    """`estimates` per design.md, and `cells`: sums per sample (unmatched, matched), office, arm and month."""

    estimates: pd.DataFrame
    cells: pd.DataFrame


def estimate_did(card: Card, panel: Panel, matched: Matched, **identity: str) -> DidResult:
    """Every number of a matched two-period cohort. `identity` holds cohort, plan_hash and run_id."""
    common = {
        **identity,
        "data_kind": card.data_kind,
        "design": card.design,
        "conf_level": card.inference.level,
    }
    sums = group_cells(card, panel, matched)
    rows = [
        *matched_rows(card, panel, matched),
        *unmatched_rows(card, panel),
        *benchmark_rows(card, panel),
        *curve_rows(card, sums),
    ]
    return DidResult(estimates(rows, **common), sums)


def matched_rows(card: Card, panel: Panel, matched: Matched) -> Iterator[dict[str, Any]]:
    """Per specification and outcome: DiD, the level at the horizon, and for the main one each placebo before."""
    for _, row in matched.summary.iterrows():
        spec = row["spec"]
        for outcome in card.outcome_names():
            role = _role(card, outcome, spec)
            if row["status"] != "estimated":
                empty = _row(card, outcome, "matched_did_2x2", role, spec)
                yield {**empty, "status": "not_estimated", "reason": row["reason"]}
                continue
            people = _weighted_people(panel, matched, spec)
            yield from _matched_outcome(card, panel, people, outcome, role, spec)
            if spec == MAIN:
                yield from _placebos(card, panel, people, outcome)


def _matched_outcome(
    card: Card, panel: Panel, people: pd.DataFrame, outcome: str, role: str, spec: str
) -> Iterator[dict[str, Any]]:
    treated, options = people["treated"].to_numpy(), _weighting(card, people)
    before = _values(panel, people, outcome, card.base_month)
    for horizon in card.horizons:
        after = _values(panel, people, outcome, _month_at(panel, horizon))
        main_role = role if horizon == card.horizons[0] or role == "sensitivity" else "secondary"
        base = _row(card, outcome, "matched_did_2x2", main_role, spec, horizon)
        yield {**base, **_numbers(card, did_2x2(before, after, treated, **options), people)}
        level_role = "sensitivity" if role == "sensitivity" else "secondary"
        level = _row(card, outcome, "matched_difference", level_role, spec, horizon)
        yield {**level, **_numbers(card, difference(after, treated, **options), people)}


def _placebos(card: Card, panel: Panel, people: pd.DataFrame, outcome: str) -> Iterator[dict[str, Any]]:
    """The same difference-in-differences between two months before the intervention, where nothing should differ."""
    base = month_number(card.base_month)
    before = _values(panel, people, outcome, card.base_month)
    for month in sorted(panel.months.loc[panel.months["month"] < base, "month"].unique()):
        earlier = _values(panel, people, outcome, month_text(month))
        measured = earlier.notna()
        some = people[measured]
        effect = did_2x2(earlier[measured], before[measured], some["treated"].to_numpy(), **_weighting(card, some))
        row = _row(card, outcome, "matched_did_2x2", "sensitivity", f"placebo_{month_text(month)}", 0)
        yield {**row, "term": "placebo", **_numbers(card, effect, some)}


def unmatched_rows(card: Card, panel: Panel) -> Iterator[dict[str, Any]]:
    """Everybody as delivered: the raw difference at the horizon and the raw difference-in-differences."""
    arms = [card.arm("treated").id, card.arm("comparison").id]
    people = panel.baseline[panel.baseline["arm"].isin(arms)]
    yield from _plain_rows(card, panel, people, group="unmatched", formula=None)


def benchmark_rows(card: Card, panel: Panel) -> Iterator[dict[str, Any]]:
    """The randomised answer: difference, adjusted difference and difference-in-differences, classical and HC2."""
    if card.benchmark is not None:
        people = panel.baseline[panel.baseline["arm"].isin([card.arm("treated").id, card.benchmark.arm])]
        yield from _plain_rows(card, panel, people, group="trial", formula=card.benchmark.formula)


def _plain_rows(
    card: Card, panel: Panel, people: pd.DataFrame, *, group: str, formula: str | None
) -> Iterator[dict[str, Any]]:
    treated = people["treated"].to_numpy()
    covariates = None if formula is None else formula_covariates(people, formula)
    for outcome in card.outcome_names():
        before = _values(panel, people, outcome, card.base_month)
        for horizon in card.horizons:
            after = _values(panel, people, outcome, _month_at(panel, horizon))
            for inference in ("classical", "hc2"):
                options = {"inference": inference, "level": card.inference.level}
                effects = {"difference_in_means": difference(after, treated, **options)}
                if covariates is not None:
                    effects["adjusted_difference"] = difference(after, treated, covariates=covariates, **options)
                effects["did_2x2"] = did_2x2(before, after, treated, **options)
                for estimator, effect in effects.items():
                    row = _row(card, outcome, estimator, "benchmark", MAIN, horizon)
                    # The trial compares as randomised; a raw difference between samples estimates nothing.
                    estimand = "itt" if group == "trial" else "none"
                    yield {**row, **_numbers(card, effect, people), "group": group, "estimand": estimand}


def group_cells(card: Card, panel: Panel, matched: Matched) -> pd.DataFrame:
    """Cells of everybody as delivered and of the main matched sample, by arm and month."""
    groups = panel.baseline[["person_id", "arm", "office_id"]]
    months = panel.months.merge(groups, on="person_id", validate="many_to_one")
    by = ["sample", "arm", "month", "event_time"] + (["office_id"] if months["office_id"].notna().all() else [])
    weights = matched.weights.loc[matched.weights["spec"] == MAIN, ["person_id", "weight"]]
    samples = [
        months.assign(sample="unmatched", weight=1.0),
        months.merge(weights, on="person_id").assign(sample="matched"),
    ]
    everything = pd.concat(samples, ignore_index=True)
    return cells(everything, outcomes=card.outcome_names(), by=by, weight="weight")


def curve_rows(card: Card, sums: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The mean of each group in each month: Wilson's interval for a plain share, the normal one otherwise."""
    by = ["sample", "arm", "event_time", "outcome"]
    means = cell_means(sums.groupby(by, as_index=False)[list(SUMS)].sum())
    for _, cell in means.iterrows():
        share = load_outcomes()[cell["outcome"]].kind == "share"
        yield {
            "estimand": "mean",
            "estimator": "group_mean",
            "outcome": cell["outcome"],
            "group": f"{cell['sample']}:{cell['arm']}",
            "event_time": int(cell["event_time"]),
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
    reach = float(norm.ppf((1 + card.inference.level) / 2)) * cell["se"]
    return {"conf_low": cell["mean"] - reach, "conf_high": cell["mean"] + reach, "inference": "normal"}


def _weighted_people(panel: Panel, matched: Matched, spec: str) -> pd.DataFrame:
    chosen = matched.weights[matched.weights["spec"] == spec]
    return panel.baseline.merge(chosen, on="person_id", validate="one_to_one")


def _weighting(card: Card, people: pd.DataFrame) -> dict[str, Any]:
    """Weights and clusters of `people` as options of the estimators."""
    column = {"pair": "pair", "office": "office_id", "person": "person_id"}[card.inference.cluster]
    return {
        "weights": people["weight"].to_numpy(),
        "inference": "cluster",
        "clusters": people[column].to_numpy(),
        "level": card.inference.level,
    }


def _values(panel: Panel, people: pd.DataFrame, outcome: str, month: str) -> pd.Series:
    return outcome_at(panel.months, people["person_id"], outcome, month)


def _month_at(panel: Panel, horizon: int) -> str:
    return month_text(common_start(panel.baseline) + horizon)


def _role(card: Card, outcome: str, spec: str) -> str:
    if spec != MAIN:
        return "sensitivity"
    return "primary" if outcome == card.outcomes.primary else "secondary"


def _row(card: Card, outcome: str, estimator: str, role: str, spec: str, horizon: int | None = None) -> dict[str, Any]:
    share = load_outcomes()[outcome].kind == "share"
    return {
        "estimand": card.estimand.quantity,
        "estimator": estimator,
        "outcome": outcome,
        "horizon_months": card.horizons[0] if horizon is None else horizon,
        "group": "matched",
        "scale": "difference",
        "term": "risk_difference" if share else "mean_difference",
        "role": role,
        "spec": spec,
    }


def _numbers(card: Card, effect: Effect, people: pd.DataFrame) -> dict[str, Any]:
    """The effect's figures as columns; no asymptotic p-value rests on few treated offices."""
    figures = {name: value for name, value in asdict(effect).items() if name != "n_clusters"}
    figures["cluster_level"] = card.inference.cluster if figures["inference"] == "cluster" else "none"
    offices = people["office_id"]
    if offices.notna().all():
        figures["n_offices_treated"] = offices[people["treated"]].nunique()
        figures["n_offices_comparison"] = offices[~people["treated"]].nunique()
        if card.assignment.unit != "person" and figures["n_offices_treated"] < card.checks.few_treated_offices:
            figures |= {"p_value": None, "statistic": None, "reason": FEW_OFFICES}
    return figures
