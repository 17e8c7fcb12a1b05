"""What staggered adoption can carry: units that adopted, the time before adoption, and choices made otherwise.

All read the table of estimates (`analysis.estimate_staggered`).
"""

import pandas as pd

from analysis.card_staggered import HEADLINE
from analysis.cards import Card
from analysis.checks import Check, verdict
from analysis.checks.precision import imprecision
from analysis.tables import ATT, FAMILY_SPEC, MAIN

# Inferences that rank the estimate among moved adoption dates: `statistic` is the rank, `df` their number.
RANKS = ("placebo_rank", "permutation")
RANK_VALUES = (("rank", "statistic"), ("assignments", "df"))
CHOICES = ("control_", "base_")


def primary_row(estimates: pd.DataFrame) -> pd.Series:
    """The headline; IndexError without one."""
    return estimates[estimates["role"] == "primary"].iloc[0]


def few_treated_units(card: Card, estimates: pd.DataFrame) -> Check:
    """Failed with fewer treated offices, or counties where these adopted, behind the headline than the card's limit."""
    main = primary_row(estimates)
    units, unit = int(main["n_offices_treated"]), card.staggered.unit
    word = verdict(units >= card.checks.few_treated_offices)
    return Check(
        name="few_treated_offices",
        verdict=word,
        text_id=f"check.few_treated_units.{unit}_{word}",
        value=float(units),
        threshold=float(card.checks.few_treated_offices),
        downgrade=1,
        values={"units": units, "compared": int(main["n_offices_comparison"])},
    )


def pre_trends(card: Card, estimates: pd.DataFrame) -> Check | None:
    """The mean effect in the year before adoption: failed if its interval excludes zero.

    Where too few adopted for an interval: failed if no other assignment of the dates is as far from zero.
    """
    rows = estimates[(estimates["term"] == "placebo") & estimates["outcome"].eq(card.outcomes.primary)]
    rows = rows[rows["estimator"].eq(HEADLINE)]  # the others' months before are no test of the same kind
    if rows.empty:
        return None
    own = rows[~rows["inference"].isin(RANKS)].iloc[0]
    values = {} if pd.isna(own["conf_low"]) else {name: float(own[name]) for name in ("conf_low", "conf_high")}
    if values:
        quiet, how = values["conf_low"] <= 0 <= values["conf_high"], ""
    else:
        ranked = rows[rows["inference"].isin(RANKS)].iloc[0]
        values = {"rank": int(ranked["statistic"]), "assignments": int(ranked["df"])}
        quiet, how = values["rank"] > 1, "rank_"
    return Check(
        name="placebo",
        verdict=verdict(quiet),
        text_id=f"check.pre_trends.{how}{verdict(quiet)}",
        value=float(own["estimate"]),
        threshold=0.0,
        downgrade=1,
        values=values,
    )


def precision(estimates: pd.DataFrame) -> Check | None:
    """`imprecision` of the headline; failed as well where it has no interval at all, with its rank if there is one."""
    main = primary_row(estimates)
    if main["status"] != "estimated" or pd.notna(main["conf_low"]):
        return imprecision(main)
    same = estimates["term"].eq(main["term"]) & estimates["spec"].eq(main["spec"])
    same &= estimates["outcome"].eq(main["outcome"]) & estimates["inference"].isin(RANKS)
    same &= estimates["estimator"].eq(main["estimator"])
    ranked = estimates[same & estimates["horizon_months"].fillna(-1).eq(_or_none(main["horizon_months"]))]
    values = {} if ranked.empty else {name: int(ranked.iloc[0][key]) for name, key in RANK_VALUES}
    text = "check.precision.ranked" if values else "check.precision.no_interval"
    return Check(name="imprecision", verdict="failed", text_id=text, downgrade=1, values=values)


def _or_none(horizon: object) -> int:
    return -1 if pd.isna(horizon) else int(horizon)


def choices(card: Card, estimates: pd.DataFrame) -> Check | None:
    """Range of the headline over the other control group and base, in its standard errors; None without those."""
    main = primary_row(estimates)
    own = estimates[estimates["outcome"].eq(main["outcome"]) & estimates["term"].eq(main["term"])]
    own = own[own["status"].eq("estimated") & ~own["inference"].isin(RANKS)]
    own = own[own["estimator"].eq(main["estimator"])]
    others = own[own["spec"].str.startswith(CHOICES)]
    if others.empty or pd.isna(main["std_error"]):
        return None
    found = [float(main["estimate"]), *others["estimate"].astype(float)]
    width = (max(found) - min(found)) / float(main["std_error"])
    word = verdict(width <= card.checks.spread_limit)
    rows = pd.concat([main.to_frame().T, others])[["spec", "estimate", "std_error", "conf_low", "conf_high"]]
    return Check(
        name="choices",
        verdict=word,
        text_id=f"check.choices.{word}",
        value=width,
        threshold=card.checks.spread_limit,
        downgrade=1,
        values={"low": min(found), "high": max(found), "n_specs": len(found)},
        table=rows.to_dict("records"),
    )


def family(card: Card, estimates: pd.DataFrame) -> Check | None:
    """Range of the overall average over the estimators that weigh the effects as the headline does, in its standard
    errors; None without others, where the headline has no error, and where it weighs otherwise itself.

    Those that weigh otherwise (`estimand` is another) answer another question and may differ for that reason alone.
    """
    main = primary_row(estimates)
    own = estimates[estimates["outcome"].eq(main["outcome"]) & estimates["term"].eq("simple")]
    own = own[own["status"].eq("estimated") & own["estimand"].eq(ATT)]
    own = own[own["spec"].isin((MAIN, FAMILY_SPEC)) & ~own["inference"].isin(RANKS)]
    own = own[own["horizon_months"].fillna(-1).eq(_or_none(main["horizon_months"]))]
    own = own[own["role"].ne("secondary")].drop_duplicates("estimator")
    if len(own) < 2 or pd.isna(main["std_error"]) or main["estimand"] != ATT:
        return None
    low, high = (own.loc[own["estimate"].agg(end)] for end in ("idxmin", "idxmax"))
    width = float(high["estimate"] - low["estimate"]) / float(main["std_error"])
    word = verdict(width <= card.checks.spread_limit)
    return Check(
        name="family",
        verdict=word,
        text_id=f"check.family.{word}",
        value=width,
        threshold=card.checks.spread_limit,
        downgrade=1,
        values={
            "low": float(low["estimate"]),
            "high": float(high["estimate"]),
            "n_estimators": len(own),
            "low_estimator": low["estimator"],
            "high_estimator": high["estimator"],
        },
        table=own[["estimator", "estimate", "std_error", "conf_low", "conf_high"]].to_dict("records"),
    )
