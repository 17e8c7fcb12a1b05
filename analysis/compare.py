"""All cohorts side by side: what each says, how sure, and which of them may share a column.

Rows are ordered by design strength and then by name, never by effect.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pandas as pd

from analysis.cards import Card, read_card
from analysis.files import read_csv, read_json, read_parquet
from analysis.headline import decisive_row
from analysis.results import TEXT_COLUMNS

# Strongest first. The order is the report's; the size of an effect plays no part in it.
DESIGN_ORDER = (
    "individually_randomised",
    "cluster_randomised",
    "staggered_did",
    "matched_did",
    "aggregated_series",
    "single_arm",
    "exposures",
)
# Scales that say what an intervention changed, and what a number on them measures.
MEASURES = {
    "difference": "risk_difference",
    "log_risk_ratio": "log_risk_ratio",
    "log_odds_ratio": "log_odds_ratio",
}
# Why a number that was estimated is not there.
HIDDEN = "hidden"
HEADLINE = (
    "outcome",
    "horizon_months",
    "scale",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "base_rate",
    "n_treated",
    "n_comparison",
    "inference",
    "status",
    "reason",
)


@dataclass(frozen=True)
class CohortResult:
    """What one cohort brings to the comparison."""

    card: Card
    estimates: pd.DataFrame
    grade: Mapping[str, Any]


def read_results(
    cohorts: Iterable[str], cards: Iterable[str], estimates: Iterable[str], checks: Iterable[str]
) -> dict[str, CohortResult]:
    """Results by cohort from the files of the earlier stages, listed in the same order. Estimates are a parquet file,
    or the CSV of a cohort whose numbers are treated for disclosure."""
    return {
        name: CohortResult(read_card(card), _estimates(table), read_json(verdicts)["grade"])
        for name, card, table, verdicts in zip(cohorts, cards, estimates, checks, strict=True)
    }


def _estimates(path: str) -> pd.DataFrame:
    return read_csv(path, text=TEXT_COLUMNS) if str(path).endswith(".csv") else read_parquet(path)


def comparison(results: Mapping[str, CohortResult]) -> pd.DataFrame:
    """One row per cohort with its decisive number, grade and verb level; missing where the source has none.

    `assumed_icc` says which likeness within offices the interval of a published cluster trial rests on.
    """
    rows = [_row(name, result) for name, result in results.items()]
    frame = pd.DataFrame(rows)
    order = frame["design"].map(DESIGN_ORDER.index)
    return frame.assign(design_order=order).sort_values(["design_order", "cohort"], ignore_index=True)


def _row(name: str, result: CohortResult) -> dict[str, Any]:
    card = result.card
    headline = decisive_row(card, result.estimates)
    if headline is None:
        headline = empty_headline(card, result.estimates)
    return {
        "cohort": name,
        "intervention": card.intervention,
        "data_kind": card.data_kind,
        "design": card.design,
        **{column: headline.get(column) for column in HEADLINE},
        "assumed_icc": assumed_icc(card, headline),
        "grade": result.grade["grade"],
        "verbs": result.grade["verbs"],
    }


def assumed_icc(card: Card, row: pd.Series) -> float | None:
    """Which likeness within offices the interval of a published trial of offices rests on."""
    clustered = card.published is not None and row.get("inference") == "cluster_t"
    return card.published.two_arms.icc_in_text if clustered else None


def empty_headline(card: Card, estimates: pd.DataFrame) -> pd.Series:
    """The primary row that could not be estimated, with its reason, or a row that says why there is none.

    A cohort that is only described says what it describes: the main outcome at the main horizon.
    """
    if card.analysis == "describe":
        shown = {"outcome": card.outcomes.primary, "horizon_months": card.horizons[0] if card.horizons else None}
        return pd.Series({**shown, "status": "not_estimated", "reason": "described"})
    primary = estimates[estimates["role"] == "primary"]
    if primary.empty:
        return pd.Series({"status": "not_estimated", "reason": "no_figures"})
    row = primary.iloc[0]
    # Estimated, but not to be shown under the profile of disclosure control.
    reason = HIDDEN if row["status"] == "estimated" else row["reason"]
    return pd.Series({**row, "status": "not_estimated", "reason": reason})


def comparability(results: Mapping[str, CohortResult]) -> pd.DataFrame:
    """Every pair of cohorts: may they share a column, and if not, which of the gate's questions says no.

    Outcome, horizon, population, usual care and data kind must be the same, and both must be effects on one scale.
    """
    headlines = comparison(results).set_index("cohort")
    answers = {cohort: gate_answers(results[cohort].card, headlines.loc[cohort]) for cohort in results}
    rows = []
    for a, b in combinations(sorted(results), 2):
        reasons = [name for name, answer in answers[a].items() if answer is None or answer != answers[b][name]]
        rows.append({"cohort_a": a, "cohort_b": b, "comparable": not reasons, "reasons": ";".join(reasons)})
    return pd.DataFrame(rows, columns=["cohort_a", "cohort_b", "comparable", "reasons"])


def gate_answers(card: Card, headline: pd.Series) -> dict[str, str | int | None]:
    """What a cohort answers to each of the gate's questions; None where it has no answer, which agrees with nobody's.

    Two cohorts have the same population, or the same usual care, when their cards name the same one (`group`,
    `comparator`), or name none and describe it in the same words.
    """
    population, content = card.population, card.content
    known = {name: None if pd.isna(headline[name]) else headline[name] for name in ("outcome", "horizon_months")}
    return {
        "population": population.group or f"«{population.description.nb}»",
        "usual_care": content.comparator or f"«{content.usual_care.nb}»",
        **known,
        # A number that could not be estimated is on no scale: nothing stands in its place.
        "scale": headline["scale"] if headline["status"] == "estimated" and headline["scale"] in MEASURES else None,
        "data_kind": card.data_kind,
    }
