"""The effect among matched or weighted persons, with the standard error that its method calls for.

Matched sets: clusters are the sets, and the offices too where the card says so. Strata and samples without sets: HC3.
With replacement: clusters of sets that share persons, and Abadie and Imbens' error beside. Weights: M-estimation, which
knows that the weights were estimated. Sources: docs/methods.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.abadie_imbens import matched_effect
from analysis.card_matching import Matching
from analysis.cards import Card
from analysis.did import Effect, difference
from analysis.m_estimation import WeightModel
from analysis.match_methods import (
    People,
    fitted_scores,
    neighbour_spec,
    score_of,
    scores_for,
    whole,
)
from analysis.match_persons import Matched, specifications
from analysis.match_weights import weight_model
from analysis.matching.ties import has_averaged_weights
from analysis.weighted_effects import weighted_effect

SET_METHODS = ("nearest", "mahalanobis", "optimal", "full", "cardinality")


@dataclass(frozen=True)
class Sample:
    """Everybody whom a specification was asked about (n rows), with what it gave them.

    `weight` (n,) is 0 for those left out, `sets` (n,) −1 for no set. `model`: what the weights were estimated with,
    for weighting methods. `score` (n,): for Abadie and Imbens' error, only where that is asked for.
    """

    people: pd.DataFrame
    treated: np.ndarray
    weight: np.ndarray
    sets: np.ndarray
    spec: Matching
    model: WeightModel | None = None
    score: np.ndarray | None = None

    @property
    def used(self) -> pd.DataFrame:
        """The persons who count."""
        return self.people[self.weight > 0]


def samples(card: Card, people: People, matched: Matched) -> Mapping[str, Sample]:
    """The sample of each specification that could be matched, by name. Scores are fitted anew only where needed."""
    estimated = matched.summary.loc[matched.summary["status"] == "estimated", "spec"]
    specs = {name: spec for name, spec in specifications(card).items() if name in set(estimated)}
    asked = {name: spec for name, spec in specs.items() if spec.method == "ipw" or averages_ties(spec, people)}
    fitted = fitted_scores(people, [spec.formula for spec in asked.values()])
    found = {}
    for name, spec in specs.items():
        own = matched.weights[matched.weights["spec"] == name].set_index("person_id")
        own = own[["weight", "pair"]].reindex(people.frame["person_id"])
        scores = scores_for(spec, fitted) if name in asked else None
        found[name] = Sample(
            people=people.frame,
            treated=people.treated,
            weight=own["weight"].fillna(0.0).to_numpy(),
            sets=own["pair"].fillna(-1).to_numpy("int64"),
            spec=spec,
            model=weight_model(spec, people, scores),
            score=score_of(spec, scores) if name in asked and spec.method == "nearest" else None,
        )
    return found


def averages_ties(spec: Matching, people: People) -> bool:
    """Whether Abadie and Imbens' estimator is the same question: nearest neighbours on the score, with replacement."""
    if spec.method != "nearest" or not spec.replace or spec.exact or spec.discard != "none":
        return False
    return has_averaged_weights(neighbour_spec(spec, people))


def effects(card: Card, sample: Sample, y: np.ndarray, after: np.ndarray) -> Iterator[Effect]:
    """The weighted difference in `y` (n,), with NaN for those in whom it is not known, who are left out.

    `after` (n,): the outcome itself at follow-up, for what the treated would have had. First the estimate of the
    method; then, with replacement, the one that averages over ties.
    """
    known = np.isfinite(y)
    w = np.where(known, sample.weight, 0.0)
    own = sample.treated & (w > 0)
    treated_mean = float(np.average(after[own], weights=w[own])) if own.any() else float("nan")
    main = _effect(card, sample, np.where(known, y, 0.0), w)
    yield replace(main, base_rate=treated_mean - main.estimate)
    if sample.score is not None:
        averaged = _averaged(card, sample, y, known)
        yield replace(averaged, base_rate=treated_mean - averaged.estimate)


def _effect(card: Card, sample: Sample, y: np.ndarray, w: np.ndarray) -> Effect:
    level, treated, unit = card.inference.level, sample.treated, card.inference.cluster
    offices = [sample.people["office_id"].to_numpy()] if unit == "office" else []
    if sample.model is not None:
        how = {"inference": "m_cluster" if offices else "m", "clusters": offices, "model": sample.model}
        return replace(weighted_effect(y, treated, w, level=level, **how), inference="m_estimation")
    paired = sample.spec.method in SET_METHODS and (sample.sets >= 0).any()
    if paired and offices:
        clusters = [sample.sets, *offices]
        return weighted_effect(y, treated, w, inference="cluster", clusters=clusters, level=level)
    if paired or unit == "person":
        clusters = sample.sets if unit == "pair" else sample.people["person_id"].to_numpy()
        return difference(y, treated, weights=w, inference="cluster", clusters=clusters, level=level)
    how = {"inference": "cluster", "clusters": offices} if offices else {"inference": "hc3"}
    return weighted_effect(y, treated, w, level=level, **how)


def _averaged(card: Card, sample: Sample, y: np.ndarray, known: np.ndarray) -> Effect:
    """Abadie and Imbens on the persons who found partners and everybody who could have been one."""
    focal = sample.treated if sample.spec.estimand == "att" else ~sample.treated
    rows = known & (~focal | (sample.weight > 0))
    options = {"k": whole(sample.spec.ratio), "estimand": sample.spec.estimand.upper()}
    found = matched_effect(y[rows], sample.treated[rows], sample.score[rows], level=card.inference.level, **options)
    return found.effect
