"""What the estimates of a trial come to, whether offices or persons were drawn."""

from dataclasses import dataclass

import pandas as pd

from analysis.attrition import attrition_rows
from analysis.cards import Card
from analysis.problems import Problem, ProblemsFound
from analysis.tables import ATTRITION

# Why there is no number, by the reason in the table of estimates.
ONE_OFFICE = "one_office_in_a_group"
ALL_ALIKE = "all_outcomes_alike"
NOT_MEASURED = "not_measured"
REASONS = {
    ONE_OFFICE: "en gruppe har færre enn to kontorer med kjent utfall, og forskjeller mellom kontorer kan ikke måles.",
    NOT_MEASURED: "utfallet er ikke kjent for noen på det tidspunktet.",
    ALL_ALIKE: "alle har det samme utfallet, og det finnes ingen forskjell å måle.",
}


@dataclass(frozen=True)
class TrialEstimates:
    """`estimates` per design.md; `cells` of the groups over time; `permutation` (PERMUTATION): histograms of what other
    draws give; `office_sizes` (OFFICE_SIZES); `balance` at time zero; `attrition` down to who has a known outcome;
    `missing` (MISSING): what those not measured could do; `influence`: the headline without each office."""

    estimates: pd.DataFrame
    cells: pd.DataFrame
    permutation: pd.DataFrame
    office_sizes: pd.DataFrame
    balance: pd.DataFrame
    attrition: pd.DataFrame
    missing: pd.DataFrame
    influence: pd.DataFrame


def with_measured(
    card: Card, baseline: pd.DataFrame, months: pd.DataFrame, before: pd.DataFrame | None
) -> pd.DataFrame:
    """The steps before, and persons and offices with a known main outcome at the main horizon."""
    before = pd.DataFrame(columns=list(ATTRITION)).astype(ATTRITION) if before is None else before
    at = months[(months["event_time"] == card.horizons[0]).to_numpy(bool, na_value=False)]
    known = at.loc[at[card.outcomes.primary].notna(), "person_id"]
    step = int(before["step"].max()) + 1 if len(before) else 1
    arms = [arm.id for arm in card.arms if arm.role != "benchmark"]
    rows = attrition_rows(step, "measured", baseline[baseline["person_id"].isin(known)], arms)
    return pd.concat([before, rows], ignore_index=True).astype(ATTRITION)


def stop_without_headline(estimates: pd.DataFrame) -> None:
    """Raises ProblemsFound with the reason when the main outcome at the main horizon has no estimate."""
    main = estimates[estimates["role"] == "primary"].iloc[0]
    if main["status"] == "estimated":
        return
    what = REASONS.get(main["reason"], main["reason"])
    problem = Problem(
        "hovedutfallet", what, "Velg et annet hovedutfall eller tidspunkt, eller skriv analysis: describe."
    )
    raise ProblemsFound("Forsøket har ikke noe hovedtall:", [problem])
