"""Matching of every focal person to the nearest partners: from scores and covariates to a `Match`."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.matching.found import (
    NO_PARTNER_IN_STRATUM,
    NO_PARTNER_NEAR,
    NOT_CHOSEN,
    OUTSIDE_SUPPORT,
    PARTNERS_TAKEN,
    Match,
)
from analysis.matching.mahalanobis import mahalanobis_partners, pair_distances
from analysis.matching.nearest import nearest_partners
from analysis.matching.neighbour_task import HEADING, Task, prepared
from analysis.matching.spec import MatchingSpec
from analysis.problems import Problem, ProblemsFound
from analysis.scores import Scores, person_weights

REASONS = (NOT_CHOSEN, OUTSIDE_SUPPORT, NO_PARTNER_NEAR, NO_PARTNER_IN_STRATUM, PARTNERS_TAKEN)


def match(
    scores: Scores | None,
    treated,
    spec: MatchingSpec,
    *,
    covariates: pd.DataFrame | None = None,
    strata=None,
    within=None,
    discarded=None,
    sampling_weights=None,
    labels=None,
) -> Match:
    """Match on fitted `scores`, None for Mahalanobis without them; the rest as in `match_distance`."""
    distance = None if scores is None else (scores.probability if spec.link == "logit" else scores.linear)
    return match_distance(
        distance,
        treated,
        spec,
        covariates=covariates,
        strata=strata,
        within=within,
        discarded=discarded,
        sampling_weights=sampling_weights,
        labels=labels,
    )


def match_distance(
    distance, treated, spec: MatchingSpec, *, sampling_weights=None, **given: np.ndarray | pd.DataFrame | None
) -> Match:
    """Match on `distance` (n,), on whichever scale it has (the spec's `link` is not used); `treated` holds 0 and 1.

    `covariates`: frame of n rows with the columns that the spec names. `strata` (n,): codes that partners must
    share beside `exact`, such as coarsened covariates. `within` (n,): clusters, when the spec has `within`.
    `discarded` (n,): who is left out, decided by the caller in place of `spec.discard` (scores reestimated
    without them may be missing). `labels` (n,): order of persons with equal scores, in place of the row number.
    `sampling_weights` (n,): kept beside the weights (`Match.analysis_weights`); they enter the score model and the
    balance, and change neither distances nor calipers.

    Estimand: the effect on the matched treated, or with "ATC" on the matched comparison persons, who then have
    weight 1 and sets of treated. Conventions are those of MatchIt 4.7.

    Raises `ProblemsFound` when nobody gets a partner or a covariate has missing values, and ValueError for
    missing or infinite distances and for arguments that the spec does not use.
    """
    sampling = None if sampling_weights is None else person_weights(sampling_weights, len(np.asarray(treated)))
    task = prepared(distance, treated, spec, **given)
    own, partner = _search(task)
    if len(own) == 0:
        raise ProblemsFound(HEADING, [_nobody_near(task)])
    pairs = _pairs(task, own, partner)
    weights = _weights(task, pairs)
    return Match(
        weights,
        pairs,
        _dropped(task, weights),
        task.width,
        None if spec.replace else _subclass(pairs, len(weights)),
        sampling,
    )


def _search(task: Task) -> tuple[np.ndarray, np.ndarray]:
    return (nearest_partners if task.spec.method == "nearest" else mahalanobis_partners)(task)


def _pairs(task: Task, own: np.ndarray, partner: np.ndarray) -> pd.DataFrame:
    """Pairs sorted by focal row, each one's partners in the order in which they were found."""
    distances = (
        np.abs(task.score[own] - task.score[partner])
        if task.spec.method == "nearest"
        else pair_distances(task, own, partner)
    )
    treated, comparison = (own, partner) if task.spec.estimand == "ATT" else (partner, own)
    order = np.argsort(own, kind="stable")
    pair = np.unique(own[order], return_inverse=True)[1]
    return pd.DataFrame(
        {
            "treated_row": treated[order],
            "comparison_row": comparison[order],
            "pair": pair,
            "distance": distances[order],
        }
    )


def _weights(task: Task, pairs: pd.DataFrame) -> np.ndarray:
    """Focal persons 1; partners the sum of 1/k over whom they serve, divided by the mean of the non-zero ones."""
    focal, partner = ("treated_row", "comparison_row")[:: 1 if task.spec.estimand == "ATT" else -1]
    pair = pairs["pair"].to_numpy()
    weights = np.bincount(pairs[partner], weights=1.0 / np.bincount(pair)[pair], minlength=len(task.focal))
    weights /= weights[weights > 0].mean()
    weights[pairs[focal].to_numpy()] = 1.0
    return weights


def _subclass(pairs: pd.DataFrame, n: int) -> np.ndarray:
    subclass = np.full(n, -1, dtype=np.int64)
    for rows in ("treated_row", "comparison_row"):
        subclass[pairs[rows].to_numpy()] = pairs["pair"].to_numpy()
    return subclass


def _dropped(task: Task, weights: np.ndarray) -> pd.DataFrame:
    """Everyone of weight 0 and why; a focal person either had nobody near enough, or others took them."""
    reason = np.where(task.focal | task.partner, REASONS.index(NOT_CHOSEN), REASONS.index(OUTSIDE_SUPPORT))
    lost = task.focal & (weights == 0)
    if lost.any():
        reason[lost] = REASONS.index(NO_PARTNER_NEAR)
        if task.stratum is not None:
            lonely = lost & ~np.isin(task.stratum, task.stratum[task.partner])
            reason[lonely] = REASONS.index(NO_PARTNER_IN_STRATUM)
        if not task.spec.unlimited:
            reason[_who_could_have_had_one(task, lost)] = REASONS.index(PARTNERS_TAKEN)
    rows = np.flatnonzero(weights == 0)
    return pd.DataFrame({"row": rows, "reason": pd.array(REASONS, dtype="str").take(reason[rows])})


def _who_could_have_had_one(task: Task, lost: np.ndarray) -> np.ndarray:
    """Rows of the `lost` who find a partner when nobody else chooses."""
    free = {"replace": True, "reuse_max": None, "ratio": 1, "min_controls": None, "max_controls": None}
    free |= {"order": None, "seed": None, "within": None, "within_penalty": None, "caliper_unit": "sd"}
    alone = replace(task, spec=replace(task.spec, **free), focal=lost, cluster=None)
    return np.unique(_search(alone)[0])


def _nobody_near(task: Task) -> Problem:
    spec = task.spec
    if spec.caliper is None or task.rules.any or task.stratum is not None:
        what = "ingen i sammenligningsgruppen oppfyller kravene til kaliper og like verdier."
        return Problem("kravene", what, "Øk kaliperen, slå sammen strata eller ta ut et krav.")
    width = f"{spec.caliper:g}".replace(".", ",")
    unit = " standardavvik" if spec.caliper_unit == "sd" else ""
    what = f"ingen i sammenligningsgruppen ligger innenfor kaliperen på {width}{unit}."
    return Problem("kaliper", what, "Øk kaliperen, forenkle formelen eller velg en annen sammenligningsgruppe.")
