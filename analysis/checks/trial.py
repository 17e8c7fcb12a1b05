"""What a trial can carry: offices, test by the draw, precision, who was not measured, and how alike groups began.

All read the tables of `analysis.estimate_trial`. What does not apply where persons were drawn gives no check.
"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict
from analysis.checks.precision import imprecision
from analysis.tables import MAIN

# Beyond this standardised difference an analysis should adjust (What Works Clearinghouse, Standards Handbook 5.0).
ADJUST = 0.25
UNLIKE = 0.1


def primary_row(estimates: pd.DataFrame) -> pd.Series:
    """The headline; IndexError without one."""
    return estimates[estimates["role"] == "primary"].iloc[0]


def beside(estimates: pd.DataFrame, **wanted: object) -> pd.Series | None:
    """The row of the headline's outcome and horizon with these values, if there is one that was estimated."""
    main = primary_row(estimates)
    wanted = {"outcome": main["outcome"], "horizon_months": main["horizon_months"], "status": "estimated", **wanted}
    found = estimates
    for column, value in wanted.items():
        found = found[found[column].eq(value).fillna(False).astype(bool)]
    return None if found.empty else found.iloc[0]


def few_offices(card: Card, estimates: pd.DataFrame) -> Check | None:
    """Failed with fewer treated offices behind the headline than the card's limit; None where persons were drawn."""
    if card.assignment.unit == "person":
        return None
    offices = int(primary_row(estimates)["n_offices_treated"])
    word = verdict(offices >= card.checks.few_treated_offices)
    return Check(
        name="few_treated_offices",
        verdict=word,
        text_id=f"check.few_treated_offices.{word}",
        value=float(offices),
        threshold=float(card.checks.few_treated_offices),
        downgrade=1,
        values={"offices": offices},
    )


def precision(estimates: pd.DataFrame) -> Check | None:
    """`imprecision` of the headline; failed as well where it has no interval."""
    main = primary_row(estimates)
    if main["status"] == "estimated" and pd.isna(main["conf_low"]):
        return Check(name="imprecision", verdict="failed", text_id="check.trial_no_interval", downgrade=1)
    return imprecision(main)


def permutation(card: Card, estimates: pd.DataFrame) -> Check | None:
    """Failed when the interval and the test by the draw disagree; a step down when only the interval excludes zero."""
    main, test = primary_row(estimates), beside(estimates, inference="permutation", spec=MAIN)
    if test is None or pd.isna(test["p_value"]) or pd.isna(main["conf_low"]):
        return None
    apart = bool(main["conf_low"] > 0 or main["conf_high"] < 0)
    rare = bool(test["p_value"] < 1 - card.inference.level)
    word = "passed" if apart == rare else "interval_only" if apart else "test_only"
    return Check(
        name="permutation",
        verdict=verdict(apart == rare),
        text_id=f"check.permutation.{word}",
        value=float(test["p_value"]),
        threshold=1 - card.inference.level,
        downgrade=1 if apart else 0,
        values={} if pd.isna(test["df"]) else {"allocations": int(test["df"])},
    )


def planned_icc(card: Card, estimates: pd.DataFrame) -> Check | None:
    """The intraclass correlation against what the card planned with; failed when its interval lies beyond that.

    No step down: the headline's interval has taken it into account.
    """
    found = beside(estimates, estimator="anova", term="icc")
    if found is None or card.trial is None or card.trial.planned_icc is None:
        return None
    planned = card.trial.planned_icc
    beyond = bool(found["conf_low"] > planned)
    word = "passed" if found["estimate"] <= planned else "failed" if beyond else "within"
    return Check(
        name="planned_icc",
        verdict=verdict(not beyond),
        text_id=f"check.planned_icc.{word}",
        value=float(found["estimate"]),
        threshold=card.trial.planned_icc,
    )


def attrition(card: Card, estimates: pd.DataFrame, attrition: pd.DataFrame) -> Check | None:
    """Difference between the groups in the share whose main outcome is not known, at the horizon where it is largest.

    Held against the card's limit (`trial.attrition_limit`); of all who were drawn, moved or not.
    """
    drawn = _drawn(card, attrition)
    rows = estimates[estimates["outcome"].eq(card.outcomes.primary) & estimates["spec"].eq(MAIN)]
    # A horizon beyond what anybody is followed to is told in the table of results.
    rows = rows[rows["status"].eq("estimated")]
    rows = rows.dropna(subset=["n_treated", "n_comparison"]).drop_duplicates("horizon_months")
    if card.trial is None or rows.empty:
        return None
    lost = pd.DataFrame({role: 1 - rows[f"n_{role}"].astype(float) / drawn[role] for role in drawn})
    apart = (lost["treated"] - lost["comparison"]).abs()
    worst = apart.idxmax()
    kept = verdict(bool(apart[worst] <= card.trial.attrition_limit))
    word = "none" if bool((lost == 0).all(axis=None)) else kept
    return Check(
        name="attrition",
        verdict=kept,
        text_id=f"check.attrition.{word}",
        value=float(apart[worst]),
        threshold=card.trial.attrition_limit,
        downgrade=1,
        values={
            "treated": float(lost["treated"][worst]),
            "comparison": float(lost["comparison"][worst]),
            "horizon": int(rows["horizon_months"][worst]),
        },
    )


def _drawn(card: Card, attrition: pd.DataFrame) -> dict[str, int]:
    """Persons of each group in the population, before anybody is followed."""
    population = attrition[attrition["reason"].isin(["delivered", "outside_population"])].sort_values("step")
    last = population.drop_duplicates("arm", keep="last").set_index("arm")["persons"]
    return {role: int(last[card.arm(role).id]) for role in ("treated", "comparison")}


def baseline_balance(balance: pd.DataFrame) -> Check | None:
    """The largest standardised difference at time zero. Told, not tested: lots were drawn, and chance made it."""
    known = balance.dropna(subset=["smd"])
    if known.empty:
        return None
    worst = known.loc[known["smd"].abs().idxmax()]
    size = float(abs(worst["smd"]))
    word = "adjust" if size > ADJUST else "noted"
    return Check(
        name="baseline_balance",
        verdict="noted",
        text_id=f"check.baseline_balance.{word}",
        value=size,
        threshold=ADJUST,
        values={"covariate": str(worst["covariate"]), "n_above": int((known["smd"].abs() > UNLIKE).sum())}
        | {"n_covariates": len(known), "unlike": UNLIKE},
    )
