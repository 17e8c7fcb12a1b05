"""Estimates of one group: its shares, what published shares of others would ask of it, and what a prior makes of it.

Published counts give `single_arm_rows`; persons of a delivery give `delivered_share_rows`, which stand beside the
matched differences. No row here is an effect.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_single_arm import Band, SingleArm
from analysis.cards import Card
from analysis.event_values import EventValues, reported_once
from analysis.outcomes import load_outcomes
from analysis.problems import Problem, stop_if_any
from analysis.proportions import clopper_pearson, jeffreys, wilson, wilson_effective
from analysis.published import Figures
from analysis.single_arm import Prior, posterior, sceptical_prior, tipping_point
from analysis.tables import ADDED, MAIN, band_spec, prior_spec


def single_arm_rows(card: Card, figures: Figures) -> list[dict[str, Any]]:
    """Rows of the estimates table for each outcome of the group; benchmarks and priors for the main one.

    Raises ProblemsFound where more persons have an outcome than there are in the group.
    """
    n = int(figures.value(figures.single_arm.denominator))
    stop_if_any("Tallene om gruppen går ikke opp.", list(_too_many(figures, n)))
    rows: list[dict[str, Any]] = []
    for outcome in figures.single_arm.outcomes:
        counts = [int(figures.value(name)) for name in outcome.numerators]
        main = "primary" if outcome.outcome == card.outcomes.primary else "secondary"
        own = list(_share_variants(card, sum(counts), n, main=main))
        if main == "primary":
            own += [*_tipping_rows(card, sum(counts), n), *_posterior_rows(card, sum(counts), n)]
        told = ADDED if len(counts) > 1 else None
        rows += [{"convention": told, **row, "outcome": outcome.outcome} for row in own]
    return rows


def _too_many(figures: Figures, n: int) -> Iterator[Problem]:
    for place, outcome in enumerate(figures.single_arm.outcomes):
        k = sum(int(figures.value(name)) for name in outcome.numerators)
        if k > n:
            where = f"published.yaml, single_arm, outcomes, {place}, numerators"
            what = f"antallene er til sammen {k}, men gruppen har {n} personer."
            yield Problem(where, what, "Noen er talt to ganger, eller et av tallene er feil.")


def delivered_share_rows(card: Card, values: EventValues, people: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The share of all the treated persons with each outcome, at each horizon, as the group alone shows it.

    An outcome that was told once, of all the time so far, has no horizon. Persons whose outcome is not known are left
    out, and `n_treated` tells. Amounts have no share and no row.
    """
    treated = people[people["treated"]]
    for outcome in card.outcome_names():
        if load_outcomes()[outcome].kind != "share":
            continue
        for horizon in card.horizons[:1] if reported_once(outcome) else card.horizons:
            known = values.at(treated, outcome, horizon)
            known = known[np.isfinite(known)]
            if len(known):
                when = None if reported_once(outcome) else horizon
                rows = _exact_rows(card, int(known.sum()), len(known), main="secondary")
                yield from ({**row, "outcome": outcome, "horizon_months": when, "estimand": "share"} for row in rows)


def _base(card: Card, n: int) -> dict[str, Any]:
    return {
        "estimator": "share",
        "group": card.arm("treated").id,
        "scale": "share",
        "term": "share",
        "n_treated": n,
        "cluster_level": "none",
        "spec": MAIN,
    }


def _exact_rows(card: Card, k: int, n: int, *, main: str) -> Iterator[dict[str, Any]]:
    """Wilson's interval as the headline, and Clopper and Pearson's, which never covers too little."""
    for function, role in ((wilson, main), (clopper_pearson, "sensitivity")):
        interval = function(k, n, level=card.inference.level)
        found = {"estimate": k / n, "conf_low": interval.low, "conf_high": interval.high}
        yield {**_base(card, n), **found, "inference": interval.method, "role": role}


def _share_variants(card: Card, k: int, n: int, *, main: str) -> Iterator[dict[str, Any]]:
    """Wilson as the headline, two other exact and Bayesian intervals, and Wilson on the effective n per assumption."""
    yield from _exact_rows(card, k, n, main=main)
    interval = jeffreys(k, n, level=card.inference.level)
    found = {"estimate": k / n, "conf_low": interval.low, "conf_high": interval.high}
    yield {**_base(card, n), **found, "inference": "jeffreys", "role": "sensitivity"}
    yield from _hidden_office_rows(card.published.single_arm, _base(card, n), k, n, card.inference.level)


def _hidden_office_rows(
    plan: SingleArm, base: dict[str, Any], k: int, n: int, level: float
) -> Iterator[dict[str, Any]]:
    for offices in plan.hidden_offices:
        for icc in plan.icc:
            interval = wilson_effective(k, n, offices=offices, icc=icc, level=level)
            yield {
                **base,
                "estimate": k / n,
                "inference": "wilson_effective_n",
                "cluster_level": "office",
                "convention": "n/(1+(n/K-1)ICC)",
                "role": "sensitivity",
                "spec": f"offices={offices};icc={icc:g}",
                "conf_low": interval.low,
                "conf_high": interval.high,
            }


def _tipping_rows(card: Card, k: int, n: int) -> Iterator[dict[str, Any]]:
    """Per end of each band: how many must have had the outcome anyway; `base_rate` holds the published share."""
    for band in card.published.single_arm.benchmarks:
        for end, share in _ends(band):
            found = tipping_point(k, n, share, level=card.inference.level)
            yield {
                **_base(card, n),
                "estimator": "tipping_point",
                "scale": "count",
                "term": "persons",
                "estimate": found.persons,
                "conf_low": found.low,
                "conf_high": found.high,
                "inference": "wilson_bounds",
                "base_rate": share,
                "role": "sensitivity",
                "spec": band_spec(band.id, end),
            }


def _ends(band: Band) -> list[tuple[str, float]]:
    """The printed shares of a band: one, or the lowest and the highest."""
    return [("low", band.low)] if band.low == band.high else [("low", band.low), ("high", band.high)]


def _posterior_rows(card: Card, k: int, n: int) -> Iterator[dict[str, Any]]:
    """The posterior under the card's prior, and under one that is centred on each published band."""
    plan = card.published.single_arm
    priors = {MAIN: Prior(plan.prior.with_outcome, plan.prior.without_outcome)}
    for band in plan.benchmarks:
        priors[band.id] = sceptical_prior((band.low + band.high) / 2, plan.sceptical_persons)
    for name, prior in priors.items():
        found = posterior(k, n, prior, level=card.inference.level)
        yield {
            **_base(card, n),
            "estimate": found.mean,
            "conf_low": found.low,
            "conf_high": found.high,
            "inference": "beta_posterior",
            "convention": f"prior Beta({prior.a:g},{prior.b:g}), posterior mean",
            "role": "sensitivity",
            "spec": prior_spec(name),
        }
