"""How near does the observational answer come to the randomised one?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict
from analysis.checks.spread import main_estimator_rows

TRIAL_ESTIMATORS = ("difference_in_means", "adjusted_difference", "did_2x2")


def benchmark(card: Card, estimates: pd.DataFrame) -> list[Check]:
    """Per outcome: the main estimate against the trial's own difference-in-differences, and its level beside it.

    Like is held against like: a difference-in-differences against the trial's. Failed when the two intervals do not
    overlap. The table holds every trial figure and the distance to it.
    """
    if card.benchmark is None:
        return []
    return [_against_trial(card, estimates, outcome) for outcome in card.outcome_names()]


def _against_trial(card: Card, estimates: pd.DataFrame, outcome: str) -> Check:
    main = main_estimator_rows(estimates, outcome).query("spec == 'main'").iloc[0]
    trial = _trial_rows(estimates, outcome).set_index("estimator")
    own = trial.loc["did_2x2"]
    meets = bool(main["conf_low"] <= own["conf_high"] and own["conf_low"] <= main["conf_high"])
    distance = float(main["estimate"] - own["estimate"])
    return Check(
        name=f"benchmark_{outcome}",
        verdict=verdict(meets),
        text_id="check.benchmark." + ("near" if abs(distance) <= own["std_error"] else "far" if meets else "apart"),
        value=distance,
        threshold=float(own["std_error"]),
        values={
            "outcome": outcome,
            "estimate": float(main["estimate"]),
            "trial_did": float(own["estimate"]),
            "trial_level": float(trial.loc["difference_in_means", "estimate"]),
        },
        table=[
            {"estimator": name, "trial": float(row["estimate"]), "distance": float(main["estimate"] - row["estimate"])}
            for name, row in trial.iterrows()
        ],
    )


def _trial_rows(estimates: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """One row per estimator of the trial, with HC2 errors, in a fixed order."""
    rows = estimates[(estimates["group"] == "trial") & (estimates["outcome"] == outcome)]
    rows = rows[rows["inference"] == "hc2"].set_index("estimator")
    return rows.loc[list(TRIAL_ESTIMATORS)].reset_index()
