"""How strong must something that was not measured be to explain the finding away? Told, without a verdict."""

import math

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.checks import Check
from analysis.outcomes import load_outcomes
from analysis.sensitivity.e_value import e_value_difference
from analysis.sensitivity.rosenbaum import LARGEST_GAMMA, Rosenbaum, binary_sets

GAMMAS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)


def rosenbaum_bounds(card: Card, estimates: pd.DataFrame, patterns: pd.DataFrame) -> Check | None:
    """The odds ratio Γ of getting the treatment at which the sets' own test no longer rejects, one-sided at α/2.

    `patterns` as of `analysis.matched_sets`. Of the outcome's level at the main horizon. None where offices were
    assigned, since the model is about persons, without sets, and where the headline finds nothing.
    """
    main = found_row(estimates)
    if main is None or card.assignment.unit != "person" or patterns.empty:
        return None
    side = "greater" if main["estimate"] > 0 else "less"
    alpha = (1 - card.inference.level) / 2
    found = _tested(patterns, side, alpha)
    limit = min(found.gamma_limit, LARGEST_GAMMA)
    word = "nothing" if math.isnan(found.gamma_limit) else "noted"
    return Check(
        name="rosenbaum",
        verdict="noted",
        text_id=f"check.rosenbaum.{word}",
        value=limit if word == "noted" else None,
        values={"informative": found.informative, "alpha": alpha},
        table=[{"gamma": one.gamma, "p_low": one.p_low, "p_high": one.p_high} for one in found.bounds],
    )


def _tested(patterns: pd.DataFrame, side: str, alpha: float) -> Rosenbaum:
    """The test of persons that have these patterns."""
    y, z, sets, number = [], [], [], 0
    for row in patterns.itertuples():
        of_set = np.repeat([1, 0], [row.hits_treated, row.n_treated - row.hits_treated])
        of_others = np.repeat([1, 0], [row.hits_comparison, row.n_comparison - row.hits_comparison])
        y.append(np.tile(np.concatenate([of_set, of_others]), row.sets))
        z.append(np.tile(np.repeat([1, 0], [row.n_treated, row.n_comparison]), row.sets))
        sets.append(np.repeat(np.arange(number, number + row.sets), row.n_treated + row.n_comparison))
        number += row.sets
    return binary_sets(*map(np.concatenate, (y, z, sets)), gammas=GAMMAS, alpha=alpha, alternative=side)


def e_value(card: Card, estimates: pd.DataFrame) -> Check | None:
    """E-value of the headline and of the end of its interval nearest zero; None for amounts and without a finding."""
    main = found_row(estimates)
    if main is None or load_outcomes()[card.outcomes.primary].kind != "share":
        return None
    base, estimate = float(main["base_rate"]), float(main["estimate"])
    if not 0 < base < 1 or not 0 < base + estimate < 1:
        return None
    found = e_value_difference(estimate, float(main["conf_low"]), float(main["conf_high"]), base_rate=base)
    return Check(
        name="e_value",
        verdict="noted",
        text_id="check.e_value",
        value=found.point,
        values={"interval": found.interval if math.isfinite(found.interval) else found.point},
    )


def found_row(estimates: pd.DataFrame) -> pd.Series | None:
    """The headline where its interval excludes zero: there is nothing to explain away otherwise."""
    main = estimates[estimates["role"].eq("primary") & estimates["status"].eq("estimated")]
    main = main[(main["conf_low"] > 0) | (main["conf_high"] < 0)]
    return None if main.empty else main.iloc[0]
